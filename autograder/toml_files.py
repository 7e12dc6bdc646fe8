"""The kit's .toml files: read through pydantic's models, with mistakes told in plain words.

A model's fields say what a file may hold; from the same fields come the messages, the JSON schemas that editors use
(`autograder/schemas/`) and the reference pages. Reusable kinds of values (`Text`, `Places`, `Positive`, …) each know
how to say what they want.
"""

import difflib
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    WrapValidator,
)
from pydantic import ValidationInfo as Info
from pydantic.json_schema import WithJsonSchema
from pydantic_core import ErrorDetails, PydanticCustomError

from autograder.errors import CourseError
from autograder.words import conflict_in

WRONG = "wrong"
"""The type of our own errors: their text follows the key's name."""
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
WIDTH = 120
SHOWN = 60
"""So many characters of a wrong value are shown."""


class TomlTable(BaseModel):
    """A table of a .toml file: only its fields are allowed as keys, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


TOML_REMEDIES = {
    "Cannot overwrite": "a name is given twice. Take one of the lines out.",
    "Cannot declare": "a [table] is begun twice. Put its lines together.",
    "Expected '='": "each line is  name = value,  or a [table] begins in it.",
    "Unterminated string": "a text is not closed by a quote.",
    "Unclosed array": "a list is not closed by ]",
    "Invalid value": 'this is not a value. Texts stand in quotes, like  "Homework 1"',
}
"""What is wrong, and what to do, for the beginnings of the messages of `tomllib`."""

Model = TypeVar("Model", bound=TomlTable)


# --- reading ----------------------------------------------------------------------------------------------------------


def read_toml(path: Path, missing: str = "") -> dict[str, Any]:
    """Return what the file holds.

    Raises:
        CourseError: it is missing (its text goes on with `missing`), cannot be read, or is not TOML.
    """
    text = ""
    try:
        text = path.read_text(encoding="utf-8-sig")
        return tomllib.loads(text)
    except FileNotFoundError:
        raise CourseError(f"{path} is missing{missing or '.'}") from None
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CourseError(f"{path} is not UTF-8. Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        if conflict := conflict_in(text):
            raise CourseError(f"{path} {conflict}") from None
        what, _, place = str(error).partition(" (")
        remedy = next((remedy for words, remedy in TOML_REMEDIES.items() if words in what), "Look at that line.")
        raise CourseError(f"{path} is not TOML {place.removesuffix(')')}: {remedy}".replace(" :", ":")) from None


def check_toml(model: type[Model], given: Mapping[str, Any], path: Path) -> Model:
    """Return `given`, which was read from `path`, as the model.

    Raises:
        CourseError: something in it is wrong; one line for each mistake.
    """
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        problems = (in_words(model, detail) for detail in error.errors(include_url=False))
        raise CourseError("\n".join(dict.fromkeys(f"{path}: {problem}" for problem in problems))) from None


def in_words(model: type[TomlTable], error: ErrorDetails) -> str:
    """One of pydantic's errors as a sentence: which key, what is wrong with it, what to write."""
    *above, key = error["loc"]
    parts = named(error["loc"])
    where, within = ": ".join(parts), "".join(f"{part}: " for part in parts[:-1])
    table = table_at(model, above)
    if error["type"] == "extra_forbidden":
        return f'{within}unknown key "{key}". {did_you_mean(str(key), table.model_fields)}'
    if error["type"] == "missing":
        example = (table.model_fields[str(key)].examples or [""])[0]
        return f'{within}"{key}" is missing. Add, for example,  {key} = {as_toml(example)}'
    if error["type"] == WRONG:
        text = error["msg"]
        return f"{where}{text}" if text.startswith(":") else f"{where} {text}"
    if error["type"] in ("model_type", "dict_type"):
        return f"{where} must be a table, [{'.'.join(parts)}], not {shown(error['input'])}."
    raise AssertionError(f"no words for {error}")


def named(place: Sequence[int | str]) -> list[str]:
    """The parts of a place in a file as one would name them: "limits", "student 2", "id"; not which item of a list."""
    parts: list[str] = []
    for part, after in zip(place, [*place[1:], 0], strict=True):
        if isinstance(part, int):
            parts[-1] += f" {part + 1}" if isinstance(after, str) else ""
        elif part != "[key]":
            parts.append(as_key(part))
    return parts


def table_at(model: type[TomlTable], place: Iterable[int | str]) -> type[TomlTable]:
    """The model of the table at a place within a file; the last one on the way where the rest are plain values."""
    for name in place:
        field = model.model_fields.get(name) if isinstance(name, str) else None
        if field is not None:
            model = next(tables_in(field.annotation), model)
    return model


def tables_in(annotation: Any) -> Iterator[type[TomlTable]]:
    """The models that a field's type speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, TomlTable):
        yield annotation
    for part in get_args(annotation):
        yield from tables_in(part)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint for a name that is not known."""
    known = list(known)
    near = [one for one in known if one.casefold() == name.casefold()] or difflib.get_close_matches(name, known, n=1)
    return f'Did you mean "{near[0]}"?' if near else f"There are: {', '.join(known) or 'none'}."


