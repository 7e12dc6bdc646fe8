"""HTML that is safe to open: what a student wrote, reduced to what shows; and a page that runs nothing at all.

Three layers. Each piece of a student's is text that is escaped, or cleaned by nh3, before it is put into the page. Each
part of the finished page is gone through by nh3 once more. And the page carries a policy by which the browser refuses
scripts and everything from elsewhere.
"""

import base64
import functools
import html
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from autograder.allowlist import ATTRIBUTES, SCHEMES, TAGS, only_known_classes
from autograder.report.pictures import PictureError, Pictures
from autograder.report.tex import PLACEHOLDER, Maths, as_written, shows_nothing

if TYPE_CHECKING:
    import nh3

POLICY = (
    "default-src 'none'; script-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "base-uri 'none'; form-action 'none'; frame-src 'none'; object-src 'none'"
)

PictureSource = Callable[[str], bytes]


def safe_html(text: str, picture: PictureSource, maths: Sequence[Maths] = (), mathml: Sequence[str | None] = ()) -> str:
    """A piece of HTML with only harmless tags and attributes, its pictures inside it, its formulas as MathML.

    Args:
        text: any HTML.
        picture: gives the bytes behind a picture's address, or raises PictureError.
        maths, mathml: the formulas that placeholders in the text count into, and the same as MathML (pandoc's: safe).
    """
    import nh3

    def attribute(tag: str, name: str, value: str) -> str | None:
        value = PLACEHOLDER.sub(
            lambda match: as_written(maths[int(match[1])]) if int(match[1]) < len(maths) else "", value
        )
        if name == "class":
            return only_known_classes(value) or None
        if (tag, name) == ("img", "src"):
            return embedded(value, picture)
        if value.lower().lstrip().startswith("data:"):
            return None
        return value

    cleaned = nh3.clean(
        text,
        tags=set(TAGS),
        attributes=ATTRIBUTES,
        url_schemes=set(SCHEMES),
        attribute_filter=attribute,
        link_rel="noopener noreferrer",
        strip_comments=True,
    )
    return PLACEHOLDER.sub(lambda match: formula(int(match[1]), maths, mathml), cleaned)


def formula(index: int, maths: Sequence[Maths], mathml: Sequence[str | None]) -> str:
    if index >= len(maths) or shows_nothing(maths[index].tex):
        return ""
    return mathml[index] or f"<code>{html.escape(as_written(maths[index]))}</code>"


def embedded(address: str, picture: PictureSource) -> str | None:
    """A picture's address as a data URI of the picture, checked and in a known format; None if there is none."""
    try:
        return picture_address(picture(address))
    except PictureError:
        return None


def picture_address(data: bytes) -> str:
    """A data URI of a picture. An SVG in it is shown as a picture: browsers run no script there.

    Raises:
        PictureError: the bytes are not a picture.
    """
    pictures = Pictures()
    name = pictures.add(data).file
    kind = {"svg": "svg+xml", "jpg": "jpeg"}.get(name.rsplit(".", 1)[1], "png")
    return f"data:image/{kind};base64,{base64.b64encode(pictures.files[name]).decode()}"


PAGE_TAGS = frozenset({"article", "header", "main", "section", "small", "wbr"})
MATHS_TAGS = frozenset(
    """math mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow mspace msqrt mstyle msub msubsup
    msup mtable mtd mtext mtr munder munderover none""".split()  # noqa: SIM905 (as in allowlist.py)
)
MATHS_ATTRIBUTES = frozenset(
    """accent accentunder depth dir display displaystyle fence form height linethickness lspace mathvariant maxsize
    minsize movablelimits rspace scriptlevel stretchy voffset width""".split()  # noqa: SIM905
)
PAGE_ATTRIBUTES = {tag: attributes - {"class"} for tag, attributes in ATTRIBUTES.items()} | {
    tag: set(MATHS_ATTRIBUTES) for tag in MATHS_TAGS
}
PLACE = re.compile(r"(question|code|note)-[0-9]+")
CLASSES = re.compile(r"[a-z -]{1,40}")
LOOKS = re.compile(r"(?!.*(?:url|expression|import))[\w\s:;.,%#()-]*", re.IGNORECASE)


def sealed(part: str) -> str:
    """A part of a page without anything that could run or load: only what our pages are made of stays.

    What it opens is closed in it, so that parts that are sealed one by one make a sealed page.
    """
    return (sealed_once if len(part) <= MAX_KEPT else sealed_once.__wrapped__)(part)


MAX_KEPT = 20_000  # characters of a part that is kept for when it comes again


@functools.lru_cache(2000)
def sealed_once(part: str) -> str:
    return cleaner().clean(part)


@functools.cache
def cleaner() -> "nh3.Cleaner":
    import nh3

    def attribute(tag: str, name: str, value: str) -> str | None:
        if name == "id":
            return value if PLACE.fullmatch(value) else None
        if name == "class":
            return value if CLASSES.fullmatch(value) else None
        if name == "style":
            return value if LOOKS.fullmatch(value) else None
        if value.startswith("data:") or name == "src":
            return value if (tag, name) == ("img", "src") and PICTURE.match(value) else None
        return value

    return nh3.Cleaner(
        tags=TAGS | PAGE_TAGS | MATHS_TAGS,
        attributes=PAGE_ATTRIBUTES | {"*": ATTRIBUTES["*"] | {"id", "class", "style"}},
        url_schemes=set(SCHEMES),
        attribute_filter=attribute,
        link_rel="noopener noreferrer",
        strip_comments=True,
    )


PICTURE = re.compile(r"data:image/(png|jpeg|svg\+xml);base64,[A-Za-z0-9+/=]*\Z")


def harmless_address(value: str) -> bool:
    """Whether an address is a place in the page, a page on the web, or a picture."""
    compact = re.sub(r"[\x00-\x20]+", "", value).lower()
    scheme = re.match(r"[a-z][a-z0-9+.-]*:", compact)
    if not scheme:
        return not compact.startswith("//")
    return scheme[0] in ("http:", "https:", "mailto:") or compact.startswith("data:image/")
