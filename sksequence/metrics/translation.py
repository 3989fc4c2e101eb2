"""BLEU of translations."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Any

from .._inputs.types import ArrayLike
from ._pairs import pairs_of, words_of

__all__ = ["bleu"]

_ORDERS = (1, 2, 3, 4)
# What stands for itself in texts of the web, and what separates the words of mteval-v13a.
_ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))
_SEPARATED = (
    (re.compile(r"([{-~\[-` -&(-+:-@/])"), r" \1 "),
    (re.compile(r"([^0-9])([.,])"), r"\1 \2 "),
    (re.compile(r"([.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)


def bleu(y_true: ArrayLike, y_pred: ArrayLike, *, tokenize: str | None = "13a") -> float:
    r"""BLEU of a corpus, from 0 to 100, as sacrebleu counts it.

    .. math:: 100 \min \bigl( 1, e^{1 - r / c} \bigr)
        \Bigl( \prod_{n=1}^{4} p_n \Bigr)^{1/4}

    Here p_n is the share of the predicted sequences of n tokens that are in the true
    sequence, each at most as often as there, in the whole corpus; r and c are the
    numbers of true and predicted tokens. A share of zero is smoothed, by halves of one
    match ("exp" of sacrebleu). There is one true sequence for each prediction.

    Parameters
    ----------
    y_true : list of str, or list of array-like of shape (n_tokens_i,)
        True texts, or the tokens of each.
    y_pred : list of str, or list of array-like
        Predictions, in the same form.
    tokenize : {"13a"} or None, default="13a"
        How texts are split: as by mteval-v13a, which separates punctuation; or None, at
        white space only. Tokens are counted as they are.

    Returns
    -------
    float
        Between 0 and 100.

    Raises
    ------
    ValueError, TypeError
        If the numbers of sequences differ, or a text is compared with tokens.

    References
    ----------
    Papineni, Roukos, Ward and Zhu (2002), BLEU: a method for automatic evaluation of
    machine translation. ACL.
    Post (2018), A call for clarity in reporting BLEU scores. WMT.

    Examples
    --------
    >>> true = ["The cat sat on the mat.", "It is late."]
    >>> round(bleu(true, ["The cat sat on a mat.", "It is late."]), 2)
    63.4
    >>> round(bleu(true, true), 2)
    100.0
    """
    if tokenize not in ("13a", None):
        raise ValueError(f"tokenize must be '13a' or None, got {tokenize!r}")
    split = words_of if tokenize is None else _tokens_of
    pairs = pairs_of(y_true, y_pred)
    tokens = [(split(truth), split(predicted)) for truth, predicted in pairs]
    n_true, n_predicted = (sum(len(pair[i]) for pair in tokens) for i in (0, 1))
    right, total = dict.fromkeys(_ORDERS, 0), dict.fromkeys(_ORDERS, 0)
    for n in _ORDERS:
        for truth, predicted in tokens:
            found = _ngrams(predicted, n)
            right[n] += (found & _ngrams(truth, n)).total()
            total[n] += found.total()
    if not any(right.values()) or not all(total.values()):
        return 0.0
    halves, logs = 1, []
    for n in _ORDERS:
        halves *= 1 if right[n] else 2
        logs.append(math.log(100 * (right[n] or 1 / halves) / total[n]))
    brevity = math.exp(min(0.0, 1 - n_true / n_predicted))
    return brevity * math.exp(sum(logs) / len(logs))


def _ngrams(tokens: list[Any], n: int) -> Counter[tuple[Any, ...]]:
    return Counter(zip(*(tokens[i:] for i in range(n)), strict=False))


def _tokens_of(sequence: Any) -> list[Any]:
    """Return the tokens of a text as mteval-v13a has them."""
    if not isinstance(sequence, str):
        return list(sequence)
    text = sequence.rstrip().replace("<skipped>", "").replace("-\n", "")
    text = text.replace("\n", " ")
    for entity, letter in _ENTITIES:
        text = text.replace(entity, letter)
    text = f" {text} "
    for pattern, separated in _SEPARATED:
        text = pattern.sub(separated, text)
    return text.split()
