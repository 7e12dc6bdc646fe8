"""Which packages there are: those that an assignment needs besides the course's, and those that notebooks import."""

import importlib.util
import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from autograder.errors import CourseError


def missing_packages(needed: Iterable[str]) -> list[str]:
    """Those of an assignment's `packages` that are not installed here, less their conditions.

    An entry for other systems may be installed instead: tensorflow for tensorflow-cpu.
    """
    entries = [Requirement(text) for text in needed]
    here = [entry for entry in entries if entry.marker is None or entry.marker.evaluate()]
    elsewhere = [entry for entry in entries if entry not in here]
    return [
        f"{entry.name}{entry.specifier}"
        for entry in here
        if not any(
            _is_installed(other) for other in (entry, *(one for one in elsewhere if _are_of_a_family(one, entry)))
        )
    ]


def what_is_missing(needed: Iterable[str], what: str) -> str:
    """Says which packages are missing and how to get them; "" where all are there. `what`: for which work."""
    missing = missing_packages(needed)
    if not missing:
        return ""
    quoted = " ".join(f'"{entry}"' for entry in missing)
    return f"{what} needs {', '.join(missing)}, which is not installed here:  pip install {quoted}"


def require_packages(needed: Iterable[str], what: str) -> None:
    """Raise CourseError where a package is missing; the text says how to get it."""
    if missing := what_is_missing(needed, what):
        raise CourseError(missing)


def not_importable(modules: Iterable[str], own: Collection[str]) -> Iterator[str]:
    """The modules that cannot be imported here. `own`: what lies beside the notebooks."""
    for module in modules:
        top = module.partition(".")[0]
        if top and top not in own and importlib.util.find_spec(top) is None:
            yield top


def not_listed(modules: Iterable[str], listed: Iterable[str]) -> list[str]:
    """The packages that hold these modules, and that installing `listed` (as pip takes them) does not bring along.

    Python's own modules and those that are not installed here are passed over.
    """
    known = _brought(listed)
    holders = packages_distributions()
    found = set()
    for top in {module.partition(".")[0] for module in modules} - sys.stdlib_module_names:
        names = {canonicalize_name(name) for name in holders.get(top, ())}
        if names and not names & known:
            found.add(min(names))
    return sorted(found)


def _brought(listed: Iterable[str]) -> set[str]:
    """What pip installs for these: the packages with all that they require here, by their canonical names."""
    waiting = list(listed)
    found: set[str] = set()
    while waiting:
        try:
            need = Requirement(waiting.pop())
        except InvalidRequirement:
            continue
        name = canonicalize_name(need.name)
        if name in found or (need.marker and not need.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        with suppress(PackageNotFoundError):
            waiting += requires(need.name) or ()
    return found


def _is_installed(entry: Requirement) -> bool:
    try:
        return entry.specifier.contains(version(entry.name), prereleases=True)
    except PackageNotFoundError:
        return False


def _are_of_a_family(one: Requirement, other: Requirement) -> bool:
    return one.name.startswith(other.name) or other.name.startswith(one.name)
