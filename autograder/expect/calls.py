"""The functions that state expectations, and the list of them."""

import sys
from collections.abc import Callable, Mapping
from functools import cache, partial
from os import PathLike, fspath
from typing import Any

import numpy as np

from autograder.expect import names
from autograder.expect.compare import RELATIVE, describe
from autograder.expect.diagnosis import Sight
from autograder.expect.evidence import Value, encode, snapshot
from autograder.expect.expectation import Expectation
from autograder.expect.kinds import Accuracy, Close, Gradient, Holds, Same
from autograder.expect.numeric import numeric_gradient
from autograder.expect.session import current
from autograder.expect.taken import taken

Array = np.ndarray

_ROOM = 2**20  # bytes


def close(
    value: Any,
    expected: Any,
    *,
    at_most: float = 1e-8,
    measure: str = RELATIVE,
    mistakes: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> None:
    """The value is near `expected`.

    Args:
        value: what the student's code gave: number, bool, text, None, array, or tuples, lists, dicts of them. A table
            or column of pandas counts as the array of its values, without its index; a set as the sorted list, a
            generator as the list of what it gives; dates as texts.
        expected: the same, as it should be. Shapes must be equal: (N,) is not (N, 1). NaN is met by NaN in an array
            that holds numbers as well, for missing values; one number that is NaN never passes.
        at_most: largest measure that passes.
        measure: "relative error" (max |a-b| / max(1e-8, |a|+|b|)), "absolute error" (max |a-b|), or
            "sum of differences" (sum |a-b|).
        mistakes: what usual mistakes would give, {"the L2 term is missing": value, ...}; the one that fits is named.
        name: what the printed line calls the value; the argument's own text where it is left out.

    Raises:
        Unmet: the value is further off, has another shape or type, or holds a NaN. (On the student's machine.)
    """

    value = taken(value)

    def build(title: str) -> Close:
        return Close(title, snapshot(taken(expected)), at_most, measure, kept(mistakes), sight=in_sight())

    current().state(value, lambda: name or name_of("value", "value"), build)


def same(
    value: Any,
    *,
    at_most: float = 1e-8,
    measure: str = RELATIVE,
    mistakes: Mapping[str, Any] | None = None,
    hidden: bool = False,
    name: str | None = None,
) -> None:
    """The value is near what the source notebook's own solution gives; use it on inputs from `expect.rng()`.

    A released homework knows what the solution gives for the inputs on the student's machine, and compares. Where it
    does not (the value is the same for any input, or depends on a data set), only NaN and inf are found there.
    Differences below 32 machine epsilons of an array's largest magnitude count as none, so that entries which are zero
    but for rounding do not decide.

    Args:
        value, at_most, measure, mistakes, name: as in `close`.
        hidden: keep this one back: it is compared only when graded.

    Raises:
        Unmet: the value is another one, or not finite. (On the student's machine.)
    """

    value = taken(value)

    def build(title: str) -> Same:
        return Same(title, snapshot(value), at_most, measure, kept(mistakes), sight=in_sight(), kept_back=hidden)

    current().state(value, lambda: name or name_of("value", "value"), build)


def gradient(
    f: Callable[[Array], Any],
    x: Array,
    analytic: Array,
    df: Array | None = None,
    *,
    at_most: float = 1e-7,
    graded_at_most: float | None = None,
    mistakes: Mapping[str, Any] | None = None,
    hidden: bool = False,
    name: str | None = None,
) -> None:
    """The analytic gradient of `f` at `x` is right.

    On the student's machine it is compared with central differences (h = 1e-5), which move the entries of `x` in place,
    so `f` may also read `x` from where it lives (`net.params["W1"]`); where the released homework knows the solution's
    gradient for the inputs there, that decides. When grading, `f` of the student is not called:
    the student's analytic gradient is compared with the source's own, by the scaled error: the largest difference,
    divided by the largest entry. It has to be four times smaller than that of plain central differences of the source
    (never more than `at_most`, or 1e-9 where that is smaller). Derived gradients differ by rounding only, in whatever
    order they sum, and are far closer; a plain numeric gradient of the student's own function is not close enough.

    Args:
        f: of `x`; gives a number, or an array together with `df`.
        x: float array.
        analytic: the gradient that the student's code gives, of the shape of `x`.
        df: upstream gradient, of the shape of f(x).
        at_most: largest relative error on the student's machine, max |a-b| / max(1e-8, |a|+|b|).
        graded_at_most: largest scaled error when grading; by default as described. 1e-6 lets numeric gradients pass.
        hidden: as in `same`.
        mistakes, name: as in `close`; the name is that of `analytic`.

    Raises:
        Unmet: the gradients differ. (On the student's machine. In the source, grading stops: the answer key would be
            wrong.)
        TypeError, ValueError: f(x), x or df cannot be differentiated so.
    """

    def build(title: str) -> Gradient:
        numeric = partial(numeric_gradient, f, x, df)
        known = kept(mistakes)
        sight = in_sight(x)
        return Gradient(
            title, snapshot(analytic), at_most, RELATIVE, known, numeric, graded_at_most, sight=sight, kept_back=hidden
        )

    current().state(analytic, lambda: name or name_of("analytic", "gradient", position=2), build)


def holds(value: Any, predicate: Callable[[Any], Any], message: str, *, name: str | None = None) -> None:
    """The predicate is true of the value, which holds no NaN.

    Args:
        predicate: gets the value, gives True or False (or numpy's); anything else, or an exception, is a failure. When
            grading, it is the source's, called after the notebook has run: it should read no variable of the notebook.
        message: what should be the case, as a clause: "the accuracy is between 13 and 25 %".
        value, name: as in `close`.

    Raises:
        Unmet: it is not. (On the student's machine.)
    """

    value = taken(value)

    def build(title: str) -> Holds:
        return Holds(title, predicate, message, max(_ROOM, 8 * len(encode(value))))

    current().state(value, lambda: name or name_of("value", "value"), build)


def accuracy(
    weights: str | PathLike,
    predict: Callable[[dict[str, Array], Array], Array],
    X: Array,
    y: Array,
    *,
    floor: float,
    full: float,
    points: float | None = None,
    held_out: Callable[[], tuple[Array, Array]] | None = None,
    slack: float = 2,
    steps: int = 100,
    other_arrays: bool = False,
    name: str | None = None,
) -> None:
    """The saved weights classify well: one share of the credit per whole step above `floor`, all of it at `full`.

    Args:
        weights: path of an .npz file beside the notebook, of float arrays by name. A text in it called `trained_on`
            says which data they were trained on; where other data counts, that is said.
        predict: of the arrays by name and X; gives labels like y.
        X, y: data and labels that the student has.
        floor, full: fractions in whole steps, 0.23 and 0.45.
        points: what the cell is worth, so that the printed line says how many of them were earned.
        held_out: gives other X and y; called by the trusted side only, which then judges the credit on these.
        slack: percentage points added to the accuracy on held-out data, whole steps too.
        steps: how many steps make 1: 100 counts whole per cent, 200 half ones, for floor=0.90, full=0.975.
        other_arrays: may the file hold other arrays than the solution's, such as those of a deeper net? `predict` gets
            all of them then, and otherwise those that the solution has.
        name: what the printed line calls the weights; the file's name where it is left out.

    Raises:
        Unmet: the file cannot be used, or the accuracy earns nothing. (On the student's machine.)
        TypeError: `held_out` is not a function.
    """
    if held_out is not None and not callable(held_out):
        raise TypeError(f"held_out is {describe(held_out)}; give a function that gives X and y: lambda: (X, y)")

    def build(title: str) -> Accuracy:
        shared = held_out and cache(held_out)  # loaded once for all submissions
        data = np.array(X), np.array(y)
        curve = in_steps(floor, steps), in_steps(full, steps)
        return Accuracy(
            title,
            fspath(weights),
            predict,
            *data,
            *curve,
            shared,
            in_steps(slack / 100, steps),
            steps,
            loaded_data(),
            points=points,
            other_arrays=other_arrays,
        )

    current().state(None, lambda: name or fspath(weights), build)


def loaded_data() -> tuple[str, ...]:
    """The names of the data sets that the notebook has loaded so far."""
    local = sys.modules.get("autograder.data.local")
    return local.loaded() if local else ()


def in_steps(fraction: float, steps: int) -> int:
    """How many steps a fraction is; ValueError if that is not a whole number."""
    if abs(steps * fraction - round(steps * fraction)) > 1e-6:
        raise ValueError(f"floor, full and slack are whole steps of {100 / steps:g} %, not {fraction}")
    return round(steps * fraction)


KINDS: dict[Callable, type[Expectation]] = {
    close: Close,
    gradient: Gradient,
    holds: Holds,
    accuracy: Accuracy,
    same: Same,
}
"""Every function that states an expectation, with what it states."""


def name_of(parameter: str, otherwise: str, position: int = 0) -> str:
    """How the caller's source writes an argument."""
    return names.argument_text(names.caller(), parameter, position) or otherwise


def in_sight(x: Array | None = None) -> Sight:
    """The numbers that the check names, and where a gradient is taken."""
    return Sight(names.in_sight(names.caller()), None if x is None else np.array(x))


def kept(mistakes: Mapping[str, Any] | None) -> dict[str, Value]:
    """Copies of what mistakes would give."""
    return {text: snapshot(taken(value)) for text, value in (mistakes or {}).items()}
