"""Vanishing gradients: how far back do the state and the gradient of a cell reach?

The first step of each sequence holds one of four symbols, and a mark for "remember this".
The following 1 to 100 steps are noise. The label is the symbol, and the network predicts
from its final state (``pooling="last"``), so it has to keep the symbol to the end.

For each cell, one network is trained on sequences of all these lags. The table shows its
accuracy on new sequences for each lag, and the gradient of the final state with respect
to the first step,

    || dh_T / dx_0 ||   with T the lag, as ``memory_curve`` returns it.

An LSTM begins twice: with the usual biases of its gates, and with its memory open
(``memory_steps``, by which half of the forget gates start so close to one that they keep
a state for 100 steps).

    python vanishing_gradient.py --output vanishing_gradient.png
"""

import argparse
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from sksequence import RecurrentClassifier
from sksequence.inspection import MemoryDisplay, memory_curve

LAGS = [1, 3, 10, 30, 100]
NETWORKS: dict[str, dict[str, Any]] = {
    "rnn": {"cell": "rnn"},
    "lstm": {"cell": "lstm"},
    "lstm, open": {"cell": "lstm", "memory_steps": 100},
    "gru": {"cell": "gru"},
}


def make_sequences(lags: np.ndarray, seed: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Generate sequences (lag + 1, 3) with a marked first step, and their symbols."""
    rng = np.random.default_rng(seed)
    symbols = rng.integers(4, size=len(lags))
    X = []
    for lag, symbol in zip(lags, symbols, strict=True):
        series = np.column_stack([rng.normal(size=(lag + 1, 2)), np.zeros(lag + 1)])
        series[0] = [2 * (symbol % 2) - 1, 2 * (symbol // 2) - 1, 1]  # (+-1, +-1), mark
        X.append(series)
    return X, symbols


def main() -> None:
    """Fit each network; tabulate accuracy and gradient by lag, and plot the gradient."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("vanishing_gradient.png"))
    parser.add_argument("--quick", action="store_true", help="fewer epochs")
    options = parser.parse_args()
    max_epochs = 16 if options.quick else 30

    # Lags are uniform on a logarithmic scale: short lags, where the gradient is strong,
    # are learnt first, and long lags profit from them.
    rng = np.random.default_rng(0)
    lags = np.exp(rng.uniform(0, np.log(101), size=400)).astype(int)
    X, y = make_sequences(lags, seed=1)

    accuracy, gradient = {}, {}
    figure, axes = plt.subplots(layout="constrained")
    for name, parameters in NETWORKS.items():
        model = RecurrentClassifier(
            **parameters,
            hidden_size=16,
            pooling="last",
            standardize=False,  # generated with unit variance
            max_epochs=max_epochs,
            batch_size=64,
            lr=0.01,
            lr_schedule="constant",  # long lags are learnt last
            random_state=0,
            random_convolutions=0,
        ).fit(X, y)
        for lag in LAGS:
            X_new, y_new = make_sequences(np.full(300, lag), seed=2)
            accuracy[name, lag] = model.score(X_new, y_new)
            curve = memory_curve(model, X_new[:100], of="representation")
            gradient[name, lag] = curve[lag]
        MemoryDisplay.from_predictions(curve, name=name, ax=axes)  # of the longest lag
    figure.savefig(options.output, dpi=100)

    for title, table, form in (
        ("accuracy (chance 0.25)", accuracy, ".2f"),
        ("gradient norm", gradient, ".0e"),
    ):
        print(f"{title:<24}" + "".join(f"{f'lag {lag}':>9}" for lag in LAGS))
        for name in NETWORKS:
            print(f"{name:<24}" + "".join(f"{table[name, lag]:>9{form}}" for lag in LAGS))
        print()

    # Why: dh_T/dx_0 is a product of one factor per step. In a simple RNN each factor is
    # diag(1 - h_t^2) U: to be robust against noise the state must saturate, where
    # 1 - h_t^2 is near zero, so a robust memory cannot be trained over long lags, and a
    # trainable state is overwritten by noise (Bengio, Simard and Frasconi, 1994): its
    # gradient may be large, but is no larger at the symbol than at the noise. Gates
    # avoid this: the state is copied with a factor (the forget gate of an LSTM, the
    # update gate of a GRU) that can be near one, and noise is excluded by another gate,
    # not by saturation. A state that is kept over short lags is kept over long lags too.
    #
    # A gated network may still saturate, as the LSTM with the usual biases does: it
    # remembers well while its gradient vanishes. Its forget gates start at about .73
    # (a bias of one), which is e ** -31 after 100 steps, so it learns to hold one of four
    # fixed values by feeding the state back, and such a value hardly changes with small
    # changes of the input. With the memory open, gates start near one (chrono
    # initialisation; Tallec and Ollivier, 2018): the cell carries the symbol, and its
    # gradient, as it is. Long lags are then learnt first, and need no short ones.
    near, far = LAGS[0], LAGS[-1]
    kept = {name: gradient[name, far] / gradient[name, near] for name in NETWORKS}
    print(
        f"At lag {far} accuracy is "
        + ", ".join(f"{accuracy[name, far]:.2f} ({name})" for name in NETWORKS)
        + f";\nthe gradient relative to that at lag {near} is "
        + ", ".join(f"{kept[name]:.0e} ({name})" for name in NETWORKS)
        + "."
    )
    remember = [name for name in NETWORKS if accuracy[name, far] > 0.8]
    print(f"Accuracy above 0.8 after {far} steps of noise: {'; '.join(remember)}.")
    stays = [name for name in NETWORKS if kept[name] > 0.05]
    print(f"More than a twentieth of the gradient is left: {'; '.join(stays)}.")
    print(f"Figure: {options.output}")


if __name__ == "__main__":
    main()