def as_toml(value: Any) -> str:
    """A value as one would write it in a .toml file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{as_key(key)} = {as_toml(item)}" for key, item in value.items()) + "}"
    return str(value)


def as_key(key: str) -> str:
    """A key as one would write it in a .toml file."""
    return key if BARE_KEY.fullmatch(key) else as_toml(key)


def shown(value: Any) -> str:
    """A value for a message: as in a .toml file, shortened where it is long."""
    text = as_toml(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 2]} …"


def format_toml(values: Mapping[str, Any], comment: str) -> str:
    """The text of a .toml file: plain values first, then one table for each mapping."""
    lines = [f"# {comment}"]
    tables = {key: value for key, value in values.items() if isinstance(value, Mapping)}
    for key, value in values.items():
        line = f"{as_key(key)} = {as_toml(value)}"
        if isinstance(value, list | tuple) and len(line) > WIDTH:
            line = "\n".join([f"{as_key(key)} = [", *(f"    {as_toml(item)}," for item in value), "]"])
        if key not in tables:
            lines.append(line)
    for key, table in tables.items():
        lines += ["", f"[{as_key(key)}]", *(f"{as_key(name)} = {as_toml(value)}" for name, value in table.items())]
    return "\n".join(lines) + "\n"


# --- kinds of values --------------------------------------------------------------------------------------------------


def wrong(text: str) -> PydanticCustomError:
    """The error whose text follows the key's name: "must be …", ": write …"."""
    return PydanticCustomError(WRONG, "{text}", {"text": text})


def says(wanted: str) -> WrapValidator:
    """Turn whatever pydantic says against a value into "must be `wanted`, not `value`."."""

    def check(value: Any, validate: Callable[[Any], Any], info: Info) -> Any:
        try:
            return validate(value)
        except (ValidationError, OverflowError):
            raise wrong(f"must be {wanted}, not {shown(value)}.") from None

    return WrapValidator(check)


def not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError
    return text


def without_doubles(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        if texts.count(text) > 1:
            raise wrong(f'has "{text}" more than once. Take one of them out.')
    return texts


def listed(value: Any) -> Any:
    if not isinstance(value, list | tuple | set | frozenset):
        raise wrong(f'must be a list of texts, like ["a", "b"], not {shown(value)}.')
    return value


def plain_file(name: str) -> str:
    """The name of a file beside assignment.toml."""
    if any(sign in name for sign in "*?["):
        raise wrong(f': "{name}" must be the name of one file: list each file.')
    if "\\" in name or PurePosixPath(name).name != name or name.startswith("."):
        raise wrong(f': "{name}" must be the name of a file in the assignment\'s folder, without a path.')
    return name


def package(text: str) -> str:
    """A package as pip takes it."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        Requirement(text)
    except InvalidRequirement:
        raise wrong(f': "{text}" is not a package as pip takes it, like "tensorflow>=2.16".') from None
    return text


def notebook_names(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise wrong("is empty. Name the notebooks in order, without .ipynb.")
    for name in names:
        if name.endswith(".ipynb"):
            raise wrong(f': write "{name.removesuffix(".ipynb")}", without .ipynb.')
        plain_file(name)
    return names


def place(value: Any) -> tuple[str, str]:
    """(notebook, cell id) of "notebook:cell-id"."""
    if isinstance(value, tuple):
        return value
    notebook, colon, cell = value.partition(":") if isinstance(value, str) else ("", "", "")
    if not (notebook and colon and cell):
        raise wrong(f'must name cells as "notebook:cell-id", not {shown(value)}.')
    return notebook, cell


def places(value: Any) -> frozenset[tuple[str, str]]:
    return frozenset(place(text) for text in without_doubles(tuple(listed(value))))


def points(value: Any) -> Mapping[tuple[str, str], float]:
    if not isinstance(value, Mapping):
        raise wrong(f"must be a table, [extra_credit], not {shown(value)}.")
    for key, number in value.items():
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number < float("inf"):
            raise wrong(f': "{key}" must be a number above 0, not {shown(number)}.')
    return {place(key): float(number) for key, number in value.items()}


def moment(value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise wrong(f"must be a date and a time, like 2026-10-09T23:59:00, not {shown(value)}.")
    return value


CELL = {"type": "string", "pattern": "^[^:]+:.+$"}
Text = Annotated[str, Field(min_length=1), AfterValidator(not_blank), says("a text")]
Texts = Annotated[tuple[Text, ...], AfterValidator(without_doubles), BeforeValidator(listed)]
Files = Annotated[
    tuple[Annotated[Text, AfterValidator(plain_file)], ...], AfterValidator(without_doubles), BeforeValidator(listed)
]
Packages = Annotated[
    tuple[Annotated[Text, AfterValidator(package)], ...], AfterValidator(without_doubles), BeforeValidator(listed)
]
Notebooks = Annotated[Texts, AfterValidator(notebook_names), Field(json_schema_extra={"minItems": 1})]
Places = Annotated[
    frozenset[tuple[str, str]],
    BeforeValidator(places),
    PlainSerializer(sorted),
    WithJsonSchema({"type": "array", "items": CELL, "uniqueItems": True}),
]
Points = Annotated[
    Mapping[tuple[str, str], float],
    BeforeValidator(points),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "number", "exclusiveMinimum": 0}}),
]
Moment = Annotated[
    datetime,
    BeforeValidator(moment),
    WithJsonSchema({"anyOf": [{"type": "string", "format": form} for form in ("date-time", "date-time-local")]}),
]
Positive = Annotated[float, Field(gt=0, strict=True, allow_inf_nan=False), says("a number above 0")]
PositiveWhole = Annotated[int, Field(gt=0, strict=True), says("a whole number above 0")]
Whole = Annotated[int, Field(ge=0, strict=True), says("a whole number 0 or more")]
Percent = Annotated[float, Field(ge=0, le=100, strict=True), says("a number 0 or more and at most 100")]
