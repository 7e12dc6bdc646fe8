"""What in a notebook's code depends on the student: which names, which expressions, and what is the same in every run.

A name depends on the student where a cell that students write in binds it, where it comes from a library that they
write in, or where it gets its value from such a name. What is not the same in every run (unseeded random numbers, the
time, files) counts as dependent too. In doubt a name is dependent: then an assertion counts for less, never wrongly.
"""

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

GENERATORS = ("numpy.random.default_rng", "numpy.random.RandomState", "random.Random", "torch.Generator")
SEEDS = ("numpy.random.seed", "random.seed", "torch.manual_seed", "tensorflow.random.set_seed")
DRAWS = ("numpy.random.", "random.", "torch.rand", "torch.normal", "torch.nn.", "tensorflow.random.")
DRAWING_METHODS = {"sample", "train_test_split"}
OUTSIDE = ("time.", "uuid.", "os.", "secrets.", "tempfile.", "subprocess.", "sys.", "glob.", "socket.", "pathlib.")
SAME_EVERYWHERE = ("os.path.join", "os.path.basename", "os.path.splitext", "os.sep", "sys.maxsize", "sys.getsizeof")
NOW = {"now", "today", "utcnow"}
BUILTINS = {"open", "input", "id", "hash", "globals", "locals", "vars", "dir", "get_ipython", "exec", "eval"}
RUNS = {"compile", "__import__", "import_module", "loads", "sympify", "parse_expr", "query", "read_pickle", "memmap"}
READERS = {"load", "loadtxt", "genfromtxt", "imread", "exists", "is_file", "is_dir", "read_text", "read_bytes"}

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BLOCKS = ("body", "orelse", "finalbody")


@dataclass(frozen=True)
class CodeCell:
    """A code cell to be looked at: its syntax tree, whether students write in it, and whether it is a check."""

    id: str
    tree: ast.Module
    written: bool = False
    check: bool = False


@dataclass(frozen=True)
class Reached:
    """A statement of a check cell, or of a function that a check may call.

    Attributes:
        steady: does every run reach it equally often?
        function: the outermost function that it is in, "" at the top of a cell.
    """

    cell: CodeCell
    node: ast.stmt
    steady: bool
    function: str


@dataclass
class _Frame:
    name: str
    local: set[str]


