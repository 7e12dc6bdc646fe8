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
    dscores = scores.copy()
    dscores[np.arange(len(y)), y] -= 1
    loss = 0.5 * np.sum(dscores**2) / len(y)
    dscores /= len(y)
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
    raise NotImplementedError("softmax_loss")
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
    raise NotImplementedError("svm_loss")
    # ====== END YOUR CODE HERE ======
    return float(loss), dscores
