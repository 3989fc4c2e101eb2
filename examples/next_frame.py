"""Predict the next frames of a video with a convolutional LSTM.

Videos of handwritten digits that drift through a dark frame of 16 x 16 pixels and bounce
off its edges. The first eight frames are the input, the next four are the target. One
frame shows which digit it is, but only several frames show its velocity. A convolutional
LSTM, whose state is itself an image, learns both. Its squared error per frame is compared
with that of a black frame and of the last frame repeated.

    python next_frame.py --output next_frame.png
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits

from sksequence import ConvLSTMRegressor

SIZE, N_SHOWN, N_ASKED = 16, 8, 4


def make_videos(images: np.ndarray, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Generate n videos (n, 8, 16, 16) of drifting digits, and the next four frames."""
    rng = np.random.default_rng(seed)
    videos = np.zeros((n, N_SHOWN + N_ASKED, SIZE, SIZE), dtype=np.float32)
    room = SIZE - images.shape[1]
    for video in videos:
        image = images[rng.integers(len(images))] / 16
        place, speed = rng.integers(room + 1, size=2), rng.choice([-2, -1, 1, 2], size=2)
        for frame in video:
            frame[place[0] : place[0] + 8, place[1] : place[1] + 8] = image
            # Reflect at the edges.
            place = place + speed
            speed = np.where((place < 0) | (place > room), -speed, speed)
            place = room - np.abs(room - np.abs(place))
    return videos[:, :N_SHOWN], videos[:, N_SHOWN:]


def draw(path: Path, X: np.ndarray, y: np.ndarray, predictions: np.ndarray) -> None:
    """Plot videos in two rows each: the true frames, and the predicted ones."""
    figure = Figure(figsize=(12, 2.2 * len(X)), layout="constrained")
    axes = figure.subplots(2 * len(X), N_SHOWN + N_ASKED)
    blank = np.full((N_SHOWN, SIZE, SIZE), np.nan)
    for video in range(len(X)):
        rows = {"truth": (X[video], y[video]), "prediction": (blank, predictions[video])}
        for number, (name, parts) in enumerate(rows.items(), 2 * video):
            for ax, frame in zip(axes[number], np.concatenate(parts), strict=True):
                ax.imshow(frame, cmap="gray", vmin=0, vmax=1)
                ax.set(xticks=[], yticks=[])
                ax.spines[:].set_visible(False)
            axes[number, 0].set_ylabel(name)
    for step, ax in enumerate(axes[0], 1 - N_SHOWN):
        ax.set_title(f"{step:+d}" if step > 0 else f"{step}", fontsize=9)
    figure.savefig(path, dpi=80)


def main() -> None:
    """Fit, compare the errors of each frame, and plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("next_frame.png"))
    parser.add_argument("--quick", action="store_true", help="fewer videos and channels")
    options = parser.parse_args()
    quick = options.quick

    images = load_digits().images  # the last 500 are for the test
    X, y = make_videos(images[:1297], 300 if quick else 500, seed=0)
    X_test, y_test = make_videos(images[1297:], 100, seed=1)
    model = ConvLSTMRegressor(
        hidden_size=16 if quick else 32,
        kernel_size=3,
        patch_size=2,  # 8 x 8 patches of four pixels each
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

    # Why: when a digit has moved by a pixel or two, the last frame is wrong twice: where
    # the digit was, and where it is. A black frame is wrong once. A better prediction has
    # to know the motion. The state of a convolutional LSTM is an image with several
    # channels, in which each pixel is computed from itself and its neighbours, with the
    # same weights everywhere: a motion learnt in one corner is known in all others. The
    # fourth frame is computed from the third prediction, so errors accumulate, and where
    # the network is uncertain it predicts the mean of possible frames, which is blurred.
    share = error["ConvLSTM"] / error["black"]
    print(
        f"\nThe network's error is {share[0]:.0%} of that of a black frame, one frame "
        f"ahead, and {share[-1]:.0%} {N_ASKED} frames\nahead; that of the last frame is "
        f"{error['last frame'][0] / error['black'][0]:.0%} and "
        f"{error['last frame'][-1] / error['black'][-1]:.0%}. See {options.output}."
    )


if __name__ == "__main__":
    main()
