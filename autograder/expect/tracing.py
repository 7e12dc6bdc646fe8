"""Records the steps of a run: what the lines of students' functions give to names, call by call (`steps`).

In a student's process it may be tampered with like all that runs there.
"""

import ast
import linecache
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

import numpy as np

from autograder.expect.lines_of_code import Code, Storing, codes_of
from autograder.expect.steps import (
    LABEL,
    MOST_CALLS,
    MOST_LOADS,
    MOST_OTHERS,
    MOST_STEPS,
    CallRun,
    RunStep,
    StepRun,
    ValueMark,
    mark_of,
)
from autograder.regions import BANNER
from autograder.syntax import parse_python

SECONDS = 1.0  # of a processor
VISITS = 30  # of a line in one call; then only what it leaves behind
MANY_STEPS, FEWER_VISITS = 200, 4  # once a call has so many steps, so many visits of each further line
MOST_OF_ONE = 8  # calls of one function
MOST_EVENTS = 30_000  # lines that one call may run and be looked at
MOST_ATTRIBUTES = 12
FOREIGN = {"numpy", "torch", "tensorflow", "keras", "jax", "pandas", "matplotlib", "random"}
SEEN = "__seen_on_the_way__"
FIRST = 3  # entries, rows and columns of an array that are values on the way as well


class TookTooLong(BaseException):
    """Raised in code that is traced, where it is to stop when it takes long."""


@dataclass
class _Open:
    """A call that is under way."""

    number: int
    run: CallRun
    code: Code
    steps: list[RunStep] = field(default_factory=list)
    last: dict[str, ValueMark | None] = field(default_factory=dict)
    visits: dict[tuple[int, str], int] = field(default_factory=dict)
    dirty: dict[str, Storing] = field(default_factory=dict)
    others: dict[ValueMark, None] = field(default_factory=dict)
    parts: dict[ValueMark, None] = field(default_factory=dict)
    before: Storing | None = None
    events: int = 0
    written: frozenset[int] = frozenset()
    raised: bool = False
    given: dict[str, tuple[Any, ValueMark | None]] = field(default_factory=dict)


