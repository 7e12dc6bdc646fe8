"""The reference pages in docs/reference/ and the JSON schemas, made from the code: `python -m autograder.reference`.

Whatever the pages say stands in the code that they describe: the models of the .toml files, the commands, the
docstrings of `expect`.
"""

import inspect
import json
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import CoreSchema, PydanticUndefined
from typer.models import ArgumentInfo, OptionInfo

from autograder import expect
from autograder.assignment import AssignmentToml
from autograder.cli import app
from autograder.course import CourseToml
from autograder.demo.students import DemoToml
from autograder.mark.rubric import RubricToml
from autograder.toml_files import TomlTable, as_toml, tables_in

REPOSITORY = Path(__file__).resolve().parents[1]
SCHEMAS = "autograder/schemas"
PAGES = "docs/reference"
FILES: dict[str, type[TomlTable]] = {
    "assignment": AssignmentToml,
    "course": CourseToml,
    "demo": DemoToml,
    "rubric": RubricToml,
}
MADE = "<!-- Made by `python -m autograder.reference`; change the code that it describes instead. -->"

BEGINS = "<!-- begins: a course with softmax_net and knn_and_mse_net; graded -->"
"""Where the examples of commands are run (`tests/pages`)."""
NOT_RUN = {"autograder data cifar10": "it downloads 170 MB"}


def reference() -> dict[str, str]:
    """Every file that is made: its path in the repository -> its text."""
    schemas = {f"{SCHEMAS}/{name}.json": schema(name, model) for name, model in FILES.items()}
    pages = {f"{PAGES}/{name}.toml.md": toml_page(name, model) for name, model in FILES.items()}
    return {
        **schemas,
        **pages,
        f"{PAGES}/command-line.md": command_page(),
        f"{PAGES}/expect.md": expect_page(),
    }


# --- schemas ----------------------------------------------------------------------------------------------------------


class TomlSchema(GenerateJsonSchema):
    """pydantic's JSON schema, less what TOML does not have (null) and what says nothing (titles made from names)."""

    def nullable_schema(self, schema: Any) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        made = super().default_schema(schema)
        if made.get("default", 0) in (None, []) or isinstance(made.get("default"), dict):
            del made["default"]
        return made

    def field_title_should_be_set(self, schema: CoreSchema | Any) -> bool:
        return False


def schema(name: str, model: type[TomlTable]) -> str:
    """The JSON schema of a file."""
    made = model.model_json_schema(schema_generator=TomlSchema)
    made = {"$schema": TomlSchema.schema_dialect, **made, "title": f"{name}.toml"}
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


# --- .toml files ------------------------------------------------------------------------------------------------------


def toml_page(name: str, model: type[TomlTable]) -> str:
    """A page about one of the .toml files."""
    lines = [f"# {name}.toml", "", MADE, "", inspect.getdoc(model) or "", ""]
    lines += ["In an editor that knows TOML schemas, this first line brings completion and checks:", ""]
    depth = "" if name == "course" else "../../"
    lines += ["```toml", f"#:schema {depth}{SCHEMAS}/{name}.json", "```", ""]
    lines += list(table_lines(model, ""))
    return "\n".join(lines).rstrip() + "\n"


def table_lines(model: type[TomlTable], heading: str) -> Iterator[str]:
    """The keys of a table as a list, then the tables in it."""
    if heading:
        yield from (f"## {heading}", "", inspect.getdoc(model) or "", "")
    inner = []
    for key, field in model.model_fields.items():
        tables = list(tables_in(field.annotation))
        if tables:
            several = field.is_required()
            inner.append((f"[[{key}]]" if several else f"[{key}]", tables[0]))
        text = " ".join((field.description or "").split())
        yield f"- **`{key}`** ({kind_of(model, key)}{default_of(field)}): {text}"
    yield ""
    for name, table in inner:
        yield from table_lines(table, name)


def kind_of(model: type[TomlTable], key: str) -> str:
    """What kind of value a key takes, in words, from its schema."""
    made = model.model_json_schema(schema_generator=TomlSchema)["properties"][key]
    return in_words(made)


def in_words(made: dict[str, Any]) -> str:
    if "anyOf" in made:
        return " or ".join(dict.fromkeys(in_words(option) for option in made["anyOf"]))
    if made.get("format", "").startswith("date-time"):
        return "date and time"
    if made.get("type") == "array" and "$ref" in made["items"]:
        return "tables"
    if made.get("type") == "array":
        return "list of texts"
    if made.get("type") == "object" or "$ref" in made or "allOf" in made:
        return "table"
    if "enum" in made:
        return " or ".join(map(as_toml, made["enum"]))
    kind = {"boolean": "true or false", "string": "text", "integer": "whole number", "number": "number"}[made["type"]]
    if "exclusiveMinimum" in made:
        kind += f" above {made['exclusiveMinimum']:g}"
    if "maximum" in made:
        kind += f" from {made['minimum']:g} to {made['maximum']:g}"
    elif "minimum" in made:
        kind += f", {made['minimum']:g} or more"
    return kind


def default_of(field: FieldInfo) -> str:
    if field.is_required():
        return ", required"
    if field.default in (PydanticUndefined, None, (), frozenset()) or isinstance(field.default, TomlTable):
        return ""
    return f", default {as_toml(field.default)}"


# --- commands ---------------------------------------------------------------------------------------------------------


