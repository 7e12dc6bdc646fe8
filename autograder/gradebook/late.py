"""nbgrader's late penalty, as assignment.toml states it."""

import math
from pathlib import Path

from nbgrader.plugins import LateSubmissionPlugin

from autograder.assignment import LatePolicy
from autograder.course import find_course

DAY = 24 * 60 * 60


def penalty(policy: LatePolicy, score: float, seconds_late: float) -> float:
    """The points lost: a part of the score for every day begun, all of it after the last day allowed."""
    if seconds_late <= 0:
        return 0.0
    days = math.ceil(seconds_late / DAY)
    if policy.max_days is not None and days > policy.max_days:
        return score
    return min(score, score * policy.penalty_percent_per_day * days / 100)


class LatePenalty(LateSubmissionPlugin):
    """Plugs `penalty` into nbgrader."""

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        root = self.config.CourseDirectory.get("root")
        course = find_course(Path(root) if root else None)
        policy = course.assignment(self.parent.assignment_id).late
        return penalty(policy, score, total_seconds_late) or None
