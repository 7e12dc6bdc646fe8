"""Whatever a submission can send or hand in is read, or refused by the error that is meant for it.

A few examples of each, always the same ones, in `make test`; as many new ones as you like in `make fuzz`.
"""

import contextlib
import functools
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import PurePosixPath

import nbformat
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from nbformat import NotebookNode

from autograder import expect
from autograder.assignment import Limits
from autograder.edits import ReleasedCell, lay_files, lay_notebook
from autograder.errors import CourseError
from autograder.expect import message
from autograder.expect.evidence import EvidenceError, EvidenceFailure, decode, encode
from autograder.expect.session import KeySession, use
from autograder.expect.verdict import judge
from autograder.expect.weights import WeightsError, load_weights
from autograder.grade import kept
from autograder.grade.prepare.fingerprints import of_text, parts_of
from autograder.grade.prepare.splice import may_act
from autograder.grade.run.follow import Following
from autograder.grade.run.jobs import Cell, NotebookRun
from autograder.grade.run.protocol import Frame, Frames, ProtocolError, packed
from autograder.intake.archives import Refused, read_zip
from autograder.notebooks import format_notebook, parse_notebook
from autograder.prose import harmless_markdown
from autograder.regions import END, START, find_regions, splice

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
fuzz = settings(
    max_examples=EXAMPLES or 20,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

texts = st.text(max_size=40) | st.sampled_from(
    ["", "code", "stream", "stdout", "error", "text/html", "<script>x</script>", "\ud800"]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def damaged(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """Bytes of something, with some of them changed, cut out or put in."""
    data = bytearray(draw(whole))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(data)))
        data[place : place + draw(st.integers(0, 9))] = draw(st.binary(max_size=9))
    return bytes(data)


# --- frames -----------------------------------------------------------------------------------------------------------

outputs = st.fixed_dictionaries(
    {"output_type": st.sampled_from(["stream", "display_data", "execute_result", "error", "clear_output", "x"])},
    optional={
        "name": texts,
        "text": texts | st.lists(texts),
        "ename": texts,
        "evalue": texts,
        "traceback": st.lists(texts) | texts,
        "data": st.dictionaries(
            st.sampled_from(["text/html", "text/plain", "image/png", "image/svg+xml", "x/y", "text/latex"]), json_values
        ),
        "metadata": json_values,
        "execution_count": json_values,
    },
)
frames = st.one_of(
    st.sampled_from(
        [(Frame.CELL_BEGINS, b'"a"'), (Frame.CELL_ENDS, b'""'), (Frame.CELL_BEGINS, b'"b"'), (Frame.FINISHED, b"null")]
    ),
    st.tuples(st.just(Frame.OUTPUT), outputs.map(lambda output: json.dumps(output).encode())),
    st.tuples(st.sampled_from(list(Frame)), json_values.map(lambda value: json.dumps(value).encode())),
    st.tuples(st.just(Frame.EVIDENCE), st.binary(max_size=60)),
)


@fuzz
@given(st.lists(st.tuples(st.sampled_from(list(Frame)), st.binary(max_size=30))), st.integers(1, 9))
def test_frames_come_through_however_they_are_cut(sent, size):
    """Are frames read as they were written, in pieces of any size?"""
    stream = b"".join(packed(kind, payload) for kind, payload in sent)
    reader = Frames(100)
    assert [
        frame for start in range(0, len(stream), size) for frame in reader.feed(stream[start : start + size])
    ] == sent


@fuzz
@given(damaged(st.lists(frames, max_size=12).map(lambda some: b"".join(packed(*one) for one in some))))
def test_what_a_notebooks_process_sends(stream):
    """Does whatever comes end in ProtocolError or in outputs that a notebook can hold, cell by cell, in order?"""
    follower = Following([Cell("a", "1"), Cell("b", "2")], 0, Limits(cell_seconds=9, notebook_seconds=9))
    try:
        follower.feed(packed(Frame.CELL_BEGINS, b'"a"') + stream)
    except ProtocolError:
        follower.stop("stopped")
    assert [*follower.run.cells] in (["a"], ["a", "b"])
    for ran in follower.run.cells.values():
        cell = NotebookNode(cell_type="code", id="a", metadata={}, source="", execution_count=None, outputs=ran.outputs)
        nbformat.validate(NotebookNode(nbformat=4, nbformat_minor=5, metadata={}, cells=[nbformat.from_dict(cell)]))


# --- evidence ---------------------------------------------------------------------------------------------------------

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats()
    | st.complex_numbers()
    | st.text(max_size=9)
    | arrays.arrays(st.sampled_from(["f8", "f4", "i8", "u1", "c16", "?"]), arrays.array_shapes(min_side=0, max_side=3)),
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


@functools.cache
def key_of(state: Callable[[], None]) -> KeySession:
    session = KeySession(3)
    with use(session):
        session.begin_cell("c")
        state()
    return session


def state_all() -> None:
    expect.same(np.arange(6.0).reshape(2, 3), name="an array")
    expect.close(1.5, 1.5, name="a number")
    expect.same({"a": [1, 2.5, "x"]}, name="a table")
    expect.holds([3, 5], lambda value: value[0] % 2 == 1, "they are not odd", name="odd numbers")


@fuzz
@given(values)
def test_evidence_is_read_as_it_was_written(value):
    """Do the bytes of a value give the same bytes again when they are read?"""
    data = encode(value)
    assert encode(decode(data)) == data


@fuzz
@given(
    st.lists(damaged(values.map(encode)), max_size=4),
    damaged(values.map(lambda value: message.pack("c", 1, encode(value)))),
)
def test_damaged_evidence_earns_nothing_and_stops_nothing(pieces, sent):
    """Is any evidence judged, or called malformed, and is credit between 0 and 1?"""
    key = key_of(state_all)
    evidence: dict = {("c", place): piece for place, piece in enumerate(pieces)}
    inbox = message.Inbox()
    inbox.add(sent)
    for part in (evidence, inbox.evidence):
        (verdict,) = judge(key.key, part).values()
        assert 0 <= verdict.credit <= 1
        assert verdict.credit == 0 or len(part) == len(key.key)
    for piece in pieces:
        with contextlib.suppress(EvidenceError):
            decode(piece)


@fuzz
@given(st.lists(values, min_size=4, max_size=4))
def test_other_values_earn_nothing(found):
    """Does no other value than the right one pass?"""
    key = key_of(state_all)
    (verdict,) = judge(key.key, {("c", place): encode(value) for place, value in enumerate(found)}).values()
    assert verdict.credit == 0
    nothing = {("c", place): EvidenceFailure("x") for place in range(4)}
    assert judge(key.key, nothing)["c"].credit == 0


# --- regions and cells ------------------------------------------------------------------------------------------------

RELEASED = f"""import numpy as np
{START}
x = 1
{END}
y = [x,
    {START}
    2,
    {END}
]


def f(x):
    {START}
    return x
    {END}
    return 3"""
LINES = [
    *RELEASED.split("\n"),
    f"{START}: name",
    "    '''",
    '"""',
    "(",
    ")",
    "\\",
    "if 0:",
    "def g():",
    "\t",
    "# ",
    "\x0c",
    "é",
    "}",
    "<!-- START YOUR ANSWER HERE -->",
]
texts_of_lines = st.lists(st.sampled_from(LINES) | texts, max_size=30).map("\n".join)


@st.composite
def edited(draw: st.DrawFn) -> str:
    """The released text with some of its lines changed."""
    lines = RELEASED.split("\n")
    for _ in range(draw(st.integers(0, 8))):
        place = draw(st.integers(0, len(lines)))
        lines[place : place + draw(st.integers(0, 2))] = draw(st.lists(st.sampled_from(LINES) | texts, max_size=2))
    return draw(st.sampled_from(["\n", "\r\n"])).join(lines)


@fuzz
@given(edited() | texts_of_lines)
def test_splice_keeps_all_that_is_given(submitted):
    """Whatever is handed in, is everything outside the regions as released, letter by letter?"""
    result = splice(submitted, RELEASED)
    outside, ours = result.text.split("\n"), RELEASED.split("\n")
    for first, last in reversed(result.inner):
        del outside[first:last]
    for region in reversed(find_regions(RELEASED)):
        del ours[region.start + 1 : region.end]
    assert outside == ours
    found = lay_files({"a.py": submitted.encode("utf-8", "surrogatepass")}, {"a.py": RELEASED.encode()})
    assert [*found.contents] == ["a.py"]
    of_text("a.py", result.text, RELEASED)


kinds = st.sampled_from(["code", "markdown", "raw"])
released_cells = [
    ReleasedCell("work", "code", f"a = 1\n{START}\npass\n{END}", True, False),
    ReleasedCell("check", "code", "assert a", False, False),
    ReleasedCell("check-too", "code", "assert a", False, False),
    ReleasedCell("free", "code", "anything", False, False, True),
    ReleasedCell("why", "markdown", "<!-- START YOUR ANSWER HERE -->\nx\n<!-- END YOUR ANSWER HERE -->", True, True),
]
cells = st.builds(
    lambda kind, source, id: NotebookNode(cell_type=kind, source=source, id=id, metadata=NotebookNode()),
    kinds,
    texts_of_lines | st.sampled_from([cell.text for cell in released_cells]),
    st.sampled_from(["work", "check", "free", "why", "x", "y"]),
)


@fuzz
@given(st.lists(cells, max_size=8))
def test_any_cells_are_laid_onto_the_released_ones(theirs):
    """Is every released cell there, in order, once, whatever cells come in which order?"""
    laid = lay_notebook("a.ipynb", theirs, released_cells)
    assert [cell.released for cell in laid.cells if cell.released is not None] == [*range(len(released_cells))]
    assert len({cell.id for cell in laid.cells}) == len(laid.cells)
    check = next(cell for cell in laid.cells if cell.id == "check")
    assert check.text == "assert a"


# --- files ------------------------------------------------------------------------------------------------------------


def zipped(members: list[tuple[str, bytes]]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


paths = st.lists(
    st.sampled_from(
        ["a", "..", "", ".", "C:", "x.py", "\\", "é", "a\nb", "\ud800".encode("utf-8", "replace").decode(), " "]
    ),
    min_size=1,
    max_size=4,
).map("/".join)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@fuzz
@given(damaged(st.lists(st.tuples(paths, st.binary(max_size=20)), max_size=4).map(zipped)))
def test_archives(content):
    """Is any archive unpacked below its own folder, or refused?"""
    try:
        found = read_zip(content, None).files
    except Refused:
        return
    for file in found:
        assert not PurePosixPath(file.path).is_absolute()
        assert not {"..", ""} & set(file.path.split("/"))
        assert len(file.read()) <= 2**20
    parts_of(content)


def npz(**named: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **named)
    return file.getvalue()


@fuzz
@given(damaged(arrays.arrays("f8", (2, 3), elements=st.floats(-9, 9)).map(lambda W: npz(W=W, b=W[0]))))
def test_weights(content):
    """Are weights read as finite numbers, or refused?"""
    try:
        weights = load_weights(content)
    except WeightsError:
        return
    assert all(np.isfinite(array).all() for array in weights.values())


KEPT = kept.pack(kept.evidence_of({"seed": 1, "beside": []}, {"a": NotebookRun({}, [b"1", b"2"])}, {"w.npz": b"3"}))


@fuzz
@given(damaged(st.just(KEPT)))
def test_kept_evidence(content):
    """Is damaged evidence of an earlier grading refused with the error that says so?"""
    try:
        found = kept.unpack(content)
    except ValueError:
        return
    found.run("a")


notebook_cells = st.fixed_dictionaries(
    {"cell_type": kinds | texts, "source": texts | st.lists(texts) | json_values},
    optional={
        "id": texts,
        "metadata": json_values,
        "outputs": st.lists(outputs | json_values, max_size=3) | json_values,
        "attachments": json_values,
        "execution_count": json_values,
    },
)


@fuzz
@given(
    damaged(
        st.fixed_dictionaries(
            {"nbformat": st.just(4), "cells": st.lists(notebook_cells | json_values, max_size=4)},
            optional={"nbformat_minor": st.integers(0, 9) | json_values, "metadata": json_values},
        ).map(lambda content: json.dumps(content).encode())
    )
)
def test_notebooks(content):
    """Is any file refused as not a notebook, or read as one that is valid and laid onto the released one?"""
    try:
        notebook, _ = parse_notebook(content, "a.ipynb")
    except CourseError:
        return
    nbformat.validate(notebook)
    assert format_notebook(parse_notebook(format_notebook(notebook).encode(), "a.ipynb")[0]) == format_notebook(
        notebook
    )
    lay_notebook("a.ipynb", notebook.cells, released_cells)


@fuzz
@given(
    st.lists(
        st.sampled_from(
            [
                "<",
                ">",
                "img src=x onerror=1",
                "script",
                "a href='javascript:1'",
                "![",
                "](",
                "`",
                "\n",
                "&lt;",
                "<!--",
                "$",
                "svg/onload=1",
                "\t",
                "*",
            ]
        ),
        max_size=12,
    ).map("".join)
)
def test_markdown_is_harmless_and_stays_so(source):
    """Is what was made harmless once left as it is the next time, and is nothing passed over that is not harmless?"""
    once = harmless_markdown(source)
    assert harmless_markdown(once) == once
    assert once == source or may_act(source)
