"""The pipeline: a submission in, a PDF and its page map out."""

import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from autograder.report.document import assemble
from autograder.report.model import Options, Problem, Submission
from autograder.report.pagemap import page_map
from autograder.report.typeset import typeset


@dataclass(frozen=True)
class Made:
    """What was written: the PDF, its page map, how many pages, what the first page warns of and what is not shown."""

    pdf: Path
    pages_json: Path
    pages: int
    notices: tuple[tuple[str, str], ...]
    problems: tuple[Problem, ...]


def make_report(submission: Submission, pdf: Path, options: Options) -> Made:
    """Write `pdf` and, beside it, the page map with the ending .pages.json.

    Raises:
        TypesetError: the document cannot be set at all.
        OSError: a file cannot be written.
    """
    document = assemble(submission, options)
    done = typeset(document, submission.when)
    pages = page_count(done.pdf)
    pages_json = pdf.with_suffix(".pages.json")
    pdf.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(pdf, done.pdf)
    text = json.dumps(page_map(document, done.marks, pages), indent=1, ensure_ascii=False) + "\n"
    write_atomically(pages_json, text.encode())
    notices = tuple((notice["level"], notice["text"]) for notice in document.data["notices"])
    return Made(pdf, pages_json, pages, notices, done.problems)


def page_count(pdf: bytes) -> int:
    """The number of pages that the root of the page tree states."""
    counts = [int(found) for found in re.findall(rb"/Type\s*/Pages\b[^>]*?/Count\s+([0-9]+)", pdf)]
    counts += [int(found) for found in re.findall(rb"/Count\s+([0-9]+)[^>]*?/Type\s*/Pages\b", pdf)]
    if counts:
        return max(counts)
    import io

    from pypdf import PdfReader

    return len(PdfReader(io.BytesIO(pdf)).pages)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file in one step, so that it is never half there."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
