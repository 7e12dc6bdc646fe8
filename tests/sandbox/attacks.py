"""Attacks on the sandbox, beyond those that `autograder.sandbox.selftest.checks` makes itself.

Each takes a tier and a place and returns what got through, or "". Run by `server.py`, never by pytest itself: the
process that forks must have one thread, and the same attacks are run as root and as an ordinary user.
"""

import array
import asyncio
import concurrent.futures
import contextlib
import ctypes
import fcntl
import getpass
import io
import mmap
import multiprocessing
import multiprocessing.pool
import os
import platform
import resource
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

from autograder.sandbox import Policy, SandboxUnavailable, environment_paths, landlock, limits, spawn, syscalls
from autograder.sandbox.selftest.trial import LIMITS, MB, attempt, each, fresh, receive, start
from autograder.sandbox.watchdog import descendants

X86 = platform.machine() == "x86_64"
TGKILL, CLONE, PRLIMIT, SENDTO = (234, 56, 302, 44) if X86 else (131, 220, 261, 206)
ATTACKS = {}


def attack(function):
    ATTACKS[function.__name__.replace("_", " ")] = function
    return function


def can_fork(tier) -> bool:
    return tier == "namespaces" or landlock.abi() >= landlock.SIGNAL_ABI


# What a process is born with


@attack
def inherited_descriptors(tier, here):
    """Does the sandbox keep a file that its parent has open?"""
    held = os.open(here.secret, os.O_RDONLY)

    def look():
        nothing = os.stat("/dev/null").st_rdev
        found = []
        for number in range(1024):
            with contextlib.suppress(OSError):
                about = os.fstat(number)
                found.append((number, about.st_rdev == nothing, stat.S_ISSOCK(about.st_mode)))
        expected = [(0, True, False), (1, True, False), (2, True, False), (3, False, True)]
        return "" if found == expected else str(found)

    try:
        return attempt(look, tier, here)
    finally:
        os.close(held)


@attack
def wanted_channel(tier, here):
    """Does `main` get the descriptor that the policy names?"""
    policy = Policy(read=environment_paths(), write=here.scratch, limits=LIMITS, tier=tier, channel_fd=17)
    with spawn(lambda fd: os.write(fd, str(fd).encode()), policy) as child:
        got = receive(child.fd)
    return "" if got == b"17" else got.decode()


@attack
def inherited_environment(tier, here):
    """Does a token in the grader's environment reach student code?"""
    os.environ["A_TOKEN"] = "secret"
    try:
        return attempt(lambda: os.environ.get("A_TOKEN", "") + (os.getenv("A_TOKEN") or ""), tier, here)
    finally:
        del os.environ["A_TOKEN"]


@attack
def inherited_signals(tier, here):
    """Does the sandbox run the grader's signal handlers, or inherit what it blocks?"""
    previous = signal.signal(signal.SIGUSR1, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})

    def look():
        found = [] if signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL else ["a handler"]
        return ", ".join(found + ["a blocked signal"] * bool(signal.pthread_sigmask(signal.SIG_BLOCK, [])))

    try:
        return attempt(look, tier, here)
    finally:
        signal.signal(signal.SIGUSR1, previous)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR2})


@attack
def home_and_name(tier, here):
    """Do the usual questions (who am I, where is my home, where do temporary files go) have answers in the scratch?"""

    def ask():
        inside = (
            os.getcwd(),
            os.path.expanduser("~"),
            tempfile.gettempdir(),
            tempfile.mkdtemp(),
            os.environ["MPLCONFIGDIR"],
        )
        outside = [place for place in inside if not place.startswith(str(here.scratch))]
        return ", ".join(outside + [""] * (getpass.getuser() == "student") or ["nameless"])

    return attempt(ask, tier, here)


# Files


def with_data(main, tier, here, data):
    policy = Policy(read=(*environment_paths(), data), write=here.scratch, limits=LIMITS, tier=tier)
    with spawn(main, policy) as child:
        return receive(child.fd).decode()


