"""What `check` prints: lines that fit, in the order of the questions, with the sums and the next step."""

from pathlib import Path

import pytest

from autograder.assignment import Assignment
from autograder.questions import Kind, Question
from autograder.student.check import CheckedFolder, CheckedQuestion, StoppedCell
from autograder.student.laid import Finding, LaidFolder
from autograder.student.show import shown_check


def question(title: str, points: float, kind: Kind = Kind.CHECK, extra: bool = False) -> Question:
    return Question("a", title.lower(), kind, points, extra, title)


ITEMS = (
    CheckedQuestion(question("Scores", 6), "ok", 6),
    CheckedQuestion(question("Loss", 5), "failed", 0, "loss differs: yours 2, expected 1.\n  Is a \u00bd missing?"),
    CheckedQuestion(question("Update", 4), "later", None),
    StoppedCell("a", "images", "FileNotFoundError: no data"),
    CheckedQuestion(question("Accuracy", 20), "part", 17.5),
    CheckedQuestion(question("Why", 5, Kind.ANSWER), "by hand", None),
    CheckedQuestion(question("How", 5, Kind.ANSWER), "to write", 0),
    CheckedQuestion(question("More", 3, extra=True), "ok", 3),
    CheckedQuestion(question("Try", 0, Kind.PRACTICE), "ok", 0),
)


def folder(*findings: Finding, items=ITEMS, compared: bool = True) -> CheckedFolder:
    assignment = Assignment.model_construct(title="T", notebooks=("a",), name="t", folder=Path())
    questions = tuple(item.question for item in items if isinstance(item, CheckedQuestion))
    laid = LaidFolder(assignment, {}, questions, frozenset(), {}, findings, compared)
    return CheckedFolder(laid, items, ())


def test_each_question_has_its_line_and_what_is_wrong_beneath():
    """Can a student see at a glance what is earned, what is left, and what to do first?"""
    lines = [line.text for line in shown_check(folder(), 80)]
    assert lines == [
        "T",
        "",
        "a.ipynb",
        "  ok                   6 of 6  Scores",
        "  failed               0 of 5  Loss",
        "    loss differs: yours 2, expected 1.",
        "      Is a \u00bd missing?",
        "  \u2013                    \u2013 of 4  Update (not compared yet: graded later)",
        '  stopped                      the cell "images"',
        "    FileNotFoundError: no data",
        "  part             17.5 of 20  Accuracy",
        "  by hand              \u2013 of 5  Why (to be graded by hand)",
        "  not answered         0 of 5  How",
        "  ok                   3 of 3  More (extra credit)",
        "  ok                 practice  Try",
        "",
        "23.5 of 45 points earned, 4 compared when graded, 5 to be graded by hand, 12.5",
        "left. Extra credit: 3.",
        'Next: mend "Loss".',
    ]


def test_who_is_done_is_told_what_to_call_except_by_what_was_called():
    """Does a check end with how to submit, and submitting not with itself?"""
    done = folder(items=(ITEMS[0],))
    assert [line.text for line in shown_check(done, 80, "%submit")][-1] == "Next: %submit"
    assert [line.text for line in shown_check(done, 80, "")][-1] == "6 of 6 points earned."
    half = folder(items=tuple(item for item in ITEMS if getattr(item, "state", "") in ("ok", "part")))
    assert [line.text for line in shown_check(half, 80, "")][-1] == "Next: earn the rest, or submit the file."


@pytest.mark.parametrize("width", [50, 80, 160])
def test_no_line_is_wider_than_the_terminal(width):
    """Is a long diagnosis, or a long title, wrapped and not broken by the terminal?"""
    long = CheckedQuestion(question("A title of many words " * 6, 5), "failed", 0, "a word and another, " * 30)
    finding = Finding("a.ipynb: own", "the START and END lines around your code are gone. " * 4, True)
    lines = [line.text for line in shown_check(folder(finding, items=(long,), compared=False), width)]
    assert max(map(len, lines)) <= width


def test_lost_work_comes_first():
    """Is what would not be graded the next thing to do, before any failed check?"""
    finding = Finding("nn/", "the folder is not there.", True)
    lines = [line.text for line in shown_check(folder(finding), 80)]
    assert lines[-1] == "Next: put right what would not be graded, first nn/."
    assert not folder(finding, items=()).is_complete
    assert folder(items=()).is_complete
