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
    #! mistake "only the score of the right class counts":
    #!     0.5 * np.sum(dscores**2) => 0.5 * np.sum(dscores[np.arange(len(y)), y] ** 2)
    #! mistake "1 is not subtracted for the right class":
    #!     dscores[np.arange(len(y)), y] -= 1 => pass
    #! mistake "the label itself is subtracted, not 1 at its place":
    #!     dscores[np.arange(len(y)), y] -= 1 => dscores -= y[:, None]
    #! mistake "1 is added for the right class, not subtracted":
    #!     dscores[np.arange(len(y)), y] -= 1 => dscores[np.arange(len(y)), y] += 1
    #! mistake "1 is subtracted in whole columns, not in one entry of each row":
    #!     dscores[np.arange(len(y)), y] -= 1 => dscores[:, y] -= 1
    #! mistake "1 is subtracted everywhere":
    #!     dscores[np.arange(len(y)), y] -= 1 => dscores -= 1
    #! mistake "the square root of the loss is taken":
    #!     loss = 0.5 * np.sum(dscores**2) / len(y) => loss = np.sqrt(0.5 * np.sum(dscores**2) / len(y))
    #! mistake "it is averaged over the classes in place of the examples":
    #!     np.sum(dscores**2) / len(y) => np.sum(dscores**2) / scores.shape[1]
    #!     dscores /= len(y) => dscores /= scores.shape[1]
    #! mistake "the ½ stands in the gradient too":
    #!     dscores /= len(y) => dscores /= 2 * len(y)
    #! mistake "loss and gradient lack the ½":
    #!     loss = 0.5 * => loss =
    #!     dscores /= len(y) => dscores /= len(y) / 2
    #! mistake "loss and gradient are not averaged":
    #!     np.sum(dscores**2) / len(y) => np.sum(dscores**2)
    #!     dscores /= len(y) => dscores /= 1
    #! mistake "it is averaged over the classes too, without the ½, and the gradient has a 2":
    #!     loss = 0.5 * np.sum(dscores**2) / len(y) => loss = np.mean(dscores**2)
    #!     dscores /= len(y) => dscores *= 2 / scores.size
    #! mistake "it is averaged over the classes too, without the ½":
    #!     loss = 0.5 * np.sum(dscores**2) / len(y) => loss = np.mean(dscores**2)
    #!     dscores /= len(y) => dscores /= scores.size
    #! another way:
    #!     N = scores.shape[0]
    #!     onehot = np.zeros_like(scores)
    #!     onehot[np.arange(N), y] = 1
    #!     difference = scores - onehot
    #!     loss = np.sum(difference**2) / (2 * N)
    #!     dscores = difference / N
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
    #! mistake "the loss is that of the predicted class, not of the right one":
    #!     log_probs[rows, y].sum() => log_probs.max(axis=1).sum()
    #! mistake "the probabilities are averaged before the logarithm is taken":
    #!     -log_probs[rows, y].sum() / len(y) => -np.log(np.exp(log_probs[rows, y]).mean())
    #! mistake "the exponentials are not divided by their sum in the gradient":
    #!     np.exp(log_probs) => np.exp(shifted)
    #! mistake "the derivative is p (1 - p), not p minus 1 for the right class":
    #!     dscores[rows, y] -= 1 => dscores *= 1 - dscores
    #! mistake "the gradient of all but the right class is 0":
    #!     dscores[rows, y] -= 1 => dscores = np.where(np.arange(scores.shape[1]) == y[:, None], dscores - 1, 0)
    #! mistake "the label itself is subtracted, not 1 at its place":
    #!     dscores[rows, y] -= 1 => dscores -= y[:, None]
    #! mistake "1 is subtracted everywhere":
    #!     dscores[rows, y] -= 1 => dscores -= 1
    #! mistake "the gradient is made of the logarithms, not of the probabilities":
    #!     np.exp(log_probs) => log_probs.copy()
    #! mistake "the gradient is that of the scores, not of their probabilities":
    #!     np.exp(log_probs) => shifted.copy()
    #! mistake "the gradient has the other sign":
    #!     dscores /= len(y) => dscores /= -len(y)
    #! mistake "loss and gradient are not averaged":
    #!     .sum() / len(y) => .sum()
    #!     dscores /= len(y) => dscores /= 1
    #! mistake "the gradient has a ½ too many":
    #!     dscores /= len(y) => dscores /= 2 * len(y)
    #! mistake "the loss has a ½ too many":
    #!     loss = - => loss = -0.5 *
    #! mistake "the right class is left out of the sum of the exponentials":
    #!     np.exp(shifted).sum(axis=1, keepdims=True) => (np.exp(shifted).sum(1) - np.exp(shifted[rows, y]))[:, None]
    #! mistake "the maximum is divided by, not subtracted":
    #!     scores - scores.max(axis=1, keepdims=True) => scores / scores.max(axis=1, keepdims=True)
    #! mistake "a sigmoid of each score stands in place of the softmax":
    #!     shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)) => -np.log1p(np.exp(-scores))
    #! another way:
    #!     N = scores.shape[0]
    #!     shifted = scores - np.max(scores, axis=1, keepdims=True)
    #!     exps = np.exp(shifted)
    #!     probs = exps / np.sum(exps, axis=1, keepdims=True)
    #!     loss = np.mean(np.log(np.sum(exps, axis=1)) - shifted[np.arange(N), y])
    #!     onehot = np.zeros_like(scores)
    #!     onehot[np.arange(N), y] = 1
    #!     dscores = (probs - onehot) / N
    #! another way:
    #!     N = scores.shape[0]
    #!     shifted = scores - np.max(scores, axis=1, keepdims=True)
    #!     probs = np.exp(shifted) / np.sum(np.exp(shifted), axis=1, keepdims=True)
    #!     loss = np.sum(-np.log(probs[np.arange(N), y])) / N
    #!     dscores = probs.copy()
    #!     dscores[np.arange(N), y] -= 1
    #!     dscores /= N
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
    #! mistake "the margins are squared, in the loss and in the gradient":
    #!     loss = margins.sum() => loss = (margins**2).sum()
    #!     (margins > 0).astype(scores.dtype) => 2 * margins
    #! mistake "the margins are squared in the loss, and the gradient has no 2":
    #!     loss = margins.sum() => loss = (margins**2).sum()
    #!     (margins > 0).astype(scores.dtype) => margins.copy()
    #! mistake "it is averaged over the classes too":
    #!     margins.sum() / len(y) => margins.mean()
    #!     dscores /= len(y) => dscores /= scores.size
    #! mistake "the loss is averaged over the classes too":
    #!     margins.sum() / len(y) => margins.mean()
    #! mistake "the gradient has the other sign":
    #!     dscores /= len(y) => dscores /= -len(y)
    #! mistake "the score of the right class gets a gradient of +, not -, the number of margins above 0":
    #!     -dscores.sum(axis=1) => dscores.sum(axis=1)
    #! mistake "the margins have no bound at 0":
    #!     np.maximum(0, scores - scores[rows, y][:, None] + 1) => scores - scores[rows, y][:, None] + 1
    #! mistake "the margin of 1 is subtracted, not added":
    #!     [:, None] + 1 => [:, None] - 1
    #! mistake "the gradient of the right class is the number of classes less one, however many margins are above 0":
    #!     -dscores.sum(axis=1) => -(scores.shape[1] - 1)
    #! mistake "the number of margins above 0 is taken, not their sum":
    #!     loss = margins.sum() => loss = (margins > 0).sum()
    #! mistake "loss and gradient are not averaged":
    #!     margins.sum() / len(y) => margins.sum()
    #!     dscores /= len(y) => dscores /= 1
    #! mistake "the difference of the scores is taken the other way round":
    #!     scores - scores[rows, y][:, None] + 1 => scores[rows, y][:, None] - scores + 1
    #! mistake "the largest score stands in place of that of the right class":
    #!     scores - scores[rows, y][:, None] + 1 => scores - scores.max(axis=1, keepdims=True) + 1
    #! another way:
    #!     N = scores.shape[0]
    #!     correct = scores[np.arange(N), y].reshape(-1, 1)
    #!     margins = np.maximum(0, scores - correct + 1)
    #!     margins[np.arange(N), y] = 0
    #!     loss = np.sum(margins) / N
    #!     mask = (margins > 0).astype(scores.dtype)
    #!     mask[np.arange(N), y] = -np.sum(mask, axis=1)
    #!     dscores = mask / N
    rows = np.arange(len(y))
    margins = np.maximum(0, scores - scores[rows, y][:, None] + 1)
    margins[rows, y] = 0
    loss = margins.sum() / len(y)
    dscores = (margins > 0).astype(scores.dtype)
    dscores[rows, y] = -dscores.sum(axis=1)
    dscores /= len(y)
    # ====== END YOUR CODE HERE ======
    return float(loss), dscores
