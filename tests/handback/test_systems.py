"""Grades in the forms that other systems import, read back by their rules."""

import csv
import io
from pathlib import Path

import pytest

from autograder.errors import CourseError
from autograder.gradebook.scores import scores_by_student
from autograder.handback.export import export_questions, export_totals
from autograder.handback.grades import read_grades
from autograder.handback.systems import SYSTEMS, export_into, export_new
from autograder.report.document import scores_data
from autograder.report.read import read_graded

ADA, BÖSE = 0.8 * 22, 20.0  # 24 points and 3 extra less what is graded by hand (5); the late one loses two days


def rows_of(path: Path, encoding: str = "utf-8", delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(encoding), newline=""), delimiter=delimiter))


@pytest.fixture
def grades(graded):
    return read_grades(graded.course, ["tiny"])


def test_what_everybody_has(grades):
    """Are penalty, extension, what waits for a person, and who handed in nothing, in the grades?"""
    assert [person.id for person in grades.people] == ["s2", "s1", "s3"]
    ada, böse, mary = (grades.of[student, "tiny"] for student in ("s1", "s2", "s3"))
    assert (ada.points, ada.state, ada.waiting) == (pytest.approx(ADA), "partly graded", 1)
    assert ada.late == "handed in 1 d 3 h late: 2 days begun × 10 %"
    assert (böse.points, böse.penalty, böse.late) == (pytest.approx(BÖSE), 0, "")
    assert (mary.points, mary.state) == (None, "not handed in")


@pytest.mark.parametrize(
    ("system", "who", "columns", "first"),
    [
        ("canvas", "ID", ["A tiny homework"], {"101": "17.60", "102": "20.00", "103": ""}),
        ("moodle", "Identifier", ["Grade", "Maximum Grade", "Last modified (grade)", "Full name"],
         {"Participant 777": "17.60", "Participant 778": "20.00", "Participant 779": ""}),
        ("gradescope", "Email", ["A tiny homework", "A tiny homework - Max Points"],
         {"ada@uni.edu": "17.60", "cmd@uni.edu": "20.00", "mary@uni.edu": ""}),
        ("blackboard", "Username", ["A tiny homework [Total Pts: 24 Score]"], {"s1": "17.60", "s2": "20.00", "s3": ""}),
        ("csv", "student_id", ["score", "max_score", "late_penalty", "state", "late"],
         {"s1": "17.60", "s2": "20.00", "s3": ""}),
    ],
)  # fmt: skip
def test_each_systems_table(grades, tmp_path, system, who, columns, first):
    """Has everybody a row, by the id that the system knows, with two decimals, and is no name a formula?"""
    done = export_new(SYSTEMS[system], grades, tmp_path / "out.csv")
    assert (done.rows, done.problems) == (3, [])
    rows = rows_of(tmp_path / "out.csv")
    assert set(columns) <= rows[0].keys()
    assert {row[who]: row[columns[0]] for row in rows if row[who]} == first
    assert not any(cell.startswith("=") for row in rows for cell in row.values())


