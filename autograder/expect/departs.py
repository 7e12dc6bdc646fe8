"""Where a wrong run departs from a right one: the first value in a student's function that the solution never has.

The steps of both are held against each other (`steps`). What is said is the narrowest that is true: a line, a few
lines, or nothing. It never tells a value, nor a line of the solution.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from copy import copy
from dataclasses import dataclass
from enum import Enum, auto

from autograder.expect.steps import EXACT, SHARP, CallRun, RunStep, StepRun, ValueMark, unnamed

SHORT = 3  # lines that are few in any function
MOST_OF_IT = 0.7  # of a function's lines: more are no place to look at
IN_A_CELL = "cell"
"""How what is said to be written in a cell begins."""
SPEAKING = 3  # letters of a name that hardly stands for anything else in the solution
MOST_LISTED = 3  # names of right values
AT_LEAST = 2  # how much a value has to tell


class Is(Enum):
    """What is known of a value."""

    RIGHT = auto()
    WRONG = auto()
    UNKNOWN = auto()


@dataclass(frozen=True)
class Departure:
    """Where a function goes wrong.

    Attributes:
        first, last: the lines; the same where it is one.
        label: the value that the first of them gives, "" for what is returned.
        right: names of right values before it, and `up_to` the line of the last of them.
        kind: "value"; "from", the value or a line after it; "lines"; "on the way", right but not what is wanted at the
            end; "taken", came in with `source`; "left", what it leaves behind in `label`; "changed", an argument that
            should stay as it is; "ends", comes to its end where the solution stops with an error.
        beside: of one line, what it is made of that may be another value's: names, and the lines that make them.
    """

    call: CallRun
    first: int
    last: int
    label: str
    kind: str
    right: tuple[str, ...] = ()
    up_to: int = 0
    source: str = ""
    beside: tuple[tuple[str, int], ...] = ()


def departure(student: StepRun, solutions: Sequence[StepRun], round_off: float = EXACT) -> Departure | None:
    """Where a student's run departs from a right one; None where that cannot be told.

    Args:
        solutions: right runs of the same check, the solution's first.
        round_off: of the sum of magnitudes, how far marks of the same value are apart.
    """
    if not solutions:
        return None
    pairs = list(pair(student, solutions[0], round_off))
    left = None
    untold: list[CallRun] = []
    for number, beside in sorted(pairs, key=lambda item: ending(student, item[0])):
        call = student.calls[number]
        if any(call.function == inner.function and has_caller(student, inner.caller, number) for inner in untold):
            continue  # what is wrong in it may be the call of itself that it makes
        assessment = Assessment(student, number, solutions[0].calls[beside], beside, solutions, round_off)
        found = assessment.departure(call)
        if found is not None and found.kind != "left":
            return found
        left = left or found
        if found is None and assessment.wrong_outputs(call):
            untold.append(call)
    return left


def ending(run: StepRun, number: int) -> tuple[int, int]:
    """Sorts calls so that each comes after those that it makes."""
    last = number
    for index in range(number + 1, len(run.calls)):
        if has_caller(run, index, number):
            last = index
    return last, -number


def has_caller(run: StepRun, index: int, caller: int) -> bool:
    """Was a call made on behalf of another?"""
    while index > caller:
        index = run.calls[index].caller
    return index == caller


def pair(student: StepRun, solution: StepRun, round_off: float) -> Iterator[tuple[int, int]]:
    """Calls of the student's beside the solution's calls of the same function with the same arguments, in order."""
    used: set[int] = set()
    name = unnamed if solution.without_names else str
    for number, call in enumerate(student.calls):
        function = name(call.function)
        free = [(index, other) for index, other in enumerate(solution.calls) if index not in used and other.where]
        same = [index for index, other in free if (other.function, other.where) == (function, call.where)]
        short = function.rpartition(".")[2]  # a function inside of another may stand beside it
        same = same or [index for index, other in free if short and other.function.rpartition(".")[2] == short]
        fitting = [index for index in same if same_arguments(call, solution.calls[index], round_off, name)]
        if fitting:
            used.add(fitting[0])
            yield number, fitting[0]


def same_arguments(call: CallRun, other: CallRun, round_off: float, name: Callable[[str], str]) -> bool:
    """Have both calls the same arguments, as far as these are known? `name`: what a name is in the other run."""
    there = dict(other.arguments)
    for argument, mark in call.arguments:
        wanted = there.get(name(argument))
        if mark is not None and wanted is not None and not mark.equals(wanted, round_off):
            return False
    return True


class Assessment:
    """One call of the student's beside the solution's call of the same function with the same arguments."""

    def __init__(
        self,
        student: StepRun,
        number: int,
        other: CallRun,
        beside: int,
        solutions: Sequence[StepRun],
        round_off: float,
    ) -> None:
        self.student = student
        self.number = number
        self.other = other
        self.round_off = round_off
        self.name = unnamed if solutions[0].without_names else str
        self.solution_calls = solutions[0].calls
        self.arguments = dict(student.calls[number].arguments)
        self.known: dict[int, list[ValueMark]] = {}
        self.parts: list[ValueMark] = []
        self.labelled: dict[str, list[ValueMark]] = {}
        for place, solution in enumerate(solutions):
            paired = beside if place == 0 else self.twin(solution, other, solutions[0], beside)
            if paired is not None:
                self.learn(solution, paired)
        for step in other.steps:
            if step.mark is not None:
                self.labelled.setdefault(step.label, []).append(step.mark)
        for label, mark in (*other.items, *((one, mark) for one, mark in other.arguments if is_part(one))):
            if label and mark is not None:
                self.labelled.setdefault(label, []).append(mark)

    def twin(self, solution: StepRun, other: CallRun, first: StepRun, beside: int) -> int | None:
        """The same call in another right run."""
        earlier = sum(call.function == other.function and call.where == other.where for call in first.calls[:beside])
        same = [
            n for n, call in enumerate(solution.calls) if (call.function, call.where) == (other.function, other.where)
        ]
        return same[earlier] if earlier < len(same) else None

    def learn(self, solution: StepRun, number: int) -> None:
        """Take the values of a call, of those that it makes, and of those that made it."""
        for index, call in enumerate(solution.calls):
            if has_caller(solution, index, number) or has_caller(solution, number, index):
                self.parts += call.parts
                for mark in marks_of(call):
                    self.known.setdefault(mark.outline, []).append(mark)

    def has(self, mark: ValueMark) -> bool:
        return any(mark.equals(one, self.round_off) for one in self.known.get(mark.outline, ()))

    def state_of(self, step: RunStep) -> Is:
        """What is known of one value of the student's."""
        mark = step.mark
        if mark is None:
            return Is.UNKNOWN
        if mark.tells >= AT_LEAST:
            given = step.takes and all(self.arguments.get(label) is not None for label in step.loads)
            right = self.has(mark) or (step.loop and any(mark.equals(one, self.round_off) for one in self.parts))
            return Is.RIGHT if right else Is.UNKNOWN if given else Is.WRONG
        if not mark.tells or not self.knows(step.label):
            return Is.UNKNOWN
        return Is.RIGHT if self.is_labelled(step) else Is.WRONG

    def states_of(self, call: CallRun, graph: "Graph") -> list[Is]:
        """What is known of each value; what is given, or taken out of something right, is not called wrong."""
        states = [self.state_of(step) for step in call.steps]
        for number, step in enumerate(call.steps):
            made_of = graph.data[number]
            wrong = [one for one in made_of if states[one] is Is.WRONG]
            if states[number] is Is.WRONG and not wrong and (step.given or (step.takes and made_of)):
                states[number] = Is.UNKNOWN
        return states

    def knows(self, label: str) -> bool:
        """Has the solution a value under this name?"""
        return self.name(label) in self.labelled

    def values_of(self, label: str) -> Sequence[ValueMark]:
        """The solution's values under a name."""
        return self.labelled.get(self.name(label), ())

    def is_labelled(self, step: RunStep) -> bool:
        """Has the solution this value under this name?"""
        mark = step.mark
        return mark is not None and any(mark.equals(one, self.round_off) for one in self.values_of(step.label))

    # --- what is wrong in the end -------------------------------------------------------------------------------------

    def wrong_outputs(self, call: CallRun) -> list[str]:
        """The labels of what is wrong in what a call gives back, or leaves behind; "" for a result without a name."""
        if not call.ended or not self.other.ended:
            return []  # an error says itself where it was raised
        found: list[str] = []
        if len(call.items) == len(self.other.items):
            for (label, mark), (_, wanted) in zip(call.items, self.other.items, strict=True):
                if mark is not None and wanted is not None and not mark.equals(wanted, self.round_off):
                    found.append(label)
        elif call.items or self.other.items:
            found.append("")
        outside = {base_of(name) for name, _ in call.arguments} if call.function else None
        own = {label for label, mark in call.items if label and mark is None}
        last = {step.label: step.mark for step in call.steps}
        wanted_last = {label: mark for label, mark in self.other.arguments if is_part(label)}
        wanted_last |= {step.label: step.mark for step in self.other.steps}
        for label, mark in last.items():
            there = wanted_last.get(self.name(label))
            kept = outside is None or base_of(label) in own or (is_part(label) and base_of(label) in outside)
            if kept and mark is not None and there is not None and not mark.equals(there, self.round_off):
                found.append(label)
        return list(dict.fromkeys(found))

    def left_out(self, call: CallRun) -> str:
        """The argument, a dict, in which the solution leaves something that the student's call does not; or ""."""
        stored = {self.name(step.label) for step in call.steps}
        bases = {label for label in stored if not is_part(label)}
        outside = {self.name(name): name for name, _ in call.arguments if self.name(name) not in bases}
        for step in self.other.steps:
            base = base_of(step.label)
            if step.label.startswith((f"{base}['", f"{base}.")) and base in outside and step.label not in stored:
                return outside[base]
        return ""

    # --- where it begins ----------------------------------------------------------------------------------------------

    def departure(self, call: CallRun) -> Departure | None:
        if call.ended and not self.other.ended:
            return Departure(call, call.first, call.last, "", "ends")
        outputs = self.wrong_outputs(call)
        may = self.other.changed if call.function else None
        if not outputs and may is not None and (changed := [x for x in call.changed or () if self.name(x) not in may]):
            lines = [step.line for step in call.steps if base_of(step.label) == changed[0]]
            return Departure(call, lines[0], lines[0], changed[0], "changed") if lines else None
        if not outputs:
            missing = self.left_out(call) if call.function else ""
            return Departure(call, 0, 0, missing, "left") if missing else None
        graph = Graph(call.steps)
        states = self.states_of(call, graph)
        ends = {label: self.producer(call, graph, label) for label in outputs}
        relevant = graph.above([number for some in ends.values() for number in some])
        redeemed = graph.redeemed(states, {number for some in ends.values() for number in some})
        wrong = [n for n in range(len(states)) if states[n] is Is.WRONG and n in relevant and n not in redeemed]
        roots = [n for n in wrong if not any(m in wrong for m in graph.inputs[n])]
        if not roots:
            return self.without_root(call, graph, states, ends)
        first = roots[0]
        step = call.steps[first]
        if step.takes:
            made = {one.label for one in call.steps}
            source = next((label for label in step.loads if label in dict(call.arguments) and label not in made), "")
            return Departure(call, step.line, step.line, step.label, "taken", source=source) if source else None
        if (inside := self.inside(step.line)) is not None:
            return inside
        doubtful = {step.line, *self.doubtful(call, states, graph, first)}
        last = max(self.last_line(call, states, graph, roots, wrong, outputs), *doubtful)
        most = max(SHORT, MOST_OF_IT * (call.last - call.first + 1))
        begin = min(doubtful)
        misnamed = min([begin, *self.misnamed(call, graph, first)])
        begin = misnamed if last - misnamed < most else begin
        rights = self.rights(call, states, first, begin)
        beside = tuple(self.unconfirmed(call, graph, states, first, begin))
        sure = tuple(name for name in rights[0] if name not in dict(beside))
        kind = "value" if last == begin else "from" if begin == step.line else "lines"
        if last - begin < most or (kind == "from" and (begin > call.steps[0].line or self.is_like(step))):
            return Departure(call, begin, last, step.label, kind, sure, rights[1], beside=beside)
        return None

    def own_helpers(self, line: int) -> list[int]:
        """The calls that a line makes of functions that the solution has not."""
        known = {call.function for call in self.solution_calls}
        return [
            number
            for number, call in enumerate(self.student.calls)
            if call.caller == self.number and call.at == line and call.where and self.name(call.function) not in known
        ]

    def inside(self, line: int) -> Departure | None:
        """Where a function goes wrong that the solution has not, and that a line calls with what is right."""
        for number in self.own_helpers(line):
            call = self.student.calls[number]
            given = [mark for _, mark in call.arguments if mark is not None and mark.tells >= AT_LEAST]
            results = [mark for _, mark in call.items if mark is not None and mark.tells >= AT_LEAST]
            if not all(map(self.has, given)) or not results or all(map(self.has, results)):
                continue
            helper = copy(self)
            helper.number, helper.other, helper.labelled = number, CallRun(call.function, call.where, 0, 0), {}
            helper.arguments = dict(call.arguments)
            return helper.departure(call)
        return None

    def unconfirmed(
        self, call: CallRun, graph: "Graph", states: Sequence[Is], number: int, first: int
    ) -> list[tuple[str, int]]:
        """What a step is made of above the line `first`, and may be wrong after all.

        The solution has it, but not under that name: the value may be another one's; or the line that uses it was right
        in an earlier round; or something is added to it round by round, and it is not known with what that begins.
        """
        found = {}
        root, rounds = call.steps[number], self.rounds(call, states, number)
        for before in graph.inputs[number]:
            step = call.steps[before]
            known = step.mark is None or step.mark.tells < AT_LEAST or self.is_labelled(step)
            own = not step.takes or step.loop == step.line
            if (not known or (rounds and step.loop == root.loop and not step.takes)) and own and step.line != root.line:
                found[step.label] = step.line
        changing = {step.label for step in call.steps if root.loop and step.loop == root.loop and not step.takes}
        for label in changing & {*root.loads, root.label}:
            begins = [n for n in graph.above([number]) if call.steps[n].label == label and not call.steps[n].loop]
            if begins and not self.begins_so(call.steps[max(begins)]):
                found[label] = call.steps[max(begins)].line
        return sorted((one for one in found.items() if one[1] < first), key=lambda item: -item[1])[:MOST_LISTED]

    def producer(self, call: CallRun, graph: "Graph", label: str) -> list[int]:
        """The steps that an output was made by last."""
        if label:
            found = graph.latest(len(call.steps), label)
            if found:
                return found
        return sorted({one for need in call.needs for one in graph.latest(len(call.steps), need)})

    def without_root(
        self, call: CallRun, graph: "Graph", states: Sequence[Is], ends: Mapping[str, list[int]]
    ) -> Departure | None:
        """All that was made on the way is right, or cannot be told; what is wrong is what is made of it last."""
        for label, made_by in sorted(ends.items(), key=lambda end: not end[0]):
            for last in made_by[-1:] if label else [n for n in made_by if self.is_overtaken(call.steps[n])]:
                step = call.steps[last]
                mark = dict(call.items).get(label, step.mark) if label else step.mark
                if step.mark is None or mark is None or not step.mark.equals(mark):
                    continue
                if states[last] is not Is.RIGHT and not self.is_labelled(step):
                    lines = [step.line, *self.doubtful(call, states, graph, last)]
                    return self.between(call, graph, states, last, lines)
                while call.steps[last].takes and (above := graph.inputs[last]):
                    last = above[-1]
                step = call.steps[last]
                return Departure(call, step.line, step.line, step.label, "on the way")
        if (helped := self.inside(call.returns)) is not None or self.own_helpers(call.returns):
            return helped
        made_by = [n for label, some in ends.items() if not label or not some for n in some]
        if not call.items or all(label and some for label, some in ends.items()):
            return None
        small = [call.steps[n] for n in made_by if self.is_small(call.steps[n], states[n])]
        doubtful = [line for line in (call.test, *(line for one in small for line in (one.line, one.test))) if line]
        wrong = [mark for name, mark in call.items if mark is not None]
        if not doubtful and any(mark.tells >= AT_LEAST and self.has(mark) for mark in wrong):
            return Departure(call, call.returns, call.returns, "", "on the way")
        return self.between(call, graph, states, None, [call.returns, *doubtful])

    def between(
        self, call: CallRun, graph: "Graph", states: Sequence[Is], number: int | None, lines: Sequence[int]
    ) -> Departure | None:
        """What is wrong (a step, or the result without a name) is made in these lines, where they are few."""
        first, last = min(lines), max(lines)
        if last - first >= max(SHORT, MOST_OF_IT * (call.last - call.first + 1)):
            return None
        label = "" if number is None else call.steps[number].label
        beside = () if number is None else tuple(self.unconfirmed(call, graph, states, number, first))
        names, line = self.rights(call, states, len(states), first)
        sure = tuple(name for name in names if name not in dict(beside))
        kind = "value" if first == last else "lines"
        return Departure(call, first, last, label, kind, sure, line, beside=beside)

    def rounds(self, call: CallRun, states: Sequence[Is], number: int) -> list[RunStep]:
        """The same step in earlier rounds of its loop, where it was right."""
        root = call.steps[number]
        return [
            step
            for step, state in zip(call.steps[:number], states, strict=False)
            if root.loop and state is Is.RIGHT and (step.line, step.label) == (root.line, root.label)
        ]

    def begins_so(self, step: RunStep) -> bool:
        """Is it the first value that the solution has under this name?"""
        first = self.values_of(step.label)[:1]
        return step.mark is not None and any(step.mark.equals(one, self.round_off) for one in first)

    def is_last(self, step: RunStep) -> bool:
        """Is it the last value that the solution has under this name, or what it gives back?"""
        mark, ends = step.mark, [*self.values_of(step.label)[-1:], *(one for _, one in self.other.items if one)]
        return mark is not None and any(mark.equals(one, self.round_off) for one in ends)

    def is_overtaken(self, step: RunStep) -> bool:
        """Is it what a loop leaves behind, of which the solution goes on to another value?"""
        there = self.values_of(step.label)
        return bool(step.loop and there and step.mark is not None and not step.mark.equals(there[-1], self.round_off))

    def last_line(
        self,
        call: CallRun,
        states: Sequence[Is],
        graph: "Graph",
        roots: Sequence[int],
        wrong: Sequence[int],
        outputs: Sequence[str],
    ) -> int:
        """Up to which line the mistake may be: that of the first wrong value which the solution has under that name.

        Without one, up to the end of what is wrong.
        """
        first = call.steps[roots[0]]
        if (first.label in outputs and self.knows(first.label)) or (
            self.is_like(first) and len(first.label) >= SPEAKING
        ):
            return first.line
        after = [number for number in wrong if number != roots[0] and self.is_like(call.steps[number])]
        below = [number for number in after if roots[0] in graph.above([number])]
        if below:
            return max(first.line, call.steps[below[0]].line)
        if len(wrong) == 1 and not any(first.label in step.loads for step in call.steps[roots[0] + 1 :]):
            return max(first.line, call.returns)
        return max([call.returns, *(call.steps[number].line for number in wrong)])

    def is_like(self, step: RunStep) -> bool:
        """Has the solution another value of the same shape under this name?"""
        mark = step.mark
        return (
            mark is not None
            and mark.tells >= AT_LEAST
            and any(
                mark.outline == one.outline or mark.scale == one.scale == 0  # texts, of which the outline is all
                for one in self.values_of(step.label)
            )
        )

    def doubtful(self, call: CallRun, states: Sequence[Is], graph: "Graph", number: int) -> Iterator[int]:
        """The lines of values that a step is made of and that may be wrong: too small to tell, or right elsewhere."""
        root = call.steps[number]
        if root.test:
            yield root.test
        rounds = self.rounds(call, states, number)
        if rounds and self.is_last(rounds[-1]):  # the loop goes on for too long
            yield from (root.loop, dict(call.loops).get(root.loop, root.line))
        elif not rounds and root.label in root.loads:
            over = [step.mark for step in call.steps[:number] if step.takes and step.line == root.loop and step.mark]
            if root.loop and not (over and over[-1].tells and self.has(over[-1])):
                yield root.loop
        for place in graph.above([number]) if root.skipped else graph.inputs[number]:
            step = call.steps[place]
            if step.mark is None:
                continue
            if step.takes and step.loop == step.line and (step.mark.tells < AT_LEAST or self.has(step.mark)):
                continue
            moving = root.loop and step.loop == root.loop and step.label in step.loads and step.label != root.label
            twice = step.mark.tells >= AT_LEAST and any(
                other.label != step.label
                and other.mark is not None
                and step.mark.equals(other.mark)
                and not other.takes
                for other in call.steps[:place]
            )
            anew = root.loop and step.loop == root.loop and not step.loads and not self.is_labelled(step)
            left = step.loop != root.loop and self.is_overtaken(step)
            if self.is_small(step, states[place]) or moving or twice or step.skipped or left or anew:
                yield step.line
                if step.test:
                    yield step.test
            elif step.takes and step.loop == step.line:
                yield step.line

    def is_small(self, step: RunStep, state: Is) -> bool:
        """Is a value too small to tell, made of others, and not the solution's?"""
        if step.mark is None or state is not Is.UNKNOWN or not step.loads or step.takes or step.given:
            return False
        return not self.is_labelled(step)

    def misnamed(self, call: CallRun, graph: "Graph", number: int) -> Iterator[int]:
        """The lines of values that a step is made of which the solution has, but not under their names."""
        for before in graph.inputs[number]:
            step = call.steps[before]
            if step.mark is not None and step.mark.tells and self.knows(step.label) and not self.is_labelled(step):
                yield step.line

    def rights(self, call: CallRun, states: Sequence[Is], number: int, first: int) -> tuple[tuple[str, ...], int]:
        """The last right values before a step that are made above the line `first`: names, and the line of the last."""
        found = {
            step.label: step.line
            for step, state in zip(call.steps[:number], states, strict=False)
            if state is Is.RIGHT and not step.takes and step.line < first
        }
        wrong = {step.label for step, state in zip(call.steps[:number], states, strict=False) if state is Is.WRONG}
        names = [label for label in found if label not in wrong]
        return tuple(names[-MOST_LISTED:]), max((found[label] for label in names), default=0)


