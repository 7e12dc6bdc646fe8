"""Does a check reach something that students write? Found by following names, without running anything.

A check that reaches none gives its points to everybody: most often its region is missing in `blank`, so
that students get the solution. In doubt something is reached: then nothing is said.
"""

import ast
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode

from autograder.questions import is_check, points_of, students_write
from autograder.regions import banner_of
from autograder.release.library import region_names
from autograder.syntax import parse_python, tree_of

DYNAMIC = {"exec", "eval", "globals", "locals", "get_ipython", "getattr", "vars", "open", "__import__", "import_module"}
"""Who uses these may reach anything."""

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Reach:
    """What a check reaches.

    Attributes:
        written: is something that students write among it?
        regions: the full names of the library's regions among it.
    """

    written: bool
    regions: frozenset[str]


@dataclass(frozen=True)
class NamesUsed:
    """What a piece of code names, each once.

    Attributes:
        names: alone, those of its functions' own variables apart.
        attributes: of expressions like a.b.c the whole text ("" where it begins with no name), and the last name.
        texts: strings that it holds.
    """

    names: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...]
    texts: tuple[str, ...]


@dataclass
class Library:
    """The library's modules: what each name stands for, and where the regions are."""

    files: Mapping[str, Path]
    names: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    nodes: dict[str, list[ast.AST]] = field(default_factory=lambda: defaultdict(list))
    methods: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    regions: dict[str, list[tuple[int, int, str]]] = field(default_factory=dict)
    uses: dict[ast.AST, NamesUsed] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for module, path in self.files.items():
            text = path.read_text("utf-8")
            self.regions[module] = [
                (r.start + 1, r.end + 1, name) for r, name in region_names(text, module, path).items()
            ]
            inside = module if path.name == "__init__.py" else module.rpartition(".")[0]
            for node in parse_python(text).body:
                for name in bound_by(node):
                    self.names[module][name] = f"{module}.{name}"
                    self.nodes[f"{module}.{name}"].append(node)
                self.names[module] |= imported(node, inside)
                if isinstance(node, ast.ClassDef):
                    for part in node.body:
                        for name in bound_by(part):
                            self.methods[name].append(f"{module}.{node.name}.{name}")
                            self.nodes[f"{module}.{node.name}.{name}"].append(part)

    def module_of(self, full: str) -> str:
        return max((module for module in self.files if full.startswith(f"{module}.")), key=len, default="")

    def target(self, full: str) -> str:
        """What a name stands for, also where a module has it from another."""
        for _ in range(9):
            module = self.module_of(full)
            first, _, rest = full.removeprefix(f"{module}.").partition(".")
            known = self.names.get(module, {}).get(first)
            if known is None or known == f"{module}.{first}":
                break
            full = f"{known}.{rest}" if rest else known
        return full


def reaches(
    nb: NotebookNode, library: Library, blank: Collection[str], hand_in: Collection[str]
) -> Iterator[tuple[NotebookNode, Reach]]:
    """What each check of a source notebook reaches."""
    cells = [(cell, tree_of(cell.source)) for cell in nb.cells if cell.cell_type == "code"]
    walk = Walk([(cell, tree) for cell, tree in cells], library, frozenset(blank), frozenset(hand_in))
    for cell, tree in cells:
        if is_check(cell) and points_of(cell):
            yield cell, walk.from_check(cell, tree)


class Walk:
    """Follows names from a check through the notebook and the library."""

    def __init__(
        self,
        cells: Sequence[tuple[NotebookNode, ast.Module]],
        library: Library,
        blank: frozenset[str],
        hand_in: frozenset[str],
    ) -> None:
        self.library = library
        self.blank = blank
        self.imports: dict[str, str] = {}
        self.statements: dict[str, list[ast.AST]] = defaultdict(list)
        self.written: set[str] = set()
        self.texts = set(hand_in)
        for cell, tree in cells:
            theirs = students_write(cell) or any(map(banner_of, cell.source.split("\n")))
            for node in ast.walk(tree):
                self.imports |= self.stars(node) | imported(node, "")
                if theirs and isinstance(node, ast.Constant) and isinstance(node.value, str):
                    self.texts.add(node.value)
            for node in tree.body:
                changed = set(bound_by(node)) | set(changed_by(node))
                if theirs:
                    self.written |= changed
                for name in changed:
                    self.statements[name].append(node)
        self.written -= self.imports.keys()

    def stars(self, node: ast.AST) -> dict[str, str]:
        """The names of `from module import *`."""
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            return dict(self.library.names.get(node.module or "", {}))
        return {}

    def from_check(self, cell: NotebookNode, tree: ast.Module) -> Reach:
        if students_write(cell) or not tree.body:
            return Reach(True, frozenset())
        self.found: set[str] = set()
        self.reached = False
        self.done: set[str] = set()
        self.look(uses_of(tree, set_first(tree)), "")
        return Reach(self.reached or bool(self.found & self.blank), frozenset(self.found))

    def look_at(self, node: ast.AST, module: str) -> None:
        """Take in what a piece of code names that several checks may come to."""
        if node not in self.library.uses:
            self.library.uses[node] = uses_of(node)
        self.look(self.library.uses[node], module)

    def look(self, uses: NamesUsed, module: str) -> None:
        """Take in what a piece of code names; `module`: whose code it is, "" for the notebook's."""
        self.reached |= not module and not self.texts.isdisjoint(uses.texts)
        for dotted, attribute in uses.attributes:
            self.use_attribute(dotted, attribute, module)
        for name in uses.names:
            self.use_name(name, module)

    def use_name(self, name: str, module: str) -> None:
        if module:
            if known := self.library.names[module].get(name):
                self.use_full(known)
            return
        if name in DYNAMIC or name in self.written:
            self.reached = True
        if name in self.imports:
            self.use_full(self.imports[name])
        elif name not in self.done:
            self.done.add(name)
            for statement in self.statements.get(name, ()):
                self.look_at(statement, "")

    def use_attribute(self, dotted: str, attribute: str, module: str) -> None:
        names = self.library.names[module] if module else self.imports
        first, _, rest = dotted.partition(".")
        if first in names and (full := self.library.target(f"{names[first]}.{rest}")) in self.library.nodes:
            self.use_full(full)
        for method in self.library.methods.get(attribute, ()):
            self.use_full(method)

    def use_full(self, full: str) -> None:
        """Take in a function, class, method or value of the library."""
        full = self.library.target(full)
        if full in self.done:
            return
        self.done.add(full)
        module = self.library.module_of(full)
        for node in self.library.nodes.get(full, ()):
            if isinstance(node, ast.ClassDef):
                self.use_class(full, node, module)
                continue
            first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
            inside = (name for a, b, name in self.library.regions[module] if first <= a and b <= last + 1)
            self.found |= {name for name in inside if isinstance(node, FUNCTIONS) or name == module}
            self.look_at(node, module)

    def use_class(self, full: str, node: ast.ClassDef, module: str) -> None:
        """What runs when a class is used: special methods; all methods, where a foreign class may call them."""
        bases = [self.library.target(self.library.names[module].get(dotted_name(base), "")) for base in node.bases]
        foreign = any(base not in self.library.nodes for base in bases)
        for base in bases:
            self.use_full(base)
        for part in node.body:
            for name in bound_by(part):
                if foreign or name.startswith("__") or not isinstance(part, FUNCTIONS):
                    self.use_full(f"{full}.{name}")


