"""How far back can a network remember, and how far back does its gradient reach?

The first step of each sequence holds a symbol, one of four, and a mark that says "keep
this". What follows is noise, for 1 to 100 steps. The label is the symbol, and the network
answers from its final state (``pooling="last"``): it has to carry the symbol all the way.

For each cell, one network learns from sequences of all these lags. Then, lag by lag, the
table shows its accuracy on new sequences, and the gradient that training lives on: how
much the final state changes with the first step,

    || dh_T / dx_0 ||   with T the lag, taken by torch through the fitted network.
"""

import argparse

import numpy as np
import torch

from sksequence import RecurrentClassifier

LAGS = [1, 3, 10, 30, 100]
CELLS = ["rnn", "lstm", "gru"]


def make_sequences(lags: np.ndarray, seed: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Generate sequences (lag + 1, 3), their first step marked, and the symbol there."""
    rng = np.random.default_rng(seed)
    symbols = rng.integers(4, size=len(lags))
    X = []
    for lag, symbol in zip(lags, symbols, strict=True):
        series = np.column_stack([rng.normal(size=(lag + 1, 2)), np.zeros(lag + 1)])
        series[0] = [2 * (symbol % 2) - 1, 2 * (symbol // 2) - 1, 1]  # (+-1, +-1), mark
        X.append(series)
    return X, symbols


def gradient_norm(model: RecurrentClassifier, X: list[np.ndarray]) -> float:
    """Return the norm of d(final state) / d(first step), the median over sequences."""
    module = model.net_.module_.eval()
    inputs = torch.tensor(np.array(X), dtype=torch.float32, requires_grad=True)
    final = module.represent(inputs)  # with pooling="last" nothing but the final state
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

    # As many short lags as long ones on a logarithmic scale: what is learnt on the short
    # ones, where the gradient is strong, is what the long ones begin with.
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
            lr_schedule="constant",  # the long lags are learnt last
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

    # Why: dh_T/dx_0 is a product of one factor per step. In a simple network each is
    # diag(1 - h_t^2) U: to keep a symbol apart from noise the state must saturate, where
    # 1 - h_t^2 is near zero, so what remembers safely cannot be taught from far away, and
    # what can be taught is overwritten by the noise (Bengio, Simard and Frasconi, 1994).
    # Gates undo this: the state is copied with a factor (the forget gate of an LSTM, the
    # update gate of a GRU) that can be near one, and noise is kept out by another gate,
    # not by saturation. Whoever has learnt to hold on from the short lags holds on over
    # the long ones. A network may then saturate after all, as the LSTM does here: it
    # remembers well while its gradient fades, for a state that has snapped to one of four
    # values no longer changes with small changes of the input.
    near, far = LAGS[0], LAGS[-1]
    kept = {cell: gradient[cell, far] / gradient[cell, near] for cell in CELLS}
    print(
        f"At lag {far} accuracy is "
        + ", ".join(f"{accuracy[cell, far]:.2f} ({cell})" for cell in CELLS)
        + f"; of the gradient at lag {near}\nthere is left "
        + ", ".join(f"{kept[cell]:.0e} ({cell})" for cell in CELLS)
        + "."
    )
    remember = [cell for cell in CELLS if accuracy[cell, far] > 0.8]
    print(f"Right four times in five after {far} steps of noise: {', '.join(remember)}.")


if __name__ == "__main__":
    main()
