"""What of a run is written into the graded notebook."""

import pytest
from nbformat.v4 import new_code_cell

from autograder.grade.run.jobs import CellRun
from autograder.grade.verdict.record import verdict_outputs
from autograder.gradebook.results import CellResult

CHECK = "assert f(1) == 3"
HIDDEN = f"{CHECK}\n### BEGIN HIDDEN TESTS\nassert f(13) == 39\n### END HIDDEN TESTS"
VERDICT = {"output_type": "stream", "name": "stdout", "text": "f(1) == 3   ok\n"}


@pytest.mark.parametrize(("source", "kept"), [(CHECK, 2), (HIDDEN, 0)])
def test_what_a_hidden_test_shows_is_not_kept(source, kept):
    """Is a warning left out that shows the line of a hidden test that it comes from, where those of others stay?"""
    warning = {"output_type": "stream", "name": "stderr", "text": "3: UserWarning: slow\n  assert f(13) == 39\n"}
    picture = {"output_type": "display_data", "data": {"text/plain": "f(13)"}, "metadata": {}}
    result = CellResult("main", "check", 2.0, 2.0, 1.0, False, ("f(1) == 3   ok",))
    outputs = verdict_outputs(result, new_code_cell(source, id="check"), CellRun([warning, picture]), True)
    assert outputs[kept:] == [VERDICT]
    assert len(outputs) == kept + 1
