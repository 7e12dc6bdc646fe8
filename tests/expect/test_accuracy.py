"""Accuracy of saved weights, at home and when graded."""

import io

import numpy as np
import pytest

from autograder import expect
from autograder.expect.verdict import judge


@pytest.fixture(autouse=True)
def nothing_loaded(monkeypatch):
    """No data set was loaded in this process yet."""
    monkeypatch.setattr("autograder.data.local._loaded", [])


@pytest.fixture
def data(rng):
    """1000 points in 10 dimensions and their class: the largest coordinate."""
    X = rng.standard_normal((1000, 10))
    return X, X.argmax(axis=1)


def predict(params, X):
    return (X @ params["W"]).argmax(axis=1)


def npz(**arrays) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


IDENTITY = {"best_net.npz": npz(W=np.eye(10))}


def labels_right(y, correct: int):
    """Labels of which exactly so many agree with identity weights' predictions."""
    wrong = y.copy()
    wrong[correct:] = (wrong[correct:] + 1) % 10
    return wrong


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "best_net.npz").write_bytes(npz(W=np.eye(10)))
    return tmp_path


@pytest.mark.parametrize(
    ("correct", "points", "outcome"),
    [
        (450, 20, "ok"),
        (1000, 20, "ok"),
        (449, 20, "19.1 of 20 points"),
        (240, 22, "1 of 22 points"),
        (449, None, "95 % of the points"),
    ],
)
def test_the_points_earned_are_printed(folder, data, capsys, correct, points, outcome):
    """Does the line say how many points were earned, and is there no bare number beneath it?"""
    X, y = data
    y = labels_right(y, correct)
    assert expect.accuracy("best_net.npz", predict, X, y, floor=0.23, full=0.45, points=points) is None
    assert capsys.readouterr().out == (
        f"best_net.npz   accuracy {correct / 10:.1f} % (0 at 23 %, full at 45 %)   {outcome}\n"
    )


def test_held_out_data_are_not_asked_for_at_home(folder, data):
    """Is held_out left to the trusted side?"""
    X, y = data
    expect.accuracy(folder / "best_net.npz", predict, X, y, floor=0.2, full=0.4, held_out=lambda: 1 / 0)


def test_held_out_data_in_place_of_a_function(folder, data):
    """Does a professor who gives the data themselves read which argument is meant, and what to give?"""
    X, y = data
    with pytest.raises(TypeError, match="held_out is a tuple of 2 items; give a function that gives X and y"):
        expect.accuracy("best_net.npz", predict, X, y, floor=0.2, full=0.4, held_out=(X, y))


def local_text(data, **options) -> str:
    X, y = data
    with pytest.raises(expect.Unmet) as caught:
        expect.accuracy("best_net.npz", options.pop("predict", predict), X, y, floor=0.23, full=0.45)
    return str(caught.value)


def test_an_accuracy_worth_nothing_fails(folder, data):
    """Is an accuracy below the curve a failure that says where credit begins?"""
    X, y = data
    assert local_text((X, labels_right(y, 239))) == "best_net.npz: accuracy 23.9 %; credit begins at 24 %."


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "there is no such file: the notebook should save it with np.savez"),
        (b"hello", "it is no .npz file, or is damaged"),
        (npz(W=np.full((10, 10), np.nan)), "W holds 100 values that are not finite: training diverged"),
        (npz(V=np.eye(10)), "predict failed on these weights: KeyError: 'W'"),
        (npz(W=np.eye(9)), "predict failed on these weights: ValueError"),
    ],
)
def test_weights_that_cannot_be_used(folder, data, content, says):
    """Does a missing or malformed file fail with its reason?"""
    path = folder / "best_net.npz"
    path.unlink() if content is None else path.write_bytes(content)
    assert says in local_text(data)


def test_a_predict_that_gives_no_labels(folder, data):
    """Are scores in place of labels found?"""
    text = local_text(data, predict=lambda params, X: X @ params["W"])
    assert "predict gave an array of float64, shape (1000, 10) for 1000 labels" in text


