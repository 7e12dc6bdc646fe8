"""The autograder for Gradescope: its zip, and a run in Gradescope's layout of folders in a throw-away root."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.errors import CourseError
from autograder.handback import gradescope_build
from autograder.handback.gradescope_build import build
from autograder.release.generate import release

CREATED = "2026-10-10T15:00:00.000000+00:00"  # a day and three hours after the tiny course's due time


@pytest.fixture(scope="module")
def built(released, tmp_path_factory):
    """The zip of the tiny course; the kit's wheel is a stand-in, since the test runs the kit that is installed."""
    folder = tmp_path_factory.mktemp("build")

    def stand_in(to: Path) -> Path:
        with zipfile.ZipFile(to / "kit-1-py3-none-any.whl", "w") as wheel:
            needs = "".join(f"Requires-Dist: {need}\n" for need in metadata.requires("nn-course-autograder"))
            wheel.writestr("kit-1.dist-info/METADATA", f"Name: kit\nVersion: 1\n{needs}Requires-Dist: not-here>=3\n")
        return to / "kit-1-py3-none-any.whl"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gradescope_build, "build_wheel", stand_in)
        return build(released.course, released.course.assignment("tiny"), folder / "autograder.zip")


@pytest.fixture(scope="module")
def container(built, tmp_path_factory) -> Path:
    """What Gradescope makes of the zip: unpacked, and set up as far as that needs no network."""
    root = tmp_path_factory.mktemp("gradescope") / "autograder"
    with zipfile.ZipFile(built.path) as archive:
        archive.extractall(root / "source")
    for name in ("submission", "results"):
        (root / name).mkdir()
    release(Course(root / "source" / "course"), ["tiny"])
    return root


