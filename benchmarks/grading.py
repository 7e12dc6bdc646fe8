"""Grading the same submissions with stock nbgrader and with us: time, memory, scores."""
