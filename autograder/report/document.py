"""Assembles the document: one JSON value that the template prints, with nothing left to decide but the layout."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from autograder.gradebook.results import CellResult
from autograder.questions import Question, cell_name, is_question, questions_in, students_write, title_from
from autograder.report.cells import LOST, cell_data, language_of, notices
from autograder.report.content import shortened
from autograder.report.fonts import font_families, missing_characters
from autograder.report.graded_code import graded_regions
from autograder.report.hidden import is_hidden, without_hidden
from autograder.report.markup import Markup, resolve
from autograder.report.model import Notebook, NotShown, Options, ReportContent, SourceRegion
from autograder.report.pandoc import MARKDOWN
from autograder.report.rows import code_rows, diff_rows, row_data, style_table
from autograder.report.terminal import clean
from autograder.who import CELL as STUDENT
from autograder.words import NOT_WRITTEN_YET

MAX_EDIT_LINES = 120
MAX_ADDED_LINES = 12  # what was added is shown in full where it stands
MAX_REGION_LINES = 2000
MAX_NOTICE = 2000
MAX_COMMENT = 300
MAX_CHARACTERS = 12
MAX_PLACES = 4

TAGS = {"added": "added cell", "scheme": "not shown to students"}
GradedCode = Mapping[tuple[str, str], Sequence[SourceRegion]]
"""(notebook, cell) of a question -> the regions that it grades."""

Questions = Mapping[str, Mapping[str, Question]]
"""Notebook -> cell -> the question that the cell is, in their order."""

KINDS = {"own": "", "report": "Instructor's report", "feedback": "Feedback"}


@dataclass(frozen=True)
class Document:
    """What is to be printed.

    Attributes:
        data: for the template and for pages.
        pictures: the pictures that it names.
        problems: what cannot be shown.
        mathml: for pages, each formula in it (as Typst, and whether it is displayed) -> the same as MathML.
    """

    data: dict
    pictures: dict[str, bytes]
    problems: tuple[NotShown, ...]
    mathml: Mapping[tuple[str, bool], str] = field(default_factory=dict)


def assemble(submission: ReportContent, options: Options) -> Document:
    """The document of one submission."""
    markup = Markup(full=options.full_outputs)
    questions = {nb.name: questions_in(nb.name, nb.nb.cells, submission.extra_credit) for nb in submission.notebooks}
    code = graded_code(submission, questions)
    notebooks = [
        notebook_data(nb, questions[nb.name], submission, options, markup, code) for nb in submission.notebooks
    ]
    resolved = markup.resolved()
    for notebook in notebooks:
        for cell in notebook["cells"]:
            cell["blocks"] = resolve(cell["blocks"], resolved)
            if "comment" in cell.get("question", {}):
                cell["question"]["comment"] = resolve(cell["question"]["comment"], resolved)
        level_headings(notebook)
    shown = (cell["question"] for notebook in notebooks for cell in notebook["cells"] if "question" in cell)
    comments = {one["id"]: in_one_line(one["comment"], MAX_COMMENT) for one in shown if "comment" in one}
    data: dict[str, Any] = {
        "kind": options.kind,
        "paper": options.paper,
        "new_page": options.new_page_per_question,
        "fonts": list(font_families()),
        "assignment": submission.assignment,
        "title": clean(submission.title),
        "label": KINDS[options.kind],
        "student": clean(submission.name),
        "student_id": clean(submission.student_id),
        "when": shown_time(submission.when, submission) if submission.when_known else "not known",
        "due": shown_time(submission.due, submission) if submission.due else "",
        "late": submission.scores.late if submission.scores else "",
        "digest": submission.digest,
        "notices": [
            {"level": level, "text": clean(shortened(text, MAX_NOTICE)), "notebook": notebook}
            for level, text, notebook in all_notices(submission)
        ],
        "scores": scores_data(submission, questions, code, comments),
        "notes": [
            {"kind": clean(note.kind), "text": clean(shortened(note.text, MAX_NOTICE))}
            for note in shown_notes(submission, options)
        ],
        "edits": [edit_data(edit) for edit in submission.edits],
        "notebooks": notebooks,
        "files": files_data(submission),
    }
    own = [one for one in markup.on_the_web if one[0] not in markup.given]
    given = [one for one in markup.on_the_web if one[0] in markup.given]
    if given:
        text = f"In the assignment's own text {places_of(given)} on the web, and not shown here."
        data["notices"].append({"level": "note", "text": clean(shortened(text, MAX_NOTICE)), "notebook": ""})
    problems = [*markup.problems, *web_pictures(own), *unread(submission)]
    problems += without_glyph(missing_characters(json.dumps(data, ensure_ascii=False)))
    problems = list(dict.fromkeys(problems))
    data["problems"] = [{"place": clean(problem.place), "text": clean(problem.text)} for problem in problems]
    data["styles"] = style_table(styles_in(data))
    mathml = markup.mathml() if options.kind == "feedback" else {}
    return Document(data, markup.pictures.files, tuple(problems), mathml)


def shown_time(when: datetime, submission: ReportContent) -> str:
    """A time in the zone of the due time, where there is one."""
    zone = submission.due.tzinfo if submission.due else None
    return when.astimezone(zone or UTC).strftime("%Y-%m-%d %H:%M %Z")


def without_glyph(characters: list[str]) -> list[NotShown]:
    """What to say of characters that no font has: a text in another script is one problem, not a hundred."""
    if not characters:
        return []
    shown = ", ".join(f"{char} (U+{ord(char):04X})" for char in characters[:MAX_CHARACTERS])
    more = f" and {len(characters) - MAX_CHARACTERS} more" if len(characters) > MAX_CHARACTERS else ""
    what = "the character" if len(characters) == 1 else f"{len(characters)} characters,"
    they = "it prints as a box" if len(characters) == 1 else "they print as boxes"
    return [NotShown("fonts", f"no installed font has {what} {shown}{more}: {they}")]


def web_pictures(found: list[tuple[str, str]]) -> list[NotShown]:
    """What to say of pictures on the web that a student put in: one line, however many there are."""
    text = "on the web: only pictures in the submission are shown"
    return [NotShown("pictures", f"{places_of(found)} {text}")] if found else []


def places_of(found: list[tuple[str, str]]) -> str:
    """How many pictures are meant, and in which cells: "2 pictures (one, cell a) are"."""
    places = list(dict.fromkeys(place for place, _ in found))
    more = len(places) - MAX_PLACES
    where = ", ".join(places[:MAX_PLACES]) + (f" and {more} more" if more > 0 else "")
    return f"a picture ({where}) is" if len(found) == 1 else f"{len(found)} pictures ({where}) are"


def unread(submission: ReportContent) -> Iterator[NotShown]:
    """The notebooks, and the pieces of a malformed one, that are not in the document, as problems."""
    for text in submission.unreadable:
        yield NotShown("notebook", text)
    for notebook in submission.notebooks:
        for sentence in filter(LOST.search, notebook.mended):
            yield NotShown(notebook.name, f"{sentence}: left out")


def all_notices(submission: ReportContent) -> Iterator[tuple[str, str, str]]:
    """What the first page says about the submission's state: level, sentence, the notebook it is about ("" for all)."""
    asked = submission.scores is not None or any(
        cell.id == STUDENT for nb in submission.notebooks for cell in nb.nb.cells
    )
    if asked and not (submission.name and submission.student_id):
        given = {"name": submission.name, "student id": submission.student_id}
        empty = [what for what, value in given.items() if not value]
        verb = "is" if len(empty) == 1 else "are"
        yield "error", f"The {' and '.join(empty)} {verb} not filled in (the first notebook's cell “student”).", ""
    for text in submission.unreadable:
        yield "error", text, ""
    for name in submission.missing:
        yield "error", f"{name} is not there.", ""
    for notebook in submission.notebooks:
        for level, text in notices(notebook):
            yield level, text, notebook.name
    if not submission.pristine:
        yield "note", "The assignment as released was not at hand: changes outside the regions are not marked.", ""
    elif submission.edits:
        count = len(submission.edits)
        changes = "change" if count == 1 else "changes"
        listed = "listed and marked" if any(nb.released is not None for nb in submission.notebooks) else "listed"
        yield "warning", f"{count} {changes} outside the regions: {listed} below.", ""
    untouched = [region.name for region in submission.regions if region.edited is False]
    if untouched:
        yield "warning", f"{NOT_WRITTEN_YET.capitalize()}: {', '.join(untouched)}.", ""


