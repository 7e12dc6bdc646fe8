import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.data import synthetic
from autograder.errors import CourseError


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs `autograder data ...` in a folder that is in no course; errors are raised as the command line gets them."""
    monkeypatch.chdir(tmp_path)
    small = synthetic.write_synthetic
    monkeypatch.setattr("autograder.data.obtain.write_synthetic", lambda folder: small(folder, rows_per_batch=10))

    def run(*arguments):
        return CliRunner().invoke(app, ["data", *arguments], catch_exceptions=False).output

    return run


def test_alone_it_lists_what_is_known_and_what_is_here(run, tmp_path):
    """Does the list tell what is there, where, and how to get the rest?"""
    assert run().count("not here") == 4
    run("synthetic")
    output = run()
    assert "170 MB to download with  autograder data cifar10" in output
    assert "in data/synthetic-cifar-10-batches-py" in output
    assert output.count("not here") == 3


def test_outside_a_course_data_goes_below_the_current_folder(run, tmp_path):
    """Is ./data the default, and is a stand-in called one?"""
    output = run("synthetic")
    assert (tmp_path / "data" / "synthetic-cifar-10-batches-py" / "test_batch").is_file()
    assert "synthetic: written to data/synthetic-cifar-10-batches-py" in output
    assert "NOT CIFAR-10" in output
    assert "already in" in run("synthetic")


def test_inside_a_course_data_goes_into_its_data_folder(run, tmp_path, monkeypatch):
    """From a released folder inside a course, is the course's data folder used?"""
    (tmp_path / "nbgrader_config.py").touch()
    folder = tmp_path / "assignments" / "first"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    run("synthetic")
    assert (tmp_path / "data" / "synthetic-cifar-10-batches-py" / "test_batch").is_file()


def test_data_in_a_folder_above_is_found(run, tmp_path, monkeypatch):
    """Is what the notebooks find in a folder above not fetched once more?"""
    run("synthetic")
    (tmp_path / "homework").mkdir()
    monkeypatch.chdir(tmp_path / "homework")
    assert f"in {tmp_path / 'data' / 'synthetic-cifar-10-batches-py'}" in run()
    assert "already in" in run("synthetic")
    assert not (tmp_path / "homework" / "data").exists()


def test_another_folder_can_be_named(run, tmp_path):
    """Does --to say where?"""
    run("synthetic", "--to", "elsewhere")
    assert (tmp_path / "elsewhere" / "synthetic-cifar-10-batches-py" / "test_batch").is_file()


def test_an_unknown_name_is_an_error(run):
    """Is a misspelt dataset refused with a suggestion?"""
    with pytest.raises(CourseError, match="Did you mean synthetic"):
        run("sinthetic")
