"""Pictures are drawn in memory, and closed after each test."""

from __future__ import annotations

import matplotlib
import pytest


@pytest.fixture(autouse=True)
def pictures():
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    yield plt
    plt.close("all")
