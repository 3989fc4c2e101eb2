"""Read digits as they are drawn, and export the network for a web page.

A digit is the path of a pen: points in the order in which they are drawn, with gaps where
the pen is lifted. Drawings are generated from one or two skeletons for each digit, which
are bent, turned, squeezed and shaken at random. A GRU reads steps of equal length along
the path: how far the pen goes to the right and down, and whether it touches the paper.
Where the drawing stands, how large it is and how fast it was drawn then makes no
difference. The network is causal, so that there is an answer after every step. It is
exported to ONNX, and runs in a browser on the page docs/browser.md.

    python drawn_digits.py --output drawn_digits.png --onnx drawn_digits.onnx
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.interpolate import make_interp_spline

from sksequence import GRUClassifier

STEP = 0.06  # of the longer side of a drawing

# Ways to draw each digit: points (right, down) on a grid of ten by ten. At a comma the
# path has a corner, and at a slash the pen is lifted.
SKELETONS = {
    0: ["40 12 16 49 86 82 40", "40 82 86 49 16 12 40", "61 30 13 17 49 86 82 51"],
    1: ["23 60 , 65 69", "50 54 59", "33 50 , 55 59 / 29 79"],
    2: ["12 40 82 55 19 , 89", "12 40 82 64 28 18 37 89"],
    3: ["11 40 82 44 , 86 49 18", "10 80 , 44 , 86 49 18"],
    4: ["50 15 , 85 / 62 69", "20 15 , 75 / 70 69", "65 15 , 60 , 69"],
    5: ["20 14 , 53 86 49 18 / 20 80", "80 20 , 14 , 53 86 49 18"],
    6: ["60 23 17 49 77 55 16", "70 31 16 49 87 54 17"],
    7: ["10 80 , 44 39", "10 80 , 39 / 34 74", "12 10 80 , 55 39"],
    8: ["71 40 12 44 87 49 17 44 82 71", "40 12 44 77 49 16 45 81 40"],
    9: ["82 40 12 44 82 , 76 59", "82 40 12 44 82 , 78 39 18", "72 40 13 54 81 , 79"],
}


def read_skeleton(text: str) -> list[list[np.ndarray]]:
    """Return the strokes of a skeleton, each a list of curves between corners."""
    strokes = []
    for stroke in text.split(" / "):
        curves, begin = [], []
        for curve in stroke.split(" , "):
            points = begin + [[int(x) / 9, int(y) / 9] for x, y in curve.split()]
            curves.append(np.array(points))
            begin = points[-1:]
        strokes.append(curves)
    return strokes


def draw_digit(digit: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Return the strokes of a digit, each an array (n_points, 2)."""
    skeleton = read_skeleton(rng.choice(SKELETONS[digit]))
    turn, skew, width = rng.normal(0, 0.15), rng.normal(0, 0.2), rng.uniform(0.4, 1.2)
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    linear = turned @ [[width, skew], [0, 1]]
    strokes = []
    for curves in skeleton:
        end, drawn = None, []
        for curve in curves:
            points = curve + rng.normal(0, 0.06, size=curve.shape)
            points[0] = points[0] if end is None else end
            at = np.linspace(0, 1, len(points))
            bent = make_interp_spline(at, points, k=min(len(points) - 1, 2))
            drawn.append(bent(np.linspace(0, 1, 30)))
            end = points[-1]
        path = np.concatenate(drawn)
        strokes.append((path + rng.normal(0, 0.005, size=path.shape)) @ linear.T)
    return strokes