def shown_notes(submission: ReportContent, options: Options):
    """The integrity notes: for instructors only."""
    return submission.notes if options.kind == "report" else ()


# Notebooks


def notebook_data(
    notebook: Notebook,
    questions: Mapping[str, Question],
    submission: ReportContent,
    options: Options,
    markup: Markup,
    code: GradedCode,
) -> dict:
    """One notebook: its cells in order, each question with the cells of work that lead to it."""
    language = language_of(notebook.nb.metadata)
    markup.begin_notebook()
    cells = []
    waiting: dict | None = None
    for cell in notebook.nb.cells:
        if options.kind == "feedback":
            if is_hidden(cell) and not is_question(cell):
                continue
            cell = without_hidden(cell)
        data = cell_data(cell, notebook, markup, language)
        ours = cell.metadata.get("autograder")
        for key, tag in TAGS.items():
            if isinstance(ours, dict) and ours.get(key):
                data["tag"] = tag
        question = is_question(cell)
        if students_write(cell) and not question and waiting is None and cell.id != STUDENT:
            waiting = data
        if question:
            start = waiting or data
            data["question"] = question_data(questions[cell_name(cell)], submission, markup)
            data["question"]["code"] = code_data(code.get((notebook.name, cell_name(cell)), ()))
            start.setdefault("starts", []).append(data["question"]["id"])
            data["ends"] = [data["question"]["id"]]
            waiting = None
        if data["blocks"] or data["tag"] or question:
            cells.append(data)
    return {"name": notebook.name, "title": notebook_title(notebook), "cells": cells}


