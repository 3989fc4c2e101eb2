"""What falls if a part is covered, against models whose parts are known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.data import data_for, ragged
from helpers.estimators import labels_for, make
from sksequence import GRUClassifier
from sksequence.datasets import make_order
from sksequence.inspection import OcclusionDisplay, occlusion_importance
from sksequence.inspection._occluding import windows_of
from sksequence.preprocessing import StepwiseTransformer

X = ragged((9, 4, 7, 12))
WEIGHTS = np.array([2.0, -1.0])


class Weighing(RegressorMixin, BaseEstimator):
    """A weighted sum of all values, from which each part can be told."""

    def __init__(self, outputs=1, data_format="channels_last"):
        self.outputs = outputs
        self.data_format = data_format

    def fit(self, X=None, y=None):
        self.fitted_ = True
        return self

    def predict(self, X):
        axis = 0 if self.data_format == "channels_last" else 1
        sums = [
            (np.reshape(x, (len(x), -1)).sum(axis=axis) * WEIGHTS[: np.ndim(x)]).sum()
            for x in X
        ]
        return np.outer(sums, np.arange(1, self.outputs + 1)).squeeze(
            1 if self.outputs == 1 else ()
        )


class Choosing(ClassifierMixin, BaseEstimator):
    """The probability of the second class is the mean of the first channel."""

    def fit(self, X=None, y=None):
        self.classes_ = np.array(["no", "yes"])
        return self

    def predict_proba(self, X):
        share = np.array([x[:, 0].mean() for x in X])
        return np.column_stack([1 - share, share])


def joined(X):
    return np.concatenate(X).mean(axis=0)


# --------------------------------------------------------------------------------- values


def test_of_a_weighted_sum_each_value_falls_by_its_part():
    got = occlusion_importance(Weighing().fit(), X, window=1)
    assert isinstance(got, list)
    for own, x in zip(got, X, strict=True):
        np.testing.assert_allclose(own, WEIGHTS * (x - joined(X)), atol=1e-12)


@pytest.mark.parametrize("fill", ["zero", 0.5, [1.0, 2.0]])
def test_what_covers_may_be_chosen(fill):
    values = np.zeros(2) if fill == "zero" else np.broadcast_to(fill, 2)
    (own,) = occlusion_importance(Weighing().fit(), X[:1], window=1, fill=fill)
    np.testing.assert_allclose(own, WEIGHTS * (X[0] - values), atol=1e-12)


def test_windows_are_covered_together_and_averaged_over():
    (own,) = occlusion_importance(Weighing().fit(), X[:1], window=4, fill="zero")
    falls = {(p.start, p.stop): WEIGHTS * X[0][p].sum(axis=0) for p in windows_of(9, 4)}
    assert list(falls) == [(0, 4), (2, 6), (4, 8), (5, 9)]
    for t in range(9):
        mine = [fall for (begin, end), fall in falls.items() if begin <= t < end]
        np.testing.assert_allclose(own[t], np.mean(mine, axis=0), atol=1e-12)


@pytest.mark.parametrize("n_steps", range(1, 12))
@pytest.mark.parametrize("window", range(1, 13))
def test_windows_cover_every_step(n_steps, window):
    parts = windows_of(n_steps, window)
    covered = np.zeros(n_steps, dtype=int)
    for part in parts:
        covered[part] += 1
    assert (covered >= 1).all()
    assert {part.stop - part.start for part in parts} == {min(n_steps, window)}
    assert parts[0].start == 0
    assert parts[-1].stop == n_steps


def test_importance_has_the_form_of_X():
    block = np.stack([x[:4] for x in X])
    got = occlusion_importance(Weighing().fit(), block, window=1, fill="zero")
    np.testing.assert_allclose(got, WEIGHTS * block, atol=1e-12)
    rows = block[:, :, 0]
    got = occlusion_importance(Weighing().fit(), rows, window=1, fill="zero")
    np.testing.assert_allclose(got, 2 * rows, atol=1e-12)
    turned = Weighing(data_format="channels_first").fit()
    got = occlusion_importance(turned, block.swapaxes(1, 2), window=1, fill="zero")
    np.testing.assert_allclose(got, (WEIGHTS * block).swapaxes(1, 2), atol=1e-12)


def test_X_is_left_as_it_is():
    before = [x.copy() for x in X]
    occlusion_importance(Weighing().fit(), X)
    for x, old in zip(X, before, strict=True):
        np.testing.assert_array_equal(x, old)


def test_of_a_classifier_the_predicted_class_is_meant_or_a_given_one():
    shares = [np.array([[0.9, 5.0], [0.7, 5.0]]), np.array([[0.1, 5.0], [0.0, 5.0]])]
    model = Choosing().fit()
    options = {"window": 1, "fill": "zero"}
    yes, no = occlusion_importance(model, shares, **options)
    np.testing.assert_allclose(yes, [[0.45, 0], [0.35, 0]], atol=1e-12)
    np.testing.assert_allclose(no, [[-0.05, 0], [0, 0]], atol=1e-12)
    _, of_yes = occlusion_importance(model, shares, target="yes", **options)
    np.testing.assert_allclose(of_yes, -no, atol=1e-12)


def test_of_several_outputs_the_norm_is_meant_or_a_given_one():
    model, x = Weighing(outputs=3).fit(), X[:1]
    (norm,) = occlusion_importance(model, x, window=1, fill="zero")
    one = WEIGHTS * X[0]
    np.testing.assert_allclose(norm, np.abs(one) * np.sqrt(14), atol=1e-12)
    (second,) = occlusion_importance(model, x, window=1, fill="zero", target=1)
    np.testing.assert_allclose(second, 2 * one, atol=1e-12)


def test_tokens_are_covered_by_the_unknown_one():
    rng = np.random.default_rng(0)
    ids = [rng.integers(1, 5, n) for n in (6, 4, 9, 5)]
    model = make("GRUClassifier", embedding_dim=3).fit(ids, [0, 1, 0, 1])
    got = occlusion_importance(model, ids, window=1)
    proba = model.predict_proba(ids)
    for x, own, before in zip(ids, got, proba, strict=True):
        for t in range(len(x)):
            covered = x.copy()
            covered[t] = 0
            after = model.predict_proba([covered])[0]
            best = before.argmax()
            assert own[t] == pytest.approx(before[best] - after[best], abs=1e-7)


def test_events_are_found_where_they_are():
    data, y = make_order(500, 20, random_state=0)
    gru = GRUClassifier(pooling="last", lr=0.01, max_epochs=20, random_state=0)
    gru.fit(data, y)
    importance = occlusion_importance(gru, data[:40], window=1)
    events = data[:40].argmax(axis=1)  # (n, channel)
    found = [
        own[events[i], [0, 1]].max() == own.max() for i, own in enumerate(importance)
    ]
    assert np.mean(found) > 0.9


def test_any_estimator_of_sequences_will_do():
    y = labels_for("GRUClassifier", len(X))
    pipeline = make_pipeline(
        StepwiseTransformer(StandardScaler()), make("GRUClassifier")
    ).fit(X, y)
    assert [i.shape for i in occlusion_importance(pipeline, X)] == [x.shape for x in X]
    detector = make("RecurrentDetector").fit(X)
    got = occlusion_importance(detector, X, window=1, fill=3.0)
    covered = X[0].copy()
    covered[2, 1] = 3.0
    before, after = detector.score_samples([X[0], covered])
    assert got[0][2, 1] == pytest.approx(before - after, abs=1e-5)


# ---------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"X": ["abc"]}, TypeError, r"no text.*model\[:-1\]\.transform"),
        ({"X": []}, TypeError, "at least one sequence"),
        ({"X": {"a": X[0]}}, TypeError, "got dict"),
        ({"X": np.ones((2, 3, 4, 4))}, TypeError, "no text, static covariates or frames"),
        ({"X": X, "window": 0}, ValueError, "window must be from 1 to 12 steps, got 0"),
        ({"X": X, "window": 13}, ValueError, "window must be from 1 to 12 steps, got 13"),
        ({"X": X, "window": True}, ValueError, "window must be from 1 to 12"),
        ({"X": X, "fill": "median"}, ValueError, 'fill must be "mean", "zero"'),
        (
            {"X": X, "fill": [1, 2, 3]},
            ValueError,
            r"each of 2 channels, got shape \(3,\)",
        ),
        ({"X": X, "target": 1}, ValueError, "number of an output, of 1, got 1"),
        ({"X": X, "target": "a"}, ValueError, "number of an output, got 'a'"),
    ],
)
def test_what_cannot_be_covered_is_refused(given, error, message):
    with pytest.raises(error, match=message):
        occlusion_importance(Weighing().fit(), **given)


def test_a_class_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"class among .*, got 'maybe'"):
        occlusion_importance(Choosing().fit(), X, target="maybe")


def test_answers_for_steps_are_refused():
    given, y = data_for("RecurrentTagger", X, None)
    with pytest.raises(ValueError, match="one answer for each sequence, got Recurrent"):
        occlusion_importance(make("RecurrentTagger").fit(given, y), X)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"importance": np.ones((2, 2, 2))}, r"got shape \(2, 2, 2\)"),
        ({"importance": np.ones(3), "series": np.ones(4)}, r"\(3, 1\), got \(4, 1\)"),
        ({"importance": np.ones((3, 2)), "channel_names": "a"}, "must be 2 names, got 1"),
    ],
)
def test_a_display_of_shapes_that_do_not_match_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        OcclusionDisplay.from_predictions(**given)


# ------------------------------------------------------------------------------ pictures


def test_the_picture_has_a_row_for_each_channel(pictures):
    _, ax = pictures.subplots()
    display = OcclusionDisplay.from_estimator(
        Weighing().fit(), X, sequence=1, window=1, channel_names=["up", "down"], ax=ax
    )
    expected = occlusion_importance(Weighing().fit(), X, window=1)[1]
    np.testing.assert_allclose(display.image_.get_array(), expected.T)
    assert display.ax_ is ax
    low, high = display.image_.get_clim()
    assert low == -high == -np.abs(expected).max()
    assert [t.get_text() for t in ax.get_yticklabels()] == ["up", "down"]
    # Each channel is drawn upwards within its row.
    for row, line in enumerate(display.lines_):
        heights = line.get_ydata()
        assert (np.abs(heights - row) <= 0.4).all()
        assert heights.argmin() == X[1][:, row].argmax()
