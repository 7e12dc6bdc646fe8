"""The region engine: find, blank, splice."""

import re
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.regions import ANSWER_HERE, END, START, RegionError, blank, find_regions, hollow, splice

unhurried = settings(deadline=None)

SOURCE = f'''"""Sums."""


def double(x):
    """Twice x."""
    {START}
    # TODO: twice x.
    #       One line will do.
    # adding x to itself is the solution's secret
    out = x + x
    {END}
    return out


def triple(x):
    """Three times x."""
    {START}
    out = 3 * x
    {END}
    return out


def shares(x):
    """Each part's share of x."""
    # ===== START YOUR CODE HERE: total =====
    total = x.sum()
    {END}
    # ===== START YOUR CODE HERE: shares =====
    out = x / total
    {END}
    return out
'''
RELEASED = blank(SOURCE, "sums")
LINES = SOURCE.split("\n")
REGIONS = find_regions(SOURCE)


def outside(text):
    """The lines outside the regions, banners included."""
    lines = text.split("\n")
    inner = {n for r in find_regions(text) for n in range(r.start + 1, r.end)}
    return [line for number, line in enumerate(lines) if number not in inner]


def inner(text, index):
    region = find_regions(text)[index]
    return "\n".join(text.split("\n")[region.start + 1 : region.end])


# --- find and blank ---------------------------------------------------------------------------------------------------


def test_regions_are_found_with_name_place_and_indentation():
    """Does each region say where it is?"""
    assert [(r.name, r.start, r.end, r.indent) for r in REGIONS] == [
        ("", 5, 10, "    "),
        ("", 16, 18, "    "),
        ("total", 24, 26, "    "),
        ("shares", 27, 29, "    "),
    ]


@pytest.mark.parametrize(
    "banner",
    [
        "# ===== START YOUR CODE HERE =====",
        "#===START YOUR CODE HERE===",
        "  ##  =========   Start  Your  Code  Here  ==  ",
        "# START YOUR CODE HERE",
        "<!-- ===== START YOUR ANSWER HERE ===== -->",
        "\t# ===== START YOUR CODE HERE: a name-2.b =====",
    ],
)
def test_a_banner_may_look_a_little_different(banner):
    """Is a banner still one after a careless edit?"""
    assert len(find_regions(f"{banner}\nx\n# ====== END YOUR CODE HERE ======")) == 1


@pytest.mark.parametrize(
    "line",
    [
        "Write between START YOUR CODE HERE and END.",
        "x = 1  # START YOUR CODE HERE",
        "# you START YOUR CODE HERE",
        '"# START"',
    ],
)
def test_text_about_banners_is_no_banner(line):
    """May prose and code mention a banner?"""
    assert find_regions(line) == ()


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (f"{START}\n{START}\n{END}", 2, "inside the one from line 1"),
        (f"a\n{START}\nb", 2, "never ends"),
        (f"a\n\n{END}", 3, "never started"),
    ],
)
def test_malformed_regions_are_refused_with_their_line(text, line, says):
    """Does an author learn where the banners do not fit together?"""
    with pytest.raises(RegionError, match=says) as caught:
        find_regions(text)
    assert caught.value.line == line


def test_regions_are_blanked_but_banners_stay():
    """Does a student see where to write, and nothing of the solution?"""
    assert outside(RELEASED) == outside(SOURCE)
    assert inner(RELEASED, 0) == (
        '    # TODO: twice x.\n    #       One line will do.\n    raise NotImplementedError("sums")'
    )
    comment = f"{START}\n#  the trick: shift\n#  first\nx = 1\n{END}"
    assert blank(comment, "f") == f'{START}\n# TODO: write this part.\nraise NotImplementedError("f")\n{END}'
    assert inner(RELEASED, 1) == '    # TODO: write this part.\n    raise NotImplementedError("sums")'
    assert inner(RELEASED, 2).endswith('raise NotImplementedError("sums: total")')
    for solution in ("x + x", "3 * x", "x.sum()", "x / total", "secret"):
        assert solution not in RELEASED