@attack
def changing_what_can_be_read(tier, here):
    """Can a data set that the sandbox may read, and whose owner runs it, be changed by it?"""
    data = here.outside / "data"
    data.mkdir()
    file = data / "images"
    file.write_text("images")
    attacks = {
        "write": lambda: file.write_text("x"),
        "append": lambda: file.open("a"),
        "create": lambda: (data / "new").touch(),
        "remove": lambda: file.unlink(),
        "rename": lambda: file.rename(data / "other"),
        "replace": lambda: os.replace(here.scratch / "mine", file),
        "link": lambda: os.link(here.scratch / "mine", data / "link"),
        "truncate": lambda: os.truncate(file, 0),
        "mode": lambda: data.chmod(0),
        "mode of an open file": lambda: os.fchmod(os.open(file, os.O_RDONLY), 0),
        "time": lambda: os.utime(file, (0, 0)),
        "attribute": lambda: os.setxattr(file, "user.x", b"x"),
        "lease": lambda: fcntl.fcntl(os.open(file, os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_RDLCK),
        "map": lambda: mmap.mmap(os.open(file, os.O_RDONLY), 6, mmap.MAP_SHARED, mmap.PROT_WRITE),
    }

    def main(fd):
        (here.scratch / "mine").touch()
        text = file.read_text()
        each(attacks)()
        os.write(fd, text.encode())

    before = [os.stat(path) for path in (data, file)]
    read = with_data(main, tier, here, data)
    if read != "images":
        return f"it could not read it: {read}"
    if os.listdir(data) != ["images"] or file.read_text() != "images" or os.listxattr(file):
        return "it was changed"
    after = [os.stat(path) for path in (data, file)]
    same = [
        (a.st_mode, a.st_mtime, a.st_uid) == (b.st_mode, b.st_mtime, b.st_uid)
        for a, b in zip(before, after, strict=True)
    ]
    return "" if all(same) else "its mode or time was changed"


@attack
def a_link_among_the_readable(tier, here):
    """Does a symbolic link in a readable folder lead out of it?"""
    data = here.outside / "data"
    data.mkdir()
    (data / "link").symlink_to(here.secret)

    def main(fd):
        with contextlib.suppress(OSError):
            os.write(fd, (data / "link").read_bytes())

    return with_data(main, tier, here, data)


@attack
def a_readable_path_through_a_link(tier, here):
    """Can a path that goes through a symbolic link be read when the policy names it? (Returns "" if it can.)"""
    (here.outside / "real").mkdir()
    (here.outside / "real" / "file").write_text("x")
    (here.outside / "alias").symlink_to(here.outside / "real")
    named = here.outside / "alias" / "file"

    def main(fd):
        try:
            os.write(fd, b"" if named.read_text() == "x" else b"other text")
        except OSError as error:
            os.write(fd, str(error).encode())

    return with_data(main, tier, here, here.outside / "alias")


@attack
def devices(tier, here):
    """Can a device be opened but null, zero and urandom; can one be made?"""
    names = (
        "mem",
        "kmsg",
        "port",
        "tty",
        "ptmx",
        "console",
        "full",
        "random",
        "fuse",
        "kvm",
        "net/tun",
        "loop-control",
    )
    opening = {name: lambda name=name: os.open(f"/dev/{name}", os.O_RDONLY) for name in names}
    making = {
        "mknod": lambda: os.mknod("device", stat.S_IFCHR | 0o600, os.makedev(1, 1)),
        "a block device": lambda: os.mknod("disk", stat.S_IFBLK | 0o600, os.makedev(254, 0)),
    }
    return attempt(each(opening | making), tier, here)


@attack
def setuid_programs(tier, here):
    """Does a program that is setuid root run as root?"""
    if os.geteuid() != 0:
        return ""
    data = here.outside / "data"
    data.mkdir()
    shutil.copy("/usr/bin/id", data / "id")
    os.chmod(data / "id", 0o4755)

    def main(fd):
        with contextlib.suppress(OSError):
            os.write(fd, subprocess.run([data / "id", "-u"], capture_output=True).stdout)

    return "it ran as root" if with_data(main, tier, here, data).strip() == "0" else ""


# System calls


@attack
def foreign_system_calls(tier, here):
    """Do the 32-bit and x32 tables of system calls lead around the filter?"""
    if not X86:
        return ""

    def x32():
        with contextlib.suppress(OSError):
            return f"x32 getpid gave {syscalls.syscall(0x40000000 | 39, name='x32')}"
        return ""

    def int80():
        # mov eax, 20 (getpid); int 0x80; ret
        code = bytes.fromhex("b814000000cd80c3")
        page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        page.write(code)
        call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
        return f"int 0x80 getpid gave {call()}"

    through = attempt(int80, tier, here)
    return attempt(x32, tier, here) + (
        "" if through in ("the sandbox ended with -31", "the sandbox ended with -11") else through
    )


@attack
def arguments(tier, here):
    """Are the dangerous forms of allowed calls refused: other processes' limits, signals by descriptor, and so on?"""
    other = os.getpid()
    new_user, parent, sigchld = 0x10000000, 0x8000, signal.SIGCHLD

    def own(function):
        with os.fdopen(os.open("own", os.O_CREAT | os.O_RDWR), "w") as file:
            function(file.fileno())

    def other_limits():
        resource.prlimit(other, resource.RLIMIT_NPROC, (1, 1))

    def clone(flags):
        pid = syscalls.syscall(CLONE, flags, 0, 0, 0, 0, name="clone")
        if pid == 0:
            os._exit(0)

    def send_elsewhere():
        left, _ = socket.socketpair()
        left.sendto(b"x", "/run/systemd/notify")

    return attempt(
        each(
            {
                "prlimit of another process": other_limits,
                "affinity of another process": lambda: os.sched_setaffinity(other, {0}),
                "priority": lambda: os.setpriority(os.PRIO_USER, 0, 19),
                "F_SETOWN": lambda: own(lambda fd: fcntl.fcntl(fd, fcntl.F_SETOWN, other)),
                "F_SETSIG": lambda: own(lambda fd: fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGKILL)),
                "F_NOTIFY": lambda: fcntl.fcntl(os.open(".", os.O_RDONLY), fcntl.F_NOTIFY, fcntl.DN_MODIFY),
                "FIOSETOWN": lambda: own(lambda fd: fcntl.ioctl(fd, 0x8901, array.array("i", [other]))),
                "TIOCSTI": lambda: fcntl.ioctl(0, 0x5412, b"x"),
                "FS_IOC_SETFLAGS": lambda: own(lambda fd: fcntl.ioctl(fd, 0x40086602, array.array("l", [0x40]))),
                "clone with a user namespace": lambda: clone(new_user | sigchld),
                "clone as a sibling": lambda: clone(parent | sigchld),
                "its own death signal": lambda: syscalls.prctl(syscalls.PR_SET_PDEATHSIG, 0),
                "a tracer": lambda: syscalls.prctl(0x59616D61, 0xFFFFFFFF),
                "subreaper": lambda: syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1),
                "an address for sendto": send_elsewhere,
                "raising a limit": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096)),
                "tgkill": lambda: syscalls.syscall(TGKILL, other, other, 0, name="tgkill"),
            }
        ),
        tier,
        here,
    )


