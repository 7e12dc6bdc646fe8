"""CS231n's `classifiers.fc_net` and `layers` up to 2017: dropout is the probability to drop a value."""

from collections.abc import Sequence

import numpy as np

from nn import fc_net, layers
from nn.checks import Array
from nn.fc_net import *  # noqa: F403 (for those who import * from here)

__all__ = fc_net.__all__


class FullyConnectedNet(fc_net.FullyConnectedNet):
    """`nn.fc_net.FullyConnectedNet`, with the share of values to drop, and batch normalisation or none."""

    def __init__(
        self,
        hidden_dims: Sequence[int],
        input_dim: int = 3 * 32 * 32,
        num_classes: int = 10,
        dropout: float = 0,
        use_batchnorm: bool = False,
        reg: float = 0.0,
        weight_scale: float = 1e-2,
        dtype: type = np.float32,
        seed: int | None = None,
    ):
        """Draw the weights: arguments as in `nn.fc_net.FullyConnectedNet`.

        Raises:
            ValueError: `dropout` is outside 0 <= dropout < 1.
        """
        normalization = "batchnorm" if use_batchnorm else None
        keep = 1 - _share("dropout", dropout)
        super().__init__(hidden_dims, input_dim, num_classes, keep, normalization, reg, weight_scale, dtype, seed)


def dropout_forward(x: Array, dropout_param: dict) -> tuple[Array, tuple]:
    """`nn.layers.dropout_forward`, where "p" is the probability to drop a value, 0 <= p < 1."""
    p = _share("dropout_param['p']", dropout_param["p"])
    return layers.dropout_forward(x, {**dropout_param, "p": 1 - p})


def _share(name: str, p: float) -> float:
    if not 0 <= p < 1:
        raise ValueError(f"{name}: received {p}, expected 0 <= p < 1, the probability to drop a value")
    return p