def test_prompts_take_the_place_of_the_hole():
    """Does a region with prompt lines become exactly those?"""
    text = f'{START}\n    # TODO: not shown\n#> name = ""  # yours\n  #>   x = None\nname = "me"\n#>\n{END}'
    assert blank(text, "cell") == f'{START}\nname = ""  # yours\n    x = None\n\n{END}'


def test_markdown_regions_ask_for_an_answer():
    """Are answers blanked without Python in them?"""
    start, end = "<!-- ===== START YOUR ANSWER HERE ===== -->", "<!-- ====== END YOUR ANSWER HERE ====== -->"
    assert blank(f"Why?\n\n{start}\nBecause.\n{end}", "why") == f"Why?\n\n{start}\n{ANSWER_HERE}\n{end}"
    assert blank(f"{start}\n<!--> 1. … -->\n<!-->2. … -->\nBecause.\n{end}", "why") == f"{start}\n1. …\n2. …\n{end}"


def test_regions_that_are_not_asked_for_are_given_whole():
    """Is what an earlier assignment asked for plain code, with no trace of banners, prompts and TODO?"""
    text = blank(SOURCE, "sums", only={"shares"})
    assert len(find_regions(text)) == 1
    assert "out = 3 * x" in text
    assert "TODO: twice x" not in text
    assert "out = x / total" not in text
    for sign in ("#>", "# >"):
        prompts = f"{START}\n# TODO: x.\n{sign} x = None\nx = 1\n{END}"
        assert hollow(prompts, {find_regions(prompts)[0]: None}) == "x = 1"
        assert blank(prompts, "f") == f"{START}\nx = None\n{END}"


# --- splice -----------------------------------------------------------------------------------------------------------


def test_the_solution_splices_into_the_released_text_without_an_edit():
    """Does a student who wrote only between the banners get exactly that run?"""
    assert splice(SOURCE, RELEASED) == splice(SOURCE.replace("\n", "\r\n"), RELEASED)
    assert splice(SOURCE, RELEASED).text == SOURCE
    assert splice("\ufeff" + SOURCE, RELEASED).edits == ()


@pytest.mark.parametrize("number", [n for n in range(len(LINES)) if LINES[n].strip()])
def test_any_one_line_may_be_lost(number):
    """Whichever line is deleted, banner or not: is the rest of the work still found, and the loss shown?"""
    spliced = splice("\n".join(LINES[:number] + LINES[number + 1 :]), RELEASED, "sums.py")
    inside = [r for r in REGIONS if r.start < number < r.end]
    if inside:
        assert spliced.edits == ()
        assert len(spliced.text.split("\n")) == len(LINES) - 1
    else:
        assert spliced.text == SOURCE
        assert [(e.place, e.kind, e.before) for e in spliced.edits] == [("sums.py", "deleted", LINES[number])]
        assert abs(spliced.edits[0].line - number - 1) <= 1


@pytest.mark.parametrize("region", range(len(REGIONS)))
def test_both_banners_lost_leaves_the_hole_and_shows_the_text(region):
    """Is a region without banners neither guessed nor silently lost, and the others still right?"""
    start, end = REGIONS[region].start, REGIONS[region].end
    text = "\n".join(line for number, line in enumerate(LINES) if number not in (start, end))
    spliced = splice(text, RELEASED)
    expected = [inner(SOURCE, k) if k != region else inner(RELEASED, k) for k in range(len(REGIONS))]
    assert [inner(spliced.text, k) for k in range(len(REGIONS))] == expected
    assert [(e.kind, e.line, e.before, e.after) for e in spliced.edits] == [
        ("deleted", start + 1, "\n".join(LINES[start + 1 : end]), "")
    ]


@pytest.mark.parametrize("number", [n for r in REGIONS for n in (r.start, r.end)])
def test_any_banner_may_be_doubled(number):
    """Does a banner pasted twice cost nothing?"""
    spliced = splice("\n".join([*LINES[: number + 1], *LINES[number:]]), RELEASED)
    assert spliced.text == SOURCE
    assert [(e.kind, e.after) for e in spliced.edits] == [("added", LINES[number])]