# Processes


@attack
def killing_everything(tier, here):
    """Does kill(-1, SIGKILL) from the inside reach the grader or the watchdog?"""
    grader = os.getpid()

    def main(fd):
        try:
            os.kill(grader, 0)
        except OSError:
            os.kill(-1, signal.SIGKILL)
            os.write(fd, b"alive")
        else:
            os.write(fd, b"it can signal the grader")

    with start(main, tier, here.scratch) as child:
        said = receive(child.fd).decode()
        child.wait()
    if child.reason:
        return child.reason
    return said.removeprefix("alive")


@attack
def stopping_itself(tier, here):
    """Can a sandbox that has stopped itself still be killed?"""

    def main(fd):
        os.write(fd, b"x")
        while True:
            os.kill(os.getpid(), signal.SIGSTOP)

    with start(main, tier, here.scratch) as child:
        os.read(child.fd, 1)
        child.kill()
        return "" if child.wait() == -signal.SIGKILL else f"status {child.wait()}"


@attack
def running_away(tier, here):
    """Does a process escape that forks, and lets its parent end, faster than anybody can list processes?"""
    if not can_fork(tier):
        return ""

    def main(fd):
        for _ in range(3):
            if os.fork() == 0:
                break
        else:
            os.write(fd, b"x")
            time.sleep(60)
        os.setsid()
        while True:
            with contextlib.suppress(OSError):
                if os.fork():
                    os._exit(0)

    with start(main, tier, here.scratch) as child:
        connection = socket.socket(fileno=os.dup(child.fd))
        with connection:
            connection.recv(1)
        time.sleep(0.1)
        child.kill()
        try:
            receive(child.fd, 5)
        except TimeoutError:
            return "it got away"
    return ""


