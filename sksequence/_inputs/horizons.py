"""Targets of several numbers at each of several steps ahead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .fitted import fitted_part
from .targets import Numbers, Prediction


@fitted_part
@dataclass(frozen=True)
class Horizons(Numbers):
    """Several numbers at each of several steps ahead, as ``make_windows`` returns.

    The network predicts them as one vector, and each has its own mean and scale.

    Attributes
    ----------
    n_steps : int
        Number of steps; ``n_values`` is their number times that of the targets.
    """

    kind: ClassVar[str] = "horizons"

    n_steps: int = 1

    @classmethod
    def of(cls, values: np.ndarray, loss: str) -> Horizons:
        """Learn the numbers of steps and targets from values (n, n_steps, n_targets)."""
        n_values = int(np.prod(values.shape[1:]))
        return cls(loss, n_values, is_many=True, n_steps=values.shape[1])

    def encode(self, values: np.ndarray) -> np.ndarray:
        shape = (self.n_steps, self.n_values // self.n_steps)
        if values.shape[1:] != shape:
            raise ValueError(
                f"y must have shape (n_sequences, {shape[0]}, {shape[1]}) as in the "
                f"first fit, got {values.shape}."
            )
        return super().encode(values.reshape(len(values), -1))

    @property
    def predictions(self) -> dict[str, Prediction]:
        return super().predictions | {"predict": self._arrange}

    def export(self) -> dict[str, Any]:
        return super().export() | {"n_steps": self.n_steps}

    def check(self) -> None:
        super().check()
        if self.n_steps < 1 or self.n_values % self.n_steps:
            raise ValueError(f"its {self.kind} do not divide into {self.n_steps} steps")

    def _arrange(self, output: np.ndarray) -> np.ndarray:
        values = self._rescale(output)
        return values.reshape(len(values), self.n_steps, -1)
