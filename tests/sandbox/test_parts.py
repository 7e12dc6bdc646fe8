"""The sandbox's parts that are plain functions of files and numbers."""

import contextlib
import errno
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from autograder.sandbox import environment_paths, landlock, probe, scratch, watchdog
from autograder.sandbox.namespaces import outermost
from autograder.sandbox.policy import Policy, SandboxUnavailable
from autograder.sandbox.probe import Mechanism, complete_tier
from autograder.sandbox.selftest.checks import CHECKS
from autograder.sandbox.selftest.trial import LIMITS, PREFIX, locked_folder, place

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
KIB = 1024


@pytest.mark.parametrize(("version", "highest"), [(1, 1 << 12), (2, 1 << 13), (3, 1 << 14), (4, 1 << 14), (7, 1 << 15)])
def test_landlock_handles_what_its_version_knows(version, highest):
    """Is every right that a version of Landlock can take away taken away, and none that it does not know?"""
    assert landlock.handled_files(version) == 2 * highest - 1


def test_only_the_outermost_paths_are_bound(tmp_path):
    """Are paths below another one left out, and links followed?"""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    paths = (tmp_path / "a" / "b", tmp_path / "a", tmp_path / "link")
    assert outermost(paths) == (tmp_path.resolve() / "a",)


def test_python_can_be_read_and_no_users_files():
    """Does the environment hold what Python runs from, and neither the root, nor /home, nor the list of users?"""
    paths = environment_paths()
    assert any(Path(os.__file__).is_relative_to(path) for path in paths)
    for forbidden in ("/etc/passwd", "/home/someone", "/var/lib", "/proc", "/sys", "/tmp/x", "/run"):
        assert not any(Path(forbidden).is_relative_to(path) for path in paths)


def test_a_policy_wants_absolute_paths(tmp_path):
    """Is a relative path refused, which would mean something else after a change of the root?"""
    with pytest.raises(ValueError, match="data: paths must be absolute"):
        Policy(read=(Path("data"),), write=tmp_path)


@linux
def test_scratch_is_measured_without_following_links(tmp_path):
    """Do files count with the space they take, small ones with a block, and links not with what they point to?"""
    (tmp_path / "large").write_bytes(bytes(100 * KIB))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "empty").touch()
    (tmp_path / "link").symlink_to("/usr")
    assert 100 * KIB + 3 * 4 * KIB <= scratch.tree_bytes(str(tmp_path)) <= 100 * KIB + 6 * 4 * KIB


@linux
def test_a_tree_that_is_too_deep_is_unmeasurable(tmp_path):
    """Is a tree refused that is deeper than honest work makes it?"""
    os.makedirs(tmp_path.joinpath(*["d"] * (scratch.MAX_DEPTH + 2)))
    with pytest.raises(scratch.Unmeasurable):
        scratch.tree_bytes(str(tmp_path))


def test_adding_up_stops_beyond_the_limit(tmp_path):
    """Does measuring end soon when there is far too much?"""
    for number in range(50):
        (tmp_path / str(number)).touch()
    assert scratch.tree_bytes(str(tmp_path), stop_at=4 * scratch.ENTRY_BYTES) <= 6 * scratch.ENTRY_BYTES


def test_files_without_a_name_count_whatever_else_is_closed_meanwhile(tmp_path, monkeypatch):
    """A deleted file that a process still holds open: is it counted, though one listed before it is closed by now?"""
    device = tmp_path.stat().st_dev
    before = sum(scratch.opened_by([os.getpid()], device).deleted.values())
    with tempfile.TemporaryFile(dir=tmp_path) as held, open(tmp_path / "closed", "wb") as closed:
        held.write(bytes(3_000_000))
        held.flush()
        scandir = os.scandir

        @contextlib.contextmanager
        def list_and_close(folder):
            with scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: int(entry.name) != closed.fileno())
            closed.close()
            yield iter(listed)

        monkeypatch.setattr(os, "scandir", list_and_close)
        size = sum(scratch.opened_by([os.getpid()], device).deleted.values()) - before
        assert closed.closed
        assert 3_000_000 <= size < 3_010_000


def test_results_are_read_but_not_what_they_point_to(tmp_path):
    """Does a saved file come back, and a link, a folder, a pipe, a hard link or a huge file not?"""
    (tmp_path / "secret").write_bytes(b"secret")
    scratch_folder = tmp_path / "scratch"
    scratch_folder.mkdir()
    (scratch_folder / "net.npz").write_bytes(b"weights")
    (scratch_folder / "link").symlink_to(tmp_path / "secret")
    (scratch_folder / "folder").mkdir()
    os.link(tmp_path / "secret", scratch_folder / "hard")
    os.mkfifo(scratch_folder / "pipe")
    (scratch_folder / "folder" / "net.npz").write_bytes(b"more")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "secret").write_bytes(b"secret")
    (scratch_folder / "alias").symlink_to(tmp_path / "folder")
    assert scratch.read_result(scratch_folder, "net.npz", 7) == b"weights"
    assert scratch.read_result(scratch_folder, "folder/net.npz", 7) == b"more"
    for name in ("link", "folder", "hard", "pipe", "missing", "alias/secret"):
        assert scratch.read_result(scratch_folder, name, 99) is None
    assert scratch.read_result(scratch_folder, "net.npz", 6) is None


