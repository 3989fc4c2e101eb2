"""Vanishing gradients: how far back do the state and the gradient of a cell reach?

The first step of each sequence holds one of four symbols, and a mark for "remember this".
The following 1 to 100 steps are noise. The label is the symbol, and the network predicts
from its final state (``pooling="last"``), so it has to keep the symbol to the end.

For each cell, one network is trained on sequences of all these lags. The table shows its
accuracy on new sequences for each lag, and the gradient of the final state with respect
to the first step,

    || dh_T / dx_0 ||   with T the lag, taken by torch through the fitted network.
"""

import argparse

import numpy as np
import torch

from sksequence import RecurrentClassifier

LAGS = [1, 3, 10, 30, 100]
CELLS = ["rnn", "lstm", "gru"]


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


def gradient_norm(model: RecurrentClassifier, X: list[np.ndarray]) -> float:
    """Return the median over sequences of the norm of d(final state) / d(first step)."""
    module = model.net_.module_.eval()
    inputs = torch.tensor(np.array(X), dtype=torch.float32, requires_grad=True)
    final = module.represent(inputs)  # with pooling="last", this is the final state
    # One backward pass per unit of the state gives one row of each sequence's Jacobian.
    rows = [
        torch.autograd.grad(unit.sum(), inputs, retain_graph=True)[0][:, 0]
        for unit in final.T
    ]
    return torch.stack(rows).square().sum((0, 2)).sqrt().median().item()


def main() -> None:
    """Fit one network per cell; tabulate accuracy and gradient by lag."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer epochs")
    max_epochs = 16 if parser.parse_args().quick else 30

    # Lags are uniform on a logarithmic scale: short lags, where the gradient is strong,
    # are learnt first, and long lags profit from them.
    rng = np.random.default_rng(0)
    lags = np.exp(rng.uniform(0, np.log(101), size=400)).astype(int)
    X, y = make_sequences(lags, seed=1)

    accuracy, gradient = {}, {}
    for cell in CELLS:
        model = RecurrentClassifier(
            cell=cell,
            hidden_size=16,
            pooling="last",
            standardize=False,  # generated with unit variance
            max_epochs=max_epochs,
            batch_size=64,
            lr=0.01,
            lr_schedule="constant",  # long lags are learnt last
            random_state=0,
        ).fit(X, y)
        for lag in LAGS:
            X_new, y_new = make_sequences(np.full(300, lag), seed=2)
            accuracy[cell, lag] = model.score(X_new, y_new)
            gradient[cell, lag] = gradient_norm(model, X_new[:100])

    for title, table, form in (
        ("accuracy (chance 0.25)", accuracy, ".2f"),
        ("gradient norm", gradient, ".0e"),
    ):
        print(f"{title:<24}" + "".join(f"{f'lag {lag}':>9}" for lag in LAGS))
        for cell in CELLS:
            print(f"{cell:<24}" + "".join(f"{table[cell, lag]:>9{form}}" for lag in LAGS))
        print()

    # Why: dh_T/dx_0 is a product of one factor per step. In a simple RNN each factor is
    # diag(1 - h_t^2) U: to be robust against noise the state must saturate, where
    # 1 - h_t^2 is near zero, so a robust memory cannot be trained over long lags, and a
    # trainable state is overwritten by noise (Bengio, Simard and Frasconi, 1994). Gates
    # avoid this: the state is copied with a factor (the forget gate of an LSTM, the
    # update gate of a GRU) that can be near one, and noise is excluded by another gate,
    # not by saturation. A state that is kept over short lags is kept over long lags too.
    # A gated network may still saturate, as the LSTM does here: it remembers well while
    # its gradient vanishes, since a state near one of four fixed values hardly changes
    # with small changes of the input.
    near, far = LAGS[0], LAGS[-1]
    kept = {cell: gradient[cell, far] / gradient[cell, near] for cell in CELLS}
    print(
        f"At lag {far} accuracy is "
        + ", ".join(f"{accuracy[cell, far]:.2f} ({cell})" for cell in CELLS)
        + f";\nthe gradient relative to that at lag {near} is "
        + ", ".join(f"{kept[cell]:.0e} ({cell})" for cell in CELLS)
        + "."
    )
    remember = [cell for cell in CELLS if accuracy[cell, far] > 0.8]
    print(f"Accuracy above 0.8 after {far} steps of noise: {', '.join(remember)}.")


if __name__ == "__main__":
    main()