def notebook_title(notebook: Notebook) -> str:
    return notebook.name.replace("_", " ")


def question_data(question: Question, submission: ReportContent, markup: Markup) -> dict:
    """A question's id, title, points and, where it has been graded, its result."""
    score = submission.scores.of(*question.key) if submission.scores else None
    data = {
        "id": ":".join(question.key),
        "title": clean(question.title),
        "points": question.points,
        "extra": question.extra_credit,
    }
    if score:
        data["score"] = score.score
        data["state"] = score.state
        if score.remark:
            data["comment"] = [markup.add(MARKDOWN, score.remark, f"the comment on {question.cell}", None, {})]
    return data


def level_headings(notebook: dict) -> None:
    """Make the headings' levels those of the document: below the notebook's, without gaps; questions one deeper."""
    level = 1
    for cell in notebook["cells"]:
        cell["blocks"], level = levelled(cell["blocks"], level)
        if "question" in cell:
            cell["question"]["level"] = level + 1
            if (
                cell["blocks"]
                and cell["blocks"][0]["t"] == "heading"
                and title_in(cell["blocks"][0]) == cell["question"]["title"]
            ):
                cell["question"]["level"] = cell["blocks"].pop(0)["level"]


def levelled(blocks: Sequence[dict], level: int) -> tuple[list[dict], int]:
    """Blocks with the levels of all headings in them, below one of `level`; and the level of the last one."""
    result = []
    for block in blocks:
        changed: dict = {}
        if block["t"] == "heading":
            level = changed["level"] = min(block["level"] + 1, level + 1, 5)
        elif block["t"] in HOLDING:
            changed["c"], level = levelled(block["c"], level)
        elif block["t"] in ("bullets", "numbers"):
            changed["items"] = items = []
            for item in block["items"]:
                inner, level = levelled(item, level)
                items.append(inner)
        elif block["t"] == "table":
            for part in ("head", "body"):
                changed[part] = []
                for row in block[part]:
                    changed[part].append([])
                    for cell in row:
                        inner, level = levelled(cell["c"], level)
                        changed[part][-1].append(cell | {"c": inner})
        result.append(block | changed if changed else block)
    return result, level


HOLDING = ("answer", "quote", "alert", "tinted")
"""The blocks whose content is blocks."""


def title_in(heading: dict) -> str:
    """The words of a heading if it is nothing but words, as a question's title has them."""
    words = "".join(node for node in heading["c"] if isinstance(node, str))
    return title_from(words) if len(heading["c"]) == 1 else ""


# Scores, edits, files


def graded_code(submission: ReportContent, questions: Questions) -> GradedCode:
    """The regions of .py files that each question grades."""
    found: dict[tuple[str, str], list[SourceRegion]] = {}
    for notebook in submission.notebooks:
        asked = questions[notebook.name]
        for cell, regions in graded_regions(notebook.nb.cells, asked, submission.regions).items():
            found[notebook.name, cell] = regions
    return found


def scores_data(
    submission: ReportContent, questions: Questions, code: GradedCode, comments: Mapping[str, list]
) -> dict | None:
    """The score table and its sums."""
    scores = submission.scores
    if scores is None:
        return None
    by_key = {question.key: question for asked in questions.values() for question in asked.values()}
    place = {key: i for i, key in enumerate(by_key)}
    cells = sorted(scores.cells, key=lambda cell: place.get(cell.key, len(place)))
    rows = [score_data(cell, by_key.get(cell.key), code.get(cell.key, ())) for cell in cells]
    for row in rows:
        row["comment"] = comments.get(row["id"], row["comment"])
    return {
        "rows": rows,
        "total": scores.total,
        "maximum": scores.maximum,
        "late_penalty": scores.late_penalty,
        "late": scores.late,
        "extra": sum(cell.score or 0.0 for cell in cells if cell.extra_credit),
        "lost": sum(cell.state == "lost" for cell in cells),
        "pending": sum(cell.score is None for cell in cells),
    }


