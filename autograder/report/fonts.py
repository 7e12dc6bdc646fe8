"""The fonts that documents are set in, and the characters that none of them has.

Typst brings serif, maths and monospaced fonts; matplotlib's wheel brings DejaVu Sans and STIX (symbols, mathematical
alphabets); for emoji and Chinese, Japanese and Korean the system's fonts are used where they are at their usual places.
Only these files are used, never whatever else a system has, so that the same input gives the same pages.
"""

import functools
import importlib.util
import re
import shutil
import tempfile
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typst

FROM_MATPLOTLIB = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono.ttf", "STIXGeneral.ttf")
EMOJI = (
    "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf",
    "/usr/share/fonts/noto/NotoColorEmoji.ttf",
    "/usr/share/fonts/google-noto-emoji/NotoColorEmoji.ttf",
    "/System/Library/Fonts/Apple Color Emoji.ttc",
    "C:/Windows/Fonts/seguiemj.ttf",
)
CJK = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/System/Library/Fonts/Hiragino Sans GB.ttc",
    "C:/Windows/Fonts/msyh.ttc",
)
CJK_BOLD = ("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc", "/usr/share/fonts/noto-cjk/NotoSansCJK-Bold.ttc")
# Scripts of South and Southeast Asia: Debian's fonts-noto-core, or its fonts for one script each.
NOTO, LOHIT = "/usr/share/fonts/truetype/noto/NotoSans{}-Regular.ttf", "/usr/share/fonts/truetype/lohit-{}/Lohit-{}.ttf"
SCRIPTS = {
    "Thai": ("/usr/share/fonts/opentype/tlwg/Loma.otf", "Loma"),
    "Devanagari": (LOHIT.format("devanagari", "Devanagari"), "Lohit Devanagari"),
    "Bengali": (LOHIT.format("bengali", "Bengali"), "Lohit Bengali"),
    "Tamil": (LOHIT.format("tamil", "Tamil"), "Lohit Tamil"),
    "Telugu": (LOHIT.format("telugu", "Telugu"), "Lohit Telugu"),
    "Gujarati": (LOHIT.format("gujarati", "Gujarati"), "Lohit Gujarati"),
    "Sinhala": ("", ""),
    "Khmer": ("", ""),
    "Myanmar": ("", ""),
    "Ethiopic": ("", ""),
    "Georgian": ("", ""),
    "Armenian": ("", ""),
}
# The last resort for other scripts, where the system has it.
OTHERS = (
    "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
    "C:/Windows/Fonts/arial.ttf",
    "C:/Windows/Fonts/seguisym.ttf",
)


@functools.cache
def font_files() -> tuple[Path, ...]:
    """The font files in use, in the order in which they are asked for a character."""
    spec = importlib.util.find_spec("matplotlib")
    places = spec.submodule_search_locations if spec else None
    folder = Path(places[0], "mpl-data/fonts/ttf") if places else Path()
    files = [folder / name for name in FROM_MATPLOTLIB]
    for choices in (EMOJI, CJK, CJK_BOLD):
        files += [Path(name) for name in choices if Path(name).is_file()][:1]
    for script, (other, _) in SCRIPTS.items():
        files += [Path(name) for name in (NOTO.format(script), other) if name and Path(name).is_file()][:1]
    files += [Path(name) for name in OTHERS]
    return tuple(path for path in files if path.is_file())


@functools.cache
def font_folder() -> tempfile.TemporaryDirectory:
    """A folder of links to the font files: Typst takes folders only. It lasts as long as this process."""
    folder = tempfile.TemporaryDirectory(prefix="autograder-fonts-")
    for path in font_files():
        link = Path(folder.name) / path.name
        try:
            link.symlink_to(path)
        except OSError:
            shutil.copy(path, link)
    return folder


@functools.cache
def font_book() -> "typst.Fonts":
    """The fonts as Typst takes them."""
    import typst

    return typst.Fonts(include_system_fonts=False, font_paths=[font_folder().name])


@functools.cache
def font_families() -> tuple[str, ...]:
    """The families to ask for a character, after the document's own: symbols, emoji, then the other scripts."""
    known = font_book().families()
    wanted = ["DejaVu Sans", "STIXGeneral"]
    wanted += [name for name in known if "Emoji" in name]
    wanted += [name for name in ("Noto Sans CJK SC", "Hiragino Sans GB", "Microsoft YaHei") if name in known]
    for script, (_, other) in SCRIPTS.items():
        wanted += [name for name in (f"Noto Sans {script}", other) if name in known]
    wanted += [name for name in ("Arial Unicode MS", "Arial", "Segoe UI Symbol") if name in known]
    return tuple(wanted)


@functools.cache
def characters_of(path: Path) -> frozenset[int]:
    """The characters that a font file has glyphs for."""
    from fontTools.ttLib import TTFont

    with TTFont(path, fontNumber=0, lazy=True) as font:
        return frozenset(font.getBestCmap() or ())


def missing_characters(text: str) -> list[str]:
    """The characters of a text that would print as an empty box, in order of code point."""
    left = {char for char in set(text) if ord(char) >= 0x250 and shows(char)}
    for path in font_files():
        if not left:
            return []
        known = characters_of(path)
        left = {char for char in left if ord(char) not in known}
    doubtful = sorted(left)
    return [char for char in doubtful[:MOST_CHECKED] if is_box(char)] + doubtful[MOST_CHECKED:]


MOST_CHECKED = 100  # of more of them that none of the font files has, the others are taken for boxes


def shows(char: str) -> bool:
    """Whether a character has a picture of its own (a joiner or a variation selector has none)."""
    return unicodedata.category(char) not in ("Cf", "Cc", "Mn", "Zs", "Zl", "Zp", "Cs")


@functools.cache
def is_box(char: str) -> bool:
    """Whether Typst, with the fonts that it brings itself, has only the box for this character."""
    return outline(char) == outline(NO_CHARACTER)


NO_CHARACTER = "\U0010fffe"


@functools.cache
def outline(char: str) -> str:
    """The drawing of one character."""
    import typst

    source = b"#set page(width: auto, height: auto)\n#sys.inputs.char"
    compiler = typst.Compiler(source, font_paths=font_book(), ignore_system_fonts=True, sys_inputs={"char": char})
    drawn = compiler.compile(format="svg")
    assert isinstance(drawn, bytes)  # it has one page
    return "".join(re.findall(r"<symbol.*?</symbol>", drawn.decode(), re.DOTALL))
