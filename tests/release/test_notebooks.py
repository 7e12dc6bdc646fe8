"""Reading notebooks that may hold anything, writing them the same each time, and whose they are."""

import json
import os
import time

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode

from autograder.errors import CourseError
from autograder.notebooks import (
    MAX_BYTES,
    format_notebook,
    parse_notebook,
    read_notebook,
    write_notebook,
)
from autograder.who import Student, read_student


def code_cell(**changes):
    cell = {"id": "a", "cell_type": "code", "metadata": {}, "source": "x = 1", "outputs": [], "execution_count": None}
    return cell | changes


def notebook(*cells, **changes):
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)} | changes


def parse(content):
    return parse_notebook(json.dumps(content).encode("utf-8", "surrogatepass"), "hw.ipynb")


# --- files that are no notebook ---------------------------------------------------------------------------------------

BOMB = b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": '


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"not json", "invalid JSON at line 1, column 1"),
        (b'{"cells": [', "invalid JSON at line 1, column 12"),
        (b"\x00" * 1000, "is not a text file"),
        (b"null", "no list of cells"),
        (b"[]", "no list of cells"),
        (b'{"nbformat": 4, "cells": {}}', "no list of cells"),
        (b'{"nbformat": 3, "worksheets": 5}', "old format"),
        (b'{"nbformat": 5, "cells": []}', "of format 5"),
        (b'{"nbformat": "4", "cells": []}', "of format '4'"),
        (b'{"nbformat": true, "cells": []}', "of format True"),
        (b'{"cells": []}', "does not say its format"),
        (b'{"nbformat": NaN, "cells": []}', "of format None"),
        (b'{"nbformat": ' + b"1" * 5000 + b', "cells": []}', "invalid JSON: "),
        (json.dumps(notebook()).encode("utf-32"), "is not a text file"),
        (b"\x89PNG\r\n\x1a\n", "is not a text file"),
        ('{"ä": 1}'.encode("latin-1"), "no list of cells"),
        (BOMB + b"[" * 100_000, "nested too deeply"),
        (BOMB + b'{"a":' * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
        (BOMB + b"[" + b"{}," * 2_000_001 + b"{}]}", "too large"),
        (BOMB + b'["' + b"a" * MAX_BYTES + b'"]}', "too large"),
    ],
)
def test_what_is_no_notebook_is_refused_in_plain_words(data, says):
    """Does every hostile file end in one clear error, quickly?"""
    began = time.process_time()
    with pytest.raises(CourseError, match=says) as caught:
        parse_notebook(data, "hw.ipynb")
    assert time.process_time() - began < 2
    assert str(caught.value).startswith("hw.ipynb ")
    assert len(str(caught.value)) < 300


def test_a_notebook_in_another_encoding_is_read_and_that_is_said():
    """Is a notebook that an editor saved as UTF-16 read, with a note?"""
    read, mended = parse_notebook(json.dumps(notebook()).encode("utf-16"), "hw.ipynb")
    assert read.nbformat == 4
    assert mended[0].startswith("it is saved as utf-16")


def test_what_is_no_file_is_refused(tmp_path):
    """Do a folder, a pipe, a device, a dead link and a missing file neither hang nor raise anything else?"""
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "folder.ipynb").mkdir()
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop.ipynb").symlink_to(tmp_path / "loop.ipynb")
    (tmp_path / "device.ipynb").symlink_to("/dev/zero")
    for name in ("pipe", "folder", "link", "loop", "device", "missing", "nul\0"):
        with pytest.raises(CourseError, match=name[:3]):
            read_notebook(tmp_path / f"{name}.ipynb")


def test_a_huge_file_is_not_read_whole(tmp_path):
    """Is a notebook of 200 MB refused without its memory being taken?"""
    path = tmp_path / "huge.ipynb"
    with open(path, "wb") as file:
        file.truncate(200 * 2**20)
    with pytest.raises(CourseError, match="too large"):
        read_notebook(path)


# --- notebooks with malformed parts -----------------------------------------------------------------------------------


def test_lost_ids_are_one_line():
    """Are many cells without ids one line, and none in a format that has no ids?"""
    cells = [code_cell(id=None) for _ in range(9)]
    assert parse(notebook(*cells))[1] == ("9 cells have no usable id",)
    assert parse(notebook(*cells, nbformat_minor=4))[1] == ("its format is 4.4, not 4.5",)


