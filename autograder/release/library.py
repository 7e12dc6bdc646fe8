"""The library as an assignment's students get it: the modules it uses, with its holes."""

import ast
import difflib
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from autograder.assignment import FILE, Assignment
from autograder.course import COURSE_FILE, Course
from autograder.errors import CourseError
from autograder.regions import Region, RegionError, find_regions, hollow
from autograder.source import read_source, source_path
from autograder.syntax import parse_python, plain_text
from autograder.words import conflict_in, syntax_in_words

NEVER_LIBRARIES = {"autograder", "source"}
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def library_with_holes(course: Course, assignment: Assignment) -> dict[str, str]:
    """Return the library files of an assignment: path from the assignment's folder ("nn/layers.py") -> text.

    They are the modules that its notebooks import, directly or not, those it names, and the packages they are in.
    The regions that it names are emptied; all others are given whole, without banners.

    Raises:
        CourseError: a module does not exist or is not Python, a region is malformed, or a name to blank is unknown.
    """
    modules = used_modules(course, assignment)
    labels: dict[str, dict[Region, str | None]] = {}
    known: set[str] = set()
    for module, path in modules.items():
        named = region_names(_text(path), module, path)
        known.update(named.values())
        labels[module] = {
            region: _label(name, module) if name in assignment.blank else None for region, name in named.items()
        }
    for name in assignment.blank:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f'Did you mean "{near[0]}"?' if near else f"Put banners around what students write in {name}."
            raise CourseError(f'{assignment.folder / FILE}: blank has "{name}", but no region has that name. {hint}')
    files = {}
    for module, path in modules.items():
        files[path.relative_to(course.root).as_posix()] = text = hollow(_text(path), labels[module])
        _tree(text, path, " once its regions are emptied")
    return files


def region_names(text: str, module: str, path: Path) -> dict[Region, str]:
    """Return each region of a module with its full name, "module.Class.function" or "module.Class.function:region".

    Raises:
        CourseError: the text is not Python, a region is malformed or reaches out of its function, or two have one name.
    """
    try:
        regions = find_regions(text)
    except RegionError as error:
        raise CourseError(f"{path}: {error}.") from None
    scopes = list(_scopes(_tree(text, path), module))
    names: dict[Region, str] = {}
    for region in regions:
        first, last = region.start + 1, _last_line(text, region)
        name, _, end = max(((n, a, b) for n, a, b in scopes if a <= first <= b), key=lambda scope: scope[1])
        if last > end:
            raise CourseError(
                f"{path}, line {first}: the region reaches out of {name}. End it in there, after line {end}."
            )
        full = f"{name}:{region.name}" if region.name else name
        if full in names.values():
            raise CourseError(f"{path}, line {first}: a second region called {full}. Name it after the banner's HERE.")
        names[region] = full
    return names


def _last_line(text: str, region: Region) -> int:
    """The last line (from 1) of code in a region."""
    lines = text.split("\n")
    code = [n for n in range(region.start + 1, region.end) if (t := lines[n].strip()) and not t.startswith("#")]
    return max(code, default=region.start) + 1


def _scopes(tree: ast.Module, module: str) -> Iterator[tuple[str, int, int | float]]:
    """(full name, first line, last line) of the module and every function and class in it."""
    yield module, 0, float("inf")
    pending: list[tuple[str, ast.AST]] = [(module, tree)]
    while pending:
        name, node = pending.pop()
        for child in ast.iter_child_nodes(node):
            inner = name
            if isinstance(child, SCOPES):
                inner = f"{name}.{child.name}"
                yield inner, child.lineno, child.end_lineno or child.lineno
            pending.append((inner, child))


def _label(name: str, module: str) -> str:
    """What NotImplementedError says: the function, with its class."""
    return name.removeprefix(f"{module}.").partition(":")[0]


# --- which modules ----------------------------------------------------------------------------------------------------


