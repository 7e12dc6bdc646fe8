"""The kinds of expectation. A new kind is a class here, the function that states it, and its entry in `calls.KINDS`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from autograder.expect import diagnosis
from autograder.expect.compare import MEASURES, RELATIVE, SCALED, Comparison, compare
from autograder.expect.evidence import Value, encode
from autograder.expect.expectation import Disproved, Expectation, Id, Judgement, ReadFile, unusable
from autograder.expect.weights import WeightsError, check_shapes, credit, load_weights, trained_on

Array = np.ndarray

LATER = "not compared yet: graded later"
"""What a line says where only grading can tell."""

_LOOSEST, _STRICTEST = 1e-9, 1e-13
_CLOSER = 4  # times closer to the reference than plain central differences are: what a derived gradient always is
_STEPS = {8: (1e-5, 1e-6, 1e-7), 4: (1e-2, 1e-3), 2: (1e-1,)}  # by the bytes of x's numbers
_PROOF = {8: 1e-4, 4: 5e-2, 2: 0.5}
_LIKE_NUMERIC = "  That is how far off a numeric gradient (finite differences) is: derive the gradient instead."
_OWN_FUNCTION = "The numeric gradient is that of your own function: if its value is wrong, mend that first."
_SUSPICIOUS = 8  # percentage points between the accuracy on known and on held-out data
_FAR_ABOVE = 12  # percentage points above the accuracy that the reference reaches


@dataclass(frozen=True)
class Close(Expectation):
    """A value near one that the cell states."""

    expected: Value
    at_most: float
    measure: str
    mistakes: Mapping[str, Value]
    sight: diagnosis.Sight = field(default_factory=diagnosis.Sight, kw_only=True)

    guessable: ClassVar[bool] = True
    hidden: ClassVar[bool] = False
    reference: ClassVar[str] = "what is expected"

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise ValueError(f"measure is {self.measure!r}; it is one of {', '.join(MEASURES)}")
        if not 0 <= self.at_most < float("inf"):
            raise ValueError(f"at_most is {self.at_most!r}; it is a finite number, 0 or more")

    @property
    def tolerance(self) -> float:
        """The largest measure that passes against the answer key."""
        return self.at_most

    def judge(self, evidence: Value, read_file: ReadFile) -> Judgement:
        comparison = compare(evidence, self.expected, self.measure, round_off=self.hidden)
        label = "" if self.hidden else "expected"
        context = diagnosis.Context(
            self.name,
            self.reference,
            label,
            self.measure,
            self.tolerance,
            self.mistakes,
            self.sight,
            expected=self.expected,
        )
        return judged(comparison, evidence, context)


@dataclass(frozen=True)
class Same(Close):
    """A value near the one that the source notebook's solution gives.

    Attributes:
        kept_back: nothing of it is known before it is graded.
        known: is `expected` what the solution gives?
    """

    kept_back: bool = field(default=False, kw_only=True)
    known: bool = field(default=False, kw_only=True)

    guessable: ClassVar[bool] = False
    hidden: ClassVar[bool] = True
    reference: ClassVar[str] = "the reference"

    def check(self, evidence: Value, read_file: ReadFile) -> Judgement:
        """Where the solution's value is not known: that the value is finite."""
        if self.known:
            return self.judge(evidence, read_file)
        trouble = diagnosis.not_finite(self.name, evidence)
        if trouble:
            return Judgement(0.0, (self.name, "is not finite", "failed"), trouble)
        return Judgement(1.0, (self.name, LATER, "–"))

    def at_home(self, value: Value, central_error: float) -> "Same":
        return replace(self, expected=value, known=True)


