"""Time stamps after the last one of a series."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._inputs import Times

# Stamps of these steps may skip days, as holidays: only their order is checked.
_WITH_HOLIDAYS = ("B", "C")


@dataclass(frozen=True)
class Calendar:
    """The kind of time stamps, and how they go on.

    Attributes
    ----------
    kind : str
        As of :class:`Times`; "positions" for the rows of a table without time stamps.
    zone : str or None
        The time zone of dates.
    freq : object
        The step of time as given by the user; None if it is inferred.
    """

    kind: str
    zone: str | None = None
    freq: Any = None

    @classmethod
    def of(cls, times: Times | None, freq: Any) -> Calendar:
        """Return the calendar of a table; raise ValueError for a wrong ``freq``."""
        if times is None:
            kind, zone = "positions", None
        else:
            kind, zone = times.kind, _zone_of(times.labels)
            if zone is None and kind == "dates with a time zone":
                zone = "UTC"
        calendar = cls(kind, zone, freq)
        if freq is not None:
            calendar._check_freq()
        return calendar

    def _check_freq(self) -> None:
        import pandas as pd

        try:
            if self.kind.startswith("dates"):
                pd.tseries.frequencies.to_offset(self.freq)
            elif self.kind == "durations":
                pd.Timedelta(self.freq)
            elif self.kind in ("numbers", "positions"):
                float(self.freq)
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"freq must be a step of time for {self.kind}, such as "
                f"{'1' if self.kind in ('numbers', 'positions') else repr('D')}, got "
                f"{self.freq!r}."
            ) from error

    def labels(self, values: np.ndarray) -> Any:
        """Return instants, as of :class:`Times`, as the index that they came from."""
        import pandas as pd

        if self.kind == "durations":
            return pd.TimedeltaIndex(values)
        if self.kind.startswith("periods"):
            freq = self.kind.partition("[")[2].partition("]")[0]
            if hasattr(pd.PeriodIndex, "from_ordinals"):  # since pandas 2.2
                return pd.PeriodIndex.from_ordinals(values, freq=freq)
            return pd.PeriodIndex([pd.Period(ordinal=int(x), freq=freq) for x in values])
        if not self.kind.startswith("dates"):
            return pd.Index(values)
        index = pd.DatetimeIndex(values)
        if self.zone is None:
            return index
        return index.tz_localize("UTC").tz_convert(self.zone)

    def after(self, known: np.ndarray, n: int, *, may_skip: bool = True) -> Any:
        """Return the n time stamps after the known ones; None if none can be inferred.

        Parameters
        ----------
        known : ndarray of shape (n_known,)
            Instants of the last rows, at least one.
        n : int
            Number of time stamps.
        may_skip : bool, default=True
            Whether to return those of which some may be left out, as of business days.
        """
        import pandas as pd

        labels = self.labels(known)
        step = self._step(labels)
        skips = getattr(step, "rule_code", "").partition("-")[0] in _WITH_HOLIDAYS
        if step is None or (skips and not may_skip):
            return None
        last = labels[-1]
        if self.kind.startswith("dates"):
            return pd.date_range(last, periods=n + 1, freq=step)[1:].as_unit(labels.unit)
        if self.kind.startswith("periods"):
            return pd.period_range(last, periods=n + 1, freq=last.freq)[1:]
        return pd.Index([last + k * step for k in range(1, n + 1)])

    def _step(self, labels: Any) -> Any:
        """Return the step of time: an offset, duration, or number; None if irregular."""
        import pandas as pd

        if self.kind == "positions":
            return 1
        if self.kind.startswith("periods"):
            return labels.freq
        if self.kind.startswith("dates"):
            freq = self.freq
            if freq is None and len(labels) > 2:
                with warnings.catch_warnings():  # pandas 3: it will return an offset
                    warnings.simplefilter("ignore", FutureWarning)
                    warnings.simplefilter("ignore", DeprecationWarning)
                    freq = pd.infer_freq(labels)
            if freq is None:
                freq = _only_step(labels)
            return pd.tseries.frequencies.to_offset(freq)
        if self.freq is not None:
            return pd.Timedelta(self.freq) if self.kind == "durations" else self.freq
        return _only_step(labels)


def _only_step(labels: Any) -> Any:
    """Return the step between labels if it is always the same."""
    steps = [labels[i + 1] - labels[i] for i in range(len(labels) - 1)]
    if not steps:
        return None
    if isinstance(steps[0], float):  # such as tenths, which are not exact
        return steps[0] if np.allclose(steps, steps[0], rtol=1e-6, atol=0) else None
    return steps[0] if all(step == steps[0] for step in steps) else None


def _zone_of(labels: Any) -> str | None:
    dtype = getattr(labels, "dtype", None)
    zone = getattr(dtype, "tz", None)
    if zone is None:
        zone = getattr(getattr(dtype, "pyarrow_dtype", None), "tz", None)
    return None if zone is None else str(zone)