def test_a_machine_without_files_to_open_is_not_the_codes_fault(tmp_path, monkeypatch):
    """Where no more files can be opened, is no file called missing and no folder too deep, but the machine named?"""
    (tmp_path / "net.npz").write_bytes(b"weights")
    meter = watchdog.Meter(Policy(read=(), write=tmp_path))
    honest = os.open

    def full(path, flags, *more, **others):
        if str(path) in ("net.npz", str(tmp_path)) and (path == "net.npz" or meter.ticks):
            raise OSError(errno.ENFILE, os.strerror(errno.ENFILE))
        return honest(path, flags, *more, **others)

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(OSError, match="Too many open files in system"):
        scratch.read_result(tmp_path, "net.npz", 99)
    assert meter.excess() is None
    assert meter.shortage == "Too many open files in system, where its folder was measured"


def test_processes_of_very_many_mappings_are_looked_at_in_turn(tmp_path, monkeypatch):
    """Does a look at them take little more than a moment, and does everybody's turn come, and what has ended go?"""
    meter = watchdog.Meter(Policy(read=(), write=tmp_path))
    looks: list[int] = []

    def slow(pids, device):
        looks.extend(pids)
        time.sleep(watchdog.LOOK_SECONDS)
        return {pids[0] % 2}

    monkeypatch.setattr(scratch, "mapped_by", slow)
    for pids in ([1, 2, 3], [1, 2, 3], [1, 2, 3, 4], [1, 3, 4], [1, 3, 4]):
        meter.look_at_mappings(pids)
    assert looks == [1, 2, 4, 3, 1]
    assert meter.mapped == {4: {0}, 3: {1}, 1: {1}}


@linux
def test_folders_of_checks_that_were_killed_go(tmp_path, monkeypatch):
    """Does a check of the sandbox remove what killed ones left, and nothing that another holds, or a link?"""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    held, lock = locked_folder()
    left, link = tmp_path / f"{PREFIX}left", tmp_path / f"{PREFIX}link"
    (left / "outside").mkdir(parents=True)
    link.symlink_to(held)
    with place() as here:
        assert {path.name for path in tmp_path.iterdir()} == {held.name, link.name, here.scratch.parent.name}
    assert {path.name for path in tmp_path.iterdir()} == {held.name, link.name}
    os.close(lock)


@pytest.mark.parametrize("trap", ["link", "folder", "pipe", "file", "nothing"])
def test_preparing_a_used_scratch_folder_stays_in_it(tmp_path, trap):
    """Can student code have the grader make folders where it points, or wait for ever, for the next notebook?"""
    outside, folder = tmp_path / "outside", tmp_path / "scratch"
    outside.write_text("untouched")
    folder.mkdir()
    path = folder / scratch.HOME
    if trap == "link":
        path.symlink_to(outside)
    elif trap == "folder":
        (path / "in").mkdir(parents=True)
    elif trap == "pipe":
        os.mkfifo(path)
    elif trap == "file":
        path.touch()
    scratch.prepare(folder)
    assert (folder / scratch.HOME).is_dir()
    assert not (folder / scratch.HOME).is_symlink()
    assert outside.read_text() == "untouched"


def test_whatever_was_done_to_a_scratch_folder_it_goes(tmp_path):
    """Is a folder removed with unreadable folders and a tree deeper than Python can walk in it?"""
    folder = tmp_path / "scratch"
    (folder / "closed" / "in").mkdir(parents=True)
    (folder / "closed" / "in" / "file").touch()
    (folder / "closed" / "in").chmod(0)
    (folder / "closed").chmod(0)
    os.symlink("/usr", folder / "usr")
    here = os.getcwd()
    os.chdir(folder)
    for _ in range(2500):
        os.mkdir("d")
        os.chdir("d")
    os.chdir(here)
    scratch.remove(folder)
    assert not folder.exists()
    assert Path("/usr").is_dir()


@linux
def test_a_hard_link_does_not_change_its_owner(tmp_path):
    """Is a file that has a name elsewhere left alone when the scratch folder is given away?"""
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    (tmp_path / "elsewhere").touch()
    folder = tmp_path / "scratch"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "own").touch()
    os.link(tmp_path / "elsewhere", folder / "hard")
    os.symlink(tmp_path / "elsewhere", folder / "soft")
    scratch.give(folder, 12345)
    assert (tmp_path / "elsewhere").stat().st_uid == 0
    assert {path.lstat().st_uid for path in (folder, folder / "sub", folder / "sub" / "own", folder / "soft")} == {
        12345
    }


