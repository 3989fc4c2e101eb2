"""Translations: targets of any length, said label by label until an end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from .fitted import fitted_part
from .targets import Prediction
from .transcripts import Transcripts


@fitted_part
@dataclass(frozen=True)
class Translations(Transcripts):
    """Strings, or lists of labels, one for each sequence.

    They are encoded as transcripts are; output 0 of the network is the end.

    Attributes
    ----------
    longest : int, default=0
        Number of labels of the longest target that fit has met.
    """

    kind: ClassVar[str] = "translations"
    noun: ClassVar[str] = "target"

    longest: int = 0

    @property
    def loss(self) -> str:
        return "next_label"

    @property
    def max_length(self) -> int:
        """Maximum number of labels of an answer, unless the user says another."""
        return 2 * self.longest

    def meet(self, codes: np.ndarray) -> Self:
        return replace(self, longest=max(self.longest, codes.shape[1]))

    @property
    def predictions(self) -> dict[str, Prediction]:
        return {"predict": np.asarray, "transform": np.asarray}

    def export(self) -> dict[str, Any]:
        return super().export() | {"kind": self.kind, "max_length": self.max_length}

    def check(self) -> None:
        super().check()
        if type(self.longest) is not int or self.longest < 0:
            raise ValueError("its longest must be an int of at least 0")