@dataclass
class Flow:
    """The names of one notebook, found by going through its cells until nothing new is found."""

    cells: Sequence[CodeCell]
    libraries: Collection[str] = ()
    student: set[str] = field(default_factory=set)
    callables: set[str] = field(default_factory=set)
    functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    generators: set[str] = field(default_factory=set)
    unsteady_functions: set[str] = field(default_factory=set)
    handed_over: set[str] = field(default_factory=set)
    """Names of what the student's code was given, or ran with: it may have changed them."""

    def __post_init__(self) -> None:
        self.stack: list[_Frame] = []
        self.seeded = False
        self.cell = CodeCell("", ast.Module([], []))
        self.after_work = False
        for cell in self.cells:
            self._know(cell)
        for cell in self.cells:
            if cell.written:
                self.student |= {name for name in _bound_outside(cell.tree) if name not in self.modules}
        size = -1
        while size != (size := self._size()):
            for _ in self.walk():
                pass

    def _size(self) -> int:
        return len(self.student) + len(self.unsteady_functions) + len(self.generators) + len(self.handed_over)

    def _know(self, cell: CodeCell) -> None:
        """Take down what a cell imports and defines."""
        for node in ast.walk(cell.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    name = alias.asname or alias.name.partition(".")[0]
                    self._import(name, alias.name if alias.asname else name)
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    self._import(alias.asname or alias.name, f"{node.module or ''}.{alias.name}")
            elif isinstance(node, (*_FUNCTIONS, ast.ClassDef)) and cell.written:
                self.callables.add(node.name)
        if not cell.written:
            self.functions |= {node.name: node for node in cell.tree.body if isinstance(node, _FUNCTIONS)}

    def _import(self, name: str, full: str) -> None:
        if full.partition(".")[0] in self.libraries:
            self.student.add(name)
            self.callables.add(name)
        else:
            self.modules[name] = full

    # --- asking -------------------------------------------------------------------------------------------------------

    def depends(self, node: ast.AST) -> bool:
        """Does the value depend on the student, or differ from run to run? Asked where the walk is."""
        return any(self._is_origin(part) for part in ast.walk(node))

    def may_have_changed(self, node: ast.AST) -> bool:
        """Does the value depend on the student, or may the student's code have changed it in place?"""
        names = {self.resolve(part.id) for part in ast.walk(node) if isinstance(part, ast.Name)}
        return self.depends(node) or not names.isdisjoint(self.handed_over)

    def _is_origin(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Name):
            return self.resolve(node.id) in self.student
        return isinstance(node, ast.Call) and self.varies(node)

    def resolve(self, name: str) -> str:
        """The name, with its function where it is local to one."""
        for frame in reversed(self.stack):
            if name in frame.local:
                return f"{frame.name}.{name}"
        return name

    def dotted(self, node: ast.AST) -> str:
        """A function's full name, such as numpy.random.rand; "" where it is not written as one."""
        if isinstance(node, ast.Attribute):
            owner = self.dotted(node.value)
            return f"{owner}.{node.attr}" if owner else ""
        if isinstance(node, ast.Name):
            return self.modules.get(node.id, node.id)
        return ""

    def varies(self, call: ast.Call) -> bool:
        """Does the call itself give something else in every run?"""
        name = self.dotted(call.func)
        last = call.func.attr if isinstance(call.func, ast.Attribute) else name.rpartition(".")[2]
        if name in GENERATORS:
            return not (call.args or call.keywords)
        if name in SEEDS or name in SAME_EVERYWHERE:
            return False
        if name.startswith(DRAWS):
            return not self.seeded
        if last in DRAWING_METHODS:
            return not self.seeded and not any(keyword.arg == "random_state" for keyword in call.keywords)
        if name in BUILTINS or name.startswith(OUTSIDE) or last in NOW or last in RUNS:
            return True
        reads = last in READERS or last.startswith("read_")
        return reads and (self.cell.check or self.after_work)

    # --- walking ------------------------------------------------------------------------------------------------------

    def walk(self) -> Iterator[Reached]:
        """Go through all cells in order; yields the statements of cells that students do not write in."""
        self.seeded, self.after_work = False, False
        for cell in self.cells:
            self.cell = cell
            if cell.written:
                self.seeded, self.after_work = False, True
                continue
            yield from self._block(cell.tree.body, True)

    def _block(self, statements: Sequence[ast.stmt], steady: bool) -> Iterator[Reached]:
        for node in statements:
            yield from self._statement(node, steady)

    def _statement(self, node: ast.stmt, steady: bool) -> Iterator[Reached]:
        if isinstance(node, _FUNCTIONS):
            yield from self._function(node)
            return
        if isinstance(node, ast.ClassDef):
            if self.depends(node):
                self._mark(node.name)
            return
        yield Reached(self.cell, node, steady, self.stack[0].name if self.stack else "")
        for part in _own_parts(node):
            self._expression(part, steady)
        self._bind(node)
        if isinstance(node, ast.If | ast.While):
            steady = steady and not self.depends(node.test) and not isinstance(node, ast.While)
        elif isinstance(node, ast.For | ast.AsyncFor):
            steady = steady and not self.depends(node.iter) and not self._leaves_early(node)
        elif isinstance(node, ast.Try | ast.Match) or _expects_errors(node):
            steady = False
        if isinstance(node, ast.With | ast.AsyncWith) and any(map(self.depends, node.body)):
            names = (part for item in node.items for part in ast.walk(item) if isinstance(part, ast.Name))
            self.handed_over |= {self.resolve(part.id) for part in names}
        inner = [block for name in _BLOCKS if isinstance(block := getattr(node, name, None), list)]
        inner += [handler.body for handler in getattr(node, "handlers", ())]
        inner += [case.body for case in getattr(node, "cases", ())]
        for _ in range(2 if isinstance(node, ast.For | ast.While) else 1):  # what a loop does, its next round sees
            for block in inner:
                yield from self._block(block, steady)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Reached]:
        seeded, self.seeded = self.seeded, False
        local = _bound(node) - {node.name} | {argument.arg for argument in _parameters(node)}
        shared = {n for part in ast.walk(node) if isinstance(part, ast.Global | ast.Nonlocal) for n in part.names}
        if any(self._is_origin(part) for part in ast.walk(node) if getattr(part, "id", None) not in local):
            self._mark(node.name)
        self.stack.append(_Frame(node.name, local - shared))
        steady = node.name not in self.unsteady_functions and len(self.stack) == 1 and not self._leaves_early(node)
        yield from self._block(node.body, steady)
        self.stack.pop()
        self.seeded = seeded

    def _leaves_early(self, node: ast.AST) -> bool:
        """Is there a way out of the loop or function that depends on the student?"""
        leaves = ast.Return | ast.Break | ast.Continue
        return any(
            isinstance(part, ast.If | ast.While) and self.depends(part.test)
            and any(isinstance(inner, leaves) for inner in ast.walk(part))
            for part in ast.walk(node)
        )  # fmt: skip

    def _expression(self, node: ast.AST, steady: bool) -> None:
        """Follow what the calls in an expression do: to parameters, to generators, to the random numbers to come."""
        called = {id(part.func) for part in ast.walk(node) if isinstance(part, ast.Call)}
        calls_student = False
        for part in ast.walk(node):
            match part:
                case ast.Call(func=ast.Name(id=name)) if name in self.functions and self.resolve(name) == name:
                    self._pass_arguments(self.functions[name], part)
                    loops = [n for n in ast.walk(node) if isinstance(n, ast.comprehension) and self.depends(n.iter)]
                    conditional = [n for n in ast.walk(node) if isinstance(n, ast.IfExp | ast.BoolOp | ast.Lambda)]
                    if loops or conditional or not steady:
                        self.unsteady_functions.add(name)
                case ast.Name(id=name) if name in self.functions and id(part) not in called:
                    self.unsteady_functions.add(name)
                    for argument in _parameters(self.functions[name]):
                        self._mark(f"{name}.{argument.arg}")
                case ast.comprehension(target=target, iter=iterable) if self.depends(iterable):
                    self._mark_bound(target)
                case ast.NamedExpr(target=target, value=value) if self.depends(value):
                    self._mark_bound(target)
                case ast.Call(func=ast.Attribute(value=owner, attr=method), args=args, keywords=keywords):
                    given = [*args, *(keyword.value for keyword in keywords)]
                    base = _base(owner)
                    asserts = method.startswith("assert")
                    if base and not asserts and base not in self.modules and any(map(self.depends, given)):
                        self._mark(self.resolve(base))  # results.append(f(3))
            if isinstance(part, ast.Call):
                given = [*part.args, *(keyword.value for keyword in part.keywords)]
                names = {n.id for argument in given for n in ast.walk(argument) if isinstance(n, ast.Name)}
                if self.depends(part.func) or names & self.callables:
                    calls_student = True
                    self.handed_over |= {self.resolve(name) for name in names}
                    for name in names & self.generators:
                        self._mark(self.resolve(name))
                if self.dotted(part.func) in SEEDS:
                    self.seeded = not any(map(self.depends, given))
                elif isinstance(part.func, ast.Name) and part.func.id in self.functions and self._touches(part.func.id):
                    calls_student = True
        if calls_student:
            self.seeded = False

    def _touches(self, function: str) -> bool:
        """May a call of this function of the notebook draw random numbers, or call what the student wrote?"""
        for part in ast.walk(self.functions[function]):
            if isinstance(part, ast.Call) and (self.depends(part.func) or self.dotted(part.func).startswith(DRAWS)):
                return True
        return any(f"{function}.{a.arg}" in self.student for a in _parameters(self.functions[function]))

    def _pass_arguments(self, function: ast.FunctionDef | ast.AsyncFunctionDef, call: ast.Call) -> None:
        """Let the parameters of a function depend on what is passed."""
        positional = [*function.args.posonlyargs, *function.args.args]
        everything = [argument.arg for argument in _parameters(function)]
        for number, argument in enumerate(call.args):
            if not self.depends(argument):
                continue
            plain = number < len(positional) and not any(isinstance(a, ast.Starred) for a in call.args)
            for name in [positional[number].arg] if plain else everything:
                self._mark(f"{function.name}.{name}")
        for keyword in call.keywords:
            if self.depends(keyword.value):
                for name in [name for name in everything if name == keyword.arg] or everything:
                    self._mark(f"{function.name}.{name}")

    def _bind(self, node: ast.stmt) -> None:
        """Let the targets of an assignment depend on its value."""
        pairs: list[tuple[ast.AST, ast.AST]] = []
        match node:
            case ast.Assign(targets=targets, value=value):
                pairs = [(target, value) for target in targets]
                if isinstance(value, ast.Call) and self.dotted(value.func) in GENERATORS:
                    self.generators |= {target.id for target in targets if isinstance(target, ast.Name)}
            case ast.AugAssign(target=target, value=value):
                pairs = [(target, value)]
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                pairs = [(target, value)]
            case ast.For(target=target, iter=value) | ast.AsyncFor(target=target, iter=value):
                pairs = [(target, value)]
            case ast.With(items=items) | ast.AsyncWith(items=items):
                pairs = [(item.optional_vars, item.context_expr) for item in items if item.optional_vars]
            case ast.Expr(value=ast.Call(func=ast.Name() as function, args=args)) if self.depends(function):
                pairs = [(argument, function) for argument in args]  # sort_in_place(numbers)
        pairs += [(part.target, part.value) for part in ast.walk(node) if isinstance(part, ast.NamedExpr)]
        for bound, given in pairs:
            if self.depends(given):
                self._mark_bound(bound)
            elif self.may_have_changed(given):
                self.handed_over |= {self.resolve(n.id) for n in ast.walk(bound) if isinstance(n, ast.Name)}

    def _mark_bound(self, target: ast.AST) -> None:
        if base := _base(target):
            self._mark(self.resolve(base))
        for part in ast.walk(target):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                self._mark(self.resolve(part.id))

    def _mark(self, name: str) -> None:
        self.student.add(name)


