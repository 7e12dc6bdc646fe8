"""Grades the same submissions again and again while something random goes wrong: are the scores always the same?

    python tests/grade/run/random_faults.py [--minutes 20] [--seed N]

Each round starts `autograder grade` on a fresh copy of a course and does it some harm: kills or stops one of its
processes or all of them, fills the file system of temporary files, damages what is stored. Then the same command runs
until it ends well. A round that ends with other scores, or with anything left behind, ends the program with code 1; the
seed that it printed repeats it.
"""

import argparse
import io
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))
import conftest  # (the tiny course)

from autograder.course import Course
from autograder.sandbox.watchdog import descendants

STUDENTS = 6
TRIES = 4
PATIENCE = 180
COMMAND = [sys.executable, "-m", "autograder", "grade", "tiny", "--workers", "2", "--seed", "5"]


class Round:
    """One copy of the course, and a program that grades it."""

    def __init__(self, handed_in: Path, folder: Path, chance: random.Random) -> None:
        self.root = folder / "course"
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self.chance = chance
        shutil.copytree(handed_in, self.root)
        self.tiny = conftest.TinyCourse(Course(self.root))
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            COMMAND,
            cwd=self.root,
            env=os.environ | {"TMPDIR": str(self.temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def family(self) -> list[int]:
        return [self.process.pid, *descendants(self.process.pid)]

    def scores(self) -> dict[str, dict[str, float]]:
        places = self.tiny.course.autograded.glob("*/tiny")
        return {student: self.tiny.scores(student) for student in sorted(place.parent.name for place in places)}


def send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def kill_one(round: Round) -> None:
    send(round.chance.choice(round.family()), signal.SIGKILL)


def kill_all(round: Round) -> None:
    for pid in round.family():
        send(pid, signal.SIGKILL)


def end_the_grader(round: Round) -> None:
    send(round.process.pid, round.chance.choice([signal.SIGTERM, signal.SIGINT, signal.SIGHUP]))


def pause_all(round: Round) -> None:
    family = round.family()
    for pid in family:
        send(pid, signal.SIGSTOP)
    time.sleep(round.chance.uniform(0, 8))
    for pid in family:
        send(pid, signal.SIGCONT)


def pause_one(round: Round) -> None:
    pid = round.chance.choice(round.family())
    send(pid, signal.SIGSTOP)
    time.sleep(round.chance.uniform(0, 8))
    send(pid, signal.SIGCONT)


def damage_a_result(round: Round) -> None:
    files = [path for path in round.tiny.course.autograded.glob("*/tiny/*") if path.is_file()]
    if files:
        path = round.chance.choice(sorted(files))
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[: round.chance.randrange(50)])


def damage_kept_weights(round: Round) -> None:
    for path in round.tiny.course.work.rglob("best.npz"):
        path.write_bytes(b"")


FAULTS: tuple[Callable[[Round], None], ...] = (
    kill_one, kill_one, kill_one, kill_all, end_the_grader, pause_all, pause_one, damage_a_result, damage_kept_weights,
)  # fmt: skip


def play(round: Round, seconds: float) -> str:
    """Grade with faults, then without; returns what was done."""
    done = []
    round.start()
    for _ in range(round.chance.randint(1, 3)):
        time.sleep(seconds * round.chance.uniform(0.05, 0.5))
        if round.process.poll() is None:
            fault = round.chance.choice(FAULTS)
            done.append(fault.__name__)
            fault(round)
    round.process.communicate(timeout=PATIENCE)
    for _ in range(TRIES):
        round.start()
        output, _ = round.process.communicate(timeout=PATIENCE)
        if round.process.returncode == 0:
            return ", ".join(done) or "nothing"
    raise AssertionError(f"after {', '.join(done)}: grading never ends well:\n{output}")


def hand_in(folder: Path) -> Path:
    file = io.BytesIO()
    np.savez(file, W=np.eye(4)[:, :3])
    tiny = conftest.make_course(folder / "handed-in", file.getvalue())
    for number in range(STUDENTS):
        factor = 2 + number % 3
        tiny.hand_in(f"s{number}", library={"out = 2 * x": f"import time; time.sleep(0.3); out = {factor} * x"})
    return tiny.course.root


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=None, help="of one round, to repeat it")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="random-faults-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        handed_in = hand_in(folder)
        (folder / "undisturbed").mkdir()
        began = time.monotonic()
        undisturbed = Round(handed_in, folder / "undisturbed", random.Random(0))
        undisturbed.start()
        output, _ = undisturbed.process.communicate(timeout=PATIENCE)
        assert undisturbed.process.returncode == 0, output
        seconds, expected = time.monotonic() - began, undisturbed.scores()
        until, count = time.monotonic() + 60 * given.minutes, 0
        while count == 0 or (time.monotonic() < until and given.seed is None):
            seed = random.randrange(2**32) if given.seed is None else given.seed
            place = folder / str(count)
            place.mkdir()
            round = Round(handed_in, place, random.Random(seed))
            print(f"{seed}: ", end="", flush=True)
            print(play(round, seconds), flush=True)
            assert round.scores() == expected, f"seed {seed}: {round.scores()}"
            left = [str(path) for path in round.temporary.iterdir()]
            assert not left, f"seed {seed}: left behind: {left}"
            shutil.rmtree(place)
            count += 1
        print(f"{count} rounds, the same scores in each")


if __name__ == "__main__":
    main()
