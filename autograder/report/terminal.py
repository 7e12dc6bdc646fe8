"""Text as a terminal shows it: control characters, carriage returns, ANSI colours and what they look like on paper."""

import re
from collections.abc import Iterator

TAB = 4
ESCAPE = re.compile(r"\x1b\[([0-9;:]*)m|\x1b\[[0-9;?<=>]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]|\x1b")
NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
ANSI = {
    "black": "#1d1f21",
    "red": "#b3261e",
    "green": "#1b7a32",
    "yellow": "#8a5a00",
    "blue": "#1f4fbf",
    "magenta": "#8e2c9b",
    "cyan": "#00707d",
    "white": "#666666",
}
ANSI_PAPER = {
    "black": "#4a4a4a",
    "red": "#f6c4c0",
    "green": "#c6ead0",
    "yellow": "#f5e3a8",
    "blue": "#cbdcfa",
    "magenta": "#ecd0f0",
    "cyan": "#c3e8ec",
    "white": "#e4e4e4",
}
# Bidirectional overrides show code in another order than it runs; C1 controls and lone surrogates have no picture.
UNPRINTABLE = dict.fromkeys(
    [*range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF], "\N{REPLACEMENT CHARACTER}"
)
UNPRINTABLE |= dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}")
SWITCHES_ON = {1: "bold", 3: "italic", 4: "underline", 7: "inverse"}
SWITCHES_OFF = {22: "bold", 23: "italic", 24: "underline", 27: "inverse", 39: "fg", 49: "on"}


def overwritten(text: str) -> str:
    """The text as a terminal shows it after carriage returns (progress bars) and backspaces."""
    text = text.replace("\r\n", "\n")
    if "\r" in text:
        text = "\n".join(returned(line) for line in text.split("\n"))
    if "\b" in text:
        shown: list[str] = []
        for char in text:
            if char != "\b":
                shown.append(char)
            elif shown and shown[-1] != "\n":
                shown.pop()
        text = "".join(shown)
    return clean(text, keep="\x1b\x07")


def returned(line: str) -> str:
    """One line after its carriage returns: later text covers the columns that it reaches."""
    shown = ""
    for part in line.split("\r"):
        shown = part + shown[len(part) :] if "\x1b" not in shown + part else (part or shown)
    return shown


def clean(text: str, keep: str = "") -> str:
    """The text with tabs as spaces, other line ends as newlines, and control characters made visible."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\t" in text:
        text = text.expandtabs(TAB)
    if text.replace("\n", "").isprintable():
        return text
    return "".join(char if char >= " " or char == "\n" or char in keep else visible(char) for char in text).translate(
        UNPRINTABLE
    )


def visible(char: str) -> str:
    """A control character in caret notation: ^@ for NUL."""
    return "^" + chr(0x40 + ord(char))


def coloured(text: str) -> Iterator[tuple[str | None, str]]:
    """Runs of the text between its ANSI escapes; escapes that are not about colour are dropped."""
    style: dict[str, str] = {}
    position = 0
    for match in ESCAPE.finditer(text):
        if match.start() > position:
            yield style_name(style), clean(text[position : match.start()])
        position = match.end()
        if match[1] is not None:
            style = after_codes(style, [int(code[:4] or 0) for code in re.split("[;:]", match[1])])
    if position < len(text):
        yield style_name(style), clean(text[position:])


def style_name(style: dict[str, str]) -> str | None:
    """A style's name, which says what it looks like: "bold fg:red on:#ffeeaa"."""
    shown = dict(style)
    if shown.pop("inverse", None):
        shown["on"], shown["fg"] = shown.get("fg", "black"), shown.get("on", "white")
    words: list[str] = [word for word in ("bold", "italic", "underline") if word in shown]
    words += [f"{key}:{shown[key]}" for key in ("fg", "on") if key in shown]
    return " ".join(words) or None


def after_codes(style: dict[str, str], codes: list[int]) -> dict[str, str]:
    """The style after one SGR escape (ECMA-48, 8.3.117)."""
    style = dict(style)
    codes = list(codes)
    while codes:
        code = codes.pop(0)
        if code == 0:
            style = {}
        elif code in SWITCHES_ON:
            style[SWITCHES_ON[code]] = "on"
        elif code in SWITCHES_OFF:
            style.pop(SWITCHES_OFF[code], None)
        elif code in (38, 48):
            colour = extended_colour(codes)
            if colour:
                style["fg" if code == 38 else "on"] = colour
        elif code % 10 < 8 and code // 10 in (3, 9):
            style["fg"] = NAMES[code % 10]
        elif code % 10 < 8 and code // 10 in (4, 10):
            style["on"] = NAMES[code % 10]
    return style


def extended_colour(codes: list[int]) -> str | None:
    """The colour after 38 or 48: `5;n` (256 colours) or `2;r;g;b`; takes its numbers from `codes`."""
    kind = codes.pop(0) if codes else None
    if kind == 5 and codes:
        return colour_256(codes.pop(0))
    if kind == 2 and len(codes) >= 3:
        red, green, blue = (min(codes.pop(0), 255) for _ in range(3))
        return f"#{red:02x}{green:02x}{blue:02x}"
    return None


def colour_256(n: int) -> str:
    """Colour n of xterm's 256: 16 named, a 6×6×6 cube, 24 greys."""
    if n < 16:
        return NAMES[n % 8]
    if n < 232:
        levels = (0, 95, 135, 175, 215, 255)
        n -= 16
        return f"#{levels[n // 36]:02x}{levels[n // 6 % 6]:02x}{levels[n % 6]:02x}"
    grey = min(8 + 10 * (n - 232), 238)
    return f"#{grey:02x}{grey:02x}{grey:02x}"


def ansi_look(name: str) -> dict[str, str]:
    """The look of a style by `style_name`; a colour too pale for white paper is darkened."""
    look: dict[str, str] = {}
    for word in name.split():
        key, _, colour = word.partition(":")
        if key == "fg":
            look["fill"] = ANSI.get(colour) or colour
        elif key == "on":
            look["on"] = ANSI_PAPER.get(colour) or colour
        elif key == "bold":
            look["weight"] = "bold"
        elif key == "italic":
            look["style"] = "italic"
        elif key == "underline":
            look["underline"] = "yes"
    paper = luminance(look.get("on", "#ffffff"))
    ink = look.get("fill", "#000000")
    if contrast(luminance(ink), paper) < 4.5:
        look["fill"] = darkened(ink, paper) if paper > 0.2 else "#ffffff"
    return look


def luminance(colour: str) -> float:
    """Relative luminance of "#rrggbb" (WCAG 2.1)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: float, b: float) -> float:
    """Contrast ratio of two luminances (WCAG 2.1): 1 to 21."""
    return (max(a, b) + 0.05) / (min(a, b) + 0.05)


def darkened(colour: str, paper: float) -> str:
    """The colour, darkened in steps until it reads on the paper."""
    channels = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    while contrast(luminance(colour), paper) < 4.5 and any(channels):
        channels = [int(c * 0.9) for c in channels]
        colour = "#{:02x}{:02x}{:02x}".format(*channels)
    return colour
