"""Usual mistakes in a solution: its text, changed in one place, with a sentence that says what was changed.

Two sources. An author writes a mistake beside the solution, in its region: the whole code, or what to replace in it:

    #! mistake "the offset is left out":
    #!     y = scale * x
    #! mistake "the offset is added twice":
    #!     + offset => + 2 * offset

or another way to write the solution, whose automatic mistakes are tried too where a value is to be recognised:

    #! another way:
    #!     y = np.multiply(scale, x)
    #!     y += offset

and every region is also changed automatically: operators, axes, terms, factors, arguments, steps that are left out. The
sentences of automatic changes are general, so that none of them tells a line of the solution; they name only what the
released text shows as well (parameters, keys of settings).

Text in, text out: nothing is run here. See Jia & Harman, An Analysis and Survey of the Development of Mutation Testing
(2011), for the idea of single small changes.
"""

import ast
import copy
import itertools
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from autograder.expect import array_rules, data_rules, order_rules, plain_rules
from autograder.expect.changes import (
    NO_NAMES,
    BlockRule,
    Change,
    Rule,
    Scope,
    called,
    is_count,
    is_length,
    is_own,
    is_parameter,
    like,
    minus_one,
    named,
    names_read,
    number,
    of_numpy,
    squared,
    with_name,
)
from autograder.regions import MISTAKE, MISTAKE_LINE, Region, find_regions, without_mistakes

WORD = re.compile(r"[A-Za-z_]\w*")
REPLACED = " =>"
MOST = 1000  # mutants of one region: beyond it, the first ones


@dataclass(frozen=True)
class Mutant:
    """A text with one mistake in it.

    Attributes:
        text: the whole text (of a module or a cell), changed.
        said: what is wrong, as the end of "It is what comes out if …".
        line: the number (from 1) of the line that was changed.
        by_author: was it written by an author, beside the solution?
        two: is it two mistakes at once?
    """

    text: str
    said: str
    line: int
    by_author: bool = False
    two: bool = False


def mutants(text: str, region: Region, wide: bool = False) -> list[Mutant]:
    """The mistakes in one region of a text, as `each_mutant` gives them."""
    return list(each_mutant(text, region, wide))


def each_mutant(text: str, region: Region, wide: bool = False) -> Iterator[Mutant]:
    """The mistakes in one region of a text: the author's first, then the automatic ones, which take longer to make.

    Args:
        text: a module, or a cell in plain Python (IPython's magic lines already turned into calls).
        region: one of `find_regions(text)`.
        wide: also those of which many give what the solution gives: to recognise a value, not to try a check.
    """
    yield from authors_mistakes(text, region)
    yield from itertools.islice(automatic(text, region, wide), MOST)
    for way in other_ways(text, region) if wide else ():
        found = next(one for one in find_regions(way) if one.start == region.start)
        yield from itertools.islice(automatic(way, found, wide), MOST)


def two_mistakes(text: str, region: Region) -> Iterator[Mutant]:
    """Two usual mistakes at once, of each function of a region, the surest first."""
    for tree, function, parts in parts_of_region(text, region):
        scope = scope_of(tree, function, parts, text.split("\n"), region)
        usual: dict[tuple[str, int], tuple[str, Part, ast.AST | None]] = {}
        for part in parts:
            for new, said in often_beside_another(part.node, scope):
                usual.setdefault((said, int((said, 0) in usual)), (said, part, new))
        some = list(usual.values())[:MOST_PAIRED]
        first_line, behind = extent_of(tree, region, text.count("\n") + 1)
        for (one, part, new), (other, place, change) in itertools.combinations(some, 2):
            changed = everywhere(text, [(part, new), (place, change)])
            if changed is not None and fits(changed, first_line, behind):
                yield Mutant(changed, one if one == other else f"{one}, and {other}", part.start[0], two=True)


MOST_PAIRED = 24


# --- an author's ------------------------------------------------------------------------------------------------------


def authors_mistakes(text: str, region: Region) -> list[Mutant]:
    """The mistakes written beside the solution; one whose replacements do not fit is left out (`misfits` names it)."""
    lines = text.split("\n")
    found = []
    for written in written_mistakes(lines, region):
        body = body_with(written, solution_lines(lines, region))
        if body is not None and written.said:
            whole = "\n".join([*lines[: region.start + 1], *indented(body, region.indent), *lines[region.end :]])
            found.append(Mutant(whole, written.said, region.start + 2, by_author=True))
    return found


def other_ways(text: str, region: Region) -> list[str]:
    """The text with each of the other ways that an author wrote beside the solution, in its place."""
    lines = text.split("\n")
    found = []
    for written in written_mistakes(lines, region):
        body = body_with(written, solution_lines(lines, region))
        if body is not None and not written.said:
            task = task_of(lines[region.start + 1 : region.end])
            body = [*indented(task, region.indent), *indented(body, region.indent)]
            found.append("\n".join([*lines[: region.start + 1], *body, *lines[region.end :]]))
    return found


def misfits(text: str, region: Region) -> Iterator[tuple[int, str]]:
    """What is wrong with the mistakes written in a region, as (line from 1, text)."""
    lines = text.split("\n")
    for written in written_mistakes(lines, region):
        solution = solution_lines(lines, region)
        if body_with(written, solution) is None:
            old = next(old for old, _ in written.replacements if old not in "\n".join(solution))
            yield written.line, f"{written.title}: there is no  {old}  in the solution"
        elif not is_python(textwrap.dedent("\n".join(body_with(written, solution) or ["="]))):
            yield written.line, f"{written.title}: with it, the region is not Python"


@dataclass(frozen=True)
class WrittenMistake:
    """A mistake as an author wrote it, from a line (from 1) on: the region's code, or pairs of old and new code.

    `said` is "" for another way to write the solution.
    """

    said: str
    line: int
    code: tuple[str, ...]

    @property
    def title(self) -> str:
        return f'mistake "{self.said}"' if self.said else "another way"

    @property
    def replacements(self) -> list[tuple[str, str]]:
        """What to replace in the solution, each with what; none where the code stands for the whole region."""
        pairs = [line.partition(REPLACED) for line in self.code]
        return [(old.strip(), new.strip()) for old, sign, new in pairs if sign] if all(p[1] for p in pairs) else []


def written_mistakes(lines: Sequence[str], region: Region) -> Iterator[WrittenMistake]:
    number = region.start + 1
    while number < region.end:
        opening = MISTAKE.fullmatch(lines[number])
        number += 1
        if not opening:
            continue
        first, code = number, []
        while number < region.end and not MISTAKE.fullmatch(lines[number]):
            line = MISTAKE_LINE.fullmatch(lines[number])
            if not line:
                break
            code.append(line["indent"] + line["code"])
            number += 1
        yield WrittenMistake(opening["said"] or "", first, tuple(code))


def solution_lines(lines: Sequence[str], region: Region) -> list[str]:
    """The lines of a region, without the mistakes written beside them."""
    return without_mistakes("\n".join(lines[region.start + 1 : region.end])).split("\n")


def body_with(written: WrittenMistake, solution: Sequence[str]) -> list[str] | None:
    """The lines of the region with a mistake; None where what is to be replaced is not there."""
    if not written.replacements:
        return list(written.code)
    text = "\n".join(solution)
    for old, new in written.replacements:
        if old not in text:
            return None
        text = text.replace(old, new)
    return text.split("\n")


def indented(lines: Sequence[str], indent: str) -> list[str]:
    """The lines moved so that the first one has this indentation."""
    filled = [line for line in lines if line.strip()]
    own = len(filled[0]) - len(filled[0].lstrip()) if filled else 0
    return [indent + line[min(own, len(line) - len(line.lstrip())) :] for line in lines]


# --- automatic --------------------------------------------------------------------------------------------------------


LOCATED = (ast.expr, ast.stmt, ast.excepthandler, ast.arg, ast.keyword, ast.alias, ast.pattern)


class Part(NamedTuple):
    """A node, and where it begins and ends in the text: lines from 1, and columns in bytes."""

    node: ast.AST
    start: tuple[int, int]
    end: tuple[int, int]


