"""course.toml: libraries, time zone, due times, defaults."""

from datetime import UTC, datetime, timedelta

import pytest

from autograder.assignment import LatePolicy, load_assignment, released_toml
from autograder.course import Course, CourseToml, nbgrader_config
from autograder.errors import CourseError

ASSIGNMENT = 'title = "A"\nnotebooks = ["a"]\n'


@pytest.fixture
def course(tmp_path):
    """A course with one assignment, "hw", and no course.toml."""
    (tmp_path / "source" / "hw").mkdir(parents=True)
    (tmp_path / "source" / "hw" / "a.ipynb").write_text("{}")
    (tmp_path / "source" / "hw" / "assignment.toml").write_text(ASSIGNMENT)
    (tmp_path / "nbgrader_config.py").write_text(
        "from autograder.nbgrader import configure\n\nconfigure(get_config(), __file__)\n"
    )
    return Course(tmp_path)


def write(course, text, assignment=""):
    (course.root / "course.toml").write_text(text)
    (course.source / "hw" / "assignment.toml").write_text(ASSIGNMENT + assignment)


def test_a_course_needs_no_course_toml(course):
    """Without the file, are there defaults: no library, no due time, no penalty?"""
    assert course.settings == CourseToml()
    assert course.libraries == ()
    assert course.library_files() == ()
    assert course.assignment("hw").due is None
    assert course.assignment("hw").late == LatePolicy()


@pytest.mark.parametrize(
    ("line", "due"),
    [
        ("hw = 2026-10-23T23:59:00", datetime(2026, 10, 23, 21, 59, tzinfo=UTC)),  # summer time
        ("hw = 2026-10-26T23:59:00", datetime(2026, 10, 26, 22, 59, tzinfo=UTC)),
        ("hw = 2026-10-26T23:59:00-05:00", datetime(2026, 10, 27, 4, 59, tzinfo=UTC)),
        ("other = 2026-10-26T23:59:00", None),
    ],
)
def test_due_times_are_in_the_courses_zone(course, line, due):
    """Is a local time read in the course's zone, in summer and winter, and one with an offset taken as it is?"""
    write(course, f'time_zone = "Europe/Berlin"\n[due]\n{line}\n')
    assert course.assignment("hw").due == due


def test_an_assignment_comes_before_the_course(course):
    """Do an assignment's own due time, late policy and limits win, and the rest of the limits stay the course's?"""
    write(
        course,
        'time_zone = "Europe/Berlin"\ndue.hw = 2026-10-23T23:59:00\nlate.max_days = 3\n'
        "late.penalty_percent_per_day = 10\nlimits.memory_mb = 1000\nlimits.processes = 5\n",
        "due = 2026-11-01T12:00:00\nlate.penalty_percent_per_day = 20\nlimits.memory_mb = 2000\n",
    )
    found = course.assignment("hw")
    assert found.due == datetime(2026, 11, 1, 11, tzinfo=UTC)
    assert found.late == LatePolicy(penalty_percent_per_day=20)
    assert (found.limits.memory_mb, found.limits.processes, found.limits.cell_seconds) == (2000, 5, 60)


