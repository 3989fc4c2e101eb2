"""Translations: targets of another length and order, said label by label."""

from __future__ import annotations

import copy
import pickle
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback

import sksequence
from helpers.comparing import weights_of
from helpers.data import objects, ragged
from helpers.estimators import make
from helpers.translations import LEARNS, NAME, as_lists, fitted, words
from sksequence.metrics import token_error_rate
from sksequence.preprocessing import SequenceTokenizer
from sksequence.utils import check_sequence_estimator

X, Y = words()
NEW = words(60, seed=1)
KINDS = {
    "plain": {},
    "no attention": {"attention": False},
    "one layer": {"decoder_layers": 1},
    "causal gru": {"bidirectional": False, "cell": "gru", "pooling": "last"},
    "strided": {"conv_channels": (8,), "conv_kernel_size": 2, "conv_stride": 2},
    "branch": {"parallel_channels": (4,), "parallel_kernel_size": 2},
    "segments": {
        **{"parallel_channels": (4,), "parallel_kernel_size": 2, "parallel_stride": 2},
        "pooling_segments": 2,
    },
}
every_kind = pytest.mark.parametrize("params", KINDS.values(), ids=KINDS)
EXACT = {"dtype": "float64", "batch_size": None, "embedding_dim": 4, "max_epochs": 6}


@pytest.fixture
def model():
    return copy.deepcopy(fitted())


def quick(**params):
    return make(NAME, **{"embedding_dim": 4, **params})


# ------------------------------------------------------------------------------- learning


@every_kind
def test_what_is_said_is_learnt(params):
    """Backwards, doubled and left out: no bag of letters can say it."""
    model = fitted(**params)
    said = model.predict(NEW[0])
    assert token_error_rate(NEW[1], said) < 0.15
    exact = np.mean([a == b for a, b in zip(said, NEW[1], strict=True)])
    assert model.score(*NEW) == exact > 0.6


def test_numbers_are_translated_too():
    rng = np.random.default_rng(0)
    ups = [rng.random(n) < 0.5 for n in rng.integers(2, 6, 160)]
    data = [np.where(up, 1.0, -1.0) + rng.normal(scale=0.1, size=len(up)) for up in ups]
    said = [["up" if one else "down" for one in up[::-1]] for up in ups]
    model = make(NAME, **{**LEARNS, "embedding_dim": None})
    assert model.fit(data[:120], said[:120]).score(data[120:], said[120:]) > 0.8
    assert model.classes_.tolist() == ["down", "up"]


def cross_entropy_by_hand(model, X, Y, smoothing):
    """Of each sequence, per label and end."""
    module, found = model.net_.module_, []
    for x, text in zip(X, Y, strict=True):
        codes = [model.classes_.tolist().index(letter) + 1 for letter in text]
        with torch.no_grad():
            ids = torch.from_numpy(x)[None, :, None]
            outputs = module(ids, y=torch.tensor([codes]))[0].numpy()
        log_proba = outputs - np.logaddexp.reduce(outputs, axis=1, keepdims=True)
        true = log_proba[np.arange(len(codes) + 1), [*codes, 0]]
        found.append(-np.mean((1 - smoothing) * true + smoothing * log_proba.mean(1)))
    return np.array(found)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_loss_is_the_mean_cross_entropy_of_a_label(smoothing):
    model = quick(**{**EXACT, "max_epochs": 1, "lr": 1e-30, "label_smoothing": smoothing})
    weight = np.linspace(0.5, 1.5, 20)
    early = {"early_stopping": True, "X_val": NEW[0], "y_val": NEW[1]}
    model.set_params(early_stopping=early.pop("early_stopping"))
    model.fit(X[:20], Y[:20], sample_weight=weight, **early)
    of_each = cross_entropy_by_hand(model, X[:20], Y[:20], smoothing)
    expected = np.average(of_each, weights=weight)
    assert model.history_[0]["train_loss"] == pytest.approx(expected, rel=1e-9)
    # The validation loss is that of the true labels alone.
    n_labels = np.array([len(text) + 1 for text in NEW[1]])
    expected = np.mean(-model.log_likelihood(*NEW) / n_labels)
    assert model.history_[0]["valid_loss"] == pytest.approx(expected, rel=1e-9)


def test_weights_are_repetitions():
    few, said = X[:8], Y[:8]
    weighted = quick(**EXACT).fit(few, said, np.r_[2, 0, [1] * 6])
    repeated = quick(**EXACT).fit(few[:1] * 2 + few[2:], said[:1] * 2 + said[2:])
    np.testing.assert_allclose(
        weighted.log_likelihood(*NEW), repeated.log_likelihood(*NEW), rtol=1e-7
    )


