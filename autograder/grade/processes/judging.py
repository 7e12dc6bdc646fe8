"""A fork of the answer key's process that judges: whatever a value does to an author's function stays in it.

It judges one submission after the other where no author's function can leave anything behind (`expect/harmless.py`),
else one alone. The answer key's process waits for every cell with a deadline, and puts another fork in its place where
it overran or crashed.
"""

import base64
import contextlib
import json
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn

from autograder.expect.asserted import bare, is_asserted
from autograder.expect.bank import recognise
from autograder.expect.departs import where_it_departs
from autograder.expect.evidence import EvidenceError, EvidenceFailure, Value
from autograder.expect.follow import Standing, follows_from
from autograder.expect.harmless import is_harmless
from autograder.expect.message import Inbox
from autograder.expect.session import KeySession
from autograder.expect.steps import unpack_run
from autograder.expect.verdict import judge
from autograder.grade.processes.mistakes import CheckReach, Mistakes, outcome_of, written_out
from autograder.grade.run.clock import TICK_SECONDS, Clock, Lap, Spending
from autograder.grade.run.jobs import LONGEST_WAIT
from autograder.grade.run.protocol import (
    CHUNK,
    Connection,
    Frame,
    Frames,
    call_this_process,
    die_with_the_parent,
    read_frame,
    write_frame,
)
from autograder.sandbox import limits
from autograder.sandbox.watchdog import usage_of

LONGEST_VERDICT = 2**26
TOO_LONG = "judging the value that the submission gave took too long, and was stopped"
SMALL = 4 * 2**20  # bytes of evidence and files that are handed on; a fork has larger ones without a copy
MOST = 500  # submissions that one fork judges


@dataclass(frozen=True)
class Evidence:
    """What a submission's notebook is judged by: its messages as they came, its files, the errors of its cells."""

    messages: Sequence[bytes]
    files: Mapping[str, bytes]
    errors: Mapping[str, str]
    steps: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return sum(map(len, (*self.messages, *self.files.values(), *self.steps.values())))


