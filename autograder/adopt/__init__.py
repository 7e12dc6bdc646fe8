"""Courses of other kinds, taken over: nbgrader's, otter's masters, and texts with other people's markers."""