def uses_of(node: ast.AST, local: frozenset[str] = frozenset()) -> NamesUsed:
    """What a piece of code names; `local`: names that are its own."""
    names: dict[str, None] = {}
    attributes: dict[tuple[str, str], None] = {}
    texts: dict[str, None] = {}

    def look(node: ast.AST, local: frozenset[str]) -> None:
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                texts[node.value] = None
        elif isinstance(node, ast.Attribute):
            attributes[dotted_name(node), node.attr] = None
        elif isinstance(node, ast.Name):
            if node.id not in local:
                names[node.id] = None
        elif isinstance(node, (*FUNCTIONS, ast.Lambda)):
            local |= {argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg)}
            local |= frozenset(bound_by(node.body)) if isinstance(node, ast.Lambda) else inner_names(node)
        for part in ast.iter_child_nodes(node):
            look(part, local)

    look(node, local)
    return NamesUsed(tuple(names), tuple(attributes), tuple(texts))


def imported(node: ast.AST, inside: str) -> dict[str, str]:
    """Name -> full name of what an import statement binds; `inside` is what a relative one starts from."""
    if isinstance(node, ast.Import):
        return {
            alias.asname or alias.name.partition(".")[0]: alias.name if alias.asname else alias.name.partition(".")[0]
            for alias in node.names
        }
    if isinstance(node, ast.ImportFrom):
        parts = inside.split(".") if inside else []
        base = parts[: len(parts) - node.level + 1] if node.level else []
        module = ".".join([*base, *([node.module] if node.module else [])])
        return {alias.asname or alias.name: f"{module}.{alias.name}" for alias in node.names if alias.name != "*"}
    return {}


def bound_by(node: ast.AST) -> Iterator[str]:
    """The names that a statement binds, those of imports apart."""
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        yield node.name
        return
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            yield part.id
        elif isinstance(part, (*FUNCTIONS, ast.ClassDef)):
            yield part.name


def inner_names(node: ast.FunctionDef | ast.AsyncFunctionDef) -> frozenset[str]:
    """The names of a function's own variables."""
    shared = {name for part in ast.walk(node) if isinstance(part, ast.Global | ast.Nonlocal) for name in part.names}
    return frozenset(name for part in node.body for name in bound_by(part)) - shared


def set_first(tree: ast.Module) -> frozenset[str]:
    """The names to which a cell gives a value before it asks for one."""
    first: dict[str, bool] = {}
    for statement in tree.body:
        names = [part for part in ast.walk(statement) if isinstance(part, ast.Name)]
        changed = {
            part.target.id
            for part in ast.walk(statement)
            if isinstance(part, ast.AugAssign) and isinstance(part.target, ast.Name)
        }
        for part in sorted(names, key=lambda part: isinstance(part.ctx, ast.Store)):  # asked for, then given
            first.setdefault(part.id, isinstance(part.ctx, ast.Store) and part.id not in changed)
        if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
            first.setdefault(statement.name, True)
    return frozenset(name for name, is_set in first.items() if is_set)


def changed_by(node: ast.AST) -> Iterator[str]:
    """The names of what a statement may change in place: by writing into it, or by calling a method of it."""
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute | ast.Subscript) and isinstance(part.ctx, ast.Store):
            yield first_name(part)
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
            yield first_name(part.func)


def first_name(node: ast.AST) -> str:
    """The name that an expression like a.b[c].d begins with, or ""."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def dotted_name(node: ast.AST) -> str:
    """The text of an expression like a.b.c, or ""."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""
