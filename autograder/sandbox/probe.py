"""What this machine's sandbox can promise, found out by trying."""

import functools
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox import landlock, syscalls
from autograder.sandbox.policy import SandboxUnavailable
from autograder.sandbox.selftest.checks import CHECKS

TIERS = ("namespaces", "landlock")
CHECK_SECONDS = 300

HINTS = (
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "AppArmor forbids user namespaces (kernel.apparmor_restrict_unprivileged_userns=1)",
    ),
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone is 0"),
    ("/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces is 0"),
)
CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")


@dataclass(frozen=True)
class Mechanism:
    """One promise of the sandbox and how far this machine keeps it.

    Attributes:
        name: what it is about.
        by: what the kernel does for it, with namespaces / without.
        stops: what student code cannot do because of it.
        results: per tier "" where the promise was tested and holds, else what is wrong.
    """

    name: str
    by: str
    stops: str
    results: Mapping[str, str]


def obstacle() -> str:
    """Return why no sandbox is possible here at all, or ""."""
    if sys.platform != "linux":
        return f"a sandbox needs Linux, and this is {sys.platform}; use the container that Dockerfile describes"
    if syscalls.MACHINE not in syscalls.KNOWN_MACHINES:
        known = " and ".join(syscalls.KNOWN_MACHINES)
        return f"the sandbox knows the system calls of {known}, not those of {syscalls.MACHINE}"
    if landlock.abi() == 0:
        return (
            "this kernel has no Landlock: it needs Linux 5.13 or later, and `landlock` among the names in "
            "/sys/kernel/security/lsm"
        )
    return ""


def hints() -> tuple[str, ...]:
    """Return what on this machine is known to forbid namespaces."""
    found = [text for path, value, text in HINTS if Path(path).exists() and Path(path).read_text().strip() == value]
    if any(Path(mark).exists() for mark in CONTAINER_MARKS):
        found.append("this is a container, and most containers forbid namespaces")
    return tuple(found)


def try_tiers(tiers: Sequence[str], only_quick: bool) -> dict[str, dict[str, str]]:
    """Run the checks of each tier in a fresh process, side by side; return what got through, per tier and check."""
    blocked = obstacle()
    if blocked:
        return {tier: {check.name: blocked for check in CHECKS} for tier in tiers}
    command = [sys.executable, "-m", "autograder.sandbox.selftest.checks"]
    speed = "quick" if only_quick else "thorough"
    running = {
        tier: subprocess.Popen([*command, tier, speed], stdout=subprocess.PIPE, start_new_session=True)
        for tier in tiers
    }
    found = {}
    for tier, process in running.items():
        try:
            answer, _ = process.communicate(timeout=CHECK_SECONDS)
            found[tier] = json.loads(answer)
        except (subprocess.TimeoutExpired, ValueError):
            process.kill()
            found[tier] = {check.name: "the process that checks this was killed or got stuck" for check in CHECKS}
    return found


def probe() -> tuple[Mechanism, ...]:
    """Try every mechanism in every tier; takes a few seconds."""
    found = try_tiers(TIERS, only_quick=False)
    return tuple(
        Mechanism(check.name, check.by, check.stops, {tier: found[tier][check.name] for tier in TIERS})
        for check in CHECKS
    )


def complete_tier(mechanisms: Iterable[Mechanism]) -> str | None:
    """Return the first tier in which every mechanism holds; None if there is none."""
    held = [mechanism.results for mechanism in mechanisms]
    return next((tier for tier in TIERS if all(not results[tier] for results in held)), None)


@functools.cache
def failures(tier: str) -> dict[str, str]:
    """Return what got through in a tier, per check: all checks but the slow tests of limits. Tried once a process."""
    results = try_tiers([tier], only_quick=True)[tier]
    return {check: result for check, result in results.items() if result}


def best_tier() -> str | None:
    """Return the first tier that this machine gives in full; None if there is none."""
    return next((tier for tier in TIERS if not failures(tier)), None)


def require_tier() -> str:
    """Return `best_tier()`.

    Raises:
        SandboxUnavailable: there is none; the text says what is missing and what to do.
    """
    tier = best_tier()
    if tier is not None:
        return tier
    missing = "".join(f"\n  {name}: {in_words(failures(name))}" for name in TIERS)
    advice = "".join(f"\n  {hint}" for hint in hints())
    raise SandboxUnavailable(
        f"This machine cannot keep student code in a sandbox, so grading does not start.{missing}{advice}\n"
        "`autograder doctor` shows every mechanism. Use a newer kernel or the container that Dockerfile describes; "
        "with --no-sandbox student code runs with all your rights."
    )


def in_words(failed: Mapping[str, str]) -> str:
    """Return one cause where all checks have the same, else each check's."""
    causes = set(failed.values())
    return causes.pop() if len(causes) == 1 else "; ".join(f"{check}: {cause}" for check, cause in failed.items())
