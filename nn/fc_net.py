"""Fully connected nets put together from layers; their `loss` is what a Solver calls.

`nn.neural_net.TwoLayerNet` is another two-layer net: it trains itself, and stores its weights the other way round.
`from nn.fc_net import *` brings the layers and losses too.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from nn import layer_utils, layers
from nn.checks import Array, check_batch, check_shape
from nn.layer_utils import *  # noqa: F403 (for those who import * from here)
from nn.layer_utils import (
    NORMALIZATIONS,
    affine_norm_relu_dropout_backward,
    affine_norm_relu_dropout_forward,
    affine_relu_backward,
    affine_relu_forward,
)
from nn.layers import *  # noqa: F403 (likewise)
from nn.layers import affine_backward, affine_forward, softmax_loss
from nn.saving import load_arrays, save_arrays

__all__ = ["FullyConnectedNet", "TwoLayerNet", *layers.__all__, *layer_utils.__all__]


class TwoLayerNet:
    """affine - ReLU - affine - softmax, with L2 regularisation of the weights.

    `params` holds W1 (D, H), b1 (H,), W2 (H, C), b2 (C,): one column of weights per unit. (In
    `nn.neural_net.TwoLayerNet`, which needs no Solver, it is one row per unit.)

    Source: Goodfellow et al., Deep Learning (2016), chapter 6.
    """

    def __init__(
        self,
        input_dim: int = 3 * 32 * 32,
        hidden_dim: int = 100,
        num_classes: int = 10,
        weight_scale: float = 1e-3,
        reg: float = 0.0,
        *,
        hidden_dims: int | None = None,
        dropout: float = 0,
    ):
        """Draw the weights from numpy's global random stream: W1 first, then W2; biases are zero.

        Args:
            input_dim: D, how many numbers an example has.
            hidden_dim: H, number of hidden units.
            num_classes: C.
            weight_scale: standard deviation of the weights.
            reg: strength of the L2 regularisation.
            hidden_dims: another name of `hidden_dim`.
            dropout: this net has none: only 0 and 1, which mean none in every course, are accepted.

        Raises:
            ValueError: dropout is asked for.
        """
        _check_no_dropout(dropout)
        hidden_dim = hidden_dim if hidden_dims is None else hidden_dims
        self.params: dict[str, Array] = {}
        self.reg = float(reg)
        # ===== START YOUR CODE HERE =====
        # TODO: W1, b1, W2 and b2 in self.params, drawn with np.random.randn in this order.
        #! mistake "W2 is drawn before W1":
        #!     self.params["W2"] = weight_scale * np.random.randn(hidden_dim, num_classes)
        #!     self.params["b2"] = np.zeros(num_classes)
        #!     self.params["W1"] = weight_scale * np.random.randn(input_dim, hidden_dim)
        #!     self.params["b1"] = np.zeros(hidden_dim)
        #! mistake "all weights are 0":
        #!     weight_scale * np.random => 0 * np.random
        #! mistake "the random numbers are uniform, not normal":
        #!     np.random.randn => np.random.rand
        #! mistake "the biases are drawn at random too":
        #!     np.zeros( => weight_scale * np.random.randn(
        #! mistake "the scale is the root of `weight_scale`":
        #!     weight_scale * => np.sqrt(weight_scale) *
        #! mistake "the scale is the square of `weight_scale`":
        #!     weight_scale * => weight_scale**2 *
        #! mistake "the weights are divided by `weight_scale`":
        #!     weight_scale * => 1 / weight_scale *
        #! mistake "the scale is 1 / sqrt(inputs), not `weight_scale`":
        #!     weight_scale * np.random.randn(input_dim => input_dim**-0.5 * np.random.randn(input_dim
        #!     weight_scale * np.random.randn(hidden_dim => hidden_dim**-0.5 * np.random.randn(hidden_dim
        #! mistake "the scale is sqrt(2 / inputs), not `weight_scale`":
        #!     weight_scale * np.random.randn(input_dim => (2 / input_dim) ** 0.5 * np.random.randn(input_dim
        #!     weight_scale * np.random.randn(hidden_dim => (2 / hidden_dim) ** 0.5 * np.random.randn(hidden_dim
        #! mistake "`weight_scale` is added, not multiplied":
        #!     weight_scale * => weight_scale +
        #! mistake "the weights are ones, not random":
        #!     np.random.randn( => np.ones((
        #!     (input_dim, hidden_dim) => (input_dim, hidden_dim))
        #!     (hidden_dim, num_classes) => (hidden_dim, num_classes))
        #! mistake "the biases have the value `weight_scale`":
        #!     np.zeros( => weight_scale * np.ones(
        self.params["W1"] = weight_scale * np.random.randn(input_dim, hidden_dim)
        self.params["b1"] = np.zeros(hidden_dim)
        self.params["W2"] = weight_scale * np.random.randn(hidden_dim, num_classes)
        self.params["b2"] = np.zeros(num_classes)
        # ====== END YOUR CODE HERE ======

    def loss(self, X: Array, y: Array | None = None) -> Array | tuple[float, dict[str, Array]]:
        r"""Scores of a batch, or its loss and the gradients of all parameters.

        $L = L_{softmax}(s, y) + \frac{reg}{2} (\lVert W_1 \rVert^2 + \lVert W_2 \rVert^2)$

        Args:
            X: (N, d_1, ..., d_k) float; each example is flattened to a row of D numbers.
            y: (N,) int labels 0..C-1, or None.

        Returns:
            without y: scores (N, C). With y: the loss (a float) and a dict with the gradient of the loss with respect
            to each parameter, under the names and in the shapes of `params`.

        Raises:
            ValueError: shapes do not fit, N is 0, a label is outside 0..C-1, X or the scores hold NaN or infinity.
        """
        check_batch("X", X)
        W1, b1 = self.params["W1"], self.params["b1"]
        W2, b2 = self.params["W2"], self.params["b2"]

        # ===== START YOUR CODE HERE: scores =====
        # TODO: scores (N, C), hidden_cache from affine_relu_forward and scores_cache from affine_forward.
        #! mistake "a ReLU stands behind the output layer too":
        #!     scores, scores_cache = affine_forward( => scores, (scores_cache, _) = affine_relu_forward(
        #! mistake "the ReLU behind the hidden layer is missing":
        #!     affine_relu_forward(X, W1, b1) => affine_forward(X, W1, b1); hidden_cache = (hidden_cache, hidden)
        #! mistake "the biases are left out of the hidden layer":
        #!     affine_relu_forward(X, W1, b1) => affine_relu_forward(X, W1, 0 * b1)
        #! mistake "b2 is left out":
        #!     affine_forward(hidden, W2, b2) => affine_forward(hidden, W2, 0 * b2)
        #! mistake "the scores are turned into probabilities here (softmax)":
        #!     (hidden, W2, b2) => (hidden, W2, b2); e = np.exp(scores); scores = e / e.sum(axis=1, keepdims=True)
        hidden, hidden_cache = affine_relu_forward(X, W1, b1)
        scores, scores_cache = affine_forward(hidden, W2, b2)
        # ====== END YOUR CODE HERE ======
        check_shape("scores", scores, (len(X), len(b2)), f"X of shape {X.shape} and W2 of shape {W2.shape}")
        if y is None:
            return scores

        loss, dscores = softmax_loss(scores, y)
        grads: dict[str, Array] = {}
        # ===== START YOUR CODE HERE: backward =====
        # TODO: grads["W2"], grads["b2"], grads["W1"], grads["b1"]; and add the L2 term to loss.
        #! mistake "the ReLU is forgotten on the way back":
        #!     affine_relu_backward(dhidden, hidden_cache, need_dx => affine_backward(dhidden, hidden_cache[0], need_dx
        #! mistake "the biases are regularised too":
        #!     np.sum(W2 * W2)) => np.sum(W2 * W2) + np.sum(b1 * b1) + np.sum(b2 * b2))
        #!     grads["W1"] += => grads["b1"] += self.reg * b1; grads["b2"] += self.reg * b2; grads["W1"] +=
        #! mistake "the biases are regularised too, in the loss":
        #!     np.sum(W2 * W2)) => np.sum(W2 * W2) + np.sum(b1 * b1) + np.sum(b2 * b2))
        #! mistake "the L2 term is missing in both gradients":
        #!     grads["W2"] += self.reg * W2 => pass
        #!     grads["W1"] += self.reg * W1 => pass
        #! mistake "the gradient of the L2 term has a factor 2 too many":
        #!     += self.reg * => += 2 * self.reg *
        #! mistake "the gradient of the L2 term has a ½ too many":
        #!     += self.reg * => += 0.5 * self.reg *
        #! mistake "the norms of the weights are not squared":
        #!     np.sum(W1 * W1) + np.sum(W2 * W2) => np.linalg.norm(W1) + np.linalg.norm(W2)
        #! mistake "magnitudes of the weights are added, not squares":
        #!     np.sum(W1 * W1) + np.sum(W2 * W2) => np.sum(np.abs(W1)) + np.sum(np.abs(W2))
        #! mistake "the weights are added up, not their squares":
        #!     np.sum(W1 * W1) + np.sum(W2 * W2) => np.sum(W1) + np.sum(W2)
        #! mistake "the L2 term is divided by the number of examples":
        #!     0.5 * self.reg => 0.5 / len(X) * self.reg
        #! mistake "the L2 term lacks its ½":
        #!     0.5 * self.reg => self.reg
        #! mistake "the L2 term of W2 is missing in the loss":
        #!      + np.sum(W2 * W2) =>
        #! mistake "the L2 term of W1 is missing in the loss":
        #!     np.sum(W1 * W1) + =>
        #! mistake "the factor with `reg` is missing in the gradient of the L2 term":
        #!     += self.reg * => +=
        #! mistake "the factor with `reg` is missing in the L2 term of W1's gradient":
        #!     += self.reg * W1 => += W1
        #! mistake "the factor with `reg` is missing in the L2 term of W2's gradient":
        #!     += self.reg * W2 => += W2
        #! mistake "the gradient of the L2 term is subtracted, not added":
        #!     += self.reg * => -= self.reg *
        #! mistake "the gradient of the L2 term is divided by the number of examples":
        #!     += self.reg * => += self.reg / len(X) *
        #! mistake "the gradient of the L2 term replaces that of the data":
        #!     += self.reg * => = self.reg *
        #! mistake "the whole L2 sum is added to the gradients, not reg times the weights":
        #!     += self.reg * W2 => += 0.5 * self.reg * np.sum(W2 * W2)
        #!     += self.reg * W1 => += 0.5 * self.reg * np.sum(W1 * W1)
        #! mistake "the gradients are divided by the number of examples again":
        #!     grads["W2"] += => grads = {name: grad / len(X) for name, grad in grads.items()}; grads["W2"] +=
        #! mistake "the loss is divided by the number of examples again":
        #!     loss += => loss /= len(X); loss +=
        #! mistake "the ½ halves the loss as a whole":
        #!     loss += 0.5 * => loss = 0.5 * loss + 0.5 *
        #! mistake "the gradient of the L2 term is half the square of the weights":
        #!     self.reg * W2 => 0.5 * self.reg * W2**2
        #!     self.reg * W1 => 0.5 * self.reg * W1**2
        #! mistake "the gradient of the L2 term has the square of the weights":
        #!     self.reg * W2 => self.reg * W2**2
        #!     self.reg * W1 => self.reg * W1**2
        #! mistake "the gradient of the L2 term has their signs (L1), not the weights":
        #!     self.reg * W2 => self.reg * np.sign(W2)
        #!     self.reg * W1 => self.reg * np.sign(W1)
        #! another way:
        #!     reg = self.reg
        #!     dhidden, dW2, db2 = affine_backward(dscores, scores_cache)
        #!     dx, dW1, db1 = affine_relu_backward(dhidden, hidden_cache)
        #!     loss += 0.5 * reg * np.sum(W1**2)
        #!     loss += 0.5 * reg * np.sum(W2**2)
        #!     grads["W1"] = dW1 + reg * W1
        #!     grads["W2"] = dW2 + reg * W2
        #!     grads["b1"] = db1
        #!     grads["b2"] = db2
        loss += 0.5 * self.reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
        dhidden, grads["W2"], grads["b2"] = affine_backward(dscores, scores_cache)
        _, grads["W1"], grads["b1"] = affine_relu_backward(dhidden, hidden_cache, need_dx=False)
        grads["W2"] += self.reg * W2
        grads["W1"] += self.reg * W1
        # ====== END YOUR CODE HERE ======
        return float(loss), grads

    def save(self, path: str | os.PathLike) -> None:
        """Write the parameters as one .npz file without pickles."""
        save_arrays(path, self.params)

    def load(self, path: str | os.PathLike) -> None:
        """Take the parameters from what `save` wrote.

        Raises:
            ValueError: the file is not such a file, or is of a net with other layers.
        """
        self.params = _fitting(path, self.params)


class FullyConnectedNet:
    """Hidden layers affine - [normalisation] - ReLU - [dropout], then affine - softmax, with L2 regularisation.

    `params` holds W1, b1, W2, b2, ... up to the last layer, each W (inputs, outputs), and with normalisation gamma1,
    beta1, ... of the hidden layers.

    Source: Goodfellow et al., Deep Learning (2016), chapter 6.
    """

    def __init__(
        self,
        hidden_dims: Sequence[int],
        input_dim: int = 3 * 32 * 32,
        num_classes: int = 10,
        dropout_keep_ratio: float = 1,
        normalization: str | None = None,
        reg: float = 0.0,
        weight_scale: float = 1e-2,
        dtype: type = np.float32,
        seed: int | None = None,
        *,
        use_batchnorm: bool = False,
        dropout: float = 0,
    ):
        """Draw the weights from numpy's global random stream, first layer first; biases and shifts are 0, scales 1.

        Args:
            hidden_dims: number of units of each hidden layer.
            input_dim: D, how many numbers an example has.
            num_classes: C.
            dropout_keep_ratio: probability to keep a hidden value in training; 1 for no dropout.
            normalization: "batchnorm", "layernorm" or None.
            reg: strength of the L2 regularisation.
            weight_scale: standard deviation of the weights.
            dtype: of the parameters and of the computation; np.float64 for numeric gradients.
            seed: of the dropout masks, which are then the same in every call (for gradient checks).
            use_batchnorm: the older way to say normalization="batchnorm".
            dropout: only 0 and 1, which mean no dropout in every course, are accepted; see `dropout_keep_ratio`.

        Raises:
            ValueError: an unknown normalisation, or two at once, a keep ratio outside (0, 1], or another `dropout`.
        """
        _check_no_dropout(dropout)
        if use_batchnorm and normalization not in (None, "batchnorm"):
            raise ValueError(f"use_batchnorm: received True together with normalization={normalization!r}")
        normalization = "batchnorm" if use_batchnorm else normalization
        if normalization not in (None, *NORMALIZATIONS):
            raise ValueError(
                f"normalization: received {normalization!r}, expected None or one of {list(NORMALIZATIONS)}"
            )
        if not 0 < dropout_keep_ratio <= 1:
            raise ValueError(f"dropout_keep_ratio: received {dropout_keep_ratio}, expected 0 < ratio <= 1")
        self.normalization = normalization
        self.use_dropout = dropout_keep_ratio != 1
        self.reg = float(reg)
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params: dict[str, Array] = {}
        dims = [input_dim, *hidden_dims, num_classes]

        # ===== START YOUR CODE HERE =====
        # TODO: W1, b1, W2, b2, ... in self.params, drawn with np.random.randn, layer i of shape (dims[i - 1], dims[i]);
        #   with self.normalization also gamma1, beta1, ... of every layer but the last.
        #! mistake "the last layer gets gamma and beta too":
        #!     if self.normalization and i < self.num_layers: => if self.normalization:
        #! mistake "gamma is drawn at random":
        #!     np.ones(dims[i]) => np.random.randn(dims[i])
        #! mistake "the scale is sqrt(2 / inputs), not `weight_scale`":
        #!     weight_scale * => np.sqrt(2 / dims[i - 1]) *
        #! mistake "the scale is 1 / sqrt(inputs), not `weight_scale`":
        #!     weight_scale * => 1 / np.sqrt(dims[i - 1]) *
        #! mistake "the weights lack `weight_scale`":
        #!     weight_scale * =>
        #! mistake "gamma is 0 and beta is 1":
        #!     np.ones(dims[i]) => np.zeros(dims[i]) # gamma
        #!     [f"beta{i}"] = np.zeros => [f"beta{i}"] = np.ones
        #! mistake "the biases are drawn at random too":
        #!     [f"b{i}"] = np.zeros( => [f"b{i}"] = weight_scale * np.random.randn(
        #! mistake "the scale is the root of `weight_scale`":
        #!     weight_scale * => np.sqrt(weight_scale) *
        #! mistake "the scale is the square of `weight_scale`":
        #!     weight_scale * => weight_scale**2 *
        #! mistake "the random numbers are uniform, not normal":
        #!     np.random.randn => np.random.rand
        #! mistake "the weights of the last layer lack `weight_scale`":
        #!     weight_scale * => (weight_scale if i < self.num_layers else 1) *
        #! mistake "the biases are ones, not zeros":
        #!     [f"b{i}"] = np.zeros( => [f"b{i}"] = np.ones(
        #! mistake "gamma is multiplied by `weight_scale`":
        #!     np.ones(dims[i]) => weight_scale * np.ones(dims[i])
        #! mistake "the layers are drawn from the last to the first":
        #!     range(1, self.num_layers + 1) => range(self.num_layers, 0, -1)
        #! mistake "all weights are 0":
        #!     weight_scale * => 0 *
        #! mistake "the weights are divided by `weight_scale`":
        #!     weight_scale * => 1 / weight_scale *
        #! mistake "gamma is drawn at random, with `weight_scale`":
        #!     np.ones(dims[i]) => weight_scale * np.random.randn(dims[i])
        #! mistake "beta is drawn at random, with `weight_scale`":
        #!     [f"beta{i}"] = np.zeros( => [f"beta{i}"] = weight_scale * np.random.randn(
        for i in range(1, self.num_layers + 1):
            self.params[f"W{i}"] = weight_scale * np.random.randn(dims[i - 1], dims[i])
            self.params[f"b{i}"] = np.zeros(dims[i])
            if self.normalization and i < self.num_layers:
                self.params[f"gamma{i}"] = np.ones(dims[i])
                self.params[f"beta{i}"] = np.zeros(dims[i])
        # ====== END YOUR CODE HERE ======

        for name, value in self.params.items():
            self.params[name] = value.astype(dtype)
        self.dropout_param: dict = {}
        if self.use_dropout:
            self.dropout_param = {"mode": "train", "p": dropout_keep_ratio}
            if seed is not None:
                self.dropout_param["seed"] = seed
        self.bn_params: list[dict] = [{"mode": "train"} for _ in hidden_dims] if normalization == "batchnorm" else []

    def loss(self, X: Array, y: Array | None = None) -> Array | tuple[float, dict[str, Array]]:
        r"""Scores of a batch (in testing mode), or its loss and the gradients of all parameters (in training mode).

        $L = L_{softmax}(s, y) + \frac{reg}{2} \sum_i \lVert W_i \rVert^2$

        Args:
            X: (N, d_1, ..., d_k) float; each example is flattened to a row of D numbers.
            y: (N,) int labels 0..C-1, or None.

        Returns:
            without y: scores (N, C). With y: the loss (a float) and a dict with the gradient of the loss with respect
            to each parameter, under the names and in the shapes of `params`.

        Raises:
            ValueError: shapes do not fit, N is 0, a label is outside 0..C-1, X or the scores hold NaN or infinity.
        """
        check_batch("X", X)
        X = X.astype(self.dtype, copy=False)
        mode = "test" if y is None else "train"
        for param in (self.dropout_param, *self.bn_params):
            param["mode"] = mode
        last = self.num_layers
        dropout_param = self.dropout_param if self.use_dropout else None
        norm_params = self.bn_params or [{}] * (last - 1)

        # ===== START YOUR CODE HERE: scores =====
        # TODO: scores (N, C), and caches, a list with the cache of every layer, first layer first: hidden layers by
        #   affine_norm_relu_dropout_forward (with norm_params[i - 1] for layer i), the last by affine_forward.
        #! mistake "dropout is left out":
        #!                     dropout_param, =>                 None,
        #! mistake "every call gets a fresh dict, so that the mode and the running averages are lost":
        #!     norm_params[i - 1] => {"mode": "train"}
        #! mistake "all layers share the running averages of the first":
        #!     norm_params[i - 1] => norm_params[0]
        #! mistake "normalisation is left out":
        #!     self.normalization, => None,
        #! mistake "a ReLU stands behind the output layer too":
        #!     self.params[f"b{last}"]) => self.params[f"b{last}"]); scores = np.maximum(0, scores)
        #! mistake "a ReLU stands behind the output layer too":
        #!     scores, cache = affine_forward( => scores, cache = affine_relu_forward(
        #! mistake "gamma stands in place of beta":
        #!     self.params.get(f"beta{i}") => self.params.get(f"gamma{i}")
        #! mistake "beta stands in place of gamma":
        #!     self.params.get(f"gamma{i}") => self.params.get(f"beta{i}")
        #! mistake "gamma and beta are exchanged":
        #!     self.params.get(f"gamma{i}"), => self.params.get(f"BETA{i}".lower()),
        #!     self.params.get(f"beta{i}"), => self.params.get(f"gamma{i}"),
        #! mistake "all layers use gamma and beta of the first":
        #!     gamma{i} => gamma1
        #!     beta{i} => beta1
        #! mistake "the caches are in the other order":
        #!     caches.append(cache) => caches.insert(0, cache)
        #! mistake "all layers share one dict of the last layer's averages":
        #!     norm_params[i - 1] => norm_params[-1]
        #! mistake "the scores are turned into probabilities here (softmax)":
        #!     [f"b{last}"]) => [f"b{last}"]); e = np.exp(scores); scores = e / e.sum(axis=1, keepdims=True)
        #! mistake "dropout is applied to the scores too":
        #!     [f"b{last}"]) => [f"b{last}"]); scores = scores if not dropout_param else DROP
        #!     DROP => layers.dropout_forward(scores, dropout_param)[0]
        #! mistake "dropout is applied when testing too":
        #!                     dropout_param, =>                 dropout_param and {**dropout_param, "mode": "train"},
        #! mistake "the averages of batches are not used when testing: the mode is always train":
        #!     norm_params[i - 1] => {**norm_params[i - 1], "mode": "train"}
        #! mistake "the bias of the last layer is left out":
        #!     self.params[f"b{last}"]) => 0 * self.params[f"b{last}"])
        caches = []
        out = X
        for i in range(1, last):
            out, cache = affine_norm_relu_dropout_forward(
                out,
                self.params[f"W{i}"],
                self.params[f"b{i}"],
                self.normalization,
                self.params.get(f"gamma{i}"),
                self.params.get(f"beta{i}"),
                norm_params[i - 1],
                dropout_param,
            )
            caches.append(cache)
        scores, cache = affine_forward(out, self.params[f"W{last}"], self.params[f"b{last}"])
        caches.append(cache)
        # ====== END YOUR CODE HERE ======
        check_shape("scores", scores, (len(X), len(self.params[f"b{last}"])), f"X of shape {X.shape}")
        if y is None:
            return scores

        loss, dscores = softmax_loss(scores, y)
        grads: dict[str, Array] = {}
        # ===== START YOUR CODE HERE: backward =====
        # TODO: grads for every name in self.params, from dscores and caches, the last layer first;
        #   and add the L2 term of every W (not of b, gamma or beta) to loss.
        #! mistake "the L2 term of the last layer is missing":
        #!     range(last, 0, -1) => range(last - 1, 0, -1)
        #! mistake "the L2 term lacks its ½":
        #!     0.5 * self.reg * np.sum => self.reg * np.sum
        #! mistake "the L2 term is missing in the loss":
        #!     loss += 0.5 * self.reg * np.sum(W * W) => pass
        #! mistake "the L2 term is missing in the gradients":
        #!     grads[f"W{i}"] += self.reg * W => pass
        #! mistake "the gradient of the L2 term has a factor 2 too many":
        #!     += self.reg * W => += 2 * self.reg * W
        #! mistake "the gradient of the L2 term has a ½ too many":
        #!     += self.reg * W => += 0.5 * self.reg * W
        #! mistake "the weights are added up, not their squares":
        #!     np.sum(W * W) => np.sum(W)
        #! mistake "the gradients of gamma and beta are exchanged":
        #!     = dgamma, dbeta => = dbeta, dgamma
        #! mistake "the biases, gamma and beta are regularised too":
        #!     range(last, 0, -1) => self.params
        #!     self.params[f"W{i}"] => self.params[i]
        #!     grads[f"W{i}"] += => grads[i] +=
        #! mistake "the biases are regularised too":
        #!     self.reg * W => self.reg * W; b = self.params[f"b{i}"]; loss += 0.5 * self.reg * np.sum(b * b); ALSO
        #!     ALSO => grads[f"b{i}"] = grads[f"b{i}"] + self.reg * b
        #! mistake "only W1 is regularised":
        #!     range(last, 0, -1) => [1]
        #! mistake "only the last layer is regularised":
        #!     range(last, 0, -1) => [last]
        #! mistake "the L2 term of the first layer is missing":
        #!     range(last, 0, -1) => range(last, 1, -1)
        #! mistake "the L2 term of the last layer is missing in the gradient":
        #!     grads[f"W{i}"] += self.reg * W => grads[f"W{i}"] += (i < last) * self.reg * W
        #! mistake "the norms of the weights are not squared":
        #!     np.sum(W * W) => np.linalg.norm(W)
        #! mistake "magnitudes of the weights are added, not squares":
        #!     np.sum(W * W) => np.sum(np.abs(W))
        #! mistake "the L2 term is divided by the number of examples":
        #!     0.5 * self.reg => 0.5 / len(X) * self.reg
        #! mistake "the gradient of the L2 term is subtracted, not added":
        #!     += self.reg * W => -= self.reg * W
        #! mistake "the gradient of the L2 term replaces that of the data":
        #!     += self.reg * W => = self.reg * W
        #! mistake "the factor with `reg` is missing in the gradient of the L2 term":
        #!     += self.reg * W => += W
        #! mistake "the gradients of the last layer are averaged once more":
        #!     (dscores, caches[-1]) => (dscores / len(X), caches[-1]); dout = dout * len(X)
        #! mistake "the ½ halves the loss as a whole":
        #!     loss += 0.5 * => loss = (0.5 * loss if i == last else loss) + 0.5 *
        #! mistake "the gradient of the L2 term is half the square of the weights":
        #!     self.reg * W => 0.5 * self.reg * W**2
        #! mistake "the gradient of the L2 term has the square of the weights":
        #!     += self.reg * W => += self.reg * W**2
        #! mistake "the gradient of the L2 term has their signs (L1), not the weights":
        #!     += self.reg * W => += self.reg * np.sign(W)
        #! another way:
        #!     for i in range(1, last + 1):
        #!         loss += 0.5 * self.reg * np.sum(self.params[f"W{i}"] ** 2)
        #!     dout, dw, db = affine_backward(dscores, caches[last - 1])
        #!     grads[f"W{last}"] = dw + self.reg * self.params[f"W{last}"]
        #!     grads[f"b{last}"] = db
        #!     for i in range(last - 1, 0, -1):
        #!         dout, dw, db, dgamma, dbeta = affine_norm_relu_dropout_backward(dout, caches[i - 1])
        #!         grads[f"W{i}"] = dw + self.reg * self.params[f"W{i}"]
        #!         grads[f"b{i}"] = db
        #!         if self.normalization:
        #!             grads[f"gamma{i}"] = dgamma
        #!             grads[f"beta{i}"] = dbeta
        dout, grads[f"W{last}"], grads[f"b{last}"] = affine_backward(dscores, caches[-1])
        for i in range(last - 1, 0, -1):
            dout, grads[f"W{i}"], grads[f"b{i}"], dgamma, dbeta = affine_norm_relu_dropout_backward(
                dout, caches[i - 1], need_dx=i > 1
            )
            if self.normalization:
                grads[f"gamma{i}"], grads[f"beta{i}"] = dgamma, dbeta
        for i in range(last, 0, -1):
            W = self.params[f"W{i}"]
            loss += 0.5 * self.reg * np.sum(W * W)
            grads[f"W{i}"] += self.reg * W
        # ====== END YOUR CODE HERE ======
        return float(loss), grads

    def save(self, path: str | os.PathLike) -> None:
        """Write the parameters, and the running averages of batch normalisation, as one .npz file without pickles."""
        save_arrays(path, self._state())

    def load(self, path: str | os.PathLike) -> None:
        """Take the parameters and running averages from what `save` wrote.

        Raises:
            ValueError: the file is not such a file, or is of a net with other layers.
        """
        for name, value in _fitting(path, self._state()).items():
            layer, _, average = name.rpartition("/")
            if layer:
                self.bn_params[int(layer.removeprefix("bn")) - 1][average] = value
            else:
                self.params[name] = value

    def _state(self) -> dict[str, Array]:
        """The parameters, and the running averages as bn1/running_mean, ..., which are zeros before training."""
        state = dict(self.params)
        for i, bn_param in enumerate(self.bn_params, start=1):
            for average in ("running_mean", "running_var"):
                state[f"bn{i}/{average}"] = bn_param.get(average, np.zeros_like(self.params[f"beta{i}"]))
        return state


def _fitting(path: str | os.PathLike, arrays: dict[str, Array]) -> dict[str, Array]:
    """What `path` holds, if its names and shapes are those of `arrays`."""
    loaded = load_arrays(path, arrays)
    for name, value in loaded.items():
        check_shape(f"{path}: {name}", value, arrays[name].shape, f"{name} of this net")
    return loaded


def _check_no_dropout(dropout: float) -> None:
    """Refuse `dropout`, which was the probability to drop a value in some years and to keep it in others."""
    if dropout not in (0, 1):
        raise ValueError(
            f"dropout: received {dropout}, which is the probability to drop a value in notebooks up to 2017, and to "
            "keep it since 2018. Say dropout_keep_ratio instead, which is always the probability to keep a value "
            "(of FullyConnectedNet; TwoLayerNet has no dropout)"
        )
