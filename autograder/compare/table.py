"""The pairs on a terminal, and as plain data for programs."""

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from autograder.compare.likeness import LikePair

MOST_ROWS = 50
REGIONS = 3


def pairs_table(pairs: Sequence[LikePair]) -> Table:
    """One row a pair; it fits into 80 columns."""
    more = len(pairs) - MOST_ROWS
    table = Table(box=SIMPLE_HEAD, pad_edge=False, caption=f"{more} more are on the page." if more > 0 else None)
    for column in ("one", "other"):
        table.add_column(column, overflow="fold", max_width=18)
    table.add_column("share", justify="right", no_wrap=True)
    table.add_column("in", overflow="fold")
    for pair in pairs[:MOST_ROWS]:
        where = [region.place for region in pair.regions]
        told = ", ".join(where[:REGIONS]) + (f" and {len(where) - REGIONS} more" if len(where) > REGIONS else "")
        share = max(region.share for region in pair.regions)
        table.add_row(*map(Text, pair.students), f"{100 * share:.0f} %", Text(told))
    return table


def as_plain(assignment: str, students: Sequence[str], pairs: Sequence[LikePair]) -> dict[str, Any]:
    """The pairs as JSON has them; lines are numbered from 1 in each region."""
    return {
        "assignment": assignment,
        "compared": len(students),
        "pairs": [
            {
                "students": list(pair.students),
                "bits": round(pair.bits, 1),
                "regions": [
                    {
                        "place": region.place,
                        "bits": round(region.bits, 1),
                        "share": round(region.share, 3),
                        "lines": [[line + 1 for line in lines] for lines in region.lines],
                    }
                    for region in pair.regions
                ],
            }
            for pair in pairs
        ],
    }