class JudgingFork:
    """Judges cells in a fork of this process, a fresh one where that is needed."""

    def __init__(self, session: KeySession, mistakes: Mistakes, cell_seconds: float, memory_mb: int) -> None:
        """Nothing is forked yet.

        Args:
            cell_seconds: how long judging one cell may take.
            memory_mb: how much memory the fork may take beyond what this process has.
        """
        self.session = session
        self.mistakes = mistakes
        self.cell_seconds = cell_seconds
        self.memory_mb = memory_mb
        self.lasts = all(is_harmless(function) for stated in session.key.values() for function in stated.calls())
        self.pid = 0
        self.judged = 0

    def judge(self, evidence: Evidence, cells: Sequence[str]) -> tuple[dict[str, dict], str]:
        """Judge these cells.

        Returns:
            What each cell comes to, as far as the fork came, and how it ended: TOO_LONG, or the name of a signal or its
            exit status; "" where it came to the end.
        """
        handed_on = False
        if self.pid and self.judged < MOST and evidence.size <= SMALL:
            handed_on = self.hand_on(evidence, cells)
        if not handed_on:
            self.end()
            self.fork(evidence, cells)
        self.judged += 1
        found, late, whole = self.follow(cells)
        if whole and self.lasts:
            return found, ""
        ending = self.end(kill=late or whole)
        return found, TOO_LONG if late else "" if whole else ending

    def fork(self, evidence: Evidence, cells: Sequence[str]) -> None:
        mine, theirs = socket.socketpair()
        me = os.getpid()
        self.judged = 0
        self.pid = os.fork()
        if self.pid == 0:
            mine.close()
            self.serve(theirs.detach(), me, evidence, cells)
        theirs.close()
        self.channel = Connection(mine)

    def hand_on(self, evidence: Evidence, cells: Sequence[str]) -> bool:
        """Give the next submission to the fork that is there; returns False where that has gone."""
        about = {
            "cells": list(cells), "errors": dict(evidence.errors), "files": list(evidence.files),
            "messages": len(evidence.messages), "steps": list(evidence.steps),
        }  # fmt: skip
        try:
            self.channel.send(Frame.JUDGE, json.dumps(about).encode(), self.cell_seconds)
            for message in evidence.messages:
                self.channel.send(Frame.MESSAGE, message, self.cell_seconds)
            for content in evidence.files.values():
                self.channel.send(Frame.FILE, content, self.cell_seconds)
            for content in evidence.steps.values():
                self.channel.send(Frame.STEPS, content, self.cell_seconds)
        except OSError:
            return False
        return True

    def follow(self, cells: Sequence[str]) -> tuple[dict[str, dict], bool, bool]:
        """Wait for the verdicts; returns them, whether time ran out, and whether the fork came to the end."""
        found: dict[str, dict] = {}
        frames = Frames(LONGEST_VERDICT)
        socket = self.channel.socket
        clock = Clock()
        spending = Spending(lambda: usage_of(self.pid))
        lap: Lap | None = None  # begun once a cell takes longer than usual
        while True:
            now = clock.now()
            if select.select([socket], [], [], TICK_SECONDS)[0]:
                try:
                    data = socket.recv(CHUNK)
                except ConnectionResetError:
                    data = b""
                if not data:
                    return found, False, False
                for kind, payload in frames.feed(data):
                    if kind is Frame.JUDGED:
                        return found, False, True
                    name, content = json.loads(payload)
                    if kind is Frame.TRIED:
                        self.mistakes.known[name] = [outcome_of(item) for item in content]
                    elif kind is Frame.TRACED:
                        self.mistakes.traced[name] = content
                    elif kind is Frame.REACHED:
                        self.mistakes.reached[name] = CheckReach(*map(frozenset, content))
                    else:
                        found[name] = content
                lap = None
                continue
            spent = spending.so_far()
            lap = lap or Lap(now, spent)
            if lap.processor(spent) > self.cell_seconds or lap.wall(now, spent) > LONGEST_WAIT * self.cell_seconds:
                return found, True, False

    def end(self, kill: bool = True) -> str:
        """Bury the fork, if there is one; returns how it ended. `kill`: it has not ended by itself."""
        if not self.pid:
            return ""
        self.channel.close()
        if kill:
            os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        code = os.waitstatus_to_exitcode(status)
        return signal.Signals(-code).name if code < 0 else f"exit status {code}"

    # --- in the fork --------------------------------------------------------------------------------------------------

    def serve(self, channel: int, parent: int, evidence: Evidence, cells: Sequence[str]) -> NoReturn:
        """Judge what was there when this process was forked, then what is handed on."""
        try:
            call_this_process("judging")
            die_with_the_parent(parent)
            if sys.platform == "linux":
                with contextlib.suppress(PermissionError):  # a lower limit of the shell's is one as well
                    limits.lower("RLIMIT_DATA", limits.memory_of_this_process().own + self.memory_mb * limits.MB)
            while True:
                self.judge_here(channel, evidence, cells)
                request = json.loads(read_frame(channel)[1])
                messages = [read_frame(channel)[1] for _ in range(request["messages"])]
                files = {name: read_frame(channel)[1] for name in request["files"]}
                steps = {name: read_frame(channel)[1] for name in request["steps"]}
                evidence, cells = Evidence(messages, files, request["errors"], steps), request["cells"]
        except (EOFError, BrokenPipeError, ConnectionResetError):
            pass
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)

    def judge_here(self, channel: int, evidence: Evidence, cells: Sequence[str]) -> None:
        inbox = Inbox()
        for message in evidence.messages:
            inbox.add(message)
        failing = []
        standing: dict[str, bool] = {}
        for cell_id in cells:
            judged = judge_cell(self.session, inbox, evidence, cell_id)
            write_frame(channel, Frame.VERDICT, json.dumps([cell_id, judged]).encode())
            if judged["failing"] and cell_id not in self.session.hidden:
                failing.append((cell_id, judged["failing"], dict(standing)))
            standing[cell_id] = judged["credit"] > 0
        for cell_id, positions, before in failing:  # the verdicts are given: what follows can only say more of them
            asked, reached = cell_id not in self.mistakes.known, set(self.mistakes.reached)
            values = {position: value for (cell, position), value in inbox.evidence.items() if cell == cell_id}
            error = self.mistakes.first_error(cell_id, evidence.errors)
            cause = cause_of(self.session, self.mistakes, cell_id, values, positions, before, error)
            if asked and cell_id in self.mistakes.known:
                known = [written_out(outcome) for outcome in self.mistakes.known[cell_id]]
                write_frame(channel, Frame.TRIED, json.dumps([cell_id, known]).encode())
            for other in self.mistakes.reached.keys() - reached:
                reach = self.mistakes.reached[other]
                content = [other, [sorted(reach.regions), sorted(reach.files)]]
                write_frame(channel, Frame.REACHED, json.dumps(content).encode())
            where = self.where_it_departs(channel, evidence, cell_id) if cause is None else ""
            causes = {cell_id: cause} if cause is not None else {}
            judged = judge_cell(self.session, inbox, evidence, cell_id, causes, where)
            judged["unnamed"] = cause is None and bool(values)
            write_frame(channel, Frame.VERDICT, json.dumps([cell_id, judged]).encode())
        write_frame(channel, Frame.JUDGED, b"null")

    def where_it_departs(self, channel: int, evidence: Evidence, cell_id: str) -> str:
        """The sentence about the first wrong step of a check; "" where there is none, or its steps are not known."""
        if cell_id not in evidence.steps:
            return ""
        asked = cell_id not in self.mistakes.traced
        right = self.mistakes.steps_of_right_work(cell_id)
        if asked:
            write_frame(channel, Frame.TRACED, json.dumps([cell_id, right]).encode())
        try:
            return (
                where_it_departs(
                    unpack_run(evidence.steps[cell_id]), [unpack_run(base64.b64decode(one)) for one in right]
                )
                or ""
            )
        except EvidenceError:
            return ""