def test_strings_and_lists_are_the_same_to_the_network():
    text, numbers = fitted(), make(NAME, **LEARNS).fit(X, as_lists(Y))
    assert text.classes_.tolist() == ["b", "c", "d"]
    assert numbers.classes_.tolist() == [0, 3, 6]
    assert numbers.predict(X).tolist() == as_lists(text.predict(X))
    np.testing.assert_array_equal(
        numbers.log_likelihood(X, as_lists(Y)), text.log_likelihood(X, Y)
    )


FORMS = {
    "tuple": tuple(Y),
    "array": np.array(Y),
    "objects": objects(Y),
    "series": pd.Series(Y),
    "lists of letters": [list(text) for text in Y],
    "arrays of letters": [np.array(list(text)) for text in Y],
}


@pytest.mark.parametrize("y", FORMS.values(), ids=FORMS)
def test_answers_come_in_many_forms(y):
    got, expected = quick().fit(X, y), quick().fit(X, Y)
    np.testing.assert_array_equal(weights_of(got), weights_of(expected))
    assert type(got.predict(X)[0]) is (str if isinstance(y[0], str) else list)
    assert got.score(X, y) == expected.score(X, Y)


def test_it_is_neither_a_classifier_nor_a_regressor():
    assert not is_classifier(make(NAME))
    assert not is_regressor(make(NAME))


# -------------------------------------------------------------------------------- answers


@every_kind
@pytest.mark.parametrize("beam_size", [1, 5])
def test_answers_are_the_same_alone_and_in_any_batch(params, beam_size):
    model = copy.deepcopy(fitted(**params)).set_params(beam_size=beam_size)
    together = model.predict(X).tolist()
    best = model.predict_nbest(X, 3)
    assert [model.predict([x])[0] for x in X[:30]] == together[:30]
    assert model.predict(X[::-1] * 3).tolist() == together[::-1] * 3
    long = np.concatenate(X)
    assert model.predict([*X, long])[:-1].tolist() == together
    assert model.predict_nbest([long, *X], 3)[1:] == best
    assert [model.predict_nbest([x], 3)[0] for x in X[:30]] == best[:30]
    likely = model.log_likelihood(X, Y)
    alone = [model.log_likelihood([x], [y])[0] for x, y in zip(X, Y, strict=True)]
    np.testing.assert_array_equal(likely, alone)


def test_the_best_of_all_answers_is_found(model):
    """Against the likelihood of every answer of up to three letters."""
    every = ["".join(p) for n in range(4) for p in product("bcd", repeat=n)]
    few = X[:20]
    likely = np.array([model.log_likelihood(few, [text] * 20) for text in every])
    assert (np.exp(likely).sum(axis=0) <= 1).all()
    model.set_params(max_length=3, beam_size=len(every))
    best = [every[i] for i in likely.argmax(axis=0)]
    assert model.predict(few).tolist() == best
    for i, answers in enumerate(model.predict_nbest(few, len(every))):
        assert sorted(text for text, _ in answers) == sorted(every)
        scores = [score for _, score in answers]
        assert scores == sorted(scores, reverse=True)
        expected = [likely[every.index(text), i] for text, _ in answers]
        np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-5)


def test_the_first_of_several_is_what_is_predicted(model):
    model.set_params(beam_size=4)
    several = model.predict_nbest(X, 4)
    assert [answers[0][0] for answers in several] == model.predict(X).tolist()
    assert all(len(answers) == 4 for answers in several)
    scores = [answers[0][1] for answers in several]
    np.testing.assert_allclose(scores, model.log_likelihood(X, model.predict(X)), 1e-6)


def test_a_wider_beam_finds_answers_as_probable():
    model = quick(max_epochs=4).fit(X, Y)
    greedy = model.log_likelihood(X, model.predict(X))
    wide = model.set_params(beam_size=8)
    assert (model.log_likelihood(X, wide.predict(X)) >= greedy - 1e-9).mean() > 0.9


def test_lists_of_labels_in_several_answers():
    model = make(NAME, **LEARNS).fit(X, as_lists(Y))
    [answers] = model.predict_nbest(X[:1], 2)
    assert next(answer for answer, _ in answers) == model.predict(X[:1])[0]
    assert all(set(answer) <= {0, 3, 6} for answer, _ in answers)