def test_edits_outside_are_undone_and_shown():
    """Does a change outside the regions never count, and never get lost?"""
    text = SOURCE.replace("    return out\n\n\ndef triple", "    return 42\n\n\ndef triple")
    text = text.replace('"""Sums."""\n', '"""Sums."""\nimport os\n')
    spliced = splice(text, RELEASED, "nn/sums.py")
    assert spliced.text == SOURCE
    assert [(e.place, e.kind, e.line, e.before, e.after) for e in spliced.edits] == [
        ("nn/sums.py", "added", 2, "", "import os"),
        ("nn/sums.py", "changed", 13, "    return out", "    return 42"),
    ]


def test_a_function_that_was_deleted_is_back_with_its_hole():
    """Does one deleted function leave the others where they belong?"""
    start, end = LINES.index("def triple(x):"), LINES.index("def shares(x):")
    spliced = splice("\n".join(LINES[:start] + LINES[end:]), RELEASED)
    assert inner(spliced.text, 1) == inner(RELEASED, 1)
    assert [inner(spliced.text, k) for k in (0, 2, 3)] == [inner(SOURCE, k) for k in (0, 2, 3)]
    assert {e.kind for e in spliced.edits} == {"deleted"}


def test_functions_in_another_order_keep_their_code():
    """Are named regions matched by name, and unnamed ones by what is around them?"""
    start, end = LINES.index("def shares(x):"), len(LINES) - 1
    spliced = splice("\n".join(LINES[start:end] + LINES[:start]), RELEASED)
    assert spliced.text == SOURCE
    assert spliced.edits


def test_a_renamed_region_is_matched_by_its_place():
    """Does another name after the banner cost nothing?"""
    for text in (SOURCE.replace("HERE: total", "HERE: sum of all"), SOURCE.replace("HERE: total", "HERE")):
        spliced = splice(text, RELEASED)
        assert spliced.text == SOURCE
        assert [e.kind for e in spliced.edits] == ["changed"]


def test_an_extra_region_is_an_edit():
    """Can a student make a region of their own?"""
    spliced = splice(SOURCE.replace("def triple", f"{START}\nimport os\n{END}\n\n\ndef triple"), RELEASED)
    assert spliced.text == SOURCE
    assert "import os" in spliced.edits[0].after


def test_a_banner_inside_a_region_reaches_nothing_outside():
    """Does text after a forged END banner count as outside?"""
    evil = f"    out = 1\n    {END}\n    import os\n    {START}\n    out = 2\n"
    spliced = splice(SOURCE.replace("    out = 3 * x\n", evil), RELEASED)
    assert outside(spliced.text) == outside(SOURCE)
    assert "import os" not in spliced.text
    assert any("import os" in e.after for e in spliced.edits)


def test_tabs_for_indentation_are_understood():
    """Does a file whose editor turned spaces into tabs still run?"""
    tabs = SOURCE.replace("    ", "\t").replace("\tout = 3 * x", "\tif x:\n\t\tout = 3 * x")
    text = splice(tabs, RELEASED).text
    assert inner(text, 1) == "    if x:\n        out = 3 * x"
    compile(text, "sums.py", "exec")


def test_a_moved_banner_does_not_move_code():
    """Is code left as it is where only its banner was indented otherwise?"""
    text = SOURCE.replace(f"    {START}\n    out = 3 * x", f"{START}\n    out = 3 * x")
    assert splice(text, RELEASED).text == SOURCE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n" * 50_000,
        f"{START}\n" * 20_000,
        f"{END}\n" * 20_000,
        f"{START}\nx\n{END}\n" * 10_000,
        "x = 1\n" * 200_000,
        "y" * 10**7,
        f"# START YOUR CODE HERE: a{' ' * 10**6}!",
        f"# START YOUR CODE HERE: a{' ' * 270}!\n" * 1000,
    ],
    ids=["empty", "blank-lines", "starts", "ends", "regions", "lines", "one-line", "long-banner", "nearly-banners"],
)
def test_hostile_texts_are_spliced_quickly(text):
    """Can a submitted text stop the grading of the others?"""
    began = time.process_time()
    spliced = splice(text, RELEASED)
    assert time.process_time() - began < 5
    assert outside(spliced.text) == outside(RELEASED)


