"""When does a second layer help, and when does a second direction?

Three tasks for the same small network, which predicts from its final state
(``pooling="last"``):

- "early event": five steps shifted up or down, then fifty of noise. The relevant steps
  are far from the end, but close to the beginning, where the backward direction ends.
- "neighbours": is each value correlated positively or negatively with the previous one?
  Every step must be compared with its neighbour, and the comparisons counted.
- "digits": handwritten digits read row by row, from the top.

Each is cross-validated with one and two layers, in one and both directions.

    python stacking_and_direction.py --output stacking_and_direction.png
"""

import argparse
from itertools import product
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold, cross_val_score

from sksequence import SimpleRNNClassifier


def make_early_event(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Generate noise (n, 55) whose first five steps are shifted, up for class 1."""
    y = rng.integers(2, size=n)
    X = rng.normal(size=(n, 55))
    X[:, :5] += 1.5 * (2 * y - 1)[:, None]
    return X, y


def make_neighbours(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Generate x_t = +-x_{t-1} / 2 + noise, (n, 30), of equal variance; class 1 is +."""
    y = rng.integers(2, size=n)
    X = rng.normal(size=(n, 30))
    for t in range(1, X.shape[1]):
        X[:, t] = (y - 0.5) * X[:, t - 1] + np.sqrt(0.75) * X[:, t]
    return X, y


def draw(path: Path, score: dict[tuple, float], spread: dict[tuple, float]) -> None:
    """Plot the accuracy of each architecture in each task."""
    tasks = list(dict.fromkeys(task for task, *_ in score))
    figure, axes = plt.subplots(1, len(tasks), figsize=(10, 3.5), layout="constrained")
    for ax, task in zip(axes, tasks, strict=True):
        for both, color in ((False, "C0"), (True, "C1")):
            of_layers = [score[task, n, both] for n in (1, 2)]
            deviation = [spread[task, n, both] for n in (1, 2)]
            label = "both directions" if both else "one direction"
            ax.errorbar((1, 2), of_layers, deviation, fmt="o-", color=color, label=label)
        ax.set_xticks((1, 2))
        ax.set(title=task, xlabel="layers", xlim=(0.7, 2.3), ylim=(0.4, 1.05))
    axes[0].set_ylabel("accuracy")
    axes[-1].legend(loc="lower right")
    figure.savefig(path, dpi=100)


def main() -> None:
    """Score every task with every architecture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("stacking_and_direction.png"))
    parser.add_argument("--quick", action="store_true", help="fewer sequences and folds")
    options = parser.parse_args()
    quick = options.quick
    n = 250 if quick else 500

    rng = np.random.default_rng(0)
    digits = load_digits()
    tasks = {
        # name: (X, y, hidden_size)
        "early event": (*make_early_event(n, rng), 16),
        "neighbours": (*make_neighbours(n, rng), 4),
        "digits": (digits.images[:n], digits.target[:n], 16),
    }
    cv = StratifiedKFold(2 if quick else 3, shuffle=True, random_state=0)
    architectures = list(product((1, 2), (False, True)))
    header = [
        f"{n} layer{'s' * (n > 1)}, {'both' if b else 'one'}" for n, b in architectures
    ]
    print(f"{'accuracy':<13}" + "".join(f"{name:>16}" for name in header))
    score, spread = {}, {}
    for task, (X, y, hidden_size) in tasks.items():
        cells = []
        for num_layers, bidirectional in architectures:
            model = SimpleRNNClassifier(
                hidden_size=hidden_size,
                num_layers=num_layers,
                bidirectional=bidirectional,
                pooling="last",
                max_epochs=20,
                batch_size=32,
                lr=0.01,
                lr_schedule="constant",
                random_state=0,
                random_convolutions=0,
            )
            folds = cross_val_score(model, X, y, cv=cv)
            score[task, num_layers, bidirectional] = folds.mean()
            spread[task, num_layers, bidirectional] = folds.std()
            cells.append(f"{folds.mean():.3f} +- {folds.std():.3f}")
        print(f"{task:<13}" + "".join(f"{cell:>16}" for cell in cells))

    draw(options.output, score, spread)

    # Why: the backward direction ends at the first step, so early steps are recent for
    # it. A second layer reads the states of the first in the same order and ends at the
    # same step: it computes more at each step, but does not shorten the distance. It
    # helps if the computation is hard (comparing and counting at once, with four units),
    # and so does a second direction, which has units of its own. Digits need both: the
    # top row is eight steps ago, and shapes are combinations of strokes.
    print()
    for task in tasks:
        plain = score[task, 1, False]
        deeper, both = score[task, 2, False] - plain, score[task, 1, True] - plain
        print(f"{task:<13}a second layer {deeper:+.3f}, a second direction {both:+.3f}")
    print("Differences below the +- above are not significant.")

    print(f"Figure: {options.output}")


if __name__ == "__main__":
    main()
