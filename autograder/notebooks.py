"""Read and write notebooks: reading survives whatever is in the file, writing gives the same bytes each time."""

import json
import math
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat
import nbformat.v4
from nbformat import NotebookNode

from autograder.errors import CourseError
from autograder.files import UTF_8, decoded, write_atomically
from autograder.words import conflict_in

MAX_BYTES = 64 * 2**20
MAX_CONTAINERS = 2_000_000  # lists and objects in one file: a small file can hold many, and each takes memory
MAX_CELLS = 5000
MAX_DEPTH = 40
CELL_TYPES = ("code", "markdown", "raw")
NO_ID, OLD_FORMAT = " has no usable id", "its format is 4."
CELL_ID = re.compile(r"[a-zA-Z0-9-_]{1,64}")
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}

_PYTHON = {"python", "python3", "ipython", "ipython3"}
_OTHERS = re.compile(
    r"(ir|bash|zsh|julia|sage|octave|matlab|javascript|deno|tslab|iruby|ruby|haskell|ihaskell|xcpp|rust|go|scala|sas|"
    r"stata|java|kotlin|maxima|gap|spark|\.net)([-_.\d]|math|kernel|\Z)",
    re.IGNORECASE,
)


def other_kernel_name(nb: NotebookNode) -> str:
    """The name of the kernel of a notebook that is not for Python; "" for one that is, or that does not say."""
    kernel, info = nb.metadata.get("kernelspec") or {}, nb.metadata.get("language_info") or {}
    name = str(kernel.get("name") or "")
    language = str(kernel.get("language") or info.get("name") or "").lower()
    other = (language not in _PYTHON) if language else bool(_OTHERS.match(name))
    if other or name.lower().startswith("sage"):  # Sage says that its language is Python, but reads it differently
        return str(kernel.get("display_name") or name or language)
    return ""


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook that may hold anything.

    A malformed part is left out or replaced, so that what comes back is always a valid notebook of format 4.5.

    Raises:
        CourseError: nothing else is ever raised. The file is missing, not a regular file, too large, not UTF-8,
            not JSON, not a notebook, or a notebook of another format than 4.
    """
    return parse_notebook(read_bytes(path), str(path))[0]


def parse_notebook(data: bytes, name: str) -> tuple[NotebookNode, tuple[str, ...]]:
    """Return the notebook that the bytes of a file called `name` hold, and what had to be mended in it.

    Raises:
        CourseError: as `read_notebook`.
    """
    if len(data) > MAX_BYTES or data.count(b"{") + data.count(b"[") > MAX_CONTAINERS:
        raise CourseError(
            f"{name} is too large (at most {MAX_BYTES >> 20} MB and {MAX_CONTAINERS} lists and objects are read). "
            "Clear the outputs that are too long and save it again."
        )
    read = decoded(data)
    if read is None:
        raise CourseError(f"{name} is not a text file. Save it as UTF-8.")
    text, encoding = read
    try:
        content = json.loads(text, parse_constant=lambda name: None)
    except RecursionError:
        raise CourseError(f"{name} is nested too deeply to be a notebook.") from None
    except ValueError as error:
        if conflict := conflict_in(text):
            raise CourseError(f"{name} {conflict}") from None
        what = f"invalid JSON{_place(error)}" if text.strip() else "it is empty"
        raise CourseError(
            f"{name} is not a notebook ({what}). Was it cut off, or edited by hand? "
            "Jupyter keeps its last saved state in the folder .ipynb_checkpoints beside it."
        ) from None
    mended: list[str] = [] if encoding in UTF_8 else [f"it is saved as {encoding}, not as UTF-8"]
    if isinstance(content, dict) and content.get("nbformat") in (2, 3) and "worksheets" in content:
        mended.append(f"it was converted from format {content['nbformat']}")
        content = _converted(content, name)
    if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
        raise CourseError(f"{name} is not a notebook: it has no list of cells. Was another file given its name?")
    if type(content.get("nbformat")) is not int or content["nbformat"] != 4:
        given = f"is of format {content['nbformat']!r:.20}" if "nbformat" in content else "does not say its format"
        raise CourseError(f"{name} {given}; format 4 is needed. Open it in Jupyter and save it.")
    if len(content["cells"]) > MAX_CELLS:
        raise CourseError(f"{name} has {len(content['cells'])} cells; at most {MAX_CELLS} are read. Split it.")
    notebook = _notebook(content, mended.append)
    return notebook, tuple(without_repeated(mended))


def without_repeated(mended: Sequence[str]) -> Iterator[str]:
    """What was mended, with one line for all cells without ids; none in a format that has no ids."""
    lost = [sentence for sentence in mended if sentence.endswith(NO_ID)]
    for sentence in mended:
        if sentence not in lost:
            yield sentence
        elif sentence == lost[0] and not any(one.startswith(OLD_FORMAT) for one in mended):
            yield sentence if len(lost) == 1 else f"{len(lost)} cells have{NO_ID.removeprefix(' has')}"


def _place(error: ValueError) -> str:
    """Where JSON ends to be JSON, in words; what is wrong where that has no place."""
    if isinstance(error, json.JSONDecodeError):
        return f" at line {error.lineno}, column {error.colno}"
    return f": {error}"


def format_notebook(notebook: NotebookNode) -> str:
    """Return the notebook's file text: sorted keys, one space of indentation, a line feed at the end."""
    return nbformat.v4.writes_json(notebook).rstrip("\n") + "\n"