def test_canvas_has_its_row_of_points(grades, tmp_path):
    """Is the row of maximum points there, with the five columns that Canvas's import needs?"""
    export_new(SYSTEMS["canvas"], grades, tmp_path / "out.csv")
    header, points, *_ = csv.reader(io.StringIO((tmp_path / "out.csv").read_text("utf-8")))
    assert header[:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert (points[0], points[5]) == ("    Points Possible", "24.00")


CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Notes,A tiny homework (5511),Current Score
    Points Possible,,,,,,24,(read only)
"Somerville, Mary",103,,,B,,,
"=1+1 Böse",102,,,A,,,77.1
"Lovelace, Ada",101,,,A,keep me,,88.2
"Student, Test",999,,,A,,,
"""
WORKSHEET = """Identifier,Full name,Email address,Status,Grade,Maximum Grade,Last modified (grade),Feedback comments
Participant 779,Mary Somerville,mary@uni.edu,No submission,-,24.00,-,
Participant 777,Ada Lovelace,ada@uni.edu,Submitted,-,24.00,-,
"""
BLACKBOARD = (
    '"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"A tiny homework [Total Pts: 24 Score] |881"\n'
    '"Lovelace"\t"Ada"\t"s1"\t""\t""\n"Somerville"\t"Mary"\t"s3"\t""\t""\n'
)


def test_into_canvas_gradebook(grades, tmp_path):
    """Are only the assignment's cells filled in, rows and order kept, and the file as it was kept beside?"""
    path = tmp_path / "gradebook.csv"
    path.write_text(CANVAS, "utf-8")
    done = export_into(SYSTEMS["canvas"], grades, path, path)
    assert done.problems == []
    rows = rows_of(path)
    assert [row["ID"] for row in rows] == ["", "103", "102", "101", "999"]
    assert [row["A tiny homework (5511)"] for row in rows] == ["24", "", "20.00", "17.60", ""]
    assert (rows[3]["Notes"], rows[3]["Current Score"]) == ("keep me", "88.2")
    assert rows[2]["Student"] == "'=1+1 Böse"
    assert (tmp_path / "gradebook.csv.before").read_text("utf-8") == CANVAS


def test_into_moodles_worksheet(grades, tmp_path):
    """Are grade and comment filled in, "-" kept, and is a student with a grade but no row a problem?"""
    (tmp_path / "w.csv").write_text(WORKSHEET, "utf-8-sig")
    done = export_into(SYSTEMS["moodle"], grades, tmp_path / "w.csv", tmp_path / "out.csv")
    mary, ada = rows_of(tmp_path / "out.csv", "utf-8-sig")
    assert (mary["Grade"], ada["Grade"], ada["Last modified (grade)"]) == ("-", "17.60", "-")
    assert ada["Feedback comments"] == "handed in 1 d 3 h late: 2 days begun × 10 %"
    assert done.problems == ["s2 has a grade but no row in w.csv."]


def test_into_blackboards_utf16(grades, tmp_path):
    """Do encoding, tabs and the column's name stay as Blackboard wrote them?"""
    (tmp_path / "bb.xls").write_bytes(BLACKBOARD.encode("utf-16"))
    export_into(SYSTEMS["blackboard"], grades, tmp_path / "bb.xls", tmp_path / "out.xls")
    rows = rows_of(tmp_path / "out.xls", "utf-16", "\t")
    assert [row["A tiny homework [Total Pts: 24 Score] |881"] for row in rows] == ["17.60", ""]


def test_a_template_without_the_assignment(grades, tmp_path):
    """Is it told which column is looked for, and which there are; and another maximum noticed?"""
    (tmp_path / "t.csv").write_text("Student,ID,Section,Other (3)\n")
    with pytest.raises(CourseError, match=r'none is called "A tiny homework"\. There are: Student'):
        export_into(SYSTEMS["canvas"], grades, tmp_path / "t.csv", tmp_path / "o.csv")
    (tmp_path / "w.csv").write_text(WORKSHEET.replace("24.00", "100.00"), "utf-8")
    done = export_into(SYSTEMS["moodle"], grades, tmp_path / "w.csv", tmp_path / "o.csv")
    assert any("a maximum of 100.00, but tiny has 24.00" in problem for problem in done.problems)


def test_who_a_system_cannot_know_is_named(grades, tmp_path):
    """Is a student without the system's number a problem, and still in the table?"""
    from dataclasses import replace

    people = tuple(replace(person, ids=frozenset()) for person in grades.people)
    done = export_new(SYSTEMS["canvas"], replace(grades, people=people), tmp_path / "out.csv")
    assert done.rows == len(done.problems) == 3
    assert "roster import" in done.problems[0]


def test_nbgraders_columns_and_questions_have_two_decimals(graded, tmp_path):
    """Have nbgrader's own columns and the questions two decimals, titles, and no formula?"""
    export_totals(graded.course, ["tiny"], tmp_path / "t.csv")
    rows = {row["student_id"]: row for row in rows_of(tmp_path / "t.csv")}
    assert (rows["s1"]["score"], rows["s1"]["max_score"]) == ("17.60", "24.00")
    assert rows["s2"]["first_name"] == "'=1+1"
    export_questions(graded.course, ["tiny"], tmp_path / "q.csv")
    (row,) = [r for r in rows_of(tmp_path / "q.csv") if (r["student_id"], r["question"]) == ("s2", "double-check")]
    assert (row["score"], row["max_score"], row["first_name"]) == ("0.00", "2.00", "'=1+1")
    assert row["title"]


def test_reports_say_what_lateness_cost_and_where_the_time_is_not_known(graded):
    """Does the report give the penalty's reason, and no time of a file in place of one that nobody knows?"""
    assignment = graded.course.assignment("tiny")
    scores = scores_by_student(graded.course, assignment)
    late = read_graded(graded.course, assignment, "s1", scores["s1"])
    assert scores_data(late, {}, {}, {})["late"] == "handed in 1 d 3 h late: 2 days begun × 10 %"
    assert late.when_known
    stamp = graded.course.autograded / "s2" / "tiny" / "timestamp.txt"
    text = stamp.read_text()
    stamp.unlink()
    assert not read_graded(graded.course, assignment, "s2", scores["s2"]).when_known
    stamp.write_text(text)
