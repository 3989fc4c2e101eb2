"""Fixtures of tests of files."""

from __future__ import annotations

import pytest

from helpers.data import ragged
from helpers.estimators import make
from helpers.files import SMALL, WORDS


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.fixture(scope="module")
def model():
    return make("GRUClassifier", **SMALL).fit(ragged(), WORDS)
