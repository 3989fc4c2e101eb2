"""What a network remembers, and what happens when it is not told to forget.

A recurrent network keeps a state from step to step, in which it remembers what it has
read. Every sequence begins with a fresh one, so that a prediction depends on its own
sequence alone. A stream reads steps as they arrive and cannot know where one sequence
ends and the next begins: ``reset()`` says so.

Each sequence here has two events, of which one comes first (``make_order``). A GRU says
after every step how probable it is that B came before A. Two sequences are read by one
stream, with a reset between them and without one.

    python state_and_reset.py --output state_and_reset.png
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from sksequence import GRUClassifier
from sksequence.datasets import make_order

N_STEPS = 20


def read(
    model: GRUClassifier, pair: list[np.ndarray], *, resets: bool
) -> list[np.ndarray]:
    """Return the probability of BA after each step of each of two sequences."""
    stream = model.open_stream()
    proba = []
    for x in pair:
        if resets:
            stream.reset()
        proba.append(np.array([stream.step_proba(step)[1] for step in x]))
    return proba


def draw(
    path: Path, pair: list[np.ndarray], answers: dict[str, list[np.ndarray]]
) -> None:
    """Plot two sequences, one after the other, and what the stream says of them."""
    figure, (top, below) = plt.subplots(
        2, 1, figsize=(9, 4.2), sharex=True, layout="constrained"
    )
    for channel, name in enumerate("AB"):
        top.plot(np.concatenate(pair)[:, channel], label=f"channel {name}")
    top.set(ylabel="X")
    for (name, proba), style in zip(answers.items(), ("-", "--"), strict=True):
        below.plot(np.concatenate(proba), style, label=name)
    below.set(xlabel="step", ylabel="probability of BA", ylim=(-0.05, 1.05))
    for ax in (top, below):
        ax.axvline(N_STEPS - 0.5, color="C7", linewidth=1)
        ax.legend(loc="center right", fontsize=9)
    figure.savefig(path, dpi=100)


def main() -> None:
    """Fit, read pairs of sequences both ways, and plot a pair that is misread."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("state_and_reset.png"))
    parser.add_argument("--quick", action="store_true", help="fewer sequences")
    options = parser.parse_args()

    n = 400 if options.quick else 800
    X, y = make_order(n + 200, N_STEPS, random_state=0)
    model = GRUClassifier(
        hidden_size=24,
        pooling="last",
        random_convolutions=0,  # the recurrence alone
        lr=0.01,
        max_epochs=30,
        random_state=0,
    ).fit(X[:n], y[:n])
    tests, labels = X[n:], y[n:]
    pairs = [list(tests[i : i + 2]) for i in range(0, 200, 2)]
    second = labels[1::2]
    answers = {
        name: [read(model, pair, resets=resets) for pair in pairs]
        for name, resets in (("with reset", True), ("without", False))
    }
    print("second sequences          right   other than predict")
    predicted = model.predict_proba(tests)[1::2, 1]
    for name, all_proba in answers.items():
        final = np.array([proba[1][-1] for proba in all_proba])
        right = np.mean((final > 0.5) == (second == "BA"))
        print(f"{name:<26}{right:.2f}    {np.abs(final - predicted).max():.1e}")

    # Why: what the network remembers of the first sequence, it takes for the beginning
    # of the second. The last events weigh most, so that it is often right all the same,
    # but nothing says when.
    misread = [
        abs(kept[1][-1] - fresh[1][-1])
        for fresh, kept in zip(*answers.values(), strict=True)
    ]
    worst = int(np.argmax(misread))
    shown = {name: proba[worst] for name, proba in answers.items()}
    draw(options.output, pairs[worst], shown)
    print(f"\nThe pair that differs most is drawn in {options.output}.")


if __name__ == "__main__":
    main()
