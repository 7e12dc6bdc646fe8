"""Grading: splice, run in the sandbox, judge against the answer key, keep the books."""