def part_of(node: ast.AST) -> Part | None:
    """The node with its place; None for a kind of node that has none."""
    if isinstance(node, LOCATED) and node.end_lineno is not None and node.end_col_offset is not None:
        return Part(node, (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset))
    return None


def automatic(text: str, region: Region, wide: bool = False) -> Iterator[Mutant]:
    """Every single change of the region's code that a rule knows, each once; none where the text is not Python.

    Each is made when it is asked for: of many, the first are tried.
    """
    functions = parts_of_region(text, region)
    if not functions:
        return
    tree = functions[0][0]
    lines = text.split("\n")
    each = [
        changes(text, tree, parts, scope_of(tree, function, parts, lines, region, wide), wide)
        for _, function, parts in functions
    ]
    first_line, behind = extent_of(tree, region, len(lines))
    made: set[str] = set()
    for changed, said, line in (one for turn in itertools.zip_longest(*each) for one in turn if one is not None):
        if changed not in made:
            made.add(changed)
            if fits(changed, first_line, behind):
                yield Mutant(changed, said, line)


Function = ast.FunctionDef | ast.AsyncFunctionDef


def parts_of_region(text: str, region: Region) -> list[tuple[ast.Module, Function | ast.Module, list[Part]]]:
    """The whole code, and each function of a region with its parts there; nothing where the text is not Python."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return []
    first, last = region.start + 2, region.end
    parts = [part for node in ast.walk(tree) if (part := part_of(node)) is not None]
    inside = [part for part in parts if first <= part.start[0] and part.end[0] <= last]
    return [(tree, function, some) for function, some in by_function(tree, inside, region)]


def by_function(
    tree: ast.Module, inside: Sequence[Part], region: Region
) -> list[tuple[Function | ast.Module, list[Part]]]:
    """The parts of a region's code by the function that they belong to: the innermost around it, or those in it.

    Of functions in each other, the outermost in the region counts.
    """
    first = region.start + 2
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
    around = [node for node in functions if node.lineno < first <= (node.end_lineno or 0)]
    own = {id(part.node) for part in inside}
    found: dict[int, tuple[Function | ast.Module, list[Part]]] = {0: (around[-1] if around else tree, [])}
    within = [] if around else [node for node in functions if id(node) in own]
    holders: dict[int, Function] = {}
    for function in reversed(within):  # the outermost last, and so it counts
        holders |= dict.fromkeys(map(id, ast.walk(function)), function)
    for part in inside:
        holder = holders.get(id(part.node))
        found.setdefault(id(holder) if holder else 0, (holder or tree, []))[1].append(part)
    return [(function, parts) for function, parts in found.values() if parts]


def changes(
    text: str, tree: ast.Module, inside: Sequence[Part], scope: Scope, wide: bool
) -> Iterator[tuple[str, str, int]]:
    """The text with each change that is known, the surest first; the sentence, and the line."""
    yield from by_rules(text, inside, scope, (*FIRST_RULES, *RULES) if wide else RULES, wide)
    yield from exchanges(text, inside, scope)
    yield from in_blocks(text, tree, inside, scope, WIDE_BLOCK_RULES if wide else BLOCK_RULES)
    if wide:
        yield from counted_off(text, inside)
        yield from collected(text, inside, scope)
        yield from by_rules(text, inside, scope, WIDE_RULES, wide)
        yield from partly(text, inside)
        yield from by_rules(text, inside, scope, array_rules.LAST, wide)


def by_rules(
    text: str, inside: Sequence[Part], scope: Scope, rules: Sequence[Rule], wide: bool
) -> Iterator[tuple[str, str, int]]:
    """The text with each change that a rule makes, and with several of one kind at once; the sentence, and the line."""
    lines = text.encode().split(b"\n")
    for rule in rules:
        alike: dict[tuple[str, ...], list[tuple[Part, ast.AST | None]]] = {}
        for part in inside:
            for new, said in rule(part.node, scope):
                changed = replaced(lines, part, new)
                if changed is None or changed == text:
                    continue
                yield changed, said, part.start[0]
                for kind in dict.fromkeys(kinds_of(part.node, new, said, wide)):
                    alike.setdefault(kind, []).append((part, new))
        for (said, *_), changes in alike.items():
            said = f"something is{said}" if said.startswith(OVER) else said
            for some in (changes, *(neighbours(changes) if wide else ())):
                if changed := everywhere(text, some):
                    yield changed, said, some[0][0].start[0]


def kinds_of(old: ast.AST, new: ast.AST | None, said: str, wide: bool) -> Iterator[tuple[str, ...]]:
    """What makes changes alike, the sentence first: what they say, what they put there, and also in whose place."""
    yield (said[said.find(OVER) :] if OVER in said else said,)
    if new is not None:
        yield said, ast.dump(new)
        if wide and isinstance(old, ast.Name):
            yield said, ast.dump(new), old.id


MOST_ALIKE = 5


def neighbours(changes: Sequence[tuple[Part, ast.AST | None]]) -> Iterator[list[tuple[Part, ast.AST | None]]]:
    """Of several changes of one kind, those that follow each other: two or more, but not all."""
    ordered = sorted(changes, key=lambda change: change[0].start)
    count = len(ordered)
    if 3 <= count <= MOST_ALIKE:
        for length in range(2, count):
            yield from (ordered[start : start + length] for start in range(count - length + 1))


def extent_of(tree: ast.Module, region: Region, count: int) -> tuple[int, int]:
    """The line (from 0) where the innermost function around a region begins, and how many lines are behind it."""
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno <= region.start + 1
        if region.start < (node.end_lineno or 0)
    ]
    # The banner that ends a region may be behind the function's last statement.
    return (around[-1].lineno - 1, count - max(around[-1].end_lineno or 0, region.end + 1)) if around else (0, 0)


def fits(text: str, first: int, behind: int) -> bool:
    """Is a text Python that is changed between these lines alone? The whole is parsed only where the part is not."""
    lines = text.split("\n")
    part = "\n".join(lines[first : len(lines) - behind])
    return is_python(f"if True:\n{part}" if part[:1] == " " else part) or is_python(text)


OVER = " taken over"
"""Words of a sentence from which on it is the same for sums, means and other functions."""


def exchanges(text: str, inside: Sequence[Part], scope: Scope) -> Iterator[tuple[str, str, int]]:
    """The text with two settings of like names exchanged wherever they stand, such as "beta1" and "beta2"."""
    keys: dict[str, list[Part]] = {}
    for part in inside:
        if isinstance(part.node, ast.Constant) and isinstance(part.node.value, str) and part.node.value[-1:].isdigit():
            keys.setdefault(part.node.value, []).append(part)
    for one, other in itertools.combinations(sorted(keys), 2):
        if one[:-1] == other[:-1]:
            changes = [(part, ast.Constant(other)) for part in keys[one]]
            changes += [(part, ast.Constant(one)) for part in keys[other]]
            if changed := everywhere(text, changes):
                yield changed, f"`{one}` and `{other}` are exchanged", changes[0][0].start[0]


def counted_off(text: str, inside: Sequence[Part]) -> Iterator[tuple[str, str, int]]:
    """The text with a number of rounds or intervals that is one too few, or too many, wherever it stands."""
    counts = {
        part.id
        for call in (part.node for part in inside if called(part.node) in ("range", "arange", "linspace"))
        for part in ast.walk(call)
        if isinstance(part, ast.Name)
    }
    for name in sorted(counts - NO_NAMES):
        uses = [part for part in inside if is_read(part.node, name)]
        for operator, said in ((ast.Sub(), "few"), (ast.Add(), "many")):
            other = ast.BinOp(ast.Name(name, ast.Load()), operator, ast.Constant(1))
            if uses and (changed := everywhere(text, [(use, other) for use in uses])):
                yield changed, f"a number of steps is one too {said} everywhere", uses[0].start[0]


def collected(text: str, inside: Sequence[Part], scope: Scope) -> Iterator[tuple[str, str, int]]:
    """The text with another variable put into a list, from its first item on."""
    items: dict[str, list[Part]] = {}
    places = {id(part.node): part for part in inside}
    for part in inside:
        node = part.node
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List) and len(node.value.elts) == 1:
            name, item = order_rules.base_of(node.targets[0]), node.value.elts[0]
        elif isinstance(node, ast.Call) and called(node) == "append" and isinstance(node.func, ast.Attribute):
            name, item = order_rules.base_of(node.func), node.args[0] if node.args else node
        else:
            continue
        if name and isinstance(item, ast.Name):
            items.setdefault(name, []).append(places[id(item)])
    for uses in items.values():
        for other in scope.known[:MOST_COLLECTED]:
            if other not in NO_NAMES and changed_text(text, uses, other):
                said = f"`{other}` is collected" if other in scope.public else "another variable is collected"
                yield changed_text(text, uses, other) or text, said, uses[0].start[0]


MOST_COLLECTED = 6


def changed_text(text: str, uses: Sequence[Part], name: str) -> str | None:
    """The text with this name in several places."""
    return everywhere(text, [(use, ast.Name(name, ast.Load())) for use in uses])


def in_blocks(
    text: str, tree: ast.Module, inside: Sequence[Part], scope: Scope, rules: Sequence[BlockRule]
) -> Iterator[tuple[str, str, int]]:
    """The text with steps that follow each other in another order, and a step moved into a loop, or out of it."""
    places = {id(part.node): part for part in inside}
    lines = text.encode().split(b"\n")
    for block in blocks(tree):
        steps = [step for step in block if id(step) in places]
        for first, last, new, said in (one for rule in rules for one in rule(steps, scope)):
            one, other = places[id(steps[first])], places[id(steps[last])]
            changed = replaced(lines, Part(one.node, one.start, other.end), ast.Module(new, []))
            if changed is not None:
                yield changed, said, one.start[0]


def partly(text: str, inside: Sequence[Part]) -> Iterator[tuple[str, str, int]]:
    """The text with a factor or a term of a variable missing in one place that reads it, and there alone."""
    steps = [part.node for part in inside if isinstance(part.node, ast.Assign) and len(part.node.targets) == 1]
    set_at: dict[str, list[ast.Assign]] = {}
    for step in steps:
        if isinstance(step.targets[0], ast.Name):
            set_at.setdefault(step.targets[0].id, []).append(step)
    lines = text.encode().split(b"\n")
    for name, made in set_at.items():
        value = made[0].value
        uses = [part for part in inside if is_read(part.node, name)]
        if len(made) > 1 or len(uses) < 2 or name in names_read(made[0]):
            continue
        for use in uses:
            for kind, rest in parts_of(value):
                changed = replaced(lines, use, rest)
                if changed is not None:
                    yield changed, f"a {kind} of a variable is missing in one place that uses it", use.start[0]


def is_read(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)


def parts_of(value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """What is left of a value without a factor, a term or a function, each with what is missing."""
    if isinstance(value, ast.BinOp):
        kind = PARTS.get(type(value.op), "")
        for rest in (value.left, value.right):
            if kind == "factor" or (kind and (rest is value.left or isinstance(value.op, ast.Add))):
                yield kind, rest
    elif isinstance(value, ast.Call):
        for argument in value.args:
            if number(argument) is None:
                yield "function", argument


PARTS = {ast.Mult: "factor", ast.Div: "divisor", ast.MatMult: "factor", ast.Add: "term", ast.Sub: "term"}


def blocks(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    """The lists of statements that follow each other."""
    for node in ast.walk(tree):
        for field in ("body", "orelse"):
            if isinstance(block := getattr(node, field, None), list):
                yield block


def everywhere(text: str, changes: Sequence[tuple[Part, ast.AST | None]]) -> str | None:
    """The text with all of several changes of one kind; None where there are not two apart from each other."""
    ordered = sorted(changes, key=lambda change: change[0].start, reverse=True)
    lines: Sequence[bytes] = text.encode().split(b"\n")
    before: tuple[int, int] | None = None
    made = 0
    for part, new in ordered:
        if before is not None and part.end > before:
            continue
        changed = lines_with(lines, part, new)
        if changed is not None:
            lines, before, made = changed, part.start, made + 1
    return b"\n".join(lines).decode() if made > 1 else None


def scope_of(
    tree: ast.Module,
    function: Function | ast.Module,
    inside: Sequence[Part],
    lines: Sequence[str],
    region: Region,
    wide: bool = False,
) -> Scope:
    """The names in sight of a region's code in a function, and which of them its released text shows.

    `wide`: with those that the function has set before the region.
    """
    first = region.start + 2
    nodes = [part.node for part in inside]
    around = (
        [
            node
            for node in ast.walk(tree)
            if isinstance(node, Function) and node.lineno <= function.lineno <= (node.end_lineno or 0)
        ]
        if isinstance(function, Function)
        else []
    )
    shown = [
        node.id for node in ast.walk(function) if isinstance(node, ast.Name) and not first <= node.lineno <= region.end
    ]
    earlier = [
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.lineno < first
    ]
    comments = task_of(lines[region.start + 1 : region.end])
    parameters = [argument.arg for node in around for argument in all_arguments(node)]
    names = [node.id for node in nodes if isinstance(node, ast.Name)]
    regions = [range(one.start + 2, one.end + 1) for one in find_regions("\n".join(lines))]
    own = [node.attr for node in ast.walk(tree) if is_own(node) and not any(node.lineno in one for one in regions)]
    lengths = [
        target.id
        for node in nodes
        if isinstance(node, ast.Assign) and is_length(node.value) and not isinstance(node.value, ast.BinOp)
        for target in ast.walk(node.targets[0])
        if isinstance(target, ast.Name)
    ]
    public = [*parameters, *shown, *own, *WORD.findall(" ".join(comments))]
    settings = [
        (node.value.id, node.slice.value)
        for node in nodes
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and isinstance(node.ctx, ast.Load)
        if isinstance(node.slice, ast.Constant) and node.slice.value in USUAL
    ]
    return Scope(
        frozenset(public),
        tuple(dict.fromkeys([*parameters, *names, *(earlier if around and wide else ())])),
        frozenset(lengths),
        tuple(dict.fromkeys(settings)),
        frozenset(means_in(nodes)),
        defaults_of(function) if isinstance(function, Function) else {},
        function.name if isinstance(function, Function) else "",
        tuple(counted_in(function, public)),
        tuple(name for name in arrays_of(function, parameters) if name in public),
        frozenset(SHARES) & frozenset(public),
        tuple(dict.fromkeys(looked_up_in(nodes))),
        wide,
    )


def looked_up_in(nodes: Sequence[ast.AST]) -> Iterator[str]:
    """The texts that code looks up, such as columns."""
    for node in nodes:
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.slice, ast.Constant)
            and isinstance(node.slice.value, str)
        ):
            yield node.slice.value


def counted_in(function: ast.AST, public: Sequence[str]) -> Iterator[str]:
    """The names whose lengths a function asks for, and usual names of examples, as far as students see them."""
    asked = [
        part.id
        for node in ast.walk(function)
        if called(node) == "len" or (isinstance(node, ast.Attribute) and node.attr == "shape")
        for part in [node.args[0] if isinstance(node, ast.Call) and node.args else getattr(node, "value", None)]
        if isinstance(part, ast.Name)
    ]
    yield from (name for name in dict.fromkeys([*asked, "X", "x"]) if name in public and name not in NO_NAMES)


def arrays_of(function: ast.AST, parameters: Sequence[str]) -> Iterator[str]:
    """What a function is given or has unpacked, without settings and what it looks up by a text."""
    unpacked = [
        name.id
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple)
        for name in node.targets[0].elts
        if isinstance(name, ast.Name)
    ]
    looked_up = {
        node.value.id
        for node in ast.walk(function)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and isinstance(node.slice, ast.Constant)
        if isinstance(node.slice.value, str)
    }
    passed = {
        node.value.id
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Name)
    }
    for name in dict.fromkeys([*parameters, *unpacked]):
        setting = name in USUAL and name not in ("gamma", "std")
        if not setting and name not in NO_NAMES | looked_up | passed | {"mode", "y", "random"}:
            yield name


def task_of(lines: Sequence[str]) -> list[str]:
    """The lines of a region that tell students what to do: "# TODO …", and indented comments right behind."""
    found: list[str] = []
    last = -2
    for index, line in enumerate(line.strip() for line in lines):
        if line.startswith("# TODO") or (last == index - 1 and line.startswith("#   ")):
            found.append(line)
            last = index
    return found


def means_in(inside: Sequence[ast.AST]) -> Iterator[str]:
    """The names that are given means."""
    for node in inside:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            values = value.elts if isinstance(value, ast.Tuple) else [value]
            for name, given in zip(names, values, strict=False):
                if isinstance(name, ast.Name) and called(given) in ("mean", "average"):
                    yield name.id


def defaults_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, ast.expr]:
    """The parameters of a function that have a constant default."""
    named = [*function.args.posonlyargs, *function.args.args]
    pairs = [
        *zip(named[len(named) - len(function.args.defaults) :], function.args.defaults, strict=True),
        *zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True),
    ]
    return {one.arg: default for one, default in pairs if isinstance(default, ast.Constant)}


def all_arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def replaced(lines: Sequence[bytes], part: Part, new: ast.AST | None) -> str | None:
    """The text with one node's source replaced; None where that cannot be written."""
    changed = lines_with(lines, part, new)
    return b"\n".join(changed).decode() if changed is not None else None


