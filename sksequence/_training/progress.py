"""The table that ``verbose`` prints, a line for each epoch."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

from skorch import NeuralNet
from skorch.callbacks import PrintLog

# In this order; what callbacks record stands between score and rate.
_FIRST = ("epoch", "train_loss", "valid_loss", "valid_score")
_LAST = {"lr": "lr", "dur": "seconds"}
_FORMATS = {"epoch": "d", "lr": ".2g", "dur": ".2f"}


class EpochTable(PrintLog):
    """Print the numbers of each epoch; a star marks the best one so far.

    Columns have the same width in all lines, and there are no colours, so that a log file
    can be read, too.
    """

    def on_train_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        self.best_: float | None = None
        self.columns_: dict[str, str] = {}
        self.first_iteration_ = True

    def table(self, row: Mapping[str, Any]) -> str:
        """Return head, rule and line of an epoch."""
        if not self.columns_:
            self.columns_ = self._columns_of(row)
        widths = {key: max(len(head), 7) for key, head in self.columns_.items()}
        head = "  ".join(head.rjust(widths[key]) for key, head in self.columns_.items())
        cells = [
            _format(row.get(key), _FORMATS.get(key, ".4f")).rjust(width)
            for key, width in widths.items()
        ]
        star = " *" if self._is_best(row) else ""
        return f"{head}\n{'-' * len(head)}\n{'  '.join(cells)}{star}"

    def _columns_of(self, row: Mapping[str, Any]) -> dict[str, str]:
        """Return the heads of columns by key."""
        shown = {
            key
            for key, value in row.items()
            if isinstance(value, Real)
            and not isinstance(value, bool)
            and not key.startswith("event_")
            and not key.endswith("_batch_count")
            and key not in self.keys_ignored_
        }
        others = sorted(shown - {*_FIRST, *_LAST})
        order = [*_FIRST, *others, *_LAST]
        return {key: _LAST.get(key, key) for key in order if key in shown}

    def _is_best(self, row: Mapping[str, Any]) -> bool:
        """Return whether no earlier epoch of this fit was validated as well."""
        if (value := row.get("valid_score")) is None:
            value = -row["valid_loss"] if "valid_loss" in row else None
        if value is None or (self.best_ is not None and value <= self.best_):
            return False
        self.best_ = value
        return True


def _format(value: Any, form: str) -> str:
    return "" if value is None else format(value, form)
