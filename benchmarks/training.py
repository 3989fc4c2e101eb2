"""Time of an epoch relative to a plain torch loop over the same network.

Both train the same :class:`sksequence.nn.SequenceNetwork` on batches of the same size
with Adam and gradient clipping, alternately in one process. Printed is the median ratio
of consecutive epochs, so that a drifting speed of the machine has little effect.

    python benchmarks/training.py
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback
from torch import nn

from sksequence import RecurrentClassifier
from sksequence.nn import SequenceNetwork

SIZES = [(32, 32, 100), (64, 32, 100), (64, 256, 100), (32, 32, 12)]
CASES = [(cell, *sizes) for cell in ("lstm", "gru", "rnn") for sizes in SIZES]


class Between(Callback):
    """Call a function after each epoch, outside of its measured time."""

    def __init__(self, run: Callable[[], None]) -> None:
        self.run = run

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        self.run()


class BareLoop:
    """A plain training loop."""

    def __init__(self, X: np.ndarray, y: np.ndarray, cell: str, hidden: int, batch: int):
        self.X, self.y = torch.from_numpy(X), torch.from_numpy(y)
        self.batch = batch
        self.network = SequenceNetwork(X.shape[2], 2, cell=cell, hidden_size=hidden)
        self.optimizer = torch.optim.Adam(self.network.parameters(), 0.005, fused=True)
        self.loss = nn.CrossEntropyLoss()

    def epoch(self) -> float:
        """Train for one epoch and return its seconds."""
        begin = time.perf_counter()
        self.network.train()
        total = 0.0
        for index in torch.randperm(len(self.X)).split(self.batch):
            self.optimizer.zero_grad()
            loss = self.loss(self.network(self.X[index]), self.y[index])
            loss.backward()
            nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            self.optimizer.step()
            total += loss.item()
        return time.perf_counter() - begin


def compare(cell: str, hidden: int, batch: int, steps: int, n_epochs: int) -> list[float]:
    """Return ours / bare for each pair of neighbouring epochs."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, steps, 3)).astype(np.float32)
    y = (X.mean(axis=(1, 2)) > 0).astype(np.int64)
    bare = BareLoop(X, y, cell, hidden, batch)
    bare.epoch()
    seconds: list[float] = []
    model = RecurrentClassifier(
        cell=cell,
        hidden_size=hidden,
        batch_size=batch,
        max_epochs=n_epochs + 1,
        callbacks=[Between(lambda: seconds.append(bare.epoch()))],
        random_state=0,
        random_convolutions=0,
    ).fit(X, y)
    ours = [epoch["duration"] for epoch in model.history_[1:]]
    return [a / b for a, b in zip(ours, seconds[1:], strict=True)]


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=11, help="pairs of epochs per row")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print("| cell | hidden | batch | steps | ours / bare | min | max |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for case in CASES:
        ratios = compare(*case, options.epochs)
        row = [*case, *(f"{f(ratios):.2f}" for f in (statistics.median, min, max))]
        print("|", " | ".join(map(str, row)), "|", flush=True)


if __name__ == "__main__":
    main()
