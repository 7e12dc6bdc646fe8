"""Like answers together: empty ones, then those that say the same, then those that nearly do.

Similar texts are found with rapidfuzz, which nbgrader brings along: it compares 300 answers with each other in a part
of a second, needs no training, and gives a number that can be explained (the share of equal characters). Vectors of
words, as of scikit-learn, would put "rises" beside "falls". Texts with different numbers or a different count of "not"
are never grouped, however similar.
"""

import ast
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ALIKE = 92.0  # percent of equal characters from which texts are similar
EMPTY, SAME, SIMILAR, SINGLE = "empty", "same", "similar", "single"
MAX_COMPARED = 6000  # characters of an answer that are compared
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
NEGATION = re.compile(r"\b(?:no|not|never|none|nothing|neither|nor|without|cannot|\w+n['’]t|kein\w*|nicht)\b")
LOOKS = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "−": "-", "…": "..."})


@dataclass(frozen=True)
class Group:
    """Answers that one decision may fit.

    Attributes:
        kind: EMPTY, SAME, SIMILAR or SINGLE.
        students: those with the most frequent text first.
        texts: how many different texts there are among them.
    """

    kind: str
    students: tuple[str, ...]
    texts: int


def group_answers(texts: Mapping[str, str], code: bool = False, nothing: Sequence[str] = ()) -> list[Group]:
    """Group the answers of one question: empty ones first, then the largest groups.

    Args:
        texts: student -> what the student wrote.
        code: are they Python? Then they are compared by their parsed form.
        nothing: texts that count as empty, such as what was released.
    """
    form = parsed_form if code else plain_form
    blank = {"", *(form(text) for text in nothing)}
    same: dict[str, list[str]] = {}
    for student in sorted(texts):
        same.setdefault(form(texts[student]), []).append(student)
    empty = [student for text in sorted(blank & set(same)) for student in same.pop(text)]
    order = sorted(same, key=lambda text: (-len(same[text]), -len(text), text))
    groups = [Group(EMPTY, tuple(empty), 1)] if empty else []
    for cluster in clusters(order):
        students = tuple(student for text in cluster for student in same[text])
        kind = SIMILAR if len(cluster) > 1 else SAME if len(students) > 1 else SINGLE
        groups.append(Group(kind, students, len(cluster)))
    return sorted(groups, key=lambda group: (group.kind != EMPTY, -len(group.students), group.students))


def clusters(texts: Sequence[str]) -> list[list[str]]:
    """Each text with those before it that it is similar to; the first of a cluster speaks for it."""
    import numpy as np
    from rapidfuzz import fuzz, process

    if not texts:
        return []
    short = [text[:MAX_COMPARED] for text in texts]
    likeness = process.cdist(short, short, scorer=fuzz.ratio, score_cutoff=ALIKE, dtype=np.uint8)
    facts = [facts_of(text) for text in texts]
    found: dict[int, list[int]] = {}
    for at in range(len(texts)):
        near = [first for first in found if likeness[at, first] and facts[at] == facts[first]]
        if near:
            found[max(near, key=lambda first: (likeness[at, first], -first))].append(at)
        else:
            found[at] = [at]
    return [[texts[at] for at in members] for members in found.values()]


def facts_of(text: str) -> tuple[Counter[str], int]:
    """What similar texts must share: their numbers, and how often they deny something."""
    return Counter(NUMBER.findall(text)), len(NEGATION.findall(text))


def plain_form(text: str) -> str:
    """A text without what does not change its meaning: case, spaces, marks of markdown, punctuation at the ends."""
    text = unicodedata.normalize("NFKC", text).translate(LOOKS).casefold()
    end = text.rfind("-->") + len("-->")  # what is open behind it would be looked for to the end, each time
    text = re.sub(r"<!--.*?-->", " ", text[:end], flags=re.DOTALL) + text[end:]
    text = re.sub(r"[*_`#>|~]+", " ", text)
    text = re.sub(r"(?<![!?.,;:])[!?.,;:]+(?=\s|$)", " ", text)
    return " ".join(text.split())


def parsed_form(source: str) -> str:
    """Python without comments, layout and docstrings, its own names numbered; the plain form of what is not Python."""
    try:
        tree = ast.parse(source)
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list) and body and is_text(body[0]):
                node.body = body[1:] or [ast.Pass()]  # type: ignore[attr-defined]
        return ast.unparse(Renamed(own_names(tree)).visit(tree)).strip()
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return plain_form(source)


def is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def own_names(tree: ast.AST) -> dict[str, str]:
    """The variables and parameters that the code itself introduces -> numbered names, in order of appearance."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        name = None
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            name = node.id
        elif isinstance(node, ast.arg):
            name = node.arg
        if name is not None:
            names.setdefault(name, f"v{len(names) + 1}")
    return names


class Renamed(ast.NodeTransformer):
    """Gives variables and parameters other names."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self.names.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.arg = self.names.get(node.arg, node.arg)
        node.annotation = None
        return node