@attack
def ending_before_the_others(tier, here):
    """Do processes live on whose first process has ended by itself?"""
    if not can_fork(tier):
        return ""

    def main(fd):
        if os.fork() == 0:
            os.setsid()
            time.sleep(60)

    with start(main, tier, here.scratch) as child:
        try:
            receive(child.fd, 5)
        except TimeoutError:
            return "one lived on"
        return "" if child.wait() == 0 and child.reason is None else f"{child.wait()}, {child.reason}"


@attack
def fork_bomb(tier, here):
    """Does a fork bomb hinder the next sandbox, or leave anything behind?"""

    def bomb():
        while True:
            with contextlib.suppress(OSError):
                os.fork()

    with start(lambda fd: bomb(), tier, here.scratch) as child:
        time.sleep(0.3)
        count = len(descendants(os.getpid()))
        next_one = attempt(lambda: "", tier, here)
        child.kill()
    if count > 2 * LIMITS.processes:
        return f"{count} processes"
    return next_one or ("something is left" if descendants(os.getpid()) else "")


@attack
def zombies(tier, here):
    """Is every child of the grader buried after a kill?"""
    for _ in range(3):
        with start(lambda fd: time.sleep(60), tier, here.scratch) as child:
            child.kill()
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return ""
    return "a child is left"


@attack
def a_killed_watchdog(tier, here):
    """Does student code run on when its watchdog is killed?"""

    def main(fd):
        os.write(fd, b"x")
        time.sleep(60)

    child = start(main, tier, here.scratch)
    os.read(child.fd, 1)
    (watchdog,) = [pid for pid in descendants(os.getpid()) if pid != child.pid]
    os.kill(watchdog, signal.SIGKILL)
    try:
        receive(child.fd, 5)
    except TimeoutError:
        return "it ran on"
    status = child.wait()
    os.close(child.fd)
    return "" if status == -signal.SIGKILL and child.reason else f"{status}, {child.reason}"


@attack
def another_sandbox(tier, here):
    """Can a sandbox see, signal or read another one that runs at the same time?"""
    other = here.outside / "other"
    other.mkdir()

    def victim(fd):
        Path("answer").write_text("42")
        os.write(fd, b"x")
        time.sleep(60)

    with start(victim, tier, other) as child:
        os.read(child.fd, 1)
        pid = child.pid
        attacks = {
            "signal": lambda: os.kill(pid, 0),
            "group": lambda: os.killpg(pid, 0),
            "files": lambda: (other / "answer").read_text(),
            "memory": lambda: os.open(f"/proc/{pid}/mem", os.O_RDONLY),
            "descriptors": lambda: os.listdir(f"/proc/{pid}/fd"),
            "root": lambda: os.listdir(f"/proc/{pid}/root"),
        }
        return attempt(each(attacks), tier, here)


# Limits


@attack
def memory_error(tier, here):
    """Does an allocation that is too large raise MemoryError, with the process going on?"""

    def allocate():
        with contextlib.suppress(MemoryError):
            return f"{len(bytearray(2 * LIMITS.memory_mb * MB))} bytes"
        return "" if bytearray(MB) else "nothing goes any more"

    return attempt(allocate, tier, here)


@attack
def memory_held_at_the_limit(tier, here):
    """Does code go on that uses all the memory it may have, for long, and what it was born with and never filled?"""
    unfilled = mmap.mmap(-1, 32 * MB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)

    def fill():
        unfilled.write(b"x" * len(unfilled))
        kept = []
        with contextlib.suppress(MemoryError):
            while True:
                kept.append(bytearray(MB))
        time.sleep(0.5)  # the watchdog looks several times
        return "" if len(kept) > LIMITS.memory_mb // 2 else f"only {len(kept)} MB"

    return attempt(fill, tier, here)


