"""Sequences shorter than a kernel: padded with zeros, as the ends of all others are."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.data import ragged
from helpers.estimators import make
from sksequence.preprocessing import SequenceTokenizer

X, SHORT = ragged(n_channels=2), ragged((1, 2, 3, 4, 5, 6), seed=1)
LABELS = np.arange(len(X)) % 2
CONVOLUTIONS = {
    "kernel": {"conv_channels": (4,)},
    "strides": {
        "conv_channels": (4, 3),
        "conv_kernel_size": (5, 4),
        "conv_stride": (2, 3),
    },
    "stride longer than kernel": {
        "conv_channels": (4,),
        "conv_kernel_size": 2,
        "conv_stride": 4,
    },
}
every_convolution = pytest.mark.parametrize(
    "params", CONVOLUTIONS.values(), ids=CONVOLUTIONS
)


@every_convolution
@pytest.mark.parametrize("missing", ["error", "mask", "decay"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("pooling", ["last", "mean", "attention"])
def test_a_short_sequence_is_answered_as_numpy_does(
    params, missing, bidirectional, pooling
):
    options = {"missing": missing, "bidirectional": bidirectional, "pooling": pooling}
    model = make("GRUClassifier", **params, **options).fit(X, LABELS)
    together = model.predict_proba([*SHORT, *X])
    alone = np.concatenate([model.predict_proba([x]) for x in [*SHORT, *X]])
    np.testing.assert_array_equal(together, alone)
    predictor = model.to_numpy()
    np.testing.assert_allclose(together, predictor.predict_proba([*SHORT, *X]), atol=1e-6)
    assert np.ptp(together[: len(SHORT), 0]) > 1e-4


@every_convolution
def test_a_short_sequence_is_answered_as_the_beginning_of_a_long_one(params):
    model = make("GRUClassifier", **params).fit(X, LABELS)
    stride = int(np.prod(params.get("conv_stride", 1)))
    for x, prefixes in zip(X, model.predict_prefixes(X, "predict_proba"), strict=True):
        ends = range(stride, len(x) + 1, stride)
        expected = [model.predict_proba([x[:end]])[0] for end in ends]
        expected = np.reshape(expected, (-1, 2))
        np.testing.assert_allclose(prefixes, expected, atol=1e-6)
    counts = [len(said) for said in model.predict_prefixes(SHORT)]
    assert counts == [len(x) // stride for x in SHORT]


@every_convolution
def test_every_step_of_a_short_sequence_has_its_answer(params):
    tagger = make("RecurrentTagger", **params).fit(X, [x[:, 0] > 0 for x in X])
    said = tagger.predict_proba([*SHORT, *X])
    for x, answer in zip([*SHORT, *X], said, strict=True):
        np.testing.assert_array_equal(answer, tagger.predict_proba([x])[0])


def test_some_may_be_short_in_fit_but_not_all():
    model = make("GRUClassifier", conv_channels=(4,))
    some = [*SHORT[:2], *X[2:]]
    assert np.isfinite(model.fit(some, LABELS).predict_proba(some)).all()
    with pytest.raises(ValueError, match="kernel_size=5, but sequence 3, the longest"):
        make("GRUClassifier", conv_channels=(4,)).fit(SHORT[:4], LABELS[:4])
    model.partial_fit(SHORT[:4], LABELS[:4])


def test_an_empty_text_is_answered_as_an_unknown_word():
    texts = ["good film", "bad film", "good", "bad"] * 3
    tokenizer = SequenceTokenizer().fit(texts)
    model = make("GRUClassifier", embedding_dim=4)
    model.fit(tokenizer.transform(texts), [1, 0] * 6)
    said = model.predict_proba(tokenizer.transform(["", "unheard", *texts]))
    np.testing.assert_array_equal(said[0], said[1])
    np.testing.assert_array_equal(
        said[2:], model.predict_proba(tokenizer.transform(texts))
    )
