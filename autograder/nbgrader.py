"""What makes a folder an nbgrader course of the kit: its nbgrader_config.py calls `configure`."""

import sys
from importlib.util import find_spec
from pathlib import Path

from traitlets.config import Config

from autograder.course import Course, sqlite_url

GENERATE = (
    "autograder.release.preprocessors.CheckRegions",
    "nbgrader.preprocessors.IncludeHeaderFooter",
    "nbgrader.preprocessors.LockCells",
    "autograder.release.preprocessors.BlankRegions",
    "nbgrader.preprocessors.CheckCellMetadata",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.SaveCells",
    "autograder.release.preprocessors.ClearUsualHiddenTests",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.CheckCellMetadata",
    "autograder.release.preprocessors.SaveDueDate",
    "autograder.release.preprocessors.IncludeLibrary",
)
"""source/ to assignments/: nbgrader's steps, with regions for its solution markers, and the library put beside."""

SANITIZE = (
    "nbgrader.preprocessors.OverwriteKernelspec",
    "autograder.grade.nbgrader_steps.SpliceSubmission",
    "nbgrader.preprocessors.CheckCellMetadata",
)
"""submitted/ to autograded/, first: the student's regions in the source's cells."""

AUTOGRADE = (
    "autograder.grade.nbgrader_steps.RunInSandbox",
    "nbgrader.preprocessors.SaveAutoGrades",
    "autograder.grade.nbgrader_steps.SaveExtraCredit",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
)
"""submitted/ to autograded/, then: run in the sandbox, judged by the answer key."""


def configure(c: Config, file: str) -> None:
    """Set nbgrader's options so that its own commands and formgrader do what `autograder` does.

    Options that the course sets afterwards win.

    Args:
        c: what `get_config()` gives in nbgrader_config.py.
        file: nbgrader_config.py itself, `__file__`; the course is the folder that it is in.

    Raises:
        CourseError: course.toml is wrong.
    """
    root = Path(file).resolve().parent
    name = Course(root).settings.name
    c.CourseDirectory.root = str(root)
    c.CourseDirectory.db_url = sqlite_url(root / "gradebook.db")
    if name is not None:
        c.CourseDirectory.course_id = name
    c.CourseDirectory.release_directory = "assignments"
    c.CourseDirectory.ignore = [
        ".ipynb_checkpoints",
        "*.pyc",
        "__pycache__",
        "demo.toml",
        "rubric.toml",
        "equivalent.txt",
    ]

    c.GenerateAssignment.preprocessors = list(GENERATE)
    c.GenerateAssignment.post_convert_hook = "autograder.release.preprocessors.after_generate"

    c.ExchangeFactory.collect = "autograder.intake.exchange.Collect"
    c.Autograde.sanitize_preprocessors = list(SANITIZE)
    c.Autograde.autograde_preprocessors = list(AUTOGRADE)
    c.AssignLatePenalties.plugin_class = "autograder.gradebook.late.LatePenalty"

    # Formgrader shows students' work cleaned, and its pages run nbgrader's own scripts only.
    package = find_spec("nbgrader")
    assert package is not None
    assert package.origin is not None
    nbgraders = Path(package.origin).parent
    templates = Path(__file__).parent / "report", nbgraders / "server_extensions" / "formgrader" / "templates"
    c.HTMLExporter.extra_template_basedirs = list(map(str, templates))
    c.HTMLExporter.preprocessors = ["autograder.report.formgrader.CleanCopy"]
    c.HTMLExporter.filters = {"markdown2html": "autograder.report.formgrader.prose"}
    if formgrader := sys.modules.get("nbgrader.server_extensions.formgrader.formgrader"):
        from autograder.report.formgrader import secure_server

        secure_server(formgrader)

    # autograded/ to feedback/: pages that run nothing, and no copies of the submission's files beside them.
    c.GenerateFeedback.exporter_class = "autograder.report.nbgrader_feedback.FeedbackExporter"
    c.GenerateFeedback.post_convert_hook = "autograder.report.nbgrader_feedback.keep_pages_only"
