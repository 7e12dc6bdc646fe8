"""What is wrong in an assignment's source, with the place and what to do: of `release`, `lint` and `lint --run`."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SourceProblem:
    """Something wrong in the source: which file, which cell ("" for the whole file), and what to do."""

    file: Path
    cell: str
    text: str

    def __str__(self) -> str:
        place = f'{self.file}, cell "{self.cell}"' if self.cell else f"{self.file}"
        goes_on = not self.cell and self.text.split(" ", 1)[0] in ("is", "has", "holds")
        ended = self.text.endswith((".", "?", "=", "->", "###"))
        return f"{place}{' ' if goes_on else ': '}{self.text}{'' if ended else '.'}"
