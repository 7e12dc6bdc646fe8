"""What can be wrong with a notebook's expectations before any student sees it, found without running it."""

import ast
import builtins
import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any

from autograder.expect.calls import KINDS
from autograder.expect.compare import MEASURES
from autograder.expect.session import rng
from autograder.expect.sites import states_nothing
from autograder.expect.stated import MODULE, STATING, expectations, is_call, name_of, parse
from autograder.questions import is_check, students_write
from autograder.words import syntax_in_words

RNG = rng.__name__

_ANY_CALL = "()"  # stands among the drawn names where numpy's global generator is seeded from `expect.rng()`
_CONDITIONAL = (ast.If, ast.IfExp, ast.BoolOp, ast.While, ast.Try, ast.Match)
_CALLED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True)
class LintProblem:
    """Something to mend in one cell; `line` counts from 1 in the cell."""

    cell_id: str
    line: int
    text: str


def guessable_cells(nb: Mapping[str, Any]) -> list[LintProblem]:
    """Problems of a notebook's grade cells: what a student could earn without the work, or grading could not follow.

    - a grade cell that states and asserts nothing, or whose every expectation could be met by a guess: each needs one
      `same` or `gradient` of values that come from `expect.rng()` in that cell, or an `accuracy`;
    - an expectation in another cell than a grade cell (it would decide nothing);
    - an expectation, or an `expect.rng()`, that is reached or not depending on the student's values: they are numbered;
    - a predicate of `holds` that reads the notebook's variables: it is judged later, against the source's variables;
    - a name that `expect` does not have.
    """
    code = [cell for cell in nb["cells"] if cell["cell_type"] == "code"]
    trees = {cell["id"]: parse(cell["source"]) for cell in code}
    assigned = set().union(*(stored_names(tree) for tree in trees.values() if isinstance(tree, ast.Module)))
    problems = []
    for cell in code:
        tree, graded = trees[cell["id"]], is_check(cell)
        if isinstance(tree, SyntaxError):
            if graded:
                problems.append(
                    LintProblem(cell["id"], tree.lineno or 1, f"Python cannot read it: {syntax_in_words(tree)}")
                )
            continue
        found = grade_cell(tree, assigned) if graded else other_cell(tree, students_write(cell))
        problems.extend(LintProblem(cell["id"], line, text) for line, text in sorted(found))
    return problems


def grade_cell(tree: ast.Module, assigned: set[str]) -> Iterator[tuple[int, str]]:
    """Problems of a grade cell, as (line, text)."""
    yield from unknown_names(tree)
    yield from unsteady(tree)
    calls = list(expectations(tree))
    for call in calls:
        yield from misused(call)
        yield from late_names(call, assigned)
    if not calls:
        if states_nothing(tree):
            yield 1, "it states no expectation and asserts nothing, so that nothing in it can be graded"
        return
    random = drawn_names(tree)
    if not any(cannot_be_guessed(call, random) for call in calls):
        yield (
            calls[0].lineno,
            "its points could be guessed: state expect.same or expect.gradient of something computed from "
            "expect.rng() in this cell, or expect.accuracy",
        )


def other_cell(tree: ast.Module, written: bool) -> Iterator[tuple[int, str]]:
    """Problems of a cell that is not graded; do students write in it?"""
    where = "in a cell that students write in" if written else "outside a grade cell"
    yield from unknown_names(tree)
    for call in expectations(tree):
        yield call.lineno, f"expect.{name_of(call)} stands {where}, where it decides nothing"


def function_of(call: ast.Call) -> Callable:
    """The function that a call of an expectation calls."""
    return next(function for function in KINDS if function.__name__ == name_of(call))


def argument(call: ast.Call, parameter: str) -> ast.expr | None:
    """The argument for a parameter of the function that a call calls."""
    position = function_of(call).__code__.co_varnames.index(parameter)
    named = [keyword.value for keyword in call.keywords if keyword.arg == parameter]
    return next(iter([*call.args[position : position + 1], *named]), None)


