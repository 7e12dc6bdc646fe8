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

# submitted/ -> autograded/: the student's regions in the source's cells, run in the sandbox, judged by the answer key.
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.OverwriteKernelspec",
    "autograder.grade.nbgrader_steps.SpliceSubmission",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "autograder.grade.nbgrader_steps.RunInSandbox",
    "nbgrader.preprocessors.SaveAutoGrades",
    "autograder.grade.nbgrader_steps.SaveExtraCredit",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.AssignLatePenalties.plugin_class = "autograder.gradebook.late.LatePenalty"

# What a student wrote in HTML is cleaned before formgrader shows it.
c.HTMLExporter.sanitize_html = True

# autograded/ -> feedback/: pages that run nothing, and no copies of the submission's files beside them.
c.GenerateFeedback.exporter_class = "autograder.report.feedback.SafeHTMLExporter"
c.GenerateFeedback.post_convert_hook = "autograder.report.feedback.keep_pages_only"
