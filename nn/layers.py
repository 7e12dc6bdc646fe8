"""Layers: each forward function returns (out, cache), each backward function takes (dout, cache).

`dout` is the gradient of the loss with respect to the layer's output; a backward function returns the gradients of the
loss with respect to the layer's inputs, each in the shape of its input. The losses are in `nn.losses`; softmax_loss and
svm_loss can be imported from here too.
"""

from __future__ import annotations

from math import prod

import numpy as np

from nn.checks import Array, check_batch, check_shape
from nn.losses import softmax_loss, svm_loss

__all__ = [
    "affine_backward",
    "affine_forward",
    "batchnorm_backward",
    "batchnorm_backward_alt",
    "batchnorm_forward",
    "dropout_backward",
    "dropout_forward",
    "layernorm_backward",
    "layernorm_forward",
    "relu_backward",
    "relu_forward",
    "softmax_loss",
    "svm_loss",
]

Cache = tuple


def affine_forward(x: Array, w: Array, b: Array) -> tuple[Array, Cache]:
    r"""Affine map of flattened examples.

    $out = x w + b$

    Source: Goodfellow et al., Deep Learning (2016), section 6.1.

    Args:
        x: (N, d_1, ..., d_k) float; each example is flattened to a row of D = d_1 * ... * d_k numbers.
        w: (D, M) float.
        b: (M,) float.

    Returns:
        out: (N, M), in the dtype of the inputs.
        cache: (x, w, b).

    Raises:
        ValueError: shapes do not fit, N is 0, or x holds NaN or infinity.
    """
    check_batch("x", x)
    check_shape("w", w, (prod(x.shape[1:]), "M"), f"x of shape {x.shape}")
    check_shape("b", b, (w.shape[1],), f"w of shape {w.shape}")
    # ===== START YOUR CODE HERE =====
    # TODO: out (N, M); flatten every example of x to a row first.
    #! mistake "the axes of x are exchanged where it is flattened":
    #!     x.reshape(len(x), -1) => x.reshape(-1, len(x)).T
    #! mistake "the mean of b is added, not b":
    #!     w + b => w + b.mean()
    #! mistake "b is added to the input, not to the output":
    #!     @ w + b => @ (w + b)
    out = x.reshape(len(x), -1) @ w + b
    # ====== END YOUR CODE HERE ======
    return out, (x, w, b)


def affine_backward(dout: Array, cache: Cache, need_dx: bool = True) -> tuple[Array | None, Array, Array]:
    """Gradients of an affine map.

    Args:
        dout: (N, M) float, the gradient with respect to the output.
        cache: what `affine_forward` returned.
        need_dx: False in a net's first layer, before which there is nothing to train: dx may then be None.

    Returns:
        dx (N, d_1, ..., d_k), dw (D, M), db (M,).

    Raises:
        ValueError: `dout` does not fit the cache.
    """
    x, w, _ = cache
    check_shape("dout", dout, (len(x), w.shape[1]), f"x of shape {x.shape} and w of shape {w.shape}")
    # ===== START YOUR CODE HERE =====
    # TODO: dx in the shape of x, dw in the shape of w, and db (M,).
    # dx = dout w^T, dw = x^T dout, and db is the sum of dout over the examples.
    #! mistake "all gradients are averaged over the batch":
    #!     w.T) => w.T / len(x))
    #!     .T @ dout => .T @ dout / len(x)
    #!     dout.sum(axis=0) => dout.mean(axis=0)
    #! mistake "the gradients of the parameters are averaged over the batch":
    #!     .T @ dout => .T @ dout / len(x)
    #!     dout.sum(axis=0) => dout.mean(axis=0)
    #! mistake "db is one sum over everything":
    #!     dout.sum(axis=0) => np.full(w.shape[1], dout.sum())
    #! mistake "db is the number of examples, without dout":
    #!     dout.sum(axis=0) => np.full(w.shape[1], float(len(x)))
    #! mistake "dw is made of sums over the batch, not of a matrix product":
    #!     dw = x.reshape(len(x), -1).T @ dout => dw = np.outer(x.reshape(len(x), -1).sum(axis=0), dout.sum(axis=0))
    #! mistake "dw is made of x transposed, with reshape in place of a transpose":
    #!     x.reshape(len(x), -1).T @ dout => x.reshape(-1, len(x)) @ dout
    #! another way:
    #!     flat = x.reshape(x.shape[0], -1)
    #!     dx = np.dot(dout, w.T).reshape(x.shape)
    #!     dw = np.dot(flat.T, dout)
    #!     db = np.sum(dout, axis=0)
    dx = (dout @ w.T).reshape(x.shape) if need_dx else None
    dw = x.reshape(len(x), -1).T @ dout
    db = dout.sum(axis=0)
    # ====== END YOUR CODE HERE ======
    return dx, dw, db


