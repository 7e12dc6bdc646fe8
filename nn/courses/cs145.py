"""UCLA's CS145, homework 3: `hw3code.knn` and `hw3code.neural_net`. Its net has the mean squared error as its loss."""

from nn import neural_net
from nn.k_nearest_neighbor import KNN
from nn.losses import mse_loss

__all__ = ["KNN", "TwoLayerNet"]


class TwoLayerNet(neural_net.TwoLayerNet):
    """The two-layer net with the mean squared error, and one row of weights per unit."""

    def __init__(self, input_size: int, hidden_size: int, output_size: int, std: float = 1e-4):
        """Draw the weights: arguments as in `nn.neural_net.TwoLayerNet`."""
        super().__init__(input_size, hidden_size, output_size, std, mse_loss)
