"""The environments of rows and columns: how their columns are aligned, what stands between and around them."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """How an environment sets its rows.

    Attributes:
        columns: the alignments, repeated as often as there are columns.
        gaps: em between columns, repeated likewise.
        row_gap: em between rows.
        style: "D" displayed, "T" text, "S" small.
        left, right: delimiters around the whole.
        argument: what follows \\begin{…}: "columns", "option", "number", "text" or "".
        aligned: whether columns come in pairs that are read as one formula.
    """

    columns: str = "c"
    gaps: tuple[float, ...] = (1.0,)
    row_gap: float = 0.4
    style: str = "T"
    left: str = ""
    right: str = ""
    argument: str = ""
    aligned: bool = False


ALIGN = Layout("rl", (0.0, 2.0), 0.3, "D", aligned=True)
ALIGNED = Layout("rl", (0.0, 2.0), 0.5, "D", argument="option", aligned=True)
ALIGN_AT = Layout("rl", (0.0, 0.0), 0.3, "D", argument="number", aligned=True)
GATHER = Layout("c", (1.0,), 0.3, "D")
CASES = Layout("ll", (1.0,), 0.2, "T", "{", "")
DISPLAYED_CASES = Layout("ll", (1.0,), 0.2, "D", "{", "")
RELATIONS = Layout("rcl", (0.278, 0.278), 0.5, "D")
FENCES = {"": ("", ""), "p": ("(", ")"), "b": ("[", "]"), "B": ("{", "}"), "v": ("|", "|"), "V": ("‖", "‖")}

ENVIRONMENTS: dict[str, Layout] = {
    "array": Layout(argument="columns"),
    "darray": Layout(argument="columns", style="D"),
    "tabular": Layout(argument="columns"),
    "align": ALIGN,
    "eqnarray": RELATIONS,
    "gather": GATHER,
    "alignat": ALIGN_AT,
    "xalignat": ALIGN_AT,
    "xxalignat": ALIGN_AT,
    "flalign": Layout("rl", (0.0, 1.0), 0.3, "D", aligned=True),
    "split": Layout("rl", (0.0,), 0.3, "D", aligned=True),
    "aligned": ALIGNED,
    "alignedat": Layout("rl", (0.0, 0.0), 0.5, "D", argument="number", aligned=True),
    "gathered": Layout("c", (1.0,), 0.5, "D", argument="option"),
    "lgathered": Layout("l", (1.0,), 0.5, "D", argument="option"),
    "rgathered": Layout("r", (1.0,), 0.5, "D", argument="option"),
    "subarray": Layout("c", (0.0,), 0.1, "S", argument="columns"),
    "cases": CASES,
    "dcases": DISPLAYED_CASES,
    "rcases": Layout("ll", (1.0,), 0.2, "T", "", "}"),
    "drcases": Layout("ll", (1.0,), 0.2, "D", "", "}"),
    "numcases": Layout("ll", (1.0,), 0.2, "D", "{", "", argument="text"),
    "subnumcases": Layout("ll", (1.0,), 0.2, "D", "{", "", argument="text"),
}
for prefix, (left, right) in FENCES.items():
    ENVIRONMENTS[f"{prefix}matrix"] = Layout("c", (1.0,), 0.4, "T", left, right, argument="option")
    ENVIRONMENTS[f"{prefix}smallmatrix"] = Layout("c", (0.333,), 0.2, "S", left, right, argument="option")
for name in ("align", "eqnarray", "gather", "alignat", "xalignat", "flalign", "cases", "dcases", "rcases", "drcases"):
    ENVIRONMENTS[f"{name}*"] = ENVIRONMENTS[name]
for name in [name for name in ENVIRONMENTS if name.endswith("matrix")]:
    ENVIRONMENTS[f"{name}*"] = ENVIRONMENTS[name]

# Environments that only say where a formula begins and ends.
TRANSPARENT = {
    "equation", "equation*", "subequations", "math", "displaymath", "spreadlines", "center", "small",
}  # fmt: skip


def columns_of(spec: str) -> tuple[str, tuple[int, ...]]:
    r"""The alignments in the argument of \begin{array}, and after which columns vertical lines stand."""
    spec = re.sub(r"\*\s*\{\s*([0-9]{1,2})\s*\}\s*(?:\{([^{}]*)\}|(\w))", lambda m: (m[2] or m[3]) * int(m[1]), spec)
    spec = re.sub(r"[@!<>]\s*\{[^{}]*\}", "", spec)
    spec = re.sub(r"[pmb]\s*\{[^{}]*\}", "l", spec)
    columns = ""
    rules: list[int] = []
    for char in spec:
        if char in "lcr":
            columns += char
        elif char in "|:" and (not rules or rules[-1] != len(columns)):
            rules.append(len(columns))
    return columns, tuple(rules)
