"""One run of pandoc for all the markup and all the formulas of a document."""

import functools
import json
import re
import secrets
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from autograder.report.tex import Maths, definitions, depth_of, tidied, without_definitions

SCRIPT = Path(__file__).with_name("pandoc.lua")
MARKDOWN = "gfm-emoji-tex_math_dollars-tex_math_gfm-raw_attribute-yaml_metadata_block"
LATEX = "latex+raw_tex"  # what it does not know stays raw, instead of vanishing
MEMORY = "1g"
SECONDS = 30
MAX_DEPTH = 40
MAX_FORMULA = 30_000
TOO_DEEP = Maths("\\undefined", False)


@dataclass(frozen=True)
class Fragment:
    """Markup of one place. `format` is a reader of pandoc's: MARKDOWN, "html" or LATEX."""

    format: str
    text: str


@dataclass(frozen=True)
class Converted:
    """`documents[i]`: pandoc's blocks for fragment i; `maths[i]`: formula i as text; None where pandoc could not."""

    documents: tuple[list | None, ...]
    maths: tuple[str | None, ...]


@functools.cache
def program() -> str:
    """Where pandoc is (the wheel brings it)."""
    import pypandoc

    return pypandoc.get_pandoc_path()


def convert(
    fragments: Sequence[Fragment], maths: Sequence[Maths], target: Literal["typst", "mathml"] = "typst"
) -> Converted:
    """Read the fragments and rewrite the formulas, all in one process.

    If that process fails or takes too long, the pieces are tried one by one, so that one bad piece costs only itself.
    """
    if not fragments and not maths:
        return Converted((), ())
    known = definitions(list(maths))
    formulas = [
        Maths(tidied(without_definitions(m.tex)), m.display) if depth_of(m.tex) <= MAX_DEPTH else TOO_DEEP
        for m in maths
    ]
    together = run(fragments, formulas, known, target, SECONDS)
    if together is not None:
        return together
    documents = [run([fragment], [], known, target, SECONDS / 6) for fragment in fragments]
    texts = [run([], [formula], known, target, SECONDS / 6) for formula in formulas]
    return Converted(
        tuple(one.documents[0] if one else None for one in documents),
        tuple(one.maths[0] if one else None for one in texts),
    )


# Names in pandoc's Typst that Typst has since given up.
RENAMED = [
    (re.compile(r"\\,"), 'class("punctuation", ",")'),
    (re.compile(r"\bsect\b"), "inter"),
    (re.compile(r"\b(times|dot|minus|dash|plus)\.circle\b"), r"\1.o"),
]
QUOTED = re.compile(r'("(?:\\.|[^"\\])*")')


def today(typst: str) -> str:
    """A formula in the Typst of today; quoted text is left alone."""
    parts = QUOTED.split(typst)
    for i in range(0, len(parts), 2):
        for pattern, replacement in RENAMED:
            parts[i] = pattern.sub(replacement, parts[i])
    return "".join(parts).replace('delim: "||"', 'delim: "|"')


def usable(text: str, target: str) -> str | None:
    """A formula as pandoc wrote it, brought up to date; None if it is longer or deeper than any formula."""
    if len(text) > MAX_FORMULA or depth_of(text) > MAX_DEPTH:
        return None
    return today(text) if target == "typst" else text


def run(
    fragments: Sequence[Fragment], formulas: Sequence[Maths], known: str, target: str, seconds: float
) -> Converted | None:
    """What one pandoc process makes of these; None if it failed."""
    request = {
        "fragments": [vars(fragment) for fragment in fragments],
        "maths": [vars(formula) for formula in formulas],
        "definitions": known,
        "target": target,
        "separator": f"/* {secrets.token_hex(16)} */",
    }
    command = [program(), "+RTS", f"-M{MEMORY}", "-RTS", "lua", str(SCRIPT)]
    try:
        done = subprocess.run(
            command, input=json.dumps(request).encode(), capture_output=True, timeout=seconds, check=True
        )
        answer = json.loads(done.stdout)
        read = zip(json.loads(answer["document"])["blocks"], answer["found"], strict=True)
    except (subprocess.SubprocessError, ValueError, RecursionError):
        return None
    return Converted(
        tuple(division["c"][1] if found else None for division, found in read),
        tuple(usable(text, target) if text else None for text in answer["maths"]),
    )
