"""Linear classifiers: the scores of an example x are x W, with one column of weights per class.

There is no bias: give every example a last number 1, `np.hstack([X, np.ones((len(X), 1))])`, and the last row of W is
the bias. Losses are those of `nn.losses`, here as functions of the weights, plus reg / 2 times the sum of the squared
weights. (CS231n has had no 1/2 there since 2017: `reg_factor=1.0`, or a reg twice as large, gives its numbers.)
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable

import numpy as np

from nn.checks import Array, NotFiniteError, check_batch, check_count, check_label_rows, check_label_values, check_shape
from nn.losses import softmax_loss, svm_loss
from nn.saving import load_arrays, save_arrays

LossFunction = Callable[[Array, Array], tuple[float, Array]]


def svm_loss_naive(W: Array, X: Array, y: Array, reg: float) -> tuple[float, Array]:
    r"""Multiclass hinge loss of a linear classifier, with loops.

    $L = \frac{1}{N} \sum_i \sum_{j \ne y_i} \max(0, s_{ij} - s_{i, y_i} + 1) + \frac{reg}{2} \lVert W \rVert^2,
    \quad s = X W$

    Source: Weston & Watkins, Support Vector Machines for Multi-Class Pattern Recognition (1999).

    Args:
        W: (D, C) float, one column of weights per class.
        X: (N, D) float, one row per example.
        y: (N,) int, the class of each example, 0 <= y[i] < C.
        reg: strength of the L2 regularisation.

    Returns:
        loss: float.
        dW: (D, C), the gradient of the loss with respect to W.

    Raises:
        ValueError: shapes do not fit, N is 0, a label is outside 0..C-1, or X holds NaN or infinity.
        TypeError: `y` does not hold integers.
    """
    _check_examples(W, X, y)
    loss, dW = 0.0, np.zeros_like(W)
    # ===== START YOUR CODE HERE =====
    # TODO: loss and dW (D, C): go through the examples and, for each, through the classes.
    # A margin above 0 pushes the scores of its class down and that of the right class up: x is added to one column
    # of dW and subtracted from the other.
    #! mistake "the column of the right class is changed once per example, not once for each margin above 0":
    #!     dW[:, y[i]] -= X[i] => pass
    #!     scores = X[i] @ W => scores = X[i] @ W; dW[:, y[i]] -= X[i]
    #! mistake "the column of the right class is not changed":
    #!     dW[:, y[i]] -= X[i] => pass
    #! mistake "the L2 term is missing":
    #!     0.5 * reg * np.sum(W**2) => 0
    #!     + reg * W =>
    #! mistake "the L2 term is averaged over the examples too":
    #!     loss = loss / len(X) + 0.5 * reg * np.sum(W**2) => loss = (loss + 0.5 * reg * np.sum(W**2)) / len(X)
    #!     dW = dW / len(X) + reg * W => dW = (dW + reg * W) / len(X)
    #! mistake "the gradient is not averaged":
    #!     dW = dW / len(X) + reg * W => dW = dW + reg * W
    #! mistake "the loss and the gradient are not averaged":
    #!     loss = loss / len(X) + => loss = loss +
    #!     dW = dW / len(X) + => dW = dW +
    #! mistake "the margins are squared":
    #!     loss += margin => loss += margin**2
    #! mistake "the L2 term is averaged over the examples too, also in the gradient":
    #!     loss = loss / len(X) + 0.5 * reg * np.sum(W**2) => loss = (loss + 0.5 * reg * np.sum(W**2)) / len(X)
    #!     dW = dW / len(X) + reg * W => dW = (dW + reg * W) / len(X)
    #! mistake "a margin counts only above 1":
    #!     margin > 0 => margin > 1
    #! mistake "the margins above 0 are counted, not added":
    #!     loss += margin => loss += 1
    #! mistake "the weights are added up, not their squares":
    #!     W**2 => W
    #! mistake "the L2 term lacks its ½":
    #!     0.5 * reg => reg
    #! mistake "the margin of 1 is missing":
    #!     scores[y[i]] + 1 => scores[y[i]]
    #! mistake "the gradient of the L2 term is missing":
    #!     dW = dW / len(X) + reg * W => dW = dW / len(X)
    #! mistake "the gradient is multiplied by the margin":
    #!     dW[:, j] += X[i] => dW[:, j] += margin * X[i]
    #!     dW[:, y[i]] -= X[i] => dW[:, y[i]] -= margin * X[i]
    #! mistake "only the largest margin of each example counts":
    #!     range(W.shape[1]) => [max((k for k in range(W.shape[1]) if k != y[i]), key=scores.item)]
    #! mistake "the columns of the wrong classes are not changed":
    #!     dW[:, j] += X[i] => pass
    #! another way:
    #!     for i in range(len(X)):
    #!         scores = X[i].dot(W)
    #!         count = 0
    #!         for j in range(W.shape[1]):
    #!             if j == y[i]:
    #!                 continue
    #!             margin = scores[j] - scores[y[i]] + 1
    #!             if margin > 0:
    #!                 count += 1
    #!                 loss += margin
    #!                 dW[:, j] += X[i]
    #!         dW[:, y[i]] -= count * X[i]
    #!     loss /= len(X)
    #!     dW /= len(X)
    #!     loss += 0.5 * reg * np.sum(W * W)
    #!     dW += reg * W
    for i in range(len(X)):
        scores = X[i] @ W
        for j in range(W.shape[1]):
            margin = scores[j] - scores[y[i]] + 1
            if j != y[i] and margin > 0:
                loss += margin
                dW[:, j] += X[i]
                dW[:, y[i]] -= X[i]
    loss = loss / len(X) + 0.5 * reg * np.sum(W**2)
    dW = dW / len(X) + reg * W
    # ====== END YOUR CODE HERE ======
    return float(loss), dW


def softmax_loss_naive(W: Array, X: Array, y: Array, reg: float) -> tuple[float, Array]:
    r"""Mean cross-entropy of the softmax of a linear classifier's scores, with loops.

    $L = -\frac{1}{N} \sum_i \log p_{i, y_i} + \frac{reg}{2} \lVert W \rVert^2,
    \quad \log p_{ij} = s_{ij} - \log \sum_k e^{s_{ik}}, \quad s = X W$

    The largest score of each example is subtracted first, which changes no probability and keeps the exponentials
    finite.

    Source: Goodfellow et al., Deep Learning (2016), section 6.2.2.3.

    Arguments, result and errors are those of `svm_loss_naive`.
    """
    _check_examples(W, X, y)
    loss, dW = 0.0, np.zeros_like(W)
    # ===== START YOUR CODE HERE =====
    # TODO: loss and dW (D, C): go through the examples and, for each, through the classes.
    # The gradient with respect to score j of an example is p_j, less 1 for the right class; column j gets it times x.
    #! mistake "the L2 term is missing":
    #!     0.5 * reg * np.sum(W**2) => 0
    #!     + reg * W =>
    #! mistake "the L2 term is averaged over the examples too":
    #!     loss = loss / len(X) + 0.5 * reg * np.sum(W**2) => loss = (loss + 0.5 * reg * np.sum(W**2)) / len(X)
    #!     dW = dW / len(X) + reg * W => dW = (dW + reg * W) / len(X)
    #! mistake "the gradient is not averaged":
    #!     dW = dW / len(X) + reg * W => dW = dW + reg * W
    #! mistake "the loss and the gradient are not averaged":
    #!     loss = loss / len(X) + => loss = loss +
    #!     dW = dW / len(X) + => dW = dW +
    #! mistake "1 is not subtracted for the right class":
    #!     - (j == y[i])) =>)
    #! mistake "the L2 term is averaged over the examples too, also in the gradient":
    #!     loss = loss / len(X) + 0.5 * reg * np.sum(W**2) => loss = (loss + 0.5 * reg * np.sum(W**2)) / len(X)
    #!     dW = dW / len(X) + reg * W => dW = (dW + reg * W) / len(X)
    #! mistake "the L2 term is added for every example":
    #!     loss = loss / len(X) + 0.5 * reg * np.sum(W**2) => loss = loss / len(X) + 0.5 * reg * np.sum(W**2) * len(X)
    #!     dW = dW / len(X) + reg * W => dW = dW / len(X) + reg * W * len(X)
    #! mistake "no maximum is subtracted, so that large scores overflow":
    #!     scores = scores - scores.max() => pass
    #! mistake "the weights are added up, not their squares":
    #!     W**2 => W
    #! mistake "the L2 term lacks its ½":
    #!     0.5 * reg => reg
    #! mistake "the gradient of the L2 term is missing":
    #!     dW = dW / len(X) + reg * W => dW = dW / len(X)
    #! mistake "the loss is that of the predicted class, not of the right one":
    #!     log_sum - scores[y[i]] => log_sum - scores.max()
    #! mistake "the score of the right class is not subtracted":
    #!     log_sum - scores[y[i]] => log_sum
    #! mistake "the gradient is that of the right class alone":
    #!     for j in range(W.shape[1]): => for j in [y[i]]:
    #! mistake "the exponentials are not divided by their sum in the gradient":
    #!     np.exp(scores[j] - log_sum) => np.exp(scores[j])
    #! mistake "1 is added for the right class, not subtracted":
    #!     - (j == y[i]) => + (j == y[i])
    #! mistake "the gradient has the other sign":
    #!     dW = dW / len(X) => dW = -dW / len(X)
    #! mistake "the probability of the right class is subtracted in its own column, not 1":
    #!     - (j == y[i]) => - (j == y[i]) * np.exp(scores[j] - log_sum)
    #! mistake "the L2 term is missing in the loss":
    #!     + 0.5 * reg * np.sum(W**2) =>
    #! another way:
    #!     for i in range(len(X)):
    #!         scores = X[i].dot(W)
    #!         scores = scores - np.max(scores)
    #!         exps = np.exp(scores)
    #!         total = np.sum(exps)
    #!         loss += np.log(total) - scores[y[i]]
    #!         for j in range(W.shape[1]):
    #!             dW[:, j] += exps[j] / total * X[i]
    #!         dW[:, y[i]] -= X[i]
    #!     loss /= len(X)
    #!     dW /= len(X)
    #!     loss += 0.5 * reg * np.sum(W * W)
    #!     dW += reg * W
    for i in range(len(X)):
        scores = X[i] @ W
        scores = scores - scores.max()
        log_sum = np.log(np.sum(np.exp(scores)))
        loss += log_sum - scores[y[i]]
        for j in range(W.shape[1]):
            dW[:, j] += (np.exp(scores[j] - log_sum) - (j == y[i])) * X[i]
    loss = loss / len(X) + 0.5 * reg * np.sum(W**2)
    dW = dW / len(X) + reg * W
    # ====== END YOUR CODE HERE ======
    return float(loss), dW


def linear_loss(W: Array, X: Array, y: Array, reg: float, loss_function: LossFunction) -> tuple[float, Array]:
    r"""The loss of a linear classifier as a function of its weights, without loops.

    $L = L_{data}(X W, y) + \frac{reg}{2} \lVert W \rVert^2$

    Args:
        W, X, y, reg: as in `svm_loss_naive`.
        loss_function: maps (scores (N, C), y (N,)) to the data loss and its gradient with respect to the scores.

    Result and errors are those of `svm_loss_naive`.
    """
    _check_examples(W, X, y)
    # ===== START YOUR CODE HERE =====
    # TODO: loss and dW (D, C); loss_function(scores, y) gives the data loss and dscores (N, C).
    # dW = X^T dscores + reg W.
    #! mistake "the data's part is divided by the number of examples again":
    #!     X.T @ dscores => X.T @ dscores / len(X)
    #! mistake "the L2 term lacks its ½":
    #!     0.5 * reg * np.sum => reg * np.sum
    #! mistake "the weights are added up, not their squares":
    #!     np.sum(W**2) => np.sum(W)
    #! mistake "the last row of W, as if it were the bias, is not regularised":
    #!     np.sum(W**2) => np.sum(W[:-1] ** 2)
    #!     reg * W => reg * np.vstack([W[:-1], 0 * W[-1:]])
    #! mistake "the norm of W is not squared":
    #!     np.sum(W**2) => np.linalg.norm(W)
    #! mistake "magnitudes of the weights are added, not squares":
    #!     np.sum(W**2) => np.sum(np.abs(W))
    #! mistake "the L2 term is averaged over the examples too":
    #!     0.5 * reg => 0.5 / len(X) * reg
    #!     reg * W => reg / len(X) * W
    #! mistake "the L2 term is missing in the loss":
    #!     loss += 0.5 * reg * np.sum(W**2) => pass
    #! mistake "the gradient of the L2 term is missing":
    #!      + reg * W =>
    #! mistake "the L2 term is missing in the loss and in the gradient":
    #!     loss += 0.5 * reg * np.sum(W**2) => pass
    #!      + reg * W =>
    #! mistake "the gradient of the L2 term has a factor 2 too many":
    #!     + reg * W => + 2 * reg * W
    #! mistake "the gradient of the L2 term is subtracted, not added":
    #!     + reg * W => - reg * W
    #! mistake "the L2 term is subtracted, not added":
    #!     loss += 0.5 => loss -= 0.5
    #! another way:
    #!     scores = X.dot(W)
    #!     loss, dscores = loss_function(scores, y)
    #!     loss = loss + 0.5 * reg * np.sum(W * W)
    #!     dW = np.dot(X.T, dscores)
    #!     dW = dW + reg * W
    loss, dscores = loss_function(X @ W, y)
    loss += 0.5 * reg * np.sum(W**2)
    dW = X.T @ dscores + reg * W
    # ====== END YOUR CODE HERE ======
    return float(loss), dW


def svm_loss_vectorized(W: Array, X: Array, y: Array, reg: float) -> tuple[float, Array]:
    """The same as `svm_loss_naive`, without loops."""
    return linear_loss(W, X, y, reg, svm_loss)


def softmax_loss_vectorized(W: Array, X: Array, y: Array, reg: float) -> tuple[float, Array]:
    """The same as `softmax_loss_naive`, without loops."""
    return linear_loss(W, X, y, reg, softmax_loss)


class LinearClassifier:
    """A linear classifier, trained by stochastic gradient descent.

    `W` holds the weights (D, C), one column per class; None until they are drawn.
    """

    def __init__(
        self,
        loss_function: LossFunction = softmax_loss,
        std: float = 1e-3,
        reg_factor: float = 0.5,
    ):
        """Set up a classifier; its weights are drawn when training begins.

        Args:
            loss_function: maps (scores (N, C), y (N,)) to the loss and its gradient with respect to the scores:
                `softmax_loss`, `svm_loss` or `mse_loss` of `nn.losses`.
            std: standard deviation of the first weights.
            reg_factor: the L2 term is reg_factor * reg * sum of squared weights: 0.5, or 1.0 as in CS231n since 2017.
        """
        self.loss_function = loss_function
        self.std = std
        self.reg_factor = reg_factor
        self.W: Array | None = None

    def loss(self, X: Array, y: Array, reg: float = 0.0) -> tuple[float, Array]:
        """Loss (a float) and gradient (D, C) of a batch: arguments and errors as in `svm_loss_naive`."""
        return linear_loss(self._weights(), X, y, 2 * self.reg_factor * float(reg), self.loss_function)

    def train(
        self,
        X: Array,
        y: Array,
        learning_rate: float = 1e-3,
        reg: float = 1e-5,
        num_iters: int = 100,
        batch_size: int = 200,
        verbose: bool = False,
    ) -> list[float]:
        """Stochastic gradient descent: draw a batch with replacement, step against the gradient.

        The first call draws the weights from numpy's global random stream, for the classes 0 to max(y); a further
        call continues from the weights there are. A run that diverges to NaN or infinity stops early with a warning.

        Args:
            X, y: training examples (N, D) and labels (N,).
            learning_rate: length of a step relative to the gradient.
            reg: strength of the L2 regularisation.
            num_iters: number of steps.
            batch_size: examples in a batch.
            verbose: print the loss every 100 steps.

        Returns:
            the loss of each batch before its step.

        Raises:
            ValueError: shapes do not fit, N is 0, batch_size is not a whole number >= 1, or an input is not finite.
            TypeError: `y` does not hold integers.
        """
        check_batch("X", X, ("N", "D"), "one row per example")
        check_label_rows("y", y, "X", X.shape)
        check_count("batch_size", batch_size)
        if self.W is None:
            drawn = self.std * np.random.randn(X.shape[1], int(np.max(y)) + 1)
            self.W = drawn.astype(np.result_type(X, np.float32))
        loss_history: list[float] = []
        for it in range(num_iters):
            batch = np.random.choice(len(X), batch_size)
            try:
                loss, grad = self.loss(X[batch], y[batch], reg)
            except NotFiniteError:
                warnings.warn(
                    f"training diverged at iteration {it} of {num_iters}: lower learning_rate={learning_rate:g}"
                    f" or reg={reg:g}",
                    RuntimeWarning,
                    stacklevel=2,
                )
                break
            loss_history.append(loss)
            # ===== START YOUR CODE HERE: update =====
            # TODO: one step of gradient descent on self.W, with learning_rate and grad.
            #! mistake "the step replaces the weights":
            #!     self.W - learning_rate * grad => -learning_rate * grad
            #! mistake "the learning rate is divided by the number of the step":
            #!     learning_rate * grad => learning_rate * grad / (it + 1)
            #! mistake "the gradient is divided by the batch size once more":
            #!     learning_rate * grad => learning_rate * grad / batch_size
            #! mistake "the learning rate is missing":
            #!     learning_rate * grad => grad
            #! mistake "the step goes along the gradient, not against it":
            #!     self.W - learning => self.W + learning
            #! mistake "the L2 term is subtracted here too (weight decay)":
            #!     learning_rate * grad => learning_rate * (grad + reg * self.W)
            #! mistake "the learning rate is multiplied in twice":
            #!     learning_rate * grad => learning_rate**2 * grad
            #! mistake "the weights are not changed":
            #!     self.W = self.W - learning_rate * grad => pass
            #! mistake "the sign of the gradient is taken, not the gradient":
            #!     learning_rate * grad => learning_rate * np.sign(grad)
            self.W = self.W - learning_rate * grad
            # ====== END YOUR CODE HERE ======
            if verbose and it % 100 == 0:
                print(f"iteration {it} / {num_iters}: loss {loss:f}")
        return loss_history

    def predict(self, X: Array) -> Array:
        """The class with the largest score.

        Args:
            X: (N, D) float, one row per example.

        Returns:
            (N,) int labels; of equal scores the first counts.

        Raises:
            ValueError: X does not fit the weights, is empty, or holds NaN or infinity; or there are no weights yet.
        """
        W = self._weights()
        check_batch("X", X, ("N", len(W)), f"W of shape {W.shape}")
        # ===== START YOUR CODE HERE =====
        # TODO: y_pred (N,), the class of the largest score of each row.
        #! mistake "the largest score itself is taken, not its class":
        #!     argmax(axis=1) => max(axis=1)
        #! mistake "the largest score is sought over the examples, not over the classes":
        #!     argmax(axis=1) => argmax(axis=0)
        #! mistake "the class of the smallest score is taken":
        #!     argmax(axis=1) => argmin(axis=1)
        #! mistake "the classes are counted from 1":
        #!     argmax(axis=1) => argmax(axis=1) + 1
        y_pred = (X @ W).argmax(axis=1)
        # ====== END YOUR CODE HERE ======
        return y_pred

    def save(self, path: str | os.PathLike) -> None:
        """Write the weights as one .npz file without pickles."""
        save_arrays(path, {"W": self._weights()})

    def load(self, path: str | os.PathLike) -> None:
        """Take the weights from what `save` wrote.

        Raises:
            ValueError: the file is not such a file.
        """
        self.W = load_arrays(path, ["W"])["W"]

    def _weights(self) -> Array:
        if self.W is None:
            raise ValueError("W: there are no weights yet: call train, or set W to an array (D, C)")
        return self.W


class LinearSVM(LinearClassifier):
    """A linear classifier with the multiclass hinge loss."""

    def __init__(self, **settings):
        """Set up a classifier: arguments as in `LinearClassifier`, all by name."""
        super().__init__(svm_loss, **settings)


class Softmax(LinearClassifier):
    """A linear classifier with the softmax loss."""

    def __init__(self, **settings):
        """Set up a classifier: arguments as in `LinearClassifier`, all by name."""
        super().__init__(softmax_loss, **settings)


def _check_examples(W: Array, X: Array, y: Array) -> None:
    check_batch("X", X, ("N", "D"), "one row per example")
    check_shape("W", W, (X.shape[1], "C"), f"X of shape {X.shape}")
    check_label_rows("y", y, "X", X.shape)
    check_label_values(y, W.shape[1], f"W of shape {W.shape}")
