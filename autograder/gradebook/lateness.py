"""How late a submission came, and what that costs as assignment.toml states it."""

import math
from datetime import datetime, timedelta

from autograder.assignment import LatePolicy

DAY = 24 * 60 * 60


def penalty(policy: LatePolicy, score: float, seconds_late: float) -> float:
    """The points lost: a part of the score for every day begun, all of it after the last day allowed."""
    if seconds_late <= 0:
        return 0.0
    days = math.ceil(seconds_late / DAY)
    if policy.max_days is not None and days > policy.max_days:
        return score
    return min(score, score * policy.penalty_percent_per_day * days / 100)


def seconds_late(handed_in: datetime | None, due: datetime | None, extension: timedelta | None) -> float:
    """How long after the due time it came, the extension included; 0 where one of the two times is not known."""
    if handed_in is None or due is None:
        return 0.0
    return max(0.0, (handed_in - due - (extension or timedelta())).total_seconds())


def duration(seconds: float) -> str:
    """A span of time in two units: "1 d 3 h", "25 min"."""
    minutes = math.ceil(seconds / 60)
    parts = [(minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min")]
    shown = parts[:2] if minutes >= 1440 else parts
    return " ".join(f"{number} {unit}" for number, unit in shown if number)


def explanation(policy: LatePolicy, seconds_late: float) -> str:
    """What lateness costs, in words: "handed in 1 d 3 h late: 2 days begun × 10 %"; empty for what is not late."""
    if seconds_late <= 0:
        return ""
    days = math.ceil(seconds_late / DAY)
    said = f"handed in {duration(seconds_late)} late"
    if policy.max_days is not None and days > policy.max_days:
        return f"{said}: more than {policy.max_days} day{'s' * (policy.max_days != 1)}, no points"
    if not policy.penalty_percent_per_day:
        return f"{said}, which costs nothing"
    return f"{said}: {days} day{'s' * (days != 1)} begun × {policy.penalty_percent_per_day:g} %"
