"""Taggers with a conditional random field: fits, answers, weights, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import sksequence
from helpers.chains import enumerated, every_path, follows, score_of
from helpers.comparing import pickled
from helpers.data import ragged
from helpers.estimators import make
from helpers.step_task import ONE_STEP, STILL, TAGGER, assert_same_weights, flat
from sksequence import RecurrentTagger
from sksequence.metrics import make_step_scorer, perplexity_scorer
from sksequence.utils import check_sequence_estimator

CLASSES = ["B-a", "B-b", "I-a", "I-b", "O"]
LENGTHS = (9, 1, 7, 12, 5, 8, 2, 10, 3, 6)


def names(seed=0):
    """Sequences with names of two kinds in them, as tags of "bio"."""
    rng = np.random.default_rng(seed)
    X, y = ragged(LENGTHS, 3, seed), []
    for x in X:
        tags: list[str] = []
        while len(tags) < len(x):
            kind = rng.choice(["a", "b", ""])
            more = rng.integers(1, 4)
            tags += [f"B-{kind}"] + [f"I-{kind}"] * (more - 1) if kind else ["O"] * more
        y.append(tags[: len(x)])
        x[:, 0] += np.array([tag.endswith("a") for tag in y[-1]]) * 2
        x[:, 1] += np.array([tag.endswith("b") for tag in y[-1]]) * 2
    return X, y


def chain(**params):
    return make(TAGGER, **{"crf": True, **params})


@pytest.fixture(scope="module")
def fitted():
    X, y = names()
    return chain(tag_scheme="bio", max_epochs=10, lr=0.05, bidirectional=True).fit(X, y)


# --------------------------------------------------------------------------- answers


@pytest.mark.parametrize("scheme", [None, "bio"])
def test_answers_are_those_of_all_sequences_of_tags(scheme):
    X, y = names()
    model = chain(tag_scheme=scheme, max_epochs=10, lr=0.05, dtype="float64")
    model.fit(X, y)
    answer = model._export_answer()
    parts = [answer[name] for name in ("transitions", "start", "end")]
    assert np.isneginf(parts[0]).any() == (scheme is not None)
    short = [x[:4] for x in X]
    scores = model._respond(short, "transform", "forward")
    proba, log_proba = model.predict_proba(short), model.predict_log_proba(short)
    for i, of_steps in enumerate(scores):
        path, marginals = enumerated(of_steps, *parts)
        assert model.predict(short)[i].tolist() == model.classes_[path].tolist()
        np.testing.assert_allclose(proba[i], marginals, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(np.exp(log_proba[i]), proba[i], rtol=1e-12)


def test_no_answer_breaks_the_scheme(fitted):
    rng = np.random.default_rng(1)
    X = [rng.normal(size=(n, 3)) * 4 for n in rng.integers(1, 20, size=100)]
    assert all(follows(tags, "bio") for tags in fitted.predict(X))
    code = fitted.classes_.tolist().index("I-a")
    assert all(proba[0, code] == 0 for proba in fitted.predict_proba(X))


def test_answers_are_equal_to_the_bit_alone_in_any_batch_and_padding(fitted):
    rng = np.random.default_rng(1)
    X = [rng.normal(size=(n, 3)) for n in rng.integers(1, 30, size=60)]
    for method in ("predict", "predict_proba", "predict_log_proba"):
        together = getattr(fitted, method)(X)
        order = rng.permutation(60)[:23]
        again = getattr(fitted, method)([X[i] for i in order])
        for x, answer in zip(X, together, strict=True):
            np.testing.assert_array_equal(getattr(fitted, method)([x])[0], answer)
        for i, answer in zip(order, again, strict=True):
            np.testing.assert_array_equal(answer, together[i])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_probabilities_have_the_dtype_of_x(fitted, dtype):
    X = [x.astype(dtype) for x in names()[0]]
    assert {proba.dtype for proba in fitted.predict_proba(X)} == {np.dtype(dtype)}


def test_equally_likely_classes_are_told_apart_by_their_order():
    """Of a network that knows nothing, whose scores are all equal."""
    X, y = names()
    model = chain(tag_scheme="bio").fit(X, y)
    for values in model.net_.module_.parameters():
        values.data.zero_()
    assert {tag for tags in model.predict(X) for tag in tags} == {"B-a"}


def test_a_block_is_answered_by_a_block():
    X = np.stack([x[:3] for x in names()[0] if len(x) > 2])
    y = np.array([tags[:3] for tags in names()[1] if len(tags) > 2])
    model = chain().fit(X, y)
    assert model.predict(X).shape == y.shape
    assert model.predict_proba(X).shape == (*y.shape, 5)
    np.testing.assert_array_equal(model.predict(list(X))[0], model.predict(X)[0])


# ------------------------------------------------------------------------------- fits


def test_the_first_loss_is_that_of_a_softmax():
    """Scores of transitions begin at zero, and the loss is one of steps."""
    X, y = names()
    losses = [
        make(TAGGER, **STILL, crf=crf).fit(X, y).history_[0]["train_loss"]
        for crf in (False, True)
    ]
    assert losses[1] == pytest.approx(losses[0], rel=1e-12)


def test_sequences_weigh_as_often_as_they_are_there():
    X, y = names()
    weight = np.arange(len(X)) % 3
    some = chain(**ONE_STEP, standardize=False).fit(X, y, sample_weight=weight)
    rows = np.repeat(np.arange(len(X)), weight)
    often = chain(**ONE_STEP, standardize=False)
    often.fit([X[i] for i in rows], [y[i] for i in rows])
    assert_same_weights(some, often, rtol=1e-9, atol=1e-12)
    losses = [model.history_[0]["train_loss"] for model in (some, often)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-9)


def test_a_step_without_a_label_is_summed_over():
    """The loss is the sum of the probabilities of all sequences that fit."""
    X, y = names()
    partly = [[None if i % 3 == 1 else tag for i, tag in enumerate(tags)] for tags in y]
    partly[1] = y[1]
    model = chain(**STILL, tag_scheme="bio").fit(X, partly)
    answer = model._export_answer()
    parts = [answer[name] for name in ("transitions", "start", "end")]
    short = [i for i, x in enumerate(X) if len(x) < 6]
    own = clone(model).fit([X[i] for i in short], [partly[i] for i in short])
    scores = own._respond([X[i] for i in short], "transform", "forward")
    total = 0.0
    for i, of_steps in zip(short, scores, strict=True):
        with np.errstate(divide="ignore"):
            paths = every_path(*of_steps.shape)
            likely = np.exp([score_of(p, of_steps, *parts) for p in paths])
        known = [(t, CLASSES.index(tag)) for t, tag in enumerate(partly[i]) if tag]
        fits = np.all([paths[:, t] == code for t, code in known], axis=0)
        total -= np.log(likely[fits].sum() / likely.sum())
    n_given = sum(tag is not None for i in short for tag in partly[i])
    assert own.history_[0]["train_loss"] == pytest.approx(total / n_given, rel=1e-9)


def test_neighbours_are_learnt_that_no_step_shows():
    """A second class only ever follows a first one, which alone is to be seen."""
    rng = np.random.default_rng(0)
    X, y = [], []
    for n in rng.integers(4, 10, size=60):
        seen = rng.random(n) < 0.3
        tags = np.where(seen, "B-x", "O")
        tags[1:][(tags[:-1] == "B-x") & ~seen[1:]] = "I-x"
        X.append(np.column_stack([seen, rng.normal(size=n)]))
        y.append(tags.tolist())
    params = {"cell": "indrnn", "hidden_size": 2, "max_epochs": 60, "lr": 0.03}
    model = chain(**params, tag_scheme="bio").fit(X, y)
    transitions = model._export_answer()["transitions"]
    assert transitions[0, 1] > transitions[0, 2]
    assert model.score(X, y) > 0.95


def test_a_fit_goes_on_across_pickling():
    X, y = names()
    params = {"warm_start": True, "lr_schedule": "constant", "tag_scheme": "bio"}
    first = chain(**params).fit(X, y)
    across = pickled(first).fit(X, y)
    assert_same_weights(first.fit(X, y), across, rtol=0, atol=0)
    at_once = chain(**params, max_epochs=4).fit(X, y)
    assert_same_weights(at_once, across, rtol=0, atol=0)
    through = chain(tag_scheme="bio")
    for _ in range(2):
        through.partial_fit(X, y, classes=CLASSES)
    same = chain(tag_scheme="bio").partial_fit(X, y, classes=CLASSES)
    assert_same_weights(pickled(same).partial_fit(X, y), through, rtol=0, atol=0)


@pytest.mark.parametrize("name", ["crf", "tag_scheme"])
def test_a_chain_does_not_change_when_a_fit_goes_on(name):
    X, y = names()
    model = chain(warm_start=True, tag_scheme="bio").fit(X, y)
    model.set_params(**{"tag_scheme": None, name: {"crf": False}.get(name)})
    with pytest.raises(ValueError, match=f"{name}=.* cannot continue a fit"):
        model.fit(X, y)


def test_stored_and_resumed_to_the_bit(fitted, tmp_path):
    X, y = names()
    fitted.save(tmp_path / "model.safetensors")
    again = sksequence.load(tmp_path / "model.safetensors")
    for method in ("predict_proba", "predict"):
        expected = flat(getattr(fitted, method)(X))
        np.testing.assert_array_equal(flat(getattr(again, method)(X)), expected)
        np.testing.assert_array_equal(flat(getattr(pickled(fitted), method)(X)), expected)
    params = {"tag_scheme": "bio", "checkpoint": tmp_path / "fit"}
    done = chain(**params, max_epochs=4).fit(X, y)
    resumed = chain(**params, max_epochs=4).fit(X, y)
    assert_same_weights(done, resumed, rtol=0, atol=0)


def test_early_stopping_scores_the_answers_of_the_chain():
    X, y = names()
    params = {"early_stopping": True, "max_epochs": 4, "tag_scheme": "bio"}
    scored = make_step_scorer(lambda t, p: float(np.mean(t == p)))
    for scoring in ("accuracy", scored):
        model = chain(**params, scoring=scoring).fit(X, y, X_val=X[:4], y_val=y[:4])
        best = max(one["valid_score"] for one in model.history_)
        assert model.score(X[:4], y[:4]) == pytest.approx(best)


def test_searches_choose_it():
    X, y = names()
    search = GridSearchCV(make(TAGGER), {"crf": [False, True]}, cv=2)
    search.fit(X, y)
    assert search.cv_results_["mean_test_score"].shape == (2,)
    scored = GridSearchCV(chain(), {"lr": [0.01]}, cv=2, scoring=perplexity_scorer)
    assert scored.fit(X, y).best_score_ < -1


@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_contract_is_kept(bidirectional):
    results = check_sequence_estimator(chain(bidirectional=bidirectional))
    skipped = {one["name"] for one in results if one["status"] != "passed"}
    assert skipped <= {"causal" if bidirectional else "both_ends_used"}


# --------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"crf": False, "tag_scheme": "bio"}, "tag_scheme='bio' needs crf=True"),
        ({"bptt_steps": 3}, "bptt_steps must be None with crf=True"),
        ({"class_weight": "balanced"}, "class_weight must be None with crf=True"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_what_has_no_meaning_for_a_chain_is_refused(params, words):
    X, y = names()
    with pytest.raises(ValueError, match=words):
        chain(**params).fit(X, y)


@pytest.mark.parametrize(
    ("name", "value"),
    [("crf", None), ("crf", "yes"), ("tag_scheme", "iob"), ("tag_scheme", True)],
)
def test_values_out_of_range_are_refused(name, value):
    with pytest.raises(ValueError, match=rf"The '{name}' parameter .* must be"):
        chain(**{name: value}).fit(*names())


def test_several_labels_and_weights_of_steps_are_refused():
    X, y = names()
    with pytest.raises(ValueError, match="crf=True needs one class for each step"):
        chain().fit(
            X, [np.ones((len(x), 2), int) - np.eye(len(x), 2, dtype=int) for x in X]
        )
    weight = [np.ones(len(x)) for x in X]
    with pytest.raises(ValueError, match="one weight for each sequence with crf=True"):
        chain().fit(X, y, sample_weight=weight)
    model = chain().fit(X, y)
    assert model.score(X, y, sample_weight=weight) == pytest.approx(model.score(X, y))


@pytest.mark.parametrize(
    ("place", "tag", "words"),
    [
        ((3, 5), "I-b", r"in sequence 3: 'I-b' at step 5, after 'O'"),
        ((4, 0), "I-a", r"in sequence 4: 'I-a' at step 0, at the beginning"),
        ((2, 1), "E-a", r"at step 1 of sequence 2: 'E-a' is no tag of the scheme 'bio'"),
        ((2, 1), "a", r"at step 1 of sequence 2: 'a' is no tag"),
    ],
    ids=["inside", "at the beginning", "of another scheme", "no tag"],
)
def test_tags_that_break_the_scheme_are_named(place, tag, words):
    X, y = names()
    y = [list(tags) for tags in y]
    i, t = place
    y[i] = ["O"] * len(y[i])
    y[i][t] = tag
    model = chain(tag_scheme="bio")
    with pytest.raises(ValueError, match=f"tag_scheme='bio' ?{words}"):
        model.fit(X, y)
    assert not hasattr(model, "net_")
    y_val = [y[i]]
    model = chain(tag_scheme="bio", early_stopping=True)
    with pytest.raises(ValueError, match="X_val and y_val must be like X and y"):
        model.fit(*names(), X_val=[X[i]], y_val=y_val)


def test_a_sequence_may_not_end_in_an_open_chunk():
    X = ragged((3, 2))
    words = "in sequence 1: its end at step 2, after 'B-a'"
    with pytest.raises(ValueError, match=words):
        chain(tag_scheme="bioes").fit(X, [["O", "B-a", "E-a"], ["S-a", "B-a"]])
    with pytest.raises(ValueError, match="must have a class that can be the only one"):
        chain(tag_scheme="bioes").fit(X[1:], [["B-a", "E-a"]])


def test_what_comes_step_by_step_is_refused():
    X, y = names()
    model = chain().fit(X, y)
    for call in (model.open_stream, lambda: model.predict_prefixes(X)):
        with pytest.raises(ValueError, match="needs a model with crf=False"):
            call()
    with pytest.raises(ValueError, match="crf=True cannot predict before the end"):
        model.to_numpy().open_stream()
    tokens = [np.arange(1, 6)] * 3
    language = RecurrentTagger(crf=True, embedding_dim=2, max_epochs=1)
    with pytest.raises(ValueError, match="generate needs crf=False"):
        language.fit(tokens, tokens).generate([1], 2)