def lines_with(lines: Sequence[bytes], part: Part, new: ast.AST | None) -> list[bytes] | None:
    """The text's lines with one node's source replaced; the new source may be several lines in one item."""
    first, last = part.start[0] - 1, part.end[0] - 1
    before, after = lines[first][: part.start[1]], lines[last][part.end[1] :]
    if new is None:
        middle = b"pass"
    else:
        try:
            middle = ast.unparse(ast.fix_missing_locations(new)).encode()
        except (ValueError, AttributeError, TypeError):
            return None
        if isinstance(new, ast.expr) and not isinstance(new, UNBRACKETED):
            middle = b"(" + middle + b")"
        if isinstance(new, ast.stmt | ast.Module) and b"\n" in middle:
            middle = middle.replace(b"\n", b"\n" + b" " * part.start[1])
    return [*lines[:first], before + middle + after, *lines[last + 1 :]]


UNBRACKETED = (ast.Name, ast.Constant, ast.Call, ast.Attribute, ast.Slice, ast.Starred)


def is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


# Words


# Rules: the surest and most usual mistakes first


def left_out_step(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """A statement that changes something that exists already."""
    if isinstance(node, ast.AugAssign):
        yield None, left_out_words(node, scope)
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript | ast.Attribute):
        value = number(node.value)
        said = f"{with_name('update', node.targets[0], scope)} is left out, and the old value stays"
        yield None, said if value is None else f"some entries are not set to {value:g}"
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in scope.known:
        reads = {part.id for part in ast.walk(node.value) if isinstance(part, ast.Name)}
        if node.targets[0].id in reads or node.targets[0].id in scope.public:
            said = f"{with_name('update', node.targets[0], scope)} is left out, and the old value stays"
            yield None, LEFT_OUT.get(called(node.value), said)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        name = called(node.value)
        yield None, LEFT_OUT.get(name) or LIMITS.get(name) or STEPS.get(name) or "a step is left out"