class Graph:
    """Which steps each step was made of."""

    def __init__(self, steps: Sequence[RunStep]) -> None:
        self.steps = steps
        self.data = [self.inputs_of(number, step.loads) for number, step in enumerate(steps)]
        self.inputs = [self.inputs_of(number, (*step.loads, *step.tests)) for number, step in enumerate(steps)]

    def inputs_of(self, number: int, labels: Sequence[str]) -> list[int]:
        return sorted({one for label in labels for one in self.latest(number, label)})

    def latest(self, before: int, label: str) -> list[int]:
        """The steps that gave a label, or its parts, or what it is a part of, the value that it has there."""
        found: dict[str, int] = {}
        for number in range(before - 1, -1, -1):
            other = self.steps[number].label
            if other == label:
                found[other] = number
                break
            if base_of(other) == base_of(label) and (other.startswith(label) or label.startswith(other)):
                found.setdefault(other, number)
                if label.startswith(other):
                    break
        return list(found.values())

    def above(self, numbers: Sequence[int], inputs: Sequence[Sequence[int]] | None = None) -> set[int]:
        """These steps and all that they were made of, or that decided whether they were."""
        inputs = self.inputs if inputs is None else inputs
        seen: set[int] = set()
        todo = list(numbers)
        while todo:
            number = todo.pop()
            if number not in seen:
                seen.add(number)
                todo += inputs[number]
        return seen

    def redeemed(self, states: Sequence[Is], ends: Set[int]) -> set[int]:
        """The steps of which nothing was made but right values, in the end; `ends`: what the outputs are made of."""
        users: dict[int, list[int]] = {}
        for number, made_of in enumerate(self.data):
            for one in made_of:
                users.setdefault(one, []).append(number)
        found: set[int] = set()
        for number in range(len(states) - 1, -1, -1):
            later = users.get(number, [])
            if number not in ends and later and all(n in found or self.is_sharp(n, states[n]) for n in later):
                found.add(number)
        return found

    def is_sharp(self, number: int, state: Is) -> bool:
        """Is a value right, and does it tell of all that it is made of?"""
        step = self.steps[number]
        tells = step.mark is not None and (
            step.mark.tells == SHARP or (step.mark.tells >= AT_LEAST and not step.mark.scale)
        )
        return state is Is.RIGHT and tells and not step.takes


