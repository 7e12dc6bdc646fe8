"""The class at a glance: one HTML page that needs nothing else, with figures drawn as SVG; light and dark."""

import html
import math
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from urllib.parse import quote

from autograder.errors import CourseError
from autograder.files import write_atomically
from autograder.gradebook.anomalies import Anomaly
from autograder.gradebook.entries import NO_RESPONSE
from autograder.gradebook.lateness import DAY
from autograder.gradebook.results import Scores, SubmissionResult, telling_line
from autograder.gradebook.stats import BINS, QuestionStats, counts_of, discrimination

MOST = 30  # diagnoses
LINKS = 8  # students named with one
CELLS = 12  # of which the time is shown
LOOKS = 40  # unusual things
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1e; --quiet: #63636b; --line: #d7d7de; --bar: #1f4fbf; --paper: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e8; --quiet: #a5a5ab; --line: #3a3c43; --bar: #8fb2ff; --paper: #16181b; }
}
body { margin: 0 auto; max-width: 62rem; padding: 1rem; font: 15px/1.5 system-ui, sans-serif; background: var(--paper);
  color: var(--ink); }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; } .quiet { color: var(--quiet); }
svg { width: 100%; max-width: 42rem; height: auto; } svg rect { fill: var(--bar); }
svg text { fill: var(--ink); font: 13px system-ui, sans-serif; } a { color: var(--bar); }
table { border-collapse: collapse; width: 100%; } meter { width: 5rem; }
th, td { text-align: right; padding: .2rem .5rem; border-top: 1px solid var(--line); vertical-align: top; }
th:first-child, td:first-child, .text { text-align: left; overflow-wrap: anywhere; }
td:first-child { min-width: 9rem; } tr.group th { text-align: left; padding-top: .8rem; }
li { overflow-wrap: anywhere; }
@media (max-width: 700px) {
  svg text { font-size: 19px; }
  table, tbody, tr, td, tr.group th { display: block; } tr.heads { display: none; }
  tr { border-top: 1px solid var(--line); padding: .4rem 0; } td, th { border: 0; padding: 0; text-align: left; }
  td:first-child { font-weight: 600; } td { display: inline-block; margin-right: .7rem; }
  td.text, td:first-child { display: block; }
  td:not(:first-child, .text, :empty)::before { content: attr(data-label) " "; color: var(--quiet); }
  meter { width: 3rem; }
}
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
        f"<h2>Questions</h2>{question_table(scores, stats)}{ABOUT_QUESTIONS}",
        f"<h2>Most frequent diagnoses</h2>{diagnoses(results, stats, reports)}",
        f"<h2>Time of cells</h2>{times(results, stats, reports)}",
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
    mean = sum(totals) / len(totals)
    spread = math.sqrt(sum((total - mean) ** 2 for total in totals) / len(totals))
    waiting = sum(one.needs_manual_grade for one in scores)
    maximum = max(one.maximum for one in scores)
    figures = f"mean {mean:.2f}, median {median(totals):.2f}, spread {spread:.2f}"
    said = f"{len(totals)} submissions, {maximum:g} points: {figures}."
    are = "is" if waiting == 1 else "are"
    return f"<p>{said}{f' {waiting} {are} still waiting for points by hand.' if waiting else ''}</p>"


def bars(counts: Sequence[int]) -> str:
    """The distribution of totals; each bar is a tenth of the points, the last with all of them."""
    most, parts = max([*counts, 1]), []
    for at, count in enumerate(counts):
        height = 150 * count / most
        x = 18 + 57 * at
        parts.append(f'<rect x="{x}" y="{180 - height:.1f}" width="53" height="{height:.1f}"/>')
        parts.append(f'<text x="{x + 26}" y="{174 - height:.1f}" text-anchor="middle">{count or ""}</text>')
    for at in range(BINS + 1):
        percent = " %" if at == BINS else ""
        parts.append(
            f'<text x="{16 + 57 * at}" y="202" text-anchor="middle" class="tick">{100 * at // BINS}{percent}</text>'
        )
    about = "How many submissions reached which share of the points, in per cent"
    return f'<svg viewBox="0 0 620 210" role="img" aria-label="{about}">{"".join(parts)}</svg>'


def table(heads: Sequence[str], rows: Iterable[str], texts: Sequence[str] = ()) -> str:
    """A table, which a narrow screen shows as a list. `texts`: the heads of columns that hold sentences."""
    shown = (f"<th{' class=text' if head in texts else ''}>{head}</th>" for head in heads)
    return f'<table><tbody><tr class="heads">{"".join(shown)}</tr>{"".join(rows)}</tbody></table>'


