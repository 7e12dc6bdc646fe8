"""Does each frequent mistake print what the table of mistakes says, and is none of them near the right answer?"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from nn.checks import NotFiniteError
from nn.losses import mse_loss, softmax_loss
from nn.neural_net import TwoLayerNet

REFERENCE = json.loads((Path(__file__).parents[1] / "reference_values.json").read_text())
TABLE = next(test for test in REFERENCE["tests"] if test["id"] == "toy_mutants")["expected"]
CASES = [(head, what, name) for head, table in TABLE.items() for what, row in table.items() for name in row]
RIGHT_LOSSES = {"mse": mse_loss, "softmax": softmax_loss}
N = 5


@dataclass(frozen=True)
class Variant:
    """How a net or its training goes wrong; the defaults are right."""

    loss: float = 1  # factors on the data loss and its gradient
    gradient: float = 1
    sum_in_loss: bool = False  # a sum over the batch in place of the mean
    sum_in_gradient: bool = False
    reg_in_loss: float = 1
    reg_in_gradient: float = 1
    reg_biases: bool = False
    relu_mask: bool = True
    weights_in_by_out: bool = False
    seed_before_training: int | None = None
    sampler: Callable = lambda: lambda: np.random.choice(N, 200)
    decay: Callable = lambda it: ("after",)
    record_after: bool = False


def default_rng_sampler():
    rng = np.random.default_rng(0)
    return lambda: rng.choice(N, 200)


VARIANTS = {
    "correct": Variant(),
    "no_half": Variant(loss=2, gradient=2),
    "no_half_loss_only": Variant(loss=2),
    "mean_over_classes": Variant(loss=1 / 3, gradient=1 / 3),
    "sum_not_mean": Variant(sum_in_loss=True, sum_in_gradient=True),
    "grad_not_div_n": Variant(sum_in_gradient=True),
    "reg_no_half": Variant(reg_in_loss=2, reg_in_gradient=2),
    "no_reg": Variant(reg_in_loss=0, reg_in_gradient=0),
    "reg_biases": Variant(reg_biases=True),
    "no_relu_mask": Variant(relu_mask=False),
    "reg_not_in_grad": Variant(reg_in_gradient=0),
    "weights_drawn_in_by_out": Variant(weights_in_by_out=True),
    "missing_minus": Variant(loss=-1),
    "log2": Variant(loss=1 / np.log(2)),
    "no_decay": Variant(decay=lambda it: ()),
    "decay_before": Variant(decay=lambda it: ("before",)),
    "decay_skip0": Variant(decay=lambda it: ("after",) if it > 0 else ()),
    "record_after": Variant(record_after=True),
    "full_batch": Variant(sampler=lambda: lambda: np.arange(N)),
    "bs5": Variant(sampler=lambda: lambda: np.random.choice(N, 5)),
    "no_replace_perm": Variant(sampler=lambda: lambda: np.random.permutation(N)),
    "choice_p": Variant(sampler=lambda: lambda: np.random.choice(N, 200, p=np.full(N, 1 / N))),
    "shuffle_pool": Variant(sampler=lambda: lambda: np.random.choice(np.arange(N), 200)),
    "reseed0": Variant(seed_before_training=0),
    "seed1": Variant(seed_before_training=1),
    "default_rng": Variant(sampler=default_rng_sampler),
}


class WrongNet(TwoLayerNet):
    """The toy net with one mistake in it."""

    def __init__(self, head: str, variant: Variant):
        np.random.seed(0)
        super().__init__(4, 10, 3, std=1e-1, loss_function=RIGHT_LOSSES[head])
        self.variant = variant
        if variant.weights_in_by_out:
            np.random.seed(0)
            self.params["W1"] = 1e-1 * np.random.randn(4, 10).T
            self.params["W2"] = 1e-1 * np.random.randn(10, 3).T

    def loss(self, X, y, reg):
        variant, params = self.variant, self.params
        scores = super().loss(X)
        loss, dscores = self.loss_function(scores, y)
        hidden = np.maximum(0, X @ params["W1"].T + params["b1"])
        dscores = dscores * variant.gradient * (len(X) if variant.sum_in_gradient else 1)
        dhidden = dscores @ params["W2"] * ((hidden > 0) if variant.relu_mask else 1)
        grads = {"W1": dhidden.T @ X, "b1": dhidden.sum(0), "W2": dscores.T @ hidden, "b2": dscores.sum(0)}
        loss *= variant.loss * (len(X) if variant.sum_in_loss else 1)
        for name, value in params.items():
            if name.startswith("W") or variant.reg_biases:
                loss += variant.reg_in_loss * 0.5 * reg * np.sum(value**2)
                grads[name] += variant.reg_in_gradient * reg * value
        return loss, grads


def toy_data():
    np.random.seed(1)
    return 10 * np.random.randn(N, 4), np.array([0, 1, 2, 2, 1])


def final_training_loss(head, variant):
    X, y = toy_data()
    net = WrongNet(head, variant)
    if variant.seed_before_training is not None:
        np.random.seed(variant.seed_before_training)
    sample = variant.sampler()
    learning_rate = 0.1
    for it in range(100):
        batch = sample()
        decay = variant.decay(it)
        try:
            loss, grads = net.loss(X[batch], y[batch], reg=5e-6)
            if "before" in decay:
                learning_rate *= 0.95
            for name, gradient in grads.items():
                net.params[name] -= learning_rate * gradient
            if "after" in decay:
                learning_rate *= 0.95
            if variant.record_after:
                loss = net.loss(X[batch], y[batch], reg=5e-6)[0]
        except NotFiniteError:
            return float("nan")
    return loss


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
@pytest.mark.parametrize(("head", "what", "name"), CASES)
def test_a_mistake_prints_its_figure(head, what, name):
    """Does the loss, or 100 steps of training, with this mistake give the recorded figure?"""
    expected = float(TABLE[head][what][name])
    variant = VARIANTS[name]
    if what == "final_training_loss":
        computed = final_training_loss(head, variant)
    else:
        X, y = toy_data()
        computed = WrongNet(head, variant).loss(X, y, reg=0.05)[0]
    assert computed == pytest.approx(expected, rel=1e-9, nan_ok=True)


@pytest.mark.parametrize("head", RIGHT_LOSSES)
def test_no_mistake_passes_for_right(head):
    """Is every mistake that a loss or 100 steps can show further from the right figure than the tolerance?"""
    losses, trained = TABLE[head]["loss_reg0.05"], TABLE[head]["final_training_loss"]
    for name in VARIANTS.keys() & trained.keys() - {"correct", "shuffle_pool"}:
        apart = [abs(float(row[name]) - row["correct"]) for row in (losses, trained) if name in row]
        assert np.isnan(apart).any() or max(apart) > 4e-9, name
