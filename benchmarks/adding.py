"""The adding problem: how long a dependency each cell can learn.

A sequence has two channels, random numbers and marks; two steps are marked, one in each
half, and the target is the sum of the two marked numbers (Hochreiter and Schmidhuber,
1997). Predicting the mean has a mean squared error of 1/6. Networks are trained on new
sequences in every update, so that none can be memorised, until their error on others is
below .002.

    python benchmarks/adding.py [--steps 400] [--seeds 1] [--only NAME ...]
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from sksequence._training import torch_threads
from sksequence.datasets import make_adding
from sksequence.nn import SequenceNetwork

BATCH, EVERY, LEARNT = 50, 50, 0.002
# The keywords of a network, and the largest number of updates.
RUNS = {
    "gru": ({"cell": "gru"}, 2000),
    "lstm": ({"cell": "lstm"}, 2000),
    "lstm, memory_steps": ({"cell": "lstm", "memory": True}, 2000),
    "gru, memory_steps": ({"cell": "gru", "memory": True}, 2000),
    "mingru x 2, layer_norm, residual": (
        {"cell": "mingru", "num_layers": 2, "layer_norm": True, "residual": True},
        1000,
    ),
    "mingru x 2, layer_norm, residual, memory_steps": (
        {
            "cell": "mingru",
            "num_layers": 2,
            "layer_norm": True,
            "residual": True,
            "memory": True,
        },
        1000,
    ),
    "minlstm x 2, layer_norm, residual": (
        {"cell": "minlstm", "num_layers": 2, "layer_norm": True, "residual": True},
        1000,
    ),
    "indrnn x 2": ({"cell": "indrnn", "num_layers": 2}, 2000),
    "qrnn x 2, memory_steps": ({"cell": "qrnn", "num_layers": 2, "memory": True}, 2000),
}


def draw(n: int, n_steps: int, rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
    """Return sequences (n, n_steps, 2) and their targets (n, 1)."""
    X, y = make_adding(n, n_steps, random_state=rng)
    return torch.from_numpy(X).float(), torch.from_numpy(y[:, None]).float()


def train(network: dict, n_updates: int, n_steps: int, seed: int) -> None:
    """Train a network and print when its test error falls below some limits."""
    rng = np.random.default_rng(seed)
    keywords = {name: value for name, value in network.items() if name != "memory"}
    if network.get("memory"):
        keywords["memory_steps"] = n_steps
    net = SequenceNetwork(2, 1, hidden_size=64, pooling="last", **keywords)
    net.reset_parameters(torch.Generator().manual_seed(seed))
    X_test, y_test = draw(500, n_steps, rng)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.003)
    began, errors = time.perf_counter(), {}
    for update in range(1, n_updates + 1):
        X, y = draw(BATCH, n_steps, rng)
        optimizer.zero_grad()
        # The sum is one on average.
        (net(X) - (y - 1)).square().mean().backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        if update % EVERY == 0:
            with torch.inference_mode():
                error = float((net.eval()(X_test) - (y_test - 1)).square().mean())
            net.train()
            errors[update] = error
            if error < LEARNT:
                break
    seconds = time.perf_counter() - began
    below = next((str(u) for u, error in errors.items() if error < 0.01), "never")
    print(
        f"  seed {seed}: below .01 after {below} updates, {error:.4f} after {update}, "
        f"at least {min(errors.values()):.4f}; {seconds:.0f} s",
        flush=True,
    )


def main() -> None:
    """Train every network, for every seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=list(RUNS))
    arguments = parser.parse_args()
    with torch_threads(1):
        for name in arguments.only:
            print(name, flush=True)
            for seed in range(arguments.seeds):
                train(*RUNS[name], arguments.steps, seed)


if __name__ == "__main__":
    main()