def mechanisms(**results: str) -> list[Mechanism]:
    return [
        Mechanism("reading", "", "", dict.fromkeys(probe.TIERS, "")),
        Mechanism("network", "", "", {tier: results.get(tier, "") for tier in probe.TIERS}),
    ]


@pytest.mark.parametrize(
    ("broken", "tier"),
    [
        ({}, "namespaces"),
        ({"namespaces": "TCP"}, "landlock"),
        ({"landlock": "TCP"}, "namespaces"),
        ({"namespaces": "TCP", "landlock": "TCP"}, None),
    ],
)
def test_a_tier_counts_only_if_it_is_complete(broken, tier):
    """Is the best tier the first in which nothing got through?"""
    assert complete_tier(mechanisms(**broken)) == tier


def test_without_a_sandbox_the_error_says_what_is_missing(monkeypatch):
    """Does grading refuse, with what is missing in each tier and what to do?"""
    missing = {
        "namespaces": dict.fromkeys(["a", "b"], "user namespaces are forbidden"),
        "landlock": {"a": "x", "b": "y"},
    }
    monkeypatch.setattr(probe, "failures", missing.get)
    with pytest.raises(SandboxUnavailable) as caught:
        probe.require_tier()
    text = str(caught.value)
    assert "namespaces: user namespaces are forbidden\n" in text
    assert "landlock: a: x; b: y\n" in text
    assert "--no-sandbox" in text
    assert "doctor" in text


@linux
def test_what_forbids_namespaces_is_named(monkeypatch, tmp_path):
    """Is the setting named that Ubuntu forbids user namespaces with?"""
    setting = tmp_path / "restrict"
    setting.write_text("1\n")
    (_, value, text), *_ = probe.HINTS
    monkeypatch.setattr(probe, "HINTS", ((str(setting), value, text),))
    monkeypatch.setattr(probe, "CONTAINER_MARKS", ())
    assert probe.hints() == (text,)
    setting.write_text("0\n")
    assert probe.hints() == ()


@linux
def test_no_landlock_is_an_obstacle(monkeypatch):
    """Does a kernel without Landlock lead to a clear answer and no crash?"""
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    found = probe.probe()
    assert [mechanism.name for mechanism in found] == [check.name for check in CHECKS]
    assert all("Landlock" in result for mechanism in found for result in mechanism.results.values())
    assert complete_tier(found) is None


OTHER_SYSTEM = """
import os, sys
from pathlib import Path
sys.platform = {platform!r}
for name in ("resource", "fcntl", "pwd", "grp"):
    sys.modules[name] = None
for name in ("fork", "geteuid", "pidfd_open", "sched_getaffinity"):
    delattr(os, name)
from autograder.sandbox import Policy, SandboxUnavailable, spawn
from autograder.sandbox.probe import best_tier, require_tier
assert best_tier() is None
for refused in (require_tier, lambda: spawn(print, Policy(read=(), write=Path.cwd()))):
    try:
        refused()
    except SandboxUnavailable as error:
        print(error)
"""


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_elsewhere_it_can_be_imported_and_says_what_to_do(platform):
    """On Windows and macOS, does importing work, and does asking for a sandbox point to the container?"""
    done = subprocess.run(
        [sys.executable, "-c", OTHER_SYSTEM.format(platform=platform)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("container that Dockerfile describes") >= 2
    assert platform in done.stdout


def test_the_best_tier_of_this_machine_is_found_by_trying():
    """Does the quick look, in a process of its own, agree with what it found in each tier?"""
    tier = probe.best_tier()
    failing = {name: probe.failures(name) for name in probe.TIERS}
    assert tier == next((name for name in probe.TIERS if not failing[name]), None)
    for name, failed in failing.items():
        assert len(failed) in (0, len(CHECKS)), f"{name} is half there: {failed}"


OTHERS_END = """
from autograder.sandbox import limits
from autograder.sandbox.selftest.checks import multiplying
from autograder.sandbox.selftest.trial import place
counted = limits.tasks_of
limits.tasks_of = lambda user: counted(user) + {ended}
with place() as here:
    print(multiplying("landlock", here))
"""


@linux
def test_other_processes_of_the_same_user_may_end_meanwhile():
    """Does the check of the limit on processes forgive a few that were counted and have ended?"""
    if len(probe.failures("landlock")) == len(CHECKS):
        pytest.skip("this kernel does not give the tier")
    done = subprocess.run(
        [sys.executable, "-c", OTHERS_END.format(ended=LIMITS.processes)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


@linux
def test_root_without_capabilities_is_refused():
    """Is a root that cannot become somebody else told to run as an ordinary user, since limits do not bind it?"""
    if os.geteuid() != 0:
        pytest.skip("only root can be half a root")
    code = "from autograder.sandbox import identity as i; i.drop_capabilities(); i.refuse_half_a_root()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "PermissionError: root lacks capabilities" in done.stderr