def table_row(heads: Sequence[str], cells: Sequence[str], texts: Sequence[str] = ()) -> str:
    """A row of it; the cells are HTML."""
    shown = (
        f'<td data-label="{head}"{" class=text" if head in texts else ""}>{cell}</td>'
        for head, cell in zip(heads, cells, strict=True)
    )
    return f"<tr>{''.join(shown)}</tr>"


def question_table(scores: Sequence[Scores], stats: Sequence[QuestionStats]) -> str:
    heads = ("question", "points", "mean", "", "passed", "zero", "discrimination", "unanswered", "by hand")
    rows = []
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
        rows.append(table_row(heads, cells))
    return table(heads, rows)


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
    heads, texts = ("question", "times", "diagnosis", "whose"), ("diagnosis", "whose")
    rows = [
        table_row(
            heads, (html.escape(question), str(len(students)), html.escape(line), named(students, reports)), texts
        )
        for (question, line), students in sorted(said.items(), key=lambda one: (-len(one[1]), one[0]))[:MOST]
    ]
    more = f'<p class="quiet">and {len(said) - MOST} more kinds.</p>' if len(said) > MOST else ""
    return table(heads, rows, texts) + more


def named(students: Iterable[str], reports: dict[str, str]) -> str:
    """The first of some students, linked to their reports."""
    students = sorted(students)
    shown = [
        f'<a href="{html.escape(reports[one])}">{html.escape(one)}</a>' if one in reports else html.escape(one)
        for one in students[:LINKS]
    ]
    return ", ".join(shown) + (f" and {len(students) - LINKS} more" if len(students) > LINKS else "")


def times(results: Sequence[SubmissionResult], stats: Sequence[QuestionStats], reports: dict[str, str]) -> str:
    """How long the slowest cells ran when they were graded, and whose ran longest."""
    took: dict[tuple[str, str], list[tuple[float, str]]] = defaultdict(list)
    wholes = []
    for graded in results:
        for notebook, cells in graded.seconds.items():
            for cell, seconds in cells.items():
                took[notebook, cell].append((seconds, graded.student))
        if graded.seconds:
            wholes.append(sum(seconds for cells in graded.seconds.values() for seconds in cells.values()))
    if not wholes:
        return "<p>It is kept when submissions are graded again.</p>"
    titles = {one.question.key: one.question.title for one in stats}
    middle = {key: median(seconds for seconds, _ in found) for key, found in took.items()}
    slowest = sorted(took, key=lambda key: (-middle[key], -max(took[key])[0], key))[:CELLS]
    longest = max(max(max(took[key])[0] for key in slowest), 0.01)
    heads, texts = ("cell", "median", "", "slowest tenth", "longest", "whose"), ("whose",)
    rows = []
    for key in slowest:
        ran = sorted(took[key])
        tenth, (most, student) = ran[min(int(0.9 * len(ran)), len(ran) - 1)][0], ran[-1]
        name = html.escape(f"{key[0]}: {titles.get(key, key[1])}")
        bar = f'<meter min="0" max="1" value="{middle[key] / longest:.3f}">{in_seconds(middle[key])}</meter>'
        figures = in_seconds(middle[key]), bar, in_seconds(tenth), in_seconds(most)
        rows.append(table_row(heads, (name, *figures, named([student], reports)), texts))
    more = f" The {len(slowest)} slowest of {len(took)} cells:" if len(took) > len(slowest) else ""
    said = f"A submission ran for {in_seconds(median(wholes))} (median), {in_seconds(max(wholes))} at most.{more}"
    return f"<p>{said}</p>{table(heads, rows, texts)}"


def in_seconds(seconds: float) -> str:
    """A time as it is read: "340 ms", "2.4 s", "75 s"."""
    if seconds < 0.9995:
        return f"{1000 * seconds:.0f}\u00a0ms"
    return f"{seconds:.1f}\u00a0s" if seconds < 9.95 else f"{seconds:.0f}\u00a0s"


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
    items = (f"<li>{named(one.students, reports)}: {html.escape(one.text)}</li>" for one in found[:LOOKS])
    more = f'<p class="quiet">and {len(found) - LOOKS} more.</p>' if len(found) > LOOKS else ""
    return f"<ul>{''.join(items)}</ul>{more}"


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
