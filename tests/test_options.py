"""nbgrader's options that a course sets: which are acted on, which refused?"""

import pytest
from traitlets.config import Config

from autograder.begin import begin_course
from autograder.errors import CourseError
from autograder.options import USUAL, cell_seconds_of, markup_of, refused_options
from autograder.release.checks import check_assignment


def test_markers_and_stubs():
    """Are a course's own markers read as the usual ones, and is nothing changed where it has none?"""
    config = Config()
    assert markup_of(config) == USUAL
    config.ClearSolutions.begin_solution_delimeter = "ANSWER"
    config.ClearSolutions.end_solution_delimeter = "ANSWER ENDS"
    config.ClearSolutions.code_stub = "pass"
    config.ClearSolutions.text_stub = "Write here"
    markup = markup_of(config)
    assert markup.usual("# ANSWER\nx = 1\n# ANSWER ENDS") == "# BEGIN SOLUTION\nx = 1\n# END SOLUTION"
    assert (markup.code_stub, markup.text_stub) == ("pass", "Write here")


@pytest.mark.parametrize(("seconds", "found"), [(30, 30), (None, None), (-1, None)])
def test_time(seconds, found):
    """Is a time-out taken over where it is one?"""
    config = Config()
    config.Execute.timeout = seconds
    assert cell_seconds_of(config) == found
    assert bool(refused_options(config)) == (found is None)


@pytest.mark.parametrize(
    ("section", "option", "value", "says"),
    [
        ("ClearSolutions", "enforce_metadata", False, "would release what is marked"),
        ("ClearHiddenTests", "enforce_metadata", False, "would release what is marked"),
        ("Execute", "kernel_name", "ir", "has no effect"),
        ("AssignLatePenalties", "plugin_class", "mine.Late", "penalty_percent_per_day"),
        ("LateSubmissionPlugin", "penalty_method", "zero", "max_days = 0"),
    ],
)
def test_what_cannot_be_acted_on(section, option, value, says):
    """Is it said, with what to do instead?"""
    [said] = refused_options(Config({section: {option: value}}))
    assert says in said


def test_release_refuses_what_cannot_be_acted_on(tmp_path):
    """Before students have it, and does a broken config say so?"""
    course = begin_course(tmp_path / "course")
    config = course.root / "nbgrader_config.py"
    text = config.read_text()
    config.write_text(f'{text}\nget_config().AssignLatePenalties.plugin_class = "late.Mine"\n')
    [problem] = check_assignment(course, "homework1")
    assert problem.file == config
    assert "late.Mine" in problem.text
    config.write_text("import no_such_module")
    with pytest.raises(CourseError, match="stops: No module named"):
        course.assignment("homework1")