def relu_forward(x: Array) -> tuple[Array, Array]:
    r"""Rectified linear unit.

    $out = \max(0, x)$

    Source: Nair & Hinton, Rectified Linear Units Improve Restricted Boltzmann Machines (2010).

    Args:
        x: float, any shape.

    Returns:
        out: like x.
        cache: x.
    """
    # ===== START YOUR CODE HERE =====
    # TODO: out in the shape of x; do not change x itself.
    #! mistake "values below 0 are made small, not 0 (leaky)":
    #!     np.maximum(0, x) => np.where(x > 0, x, 0.01 * x)
    #! mistake "it is 1 where x is positive, not x":
    #!     np.maximum(0, x) => (x > 0).astype(x.dtype)
    #! mistake "a sigmoid stands in place of the ReLU":
    #!     np.maximum(0, x) => 1 / (1 + np.exp(-x))
    out = np.maximum(0, x)
    # ====== END YOUR CODE HERE ======
    return out, x


def relu_backward(dout: Array, cache: Array) -> Array:
    """Gradient of the rectified linear unit; at 0, where there is none, it is taken as 0.

    Args:
        dout: the gradient with respect to the output.
        cache: what `relu_forward` returned: its input x.

    Returns:
        dx: like x.

    Raises:
        ValueError: `dout` does not fit the cache.
    """
    x = cache
    check_shape("dout", dout, x.shape, f"x of shape {x.shape}")
    # ===== START YOUR CODE HERE =====
    # TODO: dx in the shape of x.
    # dx = dout where x > 0, and 0 elsewhere.
    #! mistake "it is the mask alone, without dout":
    #!     dout * (x > 0) => (x > 0).astype(dout.dtype)
    #! mistake "x stands in place of dout":
    #!     dout * (x > 0) => x * (x > 0)
    #! mistake "a second condition looks at dout":
    #!     dout * (x > 0) => dout * (x > 0) * (dout > 0)
    #! mistake "the derivative of a sigmoid stands in place of the mask":
    #!     (x > 0) => np.exp(-x) / (1 + np.exp(-x)) ** 2
    #! mistake "the derivative of tanh stands in place of the mask":
    #!     (x > 0) => (1 - np.tanh(x) ** 2)
    #! mistake "the output of the ReLU stands in place of the mask":
    #!     (x > 0) => np.maximum(0, x)
    #! another way:
    #!     dx = dout.copy()
    #!     dx[x <= 0] = 0
    dx = dout * (x > 0)
    # ====== END YOUR CODE HERE ======
    return dx