def left_out_words(node: ast.AugAssign, scope: Scope) -> str:
    """What is missing where a step such as x += y is left out."""
    name = named(node.target, scope)
    to = f"`{name}`" if name else "a variable"
    if isinstance(node.op, ast.Add):
        return f"{with_name('term', node.value, scope)} is not added to {to}"
    if isinstance(node.op, ast.Sub):
        return f"nothing is subtracted from {to}"
    if isinstance(node.op, ast.Div):
        return f"{to} is not divided{' by the number that the average is over' if is_count(node.value, scope) else ''}"
    return f"a factor of {to} is left out"


def left_out_term(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """One side of a sum."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        written = number(node.right) is not None
        yield node.left, NUMBER_MISSING if written else f"{with_name('term', node.right, scope)} is missing"
        if isinstance(node.op, ast.Add):
            yield node.right, f"{with_name('term', node.left, scope)} is missing"
        elif number(node.left) is None:
            if not (written and scope.wide):
                yield ast.UnaryOp(ast.USub(), node.right), f"{with_name('term', node.left, scope)} is missing"
        else:
            yield node.right, "the complement to 1 is not taken"


NUMBER_MISSING = "a number is missing that is added or subtracted"


def left_out_factor(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """One side of a product or quotient."""
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Mult | ast.Div):
        negative = isinstance(node.value, ast.UnaryOp) and isinstance(node.value.op, ast.USub)
        value = number(node.value.operand if isinstance(node.value, ast.UnaryOp) else node.value)
        if value is not None and value != 1:
            said = "a ½ is missing" if value == 0.5 else f"a factor {value:g} is missing"
            yield like(node, value=ast.Constant(-1 if negative else 1)), said
    if not isinstance(node, ast.BinOp):
        return
    if isinstance(node.op, ast.Mult):
        for kept, gone in ((node.right, node.left), (node.left, node.right)):
            value = number(gone)
            if value is not None:
                yield kept, "a ½ is missing" if value == 0.5 else f"a factor {value:g} is missing"
            elif is_count(gone, scope):
                yield kept, "a factor is missing: a number of entries, such as N"
            else:
                yield kept, f"{with_name('factor', gone, scope)} is missing"
    elif isinstance(node.op, ast.Div):
        if is_count(node.right, scope):
            yield node.left, "it is not divided by the number that the average is over"
        elif number(node.right) == 2:
            yield node.left, "a ½ is missing"
        else:
            name = named(node.right, scope)
            yield node.left, f"it is not divided by {f'what has `{name}` in it' if name else 'something'}"
    elif isinstance(node.op, ast.MatMult):
        yield node.left, f"{with_name('factor', node.right, scope)} is missing"
        yield node.right, f"{with_name('factor', node.left, scope)} is missing"


def divided_twice(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """An average taken once more."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        yield ast.BinOp(node, ast.Div(), copy.copy(node.right)), "it is divided by the same number twice"
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Div):
        yield (
            like(node, value=ast.BinOp(node.value, ast.Mult(), copy.copy(node.value))),
            "it is divided by the same number twice",
        )


