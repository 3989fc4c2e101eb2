"""Every example runs by itself, and its figures bear out what it says."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
NUMBER = r"[-+]?\d+(?:\.\d+)?(?:e[-+]\d+)?"


def row(printed: str, name: str) -> list[float]:
    """Return the numbers of the first row of a printed table that begins with name."""
    line = re.search(rf"^{re.escape(name)} +(?={NUMBER})(.*)$", printed, re.MULTILINE)
    assert line, f"no row {name!r} in:\n{printed}"
    return [float(number) for number in re.findall(NUMBER, line[1])]


def check_quickstart(printed: str, folder: Path) -> None:
    accuracy = re.search(rf"Test accuracy: ({NUMBER})", printed)
    assert accuracy is not None
    assert float(accuracy[1]) >= 0.95
    best, std, seconds, *_ = row(printed.split("convolution\n")[1], "")
    assert best >= 0.95
    assert std >= 0
    assert seconds > 0
    picture = (folder / "quickstart.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 10_000


def check_unequal_lengths(printed: str, folder: Path) -> None:
    _, shuffled, _, chance = row(printed, "limp, KFold shuffled")
    _, grouped, _, _ = row(printed, "limp, GroupKFold")
    _, walker, _, walker_chance = row(printed, "which walker, KFold")
    assert chance < grouped < shuffled - 0.05
    assert walker > 3 * walker_chance


def check_halving_search(printed: str, folder: Path) -> None:
    _, epochs, _, test, *_ = row(printed, "GridSearchCV")
    _, halved_epochs, _, halved_test, *_ = row(printed, "HalvingGridSearchCV")
    # The seconds are not compared: they depend on what else the machine does.
    assert halved_epochs < epochs / 2
    assert min(test, halved_test) > 0.7
    assert halved_test > test - 0.1


def check_regression(printed: str, folder: Path) -> None:
    (mean,), (series,) = row(printed, "mean"), row(printed, "ridge on the series")
    (summaries,), (gru,) = row(printed, "ridge on summaries"), row(printed, "GRU")
    assert gru < 0.9 * summaries
    assert summaries < series
    assert series == pytest.approx(mean, rel=0.1)
    _, coverage = row(printed, "all")
    assert 70 <= coverage <= 90
    assert row(printed, "weakly damped")[0] < row(printed, "strongly damped")[0]


def check_stacking_and_direction(printed: str, folder: Path) -> None:
    # Accuracy and std in turn: one layer one way, both ways, two layers likewise.
    for task in ("neighbours", "digits"):
        plain, _, _, _, _, _, deeper_both, _ = row(printed, task)
        assert deeper_both > plain
    plain, _, both, _, deeper, *_ = row(printed, "early event")
    assert both > 0.95
    assert both > deeper + 0.1


def check_vanishing_gradient(printed: str, folder: Path) -> None:
    accuracy, gradient = printed.split("gradient norm")
    for cell in ("lstm", "gru"):
        assert row(accuracy, cell)[-1] > row(accuracy, "rnn")[-1] + 0.3
    kept = {}
    for cell in ("rnn", "lstm", "gru"):
        near, *_, far = row(gradient, cell)
        kept[cell] = far / near
    assert kept["rnn"] < 0.02 < kept["gru"]


CHECKS: dict[str, Callable[[str, Path], None]] = {
    "quickstart": check_quickstart,
    "unequal_lengths": check_unequal_lengths,
    "halving_search": check_halving_search,
    "regression": check_regression,
    "stacking_and_direction": check_stacking_and_direction,
    "vanishing_gradient": check_vanishing_gradient,
}


def test_every_example_is_checked():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_example_bears_out_its_claim(name, tmp_path):
    done = subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py", "--quick"],
        cwd=tmp_path,
        env=os.environ | {"MPLBACKEND": "Agg", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    CHECKS[name](done.stdout, tmp_path)