def graded(root: Path, files: Path, student: str = "ada@uni.edu", **user) -> tuple[subprocess.CompletedProcess, dict]:
    """Run the container's script on a submission; returns how it ended, and the results."""
    shutil.rmtree(root / "submission")
    shutil.copytree(files, root / "submission")
    (root / "results" / "results.json").unlink(missing_ok=True)
    about = {
        "id": 1,
        "created_at": CREATED,
        "assignment": {"due_date": "2026-10-09T12:00:00.000000+00:00"},
        "users": [{"id": 7, "name": "Ada Lovelace", "email": student} | user],
    }
    (root / "submission_metadata.json").write_text(json.dumps(about))
    done = subprocess.run(
        ["bash", str(root / "source" / "run_autograder")],
        env=os.environ | {"AUTOGRADER_ROOT": str(root), "AUTOGRADER_PYTHON": sys.executable},
        cwd=root, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    path = root / "results" / "results.json"
    return done, json.loads(path.read_text()) if path.exists() else {}


def points(results: dict) -> dict[str, float]:
    return {test["name"]: test["score"] for test in results["tests"] if "score" in test}


def test_the_zip_has_what_gradescope_runs(built):
    """Are both scripts there and runnable, the versions pinned, the course complete, and no other student in it?"""
    with zipfile.ZipFile(built.path) as archive:
        names = archive.namelist()
        modes = {info.filename: info.external_attr >> 16 & 0o777 for info in archive.infolist()}
        setup, run = (archive.read(name).decode() for name in ("setup.sh", "run_autograder"))
        requirements = archive.read("requirements.txt").decode().splitlines()
    assert (modes["setup.sh"], modes["run_autograder"]) == (0o755, 0o755)
    assert {"course/nbgrader_config.py", "course/source/tiny/first.ipynb", "course/nn/tiny.py"} <= set(names)
    assert not any(name.startswith(("course/submitted", "course/gradebook", "course/.grading")) for name in names)
    assert "not-here>=3" in requirements
    requirements.remove("not-here>=3")
    versions = dict(line.split("==") for line in requirements)
    assert {"nbgrader", "numpy", "jinja2"} <= versions.keys()
    assert all(metadata.version(name).startswith(version) for name, version in versions.items())
    assert 'autograder" release tiny' in setup
    for script in (setup, run):
        assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0
    assert "your course's solution: source/tiny, nn (complete)" in built.statement
    assert "relies on Landlock and seccomp" in " ".join(built.statement.split())


def test_a_visibility_that_gradescope_does_not_know(released, tmp_path):
    """Is that an error before anything is built?"""
    with pytest.raises(CourseError, match="there are visible, after_due_date"):
        build(released.course, released.course.assignment("tiny"), tmp_path / "a.zip", "public")


def test_a_complete_submission(container, tiny):
    """Has it full points less the late penalty, by the questions' titles, with what is left to grade by hand?"""
    done, results = graded(container, tiny.hand_in("ada"))
    assert done.returncode == 0, done.stderr
    assert results["score"] == 17.6
    assert sum(points(results).values()) == 22
    assert "handed in 1 d 3 h late: 2 days begun × 10 %" in results["output"]
    assert {test["visibility"] for test in results["tests"]} == {"visible"}


def test_a_wrong_submission_with_an_extension(container, tiny):
    """Does a mistake cost its points and say why, and is a student with an extension on Gradescope not late?"""
    due = {"assignment": {"due_date": "2026-10-12T12:00:00.000000+00:00"}}
    done, results = graded(container, tiny.hand_in("bob", library={"out = 2 * x": "out = 3 * x"}), "bob@uni.edu", **due)
    assert done.returncode == 0, done.stderr
    assert results["score"] == 20.0
    (failed,) = [test for test in results["tests"] if test.get("status") == "failed"]
    assert (failed["max_score"], "doubled" in failed["output"]) == (2, True)
    assert "late" not in results["output"]


HOSTILE = """import os, pathlib
for path in ({results!r}, {source!r}):
    try:
        print(pathlib.Path(path).read_text())
    except OSError as error:
        print("no", error)
try:
    pathlib.Path({results!r}).write_text('{{"score": 1000}}')
except OSError as error:
    print("no", error)
def triple(x):
    return 0 * x
"""


def test_a_hostile_submission(container, tiny):
    """Can student code in the container neither write results.json nor read the solution?"""
    places = {
        "results": str(container / "results" / "results.json"),
        "source": str(container / "source" / "course" / "source" / "tiny" / "first.ipynb"),
    }
    folder = tiny.hand_in("eve", cells={"first:own": HOSTILE.format(**places)})
    done, results = graded(container, folder, "eve@uni.edu")
    assert done.returncode == 0, done.stderr
    assert results["score"] < 22
    assert "return 3 * x" not in json.dumps(results)


def test_an_unreadable_submission(container, tmp_path):
    """Is a submission without a notebook 0 points, with what to hand in; and one in a zip under another name graded?"""
    (tmp_path / "essay.pdf").write_bytes(b"%PDF")
    done, results = graded(container, tmp_path)
    assert done.returncode == 0, done.stderr
    assert (results["score"], results["tests"]) == (0.0, [])
    assert "Nothing was graded: there is no notebook in what was handed in, only essay.pdf." in results["output"]
    assert "first.ipynb, second.ipynb" in results["output"]


def test_where_nothing_confines_student_code_nothing_is_written(container, tiny, monkeypatch):
    """Does a container without a sandbox end with an error, and without results that would count as a score?"""
    from autograder.grade.run import start
    from autograder.handback.gradescope_run import run
    from autograder.sandbox.policy import SandboxUnavailable

    def none() -> str:
        raise SandboxUnavailable("no Landlock here")

    monkeypatch.setattr(start, "require_tier", none)
    shutil.rmtree(container / "submission")
    shutil.copytree(tiny.hand_in("fay"), container / "submission")
    (container / "results" / "results.json").unlink(missing_ok=True)
    with pytest.raises(SandboxUnavailable):
        run(container)
    assert not (container / "results" / "results.json").exists()
