"""HTML that is safe to open: what a student wrote, reduced to what shows; and a page that runs nothing at all.

Three layers. Each piece of a student's is cleaned by nh3 before it is put into the page. The finished page is gone
through once more. And the page carries a policy by which the browser refuses scripts and everything from elsewhere.
"""

import base64
import html
import re
from collections.abc import Callable, Sequence

from autograder.allowlist import ATTRIBUTES, SCHEMES, TAGS, only_known_classes
from autograder.report.pictures import PictureError, Pictures
from autograder.report.tex import PLACEHOLDER, Maths, as_written, shows_nothing

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


LONG_LINES = "pre { white-space: pre-wrap; overflow-wrap: anywhere; word-break: normal; }"
FORBIDDEN = (
    "script",
    "iframe",
    "object",
    "embed",
    "applet",
    "base",
    "form",
    "frame",
    "frameset",
    "link",
    "portal",
    "template",
)
ADDRESSES = ("href", "src", "action", "formaction", "xlink:href", "data", "srcdoc", "poster", "background", "ping")


def sealed(page: str) -> str:
    """A whole page without anything that could run or load, and with the policy that forbids it."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(page, "html.parser")
    for element in soup.find_all(FORBIDDEN):
        element.decompose()
    for element in soup.find_all("meta"):
        if element.get("http-equiv"):
            element.decompose()
    for element in soup.find_all(True):
        for name in list(element.attrs):
            value = str(element.attrs[name])
            runs = name.lower().startswith("on") or name.lower() == "srcdoc"
            if runs or (name.lower() in ADDRESSES and not harmless_address(value)):
                del element.attrs[name]
    head = soup.head or soup
    policy = soup.new_tag("meta")
    policy.attrs = {"http-equiv": "Content-Security-Policy", "content": POLICY}
    head.insert(0, policy)
    look = soup.new_tag("style")
    look.string = LONG_LINES
    head.append(look)
    return str(soup)


def harmless_address(value: str) -> bool:
    """Whether an address is a place in the page, a page on the web, or a picture."""
    compact = re.sub(r"[\x00-\x20]+", "", value).lower()
    scheme = re.match(r"[a-z][a-z0-9+.-]*:", compact)
    if not scheme:
        return not compact.startswith("//")
    return scheme[0] in ("http:", "https:", "mailto:") or compact.startswith("data:image/")
