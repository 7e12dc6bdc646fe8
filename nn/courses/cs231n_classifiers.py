"""CS231n's `classifiers` since 2017, but for `fc_net`: the L2 term is reg times the sum of squared weights.

There is no 1/2 in it. Arguments, results and errors are those of `nn.linear_classifier` and `nn.neural_net`.
"""

from nn import linear_classifier, neural_net
from nn.checks import Array
from nn.k_nearest_neighbor import KNearestNeighbor

__all__ = [
    "KNearestNeighbor",
    "LinearSVM",
    "Softmax",
    "TwoLayerNet",
    "softmax_loss_naive",
    "softmax_loss_vectorized",
    "svm_loss_naive",
    "svm_loss_vectorized",
]


class TwoLayerNet(neural_net.TwoLayerNet):
    """The two-layer net of 2017 to 2019, with one column of weights per unit: W1 (D, H), W2 (H, C)."""

    def __init__(self, input_size: int, hidden_size: int, output_size: int, std: float = 1e-4):
        """Draw the weights: arguments as in `nn.neural_net.TwoLayerNet`."""
        super().__init__(input_size, hidden_size, output_size, std, layout="DH", reg_factor=1.0)


class LinearSVM(linear_classifier.LinearSVM):
    """A linear classifier with the multiclass hinge loss."""

    def __init__(self):
        """Set up a classifier; training draws its weights."""
        super().__init__(reg_factor=1.0)


class Softmax(linear_classifier.Softmax):
    """A linear classifier with the softmax loss."""

    def __init__(self):
        """Set up a classifier; training draws its weights."""
        super().__init__(reg_factor=1.0)


def svm_loss_naive(W: Array, X: Array, y: Array, reg: float) -> tuple[float, Array]:
    """The hinge loss and its gradient, with loops."""
    return linear_classifier.svm_loss_naive(W, X, y, 2 * reg)


def svm_loss_vectorized(W: Array, X: Array, y: Array, reg: float) -> tuple[float, Array]:
    """The hinge loss and its gradient, without loops."""
    return linear_classifier.svm_loss_vectorized(W, X, y, 2 * reg)


def softmax_loss_naive(W: Array, X: Array, y: Array, reg: float) -> tuple[float, Array]:
    """The softmax loss and its gradient, with loops."""
    return linear_classifier.softmax_loss_naive(W, X, y, 2 * reg)


def softmax_loss_vectorized(W: Array, X: Array, y: Array, reg: float) -> tuple[float, Array]:
    """The softmax loss and its gradient, without loops."""
    return linear_classifier.softmax_loss_vectorized(W, X, y, 2 * reg)
