"""Kernels that are not yet compiled, and some that are."""

from __future__ import annotations

import pytest

from sksequence._cells import RNN
from sksequence._kernels import compiler, ready


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """A compiler that has nothing in memory or the package, and an empty cache."""
    monkeypatch.setattr(ready, "DIRECTORY", tmp_path / "ready")
    monkeypatch.setenv("SKSEQUENCE_CACHE_DIR", str(tmp_path / "kept"))
    # Other tests take what is loaded from the functions' own memory: leave that alone.
    monkeypatch.setattr(compiler, "_load", compiler._load.__wrapped__)
    compiler._warn.cache_clear()
    yield tmp_path / "kept"
    compiler._warn.cache_clear()


@pytest.fixture(scope="module")
def compiled():
    """The RNN's kernels, as they are kept."""
    return compiler._find("recurrence", 32, RNN)
