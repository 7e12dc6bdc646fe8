"""How the package hangs together: names, and who imports whom."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "autograder"
STEPS = {"intake", "grade", "release", "report", "handback", "student", "mark", "demo", "commands", "amend", "compare"}


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the package: its name below it, and its syntax tree."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield ".".join(path.relative_to(PACKAGE).with_suffix("").parts), ast.parse(path.read_text("utf-8"))


def imported() -> dict[str, set[str]]:
    """Folder, or module beside them -> those that it imports anywhere, inside functions too."""
    found: dict[str, set[str]] = defaultdict(set)
    for module, tree in modules():
        here = module.split(".")[0]
        for node in ast.walk(tree):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module == "autograder":
                names = [f"autograder.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            found[here] |= {name.split(".")[1] for name in names if name.startswith("autograder.")} - {here}
    return found


def test_a_class_name_is_unique():
    """Does a class's name say which one is meant, wherever it is read?"""
    places = defaultdict(list)
    for module, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(module)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_folders_do_not_import_each_other_in_a_circle():
    """Can each folder be read knowing only those below it?"""
    graph = imported()

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        todo = [start]
        while todo:
            for other in graph.get(todo.pop(), set()) - seen:
                seen.add(other)
                todo.append(other)
        return seen

    assert [name for name in graph if name in reached(name)] == []


def test_the_gradebook_knows_no_other_step():
    """Does the gradebook take questions and results, and nothing else?"""
    assert imported()["gradebook"] & STEPS == set()


def test_the_sandbox_knows_nothing_of_grading():
    """Can the sandbox confine any process?"""
    assert imported()["sandbox"] <= {"errors"}


def test_no_path_of_one_machine_is_in_the_code():
    """Does the package open no file in a folder that only its author's machine has?"""
    of_one_machine = ("/tmp/", "/home/", "/root/", f"{PACKAGE.parents[1]}/")
    paths = {
        (module, node.value)
        for module, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and str(node.value).startswith(of_one_machine)
    }
    assert paths == set()
