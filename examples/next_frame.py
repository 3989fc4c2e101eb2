"""Predict the next frames of a video with a convolutional LSTM.

Videos of handwritten digits that drift through a frame of 14 x 14 pixels and bounce off
its edges (``make_moving_digits``). The first eight frames are the input, the next four
are the target. One frame shows which digit it is, but only several frames show its
velocity. A convolutional LSTM, whose state is itself an image, learns both. Its squared
error per frame is compared with that of a black frame and of the last frame repeated. The
digits of the test videos are others than those of training.

    python next_frame.py --output next_frame.png
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from sksequence import ConvLSTMRegressor
from sksequence.datasets import make_moving_digits

SIZE, N_SHOWN, N_ASKED = 14, 8, 4


def make_videos(images: np.ndarray, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Generate n videos (n, 8, 14, 14), and the next four frames."""
    videos, _ = make_moving_digits(
        n, N_SHOWN + N_ASKED, size=SIZE, images=images, random_state=seed
    )
    return videos[:, :N_SHOWN], videos[:, N_SHOWN:]


def draw(path: Path, X: np.ndarray, y: np.ndarray, predictions: np.ndarray) -> None:
    """Plot a video in each row: its last frames, those that follow, and the forecast."""
    figure = plt.figure(figsize=(10, 0.9 * len(X) + 0.5), layout="constrained")
    parts = figure.subfigures(1, 3)
    shown = {"shown": X[:, -N_ASKED:], "to come": y, "forecast": predictions}
    for part, (name, videos) in zip(parts, shown.items(), strict=True):
        part.suptitle(name)
        for row, video in zip(part.subplots(len(X), N_ASKED), videos, strict=True):
            for ax, frame in zip(row, video, strict=True):
                ax.imshow(frame, cmap="gray", vmin=0, vmax=1)
                ax.axis("off")
    figure.savefig(path, dpi=100)


def main() -> None:
    """Fit, compare the errors of each frame, and plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("next_frame.png"))
    parser.add_argument("--quick", action="store_true", help="fewer videos and channels")
    options = parser.parse_args()
    quick = options.quick

    images = load_digits().images / 16  # the last 500 are for the test
    X, y = make_videos(images[:1297], 300 if quick else 500, seed=0)
    X_test, y_test = make_videos(images[1297:], 100, seed=1)
    model = ConvLSTMRegressor(
        hidden_size=16 if quick else 32,
        kernel_size=3 if quick else 5,
        patch_size=2,  # 7 x 7 patches of four pixels each
        max_epochs=12 if quick else 25,
        lr=0.01,
        random_state=0,
    ).fit(X, y)
    predictions = {
        "black": np.zeros_like(y_test),
        "last frame": np.repeat(X_test[:, -1:], N_ASKED, axis=1),
        "ConvLSTM": model.predict(X_test),
    }
    header = [f"frame +{step}" for step in range(1, N_ASKED + 1)]
    print(f"{'100 x squared error':<21}" + "".join(f"{name:>10}" for name in header))
    error = {}
    for name, prediction in predictions.items():
        error[name] = 100 * np.square(prediction - y_test).mean(axis=(0, 2, 3))
        print(f"{name:<21}" + "".join(f"{value:>10.2f}" for value in error[name]))
    draw(options.output, X_test[:3], y_test[:3], predictions["ConvLSTM"][:3])

    # Why: when a digit has moved by some pixels, the last frame is wrong twice: where the
    # digit was, and where it is. A black frame is wrong once. A better prediction has to
    # know the motion. The state of a convolutional LSTM is an image with several
    # channels, in which each pixel is computed from itself and its neighbours, with the
    # same weights everywhere: a motion learnt in one corner is known in all others. The
    # fourth frame is computed from the third prediction, so errors accumulate. Why the
    # forecast is soft: the squared error is least for the mean of all frames that may
    # follow, and where a stroke may be in either of two pixels, the mean is grey in both.
    network, black, last = (error[name] for name in ("ConvLSTM", "black", "last frame"))
    print(
        f"\nThe network's error is {network[0] / last[0]:.0%} of that of the last frame, "
        f"one frame ahead, and {network[-1] / last[-1]:.0%} {N_ASKED} frames\nahead, "
        f"where the last frame is worse than a black one ({last[-1]:.1f} against "
        f"{black[-1]:.1f}). See {options.output}."
    )


if __name__ == "__main__":
    main()
