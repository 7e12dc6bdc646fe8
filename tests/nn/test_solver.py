"""Does the Solver train, keep the best weights, stop, save and go on as it says?"""

import numpy as np
import pytest

from nn import optim
from nn.fc_net import FullyConnectedNet, TwoLayerNet
from nn.solver import Solver

RULES = ["sgd", "sgd_momentum", "rmsprop", "adam"]


@pytest.fixture(scope="module")
def data():
    """Four overlapping clouds in eight dimensions: learnable, not perfectly."""
    rng = np.random.default_rng(0)
    y = rng.integers(4, size=260)
    X = 1.5 * np.eye(8)[y] + rng.normal(size=(260, 8))
    return {"X_train": X[:200], "y_train": y[:200], "X_val": X[200:], "y_val": y[200:]}


def make_solver(data, update_rule="adam", normalization=None, num_epochs=6, **settings):
    np.random.seed(7)
    model = FullyConnectedNet(
        [10, 10], input_dim=8, num_classes=4, weight_scale=0.3, normalization=normalization, dropout_keep_ratio=0.8
    )
    settings = {"batch_size": 20, "verbose": False, "optim_config": {"learning_rate": 1e-2}} | settings
    return Solver(model, data, update_rule=update_rule, num_epochs=num_epochs, **settings)


@pytest.mark.parametrize("update_rule", RULES)
def test_histories(data, update_rule):
    """Is the loss kept for every step, and are the accuracies kept after the first step and every epoch?"""
    learning_rate = {"sgd": 0.3, "sgd_momentum": 0.05}.get(update_rule, 0.01)
    solver = make_solver(data, update_rule, optim_config={"learning_rate": learning_rate})
    solver.train()
    assert len(solver.loss_history) == 6 * 10
    assert len(solver.train_acc_history) == len(solver.val_acc_history) == 6 + 1
    assert solver.best_val_acc == max(solver.val_acc_history) > 0.4
    assert np.mean(solver.loss_history[-10:]) < np.mean(solver.loss_history[:10])
    assert all(value.dtype == np.float32 for value in solver.model.params.values())


@pytest.mark.parametrize(("batch_size", "steps"), [(200, 1), (300, 1), (30, 6), (1, 200)])
def test_steps_of_an_epoch(data, batch_size, steps):
    """Are there as many steps as whole batches in the data, and at least one?"""
    solver = make_solver(data, batch_size=batch_size, num_epochs=2)
    solver.train()
    assert len(solver.loss_history) == 2 * steps
    assert solver.epoch == 2


class Careless:
    """A model whose loss is NaN in its fourth step, though its scores are finite."""

    def __init__(self):
        self.params = {"w": np.ones(2)}
        self.steps = 0

    def loss(self, X, y=None):
        if y is None:
            return np.zeros((len(X), 4))
        self.steps += 1
        return (np.nan if self.steps == 4 else 1.0), {"w": np.ones(2)}


def test_a_loss_that_is_nan_stops_training(data):
    """Does a run end with a warning when the loss is NaN, whatever the model is?"""
    solver = Solver(Careless(), data, batch_size=20, verbose=False)
    with pytest.warns(RuntimeWarning, match="training diverged at iteration 3 of 100"):
        solver.train()
    assert solver.loss_history == [1.0] * 3


@pytest.mark.parametrize("print_every", [0, 7])
def test_losses_are_printed_as_often_as_asked(data, capsys, print_every):
    """Every so many steps, the first included; and never with 0?"""
    make_solver(data, num_epochs=2, verbose=True, print_every=print_every).train()
    lines = [line for line in capsys.readouterr().out.splitlines() if "(Iteration" in line]
    assert [int(line.split("(Iteration ")[1].split()[0]) for line in lines] == ([1, 8, 15] if print_every else [])


@pytest.mark.parametrize("normalization", [None, "batchnorm"])
def test_the_best_weights_are_restored(data, normalization):
    """Does the model end with the weights that were best on the validation set, though training went on?"""
    solver = make_solver(data, normalization=normalization, num_epochs=4)
    solver.train()
    best = solver.best_val_acc
    solver.num_epochs = 8
    for config in solver.optim_configs.values():
        config["learning_rate"] = 3.0
    solver.train()
    assert solver.val_acc_history[-1] < best == solver.best_val_acc
    assert solver.check_accuracy(data["X_val"], data["y_val"]) == best


