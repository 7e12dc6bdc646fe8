"""The time that code took of its own: not what it waited for a core, nor what passed while everything stood still."""

import time

from autograder.sandbox.watchdog import Usage

TICK_SECONDS = 0.2
LONGEST_GAP = 1.0  # seconds beyond a tick: then the grader was paused


class Clock:
    """The seconds in which this process ran. To be asked every tick: a longer gap means that it was paused."""

    def __init__(self) -> None:
        self.asked = time.monotonic()
        self.lost = 0.0

    def now(self) -> float:
        now = time.monotonic()
        gap = now - self.asked - TICK_SECONDS
        if gap > LONGEST_GAP:
            self.lost += gap
        self.asked = now
        return now - self.lost


class Lap:
    """A stretch of the time of some processes."""

    def __init__(self, now: float, used: Usage) -> None:
        self.began = now
        self.used = used

    def wall(self, now: float, used: Usage) -> float:
        """The seconds in which they ran or slept."""
        waited = max((wait - self.used.waiting.get(task, 0.0) for task, wait in used.waiting.items()), default=0.0)
        return now - self.began - waited

    def processor(self, used: Usage) -> float:
        """The seconds that they had of all processors together."""
        return used.processor - self.used.processor

    def seconds(self, now: float, used: Usage) -> float:
        """The time that they took of their own."""
        return max(self.wall(now, used), self.processor(used))