def batchnorm_forward(x: Array, gamma: Array, beta: Array, bn_param: dict) -> tuple[Array, Cache | None]:
    r"""Normalise every feature over the batch, then scale and shift it.

    $\hat x = (x - \mu) / std, \quad std = \sqrt{\sigma^2 + \epsilon}, \quad out = \gamma \hat x + \beta$

    Training takes the mean $\mu$ and the variance $\sigma^2$ of each column of the batch, and keeps running averages of
    them, $running \leftarrow momentum \cdot running + (1 - momentum) \cdot batch$, which testing takes in their place.

    Source: Ioffe & Szegedy, Batch Normalization (2015), algorithms 1 and 2; running averages as in its section 3.1.

    Args:
        x: (N, D) float.
        gamma, beta: (D,) float, scale and shift.
        bn_param: "mode" is "train" or "test"; "eps" (default 1e-5) and "momentum" (default 0.9) may be given;
            "running_mean" and "running_var" (D,) are kept here and updated in training.

    Returns:
        out: (N, D), in the dtype of x.
        cache: (xhat, gamma, std) for the backward pass; None when testing.

    Raises:
        ValueError: shapes do not fit, N is 0, x holds NaN or infinity, or the mode is neither "train" nor "test".
    """
    _check_norm_inputs(x, gamma, beta)
    mode = _mode("bn_param", bn_param)
    eps = float(bn_param.get("eps", 1e-5))
    momentum = float(bn_param.get("momentum", 0.9))
    running_mean = bn_param.get("running_mean", np.zeros(x.shape[1], x.dtype))
    running_var = bn_param.get("running_var", np.zeros(x.shape[1], x.dtype))
    cache = None
    # ===== START YOUR CODE HERE =====
    # TODO: out (N, D). In mode "train" also the updated running_mean and running_var, and
    #   cache = (xhat, gamma, std): normalised x (N, D), gamma, and the root of variance + eps (D,).
    #! mistake "eps is added to the standard deviation, not to the variance":
    #!     std = np.sqrt(var + eps) => std = np.sqrt(var) + eps
    #! mistake "eps is added to the standard deviation, not to the variance":
    #!     std = np.sqrt(var + eps) => std = np.sqrt(var) + eps
    #!     np.sqrt(running_var + eps) => (np.sqrt(running_var) + eps)
    #! mistake "eps is added twice, inside and outside of the root":
    #!     std = np.sqrt(var + eps) => std = np.sqrt(var + eps) + eps
    #! mistake "the mean is taken over everything, not for each feature":
    #!     mean, var = x.mean(axis=0), x.var(axis=0) => mean = x.mean(); var = ((x - mean) ** 2).mean(axis=0)
    #! mistake "the variance is the mean of the squares, from which the square of the mean is not subtracted":
    #!     x.var(axis=0) => (x**2).mean(axis=0)
    #! mistake "the variance is a sum of squares, not their mean":
    #!     x.var(axis=0) => ((x - x.mean(axis=0)) ** 2).sum(axis=0)
    #! mistake "the running variance is made from the standard deviation":
    #!     (1 - momentum) * var => (1 - momentum) * std
    #! mistake "the running variance is divided by N - 1 (ddof)":
    #!     (1 - momentum) * var => (1 - momentum) * x.var(axis=0, ddof=1)
    #! mistake "the running averages are those of the last batch alone":
    #!     momentum * running_mean + (1 - momentum) * mean => mean
    #!     momentum * running_var + (1 - momentum) * var => var
    #! mistake "the batch's statistics are added to the running averages without the weight 1 - momentum":
    #!     (1 - momentum) * mean => mean
    #!     (1 - momentum) * var => var
    #! mistake "the running averages are not updated":
    #!     running_mean = momentum * running_mean + (1 - momentum) * mean => pass
    #!     running_var = momentum * running_var + (1 - momentum) * var => pass
    #! mistake "the momentum of the running averages is a number of its own (0.9), whatever `bn_param` says":
    #!     momentum * running_mean + (1 - momentum) => 0.9 * running_mean + (1 - 0.9)
    #!     momentum * running_var + (1 - momentum) => 0.9 * running_var + (1 - 0.9)
    #! mistake "the batch's statistics are taken when testing too, in place of the running averages":
    #!     (x - running_mean) / np.sqrt(running_var + eps) => (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)
    #! mistake "the running averages are updated when testing too":
    #!     if mode == "train": => if True:
    #!     out = gamma * xhat => test = (x - running_mean) / np.sqrt(running_var + eps)
    #!     + beta => ; out = gamma * (xhat if mode == "train" else test) + beta
    #! mistake "the running averages are updated when testing too, after they are used":
    #!     mean, var = x.mean(axis=0), x.var(axis=0)
    #!     std = np.sqrt(var + eps)
    #!     xhat = (x - mean) / std if mode == "train" else (x - running_mean) / np.sqrt(running_var + eps)
    #!     running_mean = momentum * running_mean + (1 - momentum) * mean
    #!     running_var = momentum * running_var + (1 - momentum) * var
    #!     cache = (xhat, gamma, std)
    #!     out = gamma * xhat + beta
    #! mistake "gamma and beta are exchanged":
    #!     gamma * xhat + beta => beta * xhat + gamma
    #! mistake "it is normalised over the features of an example (axis 1), not over the batch":
    #!     x.mean(axis=0), x.var(axis=0) => x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
    #! mistake "the mean of the batch is subtracted when testing, not the running mean":
    #!     (x - running_mean) / np.sqrt => (x - x.mean(axis=0)) / np.sqrt
    #! mistake "it is divided by the variance of the batch when testing, not by the running one":
    #!     np.sqrt(running_var + eps) => np.sqrt(x.var(axis=0) + eps)
    #! mistake "gamma and beta are left out when testing":
    #!     out = gamma * xhat + beta => out = gamma * xhat + beta if mode == "train" else xhat
    #! mistake "the running averages are used in training too, after they are updated":
    #!     xhat = (x - mean) / std => kept = momentum; xhat = (x - (kept * running_mean + (1 - kept) * mean)) / ROOT
    #!     ROOT => np.sqrt(kept * running_var + (1 - kept) * var + eps)
    #! mistake "the running averages are used in training too, before they are updated":
    #!     xhat = (x - mean) / std => xhat = (x - running_mean) / np.sqrt(running_var + eps)
    #! mistake "the running mean is subtracted in training, not the batch's":
    #!     xhat = (x - mean) / std => xhat = (x - (momentum * running_mean + (1 - momentum) * mean)) / std
    #! mistake "running_var is made from running_mean, not from its own old value":
    #!     momentum * running_var => momentum * running_mean
    #! mistake "running_mean is made of the variance, and running_var of the mean":
    #!     (1 - momentum) * mean => (1 - momentum) * VARIANCE
    #!     (1 - momentum) * var => (1 - momentum) * mean
    #!     VARIANCE => var
    #! mistake "the variance stands in place of the mean in running_mean":
    #!     (1 - momentum) * mean => (1 - momentum) * var
    #! mistake "running_var is made of the variance plus eps":
    #!     (1 - momentum) * var => (1 - momentum) * (var + eps)
    #! mistake "the cache holds x in place of the normalised x":
    #!     cache = (xhat, => cache = (x,
    #! mistake "the cache holds x less its mean, not yet divided by the root":
    #!     cache = (xhat, => cache = (x - mean,
    #! mistake "the cache holds out in place of the normalised x":
    #!     cache = (xhat, => cache = (gamma * xhat + beta,
    #! mistake "the cache holds the variance plus eps, not its root":
    #!     cache = (xhat, gamma, std) => cache = (xhat, gamma, var + eps)
    #! mistake "the cache holds the variance, not the root of variance + eps":
    #!     cache = (xhat, gamma, std) => cache = (xhat, gamma, var)
    #! mistake "the cache holds the standard deviation without eps":
    #!     cache = (xhat, gamma, std) => cache = (xhat, gamma, np.sqrt(var))
    #! mistake "the absolute deviation from the mean stands in place of the standard deviation":
    #!     std = np.sqrt(var + eps) => std = np.abs(x - mean).mean(axis=0) + eps
    #! mistake "it is scaled to the range 0 to 1, not by mean and standard deviation":
    #!     xhat = (x - mean) / std => xhat = (x - x.min(axis=0)) / (np.ptp(x, axis=0) + eps)
    #! mistake "the mean is subtracted after dividing, not before":
    #!     xhat = (x - mean) / std => xhat = x / std - mean
    #! mistake "beta is multiplied by gamma too":
    #!     out = gamma * xhat + beta => out = gamma * (xhat + beta)
    #! another way:
    #!     if mode == "train":
    #!         mean = np.mean(x, axis=0)
    #!         var = np.mean((x - mean) ** 2, axis=0)
    #!         std = np.sqrt(var + eps)
    #!         xhat = (x - mean) / std
    #!         out = gamma * xhat + beta
    #!         running_mean = momentum * running_mean + (1 - momentum) * mean
    #!         running_var = momentum * running_var + (1 - momentum) * var
    #!         cache = (xhat, gamma, std)
    #!     else:
    #!         out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta
    if mode == "train":
        mean, var = x.mean(axis=0), x.var(axis=0)
        std = np.sqrt(var + eps)
        xhat = (x - mean) / std
        running_mean = momentum * running_mean + (1 - momentum) * mean
        running_var = momentum * running_var + (1 - momentum) * var
        cache = (xhat, gamma, std)
    else:
        xhat = (x - running_mean) / np.sqrt(running_var + eps)
    out = gamma * xhat + beta
    # ====== END YOUR CODE HERE ======
    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return out, cache