class TestGraded:
    """Judged from the submission's file, by the source's predict, on data that the student never had."""

    def grade(self, bench, data, files, *, held_out=None, student=lambda: expect.same(1)):
        X, y = data

        def source():
            expect.accuracy("best_net.npz", predict, X, y, floor=0.23, full=0.45, held_out=held_out)

        key = bench.key(source, IDENTITY.get).key
        return judge(key, bench.record(student).evidence, {"cell": "NameError: X_val"}, files.get)["cell"]

    def test_the_file_is_the_evidence(self, bench, data):
        """Do the weights count though the student's cell stopped, and whatever it recorded?"""
        verdict = self.grade(bench, data, {"best_net.npz": npz(W=2 * np.eye(10))})
        assert verdict.credit == 1
        assert verdict.lines == ("best_net.npz   accuracy 100.0 % (0 at 23 %, full at 45 %)   ok",)

    def test_a_missing_file_fails(self, bench, data):
        """Does a submission without the file get a clear message?"""
        verdict = self.grade(bench, data, {})
        assert verdict.credit == 0
        assert "there is no such file" in verdict.lines[1]

    def test_held_out_data_decide_with_slack(self, bench, data):
        """Is credit given on held-out data, two points added?"""
        X, y = data
        hidden = X, labels_right(y, 429)
        verdict = self.grade(bench, (X, labels_right(y, 430)), IDENTITY, held_out=lambda: hidden)
        assert verdict.credit == pytest.approx(21 / 22)
        assert verdict.lines == (
            "best_net.npz   accuracy 42.9 % on held-out data (0 at 23 %, full at 45 %, 2 added)   95 % of the points",
        )
        assert verdict.flags == ()

    @pytest.mark.parametrize(("known", "flagged"), [(520, False), (521, True), (1000, True)])
    def test_weights_that_know_their_data_are_flagged(self, bench, data, known, flagged):
        """Is an accuracy more than 8 points below that on the student's data shown to the instructor?"""
        X, y = data
        hidden = X, labels_right(y, 440)
        verdict = self.grade(bench, (X, labels_right(y, known)), IDENTITY, held_out=lambda: hidden)
        assert bool(verdict.flags) == flagged
        assert verdict.credit == 1

    @pytest.mark.parametrize(("judged", "flagged"), [(480, False), (481, True), (1000, True)])
    def test_weights_that_know_what_judges_them_are_flagged(self, bench, data, judged, flagged):
        """Is an accuracy on held-out data that is far above the one on the student's data shown to the instructor?"""
        X, y = data
        hidden = X, labels_right(y, judged)
        verdict = self.grade(bench, (X, labels_right(y, 400)), IDENTITY, held_out=lambda: hidden)
        assert ["trained on that?" in flag for flag in verdict.flags] == [True] * flagged

    def test_more_than_the_solution_reaches_is_flagged(self, bench, data):
        """And an accuracy that the solution's kind of net never reaches, on both?"""
        X, y = data
        weaker = np.eye(10)
        weaker[:, 5:] = 0.0

        def state():
            expect.accuracy("best_net.npz", predict, X, y, floor=0.23, full=0.45)

        key = bench.key(state, {"best_net.npz": npz(W=weaker)}.get).key
        files = {"best_net.npz": npz(W=np.eye(10))}
        (verdict,) = judge(key, {}, read_file=files.get).values()
        assert any("more accurate than the solution" in flag for flag in verdict.flags)

    @pytest.mark.parametrize(("named", "told"), [("cifar10", True), ("synthetic", False), (None, False)])
    def test_weights_of_other_data_are_called_that(self, bench, data, monkeypatch, named, told):
        """Does a student whose weights were trained on other data than what counts read so, beside the score?"""
        monkeypatch.setattr("autograder.expect.calls.loaded_data", lambda: ("synthetic",))
        X, y = data
        weights = npz(W=np.zeros((10, 10)), **({"trained_on": named} if named else {}))

        def state():
            expect.accuracy("best_net.npz", predict, X, y, floor=0.23, full=0.45)

        key = bench.key(state, IDENTITY.get).key
        (verdict,) = judge(key, {}, read_file={"best_net.npz": weights}.get).values()
        text = "\n".join(verdict.lines)
        assert ("best_net.npz was trained on cifar10, and synthetic is what counts here" in text) == told
        assert "% (synthetic)" in text

    def test_held_out_data_are_loaded_once(self, bench, data):
        """Is a class of submissions judged on one load of the data?"""
        X, y = data
        loads = []

        def held_out():
            loads.append(1)
            return X, y

        self.grade(bench, data, IDENTITY, held_out=held_out)
        assert loads == [1]

    @pytest.mark.parametrize(
        ("arrays", "says"),
        [
            ({"V": np.eye(10)}, "it lacks W"),
            ({"W": np.zeros((10, 10, 1))}, "W has shape (10, 10, 1), where one like (10, 10) is expected"),
            ({"W": np.zeros((10, 5000))}, "W has shape (10, 5000)"),
            ({"W": np.eye(9)}, "predict failed"),
        ],
    )
    def test_weights_of_another_net(self, bench, data, arrays, says):
        """Are arrays unlike the source's own refused before predict sees them?"""
        verdict = self.grade(bench, data, {"best_net.npz": npz(**arrays)})
        assert verdict.credit == 0
        assert says in verdict.lines[1]

    def test_more_arrays_than_needed(self, bench, data):
        """May a student save the settings beside the weights?"""
        verdict = self.grade(bench, data, {"best_net.npz": npz(W=np.eye(10), learning_rate=1e-3)})
        assert verdict.credit == 1


