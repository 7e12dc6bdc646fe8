"""What each step of the marking room's server costs with a class of 300 and 8 questions, and what memory it needs.

The peer is formgrader: the page that it makes of a submission's notebook for every look at it, to the same clock.
Times are processor time, so that others at work on the machine do not count. It fails where a step takes longer than
100 ms in more than one of twenty cases.

    python benchmarks/marking.py [--students 300] [--questions 8] [--quick]
"""

import argparse
import importlib.util
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from autograder.machine import load_now

TESTS = Path(__file__).parents[1] / "tests"
STEPS = 300
QUICK = (40, 3, 40)
MOST_MS = 100
PEER, PAGES = "formgrader's page", 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=300)
    parser.add_argument("--questions", type=int, default=8)
    parser.add_argument(
        "--quick", action="store_true", help=f"{QUICK[0]} students, {QUICK[1]} questions, {QUICK[2]} steps"
    )
    given = parser.parse_args()
    students, questions, steps = QUICK if given.quick else (given.students, given.questions, STEPS)
    print(load_now())
    with tempfile.TemporaryDirectory() as folder:
        course = class_of(Path(folder) / "course", students, questions)
        measure(course, steps)


def class_of(root: Path, students: int, questions: int):
    """A course with graded submissions, as the tests make it."""
    sys.path.insert(0, str(TESTS / "mark"))
    found = importlib.util.spec_from_file_location("shared_helpers", TESTS / "conftest.py")
    assert found is not None
    assert found.loader is not None
    helpers = importlib.util.module_from_spec(found)
    sys.modules["shared_helpers"] = helpers
    found.loader.exec_module(helpers)
    from classroom import make_class

    names = ("notebook", "given", "work", "check", "answer", "make_course")
    factory = SimpleNamespace(**{name: getattr(helpers, name) for name in names})
    return make_class(factory, root, b"", students, questions, late=students // 10)


def measure(course, steps: int) -> None:
    from autograder.mark.frames import Shown, answers_page, question_page
    from autograder.mark.marks import Decision
    from autograder.mark.room import Room
    from autograder.mark.rubric import QuestionRubric, RubricItem

    times: dict[str, list[float]] = {}

    def timed(name: str, work: Callable):
        start = time.process_time()
        result = work()
        times.setdefault(name, []).append(1000 * (time.process_time() - start))
        return result

    began = time.process_time()
    with Room(course, "net") as room:
        for key in room.questions:
            room.groups(key)
        print(f"open {sum(map(len, room.answers.of.values()))} answers, once: {time.process_time() - began:.1f} s")
        keys, memory = list(room.questions), 0
        for step in range(steps):
            key = keys[step % len(keys)]
            timed("all questions", room.overview)
            state = timed("one question", lambda key=key: room.question(key, "Ada"))
            group = state["groups"][step // len(keys) % len(state["groups"])]["answers"]
            seen = {token: state["answers"][token]["version"] for token in group}
            ids = [item["id"] for item in state["rubric"]["items"]]
            decision = Decision(tuple(ids[: step % 3]), comment="Well put." if step % 5 else "")
            timed("answers open", lambda key=key, group=group: room.hold(key, group, "Ada"))
            shown = [
                Shown("", room.answers.of[key][one].text, room.store.autograded(one) / "net.ipynb")
                for one in room.students(key, group)[:1]
            ]
            timed("frame of an answer", lambda key=key, shown=shown: answers_page(shown, room.questions[key], None))
            timed("frame of a question", lambda key=key: question_page(room.questions[key]))
            timed("a decision", lambda key=key, seen=seen, made=decision: room.mark(key, seen, made, "Ada"))
            timed("history", lambda key=key, group=group: room.history(key, group[0]))
            if step % 10 == 9:
                timed("undo", lambda key=key: room.undo(key, "Ada"))
                rubric = room.rubric_of(key)
                new = QuestionRubric(item=(*rubric.item[:-1], RubricItem(id="new", points=1, text="another")))
                timed("a rubric's preview", lambda key=key, new=new: room.change_rubric(key, new, "Ada", apply=False))
            if step == steps // 2:
                memory = resident()
        page = formgrader()
        for path in [room.store.autograded(student) / "net.ipynb" for student in room.store.graded()[:PAGES]]:
            timed(PEER, lambda path=path: page(path))
        for name, took in times.items():
            took = sorted(took)
            print(f"{name:22} median {took[len(took) // 2]:6.1f} ms   95 % {took[int(0.95 * len(took))]:6.1f} ms")
        answer, theirs = statistics.median(times["frame of an answer"]), statistics.median(times[PEER])
        print(f"an answer's frame is made {theirs / answer:.1f} times as fast as formgrader's page")
        slow = [name for name, took in times.items() if name != PEER and sorted(took)[int(0.95 * len(took))] > MOST_MS]
        print(f"memory after {steps // 2} steps {memory} MB, after {steps} steps {resident()} MB")
    if slow:
        sys.exit(f"slower than {MOST_MS} ms in more than one of twenty cases: {', '.join(slow)}")


def formgrader() -> Callable[[Path], object]:
    """What makes formgrader's page of a graded notebook, set up as formgrader does it."""
    from nbconvert.exporters import HTMLExporter
    from nbgrader.server_extensions import formgrader as extension

    templates = str(Path(extension.__file__).parent / "templates")
    exporter = HTMLExporter(template_name="formgrade", extra_template_basedirs=[templates])
    about = dict.fromkeys(("assignment_id", "notebook_id", "submission_id", "student", "last_name", "first_name"), "")
    about |= {"index": 0, "total": 1, "base_url": "", "notebook_path": ""}
    return lambda path: exporter.from_filename(str(path), resources=dict(about))


def resident() -> int:
    """MB that this process occupies; its peak where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return pages * resource.getpagesize() // 2**20


if __name__ == "__main__":
    main()
