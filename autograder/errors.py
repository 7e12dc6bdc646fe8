"""What a user can mend: reported in plain words, never as a stack trace."""


class CourseError(Exception):
    """A mistake in what the program was given; its text says what is wrong, where, and what to do."""


class NoVerdict(CourseError):
    """A submission could not be graded, and it is not its own doing; the text says what was. It is tried again."""
