"""The datasets that registry.toml knows."""

import difflib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.errors import CourseError

STAND_INS = {"cifar10": "synthetic", "mnist": "synthetic-digits"}
"""Which generated dataset does where a downloaded one cannot be had."""


@dataclass(frozen=True)
class RemoteFile:
    """A file that can be downloaded; every one of `urls` gives the same bytes."""

    name: str
    size: int
    checksum: str  # "sha256:..." or "md5:..."
    urls: tuple[str, ...]


@dataclass(frozen=True)
class Dataset:
    """An entry of registry.toml, which explains the fields."""

    name: str
    title: str
    home: str
    folder: str
    loader: str
    shown_test_rows: int
    shown_files: tuple[str, ...] = ()
    unpack: tuple[str, ...] = ()
    files: tuple[RemoteFile, ...] = ()

    @property
    def generated(self) -> bool:
        return not self.files

    @property
    def size(self) -> int:
        """Bytes to download."""
        return sum(file.size for file in self.files)

    def is_in(self, data: Path) -> bool:
        """Is all of it in the data folder `data`?"""
        folder = data / self.folder
        if self.generated:
            return all((folder / name).is_file() for name in self.shown_files)
        if self.unpack:
            return all((data / member).is_file() for member in self.unpack)
        return all((folder / f.name).is_file() or (folder / f.name.removesuffix(".gz")).is_file() for f in self.files)


def registry_file() -> Path:
    """registry.toml: a wheel carries it beside this module, a checkout in its data folder."""
    carried = Path(__file__).with_name("registry.toml")
    return carried if carried.is_file() else Path(__file__).parents[2] / "data" / "registry.toml"


def known_datasets() -> dict[str, Dataset]:
    """Every dataset by its name, in the order of registry.toml."""
    tables = tomllib.loads(registry_file().read_text(encoding="utf-8"))
    return {name: _dataset(name, table) for name, table in tables.items()}


def find_dataset(name: str) -> Dataset:
    """The dataset called `name`; CourseError, with the names there are, if there is none."""
    known = known_datasets()
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {close[0]}? " if close else ""
        raise CourseError(f'there is no data set "{name}". {hint}There are: {", ".join(known)}.')
    return known[name]


def _dataset(name: str, table: dict[str, Any]) -> Dataset:
    files = tuple(RemoteFile(**{**file, "urls": tuple(file["urls"])}) for file in table.get("files", ()))
    lists = {key: tuple(table.get(key, ())) for key in ("shown_files", "unpack")}
    return Dataset(**{**table, **lists, "name": name, "files": files})
