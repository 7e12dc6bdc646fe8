"""The class at a glance: one HTML page that needs nothing else, with figures drawn as SVG; light and dark."""

import html
import math
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

from autograder.errors import CourseError
from autograder.files import write_atomically
from autograder.gradebook.anomalies import Anomaly
from autograder.gradebook.entries import NO_RESPONSE
from autograder.gradebook.late import DAY
from autograder.gradebook.results import Scores, SubmissionResult, telling_line
from autograder.gradebook.stats import BINS, QuestionStats, counts_of, discrimination

MOST = 30  # diagnoses
LINKS = 8  # students named with one
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1e; --quiet: #63636b; --line: #d7d7de; --bar: #1f4fbf; --paper: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e8; --quiet: #a5a5ab; --line: #3a3c43; --bar: #8fb2ff; --paper: #16181b; }
}
body { margin: 0 auto; max-width: 62rem; padding: 1rem; font: 15px/1.5 system-ui, sans-serif; background: var(--paper);
  color: var(--ink); }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; } .quiet { color: var(--quiet); }
.wide { overflow-x: auto; } svg { width: 100%; height: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: right; padding: .2rem .5rem; border-top: 1px solid var(--line); vertical-align: top; }
th:first-child, td:first-child, td.text { text-align: left; overflow-wrap: anywhere; }
td:first-child { min-width: 9rem; }
tr.group th { text-align: left; padding-top: .8rem; } meter { width: 5rem; }
svg rect { fill: var(--bar); } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; } a { color: var(--bar); }
"""


def write_class_page(
    path: Path,
    title: str,
    scores: Sequence[Scores],
    stats: Sequence[QuestionStats],
    results: Sequence[SubmissionResult],
    found: Sequence[Anomaly],
    reports: Path,
    png: bool = False,
) -> None:
    """Write the page, and its figures beside it on request.

    Args:
        reports: the folder with the students' PDFs, to which the page links where they are there.

    Raises:
        CourseError: a file cannot be written.
    """
    try:
        write_atomically(path, class_page(title, scores, stats, results, found, links(path, reports)))
        if png:
            draw(path, scores, stats)
    except OSError as error:
        raise CourseError(f"{path} cannot be written: {error.strerror}. Name another file with --html.") from None


def links(path: Path, reports: Path) -> dict[str, str]:
    """Student -> address of the report, from the page."""
    folder = os.path.relpath(reports.resolve(), path.resolve().parent)
    return {pdf.stem: quote(f"{folder}/{pdf.name}") for pdf in reports.glob("*.pdf")}


def class_page(
    title: str,
    scores: Sequence[Scores],
    stats: Sequence[QuestionStats],
    results: Sequence[SubmissionResult],
    found: Sequence[Anomaly],
    reports: dict[str, str],
) -> str:
    """The page's HTML. Whatever came from students is escaped; no script is in it, and its policy allows none."""
    sections = [
        f"<h1>{html.escape(title)}: the class</h1>{in_numbers(scores)}",
        f"<h2>Totals</h2>{bars(counts_of(scores))}",
        f'<h2>Questions</h2><div class="wide">{question_table(scores, stats)}</div>{ABOUT_QUESTIONS}',
        f"<h2>Most frequent diagnoses</h2>{diagnoses(results, stats, reports)}",
        f"<h2>Lateness</h2>{lateness(scores)}",
        f"<h2>Worth a look</h2>{worth_a_look(found, reports)}",
    ]
    head = f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    head += '<meta name="viewport" content="width=device-width, initial-scale=1">'
    head += f"<title>{html.escape(title)}: the class</title><style>{STYLE}</style>"
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n' + "\n".join(sections) + "\n</body></html>\n"


ABOUT_QUESTIONS = (
    '<p class="quiet">Passed: full points. Discrimination: how the score goes with the rest of the total, −1 to 1. '
    "A question near 0, or below, tells little about who knows the rest.</p>"
)


