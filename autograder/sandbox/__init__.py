"""Runs a function in a fork of this process that can read, write, reach and use up only what a policy allows.

`spawn(main, policy)` is the one way in; `probe.best_tier()` says what this machine can promise.
"""

from autograder.sandbox.policy import Policy, SandboxDied, SandboxLimits, SandboxUnavailable, environment_paths
from autograder.sandbox.spawn import SandboxedChild, spawn

__all__ = [
    "Policy",
    "SandboxDied",
    "SandboxLimits",
    "SandboxUnavailable",
    "SandboxedChild",
    "environment_paths",
    "spawn",
]
