"""What is collected from a download, whatever lies in it; the platforms' own forms are in test_platforms.py."""

import json
import os
import unicodedata
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.gradebook.roster import Person, read_roster, write_people
from autograder.gradebook.store import Store
from autograder.intake.collect import CollectOptions, collect
from autograder.intake.keep import ATTEMPTS, LOG

from .exports import notebook, work_in, write, zipped

FLAT = {"first.ipynb": "work:1", "second.ipynb": "work:2"}
HOMEWORK = FLAT | {"nn/tiny.py": "text:x = 1", "best.npz": "text:PK"}


def collected(tiny, source: Path, **options):
    return collect(tiny.course, tiny.course.assignment("tiny"), source, CollectOptions(**options))


def files(tiny, student: str) -> set[str]:
    root = tiny.course.submitted / student / "tiny"
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def work(tiny, student: str, name: str = "first.ipynb") -> str:
    return work_in(tiny.course.submitted / student / "tiny" / name)


def attempts(tiny, student: str) -> set[str]:
    """The work in everything that is kept of a student's attempts."""
    folder = Store(tiny.course, "tiny").work / ATTEMPTS / student
    return {work_in(path) for path in folder.glob("*/first.ipynb")}


def log_of(tiny) -> list[dict]:
    text = (Store(tiny.course, "tiny").work / LOG).read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


# --- which files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("handed_in", "first", "note"),
    [
        ({"first.ipynb": "blank", "first-Copy1.ipynb": "work:x"}, "x", "first-Copy1.ipynb is taken as first.ipynb"),
        ({"first.ipynb": "work:x", "first-Copy1.ipynb": "blank"}, "x", "first-Copy1.ipynb, another first.ipynb"),
        ({"hw/first.ipynb": "blank", "hw copy/first.ipynb": "work:x"}, "x", "left out: hw/first.ipynb"),
        ({"first.ipynb": "work:x", "backup/first.ipynb": "work:y"}, "x", "left out: backup/first.ipynb"),
        ({"My solution.ipynb": "work:x"}, "x", "My solution.ipynb is taken as first.ipynb"),
        ({"first.ipynb.txt": "work:x"}, "x", "first.ipynb.txt is taken as"),
        ({"first.json": "work:x"}, "x", "first.json is taken as"),
        ({"FIRST.IPYNB": "work:x"}, "x", "FIRST.IPYNB is taken as"),
        ({"First_AdaLovelace_final.ipynb": "work:x"}, "x", "is taken as first.ipynb"),
        ({"first (1).ipynb": "work:x"}, "x", "first (1).ipynb is taken as"),
        ({"Copy of first-2 (1).ipynb": "work:x"}, "x", "is taken as first.ipynb"),
        ({"first.ipynb": "work:x", "._first.ipynb": "text:\0\5"}, "x", ""),
        ({"first.ipynb": "text:{torn", "first (2).ipynb": "work:x"}, "x", "first.ipynb, which cannot be read"),
        ({"hw.zip": {"first.ipynb": "work:x"}, "first.ipynb": "blank"}, "x", "without work in it"),
        ({"deep/er/hw/first.ipynb": "work:x"}, "x", ""),
        ({"hw.zip": {"in.zip": {"first.ipynb": "work:x"}}}, "x", ""),
        ({"first.ipynb": "work:x", "notes.ipynb": "text:{}"}, "x", ""),
    ],
)
def test_the_notebook_with_the_work_is_taken(tiny, tmp_path, handed_in, first, note):
    """Is the notebook graded that holds the work, under its right name, and are the others named?"""
    report = collected(tiny, write(tmp_path / "in", {f"ada/{name}": said for name, said in handed_in.items()}))
    assert report.problems == []
    assert work(tiny, "ada") == first
    assert not note or any(note in said for said in report.notes), report.notes


