"""The pages and schemas that are made from the code."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from autograder.reference import REPOSITORY, reference

MADE = reference()


@pytest.mark.parametrize("path", MADE)
def test_what_is_made_from_the_code_is_up_to_date(path):
    """Do the reference pages and schemas say what the code says? (If not: `python -m autograder.reference`.)"""
    assert (REPOSITORY / path).read_text(encoding="utf-8") == MADE[path]


def test_nothing_else_lies_there():
    """Is a page left over whose subject is gone?"""
    there = [path for folder in ("autograder/schemas", "docs/reference") for path in (REPOSITORY / folder).iterdir()]
    assert {path.relative_to(REPOSITORY).as_posix() for path in there} == set(MADE)


def our_files() -> list[Path]:
    return [REPOSITORY / "course.toml", *sorted((REPOSITORY / "source").glob("*/*.toml"))]


@pytest.mark.parametrize("path", our_files(), ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_our_own_files_name_their_schema_and_keep_it(path):
    """Does each .toml file of the course lead an editor to the schema, and pass it?"""
    first, _ = path.read_text(encoding="utf-8").split("\n", 1)
    schema = json.loads((path.parent / first.removeprefix("#:schema ")).read_text(encoding="utf-8"))
    given = json.loads(json.dumps(tomllib.loads(path.read_text(encoding="utf-8")), default=str))
    jsonschema.validate(given, schema)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("assignment", 'title = "a"'),
        ("assignment", 'title = "a"\nnotebooks = []'),
        ("assignment", 'title = "a"\nnotebooks = ["b"]\nsearch = ["cell"]'),
        ("assignment", 'title = "a"\nnotebooks = ["b"]\nextra_credit = {"b:c" = 0}'),
        ("course", "librari = 3"),
        ("course", "[late]\npenalty_percent_per_day = 101"),
        ("demo", '[[student]]\nid = "a"'),
    ],
)
def test_a_schema_refuses_mistakes(name, text):
    """Does an editor mark what the kit would refuse?"""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(text), json.loads(MADE[f"autograder/schemas/{name}.json"]))


def test_every_command_and_option_is_on_its_page():
    """Is each command there with its long and short options?"""
    page = MADE["docs/reference/command-line.md"]
    for words in (
        "## grade",
        "autograder grade [OPTIONS] ASSIGNMENT",
        "`--force, -f`",
        "## submit",
        "--check",
        "## roster import",
    ):
        assert words in page
