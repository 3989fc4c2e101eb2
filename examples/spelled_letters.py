"""Write down spelled words without being told where a letter begins.

Synthetic speakers spell words by the English names of the letters, "bee ay dee": each
name is one to five sounds of a voice, and each sound has its resonances, noise or hum.
Recordings are the energies of 20 frequency bands, 100 times a second, behind noise. The
names of b, c, d, e, g, p, t, v and z differ by a tenth of a second alone.

``RecurrentTranscriber`` is fitted to recordings and words. That it is not told where the
letters are does not mean that it does not know: ``align`` says where it finds each, and
this can be compared with where they were put. Speakers of the test were not heard before.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from sksequence import RecurrentTranscriber
from sksequence.metrics import character_error_rate, exact_share

BANDS = np.geomspace(150, 4000, 20)
# sound: (resonances of the voice in Hz, centre of the noise in Hz, its strength, seconds)
SOUNDS = {
    "a": ((750, 1250), 0, 0, 0.12),
    "e": ((500, 1900), 0, 0, 0.10),
    "i": ((280, 2300), 0, 0, 0.14),
    "o": ((500, 850), 0, 0, 0.18),
    "u": ((310, 950), 0, 0, 0.14),
    "b": ((250, 700), 500, 0.6, 0.04),
    "d": ((250, 1600), 3000, 0.7, 0.04),
    "p": ((), 700, 1.5, 0.05),
    "t": ((), 3500, 1.5, 0.05),
    "k": ((), 1800, 1.5, 0.05),
    "f": ((), 1500, 0.5, 0.10),
    "v": ((250,), 1500, 0.4, 0.07),
    "s": ((), 3800, 1.5, 0.11),
    "z": ((250,), 3800, 1.0, 0.09),
    "h": ((), 2300, 1.6, 0.10),
    "j": ((250,), 2300, 1.2, 0.09),
    "l": ((380, 1100), 0, 0, 0.09),
    "m": ((250, 1000), 0, 0, 0.09),
    "n": ((250, 1500), 0, 0, 0.09),
    "r": ((450, 1350), 0, 0, 0.09),
    "w": ((300, 650), 0, 0, 0.07),
}
PRONOUNCED = (
    "a:ei b:bi c:si d:di e:i f:ef g:ji h:eh i:ai j:je k:ke l:el m:em n:en o:o p:pi q:ku "
    "r:ar s:es t:ti u:iu v:vi w:dabliu x:eks y:wai z:zi"
)
NAMES = {pair[0]: pair[2:] for pair in PRONOUNCED.split()}
TEXT = (
    "amber basil birch bloom brick brown cabin cedar chalk clove cloud coral crane daisy "
    "delta dusk eagle ebony elm fern field finch flint fox frost glen grape grove hazel "
    "heron ivy jade jazz juniper kelp kite lake lark lemon lilac lime lynx maple marsh "
    "moss myrtle nut oak olive opal otter owl pearl pine plum poppy quail quartz quince "
    "raven reed river rose ruby sage sky slate snow spruce stone sun teal thyme topaz "
    "vine violet wave wax willow wolf wren yarrow yew zebra zinc"
)
WORDS = TEXT.split()


def spell(
    word: str, mouth: float, pace: float, rng: np.random.Generator
) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Return the frames of a word, and the first and last of each letter."""
    frames, where = [np.zeros((rng.integers(5, 15), len(BANDS)))], []
    for letter in word:
        first = sum(map(len, frames))
        for sound in NAMES[letter]:
            resonances, noise, strength, seconds = SOUNDS[sound]
            length = round(100 * seconds * pace * rng.uniform(0.85, 1.2)) + 1
            energy = np.zeros(len(BANDS))
            for hertz in resonances:
                energy += 3 * np.exp(-8 * np.log(BANDS / (hertz * mouth)) ** 2)
            if strength:
                energy += 2 * strength * np.exp(-4 * np.log(BANDS / noise) ** 2)
            frames.append(np.tile(energy, (length, 1)))
        where.append((first, sum(map(len, frames)) - 1))
        frames.append(np.zeros((rng.integers(2, 10), len(BANDS))))
    clean = np.concatenate(frames)
    # A sound begins before the one before it has ended.
    blended = sum(np.roll(clean, shift, axis=0) for shift in (-2, -1, 0, 1, 2)) / 5
    loudness = rng.uniform(0.8, 1.2)
    noisy = loudness * blended + rng.normal(scale=0.8, size=clean.shape)
    return noisy.astype(np.float32), where


