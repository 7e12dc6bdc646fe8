"""What the pieces of a formula are to their neighbours: a minus is a sign between two others, or belongs to one."""

from collections.abc import Sequence
from dataclasses import replace

from autograder.report.maths.symbols import typed
from autograder.report.maths.tree import (
    BIN,
    CLOSE,
    INNER,
    OP,
    OPEN,
    ORD,
    PUNCT,
    REL,
    Arrow,
    Fence,
    Middle,
    Node,
    Role,
    RowOfTerms,
    Scripts,
    Sized,
    Space,
    Styled,
    Symbol,
)

DOTS = "\\dots"  # until it is known what follows
PRIME = Symbol("′", ORD, "sign", "normal")
NOT_BEFORE_BINARY = (None, BIN, OP, REL, OPEN, PUNCT)
NOT_AFTER_BINARY = (REL, CLOSE, PUNCT)


def role_of(node: Node) -> str | None:
    """What a piece is to its neighbours; None if it is not there for them."""
    if isinstance(node, (Symbol, Sized, Role, Scripts)):
        return node.role
    if isinstance(node, Arrow):
        return REL
    if isinstance(node, Fence):
        return INNER
    if isinstance(node, Space):
        return None
    if isinstance(node, Middle):
        return REL
    if isinstance(node, Styled) and isinstance(node.body, RowOfTerms) and len(node.body.items) == 1:
        return role_of(node.body.items[0])
    return ORD


def with_role(node: Node, role: str) -> Node:
    if isinstance(node, Scripts):
        return replace(node, base=with_role(node.base, role), role=role)
    if isinstance(node, (Symbol, Sized, Role)):
        return replace(node, role=role)
    if isinstance(node, Styled) and isinstance(node.body, RowOfTerms) and len(node.body.items) == 1:
        return replace(node, body=RowOfTerms((with_role(node.body.items[0], role),)))
    return node


def finished(items: Sequence[Node], last: bool = True) -> list[Node]:
    r"""A row with its signs made what their neighbours make them: a minus without a left side, \dots before a plus."""
    made = list(items)
    before: int | None = None
    role: str | None = None
    for i, node in enumerate(made):
        own = role_of(node)
        if own is None:
            continue
        if isinstance(node, Symbol) and node.text == DOTS:
            following = next((role_of(one) for one in made[i + 1 :] if role_of(one)), None)
            made[i] = Symbol("⋯" if following in (BIN, REL) else "…", INNER, "sign", "normal")
            own = INNER
        if own == BIN and role in NOT_BEFORE_BINARY:
            made[i], own = with_role(node, ORD), ORD
        elif own in NOT_AFTER_BINARY and role == BIN and before is not None:
            made[before] = with_role(made[before], ORD)
        before, role = i, own
    if last and role == BIN and before is not None:
        made[before] = with_role(made[before], ORD)
    return made


def unfinished(items: Sequence[Node]) -> list[Node]:
    """The row with its first sign as it is by itself: what comes before it is not known yet."""
    made = list(items)
    for i, node in enumerate(made):
        if role_of(node) is None:
            continue
        sign = node.base if isinstance(node, Scripts) else node
        if isinstance(sign, Symbol) and sign.kind == "sign" and sign.role == ORD and typed_role(sign.text) == BIN:
            made[i] = with_role(node, BIN)
        break
    return made


def typed_role(sign: str) -> str:
    return typed(sign).role if sign != "∗" else BIN
