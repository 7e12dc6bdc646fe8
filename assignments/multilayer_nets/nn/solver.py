"""Train any model that has `params` and `loss`, with any update rule."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from tqdm import tqdm

from nn import optim
from nn.checks import Array, NotFiniteError, check_batch, check_count, check_finite, check_label_rows, check_shape
from nn.saving import save_arrays


class Model(Protocol):
    """What a Solver trains. A model may also have `bn_params`, a list of dicts with running statistics."""

    params: dict[str, Array]

    def loss(self, X: Array, y: Array | None = None) -> Any:
        """Scores (N, C) without y; the loss and a dict of gradients with y."""


class Solver:
    """Stochastic gradient descent in epochs.

    After `train()` the model holds the parameters that were best on the validation set (so it need not fit the training
    set as well as the last ones did), and the solver holds

        loss_history        the loss of every batch before its step
        train_acc_history   accuracy on `num_train_samples` training examples: after the first step and every epoch
        val_acc_history     accuracy on the validation set at the same moments
        best_val_acc        the largest of these
    """

    def __init__(
        self,
        model: Model,
        data: Mapping[str, Array],
        *,
        update_rule: str = "sgd",
        optim_config: Mapping[str, float] | None = None,
        lr_decay: float = 1.0,
        batch_size: int = 100,
        num_epochs: int = 10,
        num_train_samples: int | None = 1000,
        num_val_samples: int | None = None,
        checkpoint_name: str | Path | None = None,
        print_every: int = 10,
        verbose: bool = True,
    ):
        """Set up a training run; nothing is computed yet.

        Args:
            model: has `params` and `loss(X, y)`.
            data: X_train, y_train, X_val, y_val.
            update_rule: name of an update rule, one of `nn.optim.RULES`.
            optim_config: its settings, such as learning_rate.
            lr_decay: factor on the learning rate after every epoch.
            batch_size: examples in a batch, drawn with replacement.
            num_epochs: how often to go through as many examples as there are.
            num_train_samples: how many random training examples to measure the accuracy on; None for all.
            num_val_samples: the same for the validation set.
            checkpoint_name: after every epoch, write `<checkpoint_name>_epoch_<n>.npz`, from which `resume` goes on.
            print_every: print the loss every so many steps; 0 for never.
            verbose: show the progress bar and print losses and accuracies.

        Raises:
            ValueError: unknown update rule, missing data, shapes that do not fit, NaN, an empty set or batch.
        """
        if update_rule not in optim.RULES:
            raise ValueError(f"update_rule: received {update_rule!r}, expected one of {list(optim.RULES)}")
        check_count("batch_size", batch_size)
        self.model = model
        self.X_train, self.y_train = _split(data, "train")
        self.X_val, self.y_val = _split(data, "val")
        check_shape("X_val", self.X_val, ("N", *self.X_train.shape[1:]), f"X_train of shape {self.X_train.shape}")
        self.update_rule = optim.RULES[update_rule]
        self.lr_decay = float(lr_decay)
        self.batch_size = batch_size
        self.num_epochs = num_epochs
        self.num_train_samples = num_train_samples
        self.num_val_samples = num_val_samples
        self.checkpoint_name = checkpoint_name
        self.print_every = print_every
        self.verbose = verbose

        self.iteration = 0
        self.epoch = 0
        self.loss_history: list[float] = []
        self.train_acc_history: list[float] = []
        self.val_acc_history: list[float] = []
        self.best_val_acc = -1.0
        self.best_params = _copies(model.params)
        self.best_bn_params = [dict(p) for p in _bn_params(model)]
        self.optim_configs = {name: dict(optim_config or {}) for name in model.params}

    def train(self) -> None:
        """Train for `num_epochs`, or from where `resume` left off to there, then restore the best parameters.

        A run that diverges to NaN or infinity stops early with a warning.
        """
        iterations_per_epoch = max(len(self.X_train) // self.batch_size, 1)
        num_iterations = self.num_epochs * iterations_per_epoch
        with tqdm(
            total=num_iterations,
            initial=self.iteration,
            disable=not self.verbose,
            file=sys.stdout,
            unit="step",
            ncols=100,
        ) as bar:
            try:
                while self.iteration < num_iterations:
                    self._step()
                    bar.update()
                    if self.verbose and self.print_every and (self.iteration - 1) % self.print_every == 0:
                        bar.write(f"(Iteration {self.iteration} / {num_iterations}) loss: {self.loss_history[-1]:f}")
                    epoch_ends = self.iteration % iterations_per_epoch == 0
                    if epoch_ends:
                        self._end_epoch()
                    if epoch_ends or self.iteration == 1:
                        self._measure(bar)
                    if epoch_ends and self.checkpoint_name is not None:
                        self.save_checkpoint(f"{self.checkpoint_name}_epoch_{self.epoch}.npz")
            except NotFiniteError:
                warnings.warn(
                    f"training diverged at iteration {self.iteration} of {num_iterations}: lower the learning rate",
                    RuntimeWarning,
                    stacklevel=2,
                )
        self.model.params.update(_copies(self.best_params))
        for param, best in zip(_bn_params(self.model), self.best_bn_params, strict=True):
            param.update(best)

    def check_accuracy(self, X: Array, y: Array, num_samples: int | None = None, batch_size: int = 100) -> float:
        """Share of examples whose largest score is that of their label.

        Args:
            X: (N, d_1, ..., d_k) examples.
            y: (N,) labels.
            num_samples: measure on so many random examples only, if there are more.
            batch_size: how many to compute at a time.

        Returns:
            a float from 0 to 1.

        Raises:
            ValueError: shapes do not fit, N is 0, or X holds NaN or infinity.
        """
        check_batch("X", X)
        check_label_rows("y", y, "X", X.shape)
        if num_samples is not None and len(X) > num_samples:
            rows = np.random.choice(len(X), num_samples)
            X, y = X[rows], y[rows]
        correct = 0
        for start in range(0, len(X), batch_size):
            scores = self.model.loss(X[start : start + batch_size])
            correct += int(np.count_nonzero(scores.argmax(axis=1) == y[start : start + batch_size]))
        return correct / len(X)

    def save_checkpoint(self, path: str | Path) -> None:
        """Write all that `resume` needs, the state of numpy's random stream included, as one .npz file without pickles.

        The file appears under its name only when it is complete.
        """
        arrays: dict[str, Array] = {}
        settings: dict[str, dict] = {"optim": {}, "bn": {}, "best_bn": {}}
        for name, value in self.model.params.items():
            arrays[f"params/{name}"] = value
            arrays[f"best_params/{name}"] = self.best_params[name]
        groups = {
            "optim": self.optim_configs,
            "bn": dict(enumerate(_bn_params(self.model))),
            "best_bn": dict(enumerate(self.best_bn_params)),
        }
        for group, members in groups.items():
            for member, config in members.items():
                settings[group][str(member)] = {k: v for k, v in config.items() if not isinstance(v, np.ndarray)}
                arrays |= {f"{group}/{member}/{k}": v for k, v in config.items() if isinstance(v, np.ndarray)}
        _, keys, *position = np.random.get_state()
        arrays["random"] = keys
        state = {name: getattr(self, name) for name in _STATE}
        arrays["state"] = np.array(json.dumps({"solver": state, "settings": settings, "random": position}))

        save_arrays(path, arrays)

    def resume(self, path: str | Path) -> None:
        """Go back to a checkpoint: the next `train()` goes on as if it had never stopped.

        The solver must be set up like the one that wrote the checkpoint. numpy's random stream is set as well.

        Raises:
            ValueError: the checkpoint belongs to a model with other parameters.
            FileNotFoundError: there is no such file.
        """
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        saved = json.loads(str(arrays.pop("state")))
        keys = arrays.pop("random")
        names = {name.removeprefix("params/") for name in arrays if name.startswith("params/")}
        if names != set(self.model.params):
            raise ValueError(f"{path}: received parameters {sorted(names)}, expected {sorted(self.model.params)}")
        for name, value in self.model.params.items():
            check_shape(f"{path}: {name}", arrays[f"params/{name}"], value.shape, f"the model's {name}")

        for name in names:
            self.model.params[name] = arrays[f"params/{name}"]
            self.best_params[name] = arrays[f"best_params/{name}"]
            self.optim_configs[name] = _member("optim", name, saved["settings"], arrays)
        for i, param in enumerate(_bn_params(self.model)):
            param.update(_member("bn", str(i), saved["settings"], arrays))
            self.best_bn_params[i] = _member("best_bn", str(i), saved["settings"], arrays)
        for name, value in saved["solver"].items():
            setattr(self, name, value)
        np.random.set_state(("MT19937", keys, *saved["random"]))

    def _step(self) -> None:
        """One batch, one step of the update rule for every parameter."""
        batch = np.random.choice(len(self.X_train), self.batch_size)
        loss, grads = self.model.loss(self.X_train[batch], self.y_train[batch])
        check_finite("loss", loss)
        self.loss_history.append(float(loss))
        for name, w in self.model.params.items():
            self.model.params[name], self.optim_configs[name] = optim.in_blocks(
                self.update_rule, w, grads[name], self.optim_configs[name]
            )
        self.iteration += 1

    def _end_epoch(self) -> None:
        self.epoch += 1
        for config in self.optim_configs.values():
            config["learning_rate"] *= self.lr_decay

    def _measure(self, bar: tqdm) -> None:
        """Note both accuracies, and the parameters if they are the best so far."""
        train_acc = self.check_accuracy(self.X_train, self.y_train, self.num_train_samples)
        val_acc = self.check_accuracy(self.X_val, self.y_val, self.num_val_samples)
        self.train_acc_history.append(train_acc)
        self.val_acc_history.append(val_acc)
        if self.verbose:
            bar.write(f"(Epoch {self.epoch} / {self.num_epochs}) train acc: {train_acc:f}; val_acc: {val_acc:f}")
        if val_acc > self.best_val_acc:
            self.best_val_acc = val_acc
            self.best_params = _copies(self.model.params)
            self.best_bn_params = [dict(p) for p in _bn_params(self.model)]


_STATE = ("iteration", "epoch", "loss_history", "train_acc_history", "val_acc_history", "best_val_acc")


def _split(data: Mapping[str, Array], part: str) -> tuple[Array, Array]:
    for name in (f"X_{part}", f"y_{part}"):
        if name not in data:
            raise ValueError(f"data: received {sorted(data)}, expected also {name!r}")
    X, y = data[f"X_{part}"], data[f"y_{part}"]
    check_batch(f"X_{part}", X)
    check_label_rows(f"y_{part}", y, f"X_{part}", X.shape)
    return X, y


def _copies(params: Mapping[str, Array]) -> dict[str, Array]:
    return {name: value.copy() for name, value in params.items()}


def _bn_params(model: Model) -> list[dict]:
    return getattr(model, "bn_params", [])


def _member(group: str, member: str, settings: dict, arrays: dict[str, Array]) -> dict:
    prefix = f"{group}/{member}/"
    remembered = {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}
    return settings[group][member] | remembered
