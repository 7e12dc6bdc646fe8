"""Regions: the parts of a text that students write, between a START and an END banner.

One engine for notebook cells and .py files. Text in, text out: nothing here knows files, notebooks or Python's syntax.
"""

import re
from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from autograder.errors import CourseError

START = "# ===== START YOUR CODE HERE ====="
END = "# ====== END YOUR CODE HERE ======"
START_ANSWER = "<!-- ===== START YOUR ANSWER HERE ===== -->"
END_ANSWER = "<!-- ====== END YOUR ANSWER HERE ====== -->"

BANNER = re.compile(
    r"(?P<indent>\s*)(?P<opener>\#+|<!--)[ \t=]*"
    r"\b(?P<which>START|END)[ \t]+YOUR[ \t]+(?:CODE|ANSWER)[ \t]+HERE\b"
    r"(?:[ \t]*:[ \t]*(?P<name>\w[\w.-]*(?: +[\w.-]+)*))?[ \t=]*+(?:-->)?\s*",
    re.IGNORECASE,
)
CODE_PROMPT = re.compile(r"(\s*)# ?> ?(.*)")  # formatters put the blank in
MARKDOWN_PROMPT = re.compile(r"(\s*)<!--> ?(.*?)\s*-->\s*")
ANSWER_HERE = "*Double-click this text to write your answer here.*"
MISTAKE = re.compile(r"\s*#! (mistake \"(?P<said>[^\"]+)\"|another way):\s*")
MISTAKE_LINE = re.compile(r"(?P<indent>\s*)#! ?(?P<code>.*)")
TODO = re.compile(r"\s*# TODO\b")
TODO_CONTINUED = re.compile(r"\s*#(  |\t)")

MAX_BANNER = 300  # characters of a line that can be a banner
MAX_SPANS = 200  # spans looked at in a submitted text: the rest counts as text outside every region
MAX_SHOWN = 1000  # lines of an edit (of 80 characters on average) that are kept
MAX_DIFF = 4_000_000  # lines times lines that are compared line by line: beyond it, one edit says "changed"


class RegionError(CourseError):
    """A malformed region; `line` (from 1) is where."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Region:
    """One region: its name ("" if it has none), the 0-based lines of its banners, and its indentation."""

    name: str
    start: int
    end: int
    indent: str
    markdown: bool = False


@dataclass(frozen=True)
class Edit:
    """A difference outside the regions.

    Attributes:
        place: what the caller calls the text ("knn.ipynb, cell toy-loss", "nn/layers.py").
        kind: "changed", "added" or "deleted".
        line: line number (from 1) in the submitted text.
        before: what the released text says there; for a region whose banners are gone: what stands in its place, or
            the region as released where nothing does.
        after: what the submitted text says there.
        whole: was a whole cell or file added or deleted?

    Texts of very many lines or characters are cut, which their last line says.
    """

    place: str
    kind: str
    line: int
    before: str
    after: str
    whole: bool = False

    @property
    def is_own(self) -> bool:
        """Is it a cell or file of the student's own, beside those that were released?"""
        return self.whole and self.kind == "added"


@dataclass(frozen=True)
class Spliced:
    """The text to run, and every edit that is not in it.

    Attributes:
        inner: for each region, the 0-based numbers in `text` of its first inner line and of its END banner.
    """

    text: str
    edits: tuple[Edit, ...]
    inner: tuple[tuple[int, int], ...] = ()


# --- find -------------------------------------------------------------------------------------------------------------


def banner_of(line: str) -> re.Match[str] | None:
    """The banner that a line is, with its groups indent, opener, which and name."""
    return BANNER.fullmatch(line) if len(line) <= MAX_BANNER else None


def starts_region(line: str) -> bool:
    """Is the line a START banner?"""
    banner = banner_of(line)
    return banner is not None and _starts(banner)


