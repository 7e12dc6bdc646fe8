"""One assignment in the marking room: what its markers see, and what they decide.

Everything that goes out is plain data for JSON. Students go by tokens, so that names can be hidden.
"""

import hashlib
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from filelock import FileLock

from autograder.course import Course
from autograder.errors import CourseError
from autograder.gradebook.books import Books
from autograder.gradebook.store import Store
from autograder.mark.answers import Answer, Answers, AskedQuestion, asked_questions
from autograder.mark.books import GradeRow, MarkBooks, Planned
from autograder.mark.groups import Group, group_answers
from autograder.mark.marks import (
    ELSEWHERE,
    MARKED,
    OTHER,
    REQUEST,
    RUBRIC,
    UNDONE,
    Conflict,
    Decision,
    MarkEntry,
    as_given_elsewhere,
    before_step,
    comment_of,
    comments_used,
    known_only,
    last_step,
    newest,
    score_of,
    shares,
    touched_by,
    with_requests,
)
from autograder.mark.rubric import FILE, QuestionRubric, RubricItem, RubricToml, new_id, read_rubric, write_rubric

Key = tuple[str, str]
Plain = dict[str, Any]

LEFT, AGAIN, CHANGED, DONE = "left", "again", "changed", "done"
MAX_COMMENT = 10_000
MAX_COMMENTS = 50