def test_the_folder_with_the_work_is_taken_whole(tiny, tmp_path):
    """Do library and weights come from the folder whose notebook counts, also where only the library was worked on?"""
    released = (tiny.course.release_dir / "tiny" / "nn" / "tiny.py").read_text()
    given = {"hw/first.ipynb": "blank", "hw/nn/tiny.py": f"text:{released}", "best.npz": "text:PK"}
    worked = {"hw (1)/first.ipynb": "blank", "hw (1)/nn/tiny.py": f"text:{released}# mine\n"}
    collected(tiny, write(tmp_path / "in", {f"ada/{name}": said for name, said in (given | worked).items()}))
    assert work(tiny, "ada", "nn/tiny.py").endswith("# mine\n")
    assert files(tiny, "ada") == {"first.ipynb", "nn/tiny.py", "best.npz"}


def test_notebooks_in_folders_of_their_own(tiny, tmp_path):
    """Are both notebooks found where each is in a folder of its own?"""
    collected(tiny, write(tmp_path / "in", {"ada/1/first.ipynb": "work:a", "ada/2/second.ipynb": "work:b"}))
    assert (work(tiny, "ada"), work(tiny, "ada", "second.ipynb")) == ("a", "b")


@pytest.mark.parametrize(
    ("handed_in", "said"),
    [
        ({"essay.ipynb.pdf": "text:hello"}, "no notebook in what was handed in, only essay.ipynb.pdf"),
        ({"hw.ipynb.rar": "text:Rar!"}, "Only zips are unpacked"),
        ({"hw.zip": {}}, "empty"),
        ({"first.ipynb": "work:x", "submission.json": '{"assignment": "other"}'}, "this is a hand-in of other"),
    ],
)
def test_what_cannot_be_taken_is_a_problem(tiny, tmp_path, handed_in, said):
    """Is it told why nothing was taken, and is the next student's work taken?"""
    source = write(tmp_path / "in", {f"ada/{n}": c for n, c in handed_in.items()} | {"zoe.zip": HOMEWORK})
    report = collected(tiny, source)
    assert report.collected == ["zoe"]
    assert len(report.problems) == 1
    assert report.problems[0].startswith("ada: ")
    assert said in report.problems[0]


@pytest.mark.parametrize("mark", ["pyvenv.cfg", "conda-meta/history"])
def test_links_environments_and_litter_are_left_out(tiny, tmp_path, mark):
    """Is a link not followed, and does an environment under any name leave room for the work?"""
    env = {f"ada/my env/lib/f{n}.py": "text:" for n in range(1200)} | {f"ada/my env/{mark}": "text:home = /usr"}
    source = write(tmp_path / "in", {f"ada/{name}": said for name, said in HOMEWORK.items()} | env)
    (tmp_path / "secret.py").write_text("secret")
    (source / "ada" / "helpers.py").symlink_to(tmp_path / "secret.py")
    packed = {f"hw/{name}": said for name, said in HOMEWORK.items()}
    packed |= {name.replace("ada/", "hw/"): said for name, said in env.items()}
    write(source, {"ben.zip": packed})
    report = collected(tiny, source)
    assert report.problems == []
    assert files(tiny, "ada") == files(tiny, "ben") == set(HOMEWORK)
    assert any("helpers.py is a link" in note for note in report.notes)


# --- whose it is ------------------------------------------------------------------------------------------------------


def test_names_stay_in_their_folder(tiny, tmp_path):
    """Can no student's name lead elsewhere, and is a name the same in every spelling of its letters?"""
    jörg = unicodedata.normalize("NFD", "jörg")
    collected(tiny, write(tmp_path / "in", {"..strange name!/first.ipynb": "work:1", f"{jörg}/first.ipynb": "work:2"}))
    assert sorted(path.name for path in tiny.course.submitted.iterdir()) == ["jörg", "strange_name"]


