"""Fetch one file of the registry: resumed where it stopped, from the first mirror that gives the right bytes."""

import logging
import os
from pathlib import Path
from urllib.parse import urlsplit

import pooch
import requests
from tqdm import tqdm

from autograder.data.registry import RemoteFile

CONNECT_SECONDS = 10
SILENCE_SECONDS = 60
RESUMES_PER_MIRROR = 20
_CHUNK = 1 << 18

_INTERRUPTIONS = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


class NoMirror(Exception):
    """No mirror gave the file; the text has one line a mirror, saying why."""


def fetch(file: RemoteFile, folder: Path) -> Path:
    """Download `file` into `folder`, unless it is there already with the right checksum.

    A download that is cut off stays as NAME.part and is resumed, by this call if more can be had, or by the next one.

    Returns:
        The path of the complete file, whose checksum is right.

    Raises:
        NoMirror: every mirror failed.
        OSError: `folder` cannot be written.
    """
    pooch.get_logger().setLevel(logging.WARNING)
    folder.mkdir(parents=True, exist_ok=True)
    failures = []
    for url in file.urls:
        try:
            return _fetch_from(url, file, folder)
        except (requests.RequestException, _WrongBytes) as error:
            failures.append(f"{urlsplit(url).hostname}: {_in_words(error)}")
    raise NoMirror("\n".join(failures))


class _WrongBytes(Exception):
    """What arrived is not the file."""


class _Resumed:
    """A downloader for pooch that goes on with a part file."""

    def __init__(self, part: Path, file: RemoteFile) -> None:
        self.part = part
        self.file = file
        self.resumed_at = 0

    def held(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def __call__(self, url: str, output_file: str, _pooch: object) -> None:
        if self.held() > self.file.size:
            self.part.unlink()
        self.resumed_at = self.held()
        if self.resumed_at < self.file.size:
            self._receive(url)
        os.replace(self.part, output_file)

    def _receive(self, url: str) -> None:
        headers = {"Accept-Encoding": "identity"}
        if self.resumed_at:
            headers["Range"] = f"bytes={self.resumed_at}-"
        timeout = (CONNECT_SECONDS, SILENCE_SECONDS)
        with requests.get(url, headers=headers, stream=True, timeout=timeout) as response:
            response.raise_for_status()
            if not response.headers.get("Content-Range", "").startswith(f"bytes {self.resumed_at}-"):
                self.resumed_at = 0  # the server sends the whole file
            announced = response.headers.get("Content-Length")
            if announced and self.resumed_at + int(announced) != self.file.size:
                raise _WrongBytes(f"offers {announced} bytes where {self.file.size - self.resumed_at} are missing")
            self._write(response)
        if self.held() < self.file.size:
            raise requests.ConnectionError("the connection was cut")

    def _write(self, response: requests.Response) -> None:
        bar = tqdm(
            desc=self.file.name, total=self.file.size, initial=self.resumed_at, unit="B", unit_scale=True, disable=None
        )
        with bar, self.part.open("ab" if self.resumed_at else "wb") as out:
            for chunk in response.iter_content(_CHUNK):
                out.write(chunk)
                bar.update(len(chunk))


def _fetch_from(url: str, file: RemoteFile, folder: Path) -> Path:
    """From one mirror: resumed as long as each try brings more; from the start where resuming gave wrong bytes."""
    downloader = _Resumed(folder / f"{file.name}.part", file)
    for _ in range(RESUMES_PER_MIRROR):
        before = downloader.held()
        try:
            return Path(pooch.retrieve(url, file.checksum, file.name, folder, downloader=downloader))
        except _INTERRUPTIONS:
            if downloader.held() <= before:
                raise
        except requests.RequestException:
            raise
        except ValueError as error:  # pooch: the checksum is wrong; the file is gone
            if not downloader.resumed_at:
                raise _WrongBytes("sends a file with the wrong checksum") from error
    raise _WrongBytes(f"cut the connection {RESUMES_PER_MIRROR} times")


def _in_words(error: Exception) -> str:
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"answers {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return "does not answer"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "cuts the connection"
    if isinstance(error, requests.ConnectionError):
        return "cannot be reached"
    return str(error)