class Room:
    """An assignment that is being marked. Use as a context manager, from one thread."""

    def __init__(self, course: Course, name: str) -> None:
        self.course = course
        self.assignment = course.assignment(name)
        self.store = Store(course, name)
        self.questions: dict[Key, AskedQuestion] = asked_questions(self.assignment)
        self.answers = Answers(self.store, self.questions)
        self.log: dict[Key, list[MarkEntry]] = {key: [] for key in self.questions}
        self.current: dict[Key, dict[str, MarkEntry]] = {key: {} for key in self.questions}
        self.last = 0
        self.grouped: dict[Key, tuple[int, list[Group]]] = {}
        self.rubric_read: tuple[tuple, RubricToml] | None = None
        self.open = ExitStack()

    def __enter__(self) -> "Room":
        self.books = MarkBooks(self.open.enter_context(Books(self.course, self.assignment)))
        self.books.prepare()
        self.names = self.books.names()
        self.catch_up()
        return self

    def __exit__(self, *exc) -> None:
        self.open.close()

    # --- what is there ------------------------------------------------------------------------------------------------

    def catch_up(self, answers: bool = True) -> None:
        """Read what others have marked since; of `answers` too, what was graded since."""
        if answers:
            self.answers.refresh()
        for entry in self.books.history(self.last):
            self.last = entry.number
            key = entry.notebook, entry.cell
            if key in self.log:
                self.log[key].append(entry)
                self.current[key] |= {entry.student: newest([entry, *self.now(key, [entry.student])])[entry.key]}

    def now(self, key: Key, students: Iterable[str]) -> list[MarkEntry]:
        """The entries that count, of those of these students who have one."""
        return [self.current[key][student] for student in students if student in self.current[key]]

    def rubric(self) -> RubricToml:
        """rubric.toml as it is now."""
        path = self.assignment.folder / FILE
        found = path.stat() if path.exists() else None
        stamp = (found.st_ino, found.st_mtime_ns, found.st_size) if found else ()
        if self.rubric_read is None or self.rubric_read[0] != stamp:
            self.rubric_read = stamp, read_rubric(self.assignment.folder)
        return self.rubric_read[1]

    def rubric_of(self, key: Key) -> QuestionRubric:
        return self.rubric().of(key, self.questions[key].scheme)

    def groups(self, key: Key) -> list[Group]:
        """The answers of one question, like ones together."""
        if key not in self.grouped or self.grouped[key][0] != self.answers.version:
            question = self.questions[key]
            texts = {student: answer.text for student, answer in self.answers.of[key].items()}
            found = group_answers(texts, question.code, nothing=nothing_written(question))
            self.grouped[key] = self.answers.version, found
        return self.grouped[key][1]

    def token(self, student: str) -> str:
        """What a student is called on the page."""
        return hashlib.sha256(f"{self.assignment.name}/{student}".encode()).hexdigest()[:12]

    def students(self, key: Key, tokens: Sequence[str]) -> list[str]:
        """The students behind tokens; raises CourseError for one that is unknown."""
        known = {self.token(student): student for student in self.answers.of[key]}
        if unknown := [token for token in tokens if token not in known]:
            raise CourseError(f"no answer {unknown[0]} to this question. Reload the page.")
        return [known[token] for token in tokens]

    def asked(self, notebook: str, cell: str) -> Key:
        """The key of a question; raises CourseError where nobody marks such a cell."""
        if (notebook, cell) not in self.questions:
            raise CourseError(f"{self.assignment.name} has no question {notebook}:{cell} that is marked by hand.")
        return notebook, cell

    # --- what the page shows ------------------------------------------------------------------------------------------

    def overview(self) -> Plain:
        """The assignment with its questions, and how many answers of each are left."""
        self.catch_up()
        questions = []
        for key, question in self.questions.items():
            states = Counter(
                self.state(self.current[key].get(student), answer) for student, answer in self.answers.of[key].items()
            )
            questions.append(
                {
                    "notebook": key[0],
                    "cell": key[1],
                    "title": question.question.title,
                    "points": question.question.points,
                    "answers": len(self.answers.of[key]),
                    "left": states[LEFT] + states[CHANGED],
                    "again": states[AGAIN],
                }
            )
        return {"name": self.assignment.name, "title": self.assignment.title, "questions": questions}

    def state(self, entry: MarkEntry | None, answer: Answer) -> str:
        """Is an answer left to be marked, to be looked at again, another than was marked, or done?"""
        if entry is None or entry.mark is None:
            return AGAIN if entry is not None and entry.why == REQUEST else LEFT
        if entry.mark.again:
            return AGAIN
        return DONE if entry.digest in ("", answer.digest) else CHANGED

    def question(self, key: Key, who: str) -> Plain:
        """Everything about one question, but for the texts of the answers."""
        self.catch_up()
        rows = self.in_step(key)
        question, settings = self.questions[key], self.rubric()
        groups = self.groups(key)
        share = shares([group.students for group in groups], settings.markers)
        held = self.books.held(*key, datetime.now(UTC))
        order = {student: at for at, student in enumerate(sorted(self.answers.of[key], key=self.token), start=1)}
        answers = {}
        for at, group in enumerate(groups):
            for student in group.students:
                answers[student] = self.plain_answer(key, student, rows.get(student), settings.hide_names, order) | {
                    "group": at,
                    "open": held[student] if held.get(student, who) != who else "",
                    "share": share.get(student, "") if settings.hand_out == "by share" else "",
                }
        return {
            "notebook": key[0],
            "cell": key[1],
            "title": question.question.title,
            "points": question.question.points,
            "code": question.code,
            "nearby": list(question.nearby),
            "rubric": self.plain_rubric(key),
            "settings": self.settings(),
            "groups": [
                {"kind": group.kind, "texts": group.texts, "answers": [self.token(one) for one in group.students]}
                for group in groups
            ],
            "answers": {self.token(student): plain for student, plain in answers.items()},
            "comments": comments_used(self.current[key].values())[:MAX_COMMENTS],
            "undo": bool(last_step(self.log[key], who)),
            "outdated": len(self.outdated(key)),
        }

    def plain_rubric(self, key: Key) -> Plain:
        rubric = self.rubric_of(key)
        return {"start": rubric.start, "show": rubric.show, "items": [item.model_dump() for item in rubric.item]}

    def plain_answer(
        self, key: Key, student: str, row: GradeRow | None, hidden: bool, order: Mapping[str, int]
    ) -> Plain:
        """One answer as the page has it."""
        answer, entry = self.answers.of[key][student], self.current[key].get(student)
        name = f"Answer {order[student]}" if hidden else self.names.get(student) or student
        asks = entry.note if entry is not None and entry.why == REQUEST else ""
        return {
            "name": name,
            "student": "" if hidden else student,
            "version": entry.version if entry else 0,
            "mark": None if entry is None or entry.mark is None else asdict(entry.mark),
            "score": entry.score if entry else None,
            "by": entry.who if entry else "",
            "at": entry.at if entry else "",
            "state": self.state(entry, answer),
            "asks": asks,
            "draft": row.comment if row is not None and (entry is None or entry.mark is None) else "",
            "known": row is not None,
        }

    def history(self, key: Key, token: str) -> list[Plain]:
        """Who gave an answer what, in order."""
        self.catch_up(answers=False)
        [student] = self.students(key, [token])
        return [
            {
                "at": entry.at,
                "who": entry.who,
                "why": entry.why,
                "score": entry.score,
                "text": entry.text,
                "note": entry.note if entry.why in (REQUEST, RUBRIC) else "",
                "again": bool(entry.mark and entry.mark.again),
            }
            for entry in self.log[key]
            if entry.student == student
        ]

    def in_step(self, key: Key) -> dict[str, GradeRow]:
        """The gradebook's rows of a question; what another program wrote there becomes part of the history.

        After grading again, what was marked and has not changed need not be looked at.
        """
        question, rubric = self.questions[key].question, self.rubric_of(key)
        rows = self.books.rows(*key, question.extra_credit)
        foreign, settled = [], []
        for student, row in rows.items():
            entry, answer = self.current[key].get(student), self.answers.of[key].get(student)
            known = entry.mark if entry is not None else None
            if row.score is None:
                if known is not None:
                    foreign.append(self.plan(key, student, entry, None))
            elif entry is None or known is None or row.comment != entry.text or not same_score(row.score, entry.score):
                mark = as_given_elsewhere(row.score, row.comment, rubric, question.points)
                one = self.plan(key, student, entry, replace(mark, again=row.waiting))
                foreign.append(replace(one, score=row.score, text=row.comment))
            elif row.waiting and not known.again and answer is not None and answer.digest == entry.digest:
                settled.append(row)
        self.books.settle(settled)
        if foreign:
            self.books.write(foreign, rows, OTHER, ELSEWHERE, new_step())
            self.catch_up()
        return rows

    def keep_in_step(self) -> None:
        """As `in_step`, for all questions."""
        self.catch_up()
        for key in self.questions:
            self.in_step(key)

    def asked_by(self, key: Key, student: str, before: int | None = None) -> list[str]:
        """What a student asked about an answer, up to an entry of the history, or up to now."""
        return [
            entry.note
            for entry in self.log[key]
            if entry.why == REQUEST and entry.student == student and (before is None or entry.number < before)
        ]

    def is_open(self, key: Key, student: str, note: str) -> bool:
        """Has nobody decided about an answer since its student asked this?"""
        entry = self.current[key].get(student)
        return entry is not None and entry.why == REQUEST and note in self.asked_by(key, student)

    # --- what markers decide ------------------------------------------------------------------------------------------

    def plan(self, key: Key, student: str, seen: MarkEntry | None, mark: Decision | None, note: str = "") -> Planned:
        """The entry that gives an answer a mark, upon the one that was seen."""
        question, rubric = self.questions[key].question, self.rubric_of(key)
        answer = self.answers.of[key].get(student)
        mark = None if mark is None else known_only(mark, rubric)
        return Planned(
            *key,
            student,
            seen=seen.version if seen else 0,
            mark=mark,
            score=None if mark is None else score_of(mark, rubric, question.points),
            text="" if mark is None else with_requests(comment_of(mark, rubric), self.asked_by(key, student)),
            digest=answer.digest if answer else "",
            extra_credit=question.extra_credit,
            note=note,
        )

    def mark(self, key: Key, seen: Mapping[str, int], mark: Decision, who: str) -> Plain:
        """Give answers a mark.

        Args:
            seen: token -> the version that the marker saw.

        Raises:
            CourseError: the mark names an item that the rubric does not have, or an answer is not known.
        """
        self.catch_up(answers=False)
        known = {item.id for item in self.rubric_of(key).item}
        if unknown := [item for item in mark.items if item not in known]:
            raise CourseError(f"the rubric has no item {unknown[0]} any more. Reload the page.")
        if len(mark.comment) > MAX_COMMENT:
            raise CourseError(f"the comment has {len(mark.comment)} characters; {MAX_COMMENT} are the most.")
        ordered = tuple(item.id for item in self.rubric_of(key).item if item.id in mark.items)
        students = self.students(key, list(seen))
        planned = [
            replace(self.plan(key, student, None, replace(mark, items=ordered)), seen=version)
            for student, version in zip(students, seen.values(), strict=True)
        ]
        return self.written(key, planned, who, MARKED)

    def undo(self, key: Key, who: str) -> Plain:
        """Take this marker's last decision back, where nobody has decided since."""
        self.catch_up(answers=False)
        step = last_step(self.log[key], who)
        if not step:
            raise CourseError("there is nothing of yours to take back in this question.")
        marks = before_step(self.log[key], step)
        planned = []
        for entry in step:
            seen = self.current[key][entry.student] if entry.student in marks else entry
            planned.append(self.plan(key, entry.student, seen, marks.get(entry.student), step[0].step))
        return self.written(key, planned, who, UNDONE)

    def written(self, key: Key, planned: Sequence[Planned], who: str, why: str) -> Plain:
        """Write entries; what the page has to know: the answers as they are now, and the conflicts."""
        rows = self.books.rows(*key, self.questions[key].question.extra_credit)
        if missing := [one.student for one in planned if one.student not in rows]:
            raise CourseError(
                f"the gradebook does not know {missing[0]}'s answer. Grade first:  autograder grade "
                f"{self.assignment.name} --student {missing[0]}"
            )
        entries, conflicts = self.books.write(planned, rows, who, why, new_step())
        self.catch_up(answers=False)
        settings = self.rubric()
        order = {student: at for at, student in enumerate(sorted(self.answers.of[key], key=self.token), start=1)}
        touched = {entry.student for entry in entries} | {conflict.student for conflict in conflicts}
        return {
            "answers": {
                self.token(student): self.plain_answer(key, student, rows.get(student), settings.hide_names, order)
                for student in touched
                if student in self.answers.of[key]
            },
            "conflicts": [self.plain_conflict(key, conflict) for conflict in conflicts],
            "comments": comments_used(self.current[key].values())[:MAX_COMMENTS],
            "undo": bool(last_step(self.log[key], who)),
        }

    def plain_conflict(self, key: Key, conflict: Conflict) -> Plain:
        """Both decisions, side by side."""
        question, rubric = self.questions[key].question, self.rubric_of(key)
        yours, theirs = conflict.yours, conflict.theirs
        return {
            "answer": self.token(conflict.student),
            "yours": None
            if yours is None
            else {"score": score_of(yours, rubric, question.points), "text": comment_of(yours, rubric)},
            "theirs": {"score": theirs.score, "text": theirs.text, "who": theirs.who, "at": theirs.at},
        }

    def change_rubric(self, key: Key, given: QuestionRubric, who: str, apply: bool, seen: Plain | None = None) -> Plain:
        """Change a question's rubric, or only say what that would do.

        Args:
            given: the new rubric; items without an id that is known get a new one.
            apply: write it.
            seen: the rubric that the marker changed, as `plain_rubric` gave it; another marker's change since is a
                conflict.

        Raises:
            CourseError: it cannot be written, or somebody else changed it meanwhile.
        """
        self.course.work.mkdir(exist_ok=True)
        with FileLock(self.course.work / f"{self.assignment.name}-rubric.lock"):
            self.catch_up()
            before = self.rubric_of(key)
            if seen is not None and seen != self.plain_rubric(key):
                raise CourseError("somebody else changed this rubric meanwhile. Reload the page, and change it again.")
            after = self.with_ids(key, given)
            points = self.questions[key].question.points
            touched, moves = touched_by(before, after, self.current[key].values(), points)
            names = self.rubric().hide_names
            order = {one: at for at, one in enumerate(sorted(self.answers.of[key], key=self.token), start=1)}
            told = {
                "touched": len(touched),
                "moves": [
                    {
                        "name": f"Answer {order.get(move.student, '?')}"
                        if names
                        else self.names.get(move.student) or move.student,
                        "before": move.before,
                        "after": move.after,
                    }
                    for move in moves
                ],
            }
            if not apply:
                return told
            write_rubric(self.assignment.folder, self.rubric().having(key, after))
            planned = [self.plan(key, entry.student, entry, mark) for entry, mark in touched]
            planned = [
                replace(one, digest=entry.digest) for one, (entry, _) in zip(planned, touched, strict=True)
            ]  # a rubric's change says nothing of an answer that was changed since
            return told | self.written(key, planned, who, RUBRIC) | {"rubric": self.plain_rubric(key)}

    def outdated(self, key: Key) -> list[tuple[MarkEntry, Decision]]:
        """The marks that rubric.toml, changed by other means than the page, gives another score or comment."""
        rubric, points = self.rubric_of(key), self.questions[key].question.points
        found = []
        for entry in self.current[key].values():
            if entry.mark is None or not entry.mark.items:
                continue
            mark = known_only(entry.mark, rubric)
            text = with_requests(comment_of(mark, rubric), self.asked_by(key, entry.student, entry.number))
            if text != entry.text or not same_score(score_of(mark, rubric, points), entry.score):
                found.append((entry, mark))
        return found

    def renewed_scores(self, key: Key) -> list[tuple[MarkEntry, float]]:
        """The outdated marks of a question, each with the score that it has when it is renewed."""
        rubric, points = self.rubric_of(key), self.questions[key].question.points
        return [(entry, score_of(mark, rubric, points)) for entry, mark in self.outdated(key)]

    def renew(self, key: Key, who: str, students: Sequence[str] | None = None, why: str = "") -> Plain:
        """Give the marks of a question the scores that rubric.toml gives them now.

        Args:
            students: whose; default: everybody's.
            why: for the history.
        """
        self.catch_up()
        found = [one for one in self.outdated(key) if students is None or one[0].student in students]
        planned = [replace(self.plan(key, e.student, e, mark, why), digest=e.digest) for e, mark in found]
        return self.written(key, planned, who, RUBRIC)

    def with_ids(self, key: Key, given: QuestionRubric) -> QuestionRubric:
        """The rubric with an id for each item that has none yet."""
        used = {item for entry in self.log[key] if entry.mark for item in entry.mark.items}
        taken = [*used, *(item.id for item in self.rubric_of(key).item), *(item.id for item in given.item)]
        items: list[RubricItem] = []
        for item in given.item:
            if item.id == NEW:
                item = item.model_copy(update={"id": new_id(taken)})
                taken.append(item.id)
            items.append(item)
        return given.model_copy(update={"item": tuple(items)})

    def change_settings(self, changes: Plain) -> Plain:
        """Change whether names are hidden and how answers are handed out."""
        given = {name: changes[name] for name in ("hide_names", "hand_out", "markers") if name in changes}
        changed = RubricToml.model_validate(self.rubric().model_dump(exclude_unset=True) | given)
        write_rubric(self.assignment.folder, changed)
        return self.settings()

    def settings(self) -> Plain:
        """Are names hidden, and how are answers handed out?"""
        return self.rubric().model_dump(include={"hide_names", "hand_out", "markers"})

    def hold(self, key: Key, tokens: Sequence[str], who: str) -> Plain:
        """Keep answers for this marker while they are open on the page; who holds the others."""
        now = datetime.now(UTC)
        self.books.hold(*key, self.students(key, tokens), who, now)
        held = self.books.held(*key, now)
        return {"open": {self.token(student): name for student, name in held.items() if name != who}}

    def request(self, key: Key, student: str, note: str) -> bool:
        """Put a student's question about a mark beside the answer, to be looked at again; False if it is there already.

        Raises:
            CourseError: there is no such answer.
        """
        self.catch_up()
        rows = self.in_step(key)
        if student not in self.answers.of[key] or student not in rows:
            raise CourseError(f"{student} has no answer to {':'.join(key)} that is graded.")
        if any(entry.why == REQUEST and entry.student == student and entry.note == note for entry in self.log[key]):
            return False
        entry = self.current[key].get(student)
        mark = replace(entry.mark, again=True) if entry and entry.mark else None
        self.books.write([self.plan(key, student, entry, mark, note)], rows, student, REQUEST, new_step())
        self.catch_up()
        return True


def same_score(one: float | None, other: float | None) -> bool:
    return one == other or (one is not None and other is not None and abs(one - other) < 1e-9)


NEW = "new"
"""The id of an item that was just written on the page."""


def nothing_written(question: AskedQuestion) -> list[str]:
    """Texts that count as no answer."""
    from autograder.mark.answers import written

    return [text for text in (written(question.released, ""), question.released) if text.strip()]


def new_step() -> str:
    return secrets.token_hex(8)
