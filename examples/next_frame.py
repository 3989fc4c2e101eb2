"""Where will a moving digit be next?

Films of written digits that drift through a dark frame of 16 x 16 pixels and bounce off
its edges. Eight frames are shown, the next four are asked for: which digit it is can be
seen in any frame, how fast and whereto it moves only in several. A convolutional LSTM,
whose state is itself a picture, learns both from films alone. Its squared error per frame
is set beside those of a black frame and of the last frame once more.

    python next_frame.py --output next_frame.png
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits

from sksequence import ConvLSTMRegressor

SIZE, N_SHOWN, N_ASKED = 16, 8, 4


def make_films(images: np.ndarray, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Generate n films (n, 8, 16, 16) of drifting digits, and how they go on."""
    rng = np.random.default_rng(seed)
    films = np.zeros((n, N_SHOWN + N_ASKED, SIZE, SIZE), dtype=np.float32)
    room = SIZE - images.shape[1]
    for film in films:
        image = images[rng.integers(len(images))] / 16
        place, speed = rng.integers(room + 1, size=2), rng.choice([-2, -1, 1, 2], size=2)
        for frame in film:
            frame[place[0] : place[0] + 8, place[1] : place[1] + 8] = image
            # What would leave the frame comes back by as much.
            place = place + speed
            speed = np.where((place < 0) | (place > room), -speed, speed)
            place = room - np.abs(room - np.abs(place))
    return films[:, :N_SHOWN], films[:, N_SHOWN:]


def draw(path: Path, X: np.ndarray, y: np.ndarray, answers: np.ndarray) -> None:
    """Draw films, each in two rows: what was shown and came, and what was predicted."""
    figure = Figure(figsize=(12, 2.2 * len(X)), layout="constrained")
    axes = figure.subplots(2 * len(X), N_SHOWN + N_ASKED)
    blank = np.full((N_SHOWN, SIZE, SIZE), np.nan)
    for film in range(len(X)):
        rows = {"truth": (X[film], y[film]), "prediction": (blank, answers[film])}
        for number, (name, parts) in enumerate(rows.items(), 2 * film):
            for ax, frame in zip(axes[number], np.concatenate(parts), strict=True):
                ax.imshow(frame, cmap="gray", vmin=0, vmax=1)
                ax.set(xticks=[], yticks=[])
                ax.spines[:].set_visible(False)
            axes[number, 0].set_ylabel(name)
    for step, ax in enumerate(axes[0], 1 - N_SHOWN):
        ax.set_title(f"{step:+d}" if step > 0 else f"{step}", fontsize=9)
    figure.savefig(path, dpi=80)


def main() -> None:
    """Fit, compare the errors of each frame, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("next_frame.png"))
    parser.add_argument("--quick", action="store_true", help="fewer films and channels")
    options = parser.parse_args()
    quick = options.quick

    images = load_digits().images  # the last 500 are for the test
    X, y = make_films(images[:1297], 300 if quick else 500, seed=0)
    X_test, y_test = make_films(images[1297:], 100, seed=1)
    model = ConvLSTMRegressor(
        hidden_size=16 if quick else 32,
        kernel_size=3,
        patch_size=2,  # 8 x 8 places of four pixels each
        max_epochs=12 if quick else 25,
        lr=0.01,
        random_state=0,
    ).fit(X, y)
    answers = {
        "black": np.zeros_like(y_test),
        "last frame": np.repeat(X_test[:, -1:], N_ASKED, axis=1),
        "ConvLSTM": model.predict(X_test),
    }
    header = [f"frame +{step}" for step in range(1, N_ASKED + 1)]
    print(f"{'100 x squared error':<21}" + "".join(f"{name:>10}" for name in header))
    error = {}
    for name, answer in answers.items():
        error[name] = 100 * np.square(answer - y_test).mean(axis=(0, 2, 3))
        print(f"{name:<21}" + "".join(f"{value:>10.2f}" for value in error[name]))
    draw(options.output, X_test[:3], y_test[:3], answers["ConvLSTM"][:3])

    # Why: a digit that has moved on by a pixel or two no longer covers itself, and the
    # last frame is wrong twice: where the digit was, and where it is. Black is wrong
    # once. To do better one has to know the motion. The state of a convolutional LSTM is
    # a picture with several channels, in which each place is computed from itself and its
    # neighbours, by the same weights everywhere: a motion learnt in one corner is known
    # in all others. What it has to say of the fourth frame it computes from the third,
    # so that small errors add up, and where it is not sure it predicts the mean of what
    # may come, which is a blur.
    share = error["ConvLSTM"] / error["black"]
    print(
        f"\nThe network's error is {share[0]:.0%} of that of a black frame, one frame "
        f"ahead, and {share[-1]:.0%} {N_ASKED} frames\nahead; the last frame's is "
        f"{error['last frame'][0] / error['black'][0]:.0%} and "
        f"{error['last frame'][-1] / error['black'][-1]:.0%}. See {options.output}."
    )


if __name__ == "__main__":
    main()
