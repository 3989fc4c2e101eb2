"""Tags of steps that depend on one another, as a conditional random field has them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from .fitted import fitted_part
from .schemes import TagScheme, find_illegal, find_scheme
from .targets import Labels


@fitted_part
@dataclass(frozen=True)
class Tags(Labels):
    """One class for each step, which depends on those before and after it.

    Attributes
    ----------
    scheme : str or None
        Name of the scheme that the classes follow.
    """

    kind: ClassVar[str] = "tags"
    weighs_steps: ClassVar[bool] = False

    scheme: str | None = field(default=None, kw_only=True)

    @classmethod
    def of_labels(cls, labels: Labels, scheme: str | None) -> Self:
        """Return tags of the same classes; raise ValueError for several labels."""
        if labels.is_multilabel:
            raise ValueError(
                "crf=True needs one class for each step, but y has several labels: use "
                "crf=False, or one estimator for each label."
            )
        return cls(labels.classes, False, names=labels.names, scheme=scheme)

    @property
    def loss(self) -> str:
        return "linear_chain"

    @property
    def legal(self) -> np.ndarray | None:
        """Which class may follow which, see ``TagScheme.legal``; None if any may."""
        return None if self.scheme is None else self._found.legal(self.classes)

    @property
    def _found(self) -> TagScheme:
        return find_scheme(self.scheme)

    def check_tags(self, codes: np.ndarray, lengths: np.ndarray) -> None:
        """Raise ValueError for tags that do not follow the scheme.

        Parameters
        ----------
        codes : ndarray of shape (n_steps_in_all,)
            Encoded targets, -1 where there is none.
        lengths : ndarray of shape (n_sequences,)
            Number of steps of each sequence.
        """
        if self.scheme is None:
            return
        self._check_each(codes, lengths)
        legal = self._found.legal(self.classes)
        alone = legal[-1] & legal[:, -1] & legal.diagonal()
        if not alone[:-1].any():
            raise ValueError(
                f"y with tag_scheme={self.scheme!r} must have a class that can be the "
                'only one of a sequence of any length, such as "O", got the classes '
                f"{self.classes.tolist()}."
            )
        found = find_illegal(codes, lengths, legal)
        if found is None:
            return
        i, t = found
        begin = int(lengths[:i].sum())
        tags = [self._said(code) for code in codes[begin : begin + lengths[i]]]
        said = f"{tags[t]} at step {t}" if t < len(tags) else f"its end at step {t}"
        before = f"after {tags[t - 1]}" if t else "at the beginning"
        raise ValueError(
            f"y does not follow tag_scheme={self.scheme!r} in sequence {i}: {said}, "
            f"{before}. Correct the tags, or use tag_scheme=None."
        )

    def _check_each(self, codes: np.ndarray, lengths: np.ndarray) -> None:
        """Raise ValueError for a class that is no tag of the scheme."""
        for code, tag in enumerate(self.classes):
            try:
                self._found.split(tag)
            except ValueError as error:
                where = np.flatnonzero(codes == code)
                place = ""
                if len(where):
                    i = int(np.searchsorted(np.cumsum(lengths), where[0], side="right"))
                    place = f" at step {where[0] - lengths[:i].sum()} of sequence {i}"
                raise ValueError(
                    f"y does not follow tag_scheme={self.scheme!r}{place}: {error}"
                ) from None

    def _said(self, code: int) -> str:
        return "a step without a label" if code < 0 else repr(str(self.classes[code]))

    def export(self) -> dict[str, Any]:
        return super().export() | {"kind": "tags"}

    def check(self) -> None:
        super().check()
        if self.scheme is not None:
            for tag in self.classes:
                find_scheme(self.scheme).split(tag)
