"""Part-of-speech tagging: when does a second direction help?

Sentences from a small grammar, and the part of speech of every word. Eight words are
nouns as well as verbs. Some are determined by the words before them:

- "they watch the dog", "the old watch needs a shop"

others only by the words after them:

- "watch the dog" but "watch shops sell books"
- "the family ships a dog" but "the family ships need a garden"

Three taggers are cross-validated: the most frequent tag of each word, an LSTM, which
reads the words before each word, and a bidirectional LSTM.

    python tagging.py --output tagging.png
"""

import argparse
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import BaseEstimator
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import KFold, cross_validate
from sklearn.pipeline import make_pipeline

from sksequence import RecurrentTagger
from sksequence.inspection import TagConfusionDisplay
from sksequence.metrics import make_step_scorer
from sksequence.preprocessing import SequenceTokenizer

WORDS = {
    "DET": ["the", "a", "this", "every"],
    "DETS": ["the", "these", "some", "all"],
    "ADJ": ["old", "small", "new", "green", "cheap"],
    "PRON": ["they", "we", "you"],
    "AUX": ["will", "can", "must"],
    "PREP": ["near", "in", "behind", "with"],
    "NOUN": ["dog", "man", "house", "garden", "family", "company", "school"],
    "NOUNS": ["dogs", "men", "shops", "gardens", "workers", "prices", "lessons"],
    "VERB": ["see", "sell", "need", "like", "bring"],
    "VERBS": ["sees", "sells", "needs", "likes", "brings"],
}
BOTH = ["book", "watch", "plant", "drink", "play", "ship", "cook", "dress"]
BOTH_S = ["books", "watches", "plants", "drinks", "plays", "ships", "cooks", "dresses"]
# A singular noun looks like a plural verb, and vice versa.
AMBIGUOUS = {"NOUN": BOTH, "NOUNS": BOTH_S, "VERB": BOTH, "VERBS": BOTH_S}
OBJECTS = ["DET NOUN", "DET ADJ NOUN", "DETS NOUNS", "DET NOUN?", "NOUNS?"]
# "?" marks ambiguous words determined by words before them, "!" by words after them.
SENTENCES = [
    "PRON VERB? OBJECT",
    "PRON AUX VERB? OBJECT",
    "DET ADJ NOUN? VERBS OBJECT",
    "these NOUNS? VERB OBJECT",
    "VERB! OBJECT",
    "VERB! NOUNS",
    "NOUN! NOUNS VERB OBJECT",
    "the NOUN VERBS! OBJECT",
    "the NOUN NOUNS! VERB OBJECT",
]
Tagged = tuple[list[list[str]], list[np.ndarray], list[np.ndarray]]


def make_sentences(n: int, seed: int) -> Tagged:
    """Generate n sentences, the tag of each word, and its mark, one of ``" ?!"``."""
    rng = np.random.default_rng(seed)
    sentences, tags, settled = [], [], []
    for _ in range(n):
        pattern = rng.choice(SENTENCES)
        if rng.random() < 0.4:
            pattern += " PREP OBJECT"
        while "OBJECT" in pattern:
            pattern = pattern.replace("OBJECT", rng.choice(OBJECTS), 1)
        sentence, parts, marks = [], [], []
        for symbol in [*pattern.split(), "."]:
            mark = symbol[-1] if symbol[-1] in "?!" else " "
            kind = symbol.rstrip("?!")
            choice = AMBIGUOUS[kind] if mark != " " else WORDS.get(kind, [kind])
            sentence.append(str(rng.choice(choice)))
            # Singular and plural have one tag; literal words are determiners or the end.
            part = kind.rstrip("S") if kind in WORDS else "DET"
            parts.append("END" if kind == "." else part)
            marks.append(mark)
        sentences.append(sentence)
        tags.append(np.array(parts))
        settled.append(np.array(marks))
    return sentences, tags, settled


class MostFrequentTag(BaseEstimator):
    """Tag every word with its most frequent tag."""

    def fit(self, X: list, y: list) -> "MostFrequentTag":
        """Count the tags of each word."""
        counts = defaultdict(Counter)
        for sentence, tags in zip(X, y, strict=True):
            for word, tag in zip(sentence, tags, strict=True):
                counts[word][str(tag)] += 1
        self.tags_ = {word: tags.most_common(1)[0][0] for word, tags in counts.items()}
        return self

    def predict(self, X: list) -> list:
        """Look up the tags."""
        return [np.array([self.tags_[word] for word in sentence]) for sentence in X]

    def score(self, X: list, y: list) -> float:
        """Return the accuracy per word, as RecurrentTagger does."""
        return make_step_scorer(accuracy_score)(self, X, y)


