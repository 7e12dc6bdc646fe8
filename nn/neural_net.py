"""A net with one hidden layer, trained by plain stochastic gradient descent."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from nn.checks import Array, NotFiniteError, check_batch, check_count, check_label_rows, check_shape
from nn.losses import softmax_loss


class TwoLayerNet:
    r"""affine - ReLU - affine - loss, with L2 regularisation of the weights.

    $s = \max(0, x W_1^T + b_1) \, W_2^T + b_2$

    `params` holds W1 (H, D), b1 (H,), W2 (C, H), b2 (C,): one row of weights per unit. (In `nn.fc_net.TwoLayerNet`,
    which is put together from layers and trained by a Solver, it is one column per unit.)

    Other courses: CS231n's classic net stores the transposed weights, W1 (D, H) and W2 (H, C), and since 2017 its L2
    term has no 1/2; `layout="DH"` and `reg_factor=1.0` give its numbers. The layout matters for pictures of the
    weights: with one row per unit, `W1[k].reshape(32, 32, 3)` is an image, and `W1.reshape(32, 32, 3, -1)` is nonsense;
    `nn.vis.show_net_weights` knows both. The loss is softmax; CS145's net has `loss_function=mse_loss`.

    Source: Goodfellow et al., Deep Learning (2016), chapter 6.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        std: float = 1e-4,
        loss_function: Callable[[Array, Array], tuple[float, Array]] = softmax_loss,
        dtype: type = np.float64,
        layout: str = "HD",
        reg_factor: float = 0.5,
    ):
        """Draw the weights from numpy's global random stream: W1 first, then W2; biases are zero.

        Args:
            input_size: D, length of an input row.
            hidden_size: H, number of hidden units.
            output_size: C, number of classes.
            std: standard deviation of the weights.
            loss_function: maps (scores (N, C), y (N,)) to the loss and its gradient with respect to the scores.
            dtype: of the parameters: np.float64 or np.float32.
            layout: "HD" for one row of weights per unit, W1 (H, D) and W2 (C, H); "DH" for a column, (D, H) and (H, C).
            reg_factor: the L2 term is reg_factor * reg * (sum of squared weights): 0.5, or 1.0 as in CS231n since 2017.

        Raises:
            ValueError: another layout.
        """
        if layout not in ("HD", "DH"):
            raise ValueError(f'layout: received {layout!r}, expected "HD" or "DH"')
        self.loss_function = loss_function
        self.layout = layout
        self.reg_factor = reg_factor
        step = 1 if layout == "HD" else -1
        self.params = {
            "W1": (std * np.random.randn(*(hidden_size, input_size)[::step])).astype(dtype),
            "b1": np.zeros(hidden_size, dtype),
            "W2": (std * np.random.randn(*(output_size, hidden_size)[::step])).astype(dtype),
            "b2": np.zeros(output_size, dtype),
        }

    def loss(self, X: Array, y: Array | None = None, reg: float = 0.0) -> Array | tuple[float, dict[str, Array]]:
        r"""Scores of a batch, or its loss and the gradients of all parameters.

        $L = L_{data}(s, y) + \frac{reg}{2} (\lVert W_1 \rVert^2 + \lVert W_2 \rVert^2)$, with `reg_factor` for the 1/2.

        Args:
            X: (N, D) float, one row per example.
            y: (N,) int labels 0..C-1, or None.
            reg: strength of the L2 regularisation.

        Returns:
            without y: scores (N, C). With y: the loss (a float) and a dict with the gradient of the loss with respect
            to each parameter, under the names and in the shapes of `params`.

        Raises:
            ValueError: shapes do not fit, N is 0, a label is outside 0..C-1, X or the scores hold NaN or infinity.
        """
        W1, W2 = self._weights()
        b1, b2 = self.params["b1"], self.params["b2"]
        check_batch("X", X, ("N", W1.shape[1]), f"W1 of shape {self.params['W1'].shape}")
        reg = 2 * self.reg_factor * float(reg)  # what follows has the factor 1/2

        # ===== START YOUR CODE HERE: scores =====
        # TODO: hidden (N, H), the outputs of the hidden layer after ReLU, and scores (N, C).
        #! mistake "a sigmoid stands in place of the ReLU":
        #!     hidden = np.maximum(0, X @ W1.T + b1) => hidden = 1 / (1 + np.exp(-(X @ W1.T + b1)))
        #! mistake "tanh stands in place of the ReLU":
        #!     np.maximum(0, X @ W1.T + b1) => np.tanh(X @ W1.T + b1)
        #! mistake "b1 is added behind the ReLU, not before it":
        #!     np.maximum(0, X @ W1.T + b1) => np.maximum(0, X @ W1.T) + b1
        #! mistake "a ReLU stands behind the output layer too":
        #!     hidden @ W2.T + b2 => np.maximum(0, hidden @ W2.T + b2)
        #! mistake "the scores are turned into probabilities here (softmax)":
        #!     scores = hidden => e = np.exp(hidden @ W2.T + b2); scores = e / e.sum(axis=1, keepdims=True); hidden
        #! mistake "values below 0 are made small, not 0 (leaky ReLU)":
        #!     np.maximum(0, X @ W1.T + b1) => np.where(X @ W1.T + b1 > 0, 1, 0.01) * (X @ W1.T + b1)
        #! mistake "the absolute value is taken in place of the ReLU":
        #!     np.maximum(0, X @ W1.T + b1) => np.abs(X @ W1.T + b1)
        #! mistake "values below 0 are made small, not 0 (leaky ReLU)":
        #!     np.maximum(0, X @ W1.T + b1) => np.where(X @ W1.T + b1 > 0, 1, 0.1) * (X @ W1.T + b1)
        #! mistake "it is cut off at 1 too":
        #!     np.maximum(0, X @ W1.T + b1) => np.clip(X @ W1.T + b1, 0, 1)
        #! mistake "both biases are left out":
        #!     X @ W1.T + b1 => X @ W1.T
        #!     hidden @ W2.T + b2 => hidden @ W2.T
        #! mistake "the hidden outputs are a mask of 0 and 1, not values":
        #!     np.maximum(0, X @ W1.T + b1) => (X @ W1.T + b1 > 0).astype(float)
        #! mistake "b1 is added to the scores too":
        #!     np.maximum(0, X @ W1.T + b1) => np.maximum(0, X @ W1.T + 2 * b1)
        #! mistake "the biases are subtracted, not added":
        #!     + b1 => - b1
        #!     + b2 => - b2
        #! mistake "the hidden outputs are handed on without the ReLU":
        #!     hidden = np.maximum(0, X @ W1.T + b1) => hidden = X @ W1.T + b1
        #! another way:
        #!     before = X.dot(W1.T) + b1
        #!     hidden = np.maximum(0, before)
        #!     scores = hidden.dot(W2.T) + b2
        hidden = np.maximum(0, X @ W1.T + b1)
        scores = hidden @ W2.T + b2
        # ====== END YOUR CODE HERE ======
        check_shape(
            "scores", scores, (len(X), len(b2)), f"X of shape {X.shape} and W2 of shape {self.params['W2'].shape}"
        )
        if y is None:
            return scores

        # ===== START YOUR CODE HERE: loss =====
        # TODO: loss, that of self.loss_function plus the L2 term, and dscores (N, C), the gradient without that term.
        #! mistake "the biases are regularised too":
        #!     np.sum(W2**2)) => np.sum(W2**2) + np.sum(b1**2) + np.sum(b2**2))
        #! mistake "the L2 term is divided by the number of examples":
        #!     0.5 * reg => 0.5 / len(X) * reg
        #! mistake "the L2 term lacks its ½ and is divided by the number of examples":
        #!     0.5 * reg => reg / len(X)
        #! mistake "the norms of the weights are not squared":
        #!     np.sum(W1**2) => np.linalg.norm(W1)
        #!     np.sum(W2**2) => np.linalg.norm(W2)
        #! mistake "magnitudes of the weights are added, not squares":
        #!     W1**2 => np.abs(W1)
        #!     W2**2 => np.abs(W2)
        #! mistake "the L2 term is squared as a whole":
        #!     0.5 * reg * (np.sum(W1**2) + np.sum(W2**2)) => 0.5 * reg * (np.sum(W1) + np.sum(W2)) ** 2
        #! mistake "the weights are added up, not their squares":
        #!     W1**2 => W1
        #!     W2**2 => W2
        #! mistake "the root of the sum of squares is taken":
        #!     (np.sum(W1**2) + np.sum(W2**2)) => np.sqrt(np.sum(W1**2) + np.sum(W2**2))
        #! mistake "the loss is divided by the number of examples again":
        #!     loss = data_loss => loss = data_loss / len(X)
        #! mistake "dscores is divided by the number of examples again":
        #!     loss = data_loss => dscores = dscores / len(X); loss = data_loss
        #! mistake "the ½ halves the loss as a whole":
        #!     data_loss + 0.5 => 0.5 * data_loss + 0.5
        #! mistake "`reg` is squared":
        #!     0.5 * reg => 0.5 * reg**2
        #! mistake "the weights of W1 and W2 are multiplied, not each squared":
        #!     np.sum(W1**2) + np.sum(W2**2) => np.sum(W1**2) * np.sum(W2**2)
        #! mistake "`reg` is a number of its own":
        #!     0.5 * reg => 0.5 * 1.0
        #! mistake "the gradient of the L2 term is added to dscores":
        #!     loss = data_loss => dscores = dscores + reg; loss = data_loss
        #! mistake "the L2 term is averaged over the weights":
        #!     np.sum(W1**2) => np.mean(W1**2)
        #!     np.sum(W2**2) => np.mean(W2**2)
        #! another way:
        #!     loss, dscores = self.loss_function(scores, y)
        #!     loss += 0.5 * reg * np.sum(W1 * W1)
        #!     loss += 0.5 * reg * np.sum(W2 * W2)
        data_loss, dscores = self.loss_function(scores, y)
        loss = data_loss + 0.5 * reg * (np.sum(W1**2) + np.sum(W2**2))
        # ====== END YOUR CODE HERE ======

        # ===== START YOUR CODE HERE: backward =====
        # > # TODO: grads, a dict with the gradients for W1, b1, W2 and b2, each in the shape of its parameter.
        # > grads = {}
        #! mistake "the biases are regularised too":
        #!     "b1": dhidden.sum(axis=0) => "b1": dhidden.sum(axis=0) + reg * b1
        #!     "b2": dscores.sum(axis=0) => "b2": dscores.sum(axis=0) + reg * b2
        #! mistake "the mask of the ReLU looks at the gradient, not at the hidden outputs":
        #!     (hidden > 0) => (dscores @ W2 > 0)
        #! mistake "the mask of the ReLU is missing":
        #!      * (hidden > 0) =>
        #! mistake "the gradient of the L2 term is divided by the number of examples":
        #!     reg * W1 => reg * W1 / len(X)
        #!     reg * W2 => reg * W2 / len(X)
        #! mistake "the gradients are divided by the number of examples again":
        #!     dhidden.T @ X => dhidden.T @ X / len(X)
        #!     dhidden.sum(axis=0) => dhidden.mean(axis=0)
        #!     dscores.T @ hidden => dscores.T @ hidden / len(X)
        #!     dscores.sum(axis=0) => dscores.mean(axis=0)
        #! mistake "the gradients of W1 and W2 are divided by the number of examples again":
        #!     dhidden.T @ X => dhidden.T @ X / len(X)
        #!     dscores.T @ hidden => dscores.T @ hidden / len(X)
        #! mistake "the gradient of b1 is taken before the mask of the ReLU":
        #!     "b1": dhidden.sum(axis=0) => "b1": (dscores @ W2).sum(axis=0)
        #! mistake "the gradient of W1 is taken before the mask of the ReLU":
        #!     "W1": dhidden.T @ X => "W1": (dscores @ W2).T @ X
        #! mistake "the gradient of the L2 term has a ½ too many":
        #!     reg * W1 => 0.5 * reg * W1
        #!     reg * W2 => 0.5 * reg * W2
        #! mistake "the gradient of the L2 term has a factor 2 too many":
        #!     reg * W1 => 2 * reg * W1
        #!     reg * W2 => 2 * reg * W2
        #! mistake "the gradient of the L2 term is subtracted, not added":
        #!     + reg * W1 => - reg * W1
        #!     + reg * W2 => - reg * W2
        #! mistake "`reg` is missing in the gradient of the L2 term":
        #!     reg * W1 => W1
        #!     reg * W2 => W2
        #! mistake "the gradient of the L2 term is missing":
        #!      + reg * W1 =>
        #!      + reg * W2 =>
        #! mistake "the L2 term's gradient is the sum of squares, not the weights":
        #!     reg * W1 => reg * np.sum(W1**2)
        #!     reg * W2 => reg * np.sum(W2**2)
        #! mistake "the hidden outputs before the ReLU are used for W2":
        #!     dscores.T @ hidden => dscores.T @ (X @ W1.T + b1)
        #! mistake "the gradient is multiplied by the hidden outputs, not by a mask of 0 and 1":
        #!     (hidden > 0) => hidden
        #! mistake "the derivative of a sigmoid stands in place of the ReLU's mask":
        #!     (hidden > 0) => hidden * (1 - hidden)
        #! mistake "the mask of the ReLU is the other way round":
        #!     (hidden > 0) => (hidden <= 0)
        #! mistake "values below 0 are let through with a small factor (leaky ReLU)":
        #!     (hidden > 0) => np.where(hidden > 0, 1, 0.01)
        #! mistake "the biases' gradients are averaged":
        #!     "b1": dhidden.sum(axis=0) => "b1": dhidden.mean(axis=0)
        #!     "b2": dscores.sum(axis=0) => "b2": dscores.mean(axis=0)
        #! mistake "the weights are not used on the way back: dscores is spread evenly":
        #!     dscores @ W2 => dscores.sum(axis=1, keepdims=True) * np.ones_like(W2[:1])
        #! mistake "the derivative of tanh stands in place of the ReLU's mask":
        #!     (hidden > 0) => (1 - hidden**2)
        #! mistake "the gradient of the L2 term has the square of the weights":
        #!     reg * W1 => reg * W1**2
        #!     reg * W2 => reg * W2**2
        #! another way:
        #!     grads = {}
        #!     grads["W2"] = np.dot(dscores.T, hidden)
        #!     grads["b2"] = np.sum(dscores, axis=0)
        #!     dhidden = np.dot(dscores, W2)
        #!     dhidden[hidden <= 0] = 0
        #!     grads["W1"] = np.dot(dhidden.T, X)
        #!     grads["b1"] = np.sum(dhidden, axis=0)
        #!     grads["W2"] += reg * W2
        #!     grads["W1"] += reg * W1
        dhidden = (dscores @ W2) * (hidden > 0)
        grads = {
            "W1": dhidden.T @ X + reg * W1,
            "b1": dhidden.sum(axis=0),
            "W2": dscores.T @ hidden + reg * W2,
            "b2": dscores.sum(axis=0),
        }
        # ====== END YOUR CODE HERE ======
        if self.layout == "DH":
            grads = {name: grad.T for name, grad in grads.items()}
        return float(loss), grads

    def train(
        self,
        X: Array,
        y: Array,
        X_val: Array,
        y_val: Array,
        learning_rate: float = 1e-3,
        learning_rate_decay: float = 0.95,
        reg: float = 5e-6,
        num_iters: int = 100,
        batch_size: int = 200,
        verbose: bool = False,
    ) -> dict[str, list[float]]:
        """Stochastic gradient descent: draw a batch with replacement, step against the gradient.

        Once an epoch, after its first step, the accuracies are noted and the learning rate is multiplied by
        `learning_rate_decay`. A run that diverges to NaN or infinity stops early with a warning.

        Args:
            X, y: training examples (N, D) and labels (N,).
            X_val, y_val: validation examples and labels.
            learning_rate: length of a step relative to the gradient.
            learning_rate_decay: factor on the learning rate, once an epoch.
            reg: strength of the L2 regularisation.
            num_iters: number of steps.
            batch_size: examples in a batch.
            verbose: print the loss every 100 steps.

        Returns:
            loss_history: the loss of each batch before its step;
            train_acc_history: once an epoch, the accuracy on the current batch after its step;
            val_acc_history: once an epoch, the accuracy on the validation set.

        Raises:
            ValueError: shapes do not fit, a set or batch is empty, a label is outside 0..C-1, an input is not finite.
        """
        check_batch("X", X, ("N", self._weights()[0].shape[1]), f"W1 of shape {self.params['W1'].shape}")
        check_label_rows("y", y, "X", X.shape)
        check_batch("X_val", X_val, ("N", X.shape[1]), f"X of shape {X.shape}")
        check_label_rows("y_val", y_val, "X_val", X_val.shape)
        check_count("batch_size", batch_size)
        num_train = len(X)
        iterations_per_epoch = max(num_train // batch_size, 1)
        learning_rate, learning_rate_decay = float(learning_rate), float(learning_rate_decay)
        loss_history, train_acc_history, val_acc_history = [], [], []

        for it in range(num_iters):
            batch = np.random.choice(num_train, batch_size)
            X_batch, y_batch = X[batch], y[batch]
            try:
                loss, grads = self.loss(X_batch, y_batch, reg)
            except NotFiniteError:
                warnings.warn(
                    f"training diverged at iteration {it} of {num_iters}: lower learning_rate={learning_rate:g}",
                    RuntimeWarning,
                    stacklevel=2,
                )
                break
            loss_history.append(loss)

            # ===== START YOUR CODE HERE: update =====
            # TODO: one step of gradient descent on every array in self.params, with learning_rate and grads.
            #! mistake "only the first array is changed":
            #!     -= learning_rate * grad => -= learning_rate * grad; break
            #! mistake "the biases are left out":
            #!     -= learning_rate * grad => -= (learning_rate if name[0] == "W" else 0) * grad
            #! mistake "the weights are left out":
            #!     -= learning_rate * grad => -= (learning_rate if name[0] == "b" else 0) * grad
            #! mistake "the gradients are divided by the batch size once more":
            #!     -= learning_rate * grad => -= learning_rate * grad / batch_size
            #! mistake "the step replaces the parameters":
            #!     -= learning_rate * grad => = -learning_rate * grad
            #! mistake "the learning rate is multiplied by its decay in every step":
            #!     -= learning_rate * grad => -= learning_rate * learning_rate_decay * grad
            #! mistake "the learning rate is divided by the number of the step":
            #!     -= learning_rate * grad => -= learning_rate / (1 + it) * grad
            #! mistake "the learning rate is missing":
            #!     -= learning_rate * grad => -= grad
            #! mistake "the step goes along the gradient, not against it":
            #!     -= learning_rate * grad => += learning_rate * grad
            #! mistake "the arrays are not changed":
            #!     self.params[name] -= learning_rate * grad => pass
            #! mistake "the learning rate is multiplied in twice":
            #!     -= learning_rate * grad => -= learning_rate**2 * grad
            #! mistake "the L2 term is subtracted here too (weight decay)":
            #!     -= learning_rate * grad => -= learning_rate * (grad + reg * self.params[name])
            #! mistake "the sign of the gradient is taken, not the gradient":
            #!     -= learning_rate * grad => -= learning_rate * np.sign(grad)
            #! mistake "only W1 and b1 are changed":
            #!     -= learning_rate * grad => -= learning_rate * (name[1] == "1") * grad
            #! mistake "only W2 and b2 are changed":
            #!     -= learning_rate * grad => -= learning_rate * (name[1] == "2") * grad
            #! mistake "the mean of the gradient is taken, one number for the whole array":
            #!     learning_rate * grad => learning_rate * np.mean(grad)
            #! mistake "the learning rate is divided by, not multiplied":
            #!     learning_rate * grad => grad / learning_rate
            #! another way:
            #!     self.params["W1"] -= learning_rate * grads["W1"]
            #!     self.params["b1"] -= learning_rate * grads["b1"]
            #!     self.params["W2"] -= learning_rate * grads["W2"]
            #!     self.params["b2"] -= learning_rate * grads["b2"]
            for name, grad in grads.items():
                self.params[name] -= learning_rate * grad
            # ====== END YOUR CODE HERE ======

            if verbose and it % 100 == 0:
                print(f"iteration {it} / {num_iters}: loss {loss:f}")
            if it % iterations_per_epoch == 0:
                train_acc_history.append(float(np.mean(self.predict(X_batch) == y_batch)))
                val_acc_history.append(float(np.mean(self.predict(X_val) == y_val)))
                learning_rate *= learning_rate_decay

        return {
            "loss_history": loss_history,
            "train_acc_history": train_acc_history,
            "val_acc_history": val_acc_history,
        }

    def predict(self, X: Array) -> Array:
        """The class with the largest score.

        Args:
            X: (N, D) float, one row per example.

        Returns:
            (N,) int labels; of equal scores the first counts.

        Raises:
            ValueError: X does not fit the weights, is empty, or holds NaN or infinity.
        """
        # ===== START YOUR CODE HERE =====
        # TODO: y_pred (N,), the class of the largest score of each row; self.loss(X) gives the scores.
        #! mistake "the largest score itself is taken, not its class":
        #!     argmax(axis=1) => max(axis=1)
        #! mistake "the largest score is sought over the examples, not over the classes":
        #!     argmax(axis=1) => argmax(axis=0)
        #! mistake "the number of the largest score in the whole array is taken":
        #!     argmax(axis=1) => argmax()
        #! mistake "the class of the smallest score is taken":
        #!     argmax(axis=1) => argmin(axis=1)
        #! mistake "the classes are counted from 1":
        #!     argmax(axis=1) => argmax(axis=1) + 1
        y_pred = self.loss(X).argmax(axis=1)
        # ====== END YOUR CODE HERE ======
        return y_pred

    def _weights(self) -> tuple[Array, Array]:
        """W1 (H, D) and W2 (C, H), in whichever layout they are stored."""
        W1, W2 = self.params["W1"], self.params["W2"]
        return (W1, W2) if self.layout == "HD" else (W1.T, W2.T)
