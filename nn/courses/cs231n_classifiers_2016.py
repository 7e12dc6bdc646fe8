"""What CS231n's `classifiers` were in 2016, but for `fc_net`: the L2 term is reg / 2 times the sum of squared weights.

The linear classifiers are those of `nn.linear_classifier`.
"""

from nn import neural_net
from nn.k_nearest_neighbor import KNearestNeighbor
from nn.linear_classifier import (
    LinearSVM,
    Softmax,
    softmax_loss_naive,
    softmax_loss_vectorized,
    svm_loss_naive,
    svm_loss_vectorized,
)

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
    """The two-layer net with one column of weights per unit: W1 (D, H), W2 (H, C)."""

    def __init__(self, input_size: int, hidden_size: int, output_size: int, std: float = 1e-4):
        """Draw the weights: arguments as in `nn.neural_net.TwoLayerNet`."""
        super().__init__(input_size, hidden_size, output_size, std, layout="DH")