def steps_of(strokes: list[np.ndarray]) -> np.ndarray:
    """Return a drawing as steps (n_steps, 3): right, down, and 1 where the pen is up."""
    points = np.concatenate(strokes)
    up = np.concatenate([np.arange(len(stroke)) == 0 for stroke in strokes])
    side = max(np.ptp(points, axis=0).max(), 1e-9)
    gone = np.diff(points, axis=0) / side
    length = np.hypot(*gone.T)
    at = np.concatenate([[0], np.cumsum(length)])
    n_steps = max(int(at[-1] / STEP), 1)
    asked = np.arange(n_steps + 1) * STEP
    walked = np.column_stack([np.interp(asked, at, xy) for xy in points.T / side])
    into = np.searchsorted(at, (asked[1:] + asked[:-1]) / 2).clip(1, len(at) - 1)
    return np.column_stack([np.diff(walked, axis=0) / STEP, up[into]])


def make_drawings(
    n: int, rng: np.random.Generator
) -> tuple[list[list[np.ndarray]], np.ndarray]:
    """Return n drawings, and their digits in turn."""
    digits = np.arange(n) % len(SKELETONS)
    return [draw_digit(digit, rng) for digit in digits], digits


def late_from(right: np.ndarray) -> float:
    """Return the share of the steps after which all answers are right."""
    return 1 - np.minimum.accumulate(right[::-1]).mean()


def draw(path: Path, model: GRUClassifier, drawings: list[list[np.ndarray]]) -> None:
    """Plot drawings, and how sure the network is of each digit while they arise."""
    figure, rows = plt.subplots(
        *(2, len(drawings)),
        figsize=(10, 3.2),
        height_ratios=[1.1, 1],
        layout="constrained",
    )
    proba = model.predict_prefixes([steps_of(d) for d in drawings], "predict_proba")
    for (top, below), strokes, sure in zip(rows.T, drawings, proba, strict=True):
        points = np.concatenate(strokes)
        middle, side = (points.max(0) + points.min(0)) / 2, np.ptp(points, axis=0).max()
        for stroke in strokes:
            top.plot(*((stroke - middle) / side).T, color="C7", linewidth=2.5)
        top.set(xlim=(-0.55, 0.55), ylim=(0.55, -0.55), aspect="equal")
        top.axis("off")
        top.set_title(f"read: {model.classes_[sure[-1].argmax()]}", fontsize=10)
        others = below.plot(sure, color="0.8")
        read = below.plot(sure[:, sure[-1].argmax()], color="C0", linewidth=2)
        below.set(xlabel="step", ylim=(0, 1.03), yticks=[])
    rows[1, 0].set(yticks=[0, 1], ylabel="probability")
    names = ["the digit that is read in the end", "the nine others"]
    figure.legend(
        [read[0], others[0]], names, ncols=2, frameon=False, loc="outside lower center"
    )
    figure.savefig(path, dpi=100)


def main() -> None:
    """Train on generated drawings, and export."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("drawn_digits.png"))
    parser.add_argument("--onnx", type=Path, help="file for the exported network")
    parser.add_argument("--quick", action="store_true", help="fewer drawings")
    options = parser.parse_args()

    rng = np.random.default_rng(0)
    drawings, y = make_drawings(1200 if options.quick else 4000, rng)
    others, y_test = make_drawings(500, rng)
    model = GRUClassifier(
        hidden_size=32,
        pooling="last",
        random_convolutions=0,  # a small file
        lr=0.01,
        max_epochs=12 if options.quick else 30,
        random_state=0,
    )
    model.fit([steps_of(strokes) for strokes in drawings], y)
    X_test = [steps_of(strokes) for strokes in others]
    accuracy = model.score(X_test, y_test)
    print(f"accuracy, whole drawings  {accuracy:.3f}")

    # Why: beginnings of different digits are alike, and the network has only learnt from
    # whole ones. It is causal, so a beginning is a sequence like any other, of which it
    # says what it would be if it ended there.
    shares = [
        late_from(prefixes == digit)
        for prefixes, digit in zip(model.predict_prefixes(X_test), y_test, strict=True)
    ]
    print(f"right from here on        {np.median(shares):.0%} of the path (median)")
    draw(options.output, model, others[:10])
    if options.onnx is not None:
        model.to_onnx(options.onnx)
        print(f"{options.onnx}: {options.onnx.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
