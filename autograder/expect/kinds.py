"""The kinds of expectation. A new kind is a class here, the function that states it, and its entry in KINDS."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from os import PathLike, fspath
from typing import Any, ClassVar

import numpy as np

from autograder.expect import diagnosis, names
from autograder.expect.compare import MEASURES, RELATIVE, Comparison, compare
from autograder.expect.evidence import Value, snapshot
from autograder.expect.expectation import Expectation, Judgement, ReadFile
from autograder.expect.numeric import numeric_gradient
from autograder.expect.session import current
from autograder.expect.weights import WeightsError, check_shapes, credit, load_weights

Array = np.ndarray

_GRADIENT_TOLERANCE = 1e-9
_SUSPICIOUS_DROP = 8  # percentage points between the accuracy on known and on held-out data


@dataclass(frozen=True)
class Close(Expectation):
    """A value near one that the cell states."""

    expected: Value
    at_most: float
    measure: str
    mistakes: Mapping[str, Value]

    guessable: ClassVar[bool] = True
    hidden: ClassVar[bool] = False
    reference: ClassVar[str] = "what is expected"

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise ValueError(f"measure is {self.measure!r}; it is one of {', '.join(MEASURES)}")
        if not self.at_most >= 0:
            raise ValueError(f"at_most is {self.at_most!r}; it is a number, 0 or more")

    def judge(self, evidence: Value, read_file: ReadFile) -> Judgement:
        comparison = compare(evidence, self.expected, self.measure, round_off=self.hidden)
        label = "" if self.hidden else "expected"
        context = diagnosis.Context(self.name, self.reference, label, self.measure, self.at_most, self.mistakes)
        return judged(comparison, evidence, context)


@dataclass(frozen=True)
class Same(Close):
    """A value near the one that the source notebook's solution gives."""

    guessable: ClassVar[bool] = False
    hidden: ClassVar[bool] = True
    reference: ClassVar[str] = "the reference"

    def check(self, evidence: Value, read_file: ReadFile) -> Judgement:
        """Without the reference: that the value is finite."""
        trouble = diagnosis.not_finite(self.name, evidence)
        if trouble:
            return Judgement(0.0, (self.name, "is not finite", "failed"), trouble)
        return Judgement(1.0, (self.name, "compared with the reference when graded"))


@dataclass(frozen=True)
class Gradient(Close):
    """A gradient near the reference's when graded, near the numeric one on a student's machine."""

    numeric: Callable[[], tuple[Array, tuple[str, ...]]]

    judged: ClassVar[str] = "analytic"
    guessable: ClassVar[bool] = False
    hidden: ClassVar[bool] = True
    reference: ClassVar[str] = "the reference"

    def judge(self, evidence: Value, read_file: ReadFile) -> Judgement:
        comparison = compare(evidence, self.expected, RELATIVE, round_off=True)
        at_most = max(self.at_most, _GRADIENT_TOLERANCE)
        context = diagnosis.Context(self.name, self.reference, "", RELATIVE, at_most, self.mistakes)
        return judged(comparison, evidence, context)

    def check(self, evidence: Value, read_file: ReadFile) -> Judgement:
        numeric, notes = self.numeric()
        comparison = compare(evidence, numeric, RELATIVE)
        context = diagnosis.Context(
            self.name, "the numeric gradient", "numeric", RELATIVE, self.at_most, self.mistakes, notes
        )
        return judged(comparison, evidence, context)


@dataclass(frozen=True)
class Holds(Expectation):
    """A value of which a predicate is true."""

    predicate: Callable[[Value], Any]
    message: str

    guessable: ClassVar[bool] = True

    def judge(self, evidence: Value, read_file: ReadFile) -> Judgement:
        try:
            answer = self.predicate(evidence)
        except Exception as error:
            trouble = f"  The check could not be made: {type(error).__name__}: {error!s:.200}"
        else:
            if answer is True or answer is np.True_:
                return Judgement(1.0, (self.name, self.message, "ok"))
            trouble = ""
            if answer is not False and answer is not np.False_:
                trouble = f"  The check gave {diagnosis.describe(answer)} where it should give True or False."
        yours = diagnosis.show(evidence)
        text = "\n".join(filter(None, [f"{self.name}: {self.message}. Yours is {yours}.", trouble]))
        return Judgement(0.0, (self.name, self.message, "failed"), text)


