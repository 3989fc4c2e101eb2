"""Transcripts: targets of another length, without alignment."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sksequence
from helpers.data import objects
from helpers.estimators import make
from helpers.transcripts import LEARNS, NAME, as_lists, fitted, spoken
from sksequence._inputs import ctc
from sksequence.metrics import character_error_rate
from sksequence.preprocessing import StepwiseTransformer
from sksequence.utils import check_sequence_estimator

X, Y = spoken()
NEW = spoken(30, seed=1)
STRIDE = {"conv_channels": (8,), "conv_kernel_size": 3, "conv_stride": 2}
BOTH = {"bidirectional": True}
KINDS = {
    "causal": {},
    "both ways": BOTH,
    "strided": {**STRIDE, **BOTH},
    "strides": {"conv_channels": (6, 6), "conv_kernel_size": 3, "conv_stride": (2, 1)},
    "branch": {**STRIDE, "parallel_channels": (4,), "parallel_kernel_size": 3},
    "strided branch": {
        **{**STRIDE, "parallel_channels": (4,), "parallel_kernel_size": 3},
        "parallel_stride": 3,
    },
}
every_kind = pytest.mark.parametrize("params", KINDS.values(), ids=KINDS)
# One fit where only answers differ.
MODEL = "strided"


@pytest.fixture
def model():
    return copy.deepcopy(fitted(**KINDS[MODEL]))


def log_frames(model, X):
    return [x.astype(float) for x in model.predict_log_proba(X)]


# ------------------------------------------------------------------------------- learning


@every_kind
def test_what_is_said_is_learnt(params):
    model = make(NAME, **{**LEARNS, "max_epochs": 30, **params}).fit(X, Y)
    said = model.predict(NEW[0])
    assert character_error_rate(NEW[1], said) < 0.1
    exact = np.mean([a == b for a, b in zip(said, NEW[1], strict=True)])
    assert model.score(*NEW) == exact > 0.7


def test_the_loss_is_the_mean_negative_log_likelihood_of_a_label():
    model = make(NAME, max_epochs=1, lr=1e-30, batch_size=None, dtype="float64")
    model.fit(X, Y)
    of_each = -model.log_likelihood(X, Y) / [len(text) for text in Y]
    assert model.history_[0]["train_loss"] == pytest.approx(of_each.mean(), rel=1e-9)


def test_weights_are_repetitions():
    exact = {"dtype": "float64", "batch_size": None, "max_epochs": 8}
    few, said = X[:8], Y[:8]
    weighted = make(NAME, **exact).fit(few, said, np.r_[2, 0, [1] * 6])
    repeated = make(NAME, **exact).fit(few[:1] * 2 + few[2:], said[:1] * 2 + said[2:])
    for ours, theirs in zip(
        weighted.predict_proba(few), repeated.predict_proba(few), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_strings_and_lists_are_the_same_to_the_network():
    text, numbers = make(NAME, **LEARNS).fit(X, Y), make(NAME, **LEARNS)
    numbers.fit(X, as_lists(Y))
    assert text.classes_.tolist() == ["a", "b", "c"]
    assert numbers.classes_.tolist() == [0, 3, 6]
    assert numbers.predict(X).tolist() == as_lists(text.predict(X))
    assert text.log_likelihood(X, Y).tolist() == (
        numbers.log_likelihood(X, as_lists(Y)).tolist()
    )


FORMS = {
    "tuple": tuple(Y),
    "array": np.array(Y),
    "objects": objects(Y),
    "series": pd.Series(Y),
    "column of text": pd.Series(Y, dtype="string"),
    "lists of letters": [list(text) for text in Y],
    "arrays of letters": [np.array(list(text)) for text in Y],
    "objects of lists": objects([list(text) for text in Y]),
}


@pytest.mark.parametrize("y", FORMS.values(), ids=FORMS)
def test_transcripts_come_in_many_forms(y):
    got = make(NAME).fit(X, y)
    expected = make(NAME).fit(X, Y)
    assert got.history_[-1]["train_loss"] == expected.history_[-1]["train_loss"]
    assert got.score(X, y) == expected.score(X, Y)
    assert type(got.predict(X)[0]) is (str if isinstance(y[0], str) else list)


def test_it_is_neither_a_classifier_nor_a_regressor():
    assert not is_classifier(make(NAME))
    assert not is_regressor(make(NAME))


# -------------------------------------------------------------------------------- answers


@every_kind
def test_frames_are_what_strides_leave(params):
    model = fitted(**params)
    stride = int(np.prod(params.get("conv_stride", 1)))
    for x, proba, units in zip(
        X, model.predict_proba(X), model.transform(X), strict=True
    ):
        assert proba.shape == (-(-len(x) // stride), 4)
        assert len(units) == len(proba)
        np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-6)


@every_kind
@pytest.mark.parametrize("beam_size", [1, 5])
def test_answers_are_the_same_alone_and_in_any_batch(params, beam_size):
    model = copy.deepcopy(fitted(**params)).set_params(beam_size=beam_size)
    together = model.predict(X).tolist()
    assert [model.predict([x])[0] for x in X] == together
    assert model.predict(X[::-1] * 3).tolist() == together[::-1] * 3
    longer = model.predict([*X, np.concatenate(X)])
    assert longer[:-1].tolist() == together
    likely = model.log_likelihood(X, Y)
    alone = [model.log_likelihood([x], [y])[0] for x, y in zip(X, Y, strict=True)]
    np.testing.assert_array_equal(likely, alone)


def test_predictions_are_those_of_the_frames(model):
    found = model.predict(X)
    for said, frames in zip(found, log_frames(model, X), strict=True):
        assert said == "".join(model.classes_[ctc.best_path(frames) - 1])
    model.set_params(beam_size=6)
    free = ctc.Grammar.free(3)
    for said, frames in zip(model.predict(X), log_frames(model, X), strict=True):
        assert said == "".join(model.classes_[ctc.search(frames, 6, free) - 1])


def test_likelihoods_of_all_that_may_be_said_add_up_to_one(model):
    short = [x[:4] for x in X]  # two frames
    every = ["", *"abc", *(a + b for a in "abc" for b in "abc" if a != b)]
    total = sum(np.exp(model.log_likelihood(short, [text] * len(X))) for text in every)
    np.testing.assert_allclose(total, 1, rtol=1e-9)


def test_what_does_not_fit_is_impossible(model):
    assert model.log_likelihood([X[0][:4]], ["aa"]).tolist() == [-np.inf]
    with pytest.raises(ValueError, match="y at 1 needs 3 frames, but sequence 1 has 2"):
        model.align([X[0], X[0][:4]], ["a", "aa"])


def test_labels_are_aligned_with_their_sounds():
    model = fitted(**BOTH)
    for x, text, spans in zip(X, Y, model.align(X, Y), strict=True):
        assert spans.shape == (len(text), 2)
        assert (spans[:, 0] <= spans[:, 1]).all()
        assert (spans[1:, 0] > spans[:-1, 1]).all()
        assert 0 <= spans.min() <= spans.max() < len(x)
    assert model.align(X[:1], [""])[0].shape == (0, 2)


def test_a_block_has_a_block_of_frames(model):
    block = np.stack([x[:6] for x in X if len(x) >= 6])
    expected = model.predict_proba(list(block))
    np.testing.assert_array_equal(model.predict_proba(block), np.stack(list(expected)))
    assert model.predict(block).tolist() == model.predict(list(block)).tolist()


def test_float32_is_answered_in_float32(model):
    assert model.predict_proba([X[0].astype(np.float32)])[0].dtype == np.float32
    assert model.predict_proba(X[:1])[0].dtype == np.float64


# -------------------------------------------------------------------------------- lexicon


def test_a_closed_list_has_the_most_probable_entry(model):
    lexicon = ["cab", "a", "bb", "abc", "cc"]
    scores = np.array([model.log_likelihood(X, [word] * len(X)) for word in lexicon])
    expected = [lexicon[i] for i in scores.argmax(axis=0)]
    assert model.predict(X, lexicon=lexicon).tolist() == expected
    assert model.predict(X, lexicon=lexicon[::-1] * 2).tolist() == expected


def test_lists_have_lexica_too():
    model = make(NAME, **LEARNS).fit(X, as_lists(Y))
    found = model.predict(X, lexicon=[[0, 3], [6]])
    assert all(said in ([0, 3], [6]) for said in found)


def test_words_are_parted_by_spaces():
    spaced, said = spoken(60, letters="ab ", seed=2, longest=6)
    said = [" ".join(text.split()) or "a" for text in said]
    pairs = [(x, y) for x, y in zip(spaced, said, strict=True) if len(x) > 2 * len(y)]
    data = [x for x, _ in pairs], [y for _, y in pairs]
    model = make(NAME, **LEARNS).fit(*data)
    assert model.classes_.tolist() == [" ", "a", "b"]
    found = model.predict(data[0], lexicon=["ab", "ba", "b"])
    words = {word for text in found for word in text.split(" ") if text}
    assert words <= {"ab", "ba", "b"}
    assert any(" " in text for text in found)
    whole = model.predict(data[0], lexicon=["ab", "a b"])  # a closed list
    assert set(whole) <= {"ab", "a b"}


@pytest.mark.parametrize(
    ("lexicon", "words"),
    [
        ([], "lexicon must have at least one entry"),
        (["ab", "xa"], "lexicon has labels at 1, in 'xa'.*classes_: 'x'"),
        (["a", ""], "lexicon has an empty transcript at 1"),
        ("ab", "lexicon must hold"),
        ([3], "lexicon must hold.*got 3 at 0"),
        (["abcabcabc" * 9], "lexicon has no entry that fits sequence 0"),
    ],
)
def test_a_bad_lexicon_is_refused(model, lexicon, words):
    with pytest.raises(ValueError, match=words):
        model.predict(X, lexicon=lexicon)


# ------------------------------------------------------------------------------ bad input


def with_item(item, at=3):
    return [*Y[:at], item, *Y[at + 1 :]]


BAD = {
    "empty target": (X, with_item(""), "y has an empty transcript at 3"),
    "one string": (X, "abc", "y must hold a string for each.*got 'abc'"),
    "None": (X, None, "y must hold a string for each.*got None"),
    "numbers": (X, list(range(len(X))), "y must hold.*got 0 at 0"),
    "an item that is none": (X, with_item(None), "y must hold.*got None at 3"),
    "mixed": (X, with_item(["a"]), "y mixes strings with lists of labels, as at 3"),
    "a missing label": (X, [*as_lists(Y[:-1]), [3, None]], "missing label at 39"),
    "lists of lists": (X, [[["a"]]] * len(X), "a list of list at 0"),
    "mixed labels": (X, [["a", 1]] * len(X), "mixes text with other types"),
    "too few": (X, Y[:-1], r"inconsistent numbers of samples: \[40, 39\]"),
    "too long": (
        X,
        with_item("abc" * 12),
        "36 label.* at 3, 0 of them .*36 frames; but sequence 3 has .*conv_stride",
    ),
    "too many repeats": (
        [x[:8] for x in X],
        ["a"] * 20 + ["aab"] + ["a"] * 18 + ["aaa"],
        "3 label.* at 39, 2 of them equal.* need 5 frames; but .* 39 has .* step",
    ),
}


@pytest.mark.parametrize(("X", "y", "words"), BAD.values(), ids=BAD)
def test_bad_transcripts_are_refused_before_training(X, y, words):
    model = make(NAME, **STRIDE)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=f"(?s){words}"):
        model.fit(X, y)
    assert vars(model) == before


def test_unknown_labels_are_refused_by_name(model):
    for method in (model.log_likelihood, model.align):
        with pytest.raises(ValueError, match=r"y has labels at 1, in 'bx'.*'x'.*Known"):
            method(X[:2], ["a", "bx"])
    # But a transcript with one can be wrong.
    assert model.score(X[:2], ["a", "bx"]) <= 0.5


@pytest.mark.parametrize("beam_size", [0, -1, 1.5, True])
def test_a_beam_has_at_least_one_prefix(model, beam_size):
    with pytest.raises(ValueError, match="beam_size must be int of at least 1"):
        model.set_params(beam_size=beam_size).predict(X)
    with pytest.raises(ValueError, match="beam_size"):
        make(NAME, beam_size=beam_size).fit(X, Y)


def test_masked_transcripts_are_refused():
    masked = np.ma.masked_array([1, 2], [False, True])
    with pytest.raises(TypeError, match="masked array at 0"):
        make(NAME).fit(X, [masked] * len(X))


def test_prefixes_are_refused(model):
    with pytest.raises(ValueError, match=r"predict_prefixes .*use open_stream"):
        model.predict_prefixes(X)


# -------------------------------------------------------------------- as scikit-learn has


def test_epochs_one_by_one():
    model = make(NAME)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        model.partial_fit(X, Y)
    with pytest.raises(ValueError, match=r"single characters.*'ab'"):
        model.partial_fit(X, Y, classes=["ab", "c"])
    model.partial_fit(X[:20], Y[:20], classes=list("abcd"))
    model.partial_fit(X[20:], Y[20:])
    assert model.classes_.tolist() == list("abcd")
    assert model.n_epochs_ == 2
    with pytest.raises(ValueError, match="classes must be those of the first call"):
        model.partial_fit(X, Y, classes=list("abc"))
    with pytest.raises(ValueError, match=r"y has labels at 0, in 'ae'.*: 'e'"):
        model.partial_fit(X[:1], ["ae"])


def test_a_fit_in_two_halves():
    exact = {"dtype": "float64", "batch_size": None, "lr_schedule": "constant"}
    whole = make(NAME, max_epochs=6, **exact).fit(X, Y)
    halves = make(NAME, max_epochs=3, warm_start=True, **exact).fit(X, Y).fit(X, Y)
    losses = [
        [epoch["train_loss"] for epoch in model.history_] for model in (whole, halves)
    ]
    np.testing.assert_allclose(*losses, rtol=1e-9)


@pytest.mark.parametrize("scoring", [None, "accuracy", lambda m, X, y: m.score(X, y)])
def test_early_stopping_keeps_the_best_epoch(scoring):
    params = {**LEARNS, "early_stopping": True, "scoring": scoring, "patience": 3}
    model = make(NAME, **params).fit(X, Y)
    name, sign = ("valid_loss", 1) if scoring is None else ("valid_score", -1)
    watched = [sign * epoch[name] for epoch in model.history_]
    assert len(watched) == model.n_epochs_
    assert min(watched) < watched[0] or len(watched) <= 4


def test_a_validation_set_may_have_longer_transcripts():
    long = [x for x, y in zip(X, Y, strict=True) if len(y) == 4]
    said = [y for y in Y if len(y) == 4]
    short = [x for x, y in zip(X, Y, strict=True) if len(y) < 3]
    texts = [y for y in Y if len(y) < 3]
    model = make(NAME, early_stopping=True)
    model.fit(short, texts, X_val=long, y_val=said)
    expected = -model.log_likelihood(long, said) / 4
    assert model.history_[-1]["valid_loss"] == pytest.approx(expected.mean(), rel=1e-4)
    with pytest.raises(ValueError, match=r"X_val and y_val must be like X and y.*'z'"):
        model.fit(short, texts, X_val=long[:1], y_val=["z"])


def test_searches_and_pipelines():
    pipe = make_pipeline(StepwiseTransformer(StandardScaler()), make(NAME, **LEARNS))
    search = GridSearchCV(pipe, {"recurrenttranscriber__hidden_size": [4, 24]}, cv=2)
    search.fit(X, Y)
    assert search.best_params_ == {"recurrenttranscriber__hidden_size": 24}
    assert search.score(X, Y) == np.mean(search.predict(X) == np.array(Y))
    said = cross_val_predict(make(NAME, **LEARNS), X, Y, cv=2)
    assert accuracy_score(Y, said.astype(str)) == np.mean(said == objects(Y))


def test_bidirectional_ones_have_no_streams():
    with pytest.raises(ValueError, match="open_stream needs a causal network"):
        fitted(**BOTH).open_stream()


def test_tables_with_static_covariates():
    table = pd.DataFrame({"sounds": objects(X), "age": np.arange(len(X))})
    model = make(NAME, **LEARNS).fit(table, Y)
    assert model.n_static_features_in_ == 1
    plain = model.predict(table).tolist()
    assert model.to_numpy().predict(X, np.arange(len(X))[:, None]).tolist() == plain


# ------------------------------------------------------------------- stored and deployed


@every_kind
def test_what_is_stored_is_equal(params, tmp_path):
    model = fitted(**params)
    model.save(tmp_path / "model")
    again = [sksequence.load(tmp_path / "model"), pickle.loads(pickle.dumps(model))]
    for one in again:
        assert one.predict(X).tolist() == model.predict(X).tolist()
        np.testing.assert_array_equal(
            one.log_likelihood(X, Y), model.log_likelihood(X, Y)
        )
        assert one.classes_.tolist() == model.classes_.tolist()
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
    assert scorer.left > 95 - 5
    np.testing.assert_array_equal(
        resumed.log_likelihood(X, Y), expected.log_likelihood(X, Y)
    )


@every_kind
def test_predictors_in_numpy_say_the_same(params, tmp_path):
    model = fitted(**params)
    predictor = model.to_numpy(tmp_path / "model.py")
    namespace = {}
    exec((tmp_path / "model.py").read_text(encoding="utf-8"), namespace)
    for one in (predictor, namespace["predictor"]):
        assert one.predict(X).tolist() == model.predict(X).tolist()
        for ours, theirs in zip(
            one.predict_proba(X), model.predict_proba(X), strict=True
        ):
            np.testing.assert_allclose(ours, theirs, atol=1e-5)


CAUSAL = [name for name, params in KINDS.items() if "bidirectional" not in params]


@pytest.mark.parametrize("kind", CAUSAL)
def test_streams_emit_what_predict_says(kind):
    model = fitted(**KINDS[kind])
    stride = int(np.prod(KINDS[kind].get("conv_stride", 1)))
    whole = [x[: len(x) // stride * stride] for x in X]
    stream = model.open_stream()
    for x, said in zip(whole, model.predict(whole), strict=True):
        emitted = [stream.step(step) for step in x]
        assert "".join(emitted) == said
        assert all(len(text) <= 1 for text in emitted)
        stream.reset()


def test_streams_side_by_side_and_copies():
    model = fitted()
    n = min(len(x) for x in X)
    many, two = model.open_stream(2), np.stack([X[0][:n], X[1][:n]])
    said = [many.step(two[:, t]) for t in range(n // 2)]
    copied = pickle.loads(pickle.dumps(many))
    for stream in (many, copied):
        rest = [stream.step(two[:, t]) for t in range(n // 2, n)]
        whole = ["".join(letters) for letters in zip(*said, *rest, strict=True)]
        assert whole == model.predict(list(two)).tolist()


def test_streams_of_lists_emit_lists():
    model = make(NAME, **LEARNS).fit(X, as_lists(Y))
    stream = model.open_stream()
    said = [label for step in X[0] for label in stream.step(step)]
    assert said == model.predict(X[:1])[0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@every_kind
def test_onnx_says_the_same(params, dtype, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    model = fitted(dtype=dtype, **params)
    model.to_onnx(tmp_path / "model.onnx")
    lengths = np.array([len(x) for x in X])
    padded = np.full((len(X), lengths.max() + 3, 3), np.nan, dtype)
    for row, x in zip(padded, X, strict=True):
        row[: len(x)] = x
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    codes, proba = session.run(None, {"X": padded, "lengths": lengths})
    assert codes.dtype == np.int64
    for i, (said, expected) in enumerate(
        zip(model.predict(X), model.predict_proba(X), strict=True)
    ):
        assert "".join(model.classes_[codes[i, : len(said)]]) == said
        assert (codes[i, len(said) :] == -1).all()
        np.testing.assert_allclose(proba[i, : len(expected)], expected, atol=1e-5)


@pytest.mark.parametrize("params", [{}, {**STRIDE, **BOTH}], ids=["causal", "strided"])
def test_it_keeps_the_contract(params):
    results = check_sequence_estimator(make(NAME, **params))
    skipped = {r["name"] for r in results if r["status"] == "skipped"}
    assert skipped == ({"causal"} if params else set())
