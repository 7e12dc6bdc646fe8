"""An ordinary user, for tests that root runs."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOBODY, NO_MOUNTS = 65534, 77

Run = Callable[..., subprocess.CompletedProcess]


@pytest.fixture
def ordinary_user() -> Iterator[tuple[Path, Run]]:
    """A folder, and what runs a command as nobody, who may do as he likes there and can read this project and Python.

    Skips where root does not run the tests, since they are run by an ordinary user then.
    """
    if os.geteuid() != 0:
        pytest.skip("an ordinary user runs all the tests")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)

        def run(command: Sequence[str], cwd: Path, timeout: float) -> subprocess.CompletedProcess:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
            ended = subprocess.run(
                ["bash", "-c", as_nobody(folder), "-", *command],
                cwd=cwd,
                env=os.environ | {"HOME": name, "TMPDIR": name, "PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
            if ended.returncode == NO_MOUNTS:
                pytest.skip(f"no other user can be made able to run this Python here: {ended.stderr}")
            return ended

        yield folder, run


def as_nobody(folder: Path) -> str:
    """Shell code that runs "$@" as nobody; what he needs of folders that only root may enter is mounted for him."""
    become = f"exec setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups --"
    needed = {path: closed_above(path) for path in {Path(sys.base_prefix), Path(sys.prefix), ROOT}}
    hidden = [path for path, closed in needed.items() if closed and not needed.keys() & set(path.parents)]
    if not hidden:
        return f'{become} "$@"'
    kept = {path: folder / f"mounted-{number}" for number, path in enumerate(hidden)}
    steps = [f"mkdir {place} && mount --bind {path} {place}" for path, place in kept.items()]
    steps += [f"mount -t tmpfs -o mode=755 none {closed}" for closed in {needed[path] for path in hidden}]
    steps += [f"mkdir -p {path} && mount --move {place} {path}" for path, place in kept.items()]
    return f'exec unshare -m sh -c \'({" && ".join(steps)}) || exit {NO_MOUNTS}; cd "$PWD"; {become} "$@"\' - "$@"'


def closed_above(path: Path) -> Path | None:
    """The outermost folder above a path that nobody may enter."""
    return next((above for above in reversed(path.parents) if not above.stat().st_mode & 0o001), None)
