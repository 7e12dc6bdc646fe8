"""The demo: a course in a folder of its own, with simulated students, so that a whole homework goes round."""
