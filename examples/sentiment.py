"""Compare recurrent networks with bags of words for sentiment classification.

Short film reviews, generated from a grammar. Each contains one judgement, of one of four
kinds, followed by irrelevant text:

- plain: "the acting was really wonderful"
- negated: "the acting was not in the least wonderful", "i never found the plot dull"
- but: "a bad start but a wonderful end", where the last clause decides
- although: "a wonderful end , although the start was bad", where the first clause decides

Logistic regressions on counts, of words and of words and pairs, are compared with LSTMs
that read the words in order. ``SequenceTokenizer`` is to a network what
``CountVectorizer`` is to a regression; both take strings. An LSTM predicts from its final
state or from the maximum over its states, in one or both directions, with or without a
convolution.

    python sentiment.py --output sentiment.png
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from sksequence import LSTMClassifier
from sksequence.preprocessing import SequenceTokenizer

PARTS = ["plot", "acting", "music", "start", "end", "cast", "camera", "story"]
GOOD = ["wonderful", "good", "clever", "moving", "funny", "brilliant", "charming"]
BAD = ["bad", "dull", "clumsy", "awful", "boring", "weak", "tedious"]
HOW = ["", "", "really", "rather", "so very", "quite"]
BEFORE = ["", "i saw it on sunday .", "my sister took me along , and paid ."]
AFTER = [
    ". it runs for two hours , and the chairs are hard , so bring a cushion .",
    ". we took the late train home and talked of the weather .",
    "! the hall was half full , for it rained .",
    ". my brother says so too , and he has seen a few .",
]
KINDS = ["plain", "negated", "but", "although"]


class Critic:
    """Generate random reviews."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def pick(self, words: list[str]) -> str:
        """Choose one of several words."""
        return words[self.rng.integers(len(words))]

    def clause(self, likes: bool, negates: bool) -> str:
        """Write one clause; ``likes`` is its meaning, ``negates`` its form."""
        part, how = self.pick(PARTS), self.pick(HOW)
        word = self.pick(GOOD if likes != negates else BAD)
        if not negates:
            return self.pick([f"the {part} was {how} {word}", f"a {how} {word} {part}"])
        return self.pick(
            [
                f"the {part} was not {how} {word} at all",
                f"the {part} was not in the least {word}",
                f"nobody in the row behind me called the {part} {how} {word}",
                f"i never found the {part} {how} {word}",
            ]
        )

    def review(self, kind: str, likes: bool) -> str:
        """Write a review of the given kind and judgement."""
        if kind in ("plain", "negated"):
            verdict = self.clause(likes, negates=kind == "negated")
        else:
            # A third of the clauses of a contrast are negated themselves.
            decides = self.clause(likes, negates=self.rng.random() < 1 / 3)
            yields = self.clause(not likes, negates=self.rng.random() < 1 / 3)
            verdict = (
                f"{yields} but {decides}"
                if kind == "but"
                else f"{decides} , although {yields}"
            )
        text = f"{self.pick(BEFORE)} {verdict} {self.pick(AFTER)}"
        return " ".join(text.split())


def make_reviews(n: int, seed: int) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Generate n reviews, their labels, and their kinds."""
    critic = Critic(seed)
    praise = critic.rng.integers(2, size=n).astype(bool)
    kinds = np.array([critic.pick(KINDS) for _ in range(n)])
    texts = [
        critic.review(kind, likes) for kind, likes in zip(kinds, praise, strict=True)
    ]
    return texts, np.where(praise, "praise", "blame"), kinds


def make_models(quick: bool) -> dict[str, Pipeline]:
    """Make pipelines of two regressions and of four networks, or two."""
    counts = {
        "words": CountVectorizer(),
        "words and pairs": CountVectorizer(ngram_range=(1, 2)),
    }
    lstm = LSTMClassifier(
        embedding_dim=16,
        hidden_size=24,
        max_epochs="auto",  # as many updates from few reviews as from many
        batch_size=32,
        lr=0.01,
        random_state=0,
    )
    networks = {
        "LSTM, last state": {"pooling": "last"},
        "BiLSTM, last states": {"pooling": "last", "bidirectional": True},
        "LSTM, maximum": {"pooling": "max"},
        "CNN + LSTM, maximum": {
            "pooling": "max",
            "conv_channels": (24,),
            "conv_kernel_size": 3,
        },
    }
    if quick:
        networks = {n: p for n, p in networks.items() if n[0] == "L"}
    models = {
        name: make_pipeline(vectorizer, LogisticRegression(max_iter=1000))
        for name, vectorizer in counts.items()
    }
    for name, parameters in networks.items():
        network = clone(lstm).set_params(**parameters)
        models[name] = make_pipeline(SequenceTokenizer(), network)
    return models


def draw(path: Path, shares: dict[str, list[float]], n: int) -> None:
    """Show the accuracy of each model by kind of review, after n reviews."""
    figure, ax = plt.subplots(figsize=(7, 1 + 0.5 * len(shares)), layout="constrained")
    values = np.array(list(shares.values()))
    image = ax.imshow(values, vmin=0.5, vmax=1, cmap="Blues", aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        color = "white" if value > 0.85 else "black"
        ax.text(column, row, f"{value:.2f}", ha="center", va="center", color=color)
    ax.set_xticks(range(len(KINDS)), KINDS)
    ax.set_yticks(range(len(shares)), list(shares))
    ax.set_title(f"Accuracy on new reviews, after {n}")
    figure.colorbar(image, extend="min")
    figure.savefig(path, dpi=100)


def main() -> None:
    """Compare the models by kind of review, then show two reviews."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("sentiment.png"))
    parser.add_argument(
        "--quick", action="store_true", help="one training set, and two networks"
    )
    options = parser.parse_args()
    quick = options.quick
    sizes = (1000,) if quick else (500, 1000, 2000)

    X_test, y_test, kinds = make_reviews(1000, seed=1)
    for n in sizes:
        X, y, _ = make_reviews(n, seed=0)
        print(f"{f'{n} reviews':<21}" + "".join(f"{k:>10}" for k in ["all", *KINDS]))
        models, accuracy, shares = make_models(quick), {}, {}
        for name, model in models.items():
            right = model.fit(X, y).predict(X_test) == y_test
            parts = [right, *(right[kinds == kind] for kind in KINDS)]
            accuracy[name] = right.mean()
            shares[name] = [part.mean() for part in parts[1:]]
            print(f"{name:<21}" + "".join(f"{part.mean():>10.2f}" for part in parts))
        print()
    draw(options.output, shares, n)

    twins = ["a bad start but a wonderful end", "a wonderful start but a bad end"]
    twins = [f"{twin} {AFTER[2]}" for twin in twins]
    print(f"{'probability of praise':<33}{'words':>7}{'LSTM':>7}")
    for twin in twins:
        cells = [
            models[name].predict_proba([twin])[0, 1]
            for name in ("words", "LSTM, maximum")
        ]
        print(f"{twin[:31]:<33}" + "".join(f"{proba:>7.2f}" for proba in cells))

    # Why: a linear model of counts gives each word one weight in every context. Here
    # "wonderful" is praise in "the end was wonderful", blame in "not wonderful", and both
    # sides of a contrast contribute: the twins above have the same counts. Pairs contain
    # "not wonderful", but not "not in the least wonderful", and no pair shows on which
    # side of the "but" a word is. A state can represent this: "not" or "but" changes it,
    # and with it the effect of every later word.
    #
    # Which network when: the last state has to carry the judgement through the irrelevant
    # text at the end, which is hard to learn. Max pooling reads the state at any step,
    # and the backward direction of a bidirectional network reads the irrelevant text
    # first. A convolution detects phrases before the LSTM. It helps if a single step has
    # little meaning, such as a base (promoters.py) or a sample of sound
    # (spoken_digits.py), but a word has a meaning of its own.
    #
    # How many reviews: a rule that joins words far apart is learnt late, and suddenly.
    # With 20 epochs of 500 reviews, 320 updates, no network is better than counts; with
    # ``max_epochs="auto"``, 1500 updates, nine in ten reviews are right.
    share = {name: f"{value:.0%}" for name, value in accuracy.items()}
    print(
        f"\nOf {len(X_test)} new reviews, counts classify {share['words']} correctly, "
        f"with pairs {share['words and pairs']}; chance is 50%.\nThe last state of an "
        f"LSTM reaches {share['LSTM, last state']}, because of the text at the end, and "
        f"the maximum over the states\n{share['LSTM, maximum']}."
    )

    print(f"Figure: {options.output}")


if __name__ == "__main__":
    main()
