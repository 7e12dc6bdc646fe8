"""What commands print."""

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from autograder.terminal import terminal

ODD = "\x1b[2J\x1b]0;title\x07a\x9b31mb\u202ec\u2028d\x00e\u200bf"
SHOWN = "_[2J_]0;titlea_31mb_c_d_e_f"  # the bell is left out


def test_what_students_wrote_does_nothing_on_a_terminal(capsys):
    """Is every sign replaced that colours, clears or turns text, in lines, tables and panels, and no line changed?"""
    console = terminal()
    console.print(f"note: {ODD}\nnext", style="yellow", markup=False)
    table = Table(title="a title", width=60)
    table.add_column(Text("caf\u00e9 \U0001f600 \u96ea"))
    table.add_row(Text(ODD))
    console.print(table)
    console.print(Panel(ODD, width=60), "and", ODD, soft_wrap=True)
    console.print("one", end="")
    console.print(" two")
    shown = capsys.readouterr().out
    assert shown.startswith(f"note: {SHOWN}\nnext\n")
    assert {sign for sign in shown if not sign.isprintable()} == {"\n"}
    assert shown.count("_[2J") == 4
    assert "caf\u00e9 \U0001f600 \u96ea" in shown
    assert shown.endswith("one two\n")


def test_errors_do_nothing_on_a_terminal(capsys):
    """Is that so of what goes to standard error?"""
    terminal(stderr=True).print(ODD, style="red", markup=False, soft_wrap=True)
    assert capsys.readouterr().err == f"{SHOWN}\n"
