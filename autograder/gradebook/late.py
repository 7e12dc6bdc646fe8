"""nbgrader's late penalty, as assignment.toml states it."""

from pathlib import Path

from nbgrader.plugins import LateSubmissionPlugin

from autograder.course import find_course
from autograder.gradebook.lateness import penalty


class LatePenalty(LateSubmissionPlugin):
    """Plugs `penalty` into nbgrader."""

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        root = self.config.CourseDirectory.get("root")
        course = find_course(Path(root) if root else None)
        policy = course.assignment(self.parent.assignment_id).late
        return penalty(policy, score, total_seconds_late) or None
