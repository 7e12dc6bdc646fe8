"""Makes formgrader's pages safe to open: a student's work is shown in them, and they can change grades.

Three layers. `autograded/` holds no markdown that does more than show something (`autograder.prose`).
The page of a submission is made from a cleaned copy of the notebook, by our own template, whose policy lets the browser
run nbgrader's scripts only. And what nbgrader writes into its other pages (names, ids) is escaped.
`autograder.nbgrader` puts all this into a course's configuration.
"""

import html
from functools import partial
from pathlib import Path

from markupsafe import Markup
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode

from autograder.prose import CleanHTML
from autograder.report.safe_notebook import safe_notebook

ENTITIES = str.maketrans({"&": "&amp;", "\\": "&#92;", "<": "&lt;", ">": "&gt;", '"': "&#34;"})
FILES_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def secure_server(formgrader) -> None:
    """In the Jupyter server: escape what nbgrader puts into its pages; files of a submission are opened in a sandbox.

    nbgrader has no options for either. `formgrader` is its module of that name.
    """
    if not isinstance(formgrader.Environment, partial):
        formgrader.Environment = partial(formgrader.Environment, autoescape=True, finalize=escaped)
    formgrader.handlers.SubmissionFilesHandler.content_security_policy = FILES_POLICY


def escaped(value: object) -> object:
    """What a page says in {{ }}, escaped for HTML and for the double quotes of nbgrader's scripts.

    A single quote ends nothing there, and stays: in a script, an entity would be another name.
    """
    if isinstance(value, str) and not isinstance(value, Markup):
        return Markup(value.translate(ENTITIES))
    return value


class CleanCopy(Preprocessor):
    """The notebook, made safe to show."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        folder = resources.get("metadata", {}).get("path")
        return safe_notebook(nb, Path(folder) if folder else None), resources


def prose(source: str) -> str:
    """The filter that shows prose: what is clean HTML already, as it is; anything else as text."""
    return source if isinstance(source, CleanHTML) else html.escape(source)