def test_names_of_files_say_nothing_on_a_terminal(tiny, tmp_path):
    """Can no name of a file, in an archive or a folder, colour or clear what is told, or add a line to it?"""
    odd = "\x1b[2Jzoe\nzoe: graded\u2028\u202efirst.ipynb"
    manifest = {"submission.json": json.dumps({"assignment": "tiny", "student_id": "\x1b[2J", "name": "a\nb\u202e"})}
    packed = {"ada.zip": {odd: "work:1", f"{odd[:-6]}.png": "text:x"} | manifest}
    for source in (packed, {f"ada/{odd}": "work:1", f"ada\x1b/{odd}": "work:2"}):
        report = collected(tiny, write(tmp_path / str(len(source)), source), force=True)
        told = "".join([*report.notes, *report.problems, *report.collected])
        assert told.isprintable()
        assert "_[2Jzoe_zoe: graded__first.ipynb is taken as first.ipynb" in told
    assert all(path.isprintable() for path in files(tiny, "ada"))


def test_the_roster_decides_and_asks(tiny, tmp_path):
    """Is somebody found by id, email and name, and asked about where none fits; is the answer remembered?"""
    people = [
        Person("s1", "Ada", "Lovelace", "ada@uni.edu"),
        Person("s2", "Charles", "Babbage"),
        Person("s3", "Mary", "Somerville", ids=frozenset({"id:mary"})),
        Person("s4", "Alan", "Turing"),
    ]
    write_people(tiny.course, people)
    names = ("ADA@uni.edu", "Babbage, Charles", "mary", "A Turing")
    source = write(tmp_path / "in", {f"{name}/first.ipynb": f"work:{name}" for name in names})
    report = collected(tiny, source)
    assert sorted(report.collected) == ["s1", "s2", "s3"]
    assert report.problems == ['A Turing: whose is it? It may be Alan Turing (s4). Say so with  --whose "A Turing=s4"']
    assert [person.id for person in report.missing] == ["s4"]
    asked = []
    report = collected(tiny, source, ask=lambda label, near: asked.append((label, near[0].id)) or "s4")
    assert (report.problems, asked) == ([], [("A Turing", "s4")])
    assert collected(tiny, source).problems == []
    assert read_roster(tiny.course)["s4"].ids == {"id:a turing"}


def test_a_renamed_folder_makes_no_second_student(tiny, tmp_path):
    """Does the id in submission.json find a student whose folder was renamed, but never take another's place?"""
    manifest = {"submission.json": json.dumps({"assignment": "tiny", "student_id": "s1", "name": "Ada"})}
    collected(tiny, write(tmp_path / "1", {"s1-tiny.zip": FLAT | manifest}))
    report = collected(tiny, write(tmp_path / "2", {"new upload.zip": {"first.ipynb": "work:later"} | manifest}))
    assert (report.collected, work(tiny, "s1")) == (["s1"], "later")
    assert "its submission.json says so" in report.notes[0]
    both = {"s1.zip": {"first.ipynb": "work:mine"}, "mallory.zip": {"first.ipynb": "work:stolen"} | manifest}
    collected(tiny, write(tmp_path / "3", both), force=True)
    assert (work(tiny, "s1"), work(tiny, "mallory")) == ("mine", "stolen")


def test_two_hand_ins_of_one_student_are_asked_about(tiny, tmp_path):
    """Is nothing merged or chosen where a student has two hand-ins and nothing says which is the last?"""
    source = write(tmp_path / "in", {"ada/first.ipynb": "work:1", "ada.zip": {"first.ipynb": "work:2"}})
    report = collected(tiny, source)
    assert report.rows == []
    assert "nothing says which is the last" in report.problems[0]
    write(tmp_path / "in", {"ada/first.ipynb": "work:2"})
    assert collected(tiny, source).collected == ["ada"]


def test_one_file_that_is_nobodys_is_a_problem(tiny, tmp_path):
    """Is a notebook beside the students' folders neither lost nor anybody's?"""
    report = collected(tiny, write(tmp_path / "in", {"ada/first.ipynb": "work:1", "ben.ipynb": "work:2"}))
    assert report.collected == ["ada"]
    assert report.problems[0].startswith("ben.ipynb: whose is it?")


