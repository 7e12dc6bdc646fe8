"""`<student>.pages.json`: question -> pages, and the same as the outline that Gradescope takes for a PDF assignment."""

from collections.abc import Sequence

from autograder.report.document import Document
from autograder.report.typeset import Mark

PAGE_HEIGHTS = {"a4": 841.89, "us-letter": 792.0}


def page_map(document: Document, marks: Sequence[Mark], pages: int) -> dict:
    """The page map of one PDF.

    Returns:
        assignment, student, student_id, page_count;
        questions: "notebook:cell" -> pages (from 1) that show the work for it, the question and its output;
        regions: full name of a .py region -> pages;
        code: "notebook:cell" -> the regions that it grades: name, path, lines [first, last], pages;
        outline: Gradescope's form, with rectangles in percent of the page, questions below their notebook.
    """
    data = document.data
    by_id = {mark.id: mark for mark in marks}
    height = PAGE_HEIGHTS[data["paper"]]
    questions: dict[str, list[int]] = {}
    groups = []
    for notebook in data["notebooks"]:
        children = []
        for cell in notebook["cells"]:
            question = cell.get("question")
            mark = by_id.get(question["id"]) if question else None
            if question and mark:
                questions[question["id"]] = list(range(mark.first_page, mark.last_page + 1))
                children.append(outline_entry(question["title"], question["points"], rectangles(mark, height)))
        if children:
            weight = sum(child["weight"] for child in children)
            whole = [rectangle for child in children for rectangle in child["crop_rect_list"]]
            groups.append(outline_entry(notebook["title"], weight, whole) | {"children": children})
    names = [region["name"] for file in data["files"] for region in file["regions"]]
    regions = {name: list(range(by_id[name].first_page, by_id[name].last_page + 1)) for name in names if name in by_id}
    asked = (cell["question"] for notebook in data["notebooks"] for cell in notebook["cells"] if "question" in cell)
    code = {
        question["id"]: [
            {
                "region": one["name"],
                "path": one["path"],
                "lines": [one["first"], one["last"]],
                "pages": regions.get(one["name"], []),
            }
            for one in question["code"]
        ]
        for question in asked
        if question["code"]
    }
    return {
        "assignment": data["assignment"],
        "student": data["student"],
        "student_id": data["student_id"],
        "page_count": pages,
        "questions": questions,
        "regions": regions,
        "code": code,
        "outline": {
            "assignment": {"identification_regions": {"name": None, "sid": None}},
            "question_data": groups,
        },
    }


def outline_entry(title: str, weight: float, rectangles: list[dict]) -> dict:
    return {"title": title, "weight": weight, "crop_rect_list": rectangles}


def rectangles(mark: Mark, height: float) -> list[dict]:
    """The part of each page that a mark covers, in percent."""

    def percent(y: float) -> float:
        return round(min(max(100 * y / height, 0.0), 100.0), 1)

    return [
        {
            "x1": 0.0,
            "x2": 100.0,
            "y1": percent(mark.first_y) if page == mark.first_page else 0.0,
            "y2": percent(mark.last_y) if page == mark.last_page else 100.0,
            "page_number": page,
        }
        for page in range(mark.first_page, mark.last_page + 1)
    ]
