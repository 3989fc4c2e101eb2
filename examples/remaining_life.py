"""How long does a machine run until it fails, and how sure is that?

Machines that run to failure (generated): a row for each cycle, with the load, the
temperature and the vibration. Wear is not measured; it begins slowly and ends fast, each
machine at a pace of its own, and both sensors feel it behind noise and load.

``from_long`` makes a sequence of each machine, with the cycles that remain as target of
every step, and one fit of ``RecurrentStepRegressor`` predicts three quantiles of it after
each cycle. Later cycles weigh more, by ``sample_weight`` with an array for each machine.
Errors on machines that were not in the fit are compared with those of the simple rule,
the mean life minus the age.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sksequence import RecurrentStepRegressor
from sksequence.metrics import interval_coverage, interval_width
from sksequence.preprocessing import from_long

Arrays = list[np.ndarray]


def run_to_failure(n_machines: int) -> pd.DataFrame:
    """Generate the cycles of machines until each fails."""
    rng = np.random.default_rng(0)
    parts = []
    for machine in range(n_machines):
        n = int(np.clip(rng.normal(110, 25), 50, 200))
        age, pace = np.arange(1, n + 1), rng.uniform(2, 5)
        wear = np.expm1(pace * age / n) / np.expm1(pace)
        load = rng.uniform(0.5, 1.5, size=n)
        columns = {
            "machine": machine,
            "cycle": age,
            "load": load,
            "temperature": 50 + 10 * load + 8 * wear + rng.normal(size=n),
            "vibration": load * (1 + 2 * wear) + rng.normal(scale=0.3, size=n),
            "remaining": n - age,
        }
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def draw(lives: Arrays, predictions: Arrays, output: Path) -> None:
    """Plot what was predicted for three machines after each cycle."""
    figure, axes = plt.subplots(
        1, 3, figsize=(10, 3.4), sharey=True, layout="constrained"
    )
    for panel, life, found in zip(axes, lives, predictions, strict=False):
        age = np.arange(1, len(life) + 1)
        low, middle, high = found.T
        panel.fill_between(
            age, low, high, color="C0", alpha=0.25, lw=0, label="80 % interval"
        )
        panel.plot(age, middle, color="C0", label="predicted")
        panel.plot(age, life, "k--", lw=1, label="true")
        panel.set(xlabel="cycle", title=f"fails after {len(life)} cycles")
    axes[0].set(ylabel="cycles until it fails", ylim=(0, None))
    axes[-1].legend(frameon=False, loc="upper right")
    figure.savefig(output, dpi=150)


def main() -> None:
    """Fit to some machines, and predict the remaining life of others."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("remaining_life.png"))
    parser.add_argument("--quick", action="store_true", help="fewer epochs")
    options = parser.parse_args()

    X, y, _ = from_long(
        run_to_failure(140), "machine", "cycle", target="remaining", target_per="step"
    )
    train, test = slice(100), slice(100, None)
    weights = [1 + 3 * np.arange(len(life)) / len(life) for life in y]
    model = RecurrentStepRegressor(
        cell="gru",
        hidden_size=32,
        loss="quantile",
        quantile=(0.1, 0.5, 0.9),
        dropout=0.1,
        lr=0.01,
        max_epochs=25 if options.quick else 60,
        batch_size=10,
        random_state=0,
    )
    model.fit(X[train], y[train], sample_weight=weights[train])
    # The network does not know that nothing fails before now.
    found = [np.maximum(quantiles, 0) for quantiles in model.predict(X[test])]

    life, answer = np.concatenate(y[test]), np.concatenate(found)
    age = np.concatenate([np.arange(1, len(one) + 1) for one in y[test]])
    rule = np.maximum(np.mean([len(one) for one in y[train]]) - age, 0)
    print(f"{'':<18}{'mean absolute error':>22}{'80 % interval':>21}")
    print(f"{'cycles left':<18}{'mean life':>12}{'GRU':>10}{'width':>12}{'inside':>9}")
    for name, low, high in [
        ("more than 60", 61, 999),
        ("21 to 60", 21, 60),
        ("up to 20", 0, 20),
        ("all", 0, 999),
    ]:
        part = (life >= low) & (life <= high)
        truth, three = life[part], answer[part]
        simple, error = (np.abs(truth - x).mean() for x in (rule[part], three[:, 1]))
        width, inside = interval_width(truth, three), interval_coverage(truth, three)
        print(f"{name:<18}{simple:>12.1f}{error:>10.1f}{width:>12.1f}{inside:>9.0%}")
    draw(y[test], found, options.output)
    print(f"Figure: {options.output}")


if __name__ == "__main__":
    main()