@dataclass(frozen=True)
class Gradient(Close):
    """A gradient near the reference's when graded, near the numeric one on a student's machine.

    The answer key compares the reference's own gradient with numeric ones, once a run. So it proves itself, and it is
    known how far off plain central differences are for these inputs: a student's gradient has to be closer.
    """

    numeric: Callable[..., tuple[Array, tuple[str, ...], float]]  # of the step
    graded_at_most: float | None = None
    central_error: float = 0.0  # of plain central differences, from the reference
    kept_back: bool = field(default=False, kw_only=True)
    known: bool = field(default=False, kw_only=True)

    judged: ClassVar[str] = "analytic"
    guessable: ClassVar[bool] = False
    hidden: ClassVar[bool] = True
    reference: ClassVar[str] = "the reference"

    @property
    def tolerance(self) -> float:
        if self.graded_at_most is not None:
            return self.graded_at_most
        itemsize = np.asarray(self.expected).dtype.itemsize
        rounding = float(np.finfo(np.float64 if itemsize >= 8 else np.float32).eps) / float(np.finfo(np.float64).eps)
        loosest = max(self.at_most, _LOOSEST * rounding)
        return float(f"{min(max(self.central_error / _CLOSER, _STRICTEST * rounding), loosest):.1e}")

    def judge(self, evidence: Value, read_file: ReadFile) -> Judgement:
        comparison = compare(evidence, self.expected, SCALED, round_off=True)
        context = diagnosis.Context(self.name, self.reference, "", SCALED, self.tolerance, self.mistakes, self.sight)
        judgement = judged(comparison, evidence, context)
        if judgement.credit == 0 and comparison.error <= max(10 * self.central_error, self.at_most):
            return replace(judgement, diagnosis=f"{judgement.diagnosis}\n{_LIKE_NUMERIC}")
        return judgement

    def at_home(self, value: Value, central_error: float) -> "Gradient":
        return replace(self, expected=value, central_error=central_error, known=True)

    def check(self, evidence: Value, read_file: ReadFile) -> Judgement:
        """Against the numeric gradient; where the solution's is known, that decides, and names the cause."""
        if not self.known:
            return self.against_numeric(evidence)
        judgement = self.judge(evidence, read_file)
        if judgement.credit == 0:
            return judgement
        shown = self.against_numeric(evidence)
        return judgement if shown.credit == 0 else shown

    def against_numeric(self, evidence: Value) -> Judgement:
        """The student's gradient beside the numeric one of the student's own function."""
        numeric, notes, noise = self.numeric()
        comparison = compare(evidence, within_noise(evidence, numeric, noise), RELATIVE)
        context = diagnosis.Context(
            self.name,
            "the numeric gradient",
            "numeric",
            RELATIVE,
            self.at_most,
            self.mistakes,
            self.sight,
            notes,
            _OWN_FUNCTION,
        )
        return judged(comparison, evidence, context)

    def sealed(self, read_file: ReadFile) -> "Gradient":
        """With the error of plain central differences.

        Raises:
            Disproved: the gradient is not the numeric one, whatever the step. (A kink of the function near x spoils one
                step for a few entries, hardly ever all steps for one entry.)
        """
        expected = np.asarray(self.expected, np.float64)
        size = self.expected.dtype.itemsize if isinstance(self.expected, np.ndarray) else 8
        plain = self.numeric()[0]
        error = compare(plain, expected, SCALED, round_off=True).error
        nearest = np.abs(plain - expected)
        for step in _STEPS.get(size, _STEPS[8]):
            scale = max(float(np.max(np.abs(expected), initial=0.0)), 1e-5)
            if np.max(nearest, initial=0.0) <= _PROOF.get(size, 1e-4) * scale:
                return replace(self, central_error=error)
            nearest = np.minimum(nearest, np.abs(self.numeric(step=step)[0] - expected))
        if np.max(nearest, initial=0.0) <= _PROOF.get(size, 1e-4) * scale:
            return replace(self, central_error=error)
        comparison = compare(expected, plain, RELATIVE)
        context = diagnosis.Context(self.name, "the numeric gradient", "numeric", RELATIVE, self.at_most, self.mistakes)
        raise Disproved(judged(comparison, expected, context).text)