def marks_of(call: CallRun) -> Iterator[ValueMark]:
    for _, mark in (*call.arguments, *call.items):
        if mark is not None:
            yield mark
    for step in call.steps:
        if step.mark is not None:
            yield step.mark
    yield from call.others


def base_of(label: str) -> str:
    return label.partition(".")[0].partition("[")[0]


def is_part(label: str) -> bool:
    return label != base_of(label)


# --- in words ---------------------------------------------------------------------------------------------------------


def in_words(found: Departure) -> str:
    """The sentence of a departure."""
    call = found.call
    whose = f"your `{call.function}`" if call.function else "your code"
    in_file = not call.where.startswith(IN_A_CELL)
    file = f" of `{call.where}`" if in_file else " of its cell" if call.function else " of the cell"
    listed = ", ".join(f"`{name}`" for name in found.right)
    before = (
        f"Up to line {found.up_to} ({listed}), {whose} computes what a right solution computes too; " if listed else ""
    )
    value = f"`{found.label}`" if found.label else "the result"
    parts = ", ".join(f"`{name}` (line {line})" for name, line in found.beside)
    also = f", and at what goes into it: {parts}" if parts else ""
    if found.kind == "value":
        there = f"in line {found.first}{file}"
        return (
            f"{before or f'In {whose}, '}{value} {there} is the first value that is not right. Look there first{also}."
        )
    if found.kind == "from":
        there = f"in line {found.first}{file}"
        whom = "it" if before else "a right solution"
        start = f"{before or f'In {whose}, '}{value} {there} is the first value that {whom} does not have."
        return f"{start} Look there first{also}, then on to line {found.last}."
    if found.kind == "lines":
        there = f"lines {found.first} to {found.last}{file}"
        start = f"{before or f'In {whose}, '}what goes wrong is in {there}"
        return f"{start}, or in what goes into it: {parts}." if parts else f"{start}. Look there first."
    if found.kind == "ends":
        return f"{whose[0].upper()}{whose[1:]} comes to its end where a right solution stops with an error of its own."
    if found.kind == "changed":
        there = f"in line {found.first}{file}"
        return f"{whose[0].upper()}{whose[1:]} changes what it is given as {value}, {there}: work on a copy."
    if found.kind == "on the way":
        there = f"line {found.first}{file}"
        return (
            f"In {whose}, {value} as {there} leaves it is a value that a right solution has on the way, but not the "
            "one that is wanted: something is still to be done, or another value is meant."
        )
    if found.kind == "taken":
        return (
            f"In {whose}, `{found.label}` is already not right where line {found.first}{file} takes it out of "
            f"`{found.source}`: look at what was put there."
        )
    return f"What {whose} leaves in `{found.label}` is not complete: a right solution keeps something more there."


def where_it_departs(student: StepRun, solutions: Sequence[StepRun], round_off: float = EXACT) -> str | None:
    """The sentence about where a run goes wrong; None where that cannot be told."""
    found = departure(student, solutions, round_off)
    return in_words(found) if found is not None else None
