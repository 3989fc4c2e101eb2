"""Connectionist temporal classification: from the probabilities of frames to labels.

A path has a symbol for each frame: a label, or the blank, whose code is 0. Its labelling
is what is left when repeats are merged and then blanks are removed, so equal neighbours
need a blank between them. Everything is computed for one sequence at a time, so that it
does not depend on others. Graves, Fernandez, Gomez and Schmidhuber (2006).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def best_path(log_proba: np.ndarray) -> np.ndarray:
    """Return the labelling of the most probable path.

    Parameters
    ----------
    log_proba : ndarray of shape (n_frames, 1 + n_classes)
        Log probabilities of the blank and the labels at each frame. Of equal ones the
        first counts.

    Returns
    -------
    ndarray of shape (n_labels,)
        Codes, from 1.

    Examples
    --------
    >>> best_path(np.log([[0.1, 0.9], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]]))
    array([1, 1])
    """
    path = log_proba.argmax(axis=1)
    begins = np.append(True, path[1:] != path[:-1])
    return path[begins & (path > 0)]


def count_frames(codes: np.ndarray) -> np.ndarray:
    """Return how many frames each labelling needs: a blank parts equal neighbours.

    Parameters
    ----------
    codes : ndarray of shape (n, longest)
        Codes of labels, zeros behind the last one.

    Examples
    --------
    >>> count_frames(np.array([[1, 1, 2], [2, 0, 0]]))
    array([4, 1])
    """
    repeats = (codes[:, 1:] == codes[:, :-1]) & (codes[:, 1:] > 0)
    return (codes > 0).sum(axis=1) + repeats.sum(axis=1)


def log_likelihoods(log_proba: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return the log probability of labellings: the sum over all of their paths.

    Parameters
    ----------
    log_proba : ndarray of shape (n_frames, 1 + n_classes)
        Log probabilities of one sequence.
    codes : ndarray of shape (n, longest)
        Codes of labels, zeros behind the last one.

    Returns
    -------
    ndarray of shape (n,)
        -inf for those that need more frames.

    Examples
    --------
    >>> halves = np.log(np.full((2, 2), 0.5))
    >>> np.exp(log_likelihoods(halves, np.array([[1], [0]]))).round(6)
    array([0.75, 0.25])
    """
    states, skips = _states(codes)
    forward = np.full(states.shape, -np.inf)
    forward[:, :2] = log_proba[0][states[:, :2]]
    for frame in log_proba[1:]:
        before = forward
        forward = before.copy()
        forward[:, 1:] = np.logaddexp(forward[:, 1:], before[:, :-1])
        skipped = np.where(skips, before[:, :-2], -np.inf)
        forward[:, 2:] = np.logaddexp(forward[:, 2:], skipped)
        forward += frame[states]
    rows, ends = np.arange(len(codes)), 2 * (codes > 0).sum(axis=1)
    in_label = forward[rows, np.maximum(ends - 1, 0)]
    in_label = np.where(ends > 0, in_label, -np.inf)
    return np.logaddexp(forward[rows, ends], in_label)


def align(log_proba: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return the frames of each label in the most probable path of a labelling.

    Parameters
    ----------
    log_proba : ndarray of shape (n_frames, 1 + n_classes)
        Log probabilities of one sequence.
    codes : ndarray of shape (n_labels,)
        Codes of labels, which must not need more frames.

    Returns
    -------
    ndarray of shape (n_labels, 2)
        First and last frame of each label. Of equally probable paths the one that is
        further on.

    Examples
    --------
    >>> log_proba = np.log([[0.1, 0.8, 0.1], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]])
    >>> align(log_proba, np.array([1, 2]))
    array([[0, 1],
           [2, 2]])
    """
    states, skips = (part[0] for part in _states(codes[None]))
    best = np.full(len(states), -np.inf)
    best[:2] = log_proba[0][states[:2]]
    moves = np.zeros((len(log_proba), len(states)), dtype=np.int8)
    for t, frame in enumerate(log_proba[1:], 1):
        reached = np.full((3, len(states)), -np.inf)
        reached[0] = best
        reached[1, 1:] = best[:-1]
        reached[2, 2:] = np.where(skips, best[:-2], -np.inf)
        moves[t] = reached.argmax(axis=0)
        best = reached.max(axis=0) + frame[states]
    ends = [len(states) - 1, len(states) - 2][: len(states)]
    state = max(ends, key=lambda end: best[end])
    path = np.empty(len(log_proba), dtype=int)
    for t in range(len(log_proba) - 1, -1, -1):
        path[t] = state
        state -= moves[t, state]
    labels = np.arange(1, len(states), 2)[:, None]
    first = (path < labels).sum(axis=1)
    return np.stack([first, (path <= labels).sum(axis=1) - 1], axis=1)


def _states(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the symbols of labellings with blanks around each label (n, 2 longest + 1).

    Also whether a path may skip the blank before each symbol but the first two: between
    labels that differ.
    """
    states = np.zeros((len(codes), 2 * codes.shape[1] + 1), dtype=int)
    states[:, 1::2] = codes
    skips = (states[:, 2:] > 0) & (states[:, 2:] != states[:, :-2])
    return states, skips


