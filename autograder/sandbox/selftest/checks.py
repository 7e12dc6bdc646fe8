"""What each mechanism of the sandbox promises, put to the test on this machine.

A check tries, in a sandbox of the given tier, what the mechanism is there to stop. It returns what got through, or "".
"""

import contextlib
import errno
import json
import mmap
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from autograder.sandbox import identity, syscalls
from autograder.sandbox.policy import SandboxUnavailable, Tier
from autograder.sandbox.selftest.trial import (
    LIMITS,
    MB,
    PATIENCE,
    SECRET,
    TrialPlace,
    attempt,
    each,
    fresh,
    place,
    receive,
    start,
)

FORBIDDEN_CALLS = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "process_madvise": (440, 440), "socket": (41, 198), "bind": (49, 200), "connect": (42, 203), "listen": (50, 201),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "memfd_create": (319, 279),
    "memfd_secret": (447, 447), "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "unshare": (272, 97), "setns": (308, 268),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "mount_setattr": (442, 442), "init_module": (175, 105),
    "kexec_load": (246, 104), "reboot": (169, 142), "swapon": (167, 224), "personality": (135, 92), "acct": (163, 89),
    "clone3": (435, 435), "seccomp": (317, 277), "setpriority": (141, 140), "sched_setaffinity": (203, 122),
    "setuid": (105, 146), "setgroups": (116, 159), "capset": (126, 91), "inotify_init1": (294, 26),
    "fanotify_init": (300, 262), "setxattr": (188, 5), "quotactl": (179, 60), "clock_settime": (227, 112),
    "sethostname": (170, 161), "migrate_pages": (256, 238), "ioprio_set": (251, 30), "vmsplice": (278, 75),
}  # fmt: skip
"""Calls that no sandboxed process can make: (x86_64, aarch64)."""


def reading_outside(tier: Tier, here: TrialPlace) -> str:
    os.symlink(here.secret, here.scratch / "link")
    secret, scratch = str(here.secret), here.scratch

    def through_a_hard_link() -> None:
        os.link(secret, scratch / "hard")
        (scratch / "hard").read_text()

    return attempt(
        each(
            {
                "a file": lambda: open(secret).read(),
                "a folder": lambda: os.listdir(here.outside),
                "a symbolic link": lambda: (scratch / "link").read_text(),
                "a hard link": through_a_hard_link,
                "/etc/passwd": lambda: open("/etc/passwd").read(),
                "a disk": lambda: os.open("/dev/vda", os.O_RDONLY),
            }
        ),
        tier,
        here,
    )


def writing_outside(tier: Tier, here: TrialPlace) -> str:
    """What an attack says of itself does not count here: a change that has no effect may pretend to succeed."""
    environment = Path(sys.prefix, "written-from-the-sandbox")
    attacks = {
        "write": lambda: here.secret.write_text("x"),
        "create": lambda: (here.outside / "new").write_text("x"),
        "remove": lambda: here.secret.unlink(),
        "rename": lambda: here.secret.rename(here.scratch / "taken"),
        "truncate": lambda: os.truncate(here.secret, 0),
        "mode": lambda: here.secret.chmod(0),
        "time": lambda: os.utime(here.secret, (0, 0)),
        "the environment": lambda: environment.write_text("x"),
    }

    def harm() -> str:
        each(attacks)()
        return ""

    before = here.secret.stat()
    failure = attempt(harm, tier, here)
    if os.listdir(here.outside) != [here.secret.name] or here.secret.read_text() != SECRET:
        return "a file was changed"
    after = here.secret.stat()
    if (before.st_mode, before.st_mtime, before.st_uid) != (after.st_mode, after.st_mtime, after.st_uid):
        return "a file's mode or time was changed"
    if environment.exists():
        environment.unlink()
        return "the Python environment was changed"
    return failure