@attack
def mapped_data(tier, here):
    """Does a data set that is mapped for reading count as memory? (Returns "" if it does not.)"""
    data = here.outside / "data"
    data.mkdir()
    size = 3 * LIMITS.memory_mb * MB // 2
    with (data / "images").open("wb") as file:
        file.truncate(size)

    def main(fd):
        try:
            with (data / "images").open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as images:
                sum(images[position] for position in range(0, size, mmap.PAGESIZE))
            time.sleep(0.2)
            os.write(fd, b"ok")
        except OSError as error:
            os.write(fd, str(error).encode())

    return with_data(main, tier, here, data).removeprefix("ok")


def stopped_for(word, main, tier, here, limits=LIMITS):
    """Run `main` and return "" if the watchdog stopped it with a reason that holds `word`."""
    with start(main, tier, here.scratch, limits) as child:
        try:
            child.wait(20)
        except TimeoutError:
            return "it was not stopped"
        return "" if word in (child.reason or "") else f"status {child.wait()}, {child.reason}"


@attack
def many_empty_files(tier, here):
    """Is a flood of empty files stopped?"""

    def main(fd):
        for number in range(10**6):
            os.close(os.open(f"{number % 100}-{number}", os.O_CREAT | os.O_WRONLY))

    return stopped_for("more than 2 MB", main, tier, here, replace(LIMITS, scratch_mb=2, cpu_seconds=20))


@attack
def hidden_files(tier, here):
    """Can what was written be hidden from measuring, in a folder that nobody can list or one that is too deep?"""

    def unlistable(fd):
        os.mkdir("hidden", 0o300)
        for number in range(64):
            with open(f"hidden/{number}", "wb") as file:
                file.write(bytes(LIMITS.file_mb * MB))
        time.sleep(60)

    def deep(fd):
        for _ in range(3000):
            os.mkdir("d")
            os.chdir("d")
        time.sleep(60)

    unlistable_too = stopped_for("", unlistable, tier, fresh(here))
    return unlistable_too + stopped_for("measured", deep, tier, fresh(here))


@attack
def a_crash(tier, here):
    """Does a crash leave a core file, or trouble anybody?"""
    with start(lambda fd: ctypes.string_at(0), tier, here.scratch) as child:
        status = child.wait()
    left = [path.name for path in here.scratch.iterdir() if not path.name.startswith(".")]
    return "" if status == -signal.SIGSEGV and not left else f"{status}, {left}"


@attack
def priorities(tier, here):
    """Does the grader go first, and the sandbox first when memory runs out?"""
    with start(lambda fd: time.sleep(60), tier, here.scratch) as child:
        nice = os.getpriority(os.PRIO_PROCESS, child.pid) - os.getpriority(os.PRIO_PROCESS, 0)
        oom = int(Path(f"/proc/{child.pid}/oom_score_adj").read_text())
    return "" if (nice, oom) == (LIMITS.nice, 1000) else f"nice {nice}, oom_score_adj {oom}"


# What must work


@attack
def honest_work(tier, here):
    """Does what homework does still work? Returns what does not."""
    import matplotlib.pyplot as plt
    import numpy as np

    def figure():
        plt.figure()
        plt.plot([1, 2])
        plt.savefig("figure.png")
        assert Path("figure.png").stat().st_size > 1000

    def weights():
        np.savez("net.npz", W=np.ones((30, 40)))
        with np.load("net.npz") as net:
            assert net["W"].sum() == 1200

    def copies():
        Path("a").write_text("a")
        shutil.copy2("a", "b")
        os.chmod("b", 0o600)
        os.rename("b", "c")
        os.makedirs("d/e")
        os.replace("c", "d/e/c")
        shutil.rmtree("d")

    def threads():
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            assert list(pool.map(abs, [-1, 2])) == [1, 2]

    def pool_of_threads():  # its semaphores are files in /dev/shm, which only a mount namespace can give
        with multiprocessing.pool.ThreadPool(2) as pool:
            assert pool.map(abs, [-1, 2]) == [1, 2]

    def program():
        assert subprocess.run(["ls", "a"], capture_output=True, text=True).stdout == "a\n"

    def processes():
        context = multiprocessing.get_context("fork")
        left, right = context.Pipe()
        process = context.Process(target=right.send, args=(1,))
        process.start()
        assert left.recv() == 1
        process.join()

    def alarm():
        signal.signal(signal.SIGALRM, lambda *_: 1 / 0)
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        with contextlib.suppress(ZeroDivisionError):
            time.sleep(5)
            raise AssertionError

    tasks = [
        figure,
        weights,
        copies,
        threads,
        alarm,
        lambda: asyncio.run(asyncio.sleep(0)),
        os.cpu_count,
        time.localtime,
    ]
    if can_fork(tier):
        tasks += [program, processes]
    if tier == "namespaces":
        tasks.append(pool_of_threads)

    def work():
        broken = []
        for task in tasks:
            try:
                task()
            except BaseException as error:
                broken.append(f"{task.__name__}: {error!r}")
        return "; ".join(broken)

    return attempt(work, tier, here, replace(LIMITS, memory_mb=1024, file_mb=64))


