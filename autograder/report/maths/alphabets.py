"""The mathematical alphabets of Unicode: a letter in a font is a character of its own."""

STARTS = {  # font → first capital, first small letter, first Greek capital, first small Greek letter, zero
    "bold": (0x1D400, 0x1D41A, 0x1D6A8, 0x1D6C2, 0x1D7CE),
    "italic": (0x1D434, 0x1D44E, 0x1D6E2, 0x1D6FC, 0),
    "bold-italic": (0x1D468, 0x1D482, 0x1D71C, 0x1D736, 0x1D7CE),
    "script": (0x1D49C, 0x1D4B6, 0, 0, 0),
    "bold-script": (0x1D4D0, 0x1D4EA, 0, 0, 0),
    "fraktur": (0x1D504, 0x1D51E, 0, 0, 0),
    "bold-fraktur": (0x1D56C, 0x1D586, 0, 0, 0),
    "double-struck": (0x1D538, 0x1D552, 0, 0, 0x1D7D8),
    "sans-serif": (0x1D5A0, 0x1D5BA, 0, 0, 0x1D7E2),
    "bold-sans-serif": (0x1D5D4, 0x1D5EE, 0x1D756, 0x1D770, 0x1D7EC),
    "sans-serif-italic": (0x1D608, 0x1D622, 0, 0, 0x1D7E2),
    "monospace": (0x1D670, 0x1D68A, 0, 0, 0x1D7F6),
}
STARTS["calligraphic"] = STARTS["script"]
STARTS["bold-calligraphic"] = STARTS["bold-script"]
# Letters that Unicode had before the alphabets.
EARLIER = {
    "italic": {"h": "ℎ"},
    "script": dict(zip("BEFHILMRego", "ℬℰℱℋℐℒℳℛℯℊℴ", strict=True)),
    "fraktur": dict(zip("CHIRZ", "ℭℌℑℜℨ", strict=True)),
    "double-struck": dict(zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True)),
}
EARLIER["calligraphic"] = EARLIER["script"]
GREEK_SIGNS = "∂ϵϑϰϕϱϖ"  # follow omega in each alphabet, as nabla follows capital omega


def in_font(text: str, font: str) -> str:
    """The text in the letters of that font; what the font has no letter for stays as it is."""
    return "".join(letter(char, font) for char in text)


def letter(char: str, font: str) -> str:
    if font not in STARTS:
        return char
    earlier = EARLIER.get(font, {}).get(char)
    if earlier:
        return earlier
    capital, small, greek_capital, greek_small, zero = STARTS[font]
    for first, last, start in (("A", "Z", capital), ("a", "z", small), ("0", "9", zero)):
        if first <= char <= last:
            return chr(start + ord(char) - ord(first)) if start else char
    if greek_small:
        if "α" <= char <= "ω":
            return chr(greek_small + ord(char) - ord("α"))
        if "Α" <= char <= "Ω":
            return chr(greek_capital + ord(char) - ord("Α"))
        if char in GREEK_SIGNS:
            return chr(greek_small + 25 + GREEK_SIGNS.index(char))
        if char == "∇":
            return chr(greek_capital + 25)
    return char