def in_numbers(scores: Sequence[Scores]) -> str:
    totals = sorted(one.total for one in scores)
    middle = (
        totals[len(totals) // 2] if len(totals) % 2 else sum(totals[len(totals) // 2 - 1 : len(totals) // 2 + 1]) / 2
    )
    mean = sum(totals) / len(totals)
    spread = math.sqrt(sum((total - mean) ** 2 for total in totals) / len(totals))
    waiting = sum(one.needs_manual_grade for one in scores)
    maximum = max(one.maximum for one in scores)
    said = f"{len(totals)} submissions, {maximum:g} points: mean {mean:.2f}, median {middle:.2f}, spread {spread:.2f}."
    return f"<p>{said}{f' {waiting} are still waiting for points by hand.' if waiting else ''}</p>"


def bars(counts: Sequence[int]) -> str:
    """The distribution of totals."""
    most, parts = max([*counts, 1]), []
    for at, count in enumerate(counts):
        height = 150 * count / most
        x = 10 + 58 * at
        parts.append(f'<rect x="{x}" y="{170 - height:.1f}" width="52" height="{height:.1f}"/>')
        parts.append(f'<text x="{x + 26}" y="{164 - height:.1f}" text-anchor="middle">{count or ""}</text>')
        parts.append(
            f'<text x="{x + 26}" y="188" text-anchor="middle">{100 * at // BINS}–{100 * (at + 1) // BINS} %</text>'
        )
    about = "How many submissions reached which share of the points"
    return f'<svg viewBox="0 0 600 196" role="img" aria-label="{about}">{"".join(parts)}</svg>'


def question_table(scores: Sequence[Scores], stats: Sequence[QuestionStats]) -> str:
    heads = ("question", "points", "mean", "", "passed", "zero", "discrimination", "unanswered", "by hand")
    rows = [f"<tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>"]
    empty: dict[tuple[str, str], int] = defaultdict(int)
    for score in scores:
        for cell in score.cells:
            empty[cell.key] += cell.comment == NO_RESPONSE
    notebook = ""
    for one in stats:
        question, number = one.question, len(one.scores)
        if question.notebook != notebook:
            notebook = question.notebook
            rows.append(f'<tr class="group"><th colspan="{len(heads)}">{html.escape(notebook)}</th></tr>')
        share = one.mean / question.points if question.points else 0.0
        telling = discrimination(scores, question.key)
        cells = (
            html.escape(question.title),
            f"{question.points:g}",
            f"{one.mean:.2f}" if number else "",
            f'<meter min="0" max="1" value="{share:.3f}">{100 * share:.0f} %</meter>' if number else "",
            f"{100 * one.full / number:.0f} %" if number else "",
            str(one.zeros) if number else "",
            "" if telling is None else f"{telling:.2f}".replace("-", "−"),
            str(empty[question.key] or ""),
            str(one.waiting or ""),
        )
        rows.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    return f"<table>{''.join(rows)}</table>"


def diagnoses(results: Sequence[SubmissionResult], stats: Sequence[QuestionStats], reports: dict[str, str]) -> str:
    """What checks said most often, each with the students whom it was said of."""
    titles = {one.question.key: one.question.title for one in stats}
    said: dict[tuple[str, str], list[str]] = defaultdict(list)
    for graded in results:
        for cell in graded.cells:
            if line := telling_line(cell.lines):
                said[titles.get(cell.key, cell.cell), line].append(graded.student)
    if not said:
        return "<p>None.</p>"
    rows = ["<tr><th>question</th><th>times</th><th>diagnosis</th><th>whose</th></tr>"]
    for (question, line), students in sorted(said.items(), key=lambda one: (-len(one[1]), one[0]))[:MOST]:
        cells = f"<td>{html.escape(question)}</td><td>{len(students)}</td>"
        rows.append(f'<tr>{cells}<td class="text">{html.escape(line)}</td><td>{named(students, reports)}</td></tr>')
    more = f'<p class="quiet">and {len(said) - MOST} more kinds.</p>' if len(said) > MOST else ""
    return f'<div class="wide"><table>{"".join(rows)}</table></div>{more}'


def named(students: Iterable[str], reports: dict[str, str]) -> str:
    """The first of some students, linked to their reports."""
    students = sorted(students)
    shown = [
        f'<a href="{html.escape(reports[one])}">{html.escape(one)}</a>' if one in reports else html.escape(one)
        for one in students[:LINKS]
    ]
    return ", ".join(shown) + (f" and {len(students) - LINKS} more" if len(students) > LINKS else "")


def lateness(scores: Sequence[Scores]) -> str:
    days: dict[int, int] = defaultdict(int)
    for one in scores:
        if one.seconds_late > 0:
            days[math.ceil(one.seconds_late / DAY)] += 1
    if not days:
        return "<p>Nothing was late.</p>"
    lost = sum(one.late_penalty for one in scores)
    items = "".join(f"<li>{count} within {day} day{'s' * (day > 1)}</li>" for day, count in sorted(days.items()))
    return (
        f"<p>{sum(days.values())} of {len(scores)} were late and lost {lost:.2f} points together.</p><ul>{items}</ul>"
    )


def worth_a_look(found: Sequence[Anomaly], reports: dict[str, str]) -> str:
    if not found:
        return "<p>Nothing unusual.</p>"
    items = (f"<li>{named(one.students, reports)}: {html.escape(one.text)}</li>" for one in found)
    return f"<ul>{''.join(items)}</ul>"


def draw(path: Path, scores: Sequence[Scores], stats: Sequence[QuestionStats]) -> None:
    """PNG files beside the page: PAGE-totals.png and PAGE-questions.png."""
    from matplotlib.figure import Figure

    totals = Figure(figsize=(7, 3.5), layout="constrained")
    axes = totals.subplots()
    axes.bar([f"{100 * at // BINS}–{100 * (at + 1) // BINS}" for at in range(BINS)], counts_of(scores))
    axes.set_xlabel("share of the points (%)")
    axes.set_ylabel("submissions")
    questions = Figure(figsize=(7, 1 + 0.3 * len(stats)), layout="constrained")
    axes = questions.subplots()
    shares = [100 * one.mean / one.question.points if one.question.points else 0.0 for one in stats]
    axes.barh([f"{one.question.notebook}: {one.question.title}"[:60] for one in stats], shares)
    axes.invert_yaxis()
    axes.set_xlabel("mean share of the points (%)")
    for name, figure in (("totals", totals), ("questions", questions)):
        figure.savefig(path.with_name(f"{path.stem}-{name}.png"), dpi=150)
