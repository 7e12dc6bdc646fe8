"""Losses of scores against class labels: each gives the loss and its gradient with respect to the scores."""

from __future__ import annotations

import numpy as np

from nn.checks import Array, check_labels


def mse_loss(scores: Array, y: Array) -> tuple[float, Array]:
    r"""Half the mean squared error against one-hot targets.

    $L = \frac{1}{2N} \sum_i \lVert s_i - \mathrm{onehot}(y_i) \rVert^2$

    Source: Bishop, Pattern Recognition and Machine Learning (2006), section 4.1.3.

    Args:
        scores: (N, C) float, one row per example.
        y: (N,) int, the class of each example, 0 <= y[i] < C.

    Returns:
        loss: float.
        dscores: (N, C), the gradient of the loss with respect to `scores`, in the dtype of `scores`.

    Raises:
        ValueError: shapes do not fit, N is 0, a label is outside 0..C-1, or a score is NaN or infinite.
        TypeError: `y` does not hold integers.
    """
    check_labels(scores, y)
    # ===== START YOUR CODE HERE =====
    # TODO: loss, and dscores of the shape of scores; do not change scores itself.
    #! mistake "scores itself is changed":
    #!     dscores = scores.copy() => dscores = scores
    #!     dscores /= len(y) => dscores = dscores / len(y)
    #! mistake "magnitudes are added, not squares":
    #!     dscores**2 => np.abs(dscores)
    #! mistake "it is averaged over the classes too":
    #!     loss = 0.5 * np.sum(dscores**2) / len(y) => loss = 0.5 * np.mean(dscores**2)
    #! mistake "it is averaged over the classes too":
    #!     loss = 0.5 * np.sum(dscores**2) / len(y) => loss = 0.5 * np.mean(dscores**2)
    #!     /= len(y) => /= scores.size
    #! mistake "it is averaged over the classes too, without the ½":
    #!     loss = 0.5 * np.sum(dscores**2) / len(y) => loss = np.mean(dscores**2)
    dscores = scores.copy()
    dscores[np.arange(len(y)), y] -= 1
    loss = 0.5 * np.sum(dscores**2) / len(y)
    dscores /= len(y)
    # ====== END YOUR CODE HERE ======
    return float(loss), dscores


def softmax_loss(scores: Array, y: Array) -> tuple[float, Array]:
    r"""Mean cross-entropy of the softmax of the scores.

    $L = -\frac{1}{N} \sum_i \log p_{i, y_i}, \quad \log p_{ij} = s_{ij} - \log \sum_k e^{s_{ik}}$

    The largest score of each row is subtracted first, which changes no probability and keeps the exponentials finite.

    Source: Goodfellow et al., Deep Learning (2016), sections 4.1 and 6.2.2.3.

    Args:
        scores: (N, C) float, one row per example.
        y: (N,) int, the class of each example, 0 <= y[i] < C.

    Returns:
        loss: float.
        dscores: (N, C), the gradient of the loss with respect to `scores`, in the dtype of `scores`.

    Raises:
        ValueError: shapes do not fit, N is 0, a label is outside 0..C-1, or a score is NaN or infinite.
        TypeError: `y` does not hold integers.
    """
    check_labels(scores, y)
    # ===== START YOUR CODE HERE =====
    # TODO: loss, and dscores of the shape of scores; subtract each row's maximum before exp.
    #! mistake "the loss is averaged over the classes too":
    #!     log_probs[rows, y].sum() / len(y) => log_probs[rows, y].sum() / scores.size
    #! mistake "the gradient is averaged over the classes too":
    #!     dscores /= len(y) => dscores /= scores.size
    #! mistake "the gradient is averaged over the classes in place of the examples":
    #!     dscores /= len(y) => dscores /= scores.shape[1]
    #! mistake "1 is subtracted in whole columns, not in one entry of each row":
    #!     dscores[rows, y] -= 1 => dscores[:, y] -= 1
    #! mistake "1 is added for the right class, not subtracted":
    #!     dscores[rows, y] -= 1 => dscores[rows, y] += 1
    #! mistake "the largest score of each column is subtracted, not of each row":
    #!     scores.max(axis=1, keepdims=True) => scores.max(axis=0)
    #! mistake "the largest score of all is subtracted, not of each row":
    #!     scores.max(axis=1, keepdims=True) => scores.max()
    #! mistake "no maximum is subtracted, so that large scores overflow":
    #!     shifted = scores - scores.max(axis=1, keepdims=True) => shifted = scores
    #! mistake "the probabilities are added up over the examples (axis 0), not over the classes":
    #!     np.exp(shifted).sum(axis=1, keepdims=True) => np.exp(shifted).sum(axis=0)
    #! mistake "the probability of the right class is taken, not its logarithm":
    #!     log_probs[rows, y].sum() => np.exp(log_probs[rows, y]).sum()
    #! mistake "the logarithms of all classes are added, not those of the right ones":
    #!     log_probs[rows, y].sum() => log_probs.sum()
    rows = np.arange(len(y))
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_probs[rows, y].sum() / len(y)
    dscores = np.exp(log_probs)
    dscores[rows, y] -= 1
    dscores /= len(y)
    # ====== END YOUR CODE HERE ======
    return float(loss), dscores


def svm_loss(scores: Array, y: Array) -> tuple[float, Array]:
    r"""Mean multiclass hinge loss with margin 1.

    $L = \frac{1}{N} \sum_i \sum_{j \ne y_i} \max(0, s_{ij} - s_{i, y_i} + 1)$

    Source: Weston & Watkins, Support Vector Machines for Multi-Class Pattern Recognition (1999).

    Args:
        scores: (N, C) float, one row per example.
        y: (N,) int, the class of each example, 0 <= y[i] < C.

    Returns:
        loss: float.
        dscores: (N, C), the gradient of the loss with respect to `scores`, in the dtype of `scores`.

    Raises:
        ValueError: shapes do not fit, N is 0, a label is outside 0..C-1, or a score is NaN or infinite.
        TypeError: `y` does not hold integers.
    """
    check_labels(scores, y)
    # ===== START YOUR CODE HERE =====
    # TODO: loss, and dscores of the shape of scores.
    #! mistake "the score of the right class gets no gradient":
    #!     dscores[rows, y] = -dscores.sum(axis=1) => pass
    #! mistake "the gradient of the right class is -1, however many margins are above 0":
    #!     -dscores.sum(axis=1) => -1
    #! mistake "the margins stand in place of a mask of 0 and 1":
    #!     (margins > 0).astype(scores.dtype) => margins.copy()
    #! mistake "the right class is counted too":
    #!     margins[rows, y] = 0 => pass
    #! mistake "the right class is counted too, and its margin taken off the loss again":
    #!     margins[rows, y] = 0 => pass
    #!     margins.sum() / len(y) => margins.sum() / len(y) - 1
    #! mistake "the margins are squared":
    #!     loss = margins.sum() => loss = (margins**2).sum()
    #! mistake "only the largest margin of each example counts":
    #!     loss = margins.sum() => loss = margins.max(axis=1).sum()
    rows = np.arange(len(y))
    margins = np.maximum(0, scores - scores[rows, y][:, None] + 1)
    margins[rows, y] = 0
    loss = margins.sum() / len(y)
    dscores = (margins > 0).astype(scores.dtype)
    dscores[rows, y] = -dscores.sum(axis=1)
    dscores /= len(y)
    # ====== END YOUR CODE HERE ======
    return float(loss), dscores
