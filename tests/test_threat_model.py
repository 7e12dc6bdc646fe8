"""Every promise of docs/threat-model.md has tests that try to break it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = {
    "T1": [
        "grade/attacks/test_code.py::test_",
        "expect/test_session.py::test_recording_calls_and_reads_nothing_but_the_value",
    ],
    "T2": ["grade/run/test_follow.py::test_"],
    "T3": ["sandbox/test_attacks.py::test_"],
    "T4": ["grade/run/test_exposure.py::test_", "sandbox/test_attacks.py::test_"],
    "T5": [
        "grade/test_nbgrader_steps.py::test_what_links_point_to_is_not_in_what_nbgrader_writes",
        "intake/test_exchange.py::test_links_and_devices_are_not_collected",
        "grade/attacks/test_files.py::test_links_lead_nowhere",
    ],
    "T6": [
        "report/test_formgrader.py::test_no_page_of_formgrader_runs_what_a_student_wrote",
        "report/test_feedback.py::test_no_file_of_the_student_lies_beside_the_page",
    ],
    "T7": ["test_markers.py::test_every_spelling_that_nbgrader_takes_out_of_a_release_is_held_back"],
    "T8": ["expect/test_gradient.py::test_every_honest_rewrite_passes_with_every_seed"],
    "T9": ["expect/test_gradient.py::test_a_wrong_solution_is_found_before_anybody_is_graded"],
    "T10": ["expect/test_accuracy.py::test_weights_that_know_what_judges_them_are_flagged"],
    "T11": [
        "expect/test_accuracy.py::test_weights_of_other_data_are_called_that",
        "data/test_present.py::test_grading_notices_missing_and_other_data",
    ],
    "T12": ["grade/run/test_resume.py::test_"],
    "T13": ["grade/test_verify.py::test_verdicts_are_the_same_and_changes_are_noticed"],
    "T14": ["grade/prepare/test_splice.py::test_"],
}


def test_every_promise_has_tests():
    """Is there a promise without a test, or a test that is no longer there?"""
    promises = set(re.findall(r"^\| (T\d+) \|", (ROOT / "docs" / "threat-model.md").read_text("utf-8"), re.MULTILINE))
    assert promises == set(TESTS)
    for places in TESTS.values():
        for place in places:
            file, _, name = place.partition("::")
            assert f"def {name}" in (ROOT / "tests" / file).read_text("utf-8"), place
