"""Amending: an assignment that changes after it was graded, and what that does to everybody's scores."""