def write_notebook(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook; the file is replaced in one step, so that it is never half written."""
    write_atomically(path, format_notebook(notebook))


# --- reading, one part at a time --------------------------------------------------------------------------------------


def read_bytes(path: Path) -> bytes:
    """The bytes of a regular file, one more than MAX_BYTES at most; a pipe or a device does not hold it up."""
    path = Path(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise CourseError(f"{path} is not there.") from None
    except (OSError, ValueError) as error:
        raise CourseError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise CourseError(f"{path} is not a file.")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from None
    finally:
        os.close(descriptor)


def _converted(content: dict[str, Any], name: str) -> dict[str, Any]:
    """A notebook of format 2 or 3 (IPython's, until 2015) in format 4."""
    try:
        made = nbformat.convert(nbformat.reader.reads(json.dumps(content)), 4)  # a file has its texts as lists of lines
        for number, cell in enumerate(made["cells"], 1):
            cell["id"] = f"cell-{number}"  # the converter's are others each time
        return made
    except Exception:  # the converter expects every part where it belongs
        raise CourseError(
            f"{name} is a notebook of an old format, and damaged. Open it in Jupyter and save it."
        ) from None


Note = Callable[[str], None]


def _notebook(content: dict[str, Any], note: Note) -> NotebookNode:
    minor = content.get("nbformat_minor")
    if type(minor) is not int or minor < 5:
        note(f"{OLD_FORMAT}{repr(minor)[:20]}, not 4.5")
    metadata = _object(content.get("metadata"), "the notebook's metadata", note)
    cells: list[NotebookNode] = []
    ids: set[str] = set()
    for number, cell in enumerate(content["cells"], start=1):
        if not isinstance(cell, dict):
            note(f"cell {number} is not a cell")
            continue
        cells.append(_cell(cell, f"cell {number}", ids, note))
    return NotebookNode(nbformat=4, nbformat_minor=5, metadata=metadata, cells=cells)


def _cell(cell: dict[str, Any], where: str, ids: set[str], note: Note) -> NotebookNode:
    kind = cell.get("cell_type")
    if kind not in CELL_TYPES:
        note(f"{where} is of unknown type {repr(kind)[:40]}")
        kind = "raw"
    metadata = _object(cell.get("metadata"), f"{where}'s metadata", note)
    out = NotebookNode(
        id=_id(cell.get("id"), metadata, where, ids, note),
        cell_type=kind,
        metadata=metadata,
        source=_text(cell.get("source"), f"{where}'s source", note),
    )
    if kind == "code":
        out.execution_count = _count(cell.get("execution_count"))
        out.outputs = _outputs(cell.get("outputs"), where, note)
    elif "attachments" in cell:
        out.attachments = _attachments(cell["attachments"], where, note)
    return out


def _id(given: Any, metadata: NotebookNode, where: str, ids: set[str], note: Note) -> str:
    """The cell's id; where that is unusable, the id that nbgrader's metadata has; else a new one."""
    nbgrader = metadata.get("nbgrader")
    second = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    number = len(ids) + 1
    while f"cell-{number}" in ids:
        number += 1
    usable = [x for x in (given, second) if isinstance(x, str) and CELL_ID.fullmatch(x) and x not in ids]
    chosen = (usable or [f"cell-{number}"])[0]
    if isinstance(given, str) and given in ids:
        note(f'{where} has the id "{given}" of an earlier cell')
    elif chosen != given:
        note(f"{where}{NO_ID}")
    ids.add(chosen)
    return chosen


def _outputs(outputs: Any, where: str, note: Note) -> list[NotebookNode]:
    if not isinstance(outputs, list):
        note(f"{where} has no list of outputs")
        return []
    kept = []
    for output in outputs:
        plain = _output(output) if isinstance(output, dict) else None
        if plain is None:
            note(f"{where} has a malformed output")
        else:
            kept.append(plain)
    return kept


def _output(output: dict[str, Any]) -> NotebookNode | None:
    kind = output.get("output_type")
    try:
        if kind == "stream":
            return NotebookNode(output_type=kind, name=_word(output["name"]), text=_join(output["text"]))
        if kind == "error":
            traceback = [_join(line) for line in output["traceback"]]
            return NotebookNode(
                output_type=kind, ename=_word(output["ename"]), evalue=_word(output["evalue"]), traceback=traceback
            )
        if kind in ("display_data", "execute_result"):
            metadata = output.get("metadata")
            metadata = _plain(metadata if isinstance(metadata, dict) else {})
            plain = NotebookNode(output_type=kind, data=_bundle(output["data"]), metadata=metadata)
            if kind == "execute_result":
                plain.execution_count = _count(output.get("execution_count"))
            return plain
    except (KeyError, TypeError, AttributeError, ValueError):
        return None
    return None


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < 2**53 else None


def _attachments(attachments: Any, where: str, note: Note) -> NotebookNode:
    try:
        return NotebookNode({_word(name): _bundle(data) for name, data in attachments.items()})
    except (TypeError, AttributeError, ValueError):
        note(f"{where} has malformed attachments")
        return NotebookNode()


def _bundle(data: dict[str, Any]) -> NotebookNode:
    """Representations of one thing by their types: JSON where the type says so, else text."""
    return NotebookNode(
        {
            _word(mime): _plain(value) if mime.endswith("json") and not isinstance(value, str) else _join(value)
            for mime, value in data.items()
        }
    )


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return _clean(value)


def _join(value: Any) -> str:
    """A text, which a file may give as a list of lines."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return _clean("".join(value))
    return _word(value)


def _text(value: Any, what: str, note: Note) -> str:
    try:
        return _join(value)
    except TypeError:
        note(f"{what} is not text")
        return ""


def _object(value: Any, what: str, note: Note) -> NotebookNode:
    if isinstance(value, dict):
        try:
            return _plain(value)
        except ValueError:
            note(f"{what} is nested too deeply")
    else:
        note(f"{what} is not an object")
    return NotebookNode()


def _plain(value: Any, depth: int = MAX_DEPTH) -> Any:
    """A copy that can be written as UTF-8 again; ValueError if it is nested deeper than anyone needs."""
    if depth == 0:
        raise ValueError("nested too deeply")
    if isinstance(value, dict):
        return NotebookNode({_clean(key): _plain(item, depth - 1) for key, item in value.items()})
    if isinstance(value, list):
        return [_plain(item, depth - 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return _clean(value) if isinstance(value, str) else value


def _clean(text: str) -> str:
    """The text without halves of surrogate pairs, which UTF-8 cannot hold."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