@pytest.mark.parametrize("kind", ["blank", "known"])
def test_a_long_library_file_is_compared_quickly(kind):
    """Does a text made of many lines that the source repeats keep the comparison busy?"""
    released = "\n".join(SOURCE.replace("(x):", f"_{k}(x):") for k in range(20))
    known = ["", "    return out", f"    {END}"] if kind == "known" else [""]
    text = "\n".join(part for k in range(3000) for part in (known[k % len(known)], f"x = {k}"))
    began = time.process_time()
    spliced = splice(text, released)
    assert time.process_time() - began < 5
    assert outside(spliced.text) == outside(released)


line = st.one_of(
    st.sampled_from(
        [*LINES, START, END, "# ===== START YOUR CODE HERE: total =====", "\t" + START, "x = 1", "", "\r", "'''"]
    ),
    st.text(max_size=12),
)


@unhurried
@given(st.lists(line, max_size=40).map("\n".join))
def test_whatever_is_submitted_the_outside_is_ours(text):
    """Is there any text that changes a line outside the regions?"""
    spliced = splice(text, RELEASED)
    assert outside(spliced.text) == outside(RELEASED)
    assert [r.name for r in find_regions(spliced.text)] == [r.name for r in REGIONS]
    assert splice(spliced.text, RELEASED).text == spliced.text
    assert not lost(text, spliced)


@unhurried
@given(st.data())
def test_shuffled_lines_never_break_the_outside(data):
    """The same for texts close to the real one: lines dropped, doubled, swapped."""
    lines = list(LINES)
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, len(lines) - 1))
        if data.draw(st.booleans()):
            lines.insert(data.draw(st.integers(0, len(lines))), lines[at])
        elif len(lines) > 1:
            del lines[at]
    spliced = splice("\n".join(lines), RELEASED)
    assert outside(spliced.text) == outside(RELEASED)
    assert not lost("\n".join(lines), spliced)


def lost(submitted, spliced):
    """Lines of the submitted text that are neither in the text to run nor in an edit."""
    shown = [spliced.text, *(text for e in spliced.edits for text in (e.before, e.after))]
    there = Counter(line.strip() for text in shown for line in text.split("\n"))
    return {
        text
        for text in Counter(re.split("\r\n|\r|\n", submitted.removeprefix("\ufeff"))) - there
        if text.strip() and not there[text.strip()]
    }


code = st.lists(
    st.sampled_from(["x = 1", "    y = 2", "", "# TODO: this.", "#   more", "# ordinary", "return x"]), max_size=5
)


@unhurried
@given(
    st.lists(st.tuples(code, st.sampled_from(["", "a", "b"]), code), max_size=4),
    st.none() | st.sets(st.sampled_from(["", "a"])),
)
def test_blanking_twice_is_blanking_once(parts, only):
    """Is a released text stable under release?"""
    text = "\n".join(
        line
        for before, name, body in parts
        for line in [*before, START.replace("HERE", f"HERE: {name}") if name else START, *body, END]
    )
    once = blank(text, "cell", only)
    assert blank(once, "cell", only) == once


@unhurried
@given(
    st.lists(
        st.lists(st.sampled_from(["    out = 1", "", "    # note", "        y"]), max_size=4), min_size=4, max_size=4
    )
)
def test_what_is_written_between_the_banners_arrives_unchanged(bodies):
    """Is a student's text taken to the letter?"""
    lines = []
    for number, text in enumerate(LINES):
        region = next((k for k, r in enumerate(REGIONS) if r.start < number <= r.end), None)
        if region is None:
            lines.append(text)
        elif number == REGIONS[region].end:
            lines += [*bodies[region], text]
    spliced = splice("\n".join(lines), RELEASED)
    assert spliced.text == "\n".join(lines)
    assert spliced.edits == ()