def _own_parts(node: ast.stmt) -> Iterator[ast.AST]:
    """The expressions of a statement, those of the statements inside it left out."""
    for name, value in ast.iter_fields(node):
        if name in (*_BLOCKS, "handlers", "cases"):
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST):
                yield part


def _bound(node: ast.AST) -> set[str]:
    """Every name that a piece of code binds; those inside its functions too."""
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    return names | {part.name for part in ast.walk(node) if isinstance(part, (*_FUNCTIONS, ast.ClassDef))}


def _bound_outside(tree: ast.Module) -> set[str]:
    """The names that a cell binds for the cells after it, not those inside its functions, classes and loops."""
    names: set[str] = set()
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(node.name)
                names |= {n for part in ast.walk(node) if isinstance(part, ast.Global) for n in part.names}
                continue
            case ast.Lambda():
                continue
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                names |= {part.target.id for part in ast.walk(node) if isinstance(part, ast.NamedExpr)}
                continue
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.ExceptHandler(name=str(name)):
                names.add(name)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                names.add(name)
        waiting += ast.iter_child_nodes(node)
    return names


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    arguments = function.args
    extra = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]


def _base(node: ast.AST) -> str:
    """The name that an attribute or item belongs to: x of x.params["W"]; "" where there is none."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _expects_errors(node: ast.AST) -> bool:
    """Is it a block in which an exception is expected, or let pass?"""
    if not isinstance(node, ast.With | ast.AsyncWith):
        return False
    names = [ast.unparse(part.context_expr).partition("(")[0].rpartition(".")[2].lower() for part in node.items]
    return any("raises" in name or name in ("suppress", "warns", "assertwarns", "assertlogs") for name in names)