def batchnorm_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Gradients of batch normalisation (training mode), step by step back through its computational graph.

    Source: Ioffe & Szegedy, Batch Normalization (2015), section 3.

    Args:
        dout: (N, D) float, the gradient with respect to the output.
        cache: what `batchnorm_forward` returned in training mode.

    Returns:
        dx (N, D), dgamma (D,), dbeta (D,).

    Raises:
        ValueError: `dout` does not fit the cache.
    """
    xhat, gamma, std = cache
    check_shape("dout", dout, xhat.shape, f"x of shape {xhat.shape}")
    # ===== START YOUR CODE HERE =====
    # TODO: dx (N, D), dgamma (D,) and dbeta (D,); mean and std depend on x too.
    # xhat = (x - mean) / std. x acts on the loss through xhat itself, through std (whose derivative with respect to
    # x_i is xhat_i / N) and through mean (1 / N), and the three parts of its gradient add up.
    #! mistake "it leaves out that std depends on x":
    #!     dstd * xhat / n + =>
    #! mistake "it leaves out that the mean depends on x":
    #!      + dmean / n =>
    #! mistake "it leaves out that mean and std depend on x":
    #!      + dstd * xhat / n + dmean / n =>
    #! mistake "the part through std is not divided by N":
    #!     dstd * xhat / n => dstd * xhat
    #! mistake "the part through the mean is not divided by N":
    #!     dmean / n => dmean
    #! mistake "the part through std lacks its factor 2, or has a ½ too many":
    #!     dstd * xhat / n => 0.5 * dstd * xhat / n
    #! mistake "the part through std has a factor 2 too many":
    #!     dstd * xhat / n => 2 * dstd * xhat / n
    #! mistake "the sign of the part through std is the other way round":
    #!     dstd = - => dstd = +
    #! mistake "the sign of the part through the mean is the other way round":
    #!     dmean = - => dmean = +
    #! mistake "dgamma is averaged, not summed":
    #!     dgamma = (dout * xhat).sum(axis=0) => dgamma = (dout * xhat).mean(axis=0)
    #! mistake "dgamma is one sum over everything":
    #!     dgamma = (dout * xhat).sum(axis=0) => dgamma = np.full_like(gamma, (dout * xhat).sum())
    #! mistake "dgamma and dbeta are exchanged":
    #!     dbeta = dout.sum(axis=0) => dbeta = (dout * xhat).sum(axis=0)
    #!     dgamma = (dout * xhat).sum(axis=0) => dgamma = dout.sum(axis=0)
    #! mistake "xhat stands in place of dout in dbeta":
    #!     dbeta = dout.sum(axis=0) => dbeta = xhat.sum(axis=0)
    #! mistake "gamma stands in dgamma too":
    #!     dgamma = (dout * xhat) => dgamma = (dout * gamma * xhat)
    #! mistake "gamma stands in dbeta too":
    #!     dbeta = dout.sum(axis=0) => dbeta = (dout * gamma).sum(axis=0)
    #! mistake "gamma stands in dgamma and dbeta too":
    #!     dgamma = (dout * xhat) => dgamma = (dout * gamma * xhat)
    #!     dbeta = dout.sum(axis=0) => dbeta = (dout * gamma).sum(axis=0)
    #! mistake "dx lacks gamma":
    #!     dxhat = dout * gamma => dxhat = dout
    #! mistake "dout stands in place of dout times gamma in the part through the mean":
    #!     dmean = -dxhat.sum => dmean = -dout.sum
    #! mistake "dout stands in place of dout times gamma in the part through std":
    #!     -(dxhat * xhat) => -(dout * xhat)
    #! mistake "gamma stands in the direct part alone, not in those through mean and std":
    #!     dmean = -dxhat.sum => dmean = -dout.sum
    #!     -(dxhat * xhat) => -(dout * xhat)
    #! mistake "the direct part is not divided by std":
    #!     dx = dxhat / std => dx = dxhat
    #! mistake "it is divided by the variance, not by std":
    #!     dx = dxhat / std + dstd * xhat / n + dmean / n => dx = (dxhat / std + dstd * xhat / n + dmean / n) / std
    #! mistake "it is multiplied by std, not divided":
    #!     dx = dxhat / std + dstd * xhat / n + dmean / n => dx = (dxhat / std + dstd * xhat / n + dmean / n) * std**2
    #! mistake "dx is averaged over the batch":
    #!     dx = dxhat / std + dstd * xhat / n + dmean / n => dx = (dxhat / std + dstd * xhat / n + dmean / n) / n
    #! mistake "the part through std is not multiplied by xhat":
    #!     dstd * xhat / n => dstd / n
    #! mistake "all is averaged: N - 1 stands in place of N":
    #!     n = len(xhat) => n = len(xhat) - 1
    #! another way:
    #!     n = len(xhat)
    #!     dbeta = np.sum(dout, axis=0)
    #!     dgamma = np.sum(dout * xhat, axis=0)
    #!     dxhat = dout * gamma
    #!     dx = (n * dxhat - dxhat.sum(axis=0) - xhat * (dxhat * xhat).sum(axis=0)) / (n * std)
    #! another way:
    #!     n = dout.shape[0]
    #!     dbeta = np.sum(dout, axis=0)
    #!     dgamma = np.sum(dout * xhat, axis=0)
    #!     dxhat = dout * gamma
    #!     xmu = xhat * std
    #!     dvar = np.sum(dxhat * xmu * -0.5 * std**-3, axis=0)
    #!     dmean = np.sum(-dxhat / std, axis=0) + dvar * np.mean(-2 * xmu, axis=0)
    #!     dx = dxhat / std + dvar * 2 * xmu / n + dmean / n
    n = len(xhat)
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dxhat = dout * gamma
    dstd = -(dxhat * xhat).sum(axis=0) / std
    dmean = -dxhat.sum(axis=0) / std
    dx = dxhat / std + dstd * xhat / n + dmean / n
    # ====== END YOUR CODE HERE ======
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Gradients of batch normalisation (training mode), by the formula simplified on paper.

    Arguments, result and errors are those of `batchnorm_backward`.
    """
    xhat, gamma, std = cache
    check_shape("dout", dout, xhat.shape, f"x of shape {xhat.shape}")
    # ===== START YOUR CODE HERE =====
    # TODO: dx (N, D) in one expression, dgamma (D,) and dbeta (D,).
    # dx = gamma / (N std) (N dout - sum of dout - xhat (sum of dout xhat)), where both sums run over the examples.
    #! mistake "N stands before the bracket only, not inside of it too":
    #!     n * dout => dout
    #! mistake "it is divided by std twice":
    #!     (n * std) => (n * std**2)
    #! mistake "gamma is left out":
    #!     gamma / (n * std) => 1 / (n * std)
    #! mistake "the sums in dx are averages, so that it is divided by N once too often":
    #!     (n * dout - dbeta - xhat * dgamma) => (n * dout - dbeta / n - xhat * dgamma / n)
    #! mistake "dout is not multiplied by N before the sums are subtracted":
    #!     (n * dout - dbeta - xhat * dgamma) => (dout - dbeta - xhat * dgamma)
    #! mistake "dout is not multiplied by N before the sums are subtracted, nor is dx divided by it":
    #!     gamma / (n * std) * (n * dout - dbeta - xhat * dgamma) => gamma / std * (dout - dbeta - xhat * dgamma)
    #! mistake "the part with dgamma is not multiplied by xhat":
    #!     - xhat * dgamma => - dgamma
    #! mistake "dx is not divided by std":
    #!     gamma / (n * std) => gamma / n
    #! mistake "dgamma and dbeta are exchanged in dx":
    #!     dbeta - xhat * dgamma => dgamma - xhat * dbeta
    #! mistake "gamma stands in dgamma too":
    #!     dgamma = (dout * xhat) => dgamma = (dout * gamma * xhat)
    #! mistake "dgamma is averaged, not summed":
    #!     dgamma = (dout * xhat).sum(axis=0) => dgamma = (dout * xhat).mean(axis=0)
    #! mistake "dbeta is averaged, not summed":
    #!     dbeta = dout.sum(axis=0) => dbeta = dout.mean(axis=0)
    #! mistake "it is the direct part alone: gamma dout / std":
    #!     gamma / (n * std) * (n * dout - dbeta - xhat * dgamma) => gamma / std * dout
    #! mistake "the part through std is left out":
    #!      - xhat * dgamma) => )
    #! mistake "the part through the mean is left out":
    #!     n * dout - dbeta => n * dout
    #! mistake "gamma stands in dbeta too":
    #!     dbeta = dout.sum(axis=0) => dbeta = (dout * gamma).sum(axis=0)
    #! mistake "gamma stands in dgamma and dbeta too":
    #!     n = len(xhat) => n = len(xhat); dout = dout * gamma
    #!     dx = gamma / => dx = 1 /
    #! mistake "gamma is multiplied in twice":
    #!     dx = gamma / => dx = gamma**2 /
    #! another way:
    #!     n = len(xhat)
    #!     dbeta = np.sum(dout, axis=0)
    #!     dgamma = np.sum(dout * xhat, axis=0)
    #!     dxhat = dout * gamma
    #!     dx = (n * dxhat - np.sum(dxhat, axis=0) - xhat * np.sum(dxhat * xhat, axis=0)) / (n * std)
    #! another way:
    #!     dbeta = np.sum(dout, axis=0)
    #!     dgamma = np.sum(dout * xhat, axis=0)
    #!     dx = gamma / std * (dout - dout.mean(axis=0) - xhat * (dout * xhat).mean(axis=0))
    n = len(xhat)
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dx = gamma / (n * std) * (n * dout - dbeta - xhat * dgamma)
    # ====== END YOUR CODE HERE ======
    return dx, dgamma, dbeta


