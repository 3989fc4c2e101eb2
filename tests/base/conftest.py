"""Fixtures of tests of estimators."""

from __future__ import annotations

import pytest

import sksequence._base.fitting


@pytest.fixture
def splits(monkeypatch):
    """The parts of every early-stopping split made, in turn."""
    made = []
    split = sksequence._base.fitting.validation_split

    def spying(*args, **kwargs):
        made.append(split(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(sksequence._base.fitting, "validation_split", spying)
    return made