@dataclass(frozen=True)
class Holds(Expectation):
    """A value without NaN of which a predicate is true."""

    predicate: Callable[[Value], Any]
    message: str
    room: int  # bytes of evidence that the predicate is given at most: broadcasting a huge array could fill memory

    guessable: ClassVar[bool] = True

    def calls(self) -> tuple[Callable[..., Any], ...]:
        return (self.predicate,)

    def judge(self, evidence: Value, read_file: ReadFile) -> Judgement:
        if len(encode(evidence)) > self.room:
            return unusable(self.name, f"the value is much larger than it should be ({diagnosis.describe(evidence)})")
        if trouble := diagnosis.not_a_number(self.name, evidence):  # it would pass `not value > limit`
            return Judgement(0.0, (self.name, self.message, "failed"), trouble)
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
        yours = diagnosis.show_all(evidence)
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
    slack: int  # floor, full and slack are in steps, of which `steps` make 1
    steps: int = 100
    data: tuple[str, ...] = ()  # the names of the data sets that were loaded where this was stated
    shapes: Mapping[str, tuple[int, ...]] | None = None  # the reference's
    reached: float | None = None  # per cent, by the reference
    points: float | None = None
    other_arrays: bool = False

    guessable: ClassVar[bool] = False
    needs_evidence: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not 0 <= self.floor < self.full <= self.steps:
            floor, full = self.floor / self.steps, self.full / self.steps
            raise ValueError(f"floor {floor} and full {full} should be 0 <= floor < full <= 1")

    def calls(self) -> tuple[Callable[..., Any], ...]:
        return (self.predict, self.held_out) if self.held_out else (self.predict,)

    def sealed(self, read_file: ReadFile) -> "Accuracy":
        params = self.load(read_file)
        judged = self.accuracy(params, *(self.held_out() if self.held_out else (self.X, self.y)))
        shapes = {name: array.shape for name, array in params.items()}
        return replace(self, shapes=shapes, reached=per_cent_of(judged))

    def judge(self, evidence: Value, read_file: ReadFile) -> Judgement:
        return self.score(read_file, self.held_out)

    def check(self, evidence: Value, read_file: ReadFile) -> Judgement:
        return self.score(read_file, None)

    def score(self, read_file: ReadFile, held_out: Callable | None) -> Judgement:
        """Credit on held-out data with `slack`, or on X, y where there is none."""
        try:
            params = self.load(read_file)
            known = self.accuracy(params, self.X, self.y)
            judged = self.accuracy(params, *held_out()) if held_out else known
        except WeightsError as error:
            return Judgement(0.0, (self.name, "no accuracy", "failed"), f"{self.weights}: {error}.")
        slack = self.slack if held_out else 0
        earned, span = credit(*judged, self.floor, self.full, slack, self.steps)
        of = " and ".join(self.data)
        measured = " ".join(filter(None, ["on held-out data" if held_out else "", f"({of})" if of else ""]))
        named = trained_on(read_file(self.weights) or b"")
        share = f"accuracy {per_cent_of(judged):.1f} % {measured}".rstrip() + (f", trained on {named}" if named else "")
        floor, full, added, first = (
            per_cent_of((n, self.steps)) for n in (self.floor, self.full, slack, self.floor - slack + 1)
        )
        curve = f"(0 at {floor:g} %, full at {full:g} %{f', {added:g} added' if slack else ''})"
        outcome = "failed" if not earned else "ok" if earned == span else self.part(earned / span)
        trouble = "" if earned else f"{self.weights}: {share}; credit begins at {first:g} %."
        if named and self.data and named not in self.data and earned < span:
            other = f"{self.weights} was trained on {named}, and {of} is what counts here: train on that."
            trouble = f"{trouble}\n{other}".strip()
        return Judgement(
            earned / span, (self.name, f"{share} {curve}", outcome), trouble, tuple(self.oddities(known, judged))
        )

    def part(self, share: float) -> str:
        """How much of the points a share of the credit is, in words: "17.3 of 20 points"."""
        if self.points is None:
            return f"{100 * share:.0f} % of the points"
        return f"{self.points * share:.1f} of {self.points:g} points".replace(".0 of", " of")

    def oddities(self, known: tuple[int, int], judged: tuple[int, int]) -> Iterator[str]:
        """What an instructor should look at: accuracy that honest training does not give."""
        more = per_cent_of(judged) - per_cent_of(known)
        if more < -_SUSPICIOUS:
            yield f"{self.weights}: {-more:.1f} points less accurate on held-out data: trained on the data in X and y?"
        if more > _SUSPICIOUS:
            yield f"{self.weights}: {more:.1f} points more accurate on held-out data: trained on that?"
        if self.reached is not None and per_cent_of(judged) > self.reached + _FAR_ABOVE:
            above = per_cent_of(judged) - self.reached
            yield f"{self.weights}: {above:.1f} points more accurate than the solution: trained on what judges it?"

    def load(self, read_file: ReadFile) -> dict[str, Array]:
        data = read_file(self.weights)
        if data is None:
            raise WeightsError("there is no such file: the notebook should save it with np.savez")
        params = load_weights(data)
        if self.shapes is None:
            return params
        check_shapes(params, self.shapes, self.other_arrays)
        if self.other_arrays:
            return params
        return {name: params[name] for name in self.shapes}

    def accuracy(self, params: dict[str, Array], X: Array, y: Array) -> tuple[int, int]:
        """How many labels the weights get right, of how many."""
        try:
            labels = np.asarray(self.predict(dict(params), X))
        except Exception as error:
            raise WeightsError(f"predict failed on these weights: {type(error).__name__}: {error!s:.200}") from error
        if labels.shape != np.shape(y) or labels.dtype.kind not in "biuf":
            raise WeightsError(f"predict gave {diagnosis.describe(labels)} for {len(y)} labels")
        return int(np.sum(labels == y)), len(y)


STATED = Close, Holds, Accuracy
"""What cells state by calling `expect`; assertions are expectations of other kinds."""


def stated_positions(key: Mapping[Id, Expectation], cell_id: str) -> dict[int, int]:
    """The positions of a cell's expectations that it states by calling `expect` -> their number among these alone.

    So they are numbered where assertions are not watched: on a student's machine, and where mistakes are tried.
    """
    stated = sorted(place[1] for place, one in key.items() if place[0] == cell_id and isinstance(one, STATED))
    return {position: number for number, position in enumerate(stated)}


def per_cent_of(share: tuple[int, int]) -> float:
    """A number of something, of how many, in per cent."""
    return 100 * share[0] / share[1]


def within_noise(evidence: Value, numeric: Array, noise: float) -> Array:
    """The numeric gradient, with the evidence's own entries where the two differ by no more than round-off does."""
    if not isinstance(evidence, np.ndarray) or evidence.shape != numeric.shape or evidence.dtype.kind != "f":
        return numeric
    return np.where(np.abs(evidence - numeric) <= noise, evidence, numeric)


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
    whole = comparison.worst is not None and all(
        array.dtype.kind in "biu" for array in (comparison.worst.value, comparison.worst.expected)
    )
    measured = "" if whole and context.at_most < 1 else f"{error}, {threshold}"  # how far off counts are, anybody sees
    text, cause = diagnosis.explain(comparison, value, measured, context)
    return Judgement(0.0, (context.name, error, threshold, "failed"), text, cause=cause)
