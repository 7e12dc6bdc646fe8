"""Monospaced rows: wrapping, colours, terminal behaviour, diffs."""

import pygments.lexers
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.report.rows import (
    CODE_STYLES,
    COLUMNS,
    code_rows,
    columns,
    diff_rows,
    lexer_for,
    row_text,
    style_table,
    terminal_rows,
)
from autograder.report.terminal import ansi_look, clean, contrast, luminance, overwritten

LINES = st.text(alphabet=st.sampled_from("ab (),'\"#漢🎉é=:"), max_size=400)


@settings(deadline=None)
@given(LINES)
def test_wrapping_keeps_every_character_and_never_passes_the_edge(line):
    """Is a long line of code printed whole, within the page?"""
    rows = code_rows(line)
    assert "".join(row_text(row) for row in rows) == clean(line)
    assert all(columns(row_text(row)) + row.hang <= COLUMNS for row in rows)
    assert [row.wrapped for row in rows] == [False] + [True] * (len(rows) - 1)


def test_a_wrapped_string_keeps_its_colour():
    """Does the part of a string after the wrap still look like a string?"""
    first, second = code_rows(f'x = "{"y" * 150}"')
    assert first.runs[-1][0] == "string"
    assert [run[0] for run in second.runs] == ["string"]
    assert second.wrapped
    assert second.hang == 2


def test_only_the_first_row_of_a_line_has_its_number():
    """Are line numbers those of the file, whatever is wrapped?"""
    rows = code_rows("a = 1\n" + "b" * 150 + "\nc = 3", first=7)
    assert [row.number for row in rows] == [7, 8, None, 9]


def test_ansi_colours_become_styles_and_other_escapes_vanish():
    """Is a traceback as legible on paper as in the notebook?"""
    (row,) = terminal_rows(
        "\x1b[1;31mError\x1b[0m \x1b]8;;http://x\x07link\x1b[2K \x1b[38;5;208mo\x1b[48;2;1;2;3mp\x1b[39mq\x1b[m"
    )
    assert row.runs == (
        ("bold fg:red", "Error "),
        "link ",
        ("fg:#ff8700", "o"),
        ("fg:#ff8700 on:#010203", "p"),
        ("on:#010203", "q"),
    )


def test_a_colour_of_too_many_digits_is_no_colour():
    """Can a number that no terminal has stop a report?"""
    (row,) = terminal_rows(f"\x1b[{'9' * 5000}mplain\x1b[38;5;{'9' * 5000}m and grey")
    assert row_text(row) == "plain and grey"


def test_every_ansi_look_can_be_read():
    """Is there any colour that vanishes on white paper?"""
    names = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white", "#ffff99", "#101010", "#ff8700"]
    for ink in names:
        for paper in (None, *names):
            look = ansi_look(f"fg:{ink}" + (f" on:{paper}" if paper else ""))
            shown = contrast(luminance(look["fill"]), luminance(look.get("on", "#ffffff")))
            assert shown >= 4.5, (ink, paper, look)
    assert set(style_table({"keyword", "bold fg:red"})) == {*CODE_STYLES, "bold fg:red"}


def test_carriage_returns_and_backspaces_act_as_on_a_terminal():
    """Does a progress bar print as its last state?"""
    assert overwritten(" 10%|#   |\r 50%|##  |\r100%|####|\ndone") == "100%|####|\ndone"
    assert overwritten("abcdef\rXY") == "XYcdef"
    assert overwritten("abc\b\bX\n\b\bY") == "aX\nY"
    assert overwritten("one\r\ntwo\r\n") == "one\ntwo\n"


def test_control_characters_cannot_hide_or_reorder_anything():
    """Does code read in the order in which it runs?"""
    assert clean("a\x00bc\td\u202ed\u2066e\x85\ud800") == "a^@bc    d\ufffdd\ufffde\ufffd\ufffd"
    assert clean("x" * 10_000) == "x" * 10_000


def test_a_diff_has_both_texts_with_context_and_numbers():
    """Can an instructor see what was changed, and where?"""
    before = "\n".join(f"line {i}" for i in range(20))
    rows = diff_rows(before, before.replace("line 9", "line nine"), first=101)
    assert [(row.mark, row.number, row_text(row)) for row in rows] == [
        ("", 108, "line 7"),
        ("", 109, "line 8"),
        ("removed", None, "line 9"),
        ("added", 110, "line nine"),
        ("", 111, "line 10"),
        ("", 112, "line 11"),
    ]


def test_a_notebooks_code_needs_no_plugin_of_pygments(monkeypatch):
    """Is IPython's lexer found without loading every plugin that is installed?"""
    monkeypatch.setattr(pygments.lexers, "find_plugin_lexers", None)
    lexer_for.cache_clear()
    assert "ipython3" in lexer_for("ipython3").aliases
    assert code_rows("def f(): pass")[0].runs[0] == ("keyword", "def ")
