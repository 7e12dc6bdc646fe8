"""What is wrong with how a value is arranged, where its parts are right: their order, their ends, their nesting.

The explanations name nothing of what is expected: they also go out about hidden values.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograder.expect.evidence import Value

TELLING = 4  # different items, which do not agree by chance
LONGEST = 5_000  # items that are looked at
NEAR = 1e-9  # of the largest magnitude
NONE = "It is None: no `return` was reached, or what is returned is None, as print() and .sort() are."


def arrangement(value: Value, expected: Value) -> str | None:
    """What is wrong with the arrangement of a value, if that is all."""
    if value is None:
        return NONE
    if isinstance(value, str) and isinstance(expected, str):
        return of_texts(value, expected)
    if isinstance(value, dict) and isinstance(expected, dict):
        return of_dicts(value, expected)
    if said := of_another_kind(value, expected):
        return said
    if isinstance(value, np.ndarray) and value.dtype.kind == "c":
        return imaginary(value)
    if is_number(expected):
        return entry_of(value, float(expected))
    given, wanted = items_of(value), items_of(expected)
    if given is None or wanted is None or len(given) > LONGEST or not is_various(flat(wanted)):
        return None
    return next((said for fits, said in SEQUENCES if fits(given, wanted)), None)


def of_another_kind(value: Value, expected: Value) -> str | None:
    """What turns a value of another kind into what is expected."""
    items = value.tolist() if isinstance(value, np.ndarray) and value.ndim == 1 else value
    if isinstance(items, list | tuple) and items:
        if isinstance(expected, str) and all(isinstance(item, str) for item in items):
            return "It is a list of texts: join them into one." if "".join(items) == expected else None
        if isinstance(expected, dict) and all(isinstance(item, tuple | list) and len(item) == 2 for item in items):
            pairs = [(comparable(key), comparable(item)) for key, item in items]
            wanted = [(comparable(key), comparable(item)) for key, item in expected.items()]
            return "It is a list of the right pairs: make it a dict." if Counter(pairs) == Counter(wanted) else None
        if isinstance(expected, dict) and len(items) > 1 and set(map(comparable, items)) == set(expected):
            return "It is a list of the right keys: a dict is expected."
        if len(items) == 1 and not isinstance(expected, list | tuple | dict | np.ndarray):
            return "It is a list of one item: that item is what is expected." if same(items[0], expected) else None
        if type(expected) is int and not all(map(is_number, items)):
            return "It is a list, whose length is what is expected." if len(items) == expected else None
    if isinstance(value, str) and is_number(expected):
        return "It is a text: make it a number." if value.strip() == str(expected) else None
    if isinstance(expected, list | tuple) and len(expected) == 1 and same(value, expected[0]):
        return "The item is right, but a list that holds it is expected."
    return None


def same(value: Value, expected: Value) -> bool:
    """Are two single values equal, and not by chance?"""
    return (
        type(value) is type(expected)
        and not isinstance(value, bool)
        and bool(comparable(value) == comparable(expected))
    )


def of_texts(value: str, expected: str) -> str | None:
    if len(expected) < TELLING:
        return None
    if value.casefold() == expected.casefold():
        return "Upper and lower case differ."
    if "".join(value.split()) == "".join(expected.split()):
        return "Blanks or ends of lines differ."
    return "It is in reverse order." if value == expected[::-1] else None


def of_dicts(value: dict, expected: dict) -> str | None:
    """Keys that are missing or too many, keys for values, and values that are all off by the same amount."""
    every = [*value.values(), *expected.values()]
    if len(expected) > 1 and not any(isinstance(item, np.ndarray | list | dict) for item in every):
        if all(isinstance(item, str | int | float) for item in expected.values()):
            turned = {item: key for key, item in expected.items()}
            if len(turned) == len(expected) and value == turned != expected:
                return "Keys and values are exchanged."
        common = value.keys() & expected.keys()
        if common and all(comparable(value[key]) == comparable(expected[key]) for key in common):
            if len(common) == len(value) < len(expected):
                return "What is there is right, but keys are missing."
            if len(common) == len(expected) < len(value):
                return "All that is expected is there, and keys too many."
    if value.keys() != expected.keys() or len(value) < TELLING:
        return None
    if not all(map(is_number, [*value.values(), *expected.values()])):
        return None
    off = {float(value[key]) - float(expected[key]) for key in expected}
    if len(off) > 1 or not all(off) or len(set(expected.values())) < TELLING - 1:
        return None
    return f"Each value is too {'large' if off.pop() > 0 else 'small'} by the same amount."


def imaginary(value: np.ndarray) -> str | None:
    """A complex array of real numbers."""
    if not value.size or not np.isfinite(value).all():
        return None
    if np.abs(value.imag).max() <= NEAR * np.abs(value.real).max():
        return "Its imaginary parts are 0: take its real part (.real)."
    return "It is complex: is a step back to real numbers missing?"


def entry_of(value: Value, expected: float) -> str | None:
    """An array or list, one entry of which is what is expected."""
    array = np.asarray(value) if isinstance(value, list | tuple | np.ndarray) and not holds_texts(value) else None
    if array is None or array.dtype.kind not in "iuf" or not 1 < array.size <= LONGEST or is_round(expected):
        return None
    near = np.abs(array.astype(float) - expected) <= NEAR * abs(expected)
    return "One entry of it is what is expected: take that one." if near.any() else None


def holds_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and not all(map(is_number, value))


def is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def is_round(number: float) -> bool:
    return abs(number * 1000 - round(number * 1000)) < NEAR


def items_of(value: Value) -> list | None:
    """The items of a list, a tuple or an array of one axis, so that equal ones are equal; None for anything else."""
    if isinstance(value, np.ndarray):
        value = value.tolist() if value.ndim == 1 else None
    return [comparable(item) for item in value] if isinstance(value, list | tuple) else None


def comparable(item: Any) -> Any:
    """An item as something that can be compared and counted."""
    if isinstance(item, np.ndarray | np.generic):
        item = item.tolist()
    if isinstance(item, list | tuple):
        return tuple(map(comparable, item))
    if isinstance(item, float):
        return float(f"{item:.9g}")
    return repr(item) if isinstance(item, dict) else item


def flat(items: Sequence) -> list:
    """The items with those of inner lists in their place."""
    return [inner for item in items for inner in (flat(item) if isinstance(item, tuple) else [item])]


def is_part(short: Sequence, long: Sequence) -> bool:
    """Are these the items of the longer one, in their order, with some left out?"""
    rest = iter(long)
    return TELLING <= len(short) < len(long) and all(item in rest for item in short)


def is_various(items: Sequence) -> bool:
    """Are these so many different items that their arrangement tells? Of texts two are enough."""
    different = set(items)
    return len(different) >= (TELLING if any(map(is_number, different)) else 2)


def is_enough(items: Sequence) -> bool:
    """Do so many items not agree by chance? A few numbers may."""
    return len(items) >= TELLING or (len(items) > 0 and not all(map(is_number, items)))


def is_beginning(short: Sequence, long: Sequence) -> bool:
    return is_enough(short) and len(short) < len(long) and short == long[: len(short)]


def in_signs(given: Sequence, wanted: Sequence) -> bool:
    """Are these numbers that differ in their signs alone?"""
    numbers = all(map(is_number, [*given, *wanted]))
    return numbers and given != wanted and list(map(abs, given)) == list(map(abs, wanted))


SEQUENCES: tuple[tuple[Callable[[list, list], bool], str], ...] = (
    (lambda given, wanted: given == wanted[::-1], "The items are right but in reverse order."),
    (
        lambda given, wanted: Counter(given) == Counter(wanted) and given != wanted,
        "The items are right but in another order.",
    ),
    (
        lambda given, wanted: (
            all(isinstance(item, tuple) for item in wanted)
            and given == [item[::-1] if isinstance(item, tuple) else item for item in wanted]
        ),
        "The parts of each item are in reverse order.",
    ),
    (
        lambda given, wanted: given != wanted and flat(given) == flat(wanted),
        "The items are right but in other lists: is a list put in as one item, or are its items put in one by one?",
    ),
    (
        lambda given, wanted: len(given) < len(wanted) and given == sorted(set(wanted), key=wanted.index),
        "Items that occur again are missing.",
    ),
    (is_beginning, "What is there is right, but the end is missing."),
    (
        lambda given, wanted: is_beginning(given[::-1], wanted[::-1]),
        "What is there is right, but the beginning is missing.",
    ),
    (in_signs, "Only signs differ."),
    (
        lambda given, wanted: len(given) > len(wanted) and given[: len(wanted)] == wanted,
        "It begins right, but goes on for too long.",
    ),
    (
        lambda given, wanted: len(given) > len(wanted) and given[-len(wanted) :] == wanted,
        "Its end is right, but there is something too much at the beginning.",
    ),
    (is_part, "What is there is right, but some of it is missing."),
    (lambda given, wanted: is_part(wanted, given), "All that is expected is there, and something too much."),
)
"""What fits two lists, and what is said then; the first one counts."""
