"""The documents: do links lead somewhere, are commands and options real, are quoted messages ours?"""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer.main

from autograder.cli import app

REPOSITORY = Path(__file__).parents[1]
PAGES = [
    *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md")),
    *sorted((REPOSITORY / "docs").rglob("*.md")),
    REPOSITORY / "benchmarks" / "README.md",
]
LINK = re.compile(r"(?<!\\)!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`(autograder [^`\n]+)`")


def name_of(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))


def anchors(text: str) -> set[str]:
    """The ids that headings get on a code host and in the built site."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands_in(text: str) -> Iterator[str]:
    """Lines that call the command line, in blocks and in sentences."""
    for language, block in FENCE.findall(text):
        if language == "bash":
            for line in block.splitlines():
                line = line.strip().removeprefix("$ ").removeprefix(".venv/bin/").partition("  #")[0]
                yield from (
                    part.strip() for part in re.split(r" && |;", line) if part.strip().startswith("autograder ")
                )
    yield from INLINE.findall(FENCE.sub("", text))


@cache
def tree() -> typer.main.TyperGroup:
    return typer.main.get_command(app)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    """Is every file that a page links to there, and every heading?"""
    broken = []
    for target in LINK.findall(without_code(page.read_text(encoding="utf-8"))):
        path, _, anchor = target.partition("#")
        if re.match(r"https?:|mailto:", target):
            continue
        linked = (page.parent / path).resolve() if path else page
        there = linked.exists() and linked.is_relative_to(REPOSITORY)
        if not there or (anchor and anchor not in anchors(linked.read_text(encoding="utf-8"))):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_and_options_are_real(page):
    """Does the command line know each command and option that a page shows?"""
    wrong = []
    for line in commands_in(page.read_text(encoding="utf-8")):
        words = shlex.split(line.replace("…", "..."), comments=True)[1:]
        command = tree()
        while words and not words[0].startswith("-") and hasattr(command, "commands"):
            found = command.commands.get(words[0])
            if found is None:
                break
            command, words = found, words[1:]
        options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        unknown = [word for word in words if re.match(r"--?[a-z]", word) and word.split("=")[0] not in options]
        is_group = hasattr(command, "commands")
        if set(unknown) - {"--help", "-h", "--version"} or (is_group and words and words[0][0].islower()):
            wrong.append(line)
    assert wrong == []


def test_messages_that_are_explained_are_ours():
    """Is every message that the page on troubleshooting quotes in the code?"""
    text = (REPOSITORY / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    quoted = re.findall(r'\*\*"([^"…]+)', text)
    files = (REPOSITORY / "autograder").rglob("*.py")
    code = re.sub(r'"\s*\n\s*f?"', "", "\n".join(path.read_text(encoding="utf-8") for path in files))
    assert len(quoted) >= 20
    assert [words for words in quoted if words.strip() not in code] == []


def test_every_page_is_in_the_navigation():
    """Does the site's menu name each page, and only pages that are there?"""
    settings = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")
    named = set(re.findall(r": ([\w./-]+\.md)$", settings, re.MULTILINE))
    there = {page.relative_to(REPOSITORY / "docs").as_posix() for page in (REPOSITORY / "docs").rglob("*.md")}
    assert named == there
