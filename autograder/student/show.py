"""What `check` says, as lines: for a terminal of any width, and for a notebook."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autograder.expect.kinds import LATER
from autograder.questions import Kind
from autograder.student.check import CheckedFolder, CheckedQuestion, StoppedCell
from autograder.student.laid import Finding
from autograder.words import BY_HAND, NOT_ANSWERED, NOT_WRITTEN_YET, counted

MARKS = {"later": "–", "to write": NOT_WRITTEN_YET}
STYLES = {
    "ok": "green",
    "part": "yellow",
    "failed": "red",
    "to write": "red",
    "not run": "red",
    "later": "dim",
    "by hand": "dim",
    "stopped": "red",
}
STATE, POINTS = 15, 12  # columns
DEEP = "    "
MAX_LINES = 14  # of one diagnosis
NARROWEST = 40
TERMINAL = "autograder pdf  and  autograder submit"


@dataclass(frozen=True)
class ShownLine:
    """A line, the style that it has in a terminal, and how many of its first characters have it (None: all)."""

    text: str
    style: str = ""
    styled: int | None = None


def shown_check(checked: CheckedFolder, width: int, submit: str = TERMINAL) -> Iterator[ShownLine]:
    """Each question with what is wrong beneath, what grading would not take, the sums, and what is next.

    Args:
        submit: what a student is to call who is done; "" where that is being done.
    """
    width = max(width, NARROWEST)
    yield ShownLine(checked.laid.assignment.title, "bold")
    notebook = ""
    for item in checked.items:
        name = item.notebook if isinstance(item, StoppedCell) else item.question.notebook
        if name != notebook:
            notebook = name
            yield ShownLine("")
            yield ShownLine(f"{name}.ipynb", "bold")
        yield from shown_item(item, width)
    yield from shown_findings(checked.laid.findings, width)
    yield ShownLine("")
    if checked.searches:
        names = ", ".join(checked.searches)
        yield from wrapped(
            f"Not run, as when grading: {names}. (To run them too:  autograder check --search)", width, "dim"
        )
    if not checked.laid.compared:
        yield from wrapped(
            "An unchanged copy of the homework is not at hand, so changes outside START and END are not looked for. "
            "Unpack the homework once more elsewhere and name it:  autograder check --released FOLDER",
            width,
            "yellow",
        )
    yield from wrapped(sums(checked.questions), width, "bold")
    if after := what_next(checked, submit):
        yield from wrapped(f"Next: {after}", width)


def shown_item(item: CheckedQuestion | StoppedCell, width: int) -> Iterator[ShownLine]:
    """One line for a question or a stopped cell, and what there is to say about it beneath."""
    if isinstance(item, StoppedCell):
        yield from headed("stopped", "stopped", "", f'the cell "{item.cell}"', width)
        yield from beneath(item.text, width)
        return
    mark = MARKS.get(item.state, item.state)
    if item.question.by_hand and item.state == "to write":
        mark = NOT_ANSWERED
    yield from headed(item.state, mark, points_in_words(item), title_in_words(item), width)
    yield from beneath(item.text, width)


def headed(state: str, mark: str, points: str, title: str, width: int) -> Iterator[ShownLine]:
    first = f"  {mark:<{STATE}}{points:>{POINTS}}  "
    lines = textwrap.wrap(title, width - len(first)) or [""]
    yield ShownLine(first + lines[0], STYLES[state], 2 + STATE)
    for line in lines[1:]:
        yield ShownLine(" " * len(first) + line)


def title_in_words(item: CheckedQuestion) -> str:
    """The question, and how it stands where its mark does not say that."""
    extra = " (extra credit)" if item.question.extra_credit else ""
    said = {"later": f" ({LATER})", "by hand": f" ({BY_HAND})"}.get(item.state, "")
    return f"{item.question.title}{extra}{said}"


def points_in_words(item: CheckedQuestion) -> str:
    """ "4.5 of 10", "– of 5" where only grading can tell, "practice"."""
    if item.question.kind is Kind.PRACTICE:
        return "practice"
    earned = "–" if item.earned is None else number(item.earned)
    return f"{earned} of {number(item.question.points)}"


def number(points: float) -> str:
    """Points with one decimal at most."""
    return f"{points:.1f}".removesuffix(".0")


def beneath(text: str, width: int) -> Iterator[ShownLine]:
    """A diagnosis, indented; a long one is cut."""
    lines = [line for line in text.rstrip().split("\n") if line.strip()]
    for line in lines[:MAX_LINES]:
        indent = DEEP + line[: len(line) - len(line.lstrip())]
        for part in textwrap.wrap(line.strip(), width, initial_indent=indent, subsequent_indent=f"{indent}  "):
            yield ShownLine(part)
    if len(lines) > MAX_LINES:
        yield ShownLine(f"{DEEP}… {counted(len(lines) - MAX_LINES, 'more line')}", "dim")


def shown_findings(findings: Sequence[Finding], width: int) -> Iterator[ShownLine]:
    """What grading would not take: first what costs work, then the rest."""
    for costly, heading, style in (
        (True, "This would not be graded:", "red"),
        (False, "Look at this too:", "yellow"),
    ):
        chosen = [finding for finding in findings if finding.costly is costly]
        if chosen:
            yield ShownLine("")
            yield ShownLine(heading, f"bold {style}")
        for finding in chosen:
            yield from wrapped(str(finding), width, indent="  ", hanging="  ")


def wrapped(text: str, width: int, style: str = "", indent: str = "", hanging: str = "") -> Iterator[ShownLine]:
    """A text on as many lines as it needs; `hanging` is put before all but the first, after `indent`."""
    lines = textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=indent + hanging, break_long_words=False
    )
    for line in lines:
        yield ShownLine(line, style)


def sums(questions: Sequence[CheckedQuestion]) -> str:
    """What is earned, what only grading can tell, and what is left: "17.5 of 40 points earned, 12 graded later, …"."""
    counting = [one for one in questions if not one.question.extra_credit]
    earned = sum(one.earned or 0.0 for one in counting)
    total = sum(one.question.points for one in counting)
    later = sum(one.question.points for one in counting if one.state == "later")
    by_hand = sum(one.question.points for one in counting if one.state == "by hand")
    left = total - earned - later - by_hand
    parts = [f"{number(earned)} of {number(total)} points earned"]
    parts += [f"{number(later)} compared when graded"] if later else []
    parts += [f"{number(by_hand)} {BY_HAND}"] if by_hand else []
    parts += [f"{number(left)} left"] if left > 1e-9 else []
    extra = sum(one.earned or 0.0 for one in questions if one.question.extra_credit)
    return ", ".join(parts) + "." + (f" Extra credit: {number(extra)}." if extra else "")


def what_next(checked: CheckedFolder, submit: str) -> str:
    """The one thing to do now; "" where there is nothing left."""
    findings = checked.laid.findings
    if findings and findings[0].costly:
        return f"put right what would not be graded, first {findings[0].place}."
    for item in checked.items:
        if isinstance(item, StoppedCell):
            return f'look at the cell "{item.cell}".'
        if item.state in ("failed", "not run"):
            return f'mend "{item.question.title}".'
        if item.state == "to write":
            return f'write "{item.question.title}".'
    if any(one.state == "part" for one in checked.questions):
        return f"earn the rest, or submit:  {submit}" if submit else "earn the rest, or submit the file."
    return submit
