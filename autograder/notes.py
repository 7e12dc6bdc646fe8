"""What is odd about a submission."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Note:
    """Something about a submission that its grader should know. `kind` is a short fixed word for programs."""

    kind: str
    text: str
