"""Downloads of learning platforms -> submitted/: whose work it is, and when it came."""
