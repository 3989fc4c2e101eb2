"""Predict the next ten frames of videos: moving digits, and rain radar.

Both are scored by the squared error of a frame, summed over its pixels, and compared with
repeating the last frame and with black frames. Nothing is chosen on the test set.

    python benchmarks/frames.py --data ~/archives
    SKSEQUENCE_DATA=~/archives python benchmarks/frames.py --only radar --minutes 5

Moving digits (Srivastava, Mansimov and Salakhutdinov, 2015): two handwritten digits of 28
x 28 pixels bounce in 64 x 64; ``mnist10k.npz`` holds ``X`` (n, 28, 28) or (n, 784), and
digits from 8000 on are for the test videos. Radar: ``knmi_20100826.npz`` with frames five
minutes apart in hundredths of a millimetre; frames from 64 on are the test set, tiles of
64 x 64 are videos, and the logarithm of one plus the rain is predicted.
"""

from __future__ import annotations

import argparse
import os
import time
from datetime import date
from pathlib import Path

import numpy as np
import torch

from sksequence import ConvLSTMRegressor
from sksequence.datasets import make_moving_digits

SIZE, N_IN, N_OUT = 64, 10, 10
REPORT = Path(__file__).with_suffix(".md")


def moving_digits(digits: np.ndarray, n_videos: int, seed: int) -> np.ndarray:
    """Return videos of two bouncing digits: (n_videos, 20, 64, 64) in 0..1."""
    return make_moving_digits(
        n_videos, N_IN + N_OUT, size=SIZE, n_digits=2, images=digits, random_state=seed
    )[0]


def load_digits(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return handwritten digits for training videos and for test videos."""
    with np.load(_find(folder, "mnist10k.npz")) as data:
        name = next(n for n in ("X", "images", *data.files) if n in data.files)
        digits = data[name].reshape(-1, 28, 28).astype(np.float32)
    digits /= digits.max()
    return digits[:8000], digits[8000:]


def load_radar(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return logarithms of one plus the rain: training frames and test frames."""
    with np.load(_find(folder, "knmi_20100826.npz")) as data:
        name = max(data.files, key=lambda n: data[n].size)
        rain = np.log1p(np.nan_to_num(data[name].astype(np.float32)))
    return rain[:64], rain[64:]


def tiles(frames: np.ndarray, every: int = 1, shift: int = SIZE) -> np.ndarray:
    """Return videos of twenty frames of all 64 x 64 tiles, one each ``every`` frames."""
    n_steps = N_IN + N_OUT
    height, width = frames.shape[1:]
    return np.stack(
        [
            frames[begin : begin + n_steps, top : top + SIZE, left : left + SIZE]
            for begin in range(0, len(frames) - n_steps + 1, every)
            for top in range(0, height - SIZE + 1, shift)
            for left in range(0, width - SIZE + 1, shift)
        ]
    )


def squared_error(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Return the mean over frames of the squared error, summed over pixels."""
    return float(np.square(truth - prediction).sum(axis=(2, 3)).mean())


def measure(
    name: str,
    train: np.ndarray,
    test: np.ndarray,
    wanted: argparse.Namespace,
    **params: object,
) -> str:
    """Train for the given number of minutes, and return a row of the table."""
    X, y = train[:, :N_IN], train[:, N_IN:]
    begin = time.perf_counter()
    model = ConvLSTMRegressor(
        lr_schedule="constant",
        max_epochs=1,
        n_jobs=wanted.threads,
        random_state=0,
        **params,
    )
    # Time an epoch to choose their number, which the cosine schedule needs.
    few = slice(min(len(X), 64))
    model.fit(X[few], y[few])
    seconds = model.history_[0]["duration"] * len(X) / len(X[few])
    epochs = max(1, round(wanted.minutes * 60 / seconds))
    model.set_params(max_epochs=epochs, lr_schedule="cosine").fit(X, y)
    spent = (time.perf_counter() - begin) / 60
    truth = test[:, N_IN:]
    error = squared_error(truth, model.predict(test[:, :N_IN]))
    last = squared_error(truth, np.repeat(test[:, N_IN - 1 : N_IN], N_OUT, axis=1))
    black = squared_error(truth, np.zeros_like(truth))
    print(f"{name}: {error:.1f} (last frame {last:.1f}, black {black:.1f})", flush=True)
    shown = ", ".join(f"{k}={v!r}" for k, v in params.items())
    return (
        f"| {name} | `ConvLSTMRegressor({shown})` | {len(X)} | {epochs} | "
        f"{wanted.threads} | {spent:.0f} | {error:.1f} | {last:.1f} | {black:.1f} | "
        f"{1 - error / last:.0%} | {date.today().isoformat()} |"
    )


def write(report: Path, row: str) -> None:
    """Add a row to the table, or replace the earlier one of the same videos."""
    earlier = report.read_text(encoding="utf-8") if report.exists() else ""
    lines = [line for line in earlier.splitlines() if line.startswith("| ")]
    rows = {line.split(" | ")[0]: line for line in [*lines[1:], row]}
    head = [
        "# Frames",
        "",
        f"`benchmarks/{Path(__file__).name}`, torch {torch.__version__}. Squared error "
        f"of a frame, summed over {SIZE} x {SIZE} pixels, mean over ten frames ahead.",
        "",
        "| videos | estimator | training videos | epochs | threads | minutes | error | "
        "last frame | black | below the last frame | on |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    report.write_text("\n".join([*head, *rows.values()]) + "\n", encoding="utf-8")


def _find(folder: Path, name: str) -> Path:
    found = next(iter(sorted(folder.rglob(name))), None)
    if found is None:
        raise SystemExit(f"There is no {name} below {folder}.")
    return found


def main() -> None:
    """Measure the selected tasks, and write each row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.environ.get("SKSEQUENCE_DATA"))
    parser.add_argument("--only", choices=("digits", "radar"))
    parser.add_argument("--minutes", type=float, default=20, help="of training per task")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--videos", type=int, default=2000, help="training videos")
    parser.add_argument("--output", type=Path, default=REPORT)
    wanted = parser.parse_args()
    if not wanted.data:
        raise SystemExit("Set the data directory with --data or SKSEQUENCE_DATA.")
    folder = Path(wanted.data).expanduser()
    if wanted.only != "radar":
        train, test = load_digits(folder)
        videos = moving_digits(train, wanted.videos, 0), moving_digits(test, 1000, 1)
        params = {"hidden_size": 48, "num_layers": 2, "patch_size": 4, "batch_size": 4}
        params |= {"lr": 0.003}
        write(wanted.output, measure("moving digits", *videos, wanted, **params))
    if wanted.only != "digits":
        train, test = load_radar(folder)
        videos = tiles(train, shift=SIZE // 2), tiles(test)
        params = {"hidden_size": 32, "patch_size": 4, "batch_size": 16, "lr": 0.002}
        write(wanted.output, measure("rain radar", *videos, wanted, **params))


if __name__ == "__main__":
    main()
