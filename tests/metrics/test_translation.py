"""BLEU, against numbers of sacrebleu 2.6.0."""

from __future__ import annotations

import pytest

from sksequence.metrics import bleu

# True texts, predictions, and BLEU of sacrebleu with tokens of 13a and of white space.
CASES = {
    "punctuation": (
        ["The cat sat on the mat.", "It costs $3,000.50 (no less)."],
        ["A cat sat on the mat!", "It costs $3,000.50, no less."],
        48.89001900348794,
        34.307138800445,
    ),
    "too short": (
        ["one two three four five six"],
        ["one two three four"],
        60.653065971263366,
        60.653065971263366,
    ),
    "too long": (
        ["one two three four"],
        ["one two three four five six"],
        50.81327481546149,
        50.81327481546149,
    ),
    "smoothed": (
        ["a b c d e f"],
        ["a c b d f e"],
        12.703318703865376,
        12.703318703865376,
    ),
    "nothing right": (["a b c d e"], ["v w x y z"], 0.0, 0.0),
    "no four tokens": (["a b"], ["a b"], 0.0, 0.0),
    "entities and dashes": (
        ["It's a well-known co-op, isn't it? &quot;Yes&quot; said 7-8 people."],
        ["It's a well known co-op isn't it? \"Yes\" say 7 - 8 people."],
        54.11927503805856,
        9.238430210261097,
    ),
    "other letters": (
        ["Où est l'école ?", "Là-bas…"],
        ["Où est une école ?", "Là bas…"],
        20.556680845025987,
        20.556680845025987,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_bleu_is_that_of_sacrebleu(case):
    y_true, y_pred, of_13a, of_spaces = case
    assert bleu(y_true, y_pred) == pytest.approx(of_13a, rel=1e-12)
    assert bleu(y_true, y_pred, tokenize=None) == pytest.approx(of_spaces, rel=1e-12)
    tokens = [[text.split() for text in part] for part in (y_true, y_pred)]
    assert bleu(*tokens) == pytest.approx(of_spaces, rel=1e-12)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match="tokenize must be '13a' or None, got 'zh'"):
        bleu(["a"], ["a"], tokenize="zh")
    with pytest.raises(TypeError, match="both hold texts"):
        bleu(["a"], [["a"]])
