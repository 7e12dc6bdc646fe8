"""Which of an author's functions can leave nothing behind: one process may then judge one submission after the other.

A function is harmless where every instruction of it is known to change nothing that outlives the call, nor to depend on
what an earlier call left. Whatever is not known to be is not harmless, and each submission gets a fork of its own then.
"""

import builtins
import dis
from collections.abc import Callable
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

_STEPS = frozenset(
    """
    RESUME NOP CACHE PUSH_NULL POP_TOP COPY SWAP EXTENDED_ARG PRECALL CALL KW_NAMES RETURN_VALUE RETURN_CONST
    LOAD_FAST LOAD_FAST_CHECK LOAD_FAST_LOAD_FAST STORE_FAST STORE_FAST_LOAD_FAST STORE_FAST_STORE_FAST
    LOAD_CONST LOAD_GLOBAL LOAD_ATTR LOAD_METHOD LOAD_DEREF COPY_FREE_VARS TO_BOOL BINARY_OP BINARY_SUBSCR
    BINARY_SLICE BUILD_TUPLE BUILD_LIST BUILD_SLICE COMPARE_OP IS_OP CONTAINS_OP UNARY_NEGATIVE UNARY_NOT
    UNARY_INVERT JUMP_FORWARD JUMP_IF_FALSE_OR_POP JUMP_IF_TRUE_OR_POP POP_JUMP_IF_FALSE POP_JUMP_IF_TRUE
    POP_JUMP_IF_NONE POP_JUMP_IF_NOT_NONE POP_JUMP_FORWARD_IF_FALSE POP_JUMP_FORWARD_IF_TRUE
    POP_JUMP_FORWARD_IF_NONE POP_JUMP_FORWARD_IF_NOT_NONE
    """.split()  # noqa: SIM905
)
"""Instructions that only read, jump forward, or store in a variable of the call itself."""
_BUILTINS = frozenset("abs bool complex float int isinstance len max min round sum tuple type".split())  # noqa: SIM905
_ATTRIBUTES = frozenset(
    """
    T all allclose any argmax argmin array array_equal asarray astype bool_ dot dtype float32 float64 floating int64
    integer isclose item kind linalg max maximum mean min minimum ndarray ndim norm number prod reshape shape size std
    sum
    """.split()  # noqa: SIM905
)
"""Attributes of numpy and of arrays that give something new, and write into none of their first two arguments."""
_MOST_ARGUMENTS = 2
_PLAIN = (int, float, complex, str, bytes, type(None), type(Ellipsis))


def is_harmless(function: Callable[..., Any]) -> bool:
    """Can calling this function neither change anything that stays, nor find anything that an earlier call left?"""
    return _harmless(function, set())


def _harmless(function: Any, above: set[int]) -> bool:
    if type(function) is not FunctionType or id(function) in above:
        return False
    cells = [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)]
    held = [*cells, *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    inside = above | {id(function)}
    if len(cells) < len(function.__closure__ or ()) or not all(_may_be_read(value, inside) for value in held):
        return False
    return _code_is_harmless(function.__code__, function.__globals__, inside)


def _code_is_harmless(code: CodeType, names: dict[str, Any], above: set[int]) -> bool:
    for step in dis.get_instructions(code):
        if step.opname not in _STEPS:
            return False
        if step.opname == "BINARY_OP" and step.argrepr.endswith("="):
            return False
        if step.opname in ("PRECALL", "CALL") and (step.arg or 0) > _MOST_ARGUMENTS:
            return False
        if step.opname in ("LOAD_ATTR", "LOAD_METHOD") and step.argval not in _ATTRIBUTES:
            return False
        if step.opname == "LOAD_CONST" and not _is_plain(step.argval):
            return False
        if step.opname == "KW_NAMES" and not set(code.co_consts[step.arg or 0]) <= {"axis", "keepdims"}:
            return False
        if step.opname == "LOAD_GLOBAL" and not _global_is_harmless(step.argval, names, above):
            return False
    return True


def _global_is_harmless(name: str, names: dict[str, Any], above: set[int]) -> bool:
    if name not in names:
        return name in _BUILTINS and isinstance(getattr(builtins, name), BuiltinFunctionType | type)
    return _may_be_read(names[name], above)


def _may_be_read(value: Any, above: set[int]) -> bool:
    if isinstance(value, ModuleType):
        return value is np
    return _is_plain(value) or isinstance(value, np.ndarray) or _harmless(value, above)


def _is_plain(value: Any) -> bool:
    return all(map(_is_plain, value)) if type(value) is tuple else isinstance(value, _PLAIN)


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True
