"""Windows in the form that a regressor reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import get_tags

Windows = np.ndarray | list[np.ndarray]


@dataclass(frozen=True)
class WindowReader:
    """A regressor, and the form of the windows that it reads.

    Attributes
    ----------
    regressor : regressor
        The regressor, which ``fit`` fits.
    is_flat : bool
        Whether it reads rows of numbers rather than sequences: each window in one row.
    """

    regressor: Any
    is_flat: bool

    @classmethod
    def of(cls, regressor: Any) -> WindowReader:
        """Return a reader of windows for a regressor or Pipeline."""
        last = regressor
        while hasattr(last, "steps"):
            last = last.steps[-1][1]
        return cls(regressor, not get_tags(last).input_tags.three_d_array)

    def fit(self, windows: Windows, static: Any, y: np.ndarray) -> None:
        """Fit the regressor to windows and static covariates (n_windows, ...) or None."""
        flat = y.reshape(len(y), -1) if self.is_flat and y.ndim > 2 else y
        self.regressor.fit(self._arrange(windows, static), flat)

    def predict(self, windows: Windows, static: Any = None, **asked: Any) -> Any:
        """Return the predictions of the regressor."""
        return self.regressor.predict(self._arrange(windows, static), **asked)

    def with_static(self, static: Any) -> _WithStatic:
        """Return an object whose ``predict`` needs windows only."""
        return _WithStatic(self, static)

    def _arrange(self, windows: Windows, static: Any) -> Any:
        if self.is_flat:
            rows = np.stack([np.ravel(window) for window in windows])
            return rows if static is None else np.column_stack([rows, static])
        if static is None:
            return windows
        table = static.reset_index(drop=True)
        table.insert(0, "window", list(windows))
        return table


@dataclass(frozen=True)
class _WithStatic:
    reader: WindowReader
    static: Any

    def predict(self, windows: Windows) -> np.ndarray:
        return self.reader.predict(windows, self.static)