def used_modules(course: Course, assignment: Assignment) -> dict[str, Path]:
    """Return the library modules of an assignment, name -> file, sorted by name.

    Raises:
        CourseError: a module is imported or named that does not exist, or a file is not Python.
    """
    packages = {library.stem for library in course.libraries}
    wanted: dict[str, str] = {}
    for name in assignment.library:
        wanted.setdefault(name, f"{assignment.folder / FILE}: library")
    for name in assignment.blank:
        wanted.setdefault(_owner(course, name), f"{assignment.folder / FILE}: blank")
    for notebook in assignment.notebooks:
        path = source_path(assignment.folder, notebook)
        for cell, tree in code_cells(read_source(assignment, notebook), path):
            for name in _imports(tree, course, packages, inside=""):
                wanted.setdefault(name, f'{path}, cell "{cell}"')

    found: dict[str, Path] = {}
    pending = sorted(wanted.items())
    while pending:
        name, where = pending.pop()
        if name in found:
            continue
        file = _file(course, name)
        if name.partition(".")[0] not in packages or file is None:
            raise _no_module(course, name, where)
        found[name] = path = file
        inside = name if path.name == "__init__.py" else name.rpartition(".")[0]
        pending += [(module, str(path)) for module in _imports(_tree(_text(path), path), course, packages, inside)]
        above = name.rpartition(".")[0]
        if above and _file(course, above) is not None:  # a folder without __init__.py is a package too
            pending.append((above, where))
    return dict(sorted(found.items()))


def _no_module(course: Course, name: str, where: str) -> CourseError:
    """The error for a library module that is named or imported and is not there."""
    package = name.partition(".")[0]
    if not course.libraries or (package not in course.settings.library and _file(course, package) is not None):
        example = f'library = "{package}"' if len(course.settings.library) == 0 else f'"{package}" to library'
        return CourseError(
            f"{where}: {name} is not in a library of the course. If {package} stands beside source/, "
            f"add  {example}  in {course.root / COURSE_FILE}."
        )
    modules = [".".join(path.relative_to(course.root).with_suffix("").parts) for path in course.library_files()]
    near = difflib.get_close_matches(name, modules, n=1, cutoff=0.5)
    hint = f' Did you mean "{near[0]}"?' if near else f" There are: {', '.join(modules)}."
    return CourseError(f"{where}: there is no module {name} in {', '.join(map(str, course.libraries))}.{hint}")


def code_cells(nb: NotebookNode, path: Path) -> Iterator[tuple[str, ast.Module]]:
    """Yield (cell id, syntax tree) of each code cell; IPython's own syntax is understood.

    Raises:
        CourseError: a cell is not Python.
    """
    for cell in nb.cells:
        if cell.cell_type == "code":
            try:
                yield cell.id, parse_python(plain_text(cell.source))
            except (SyntaxError, ValueError) as error:
                line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
                what = syntax_in_words(error)
                raise CourseError(f'{path}, cell "{cell.id}"{line}: Python cannot read this: {what}.') from None


def _imports(tree: ast.Module, course: Course, packages: set[str], inside: str) -> Iterator[str]:
    """Names of the libraries' modules that the code imports; `inside` is what a relative import starts from.

    A package beside source/ that is not among the libraries, `packages`, counts too: it ought to be one.
    """

    def ours(name: str) -> bool:
        first = name.partition(".")[0]
        beside = first not in NEVER_LIBRARIES and (course.root / first / "__init__.py").is_file()
        return first in packages or beside

    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from filter(ours, (alias.name for alias in node.names))
        elif isinstance(node, ast.ImportFrom):
            parts = inside.split(".")
            base = parts[: len(parts) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from filter(ours, [module])
            submodules = (f"{module}.{alias.name}" for alias in node.names)
            yield from filter(ours, (name for name in submodules if _file(course, name) is not None))


def _owner(course: Course, name: str) -> str:
    """The module that a region's full name begins with."""
    parts = name.partition(":")[0].split(".")
    longest = next((n for n in range(len(parts), 0, -1) if _file(course, ".".join(parts[:n])) is not None), None)
    return ".".join(parts[: longest or max(len(parts) - 1, 1)])


def _file(course: Course, module: str) -> Path | None:
    path = course.root.joinpath(*module.split("."))
    candidates = (path / "__init__.py", path.with_name(f"{path.name}.py"))
    return next((file for file in candidates if file.is_file()), None)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise CourseError(f"{path} is not UTF-8. Save it as UTF-8.") from None


def _tree(text: str, path: Path, when: str = "") -> ast.Module:
    try:
        return parse_python(text)
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        if conflict := conflict_in(text):
            raise CourseError(f"{path} {conflict}") from None
        raise CourseError(f"{path}{line}: Python cannot read this{when}: {syntax_in_words(error)}.") from None