def test_best_weights_survive_a_rule_that_works_in_place(data, monkeypatch):
    """Are the best weights a copy, and of equally good ones the first?"""

    def in_place(w, dw, config):
        w -= config["learning_rate"] * dw
        return w, config

    monkeypatch.setitem(optim.RULES, "in_place", in_place)
    never_right = data | {"y_val": np.full(60, 9)}
    params = []
    for num_epochs in (1, 4):
        solver = make_solver(never_right, "in_place", num_epochs=num_epochs, batch_size=200)
        solver.train()
        params.append(solver.model.params)
    assert solver.val_acc_history == [0.0] * 4
    for name, value in params[0].items():
        np.testing.assert_array_equal(params[1][name], value)


def test_it_steps_as_by_hand(data):
    """Are batches drawn from numpy's global stream, and does the rule keep a config for each parameter?"""
    np.random.seed(0)
    model = TwoLayerNet(input_dim=8, hidden_dim=5, num_classes=4, weight_scale=0.1)
    weights = {name: value.copy() for name, value in model.params.items()}
    solver = Solver(
        model, data, update_rule="sgd_momentum", optim_config={"learning_rate": 0.1}, lr_decay=0.5, num_epochs=2,
        batch_size=100, verbose=False,
    )  # fmt: skip
    np.random.seed(3)
    solver.train()

    by_hand = TwoLayerNet(input_dim=8, hidden_dim=5, num_classes=4)
    by_hand.params = weights
    configs = {name: {"learning_rate": 0.1} for name in weights}
    np.random.seed(3)
    losses = []
    for step in range(4):
        batch = np.random.choice(200, 100)
        loss, grads = by_hand.loss(data["X_train"][batch], data["y_train"][batch])
        losses.append(loss)
        for name in weights:
            by_hand.params[name], configs[name] = optim.sgd_momentum(by_hand.params[name], grads[name], configs[name])
        if step == 1:
            for config in configs.values():
                config["learning_rate"] *= 0.5
    assert solver.loss_history == losses


@pytest.mark.parametrize("update_rule", RULES)
@pytest.mark.parametrize("normalization", [None, "batchnorm", "layernorm"])
def test_a_checkpoint_goes_on_identically(data, tmp_path, update_rule, normalization):
    """Does a run that resumes in the middle end with the same histories and weights as one that never stopped?"""
    whole = make_solver(data, update_rule, normalization, lr_decay=0.9, num_train_samples=50)
    whole.train()

    interrupted = make_solver(
        data,
        update_rule,
        normalization,
        lr_decay=0.9,
        num_train_samples=50,
        checkpoint_name=tmp_path / "run",
        num_epochs=3,
    )
    interrupted.train()
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"run_epoch_{epoch}.npz" for epoch in (1, 2, 3)]

    resumed = make_solver(data, update_rule, normalization, lr_decay=0.9, num_train_samples=50)
    np.random.seed(99)
    resumed.resume(tmp_path / "run_epoch_2.npz")
    assert resumed.epoch == 2
    resumed.train()
    assert resumed.loss_history == whole.loss_history
    assert resumed.train_acc_history == whole.train_acc_history
    assert resumed.val_acc_history == whole.val_acc_history
    for name, value in whole.model.params.items():
        np.testing.assert_array_equal(resumed.model.params[name], value)
    for param, expected in zip(resumed.model.bn_params, whole.model.bn_params, strict=True):
        np.testing.assert_array_equal(param["running_mean"], expected["running_mean"])


