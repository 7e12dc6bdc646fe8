"""Makes this folder an nbgrader course whose assignments are released and graded by `autograder`."""

from pathlib import Path

c = get_config()  # noqa: F821 (nbgrader defines it)

c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.course_id = "nn"
c.CourseDirectory.release_directory = "assignments"
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "demo.toml"]

# source/ -> assignments/: nbgrader's steps, with regions for its solution markers, and the library put beside.
c.GenerateAssignment.preprocessors = [
    "autograder.release.preprocessors.CheckRegions",
    "nbgrader.preprocessors.IncludeHeaderFooter",
    "nbgrader.preprocessors.LockCells",
    "autograder.release.preprocessors.BlankRegions",
    "nbgrader.preprocessors.CheckCellMetadata",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.SaveCells",
    "nbgrader.preprocessors.ClearHiddenTests",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.CheckCellMetadata",
    "autograder.release.preprocessors.SaveDueDate",
    "autograder.release.preprocessors.IncludeLibrary",
]
c.GenerateAssignment.post_convert_hook = "autograder.release.preprocessors.after_generate"