@attack
def endings(tier, here):
    """Is the way in which it ended reported: 0, an exit code, an exception, a signal, an interrupt, a kill?"""

    def interrupted(fd):
        try:
            os.write(fd, b"x")
            time.sleep(60)
        except KeyboardInterrupt:
            raise SystemExit(7) from None

    def ended(main, act=lambda child: None):
        with start(main, tier, here.scratch) as child:
            act(child)
            return child.wait()

    def interrupt(child):
        os.read(child.fd, 1)
        child.interrupt()

    def exit_with(code):
        raise SystemExit(code)

    got = [
        ended(lambda fd: None),
        ended(lambda fd: exit_with(3)),
        ended(lambda fd: exit_with("message")),
        ended(lambda fd: 1 / 0),
        ended(lambda fd: os._exit(5)),
        ended(interrupted, interrupt),
        ended(lambda fd: time.sleep(60), lambda child: child.kill()),
    ]
    return "" if got == [0, 3, 1, 1, 5, 7, -9] else str(got)


@attack
def waiting_too_long(tier, here):
    """Does `wait` give up after its timeout, and a later one still work?"""
    with start(lambda fd: time.sleep(60), tier, here.scratch) as child:
        try:
            child.wait(0.05)
        except TimeoutError:
            child.kill()
            return "" if child.wait() == -9 and child.reason == "it was stopped" else str(child.reason)
    return "it did not give up"


@attack
def a_parent_with_threads(tier, here):
    """Is a fork of a process with several threads refused?"""
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    try:
        start(lambda fd: None, tier, here.scratch)
    except RuntimeError as error:
        return "" if "2 threads" in str(error) else str(error)
    finally:
        over.set()
        thread.join()
    return "it was forked"


@attack
def an_unreadable_policy(tier, here):
    """Is a policy that cannot be kept refused, with the cause, before any student code runs?"""
    missing = here.outside / "missing"
    ran = here.scratch / "ran"
    policy = Policy(read=(missing,), write=here.scratch, limits=LIMITS, tier=tier)
    try:
        spawn(lambda fd: ran.touch(), policy)
    except SandboxUnavailable as error:
        said = str(error)
        return "" if str(missing) in said and "doctor" in said and not ran.exists() else said
    return "it ran"


@attack
def a_broken_mechanism(tier, here):
    """Is a sandbox refused whose last step fails, and does nothing of it stay?"""
    whole, ran = limits.set_limits, here.scratch / "ran"

    def broken(*_):
        raise OSError("no such limit")

    limits.set_limits = broken
    try:
        start(lambda fd: ran.touch(), tier, here.scratch)
    except SandboxUnavailable as error:
        return (
            "" if error.cause == "no such limit" and not ran.exists() and not descendants(os.getpid()) else str(error)
        )
    finally:
        limits.set_limits = whole
    return "it ran"


@attack
def a_noisy_child(tier, here):
    """Does printing in the sandbox reach the grader's output?"""
    outputs = io.StringIO()
    with contextlib.redirect_stdout(outputs):
        attempt(lambda: print("x") or f"{os.write(1, b'x') - 1 or ''}", tier, here)
    return outputs.getvalue()


