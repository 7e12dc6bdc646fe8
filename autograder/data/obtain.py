"""Put a dataset into a data folder, in the form in which the course library reads it."""

import shutil
import tarfile
import tempfile
import zlib
from pathlib import Path

import pooch

from autograder.data.download import NoMirror, fetch
from autograder.data.registry import STAND_INS, Dataset
from autograder.data.synthetic import write_synthetic
from autograder.data.synthetic_digits import write_synthetic_digits
from autograder.errors import CourseError


def obtain(dataset: Dataset, data: Path) -> Path:
    """Download or generate `dataset` into the data folder `data`, unless it is there.

    An archive that somebody put into `data` by hand is used, and left there; one downloaded here is removed once it is
    unpacked.

    Returns:
        The dataset's folder.

    Raises:
        CourseError: no mirror could be reached, or `data` cannot be written; the text says what to do instead.
    """
    folder = data / dataset.folder
    if dataset.is_in(data):
        return folder
    try:
        if dataset.generated:
            _generate(dataset.name, folder)
        elif dataset.unpack:
            _download_and_unpack(dataset, data)
        else:
            for file in dataset.files:
                fetch(file, folder)
    except NoMirror as error:
        raise CourseError(_offline(dataset, data, str(error))) from error
    except OSError as error:
        raise CourseError(
            f"{data} cannot be written: {error.strerror or error}. Name a folder with  --to FOLDER"
        ) from error
    return folder


def _generate(name: str, folder: Path) -> None:
    if name == "synthetic-digits":
        write_synthetic_digits(folder)
    else:
        write_synthetic(folder)


def _download_and_unpack(dataset: Dataset, data: Path) -> None:
    (file,) = dataset.files
    put_by_hand = (data / file.name).exists()
    archive = fetch(file, data)
    _unpack(archive, dataset, data)
    if not put_by_hand:
        archive.unlink()


def _unpack(archive: Path, dataset: Dataset, data: Path) -> None:
    """Write the members that the registry names, and nothing else whatever the archive holds; all of them or none."""
    with tempfile.TemporaryDirectory(prefix=f".{dataset.folder}-", dir=data) as unfinished:
        found = set()
        try:
            with tarfile.open(archive, "r:*") as tar:
                for member in tar:
                    content = tar.extractfile(member) if member.isfile() else None
                    if member.name in dataset.unpack and content is not None:
                        target = Path(unfinished, member.name)
                        target.parent.mkdir(parents=True, exist_ok=True)
                        with content, target.open("wb") as out:
                            shutil.copyfileobj(content, out)
                        found.add(member.name)
        except (tarfile.TarError, EOFError, zlib.error) as error:
            raise CourseError(f"data {dataset.name}: {archive} cannot be unpacked: {error}") from error
        missing = [member for member in dataset.unpack if member not in found]
        if missing:
            raise CourseError(f"data {dataset.name}: {archive} does not hold {', '.join(missing)}")
        folder = data / dataset.folder
        folder.mkdir(exist_ok=True)
        for name in dataset.unpack:
            Path(unfinished, name).replace(data / name)


def _offline(dataset: Dataset, data: Path, failures: str) -> str:
    by_hand = data if dataset.unpack else data / dataset.folder
    names = ", ".join(file.name for file in dataset.files)
    lines = [f"data {dataset.name}: no mirror gave the data.", *(f"  {line}" for line in failures.splitlines())]
    for file in dataset.files:
        there = by_hand / file.name
        algorithm, _, digest = file.checksum.partition(":")
        if there.is_file() and pooch.file_hash(str(there), alg=algorithm) != digest:
            sizes = f"{there.stat().st_size / 1e6:.1f} of {file.size / 1e6:.1f} MB"
            lines.append(f"  {there} is there ({sizes}), but is damaged or incomplete: its checksum is another.")
    if any(by_hand.glob("*.part")):
        lines.append("  What was received so far is kept; run the same command again to go on.")
    lines.append(f"  Without a network, get {names}")
    lines.append(f"    elsewhere ({dataset.home}), put it into {by_hand.absolute()} and run this command again.")
    if stand_in := STAND_INS.get(dataset.name):
        lines.append(f"  Or work with a generated stand-in:  autograder data {stand_in}")
    return "\n".join(lines)
