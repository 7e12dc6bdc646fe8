"""The class at a glance, on a page and in a terminal."""

import io
import re

import pytest
from bs4 import BeautifulSoup
from rich.console import Console

from autograder.errors import CourseError
from autograder.gradebook.anomalies import Anomaly
from autograder.gradebook.results import CellResult, Scores, SubmissionResult
from autograder.gradebook.stats import discrimination, question_stats, stats_table
from autograder.questions import Kind, Question
from autograder.report.class_page import class_page, write_class_page

LOST = ("scores   shape   wrong", "    a factor 2 <too> large")
QUESTIONS = [
    Question("two_layer_net", "scores-check-of-the-forward-pass-with-regularisation", Kind.CHECK, 4, False, "Scores"),
    Question("two_layer_net", "why", Kind.ANSWER, 6, False, "Question 1 <b>"),
    Question("other", "loss", Kind.CHECK, 2, False, "Loss"),
]


def scores_of(student, *earned, late=0.0, comment=""):
    cells = tuple(
        CellResult(one.notebook, one.cell, one.points, score, comment=comment if one.by_hand else "")
        for one, score in zip(QUESTIONS, earned, strict=True)
    )
    total = sum(score or 0 for score in earned)
    waiting = None in earned
    return Scores(student, "", cells, total, 12, 1.0 if late else 0.0, waiting, seconds_late=late)


CLASS = [scores_of(f"s{n}", min(n, 4), n % 7, 2 if n > 5 else 0) for n in range(9)]
CLASS += [scores_of("late", 0, None, 0, late=90_000.0, comment="No response.")]


def result_of(student):
    cell = CellResult("two_layer_net", QUESTIONS[0].cell, 4, 0, 0.0, lines=LOST)
    return SubmissionResult("hw", student, 1, "", "", "", (cell,), {}, (), ())


def page():
    results = [result_of("s0"), result_of("late")]
    found = [Anomaly("same code", ("s1", "s2"), "the same code in loss")]
    return class_page(
        "Nets & <gaps>", CLASS, question_stats(CLASS, QUESTIONS), results, found, {"s0": "reports/s0.pdf"}
    )


def test_the_page_says_how_it_went():
    """Are totals, questions, diagnoses, lateness and anomalies on it, with links to reports?"""
    soup = BeautifulSoup(page(), "html.parser")
    text = " ".join(soup.get_text(" ").split())
    assert "10 submissions, 12 points: mean 5.40" in text
    assert "1 is still waiting" in text
    assert re.search(r"s0 , late|late, s0", text)
    assert soup.find("a", href="reports/s0.pdf").text == "s0"
    assert "1 of 10 were late and lost 1.00 points" in text
    assert "1 within 2 days" in text
    assert "s1, s2: the same code in loss" in text
    assert [meter["value"] for meter in soup.find_all("meter")] == ["0.650", "0.407", "0.300"]
    counts = [int(one.text) for one in soup.svg.find_all("text", class_=None) if one.text]
    assert sum(counts) == 10


def test_the_page_needs_nothing_and_runs_nothing():
    """Is everything in it escaped, and is there no script and no address elsewhere?"""
    made = page()
    assert "<too>" not in made
    assert "Nets &amp; &lt;gaps&gt;" in made
    assert "<b>" not in made
    assert "<script" not in made
    assert "http" not in made.replace("http-equiv", "")
    assert "default-src 'none'" in made


def test_times():
    """Are the slowest cells listed with median, slowest tenth and longest, and is the student of that one named?"""

    def ran(student, slow):
        seconds = {"two_layer_net": {QUESTIONS[0].cell: slow, **{f"c{n:02d}": n / 1000 for n in range(20)}}}
        return SubmissionResult("hw", student, 1, "", "", "", (), {}, (), (), seconds=seconds)

    results = [ran(f"s{n}", 0.1 * n) for n in range(1, 11)] + [ran("slow", 40.0)]
    made = class_page("Nets", CLASS, question_stats(CLASS, QUESTIONS), results, [], {"slow": "slow.pdf"})
    soup = BeautifulSoup(made, "html.parser")
    table = soup.find("h2", string="Time of cells").find_next("table")
    rows = [[cell.get_text().replace("\u00a0", " ") for cell in row.find_all("td")] for row in table.find_all("tr")[1:]]
    assert rows[0] == ["two_layer_net: Scores", "600 ms", "600 ms", "1.0 s", "40 s", "slow"]
    assert table.find("a")["href"] == "slow.pdf"
    assert [row[0] for row in rows[1:3]] == ["two_layer_net: c19", "two_layer_net: c18"]
    said = table.find_previous("p").get_text().replace("\u00a0", " ")
    assert said == "A submission ran for 790 ms (median), 40 s at most. The 12 slowest of 21 cells:"


def test_files(tmp_path):
    """Are figures beside the page on request, and is a folder that is not there named?"""
    stats = question_stats(CLASS, QUESTIONS)
    reports = tmp_path / "reports" / "hw"
    reports.mkdir(parents=True)
    (reports / "s0.pdf").write_bytes(b"")
    write_class_page(tmp_path / "class.html", "Nets", CLASS, stats, [result_of("s0")], [], reports, png=True)
    assert 'href="reports/hw/s0.pdf"' in (tmp_path / "class.html").read_text()
    for name in ("class-totals.png", "class-questions.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    with pytest.raises(CourseError, match=r"no/class\.html cannot be written"):
        write_class_page(tmp_path / "no" / "class.html", "Nets", CLASS, stats, [], [], reports)


def test_discrimination():
    """Does a question that goes with the rest have a high one, and does one that says nothing have none?"""
    good = [scores_of(f"s{n}", n % 5, n % 5, n % 5) for n in range(10)]
    assert discrimination(good, QUESTIONS[0].key) == pytest.approx(1)
    against = [scores_of(f"s{n}", n % 5, 4 - n % 5, 0) for n in range(10)]
    assert discrimination(against, QUESTIONS[0].key) == pytest.approx(-1)
    assert discrimination(against, QUESTIONS[2].key) is None
    assert discrimination(good[:4], QUESTIONS[0].key) is None


def test_the_table_fits_a_terminal():
    """Is the table grouped by notebook, in 80 columns, without a broken word?"""
    console = Console(file=io.StringIO(), width=80)
    console.print(stats_table(question_stats(CLASS, QUESTIONS)))
    lines = [line.rstrip() for line in console.file.getvalue().split("\n")]
    assert max(map(len, lines)) <= 80
    assert sum("two_layer_net" in line for line in lines) == 1
    assert any(line.lstrip().startswith("scores-check-of-the-forward-p") and "…" in line for line in lines)
    assert any(line.split() == ["loss", "2", "0.60", "30", "7", "3"] for line in lines)


def test_three_thousand_students():
    """Is the page of a large class small enough to open?"""
    many = [scores_of(f"s{n}", n % 5, n % 7, n % 3) for n in range(3000)]
    made = class_page("Nets", many, question_stats(many, QUESTIONS), [result_of(f"s{n}") for n in range(3000)], [], {})
    assert len(made) < 50_000
    assert "s0, s1, s10, s100, s1000, s1001, s1002, s1003 and 2992 more" in made
