"""The options that another course's nbgrader_config.py states: text in, options out. The file is read, never run."""

import ast
from dataclasses import dataclass
from typing import Any

from traitlets.config import Config

from autograder.options import refused_options

_KEPT = {"ClearSolutions", "ClearHiddenTests", "ClearMarkScheme", "IncludeHeaderFooter"}
_OWN = {  # what the kit says itself, or course.toml: nothing is lost
    "CourseDirectory.root", "CourseDirectory.course_id", "CourseDirectory.db_url", "CourseDirectory.source_directory",
    "CourseDirectory.release_directory", "Exchange.root", "Exchange.course_id", "Exchange.timezone",
}  # fmt: skip


@dataclass(frozen=True)
class StatedOption:
    """A line `c.Section.option = value`.

    Attributes:
        left_out: why it is left out, in words; "" where it is kept, or said elsewhere.
    """

    name: str
    value: Any
    is_kept: bool
    left_out: str

    @property
    def line(self) -> str:
        return f"c.{self.name} = {self.value!r}"


def stated_options(text: str) -> list[StatedOption]:
    """Every option that the file sets, in its order."""
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        return [StatedOption("", None, False, f"line {error.lineno} is not Python: no option is taken over")]
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Assign(
                targets=[ast.Attribute(value=ast.Attribute(value=ast.Name(), attr=section), attr=option)], value=value
            ) if section[0].isupper():
                found.append(_option(section, option, value))
    return found


def _option(section: str, option: str, node: ast.expr) -> StatedOption:
    name = f"{section}.{option}"
    try:
        value = ast.literal_eval(node)
    except ValueError:
        is_own = name in _OWN
        return StatedOption(name, None, False, "" if is_own else f"c.{name} is worked out by code: state it anew")
    if name in _OWN:
        return StatedOption(name, value, False, "")
    refused = refused_options(Config({section: {option: value}}))
    if refused:
        return StatedOption(name, value, False, refused[0])
    if section in _KEPT or name in ("Execute.timeout", "ExecutePreprocessor.timeout"):
        return StatedOption(name, value, True, "")
    return StatedOption(name, value, False, f"c.{name} is left out: see docs/coming-from-nbgrader.md")
