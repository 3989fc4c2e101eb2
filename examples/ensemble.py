"""Five networks as one: more accurate, and aware of what they do not know.

Handwritten digits of 8 x 8 pixels (those that scikit-learn ships), read row by row as
sequences of eight steps. Five GRUs from different seeds learn 250 of the digits 0 to 8;
no nine is among them. The ensemble averages their probabilities.

Shown are accuracy, log loss and calibration on other digits, of single networks and of
their mean; whether the network is worth it, against cheap baselines on the same folds;
and how far the members disagree on digits that they know, and on nines.

    python ensemble.py --output ensemble.png
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from sksequence import GRUClassifier
from sksequence.ensemble import DeepEnsembleClassifier
from sksequence.inspection import baseline_report

BINS = np.linspace(0, 1, 11)


def load() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Load the digits 0 to 8 with their labels, and the nines, as rows (8 steps, 8)."""
    images, y = load_digits(return_X_y=True)
    X = images.reshape(-1, 8, 8)
    return X[y < 9], y[y < 9], X[y == 9]


def reliability(proba: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean probability and accuracy of the predicted class, by probability.

    What fewer than ten predictions say is left out.
    """
    sure, right = proba.max(axis=1), proba.argmax(axis=1) == y
    places = np.digitize(sure, BINS[1:-1])
    counts = np.bincount(places, minlength=10)
    there = counts >= 10
    of_sure, of_right = (
        np.bincount(places, weights, 10)[there] / counts[there]
        for weights in (sure, right)
    )
    return of_sure, of_right


def calibration_error(proba: np.ndarray, y: np.ndarray) -> float:
    """Return how far probability and accuracy are apart, on average over predictions."""
    sure, right = proba.max(axis=1), proba.argmax(axis=1) == y
    places = np.digitize(sure, BINS[1:-1])
    gaps = np.bincount(places, sure - right, 10)
    return float(np.abs(gaps).sum() / len(y))


def describe(proba: np.ndarray, y: np.ndarray) -> list[float]:
    """Return accuracy, log loss and calibration error in per cent."""
    accuracy = float(np.mean(proba.argmax(axis=1) == y))
    return [100 * accuracy, log_loss(y, proba), 100 * calibration_error(proba, y)]


def disagreement(ensemble: DeepEnsembleClassifier, X: np.ndarray) -> np.ndarray:
    """Return the spread of the members' probabilities of the predicted class."""
    proba, std = ensemble.predict_proba(X, return_std=True)
    return std[np.arange(len(X)), proba.argmax(axis=1)]


def draw_reliability(
    axes: Axes, answers: dict[str, list[np.ndarray]], y: np.ndarray
) -> None:
    """Draw accuracy against probability, of single networks and of their mean."""
    for (name, probas), colour in zip(answers.items(), ["0.6", "C0"], strict=True):
        for i, proba in enumerate(probas):
            label = name if i == 0 else None
            axes.plot(*reliability(proba, y), marker=".", color=colour, label=label)
    low = axes.get_xlim()[0]
    axes.plot([low, 1], [low, 1], color="k", linestyle=":", label="calibrated")
    axes.set(xlabel="probability of the predicted class", ylabel="accuracy")
    axes.legend()


def main() -> None:
    """Fit the ensemble, print and draw how it does."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer epochs")
    parser.add_argument("--output", type=Path, default=Path("ensemble.png"))
    args = parser.parse_args()

    X, y, nines = load()
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, train_size=250, stratify=y, random_state=0
    )
    network = GRUClassifier(
        hidden_size=32,
        lr=0.01,
        max_epochs=15 if args.quick else 30,
        random_convolutions=0,
    )
    ensemble = DeepEnsembleClassifier(network, n_estimators=5, random_state=0)
    ensemble.fit(X_train, y_train)

    members = [member.predict_proba(X_test) for member in ensemble.estimators_]
    mean = ensemble.predict_proba(X_test)
    print(f"{'':<22}{'accuracy':>10}{'log loss':>10}{'calibration error':>19}")
    for name, figures in {
        "one network": np.mean([describe(proba, y_test) for proba in members], axis=0),
        "the best of them": describe(
            min(members, key=lambda proba: log_loss(y_test, proba)), y_test
        ),
        "five as one": describe(mean, y_test),
    }.items():
        accuracy, loss, error = figures
        print(f"{name:<22}{accuracy:>9.1f}%{loss:>10.3f}{error:>18.1f}%")

    # The mean always has a smaller log loss than the members on average, as the logarithm
    # is concave. It is less sure than they are: they are right less often than they say,
    # and it is right more often, as the picture shows.

    # The verdict is against it: digits are images of one size, in which everything has
    # its place, and there are few of them. A recurrent network makes no use of that.
    print()
    print(baseline_report(ensemble, X_train, y_train, cv=3, random_state=0))

    known, unknown = disagreement(ensemble, X_test), disagreement(ensemble, nines)
    print(f"\n{'spread of members':<22}{'median':>10}")
    for name, spread in {"digits 0 to 8": known, "nines": unknown}.items():
        print(f"{name:<22}{np.median(spread):>10.3f}")
    # How well the spread tells them apart: the share of pairs of a nine and another digit
    # in which the nine has the larger one.
    order = np.concatenate([known, unknown]).argsort().argsort()[len(known) :]
    pairs = order.sum() - len(unknown) * (len(unknown) - 1) / 2
    print(f"{'nines told apart':<22}{pairs / len(known) / len(unknown):>10.3f}")

    figure, (left, right) = plt.subplots(ncols=2, figsize=(10, 4))
    draw_reliability(left, {"one network": members, "five as one": [mean]}, y_test)
    bins = np.linspace(0, 0.5, 26)
    spreads = {"digits 0 to 8": (known, "C2"), "nines, never seen": (unknown, "C1")}
    for name, (spread, colour) in spreads.items():
        right.hist(spread, bins, density=True, alpha=0.6, color=colour, label=name)
    right.set(xlabel="standard deviation of the five probabilities", ylabel="density")
    right.legend()
    figure.tight_layout()
    figure.savefig(args.output, dpi=100)


if __name__ == "__main__":
    main()
