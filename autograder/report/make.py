"""The pipeline: a submission in, a PDF and its page map out."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.files import write_atomically
from autograder.gradebook.results import Scores
from autograder.report.document import Document, assemble
from autograder.report.model import NotShown, Options, ReportContent
from autograder.report.pagemap import page_map
from autograder.report.read import read_graded
from autograder.report.typeset import typeset


@dataclass(frozen=True)
class Made:
    """What was written: the PDF, its page map, how many pages, what the first page warns of and what is not shown."""

    pdf: Path
    pages_json: Path
    pages: int
    notices: tuple[tuple[str, str], ...]
    problems: tuple[NotShown, ...]


def make_report(submission: ReportContent, pdf: Path, options: Options) -> Made:
    """Write `pdf` and, beside it, the page map with the ending .pages.json.

    Raises:
        TypesetError: the document cannot be set at all.
        OSError: a file cannot be written.
    """
    return write_report(assemble(submission, options), submission.when, pdf)


def write_report(document: Document, when: datetime, pdf: Path) -> Made:
    """As `make_report`, for a document that is assembled already; `when` becomes the file's date."""
    done = typeset(document, when)
    pages = page_count(done.pdf)
    pages_json = pdf.with_suffix(".pages.json")
    pdf.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(pdf, done.pdf)
    text = json.dumps(page_map(document, done.marks, pages), indent=1, ensure_ascii=False) + "\n"
    write_atomically(pages_json, text)
    notices = tuple((notice["level"], notice["text"]) for notice in document.data["notices"])
    return Made(pdf, pages_json, pages, notices, done.problems)


def one_report(
    course: Course, assignment: Assignment, student: str, scores: Scores | None, pdf: Path, options: Options
) -> tuple[str, ...]:
    """Write one student's graded submission as `pdf`; returns what could not be shown."""
    submission = read_graded(course, assignment, student, scores)
    return tuple(str(problem) for problem in make_report(submission, pdf, options).problems)


def page_count(pdf: bytes) -> int:
    """The number of pages that the root of the page tree states."""
    counts = [int(found) for found in re.findall(rb"/Type\s*/Pages\b[^>]*?/Count\s+([0-9]+)", pdf)]
    counts += [int(found) for found in re.findall(rb"/Count\s+([0-9]+)[^>]*?/Type\s*/Pages\b", pdf)]
    if counts:
        return max(counts)
    import io

    from pypdf import PdfReader

    return len(PdfReader(io.BytesIO(pdf)).pages)
