"""Colours as pages and formulas name them, as #rrggbb that reads on white paper."""

import re
from collections.abc import Mapping

from PIL import ImageColor

from autograder.report.terminal import contrast, darkened, luminance

LEAST_CONTRAST = 3.0
PART = r"\s*([0-9.]+%?)"
NUMBERS = re.compile(rf"rgba?\({PART}[\s,]+{PART}[\s,]+{PART}(?:[\s,/]+{PART})?\s*\)", re.IGNORECASE)


def css_colour(text: str) -> str:
    """A colour of CSS as #rrggbb; "" where it is none, or see-through."""
    text = text.replace("!important", "").strip()
    if match := NUMBERS.fullmatch(text):
        red, green, blue = (share(part, 255.0) for part in match.groups()[:3])
        if match[4] is not None and share(match[4], 1.0) < 0.05:
            return ""
        return "#{:02x}{:02x}{:02x}".format(*(min(round(part), 255) for part in (red, green, blue)))
    try:
        red, green, blue, *alpha = ImageColor.getrgb(text)
    except ValueError:
        return ""
    return "" if alpha and alpha[0] < 13 else f"#{red:02x}{green:02x}{blue:02x}"


def share(text: str, whole: float) -> float:
    return float(text[:-1]) * whole / 100 if text.endswith("%") else float(text)


def declarations(style: str) -> dict[str, str]:
    """The declarations of a style attribute, names in small letters."""
    parts = (part.split(":", 1) for part in style.split(";") if ":" in part)
    return {name.strip().lower(): value.strip() for name, value in parts}


def ink_and_paper(style: Mapping[str, str]) -> tuple[str, str]:
    """The colour of the letters and of what is behind them, each "" where none is asked for; ink that reads there."""
    paper = css_colour(style.get("background-color") or style.get("background") or "")
    ink = css_colour(style.get("color", ""))
    behind = luminance(paper or "#ffffff")
    if paper and not ink and contrast(0.0, behind) < LEAST_CONTRAST:
        ink = "#ffffff"
    if ink and contrast(luminance(ink), behind) < LEAST_CONTRAST:
        ink = darkened(ink, behind) if behind > 0.2 else "#ffffff"
    return ink, ("" if paper == "#ffffff" else paper)