def looking_at_processes(tier: Tier, here: TrialPlace) -> str:
    grader = os.getpid()
    return attempt(
        each(
            {
                "memory of the grader": lambda: open(f"/proc/{grader}/mem", "rb"),
                "environment of the grader": lambda: open(f"/proc/{grader}/environ").read(),
                "files of the grader": lambda: os.listdir(f"/proc/{grader}/fd"),
                "its own /proc": lambda: open("/proc/self/status").read(),
                "the parent's files": lambda: os.listdir(f"/proc/{os.getppid()}/cwd"),
            }
        ),
        tier,
        here,
    )


def reaching_the_network(tier: Tier, here: TrialPlace) -> str:
    abstract = f"\0sandbox-check-{os.getpid()}"
    with contextlib.ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        for address in (abstract, str(here.outside / "socket")):
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(address)
            listener.listen()

        def connect(family: int, kind: int, address: str | tuple[str, int]) -> Callable[[], None]:
            def go() -> None:
                with socket.socket(family, kind) as connection:
                    connection.connect(address)
                    connection.send(b"x")

            return go

        return attempt(
            each(
                {
                    "TCP": connect(socket.AF_INET, socket.SOCK_STREAM, tcp.getsockname()),
                    "UDP": connect(socket.AF_INET, socket.SOCK_DGRAM, udp.getsockname()),
                    "an abstract unix socket": connect(socket.AF_UNIX, socket.SOCK_STREAM, abstract),
                    "a unix socket": connect(socket.AF_UNIX, socket.SOCK_STREAM, str(here.outside / "socket")),
                    "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0),
                    "a server": lambda: socket.create_server(("127.0.0.1", 0)),
                    "datagrams": lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM),
                }
            ),
            tier,
            here,
        )


def signalling_the_grader(tier: Tier, here: TrialPlace) -> str:
    """Signal 0 asks whether a signal would be delivered, and harms nobody where it would."""
    grader, group = os.getpid(), os.getpgid(0)
    attacks = {
        "the grader": lambda: os.kill(grader, 0),
        "its group": lambda: os.killpg(group, 0),
        "the watchdog": lambda: os.kill(os.getppid() or grader, 0),
    }
    return attempt(each(attacks), tier, here)


def side_doors(tier: Tier, here: TrialPlace) -> str:
    column = syscalls.KNOWN_MACHINES.index(syscalls.MACHINE)

    def knock() -> str:
        opened = []
        for name, number in FORBIDDEN_CALLS.items():
            try:
                syscalls.syscall(number[column], -1, -1, -1, -1, -1, name=name)
            except OSError as error:
                if error.errno in (errno.EPERM, errno.ENOSYS):
                    continue
            opened.append(name)
        return ", ".join(opened)

    return attempt(knock, tier, here)


def gaining_privileges(tier: Tier, here: TrialPlace) -> str:
    as_root = identity.privileges().change_user

    def look() -> str:
        found = []
        if as_root and os.getuid() == 0:
            found.append("it is root")
        if identity.held_capabilities() & ~(1 << identity.CAP_DAC_READ_SEARCH):
            found.append("it has capabilities")
        if syscalls.prctl(syscalls.PR_GET_NO_NEW_PRIVS) != 1:
            found.append("its programs can gain privileges")
        with contextlib.suppress(OSError):
            os.setuid(0)
            found.append("it could change its user")
        return ", ".join(found)

    return attempt(look, tier, here)