def find_regions(text: str) -> tuple[Region, ...]:
    """Return the regions of `text` in order.

    Raises:
        RegionError: a region is nested, never closed, or closed without being open.
    """
    regions = []
    opened: tuple[int, re.Match[str]] | None = None
    for number, line in enumerate(text.split("\n")):
        banner = banner_of(line) if "#" in line or "<!--" in line else None
        if banner is None:
            continue
        if _starts(banner):
            if opened is not None:
                raise RegionError(
                    f"a region starts in line {number + 1} inside the one from line {opened[0] + 1}. "
                    f"Close that one first with  {closing(opened[1])}",
                    number + 1,
                )
            opened = (number, banner)
        elif opened is None:
            raise RegionError(
                f"line {number + 1} ends a region that never started. Start it with  {opening(banner)}  or take the "
                "line out",
                number + 1,
            )
        else:
            start, first = opened
            regions.append(Region(_name(first), start, number, first["indent"], first["opener"] == "<!--"))
            opened = None
    if opened is not None:
        raise RegionError(
            f"a region starts in line {opened[0] + 1} and never ends. Close it with  {closing(opened[1])}",
            opened[0] + 1,
        )
    return tuple(regions)


def opening(banner: re.Match[str]) -> str:
    """The START banner for an END banner: of code, or of an answer."""
    return START if banner["opener"] != "<!--" else START_ANSWER


def closing(banner: re.Match[str]) -> str:
    """The END banner for a START banner: of code, or of an answer."""
    return END if banner["opener"] != "<!--" else END_ANSWER


def _starts(banner: re.Match[str]) -> bool:
    return banner["which"].upper() == "START"


def _name(banner: re.Match[str]) -> str:
    return (banner["name"] or "").strip()


# --- blank ------------------------------------------------------------------------------------------------------------


def blank(text: str, label: str, only: Container[str] | None = None) -> str:
    """Empty the regions of `text`.

    A region with prompt lines (`#> text`) becomes those texts; any other keeps its leading TODO comment and raises
    NotImplementedError, or in markdown asks for an answer. Blanking again changes nothing, prompts apart.

    Args:
        text: the complete text.
        label: function or cell name for NotImplementedError.
        only: names of the regions to empty; the others are given whole, without their banners. None: all of them.

    Raises:
        RegionError: as `find_regions`.
    """
    return hollow(text, {r: label if only is None or r.name in only else None for r in find_regions(text)})


def hollow(text: str, labels: Mapping[Region, str | None]) -> str:
    """Empty each region under its own label.

    A region whose label is None is given whole: without banners, prompts, and the TODO comment it begins with.
    """
    lines = text.split("\n")
    out: list[str] = []
    done = 0
    for region, label in labels.items():
        out += lines[done : region.start]
        inner = lines[region.start + 1 : region.end]
        if label is None:
            out += _given(region, inner)
        else:
            out += [lines[region.start], *_hole(region, inner, label), lines[region.end]]
        done = region.end + 1
    return "\n".join(out + lines[done:])


def _hole(region: Region, inner: Sequence[str], label: str) -> list[str]:
    prompts = [found.expand(r"\1\2") for line in inner if (found := _prompt(region).fullmatch(line))]
    if prompts:
        return prompts
    if region.markdown:
        return [ANSWER_HERE]
    name = f"{label}: {region.name}" if region.name else label
    todo = _todo(inner) or [f"{region.indent}# TODO: write this part."]
    return [*todo, f'{region.indent}raise NotImplementedError("{name}")']


def _given(region: Region, inner: Sequence[str]) -> list[str]:
    kept = without_mistakes("\n".join(inner[len(_todo(inner)) :])).split("\n")
    return [line for line in kept if not _prompt(region).fullmatch(line)]


def without_mistakes(text: str) -> str:
    """The text without the mistakes, and the other ways, that its author wrote beside the solution."""
    if "#!" not in text:
        return text
    kept: list[str] = []
    inside = False
    for line in text.split("\n"):
        inside = bool(MISTAKE.fullmatch(line)) or (inside and bool(MISTAKE_LINE.fullmatch(line)))
        if not inside:
            kept.append(line)
    return "\n".join(kept)


def inner_texts(text: str) -> list[str]:
    """What stands in each region of a complete text, without prompts and the TODO comment it begins with.

    Raises:
        RegionError: as `find_regions`.
    """
    lines = text.split("\n")
    return ["\n".join(_given(region, lines[region.start + 1 : region.end])) for region in find_regions(text)]


