"""What a user can mend: reported in plain words, never as a stack trace."""


class CourseError(Exception):
    """A mistake in what the program was given; its text says what is wrong, where, and what to do."""
