"""Cells that grading leaves out: does anything that runs need them? Found by following names, without running anything.

In doubt a cell is needed. What cannot be seen here, an object that a function changes, shows in the answer key: it is
made without these cells too, so that a check of the source which needs one fails there, before anything is graded.
"""

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from autograder.syntax import tree_of

NAMELESS = {"exec", "eval", "globals", "locals", "vars", "get_ipython", "In", "Out"}
"""Who uses these may need anything."""
HARMLESS = {
    "argmax", "astype", "copy", "format", "get", "items", "join", "keys", "max", "mean", "min", "reshape", "round",
    "std", "sum", "tolist", "transpose", "values",
}  # fmt: skip
"""Methods that leave their object as it is."""


@dataclass(frozen=True)
class Need:
    """A cell that runs uses a name that a skipped cell gave its value, or may have changed."""

    cell: str
    name: str
    skipped: str


def needs(cells: Iterable[tuple[str, str]], skipped: Collection[str]) -> Iterator[Need]:
    """What the cells that run need of those that are skipped.

    Args:
        cells: (id, source) of the code cells in order, without those that grading does not run anyway.
    """
    yield from needs_of([(cell, Names.of(source)) for cell, source in cells], skipped)


def needs_of(code: Sequence[tuple[str, "Names"]], skipped: Collection[str]) -> Iterator[Need]:
    """The same, of cells whose names are known."""
    modules = set().union(*(names.modules for _, names in code))
    imported: set[str] = set()
    given: dict[str, str] = {}
    later: dict[str, str] = {}  # used in a function's body, which may run at any time after
    for cell, names in code:
        if cell in skipped:
            for name in (names.bound - (names.modules & imported)) | names.maybe | (names.changed - modules):
                given[name] = cell
                if name in later:
                    yield Need(later[name], name, cell)
            continue
        for name in sorted(names.used & given.keys()):
            yield Need(cell, name, given[name])
        for name in names.bound:
            given.pop(name, None)
        imported |= names.modules
        later |= dict.fromkeys(names.inside - names.bound, cell)


def needs_anything(source: str) -> bool:
    """May this code use a name that is not written in it, or can it not be read?"""
    names = Names.of(source)
    return not names.readable or bool(names.used & NAMELESS)


def left_out(cells: Iterable[tuple[str, str]], skipped: Collection[str], given: Collection[str] = ()) -> frozenset[str]:
    """The cells not to run: those that are skipped, or none where what runs needs one of them.

    Args:
        cells: as in `needs`, with a submission's own text in them.
        given: ids of the cells whose text is the source's, which may use what they like.
    """
    code = list(cells)
    running = [source for cell, source in code if cell not in skipped and cell not in given]
    if any(map(needs_anything, running)) or any(True for _ in needs(code, skipped)):
        return frozenset()
    return frozenset(skipped)


def unneeded(cells: Sequence[tuple[str, str]]) -> frozenset[str]:
    """Of cells that run one after the other, as in `needs`, those before the last that no later one of them needs."""
    dropped: set[str] = set()
    for cell, source in reversed(cells[:-1]):
        if needs_anything(source):
            continue
        running = [text for other, text in cells if other != cell and other not in dropped]
        if not any(map(needs_anything, running)) and not any(True for _ in needs(cells, {*dropped, cell})):
            dropped.add(cell)
    return frozenset(dropped)


def spare(cells: Iterable[tuple[str, str]], skipped: Collection[str], kept: Collection[str]) -> list[str]:
    """Further cells that nothing needs that runs, in order: they compute something, and set nothing for others.

    Args:
        cells: as in `needs`.
        kept: ids of the cells that are to run in any case.
    """
    texts = list(cells)
    code = [(cell, Names.of(source)) for cell, source in texts]
    left = set(skipped)
    for cell, source in reversed(texts):
        if cell in left or cell in kept or not computes(source):
            continue
        if not any(True for _ in needs_of(code, left | {cell})):
            left.add(cell)
    return [cell for cell, _ in texts if cell in left - set(skipped)]


def computes(source: str) -> bool:
    """Does a cell call anything where it stands, but for a seed, and nothing that may need or make any name?"""
    names, tree = Names.of(source), tree_of(source)
    body = [part for part in tree.body if not isinstance(part, ast.FunctionDef | ast.ClassDef)]
    calls = [node.func for part in body for node in ast.walk(part) if isinstance(node, ast.Call)]
    called = {node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "") for node in calls}
    return names.readable and not names.used & NAMELESS and any("seed" not in name for name in called)


