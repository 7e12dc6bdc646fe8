"""CS231n's `classifiers.fc_net` of 2018 and 2019: `dropout` is the probability to keep a value."""

from collections.abc import Sequence

import numpy as np

from nn import fc_net
from nn.fc_net import *  # noqa: F403 (for those who import * from here)

__all__ = fc_net.__all__


class FullyConnectedNet(fc_net.FullyConnectedNet):
    """`nn.fc_net.FullyConnectedNet`, whose `dropout_keep_ratio` is called `dropout` here."""

    def __init__(
        self,
        hidden_dims: Sequence[int],
        input_dim: int = 3 * 32 * 32,
        num_classes: int = 10,
        dropout: float = 1,
        normalization: str | None = None,
        reg: float = 0.0,
        weight_scale: float = 1e-2,
        dtype: type = np.float32,
        seed: int | None = None,
    ):
        """Draw the weights: arguments as in `nn.fc_net.FullyConnectedNet`."""
        super().__init__(hidden_dims, input_dim, num_classes, dropout, normalization, reg, weight_scale, dtype, seed)
