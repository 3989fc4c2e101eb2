"""Does a prediction depend on what else is in the batch?

It should not. Yet padding, the direction that reads from the end, and the order in which
a processor adds may each change it. Sequences of unequal length are predicted alone, and
in a batch, by

- a GRU of torch on sequences filled up with zeros, of which the last step is read,
- the same, of which the last valid step is read, in both directions,
- the same on packed sequences,
- a GRU of sksequence.

    python exact_predictions.py --output exact_predictions.png
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

from sksequence import GRUClassifier
from sksequence.datasets import make_order

Predict = Callable[[list[np.ndarray]], np.ndarray]


def torch_predictors(hidden_size: int) -> dict[str, Predict]:
    """Return predictions of one network of torch that reads three different states."""
    torch.manual_seed(0)
    network = torch.nn.GRU(2, hidden_size, batch_first=True, bidirectional=True)
    head = torch.nn.Linear(2 * hidden_size, 2)

    def answer(states: torch.Tensor) -> np.ndarray:
        return head(states).softmax(dim=1).numpy()

    def padded(X: list[np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
        steps = [torch.from_numpy(np.asarray(x, dtype=np.float32)) for x in X]
        return pad_sequence(steps, batch_first=True), torch.tensor([len(x) for x in X])

    @torch.no_grad()
    def last_step(X: list[np.ndarray]) -> np.ndarray:
        return answer(network(padded(X)[0])[0][:, -1])

    @torch.no_grad()
    def valid_step(X: list[np.ndarray]) -> np.ndarray:
        batch, lengths = padded(X)
        return answer(network(batch)[0][torch.arange(len(X)), lengths - 1])

    @torch.no_grad()
    def packed(X: list[np.ndarray]) -> np.ndarray:
        batch, lengths = padded(X)
        sequence = pack_padded_sequence(
            batch, lengths, batch_first=True, enforce_sorted=False
        )
        return answer(torch.cat(tuple(network(sequence)[1]), dim=1))

    return {
        "torch, last step": last_step,
        "torch, last valid step": valid_step,
        "torch, packed": packed,
    }


def differences(predict: Predict, X: list[np.ndarray]) -> np.ndarray:
    """Return how far each prediction alone is from the same in a batch."""
    alone = np.concatenate([predict([x]) for x in X])
    return np.abs(alone - predict(X)).max(axis=1)


def draw(path: Path, found: dict[str, np.ndarray]) -> None:
    """Plot every difference, on a logarithmic scale that has room for zero."""
    figure, ax = plt.subplots(figsize=(9, 3.2), layout="constrained")
    rng = np.random.default_rng(0)
    for row, (_, difference) in enumerate(found.items()):
        at = row + rng.uniform(-0.25, 0.25, size=len(difference))
        ax.plot(np.maximum(difference, 1e-9), at, ".", alpha=0.6)
    ax.set(xscale="log", xlabel="difference of probabilities, alone and in a batch")
    ax.set_yticks(range(len(found)), list(found))
    ax.set_xticks([1e-9, 1e-7, 1e-5, 1e-3, 1e-1], ["0", "1e-7", "1e-5", "1e-3", "0.1"])
    ax.invert_yaxis()
    figure.savefig(path, dpi=100)


def main() -> None:
    """Compare predictions alone and in a batch."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("exact_predictions.png"))
    parser.add_argument("--quick", action="store_true", help="fewer sequences")
    options = parser.parse_args()

    X, y = make_order(100 if options.quick else 300, (5, 60), random_state=0)
    model = GRUClassifier(
        hidden_size=16,
        bidirectional=True,
        pooling="last",
        random_convolutions=0,
        max_epochs=3,
        random_state=0,
    ).fit(X, y)
    predictors = torch_predictors(16) | {"sksequence": model.predict_proba}
    found = {name: differences(predict, X) for name, predict in predictors.items()}
    print(f"{'largest difference':<26}{'':>9}  share that differs")
    for name, difference in found.items():
        print(f"{name:<26}{difference.max():>9.1e}  {np.mean(difference > 0):.2f}")

    # Why: after a short sequence the last step of a batch is padding. The last valid step
    # is right for the forward direction alone: the backward direction has begun in the
    # padding, and at that step it has read no more than one. Packing is right, but other
    # shapes take other paths through a processor, which add in another order. sksequence
    # computes every sequence by the same operations, whatever stands beside it.
    draw(options.output, found)
    print(f"\nAll of them are drawn in {options.output}.")


if __name__ == "__main__":
    main()