@dataclass
class Names(ast.NodeVisitor):
    """The names of a cell, in the order in which it runs.

    Attributes:
        used: names that it asks for before it has given them a value for certain.
        bound: names to which it gives a value for certain; `maybe` in a branch or a loop.
        changed: names of objects that it may change in place.
        inside: those of `used` that a function's body asks for.
        modules: those of `bound` that an import binds.
        readable: is it Python?
    """

    used: set[str] = field(default_factory=set)
    bound: set[str] = field(default_factory=set)
    maybe: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    inside: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)
    readable: bool = True

    @classmethod
    def of(cls, source: str) -> "Names":
        tree, names = tree_of(source), cls()
        names.readable = bool(tree.body) or not any(
            line.strip() and not line.lstrip().startswith("#") for line in source.split("\n")
        )
        for statement in tree.body:
            names.visit(statement)
        return names

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            if node.id not in self.bound:
                self.used.add(node.id)
        elif isinstance(node.ctx, ast.Del):
            self.changed.add(node.id)
            self.bound.discard(node.id)
        else:
            self.bound.add(node.id)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self.visit(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        name = first_name(node.target)
        if name not in self.bound:
            self.used.add(name)
        self.changed.add(name)
        self.visit(node.target)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.writes(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.writes(node)

    def writes(self, node: ast.Attribute | ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.changed.add(first_name(node))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute) and node.func.attr not in HARMLESS:
            self.changed.add(first_name(node.func))
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        names = {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        self.bound |= names
        self.modules |= names

    visit_ImportFrom = visit_Import

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        with_target = [node.target, *node.body]
        self.branches(with_target, node.orelse)

    visit_AsyncFor = visit_For

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self.branches(node.body, node.orelse)

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self.branches(node.body, node.orelse)

    def visit_Try(self, node: ast.Try) -> None:
        self.tried(node)

    def visit_TryStar(self, node: ast.TryStar) -> None:
        self.tried(node)

    def tried(self, node: ast.Try | ast.TryStar) -> None:
        self.branches(node.body + node.orelse, *(handler.body for handler in node.handlers), [])
        for statement in node.finalbody:
            self.visit(statement)

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        self.branches(*([case.pattern, *([case.guard] if case.guard else []), *case.body] for case in node.cases), [])

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        self.generic_visit(node)
        if node.name:
            self.bound.add(node.name)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        if node.name:
            self.bound.add(node.name)

    def branches(self, *ways: Iterable[ast.AST]) -> None:
        """Only what every way binds is bound for certain."""
        before, ends = set(self.bound), []
        for way in ways:
            self.bound = set(before)
            for part in way:
                self.visit(part)
            ends.append(self.bound)
        self.maybe |= set().union(*ends)
        self.bound = set.intersection(*ends)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in [*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d)]:
            self.visit(part)
        self.within(node.args, node.body)
        self.bound.add(node.name)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for part in [*node.args.defaults, *(default for default in node.args.kw_defaults if default)]:
            self.visit(part)
        self.within(node.args, [node.body])

    def within(self, arguments: ast.arguments, body: Iterable[ast.AST]) -> None:
        """A function's body: it may run at any time, and what it binds is its own, unless it says `global`."""
        own = Names()
        everything = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        own.bound = {argument.arg for argument in everything if argument is not None}
        parts = list(body)
        shared = {
            name for part in parts for inner in ast.walk(part) if isinstance(inner, ast.Global) for name in inner.names
        }
        local = {
            inner.id
            for part in parts
            for inner in ast.walk(part)
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
        } - shared
        for part in parts:
            own.visit(part)
        self.maybe |= (own.bound | own.maybe) & shared
        self.changed |= own.changed - local - {argument.arg for argument in everything if argument is not None}
        asked = own.used - local
        self.inside |= asked
        self.used |= asked - self.bound

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in [*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)]:
            self.visit(part)
        own = Names(bound=set(self.bound))
        for statement in node.body:
            own.visit(statement)
        self.used |= own.used
        self.inside |= own.inside
        self.changed |= own.changed - own.bound
        self.bound.add(node.name)

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        before = set(self.bound)
        for part in node.generators:
            self.visit(part.iter)
            self.visit(part.target)
            for condition in part.ifs:
                self.visit(condition)
        for value in [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]:
            self.visit(value)
        self.bound = before

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp


def first_name(node: ast.AST) -> str:
    """The name that an expression like a.b[c].d begins with, or ""."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