def score_data(cell: CellResult, question: Question | None, regions: Sequence[SourceRegion]) -> dict:
    """One question's row; its title is that of the notebook, or its id where that notebook was not handed in."""
    line = cell.summary
    if not line and cell.state == "lost":
        line = "graded by hand" if question and question.by_hand else "the check failed"
    return {
        "notebook": cell.notebook,
        "id": f"{cell.notebook}:{cell.cell}",
        "title": clean(question.title if question else cell.cell),
        "points": cell.points,
        "score": cell.score,
        "state": cell.state,
        "extra": cell.extra_credit,
        "line": with_code(clean(line)),
        "comment": [clean(shortened(cell.remark, MAX_COMMENT))] if cell.remark else [],
        "code": code_data(regions),
    }


CODE = re.compile(r"`([^`]+)`")


def with_code(sentence: str) -> list:
    """A sentence as inlines: what stands between backticks is code."""
    pieces = enumerate(CODE.split(sentence))
    return [["code", piece] if i % 2 else piece for i, piece in pieces if piece]


def in_one_line(blocks: Sequence[dict], most: int) -> list:
    """The words and formulas of some blocks on one line, of at most so many characters."""
    line: list = []
    for node in pieces_of(blocks):
        size = len(node if isinstance(node, str) else json.dumps(node, ensure_ascii=False))
        if size > most:
            return [*line, f"{node[: max(most - 1, 0)]}…" if isinstance(node, str) else "…"]
        line.append(node)
        most -= size
    return line


def pieces_of(blocks: Sequence[dict]) -> Iterator[str | list]:
    """The inlines of blocks and of those in them, apart by spaces; pictures by their descriptions."""
    for i, block in enumerate(blocks):
        if i:
            yield " "
        if block["t"] in ("para", "plain", "heading"):
            for node in block["c"]:
                if isinstance(node, list) and node[0] in ("picture", "missing", "note", "break"):
                    yield f"[{node[2]}]" if node[0] == "picture" else " "
                else:
                    yield node
        elif block["t"] == "display":
            yield ["maths", *block["c"][1:]] if block["c"][0] == "display" else block["c"]
        elif block["t"] in ("bullets", "numbers"):
            for item in block["items"]:
                yield "• "
                yield from pieces_of(item)
                yield " "
        elif block["t"] in ("code", "output"):
            yield [
                "code",
                " ".join("".join(r if isinstance(r, str) else r[1] for r in row["r"]) for row in block["rows"]),
            ]
        elif isinstance(block.get("c"), list):
            yield from pieces_of(block["c"])


def code_data(regions: Sequence[SourceRegion]) -> list[dict]:
    """The regions that a question grades, by name and lines."""
    return [
        {"name": clean(region.name), "path": clean(region.path), "first": region.first, "last": last_line(region)}
        for region in regions
    ]


def last_line(region: SourceRegion) -> int:
    """The number of a region's last line that is not empty."""
    return region.first + region.text.rstrip("\n").count("\n")


def edit_data(edit) -> dict:
    """An edit with its diff, shortened."""
    before, after = edit.before.rstrip("\n").split("\n"), edit.after.rstrip("\n").split("\n")
    most = MAX_ADDED_LINES if edit.kind == "added" else MAX_EDIT_LINES
    shown_before, shown_after = "\n".join(before[:most]), "\n".join(after[:most])
    left_out = max(len(before) - most, 0) + max(len(after) - most, 0)
    if edit.kind == "added":
        rows = code_rows(shown_after, first=edit.line, marks=["added"] * most)
    elif edit.kind == "deleted":
        rows = code_rows(shown_before, "text", marks=["removed"] * most)
    else:
        rows = diff_rows(shown_before, shown_after, edit.line)
    return {
        "place": clean(edit.place),
        "kind": edit.kind,
        "line": edit.line,
        "rows": [row_data(row) for row in rows],
        "left_out": left_out,
    }


def files_data(submission: ReportContent) -> list[dict]:
    """The .py files with their regions; regions that were not edited are only named."""
    files: dict[str, list[dict]] = {}
    for region in submission.regions:
        entry: dict = {"name": clean(region.name), "first": region.first, "edited": region.edited is not False}
        if region.edited is not False:
            lines = region.text.rstrip("\n").split("\n")
            marks = ["work"] * len(lines)
            shown = "\n".join(lines[:MAX_REGION_LINES])
            entry["rows"] = [row_data(row) for row in code_rows(shown, "python", region.first, marks)]
            entry["left_out"] = max(len(lines) - MAX_REGION_LINES, 0)
            entry["last"] = last_line(region)
        files.setdefault(clean(region.path), []).append(entry)
    return [{"path": path, "regions": regions} for path, regions in files.items()]


def styles_in(tree: object) -> set[str]:
    """The names of all styles that rows in this tree use."""
    found: set[str] = set()
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            if "r" in node:
                found.update(run[0] for run in node["r"] if isinstance(run, list))
            else:
                pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
    return found
