"""Which failing checks only follow from an earlier one: they need what is not right yet."""

from collections.abc import Iterable, Set
from dataclasses import dataclass

MOST_NAMED = 3


@dataclass(frozen=True)
class Standing:
    """How a check stands, and the regions whose code it runs, as a message calls them."""

    right: bool
    needs: frozenset[str]


def follows_from(needs: Set[str], others: Iterable[Standing]) -> str | None:
    """What to say of a failing check that also runs all that another failing check runs, and more; None otherwise.

    Args:
        needs: the regions that the failing check runs.
        others: how the checks before it stand.
    """
    others = list(others)
    earlier = [one.needs for one in others if not one.right and one.needs and one.needs < needs]
    if not earlier:
        return None
    first = min(earlier, key=lambda regions: (len(regions), sorted(regions)))
    verified = frozenset().union(*(one.needs for one in others if one.right))
    names = sorted(first - verified or first)[:MOST_NAMED]
    said = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"It needs {said}, which {'is' if len(names) == 1 else 'are'} not right yet: mend that first."
