"""Options of nbgrader's that a course sets in its nbgrader_config.py: those that are acted on, and those that are not.

Markers of a course's own are read as nbgrader's usual ones, so that nothing else needs to know of them.
"""

from dataclasses import dataclass

from traitlets.config import Config

from autograder.markers import CODE_STUB, HIDDEN_TESTS, MARK_SCHEME, SOLUTION, TEXT_STUB

_MARKERS = (  # nbgrader's class, the end of its options' names, what it marks
    ("ClearSolutions", "solution_delimeter", SOLUTION),
    ("ClearHiddenTests", "test_delimeter", HIDDEN_TESTS),
    ("ClearMarkScheme", "mark_scheme_delimeter", MARK_SCHEME),
)
LATE_PENALTY = "autograder.gradebook.late.LatePenalty"


@dataclass(frozen=True)
class CourseMarks:
    """How a course marks what students do not get, and what they get instead.

    Attributes:
        markers: (the course's own marker, nbgrader's), the longest first.
        code_stub, text_stub: what takes the place of a solution between nbgrader's markers.
    """

    markers: tuple[tuple[str, str], ...] = ()
    code_stub: str = CODE_STUB
    text_stub: str = TEXT_STUB

    def usual(self, text: str) -> str:
        """The text with nbgrader's markers in place of the course's own."""
        for theirs, usual in self.markers:
            text = text.replace(theirs, usual)
        return text


USUAL = CourseMarks()


def markup_of(config: Config) -> CourseMarks:
    """What nbgrader_config.py says of markers and stubs."""
    found = []
    for section, name, kind in _MARKERS:
        for edge in ("begin", "end"):
            marker, usual = config[section].get(f"{edge}_{name}"), f"{edge.upper()} {kind}"
            if isinstance(marker, str) and marker.strip() and marker != usual:
                found.append((marker, usual))
    stub = config.ClearSolutions.get("code_stub", CODE_STUB)
    if isinstance(stub, dict):
        stub = stub.get("python", CODE_STUB)
    ordered = tuple(sorted(found, key=lambda pair: -len(pair[0])))
    return CourseMarks(ordered, str(stub), str(config.ClearSolutions.get("text_stub", TEXT_STUB)))


def cell_seconds_of(config: Config) -> float | None:
    """nbgrader's time-out for a cell, where nbgrader_config.py sets one."""
    for section in ("Execute", "ExecutePreprocessor", "NotebookClient"):
        seconds = config[section].get("timeout")
        if isinstance(seconds, int | float) and seconds > 0:
            return float(seconds)
    return None


def refused_options(config: Config) -> list[str]:
    """What nbgrader_config.py sets that cannot be acted on, each with what to do instead."""
    found = []
    for section, _, _ in _MARKERS:
        if config[section].get("enforce_metadata") is False:
            found.append(
                f"c.{section}.enforce_metadata = False would release what is marked in cells of the wrong kind. "
                "Take the line out, and mark the cells"
            )
    timeout = config.Execute.get("timeout", 1)
    if timeout is None or timeout <= 0:
        found.append("c.Execute.timeout must be a number of seconds: a submission has to end. Give one")
    for name in ("kernel_name", "extra_arguments", "allow_errors", "error_on_timeout", "execute_retries"):
        if name in config.Execute:
            found.append(f"c.Execute.{name} has no effect: submissions run in the grader's own processes. Take it out")
    plugin = config.AssignLatePenalties.get("plugin_class", LATE_PENALTY)
    name = plugin if isinstance(plugin, str) else f"{plugin.__module__}.{plugin.__qualname__}"
    method = config.LateSubmissionPlugin.get("penalty_method", "none")
    if name != LATE_PENALTY or method != "none":
        what = f"plugin_class = {name}" if name != LATE_PENALTY else f"penalty_method = {method!r}"
        found.append(
            f"{what}: a plugin for late penalties is not called. State the policy in course.toml:  [late]  with "
            "penalty_percent_per_day and max_days (max_days = 0: what is late gets nothing)"
        )
    return found
