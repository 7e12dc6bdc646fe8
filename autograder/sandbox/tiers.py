"""The order in which a sandbox is put up, in each tier: what the watchdog does, what the sandbox itself does."""

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from autograder.sandbox import identity, landlock, limits, namespaces, scratch, seccomp, syscalls, watchdog
from autograder.sandbox.policy import Policy


class Tier(Protocol):
    """The steps of one tier; each is called once, in this order. Made before the forks, so what it finds out stays."""

    def prepare(self) -> None:
        """In the watchdog, before the sandbox is forked from it."""

    def enter(self) -> None:
        """In the sandbox: go where nothing else is, and become nobody."""

    def lock(self) -> None:
        """In the sandbox: give up, for good, whatever student code must not do."""

    def killer(self, main: int) -> Callable[[], None]:
        """In the watchdog: return what kills every process of the sandbox that is left."""

    def excess(self) -> str | None:
        """In the watchdog, many times: return what the sandbox used too much of, or None."""

    def shortage(self) -> str:
        """In the watchdog, at the end: return what the machine had too little of, or ""."""


class Namespaces:
    """Nothing else is in sight: no process, no network, no file but those of the policy."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.read = namespaces.outermost(policy.read)
        self.memory = limits.memory_of_this_process()
        self.rules = seccomp.rules(processes=True, signals_outside_blocked=True, metadata=True, truncate=True)
        seccomp.compile_filter(self.rules)

    def prepare(self) -> None:
        self.meter = watchdog.Meter(self.policy)
        as_root = identity.privileges().mount
        if not as_root:
            identity.refuse_half_a_root()
        self.user = identity.spare_id(os.getpid()) if as_root else None
        if self.user is not None:
            scratch.give(self.policy.write, self.user)
        namespaces.enter_user_and_pid(as_root)

    def enter(self) -> None:
        volunteer_for_the_oom_killer()
        namespaces.enter_the_others(self.policy.read, self.policy.write)
        if self.user is not None:
            identity.become(self.user)
        identity.drop_capabilities()

    def lock(self) -> None:
        the_watchdog = 1 if self.user is None else 0
        limits.set_limits(self.policy.limits, self.memory, the_watchdog)
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
        landlock.confine(self.read, [self.policy.write, namespaces.SHARED_MEMORY])
        try_to_read(self.read)
        seccomp.install(seccomp.compile_filter(self.rules))

    def killer(self, main: int) -> Callable[[], None]:
        return one_process_killer(main)  # the first process of a pid namespace takes all others with it

    def excess(self) -> str | None:
        return self.meter.excess()

    def shortage(self) -> str:
        return self.meter.shortage


class Landlock:
    """Everything else is in sight, and out of reach.

    New processes are allowed where Landlock can confine signals: then the watchdog, in an outer domain, reaches all of
    them with one kill(-1), which nothing can outrun, and they cannot reach it. On older kernels a sandbox is one
    process.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.read = namespaces.outermost(policy.read)
        self.memory = limits.memory_of_this_process()
        self.many = landlock.abi() >= landlock.SIGNAL_ABI
        seccomp.compile_filter(self.rules())

    def rules(self) -> tuple[seccomp.Rule, ...]:
        return seccomp.rules(
            processes=self.many,
            signals_outside_blocked=self.many,
            metadata=False,
            truncate=landlock.abi() >= landlock.TRUNCATE_ABI,
        )

    def prepare(self) -> None:
        self.meter = watchdog.Meter(self.policy)
        user = identity.spare_id(os.getpid()) if identity.privileges().change_user else None
        if user is not None:
            scratch.give(self.policy.write, user)
            identity.become(user)
            identity.drop_capabilities(but=identity.needed_to_reach([*self.policy.read, self.policy.write]))
            syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)
        else:
            identity.refuse_half_a_root()
        others = 0 if user is not None else self.policy.neighbours * self.policy.limits.processes
        self.other_tasks = limits.tasks_of(os.geteuid()) + others
        syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
        if self.many:
            landlock.keep_signals_inside()
            prove_that_signals_stay_inside(os.getppid())

    def enter(self) -> None:
        volunteer_for_the_oom_killer()

    def lock(self) -> None:
        limits.set_limits(self.policy.limits, self.memory, self.other_tasks)
        landlock.confine(self.read, [self.policy.write])
        try_to_read(self.read)
        seccomp.install(seccomp.compile_filter(self.rules()))

    def killer(self, main: int) -> Callable[[], None]:
        return kill_all_in_reach if self.many else one_process_killer(main)

    def excess(self) -> str | None:
        return self.meter.excess()

    def shortage(self) -> str:
        return self.meter.shortage


class Open:
    """Limits and killing, as far as any Unix has them; nothing is confined."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def prepare(self) -> None:
        with contextlib.suppress(OSError, AttributeError):
            syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)

    def enter(self) -> None:
        pass

    def lock(self) -> None:
        limits.set_portable_limits(self.policy.limits)

    def killer(self, main: int) -> Callable[[], None]:
        def kill_group_and_descendants() -> None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(main, signal.SIGKILL)
            for pid in watchdog.descendants(os.getpid()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

        return kill_group_and_descendants

    def excess(self) -> str | None:
        return None

    def shortage(self) -> str:
        return ""


TIERS: dict[str, Callable[[Policy], Tier]] = {"namespaces": Namespaces, "landlock": Landlock, "none": Open}


def one_process_killer(main: int) -> Callable[[], None]:
    """Return what kills that process, and never another one that got its number later."""
    handle = os.pidfd_open(main)

    def kill() -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)

    return kill


def kill_all_in_reach() -> None:
    """Kill, in one stroke, every process that this one may signal. Only after `prove_that_signals_stay_inside`."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(-1, signal.SIGKILL)


def prove_that_signals_stay_inside(outside: int) -> None:
    """Raise RuntimeError if this process could signal a process outside its domain."""
    try:
        os.kill(outside, 0)
    except PermissionError:
        return
    raise RuntimeError("Landlock accepted the rule that confines signals, but does not keep it")


def volunteer_for_the_oom_killer() -> None:
    """When the machine is out of memory, let it be this process that goes, not the grader."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def try_to_read(paths: tuple[Path, ...]) -> None:
    """Raise PermissionError if the user that the sandbox runs as cannot read what the policy allows it to."""
    for path in paths:
        os.close(os.open(path, os.O_RDONLY))