def _prompt(region: Region) -> re.Pattern[str]:
    return MARKDOWN_PROMPT if region.markdown else CODE_PROMPT


def _todo(inner: Sequence[str]) -> list[str]:
    """The TODO comment that a region begins with; its further lines are indented after the `#`."""
    todo: list[str] = []
    for line in inner:
        if not (TODO.match(line) or (todo and TODO_CONTINUED.match(line))):
            break
        todo.append(line)
    return todo


# --- splice -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Span:
    """Where a region stands in the submitted text: its inner lines are first..last-1, its banners may be missing."""

    name: str
    indent: str
    first: int
    last: int


def splice(submitted: str, source: str, place: str = "") -> Spliced:
    """Lay the student's regions onto the source text.

    Everything outside a region comes from `source`; every difference outside is returned as an edit, never applied.
    Regions are matched by name, then by order and surroundings; one that lost a banner is found by the text around it.
    Where a region is gone, what `source` has there stays: give this function the released text, not the solution.
    Pure: text in, text out; cells and .py files are the same to it.

    Args:
        submitted: the student's text, whatever it is.
        source: the text as released.
        place: goes into each edit.

    Raises:
        RegionError: the source is malformed. The submitted text never raises.
    """
    regions = find_regions(source)
    theirs = _lines(submitted)
    ours = source.split("\n")
    between = _between(ours, regions)
    found = _match(regions, between, _spans(theirs, between), theirs)
    lost: dict[int, _Span] = {}
    for index in range(len(regions)):
        if index not in found:
            span, has_end = _gap(index, found, lost, between, theirs)
            (found if has_end else lost)[index] = span

    text: list[str] = []
    inner: list[tuple[int, int]] = []
    done = 0
    for index, region in enumerate(regions):
        text += ours[done : region.start + 1]
        first = len(text)
        if index in found:
            span = found[index]
            text += _reindent(theirs[span.first : span.last], span.indent, region.indent)
        else:
            text += ours[region.start + 1 : region.end]
        inner.append((first, len(text)))
        done = region.end
    text += ours[done:]
    return Spliced("\n".join(text), _edits(place, ours, regions, theirs, found, lost), tuple(inner))


def _lines(text: str) -> list[str]:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _between(lines: Sequence[str], regions: Sequence[Region]) -> list[list[str]]:
    """The text before the first region, between each two, and after the last."""
    starts = [r.start for r in regions] + [len(lines)]
    ends = [0] + [r.end + 1 for r in regions]
    return [list(lines[end:start]) for end, start in zip(ends, starts, strict=True)]


def _spans(lines: Sequence[str], between: Sequence[Sequence[str]]) -> list[_Span]:
    """Every START banner with what follows it, up to its END or, where that is missing, to what the source has next."""
    following = [line for segment in between[1:] for line in segment]
    banners = [(number, banner) for number, line in enumerate(lines) if (banner := banner_of(line))]
    spans: list[_Span] = []
    ends: list[tuple[int, re.Match[str] | None]] = [*banners[1:], (len(lines), None)]
    for (number, start), (limit, following_banner) in zip(banners, ends, strict=False):
        first = number + 1
        if not _starts(start) or len(spans) == MAX_SPANS:
            continue
        if following_banner is not None and _starts(following_banner) and not any(map(str.strip, lines[first:limit])):
            continue  # the same banner twice
        if following_banner is None or _starts(following_banner):
            limit = first + _known_from(lines[first:limit], following)
        spans.append(_Span(_name(start), start["indent"], first, limit))
    return spans


def _known_from(lines: Sequence[str], known: Sequence[str]) -> int:
    """Where in `lines` the known text begins (their number if it does not)."""
    for block in _blocks(lines, known):
        return block.a
    return len(lines)


def _known_until(lines: Sequence[str], known: Sequence[str]) -> int:
    """Where in `lines` the known text stops (0 if none of it is there)."""
    return max((block.a + block.size for block in _blocks(lines, known)), default=0)


def _blocks(lines: Sequence[str], known: Sequence[str]) -> list:
    if len(lines) * len(known) > MAX_DIFF:
        return []
    a, b = [line.rstrip() for line in lines], [line.rstrip() for line in known]
    blocks = _matcher(a, b).get_matching_blocks()
    return [block for block in blocks if any(a[block.a : block.a + block.size])]