# --- when it came -----------------------------------------------------------------------------------------------------


def test_nobody_is_late_where_the_platform_says_nothing(tiny, tmp_path):
    """Is a time unknown in place of late where the zip has the time of the download, and is Canvas's mark shown?"""
    source = write(tmp_path / "in", {"ada_1_2_first.ipynb": "work:a", "ben_LATE_3_4_first.ipynb": "work:b"})
    ada, ben = collected(tiny, source).rows
    assert (ada.handed_in, ada.seconds_late, ada.late) == (None, None, False)
    assert (ben.handed_in, ben.seconds_late, ben.late) == (None, None, True)
    assert files(tiny, "ada") == {"first.ipynb"}


def test_nothing_in_a_students_archive_says_when(tiny, tmp_path):
    """Does a backdated archive, with a timestamp.txt, stay as late as the platform says?"""
    packed = {"first.ipynb": "work:x", "timestamp.txt": "text:2020-01-01 00:00:00 UTC"}
    source = write(tmp_path / "in", {"HW_mallory_attempt_2026-10-11-15-00-00_hw.zip": packed})
    (row,) = collected(tiny, source).rows
    assert row.seconds_late == (2 * 24 + 3) * 3600
    assert (tiny.course.submitted / "mallory/tiny/timestamp.txt").read_text() == "2026-10-11 15:00:00 UTC\n"


def test_times_can_be_given(tiny, tmp_path):
    """Do times from a list count, with a student's extension?"""
    write_people(tiny.course, [Person("s1", "Ada", "Lovelace", extensions={"tiny": 24.0}), Person("s2", "B", "C")])
    source = write(tmp_path / "in", {"s1/first.ipynb": "work:a", "s2/first.ipynb": "work:b"})
    when = datetime(2026, 10, 10, 13, tzinfo=UTC)
    collected(tiny, source)
    report = collected(
        tiny, source, times=lambda people: dict.fromkeys([*(person.id for person in people), "gone"], when)
    )
    assert [(row.state, row.seconds_late) for row in report.rows] == [("time changed", 3600), ("time changed", 90000)]
    assert any("times were given for gone" in note for note in report.notes)
    by_file = collected(
        tiny, write(tmp_path / "late", {"s3/first.ipynb": "work:c"}), file_times=True, whose={"s3": "s3"}
    )
    assert by_file.rows[0].time_from == "the file's time"


def test_newer_wins_same_is_left_and_nothing_is_lost(tiny, tmp_path):
    """Is an older hand-in not put over a newer one, unless forced, and is every attempt kept and logged?"""
    name = "HW_ada_attempt_2026-10-0{}-10-00-00_first.ipynb".format
    old, new = (write(tmp_path / day, {name(day): f"work:{day}"}) for day in "12")
    assert collected(tiny, new).collected == ["ada"]
    assert collected(tiny, new).unchanged == ["ada"]
    report = collected(tiny, old)
    assert (report.unchanged, work(tiny, "ada")) == (["ada"], "2")
    assert any("--force" in note for note in report.notes)
    assert attempts(tiny, "ada") == {"1"}
    collected(tiny, old, force=True)
    assert (work(tiny, "ada"), attempts(tiny, "ada")) == ("1", {"1", "2"})
    assert [line["what"] for line in log_of(tiny)] == ["new", "older, kept beside", "replaced"]
    assert log_of(tiny)[-1]["replaced_is_in"].startswith(".grading/tiny/attempts/ada/20261002-100000-")


def test_of_unknown_times_the_platforms_order_counts(tiny, tmp_path):
    """Does an older Canvas download not replace a newer one, though neither has times?"""
    new, old = (write(tmp_path / n, {f"ada_1_{n}_first.ipynb": f"work:{n}"}) for n in ("20", "10"))
    for path in old.iterdir():
        os.utime(path, (2e9, 2e9))
    collected(tiny, new)
    assert collected(tiny, old).unchanged == ["ada"]
    assert (work(tiny, "ada"), attempts(tiny, "ada")) == ("20", {"10"})


