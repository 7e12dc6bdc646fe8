"""Markdown: as HTML, and made harmless where it does more than show something."""

import html
import re

import nh3
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from autograder.allowlist import ATTRIBUTES, SCHEMES, TAGS, only_known_classes

TAG = re.compile(r"</?([a-zA-Z][^ \t\n\f\r/>]*)")
PAGE_TAGS = {
    "html",
    "head",
    "body",
    "frameset",
    "plaintext",
}  # what they do holds for the whole page
PLAIN_TAGS = {*TAGS, "input"}
PLAIN_ATTRIBUTES = ATTRIBUTES | {"input": {"type", "disabled", "checked"}}
SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*)\s*(?::|&#0*58;|&#x0*3a;|&colon;)", re.IGNORECASE)
STYLE = re.compile(
    r"(\s*(text-align|vertical-align|color|background-color|width|height|font-weight|font-style)\s*:[\w\s#%.]+;?)*\s*"
)
PLAIN_SCHEMES = {*SCHEMES, "attachment"}
MAX_LENGTH = 100_000
ANYTHING = set("abcdefghijklmnopqrstuvwxyz_")


class CleanHTML(str):
    """A text that is HTML, and clean."""


class Renderer(IPythonRenderer):
    """Jupyter's, with the addresses of pictures left as they are: `safe_html` looks them up."""

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return f'<img src="{html.escape(url)}" alt="{html.escape(text)}">'


def rendered(markdown: str) -> str:
    """Markdown as HTML, not clean yet."""
    return str(MarkdownWithMath(renderer=Renderer(escape=False, exclude_anchor_links=True)).render(markdown))


def harmless_markdown(text: str) -> str:
    """The text, changed only if Jupyter or nbgrader could make something of it that runs, sends, or acts as a button.

    Then its tags are escaped, so that they show as text; and if that is not enough, the whole text is shown as code.
    """
    for candidate in (text, re.sub(r"<(?=[a-zA-Z/!?])", "&lt;", text)):
        try:
            if len(candidate) <= MAX_LENGTH and is_harmless(rendered(candidate)):
                return candidate
        except Exception:  # a text that the renderer cannot read is shown as it is written
            break
    fence = "`" * (3 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}\n{text}\n{fence}"


def is_harmless(page: str) -> bool:
    """Has a piece of HTML only tags, attributes and addresses that show something, as a browser would read it?

    It is cleaned twice, once leaving everything that is in it: where the two differ, something else was there.
    """
    tags = {tag.lower() for tag in TAG.findall(page)}
    if tags & PAGE_TAGS:
        return False
    schemes = {scheme.lower() for scheme in SCHEME.findall(page)}
    everything = nh3.clean(
        page,
        tags=tags | PLAIN_TAGS,
        attributes={tag: {"class"} for tag in tags},
        generic_attribute_prefixes=ANYTHING,
        clean_content_tags=set(),
        url_schemes=schemes | PLAIN_SCHEMES | {"javascript", "vbscript"},
        link_rel=None,
    )
    harmless = nh3.clean(
        page,
        tags=PLAIN_TAGS,
        attributes={tag: PLAIN_ATTRIBUTES.get(tag, set()) | {"class", "style"} for tag in {"*", *PLAIN_TAGS}},
        attribute_filter=harmless_attribute,
        clean_content_tags=set(),
        url_schemes=PLAIN_SCHEMES,
        link_rel=None,
    )
    return everything == harmless


def harmless_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "class":
        return value if only_known_classes(value) == value else None
    if tag == "input":
        return value if name != "type" or value == "checkbox" else None
    if name == "style":  # colours and alignment, as rendered tables and code have them
        return value if STYLE.fullmatch(value) else None
    if value.lower().lstrip().startswith(("data:", "attachment:")):
        return value if tag == "img" and value.startswith(("data:image/", "attachment:")) else None
    return value
