"""Fixtures of tests of an answer for every step."""

from __future__ import annotations

import pytest

from helpers.step_task import running_means


@pytest.fixture(scope="module")
def task():
    return running_means()
