"""Schemes of tags that mark chunks of steps, such as names in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class TagScheme:
    """A scheme: which tags there are, and which may follow which.

    A tag is "O", outside of chunks, or a letter with the type of the chunk: "B-city" for
    its first step, "I-city" for a later one. With ``closes`` every chunk has a last step
    of its own, "E-city", and a chunk of one step is "S-city".
    """

    name: str
    letters: str
    closes: bool

    def split(self, tag: Any) -> tuple[str, str]:
        """Return letter and type of a tag; "O" has no type.

        Raises
        ------
        ValueError
            If it is no tag of this scheme.
        """
        if isinstance(tag, str):
            letter, dash, kind = tag[:1], tag[1:2], tag[2:]
            if tag == "O":
                return "O", ""
            if letter and letter in self.letters and dash in ("", "-"):
                return letter, kind
        said = repr(str(tag) if isinstance(tag, str) else tag)  # not numpy's str_
        raise ValueError(f"{said} is no tag of the scheme {self.name!r}: {self.said}")

    @property
    def said(self) -> str:
        """The tags there are, for messages."""
        each = [f'"{letter}-..."' for letter in self.letters]
        return f'expected "O", {", ".join(each[:-1])} or {each[-1]}'

    def legal(self, tags: Iterable[Any]) -> np.ndarray:
        """Return which tag may follow which.

        Parameters
        ----------
        tags : sequence of str, n_tags of them

        Returns
        -------
        ndarray of shape (n_tags + 1, n_tags + 1)
            True at ``[i, j]`` if tag j may follow tag i. The last row is for the first
            step of a sequence, the last column for its end.
        """
        # Both ends of a sequence are outside of chunks.
        letters, kinds = np.array([*map(self.split, tags), ("O", "")]).T
        goes_on = np.isin(letters, ["I", "E"])
        is_open = np.isin(letters, ["B", "I"])
        same = is_open[:, None] & (kinds[:, None] == kinds)
        anew = ~is_open[:, None] if self.closes else np.ones_like(same)
        return np.where(goes_on, same, anew)

    def chunks(self, tags: Iterable[Any]) -> Iterator[tuple[str, int, int]]:
        """Yield the type of each chunk, its first step, and that after its last one.

        Only chunks as the scheme has them count: neither an "I" without a "B" before it
        is one, nor, with ``closes``, a "B" without an "E".
        """
        begin, kind = None, ""
        for t, tag in enumerate([*tags, "O"]):
            letter, own = self.split(tag)
            goes_on = letter in "IE" and begin is not None and own == kind
            if not goes_on and begin is not None and not self.closes:
                yield kind, begin, t
            if goes_on and letter == "E":
                yield kind, begin, t + 1  # type: ignore[misc]
            if letter == "S":
                yield own, t, t + 1
            if not goes_on or letter == "E":
                begin, kind = (t, own) if letter == "B" else (None, "")


SCHEMES = {
    scheme.name: scheme
    for scheme in (
        TagScheme("bio", "BI", closes=False),
        TagScheme("bioes", "BIES", closes=True),
    )
}


def find_scheme(name: Any) -> TagScheme:
    """Return the scheme of that name; raise ValueError if there is none."""
    if not isinstance(name, str) or name not in SCHEMES:
        raise ValueError(f"scheme must be one of {', '.join(SCHEMES)}, got {name!r}")
    return SCHEMES[name]


def find_illegal(
    codes: np.ndarray, lengths: np.ndarray, legal: np.ndarray
) -> tuple[int, int] | None:
    """Find the first tag that may not stand where it does.

    Parameters
    ----------
    codes : ndarray of shape (n_steps_in_all,)
        Codes of the tags of all sequences, -1 where there is none: any would do.
    lengths : ndarray of shape (n_sequences,)
        Number of steps of each sequence.
    legal : ndarray of shape (n_tags + 1, n_tags + 1)
        As :meth:`TagScheme.legal` returns it.

    Returns
    -------
    (int, int) or None
        Sequence and step, which is the number of steps if the sequence may not end so.

    Examples
    --------
    >>> legal = SCHEMES["bio"].legal(["B-a", "I-a", "O"])
    >>> find_illegal(np.array([0, 1, 2, 2, 1]), np.array([3, 2]), legal)
    (1, 1)
    """
    ends = np.cumsum(lengths)
    outside = len(legal) - 1
    before = np.concatenate([[outside], codes[:-1]])
    before[ends[:-1]] = outside
    # Where neither is missing, -1 indexes the end of a sequence, which is no matter.
    wrong = ~legal[before, codes] & (codes >= 0) & (before >= 0)
    is_last = np.zeros(len(codes), dtype=bool)
    is_last[ends - 1] = True
    wrong_end = is_last & (codes >= 0) & ~legal[codes, outside]
    partly = np.minimum.reduceat(codes, ends - lengths) < 0
    suspects = np.add.reduceat(wrong | wrong_end, ends - lengths) > 0
    for i in np.flatnonzero(suspects | partly):
        step = _first_impossible(codes[ends[i] - lengths[i] : ends[i]], legal)
        if step is not None:
            return int(i), step
    return None


def _first_impossible(codes: np.ndarray, legal: np.ndarray) -> int | None:
    """Return the first step that no sequence of legal tags reaches."""
    possible = np.zeros(len(legal), dtype=bool)
    possible[-1] = True
    for t, code in enumerate(codes):
        possible = np.asarray(legal[possible].any(axis=0))
        possible[-1] = False
        if code >= 0:
            possible &= np.arange(len(legal)) == code
        if not possible.any():
            return t
    return None if legal[possible, -1].any() else len(codes)