def test_an_answer_is_as_long_as_may_be():
    assert fitted()._translations.max_length == 2 * max(map(len, Y))
    model = quick(max_epochs=1).fit(X, Y)
    with torch.no_grad():
        model.net_.module_.decoder.bias[0] = -100  # so that the end is never said
    assert {len(text) for text in model.predict(X)} == {2 * max(map(len, Y))}
    assert {len(text) for text in model.set_params(max_length=3).predict(X)} == {3}
    # The longest target of all calls.
    model = quick().partial_fit(X[:3], ["b"] * 3, classes=list("bcd"))
    assert model._translations.max_length == 2
    assert model.partial_fit(X[:1], ["bcd"])._translations.max_length == 6
    assert model.partial_fit(X[:1], ["b"])._translations.max_length == 6


# ------------------------------------------------------------------- attention and units


@every_kind
def test_each_label_attends_to_the_steps(params):
    model = fitted(**params)
    if not model.attention:
        with pytest.raises(ValueError, match="attend needs a model with attention=True"):
            model.attend(X)
        return
    stride = model.conv_stride if model.conv_channels else 1
    for weights, x, text in zip(model.attend(X, Y), X, Y, strict=True):
        assert weights.shape == (len(text), -(-len(x) // stride))
        np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    own, given = model.attend(NEW[0]), model.attend(NEW[0], model.predict(NEW[0]))
    for one, other in zip(own, given, strict=True):
        np.testing.assert_array_equal(one, other)
    alone = [model.attend([x], [y])[0] for x, y in zip(X, Y, strict=True)]
    for one, other in zip(model.attend(X, Y), alone, strict=True):
        np.testing.assert_array_equal(one, other)


def test_it_attends_to_the_letter_that_it_says():
    """Letter by letter, all of them different: the diagonal from below."""
    rng = np.random.default_rng(0)
    data = [rng.permutation(8)[: rng.integers(3, 7)] + 1 for _ in range(240)]
    said = [["abcdefgh"[i - 1] for i in x[::-1]] for x in data]
    model = make(NAME, **{**LEARNS, "embedding_dim": 16}).fit(data, said)
    assert model.score(data, said) > 0.9
    places = [
        np.abs(weights.argmax(axis=1) - np.arange(len(x))[::-1])
        for weights, x in zip(model.attend(data, said), data, strict=True)
    ]
    assert np.mean(np.concatenate(places) <= 1) > 0.8


def test_units_are_the_pooled_states_of_the_encoder(model):
    module = model.net_.module_
    for x, units in zip(X, model.transform(X), strict=True):
        with torch.no_grad():
            steps, *_ = module.states(torch.from_numpy(x)[None, :, None])
        np.testing.assert_allclose(units, steps[0].amax(0), atol=1e-6)
    assert model.get_feature_names_out()[-1] == f"recurrenttranslator{48 - 1}"


# ------------------------------------------------------------------------------ bad input


def with_item(item, at=3):
    return [*Y[:at], item, *Y[at + 1 :]]


BAD = {
    "empty target": (with_item(""), "y has an empty target at 3"),
    "one string": ("abc", "y must hold a string for each.*got 'abc'"),
    "None": (None, "y must hold a string for each.*got None"),
    "numbers": (list(range(len(X))), "y must hold.*got 0 at 0"),
    "mixed": (with_item(["a"]), "y mixes strings with lists of labels, as at 3"),
    "a missing label": ([*as_lists(Y[:-1]), [3, None]], "missing label at 159"),
    "too few": (Y[:-1], r"inconsistent numbers of samples: \[160, 159\]"),
    "all empty": ([""] * len(X), "y has no label: each target is empty"),
}


@pytest.mark.parametrize(("y", "said"), BAD.values(), ids=BAD)
def test_bad_targets_are_refused_before_training(y, said):
    model = quick()
    before = dict(vars(model))
    with pytest.raises(ValueError, match=f"(?s){said}"):
        model.fit(X, y)
    assert vars(model) == before


def test_unknown_labels_are_refused_by_name(model):
    for method in (model.log_likelihood, model.attend):
        with pytest.raises(ValueError, match=r"y has labels at 1, in 'bx'.*'x'.*Known"):
            method(X[:2], ["b", "bx"])
        with pytest.raises(ValueError, match=r"numbers of samples: \[2, 1\]"):
            method(X[:2], ["b"])
    # But an answer with one can be wrong.
    assert model.score(X[:2], ["b", "bx"]) <= 0.5


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "a"])
def test_counts_are_at_least_one(model, value):
    for name in ("beam_size", "max_length"):
        with pytest.raises(ValueError, match=f"{name} must be int of at least 1"):
            copy.deepcopy(model).set_params(**{name: value}).predict(X)
    with pytest.raises(ValueError, match="n must be int of at least 1, got"):
        model.predict_nbest(X, value)


