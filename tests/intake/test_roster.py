"""Lists of students as systems export them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.csv_files import read_table, table_text
from autograder.errors import CourseError
from autograder.gradebook.roster import Person, read_roster, without_submission, write_people
from autograder.intake.roster import import_roster, read_times

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,HW 1 (88)
    Points Possible,,,,,20
"Lovelace, Ada",12345,u1,alovelace,Section A,
"O'Neil, Shaun",12346,u2,soneil,Section B,
"Student, Test",99,,,Section A,
"""
MOODLE = """"First name","Last name","ID number","Email address",Groups
Ada,Lovelace,u1,ada@uni.edu,Blue
Shaun,O'Neil,u2,shaun@uni.edu,
"""
WORKSHEET = """Identifier,Full name,Email address,Status,Grade,Maximum Grade,Last modified (submission),Comments
Participant 777,Ada Lovelace,ada@uni.edu,Submitted,-,20.00,"Friday, 9 October 2026, 11:30 AM",
Participant 778,Shaun O'Neil,shaun@uni.edu,No submission,-,20.00,-,
"""
GRADESCOPE = """First Name,Last Name,SID,Email,Sections
Ada,Lovelace,u1,ada@uni.edu,A
Shaun,O'Neil,u2,shaun@uni.edu,B
"""
BLACKBOARD = (
    "Last Name\tFirst Name\tUsername\tStudent ID\tLast Access\tAvailability\nLovelace\tAda\talovelace\tu1\t\tYes\n"
)
GITHUB = '"identifier","github_username","github_id","name"\n"u1","adal","5","Ada Lovelace"\n'
PLAIN = "id;name;email;section;group;extension tiny\ns1;Ada Lovelace;ada@uni.edu;A;Blue;2 d\ns2;Jörg Müller;;B;;36 h\n"


def imported(tmp_path: Path, *texts: str, encoding: str = "utf-8", known: tuple[Person, ...] = ()) -> dict[str, Person]:
    roster = {person.id: person for person in known}
    for text in texts:
        (tmp_path / "list.csv").write_bytes(text.encode(encoding))
        due = {"tiny": datetime(2026, 10, 9, 12, tzinfo=UTC)}
        roster |= {p.id: p for p in import_roster(tmp_path / "list.csv", roster, ["tiny"], due).people}
    return roster


@pytest.mark.parametrize(
    ("text", "ids", "of_first"),
    [
        (CANVAS, ["alovelace", "soneil"], {"canvas:12345", "id:u1", "id:alovelace"}),
        (MOODLE, ["u1", "u2"], {"id:u1"}),
        (WORKSHEET, ["ada@uni.edu", "shaun@uni.edu"], {"moodle:777"}),
        (GRADESCOPE, ["u1", "u2"], {"id:u1"}),
        (BLACKBOARD, ["alovelace"], {"id:alovelace", "id:u1"}),
        (GITHUB, ["u1"], {"id:u1", "id:adal"}),
        (PLAIN, ["s1", "s2"], {"id:s1"}),
    ],
)
def test_each_systems_list(tmp_path, text, ids, of_first):
    """Are everybody's id, name and platforms' ids read, and the rows that are no students left out?"""
    roster = imported(tmp_path, text)
    assert list(roster) == ids
    first = roster[ids[0]]
    assert (first.first, first.last, first.ids) == ("Ada", "Lovelace", of_first)


def test_several_lists_are_one_roster(tmp_path):
    """Is a student the same in all lists, with all ids, and the id of the first?"""
    roster = imported(tmp_path, CANVAS, MOODLE, GRADESCOPE, WORKSHEET, GITHUB)
    assert list(roster) == ["alovelace", "soneil"]
    ada = roster["alovelace"]
    assert ada.ids == {"canvas:12345", "moodle:777", "id:alovelace", "id:u1", "id:adal"}
    assert (ada.email, ada.section, ada.group) == ("ada@uni.edu", "A", "Blue")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_extensions_and_encodings(tmp_path, encoding):
    """Are extensions read in days and hours, and letters right whichever program saved the file?"""
    roster = imported(tmp_path, PLAIN, encoding=encoding)
    assert [dict(person.extensions) for person in roster.values()] == [{"tiny": 48.0}, {"tiny": 36.0}]
    assert roster["s2"].last == "Müller"
    later = imported(tmp_path, "id,extension tiny\ns9,2026-10-10 12:00\n")
    assert later["s9"].extensions == {"tiny": 24.0}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("colour,size\nred,3\n", "no student was found"),
        ("id,extension other\ns1,2 d\n", "is for no assignment"),
        ("id,extension tiny\ns1,soon\n", "is not an extension"),
        ("id,name,email\ns1,A B,a@b.c\ns1,C D,d@e.f\n", "line 3: s1 is A B in a line above"),
    ],
)
def test_a_list_that_cannot_be_understood(tmp_path, text, said):
    """Is it told which line is wrong, and what to write?"""
    with pytest.raises(CourseError, match=said):
        imported(tmp_path, text)


