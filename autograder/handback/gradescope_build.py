"""The zip that Gradescope makes an autograder of: the kit, the course's parts that one assignment needs, two scripts.

Gradescope builds a container: it unpacks the zip into /autograder/source, runs `setup.sh` there once, and, for each
submission in a fresh copy, `/autograder/run_autograder`.
"""

import email
import importlib.metadata
import io
import json
import re
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from autograder.assignment import Assignment
from autograder.course import CONFIG, COURSE_FILE, Course
from autograder.data.obtain import STAND_INS
from autograder.data.registry import find_dataset
from autograder.errors import CourseError
from autograder.files import CACHES, write_atomically
from autograder.handback.gradescope import check_visibility
from autograder.release.bundle import build_wheel

SETTINGS = "autograder.json"
STATEMENT = "WHAT-IS-IN-HERE.txt"
TIME = (1980, 1, 1, 0, 0, 0)

SETUP = """#!/usr/bin/env bash
# Run once by Gradescope, as root, when the container is built.
set -euo pipefail
root="${{AUTOGRADER_ROOT:-/autograder}}"
cd "$root/source"
export DEBIAN_FRONTEND=noninteractive PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
python="$(command -v python{version} || true)"
if [ -n "$python" ] && "$python" -m venv "$root/venv"; then :; else
  apt-get update
  apt-get install -y --no-install-recommends python3-pip python3-venv
  python3 -m venv /opt/uv
  /opt/uv/bin/pip install uv
  UV_PYTHON_INSTALL_DIR=/opt/python /opt/uv/bin/uv venv --seed --python {version} "$root/venv"
fi
"$root/venv/bin/pip" install -r requirements.txt
"$root/venv/bin/pip" install --no-deps ./*.whl
chmod 700 "$root/source"
cd course
"$root/venv/bin/autograder" release {name}
{data}"$root/venv/bin/autograder" doctor || true
# What takes long and is the same for all submissions is done once: your solution's searches.
AUTOGRADER_ROOT="$root" bash "$root/source/run_autograder" --warm-up || true
"""

RUN = """#!/usr/bin/env bash
# Run by Gradescope for each submission; writes results/results.json, or nothing where grading is not possible.
set -euo pipefail
root="${AUTOGRADER_ROOT:-/autograder}"
exec "${AUTOGRADER_PYTHON:-$root/venv/bin/python}" -m autograder gradescope run --root "$root" "$@"
"""

KEPT = """The container of {name} holds
  - the autograder kit and Python {version}, with the packages in requirements.txt;
  - your course's solution: source/{name}, {libraries}, course.toml.
    Whoever can download this zip or open the container can read them: on Gradescope, the course's staff;
  - {data}.
It holds no roster, no gradebook of yours, and no other student's work: each submission is graded in
a fresh copy of the container.
"""

CONFINED = """Student code runs in the same sandbox as on your own machine. It can read Python's packages and its own
files, and neither the solution nor results.json. The container allows no new namespaces, so the sandbox
relies on Landlock and seccomp, which the kernel there must have. That is tested before each submission.
Where it fails, nothing is graded and no results.json is written: Gradescope reports that the autograder
failed, and no student gets a wrong score. The end of the build's log shows what `autograder doctor` found.
"""

UNCONFINED = """Student code runs WITHOUT a sandbox, because this was built with --no-sandbox. It runs as root in the
container that holds the solution and writes results.json: a student who wants to can read the solution
and write any score.
"""


@dataclass(frozen=True)
class Built:
    """The zip, and what to know about it."""

    path: Path
    statement: str


def build(
    course: Course, assignment: Assignment, to: Path, visibility: str = "visible", no_sandbox: bool = False
) -> Built:
    """Write the autograder's zip.

    Args:
        visibility: of questions in results.json.
        no_sandbox: run student code without a sandbox in the container.

    Raises:
        CourseError: there is no such visibility, the wheel cannot be built, or the file cannot be written.
    """
    check_visibility(visibility)
    name, version = assignment.name, f"{sys.version_info.major}.{sys.version_info.minor}"
    sets = data_sets(course, assignment)
    members = course_files(course, assignment)
    statement = KEPT.format(
        name=name,
        version=version,
        libraries=", ".join(f"{library.name} (complete)" for library in course.libraries) or "no library",
        data=f"the data sets {', '.join(sets)}, fetched or generated when it is built" if sets else "no data set",
    )
    statement += "\n" + (UNCONFINED if no_sandbox else CONFINED)
    with tempfile.TemporaryDirectory() as folder:
        wheel = build_wheel(Path(folder))
        members[wheel.name] = wheel.read_bytes()
    data = "".join(f'"$root/venv/bin/autograder" data {dataset}\n' for dataset in sets)
    members |= {
        "setup.sh": SETUP.format(version=version, name=name, data=data).encode(),
        "run_autograder": RUN.encode(),
        "requirements.txt": "".join(f"{line}\n" for line in pinned(members[wheel.name])).encode(),
        SETTINGS: json.dumps({"assignment": name, "visibility": visibility, "no_sandbox": no_sandbox}).encode(),
        STATEMENT: statement.encode(),
    }
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(to, packed(members))
    except OSError as error:
        raise CourseError(f"{to} cannot be written: {error.strerror}.") from None
    return Built(to, statement)


def course_files(course: Course, assignment: Assignment) -> dict[str, bytes]:
    """What of the course an assignment needs to be graded: path in the zip -> content."""
    roots = [course.root / CONFIG, course.root / COURSE_FILE, assignment.folder, *course.libraries]
    return {
        f"course/{path.relative_to(course.root).as_posix()}": path.read_bytes()
        for root in roots
        if root.exists()
        for path in ([root] if root.is_file() else sorted(root.rglob("*")))
        if path.is_file() and not CACHES.intersection(path.parts)
    }


def data_sets(course: Course, assignment: Assignment) -> list[str]:
    """The data that the assignment is graded with here: the real sets, or their synthetic stand-ins."""
    names = []
    for wanted in assignment.data:
        choices = [wanted, *([STAND_INS[wanted]] if wanted in STAND_INS else [])]
        names.append(next((name for name in choices if find_dataset(name).is_in(course.data)), wanted))
    return names


def pinned(wheel: bytes) -> list[str]:
    """Everything that the kit's wheel needs, in the versions that are installed here: "numpy==2.1.3"."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        metadata = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        waiting = email.message_from_bytes(archive.read(metadata)).get_all("Requires-Dist", [])
    found: dict[str, str] = {}
    while waiting:
        try:
            need = Requirement(waiting.pop())
        except InvalidRequirement:
            continue
        name = re.sub(r"[-_.]+", "-", need.name).lower()
        if name in found or (need.marker and not need.marker.evaluate({"extra": ""})):
            continue
        try:
            distribution = importlib.metadata.distribution(need.name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = f"{name}{need.specifier}"
            continue
        found[name] = f"{name}=={distribution.version.partition('+')[0]}"
        waiting += distribution.requires or ()
    return [found[name] for name in sorted(found)]


def packed(members: dict[str, bytes]) -> bytes:
    """A zip whose scripts can be run; the same files give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, TIME)
            info.external_attr = (0o755 if name in ("setup.sh", "run_autograder") else 0o644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, members[name])
    return out.getvalue()