def other_factor(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """A constant that is off by a usual factor, and a half or a two too many."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        if number(node.left) == 0.5:
            yield like(node, left=ast.Constant(2)), "a 2 stands where a ½ belongs"
        elif number(node.left) is None:
            name = named(node, scope)
            what = f" in the part with `{name}`" if name else ""
            yield ast.BinOp(ast.Constant(0.5), ast.Mult(), node), f"there is a ½ too many{what}"
            yield ast.BinOp(ast.Constant(2), ast.Mult(), node), f"there is a factor 2 too many{what}"


def other_operator(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """+ for -, * for /, and so on."""
    if isinstance(node, ast.BinOp):
        for old, new, said in OPERATORS:
            if isinstance(node.op, old):
                yield like(node, op=new()), said
    elif isinstance(node, ast.AugAssign):
        for old, new, said in OPERATORS:
            if isinstance(node.op, old):
                yield like(node, op=new()), said
        yield ast.Assign([node.target], node.value), "it is overwritten where it should be added to or scaled"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and number(node.operand) is None:
        yield node.operand, "a minus sign is missing"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        yield node.operand, "a condition is the other way round"


OPERATORS = (
    (ast.Add, ast.Sub, "a + and a - are exchanged"),
    (ast.Sub, ast.Add, "a + and a - are exchanged"),
    (ast.Add, ast.Mult, "it is multiplied where it should be added"),
    (ast.Mult, ast.Add, "it is added where it should be multiplied"),
    (ast.Mult, ast.Div, "it is divided where it should be multiplied"),
    (ast.Div, ast.Mult, "it is multiplied where it should be divided"),
    (ast.FloorDiv, ast.Div, "a division is not rounded"),
    (ast.MatMult, ast.Mult, "a product is taken entry by entry where a matrix product belongs"),
)


def in_place(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """y = x * z as x *= z; y = x, and np.maximum(0, x) into x, where x is a parameter."""
    if isinstance(node, ast.Assign) and isinstance(value := node.value, ast.BinOp) and is_parameter(value.left, scope):
        changed = ast.AugAssign(like(value.left, ctx=ast.Store()), value.op, value.right)
        yield ast.Module([changed, like(node, value=value.left)], []), CHANGED_IN_PLACE
    if isinstance(node, ast.Call) and called(node) in ("maximum", "minimum", "clip", "exp") and not node.keywords:
        for argument in node.args:
            if is_parameter(argument, scope):
                yield like(node, keywords=[ast.keyword("out", argument)]), CHANGED_IN_PLACE


CHANGED_IN_PLACE = "an input is changed in place"


def overwritten(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """A value set where it should be added to: x = x + y as x = y is a missing term; x[i] = y as x[i] += y is this."""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
        yield ast.AugAssign(node.targets[0], ast.Add(), node.value), "it is added up where it should be set"


def other_comparison(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """<, <=, ==, and the other way round."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for old, news in COMPARISONS.items():
            if type(node.ops[0]) is old:
                for new, said in news:
                    yield like(node, ops=[new()]), said
        bound = number(node.comparators[0])
        if type(bound) is int:
            yield like(node, comparators=[ast.Constant(bound + 1)]), "a bound is too large by one"
            yield like(node, comparators=[ast.Constant(bound - 1)]), "a bound is too small by one"


COMPARISONS: dict[type, tuple[tuple[type, str], ...]] = {
    ast.Lt: ((ast.LtE, "a bound is included that should not be"), (ast.Gt, "a comparison is the other way round")),
    ast.LtE: ((ast.Lt, "a bound is left out"), (ast.GtE, "a comparison is the other way round")),
    ast.Gt: ((ast.GtE, "a bound is included that should not be"), (ast.Lt, "a comparison is the other way round")),
    ast.GtE: ((ast.Gt, "a bound is left out"), (ast.LtE, "a comparison is the other way round")),
    ast.Eq: ((ast.NotEq, "a condition is the other way round"),),
    ast.NotEq: ((ast.Eq, "a condition is the other way round"),),
    ast.Is: ((ast.IsNot, "a condition is the other way round"),),
    ast.IsNot: ((ast.Is, "a condition is the other way round"),),
}


def other_axis(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """axis=0 for axis=1, all axes for one, kept or dropped dimensions."""
    if not isinstance(node, ast.Call):
        return
    what = {
        "sum": "sum",
        "mean": "mean",
        "max": "maximum",
        "min": "minimum",
        "argmax": "argmax",
        "argmin": "argmin",
    }.get(called(node), "statistic")
    for index, keyword in enumerate(node.keywords):
        others = [*node.keywords[:index], *node.keywords[index + 1 :]]
        if keyword.arg == "axis":
            axis = number(keyword.value)
            if axis in (0, 1):
                other = ast.keyword("axis", ast.Constant(1 - axis))
                yield like(node, keywords=[*others, other]), f"a {what} is taken over the other axis"
            yield (
                like(node, keywords=[k for k in others if k.arg != "keepdims"]),
                f"a {what} is taken over everything, not over one axis",
            )
        elif keyword.arg == "keepdims":
            yield like(node, keywords=others), "an axis of length 1 is not kept (keepdims)"
        elif keyword.arg is not None:
            yield like(node, keywords=others), f"`{keyword.arg}` is left at its default"


def other_function(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """sum for mean, max for min, a function that is left out."""
    if not isinstance(node, ast.Call):
        return
    name = called(node)
    for old, new, said in FUNCTIONS:
        if name == old and isinstance(node.func, ast.Attribute):
            array = node.func.value
            if new == "median" and not (isinstance(array, ast.Name) and array.id in NO_NAMES):
                yield like(of_numpy(new, array, *node.args), keywords=node.keywords), said
            else:
                yield like(node, func=like(node.func, attr=new)), said
    if name in LEFT_OUT:
        inner = node.args[0] if node.args else node.func.value if isinstance(node.func, ast.Attribute) else None
        if inner is not None and not (isinstance(inner, ast.Name) and inner.id in ("np", "numpy", "math", "torch")):
            yield inner, LEFT_OUT[name]
    if name == "maximum" and len(node.args) == 2:
        value = node.args[1]
        yield value, "nothing is cut off at a bound"
        yield of_numpy("abs", value), "the absolute value is taken where a bound belongs"
        if number(node.args[0]) == 0:
            for leak in LEAKS:
                yield (
                    of_numpy("maximum", ast.BinOp(ast.Constant(leak), ast.Mult(), value), value),
                    (f"what is below 0 is multiplied by {leak} (leaky), not cut off"),
                )
            below = ast.BinOp(ast.Constant(1), ast.Add(), of_numpy("exp", ast.UnaryOp(ast.USub(), value)))
            yield ast.BinOp(ast.Constant(1), ast.Div(), below), "a sigmoid stands where a bound belongs"
            yield of_numpy("tanh", value), "a tanh stands where a bound belongs"
            soft = of_numpy("log", ast.BinOp(ast.Constant(1), ast.Add(), of_numpy("exp", value)))
            yield soft, "a softplus, log(1 + exp), stands where a bound belongs"
            above = ast.Compare(value, [ast.Gt()], [ast.Constant(1)])
            yield of_numpy("where", above, value, ast.Constant(0)), "what is below 1 is cut off, not what is below 0"
            yield of_numpy("clip", value, ast.Constant(0), ast.Constant(1)), "it is cut off at 1 as well"
            yield ast.Compare(value, [ast.Gt()], [ast.Constant(0)]), "a mask of 0 and 1 stands where the values belong"
    if name in ("var", "std") and not any(keyword.arg == "ddof" for keyword in node.keywords):
        keywords = [*node.keywords, ast.keyword("ddof", ast.Constant(1))]
        yield like(node, keywords=keywords), "it is divided by N - 1 where N belongs (ddof)"
    if name == "len" and len(node.args) == 1 and isinstance(node.args[0], ast.Name):
        for other in [node.args[0].id, *scope.known][:6]:
            array = ast.Name(other, ast.Load())
            second = ast.Subscript(ast.Attribute(array, "shape", ast.Load()), ast.Constant(1), ast.Load())
            yield second, "the length of the wrong axis is taken"
            if other == node.args[0].id or not scope.wide:
                yield ast.Attribute(array, "size", ast.Load()), "all entries are counted where the rows should be"


FUNCTIONS = (
    ("sum", "mean", "a mean stands where a sum belongs"),
    ("mean", "sum", "a sum stands where a mean belongs"),
    ("sum", "max", "a maximum stands where a sum belongs"),
    ("mean", "max", "a maximum stands where a mean belongs"),
    ("mean", "median", "a median stands where a mean belongs"),
    ("max", "min", "a minimum stands where a maximum belongs"),
    ("min", "max", "a maximum stands where a minimum belongs"),
    ("maximum", "minimum", "a minimum stands where a maximum belongs"),
    ("minimum", "maximum", "a maximum stands where a minimum belongs"),
    ("argmax", "max", "the largest value is given where its position is wanted"),
    ("argmin", "min", "the smallest value is given where its position is wanted"),
    ("argmax", "argmin", "the smallest is taken where the largest belongs"),
    ("argmin", "argmax", "the largest is taken where the smallest belongs"),
    ("idxmax", "idxmin", "the smallest is taken where the largest belongs"),
    ("idxmin", "idxmax", "the largest is taken where the smallest belongs"),
    ("nlargest", "nsmallest", "the smallest are taken where the largest belong"),
    ("nsmallest", "nlargest", "the largest are taken where the smallest belong"),
    ("median", "mean", "a mean stands where a median belongs"),
    ("count", "size", "missing values are counted too"),
    ("cumsum", "sum", "a sum stands where a running sum belongs"),
    ("max", "sum", "a sum stands where a maximum belongs"),
    ("var", "std", "the standard deviation is taken where the variance belongs"),
    ("std", "var", "the variance is taken where the standard deviation belongs"),
    ("log", "log2", "the logarithm is to base 2, not natural"),
    ("log", "log10", "the logarithm is to base 10, not natural"),
    ("sqrt", "cbrt", "a cube root stands where a square root belongs"),
    ("exp", "exp2", "it is a power of 2, not of e"),
    ("zeros", "ones", "it starts from ones where it should start from zeros"),
    ("zeros_like", "ones_like", "it starts from ones where it should start from zeros"),
    ("ones", "zeros", "it starts from zeros where it should start from ones"),
    ("ones_like", "zeros_like", "it starts from zeros where it should start from ones"),
    ("randn", "rand", "the random numbers are uniform, not normal"),
    ("rand", "randn", "the random numbers are normal, not uniform"),
    ("normal", "uniform", "the random numbers are uniform, not normal"),
    ("argsort", "sort", "it is sorted where the order (argsort) is wanted"),
    ("dot", "multiply", "a product is taken entry by entry where a matrix product belongs"),
    ("items", "keys", "keys are taken where keys and values are wanted"),
)

LIMITS = {"maximum": "nothing is cut off at a bound", "minimum": "nothing is cut off at a bound"}

STEPS = {
    "sort": "it is not sorted",
    "append": "something is not put into a list",
    "extend": "something is not put into a list",
    "add": "something is not put into a set",
    "remove": "something is not taken out",
    "train": "it is not trained",
    "fit": "it is not fitted",
    "heappush": "something is not put into a queue",
}

LEFT_OUT = {
    "sqrt": "a square root is missing",
    "exp": "an exponential is missing",
    "log": "a logarithm is missing",
    "abs": "an absolute value is missing",
    "square": "a square is missing",
    "copy": "an input is changed in place: a copy is missing",
    "transpose": "a transpose is missing",
    "reshape": "a reshape is missing",
    "mean": "a mean is missing",
    "sum": "a sum is missing",
    "round": "it is not rounded",
    "sorted": "it is not sorted",
    "inv": "an inverse is missing",
    "radians": "degrees are not turned into radians",
    "deg2rad": "degrees are not turned into radians",
    "degrees": "radians are not turned into degrees",
    "clip": "it is not limited to its range",
    "unique": "repeated entries are not removed",
    "dropna": "missing values are not left out",
    "lower": "upper and lower case are told apart",
    "strip": "blanks at the ends are not removed",
}


def swapped_arguments(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """f(a, b) as f(b, a), a @ b as b @ a, a - b as b - a, a / b as b / a."""
    if isinstance(node, ast.Call) and len(node.args) == 2 and not node.keywords and called(node) not in SYMMETRIC:
        yield like(node, args=node.args[::-1]), "two arguments are exchanged"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub | ast.Div | ast.MatMult | ast.Pow):
        said = {
            ast.Sub: "a difference is taken the other way round",
            ast.Div: "a quotient is upside down",
            ast.MatMult: "the factors of a matrix product are exchanged",
            ast.Pow: "base and exponent are exchanged",
        }[type(node.op)]
        yield like(node, left=node.right, right=node.left), said


SYMMETRIC = ("maximum", "minimum", "max", "min", "isclose", "add", "multiply", "range", "arange", "setdefault", "get")


def transposed(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x.T as x, and the other way round in products of matrices."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value, "a transpose is missing"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        for side in ("left", "right"):
            factor = getattr(node, side)
            if not (isinstance(factor, ast.Attribute) and factor.attr == "T"):
                yield like(node, **{side: ast.Attribute(factor, "T", ast.Load())}), "there is a transpose too many"


def exchanged_weights(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """a * x + (1 - a) * y, the two weights exchanged."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)):
        return
    one, other = node.left, node.right
    if not all(isinstance(side, ast.BinOp) and isinstance(side.op, ast.Mult) for side in (one, other)):
        return
    assert isinstance(one, ast.BinOp)
    assert isinstance(other, ast.BinOp)
    for weight, rest in ((one.left, other.left), (other.left, one.left)):
        if ast.dump(rest) == ast.dump(ast.BinOp(ast.Constant(1), ast.Sub(), weight)):
            name = named(weight, scope)
            said = f"the weights `{name}` and 1 - `{name}`" if name else "the two weights of an average"
            yield (
                like(node, left=like(one, left=other.left), right=like(other, left=one.left)),
                f"{said} are exchanged",
            )


def other_mask(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """A condition on another variable, and a value where a mask of 0 and 1 belongs."""
    if isinstance(node, ast.Compare) and isinstance(node.left, ast.Name) and number(node.comparators[-1]) is not None:
        for other in scope.known[:8]:
            if other != node.left.id and other in scope.public and other not in NO_NAMES:
                said = f"a condition looks at `{other}`"
                said += f" where it should look at `{node.left.id}`" if node.left.id in scope.public else ""
                yield like(node, left=ast.Name(other, ast.Load())), said
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        for side in ("left", "right"):
            mask = getattr(node, side)
            if isinstance(mask, ast.Compare) and isinstance(mask.left, ast.Name):
                for value in (ast.BinOp(mask, ast.Mult(), mask.left), mask.left, of_numpy("abs", mask.left)):
                    yield like(node, **{side: value}), "a value is multiplied in where a mask of 0 and 1 belongs"
                yield (
                    like(node, **{side: of_numpy("sign", mask.left)}),
                    "the sign stands where a mask of 0 and 1 belongs",
                )
                for leak in LEAKS:
                    leaky = of_numpy("where", mask, ast.Constant(1.0), ast.Constant(leak))
                    yield like(node, **{side: leaky}), f"what a mask should make 0 is multiplied by {leak} (leaky)"


LEAKS = 0.01, 0.1


def other_order(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """a, b = f, g as a, b = g, f; return a, b as return b, a."""
    if (
        isinstance(node, ast.Assign | ast.Return if scope.wide else ast.Assign)
        and isinstance(node.value, ast.Tuple)
        and len(node.value.elts) == 2
    ):
        yield like(node, value=like(node.value, elts=node.value.elts[::-1])), "two results are exchanged"


def other_constant(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Small numbers by one, powers, indices, settings."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        if number(node.right) == 2:
            yield node.left, "a square is missing"
            yield of_numpy("abs", node.left), "a magnitude stands where a square belongs"
            yield like(node, right=ast.Constant(3)), "a cube stands where a square belongs"
            yield like(node, op=ast.Mult()), "it is multiplied by 2 where a square belongs"
        elif number(node.right) == 0.5:
            yield node.left, "a square root is missing"
        else:
            yield node.left, f"{with_name('power', node.right, scope)} is missing"
            for op in (ast.Add, ast.Sub):
                yield like(node, right=ast.BinOp(node.right, op(), ast.Constant(1))), "an exponent is off by one"
    if isinstance(node, ast.Constant) and type(node.value) is int and -10 <= node.value <= 10:
        yield ast.Constant(node.value + 1), "a number is too large by one"
        yield ast.Constant(node.value - 1), "a number is too small by one"
    elif isinstance(node, ast.Constant) and type(node.value) is float and node.value:
        for factor, said in ((10, "ten times too large"), (0.1, "ten times too small")):
            yield ast.Constant(node.value * factor), f"a number is {said}"
        if 0 < abs(node.value) <= 1e-3:
            yield ast.Constant(0.0), "the small number that guards against division by 0 is missing"
    elif isinstance(node, ast.Constant) and type(node.value) is bool:
        yield ast.Constant(not node.value), "True and False are exchanged"


def no_guard(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x + eps as x, where eps is a setting or a small number."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        name = named(node.right, scope)
        value = number(node.right)
        if name in GUARDS or (value is not None and 0 < value <= 1e-3):
            yield node.left, f"{with_name('term', node.right, scope)} is missing"


GUARDS = ("eps", "epsilon", "tiny")


def often_beside_another(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Small mistakes that are often made beside another one: signs, guards, factors, averages, steps left out."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        return
    yield from no_guard(node, scope)
    yield from left_out_factor(node, scope)
    yield from left_out_term(node, scope)
    yield from exchanged_weights(node, scope)
    if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Add | ast.Sub):
        yield from other_operator(node, scope)
    if called(node) in ("sum", "mean"):
        yield from itertools.islice(other_function(node, scope), 1)
        yield from other_axis(node, scope)
    if isinstance(node, ast.AugAssign):
        yield from left_out_step(node, scope)


def off_by_one(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Ends of ranges."""
    one = ast.Constant(1)
    if isinstance(node, ast.Call) and called(node) in ("range", "arange") and node.args:
        last = min(1, len(node.args) - 1)
        down = len(node.args) == 3 and minus_one(node.args[2])
        few, many = (ast.Add, ast.Sub) if down else (ast.Sub, ast.Add)
        for op, said in ((few, "a loop ends one step too early"), (many, "a loop goes one step too far")):
            args = list(node.args)
            args[last] = ast.BinOp(args[last], op(), one)
            yield like(node, args=args), said
        if len(node.args) == 1:
            yield like(node, args=[one, node.args[0]]), "a loop begins one step too late"
            return
        for op, said in ((many, "too late"), (few, "too early")):
            start = ast.BinOp(node.args[0], op(), one)
            yield like(node, args=[start, *node.args[1:]]), f"a loop begins one step {said}"


def slice_ends(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Ends of slices."""
    one = ast.Constant(1)
    if isinstance(node, ast.Slice):
        for end in ("lower", "upper"):
            bound = getattr(node, end)
            if bound is not None:
                yield like(node, **{end: ast.BinOp(bound, ast.Add(), one)}), "the end of a slice is off by one"
                yield like(node, **{end: ast.BinOp(bound, ast.Sub(), one)}), "the end of a slice is off by one"
                yield like(node, **{end: None}), "a slice reaches too far"


def ignored_setting(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """A parameter or a key of the settings that is not used."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        key = node.slice.value
        if isinstance(node.ctx, ast.Load) and key in USUAL:
            for value in USUAL[key]:
                yield ast.Constant(value), f"`{key}` is not used, but a number of its own ({value:g})"
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in scope.public and node.id in USUAL:
        for value in USUAL[node.id]:
            yield ast.Constant(value), f"`{node.id}` is not used, but a number of its own ({value:g})"


def complement(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """1 - p for p, where p is a setting between 0 and 1."""
    key = ""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.ctx, ast.Load):
        key = str(node.slice.value)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in scope.public:
        key = node.id
    if key in SHARES and isinstance(node, ast.expr):
        yield ast.BinOp(ast.Constant(1), ast.Sub(), node), f"1 - `{key}` stands where `{key}` belongs"


SHARES = ("p", "momentum", "beta1", "beta2", "decay_rate", "keep_prob", "alpha", "gamma", "rho", "decay")


USUAL: dict[str, tuple[float, ...]] = {
    "momentum": (0.9, 0.0, 0.99, 0.5, 0.1),
    "beta1": (0.9, 0.99, 0.5),
    "beta2": (0.999, 0.99, 0.9),
    "decay_rate": (0.99, 0.9, 0.999, 0.5),
    "epsilon": (1e-8, 0.0),
    "eps": (1e-5, 1e-8, 0.0),
    "learning_rate": (1e-2, 1e-3, 1.0),
    "reg": (0.0, 1.0),
    "std": (1e-2, 1.0),
    "weight_scale": (1e-2, 1e-3, 1.0),
    "p": (0.5,),
    "delta": (1.0,),
    "k": (1,),
    "lr": (1e-2, 1e-3, 1.0),
    "alpha": (1.0, 0.1),
    "gamma": (1.0, 0.9),
    "ddof": (0, 1),
}


def other_name(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """A variable for another one of a like name: W1 for W2, m for v, dx for x."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and len(node.id) <= 30:
        for other in scope.known:
            if alike(node.id, other):
                both = node.id in scope.public and other in scope.public
                yield (
                    ast.Name(other, ast.Load()),
                    (
                        f"`{other}` stands where `{node.id}` belongs"
                        if both
                        else "one variable stands in place of another of a like name"
                    ),
                )
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"[A-Za-z_]+\d", node.value):
        keys = {key for _, key in scope.settings}
        for digit in "123":
            if digit != node.value[-1] and node.value[:-1] + digit in scope.public | keys:
                yield (
                    ast.Constant(node.value[:-1] + digit),
                    f"`{node.value[:-1] + digit}` stands where `{node.value}` belongs",
                )


def alike(one: str, other: str) -> bool:
    """Names that are easily taken for each other: single letters, one letter apart, or one with a prefix such as d."""
    if one == other or {one, other} & {"self", "cls", "np", "plt"}:
        return False
    if len(one) == len(other):
        return len(one) == 1 or sum(a != b for a, b in zip(one, other, strict=True)) == 1
    short, long = sorted((one, other), key=len)
    return long in (f"d{short}", f"next_{short}", f"new_{short}", f"{short}_hat", f"{short}hat") or long.endswith(
        f"_{short}"
    )


def other_branch(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """A condition that is always or never true, the other arm, an early or missing return."""
    if isinstance(node, ast.If):
        yield like(node, test=ast.Constant(True)), "a case is not told apart: its condition counts as always true"
        yield like(node, test=ast.Constant(False)), "a case is not handled: its condition counts as never true"
    if isinstance(node, ast.IfExp):
        yield node.body, "a case is not told apart"
        yield node.orelse, "a case is not told apart"
    if isinstance(node, ast.BoolOp):
        for value in node.values:
            yield value, "one of several conditions is missing"
        yield like(node, op=ast.And() if isinstance(node.op, ast.Or) else ast.Or()), "`and` and `or` are exchanged"


def missing_brackets(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """a * (b + c) as a * b + c, (a + b) / c as a + b / c, a / (b * c) as a / b * c."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult | ast.Div):
        return
    left, right = node.left, node.right
    if isinstance(right, ast.BinOp):
        if isinstance(right.op, ast.Add | ast.Sub):
            yield like(right, left=like(node, right=right.left)), BRACKETS
        elif isinstance(node.op, ast.Div) and isinstance(right.op, ast.Mult):
            yield ast.BinOp(like(node, right=right.left), ast.Mult(), right.right), BRACKETS
    if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add | ast.Sub):
        yield like(left, right=like(node, left=left.right)), BRACKETS


BRACKETS = "brackets are missing around a sum or a product"


def inside_of_root(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """sqrt(x) + e as sqrt(x + e), and the other way round; sqrt(x / y) as sqrt(x) / y."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and called(node.left) == "sqrt":
        root = node.left
        assert isinstance(root, ast.Call)
        name = named(node.right, scope)
        what = f"`{name}`" if name else "a term"
        if len(root.args) == 1:
            yield like(root, args=[like(node, left=root.args[0])]), f"{what} stands inside of the root"
    if isinstance(node, ast.Call) and called(node) == "sqrt" and len(node.args) == 1:
        inner = node.args[0]
        if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Add):
            name = named(inner.right, scope)
            what = f"`{name}`" if name else "a term"
            yield like(inner, left=like(node, args=[inner.left])), f"{what} stands outside of the root"
        elif isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Div | ast.Mult):
            yield like(inner, left=like(node, args=[inner.left])), "the root is taken of one part only"
            yield like(inner, right=like(node, args=[inner.right])), "the root is taken of one part only"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and number(node.right) == 0.5:
        inner = node.left
        if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Div | ast.Mult):
            yield like(inner, left=like(node, left=inner.left)), "the root is taken of one part only"
            yield like(inner, right=like(node, left=inner.right)), "the root is taken of one part only"


def other_sum(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """The sum of squares as the square of the sum, its root, or a sum of values; a sum of values as one of squares."""
    if not isinstance(node, ast.Call) or called(node) not in ("sum", "mean"):
        return
    inner = node.args[0] if node.args else node.func.value if isinstance(node.func, ast.Attribute) else None
    if inner is None or (isinstance(inner, ast.Name) and inner.id in NO_NAMES):
        return

    def of(value: ast.expr) -> ast.expr:
        if node.args:
            return like(node, args=[value, *node.args[1:]])
        return like(node, func=like(node.func, value=value))

    square = squared(inner)
    if square is not None:
        yield ast.BinOp(of(square), ast.Pow(), ast.Constant(2)), "a sum is squared where squares should be added"
        yield of_numpy("sqrt", node), "a square root is taken of a sum of squares: a root too many"
        yield of(of_numpy("abs", square)), "magnitudes are added, not squares"
        yield of(square), "the values are added, not their squares"
    elif isinstance(inner, ast.Name):
        yield of(ast.BinOp(inner, ast.Pow(), ast.Constant(2))), "squares are added, not the values"
        yield of(of_numpy("abs", inner)), "magnitudes are added, not the values"


def other_reshape(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x.reshape(n, -1) as x.reshape(-1, n).T, and x.T as a reshape."""
    if called(node) == "reshape" and isinstance(node, ast.Call) and len(node.args) == 2 and minus_one(node.args[1]):
        turned = like(node, args=node.args[::-1])
        yield ast.Attribute(turned, "T", ast.Load()), "reshape mixes the entries of different rows"
    if isinstance(node, ast.Attribute) and node.attr == "T" and isinstance(node.ctx, ast.Load):
        shape = ast.Attribute(ast.Attribute(node.value, "T", ast.Load()), "shape", ast.Load())
        reshaped = ast.Call(ast.Attribute(node.value, "reshape", ast.Load()), [shape], [])
        yield reshaped, "reshape stands where a transpose belongs: it moves no axes"


def whole_columns(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x[rows, y] as x[:, y], and x[i, j] with its indices exchanged."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple) and len(node.slice.elts) == 2:
        first, second = node.slice.elts
        if isinstance(first, ast.Name | ast.Call) and isinstance(second, ast.Name | ast.Call):
            both = like(node.slice, elts=[ast.Slice(), second])
            yield like(node, slice=both), "whole columns are taken, not one entry of each row"
            yield like(node, slice=like(node.slice, elts=[second, first])), "two indices are exchanged"
            for op in (ast.Add, ast.Sub):
                moved = like(node.slice, elts=[first, ast.BinOp(second, op(), ast.Constant(1))])
                yield like(node, slice=moved), "an index is off by one"


def shorter_loop(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """A loop that does its first or its last round only."""
    if isinstance(node, ast.For) and not node.orelse:
        yield like(node, body=[*node.body, ast.Break()]), "a loop ends after its first round"
        rounds = ast.Call(ast.Name("list", ast.Load()), [node.iter], [])
        last = ast.Slice(ast.UnaryOp(ast.USub(), ast.Constant(1)))
        yield like(node, iter=ast.Subscript(rounds, last, ast.Load())), "a loop does its last round only"


def other_length(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """N - 1 and N + 1 for N; b / a for a * b."""
    length = isinstance(node, ast.Name) and node.id in scope.lengths and isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.expr) and (length or called(node) == "len"):
        for op, said in ((ast.Sub, "N - 1 stands where N belongs"), (ast.Add, "N + 1 stands where N belongs")):
            yield ast.BinOp(node, op(), ast.Constant(1)), said
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        name = named(node.left, scope)
        said = f"it is divided by what has `{name}` in it" if name else "it is divided"
        yield like(node, left=node.right, op=ast.Div(), right=node.left), f"{said}, where it should be multiplied"


def other_sign(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """-x for x: a value that is set, or the argument of a function."""
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp | ast.Call):
        name = named(node.targets[0], scope)
        value = ast.UnaryOp(ast.USub(), node.value)
        what = f"`{name}`" if name else "a variable"
        yield like(node, value=value), f"{what} has the other sign"
        yield like(node, value=ast.BinOp(node.value, ast.Pow(), ast.Constant(2))), f"{what} is squared"
        yield like(node, value=of_numpy("abs", node.value)), f"the absolute value of {what} is taken"
    if isinstance(node, ast.Call) and called(node) in ("maximum", "minimum", "exp", "argmax", "argsort", "max", "log"):
        for index, argument in enumerate(node.args):
            if number(argument) is None:
                args = [*node.args[:index], ast.UnaryOp(ast.USub(), argument), *node.args[index + 1 :]]
                yield like(node, args=args), "what a function is called with has the other sign"


def other_power(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x**2 and sqrt(x) for a factor or divisor x."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        for side in ("left", "right"):
            part = getattr(node, side)
            if isinstance(part, ast.Name | ast.Subscript | ast.Attribute):
                name = named(part, scope)
                of = f" of `{name}`" if name else ""
                power = ast.BinOp(part, ast.Pow(), ast.Constant(2))
                yield like(node, **{side: power}), f"the square{of} stands in place of the value"
                yield like(node, **{side: of_numpy("sqrt", part)}), f"the root{of} stands in place of the value"
                yield like(node, **{side: of_numpy("abs", part)}), f"the absolute value{of} is taken"


def another_factor(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """One side of a sum, multiplied by a setting."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        for name in scope.known:
            if name in USUAL and name in scope.public:
                for side in ("left", "right"):
                    product = ast.BinOp(ast.Name(name, ast.Load()), ast.Mult(), getattr(node, side))
                    yield like(node, **{side: product}), f"there is a factor `{name}` too many"
        for key in scope.settings:
            setting = ast.Subscript(ast.Name(key[0], ast.Load()), ast.Constant(key[1]), ast.Load())
            for side in ("left", "right"):
                product = ast.BinOp(setting, ast.Mult(), getattr(node, side))
                yield like(node, **{side: product}), f"there is a factor `{key[1]}` too many"


def averaged(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """A matrix product divided by the lengths of its factors, as if it were an average."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        for factor, axis, said in (
            (node.left, 1, "that it sums over"),
            (node.left, 0, "of rows"),
            (node.right, 1, "of columns"),
        ):
            shape = ast.Attribute(factor, "shape", ast.Load())
            length = ast.Subscript(shape, ast.Constant(axis), ast.Load())
            yield ast.BinOp(node, ast.Div(), length), f"a product is divided by the number {said}"


def any_name(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Any variable that students see for another."""
    if (
        isinstance(node, ast.Name)
        and isinstance(node.ctx, ast.Load)
        and node.id in scope.public
        and node.id not in NO_NAMES
    ):
        for other in scope.known:
            if other != node.id and other in scope.public and other not in NO_NAMES:
                yield ast.Name(other, ast.Load()), f"`{other}` stands where `{node.id}` belongs"
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in scope.public:
        for other in sorted(scope.public):
            if alike(node.value, other):
                yield ast.Constant(other), f"`{other}` stands where `{node.value}` belongs"


RULES: tuple[Rule, ...] = (
    off_by_one,
    other_comparison,
    left_out_step,
    left_out_factor,
    left_out_term,
    other_axis,
    array_rules.other_axis_throughout,
    other_function,
    other_operator,
    transposed,
    swapped_arguments,
    exchanged_weights,
    other_mask,
    other_order,
    ignored_setting,
    divided_twice,
    other_constant,
    other_factor,
    other_name,
    overwritten,
    in_place,
    other_branch,
)

FIRST_RULES: tuple[Rule, ...] = (*data_rules.FIRST, *plain_rules.FIRST)

BLOCK_RULES: tuple[BlockRule, ...] = (order_rules.late_update,)

WIDE_BLOCK_RULES: tuple[BlockRule, ...] = (
    *BLOCK_RULES,
    array_rules.around_loop,
    plain_rules.around_loop,
    *order_rules.BLOCK_RULES,
)

WIDE_RULES: tuple[Rule, ...] = (
    inside_of_root,
    *order_rules.RULES,
    *plain_rules.LATER,
    missing_brackets,
    complement,
    whole_columns,
    shorter_loop,
    other_sum,
    other_reshape,
    other_length,
    other_sign,
    other_power,
    averaged,
    *array_rules.RULES,
    *data_rules.RULES,
    another_factor,
    any_name,
    slice_ends,
    *order_rules.LAST,
    *plain_rules.LAST,
)