def test_streams_and_prefixes_are_refused(model):
    for call in (lambda: model.predict_prefixes(X), model.open_stream):
        with pytest.raises(ValueError, match="begins when the sequence has ended"):
            call()


# -------------------------------------------------------------------- as scikit-learn has


def test_epochs_one_by_one():
    model = quick()
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        model.partial_fit(X, Y)
    model.partial_fit(X[:20], Y[:20], classes=list("bcde"))
    model.partial_fit(X[20:], Y[20:])
    assert model.classes_.tolist() == list("bcde")
    assert model.n_epochs_ == 2
    with pytest.raises(ValueError, match="classes must be those of the first call"):
        model.partial_fit(X, Y, classes=list("bcd"))


def test_a_fit_in_two_halves():
    exact = {**EXACT, "lr_schedule": "constant"}
    whole = quick(**exact).fit(X, Y)
    halves = quick(**{**exact, "max_epochs": 3}, warm_start=True).fit(X, Y).fit(X, Y)
    losses = [
        [epoch["train_loss"] for epoch in model.history_] for model in (whole, halves)
    ]
    np.testing.assert_allclose(*losses, rtol=1e-7)


def test_mixed_precision_trains_to_almost_the_same():
    params = {**LEARNS, "max_epochs": 5}
    mixed = make(NAME, **params, mixed_precision="bfloat16").fit(X, Y)
    full = make(NAME, **params).fit(X, Y)
    losses = [model.history_[-1]["train_loss"] for model in (mixed, full)]
    assert losses[0] == pytest.approx(losses[1], rel=0.1)
    assert losses[0] != losses[1]


@pytest.mark.parametrize("scoring", [None, "accuracy", lambda m, X, y: m.score(X, y)])
def test_early_stopping_keeps_the_best_epoch(scoring):
    class Watch(Callback):
        def on_train_begin(self, net, **kwargs):
            self.kept = []

        def on_epoch_end(self, net, **kwargs):
            state = net.module_.state_dict()
            self.kept.append({name: value.clone() for name, value in state.items()})

    watch = Watch()
    params = {"early_stopping": True, "scoring": scoring, "patience": 3}
    model = make(NAME, **{**LEARNS, **params, "callbacks": [watch]}).fit(X, Y)
    name, sign = ("valid_loss", 1) if scoring is None else ("valid_score", -1)
    watched = [sign * epoch[name] for epoch in model.history_]
    best = watch.kept[int(np.argmin(watched))]
    for key, value in model.net_.module_.state_dict().items():
        assert torch.equal(value, best[key])


def test_a_validation_set_may_have_longer_targets():
    short = [x for x, y in zip(X, Y, strict=True) if len(y) < 5]
    said = [y for y in Y if len(y) < 5]
    long = [x for x, y in zip(X, Y, strict=True) if len(y) > 7]
    texts = [y for y in Y if len(y) > 7]
    model = quick(early_stopping=True).fit(short, said, X_val=long, y_val=texts)
    n_labels = np.array([len(text) + 1 for text in texts])
    expected = np.mean(-model.log_likelihood(long, texts) / n_labels)
    assert model.history_[-1]["valid_loss"] == pytest.approx(expected, rel=1e-4)


def test_searches_and_pipelines():
    letters = ["".join("abcd"[i - 1] for i in x) for x in X]
    pipe = make_pipeline(SequenceTokenizer(analyzer="char"), make(NAME, **LEARNS))
    search = GridSearchCV(pipe, {"recurrenttranslator__hidden_size": [1, 24]}, cv=2)
    search.fit(letters, Y)
    assert search.best_params_ == {"recurrenttranslator__hidden_size": 24}
    assert search.score(letters, Y) == np.mean(search.predict(letters) == np.array(Y))
    said = cross_val_predict(make(NAME, **LEARNS), X, Y, cv=2)
    assert accuracy_score(Y, said.astype(str)) == np.mean(said == objects(Y))


def test_tables_with_static_covariates():
    """The covariate says whether the word is said backwards."""
    back = np.arange(len(X)) % 2
    said = [y if turn else y[::-1] for y, turn in zip(Y, back, strict=True)]
    table = pd.DataFrame({"word": objects(X), "back": back})
    model = make(NAME, **{**LEARNS, "max_epochs": 50}).fit(table, said)
    assert model.n_static_features_in_ == 1
    assert model.score(table, said) > 0.9
    plain = model.predict(table).tolist()
    assert model.to_numpy().predict(X, back[:, None]).tolist() == plain
    turned = [y[::-1] for y in said]
    assert model.score(table.assign(back=1 - back), turned) > 0.8


