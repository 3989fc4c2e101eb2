"""Predictions of one sequence and of a few, on one thread: the least of alternate times.

`predict_proba` of one sequence of 100 steps and three channels, 64 units, against torch's
layer with a linear one and a softmax in inference mode; and layers over a few different
sequences, with kernels whose vectors are units, and as a batch.

    python benchmarks/lone.py
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

import numpy as np
import torch
from timing import seconds_of

from sksequence import GRUClassifier, LSTMClassifier, SimpleRNNClassifier
from sksequence._training import net
from sksequence.nn import RecurrentLayer, _compiled, _few

N_STEPS, N_CHANNELS, HIDDEN = 100, 3, 64
ESTIMATORS = {
    "rnn": (SimpleRNNClassifier, torch.nn.RNN),
    "gru": (GRUClassifier, torch.nn.GRU),
    "lstm": (LSTMClassifier, torch.nn.LSTM),
}


def alternate(calls: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Return the seconds of each call, the least of all rounds."""
    for call in calls:
        call()
    times = [[seconds_of(call) for call in calls] for _ in range(rounds)]
    return [min(column) for column in zip(*times, strict=True)]


def as_a_batch(call: Callable[[], object]) -> Callable[[], object]:
    """Return a call without the kernels of few sequences."""

    def run() -> None:
        few, _compiled.FEW, net.FEW = _compiled.FEW, 0, 0
        call()
        _compiled.FEW = net.FEW = few

    return run


def torchs(layer_type: type[torch.nn.RNNBase], x: torch.Tensor) -> Callable[[], object]:
    """Return a call of torch's layers."""
    layer = layer_type(N_CHANNELS, HIDDEN, batch_first=True)
    head = torch.nn.Linear(HIDDEN, 2)

    def run() -> torch.Tensor:
        with torch.inference_mode():
            return head(layer(x)[0][:, -1]).softmax(1)

    return run


def predictions(rounds: int) -> None:
    """Print the time of `predict_proba` of one sequence."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(64, N_STEPS, N_CHANNELS)).astype(np.float32)
    y = X[:, :, 0].mean(axis=1) > 0
    print("| cell | torch.nn | sksequence | as a batch | torch / sksequence |")
    print("| --- | --- | --- | --- | --- |")
    for cell, (estimator, layer) in ESTIMATORS.items():
        settings = {"max_epochs": 1, "random_convolutions": 0, "random_state": 0}
        model = estimator(hidden_size=HIDDEN, **settings).fit(X, y)

        def ours(model=model) -> np.ndarray:
            return model.predict_proba(X[:1])

        calls = [torchs(layer, torch.from_numpy(X[:1])), ours, as_a_batch(ours)]
        theirs, alone, batch = (1e6 * seconds for seconds in alternate(calls, rounds))
        times = f"{theirs:.0f} us | {alone:.0f} us | {batch:.0f} us"
        print(f"| {cell} | {times} | {theirs / alone:.2f} |")


def layers(rounds: int) -> None:
    """Print how much less time a layer takes over a few different sequences."""
    numbers = (1, 2, 4, 8)
    print("\n| cell | units | dtype | KB | " + " | ".join(map(str, numbers)) + " |")
    print("| --- " * (4 + len(numbers)) + "|")
    for cell in ESTIMATORS:
        for hidden in (16, 64, 128, 256):
            for dtype in (torch.float32, torch.float64):
                row = ratios(cell, hidden, dtype, numbers, rounds)
                print(f"| {cell} | {hidden} | {str(dtype)[6:]} | {row} |")


def ratios(
    cell: str, hidden: int, dtype: torch.dtype, numbers: tuple[int, ...], rounds: int
) -> str:
    """Return the size of the weights, and the ratios of times, for one layer."""
    layer = RecurrentLayer(N_CHANNELS, hidden, cell=cell).to(dtype).eval()
    found = []
    for n in numbers:
        x = torch.randn(n, N_STEPS, N_CHANNELS, dtype=dtype)

        def run(layer=layer, x=x) -> None:
            with torch.inference_mode():
                layer(x)

        few, batch = alternate([run, as_a_batch(run)], rounds)
        found.append(f"{batch / few:.2f}")
    n_bytes = sum(p.nbytes for p in layer.parameters())
    return " | ".join([f"{n_bytes / 1000:.0f}", *found])


def main() -> None:
    """Print two Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=300)
    options = parser.parse_args()
    torch.set_num_threads(1)
    predictions(options.rounds)
    _few._SHARE = 1  # to see where it should be
    layers(max(options.rounds // 10, 5))


if __name__ == "__main__":
    main()
