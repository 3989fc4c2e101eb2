"""Anomalies: the error of what was to come, or of what comes back from a code."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import norm
from sklearn.cluster import KMeans
from sklearn.linear_model import LinearRegression
from sklearn.metrics import adjusted_rand_score, roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import sksequence
from helpers.data import objects, ragged
from helpers.estimators import make
from sksequence.utils import check_sequence_estimator

NAME = "RecurrentDetector"
OBJECTIVES = ["predict", "reconstruct"]
LEARNS = {"hidden_size": 24, "lr": 0.02, "max_epochs": 40, "cell": "gru"}
# The way through a code takes longer.
TIMES = {"predict": 1, "reconstruct": 2}
BRANCH = {"parallel_channels": (3,), "parallel_kernel_size": 3}
every_objective = pytest.mark.parametrize("objective", OBJECTIVES)


def waves(n=60, seed=0, noise=0.1):
    """Sine waves of any phase, of 40 to 60 steps, beside their noisy squares."""
    rng = np.random.default_rng(seed)
    found = []
    for length in rng.integers(40, 60, n):
        wave = np.sin(0.5 * np.arange(length) + rng.uniform(0, 2 * np.pi))
        pair = np.column_stack([wave, wave**2])
        found.append(pair + rng.normal(scale=noise, size=pair.shape))
    return found


def broken(X, seed=1):
    """Copies with eight steps that repeat one value, and which steps these are."""
    rng = np.random.default_rng(seed)
    copies, marks = [], []
    for x in X:
        copy, mark = x.copy(), np.zeros(len(x), dtype=bool)
        begin = rng.integers(10, len(x) - 10)
        copy[begin : begin + 8, 0] = x[begin, 0] + 0.8
        mark[begin : begin + 8] = True
        copies.append(copy)
        marks.append(mark)
    return copies, marks


@pytest.fixture(scope="module")
def watchers():
    X = waves()
    return {
        objective: make(NAME, objective=objective, noise="gaussian", **LEARNS)
        .set_params(max_epochs=40 * times)
        .fit(X)
        for objective, times in TIMES.items()
    }


def raw_outputs(model, X):
    """Mean and deviation of the network for one sequence, by torch and the formulas."""
    reading, target = model._reading, model._target
    steps = torch.from_numpy(((X - reading.mean) / reading.scale).astype(np.float32))
    with torch.no_grad():
        raw = model.net_.module_.eval()(steps[None])[0].double().numpy()
    if model.noise == "constant":
        return raw * target.scale + target.mean, np.broadcast_to(target.scale, raw.shape)
    location, spread = raw.reshape(len(X), -1, 2).transpose(2, 0, 1)
    deviation = 1e-4 + np.logaddexp(spread, 0) / np.log(2)
    return location * target.scale + target.mean, deviation * target.scale


# ---------------------------------------------------------------------- what scores are


@pytest.mark.parametrize("noise", ["constant", "gaussian"])
@every_objective
def test_scores_are_errors_in_usual_deviations(objective, noise):
    X = waves(20)
    model = make(NAME, objective=objective, noise=noise).fit(X)
    errors = []
    for x in X:
        mean, deviation = raw_outputs(model, x)
        if objective == "predict":
            usual = np.concatenate(X)
            later = np.concatenate([x[1:] for x in X])
            np.testing.assert_allclose(model._target.usual_mean, later.mean(axis=0))
            assert len(usual) > len(later)
            mean = np.concatenate([later.mean(axis=0)[None], mean[:-1]])
            deviation = np.concatenate([later.std(axis=0)[None], deviation[:-1]])
        errors.append((x - mean) / deviation)
    first = int(objective == "predict")
    every = np.concatenate([error[first:] for error in errors])
    spread = np.sqrt((every**2).mean(axis=0))
    found = model.score_steps(X)
    for i, error in enumerate(errors):
        error[first:] /= spread
        expected = -np.sqrt((error**2).mean(axis=1))
        np.testing.assert_allclose(found[i], expected, rtol=1e-4)
        whole = -np.sqrt((expected**2).mean())
        np.testing.assert_allclose(model.score_samples([x := X[i]]), whole, rtol=1e-4)
        assert len(found[i]) == len(x)


def test_the_worst_step_may_be_the_score_of_a_sequence():
    X = waves(20)
    model = make(NAME, score_reduction="min").fit(X)
    expected = [steps.min() for steps in model.score_steps(X)]
    np.testing.assert_array_equal(model.score_samples(X), expected)


def test_the_score_for_searches_is_the_log_likelihood():
    X = waves(12)
    model = make(NAME, objective="reconstruct").fit(X)
    found = []
    for x in X:
        mean, deviation = raw_outputs(model, x)
        found.append(norm(mean, deviation * model._target.spread).logpdf(x).mean(axis=1))
    assert model.score(X) == pytest.approx(np.concatenate(found).mean(), rel=1e-5)
    weight = np.arange(12)
    repeated = np.concatenate(np.array(found, dtype=object).repeat(weight))
    expected = pytest.approx(repeated.mean(), rel=1e-5)
    assert model.score(X, sample_weight=weight) == expected


@pytest.mark.parametrize("contamination", [0.1, 0.25, 0.5])
@every_objective
def test_the_offset_is_a_quantile_of_the_training_scores(objective, contamination):
    X = waves(40)
    model = make(NAME, objective=objective, contamination=contamination).fit(X)
    scores = model.score_samples(X)
    quantile = np.quantile(scores, contamination, method="averaged_inverted_cdf")
    assert model.offset_ == quantile
    assert (model.predict(X) == -1).sum() == contamination * 40
    np.testing.assert_array_equal(model.decision_function(X), scores - quantile)
    first = int(objective == "predict")
    steps = np.concatenate([x[first:] for x in model.score_steps(X)])
    quantile = np.quantile(steps, contamination, method="averaged_inverted_cdf")
    assert model.step_offset_ == quantile


def test_the_automatic_offset_is_a_fence_or_a_quantile():
    X = waves(200)
    odd, _ = broken(X[:30])
    for data in (X, [*odd, *X[30:]]):
        model = make(NAME, hidden_size=16, max_epochs=8, lr=0.02).fit(data)
        least, low, high = (
            np.quantile(model.score_samples(data), q, method="averaged_inverted_cdf")
            for q in (0.01, 0.25, 0.75)
        )
        assert model.offset_ == max(least, low - 1.5 * (high - low))


@every_objective
def test_held_out_sequences_count_for_the_offset(objective):
    X = waves(40)
    model = make(NAME, objective=objective, contamination=0.1, early_stopping=True)
    scores = model.fit(X).score_samples(X)
    assert model.offset_ == np.quantile(scores, 0.1, method="averaged_inverted_cdf")
    assert "valid_loss" in model.history_[0]


# -------------------------------------------------------------------------- what it finds


@every_objective
def test_broken_steps_and_sequences_are_found(objective, watchers):
    model, X = watchers[objective], waves(40, seed=2)
    odd, marks = broken(X)
    found = np.concatenate(list(model.score_steps(odd)))
    assert roc_auc_score(np.concatenate(marks), -found) > 0.85
    scores = np.concatenate([model.score_samples(X), model.score_samples(odd)])
    assert roc_auc_score(np.repeat([0, 1], 40), -scores) > 0.85


def test_a_step_is_scored_by_those_before_it_alone(watchers):
    model, (x,) = watchers["predict"], waves(1, seed=3)
    other = x.copy()
    other[20:] += 5
    before, after = model.score_steps([x])[0], model.score_steps([other])[0]
    np.testing.assert_array_equal(before[:20], after[:20])
    assert (before[20:] != after[20:]).all()


def test_a_code_of_two_numbers_holds_two_numbers():
    rng = np.random.default_rng(0)
    planted, t = rng.uniform(-1, 1, size=(300, 2)), np.linspace(0, 1, 25)
    X = planted[:, :1] * np.sin(4 * t) + planted[:, 1:] * np.cos(7 * t)
    model = make(NAME, objective="reconstruct", code_size=2, pooling="last", **LEARNS)
    code = model.fit(X[:200]).transform(X)
    assert code.shape == (300, 2)
    linear = LinearRegression().fit(code[:200], planted[:200])
    assert linear.score(code[200:], planted[200:]) > 0.9


@pytest.mark.parametrize(("shape", "size"), [((20, 7), 3), ((20, 3, 3), 4), ((20, 1), 1)])
def test_the_code_is_smaller_than_the_sequences(shape, size):
    X = np.random.default_rng(0).normal(size=shape)
    model = make(NAME, objective="reconstruct").fit(X)
    assert model.transform(X).shape == (20, size)
    assert len(model.get_feature_names_out()) == size
    if X.ndim == 3:
        shorter = make(NAME, objective="reconstruct").partial_fit(X)
        assert shorter.partial_fit(X[:, :1]).transform(X).shape == (20, size)


def test_kinds_of_sequences_are_clusters_of_what_is_learnt():
    rng = np.random.default_rng(0)
    kinds = np.arange(90) % 3
    X = [
        np.sin((0.3 + 0.5 * kind) * np.arange(n) + rng.uniform(0, 6))
        for kind, n in zip(kinds, rng.integers(40, 60, 90), strict=True)
    ]
    model = make(NAME, pooling="mean", **LEARNS)
    found = KMeans(3, random_state=0, n_init=10).fit_predict(model.fit_transform(X))
    assert adjusted_rand_score(kinds, found) > 0.6


@every_objective
def test_the_representation_is_what_the_network_says(objective):
    X = ragged()
    model = make(NAME, objective=objective, pooling="last").fit(X)
    x = torch.from_numpy((X[0] - model._reading.mean) / model._reading.scale)
    module = model.net_.module_.eval()
    with torch.no_grad():
        final = module.states(x.float()[None])[2]
        code = final if objective == "predict" else module.code(final)
    np.testing.assert_allclose(model.transform(X)[0], code[0], atol=1e-5)


# ------------------------------------------------------------------------------ contract


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"noise": "constant", "score_reduction": "min", "cell": "gru"},
        {"conv_channels": (4,), "conv_stride": 2, "pooling": "last"},
        {"missing": "decay", "time_channel": 1, "noise": "student_t"},
        {"bptt_steps": 4, "missing": "mask"},
        {"objective": "reconstruct"},
        {"objective": "reconstruct", "bidirectional": True, **BRANCH},
        {"objective": "reconstruct", "missing": "mask", "pooling": "attention"},
        {"objective": "reconstruct", "pooling_segments": 2},
    ],
    ids=str,
)
def test_detectors_keep_the_contract(params):
    results = check_sequence_estimator(make(NAME, **params))
    skipped = {"renamed_labels"} | ({"causal"} if "bidirectional" in params else set())
    assert {r["name"] for r in results if r["status"] != "passed"} == skipped


@every_objective
def test_every_answer_is_exact(objective):
    X = waves(23)
    model = make(NAME, objective=objective, hidden_size=7).fit(X)
    steps, samples = model.score_steps(X), model.score_samples(X)
    for i, x in enumerate(X):
        np.testing.assert_array_equal(model.score_steps([x])[0], steps[i])
        assert model.score_samples([x])[0] == samples[i]
    backwards = model.score_steps(X[::-1])[::-1]
    for one, other in zip(backwards, steps, strict=True):
        np.testing.assert_array_equal(one, other)
    block = np.stack([x[:40] for x in X])
    one = model.score_steps(block)
    assert one.shape == (23, 40)
    np.testing.assert_array_equal(one, np.stack(model.score_steps(list(block))))


@every_objective
def test_labels_are_ignored(objective):
    X = ragged()
    plain = make(NAME, objective=objective).fit(X)
    for y in (np.arange(8) % 2, ["a"] * 8, "nonsense"):
        labelled = make(NAME, objective=objective).fit(X, y)
        np.testing.assert_array_equal(labelled.score_samples(X), plain.score_samples(X))
    np.testing.assert_array_equal(
        make(NAME, objective=objective).fit_predict(X, np.ones(8)), plain.predict(X)
    )
    search = GridSearchCV(make(NAME, objective=objective), {"hidden_size": [2, 8]}, cv=2)
    search.fit(X)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def identity(X):
    return X


def test_in_a_pipeline():
    X = waves(20)
    pipe = make_pipeline(FunctionTransformer(identity), make(NAME)).fit(X)
    np.testing.assert_array_equal(pipe.score_samples(X), pipe[-1].score_samples(X))


@every_objective
def test_what_is_stored_scores_the_same(objective, tmp_path):
    X = waves(20)
    model = make(NAME, objective=objective, contamination=0.2).fit(X)
    model.offset_ -= 0.5  # as a user may
    model.save(tmp_path / "watcher")
    for again in (
        pickle.loads(pickle.dumps(model)),
        sksequence.load(tmp_path / "watcher"),
    ):
        assert again.offset_ == model.offset_
        assert again.step_offset_ == model.step_offset_
        for method in ("score_samples", "predict", "transform"):
            expected = getattr(model, method)(X)
            np.testing.assert_array_equal(getattr(again, method)(X), expected)


@every_objective
def test_a_continued_fit_is_calibrated_anew(objective):
    X, others = waves(20), [3 * x for x in waves(20, seed=1)]
    model = make(NAME, objective=objective, contamination=0.2).partial_fit(X)
    first = model.offset_
    for data in (others, X):
        model.partial_fit(data)
        scores = model.score_samples(data)
        quantile = np.quantile(scores, 0.2, method="averaged_inverted_cdf")
        assert model.offset_ == quantile
    assert model.offset_ != first
    warm = make(NAME, objective=objective, warm_start=True).fit(X)
    assert warm.fit(others).n_epochs_ == 4
    with pytest.raises(ValueError, match="score_reduction='min' cannot continue"):
        warm.set_params(score_reduction="min").fit(X)


@every_objective
def test_an_interrupted_fit_goes_on_from_its_checkpoint(objective, tmp_path):
    X = waves(20)
    whole = make(NAME, objective=objective).fit(X)
    model = make(NAME, objective=objective, checkpoint=tmp_path / "kept").fit(X)
    again = make(NAME, objective=objective, checkpoint=tmp_path / "kept").fit(X)
    for one in (model, again):
        np.testing.assert_array_equal(one.score_samples(X), whole.score_samples(X))
        assert one.offset_ == whole.offset_


def test_a_validation_set_needs_no_targets():
    X = waves(30)
    given = make(NAME, early_stopping=True).fit(X[:20], X_val=X[20:])
    labelled = make(NAME, early_stopping=True)
    labelled.fit(X[:20], X_val=X[20:], y_val=np.ones(10))
    np.testing.assert_array_equal(given.score_samples(X), labelled.score_samples(X))
    expected = given.score_samples(X[:20])
    limit = sksequence._inputs.lower_limit(expected, np.ones(20), "auto")
    assert given.offset_ == limit


# ----------------------------------------------------------------------- weights and gaps


@every_objective
def test_a_step_without_weight_is_not_learnt_from(objective):
    X = waves(20)
    wrong = [x.copy() for x in X]
    weight = [np.ones(len(x)) for x in X]
    for x, w in zip(wrong, weight, strict=True):
        x[9], w[9] = 1e3, 0
    model = make(NAME, objective=objective, batch_size=None)
    target = model.fit(wrong, sample_weight=weight)._target
    first = int(objective == "predict")
    rows = np.concatenate([np.delete(x, 9, axis=0)[first:] for x in wrong])
    np.testing.assert_allclose(target.mean, rows.mean(axis=0))
    np.testing.assert_allclose(target.scale, rows.std(axis=0))
    assert (target.spread < 10).all()
    assert (make(NAME, objective=objective).fit(wrong)._target.scale > 10).all()


def test_a_repeated_sequence_is_one_of_double_weight():
    X = waves(12)
    params = {"dtype": "float64", "batch_size": None, "contamination": 0.2}
    doubled = make(NAME, **params).fit([*X, *X[:6]])
    weighted = make(NAME, **params).fit(X, sample_weight=[2] * 6 + [1] * 6)
    assert weighted.offset_ == pytest.approx(doubled.offset_, rel=1e-6)
    assert weighted.step_offset_ == pytest.approx(doubled.step_offset_, rel=1e-6)


@pytest.mark.parametrize("missing", ["mask", "decay"])
@every_objective
def test_what_is_missing_has_no_error(objective, missing):
    X = waves(20)
    for x in X:
        x[5] = np.nan
        x[8, 0] = np.nan
    model = make(NAME, objective=objective, missing=missing).fit(X)
    steps = model.score_steps(X)
    assert all(np.flatnonzero(np.isnan(x)).tolist() == [5] for x in steps)
    expected = [-np.sqrt(np.nanmean(x**2)) for x in steps]
    np.testing.assert_allclose(model.score_samples(X), expected)
    assert np.isfinite([model.offset_, model.step_offset_, model.score(X)]).all()
    nothing = np.full((10, 2), np.nan)
    assert model.score_samples([nothing])[0] == 0


def test_categories_and_times_are_read_but_not_scored():
    rng = np.random.default_rng(0)
    X = [
        pd.DataFrame({"kind": rng.choice(["a", "b"], 30), "x": rng.normal(size=30)})
        for _ in range(20)
    ]
    for x in X:
        x["y"] = np.where(x["kind"].shift() == "a", 1.0, -1.0)
    model = make(NAME, **LEARNS).fit(X)
    assert model._target.columns == (1, 2)
    # The kind tells what comes next.
    wrong = X[0].copy()
    wrong.loc[10, "y"] *= -1
    assert model.score_steps([wrong])[0].argmin() == 10
    times = [np.column_stack([np.arange(20.0), rng.normal(size=20)]) for _ in range(9)]
    timed = make(NAME, missing="decay", time_channel=0).fit(times)
    assert timed._target.columns == (1,)


def test_static_covariates_say_what_to_expect():
    rng = np.random.default_rng(0)
    level = np.repeat([0.0, 5.0], 30)
    X = pd.DataFrame({"level": level})
    X["series"] = [rng.normal(scale=0.1, size=(8, 1)) + v for v in level]
    for objective in OBJECTIVES:
        model = make(NAME, objective=objective, **LEARNS, score_reduction="min").fit(X)
        swapped = X.assign(level=level[::-1])
        assert (model.score_samples(X) > model.score_samples(swapped)).mean() > 0.9


# ------------------------------------------------------------------------------- streams


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"cell": "gru", "num_layers": 2, "noise": "student_t"},
        {"noise": "constant", "conv_channels": (4,), "conv_stride": 2},
        {"missing": "mask"},
        {"missing": "decay", **BRANCH},
    ],
    ids=str,
)
def test_a_stream_scores_as_score_steps_does(params):
    X = waves(12)
    if "missing" in params:
        for x in X:
            x[3:5, 0] = np.nan
            x[7] = np.nan
    model = make(NAME, **params).fit(X)
    expected = model.score_steps(X)
    stream = model.open_stream()
    for x, scores in zip(X, expected, strict=True):
        found = [stream.step(step) for step in x]
        np.testing.assert_allclose(found, scores, rtol=1e-4, atol=1e-5)
        stream.reset()
    several = model.open_stream(3)
    found = np.array([several.step(np.stack(steps)) for steps in zip(*X[:3])])  # noqa: B905
    for i in range(3):
        expected_i = expected[i][: len(found)]
        np.testing.assert_allclose(found[:, i], expected_i, rtol=1e-4, atol=1e-5)


def test_a_stream_can_be_copied_and_put_back():
    (x,) = waves(1)
    model = make(NAME).fit(waves(12))
    stream = model.open_stream()
    for step in x[:10]:
        stream.step(step)
    state, copied = stream.state, pickle.loads(pickle.dumps(stream))
    expected = [stream.step(step) for step in x[10:20]]
    assert [copied.step(step) for step in x[10:20]] == expected
    stream.state = state
    assert [stream.step(step) for step in x[10:20]] == expected
    two = model.open_stream(2)
    first = two.step(np.stack([x[0], x[0]]))
    two.step(np.stack([x[1], x[1]]))
    two.reset([0])
    assert two.step(np.stack([x[0], x[2]]))[0] == first[0]


def test_a_bad_step_leaves_a_stream_as_it_was():
    model = make(NAME).fit(waves(12))
    stream = model.open_stream()
    (x,) = waves(1)
    stream.step(x[0])
    with pytest.raises(ValueError, match="x has shape"):
        stream.step(np.zeros(5))
    with pytest.raises(ValueError, match="infinity"):
        stream.step([np.inf, 0])
    with pytest.raises(ValueError, match="return_std"):
        stream.step(x[1], return_std=True)
    assert stream.step(x[1]) == pytest.approx(model.score_steps([x])[0][1], rel=1e-4)
    with pytest.raises(TypeError, match="step_transform is not for detectors"):
        stream.step_transform(x[2])
    with pytest.raises(TypeError, match="this is a detector"):
        stream.step_proba(x[2])


# ------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"bidirectional": True}, "bidirectional must be False with objective="),
        ({"pooling": "attention"}, 'pooling must be .* got "attention"'),
        ({"pooling_segments": 2}, "pooling_segments must be 1 with objective="),
        ({"embedding_dim": 4}, "embedding_dim must be None.*RecurrentTagger"),
        ({"scoring": "accuracy"}, "scoring must be None.*Early stopping watches"),
        (
            {"objective": "reconstruct", "bptt_steps": 4},
            "bptt_steps must be None with objective=",
        ),
        ({"bptt_steps": 4, "conv_channels": (3,)}, "bptt_steps=4 needs"),
    ],
    ids=str,
)
def test_what_does_not_go_together_is_refused(params, words):
    model = make(NAME, **params)
    with pytest.raises(ValueError, match=words):
        model.fit(ragged())
    assert not hasattr(model, "net_")


def test_data_of_no_use_are_refused():
    single = [x[:1] for x in ragged()]
    with pytest.raises(ValueError, match="a sequence of at least two steps"):
        make(NAME).fit(single)
    assert make(NAME, objective="reconstruct").fit(single).predict(single).shape == (8,)
    with pytest.raises(ValueError, match=r"sample_weight.shape == \(8, 4\), expected"):
        make(NAME).fit(ragged([4] * 8), sample_weight=np.ones((8, 4)))
    with pytest.raises(ValueError, match=r"expected .* one weight for each step"):
        make(NAME).fit(ragged(), sample_weight=[np.ones(3)] * 8)
    gaps = [x.copy() for x in ragged()]
    for x in gaps:
        x[:, 1] = np.nan
    with pytest.raises(ValueError, match=r"no value in channel 1 .* Leave the channel"):
        make(NAME, missing="mask").fit(gaps)
    kinds = [pd.DataFrame({"kind": ["a", "b", "a"]})] * 5
    with pytest.raises(ValueError, match="X has no channel of numbers"):
        make(NAME).fit(kinds)
    with pytest.raises(ValueError, match="expected early_stopping=True"):
        make(NAME).fit(ragged(), X_val=ragged())


def test_a_short_sequence_beside_longer_ones_has_a_score():
    X = [*waves(12), np.array([[0.5, 0.2]])]
    model = make(NAME).fit(X)
    usual = model._target
    error = (X[-1][0] - usual.usual_mean) / usual.usual_scale
    expected = -np.sqrt((error**2).mean())
    assert model.score_samples(X)[-1] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m, _: m.to_numpy(), "to_numpy is not for detectors"),
        (lambda m, path: m.to_onnx(path / "x.onnx"), "to_onnx is not for detectors"),
        (lambda m, _: m.predict_prefixes(ragged()), "use score_steps"),
    ],
)
def test_what_a_detector_has_not_it_refuses(call, words, tmp_path):
    model = make(NAME).fit(ragged())
    with pytest.raises(ValueError, match=words):
        call(model, tmp_path)
    assert not list(tmp_path.iterdir())
    code = make(NAME, objective="reconstruct").fit(ragged())
    with pytest.raises(ValueError, match=r'open_stream needs .* objective="predict"'):
        code.open_stream()


@every_objective
def test_the_container_does_not_matter(objective):
    block = np.random.default_rng(0).normal(size=(20, 9, 1))
    model = make(NAME, objective=objective).fit(list(block))
    expected = model.score_samples(list(block))
    for same in (block, block.tolist(), objects(list(block)), block.astype(np.float64)):
        np.testing.assert_array_equal(model.score_samples(same), expected)
    table = make(NAME, objective=objective).fit(block[:, :, 0])
    np.testing.assert_array_equal(table.score_samples(block[:, :, 0]), expected)


@every_objective
def test_numbers_far_from_zero_have_the_same_scores(objective):
    X = waves(20)
    far = [x + 1e7 for x in X]
    near, moved = (make(NAME, objective=objective).fit(data) for data in (X, far))
    expected = near.score_samples(X)
    np.testing.assert_allclose(moved.score_samples(far), expected, rtol=1e-3)


@every_objective
def test_sequences_may_be_noisy_in_training_but_not_scaled(objective):
    """Targets are the steps themselves."""
    X = ragged()
    plain, noisy = (make(NAME, objective=objective, augment=a) for a in ((), "jitter"))
    assert not np.array_equal(
        plain.fit(X).score_samples(X), noisy.fit(X).score_samples(X)
    )
    with pytest.raises(ValueError, match=r"augment .*'scale'"):
        make(NAME, objective=objective, augment="scale").fit(X)
