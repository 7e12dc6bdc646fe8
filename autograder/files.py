"""How files are read that may be anything, how they are written whole, and which never belong to a submission."""

import codecs
import contextlib
import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePath, PurePosixPath

from autograder.errors import CourseError


def make_folder(path: Path) -> None:
    """Make a folder with those above it, where it is not there.

    Raises:
        CourseError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileNotFoundError, NotADirectoryError, FileExistsError) as error:
        raise CourseError(
            f"{path} cannot be made: {error.strerror}. Look at the path, or name another place."
        ) from None


TIMESTAMP = "timestamp.txt"
"""Where nbgrader keeps the time of handing in, in a submission's folder."""

HANDED_OUT = ".handed-out"
"""In the zip that students get: a second copy of the released folder, which they leave alone."""

DATA_SETS = "data"
"""The folder of a course, or of a student's copy of an assignment, that holds data sets; no code of theirs."""

SEAL = ".checksums.json"
"""In a folder of results: says whether they are still what was written."""

MAX_FILES = 1000  # of one submission
MAX_SUBMISSION = 512 * 2**20  # bytes of one submission

UTF_8 = ("utf-8", "utf-8-sig")

DECLARED = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")  # PEP 263
SINGLE_BYTES = re.compile(r"(iso8859-\d+|cp\d+|koi8-\w|mac-\w+|utf-8|shift_jis\w*|euc_\w+|gb\w+|big5\w*)")
NOT_OF_TEXTS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")

CACHES = frozenset({"__pycache__", ".ipynb_checkpoints"})
NO_CACHES = shutil.ignore_patterns(*CACHES)
LITTER_FOLDERS = CACHES | {"__MACOSX", ".git", ".venv", "venv", "node_modules", "site-packages"}
LITTER_FILES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
OF_AN_ENVIRONMENT = ("pyvenv.cfg", "conda-meta")


def never_submitted(path: str | PurePath) -> bool:
    """Does a file never belong to a submission: caches, environments, what systems and editors leave?

    Args:
        path: from the submission's folder, or of a folder in it.
    """
    parts = PurePosixPath(path).parts
    return is_litter_file(parts[-1]) or any(map(is_litter_folder, parts)) if parts else False


def is_litter_file(name: str) -> bool:
    return name in LITTER_FILES or name.startswith(("._", "~$"))


def is_litter_folder(name: str) -> bool:
    return name in LITTER_FOLDERS or (name.startswith(".") and name.endswith(("_cache", "_checkpoints")))


def is_environment(folder: str | Path) -> bool:
    """Is it the folder of a Python environment, whatever its name?"""
    return any(os.path.exists(os.path.join(folder, name)) for name in OF_AN_ENVIRONMENT)


def python_files(folder: Path) -> list[str]:
    """The .py files below a folder that can belong to a submission, by their paths from it; at most MAX_FILES."""
    found: list[str] = []
    for at, folders, files in os.walk(folder):
        here = Path(at)
        folders[:] = [name for name in folders if not is_litter_folder(name) and not is_environment(here / name)]
        if here == folder and DATA_SETS in folders:
            folders.remove(DATA_SETS)
        names = [name for name in files if name.endswith(".py") and not is_litter_file(name)]
        found += [(here / name).relative_to(folder).as_posix() for name in names if not (here / name).is_symlink()]
    return sorted(found)[:MAX_FILES]


def read_regular(path: str | Path, limit: int) -> bytes | None:
    """The content of a regular file of at most `limit` bytes; None for anything else, links included."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except (OSError, ValueError):
        return None
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            return None
        # room for what there is, rather than for what there may be
        parts, left, at_once = [], limit + 1, max(about.st_size + 1, 2**16)
        while left and (part := os.read(descriptor, min(left, at_once))):
            parts.append(part)
            left -= len(part)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return b"".join(parts) if left else None


def write_synced(path: Path, content: bytes, mode: int | None = None) -> None:
    """Write a file, with these permissions where given, and return when it is on the disk."""
    with open(path, "wb", buffering=0) as file:
        file.write(content)
        if mode is not None:
            os.chmod(file.fileno() if os.chmod in os.supports_fd else path, mode)
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Return when the names in a folder are on the disk, where the system can say so."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def seal(files: Mapping[str, bytes]) -> bytes:
    """What SEAL holds: the checksum of each of these files."""
    return json.dumps({name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}).encode()


def is_intact(folder: Path) -> bool:
    """Are the files of a folder as they were when SEAL was written beside them?"""
    try:
        sums = json.loads(content_of(os.path.join(folder, SEAL)))
        return all(hashlib.sha256(content_of(os.path.join(folder, name))).hexdigest() == sums[name] for name in sums)
    except (OSError, ValueError, AttributeError):
        return False


def content_of(path: str) -> bytes:
    """A file's bytes. As `Path.read_bytes`, which takes longer than reading a small file does."""
    with open(path, "rb", buffering=0) as file:
        return file.readall()


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write a file in one step, so that it is never half there; one that was there keeps its permissions."""
    path = Path(path)
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
    data = content.encode() if isinstance(content, str) else content
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def decoded(content: bytes) -> tuple[str, str] | None:
    """The text of a file and the name of its encoding, as Python and editors read it; None if it is not a text.

    A byte order mark decides, then the encoding that a Python file declares in its first two lines, then
    UTF-8. What is none of these was saved by an old editor: cp1252, which most of them use.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        tried = ["utf-16"]
    elif content.startswith(codecs.BOM_UTF8):
        tried = ["utf-8-sig"]
    else:
        tried = [*declared_encoding(content), "utf-8", "cp1252"]
    for encoding in tried:
        try:
            text = content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        if "\0" not in text and (encoding != "cp1252" or not NOT_OF_TEXTS.search(text)):
            return text, encoding
    return None


def refuse_workbook(path: Path, content: bytes) -> None:
    """Raises CourseError where a table is a spreadsheet program's own file, or no text at all."""
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise CourseError(f"{path} is a workbook. Save the sheet as CSV, and give that file.")
    if b"\0" in content and not content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise CourseError(f"{path} is not a text. Give a CSV file.")


def declared_encoding(content: bytes) -> list[str]:
    """The encoding that a Python file declares, if there is one that only says which character a byte is."""
    for line in content.split(b"\n", 2)[:2]:
        if match := DECLARED.match(line):
            with contextlib.suppress(LookupError):
                name = codecs.lookup(match[1].decode("ascii")).name
                return [name] if SINGLE_BYTES.fullmatch(name) else []
    return []