def test_a_submission_that_nbgrader_put_there_is_kept(tiny, tmp_path):
    """Is a submission that collect knows nothing of moved, with its files, and not lost?"""
    write(tiny.course.submitted / "ada" / "tiny", {"first.ipynb": "work:by hand"})
    source = write(tmp_path / "in", {"HW_ada_attempt_2026-10-01-10-00-00_first.ipynb": "work:new"})
    os.utime(tiny.course.submitted / "ada/tiny/first.ipynb", (1e9, 1e9))
    assert collected(tiny, source).collected == ["ada"]
    assert attempts(tiny, "ada") == {"by hand"}


TORN = zipped({"x": "text:1234567890"})[:-30]
BYTES = b"these bytes are damaged"
FAULTY = zipped(FLAT | {"data.npz": BYTES}).replace(zlib.compress(BYTES)[2:-4], b"\xff" * 25)


@pytest.mark.parametrize(
    ("handed_in", "said", "kept"),
    [
        (zipped(FLAT | {"y" * 300: "text:"}), "yyy… has a name of more than 255 bytes", set(FLAT)),
        (zipped(FLAT | {"é" * 130 + ".txt": "text:"}), "… has a name of more than 255 bytes", set(FLAT)),
        (zipped({"first.ipynb": "work:1", "first" + "-Copy1" * 60 + ".ipynb": "work:"}), "", {"first.ipynb"}),
        (zipped(FLAT | {"old.zip": TORN}), "old.zip: the archive cannot be read", set(FLAT)),
        (zipped(FLAT | {"in.zip": {"old.zip": TORN, "b.txt": "text:"}}), "old.zip: the archive", {*FLAT, "b.txt"}),
        (FAULTY, "data.npz: data.npz cannot be read", set(FLAT)),
        (zipped(FLAT | {"../evil": "text:"}), "leads out of it", set(FLAT)),
        (zipped(FLAT | {"a": "text:", "a/b": "text:"}), "a: a file and a folder have one name", {*FLAT, "a/b"}),
        (zipped(FLAT | {"first.ipynb/b": "text:"}), "a file and a folder have one name", set(FLAT)),
    ],
    ids=["long", "long in bytes", "long copy", "torn", "torn within", "damaged", "up", "file and folder", "notebook"],
)
def test_one_bad_file_takes_away_only_itself(tiny, tmp_path, handed_in, said, kept):
    """Is the rest of a student's work taken, and is what is left out named as a problem?"""
    report = collected(tiny, write(tmp_path / "in", {"ada.zip": handed_in, "zoe.zip": FLAT}))
    assert report.collected == ["ada", "zoe"]
    assert files(tiny, "ada") == kept
    assert len(report.problems) == bool(said)
    assert all(text.startswith("ada: the rest is taken; left out: ") and said in text for text in report.problems)


def test_a_damaged_file_of_a_download_takes_away_only_itself(tiny, tmp_path):
    """Is a hand-in taken of which the platform's zip has one damaged file, and are those after it taken?"""
    (tmp_path / "all.zip").write_bytes(
        zipped(
            {f"{who}/{name}": said for who in ("ada", "zoe") for name, said in FLAT.items()} | {"ada/d.npz": BYTES}
        ).replace(zlib.compress(BYTES)[2:-4], b"\xff" * 25)
    )
    report = collected(tiny, tmp_path / "all.zip")
    assert report.collected == ["ada", "zoe"]
    assert "ada: the rest is taken; left out: d.npz: " in report.problems[0]


def test_the_blank_notebook_is_collected(tiny, tmp_path):
    """Is a hand-in without any work still a hand-in?"""
    source = write(tmp_path / "in", {"ada/first.ipynb": notebook().encode()})
    assert collected(tiny, source).collected == ["ada"]
