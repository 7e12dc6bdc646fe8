"""What a download says of each hand-in: whose it is, which attempt, and when it came."""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from autograder.intake.archives import Found

OTHER_ARCHIVES = (".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz")
MAX_TABLE = 16 * 2**20  # bytes of a list that a platform puts beside the submissions


@dataclass(frozen=True)
class Who:
    """Somebody as a platform names them; "" where it does not say.

    Attributes:
        id: the platform's own number.
        lasting: whether the platform uses the same number for all assignments.
        login: a user name.
        student_id: the institution's id.
    """

    name: str = ""
    id: str = ""
    lasting: bool = True
    login: str = ""
    student_id: str = ""
    email: str = ""


@dataclass(frozen=True)
class Claim:
    """One hand-in.

    Attributes:
        label: how the platform names it, for messages.
        who: everybody it belongs to; empty where the platform names only a group.
        files: with their paths below the hand-in.
        entries: the names at the top of the download that it was read from.
        attempt: sorts; the last one counts.
        handed_in: None where the platform does not say.
        time_from: what says so, for people.
        late: whether the platform marks it as late.
    """

    label: str
    who: tuple[Who, ...]
    files: tuple[Found, ...]
    entries: frozenset[str]
    group: str = ""
    attempt: tuple = ()
    handed_in: datetime | None = None
    time_from: str = ""
    late: bool = False


@dataclass(frozen=True)
class Entry:
    """Something at the top of a download: a file, or a folder with the files in it, by their paths below it."""

    name: str
    files: tuple[Found, ...]
    is_folder: bool

    @property
    def file(self) -> Found:
        return self.files[0]


@dataclass(frozen=True)
class Root:
    """A download, from the folder on that holds the hand-ins.

    Attributes:
        path: the folders above, from the top of the download.
        assignment: the one that is collected.
        title: its title, which is what platforms know it by.
        others: the course's other assignments.
        zone: where the clocks stand of times that do not name a zone; None: here.
    """

    path: tuple[str, ...]
    entries: tuple[Entry, ...]
    assignment: str
    title: str
    zone: tzinfo | None
    others: frozenset[str] = frozenset()

    @property
    def folders(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.is_folder]

    @property
    def loose(self) -> list[Entry]:
        return [entry for entry in self.entries if not entry.is_folder]

    def text(self, *names: str) -> str | None:
        """The text of the first of these files that lies at the top, or None."""
        for name in names:
            for entry in self.loose:
                if entry.name == name and entry.file.size <= MAX_TABLE:
                    return text_of(entry.file)
        return None

    def local(self, text: str, *formats: str) -> datetime | None:
        """A time written in one of these formats, on a clock of the course."""
        for form in formats:
            try:
                when = datetime.strptime(text, form)
            except ValueError:
                continue
            return when.replace(tzinfo=self.zone) if self.zone else when.astimezone()
        return None


@dataclass(frozen=True)
class Reading:
    """What a platform's reader makes of a download.

    Attributes:
        own: the names of entries that belong to the platform and to no student.
        notes: what to tell.
    """

    claims: tuple[Claim, ...]
    own: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def covered(self) -> frozenset[str]:
        return self.own.union(*(claim.entries for claim in self.claims))


@dataclass(frozen=True)
class Platform:
    """A kind of download.

    Attributes:
        form: how it names hand-ins, for people.
        loose: whether hand-ins are files side by side, named by the platform.
    """

    name: str
    form: str
    read: Callable[[Root], Reading]
    loose: bool = False


def entries_of(files: Iterable[Found]) -> tuple[Entry, ...]:
    """What lies at the top of these files."""
    below: dict[str, list[Found]] = defaultdict(list)
    loose: list[Entry] = []
    for file in files:
        top, slash, rest = file.path.partition("/")
        if slash:
            below[top].append(file.at(rest))
        else:
            loose.append(Entry(top, (file,), False))
    folders = [Entry(name, tuple(inside), True) for name, inside in below.items()]
    return tuple(sorted(folders + loose, key=lambda entry: entry.name))


def common_start(texts: Iterable[str]) -> str:
    """The longest beginning that all have."""
    first, *others = sorted(texts) or [""]
    length = next((i for i, char in enumerate(first) if any(other[i] != char for other in others)), len(first))
    return first[:length]


def squash(text: str) -> str:
    """The letters and digits of a text, without accents and case: what survives a platform's file names."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ø", "o").replace("Ø", "o").replace("ł", "l"))
    return "".join(char for char in plain.casefold() if char.isalnum())


def text_of(file: Found) -> str:
    """The text of a file that a platform wrote."""
    raw = file.read()
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    return raw.decode("utf-8-sig", "replace")


def is_work(file: Found) -> bool:
    """Is it a notebook or an archive, whatever exactly it is called?"""
    name = file.name.lower()
    return ".ipynb" in name or name.endswith((".zip", *OTHER_ARCHIVES))