def draw(path: Path, taggers: dict[str, Any]) -> None:
    """Plot which tag fitted taggers take for which, in the ambiguous new words."""
    X, y, settled = make_sentences(300, seed=1)
    figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    for ax, (name, tagger) in zip(axes, taggers.items(), strict=True):
        truth, found = (
            [tags[marks != " "] for tags, marks in zip(all_tags, settled, strict=True)]
            for all_tags in (y, tagger.predict(X))
        )
        TagConfusionDisplay.from_predictions(truth, found, ax=ax, colorbar=False)
        ax.set_title(f"{name}, ambiguous words")
    figure.savefig(path, dpi=100)


def main() -> None:
    """Score the taggers on all words and on the ambiguous ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("tagging.png"))
    parser.add_argument("--quick", action="store_true", help="fewer sentences and folds")
    options = parser.parse_args()
    quick = options.quick

    X, y, settled = make_sentences(500 if quick else 1000, seed=0)
    lengths = [len(sentence) for sentence in X]
    print(f"{len(X)} sentences of {min(lengths)} to {max(lengths)} words\n")
    lstm = {
        "embedding_dim": 8,
        "hidden_size": 16,
        "max_epochs": 15,
        "batch_size": 32,
        "lr": 0.02,
        "random_state": 0,
    }
    taggers = {
        "most frequent": MostFrequentTag(),
        "LSTM": make_pipeline(SequenceTokenizer(), RecurrentTagger(**lstm)),
        "BiLSTM": make_pipeline(
            SequenceTokenizer(), RecurrentTagger(**lstm, bidirectional=True)
        ),
    }
    scoring = {
        "accuracy": lambda tagger, X, y: tagger.score(X, y),
        "F1": make_step_scorer(f1_score, average="macro"),
    }
    print(f"{'tagger':<15}{'accuracy':>10}{'macro F1':>10}{'before':>10}{'after':>10}")
    share = {}
    for name, tagger in taggers.items():
        folds = cross_validate(
            tagger,
            X,
            y,
            cv=KFold(3 if quick else 5),
            scoring=scoring,
            return_estimator=True,
            return_indices=True,
        )
        right = {"?": [], "!": []}
        for fitted, test in zip(
            folds["estimator"], folds["indices"]["test"], strict=True
        ):
            for i, prediction in zip(
                test, fitted.predict([X[i] for i in test]), strict=True
            ):
                for mark, hits in right.items():
                    hits.extend((prediction == y[i])[settled[i] == mark])
        share[name] = {mark: np.mean(hits) for mark, hits in right.items()}
        cells = [folds["test_accuracy"].mean(), folds["test_F1"].mean()]
        cells.extend(share[name].values())
        print(f"{name:<15}" + "".join(f"{cell:>10.3f}" for cell in cells))
    print("before, after: ambiguous words, by the words that determine their tag")

    sentence = ["watch", "shops", "sell", "books", "in", "the", "garden", "."]
    print(f"\n{'':<15}" + "".join(f"{word:>8}" for word in sentence))
    for name in ("LSTM", "BiLSTM"):
        (prediction,) = taggers[name].fit(X, y).predict([sentence])
        print(f"{name:<15}" + "".join(f"{tag:>8}" for tag in prediction))

    draw(options.output, {name: taggers[name] for name in ("LSTM", "BiLSTM")})

    # Why: after reading only "watch", the LSTM can only guess the tag that is more
    # frequent at the beginning. It has not forgotten anything: the relevant words have
    # not been read yet. The backward direction has already read the rest of the sentence.
    # Words after "they" or "the old" are certain for both, so a second direction, which
    # takes twice the time and cannot tag while a sentence is still arriving, only helps
    # if tags depend on later words.
    before, after = (
        [f"{share[name][mark]:.0%}" for name in ("LSTM", "BiLSTM")] for mark in "?!"
    )
    print(
        f"\nAmbiguous words determined by words before them: {before[0]} correct in one "
        f"direction, {before[1]} in both;\n"
        f"by words after them: {after[0]} and {after[1]}."
    )

    print(f"Figure: {options.output}")


if __name__ == "__main__":
    main()