def _matcher(a: Sequence[str | int], b: Sequence[str | int]) -> SequenceMatcher:
    """Compares lines; blank ones, of which there can be very many, match only beside others."""
    return SequenceMatcher(lambda line: line == "", a, b, autojunk=False)


def _match(
    regions: Sequence[Region], between: Sequence[Sequence[str]], spans: Sequence[_Span], theirs: Sequence[str]
) -> dict[int, _Span]:
    """Region number -> the span that is it: same unique name, else the best order-keeping pairing by surroundings."""
    our_names, their_names = Counter(r.name for r in regions), Counter(s.name for s in spans)
    found: dict[int, _Span] = {}
    for index, region in enumerate(regions):
        if region.name and our_names[region.name] == their_names[region.name] == 1:
            found[index] = next(span for span in spans if span.name == region.name)
    left_regions = [index for index in range(len(regions)) if index not in found]
    left_spans = [number for number, span in enumerate(spans) if span not in found.values()]
    if not left_regions or not left_spans:
        return found

    limits = [0, *(span.last for span in spans)], [*(span.first for span in spans), len(theirs)]
    around = [_bag(theirs[end:start]) for end, start in zip(*limits, strict=True)]
    ours = [_bag(segment) for segment in between]

    def likeness(i: int, j: int) -> float:
        region, span = left_regions[i], left_spans[j]
        same_name = regions[region].name == spans[span].name
        return (
            _share(ours[region], around[span])
            + _share(ours[region + 1], around[span + 1])
            + (2.0 if same_name and spans[span].name else 0.5 if same_name else 0.1)
        )

    needed = 0.0 if len(left_regions) == len(left_spans) else 0.6
    for i, j in pair_in_order(len(left_regions), len(left_spans), likeness, needed):
        found[left_regions[i]] = spans[left_spans[j]]
    return found


def _bag(lines: Sequence[str]) -> Counter[str]:
    return Counter(text for line in lines if (text := line.strip()))


def _share(ours: Counter[str], theirs: Counter[str]) -> float:
    """The part of our lines that is among theirs; 1 if we have none."""
    return (ours & theirs).total() / ours.total() if ours else 1.0