# Limits belong to the submission


@attack
def socket_buffers(tier, here):
    """Is memory that the kernel holds for a sandbox's sockets counted as its own?"""

    def main(fd):
        kept, piece = [], bytes(1 << 16)
        with contextlib.suppress(OSError):
            while True:
                kept.append(socket.socketpair())
                kept[-1][0].setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    while True:
                        kept[-1][0].send(piece)
        time.sleep(60)

    return stopped_for("of memory", main, tier, here, replace(LIMITS, memory_mb=32, open_files=1000))


@attack
def mapped_files(tier, here):
    """Is a deleted file counted of which only one page is still mapped?"""

    def main(fd):
        kept = []
        for number in range(20):
            with open(f"f{number}", "w+b") as file:
                file.write(bytes(MB))
                file.flush()
                kept.append(mmap.mmap(file.fileno(), mmap.PAGESIZE))
            os.unlink(f"f{number}")
        time.sleep(60)

    return stopped_for("more than 8 MB", main, tier, here, replace(LIMITS, scratch_mb=8, file_mb=1))


@attack
def descriptors_in_flight(tier, here):
    """Can descriptors be sent through a socket, and be held where nobody counts them?"""

    def look():
        ours, theirs = socket.socketpair()
        socket.send_fds(ours, [b"x"], [theirs.fileno()])
        return "they were sent"

    return attempt(each({"send_fds": look}), tier, here)


@attack
def processor_time_of_many(tier, here):
    """Is the processor time of all processes together limited, and not only that of each?"""
    if not can_fork(tier):
        return ""

    def main(fd):
        for _ in range(6):
            if os.fork() == 0:
                os.setsid()
                while True:
                    pass
        time.sleep(60)

    return stopped_for("of processor time", main, tier, here, replace(LIMITS, cpu_seconds=2))


@attack
def odd_names(tier, here):
    """Is a sandbox measured whose processes and files have names that are no text, or look like several lines?"""

    def main(fd):
        rename = ctypes.CDLL(None).prctl
        for name in (b"\xff\xfe", b"a\x0cb", b"a\x1cThreads: 0", b"a\n RssAnon: 0", b") R 1 1 1 1 1 1"):
            rename(15, name, 0, 0, 0)
            time.sleep(0.15)
        with open("a\x0cb\x85c", "w+b") as file:
            file.write(bytes(MB))
            file.flush()
            kept = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        os.unlink("a\x0cb\x85c")
        for _ in range(100):
            kept = [kept, mmap.mmap(-1, MB)]  # shared, so that the limit of one process does not bind
            kept[1].write(bytes(MB))
        time.sleep(60)

    return stopped_for("of memory", main, tier, here, replace(LIMITS, memory_mb=64, scratch_mb=400))


@attack
def another_core(tier, here):
    """Does a sandbox stay on the core that it was given, and can it not choose another?"""
    core = max(os.sched_getaffinity(0))

    def main(fd):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, range(64))
        os.write(fd, str(sorted(os.sched_getaffinity(0))).encode())

    policy = Policy(read=environment_paths(), write=here.scratch, limits=LIMITS, tier=tier, core=core)
    with spawn(main, policy) as child:
        got = receive(child.fd).decode()
    return "" if got == f"[{core}]" else got


@attack
def a_neighbours_processes(tier, here):
    """After another sandbox has started all the processes that it may, can this one still start its own?"""
    if not can_fork(tier):
        return ""
    other = here.outside / "other"
    other.mkdir()
    few = replace(LIMITS, processes=12)

    def many(fd):
        with contextlib.suppress(OSError):
            while os.fork():
                pass
        time.sleep(60)

    def honest(fd):
        for _ in range(4):
            if os.fork() == 0:
                time.sleep(0.1)
                os._exit(0)
        os.write(fd, b"ok")

    policy = Policy(read=environment_paths(), write=other, limits=few, tier=tier, neighbours=1)
    with spawn(many, policy) as bomb:
        time.sleep(0.5)
        with spawn(honest, replace(policy, write=here.scratch)) as child:
            got = receive(child.fd).decode()
        bomb.kill()
    return "" if got == "ok" else f"the neighbour could start none: {got}"
