"""Layers that often follow one another, as one forward and one backward function each."""

from __future__ import annotations

from nn.checks import Array
from nn.layers import (
    Cache,
    affine_backward,
    affine_forward,
    batchnorm_backward,
    batchnorm_forward,
    dropout_backward,
    dropout_forward,
    layernorm_backward,
    layernorm_forward,
    relu_backward,
    relu_forward,
)

__all__ = [
    "affine_batchnorm_relu_backward",
    "affine_batchnorm_relu_forward",
    "affine_layernorm_relu_backward",
    "affine_layernorm_relu_forward",
    "affine_norm_relu_dropout_backward",
    "affine_norm_relu_dropout_forward",
    "affine_relu_backward",
    "affine_relu_forward",
]

NORMALIZATIONS = {
    "batchnorm": (batchnorm_forward, batchnorm_backward),
    "layernorm": (layernorm_forward, layernorm_backward),
}


def affine_relu_forward(x: Array, w: Array, b: Array) -> tuple[Array, Cache]:
    """affine - ReLU: arguments, output and errors as in `affine_forward`."""
    a, affine_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    return out, (affine_cache, relu_cache)


def affine_relu_backward(dout: Array, cache: Cache, need_dx: bool = True) -> tuple[Array | None, Array, Array]:
    """Gradients (dx, dw, db) of affine - ReLU, from the gradient with respect to its output (N, M).

    `need_dx` is as in `affine_backward`.
    """
    affine_cache, relu_cache = cache
    return affine_backward(relu_backward(dout, relu_cache), affine_cache, need_dx)


def affine_batchnorm_relu_forward(
    x: Array, w: Array, b: Array, gamma: Array, beta: Array, bn_param: dict
) -> tuple[Array, Cache]:
    """affine - batch normalisation - ReLU: arguments as in `affine_forward` and `batchnorm_forward`."""
    return affine_norm_relu_dropout_forward(x, w, b, "batchnorm", gamma, beta, bn_param)


def affine_batchnorm_relu_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array]:
    """Gradients (dx, dw, db, dgamma, dbeta) of affine - batch normalisation - ReLU."""
    return affine_norm_relu_dropout_backward(dout, cache)


def affine_layernorm_relu_forward(
    x: Array, w: Array, b: Array, gamma: Array, beta: Array, ln_param: dict
) -> tuple[Array, Cache]:
    """affine - layer normalisation - ReLU: arguments as in `affine_forward` and `layernorm_forward`."""
    return affine_norm_relu_dropout_forward(x, w, b, "layernorm", gamma, beta, ln_param)


def affine_layernorm_relu_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array]:
    """Gradients (dx, dw, db, dgamma, dbeta) of affine - layer normalisation - ReLU."""
    return affine_norm_relu_dropout_backward(dout, cache)


def affine_norm_relu_dropout_forward(
    x: Array,
    w: Array,
    b: Array,
    normalization: str | None = None,
    gamma: Array | None = None,
    beta: Array | None = None,
    norm_param: dict | None = None,
    dropout_param: dict | None = None,
) -> tuple[Array, Cache]:
    """affine - [normalisation] - ReLU - [dropout]: one hidden layer of a fully connected net.

    Args:
        x, w, b: as in `affine_forward`.
        normalization: "batchnorm", "layernorm" or None.
        gamma, beta, norm_param: as in `batchnorm_forward` or `layernorm_forward`; not used without normalisation.
        dropout_param: as in `dropout_forward`; None for no dropout.

    Returns:
        out: (N, M).
        cache: for `affine_norm_relu_dropout_backward`.

    Raises:
        ValueError: as in the single layers.
    """
    out, affine_cache = affine_forward(x, w, b)
    norm_cache = dropout_cache = None
    if normalization is not None:
        forward, _ = NORMALIZATIONS[normalization]
        out, norm_cache = forward(out, gamma, beta, norm_param)
    out, relu_cache = relu_forward(out)
    if dropout_param is not None:
        out, dropout_cache = dropout_forward(out, dropout_param)
    return out, (normalization, affine_cache, norm_cache, relu_cache, dropout_cache)


def affine_norm_relu_dropout_backward(
    dout: Array, cache: Cache, need_dx: bool = True
) -> tuple[Array | None, Array, Array, Array | None, Array | None]:
    """Gradients (dx, dw, db, dgamma, dbeta) of one hidden layer; dgamma and dbeta are None without normalisation.

    `need_dx` is as in `affine_backward`.
    """
    normalization, affine_cache, norm_cache, relu_cache, dropout_cache = cache
    dgamma = dbeta = None
    if dropout_cache is not None:
        dout = dropout_backward(dout, dropout_cache)
    dout = relu_backward(dout, relu_cache)
    if normalization is not None:
        _, backward = NORMALIZATIONS[normalization]
        dout, dgamma, dbeta = backward(dout, norm_cache)
    dx, dw, db = affine_backward(dout, affine_cache, need_dx)
    return dx, dw, db, dgamma, dbeta
