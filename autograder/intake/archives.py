"""Reads zips of students and of learning platforms, which may hold anything.

What an archive may cost is one budget of bytes, files, depth and seconds, handed down into the archives in it. What
leads out of its folder, is a link or a device, cannot be read, or is more than the budget is left out and named; the
rest is kept.
"""

import contextlib
import io
import re
import struct
import time
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from pathlib import Path, PurePosixPath

from autograder.files import MAX_FILES, MAX_SUBMISSION, OF_AN_ENVIRONMENT, never_submitted, read_regular
from autograder.intake.submission import printable, walk
from autograder.notes import Note

MAX_RATIO = 200
MAX_DEPTH = 3
MAX_SECONDS = 60.0
UNIX_TIMES = 0x5455  # the field of a zip that has a file's time as seconds since 1970
ENTRY = b"PK\x01\x02"  # begins each entry of a zip's directory
UNICODE_PATH = 0x7075  # the field of a zip that has a file's name in UTF-8


class Refused(Exception):
    """An archive, or a file in one, that is not taken; the text says why."""


class NeverWork(Refused):
    """A link, a device."""


@dataclass(frozen=True)
class Found:
    """A file of a download or a submission.

    Attributes:
        path: from the top of what is read, with "/".
        time: when it was last written, in seconds since 1970, as the file system or the archive says.
        read: returns its content.
        size: bytes.
        order: the platform's own: of two files of one student, the higher is the newer.
    """

    path: str
    time: float
    read: Callable[[], bytes] = field(repr=False)
    size: int = 0
    order: int = 0

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    def at(self, path: str) -> "Found":
        """The same file under another path."""
        return replace(self, path=path)


def found(path: str, content: bytes, time: float) -> Found:
    """A file whose content is known."""
    return Found(path, time, lambda: content, len(content))


@dataclass
class Budget:
    """What may still be unpacked: the same one for an archive and for all archives in it."""

    bytes: int = MAX_SUBMISSION
    files: int = MAX_FILES
    depth: int = MAX_DEPTH
    end: float = field(default_factory=lambda: time.monotonic() + MAX_SECONDS)
    most: int = field(init=False)

    def __post_init__(self) -> None:
        self.most = self.bytes

    def in_time(self) -> None:
        """Raises Refused where the time is over."""
        if time.monotonic() > self.end:
            raise Refused(f"unpacking it takes longer than {MAX_SECONDS:.0f} seconds.")

    def spend(self, bytes: int) -> None:
        """Take a file of this size from what is left; raises Refused where it is more than that."""
        if not self.files:
            raise Refused(f"there are more than {MAX_FILES} files.")
        if bytes > self.bytes:
            raise Refused(f"unpacked, all would be larger than {self.most >> 20} MB.")
        self.bytes -= bytes
        self.files -= 1


def budget_for(size: int) -> Budget:
    """The budget for a hand-in of `size` bytes: a small archive may not become very large."""
    return Budget(bytes=min(MAX_SUBMISSION, MAX_RATIO * max(size, 2**20)))


# --- an archive in memory ---------------------------------------------------------------------------------------------


@dataclass
class Unpacked:
    """What an archive or a hand-in holds.

    Attributes:
        lost: what is left out although it may be work, and why.
        notes: what else is left out.
    """

    files: list[Found] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_zip(content: bytes, zone: tzinfo | None, budget: Budget | None = None) -> Unpacked:
    """The files of an archive, unpacked; what systems and tools leave behind is left out.

    Notebooks come first, then Python files, then the smaller ones: where the budget ends, it is not the work that is
    left out.

    Args:
        zone: where the clocks stood that its times are from, since a zip does not say; None: here.
        budget: is spent.

    Raises:
        Refused: it is not a zip, its list of files is damaged or too long, or the time is over.
    """
    budget = budget or budget_for(len(content))
    if content.count(ENTRY) > 100 * MAX_FILES:
        raise Refused(f"the archive holds more than {100 * MAX_FILES} files.")
    out = Unpacked()
    with refusing("the archive"), zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = []
        for member in archive.infolist():
            try:
                if (path := safe_path(member)) is not None:
                    members.append((member, path))
            except Refused as refused:
                (out.notes if isinstance(refused, NeverWork) else out.lost).append(str(refused))
        kept = without_environments([path for _, path in members])
        members = [(member, path) for member, path in members if path in kept]
        for member, path in sorted(members, key=lambda one: work_first(one[1], one[0].file_size)):
            budget.in_time()
            try:
                budget.spend(member.file_size)
                with refusing(path), archive.open(member) as file:
                    data = file.read(member.file_size + 1)
                if len(data) > member.file_size:
                    raise Refused("the archive lies about its size.")
            except Refused as refused:
                out.lost.append(f"{path:.100}: {refused}")
            else:
                out.files.append(found(path, data, time_of(member, zone)))
    return out


