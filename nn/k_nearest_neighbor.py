"""k-nearest-neighbour classification with Euclidean distances."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nn.checks import Array, check_batch, check_count, check_label_rows


class KNearestNeighbor:
    """Remembers its training examples and lets the nearest ones vote.

    Source: Cover & Hart, Nearest Neighbor Pattern Classification (1967).
    """

    def train(self, X: Array, y: Array) -> None:
        """Remember the training examples.

        Args:
            X: (num_train, D), one row per example; integers (raw pixels) are turned into float64.
            y: (num_train,) int labels.

        Raises:
            ValueError: shapes do not fit, there are no examples, or X holds NaN or infinity.
            TypeError: `y` does not hold integers.
        """
        check_batch("X", X, ("num_train", "D"), "one row per example: X.reshape(len(X), -1)")
        check_label_rows("y", y, "X", np.shape(X))
        self.X_train = _as_float(X)
        self.y_train = np.asarray(y)

    def predict(self, X: Array, k: int = 1, num_loops: int = 0) -> Array:
        """Label test examples by the vote of their `k` nearest training examples.

        Args:
            X: (num_test, D) test examples.
            k: number of voters, 1 <= k <= num_train.
            num_loops: which of the three ways to compute the distances: 0, 1 or 2 loops.

        Returns:
            (num_test,) labels, in the dtype of the training labels.

        Raises:
            ValueError: X does not fit the training examples, k or num_loops is out of range.
        """
        ways = {
            0: self.compute_distances_no_loops,
            1: self.compute_distances_one_loop,
            2: self.compute_distances_two_loops,
        }
        if num_loops not in ways:
            raise ValueError(f"num_loops: received {num_loops}, expected 0, 1 or 2")
        return self.predict_labels(ways[num_loops](X), k=k)

    def compute_distances_two_loops(self, X: Array) -> Array:
        r"""Euclidean distances, one pair at a time.

        $d_{ij} = \lVert x_i - t_j \rVert_2$

        Args:
            X: (num_test, D) test examples.

        Returns:
            dists: (num_test, num_train), the distance of test example i to training example j; float32 if both
                sets are float32, else float64.

        Raises:
            ValueError: X does not fit the training examples, is empty, or holds NaN or infinity.
        """
        X, dists = self._prepare(X)
        for i in range(len(X)):
            for j in range(len(self.X_train)):
                # ===== START YOUR CODE HERE =====
                # TODO: dists[i, j], the distance of X[i] to self.X_train[j], without a further loop.
                #! mistake "it is a mean of squares, not their sum":
                #!     np.sum(difference**2) => np.mean(difference**2)
                #! mistake "magnitudes are added, not squares (L1)":
                #!     np.sqrt(np.sum(difference**2)) => np.sum(np.abs(difference))
                #! mistake "the root is taken before the sum":
                #!     np.sqrt(np.sum(difference**2)) => np.sum(np.sqrt(difference**2))
                #! mistake "the largest difference is taken, not the root of the sum of squares":
                #!     np.sqrt(np.sum(difference**2)) => np.max(np.abs(difference))
                #! mistake "the differences are added, not their squares":
                #!     np.sqrt(np.sum(difference**2)) => np.abs(np.sum(difference))
                #! mistake "the rows are added, not subtracted":
                #!     X[i] - self => X[i] + self
                #! mistake "the squares are subtracted, not the difference squared":
                #!     np.sum(difference**2) => np.abs(np.sum(X[i] ** 2 - self.X_train[j] ** 2))
                #! mistake "the distances are added up":
                #!     dists[i, j] = => dists[i, j] += dists[i, j - 1] +
                #! mistake "cubes and their cube root are taken, not squares":
                #!     np.sqrt(np.sum(difference**2)) => np.sum(np.abs(difference) ** 3) ** (1 / 3)
                #! mistake "only the first pixel is compared":
                #!     np.sqrt(np.sum(difference**2)) => np.abs(difference[0])
                #! mistake "it is the product of the rows, not the distance":
                #!     np.sqrt(np.sum(difference**2)) => X[i] @ self.X_train[j]
                difference = X[i] - self.X_train[j]
                dists[i, j] = np.sqrt(np.sum(difference**2))
                # ====== END YOUR CODE HERE ======
        return dists

    def compute_distances_one_loop(self, X: Array) -> Array:
        """Euclidean distances, one test example at a time.

        Arguments, result and errors are those of `compute_distances_two_loops`.
        """
        X, dists = self._prepare(X)
        for i in range(len(X)):
            # ===== START YOUR CODE HERE =====
            # TODO: dists[i], the distances of X[i] to all rows of self.X_train, without a further loop.
            #! mistake "the square root is missing":
            #!     np.sqrt(np.einsum => (np.einsum
            #! mistake "the sum runs over all training examples at once":
            #!     np.einsum("jd,jd->j", differences, differences) => np.sum(differences**2)
            #! mistake "the sum runs over the training examples (axis 0), not over the pixels":
            #!     np.einsum("jd,jd->j", differences, differences) => np.sum(differences**2, axis=0)[0]
            #! mistake "magnitudes are added, not squares (L1)":
            #!     np.sqrt(np.einsum("jd,jd->j", differences, differences)) => np.abs(differences).sum(1)
            #! mistake "the largest difference is taken, not the root of the sum of squares":
            #!     np.sqrt(np.einsum("jd,jd->j", differences, differences)) => np.abs(differences).max(axis=1)
            #! mistake "it is a mean of squares, not their sum":
            #!     np.einsum("jd,jd->j", differences, differences) => np.mean(differences**2, axis=1)
            #! mistake "the differences are added, not their squares":
            #!     np.sqrt(np.einsum("jd,jd->j", differences, differences)) => np.abs(differences.sum(axis=1))
            #! mistake "the root is taken before the sum":
            #!     np.sqrt(np.einsum("jd,jd->j", differences, differences)) => np.sqrt(differences**2).sum(axis=1)
            #! mistake "the differences are added without a root or squares":
            #!     np.sqrt(np.einsum("jd,jd->j", differences, differences)) => differences.sum(axis=1)
            #! mistake "only the first training example is compared":
            #!     self.X_train - X[i] => self.X_train[:1] - X[i]
            #!     np.einsum("jd,jd->j", differences, differences) => np.sum(differences**2)
            #! mistake "the rows are added, not subtracted":
            #!     self.X_train - X[i] => self.X_train + X[i]
            #! another way:
            #!     dists[i, :] = np.sqrt(np.sum((self.X_train - X[i]) ** 2, axis=1))
            differences = self.X_train - X[i]
            dists[i] = np.sqrt(np.einsum("jd,jd->j", differences, differences))
            # ====== END YOUR CODE HERE ======
        return dists

    def compute_distances_no_loops(self, X: Array) -> Array:
        """Euclidean distances by one matrix product, in little more memory than the result.

        Arguments, result and errors are those of `compute_distances_two_loops`.
        """
        X, dists = self._prepare(X)
        # ===== START YOUR CODE HERE =====
        # TODO: dists (num_test, num_train) without a loop: a matrix product and the squared lengths of the rows.
        # The squared distance of rows x and t is |x|^2 - 2 x.t + |t|^2.
        #! mistake "the product is added, not subtracted":
        #!     dists *= -2 => dists *= 2
        #! mistake "the squared lengths of the training examples are missing":
        #!     dists += np.einsum("jd,jd->j", self.X_train, self.X_train) => pass
        #! mistake "the squared lengths of the training examples are missing, and the absolute value is taken":
        #!     dists += np.einsum("jd,jd->j", self.X_train, self.X_train) => pass
        #!     np.maximum(dists, 0, out=dists) => np.abs(dists, out=dists)
        #! mistake "the squared lengths of the test examples are missing":
        #!     dists += np.einsum("id,id->i", X, X)[:, None] => pass
        #! mistake "the squared lengths of the test examples are missing, and the absolute value is taken":
        #!     dists += np.einsum("id,id->i", X, X)[:, None] => pass
        #!     np.maximum(dists, 0, out=dists) => np.abs(dists, out=dists)
        #! mistake "the factor 2 of the product is missing":
        #!     dists *= -2 => dists *= -1
        #! mistake "the square root is missing":
        #!     np.sqrt(dists, out=dists) => pass
        #! mistake "the squared lengths of both are missing":
        #!     dists += np.einsum("id,id->i", X, X)[:, None] => pass
        #!     dists += np.einsum("jd,jd->j", self.X_train, self.X_train) => pass
        #! mistake "the lengths of the rows are not squared":
        #!     np.einsum("id,id->i", X, X)[:, None] => np.linalg.norm(X, axis=1)[:, None]
        #!     np.einsum("jd,jd->j", self.X_train, self.X_train) => np.linalg.norm(self.X_train, axis=1)
        #! mistake "the product is left out":
        #!     dists *= -2 => dists *= 0
        #! mistake "all squares of X are added up, not those of each row":
        #!     np.einsum("id,id->i", X, X)[:, None] => np.sum(X**2)
        #! mistake "all squares of the training examples are added up, not those of each row":
        #!     np.einsum("jd,jd->j", self.X_train, self.X_train) => np.sum(self.X_train**2)
        #! mistake "the sums of the rows stand in place of their squared lengths":
        #!     np.einsum("id,id->i", X, X)[:, None] => X.sum(axis=1)[:, None]
        #!     np.einsum("jd,jd->j", self.X_train, self.X_train) => self.X_train.sum(axis=1)
        #! mistake "it is a mean of squares, not their sum":
        #!     np.sqrt(dists, out=dists) => dists /= X.shape[1]; np.sqrt(dists, out=dists)
        #! mistake "it is the cosine of the angle, not the distance":
        #!     np.sqrt(dists, out=dists) => dists[:] = X @ self.X_train.T / np.linalg.norm(X, axis=1)[:, None]; LENGTHS
        #!     LENGTHS => dists /= np.linalg.norm(self.X_train, axis=1)
        #! another way:
        #!     test = np.sum(X**2, axis=1)[:, None]
        #!     train = np.sum(self.X_train**2, axis=1)
        #!     dists = np.sqrt(np.maximum(test - 2 * X.dot(self.X_train.T) + train, 0))
        np.matmul(X, self.X_train.T, out=dists)
        dists *= -2
        dists += np.einsum("id,id->i", X, X)[:, None]
        dists += np.einsum("jd,jd->j", self.X_train, self.X_train)
        np.maximum(dists, 0, out=dists)  # rounding can leave a square of zero a little below it
        np.sqrt(dists, out=dists)
        # ====== END YOUR CODE HERE ======
        return dists

    def compute_distances(self, X: Array, norm: Callable[[Array], float] = np.linalg.norm) -> Array:
        """Distances by any norm, one pair at a time.

        Args:
            X: (num_test, D) test examples.
            norm: maps the difference of two examples (D,) to its length; by default the Euclidean one.

        Result and errors are those of `compute_distances_two_loops`.
        """
        X, dists = self._prepare(X)
        for i, x in enumerate(X):
            for j, t in enumerate(self.X_train):
                dists[i, j] = norm(x - t)
        return dists

    def compute_L2_distances_vectorized(self, X: Array) -> Array:
        """Another name of `compute_distances_no_loops`."""
        return self.compute_distances_no_loops(X)

    def predict_labels(self, dists: Array, k: int = 1) -> Array:
        """Majority vote of the `k` nearest training examples; of labels with equally many votes the smallest wins.

        Args:
            dists: (num_test, num_train) distances of test example i to training example j.
            k: number of voters, 1 <= k <= num_train; of equally near examples the first ones vote.

        Returns:
            (num_test,) labels, in the dtype of the training labels.

        Raises:
            ValueError: `dists` does not fit the training examples, is empty or holds NaN, or k is out of range.
        """
        num_train = len(self.X_train)
        check_batch("dists", dists, ("num_test", num_train), f"{num_train} training examples")
        check_count("k", k)
        if k > num_train:
            raise ValueError(f"k: received {k}, expected 1 <= k <= {num_train} to fit dists of shape {np.shape(dists)}")
        # ===== START YOUR CODE HERE =====
        # TODO: y_pred (num_test,), the commonest label among the k nearest; of equally common ones the smallest.
        #! mistake "the farthest examples are taken, not the nearest":
        #!     near[np.argsort(row[near], kind="stable")[:k]] => np.argsort(-row, kind="stable")[:k]
        #! mistake "of equally near examples the last comes first":
        #!     near[np.argsort(row[near], kind="stable")[:k]] => len(row) - 1 - np.argsort(row[::-1], kind="stable")[:k]
        #! mistake "only the nearest example counts, whatever `k` is":
        #!     codes[nearest] => codes[nearest[:, :1]]
        #! mistake "k - 1 neighbours vote":
        #!     codes[nearest] => codes[nearest[:, : max(k - 1, 1)]]
        #! mistake "k + 1 neighbours vote":
        #!     codes[nearest] => codes[np.argsort(dists, axis=1, kind="stable")[:, : k + 1]]
        #! mistake "of equally common labels the largest wins":
        #!     votes.argmax(axis=1) => len(classes) - 1 - votes[:, ::-1].argmax(axis=1)
        #! mistake "of equally common labels the nearest wins":
        #!     classes, codes = np.unique(self.y_train, return_inverse=True)
        #!     own = codes[np.argsort(dists, axis=1, kind="stable")[:, :k]]
        #!     votes = (own[:, :, None] == own[:, None, :]).sum(axis=2)
        #!     y_pred = classes[own[np.arange(len(own)), votes.argmax(axis=1)]]
        #! mistake "the mean of the labels is taken, not the commonest":
        #!     classes[votes.argmax(axis=1)] => np.rint(self.y_train[nearest].mean(axis=1)).astype(int)
        #! mistake "the mean of the labels is taken, not the commonest":
        #!     y_pred = classes[votes.argmax(axis=1)] => y_pred = self.y_train[nearest].mean(axis=1).astype(int)
        #! mistake "the median of the labels is taken, not the commonest":
        #!     y_pred = classes[votes.argmax(axis=1)] => y_pred = np.median(self.y_train[nearest], axis=1).astype(int)
        #! mistake "the numbers of the training examples are counted, not their labels":
        #!     y_pred = classes[votes.argmax(axis=1)] => y_pred = nearest.min(axis=1)
        #! mistake "the rarest label is taken, not the commonest":
        #!     votes.argmax(axis=1) => votes.argmin(axis=1)
        #! mistake "the label of the farthest of the k is taken, not the commonest":
        #!     y_pred = classes[votes.argmax(axis=1)] => y_pred = self.y_train[nearest[:, -1]]
        #! mistake "the smallest label among the k is taken, not the commonest":
        #!     y_pred = classes[votes.argmax(axis=1)] => y_pred = self.y_train[nearest].min(axis=1)
        #! mistake "the largest label among the k is taken, not the commonest":
        #!     y_pred = classes[votes.argmax(axis=1)] => y_pred = self.y_train[nearest].max(axis=1)
        #! mistake "the votes are weighted by 1 / distance":
        #!     np.arange(len(classes))) => np.arange(len(classes))) / np.take_along_axis(dists, nearest, 1)[:, :, None]
        #!     (codes[nearest] => ((codes[nearest]
        #!     .sum(axis=1) => ).sum(axis=1)
        #! mistake "all training examples vote, whatever `k` is":
        #!     codes[nearest] => codes[np.argsort(dists, axis=1)]
        #! mistake "the order of the labels is taken, not the order of the distances":
        #!     codes[nearest] => codes[: nearest.shape[1]][None].repeat(len(dists), 0)
        #! mistake "the nearest is left out, as if it were the example itself":
        #!     codes[nearest] => codes[np.argsort(dists, axis=1, kind="stable")[:, 1 : k + 1]]
        #! mistake "the number of votes is returned, not the label":
        #!     y_pred = classes[votes.argmax(axis=1)] => y_pred = votes.max(axis=1)
        #! mistake "only the examples that are nearer than the k-th vote":
        #!     codes[nearest] => codes[nearest[:, : max(k - 1, 1)]]
        #! another way:
        #!     y_pred = np.zeros(len(dists), dtype=self.y_train.dtype)
        #!     for i in range(len(dists)):
        #!         order = np.argsort(dists[i], kind="stable")
        #!         labels, counts = np.unique(self.y_train[order[:k]], return_counts=True)
        #!         y_pred[i] = labels[np.argmax(counts)]
        classes, codes = np.unique(self.y_train, return_inverse=True)
        nearest = np.empty((len(dists), k), int)
        for i, row in enumerate(dists):
            near = np.flatnonzero(row <= np.partition(row, k - 1)[k - 1])  # k, or more that are equally near
            nearest[i] = near[np.argsort(row[near], kind="stable")[:k]]
        votes = (codes[nearest][:, :, None] == np.arange(len(classes))).sum(axis=1)
        y_pred = classes[votes.argmax(axis=1)]
        # ====== END YOUR CODE HERE ======
        return y_pred

    def _prepare(self, X: Array) -> tuple[Array, Array]:
        """The test examples as floats, and an empty distance matrix for them."""
        check_batch("X", X, ("num_test", self.X_train.shape[1]), f"training examples of shape {self.X_train.shape}")
        X = _as_float(X)
        dtype = np.result_type(X, self.X_train)
        return X.astype(dtype, copy=False), np.zeros((len(X), len(self.X_train)), dtype)


def _as_float(X: Array) -> Array:
    """Floats as they are, anything else as float64: differences of unsigned pixels would wrap around."""
    X = np.asarray(X)
    return X if np.issubdtype(X.dtype, np.floating) else X.astype(np.float64)


KNN = KNearestNeighbor
"""The class by the name that it has in C147."""
