"""Whose hand-in it is: what a platform says of somebody, held against the roster."""

import difflib
import re
import unicodedata
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from autograder.gradebook.roster import Person
from autograder.intake.claims import Claim, Who, squash

NEAR = 0.8  # how alike two names are that may be one


@dataclass(frozen=True)
class Match:
    """What the roster says of one name.

    Attributes:
        person: who it is, if that is certain.
        how: "id", "email" or "name"; what the certainty rests on.
        near: who else it may be.
    """

    person: Person | None
    how: str = ""
    near: tuple[Person, ...] = ()


def keys(who: Who, platform: str) -> frozenset[str]:
    """What identifies somebody, as in `Person.ids`."""
    found = {f"{platform.partition(' ')[0].lower()}:{who.id}"} if who.id else set()
    found |= {f"id:{text.strip().casefold()}" for text in (who.login, who.student_id) if text.strip()}
    return frozenset(found)


def match(who: Who, platform: str, people: Iterable[Person]) -> Match:
    """Find somebody: by an exact id, else by email, else by a name that only one has."""
    people = list(people)
    wanted = keys(who, platform)
    folder = student_id(who.student_id or who.login) if (who.student_id or who.login) else ""
    by_id = [p for p in people if wanted & (p.ids | {f"id:{p.id.casefold()}"})]
    by_id = by_id or [p for p in people if folder and p.id == folder and not taken_by_other(p, who)]
    if len(by_id) == 1:
        return Match(by_id[0], "id")
    if len(by_id) > 1:
        exactly = [p for p in by_id if p.id == folder]
        return Match(exactly[0], "id") if exactly else Match(None, near=tuple(by_id))
    emails = {text.strip().casefold() for text in (who.email, who.login, who.student_id) if "@" in text}
    by_email = [p for p in people if p.email and p.email.casefold() in emails]
    if len(by_email) == 1:
        return Match(by_email[0], "email")
    first, last = split_name(who.name)
    names = {squash(text) for text in (who.name, last + first, who.student_id, who.login)} - {""}
    by_name = [p for p in people if names & spellings(p)]
    if who.id and who.lasting:
        by_name = [p for p in by_name if not has_other_number(p, platform, who.id)]
        people = [p for p in people if not has_other_number(p, platform, who.id)]
    if len(by_name) == 1:
        return Match(by_name[0], "name")
    if by_name or by_email:
        return Match(None, near=tuple(by_name or by_email))
    return Match(None, near=tuple(near(names, people)))


def taken_by_other(person: Person, who: Who) -> bool:
    """Is the person known by another text that makes the same folder name ("a b" and "a+b")?"""
    text = f"id:{(who.student_id or who.login).strip().casefold()}"
    return any(
        one.startswith("id:") and one != text and student_id(one[3:]) == person.id.casefold() for one in person.ids
    )


def has_other_number(person: Person, platform: str, number: str) -> bool:
    known = person.platform_id(platform.partition(" ")[0].lower())
    return bool(known) and known != number


def spellings(person: Person) -> set[str]:
    """A name as platforms write it: either part first, squashed."""
    both = {squash(person.first + person.last), squash(person.last + person.first)}
    return both - {""}


def near(names: set[str], people: list[Person]) -> list[Person]:
    """Whose name is like one of these: a letter off, or a part of it."""
    scored = []
    for person in people:
        known = spellings(person) | {squash(person.id)}
        score = max((difflib.SequenceMatcher(None, a, b).ratio() for a in names for b in known if a and b), default=0.0)
        parts = [squash(part) for part in re.split(r"[\s-]+", person.name) if len(squash(part)) > 2]
        if len(parts) > 1 and any(sum(part in name for part in parts) >= 2 for name in names):
            score = max(score, NEAR)
        if score >= NEAR:
            scored.append((score, person))
    return [person for _, person in sorted(scored, key=lambda one: -one[0])[:3]]


def members(group: str, people: Iterable[Person]) -> tuple[Person, ...]:
    """The people of a group, by the roster."""
    return tuple(p for p in people if group and p.group and squash(p.group) == squash(group))


def student_id(text: str) -> str:
    """A student's id as a folder name: letters, digits, and - _ . @ as they are, anything else as _."""
    name = re.sub(r"[^\w.@-]+", "_", unicodedata.normalize("NFC", text.strip())).strip("._")
    return name[:100] or "unnamed"


def newcomers(claims: Iterable[Claim], platform: str, people: Mapping[str, Person]) -> dict[Who, Person]:
    """An id for everybody who is not known yet, where there is no roster: the name, and more where that is not enough.

    Who is called what here is kept, so that the same student has the same id every week.
    """
    unknown = list(dict.fromkeys(who for claim in claims for who in claim.who))
    wanted: dict[str, list[Who]] = {}
    for who in unknown:
        wanted.setdefault(student_id(who.student_id or who.login or who.name or who.id), []).append(who)
    out: dict[Who, Person] = {}
    for name, several in wanted.items():
        for who in several:
            text = who.student_id or who.login or who.name
            alone = (len(several) == 1 or text == name) and name not in people
            if len(several) > 1 and who.id:
                alone = False
            ending = who.id or f"{zlib.crc32(text.encode()):08x}"
            first, last = split_name(who.name)
            out[who] = Person(
                id=name if alone else f"{name}_{ending}",
                first=first,
                last=last,
                email=who.email,
                ids=keys(who, platform),
                listed=False,
            )
    return out


def split_name(name: str) -> tuple[str, str]:
    """First and last names: "Ada Lovelace", "Lovelace, Ada"."""
    last, comma, first = name.partition(",")
    if comma:
        return first.strip(), last.strip()
    first, _, last = name.strip().rpartition(" ")
    return first, last


def learned(person: Person, who: Who, platform: str) -> Person:
    """The person with what a platform has just told."""
    first, last = (person.first, person.last) if person.name else split_name(who.name)
    return replace(
        person, ids=person.ids | keys(who, platform), email=person.email or who.email, first=first, last=last
    )