@pytest.mark.parametrize(
    ("cell", "mended"),
    [
        (7, "cell 1 is not a cell"),
        (None, "cell 1 is not a cell"),
        (code_cell(metadata=[]), "cell 1's metadata is not an object"),
        (code_cell(metadata={"nbgrader": "x"} | {"id": None}, id=None), "cell 1 has no usable id"),
        (code_cell(id="a b"), "cell 1 has no usable id"),
        (code_cell(id="x" * 65), "cell 1 has no usable id"),
        (code_cell(source=None), "cell 1's source is not text"),
        (code_cell(source=["a", 1]), "cell 1's source is not text"),
        (code_cell(source={"a": 1}), "cell 1's source is not text"),
        (code_cell(cell_type="heading"), "cell 1 is of unknown type 'heading'"),
        (code_cell(cell_type=["code"]), "cell 1 is of unknown type"),
        (code_cell(outputs="x"), "cell 1 has no list of outputs"),
        (code_cell(outputs=[1]), "cell 1 has a malformed output"),
        (code_cell(outputs=[{"output_type": "stream", "name": "stdout", "text": 3}]), "cell 1 has a malformed output"),
        (code_cell(outputs=[{"output_type": "error", "ename": "E"}]), "cell 1 has a malformed output"),
        (code_cell(outputs=[{"output_type": "display_data", "data": []}]), "cell 1 has a malformed output"),
    ],
)
def test_malformed_cells_are_mended_and_said(cell, mended):
    """Does one bad cell cost neither the rest of the notebook nor a stack trace?"""
    nb, notes = parse(notebook(cell, code_cell(id="good", source=["y = ", "2"])))
    nbformat.validate(nb)
    assert nb.cells[-1].source == "y = 2"
    assert [note for note in notes if note.startswith(mended)]


def test_odd_but_harmless_parts_are_mended_silently():
    """Are numbers that JSON cannot hold, halves of surrogates and odd counts put right?"""
    cell = code_cell(execution_count="7", metadata={"a": float("1e308"), "b": "\ud800x", "c": [1, True, None]})
    nb, notes = parse_notebook(json.dumps(notebook(cell)).replace("1e+308", "1e999").encode(), "hw.ipynb")
    assert notes == ()
    assert nb.cells[0].metadata == {"a": None, "b": "\ufffdx", "c": [1, True, None]}
    assert nb.cells[0].execution_count is None
    format_notebook(nb).encode("utf-8")


def test_ids_are_made_unique_and_fall_back_on_nbgraders():
    """Can grading still match a notebook whose ids an old editor dropped, or whose cells were pasted twice?"""
    marks = {"nbgrader": {"grade_id": "loss"}}
    cells = [code_cell(metadata=marks), code_cell(), code_cell(id=None, metadata=marks), code_cell(id="cell-3")]
    del cells[0]["id"]
    nb, notes = parse(notebook(*cells, nbformat_minor=2))
    assert [cell.id for cell in nb.cells] == ["loss", "a", "cell-3", "cell-4"]
    assert "its format is 4.2, not 4.5" in notes


def test_deep_metadata_is_dropped():
    """Does nesting that JSON just allows break nothing that comes later?"""
    deep = []
    for _ in range(400):
        deep = [deep]
    nb, notes = parse(notebook(code_cell(metadata={"deep": deep}), metadata={"deep": deep}))
    assert nb.cells[0].metadata == nb.metadata == {}
    assert len(notes) == 2


json_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
output = st.fixed_dictionaries(
    {},
    optional={
        "output_type": st.sampled_from(["stream", "error", "display_data", "execute_result"]) | json_value,
        "name": json_value,
        "text": json_value,
        "data": st.dictionaries(
            st.sampled_from(["text/plain", "application/json", "image/png"]), json_value, max_size=2
        ),
        "metadata": json_value,
        "execution_count": json_value,
        "ename": json_value,
        "evalue": json_value,
        "traceback": json_value,
    },
)
cell = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["a", "b", ""]) | json_value,
        "cell_type": st.sampled_from(["code", "markdown", "raw"]) | json_value,
        "metadata": json_value,
        "source": json_value,
        "outputs": st.lists(output | json_value, max_size=2) | json_value,
        "attachments": json_value,
        "execution_count": json_value,
    },
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=150)
@given(st.lists(cell | json_value, max_size=4), json_value, json_value)
def test_whatever_is_inside_a_valid_notebook_comes_out(cells, metadata, minor):
    """Is what is read always valid, writable, and the same when read again?"""
    text = json.dumps(notebook(*cells, metadata=metadata, nbformat_minor=minor), allow_nan=True)
    text = text.replace("NaN", "null").replace("-Infinity", "null").replace("Infinity", "1e999")
    nb, _ = parse_notebook(text.encode(), "hw.ipynb")
    nbformat.validate(nb, relax_add_props=False)
    written = format_notebook(nb)
    again, notes = parse_notebook(written.encode("utf-8"), "hw.ipynb")
    assert notes == ()
    assert format_notebook(again) == written