class Tracer:
    """Looks at calls of the functions for which `place_of(code)` names where they are written.

    Attributes:
        texts: the texts of code whose lines nobody else can tell, by file name.
        late: was it stopped since it took too long?
    """

    def __init__(
        self,
        place_of: Callable[[CodeType], str | None],
        texts: dict[str, str] | None = None,
        seconds: float = SECONDS,
        stops: bool = False,
    ) -> None:
        """`stops`: raise TookTooLong in what runs once the time is over."""
        self.stops = stops
        self.all_calls = 0
        self.place_of = place_of
        self.texts = {} if texts is None else texts
        self.seconds = seconds
        self.known: dict[CodeType, tuple[str, Code] | None] = {}
        self.files: dict[str, dict[tuple[str, int], Code]] = {}
        self.counts: dict[CodeType, int] = {}
        self.done: dict[int, CallRun] = {}
        self.open: list[_Open] = []
        self.begun = 0
        self.others = 0
        self.late = False
        self.until = 0.0

    @contextmanager
    def tracing(self) -> Iterator["Tracer"]:
        self.until = time.process_time() + self.seconds
        before = sys.gettrace()
        sys.settrace(self.on_call)
        try:
            yield self
        finally:
            sys.settrace(before)

    def run(self) -> StepRun:
        """What was recorded."""
        nothing = CallRun("", "", 0, 0)
        return StepRun(tuple(self.done.get(number, nothing) for number in range(self.begun)))

    # --- Python calls these -------------------------------------------------------------------------------------------

    def on_call(self, frame: FrameType, event: str, _: Any) -> Callable | None:
        code = frame.f_code
        self.all_calls += 1
        if self.all_calls % 256 == 0 and self.too_late():
            return None
        if code not in self.known:
            self.known[code] = self.find(code)
        found = self.known[code]
        if found is None or self.late or self.begun >= MOST_CALLS or self.counts.get(code, 0) >= MOST_OF_ONE:
            return None
        self.counts[code] = self.counts.get(code, 0) + 1
        where, text = found
        above = self.open[-1] if self.open else None
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount][:MOST_LOADS]
        values = {name: frame.f_locals.get(name) for name in names if len(name) <= 40}
        marks = {name: None if is_free(value) else self.mark(value) for name, value in values.items()}
        for name in [name for name in values if marks[name] is None]:
            marks |= {f"{name}.{key}": self.mark(one) for key, one in attributes_of(values[name])}
        arguments = tuple((name, marks[name]) for name in list(marks)[:MOST_LOADS])
        name = "" if code.co_name == "<module>" else code.co_qualname.replace(".<locals>", "")[-60:]
        caller, at = (above.number, above.before.line if above.before else 0) if above else (-1, 0)
        call = CallRun(name, where, text.first, text.last, caller, at, arguments)
        state = _Open(self.begun, call, text, last={name: mark for name, mark in arguments if mark is not None})
        state.given = {name: (one, self.mark(one)) for name, one in values.items() if may_change(one)}
        state.written = self.written(code.co_filename, text)
        self.begun += 1
        self.open.append(state)

        def local(frame: FrameType, event: str, given: Any) -> Callable | None:
            if event == "line":
                self.on_line(frame, state)
            elif event == "return":
                self.on_return(frame, state, given)
            elif event == "exception":
                state.raised = True
            return None if self.late else local

        return local

    def on_line(self, frame: FrameType, state: _Open) -> None:
        state.raised = False
        state.events += 1
        here = state.code.lines.get(frame.f_lineno)
        if state.events > MOST_EVENTS:
            frame.f_trace_lines = False
            if state.before is not None:
                state.dirty |= dict.fromkeys(state.before.stores, state.before)
        self.finish(frame, state, here)
        state.before = here

    def finish(self, frame: FrameType, state: _Open, here: Storing | None) -> None:
        """The statement before has ended; `here` is the next."""
        before = state.before
        if before is not None:
            for label in before.stores:
                if label in state.dirty and state.dirty[label] is not before:
                    del state.dirty[label]
                visits = state.visits.get((before.line, label), 0)
                if visits < (VISITS if len(state.steps) < MANY_STEPS else FEWER_VISITS):
                    state.visits[before.line, label] = visits + 1
                    self.step(frame, state, before, label)
                else:
                    state.dirty[label] = before
        loops = here.loops if here is not None else ()
        for label, statement in list(state.dirty.items()):
            if not statement.loops or statement.loops[-1] not in loops:
                del state.dirty[label]
                self.step(frame, state, statement, label, skipped=True)

    def step(self, frame: FrameType, state: _Open, statement: Storing, label: str, skipped: bool = False) -> None:
        if len(state.steps) >= MOST_STEPS or self.too_late():
            return
        found, value = value_at(frame, label)
        if not found:
            return
        mark = self.mark(value)
        if label in state.last and mark is not None and state.last[label] == mark:
            return
        state.last[label] = mark
        loop = statement.loops[-1] if statement.loops else 0
        loads, takes = statement.stores.get(label, ()), label in statement.takes
        where = loop, statement.test
        given = bool(state.written) and statement.line not in state.written
        state.steps.append(RunStep(statement.line, label, loads, mark, takes, *where, skipped, statement.tests, given))

    def on_return(self, frame: FrameType, state: _Open, given: Any) -> None:
        before, ended = state.before, not (state.raised and given is None)
        self.finish(frame, state, None)
        items: list[tuple[str, ValueMark | None]] = []
        if ended and before is not None and before.items:
            several = len(before.items) > 1 and type(given) is tuple and len(given) == len(before.items)
            values = given if several else (given,)
            labels = before.items if len(values) == len(before.items) else ("",) * len(values)
            for label, value in zip(labels, values, strict=True):
                items.append((label, None if len(values) > 1 and is_free(value) else self.mark(value)))
        elif ended and given is not None:
            values = given if type(given) is tuple else (given,)
            items = [("", None if len(values) > 1 and is_free(value) else self.mark(value)) for value in values]
        if state in self.open:
            del self.open[self.open.index(state) :]
        changed = tuple(
            name for name, (one, mark) in state.given.items() if mark is not None and self.mark(one) != mark
        )
        if self.late:
            return
        run = state.run
        self.done[state.number] = CallRun(
            run.function, run.where, run.first, run.last, run.caller, run.at, run.arguments, tuple(state.steps),
            tuple(items[:MOST_LOADS]), tuple(state.others), tuple(state.parts), before.line if before else 0, ended,
            before.needs if before else (), before.test if before else 0, state.code.loops[:MOST_LOADS], changed,
        )  # fmt: skip

    # --- values -------------------------------------------------------------------------------------------------------

    def mark(self, value: Any) -> ValueMark | None:
        before = sys.gettrace()
        sys.settrace(None)
        try:
            return mark_of(value)
        finally:
            sys.settrace(before)

    def seen(self, value: Any) -> Any:
        """A value on the way, handed through; code made by `on_the_way` calls this."""
        if self.open and self.others < 4 * MOST_OTHERS and not self.too_late():
            state = self.open[-1]
            for part in (value, *parts_of(value)):
                mark = self.mark(part) if len(state.others) + len(state.parts) < MOST_OTHERS else None
                if mark is not None and mark.tells:
                    (state.others if part is value else state.parts)[mark] = None
                    self.others += 1
        return value

    def too_late(self) -> bool:
        if not self.late and time.process_time() > self.until:
            self.late = True
            sys.settrace(None)
            if self.stops:
                raise TookTooLong
        return self.late

    # --- code ---------------------------------------------------------------------------------------------------------

    def written(self, name: str, code: Code) -> frozenset[int]:
        """The lines of a function between banners; none where it has no banners."""
        lines = (self.texts.get(name) or "".join(linecache.getlines(name))).splitlines()
        found: set[int] = set()
        inside = False
        for number in range(code.first, min(code.last, len(lines)) + 1):
            banner = BANNER.match(lines[number - 1])
            inside = banner["which"].upper() == "START" if banner else inside
            if inside:
                found.add(number)
        return frozenset(found)

    def find(self, code: CodeType) -> tuple[str, Code] | None:
        """Where code is written, and its lines; None where it is not to be looked at."""
        if code.co_name.startswith("<") and code.co_name != "<module>":
            return None
        where = self.place_of(code)
        if where is None:
            return None
        name = code.co_filename
        if name not in self.files:
            text = self.texts.get(name) or "".join(linecache.getlines(name))
            try:
                self.files[name] = codes_of(parse_python(text))
            except (SyntaxError, ValueError, RecursionError):
                self.files[name] = {}
        key = (code.co_name, 1 if code.co_name == "<module>" else code.co_firstlineno)
        found = self.files[name].get(key)
        return (where, found) if found else None


