"""A formula as a tree: what the reader makes of TeX, and what the writers print."""

from dataclasses import dataclass

ORD, OP, BIN, REL, OPEN, CLOSE, PUNCT, INNER = "ord", "op", "bin", "rel", "open", "close", "punct", "inner"


class Node:
    """A piece of a formula."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Symbol(Node):
    """A letter, number, sign or name.

    Attributes:
        text: the characters.
        role: ORD, OP, …: what it is to its neighbours; it decides the space between them.
        kind: "letter", "number", "sign" or "name" (of a function).
        font: "italic", "normal", "bold", …; "word-italic" has the letters of a word together.
        limits: whether scripts stand above and below: always, never, or (None) as the place asks.
    """

    text: str
    role: str = ORD
    kind: str = "letter"
    font: str = "italic"
    limits: bool | None = False


@dataclass(frozen=True, slots=True)
class RowOfTerms(Node):
    """Pieces side by side. A group in braces is one, and an ordinary symbol to its neighbours."""

    items: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Words(Node):
    """Text within a formula."""

    text: str
    font: str = "normal"


@dataclass(frozen=True, slots=True)
class Space(Node):
    """Room of so many em."""

    width: float


@dataclass(frozen=True, slots=True)
class Fraction(Node):
    """One thing above another. `bar`: the line's thickness in em (None: as usual); `style`: "D", "T" or "" (as is)."""

    top: Node
    bottom: Node
    bar: float | None = None
    style: str = ""


@dataclass(frozen=True, slots=True)
class Radical(Node):
    """A root; `index`: 3 for a cube root."""

    body: Node
    index: Node | None = None


@dataclass(frozen=True, slots=True)
class Scripts(Node):
    """A base with what stands below and above it.

    Attributes:
        limits: under and over the base: always, never, or (None) in displayed formulas only.
        left_below, left_above: scripts before the base.
    """

    base: Node
    below: Node | None = None
    above: Node | None = None
    limits: bool | None = False
    left_below: Node | None = None
    left_above: Node | None = None
    role: str = ORD


@dataclass(frozen=True, slots=True)
class Accent(Node):
    """A sign over (or under) a body: hats, bars, braces, arrows. `wide`: as wide as the body."""

    body: Node
    sign: str
    wide: bool = False
    under: bool = False


@dataclass(frozen=True, slots=True)
class Arrow(Node):
    """An arrow as long as what stands on it."""

    sign: str
    above: Node
    below: Node | None = None


@dataclass(frozen=True, slots=True)
class Fence(Node):
    """A body between delimiters as tall as it is; "" for none. A `Middle` in the body grows with them."""

    left: str
    body: RowOfTerms
    right: str


@dataclass(frozen=True, slots=True)
class Middle(Node):
    """A delimiter within a `Fence`."""

    sign: str


@dataclass(frozen=True, slots=True)
class Sized(Node):
    """A delimiter of so many em."""

    sign: str
    height: float
    role: str = ORD


@dataclass(frozen=True, slots=True)
class Array(Node):
    """Rows of cells.

    Attributes:
        rows: the cells.
        columns: one letter a column: "l", "c" or "r".
        gaps: em between a column and the next.
        row_gap: em between rows.
        style: "D" displayed, "T" text, "S" small.
        rules: numbers of the columns after which a vertical line stands (0: before the first).
        lines: the same for rows and horizontal lines.
        tags: the label of each row, at its right.
        extra: em more below a row.
    """

    rows: tuple[tuple[Node, ...], ...]
    columns: str
    gaps: tuple[float, ...] = ()
    row_gap: float = 0.4
    style: str = "T"
    rules: tuple[int, ...] = ()
    lines: tuple[int, ...] = ()
    tags: tuple[Node | None, ...] = ()
    extra: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Styled(Node):
    """A body in another style ("D", "T", "S", "SS"), size (a factor) or colour ("#rrggbb")."""

    body: Node
    style: str = ""
    size: float = 1.0
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Boxed(Node):
    """A body in a frame or on coloured paper."""

    body: Node
    frame: str = ""
    paper: str = ""


@dataclass(frozen=True, slots=True)
class Struck(Node):
    """A body struck out: "/", "\\" or "x"."""

    body: Node
    line: str


@dataclass(frozen=True, slots=True)
class Phantom(Node):
    """The room that a body takes, in width, height or both."""

    body: Node
    width: bool = True
    height: bool = True


@dataclass(frozen=True, slots=True)
class Rectangle(Node):
    """A filled rectangle, in em; `raised`: how far its lower edge lies above the line."""

    width: float
    height: float
    raised: float = 0.0


@dataclass(frozen=True, slots=True)
class Overlap(Node):
    """A body that takes no width: it lies over what is left of it ("l"), right of it ("r"), or both ("c")."""

    body: Node
    side: str


@dataclass(frozen=True, slots=True)
class Smashed(Node):
    """A body that takes no height above the line ("t"), below it ("b"), or neither ("tb")."""

    body: Node
    side: str


@dataclass(frozen=True, slots=True)
class Raised(Node):
    """A body moved up by so many em."""

    body: Node
    by: float


@dataclass(frozen=True, slots=True)
class Role(Node):
    r"""A body that is something else to its neighbours than it would be: \mathrel{…}."""

    body: Node
    role: str
    limits: bool | None = False


@dataclass(frozen=True, slots=True)
class Unknown(Node):
    """The name of a command that is not known."""

    name: str


def parts(node: Node) -> tuple[Node, ...]:
    """The pieces of a row; of anything else, itself."""
    return node.items if isinstance(node, RowOfTerms) else (node,)


def grouped(pieces: list[Node]) -> Node:
    """One piece as it is, others as a row."""
    return pieces[0] if len(pieces) == 1 else RowOfTerms(tuple(pieces))
