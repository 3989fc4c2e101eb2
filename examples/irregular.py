"""Missing values at irregular times: impute, mask, or decay?

The target is the sum of what two sensors would show at the last time. What they measure
returns to its mean by itself, one within hours, the other within a day. They report at
irregular times, mostly not both at once, and not at the last. So the sequences, arrays of
shape (steps, 3), are full of NaN; the last channel is the time in hours. They come from
``sksequence.datasets``.

The same GRU is cross-validated with five treatments of NaN. After imputation by the mean
of the training fold, or by the last value, a sequence looks complete: the information
what was measured and when is lost. ``missing="mask"`` keeps it in a mask for each
channel. ``missing="decay"`` (GRU-D) also decays the last value towards the mean, at a
learnt rate, with the time since it was measured: in steps, or in hours with
``time_channel``. The best possible prediction is known, as the data are simulated.

    python irregular.py --output irregular.png
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import RegressorMixin, clone
from sklearn.impute import SimpleImputer
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sksequence import GRURegressor
from sksequence.datasets import make_irregular_sensors
from sksequence.preprocessing import StepwiseTransformer


def carry_forward(sequences: list[np.ndarray]) -> list[np.ndarray]:
    """Fill missing values with the last value before, if there is one."""
    filled = []
    for x in sequences:
        rows = np.where(np.isnan(x), -1, np.arange(len(x))[:, None])
        last = np.maximum.accumulate(rows, axis=0)
        values = np.take_along_axis(x, last.clip(min=0), axis=0)
        filled.append(np.where(last < 0, np.nan, values))
    return filled


def draw(path: Path, x: np.ndarray, error: dict[str, float]) -> None:
    """Plot what is measured of one sequence, and the error of each treatment."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.5), layout="constrained")
    for channel, mark in enumerate("os"):
        left.plot(x[:, 2], x[:, channel], mark, label=f"sensor {channel + 1}")
    left.axvline(x[-1, 2], color="gray", linestyle=":", label="to predict: their sum")
    left.set(title="One sequence", xlabel="hours", ylabel="measured")
    left.legend()
    *names, best = error
    right.plot([error[name] for name in names], names, "o")
    right.axvline(error[best], color="gray", linestyle=":", label=best)
    right.invert_yaxis()
    right.grid(axis="x", alpha=0.3)
    right.margins(y=0.15)
    right.set(title="Error", xlabel="RMSE")
    right.legend()
    figure.savefig(path, dpi=100)


def main() -> None:
    """Cross-validate the five treatments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("irregular.png"))
    parser.add_argument(
        "--quick", action="store_true", help="fewer sequences, folds, treatments"
    )
    options = parser.parse_args()
    quick = options.quick

    X, y, best = make_irregular_sensors(
        240 if quick else 1000, return_best=True, random_state=0
    )
    gru = GRURegressor(
        hidden_size=16,
        pooling="last",
        max_epochs=30,
        lr=0.01,
        batch_size=32,
        random_state=0,
    )
    imputer = StepwiseTransformer(SimpleImputer())
    decay = clone(gru).set_params(missing="decay")
    ways: dict[str, RegressorMixin] = {
        "mean": make_pipeline(imputer, gru),
        "last value": make_pipeline(FunctionTransformer(carry_forward), imputer, gru),
        "mask": clone(gru).set_params(missing="mask"),
        "decay by steps": decay,
        "decay by hours": clone(decay).set_params(time_channel=2),
    }
    if quick:
        ways = {name: ways[name] for name in ("mean", "decay by hours")}
    share = np.mean([np.isnan(x[:, :2]).mean() for x in X])
    print(f"{len(X)} sequences, {share:.0%} of the values missing\n")
    print(f"{'missing values':<20}{'RMSE':>6}")
    cv = KFold(2 if quick else 5, shuffle=True, random_state=0)
    predictions = {
        name: cross_val_predict(model, X, y, cv=cv) for name, model in ways.items()
    }
    error = {
        name: root_mean_squared_error(y, prediction)
        for name, prediction in (predictions | {"best possible": best}).items()
    }
    for name, value in error.items():
        print(f"{name:<20}{value:>6.3f}")
    draw(options.output, X[0], error)

    # Why: an old measurement says little, and the mean is then the better estimate; in
    # between, the best estimate is a mixture with weight exp(-hours / decay). The decay
    # layer has exactly this form, with a learnt rate for each channel. The other networks
    # get the same information, but would have to approximate this form.

    print(f"Figure: {options.output}")


if __name__ == "__main__":
    main()
