"""When does a machine begin to fail, if nobody has ever seen it fail?

A machine (generated): every minute its load, its vibration, which follows the load, and
its temperature, which follows it slowly. After some days a bearing wears: vibration and
friction grow by a little more than nothing, then by more. As there is less to do in these
days, both readings stay within what they have been at higher loads, for long.

A ``RecurrentDetector`` is fitted to the first days, without any label, and reads all that
follows as it arrives, through ``open_stream``: a score for each minute, by the minutes
before it. A single score is noise; the alarm is for a mean of the last two hours that is
a fifth below all such means in a day of calibration. Fixed limits on the readings, as
wide as what the same days have shown, raise theirs much later.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from sksequence import RecurrentDetector

DAY, HOUR = 1440, 60
LEARN, CALIBRATE, WORN = 3 * DAY, 4 * DAY, 5 * DAY
LABELS = ("load", "vibration", "temperature, °C")


def run_machine(n_minutes: int) -> np.ndarray:
    """Generate the readings (n_minutes, 3) of a machine that wears from one day on."""
    rng = np.random.default_rng(0)
    levels = np.repeat(rng.uniform(0.2, 1, n_minutes // 30 + 1), 30)[:n_minutes]
    levels[CALIBRATE:] = 0.2 + 0.6 * (levels[CALIBRATE:] - 0.2)
    load = levels + rng.normal(scale=0.02, size=n_minutes)
    wear = np.maximum(np.arange(n_minutes) - WORN, 0) / (2 * DAY)
    vibration = load * (1 + 0.8 * wear) + rng.normal(scale=0.04, size=n_minutes)
    temperature = np.empty(n_minutes)
    heat = 40.0
    for t in range(n_minutes):
        target = 30 + 30 * load[t] * (1 + 0.3 * wear[t])
        heat += (target - heat) / 20
        temperature[t] = heat + rng.normal(scale=0.2)
    return np.column_stack([load, vibration, temperature])


def mean_of_last(scores: np.ndarray, n: int) -> np.ndarray:
    """Return the mean of each score and the n - 1 before it."""
    return np.convolve(scores, np.full(n, 1 / n))[: len(scores)]


def first_alarm(is_alarm: np.ndarray) -> int:
    """Return the first minute after the calibration with an alarm."""
    return CALIBRATE + int(np.argmax(is_alarm[CALIBRATE:]))


def draw(
    readings: np.ndarray, means: np.ndarray, limit: float, alarms: dict, path: Path
) -> None:
    """Plot readings and scores, with the wear and both alarms."""
    days = np.arange(len(readings)) / DAY
    figure, axes = plt.subplots(3, 1, figsize=(9, 6), sharex=True, layout="constrained")
    for axis, channel in zip(axes, (1, 2), strict=False):
        axis.plot(days, readings[:, channel], lw=0.4, color="C0")
        usual = readings[:CALIBRATE, channel]
        for bound in (usual.min(), usual.max()):
            axis.axhline(bound, color="0.5", ls=":", lw=1)
        axis.set(ylabel=LABELS[channel], xlim=(0, days[-1]))
    axes[2].plot(days[LEARN:], means[LEARN:], lw=0.8, color="C1")
    axes[2].axhline(limit, color="0.5", ls=":", lw=1)
    axes[2].set(ylabel="score, mean of 2 h", xlabel="day")
    for axis in axes:
        axis.axvspan(WORN / DAY, days[-1], color="C3", alpha=0.08, lw=0)
        for color, minute in zip(("C2", "k"), alarms.values(), strict=True):
            axis.axvline(minute / DAY, color=color, lw=1.2)
    for color, (name, minute) in zip(("C2", "k"), alarms.items(), strict=True):
        label = f"alarm of {name}: day {minute / DAY:.2f}"
        axes[2].plot([], [], color=color, label=label)
    axes[2].plot([], [], color="0.5", ls=":", label="limits")
    axes[2].fill_between([], [], color="C3", alpha=0.08, lw=0, label="wear")
    axes[2].legend(frameon=False, loc="lower left")
    figure.savefig(path, dpi=150)


def main() -> None:
    """Fit to the first days, read the others as they arrive, and compare the alarms."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("machine_alarm.png"))
    parser.add_argument("--quick", action="store_true", help="fewer epochs")
    options = parser.parse_args()

    readings = run_machine(7 * DAY)
    known = readings[:LEARN].reshape(-1, 2 * HOUR, 3)
    model = RecurrentDetector(
        cell="gru",
        hidden_size=16,
        lr=0.01,
        max_epochs=30 if options.quick else 100,
        batch_size=4,
        random_state=0,
    ).fit(known)

    stream = model.open_stream()
    scores = np.array([stream.step(reading) for reading in readings])
    means = mean_of_last(scores, 2 * HOUR)
    limit = 1.2 * means[LEARN:CALIBRATE].min()
    usual = readings[:CALIBRATE]
    outside = (readings < usual.min(axis=0)) | (readings > usual.max(axis=0))
    alarms = {
        "the detector": first_alarm(means < limit),
        "fixed limits": first_alarm(outside[:, 1:].any(axis=1)),
    }

    print(f"{'':<24}{'day':>8}{'hours of wear':>16}")
    for name, minute in alarms.items():
        print(f"{name:<24}{minute / DAY:>8.2f}{(minute - WORN) / HOUR:>16.1f}")
    sound = slice(CALIBRATE, WORN)
    print(f"\nminutes of alarm on the sound day: {(means < limit)[sound].sum()}")
    worn = slice(WORN + DAY, None)
    print(f"share of the last day in alarm: {(means < limit)[worn].mean():.2f}")
    draw(readings, means, limit, alarms, options.output)


if __name__ == "__main__":
    main()
