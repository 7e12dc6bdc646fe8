"""The environments of rows and columns: how their columns are aligned, what stands between and around them."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class ArrayLayout:
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


ALIGN = ArrayLayout("rl", (0.0, 2.0), 0.3, "D", aligned=True)
ALIGNED = ArrayLayout("rl", (0.0, 2.0), 0.5, "D", argument="option", aligned=True)
ALIGN_AT = ArrayLayout("rl", (0.0, 0.0), 0.3, "D", argument="number", aligned=True)
GATHER = ArrayLayout("c", (1.0,), 0.3, "D")
CASES = ArrayLayout("ll", (1.0,), 0.2, "T", "{", "")
DISPLAYED_CASES = ArrayLayout("ll", (1.0,), 0.2, "D", "{", "")
RELATIONS = ArrayLayout("rcl", (0.278, 0.278), 0.5, "D")
FENCES = {"": ("", ""), "p": ("(", ")"), "b": ("[", "]"), "B": ("{", "}"), "v": ("|", "|"), "V": ("‖", "‖")}

ENVIRONMENTS: dict[str, ArrayLayout] = {
    "array": ArrayLayout(argument="columns"),
    "darray": ArrayLayout(argument="columns", style="D"),
    "tabular": ArrayLayout(argument="columns"),
    "align": ALIGN,
    "eqnarray": RELATIONS,
    "gather": GATHER,
    "alignat": ALIGN_AT,
    "xalignat": ALIGN_AT,
    "xxalignat": ALIGN_AT,
    "flalign": ArrayLayout("rl", (0.0, 1.0), 0.3, "D", aligned=True),
    "split": ArrayLayout("rl", (0.0,), 0.3, "D", aligned=True),
    "aligned": ALIGNED,
    "alignedat": ArrayLayout("rl", (0.0, 0.0), 0.5, "D", argument="number", aligned=True),
    "gathered": ArrayLayout("c", (1.0,), 0.5, "D", argument="option"),
    "lgathered": ArrayLayout("l", (1.0,), 0.5, "D", argument="option"),
    "rgathered": ArrayLayout("r", (1.0,), 0.5, "D", argument="option"),
    "subarray": ArrayLayout("c", (0.0,), 0.1, "S", argument="columns"),
    "cases": CASES,
    "dcases": DISPLAYED_CASES,
    "rcases": ArrayLayout("ll", (1.0,), 0.2, "T", "", "}"),
    "drcases": ArrayLayout("ll", (1.0,), 0.2, "D", "", "}"),
    "numcases": ArrayLayout("ll", (1.0,), 0.2, "D", "{", "", argument="text"),
    "subnumcases": ArrayLayout("ll", (1.0,), 0.2, "D", "{", "", argument="text"),
}
for prefix, (left, right) in FENCES.items():
    ENVIRONMENTS[f"{prefix}matrix"] = ArrayLayout("c", (1.0,), 0.4, "T", left, right, argument="option")
    ENVIRONMENTS[f"{prefix}smallmatrix"] = ArrayLayout("c", (0.333,), 0.2, "S", left, right, argument="option")
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
