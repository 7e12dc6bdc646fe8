"""Pairs of submissions side by side, on one HTML page that needs nothing else; light and dark."""

import html
from collections.abc import Mapping, Sequence

from autograder.compare.likeness import LikePair, Place, SharedRegion

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1e; --quiet: #63636b; --line: #d7d7de; --paper: #fff; --same: #fff0b3; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e8; --quiet: #a5a5ab; --line: #3a3c43; --paper: #16181b; --same: #4d4213; }
}
body { margin: 0 auto; max-width: 80rem; padding: 1rem; font: 15px/1.5 system-ui, sans-serif;
  background: var(--paper); color: var(--ink); }
h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin: 0; display: inline; }
h3 { font-size: .95rem; margin: 1rem 0 .3rem; overflow-wrap: anywhere; }
.quiet { color: var(--quiet); } details { border-top: 1px solid var(--line); padding: .6rem 0; }
summary { cursor: pointer; overflow-wrap: anywhere; }
.both { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 1rem; }
figure { margin: 0; } figcaption { font-weight: 600; overflow-wrap: anywhere; }
pre { margin: .2rem 0; padding: .5rem; border: 1px solid var(--line); overflow-x: auto;
  font: 13px/1.45 ui-monospace, monospace; }
mark { background: var(--same); color: inherit; display: inline-block; min-width: 100%; }
@media (max-width: 700px) { .both { grid-template-columns: minmax(0, 1fr); } }
"""
ABOUT = (
    "<p>Marked lines say the same once names, texts, comments and order are left aside, and are neither released, nor "
    "in the solution, nor usual in this class. <b>This proves nothing:</b> look at both, and ask.</p>"
)
OPEN = 3  # pairs that are open at first


def compare_page(title: str, pairs: Sequence[LikePair], texts: Mapping[Place, Mapping[str, str]], compared: int) -> str:
    """The page's HTML. Whatever students wrote is escaped; no script is in it, and its policy allows none."""
    sections = [one_pair(pair, texts, at < OPEN) for at, pair in enumerate(pairs)]
    if not pairs:
        sections = ["<p>No two of them share more than the homework explains.</p>"]
    head = f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    head += '<meta name="viewport" content="width=device-width, initial-scale=1">'
    head += f"<title>{html.escape(title)}: side by side</title><style>{STYLE}</style>"
    begin = f"<h1>{html.escape(title)}: side by side</h1>"
    number = f'<p class="quiet">{len(pairs)} of {compared * (compared - 1) // 2} pairs.</p>'
    body = "\n".join([begin, ABOUT, number, *sections])
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n{body}\n</body></html>\n'


def one_pair(pair: LikePair, texts: Mapping[Place, Mapping[str, str]], is_open: bool) -> str:
    one, other = (html.escape(student) for student in pair.students)
    where = ", ".join(html.escape(region.place) for region in pair.regions)
    regions = "".join(both_sides(pair, region, texts) for region in pair.regions)
    return (
        f"<details{' open' if is_open else ''}><summary><h2>{one} and {other}</h2> "
        f'<span class="quiet">{where}</span></summary>{regions}</details>'
    )


def both_sides(pair: LikePair, region: SharedRegion, texts: Mapping[Place, Mapping[str, str]]) -> str:
    sides = "".join(
        f"<figure><figcaption>{html.escape(student)}</figcaption>{marked(texts[region.place][student], lines)}</figure>"
        for student, lines in zip(pair.students, region.lines, strict=True)
    )
    said = f"{html.escape(region.place)}: {100 * region.share:.0f} % of what is not explained"
    return f'<h3>{said}</h3><div class="both">{sides}</div>'


def marked(text: str, lines: Sequence[int]) -> str:
    """A region as text, the shared lines marked."""
    shown = [
        f"<mark>{html.escape(line) or ' '}</mark>" if at in lines else html.escape(line)
        for at, line in enumerate(text.split("\n"))
    ]
    return f"<pre>{chr(10).join(shown)}</pre>"
