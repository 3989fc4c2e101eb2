"""Targets of several numbers at each of several steps ahead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .fitted import fitted_part
from .targets import Numbers


@fitted_part
@dataclass(frozen=True)
class Horizons(Numbers):
    """Several numbers at each of several steps ahead, as ``make_windows`` returns.

    The network predicts them as one vector, and each has its own mean and scale. Raw
    outputs are in the order (step, target, parameter of the loss).

    Attributes
    ----------
    n_steps : int
        Number of steps; ``n_values`` is their number times that of the targets.
    """

    kind: ClassVar[str] = "horizons"

    n_steps: int = 1

    @classmethod
    def of(
        cls, values: np.ndarray, loss: str, quantiles: tuple[float, ...] = ()
    ) -> Horizons:
        """Learn the numbers of steps and targets from values (n, n_steps, n_targets)."""
        n_steps, n_targets = values.shape[1:]
        n_values, is_many = n_steps * n_targets, True
        return cls(loss, n_values, is_many, n_steps=n_steps, quantiles=quantiles)

    def encode(self, values: np.ndarray) -> np.ndarray:
        shape = (self.n_steps, self.n_values // self.n_steps)
        if values.shape[1:] != shape:
            raise ValueError(
                f"y must have shape (n_sequences, {shape[0]}, {shape[1]}) as in the "
                f"first fit, got {values.shape}."
            )
        return super().encode(values.reshape(len(values), -1))

    @property
    def n_ahead(self) -> int:
        return self.n_steps

    def flatten(self, predictions: np.ndarray) -> np.ndarray:
        return predictions.reshape(len(predictions), -1, *predictions.shape[3:])

    def export(self) -> dict[str, Any]:
        return super().export() | {"n_steps": self.n_steps}

    def check(self) -> None:
        super().check()
        if self.n_steps < 1 or self.n_values % self.n_steps:
            raise ValueError(f"its {self.kind} do not divide into {self.n_steps} steps")

    def _arrange(self, values: np.ndarray) -> np.ndarray:
        return values.reshape(len(values), self.n_steps, -1, *values.shape[2:])
