"""Odd but right ways to write a solution: its text with one kind of change that keeps what it means.

What they give differs from the solution by rounding only. A check that a rewrite fails would punish right work.
"""

import ast
from collections.abc import Iterator

from autograder.expect.mutants import Part, called, is_python, number, part_of, replaced
from autograder.regions import Region


def rewrites(text: str, region: Region) -> list[tuple[str, str]]:
    """The text with every place of one kind rewritten, for each kind that occurs in the region: (kind, text)."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return []
    first, last = region.start + 2, region.end
    found = []
    for kind, rule in RULES.items():
        changed = text
        parts = [part for node in ast.walk(tree) if (part := part_of(node)) and first <= part.start[0] <= last]
        before: tuple[int, int] | None = None
        for part in sorted(parts, key=lambda part: part.start, reverse=True):
            new = next(iter(rule(part.node)), None)
            if new is None or (before is not None and part.end > before):
                continue
            again = replaced(changed.encode().split(b"\n"), Part(part.node, part.start, part.end), new)
            if again is not None:
                changed, before = again, part.start
        if changed != text and is_python(changed):
            found.append((kind, changed))
    return found


def other_products(node: ast.AST) -> Iterator[ast.expr]:
    """a @ b as a sum of outer products, or as einsum would have it."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        yield filled("(np.einsum('ij,jk->ik', {0}, {1}) if np.ndim({0}) == np.ndim({1}) == 2 else {0} @ {1})", node)


def matrix_products(node: ast.AST) -> Iterator[ast.expr]:
    """a @ b as np.matrix has it."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        product = "np.asarray(np.asmatrix({0}) * np.asmatrix({1}))"
        yield filled(f"({product} if np.ndim({{0}}) == np.ndim({{1}}) == 2 else {{0}} @ {{1}})", node)


def sums_by_loops(node: ast.AST) -> Iterator[ast.expr]:
    """np.sum(x) over a list of numbers, and x.sum(axis=0) row by row."""
    if not isinstance(node, ast.Call) or called(node) != "sum" or not isinstance(node.func, ast.Attribute):
        return
    if isinstance(node.func.value, ast.Name) and node.func.value.id == "np":
        if len(node.args) == 1 and not node.keywords:
            yield expression(f"sum(np.ravel({ast.unparse(node.args[0])}).tolist())")
    elif not node.args and [(k.arg, number(k.value)) for k in node.keywords] == [("axis", 0)]:
        yield expression(f"np.asarray(sum(row for row in {ast.unparse(node.func.value)}))")


def means_as_sums(node: ast.AST) -> Iterator[ast.expr]:
    """x.mean(axis=a) as a sum over a length."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "mean"
        and not node.args
        and any(keyword.arg == "axis" and number(keyword.value) in (0, 1) for keyword in node.keywords)
    ):
        axis = next(keyword.value for keyword in node.keywords if keyword.arg == "axis")
        total = ast.Call(ast.Attribute(node.func.value, "sum", ast.Load()), [], node.keywords)
        length = ast.Subscript(ast.Attribute(node.func.value, "shape", ast.Load()), axis, ast.Load())
        yield ast.BinOp(total, ast.Div(), length)


def masks_of_numbers(node: ast.AST) -> Iterator[ast.expr]:
    """x * (y > 0) with a mask of floats."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and isinstance(node.right, ast.Compare):
        mask = expression(f"np.where({ast.unparse(node.right)}, 1.0, 0.0)")
        yield ast.BinOp(node.left, ast.Mult(), mask)


def other_order_of_sums(node: ast.AST) -> Iterator[ast.expr]:
    """np.sum(x, …) and np.mean(x, …) from the other end."""
    if not isinstance(node, ast.Call) or called(node) not in ("sum", "mean") or len(node.args) != 1 or node.keywords:
        return
    function = node.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "np":
        turned = expression(f"np.flip(np.asarray({ast.unparse(node.args[0])}))")
        yield ast.Call(function, [turned], [])


def other_quotients(node: ast.AST) -> Iterator[ast.expr]:
    """x / n as x * (1 / n)."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        yield ast.BinOp(node.left, ast.Mult(), ast.BinOp(ast.Constant(1.0), ast.Div(), node.right))


def other_powers(node: ast.AST) -> Iterator[ast.expr]:
    """x**2 as x * x."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and number(node.right) == 2:
        yield ast.BinOp(node.left, ast.Mult(), node.left)


def other_bounds(node: ast.AST) -> Iterator[ast.expr]:
    """np.maximum(x, y) as np.where."""
    if isinstance(node, ast.Call) and called(node) == "maximum" and len(node.args) == 2 and not node.keywords:
        a, b = map(ast.unparse, node.args)
        yield expression(f"np.where(np.asarray({a}) > {b}, {a}, {b})")


def other_groups(node: ast.AST) -> Iterator[ast.expr]:
    """a + b + c as a + (b + c)."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left = node.left
        if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add):
            yield ast.BinOp(left.left, ast.Add(), ast.BinOp(left.right, ast.Add(), node.right))


def filled(pattern: str, node: ast.BinOp) -> ast.expr:
    return expression(pattern.format(f"({ast.unparse(node.left)})", f"({ast.unparse(node.right)})"))


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


RULES = {
    "matrix products by einsum": other_products,
    "matrix products by np.matrix": matrix_products,
    "sums by loops": sums_by_loops,
    "means as sums": means_as_sums,
    "masks of floats": masks_of_numbers,
    "sums in another order": other_order_of_sums,
    "quotients as products": other_quotients,
    "squares as products": other_powers,
    "np.where for np.maximum": other_bounds,
    "sums grouped otherwise": other_groups,
}