def test_students_get_the_whole_of_it(course, tmp_path):
    """Does the released assignment.toml alone say what the source's and course.toml say together?"""
    write(
        course,
        'time_zone = "Europe/Berlin"\ndue.hw = 2026-10-23T23:59:00\nlate.max_days = 3\nlimits.cell_seconds = 0.5\n',
        'search = ["a:x", "a:b"]\nhand_in = ["w.npz"]\n[extra_credit]\n"a:c" = 1.5\n',
    )
    found = course.assignment("hw")
    copy = tmp_path / "copy" / "hw"
    copy.mkdir(parents=True)
    (copy / "a.ipynb").write_text("{}")
    (copy / "assignment.toml").write_text(released_toml(found))
    assert load_assignment(copy).model_dump(exclude={"folder"}) == found.model_dump(exclude={"folder"})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("due.hw = 2026-10-23T23:59:00", "course.toml: due: hw must be a time with its zone"),
        (
            'time_zone = "Europe/Berlin"\ndue.hw = 2026-03-29T02:30:00',
            "due: hw: 2026-03-29T02:30:00 does not exist in Europe/Berlin: clocks go forward",
        ),
        ('library = "tools"', 'library has "tools", but there is no folder tools/ beside source/'),
    ],
)
def test_what_cannot_be_is_said(course, text, says):
    """Is a local time without a zone, one that clocks skip, and a library that is not there told in a sentence?"""
    write(course, text)
    with pytest.raises(CourseError) as caught:
        _ = course.assignment("hw"), course.libraries
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nam = 3", 'unknown key "nam". Did you mean "name"?'),
        ('name = "a/b"', 'name must not have a slash in it: "a/b".'),
        ('library = "a.b"', "library must name a package of Python beside source/"),
        ("library = 3", "library must be a list of texts"),
        ('time_zone = "CET+2"', 'must be the name of a time zone, like "Europe/Berlin"'),
        ('time_zone = "Europe"', "must be the name of a time zone"),
        ('time_zone = "../x"', "must be the name of a time zone"),
        ("due = 2026-10-09", "due must be a table, [due], not 2026-10-09."),
        ("due.hw = 2026-10-09", "due: hw must be a date and a time, like 2026-10-09T23:59:00, not 2026-10-09."),
        ("limits.cell_seconds = true\nlimits.cpu = 3", "limits: cell_seconds must be a number above 0, not true."),
        ("limits.cell_seconds = true\nlimits.cpu = 3", 'limits: unknown key "cpu". There are: cell_seconds,'),
    ],
)
def test_mistakes_are_named(course, text, says):
    """Does each mistake say the file, the key, the value and what to write, with nothing of the libraries used?"""
    write(course, text)
    with pytest.raises(CourseError) as caught:
        _ = course.settings
    assert all(line.startswith(f"{course.root / 'course.toml'}: ") for line in str(caught.value).splitlines())
    assert says in str(caught.value)
    assert not any(word in str(caught.value) for word in ("pydantic", "http", "datetime", "Input should"))


def test_libraries_are_packages_or_modules(course):
    """Are several libraries found, a folder or a single file, and copied whole without caches?"""
    (course.root / "tools" / "__pycache__").mkdir(parents=True)
    (course.root / "tools" / "a.py").write_text("")
    (course.root / "shapes.py").write_text("")
    write(course, 'library = ["tools", "shapes"]')
    assert course.libraries == (course.root / "tools", course.root / "shapes.py")
    assert course.library_files() == (course.root / "shapes.py", course.root / "tools" / "a.py")
    target = course.root / "to"
    target.mkdir()
    course.copy_libraries(target)
    assert {path.relative_to(target).as_posix() for path in target.rglob("*")} == {"shapes.py", "tools", "tools/a.py"}


def test_due_times_that_are_past_or_of_nobody_are_told(course):
    """Does an instructor hear of a due time that is over, and of one with a slip in its name?"""
    write(course, 'time_zone = "Europe/Berlin"\ndue.hw = 2026-10-23T23:59:00\ndue.hw1 = 2026-10-23T23:59:00\n')
    due = course.assignment("hw").due
    assert len(course.due_notes(due)) == 1
    slip, late = course.due_notes(due + timedelta(seconds=1))
    assert slip == 'course.toml: due has "hw1", but there is no source/hw1. Did you mean "hw"?'
    assert late.startswith("hw was due on 23 October 2026, 23:59 (UTC+0200): what is submitted now is late.")


def test_nbgrader_is_configured_by_one_call(course):
    """Does the course's name reach nbgrader, and do options after the call win?"""
    write(course, 'name = "ml-2027"')
    path = course.root / "nbgrader_config.py"
    path.write_text(path.read_text() + "get_config().Exchange.root = '/somewhere'\n")
    config = nbgrader_config(course)
    assert config.CourseDirectory.course_id == "ml-2027"
    assert config.Exchange.root == "/somewhere"
    write(course, "nam = 1")
    with pytest.raises(CourseError, match=r'course\.toml: unknown key "nam"'):
        nbgrader_config(course)