def work_first(path: str, size: int) -> tuple:
    """Sorts the files of an archive."""
    return (not path.endswith(".ipynb"), not path.endswith(".py"), size)


@contextlib.contextmanager
def refusing(what: str) -> Iterator[None]:
    """Whatever a hostile archive raises becomes Refused."""
    try:
        yield
    except Refused:
        raise
    except Exception as error:
        raise Refused(f"{what} cannot be read: {str(error) or type(error).__name__}.") from None


def time_of(member: zipfile.ZipInfo, zone: tzinfo | None) -> float:
    """When the file was written: the exact time where the archive has it, else the time on a clock in `zone`."""
    for kind, data in extra_fields(member):
        if kind == UNIX_TIMES and len(data) >= 5 and data[0] & 1:
            return float(struct.unpack_from("<I", data, 1)[0])
    try:
        return datetime(*member.date_time, tzinfo=zone).timestamp()
    except (ValueError, OverflowError):  # some programs write month 0, day 0
        return datetime(1980, 1, 2, tzinfo=zone).timestamp()


def extra_fields(member: zipfile.ZipInfo) -> Iterator[tuple[int, bytes]]:
    """The additional fields of an archive's entry: their kind and content."""
    extra = member.extra
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        yield kind, extra[4 : 4 + size]
        extra = extra[4 + size :]


def member_name(member: zipfile.ZipInfo) -> str:
    """The name of an archive's entry, in one spelling whichever program wrote it.

    A name that does not say its encoding is UTF-8 where it can be, else that of Windows or of DOS, whichever makes
    letters of it.
    """
    name = member.filename
    for kind, data in extra_fields(member):
        if kind == UNICODE_PATH and len(data) > 5:
            with contextlib.suppress(UnicodeDecodeError):
                name = data[5:].decode()
                return unicodedata.normalize("NFC", name)
    if not member.flag_bits & 0x800:
        with contextlib.suppress(UnicodeEncodeError):
            name = decoded(name.encode("cp437"))
    return unicodedata.normalize("NFC", name)


def decoded(raw: bytes) -> str:
    """A file name's bytes as text."""
    with contextlib.suppress(UnicodeDecodeError):
        return raw.decode()
    if not any(0x80 <= byte < 0xA0 for byte in raw):  # there, DOS has most of its letters and Windows has signs
        with contextlib.suppress(UnicodeDecodeError):
            text = raw.decode("cp1252")
            if all(char.isascii() or char.isalpha() for char in text):
                return text
    return raw.decode("cp437")


def safe_path(member: zipfile.ZipInfo) -> str | None:
    """The member's path, as it can be printed, or None where it is a folder or litter.

    Raises Refused where it leads elsewhere.
    """
    name = member_name(member).replace("\\", "/")
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", name) or "\0" in name:
        raise Refused(f"the archive has a file with the path {name!r:.100}, which leads out of it.")
    if not parts or name.endswith("/") or never_submitted(name):
        return None
    kind = member.external_attr >> 28
    if kind not in (0, 0o10):
        raise NeverWork(f"the archive has a link or special file, {name!r:.100}.")
    return str(PurePosixPath(*map(printable, parts)))


def without_environments(paths: list[str]) -> set[str]:
    """These paths less those in a Python environment."""
    places = {PurePosixPath(path) for path in paths}
    places |= {parent for path in places for parent in path.parents}
    homes = {f"{path.parent}/" for path in places if path.name in OF_AN_ENVIRONMENT and len(path.parts) > 1}
    return {path for path in paths if not path.startswith(tuple(homes))}


