"""The zip that students get: the released folder twice, the autograder wheel, environment.yml and a short README."""

import ast
import base64
import csv
import hashlib
import io
import os
import re
import subprocess
import sys
import zipfile
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.errors import CourseError
from autograder.files import HANDED_OUT, make_folder, write_atomically
from autograder.notebooks import read_notebook
from autograder.packages import not_listed
from autograder.syntax import tree_of

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = "nn-course-autograder"
TIME = (1980, 1, 1, 0, 0, 0)  # of every file in the zip, so that the same release gives the same bytes

README = """# {title}

1. Once for the course: install conda, then here  `conda env create -f environment.yml`
2. Each time:  `conda activate {environment}`
3. Once for this homework:  `pip install {wheel}{packages}`{data}
4. `cd {name}`  and  `jupyter lab`  and open {notebooks}.

{due}Write only between the banners START YOUR CODE HERE and END YOUR CODE HERE. Fill in your name and student id first.
In the homework's folder, `autograder check` runs every check, `autograder pdf` makes the PDF, and `autograder submit`
packs what you hand in. Without a terminal: run `%check` or `%submit` in a cell of the notebook.
"""


def build_wheel(folder: Path) -> Path:
    """Put the autograder's wheel into `folder` and return its path: built from its sources, or packed from what is
    installed.

    Raises:
        CourseError: there are no sources and no installation, or the build fails.
    """
    if not (PROJECT / "pyproject.toml").is_file():
        try:
            return pack_wheel(distribution(PACKAGE), folder)
        except PackageNotFoundError:
            raise CourseError(
                "bundle: the kit's wheel goes into the zip, and this copy of the kit was not installed by pip. "
                f"Install it:  pip install {PACKAGE}"
            ) from None
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(PROJECT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"})
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        raise CourseError(
            "bundle: the wheel was not built. The tools for it come with  pip install -e '.[dev]'\n"
            + (done.stderr or done.stdout).strip()[-2000:]
        )
    return wheels[0]


def pack_wheel(installed: Distribution, folder: Path) -> Path:
    """The wheel that an installed package came from, put together again in `folder` from the files that pip lists.

    What pip wrote itself (programs in bin/, compiled files, its notes) is left out; what lies outside the packages'
    folder, such as an extension of Jupyter, goes where a wheel has such files.
    """
    files = {path.as_posix(): installed.locate_file(path) for path in installed.files or ()}
    info = next(name.partition("/")[0] for name in files if name.endswith(".dist-info/WHEEL"))
    stem = info.removesuffix(".dist-info")
    members = {}
    for name, path in files.items():
        inside = name.split("../")[-1]
        if inside != name:
            if inside.startswith(("bin/", "Scripts/")):
                continue
            inside = f"{stem}.data/data/{inside}"
        own = {f"{info}/{note}" for note in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")}
        if "__pycache__" not in inside and inside not in own:
            members[inside] = Path(str(path)).read_bytes()
    tag = next(line.split()[1] for line in members[f"{info}/WHEEL"].decode().splitlines() if line.startswith("Tag:"))
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    for name, content in sorted(members.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.writerow([name, f"sha256={digest}", len(content)])
    rows.writerow([f"{info}/RECORD", "", ""])
    target = folder / f"{stem}-{tag}.whl"
    target.write_bytes(_zipped({**dict(sorted(members.items())), f"{info}/RECORD": record.getvalue().encode()}))
    return target


def write_bundle(course: Course, assignment: Assignment, released: Path, wheel: Path, to: Path) -> Path:
    """Write `to`/<assignment>.zip and return its path; the same files give the same bytes.

    Raises:
        CourseError: the course has no environment.yml.
    """
    environment = course.root / "environment.yml"
    if not environment.is_file():
        raise CourseError(
            f"{environment} is missing: it tells students what to install. "
            "Write one; `autograder init` makes one in every new course, which you can copy."
        )
    name = assignment.name
    members = {
        f"{name}/README.md": _readme(assignment, wheel, environment.read_text(encoding="utf-8")).encode(),
        f"{name}/environment.yml": _with_packages(environment.read_text(encoding="utf-8"), assignment, wheel).encode(),
        f"{name}/{wheel.name}": wheel.read_bytes(),
    }
    for path in released.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            members[f"{name}/{name}/{path.relative_to(released).as_posix()}"] = content
            members[f"{name}/{HANDED_OUT}/{path.relative_to(released).as_posix()}"] = content
    make_folder(to)
    target = to / f"{name}.zip"
    write_atomically(target, _zipped(dict(sorted(members.items()))))
    return target


def not_for_students(course: Course, assignment: Assignment, released: Path) -> list[str]:
    """The packages that the released folder's code imports and that the environment in the bundle does not have."""
    environment = (course.root / "environment.yml").read_text(encoding="utf-8")
    lines = re.findall(r"^ *- ([^:\n]+)$", environment, re.MULTILINE)
    listed = [re.sub(r"(?<![=<>!~])=(?!=)", "==", line) for line in lines]  # conda writes python=3.11
    cells = [
        cell.source
        for path in released.glob("*.ipynb")
        for cell in read_notebook(path).cells
        if cell.cell_type == "code"
    ]
    modules: set[str] = set()
    for text in (*cells, *(path.read_text(encoding="utf-8") for path in released.rglob("*.py"))):
        for node in ast.walk(tree_of(text)):
            if isinstance(node, ast.Import):
                modules |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module)
    own = {path.stem for path in released.iterdir()}
    others = {module for module in modules if module.partition(".")[0] not in own | {"autograder"}}
    return not_listed(others, [PACKAGE, *listed, *assignment.packages])


def _zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            info = zipfile.ZipInfo(member, TIME)
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return stream.getvalue()


def _with_packages(environment: str, assignment: Assignment, wheel: Path) -> str:
    """environment.yml for students: the kit is the wheel beside it, and pip also installs the assignment's packages."""
    kit = re.compile(rf"( *- ){PACKAGE}\b.*")
    lines = [kit.sub(rf"\g<1>./{wheel.name}", line) for line in environment.splitlines(keepends=True)]
    pip = next((i for i, line in enumerate(lines) if line.strip() == "- pip:"), None)
    if pip is None or pip + 1 == len(lines):
        return "".join(lines)
    first = lines[pip + 1]
    indent = first[: len(first) - len(first.lstrip())]
    lines[pip + 1 : pip + 1] = [f'{indent}- "{package}"\n' for package in assignment.packages]
    return "".join(lines)


def _readme(assignment: Assignment, wheel: Path, environment: str) -> str:
    names = [line.partition(":")[2].strip() for line in environment.splitlines() if line.startswith("name:")]
    return README.format(
        title=assignment.title,
        environment=names[0] if names else "base",
        wheel=wheel.name,
        packages="".join(f' "{package}"' for package in assignment.packages),
        name=assignment.name,
        data="".join(f"  and  `autograder data {dataset}`" for dataset in assignment.data),
        notebooks=", then ".join(f"{notebook}.ipynb" for notebook in assignment.notebooks),
        due=f"Due {assignment.due:%d %B %Y, %H:%M (UTC%z)}.\n\n" if assignment.due else "",
    )