def layernorm_forward(x: Array, gamma: Array, beta: Array, ln_param: dict) -> tuple[Array, Cache]:
    r"""Normalise every example over its features, then scale and shift each feature; the same in training and testing.

    $\hat x = (x - \mu) / std, \quad std = \sqrt{\sigma^2 + \epsilon}, \quad out = \gamma \hat x + \beta$

    with the mean $\mu$ and the variance $\sigma^2$ of each row.

    Source: Ba, Kiros & Hinton, Layer Normalization (2016), section 3.

    Args:
        x: (N, D) float.
        gamma, beta: (D,) float, scale and shift.
        ln_param: "eps" (default 1e-5) may be given.

    Returns:
        out: (N, D), in the dtype of x.
        cache: (xhat, gamma, std) for the backward pass.

    Raises:
        ValueError: shapes do not fit, N is 0, or x holds NaN or infinity.
    """
    _check_norm_inputs(x, gamma, beta)
    eps = float(ln_param.get("eps", 1e-5))
    # ===== START YOUR CODE HERE =====
    # TODO: out and xhat, the normalised x (N, D), and std, the root of variance + eps of each row (N, 1).
    #! mistake "it is normalised over the batch (axis 0), not over the features of an example":
    #!     axis=1 => axis=0
    #! mistake "eps is added to the standard deviation, not to the variance":
    #!     np.sqrt(x.var(axis=1, keepdims=True) + eps) => np.sqrt(x.var(axis=1, keepdims=True)) + eps
    #! mistake "the variance is taken over the batch (axis 0)":
    #!     x.var(axis=1, => x.var(axis=0,
    #! mistake "gamma and beta are exchanged":
    #!     gamma * xhat + beta => beta * xhat + gamma
    #! mistake "the mean is not subtracted":
    #!     xhat = (x - x.mean(axis=1, keepdims=True)) / std => xhat = x / std
    #! mistake "it is divided by the variance, not by its root":
    #!     / std => / std**2
    #! mistake "the mean is taken over the batch (axis 0)":
    #!     x.mean(axis=1, keepdims=True) => x.mean(axis=0)
    #! mistake "beta is multiplied by gamma too":
    #!     gamma * xhat + beta => gamma * (xhat + beta)
    #! mistake "the mean and the variance are those of the whole array":
    #!     x.mean(axis=1, keepdims=True) => x.mean()
    #!     x.var(axis=1, keepdims=True) => x.var() + 0 * x[:, :1]
    #! mistake "std is kept without its root":
    #!     out = gamma * xhat + beta => out = gamma * xhat + beta; std = std**2
    #! mistake "xhat is kept with gamma and beta":
    #!     out = gamma * xhat + beta => out = gamma * xhat + beta; xhat = out
    #! mistake "the variance is the mean of the squares, from which the square of the mean is not subtracted":
    #!     x.var(axis=1, keepdims=True) => (x**2).mean(axis=1, keepdims=True)
    #! another way:
    #!     mean = np.mean(x, axis=1, keepdims=True)
    #!     var = np.mean((x - mean) ** 2, axis=1, keepdims=True)
    #!     std = np.sqrt(var + eps)
    #!     xhat = (x - mean) / std
    #!     out = gamma * xhat + beta
    std = np.sqrt(x.var(axis=1, keepdims=True) + eps)
    xhat = (x - x.mean(axis=1, keepdims=True)) / std
    out = gamma * xhat + beta
    # ====== END YOUR CODE HERE ======
    return out, (xhat, gamma, std)


