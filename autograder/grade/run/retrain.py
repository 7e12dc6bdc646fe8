"""Do the weights that were handed in come from the code that was handed in? A sample of the class is trained again.

No score changes: what differs is told, and kept in the assignment's log.
"""

import random
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from autograder.errors import NoVerdict
from autograder.grade.run.engine import Engine
from autograder.grade.run.plan import read
from autograder.gradebook.results import SubmissionResult
from autograder.gradebook.store import Store

ACCURACY = re.compile(r"\baccuracy (\d+(?:\.\d+)?) %")
MUCH = 5.0  # percentage points: more than other random numbers change


@dataclass(frozen=True)
class Retrained:
    """What a student's code made of the weights when it was run again.

    Attributes:
        pairs: question -> accuracy in per cent as it was handed in, and as it is now; None where there is none.
        trouble: why it could not be run, or "".
    """

    student: str
    pairs: dict[str, tuple[float | None, float | None]]
    trouble: str = ""

    def differences(self) -> Iterator[str]:
        """What to look at, in either direction."""
        if self.trouble:
            yield self.trouble
        for question, (before, after) in self.pairs.items():
            if after is None or before is None or abs(after - before) > MUCH:
                yield f"{question}: {shown(before)} as handed in, {shown(after)} when trained again from the code alone"


def shown(accuracy: float | None) -> str:
    return "no accuracy" if accuracy is None else f"{accuracy:.1f} %"


def sample(students: Sequence[str], part: float, seed: int) -> list[str]:
    """So many of the students, at least one, the same ones for the same seed and class."""
    count = max(1, round(part * len(students))) if students else 0
    return sorted(random.Random(seed).sample(sorted(students), count))


def retrain(engine: Engine, store: Store, students: Sequence[str]) -> Iterator[Retrained]:
    """Run these students' searches again and compare with their results.

    Args:
        engine: of settings that say `retrain`: then nothing that searches make is taken from the submission.
    """

    def one(student: str) -> Retrained:
        before = store.result(student)
        assert before is not None, "only graded submissions are in the sample"
        try:
            again = engine.grade(read(store, engine.pristine.assignment, student)).result
        except NoVerdict as error:
            return Retrained(student, {}, f"could not be trained again: {error}")
        then, now = accuracies(before), accuracies(again)
        return Retrained(student, {question: (then.get(question), now.get(question)) for question in then | now})

    with ThreadPoolExecutor(engine.crew.count) as pool:
        yield from pool.map(one, students)


def accuracies(result: SubmissionResult) -> dict[str, float]:
    """Question -> the accuracy that its check measured."""
    return {
        f"{cell.notebook}:{cell.cell}": float(found[1])
        for cell in result.cells
        for line in cell.lines
        if (found := ACCURACY.search(line))
    }
