"""Regions that resemble each other beyond what the homework explains: pointers for a person, never a verdict."""
