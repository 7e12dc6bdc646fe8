"""The history of marks, in a table beside nbgrader's; each entry and the score it means are written in one step."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from nbgrader.api import Comment, Grade, Student, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import (
    Column,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
)

from autograder.course import Course
from autograder.gradebook.books import Books
from autograder.gradebook.tables import opened_tables
from autograder.mark.marks import Conflict, Decision, MarkEntry

META = MetaData()
MARKS = Table(
    "autograder_mark",
    META,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("assignment", String(128), nullable=False, index=True),
    Column("notebook", String(128), nullable=False),
    Column("cell", String(128), nullable=False),
    Column("student", String(128), nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", String(32), nullable=False),
    Column("who", String(128), nullable=False),
    Column("why", String(32), nullable=False),
    Column("step", String(32), nullable=False),
    Column("mark", Text),
    Column("score", Float),
    Column("text", Text, nullable=False),
    Column("digest", String(32), nullable=False),
    Column("note", Text, nullable=False),
    UniqueConstraint("assignment", "notebook", "cell", "student", "version"),
)
OPEN = Table(
    "autograder_mark_open",
    META,
    Column("assignment", String(128), primary_key=True),
    Column("notebook", String(128), primary_key=True),
    Column("cell", String(128), primary_key=True),
    Column("student", String(128), primary_key=True),
    Column("who", String(128), nullable=False),
    Column("until", String(32), nullable=False),
)
"""Which answers a marker has open, so that nobody else is handed them."""

HELD = timedelta(minutes=10)


@dataclass(frozen=True)
class Planned:
    """An entry to be written: the answer, the version that the marker saw, and what the gradebook gets."""

    notebook: str
    cell: str
    student: str
    seen: int
    mark: Decision | None
    score: float | None
    text: str
    digest: str
    extra_credit: bool = False
    note: str = ""


@dataclass(frozen=True)
class GradeRow:
    """What nbgrader's gradebook says of one answer; `score` is None where nobody gave one.

    `submission`, `grade` and `comment_row` are ids.
    """

    submission: str
    grade: str
    comment_row: str | None
    score: float | None
    comment: str
    waiting: bool


@dataclass(frozen=True)
class MarkBooks:
    """The marks of one assignment. Use from one thread at a time, as `Books`."""

    books: Books

    @property
    def assignment(self) -> str:
        return self.books.assignment.name

    def prepare(self) -> None:
        """Make the tables, where this is the first time."""
        META.create_all(self.books.gradebook.engine, checkfirst=True)

    def history(self, after: int = 0) -> list[MarkEntry]:
        """The entries with a number above `after`, in order."""
        found = self.books.db.execute(
            select(MARKS).where(MARKS.c.assignment == self.assignment, MARKS.c.number > after).order_by(MARKS.c.number)
        )
        entries = [entry_of(row._mapping) for row in found]
        self.books.db.rollback()  # hold no lock between requests
        return entries

    def names(self) -> dict[str, str]:
        """Student -> full name, "" where nobody entered it."""
        found = self.books.db.execute(select(Student.id, Student.first_name, Student.last_name)).all()
        return {id: " ".join(part for part in (first, last) if part) for id, first, last in found}

    def rows(self, notebook: str, cell: str, extra_credit: bool) -> dict[str, GradeRow]:
        """Student -> what the gradebook says of the answer to one question."""
        layout = self.books.layout()
        cells = layout.graded.get(notebook, {}), layout.commented.get(notebook, {})
        graded = (
            select(
                SubmittedAssignment.student_id,
                SubmittedAssignment.id.label("submission"),
                Grade.id.label("grade"),
                Comment.id.label("comment"),
                Grade.manual_score,
                Grade.extra_credit,
                Comment.manual_comment,
                Grade.needs_manual_grade,
            )
            .select_from(Grade)
            .join(SubmittedNotebook, SubmittedNotebook.id == Grade.notebook_id)
            .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
            .outerjoin(
                Comment, (Comment.notebook_id == SubmittedNotebook.id) & (Comment.cell_id == cells[1].get(cell, ""))
            )
            .where(Grade.cell_id == cells[0].get(cell, ""))
        )
        found: dict[str, GradeRow] = {}
        for row in self.books.db.execute(graded):
            score = None
            if row.manual_score is not None:
                score = float(row.extra_credit or 0) + (0.0 if extra_credit else float(row.manual_score))
            found[row.student_id] = GradeRow(
                row.submission, row.grade, row.comment, score, row.manual_comment or "", bool(row.needs_manual_grade)
            )
        return found

    def write(
        self, planned: Sequence[Planned], rows: Mapping[str, GradeRow], who: str, why: str, step: str
    ) -> tuple[list[MarkEntry], list[Conflict]]:
        """Write entries and scores, those of all answers that are as the marker saw them; the others are conflicts.

        Args:
            planned: entries of one question.
            rows: student -> the row of the gradebook that the score goes to.
        """
        at = datetime.now(UTC).isoformat(timespec="seconds")

        def transaction() -> list[Planned]:
            newest = self.versions(planned)
            good = [one for one in planned if newest.get(one.student, 0) == one.seen and one.student in rows]
            if good:
                self.books.db.execute(insert(MARKS), [self.line(one, at, who, why, step) for one in good])
                self.give(good, rows)
            return [one for one in planned if one not in good and one.student in rows]

        if not planned:
            return [], []
        refused = self.books.when_free(transaction)
        now = {entry.student: entry for entry in self.newest(planned)}
        written = [entry for entry in now.values() if entry.step == step]
        return written, [Conflict(one.student, one.mark, now[one.student]) for one in refused if one.student in now]

    def line(self, one: Planned, at: str, who: str, why: str, step: str) -> dict:
        mark = None if one.mark is None else json.dumps(asdict(one.mark), ensure_ascii=False)
        return {
            "assignment": self.assignment,
            "notebook": one.notebook,
            "cell": one.cell,
            "student": one.student,
            "version": one.seen + 1,
            "at": at,
            "who": who,
            "why": why,
            "step": step,
            "mark": mark,
            "score": one.score,
            "text": one.text,
            "digest": one.digest,
            "note": one.note,
        }

    def give(self, planned: Iterable[Planned], rows: Mapping[str, GradeRow]) -> None:
        """Put scores and comments into nbgrader's own tables, and let late penalties follow."""
        grades, comments = [], []
        for one in planned:
            row = rows[one.student]
            grades.append(
                {
                    "of": row.grade,
                    "manual": None if one.score is None else 0.0 if one.extra_credit else one.score,
                    "extra": one.score if one.extra_credit else None,
                    "needs": one.mark is None or one.mark.again,
                }
            )
            if row.comment_row is not None:
                comments.append({"of": row.comment_row, "said": one.text or None})
        self.books.change(Grade, grades, manual_score="manual", extra_credit="extra", needs_manual_grade="needs")
        self.books.change(Comment, comments, manual_comment="said")
        self.books.penalise([one.student for one in planned])

    def settle(self, rows: Iterable[GradeRow]) -> None:
        """Say of these that nobody need look at them: what was marked has not changed."""
        changes = [{"of": row.grade, "needs": False} for row in rows]
        if changes:
            self.books.when_free(lambda: self.books.change(Grade, changes, needs_manual_grade="needs"))

    def versions(self, planned: Sequence[Planned]) -> dict[str, int]:
        """Student -> the newest version, of the question that the entries are of."""
        found = self.books.db.execute(
            select(MARKS.c.student, func.max(MARKS.c.version)).where(*self.of(planned)).group_by(MARKS.c.student)
        )
        return {row[0]: row[1] for row in found}

    def newest(self, planned: Sequence[Planned]) -> list[MarkEntry]:
        """The entries that count, of the answers that these are of."""
        newest = select(func.max(MARKS.c.number)).where(*self.of(planned)).group_by(MARKS.c.student).scalar_subquery()
        found = [
            entry_of(row._mapping) for row in self.books.db.execute(select(MARKS).where(MARKS.c.number.in_(newest)))
        ]
        self.books.db.rollback()
        return found

    def of(self, planned: Sequence[Planned]) -> tuple:
        first = planned[0]
        return (
            MARKS.c.assignment == self.assignment,
            MARKS.c.notebook == first.notebook,
            MARKS.c.cell == first.cell,
            MARKS.c.student.in_([one.student for one in planned]),
        )

    # --- who has which answers open -----------------------------------------------------------------------------------

    def hold(self, notebook: str, cell: str, students: Sequence[str], who: str, now: datetime) -> None:
        """Keep answers for one marker for a while; what the same marker held before is free again."""
        until = (now + HELD).isoformat(timespec="seconds")
        mine = OPEN.c.assignment == self.assignment, OPEN.c.who == who

        def transaction() -> None:
            self.books.db.execute(OPEN.delete().where(*mine))
            taken = select(OPEN.c.student).where(*self.at(notebook, cell), OPEN.c.until > now.isoformat())
            others = set(self.books.db.execute(taken).scalars())
            self.books.db.execute(OPEN.delete().where(*self.at(notebook, cell), OPEN.c.until <= now.isoformat()))
            free = [student for student in students if student not in others]
            if free:
                place = {"assignment": self.assignment, "notebook": notebook, "cell": cell, "who": who, "until": until}
                self.books.db.execute(insert(OPEN), [place | {"student": student} for student in free])

        self.books.when_free(transaction)

    def held(self, notebook: str, cell: str, now: datetime) -> dict[str, str]:
        """Student -> who has the answer open."""
        found = self.books.db.execute(
            select(OPEN.c.student, OPEN.c.who).where(*self.at(notebook, cell), OPEN.c.until > now.isoformat())
        )
        return {row[0]: row[1] for row in found}

    def at(self, notebook: str, cell: str) -> tuple:
        return OPEN.c.assignment == self.assignment, OPEN.c.notebook == notebook, OPEN.c.cell == cell


def has_marks(course: Course) -> bool:
    """Has anybody marked in this course?"""
    with opened_tables(course) as tables:
        return tables.has_table(MARKS.name)


def entry_of(row: Mapping) -> MarkEntry:
    mark = None
    if row["mark"] is not None:
        given = json.loads(row["mark"])
        mark = Decision(tuple(given["items"]), given["more"], given["comment"], given["again"])
    kept = {name: row[name] for name in MarkEntry.__dataclass_fields__ if name != "mark"}
    return MarkEntry(mark=mark, **kept)
