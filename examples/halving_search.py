"""Speed up an architecture search by successive halving over epochs.

Handwritten digits, read row by row: sequences of eight steps with eight channels. A plain
grid search trains every architecture to the end. Successive halving trains all of them
for a few epochs (``resource="max_epochs"``), keeps the best third, gives these three
times as many epochs, and so on: only the last few train as long as in the plain search.
scikit-learn's own search trains from scratch in each iteration; ``HalvingEpochSearchCV``
continues training, with the same results if the learning rate does not depend on the
number of epochs.

    python halving_search.py --output halving_search.png
"""

import argparse
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, train_test_split

from sksequence import LSTMClassifier
from sksequence.model_selection import HalvingEpochSearchCV

GRID = {
    "hidden_size": [8, 16, 32],
    "num_layers": [1, 2],
    "pooling": ["last", "mean", "max"],
}


def draw(path: Path, search: HalvingEpochSearchCV) -> None:
    """Plot the score of each candidate after each round, as long as it was trained."""
    results = search.cv_results_
    rounds: dict[tuple, list[tuple[int, float]]] = {}
    for candidate, n_epochs, score in zip(
        results["params"], results["n_resources"], results["mean_test_score"], strict=True
    ):
        key = tuple(candidate[name] for name in GRID)
        rounds.setdefault(key, []).append((n_epochs, score))
    figure, ax = plt.subplots(layout="constrained")
    for key, points in rounds.items():
        last = len(points) == len(search.n_resources_)
        color = None if last else "0.7"
        units, layers, pooling = key
        name = f"{units} units, {layers} layer{'s' * (layers > 1)}, {pooling}"
        label = name if last else None
        ax.plot(*zip(*points, strict=True), "o-", color=color, label=label)
    ax.set(xscale="log", xlabel="epochs", ylabel="cross-validated accuracy")
    ax.set_xticks(search.n_resources_, [str(n) for n in search.n_resources_], minor=False)
    ax.minorticks_off()
    ax.legend(title="trained to the end")
    figure.savefig(path, dpi=100)


def main() -> None:
    """Search the same grid with three methods."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("halving_search.png"))
    parser.add_argument("--quick", action="store_true", help="fewer digits")
    options = parser.parse_args()
    quick = options.quick
    n_train, cv = (150, 2) if quick else (300, 3)

    digits = load_digits()
    X_train, X_test, y_train, y_test = train_test_split(
        digits.images,
        digits.target,
        train_size=n_train,
        stratify=digits.target,
        random_state=0,
    )
    max_epochs = 27
    # Halving sets max_epochs itself, in each candidate and for the final refit.
    model = LSTMClassifier(
        batch_size=64,
        lr=0.02,
        lr_schedule="constant",
        max_epochs=max_epochs,
        random_state=0,
        random_convolutions=0,
    )
    rounds = {
        "cv": cv,
        "factor": 3,
        "resource": "max_epochs",
        "min_resources": 3,
        "max_resources": max_epochs,
        "random_state": 0,
    }
    searches = {
        "GridSearchCV": GridSearchCV(model, GRID, cv=cv),
        "HalvingGridSearchCV": HalvingGridSearchCV(model, GRID, **rounds),
        "HalvingEpochSearchCV": HalvingEpochSearchCV(model, GRID, **rounds),
    }

    print(f"{'search':<21}{'seconds':>8}{'epochs':>8}{'CV':>7}{'test':>7}  chosen")
    seconds, epochs, test = {}, {}, {}
    for name, search in searches.items():
        begin = perf_counter()
        search.fit(X_train, y_train)
        seconds[name] = perf_counter() - begin
        epochs[name] = count_epochs(search, max_epochs) * search.n_splits_
        test[name] = search.score(X_test, y_test)
        best = {k: v for k, v in search.best_params_.items() if k in GRID}
        print(
            f"{name:<21}{seconds[name]:>8.1f}{epochs[name]:>8}{search.best_score_:>7.3f}"
            f"{test[name]:>7.3f}  {', '.join(f'{v}' for v in best.values())}"
        )

    halving = searches["HalvingEpochSearchCV"]
    rounds = zip(halving.n_candidates_, halving.n_resources_, strict=True)
    print("\nhalving:", ", then ".join(f"{n} x {e} epochs" for n, e in rounds))

    draw(options.output, halving)

    # Why it works: the score after a few epochs is a good predictor of the final score.
    # Why it can fail: it is not a perfect one. Candidates that learn slowly but well (a
    # deeper network, a smaller learning rate) may be dropped too early; then start with
    # more epochs (min_resources) or drop fewer at once (factor=2).
    plain, _, halved = searches
    print(
        f"Halving trained {epochs[halved] / epochs[plain]:.0%} of the epochs, took "
        f"{seconds[halved] / seconds[plain]:.0%} of the time, and its choice scores "
        f"{test[halved] - test[plain]:+.3f}\non test digits: a short training predicts "
        "well which architecture is best after a long one."
    )
    print(f"Figure: {options.output}")


def count_epochs(search: GridSearchCV, max_epochs: int) -> int:
    """Return the number of epochs that a search trained in each fold."""
    trained = search.cv_results_.get("n_resources")
    if trained is None:
        return max_epochs * len(search.cv_results_["params"])
    if not isinstance(search, HalvingEpochSearchCV):
        return int(sum(trained))
    # Surviving candidates train only the additional epochs.
    added = np.diff(search.n_resources_, prepend=0)
    return int(np.dot(search.n_candidates_, added))


if __name__ == "__main__":
    main()