def test_a_checkpoint_holds_no_pickle_and_only_fits_its_model(data, tmp_path):
    """Is a checkpoint plain arrays, and refused by a model with other parameters?"""
    solver = make_solver(data)
    solver.save_checkpoint(tmp_path / "start.npz")
    with np.load(tmp_path / "start.npz", allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files)
    other = make_solver(data, normalization="layernorm")
    with pytest.raises(ValueError, match=r"start.npz: received parameters \['W1', .*expected \['W1', .*'gamma1'"):
        other.resume(tmp_path / "start.npz")
    wider = Solver(FullyConnectedNet([11, 10], input_dim=8, num_classes=4), data)
    with pytest.raises(ValueError, match=r"W1: received shape \(8, 10\), expected \(8, 11\)"):
        wider.resume(tmp_path / "start.npz")


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value", "ignore:divide by zero")
def test_divergence_is_said_and_the_best_weights_stay(data):
    """Does a learning rate that is far too large end with a warning and finite weights?"""
    np.random.seed(0)
    model = TwoLayerNet(input_dim=8, hidden_dim=5, num_classes=4, weight_scale=0.1)
    solver = Solver(model, data, optim_config={"learning_rate": 1e200}, num_epochs=5, verbose=False)
    with pytest.warns(RuntimeWarning, match=r"training diverged at iteration \d+ of 10: lower the learning rate"):
        solver.train()
    assert all(np.isfinite(value).all() for value in model.params.values())


def test_check_accuracy_counts_in_batches(data):
    """Is the accuracy the same for every batch size, and a sample of the asked size drawn when there is more?"""
    solver = make_solver(data)
    X, y = data["X_train"], data["y_train"]
    expected = np.mean(solver.model.loss(X).argmax(axis=1) == y)
    for batch_size in (1, 7, 200, 1000):
        assert solver.check_accuracy(X, y, batch_size=batch_size) == pytest.approx(expected, abs=1e-12)
    assert solver.check_accuracy(X, y, num_samples=200) == expected
    assert solver.check_accuracy(X, y, num_samples=3) * 3 in (0, 1, 2, 3)


def test_verbose_shows_losses_accuracies_and_a_bar(data, capsys):
    """Is progress shown, on stdout only, and nothing when it is not wanted?"""
    make_solver(data, verbose=True, print_every=30, num_epochs=6).train()
    shown = capsys.readouterr()
    assert shown.out.count("(Iteration ") == 2
    assert shown.out.count("(Epoch ") == 7
    assert "60/60" in shown.out
    assert shown.err == ""
    make_solver(data).train()
    assert capsys.readouterr().out == ""


def test_settings_are_not_shared(data):
    """Does a Solver leave the dict of settings that it is given alone?"""
    config = {"learning_rate": 0.1}
    solver = make_solver(data, optim_config=config, lr_decay=0.5)
    solver.train()
    assert config == {"learning_rate": 0.1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X_val": np.ones((60, 9))}, r"X_val: .*\(60, 9\), expected \(N, 8\) to fit X_train of shape \(200, 8\)"),
        ({"y_train": np.zeros(3, int)}, r"y_train: received shape \(3,\), expected \(200,\) to fit X_train"),
        ({"X_train": np.ones((0, 8)), "y_train": np.zeros(0, int)}, r"X_train: .*\(0, 8\), an empty batch"),
        ({"X_train": np.full((200, 8), np.nan)}, r"X_train: received nan at \[0, 0\]"),
    ],
)  # fmt: skip
def test_bad_data_is_named(data, change, message):
    """Does the error name the array and both shapes before any training?"""
    with pytest.raises(ValueError, match=message):
        make_solver(data | change)


def test_unknown_rules_and_missing_data_are_named(data):
    """Does the error say what was given and what is expected?"""
    for name in ("sdg", "check_shape", "np", "_settings", "RULES"):
        with pytest.raises(ValueError, match=rf"update_rule: received '{name}', expected one of \['sgd', "):
            make_solver(data, update_rule=name)
    with pytest.raises(ValueError, match=r"update_rule: received <function adam .*expected one of \['sgd'"):
        make_solver(data, update_rule=optim.adam)
    with pytest.raises(ValueError, match="batch_size: received 0, expected a whole number >= 1"):
        make_solver(data, batch_size=0)
    with pytest.raises(ValueError, match=r"data: received \['X_train', 'X_val', 'y_train'\], expected also 'y_val'"):
        make_solver({name: value for name, value in data.items() if name != "y_val"})
    with pytest.raises(ValueError, match=r"y: received label 3 at .*expected 0 <= label < 3"):
        Solver(TwoLayerNet(8, 5, 3), data, verbose=False).train()
