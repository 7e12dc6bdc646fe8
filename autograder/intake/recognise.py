"""Which platform a download is from: decided once for all of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import tzinfo

from autograder.intake.archives import Found, Refused
from autograder.intake.claims import Platform, Reading, Root, entries_of, is_work, squash
from autograder.intake.platforms import PLATFORMS
from autograder.intake.platforms.plain import PLAIN, without_assignment

MAX_FOLDERS_ABOVE = 5
ENOUGH = 0.5  # the part of what lies at the top that must have a platform's form
COPIES = ("copy", "kopie", "copie", "copia", "backup", "old", "new", "final", "version")


@dataclass(frozen=True)
class Recognised:
    """A download with what its platform says.

    Attributes:
        strays: what lies at the top and is nobody's, less what the platform put there.
    """

    platform: Platform
    root: Root
    reading: Reading
    strays: tuple[str, ...]


def recognise(
    files: Iterable[Found],
    assignment: str,
    title: str,
    zone: tzinfo | None,
    is_known: Callable[[str], bool] = lambda name: False,
    others: Iterable[str] = (),
) -> Recognised:
    """Find the platform whose form most of a download has.

    Args:
        is_known: whether a text is the id or the name of somebody in the course.
        others: the course's other assignments.

    Raises:
        Refused: it has no form that is known; the text lists them.
    """
    roots = list(roots_of(Root((), entries_of(files), assignment, title, zone, frozenset(others))))
    for root in roots:
        fits = []
        for platform in PLATFORMS:
            if platform is PLAIN or (root.path and is_known(root.path[-1])):
                continue
            reading = platform.read(root)
            alone = platform.loose and root.path and len({claim.who for claim in reading.claims}) < 2
            share = covered(root, reading)
            if reading.claims and share >= ENOUGH and not alone:
                fits.append((share, platform, reading))
        if fits:
            _, platform, reading = max(fits, key=lambda fit: fit[0])
            return Recognised(platform, root, reading, strays(root, reading))
    root = next((root for root in reversed(roots) if is_of_class(root, is_known)), roots[0])
    reading = PLAIN.read(root)
    if not reading.claims:
        forms = "\n".join(f"  {platform.name}: {platform.form}" for platform in PLATFORMS)
        if not root.entries:
            raise Refused("there is nothing in it. Download the submissions once more.")
        there = ", ".join(entry.name for entry in root.entries[:4])
        one = any(is_work(entry.file) for entry in root.loose)
        hint = " If it is one student's work, put it into a folder named after the student." if one else ""
        raise Refused(f"it has the form of no download that is known. There is: {there}.{hint} Looked for:\n{forms}")
    return Recognised(PLAIN, root, reading, strays(root, reading))


def roots_of(root: Root) -> Iterable[Root]:
    """The download's top, and what is below as long as there is a single folder beside files that are not work."""
    yield root
    while len(root.path) < MAX_FOLDERS_ABOVE and len(root.folders) == 1:
        if any(is_work(entry.file) for entry in root.loose):
            return
        only = root.folders[0]
        root = replace(root, path=(*root.path, only.name), entries=entries_of(only.files))
        yield root


def covered(root: Root, reading: Reading) -> float:
    """The part of what lies at the top that a reading explains, leaving aside lists and texts that are not work."""
    counted = [
        entry.name for entry in root.entries if entry.is_folder or is_work(entry.file) or entry.name in reading.covered
    ]
    return sum(name in reading.covered for name in counted) / max(len(counted), 1)


def strays(root: Root, reading: Reading) -> tuple[str, ...]:
    return tuple(entry.name for entry in root.entries if entry.name not in reading.covered)


def is_of_class(root: Root, is_known: Callable[[str], bool]) -> bool:
    """Does this folder hold several students' folders, rather than the folders of one student?

    Splitting one student into two shows in the table; making one of two would lose work. So it is one student only
    where the folder or what is in it says so.
    """
    if not root.path:
        return True
    if is_known(root.path[-1]):
        return False
    inside = [entry for entry in root.entries if entry.is_folder and any(is_work(file) for file in entry.files)]
    inside += [entry for entry in root.loose if entry.name.lower().endswith(".zip")]
    if any(is_known(entry.name.removesuffix(".zip")) for entry in inside):
        return True
    if any(is_work(entry.file) and not entry.name.lower().endswith(".zip") for entry in root.loose):
        return False
    names = [
        squash(entry.name if entry.is_folder else without_assignment(entry.name[:-4], root.assignment))
        for entry in inside
    ]
    titles = (squash(root.assignment), squash(root.title))
    if any(title and title in name for name in names for title in titles):
        return False
    if squash(root.path[-1]) in titles:
        return bool(inside)
    stems = {plain_stem(name) for name in names}
    return len(stems) > 1 and "" not in stems


def plain_stem(name: str) -> str:
    """A folder's name without what says that it is a copy."""
    for word in COPIES:
        name = name.replace(word, "")
    return name.rstrip("0123456789")
