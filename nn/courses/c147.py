"""UCLA's C147 and C247: all of `nndl` but `nndl.neural_net`, whose net is that of `nn.neural_net`.

`from nn.courses.c147 import *` brings what `nndl.fc_net`, `nndl.layers`, `nndl.layer_utils`, `nndl.optim`, `nndl.knn`,
`nndl.svm` and `nndl.softmax` have.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from nn import fc_net, linear_classifier, optim
from nn.checks import Array
from nn.fc_net import *  # noqa: F403 (for those who import * from here)
from nn.gradient_check import grad_check_sparse
from nn.k_nearest_neighbor import KNN
from nn.linear_classifier import LinearClassifier, softmax_loss_naive, svm_loss_naive
from nn.losses import softmax_loss, svm_loss
from nn.optim import sgd, sgd_momentum, sgd_nesterov_momentum

__all__ = [
    *fc_net.__all__,
    "KNN",
    "SVM",
    "Softmax",
    "adam",
    "rmsprop",
    "sgd",
    "sgd_momentum",
    "sgd_nesterov_momentum",
]


class _LinearClassifier:
    """What SVM and Softmax share: W (C, D) with one row per class, and no regularisation."""

    std: float
    loss_function: Callable[[Array, Array], tuple[float, Array]]
    naive: Callable[[Array, Array, Array, float], tuple[float, Array]]

    def __init__(self, dims: Sequence[int] = (10, 3073)):
        """Draw the weights.

        Args:
            dims: (C, D), the numbers of classes and features.
        """
        self.init_weights(dims)

    def init_weights(self, dims: Sequence[int]) -> None:
        """Draw W (C, D) from numpy's global random stream."""
        self.W = self.std * np.random.normal(size=dims)

    def loss(self, X: Array, y: Array) -> float:
        """The mean loss of examples X (N, D) with labels y (N,)."""
        return self.fast_loss_and_grad(X, y)[0]

    def loss_and_grad(self, X: Array, y: Array) -> tuple[float, Array]:
        """The loss and its gradient (C, D), with loops."""
        loss, dW = type(self).naive(self.W.T, X, y, 0.0)
        return loss, dW.T

    def fast_loss_and_grad(self, X: Array, y: Array) -> tuple[float, Array]:
        """The loss and its gradient (C, D), without loops."""
        loss, dW = linear_classifier.linear_loss(self.W.T, X, y, 0.0, type(self).loss_function)
        return loss, dW.T

    def grad_check_sparse(self, X: Array, y: Array, your_grad: Array, num_checks: int = 10, h: float = 1e-5) -> None:
        """Print a few numeric derivatives beside those of `your_grad` (C, D)."""
        grad_check_sparse(lambda _: self.loss(X, y), self.W, your_grad, num_checks, h)

    def train(
        self,
        X: Array,
        y: Array,
        learning_rate: float = 1e-3,
        num_iters: int = 100,
        batch_size: int = 200,
        verbose: bool = False,
    ) -> list[float]:
        """Draw new weights and train them: arguments, result and errors as in `LinearClassifier.train`."""
        self.init_weights((int(np.max(y)) + 1, X.shape[1]))
        classifier = LinearClassifier(type(self).loss_function)
        classifier.W = self.W.T
        history = classifier.train(X, y, learning_rate, 0.0, num_iters, batch_size, verbose)
        self.W = classifier.W.T
        return history

    def predict(self, X: Array) -> Array:
        """The class (N,) with the largest score of each row of X (N, D)."""
        return (X @ self.W.T).argmax(axis=1)


class SVM(_LinearClassifier):
    """A linear classifier with the multiclass hinge loss; the first weights have the standard deviation 1."""

    std = 1.0
    loss_function = svm_loss
    naive = svm_loss_naive


class Softmax(_LinearClassifier):
    """A linear classifier with the softmax loss; the first weights have the standard deviation 1e-4."""

    std = 1e-4
    loss_function = softmax_loss
    naive = softmax_loss_naive


class FullyConnectedNet(fc_net.FullyConnectedNet):
    """`nn.fc_net.FullyConnectedNet`, where `dropout` is the probability to keep a value; 0 and 1 mean no dropout."""

    def __init__(
        self,
        hidden_dims: Sequence[int],
        input_dim: int = 3 * 32 * 32,
        num_classes: int = 10,
        dropout: float = 1,
        use_batchnorm: bool = False,
        reg: float = 0.0,
        weight_scale: float = 1e-2,
        dtype: type = np.float32,
        seed: int | None = None,
    ):
        """Draw the weights: arguments as in `nn.fc_net.FullyConnectedNet`."""
        normalization = "batchnorm" if use_batchnorm else None
        keep = 1 if dropout == 0 else dropout
        super().__init__(hidden_dims, input_dim, num_classes, keep, normalization, reg, weight_scale, dtype, seed)


def rmsprop(w: Array, dw: Array, config: dict | None = None) -> tuple[Array, dict]:
    """`nn.optim.rmsprop`, whose `cache` is called "a" here."""
    return _renamed(optim.rmsprop, {"a": "cache"}, w, dw, config)


def adam(w: Array, dw: Array, config: dict | None = None) -> tuple[Array, dict]:
    """`nn.optim.adam`, whose `m` and `v` are called "v" and "a" here."""
    return _renamed(optim.adam, {"v": "m", "a": "v"}, w, dw, config)


def _renamed(
    rule: Callable[..., tuple[Array, dict]], names: Mapping[str, str], w: Array, dw: Array, config: dict | None
) -> tuple[Array, dict]:
    """A step of `rule`, with its config under the names that this course gives to some keys; it is changed in place."""
    config = {} if config is None else config
    next_w, ours = rule(w, dw, {names.get(name, name): value for name, value in config.items()})
    theirs = {name: course for course, name in names.items()}
    config.update({theirs.get(name, name): value for name, value in ours.items()})
    return next_w, config