def unknown_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    known = [*STATING, RNG, "Unmet"]
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=base), attr=attr) if base == MODULE and attr not in known:
                near = difflib.get_close_matches(attr, known, 1)
                yield node.lineno, f"expect has no {attr}" + (f"; did you mean {near[0]}?" if near else "")


def unsteady(tree: ast.AST, reason: str = "", literals: frozenset[str] | None = None) -> Iterator[tuple[int, str]]:
    """Calls that not every run of the cell reaches equally often; they are numbered as they are reached."""
    literals = literal_names(tree) if literals is None else literals
    if reason and is_call(tree, *STATING, RNG):
        yield tree.lineno, f"expect.{name_of(tree)} stands {reason}: every run must reach the same expectations"
    inside = reason or why_unsteady(tree, literals)
    once = () if isinstance(tree, ast.While) else ("iter", "test", "subject")  # run when the node is, whatever follows
    if isinstance(tree, ast.ListComp | ast.SetComp | ast.DictComp):
        first = tree.generators[0]
        yield from unsteady(first.iter, reason, literals)
        rest = [first.target, *first.ifs, *tree.generators[1:]]
        rest += [tree.key, tree.value] if isinstance(tree, ast.DictComp) else [tree.elt]
        for part in rest:
            yield from unsteady(part, inside, literals)
        return
    for field, children in ast.iter_fields(tree):
        for child in children if isinstance(children, list) else [children]:
            if isinstance(child, ast.AST):
                yield from unsteady(child, reason if field in once else inside, literals)


def why_unsteady(node: ast.AST, literals: frozenset[str]) -> str:
    """Why what stands in this node may be reached or not; "" where it is reached equally often in every run."""
    if isinstance(node, _CONDITIONAL):
        return "where it may be skipped"
    if isinstance(node, _CALLED):
        return "in a function"
    if isinstance(node, ast.For):
        left = any(isinstance(inner, ast.Break | ast.Continue) for inner in ast.walk(node))
        steady = is_literal(node.iter, literals) and not left
    elif isinstance(node, _COMPREHENSIONS):
        steady = all(is_literal(part.iter, literals) and not part.ifs for part in node.generators)
    else:
        steady = True
    return "" if steady else "in a loop that is not over a written-out list"


def is_literal(node: ast.expr, literals: frozenset[str]) -> bool:
    """Is its length written out in the cell? A zip ends with its shortest part, so one of these suffices."""
    match node:
        case ast.Call(func=ast.Attribute(attr="items" | "keys" | "values", value=container)):
            return is_literal(container, literals)
        case ast.Call(func=ast.Name("zip")):
            return any(is_literal(part, literals) for part in node.args)
        case ast.Call(func=ast.Name("range" | "enumerate" | "sorted")):
            return all(is_literal(part, literals) for part in node.args)
    if isinstance(node, ast.Name):
        return node.id in literals
    if isinstance(node, ast.Dict):
        return None not in node.keys  # the number of entries counts, not what they are
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return not any(isinstance(item, ast.Starred) for item in node.elts)
    return isinstance(node, ast.Constant)


def literal_names(tree: ast.AST) -> frozenset[str]:
    """Names that the cell binds once, to something written out."""
    bound = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    once = {name for name in bound if bound.count(name) == 1}
    found: frozenset[str] = frozenset()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and is_literal(node.value, found):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)} & once
    return found


def drawn_names(tree: ast.Module) -> set[str]:
    """Names whose values come from `expect.rng()`, through any number of assignments and calls.

    Where it seeds numpy's global generator, whatever a call gives may come from it.
    """
    fixed = imported_names(tree) | set(dir(builtins)) | {MODULE}
    drawn: set[str] = set()
    while True:
        reached = [base_names(target) - fixed for target, source in flows(tree) if comes_from(source, drawn)]
        if any(is_global_seed(node) and comes_from(node, drawn) for node in ast.walk(tree)):
            reached.append({_ANY_CALL})
        if all(names <= drawn for names in reached):
            return drawn
        drawn.update(*reached)


