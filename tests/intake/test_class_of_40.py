"""A class of 40 on three platforms: collected, graded, exported, read back."""

import csv
import io
import zipfile
from pathlib import Path

from autograder.gradebook.roster import read_roster, write_people
from autograder.handback.grades import read_grades
from autograder.handback.systems import SYSTEMS, export_into
from autograder.intake.collect import collect
from autograder.intake.roster import import_roster

FIRST = ("Ada", "Zoë", "José", "Anna", "Jörg", "Mei", "Ștefan", "Nguyễn", "Siân", "Olu")
LAST = ("Lovelace", "O'Neil", "Müller-Lüdenscheidt", "Schmidt")
WRONG = {"out = 2 * x": "out = 3 * x"}


def people() -> list[tuple[str, str, str]]:
    """Number, first and last name of 40 students; two of them have the same name."""
    names = [(first, last) for last in LAST for first in FIRST]
    names[39] = names[33]  # a second Anna Schmidt
    return [(f"{number:03}", *name) for number, name in enumerate(names)]


def squashed(text: str) -> str:
    return "".join(char for char in text.lower() if char.isalnum() or char == "_")


def download(work: dict[str, bytes], platform: str) -> bytes:
    """The class's submissions as the platform packs them: number -> the student's zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        listed = []
        for number, first, last in people():
            if number not in work:
                continue
            if platform == "canvas":
                late = "_LATE" if number == "007" else ""
                name = f"{squashed(last + first)}{late}_1{number}_9{number}_hw.zip"
            elif platform == "moodle":
                name = f"{first} {last}_5{number}_assignsubmission_file_/my work.zip"
            else:
                listed.append(
                    f"submission_{number}:\n  :submitters:\n  - :name: \"{first} {last}\"\n    :sid: ''\n"
                    f"    :email: u{number}@uni.edu\n  :created_at: 2026-10-09 11:{int(number):02}:00 Z\n"
                )
                name = f"assignment_5_export/submission_{number}/hw.zip"
            archive.writestr(name, work[number])
        if listed:
            archive.writestr("assignment_5_export/submission_metadata.yml", "---\n" + "".join(listed))
    return out.getvalue()


def packed(folder: Path) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return out.getvalue()


def canvas_gradebook() -> str:
    rows = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "A tiny homework (77)"]]
    rows += [["    Points Possible", "", "", "", "", "24"]]
    rows += [
        [f"{last}, {first}", f"1{number}", f"s{number}", f"u{number}", "A", ""] for number, first, last in people()
    ]
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def moodle_worksheet() -> str:
    rows = [["Identifier", "Full name", "Email address", "Grade", "Maximum Grade", "Last modified (grade)"]]
    rows += [
        [f"Participant 5{number}", f"{first} {last}", f"u{number}@uni.edu", "", "24.00", "-"]
        for number, first, last in people()
    ]
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def gradescope_roster() -> str:
    rows = [["First Name", "Last Name", "SID", "Email", "Sections"]]
    rows += [[first, last, f"s{number}", f"u{number}@uni.edu", "A"] for number, first, last in people()]
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def test_nobody_is_lost_merged_or_late(tiny, grading, tmp_path):
    """Do 40 students on three platforms each get their own points back, and who handed in nothing none?"""
    course, assignment = tiny.course, tiny.course.assignment("tiny")
    right, wrong = (packed(tiny.hand_in(f"made-{n}", library=lib)) for n, lib in enumerate((None, WRONG)))
    for folder in course.submitted.iterdir():
        (folder / "tiny").rename(tmp_path / folder.name)
        folder.rmdir()
    for name, text in (("c", canvas_gradebook()), ("g", gradescope_roster()), ("m", moodle_worksheet())):
        (tmp_path / f"{name}.csv").write_text(text, "utf-8")
        write_people(course, import_roster(tmp_path / f"{name}.csv", read_roster(course), ["tiny"], {}).people)
    roster = read_roster(course)
    assert len(roster) == 40

    numbers = [number for number, _, _ in people()]
    work = {number: wrong if int(number) % 3 == 0 else right for number in numbers if number not in ("011", "039")}
    for platform, part in (("canvas", numbers[:14]), ("moodle", numbers[14:27]), ("gradescope", numbers[27:])):
        source = tmp_path / f"{platform}.zip"
        source.write_bytes(download({n: work[n] for n in part if n in work}, platform))
        report = collect(course, assignment, source)
        assert report.problems == []
        assert {row.student for row in report.rows} == {f"u{n}" for n in part if n in work}
        assert not any(row.seconds_late for row in report.rows)
    assert {person.id for person in report.missing} == {"u011", "u039"}

    shown = grading(tiny)
    assert "2 students have no submission: " in shown
    grades = read_grades(course, ["tiny"])
    expected = {f"1{n}": "" if n not in work else "20.00" if work[n] is wrong else "22.00" for n in numbers}
    for system, text, who in (("canvas", canvas_gradebook(), "ID"), ("moodle", moodle_worksheet(), "Identifier")):
        path = tmp_path / f"{system}.csv"
        path.write_text(text, "utf-8")
        done = export_into(SYSTEMS[system], grades, path, path)
        assert done.problems == []
        rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
        points = {row[who][-3:]: row.get("A tiny homework (77)", row.get("Grade")) for row in rows if row[who]}
        assert points == {number[1:]: value for number, value in expected.items()}
