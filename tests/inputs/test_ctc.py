"""Connectionist temporal classification against the enumeration of all paths."""

from __future__ import annotations

from itertools import groupby, product

import numpy as np
import pytest

from sksequence._inputs import ctc

FREE = ctc.Grammar.free(2)


def frames(n_frames, n_classes=2, seed=0, sharpness=2.0):
    """Log probabilities of a blank and some labels."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(scale=sharpness, size=(n_frames, 1 + n_classes))
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def labelling(path):
    return tuple(symbol for symbol, _ in groupby(path) if symbol)


def by_enumeration(log_proba):
    """The probability of every labelling, and its best path, from all paths."""
    total, best = {}, {}
    for path in product(range(log_proba.shape[1]), repeat=len(log_proba)):
        score = log_proba[np.arange(len(path)), path].sum()
        said = labelling(path)
        total[said] = total.get(said, 0) + np.exp(score)
        best[said] = max(best.get(said, (-np.inf, ())), (score, path))
    return total, best


def as_codes(*labellings):
    codes = np.zeros((len(labellings), max(map(len, labellings))), dtype=int)
    for row, said in zip(codes, labellings, strict=True):
        row[: len(said)] = said
    return codes


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n_frames", [1, 2, 5])
def test_likelihoods_are_sums_over_all_paths(n_frames, seed):
    log_proba = frames(n_frames, seed=seed)
    total, _ = by_enumeration(log_proba)
    found = ctc.log_likelihoods(log_proba, as_codes(*total))
    np.testing.assert_allclose(np.exp(found), list(total.values()), rtol=1e-12)
    assert np.exp(found).sum() == pytest.approx(1, rel=1e-12)


def test_what_needs_more_frames_has_no_probability():
    codes = as_codes((1, 1), (1, 2, 1), (1, 2))
    np.testing.assert_array_equal(ctc.count_frames(codes), [3, 3, 2])
    found = ctc.log_likelihoods(frames(2), codes)
    np.testing.assert_array_equal(np.isfinite(found), [False, False, True])


@pytest.mark.parametrize("seed", range(4))
def test_the_best_path_is_the_most_probable_path(seed):
    log_proba = frames(5, seed=seed)
    _, best = by_enumeration(log_proba)
    assert tuple(ctc.best_path(log_proba)) == max(best, key=best.get)


@pytest.mark.parametrize("seed", range(8))
def test_a_wide_beam_finds_the_most_probable_labelling(seed):
    log_proba = frames(5, seed=seed, sharpness=1.0)
    total, _ = by_enumeration(log_proba)
    assert tuple(ctc.search(log_proba, 500, FREE)) == max(total, key=total.get)


def test_a_beam_finds_what_the_best_path_is_not():
    log_proba = np.log([[0.6, 0.4], [0.6, 0.4]])
    assert ctc.best_path(log_proba).tolist() == []
    assert ctc.search(log_proba, 2, ctc.Grammar.free(1)).tolist() == [1]


def test_ties_are_in_the_order_of_classes():
    uniform = np.log(np.full((1, 3), 1 / 3))
    assert ctc.best_path(uniform).tolist() == []
    without_blank = np.log([[1e-9, 0.5, 0.5]])
    assert ctc.best_path(without_blank).tolist() == [1]
    for size in (1, 2, 10):
        assert ctc.search(without_blank, size, FREE).tolist() == [1]


@pytest.mark.parametrize("seed", range(6))
def test_alignments_are_the_best_paths_of_a_labelling(seed):
    log_proba = frames(6, seed=seed)
    _, best = by_enumeration(log_proba)
    for said, (score, path) in best.items():
        spans = ctc.align(log_proba, np.array(said, dtype=int))
        again = np.zeros(len(path), dtype=int)
        for code, (first, last) in zip(said, spans, strict=True):
            assert first <= last
            again[first : last + 1] = code
        assert labelling(again) == said
        assert log_proba[np.arange(len(path)), again].sum() == pytest.approx(score)


# ------------------------------------------------------------------------------- grammars


def words_of(text, alphabet=" ab"):
    return tuple(1 + alphabet.index(letter) for letter in text)


@pytest.mark.parametrize("seed", range(6))
def test_a_search_for_words_finds_the_most_probable_words(seed):
    """Words a, ab and bb, with spaces between them, against all labellings."""
    log_proba = frames(6, n_classes=3, seed=seed, sharpness=1.0)
    total, _ = by_enumeration(log_proba)
    vocabulary = {words_of(word) for word in ("a", "ab", "bb")}
    allowed = {
        said: p
        for said, p in total.items()
        if not said or all(word in vocabulary for word in _split(said))
    }
    grammar = ctc.Grammar.of_words(as_codes(*vocabulary), 1, 3)
    found = tuple(ctc.search(log_proba, 500, grammar))
    assert found == max(allowed, key=allowed.get)


def _split(said):
    """Words, given the code 1 for a space; an empty one if there are two in a row."""
    text = "".join(map(str, said))
    return [tuple(map(int, word)) for word in text.split("1")]


def test_a_narrow_beam_ends_with_a_whole_word():
    # The first letter of the only word is likely, its others are not.
    log_proba = np.log([[0.01, 0.97, 0.01, 0.005, 0.005]] * 6)
    grammar = ctc.Grammar.of_words(np.array([[1, 2, 3]]), 4, 4)
    assert ctc.search(log_proba, 1, grammar).tolist() == [1, 2, 3]