@dataclass(frozen=True)
class Grammar:
    """Which labellings a search may find.

    Attributes
    ----------
    following : ndarray of shape (n_nodes, 1 + n_classes)
        The node after each label; -1 if it must not follow. The first node is the start.
    may_end : ndarray of shape (n_nodes,)
        Whether a labelling may end at each node.
    """

    following: np.ndarray
    may_end: np.ndarray

    @classmethod
    def free(cls, n_classes: int) -> Grammar:
        """Return the grammar of all labellings."""
        return cls(np.zeros((1, 1 + n_classes), dtype=int), np.array([True]))

    @classmethod
    def of_words(cls, words: np.ndarray, space: int, n_classes: int) -> Grammar:
        """Return the grammar of any number of words with a space between them.

        Parameters
        ----------
        words : ndarray of shape (n_words, longest)
            Codes of their letters, zeros behind the last one.
        space : int
            Code of the space.
        n_classes : int
            Number of labels.
        """
        none = [-1] * (1 + n_classes)
        following, may_end = [list(none), list(none)], [True, False]
        for word in words:
            node = 0
            for code in word[word > 0]:
                if following[node][code] < 0:
                    following[node][code] = len(following)
                    following.append(list(none))
                    may_end.append(False)
                node = following[node][code]
            may_end[node], following[node][space] = True, 1
        # After a space another word has to begin.
        following[1] = [n if code != space else -1 for code, n in enumerate(following[0])]
        return cls(np.array(following), np.array(may_end))


@dataclass(frozen=True)
class _Beam:
    """The most probable labellings of the frames so far.

    Attributes
    ----------
    prefixes : list of tuple of int
        Their codes.
    nodes : ndarray of shape (n,)
        Their nodes in the grammar.
    in_blank, in_label : ndarray of shape (n,)
        Log probabilities of their paths that end with a blank, and with a label.
    """

    prefixes: list[tuple[int, ...]]
    nodes: np.ndarray
    in_blank: np.ndarray
    in_label: np.ndarray

    @property
    def scores(self) -> np.ndarray:
        return np.logaddexp(self.in_blank, self.in_label)


def search(log_proba: np.ndarray, beam_size: int, grammar: Grammar) -> np.ndarray:
    """Return the most probable labelling that a prefix beam search finds.

    The beam holds the ``beam_size`` most probable prefixes, each the sum over its paths;
    equally probable ones in the order of their codes. If none of them may end, the search
    is repeated with a beam of twice the size.

    Parameters
    ----------
    log_proba : ndarray of shape (n_frames, 1 + n_classes)
        Log probabilities of one sequence.
    beam_size : int
        Number of prefixes.
    grammar : Grammar
        What may follow what; it must allow the empty labelling.

    Returns
    -------
    ndarray of shape (n_labels,)
        Codes.

    References
    ----------
    Hannun, Maas, Jurafsky and Ng (2014), First-pass large vocabulary continuous speech
    recognition using bi-directional recurrent DNNs. arXiv.

    Examples
    --------
    Two frames of which each is rather blank, but not both of them:

    >>> log_proba = np.log([[0.6, 0.4], [0.6, 0.4]])
    >>> best_path(log_proba), search(log_proba, 2, Grammar.free(1))
    (array([], dtype=int64), array([1]))
    """
    beam = _Beam([()], np.zeros(1, dtype=int), np.zeros(1), np.full(1, -np.inf))
    for frame in log_proba:
        beam = _advance(beam, frame, beam_size, grammar)
    ended = np.flatnonzero(grammar.may_end[beam.nodes])
    if not len(ended):
        return search(log_proba, 2 * beam_size, grammar)
    scores = beam.scores
    best = min(ended, key=lambda i: (-scores[i], beam.prefixes[i]))
    return np.array(beam.prefixes[best], dtype=int)


def _advance(beam: _Beam, frame: np.ndarray, size: int, grammar: Grammar) -> _Beam:
    """Return the beam after one more frame (1 + n_classes,)."""
    rows = np.arange(len(beam.prefixes))
    scores = beam.scores
    last = np.array([prefix[-1] if prefix else 0 for prefix in beam.prefixes])
    in_blank = scores + frame[0]
    in_label = beam.in_label + frame[last]
    grown = scores[:, None] + frame
    # The same label again is a new one only after a blank.
    grown[rows, last] = beam.in_blank + frame[last]
    grown[:, 0] = -np.inf
    following = grammar.following[beam.nodes]
    grown[following < 0] = -np.inf
    place = {prefix: i for i, prefix in enumerate(beam.prefixes)}
    for i, prefix in enumerate(beam.prefixes):
        before = place.get(prefix[:-1]) if prefix else None
        if before is not None:
            in_label[i] = np.logaddexp(in_label[i], grown[before, last[i]])
            grown[before, last[i]] = -np.inf
    everything = np.append(np.logaddexp(in_blank, in_label), grown)
    chosen = []
    for k in _largest(everything, size):
        i, code = (k, 0) if k < len(rows) else divmod(k - len(rows), len(frame))
        prefix = (*beam.prefixes[i], int(code)) if code else beam.prefixes[i]
        chosen.append((-everything[k], prefix, i, code))
    chosen = sorted(chosen)[:size]
    of, codes = (np.array([item[j] for item in chosen]) for j in (2, 3))
    is_new = codes > 0
    return _Beam(
        [item[1] for item in chosen],
        np.where(is_new, following[of, codes], beam.nodes[of]),
        np.where(is_new, -np.inf, in_blank[of]),
        np.where(is_new, grown[of, codes], in_label[of]),
    )


def _largest(values: np.ndarray, n: int) -> np.ndarray:
    """Return the indices of the n largest values, and of all that equal the last one."""
    if len(values) <= n:
        return np.flatnonzero(values > -np.inf)
    least = np.partition(values, len(values) - n)[len(values) - n]
    return np.flatnonzero((values >= least) & (values > -np.inf))
