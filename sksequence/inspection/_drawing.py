"""What all displays draw with."""

from __future__ import annotations

from typing import Any

import numpy as np


def axes_for(ax: Any, name: str, **options: Any) -> Any:
    """Return the axes to draw on: the given ones, or those of a new figure.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{name} draws with matplotlib, which is not installed. Install it: pip "
            "install 'sksequence[plot]'."
        ) from error
    return plt.subplots(layout="constrained", **options)[1] if ax is None else ax


def show_dates(ax: Any, x: Any) -> None:
    """Write dates on the x axis in few words, if x holds dates."""
    if np.issubdtype(np.asarray(x).dtype, np.datetime64):
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        locator = AutoDateLocator()
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def show_names(axis: Any, names: Any, *, most: int = 60) -> None:
    """Write the names of positions on an axis, if they are not too many to read."""
    if names is not None and len(names) <= most:
        axis.set_ticks(range(len(names)), [str(name) for name in names])


def show_whole_numbers(axis: Any) -> None:
    """Count on an axis in whole numbers."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True))