@pytest.mark.parametrize(("floor", "full"), [(0.5, 0.4), (0.3, 0.3), (-0.1, 0.4), (0.2, 1.5), (23, 45), (0.233, 0.45)])
def test_a_curve_that_makes_no_sense(folder, data, floor, full):
    """Is a curve outside 0 to 1, or not in whole per cent, an author's error?"""
    X, y = data
    with pytest.raises(ValueError, match="floor"):
        expect.accuracy("best_net.npz", predict, X, y, floor=floor, full=full)


def test_a_curve_in_half_per_cents(folder, data, capsys):
    """Can full credit begin at 97.5 %, and does 97.4 % then fall one of its 15 shares short?"""
    X, y = data
    np.savez(folder / "half.npz", W=np.eye(10))
    for correct, outcome in ((975, "ok"), (974, "93 % of the points")):
        labels = np.repeat([0, 1], [correct, 1000 - correct])
        expect.accuracy(
            "half.npz", lambda _, X: np.zeros(len(X)), np.zeros((1000, 1)), labels, floor=0.90, full=0.975, steps=200
        )
        assert outcome in capsys.readouterr().out
    with pytest.raises(ValueError, match=r"whole steps of 0\.5 %"):
        expect.accuracy("half.npz", predict, X, y, floor=0.9, full=0.974, steps=200)


class TestOtherArrays:
    """A net that is deeper, or less deep, than the solution's."""

    def deep(self, params, X):
        for name in sorted(params):
            X = X @ params[name]
        return X.argmax(axis=1)

    def grade(self, bench, data, arrays, **settings):
        X, y = data
        key = bench.key(
            lambda: expect.accuracy("best_net.npz", self.deep, X, y, floor=0.2, full=0.4, **settings),
            {"best_net.npz": npz(W1=np.eye(10), W2=np.eye(10))}.get,
        ).key
        files = {"best_net.npz": npz(**arrays)}
        evidence = bench.record(lambda: expect.accuracy("best_net.npz", None, X, y, floor=0.2, full=0.4)).evidence
        return judge(key, evidence, {}, files.get)["cell"]

    @pytest.mark.parametrize("names", [("W1",), ("W1", "W2", "W3")])
    def test_another_depth_is_judged_where_the_author_allows_it(self, bench, data, names):
        """Does predict get every array of the file, not only those that the solution has too?"""
        arrays = dict.fromkeys(names, np.eye(10))
        arrays[names[-1]] = np.eye(10)[:, ::-1] if len(names) == 3 else np.eye(10)
        assert self.grade(bench, data, arrays, other_arrays=True).credit == (0 if len(names) == 3 else 1)

    def test_otherwise_the_missing_array_is_named(self, bench, data):
        """Does a student read which array the file lacks?"""
        verdict = self.grade(bench, data, {"W1": np.eye(10)})
        assert verdict.credit == 0
        assert "it lacks W2: it should hold W1, W2" in "".join(verdict.lines)

    def test_sizes_are_limited_all_the_same(self, bench, data):
        """Can no array be so long that a product fills the memory?"""
        verdict = self.grade(bench, data, {"W1": np.eye(10), "W9": np.zeros((10, 5000))}, other_arrays=True)
        assert verdict.credit == 0
        assert "W9 has shape (10, 5000)" in "".join(verdict.lines)