# ----------------------------------------------------------------------------- stored


@every_kind
def test_what_is_stored_is_equal(params, tmp_path):
    model = copy.deepcopy(fitted(**params)).set_params(beam_size=3, max_length=12)
    model.save(tmp_path / "model")
    again = [sksequence.load(tmp_path / "model"), pickle.loads(pickle.dumps(model))]
    for one in again:
        assert one.predict_nbest(X, 3) == model.predict_nbest(X, 3)
        np.testing.assert_array_equal(
            one.log_likelihood(X, Y), model.log_likelihood(X, Y)
        )
        assert one.classes_.tolist() == model.classes_.tolist()
        assert one.set_params(max_length=None)._translations.max_length == 16
    assert not hasattr(clone(model), "classes_")


def test_a_checkpoint_goes_on_where_a_fit_was_broken_off(tmp_path):
    class Broken(RuntimeError):
        pass

    def scorer(model, X, y):
        scorer.left -= 1
        if not scorer.left:
            raise Broken
        return model.score(X, y)

    params = {**LEARNS, "early_stopping": True, "patience": 50, "max_epochs": 5}
    expected = make(NAME, **params, scoring="accuracy").fit(X, Y)
    path = {"checkpoint": str(tmp_path / "fit")}
    scorer.left = 4
    with pytest.raises(Broken):
        make(NAME, **params, **path, scoring=scorer).fit(X, Y)
    scorer.left = 100
    resumed = make(NAME, **params, **path, scoring=scorer).fit(X, Y)
    np.testing.assert_array_equal(weights_of(resumed), weights_of(expected))


DEPLOYED = {
    **KINDS,
    "residual": {"residual": True, "decoder_layers": 3, "layer_norm": True},
    "qrnn": {"cell": "qrnn"},
}
deployed = pytest.mark.parametrize("params", DEPLOYED.values(), ids=DEPLOYED)


@deployed
@pytest.mark.parametrize("max_length", [None, 2])
def test_predictors_in_numpy_say_the_same(params, max_length, tmp_path):
    model = copy.deepcopy(fitted(**params)).set_params(max_length=max_length)
    predictor = model.to_numpy(tmp_path / "model.py")
    namespace = {}
    exec((tmp_path / "model.py").read_text(encoding="utf-8"), namespace)
    for one in (predictor, namespace["predictor"], pickle.loads(pickle.dumps(predictor))):
        assert one.predict(X).tolist() == model.predict(X).tolist()
        np.testing.assert_allclose(one.transform(X), model.transform(X), atol=1e-5)
    with pytest.raises(ValueError, match="begins when the sequence has ended"):
        predictor.open_stream()
    with pytest.raises(TypeError, match="this predicts answers"):
        predictor.predict_proba(X)


def test_a_predictor_of_lists_says_lists():
    model = make(NAME, **LEARNS).fit(X, as_lists(Y))
    assert model.to_numpy().predict(X).tolist() == model.predict(X).tolist()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@deployed
def test_onnx_says_the_same(params, dtype, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    model = fitted(dtype=dtype, **params)
    model.to_onnx(tmp_path / "model.onnx")
    lengths = np.array([len(x) for x in X])
    padded = np.full((len(X), lengths.max() + 3), 99)
    for row, x in zip(padded, X, strict=True):
        row[: len(x)] = x
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (positions,) = session.run(None, {"X": padded, "lengths": lengths})
    assert positions.dtype == np.int64
    assert positions.shape == (len(X), 16)
    for row, said in zip(positions, model.predict(X), strict=True):
        assert "".join(model.classes_[row[: len(said)]]) == said
        assert (row[len(said) :] == -1).all()


@pytest.mark.parametrize(
    "params", [{}, {"embedding_dim": 4, **KINDS["strided"]}], ids=["causal", "strided"]
)
def test_it_keeps_the_contract(params):
    results = check_sequence_estimator(make(NAME, **params))
    assert {r["name"] for r in results if r["status"] == "skipped"} <= {"causal"}


def test_steps_may_be_of_several_channels():
    data = ragged()
    said = ["ab"[len(x) % 2] for x in data]
    model = make(NAME).fit(data, said)
    assert model.n_features_in_ == 2
    block = np.stack([x[:4] for x in data])
    assert model.predict(block).tolist() == model.predict(list(block)).tolist()
