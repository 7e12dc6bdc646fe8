"""The rubric of an assignment: what a marker may give or take off, as source/<assignment>/rubric.toml keeps it.

A question without an entry there has the rubric that its marking scheme states: "2 points: names the loss. 1 point: …".
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from autograder.errors import CourseError
from autograder.files import write_atomically
from autograder.toml_files import Text, Texts, TomlTable, as_key, as_toml, check_toml, place, read_toml, says, wrong

FILE = "rubric.toml"
MADE = "The rubrics of the answers: written by `autograder mark`, and by hand as you like."
ADD: Literal["adding up"] = "adding up"
TAKE: Literal["taking off"] = "taking off"
KEYS = "abcdefghijklmnopqrstuvwxyz"

STATED = re.compile(
    r"(?P<points>\d+(?:[.,]\d+)?|half\s+an?|½|one|two|three|four|five)\s*(?:points?|pts?|marks?)\b\.?"
    r"(?P<each>\s+each\b)?\s*(?P<sign>[:–—-]|\bfor\b)",
    re.IGNORECASE,
)
IN_WORDS = {"½": 0.5, "one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0}


class RubricItem(TomlTable):
    """One item: so many points for what the sentence says."""

    id: Text = Field(examples=["a"])
    """Its name in the history. Keep it when you change points or text."""
    points: Annotated[float, says("a number of points")] = Field(examples=[2])
    """The points: given when adding up, lost when taking off."""
    text: Text = Field(examples=["equal scores give every class 1/10, hence ln 10"])
    """What it is for. Students read it in their feedback."""


def different_items(items: tuple[RubricItem, ...]) -> tuple[RubricItem, ...]:
    ids = [item.id for item in items]
    for id in ids:
        if ids.count(id) > 1:
            raise wrong(f': id "{id}" is there more than once.')
    return items


class QuestionRubric(TomlTable):
    """The rubric of one question."""

    start: Annotated[Literal["adding up", "taking off"], says(f'"{ADD}" or "{TAKE}"')] = ADD
    """Whether items add points, from 0, or take them off, from all points of the question."""
    item: Annotated[tuple[RubricItem, ...], AfterValidator(different_items)] = ()
    """One table, [[question."NOTEBOOK:CELL".item]], for each item, in the order of the keys 1 to 9."""
    show: Texts | None = None
    """Ids of the cells whose outputs belong to the answer. Left out: the plot or table above it that the question
    speaks of."""


def places_only(questions: Mapping[str, QuestionRubric]) -> Mapping[str, QuestionRubric]:
    for name in questions:
        place(name)
    return questions


class RubricToml(TomlTable):
    """A rubric.toml: how the answers of an assignment are marked."""

    hide_names: bool = False
    """Whether markers see numbers instead of the students' names."""
    hand_out: Annotated[Literal["in turn", "by share"], says('"in turn" or "by share"')] = "in turn"
    """How several markers divide the answers: each takes the next that nobody has open, or each has a fixed share."""
    markers: Texts = ()
    """The names of those who share the answers, as the marking room shows them."""
    question: Annotated[Mapping[str, QuestionRubric], AfterValidator(places_only)] = Field(default_factory=dict)
    """One table, [question."NOTEBOOK:CELL"], for each question."""

    def of(self, key: tuple[str, str], scheme: str) -> QuestionRubric:
        """The rubric of one question: its own, else what its marking scheme states."""
        return self.question.get(":".join(key)) or QuestionRubric(item=items_stated(scheme))

    def having(self, key: tuple[str, str], rubric: QuestionRubric) -> "RubricToml":
        """The same with another rubric for one question."""
        return self.model_copy(update={"question": {**self.question, ":".join(key): rubric}})


def items_stated(scheme: str) -> tuple[RubricItem, ...]:
    """The items that a marking scheme states, each from its points up to the next: "2 points: … 1 point for …"."""
    text = re.sub(r"^[ \t]*(?:[*+-]|\d+\.)[ \t]+", "", scheme, flags=re.MULTILINE)
    found = list(STATED.finditer(text))
    ends = [one.start() for one in found[1:]] + [len(text)]
    items: list[RubricItem] = []
    for one, end in zip(found, ends, strict=False):  # nothing is stated: one end, and no beginning
        said = " ".join(text[one.end() : end].split()).strip(" ;,.:–—-*_")
        if said and len(items) < len(KEYS):
            items.append(RubricItem(id=KEYS[len(items)], points=number_of(one["points"]), text=said))
    return tuple(items)


def number_of(text: str) -> float:
    """The number in "2", "2,5", "½", "half a" or "two"."""
    text = text.lower()
    return IN_WORDS[text] if text in IN_WORDS else 0.5 if text.startswith("half") else float(text.replace(",", "."))


def new_id(taken: Sequence[str]) -> str:
    """An id that no item of the question has, nor ever had."""
    free = (letter for letter in KEYS if letter not in taken)
    number = 1
    while f"i{number}" in taken:
        number += 1
    return next(free, f"i{number}")


def read_rubric(folder: Path) -> RubricToml:
    """The rubric in an assignment's folder; the defaults where there is none.

    Raises:
        CourseError: rubric.toml is wrong.
    """
    path = folder / FILE
    return check_toml(RubricToml, read_toml(path), path) if path.exists() else RubricToml()


def write_rubric(folder: Path, rubric: RubricToml) -> None:
    """Write rubric.toml, in one step.

    Raises:
        CourseError: it cannot be written.
    """
    try:
        write_atomically(folder / FILE, as_text(rubric))
    except OSError as error:
        raise CourseError(
            f"{folder / FILE} cannot be written: {error.strerror}. Rubrics are kept there: ask who owns the folder."
        ) from None


def as_text(rubric: RubricToml) -> str:
    """The text of rubric.toml."""
    lines = [f"# {MADE}"]
    if rubric.hide_names:
        lines.append("hide_names = true")
    if rubric.hand_out != "in turn":
        lines.append(f"hand_out = {as_toml(rubric.hand_out)}")
    if rubric.markers:
        lines.append(f"markers = {as_toml(rubric.markers)}")
    for name, one in rubric.question.items():
        table = f"question.{as_key(name)}"
        lines += ["", f"[{table}]", f"start = {as_toml(one.start)}"]
        if one.show is not None:
            lines.append(f"show = {as_toml(one.show)}")
        for item in one.item:
            points = f"{item.points:.10g}"
            lines += ["", f"[[{table}.item]]", f"id = {as_toml(item.id)}", f"points = {points}"]
            lines.append(f"text = {as_toml(item.text)}")
    return "\n".join(lines) + "\n"