def record(
    n_speakers: int, words_each: int, seed: int
) -> tuple[list[np.ndarray], list[str], list[list[tuple[int, int]]]]:
    """Return recordings, words and the places of their letters."""
    rng = np.random.default_rng(seed)
    spoken, words, places = [], [], []
    for _ in range(n_speakers):
        mouth, pace = rng.uniform(0.85, 1.2), rng.uniform(0.8, 1.25)
        for word in rng.choice(WORDS, size=words_each, replace=False):
            frames, where = spell(word, mouth, pace, rng)
            spoken.append(frames)
            words.append(str(word))
            places.append(where)
    return spoken, words, places


def draw(
    frames: np.ndarray,
    word: str,
    where: list[tuple[int, int]],
    found: np.ndarray,
    model: RecurrentTranscriber,
    output: Path,
) -> None:
    """Plot a recording, the probabilities of its letters, and where they were found."""
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(9, 4.8), sharex=True, layout="constrained"
    )
    seconds = len(frames) / 100
    above.imshow(
        frames.T, origin="lower", aspect="auto", extent=(0, seconds, 0, len(BANDS))
    )
    above.set(ylabel="band", yticks=[], title=f'"{word}", spelled')
    (probabilities,) = model.predict_proba([frames])
    time = (np.arange(len(probabilities)) + 0.5) * model.conv_stride / 100
    below.plot(time, probabilities[:, 0], color="0.8", lw=1)
    order = list(model.classes_)
    for i, (letter, (first, last), (begin, end)) in enumerate(
        zip(word, where, found * model.conv_stride, strict=True)
    ):
        above.axvspan(
            first / 100, (last + 1) / 100, fill=False, ec="white", ls="--", lw=0.8
        )
        color = f"C{i}"
        below.fill_between(
            time, probabilities[:, 1 + order.index(letter)], color=color, alpha=0.6, lw=0
        )
        middle = (begin + end + model.conv_stride) / 200
        below.text(middle, 1.04, letter, color=color, ha="center", weight="bold")
        below.axvspan(first / 100, (last + 1) / 100, color=color, alpha=0.08, lw=0)
    below.set(xlabel="seconds", ylabel="probability", ylim=(0, 1.18), yticks=(0, 0.5, 1))
    below.text(0.99 * seconds, 1.04, "blank", color="0.6", ha="right")
    figure.savefig(output, dpi=150)


def main() -> None:
    """Fit to some speakers, and write down what others spell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("spelled_letters.png"))
    parser.add_argument("--quick", action="store_true", help="fewer speakers and epochs")
    args = parser.parse_args()

    X, y, _ = record(12 if args.quick else 30, 20, seed=0)
    X_test, y_test, places = record(8, 12, seed=1)
    model = RecurrentTranscriber(
        cell="gru",
        hidden_size=48,
        bidirectional=True,
        conv_channels=(48,),
        conv_kernel_size=7,
        conv_stride=3,
        lr=0.005,
        max_epochs=25 if args.quick else 40,
        batch_size=16,
        random_state=0,
    )
    model.fit(X, y)

    print(f"{len(X)} recordings to learn from, {len(X_test)} of other speakers.")
    print(f"{'':<18}{'letters wrong':>14}{'words right':>13}")
    for name, given in (("no list of words", None), ("with the list", WORDS)):
        said = model.predict(X_test, lexicon=given)
        errors, exact = character_error_rate(y_test, said), exact_share(y_test, said)
        print(f"{name:<20}{errors:>12.1%}{exact:>13.1%}")

    alignments = model.align(X_test, y_test)
    inside = [
        first - 5 <= (begin + end + 1) / 2 * model.conv_stride <= last + 5
        for where, found in zip(places, alignments, strict=True)
        for (first, last), (begin, end) in zip(where, found, strict=True)
    ]
    print(f"Letters found within 50 ms of where they were spoken: {np.mean(inside):.1%}")
    right = [i for i, said in enumerate(model.predict(X_test)) if said == y_test[i]]
    chosen = max(right, key=lambda i: len(y_test[i]))
    draw(
        X_test[chosen],
        y_test[chosen],
        places[chosen],
        alignments[chosen],
        model,
        args.output,
    )
    print(f"Saved {args.output}.")


if __name__ == "__main__":
    main()