def attributes_of(value: Any) -> list[tuple[str, Any]]:
    """The attributes of an object of a student's class, which say what it is in when a method begins."""
    kind = type(value)
    if kind.__module__ == "builtins" or kind.__module__.partition(".")[0] in FOREIGN or isinstance(value, type):
        return []
    try:
        inside = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return []
    return [(key, one) for key, one in inside.items() if LABEL.fullmatch(f"x.{key}")][:MOST_ATTRIBUTES]


def is_free(value: Any) -> bool:
    """May it be put together as its author likes: a cache, a dict with some more in it?"""
    return type(value) in (tuple, dict) or (type(value) is list and any(type(one) is not float for one in value))


def may_change(value: Any) -> bool:
    """May a function change it in place, so that who called it sees that?"""
    kind = type(value)
    return kind in (list, dict, set, np.ndarray) or kind.__module__.partition(".")[0] == "pandas"


def parts_of(value: Any) -> Iterator[Any]:
    """The first entries, rows and columns of an array: who uses loops has them one by one."""
    if type(value) is np.ndarray and value.dtype.kind in "fiu" and value.size > 1:
        if value.ndim > 1:
            yield from value[:FIRST]
            yield from (value[:, number] for number in range(min(FIRST, value.shape[1])))
            yield from value.reshape(-1, value.shape[-1])[0][:FIRST]
        elif value.ndim:
            yield from value[:FIRST]
    elif type(value) in (list, tuple):
        yield from value[:FIRST]


def value_at(frame: FrameType, label: str) -> tuple[bool, Any]:
    """What a label stands for in a frame, and whether it is there."""
    node = ast.parse(label, mode="eval").body
    path: list[ast.AST] = []
    while not isinstance(node, ast.Name):
        assert isinstance(node, ast.Attribute | ast.Subscript)
        path.append(node)
        node = node.value
    if node.id in frame.f_locals:
        value = frame.f_locals[node.id]
    elif node.id in frame.f_globals:
        value = frame.f_globals[node.id]
    else:
        return False, None
    try:
        for part in reversed(path):
            if isinstance(part, ast.Attribute):
                value = getattr(value, part.attr)
            elif isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Constant):
                value = value[part.slice.value]
    except Exception:  # whatever a student's object does
        return False, None
    return not isinstance(value, type(sys)), value


# --- values on the way ------------------------------------------------------------------------------------------------


class OnTheWay(ast.NodeTransformer):
    """Has every expression hand its value through `Tracer.seen`: trusted code alone is changed so."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.body = [self.visit(one) for one in node.body]
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Attribute):
            node.func.value = self.visit(node.func.value)
        node.args = [self.visit(one) for one in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        return self.seen(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        return self.seen(node)

    visit_UnaryOp = visit_Compare = visit_IfExp = visit_ListComp = visit_DictComp = visit_BinOp  # type: ignore[assignment]

    def visit_match_case(self, node: ast.match_case) -> ast.AST:
        node.body = [self.visit(one) for one in node.body]
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        return self.seen(node) if isinstance(node.ctx, ast.Load) else node

    def seen(self, node: ast.expr) -> ast.AST:
        call = ast.Call(ast.Name(SEEN, ast.Load()), [node], [])
        return ast.copy_location(call, node)


def on_the_way(tree: ast.Module) -> ast.Module:
    """The code with its values on the way handed through."""
    changed = OnTheWay().visit(tree)
    return ast.fix_missing_locations(changed)
