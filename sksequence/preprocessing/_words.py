"""Words of any script in a text: the rule by which a tokenizer cuts without a pattern.

As in Unicode's text segmentation (UAX 29), combining marks and joiners do not end a word,
and emoji that are shown as one are one token. In ``re`` a word is letters and digits
alone, which cuts Hindi, pointed Hebrew, Thai, and accents that follow their letter.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Iterable
from functools import cache
from itertools import chain, pairwise
from reprlib import repr as shortened

# On ASCII this is the whole rule.
_PLAIN = re.compile(r"\w+(?:'\w+)*|[^\w\s]")

_NOT_ASCII = r"(?![\x00-\x7f])"  # fast, unlike the search of a class of many ranges
_MARKS = {"Mn", "Mc", "Me"}
_PLANES = (range(0x20000), range(0xE0000, 0xE0200))  # those that have marks
# Soft hyphen, joiners, and marks of direction.
_INVISIBLE = "\u00ad\u061c\u180e\u200c-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
_NARROW_SPACE = "\u200b"  # of no width, as between words of Khmer
_JOINER = "\u200d"
_KEYCAP = "[0-9]\ufe0f?\u20e3"
_FLAG = "[\U0001f1e6-\U0001f1ff]{2}"
_SKIN_TONES = "\U0001f3fb-\U0001f3ff"
_TAGS = "\U000e0020-\U000e007f"  # name the region of a flag

# Scripts without spaces between words, and the mean length of distinct tokens that are
# whole phrases. Distinct words have 2 to 3 characters in the former, 6 to 9 in the
# latter.
_SPACELESS = {
    "\u3005\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff": 5,
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff": 12,  # Thai, Lao, Burmese, Khmer
}
_FROM_SHARE = 0.1


def find_words(text: str) -> list[str]:
    r"""Return the words, punctuation marks and symbols of a text.

    A word is a run of letters, digits, underscores and combining marks, with apostrophes
    and invisible characters, such as joiners, only inside it. Any other character is a
    token with the marks that follow it. An emoji includes its skin tone and the emoji
    that a joiner adds; a flag is one token. White space and other invisible characters
    separate tokens.

    Examples
    --------
    >>> find_words("don't go!")
    ["don't", 'go', '!']
    >>> [len(word) for word in find_words("cafe\u0301 \U0001f44d\U0001f3fd")]
    [5, 2]
    """
    return (_PLAIN if text.isascii() else _pattern()).findall(text)


@cache
def _pattern() -> re.Pattern[str]:
    marks = _class_of(_MARKS)
    # First what ends most words, a character of ASCII other than the apostrophe.
    inside = (
        r"(?![\x00-&(-\x7f])"
        rf"(?:['\u2019]\w+|[{marks}]\w*|[{_INVISIBLE}]+[\w{marks}]\w*)"
    )
    word = rf"\w+(?:{inside})*"
    symbol = (
        rf"(?:{_FLAG}|[^\w\s{_INVISIBLE}{_NARROW_SPACE}])"
        rf"(?:{_NOT_ASCII}[{marks}{_SKIN_TONES}{_TAGS}])*"
    )
    return re.compile(f"{_KEYCAP}|{word}|{symbol}(?:{_JOINER}{symbol})*")


def _class_of(categories: set[str]) -> str:
    """Return the characters of Unicode categories, as ranges for brackets of ``re``.

    Examples
    --------
    >>> _class_of({"Zl", "Zp"}) == f"{chr(0x2028)}-{chr(0x2029)}"
    True
    """
    codes = [
        code for code in chain(*_PLANES) if unicodedata.category(chr(code)) in categories
    ]
    breaks = [(a, b) for a, b in pairwise(codes) if b > a + 1]
    begins = [codes[0], *(b for _, b in breaks)]
    ends = [*(a for a, _ in breaks), codes[-1]]
    return "".join(f"{chr(a)}-{chr(b)}" for a, b in zip(begins, ends, strict=True))


def warn_of_phrases(tokens: Iterable[str]) -> None:
    """Warn if distinct tokens are phrases, of a script without spaces between words.

    Warns
    -----
    UserWarning
        If a tenth or more of the tokens are in Chinese or Japanese, or in Thai, Lao,
        Burmese or Khmer, and longer on average than words are.
    """
    tokens = list(tokens)
    others = [token for token in tokens if not token.isascii()]
    for script, least in _SPACELESS.items():
        own = list(filter(re.compile(f"[{script}]").search, others))
        if not own or len(own) < _FROM_SHARE * len(tokens):
            continue
        mean = sum(map(len, own)) / len(own)
        if mean >= least:
            warnings.warn(
                f"Tokens such as {shortened(max(own, key=len))} are phrases rather than "
                f"words: {len(own)} are in a script without spaces between words, with "
                f'{mean:.0f} characters on average. Use analyzer="char", or for analyzer '
                "a function that cuts this language into words.",
                stacklevel=2,
            )
