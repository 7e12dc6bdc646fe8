"""The time that code took of its own: not what it waited for a core, nor what passed while everything stood still."""

import time
from collections.abc import Callable
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Spent:
    """What some processes have had so far.

    Attributes:
        processor: seconds that they ran, all together.
        waited: seconds in which one of them waited for a core.
    """

    processor: float = 0.0
    waited: float = 0.0


class Spending:
    """Adds up what some processes spend, those that end meanwhile too.

    To be asked every tick: what a process waited for a core is known while it lives, and of a long wait only when that
    is over. Where children vanish that nobody waits for, what they ran is not known, and others of theirs may have
    waited for nothing else: from there on, no waiting counts.
    """

    def __init__(self, usage: Callable[[], Usage]) -> None:
        self.usage = usage
        self.before: Usage | None = None
        self.waited = 0.0
        self.forgetful = False

    def so_far(self) -> Spent:
        used = self.usage()
        if self.before is not None:
            self.forgetful = self.forgetful or used.forgets(self.before)
            if not self.forgetful:
                more = (wait - self.before.waiting.get(task, 0.0) for task, wait in used.waiting.items())
                self.waited += max(0.0, *more, 0.0)
        self.before = used
        return Spent(used.processor, self.waited)


class Lap:
    """A stretch of the time of some processes."""

    def __init__(self, now: float, spent: Spent) -> None:
        self.began = now
        self.spent = spent

    def wall(self, now: float, spent: Spent) -> float:
        """The seconds in which they ran or slept."""
        return now - self.began - (spent.waited - self.spent.waited)

    def processor(self, spent: Spent) -> float:
        """The seconds that they had of all processors together."""
        return spent.processor - self.spent.processor

    def seconds(self, now: float, spent: Spent) -> float:
        """The time that they took of their own."""
        return max(self.wall(now, spent), self.processor(spent))
