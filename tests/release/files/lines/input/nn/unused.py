"""Not in this assignment."""

SECRET = "the other homework"