# --- writing ----------------------------------------------------------------------------------------------------------


def test_writing_is_what_nbgrader_writes(tmp_path):
    """Are our bytes those of nbconvert, which nbgrader writes with?"""
    output = {"output_type": "stream", "name": "stdout", "text": "a\nü\n"}
    nb, _ = parse(notebook(code_cell(source="x = 1\ny = 'ü'", outputs=[output])))
    write_notebook(nb, tmp_path / "hw.ipynb")
    ours = (tmp_path / "hw.ipynb").read_bytes()
    assert ours.endswith(b"}\n")
    theirs, _ = NotebookExporter(config={"Exporter": {"default_preprocessors": []}}).from_notebook_node(nb)
    assert ours == theirs.encode("utf-8")
    assert read_notebook(tmp_path / "hw.ipynb") == nb
    assert [path.name for path in tmp_path.iterdir()] == ["hw.ipynb"]


def test_a_failed_write_leaves_the_old_file(tmp_path):
    """Is a notebook never half written?"""
    path = tmp_path / "hw.ipynb"
    path.write_text("old")
    nb, _ = parse(notebook(code_cell()))
    nb.metadata.unwritable = object()
    with pytest.raises(TypeError):
        write_notebook(nb, path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["hw.ipynb"]


# --- whose it is ------------------------------------------------------------------------------------------------------


def student(source, **changes):
    return read_student(parse(notebook(code_cell(id="student", source=source, **changes)))[0])


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('name = "Ada Lovelace"  # your name\nstudent_id = "a-1815"', ("Ada Lovelace", "a-1815")),
        ("name = 'Ada'\nstudent_id = 1815", ("Ada", "1815")),
        ('name = ""\nstudent_id = ""', ("", "")),
        ('name = Ada Lovelace\nstudent_id = "1"', ("", "1")),
        ('%load_ext x\n  name = "Ada"\nstudent_id = "1', ("Ada", "")),
        ('name = student_id = "x"', ("x", "x")),
        ('name = "a" + "b"; student_id = open("/etc/passwd").read()', ("", "")),
        ('name = f"{1}"\nstudent_id = b"1"', ("", "")),
        ("student_id = 0x" + "f" * 5000, ("", "")),
        ("student_id = True", ("", "")),
        ('name = "Ada\\n\\x1b[31m  \\u202e\\0 Lovelace"', ("Ada [31m Lovelace", "")),
        (f'name = "{"x" * 5000}"', ("x" * 200, "")),
        ('name = "A\u0308"', ("Ä", "")),
        ("\x00", ("", "")),
        ("-" * 9_000 + "1", ("", "")),
        ("(" * 9_000, ("", "")),
        ("x" + ".x" * 4_000, ("", "")),
        ("name = '\ud800'", ("\ufffd", "")),
    ],
)
def test_name_and_id_are_read_without_running_anything(source, expected):
    """What counts as a name, and does nothing else ever do harm?"""
    assert student(source) == Student(*expected)


def test_only_the_student_cell_counts():
    """Is another cell's `name` left alone, and a missing or markdown cell no error?"""
    assert read_student(parse(notebook(code_cell(source='name = "x"')))[0]) == Student("", "")
    assert student('name = "x"', cell_type="markdown") == Student("", "")
    assert read_student(NotebookNode(cells=[])) == Student("", "")


def test_a_notebook_of_an_old_format_is_read_the_same_each_time():
    """Does the same file of 2013 give the same report each time?"""
    cells = [{"cell_type": "heading", "level": 1, "source": "A"}, {"cell_type": "markdown", "source": "B"}]
    old = json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}).encode()
    first, second = (parse_notebook(old, "old.ipynb") for _ in range(2))
    assert [cell.id for cell in first[0].cells] == ["cell-1", "cell-2"]
    assert first == second
