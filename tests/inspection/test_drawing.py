"""matplotlib is imported when something is drawn."""

from __future__ import annotations

import pytest

from helpers.processes import run_python

DRAWN = {
    "AttentionDisplay": "from_predictions([0.5, 0.5])",
    "ForecastDisplay": "from_predictions([1.0], [1.0])",
    "HistoryDisplay": "from_history([{'train_loss': 1.0}])",
    "MemoryDisplay": "from_predictions([1.0])",
    "OcclusionDisplay": "from_predictions([1.0])",
    "TagConfusionDisplay": "from_predictions([['a']], [['a']])",
}


@pytest.mark.parametrize("name", DRAWN)
def test_without_matplotlib_a_picture_says_what_to_install(name):
    program = f"""
import sys
from sksequence.inspection import {name}
assert not any(module.startswith("matplotlib") for module in sys.modules)
sys.modules["matplotlib"] = sys.modules["matplotlib.pyplot"] = None
try:
    {name}.{DRAWN[name]}
except ImportError as error:
    print(error)
"""
    said = run_python(program)
    assert said.startswith(f"{name} draws with matplotlib")
    assert "pip install 'sksequence[plot]'" in said