def pair_in_order(
    rows: int, columns: int, likeness: Callable[[int, int], float], needed: float
) -> list[tuple[int, int]]:
    """The order-keeping pairing with the largest total likeness, of pairs that are at least `needed` alike."""
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    score = [[likeness(i, j) for j in range(columns)] for i in range(rows)]
    for i in reversed(range(rows)):
        for j in reversed(range(columns)):
            paired = best[i + 1][j + 1] + score[i][j] if score[i][j] > needed else 0.0
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    pairs = []
    i = j = 0
    while i < rows and j < columns:
        if score[i][j] > needed and best[i][j] == best[i + 1][j + 1] + score[i][j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _gap(
    index: int,
    found: Mapping[int, _Span],
    lost: Mapping[int, _Span],
    between: Sequence[Sequence[str]],
    theirs: Sequence[str],
) -> tuple[_Span, bool]:
    """Where a region without a START banner stood, and whether its END banner still marks it."""
    placed = {**found, **lost}
    low = max((span.last for k, span in placed.items() if k < index), default=0)
    high = min((span.first for k, span in placed.items() if k > index), default=len(theirs))
    if index > 0 and low < high and banner_of(theirs[low]):
        low += 1
    if high > low and high < len(theirs) and banner_of(theirs[high - 1]):
        high -= 1
    if high < low:  # the neighbours have changed places: the region is nowhere between them
        return _Span("", "", low, low), False
    first = low + _known_until(theirs[low:high], between[index])
    begin = first
    for number in range(first, high):
        banner = banner_of(theirs[number])
        if banner and not _starts(banner) and any(line.strip() for line in theirs[begin:number]):
            return _Span("", banner["indent"], begin, number), True
        if banner:
            begin = number + 1
    return _Span("", "", first, first + _known_from(theirs[first:high], between[index + 1])), False


def _reindent(lines: list[str], theirs: str, ours: str) -> list[str]:
    """Move a region's lines to our indentation where banner and code were indented otherwise together (tabs, say)."""
    widths = [line[: len(line) - len(line.lstrip())] for line in lines if line.strip()]
    if theirs == ours or min(widths, key=len, default=None) != theirs or not all(w.startswith(theirs) for w in widths):
        return lines
    unit = " " * (len(ours) // len(theirs)) if theirs and not theirs.strip("\t") and not ours.strip(" ") else None
    moved = []
    for line in lines:
        rest = line.removeprefix(theirs)
        deeper = len(rest) - len(rest.lstrip("\t")) if unit else 0
        moved.append(ours + (unit or "") * deeper + rest[deeper:] if line.strip() else line)
    return moved


# --- edits ------------------------------------------------------------------------------------------------------------


def _edits(
    place: str,
    ours: Sequence[str],
    regions: Sequence[Region],
    theirs: Sequence[str],
    found: Mapping[int, _Span],
    lost: Mapping[int, _Span],
) -> tuple[Edit, ...]:
    """What differs outside the regions. Each region is one token on both sides, so its text is never compared."""
    a = _tokens(ours, {index: (r.start + 1, r.end) for index, r in enumerate(regions) if index in found})
    placed = {index: (span.first, span.last) for index, span in {**found, **lost}.items()}
    b = _tokens(theirs, placed)
    edits = []
    for index, span in lost.items():
        instead = theirs[span.first : span.last]
        if not any(line.strip() for line in instead):
            instead = ours[regions[index].start : regions[index].end + 1]
        edits.append(Edit(place, "deleted", span.first + 1, shown(instead), ""))
    left_out = {line for index in lost for line in range(regions[index].start, regions[index].end + 1)}
    a = [(key, number) for key, number in a if number not in left_out]
    b = [(key, number) for key, number in b if not (isinstance(key, int) and key in lost)]

    keys_a, keys_b = [key for key, _ in a], [key for key, _ in b]
    if len(a) * len(b) > MAX_DIFF and keys_a != keys_b:
        return (*edits, Edit(place, "changed", 1, shown(ours), shown(theirs)))
    for tag, a0, a1, b0, b1 in _matcher(keys_a, keys_b).get_opcodes():
        before = _written(ours, a[a0:a1])
        after = _written(theirs, b[b0:b1])
        if tag == "equal" or not (before or after):
            continue
        kind = "changed" if before and after else "added" if after else "deleted"
        line = after[0] if after else b[b0][1] if b0 < len(b) else len(theirs) - 1
        texts = shown([ours[number] for number in before]), shown([theirs[number] for number in after])
        edits.append(Edit(place, kind, line + 1, *texts))
    return tuple(sorted(edits, key=lambda edit: edit.line))


def _written(lines: Sequence[str], tokens: Sequence[tuple[str | int, int]]) -> list[int]:
    """The numbers of the lines among the tokens, without blank ones before and after."""
    numbers = [number for key, number in tokens if isinstance(key, str)]
    filled = [position for position, number in enumerate(numbers) if lines[number].strip()]
    return numbers[filled[0] : filled[-1] + 1] if filled else []


def shown(lines: Sequence[str]) -> str:
    """The lines as one text of bearable length."""
    text = "\n".join(lines[:MAX_SHOWN])
    if len(lines) <= MAX_SHOWN and len(text) <= MAX_SHOWN * 80:
        return text
    text = text[: MAX_SHOWN * 80]
    return f"{text}\n… {len(lines) - text.count(chr(10))} lines left out or cut"


def _tokens(lines: Sequence[str], regions: Mapping[int, tuple[int, int]]) -> list[tuple[str | int, int]]:
    """The lines outside the regions, and each region's number in place of its lines; each with its line number."""
    tokens: list[tuple[str | int, int]] = []
    done = 0
    for index, (first, last) in sorted(regions.items(), key=lambda item: item[1]):
        tokens += [(lines[number].rstrip(), number) for number in range(done, first)]
        tokens.append((index, first))
        done = last
    return tokens + [(lines[number].rstrip(), number) for number in range(done, len(lines))]
