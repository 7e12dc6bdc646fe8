"""Running a cell in each mode, and judging what it recorded."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from autograder.expect.cell_verdict import CellVerdict
from autograder.expect.message import Inbox
from autograder.expect.session import KeySession, LocalSession, RecordingSession, use
from autograder.expect.verdict import judge

SEED = 20


@pytest.fixture(autouse=True)
def local_session():
    """Every test starts as on a student's machine, in a fresh cell."""
    with use(LocalSession()) as session:
        yield session


@dataclass
class Bench:
    """A cell, stated by a source and by a student, and what it comes to."""

    cell_id: str = "cell"

    def key(self, cell: Callable[[], None], read_file=None) -> KeySession:
        session = KeySession(SEED, read_file)
        with use(session):
            session.begin_cell(self.cell_id)
            cell()
        return session

    def record(self, cell: Callable[[], None]) -> Inbox:
        inbox = Inbox()
        session = RecordingSession(SEED, inbox.add)
        with use(session):
            session.begin_cell(self.cell_id)
            cell()
        return inbox

    def grade(self, source: Callable[[], None], student: Callable[[], None], **options) -> CellVerdict:
        return judge(self.key(source).key, self.record(student).evidence, **options)[self.cell_id]


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)