def using_memory(tier: Tier, here: TrialPlace) -> str:
    def privately() -> str:
        blocks = [bytearray(16 * MB) for _ in range(2 * LIMITS.memory_mb // 16)]
        return f"{len(blocks) * 16} MB"

    def shared() -> str:
        block = mmap.mmap(-1, 4 * LIMITS.memory_mb * MB)
        for position in range(0, len(block), mmap.PAGESIZE):
            block[position] = 1
        return f"{len(block) // MB} MB shared"

    def together() -> str:
        for _ in range(6):
            if os.fork() == 0:
                block = bytearray(b"x") * (LIMITS.memory_mb // 2 * MB)
                time.sleep(PATIENCE)
                os._exit(len(block) & 1)
        time.sleep(2)
        return "six processes with half of it each"

    attacks = (privately, shared, together)
    return ", ".join(filter(None, (attempt(attack, tier, here, may_be_stopped=True) for attack in attacks)))


def using_the_processor(tier: Tier, here: TrialPlace) -> str:
    def forever() -> str:
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        while True:
            pass

    return attempt(forever, tier, here, replace(LIMITS, cpu_seconds=1), may_be_stopped=True)


def multiplying(tier: Tier, here: TrialPlace) -> str:
    # Without namespaces the kernel counts all that its user runs, and of that some may end while this goes on.
    many = (2 if tier == "namespaces" else 3) * LIMITS.processes

    def fork() -> str:
        children = 0
        with contextlib.suppress(OSError):
            for _ in range(4 * LIMITS.processes):
                if os.fork() == 0:
                    time.sleep(PATIENCE)
                    os._exit(0)
                children += 1
        return f"{children} processes" if children >= many else ""

    def thread() -> str:
        threads = 0
        threading.stack_size(64 * 1024)
        with contextlib.suppress(RuntimeError):
            for _ in range(4 * LIMITS.processes):
                threading.Thread(target=time.sleep, args=(PATIENCE,), daemon=True).start()
                threads += 1
        return f"{threads} threads" if threads >= many else ""

    tried = (attempt(one, tier, here, may_be_stopped=True) for one in (fork, thread))
    return ", ".join(filter(None, tried))


def filling_the_disk(tier: Tier, here: TrialPlace) -> str:
    def one_file() -> str:
        with open("large", "wb") as file:
            for _ in range(2 * LIMITS.file_mb):
                file.write(bytes(MB))
                file.flush()
        return "one large file"

    def many_files(deleted: bool) -> str:
        held = []
        for number in range(10 * LIMITS.scratch_mb // LIMITS.file_mb):
            file = open(f"part{number}", "wb")  # noqa: SIM115
            file.write(os.urandom(LIMITS.file_mb * MB))
            file.flush()
            if deleted:
                os.unlink(file.name)
                held.append(file)
        time.sleep(2)
        return "many files" + deleted * ", deleted but open"

    attacks = (one_file, lambda: many_files(False), lambda: many_files(True))
    return ", ".join(filter(None, (attempt(attack, tier, fresh(here), may_be_stopped=True) for attack in attacks)))


def opening_files(tier: Tier, here: TrialPlace) -> str:
    def hoard() -> str:
        held = []
        with contextlib.suppress(OSError):
            for _ in range(4 * LIMITS.open_files):
                held.append(os.dup(0))
        return f"{len(held)} descriptors" if len(held) > LIMITS.open_files else ""

    return attempt(hoard, tier, here)


def surviving_the_kill(tier: Tier, here: TrialPlace) -> str:
    """The channel stays open for as long as any process that inherited it lives."""

    def breed(fd: int) -> None:
        hide_in_the_background(fd)

    with start(breed, tier, here.scratch) as child:
        connection = socket.socket(fileno=os.dup(child.fd))
        connection.settimeout(PATIENCE)
        with connection:
            connection.recv(1)
            child.kill()
        try:
            receive(child.fd, 5)
        except TimeoutError:
            return "a process was left"
    return ""


def hide_in_the_background(fd: int) -> None:
    """Say that all is ready, then stay: in daemons of their own sessions that ignore every signal, where fork works."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        for _ in range(3):
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    time.sleep(60)
                os._exit(0)
    os.write(fd, b"x")
    time.sleep(60)


def surviving_the_grader(tier: Tier, here: TrialPlace) -> str:
    ours, theirs = socket.socketpair()
    grader = os.fork()
    if grader == 0:
        with contextlib.suppress(BaseException):
            child = start(hide_in_the_background, tier, here.scratch)
            os.read(child.fd, 1)
            socket.send_fds(theirs, [b"x"], [child.fd])
            os.kill(os.getpid(), signal.SIGKILL)
        os._exit(1)
    theirs.close()
    ours.settimeout(PATIENCE)
    with ours:
        _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
    os.waitpid(grader, 0)
    if not descriptors:
        return "it did not start"
    try:
        receive(descriptors[0], 5)
    except TimeoutError:
        return "a process was left"
    finally:
        os.close(descriptors[0])
    return ""


@dataclass(frozen=True)
class SandboxCheck:
    name: str
    by: str
    """What does it: with namespaces / without."""
    stops: str
    run: Callable[[Tier, TrialPlace], str]
    quick: bool = True


CHECKS = (
    SandboxCheck(
        "reading",
        "mount namespace / Landlock",
        "reading sources, answers, other submissions, the gradebook",
        reading_outside,
    ),
    SandboxCheck(
        "writing",
        "read-only mounts / Landlock, seccomp",
        "changing files outside the scratch folder",
        writing_outside,
    ),
    SandboxCheck(
        "other processes",
        "pid namespace, no /proc / Landlock",
        "reading the grader's memory, files and environment",
        looking_at_processes,
    ),
    SandboxCheck(
        "network",
        "network namespace, seccomp / seccomp",
        "TCP, UDP, unix sockets, netlink",
        reaching_the_network,
    ),
    SandboxCheck(
        "signals",
        "pid namespace / Landlock scopes, or seccomp",
        "killing or pausing the grader and other sandboxes",
        signalling_the_grader,
    ),
    SandboxCheck(
        "system calls",
        "seccomp",
        "tracing, io_uring, bpf, keyrings, new namespaces, mounts, file handles",
        side_doors,
    ),
    SandboxCheck(
        "privileges",
        "a user id of its own, no capabilities, no_new_privs",
        "becoming root, setuid programs",
        gaining_privileges,
    ),
    SandboxCheck(
        "memory",
        "RLIMIT_DATA, RLIMIT_AS, the watchdog",
        "memory bombs, in one process or in many",
        using_memory,
        quick=False,
    ),
    SandboxCheck(
        "processor time",
        "RLIMIT_CPU, the watchdog",
        "endless loops that ignore every signal",
        using_the_processor,
        quick=False,
    ),
    SandboxCheck(
        "processes",
        "RLIMIT_NPROC, the watchdog, seccomp",
        "fork bombs, thread bombs",
        multiplying,
    ),
    SandboxCheck(
        "disk",
        "RLIMIT_FSIZE, the watchdog",
        "large files, many files, deleted files that stay open",
        filling_the_disk,
        quick=False,
    ),
    SandboxCheck(
        "open files",
        "RLIMIT_NOFILE",
        "hoarding file descriptors",
        opening_files,
    ),
    SandboxCheck(
        "killing",
        "pid namespace / kill(-1) in a Landlock domain",
        "daemons that outlive their submission",
        surviving_the_kill,
    ),
    SandboxCheck(
        "a dead grader",
        "the watchdog, PR_SET_PDEATHSIG",
        "student code that runs on after a crash",
        surviving_the_grader,
    ),
)


def run_checks(tier: Tier, only_quick: bool = False) -> dict[str, str]:
    """Return for every check what got through in this tier, "" if nothing did. This process must have one thread.

    Where the sandbox cannot be set up at all, every check says so.
    """
    try:
        with place() as here, start(lambda fd: None, tier, here.scratch) as child:
            child.wait()
    except SandboxUnavailable as error:
        return {check.name: error.cause for check in CHECKS}
    found = {}
    for check in CHECKS:
        if check.quick or not only_quick:
            with place() as here:
                try:
                    found[check.name] = check.run(tier, here)
                except Exception as error:
                    found[check.name] = f"the check failed: {error!r}"
    return found


if __name__ == "__main__":
    json.dump(run_checks(cast(Tier, sys.argv[1]), only_quick=sys.argv[2] == "quick"), sys.stdout)
