"""Opens the gradebook, nbgrader's database."""

from nbgrader.api import Gradebook

from autograder.course import Course, environment_bin_on_path, nbgrader_config

BUSY_SECONDS = 60


def open_gradebook(course: Course) -> Gradebook:
    """The course's gradebook, which waits while another program writes to it; use it as a context manager."""
    environment_bin_on_path()
    url = course.gradebook_url
    if url.startswith("sqlite:"):
        url += ("&" if "?" in url else "?") + f"timeout={BUSY_SECONDS}"
    return Gradebook(url, nbgrader_config(course).CourseDirectory.get("course_id", ""))
