"""Run a grid search on a cluster, of Dask or of Ray.

joblib, which runs scikit-learn's searches, can send their tasks to a cluster: the search
itself does not change. Here the cluster consists of two local processes; with the address
of a scheduler in ``Client``, or of a head node in ``ray.init``, the same search runs on
all machines of a cluster. The data, handwritten digits read row by row, without the empty
rows above and below, have unequal lengths: ``sksequence.model_selection.GridSearchCV``
sends them to each worker once. scikit-learn's own would send the list with every fit.

The results are bitwise identical to those of a search without the cluster. Ray is used if
it is installed.

    python dask_search.py --output dask_search.png
"""

import argparse
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from dask.distributed import Client, LocalCluster
from joblib import parallel_config
from sklearn.datasets import load_digits

from sksequence import RecurrentClassifier
from sksequence.model_selection import GridSearchCV

GRID = {
    "cell": ["rnn", "gru", "lstm"],
    "hidden_size": [16, 32],
    "bidirectional": [False, True],
}


def draw(
    path: Path, candidates: list[dict], at_home: np.ndarray, scores: np.ndarray
) -> None:
    """Plot the score of each candidate, from this process and from the cluster."""
    figure, ax = plt.subplots(figsize=(7, 1.5 + 0.3 * len(scores)), layout="constrained")
    order = np.argsort(at_home)
    names = [
        f"{c['cell']} {c['hidden_size']}{', both directions' * c['bidirectional']}"
        for c in candidates
    ]
    rows = np.arange(len(order))
    ax.plot(at_home[order], rows, "o", ms=11, mfc="none", label="in this process")
    ax.plot(scores[order], rows, "+", ms=9, label="on a cluster")
    ax.set_yticks(rows, [names[i] for i in order])
    ax.set(xlabel="cross-validated accuracy")
    ax.grid(axis="x", alpha=0.3)
    ax.legend()
    figure.savefig(path, dpi=100)


def main() -> None:
    """Search the same grid locally and on the clusters."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("dask_search.png"))
    parser.add_argument(
        "--quick", action="store_true", help="fewer digits and candidates"
    )
    options = parser.parse_args()
    quick = options.quick
    digits = load_digits()
    n_digits = 300 if quick else 1797
    X = [image[image.any(axis=1)] for image in digits.images[:n_digits]]
    y = digits.target[:n_digits]
    grid = {**GRID, "cell": ["gru"]} if quick else GRID
    model = RecurrentClassifier(
        max_epochs=5 if quick else 15, lr=0.01, random_state=0, random_convolutions=0
    )
    search = GridSearchCV(model, grid, cv=3)

    begin = perf_counter()
    at_home = search.fit(X, y).cv_results_["mean_test_score"]
    print(f"in this process: {perf_counter() - begin:.1f} s, best {at_home.max():.3f}")

    clusters = {"dask": dask_cluster, "ray": ray_cluster}
    for name, cluster in clusters.items():
        if find_spec(name) is None:
            print(f"{name} is not installed")
            continue
        with cluster(), parallel_config(backend=name, n_jobs=2):
            begin = perf_counter()
            search.fit(X, y)
            seconds = perf_counter() - begin
        scores = search.cv_results_["mean_test_score"]
        print(f"on a cluster of {name}: {seconds:.1f} s, best {scores.max():.3f}")
        print(f"equal to the last bit: {np.array_equal(scores, at_home)}")
    print(f"chosen: {search.best_params_}")
    draw(options.output, search.cv_results_["params"], at_home, scores)
    print(f"Figure: {options.output}")


@contextmanager
def dask_cluster() -> Iterator[None]:
    """Start a cluster of Dask, of two processes, which joblib finds by itself."""
    options = {
        "n_workers": 2,
        "threads_per_worker": 1,
        "dashboard_address": None,
        "silence_logs": logging.ERROR,
    }
    with LocalCluster(**options) as cluster, Client(cluster):
        yield


@contextmanager
def ray_cluster() -> Iterator[None]:
    """Start a cluster of Ray, of two processes, and tell joblib of it."""
    ray = import_module("ray")  # which need not be installed
    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR")
    import_module("ray.util.joblib").register_ray()
    try:
        yield
    finally:
        ray.shutdown()


if __name__ == "__main__":
    main()
