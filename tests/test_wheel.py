"""The wheel, installed in a fresh environment outside the repository: from nothing to a graded assignment."""

import os
import shutil
import site
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

REPOSITORY = Path(__file__).parents[1]


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="grading needs Linux")
def test_four_commands_after_the_installation(tmp_path):
    """Do init, new, release and grade do it, and is no solution of this repository's course in the wheel?"""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, REPOSITORY]
    run(build, tmp_path)
    [wheel] = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in names if name.startswith(("nn/", "source/", "tests/")) or name.endswith(".ipynb")]

    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    run([python, "-m", "pip", "install", "--no-index", "--no-deps", wheel], tmp_path)
    [packages] = (tmp_path / "env" / "lib").glob("python*/site-packages")
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()) + "\n")  # the package's own are not
    found = run([python, "-c", "import autograder; print(autograder.__file__)"], tmp_path)
    assert found.startswith(str(packages))

    autograder = tmp_path / "env" / "bin" / "autograder"
    run([autograder, "init", "my-course"], tmp_path)
    course = tmp_path / "my-course"
    run([autograder, "new", "essay"], course)
    run([autograder, "release", "essay"], course)
    run([autograder, "release", "essay", "--bundle"], course)
    with zipfile.ZipFile(course / "bundles" / "essay.zip") as bundle:
        bundle.extract(f"essay/{wheel.name}", tmp_path)
    packed = zipfile.ZipFile(tmp_path / "essay" / wheel.name)
    assert packed.testzip() is None
    assert sorted(packed.namelist()) == sorted(names)
    assert all(packed.read(name) == zipfile.ZipFile(wheel).read(name) for name in names if not name.endswith("RECORD"))
    run([python, "-m", "pip", "install", "--no-index", "--no-deps", "--force-reinstall", packed.filename], tmp_path)
    submitted = Path(shutil.copytree(course / "assignments" / "essay", course / "submitted" / "ada" / "essay"))
    shutil.copy(course / "source" / "essay" / "essay.ipynb", submitted)
    run([autograder, "grade", "essay"], course)
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        submission = gradebook.find_submission("essay", "ada")
        assert (submission.score, submission.max_score) == (5, 8)  # an answer of 3 points waits for a person


def run(command, folder):
    """The command's output; it must come to a good end."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL"))}
    environment["PATH"] += f"{os.pathsep}{Path(sys.executable).parent}"  # where the dependencies' programs are
    ran = subprocess.run(
        list(map(str, command)), cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, f"{command}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout
