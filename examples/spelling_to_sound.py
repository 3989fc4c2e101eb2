"""Read words aloud: from letters to sounds, and to which letters each sound attends.

The words are made up, and so is their pronunciation, by the main rules of Spanish
spelling: "c" and "g" sound otherwise before "e" and "i", "qu", "gu", "ch", "ll" and "rr"
are one sound each, "h" is none, and the stressed vowel, written as a capital here, is the
last one, or the one before it if the word ends with a vowel, "n" or "s". So a sound may
depend on letters far behind it, and there are fewer sounds than letters.

``RecurrentTranslator`` is only shown words and their sounds. It is compared with the
sounds of the most similar word it was shown, and with itself without attention, where all
that the decoder knows of a word is one vector. Words of the test are new.
"""

import argparse
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sksequence import RecurrentTranslator
from sksequence.metrics import edit_distance, exact_share
from sksequence.preprocessing import SequenceTokenizer

_TEXT = "b c ch d f g gu h j l ll m n p qu r s t v z br cl dr fl gr pl pr tr"
BEGINS = _TEXT.split()
RULES = {
    "ce": "Te", "ci": "Ti", "ge": "xe", "gi": "xi", "gue": "ge", "gui": "gi", "qu": "k",
    "ch": "tS", "ll": "L", "rr": "R", "c": "k", "z": "T", "j": "x", "v": "b", "h": "",
}  # fmt: skip
VOWELS = "aeiou"


def invent(n_words: int, seed: int, *, longest: int = 5) -> list[str]:
    """Return different words of two and more syllables."""
    rng = np.random.default_rng(seed)
    words: dict[str, None] = {}
    while len(words) < n_words:
        word = ""
        for _ in range(rng.integers(2, longest + 1)):
            begin = str(rng.choice(BEGINS))
            vowels = "ei" if begin in ("gu", "qu") else VOWELS
            begin = "rr" if begin == "r" and word[-1:] in tuple(VOWELS) else begin
            word += begin + str(rng.choice(list(vowels)))
        words[word + str(rng.choice(["", "", "n", "s", "r", "l", "d"]))] = None
    return list(words)


def pronounce(word: str) -> list[str]:
    """Return the sounds of a word by the rules."""
    sounds, left = [], word
    while left:
        size = next((n for n in (3, 2) if left[:n] in RULES), 1)
        sound = RULES.get(left[:size], left[:size])
        sounds += [sound] if sound == "tS" else list(sound)
        left = left[size:]
    places = [i for i, sound in enumerate(sounds) if sound in VOWELS]
    stressed = places[-2 if word[-1] in f"{VOWELS}ns" else -1]
    sounds[stressed] = sounds[stressed].upper()
    return sounds


def nearest(words: list[str], known: list[str]) -> list[list[str]]:
    """Return the sounds of the most similar known words of the same length."""
    similar = []
    for word in words:
        others = [other for other in known if len(other) == len(word)] or known
        similar.append(min(others, key=partial(edit_distance, word)))
    return [pronounce(word) for word in similar]


def draw(words: list[str], model: object, output: Path) -> None:
    """Plot to which letters each sound of some words attends."""
    tokens = model[0].transform(words)
    said, weights = model[-1].predict(tokens), model[-1].attend(tokens)
    figure, axes = plt.subplots(1, len(words), figsize=(10, 3.8), layout="constrained")
    for axis, word, sounds, shares in zip(axes, words, said, weights, strict=True):
        image = axis.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axis.set_xticks(range(len(word)), list(word))
        axis.set_yticks(range(len(sounds)), sounds)
        axis.set(xlabel="letters", title=f'"{word}"')
    axes[0].set_ylabel("sounds")
    figure.colorbar(image, ax=axes, label="attention", shrink=0.8)
    figure.savefig(output, dpi=150)


def main() -> None:
    """Fit with and without attention, and read new words aloud."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("spelling_to_sound.png"))
    parser.add_argument("--quick", action="store_true", help="fewer words and epochs")
    args = parser.parse_args()

    n_words = 1200 if args.quick else 2400
    words = invent(n_words + 300, seed=0)
    train, test = words[:n_words], words[n_words:]
    y, y_test = [pronounce(w) for w in train], [pronounce(w) for w in test]
    is_long = np.array([len(word) > 10 for word in test])
    print(f"{len(train)} words to learn from, {len(test)} new ones, ", end="")
    print(f"{is_long.sum()} of them with more than 10 letters.")
    print(f"{'words right':<26}{'all':>8}{'long':>8}")

    def show(name: str, said: list) -> None:
        right = [
            exact_share([true], [list(x)]) for true, x in zip(y_test, said, strict=True)
        ]
        long = np.mean(np.array(right)[is_long])
        print(f"{name:<26}{np.mean(right):>8.1%}{long:>8.1%}")

    show("most similar known word", nearest(test, train))
    for attention in (False, True):
        model = make_pipeline(
            SequenceTokenizer(analyzer="char"),
            RecurrentTranslator(
                cell="gru",
                embedding_dim=24,
                hidden_size=48,
                bidirectional=True,
                target_embedding_dim=24,
                decoder_hidden_size=64,
                attention=attention,
                lr=0.01,
                max_epochs=15 if args.quick else 20,
                batch_size=32,
                random_state=0,
            ),
        )
        model.fit(train, y)
        show(f"{'with' if attention else 'without'} attention", model.predict(test))

    tokens = model[0].transform(test)
    best = [answers[0] for answers in model[-1].predict_nbest(tokens, 1)]
    is_right = np.array([a == b for (a, _), b in zip(best, y_test, strict=True)])
    sure = np.exp([log_probability for _, log_probability in best])
    print(
        f"Probability of answers that are right: {np.mean(sure[is_right]):.2f}, "
        f"that are wrong: {np.mean(sure[~is_right]):.2f}"
    )
    shown = [word for word, good in zip(test, is_right, strict=True) if good]
    signs = ("ch", "qu", "gu", "ll", "rr", "h")
    shown.sort(key=lambda word: (sum(sign in word for sign in signs), len(word)))
    draw(shown[-2:], model, args.output)
    print(f"Saved {args.output}.")


if __name__ == "__main__":
    main()
