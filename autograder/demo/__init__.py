"""The demo: a course in a folder of its own, with simulated students, to run an assignment end to end."""