@dataclass(frozen=True)
class Accuracy(Expectation):
    """Saved weights that classify well: a credit curve over accuracy.

    Its evidence is the weights file, which the trusted side reads itself; what the student's process says is not used.
    """

    weights: str
    predict: Callable[[dict[str, Array], Array], Array]
    X: Array
    y: Array
    floor: int
    full: int
    held_out: Callable[[], tuple[Array, Array]] | None
    slack: int
    shapes: Mapping[str, tuple[int, ...]] | None = None  # the reference's

    guessable: ClassVar[bool] = False
    needs_evidence: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not 0 <= self.floor < self.full <= 100:
            raise ValueError(f"floor {self.floor / 100} and full {self.full / 100} should be 0 <= floor < full <= 1")

    def sealed(self, read_file: ReadFile) -> "Accuracy":
        return replace(self, shapes={name: array.shape for name, array in self.load(read_file).items()})

    def judge(self, evidence: Value, read_file: ReadFile) -> Judgement:
        return self.score(read_file, self.held_out)

    def check(self, evidence: Value, read_file: ReadFile) -> Judgement:
        return self.score(read_file, None)

    def score(self, read_file: ReadFile, held_out: Callable | None) -> Judgement:
        """Credit on held-out data with `slack`, or on X, y where there is none."""
        try:
            params = self.load(read_file)
            known = self.correct(params, self.X, self.y)
            judged_on = held_out() if held_out else (self.X, self.y)
            correct = self.correct(params, *judged_on) if held_out else known
        except WeightsError as error:
            return Judgement(0.0, (self.name, "no accuracy", self.curve, "failed"), f"{self.weights}: {error}.")
        total, slack = len(judged_on[1]), self.slack if held_out else 0
        earned, span = credit(correct, total, self.floor, self.full, slack)
        where = f"accuracy {100 * correct / total:.1f} %" + (" on held-out data" if held_out else "")
        curve = self.curve + (f", {slack} added" if slack else "")
        outcome = "failed" if not earned else "ok" if earned == span else f"{earned} of {span}"
        trouble = "" if earned else f"{self.weights}: {where}; credit begins at {self.floor - slack + 1} %."
        drop = 100 * known / len(self.y) - 100 * correct / total
        flags = (
            (f"{self.weights}: accuracy falls by {drop:.1f} points on held-out data: was it trained on {self.name}?",)
            if drop > _SUSPICIOUS_DROP
            else ()
        )
        return Judgement(earned / span, (self.name, where, curve, outcome), trouble, flags)

    @property
    def curve(self) -> str:
        return f"0 at {self.floor} %, full at {self.full} %"

    def load(self, read_file: ReadFile) -> dict[str, Array]:
        data = read_file(self.weights)
        if data is None:
            raise WeightsError("there is no such file: the notebook should save it with np.savez")
        params = load_weights(data)
        if self.shapes is None:
            return params
        check_shapes(params, self.shapes)
        return {name: params[name] for name in self.shapes}

    def correct(self, params: dict[str, Array], X: Array, y: Array) -> int:
        """How many of the labels the weights get right."""
        try:
            labels = np.asarray(self.predict(dict(params), X))
        except Exception as error:
            raise WeightsError(f"predict failed on these weights: {type(error).__name__}: {error!s:.200}") from error
        if labels.shape != np.shape(y) or labels.dtype.kind not in "biuf":
            raise WeightsError(f"predict gave {diagnosis.describe(labels)} for {len(y)} labels")
        return int(np.sum(labels == y))


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
        value: what the student's code gave: number, bool, text, None, array, or tuples, lists, dicts of them.
        expected: the same, as it should be. Shapes must be equal: (N,) is not (N, 1).
        at_most: largest measure that passes.
        measure: "relative error" (max |a-b| / max(1e-8, |a|+|b|)), "absolute error" (max |a-b|), or
            "sum of differences" (sum |a-b|).
        mistakes: what usual mistakes would give, {"the L2 term is missing": value, ...}; the one that fits is named.
        name: what the printed line calls the value; the argument's own text where it is left out.

    Raises:
        Unmet: the value is further off, has another shape or type, or holds a NaN. (On the student's machine.)
    """

    def build(title: str) -> Close:
        return Close(title, snapshot(expected), at_most, measure, kept(mistakes))

    current().state(value, lambda: name or name_of("value", "value"), build)


def same(
    value: Any,
    *,
    at_most: float = 1e-8,
    measure: str = RELATIVE,
    mistakes: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> None:
    """The value is near what the source notebook's own solution gives; use it on inputs from `expect.rng()`.

    On the student's machine only NaN and inf are found. When grading, differences below 32 machine epsilons of an
    array's largest magnitude count as none, so that entries which are zero but for rounding do not decide.

    Args:
        value, at_most, measure, mistakes, name: as in `close`.

    Raises:
        Unmet: the value is not finite. (On the student's machine.)
    """

    def build(title: str) -> Same:
        return Same(title, snapshot(value), at_most, measure, kept(mistakes))

    current().state(value, lambda: name or name_of("value", "value"), build)


def gradient(
    f: Callable[[Array], Any],
    x: Array,
    analytic: Array,
    df: Array | None = None,
    *,
    at_most: float = 1e-7,
    mistakes: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> None:
    """The analytic gradient of `f` at `x` is right.

    On the student's machine it is compared with central differences (h = 1e-5), which move the entries of `x` in place,
    so `f` may also read `x` from where it lives (`net.params["W1"]`). When grading, `f` is not called: the student's
    analytic gradient is compared with the source's own. Both are round-off apart whatever the BLAS kernel (about 1e-15
    of the largest entry), so differences below 32 machine epsilons of the largest entry count as none, and the relative
    error of the rest is to be below `at_most`, or 1e-9 where that is smaller; denominators are 1e-8 at least.

    Args:
        f: of `x`; gives a number, or an array together with `df`.
        x: float array.
        analytic: the gradient that the student's code gives, of the shape of `x`.
        df: upstream gradient, of the shape of f(x).
        at_most: largest relative error, max |a-b| / max(1e-8, |a|+|b|).
        mistakes, name: as in `close`; the name is that of `analytic`.

    Raises:
        Unmet: the gradients differ. (On the student's machine.)
        TypeError, ValueError: f(x), x or df cannot be differentiated so.
    """

    def build(title: str) -> Gradient:
        numeric = partial(numeric_gradient, f, x, df)
        return Gradient(title, snapshot(analytic), at_most, RELATIVE, kept(mistakes), numeric)

    current().state(analytic, lambda: name or name_of("analytic", "gradient", position=2), build)


def holds(value: Any, predicate: Callable[[Any], Any], message: str, *, name: str | None = None) -> None:
    """The predicate is true of the value.

    Args:
        predicate: gets the value, gives True or False (or numpy's); anything else, or an exception, is a failure.
        message: what should be the case, as a clause: "the accuracy is between 13 and 25 %".
        value, name: as in `close`.

    Raises:
        Unmet: it is not. (On the student's machine.)
    """

    current().state(
        value,
        lambda: name or name_of("value", "value"),
        lambda title: Holds(title, predicate, message),
    )


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
    slack: int = 2,
    name: str | None = None,
) -> float | None:
    """The saved weights classify well: one share of the credit per whole per cent above `floor`, all of it at `full`.

    Args:
        weights: path of an .npz file beside the notebook, of float arrays by name.
        predict: of the arrays by name and X; gives labels like y.
        X, y: data and labels that the student has.
        floor, full: fractions in whole per cent, 0.23 and 0.45.
        points: what the cell is worth, so that its last line shows the points earned.
        held_out: gives other X and y; called by the trusted side only, which then judges the credit on these.
        slack: percentage points added to the accuracy on held-out data.
        name: what the printed line calls the weights; the file's name where it is left out.

    Returns:
        The share of `points` earned; None without `points`.

    Raises:
        Unmet: the file cannot be used, or the accuracy earns nothing. (On the student's machine.)
    """

    def build(title: str) -> Accuracy:
        shared = held_out and cache(held_out)  # loaded once for all submissions
        data = np.array(X), np.array(y)
        return Accuracy(title, fspath(weights), predict, *data, per_cent(floor), per_cent(full), shared, slack)

    judgement = current().state(None, lambda: name or fspath(weights), build)
    if points is None:
        return None
    return points * (judgement.credit if judgement else 1.0)


def per_cent(fraction: float) -> int:
    """A fraction in whole per cent."""
    if abs(100 * fraction - round(100 * fraction)) > 1e-6:
        raise ValueError(f"floor and full are whole per cent, as in 0.23, not {fraction}")
    return round(100 * fraction)


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


def kept(mistakes: Mapping[str, Any] | None) -> dict[str, Value]:
    """Copies of what mistakes would give."""
    return {text: snapshot(value) for text, value in (mistakes or {}).items()}


def judged(comparison: Comparison, value: Value, context: diagnosis.Context) -> Judgement:
    """The judgement that follows from a comparison."""
    threshold = f"at most {context.at_most:g}"
    if comparison.error <= context.at_most:
        return Judgement(1.0, (context.name, f"{context.measure} {comparison.error:.2e}", threshold, "ok"))
    if comparison.mismatch:
        error = "cannot be compared"
    elif context.label:
        error = f"{context.measure} {comparison.error:.2e}"
    else:  # of one hidden number, more digits would give it away
        error = f"{context.measure} about {comparison.error:.0e}"
    text = diagnosis.explain(comparison, value, f"{error}, {threshold}", context)
    return Judgement(0.0, (context.name, error, threshold, "failed"), text)
