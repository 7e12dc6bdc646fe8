"""Runs attacks on request: a process with one thread, as the user it is told to be.

`python server.py USER ABI`: USER is a number or "-" for the caller's; ABI caps the version of Landlock that is made use
of, or "-". It reads one JSON request a line, {"attack", "tier"}, and answers {"through"}; {"tier"} alone asks why that
tier cannot be had.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import gc
import importlib
import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt

sys.path.insert(0, str(Path(__file__).parent))
from attacks import ATTACKS

from autograder.sandbox import SandboxUnavailable, environment_paths, landlock, syscalls
from autograder.sandbox.selftest.checks import CHECKS
from autograder.sandbox.selftest.trial import place, start

PARTS_OF_MULTIPROCESSING = ("dummy", "pool", "popen_fork", "queues", "synchronize")


def warm_up() -> None:
    """Import what numpy and matplotlib import late: another user may not be able to read where Python lies."""
    figure = plt.figure()
    figure.savefig(os.devnull, format="png")
    plt.close(figure)
    for late in (
        "concurrent.futures.thread",
        "encodings.cp437",
        "zipfile",
        *(f"multiprocessing.{part}" for part in PARTS_OF_MULTIPROCESSING),
    ):
        importlib.import_module(late)
    environment_paths()


def become(user: int) -> None:
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)


def why_not(tier: str) -> str:
    try:
        with place() as here, start(lambda fd: None, tier, here.scratch) as child:
            child.wait()
    except SandboxUnavailable as error:
        return error.cause
    return ""


def serve() -> None:
    runs = {check.name: check.run for check in CHECKS} | ATTACKS
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "attack" in request:
                with place() as here:
                    through = runs[request["attack"]](request["tier"], here)
            else:
                through = why_not(request["tier"])
        except Exception as error:
            through = f"the attack itself failed: {error!r}"
        print(json.dumps({"through": through}), flush=True)


if __name__ == "__main__":
    user, version = sys.argv[1:]
    warm_up()
    if user != "-":
        become(int(user))
    if version != "-":
        offered = landlock.abi()
        landlock.abi = lambda: min(offered, int(version))
    gc.collect()
    gc.freeze()
    serve()