def judge_cell(
    session: KeySession,
    inbox: Inbox,
    evidence: Evidence,
    cell_id: str,
    causes: Mapping[str, str] | None = None,
    where: str = "",
) -> dict:
    """The verdict on one cell; `causes` and `where` as in `verdict.judge`."""
    key = {place: expectation for place, expectation in session.key.items() if place[0] == cell_id}
    given = {place: value for place, value in inbox.evidence.items() if place[0] == cell_id}
    judged = judge(key, given, evidence.errors, evidence.files.get, session.hidden, causes or {}, where)[cell_id]
    return {
        "credit": judged.credit,
        "lines": list(judged.lines),
        "flags": list(judged.flags),
        "failing": list(judged.failing),
    }


def cause_of(
    session: KeySession,
    mistakes: Mistakes,
    cell_id: str,
    values: Mapping[int, bytes | EvidenceFailure],
    failing: Sequence[int],
    before: Mapping[str, bool],
    error: str = "",
) -> str | None:
    """Why a cell fails, where that is known: an earlier check does that it needs, or its values are those of a mistake.

    Args:
        values: what the cell's expectations got, by position.
        failing: the positions that are not met.
        before: the cells before it, and whether they were right.
        error: what its question stopped with, if it did.
    """
    if not all(before.values()) and (needs := mistakes.needs(cell_id)):
        others = [Standing(right, mistakes.needs(other)) for other, right in before.items()]
        if said := follows_from(needs, others):
            return said
    numbers = mistakes.positions(session.key, cell_id)
    levels: dict[int, int] = {}  # of the assertions
    solution: dict[int, Value] = {}
    for position, number in numbers.items():
        if (cell_id, position) in session.values:
            solution[number] = session.values[cell_id, position]
            if is_asserted(session.key[cell_id, position]):
                levels[number], (_, solution[number]) = solution[number]

    def plain(found: Mapping[int, bytes | EvidenceFailure]) -> dict[int, bytes | EvidenceFailure]:
        return {number: bare(one, levels[number]) if number in levels else one for number, one in found.items()}

    try:
        return recognise(
            plain({number: values[position] for position, number in numbers.items() if position in values}),
            solution,
            [numbers[position] for position in failing if position in numbers],
            lambda: [replace(one, values=plain(one.values)) for one in mistakes.outcomes(cell_id)],
            error,
        )
    except EvidenceError:
        return None
