"""The evidence of a graded submission, kept with its result: all that its verdict followed from."""

import io
import json
import platform
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

from autograder import __version__
from autograder.grade.run.jobs import CellRun, NotebookRun
from autograder.grade.verdict.judge import first_error, returned

MAX_KEPT = 64 * 2**20  # bytes, compressed
SMALL = 1024  # bytes that are not worth compressing
MAX_READ = 1024 * 2**20
TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class KeptEvidence:
    """What a submission's notebooks recorded.

    Attributes:
        about: how it was recorded: seed, tier, digests, versions; `beside`: files that checks read, and lie beside it.
        messages: notebook -> evidence, in the order in which it came.
        errors: notebook -> cell id -> what the cell stopped with.
        files: name -> content of the files that checks read, the others.
        outcomes: notebook -> how it ran besides: "returned", cell -> the number that a check gave as the value of its
            last line, and "left_at_work", how many processes were.
    """

    about: Mapping[str, Any]
    messages: Mapping[str, list[bytes]]
    errors: Mapping[str, Mapping[str, str]]
    files: Mapping[str, bytes] = field(default_factory=dict)
    outcomes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def run(self, notebook: str) -> NotebookRun:
        """What a judge needs of the run of one notebook."""
        cells = {cell: CellRun(stopped=error) for cell, error in self.errors[notebook].items()}
        return NotebookRun(cells=cells, evidence=self.messages[notebook])


def evidence_of(
    about: Mapping[str, Any],
    runs: Mapping[str, NotebookRun],
    files: Mapping[str, bytes],
    recorded: Mapping[str, Any] = MappingProxyType({}),
) -> KeptEvidence:
    """What is to be kept of a submission's runs.

    Args:
        recorded: with what they were recorded, where that was not now and here.
    """
    errors = {
        name: {cell: error for cell, ran in run.cells.items() if (error := first_error(ran))}
        for name, run in runs.items()
    }
    outcomes = {
        name: {
            "returned": {cell: value for cell, ran in run.cells.items() if (value := returned(ran)) is not None},
            "left_at_work": run.left_at_work,
        }
        for name, run in runs.items()
    }
    messages = {name: run.evidence for name, run in runs.items()}
    return KeptEvidence({**about, **this_machine(), **recorded}, messages, errors, files, outcomes)


@cache
def this_machine() -> dict[str, str]:
    """What evidence was recorded with: versions of programs, the machine's kernel and kind."""
    versions = {"autograder": __version__, "python": platform.python_version(), "numpy": version("numpy")}
    return {"kernel": platform.release(), "machine": platform.machine(), **versions}


def pack(kept: KeptEvidence) -> bytes | None:
    """The bytes of evidence.zip, the same for the same evidence; None where it is larger than what is kept."""
    stream = io.BytesIO()
    members = {f"files/{name}": content for name, content in kept.files.items()}
    for notebook, messages in kept.messages.items():
        members |= {f"evidence/{notebook}/{number:05}": message for number, message in enumerate(messages)}
    head = {
        "about": kept.about,
        "errors": kept.errors,
        "notebooks": list(kept.messages),
        "outcomes": kept.outcomes,
    }
    members["about.json"] = json.dumps(head, indent=1, ensure_ascii=False).encode("utf-8", "replace")
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in sorted(members):
            how = zipfile.ZIP_DEFLATED if len(members[name]) > SMALL else zipfile.ZIP_STORED
            archive.writestr(zipfile.ZipInfo(name, TIME), members[name], how, 1)
    packed = stream.getvalue()
    return packed if len(packed) <= MAX_KEPT else None


def unpack(packed: bytes) -> KeptEvidence:
    """The evidence in the bytes of evidence.zip; raises ValueError where they are damaged."""
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_READ:
                raise ValueError("it is too large")
            head = json.loads(archive.read("about.json"))
            names = archive.namelist()
            messages = {
                notebook: [archive.read(name) for name in names if name.startswith(f"evidence/{notebook}/")]
                for notebook in head["notebooks"]
            }
            files = {name.removeprefix("files/"): archive.read(name) for name in names if name.startswith("files/")}
            kept = KeptEvidence(head["about"], messages, head["errors"], files, head.get("outcomes", {}))
            for notebook in messages:
                kept.run(notebook)
            return replace(kept, about={**kept.about, "beside": list(map(str, kept.about["beside"]))})
    except Exception as error:  # zipfile documents no closed set of errors for damaged files
        raise ValueError(f"it is damaged: {error}") from error
