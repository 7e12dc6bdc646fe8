"""Makes what a student's process showed safe to store and to look at in a browser.

Outputs come in as whatever the process sent and go out as nbformat outputs of known kinds: text, base64 pictures that
are pictures, and HTML reduced to tags and attributes that cannot run, load or link to anything.
"""

import base64
import binascii
import re
from typing import Any

import nh3

from autograder.allowlist import ATTRIBUTES, TAGS, only_known_classes

Output = dict[str, Any]

PICTURES = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
}
DATA_PICTURE = re.compile(r"data:(image/[a-z]+);base64,([A-Za-z0-9+/=\s]*)\Z")
MAX_TRACEBACK_LINES = 100
MAX_LINE = 4000
MAX_HTML = 1_000_000
MAX_TAGS = 10_000  # of one HTML: nested in each other, they take time that grows with their square


def clean_html(text: str) -> str:
    """HTML with only harmless tags and attributes left and no links; scripts and styles go with their content."""
    return nh3.clean(
        text[:MAX_HTML],
        tags={*TAGS} - {"a"},
        attributes=ATTRIBUTES,
        attribute_filter=harmless_attribute,
        url_schemes={"data"},
        link_rel=None,
    )


def harmless_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "class":
        return only_known_classes(value) or None
    return value if name != "src" or is_picture_address(value) else None


def is_picture_address(address: str) -> bool:
    match = DATA_PICTURE.match(address)
    return match is not None and is_picture(match[1], match[2])


def is_picture(mime: str, text: Any) -> bool:
    """Is this the base64 text of a picture of that kind?"""
    if mime not in PICTURES or not isinstance(text, str):
        return False
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    return data.startswith(PICTURES[mime])


def clean_bundle(data: Any) -> dict[str, str]:
    """The parts of a mime bundle that are known to be safe; a vector picture becomes an image that cannot run."""
    clean: dict[str, str] = {}
    for mime, value in data.items() if isinstance(data, dict) else ():
        if not isinstance(value, str):
            continue
        value = text_of(value)
        if mime == "text/plain":
            clean[mime] = value
        elif mime in PICTURES:
            if is_picture(mime, value):
                clean[mime] = value
        elif mime == "text/html":
            if value.count("<") <= MAX_TAGS:
                clean[mime] = clean_html(value)
        elif mime in ("text/markdown", "text/latex") and is_plain_markup(value):
            clean[mime] = value
    return clean or {"text/plain": "(an output of a kind that is not shown)"}


def is_plain_markup(text: str) -> bool:
    """Markdown or LaTeX that holds no HTML and no link."""
    return not re.search(
        r"<|&\s*#|\]\s*[\(\[:]|\\(href|url|cssId|class|bbox|csname|data|style|require|unicode|def|html|mml)", text
    )


def text_of(value: Any) -> str:
    """The text that a message holds, without the halves of surrogate pairs that JSON can name; "" if it holds none."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def clean_output(output: Any, execution_count: int | None) -> Output | None:
    """The nbformat output for what a process sent, or None where it is nothing of the kind."""
    if not isinstance(output, dict):
        return None
    match output.get("output_type"):
        case "stream":
            name, text = output.get("name"), output.get("text")
            if name in ("stdout", "stderr") and isinstance(text, str):
                return {"output_type": "stream", "name": name, "text": text_of(text)}
        case "display_data":
            return {"output_type": "display_data", "data": clean_bundle(output.get("data")), "metadata": {}}
        case "execute_result":
            return {
                "output_type": "execute_result",
                "execution_count": execution_count,
                "data": clean_bundle(output.get("data")),
                "metadata": {},
            }
        case "error":
            traceback = output.get("traceback")
            lines = [text_of(line)[:MAX_LINE] for line in traceback] if isinstance(traceback, list) else []
            if len(lines) > MAX_TRACEBACK_LINES:
                half = MAX_TRACEBACK_LINES // 2
                lines = [*lines[:half], "…", *lines[-half:]]
            return {
                "output_type": "error",
                "ename": text_of(output.get("ename"))[:MAX_LINE],
                "evalue": text_of(output.get("evalue"))[:MAX_LINE],
                "traceback": lines,
            }
    return None
