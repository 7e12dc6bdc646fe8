"""Runs one attack in a sandbox and says what got through. Used by the checks, and by the tests."""

import contextlib
import json
import os
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox import scratch
from autograder.sandbox.policy import Policy, SandboxLimits, Tier, environment_paths
from autograder.sandbox.spawn import SandboxedChild, spawn

with contextlib.suppress(ImportError):  # Windows has none, and can import this all the same
    import fcntl

MB = 2**20
PREFIX = "sandbox-check-"
SECRET = "the secret"
PATIENCE = 20
"""Seconds after which an attack that is still running counts as not stopped."""

LIMITS = SandboxLimits(memory_mb=128, cpu_seconds=2, processes=16, file_mb=4, open_files=64, scratch_mb=16)


@dataclass(frozen=True)
class TrialPlace:
    """Where a check plays: a folder outside the sandbox with a secret in it, and a scratch folder."""

    outside: Path
    scratch: Path

    @property
    def secret(self) -> Path:
        return self.outside / "secret.txt"


@contextlib.contextmanager
def place() -> Iterator[TrialPlace]:
    """Yield a fresh TrialPlace. Those of checks that were killed go."""
    remove_what_is_left()
    folder, lock = locked_folder()
    folder.chmod(0o755)
    try:
        here = TrialPlace(folder / "outside", folder / "scratch")
        here.outside.mkdir()
        here.scratch.mkdir()
        here.secret.write_text(SECRET)
        yield here
    finally:
        scratch.remove(folder)
        os.close(lock)


def locked_folder() -> tuple[Path, int]:
    """Make a folder, and lock it for as long as this process lives or the descriptor is open."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        with contextlib.suppress(FileNotFoundError):  # another check removed it, before it was locked
            lock = os.open(folder, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.exists():
                return folder, lock
            os.close(lock)


def remove_what_is_left() -> None:
    """Remove this user's folders of earlier checks that nobody holds any more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if os.fstat(lock).st_uid == os.geteuid():
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    scratch.remove(folder)
            finally:
                os.close(lock)


def start(main: Callable[[int], None], tier: Tier, scratch: Path, limits: SandboxLimits = LIMITS) -> SandboxedChild:
    """Spawn with what Python itself needs to read."""
    return spawn(main, Policy(read=environment_paths(), write=scratch, limits=limits, tier=tier))


def receive(fd: int, seconds: float = PATIENCE) -> bytes:
    """Return all that comes out of a descriptor until it is closed; raises TimeoutError."""
    connection = socket.socket(fileno=os.dup(fd))
    connection.settimeout(seconds)
    with connection:
        parts = []
        while part := connection.recv(MB):
            parts.append(part)
        return b"".join(parts)


def attempt(
    attack: Callable[[], str],
    tier: Tier,
    here: TrialPlace,
    limits: SandboxLimits = LIMITS,
    may_be_stopped: bool = False,
) -> str:
    """Run the attack in a sandbox and return what it returned: what got through, or "".

    An exception counts as a breach too, since a check that does not run proves nothing; with `may_be_stopped` it counts
    as the attack's failure, and so does the kill of the sandbox.
    """

    def main(fd: int) -> None:
        try:
            answer = {"through": attack()}
        except Exception as error:
            answer = {"raised": repr(error)}
        os.write(fd, json.dumps(answer).encode())

    with start(main, tier, here.scratch, limits) as child:
        try:
            answer = receive(child.fd)
        except TimeoutError:
            return f"it ran on for {PATIENCE} s"
        status = child.wait()
    if answer:
        answer = json.loads(answer)
        return answer.get("through") or ("" if may_be_stopped else answer.get("raised", ""))
    return "" if may_be_stopped and status == -signal.SIGKILL else f"the sandbox ended with {status}"


def each(attacks: Mapping[str, Callable[[], object]]) -> Callable[[], str]:
    """Return an attack that makes several, and names those that did not raise an exception."""

    def all_of_them() -> str:
        through = []
        for name, attack in attacks.items():
            with contextlib.suppress(Exception):
                attack()
                through.append(name)
        return ", ".join(through)

    return all_of_them


def fresh(here: TrialPlace) -> TrialPlace:
    """Return a TrialPlace with another, empty scratch folder."""
    return TrialPlace(here.outside, Path(tempfile.mkdtemp(dir=here.scratch.parent)))