def layernorm_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Gradients of layer normalisation.

    Source: Ba, Kiros & Hinton, Layer Normalization (2016), section 3.

    Args:
        dout: (N, D) float, the gradient with respect to the output.
        cache: what `layernorm_forward` returned.

    Returns:
        dx (N, D), dgamma (D,), dbeta (D,).

    Raises:
        ValueError: `dout` does not fit the cache.
    """
    xhat, gamma, std = cache
    check_shape("dout", dout, xhat.shape, f"x of shape {xhat.shape}")
    # ===== START YOUR CODE HERE =====
    # TODO: dx (N, D), dgamma (D,) and dbeta (D,); mean and std run over the features of a row.
    # dx = 1 / (D std) (D dxhat - sum of dxhat - xhat (sum of dxhat xhat)), where both sums run over the features.
    #! mistake "the sums in dx run over the batch (axis 0), not over the features":
    #!     axis=1 => axis=0
    #! mistake "dgamma and dbeta are summed over the features (axis 1), not over the examples":
    #!     dbeta = dout.sum(axis=0) => dbeta = dout.sum(axis=1)
    #!     dgamma = (dout * xhat).sum(axis=0) => dgamma = (dout * xhat).sum(axis=1)
    #! mistake "the number of examples stands in place of the number of features":
    #!     xhat.shape[1] => xhat.shape[0]
    #! mistake "gamma is multiplied in after the sums, not before them":
    #!     dxhat = dout * gamma => dxhat = dout
    #!     / (d * std) => * gamma / (d * std)
    #! mistake "gamma is left out of dx":
    #!     dxhat = dout * gamma => dxhat = dout
    #! mistake "the sums in dx are averages, so that it is divided by D once too often":
    #!     .sum(axis=1, keepdims=True) => .mean(axis=1, keepdims=True)
    #! mistake "dxhat is not multiplied by D before the sums are subtracted":
    #!     (d * dxhat => (dxhat
    #! mistake "dbeta is averaged, not summed":
    #!     dbeta = dout.sum => dbeta = dout.mean
    #! mistake "dgamma is averaged, not summed":
    #!     dgamma = (dout * xhat).sum => dgamma = (dout * xhat).mean
    #! mistake "gamma stands in dgamma too":
    #!     dgamma = (dout * xhat) => dgamma = (dout * gamma * xhat)
    #! mistake "it leaves out that std depends on x":
    #!      - xhat * (dxhat * xhat).sum(axis=1, keepdims=True) =>
    #! mistake "it leaves out that the mean depends on x":
    #!      - dxhat.sum(axis=1, keepdims=True) =>
    #! mistake "it leaves out that mean and std depend on x":
    #!      - dxhat.sum(axis=1, keepdims=True) - xhat * (dxhat * xhat).sum(axis=1, keepdims=True) =>
    #! mistake "dgamma and dbeta are exchanged":
    #!     dbeta = dout.sum(axis=0) => dgamma = dout.sum(axis=0)
    #!     dgamma = (dout * xhat) => dbeta = (dout * xhat)
    #! mistake "gamma stands in dbeta too":
    #!     dbeta = dout.sum(axis=0) => dbeta = (dout * gamma).sum(axis=0)
    #! mistake "gamma stands in dgamma and dbeta too":
    #!     dgamma = (dout * xhat) => dgamma = (dout * gamma * xhat)
    #!     dbeta = dout.sum(axis=0) => dbeta = (dout * gamma).sum(axis=0)
    #! mistake "it is divided by std twice":
    #!     / (d * std) => / (d * std**2)
    #! another way:
    #!     dbeta = np.sum(dout, axis=0)
    #!     dgamma = np.sum(dout * xhat, axis=0)
    #!     dxhat = dout * gamma
    #!     dx = (dxhat - dxhat.mean(axis=1, keepdims=True) - xhat * np.mean(dxhat * xhat, axis=1, keepdims=True)) / std
    d = xhat.shape[1]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dxhat = dout * gamma
    dx = (d * dxhat - dxhat.sum(axis=1, keepdims=True) - xhat * (dxhat * xhat).sum(axis=1, keepdims=True)) / (d * std)
    # ====== END YOUR CODE HERE ======
    return dx, dgamma, dbeta


def dropout_forward(x: Array, dropout_param: dict) -> tuple[Array, Cache]:
    r"""Inverted dropout: training keeps a value with probability p and divides it by p, testing keeps all values.

    $out = x \cdot m / p, \quad m \sim \mathrm{Bernoulli}(p)$

    Source: Srivastava et al., Dropout (2014), sections 4 and 10 (scaling in training).

    Args:
        x: float, any shape.
        dropout_param: "p" is the probability to keep a value, 0 < p <= 1; "mode" is "train" or "test"; with "seed"
            every call draws the same mask (for gradient checks), without it numpy's global random stream is used.

    Returns:
        out: like x.
        cache: (dropout_param, mask); the mask holds 0 and 1/p, and is None when testing.

    Raises:
        ValueError: p is outside 0 < p <= 1, or the mode is neither "train" nor "test".
    """
    p = float(dropout_param["p"])
    if not 0 < p <= 1:
        raise ValueError(f"dropout_param['p']: received {p}, expected 0 < p <= 1, the probability to keep a value")
    mode = _mode("dropout_param", dropout_param)
    random = np.random.RandomState(dropout_param["seed"]) if "seed" in dropout_param else np.random
    mask = None
    # ===== START YOUR CODE HERE =====
    # TODO: out in the shape of x; in mode "train" also mask, drawn with random.rand(*x.shape), in the dtype of x.
    #! mistake "p is taken as the probability to drop a value":
    #!     < p) => >= p)
    #! mistake "p is taken as the probability to drop a value":
    #!     < p).astype(x.dtype) / p => < 1 - p).astype(x.dtype) / (1 - p)
    #! mistake "p is taken as the probability to drop a value":
    #!     < p).astype(x.dtype) / p => > p).astype(x.dtype) / (1 - p)
    #! mistake "the mask is drawn and used when testing too":
    #!     mask = (random.rand(*x.shape) < p).astype(x.dtype) / p
    #!     out = x * mask
    #! mistake "it is multiplied by p in place of divided":
    #!     .astype(x.dtype) / p => .astype(x.dtype) * p
    #! mistake "the mask is kept without 1/p":
    #!     .astype(x.dtype) / p => .astype(x.dtype)
    #!     x * mask => x * mask / p
    #! mistake "the numbers are not drawn from `random`, so that the seed has no effect":
    #!     random.rand => np.random.rand
    #! mistake "it is divided by 1 - p, not by p":
    #!     / p => / (1 - p)
    #! mistake "it is not divided by p (dropout that is not inverted)":
    #!     .astype(x.dtype) / p => .astype(x.dtype)
    #! mistake "all examples share one mask":
    #!     random.rand(*x.shape) => random.rand(*x.shape[1:]) + np.zeros(x.shape)
    #! mistake "each example is kept or dropped as a whole":
    #!     random.rand(*x.shape) => random.rand(len(x), *[1] * (x.ndim - 1)) + np.zeros(x.shape)
    #! mistake "the output is multiplied by p when testing":
    #!     out = x * mask => out = MASKED
    #!     out = x => out = x * p
    #!     MASKED => x * mask
    #! mistake "the output is divided by p when testing":
    #!     out = x * mask => out = MASKED
    #!     out = x => out = x / p
    #!     MASKED => x * mask
    #! mistake "the same features are dropped in all examples":
    #!     random.rand(*x.shape) => random.rand(x.shape[-1]) + np.zeros(x.shape)
    #! mistake "the mask is normal random numbers compared with p":
    #!     random.rand(*x.shape) => random.randn(*x.shape)
    #! mistake "the mask drops where it should keep":
    #!     random.rand(*x.shape) < p => random.rand(*x.shape) >= p
    #! mistake "the mask is not kept for the way back":
    #!     out = x * mask => out = x * mask; mask = None
    #! mistake "the values with the largest random numbers are kept, not those with the smallest":
    #!     random.rand(*x.shape) < p => random.rand(*x.shape) > 1 - p
    #! mistake "the output is masked without 1/p, and the mask kept with it":
    #!     out = x * mask => out = x * (mask > 0)
    if mode == "train":
        mask = (random.rand(*x.shape) < p).astype(x.dtype) / p
        out = x * mask
    else:
        out = x
    # ====== END YOUR CODE HERE ======
    return out, (dropout_param, mask)


def dropout_backward(dout: Array, cache: Cache) -> Array:
    """Gradient of inverted dropout.

    Args:
        dout: the gradient with respect to the output.
        cache: what `dropout_forward` returned.

    Returns:
        dx: like `dout`.

    Raises:
        ValueError: `dout` does not fit the cache.
    """
    dropout_param, mask = cache
    mode = dropout_param["mode"]
    if mask is not None:
        check_shape("dout", dout, mask.shape, f"x of shape {mask.shape}")
    # ===== START YOUR CODE HERE =====
    # TODO: dx in the shape of dout, for both modes.
    # In training dx = dout * mask; in testing dx = dout.
    #! mistake "it is divided by p once more":
    #!     dout * mask => dout * mask / dropout_param["p"]
    #! mistake "it is divided by p in place of being masked":
    #!     dout * mask => dout / dropout_param["p"]
    #! mistake "the mask is used as one of 0 and 1, without 1/p":
    #!     dout * mask => dout * (mask > 0)
    #! mistake "the gradient is multiplied by p when testing":
    #!     else dout => else dout * dropout_param["p"]
    #! mistake "the gradient is divided by p when testing":
    #!     else dout => else dout / dropout_param["p"]
    #! mistake "the gradient is multiplied by p":
    #!     dout * mask => dout * mask * dropout_param["p"]
    #! mistake "the mask is squared":
    #!     dout * mask => dout * mask**2
    #! mistake "the gradient is 0 when testing":
    #!     else dout => else np.zeros_like(dout)
    #! mistake "it is the mask alone, without dout":
    #!     dout * mask => mask
    dx = dout * mask if mode == "train" else dout
    # ====== END YOUR CODE HERE ======
    return dx


def _check_norm_inputs(x: Array, gamma: Array, beta: Array) -> None:
    check_batch("x", x, ("N", "D"), "gamma and beta, one number per feature")
    check_shape("gamma", gamma, (x.shape[1],), f"x of shape {x.shape}")
    check_shape("beta", beta, (x.shape[1],), f"x of shape {x.shape}")


def _mode(name: str, param: dict) -> str:
    mode = param.get("mode")
    if mode not in ("train", "test"):
        raise ValueError(f"{name}['mode']: received {mode!r}, expected 'train' or 'test'")
    return mode