# --- a download -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def open_download(source: Path, zone: tzinfo | None, tell: Callable[[str], None]) -> Iterator[list[Found]]:
    """The files in a folder or zip, whose contents can be read while the context lasts.

    Args:
        zone: as of `read_zip`.
        tell: hears of each file that is left out.

    Raises:
        Refused: it is neither a folder nor a readable zip.
    """
    if source.is_dir():
        notes: list[Note] = []
        files = []
        for path, entry in walk(source, notes, depth=-4):  # a platform has folders of its own above a submission
            path = unicodedata.normalize("NFC", path)
            if not never_submitted(path):
                about = entry.stat(follow_symlinks=False)
                files.append(Found(path, about.st_mtime, reader(Path(entry.path), path), about.st_size))
        for note in notes:
            tell(note.text)
        kept = without_environments([file.path for file in files])
        yield [file for file in files if file.path in kept]
        return
    with contextlib.ExitStack() as stack:
        if not zipfile.is_zipfile(source):
            raise Refused("it is neither a folder nor a zip. Unpack another kind of archive, and give its folder.")
        with refusing("the archive"):
            archive = stack.enter_context(zipfile.ZipFile(source))
        yield list(download_files(archive, zone, tell))


def download_files(archive: zipfile.ZipFile, zone: tzinfo | None, tell: Callable[[str], None]) -> Iterator[Found]:
    """A platform's archive, from which one bad file takes away only itself."""
    for member in archive.infolist():
        try:
            path = safe_path(member)
        except Refused as refused:
            tell(f"left out: {refused}")
            continue
        if path is not None:
            yield Found(path, time_of(member, zone), member_reader(archive, member), member.file_size)


def member_reader(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        if member.file_size > MAX_SUBMISSION:
            raise Refused(f"{member.filename!r:.100} is larger than {MAX_SUBMISSION >> 20} MB.")
        with refusing(f"{member.filename!r:.100}"), archive.open(member) as file:
            return file.read(member.file_size)

    return read


def reader(path: Path, shown: str) -> Callable[[], bytes]:
    def read() -> bytes:
        content = read_regular(path, MAX_SUBMISSION)
        if content is None:
            raise Refused(f"{shown} cannot be read, or is larger than {MAX_SUBMISSION >> 20} MB.")
        return content

    return read


def unpacked(files: list[Found], zone: tzinfo | None) -> Unpacked:
    """The files of one hand-in with the archives among them unpacked, within one budget.

    An archive's files take the place of the archive, in a folder of its own where they would hide another file.

    Raises:
        Refused: nothing in it can be read.
    """
    budget = budget_for(sum(file.size for file in files))
    out: dict[str, Found] = {}
    whole = Unpacked()

    def take(some: list[Found], prefix: str, depth: int) -> None:
        for file in some:
            path = prefix + file.path
            try:
                if file.name.lower().endswith(".zip"):
                    take_archive(file, path, depth)
                else:
                    file.read()
                    path = free_path(path, out) if path in out else path
                    out[path] = file.at(path)
            except Refused as refused:
                whole.lost.append(f"{path:.100}: {refused}")

    def take_archive(file: Found, path: str, depth: int) -> None:
        if depth == budget.depth:
            raise Refused(f"it is an archive {depth} archives deep.")
        inside = read_zip(file.read(), zone, budget)
        whole.lost += [f"{path:.100}: {text}" for text in inside.lost]
        whole.notes += inside.notes
        parent = path.removesuffix(file.name)
        names = {parent + one.path for one in inside.files}
        own = f"{parent}{file.name[:-4]}/" if names & out.keys() else parent
        take([replace(one, order=file.order) for one in plain_first(inside.files)], own, depth + 1)

    take(plain_first(files), "", 0)
    if whole.lost and not out:
        raise Refused("; ".join(first_of(whole.lost)))
    return Unpacked(list(out.values()), whole.lost, whole.notes)


def plain_first(files: list[Found]) -> list[Found]:
    return sorted(files, key=lambda file: file.name.lower().endswith(".zip"))


def first_of(texts: list[str], most: int = 4) -> list[str]:
    """The first of several messages, and how many more there are."""
    more = len(texts) - most
    return texts if more <= 0 else [*texts[:most], f"and {more} more"]


def free_path(path: str, taken: dict[str, Found]) -> str:
    """A path beside one that is taken."""
    pure = PurePosixPath(path)
    number = 2
    while (other := str(pure.with_name(f"{pure.stem}-{number}{pure.suffix}"))) in taken:
        number += 1
    return other