def command_page() -> str:
    """A page about every command, as its `--help` says it."""
    lines = ["# The command line", "", MADE, ""]
    lines += ["Each command explains itself: `autograder COMMAND -h`. Exit code 0 means that all that was asked for"]
    lines += ["happened.", "", BEGINS, ""]
    for name, function in commands():
        hints = get_type_hints(function, include_extras=True)
        parameters = [Parameter.of(p, hints[p.name]) for p in inspect.signature(function).parameters.values()]
        arguments = [p for p in parameters if not p.is_option]
        usage = " ".join(["autograder", name, *["[OPTIONS]"] * (len(arguments) < len(parameters))])
        lines += [f"## {name}", "", *paragraphs(inspect.getdoc(function) or ""), ""]
        lines += ["```text", " ".join([usage, *(p.usage for p in arguments)]), "```", ""]
        lines += [
            f"- `{p.usage}`" + (f": {p.about}" if p.about else "")
            for p in sorted(parameters, key=lambda p: p.is_option)
        ]
        lines += [""] if parameters else []
    return "\n".join(lines).rstrip() + "\n"


def commands() -> Iterator[tuple[str, Callable]]:
    """Every command with its function, those of groups as "roster import"; hidden ones are left out."""
    groups = [("", app), *((f"{group.name} ", group.typer_instance) for group in app.registered_groups)]
    for prefix, group in groups:
        for command in group.registered_commands if group else ():
            if command.callback is not None and not command.hidden:
                yield prefix + (command.name or command.callback.__name__.replace("_", "-")), command.callback


@dataclass(frozen=True)
class Parameter:
    """An argument or option of a command: how it is written, and what it does."""

    is_option: bool
    usage: str
    about: str

    @classmethod
    def of(cls, parameter: inspect.Parameter, hint: Any) -> "Parameter":
        """Read it from the function's signature, where typer reads it too."""
        kind, *notes = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        info = next((note for note in (*notes, parameter.default) if isinstance(note, OptionInfo | ArgumentInfo)), None)
        default = parameter.default
        if isinstance(default, OptionInfo | ArgumentInfo):
            default = default.default
        about = " ".join((info.help if info and info.help else "").split())
        if isinstance(default, str | int | float) and default not in ("", False, True) and "efault" not in about:
            about += f" Default: {default}."
        if not isinstance(info, OptionInfo):
            name = (info.metavar if info else None) or parameter.name.upper()
            name = name if default in (inspect.Parameter.empty, ...) else f"[{name}]"
            several = any(get_origin(part) is list for part in (kind, *get_args(kind)))
            return cls(False, name + "..." * several, about.strip())
        first = [info.default] if isinstance(info.default, str) and info.default.startswith("-") else []
        names = [*first, *(info.param_decls or ())] or [f"--{parameter.name.replace('_', '-')}"]
        return cls(True, " ".join([", ".join(names), *value_of(kind, info.metavar)]), about.strip())


def value_of(kind: Any, metavar: str | None) -> list[str]:
    """What follows an option's name: nothing for a switch, else what kind of value."""
    kinds = [part for part in (kind, *get_args(kind), *(p for a in get_args(kind) for p in get_args(a))) if part]
    if bool in kinds:
        return []
    words = {int: "NUMBER", float: "NUMBER", Path: "PATH"}
    return [metavar or next((words[part] for part in kinds if part in words), "TEXT")]


def paragraphs(text: str) -> list[str]:
    """A help text in Markdown; its examples are a block of commands."""
    lines = []
    for line in text.strip().splitlines():
        if not (example := re.match(r"(Examples?:)\s+(.*)$", line.strip())):
            lines.append(line.strip())
            continue
        commands = re.split(r"\s{2,}", example[2])
        notes = [f"<!-- not run ({command}): {NOT_RUN[command]} -->" for command in commands if command in NOT_RUN]
        lines += [example[1], "", *notes, "```bash", *commands, "```"]
    return lines


# --- expect -----------------------------------------------------------------------------------------------------------


def expect_page() -> str:
    """A page about every function of `expect`, from signatures and docstrings."""
    lines = ["# expect", "", MADE, "", *(inspect.getdoc(expect) or "").splitlines(), ""]
    for name in expect.__all__:
        member = getattr(expect, name)
        if inspect.isclass(member):
            continue
        signature = re.sub(r"\b(?:[a-z_]+\.)+([A-Za-z_]+)\b", r"\1", str(inspect.signature(member)))
        code = f"expect.{name}{signature}"
        if len(code) > 100:
            inside, result = code.rsplit(")", 1)
            head, inside = inside.split("(", 1)
            parameters = re.split(r", (?=\w+:|\*|\w+=)", inside)
            code = "\n".join([f"{head}(", *(f"    {parameter}," for parameter in parameters), f"){result}"])
        lines += [f"## {name}", "", "```python", code, "```", "", *docstring_lines(inspect.getdoc(member) or "")]
    return "\n".join(lines).rstrip() + "\n"


SECTIONS = {"Args:": "Arguments", "Returns:": "Returns", "Raises:": "Raises"}


def docstring_lines(text: str) -> Iterator[str]:
    """A docstring in Markdown: its sections are headed in bold, their entries a list."""
    for block in re.split(r"\n\n", text):
        title, _, rest = block.partition("\n")
        if title in SECTIONS:
            yield from (f"**{SECTIONS[title]}**", "")
            for entry in re.split(r"\n(?=\S)", textwrap.dedent(rest)):
                name, colon, about = entry.partition(": ")
                about = " ".join((about if colon else entry).split())
                yield f"- `{name}`: {about}" if colon and "\n" not in name else f"- {about}"
        else:
            yield block
        yield ""


def main() -> None:
    """Write every file again."""
    for path, text in reference().items():
        (REPOSITORY / path).parent.mkdir(parents=True, exist_ok=True)
        (REPOSITORY / path).write_text(text, encoding="utf-8", newline="\n")
        print(path)


if __name__ == "__main__":
    main()
