"""Grades and feedback -> the files that learning platforms take."""