def test_two_of_one_name_stay_two(tmp_path):
    """Are two students of one name two, by email or by number, and is a list refused that cannot tell them apart?"""
    text = "name,email\nAnna Schmidt,a1@uni.edu\nAnna Schmidt,a2@uni.edu\n"
    assert list(imported(tmp_path, text)) == ["a1@uni.edu", "a2@uni.edu"]
    canvas = CANVAS.replace("O'Neil, Shaun", "Lovelace, Ada")
    assert list(imported(tmp_path, canvas, GRADESCOPE)) == ["alovelace", "soneil"]
    with pytest.raises(CourseError, match="this may be alovelace or soneil"):
        imported(tmp_path, canvas, "name,section\nAda Lovelace,C\n")


def test_the_gradebook_has_names_and_the_rest_comes_back(tiny):
    """Does formgrader show names in place of None, and is what a roster knows the same when read again?"""
    ada = Person("s1", "Ada", "Lovelace", "ada@uni.edu", "A", "Blue", frozenset({"canvas:9", "id:x"}), {"tiny": 48.0})
    write_people(tiny.course, [ada])
    with Gradebook(tiny.course.gradebook_url) as gradebook:
        student = gradebook.find_student("s1")
        assert (student.first_name, student.last_name, student.email) == ("Ada", "Lovelace", "ada@uni.edu")
        assert student.lms_user_id == "9"
        gradebook.add_student("s2", first_name="By", last_name="Hand")
        gradebook.add_student("s3")
    roster = read_roster(tiny.course)
    assert roster["s1"] == ada
    assert (roster["s2"].listed, roster["s3"].listed) == (True, False)
    assert [person.id for person in without_submission(tiny.course, "tiny")] == ["s2", "s1"]


def test_times_of_a_worksheet(tmp_path):
    """Are the times of Moodle's worksheet read, on the course's clock, and rows without one left out?"""
    (tmp_path / "w.csv").write_text(WORKSHEET)
    people = imported(tmp_path, WORKSHEET).values()
    assert read_times(tmp_path / "w.csv", people, UTC) == {"ada@uni.edu": datetime(2026, 10, 9, 11, 30, tzinfo=UTC)}
    (tmp_path / "w.csv").write_text("id,handed in\ns1,yesterday\n")
    with pytest.raises(CourseError, match='line 2: "yesterday" is not a time'):
        read_times(tmp_path / "w.csv", (), UTC)


@pytest.mark.parametrize(
    ("raw", "encoding", "cell"),
    [
        ("name;id\n\n é ;7\n".encode(), "utf-8", " é "),
        ("name,id\r\né,7\r\n".encode("utf-8-sig"), "utf-8-sig", "é"),
        ("name\tid\né\t7\n".encode("utf-16"), "utf-16", "é"),
        (b"name,id\n\xe9,7\n", "cp1252", "é"),
        (b"name,id\n\xe9\x81,7\n", "latin-1", "é\x81"),
    ],
)
def test_a_table_whoever_wrote_it(tmp_path, raw, encoding, cell):
    """Is a table read as it was meant, so that it can be written again as it was?"""
    path = tmp_path / "list.csv"
    path.write_bytes(raw)
    table = read_table(path)
    assert table.encoding == encoding
    assert (table.header, table.rows) == (["name", "id"], [[cell, "7"]])
    assert table_text([table.header, *table.rows], table.delimiter, table.newline).encode(encoding) == raw.replace(
        b"\n\n", b"\n"
    )
