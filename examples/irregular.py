"""Missing values at irregular times: impute, mask, or decay?

The target is the sum of two blood values of a patient at the last visit. Each returns to
its normal level by itself, one within hours, the other within a day. They were measured
at irregular times, mostly not both at once, and never at the last visit. So the
sequences, arrays of shape (visits, 3), are full of NaN; the last channel is the time in
hours.

The same GRU is cross-validated with five treatments of NaN. After imputation by the mean
of the training fold, or by the last value, a sequence looks complete: the information
what was measured and when is lost. ``missing="mask"`` keeps it in a mask for each
channel. ``missing="decay"`` (GRU-D) also decays the last value towards the mean, at a
learnt rate, with the time since it was measured: in visits, or in hours with
``time_channel``. The best possible prediction is known, as the data are simulated.
"""

import argparse

import numpy as np
from sklearn.base import RegressorMixin, clone
from sklearn.impute import SimpleImputer
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sksequence import GRURegressor
from sksequence.preprocessing import StepwiseTransformer


def make_patients(
    n_patients: int, seed: int
) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Generate visits (n_visits_i, 3), targets, and the best possible predictions."""
    rng = np.random.default_rng(seed)
    decay = np.array([4.0, 24.0])  # hours until a deviation is down to a third
    patients, now, best = [], [], []
    for _ in range(n_patients):
        n_visits = rng.integers(8, 20)
        hours = np.cumsum(rng.exponential(3, size=n_visits))
        values = rng.normal(size=(n_visits, 2))
        for i in range(1, n_visits):
            kept = np.exp((hours[i - 1] - hours[i]) / decay)
            values[i] = kept * values[i - 1] + np.sqrt(1 - kept**2) * values[i]
        measured = rng.random((n_visits, 2)) < 0.4
        measured[0], measured[-1] = True, False
        last = n_visits - 1 - measured[::-1].argmax(axis=0)
        kept = np.exp((hours[last] - hours[-1]) / decay)
        best.append((kept * values[last, [0, 1]]).sum())
        now.append(values[-1].sum())
        patients.append(np.column_stack([np.where(measured, values, np.nan), hours]))
    return patients, np.array(now), np.array(best)


def carry_forward(patients: list[np.ndarray]) -> list[np.ndarray]:
    """Fill missing values with the last value before, if there is one."""
    filled = []
    for visits in patients:
        rows = np.where(np.isnan(visits), -1, np.arange(len(visits))[:, None])
        last = np.maximum.accumulate(rows, axis=0)
        values = np.take_along_axis(visits, last.clip(min=0), axis=0)
        filled.append(np.where(last < 0, np.nan, values))
    return filled


def main() -> None:
    """Cross-validate the five treatments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="fewer patients, folds, treatments"
    )
    quick = parser.parse_args().quick

    X, y, best = make_patients(240 if quick else 1000, seed=0)
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
        "decay by visits": decay,
        "decay by hours": clone(decay).set_params(time_channel=2),
    }
    if quick:
        ways = {name: ways[name] for name in ("mean", "decay by hours")}
    share = np.mean([np.isnan(visits[:, :2]).mean() for visits in X])
    print(f"{len(X)} patients, {share:.0%} of the values missing\n")
    print(f"{'missing values':<20}{'RMSE':>6}")
    cv = KFold(2 if quick else 5, shuffle=True, random_state=0)
    predictions = {
        name: cross_val_predict(model, X, y, cv=cv) for name, model in ways.items()
    }
    for name, prediction in (predictions | {"best possible": best}).items():
        print(f"{name:<20}{root_mean_squared_error(y, prediction):>6.3f}")

    # Why: an old measurement says little, and the mean is then the better estimate; in
    # between, the best estimate is a mixture with weight exp(-hours / decay). The decay
    # layer has exactly this form, with a learnt rate for each channel. The other networks
    # get the same information, but would have to approximate this form.


if __name__ == "__main__":
    main()