def flows(tree: ast.Module) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Pairs of code: what the first names gets values from the second."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign():
                yield from ((target, node.value) for target in node.targets)
            case ast.AugAssign() | ast.AnnAssign() | ast.NamedExpr():
                yield node.target, node.value or node.target
            case ast.For() | ast.comprehension():
                yield node.target, node.iter
            case ast.withitem(optional_vars=ast.expr() as target):
                yield target, node.context_expr
            case ast.FunctionDef():
                yield ast.Name(node.name), node
            case ast.Expr(value=ast.Call()) if not is_call(node.value, *STATING):
                yield node.value, node.value  # shuffle(X, y): both have seen the other
            case ast.Call(func=ast.Attribute(value=ast.Name() | ast.Attribute() as owner)):
                yield owner, node  # losses = net.train(X): net has seen X


def is_global_seed(node: ast.AST) -> bool:
    """Is it a call of np.random.seed?"""
    return isinstance(node, ast.Call) and ast.unparse(node.func) in ("np.random.seed", "numpy.random.seed")


def comes_from(node: ast.AST, drawn: set[str]) -> bool:
    """Does an expression hold `expect.rng()`, a name that comes from it, or a call that may?"""
    return any(
        is_call(part, RNG)
        or (isinstance(part, ast.Name) and part.id in drawn)
        or (isinstance(part, ast.Call) and _ANY_CALL in drawn)
        for part in ast.walk(node)
    )


def cannot_be_guessed(call: ast.Call, drawn: set[str]) -> bool:
    """Does it take the work to meet this expectation?"""
    kind = KINDS[function_of(call)]
    if kind.guessable:
        return False
    if not kind.needs_evidence:
        return True
    value = argument(call, kind.judged)
    return value is not None and comes_from(value, drawn)


def misused(call: ast.Call) -> Iterator[tuple[int, str]]:
    """Arguments that an expectation does not take, and measures that there are not."""
    name = name_of(call)
    taken = [*signature(function_of(call)).parameters]
    for keyword in call.keywords:
        if keyword.arg and keyword.arg not in taken:
            near = difflib.get_close_matches(keyword.arg, taken, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it takes {', '.join(taken)}"
            yield call.lineno, f"expect.{name} has no argument {keyword.arg}; {hint}"
    measure = argument(call, "measure") if "measure" in taken else None
    if isinstance(measure, ast.Constant) and measure.value not in MEASURES:
        yield call.lineno, f"measure is {measure.value!r}; there are: {', '.join(MEASURES)}"


def late_names(call: ast.Call, assigned: set[str]) -> Iterator[tuple[int, str]]:
    """Variables of the notebook that a predicate written in the call would read."""
    predicate = argument(call, "predicate") if name_of(call) == "holds" else None
    if not isinstance(predicate, ast.Lambda):
        return
    own = {parameter.arg for parameter in ast.walk(predicate.args) if isinstance(parameter, ast.arg)}
    own |= stored_names(predicate)
    for name in sorted(base_names(predicate.body) & assigned - own):
        yield (
            predicate.lineno,
            f"the predicate reads {name}, which has the source's value when it is judged: make it part of the value",
        )


def base_names(node: ast.AST) -> set[str]:
    """All names in a piece of code."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def stored_names(tree: ast.AST) -> set[str]:
    """Names that a piece of code assigns to."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def imported_names(tree: ast.AST) -> set[str]:
    """Names that a piece of code imports; numpy's usual name too, which an earlier cell imports."""
    names = (alias for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names)
    return {"np", "plt"} | {(alias.asname or alias.name).partition(".")[0] for alias in names}
