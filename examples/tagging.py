"""Is "watch" a noun or a verb, and when must one read on to know?

Sentences from a small grammar, and the part of speech of every word. Eight words are
nouns as well as verbs. Where they stand, the words before them may decide:

- "they watch the dog", "the old watch needs a shop"

or only the words behind:

- "watch the dog" but "watch shops sell books"
- "the family ships a dog" but "the family ships need a garden"

Three taggers in cross-validation: the tag that each word had most often, an LSTM, which
at each word knows what came before it, and an LSTM in both directions.
"""

import argparse
from collections import Counter, defaultdict

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import KFold, cross_validate
from sklearn.pipeline import make_pipeline

from sksequence import RecurrentTagger
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
# A noun's singular looks like a verb's plural, and the other way round.
AMBIGUOUS = {"NOUN": BOTH, "NOUNS": BOTH_S, "VERB": BOTH, "VERBS": BOTH_S}
OBJECTS = ["DET NOUN", "DET ADJ NOUN", "DETS NOUNS", "DET NOUN?", "NOUNS?"]
# "?" behind an ambiguous word that is settled before it, "!" where only by what follows.
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
    """Generate n sentences, the tag of each word, and where it is settled: ``" ?!"``."""
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
            # Singular or plural is one tag; literal words are determiners, or the end.
            part = kind.rstrip("S") if kind in WORDS else "DET"
            parts.append("END" if kind == "." else part)
            marks.append(mark)
        sentences.append(sentence)
        tags.append(np.array(parts))
        settled.append(np.array(marks))
    return sentences, tags, settled


class MostFrequentTag(BaseEstimator):
    """Give every word the tag that it had most often."""

    def fit(self, X: list, y: list) -> "MostFrequentTag":
        """Count the tags of each word."""
        counts = defaultdict(Counter)
        for sentence, tags in zip(X, y, strict=True):
            for word, tag in zip(sentence, tags, strict=True):
                counts[word][str(tag)] += 1
        self.tags_ = {word: tags.most_common(1)[0][0] for word, tags in counts.items()}
        return self

    def predict(self, X: list) -> list:
        """Look the tags up."""
        return [np.array([self.tags_[word] for word in sentence]) for sentence in X]

    def score(self, X: list, y: list) -> float:
        """Return the share of words tagged right, as a RecurrentTagger does."""
        return make_step_scorer(accuracy_score)(self, X, y)


def main() -> None:
    """Score the taggers, on all words and on the ambiguous ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer sentences and folds")
    quick = parser.parse_args().quick

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
    print(f"{'tagger':<15}{'accuracy':>10}{'macro F1':>10}{'before':>10}{'behind':>10}")
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
            for i, answer in zip(test, fitted.predict([X[i] for i in test]), strict=True):
                for mark, hits in right.items():
                    hits.extend((answer == y[i])[settled[i] == mark])
        share[name] = {mark: np.mean(hits) for mark, hits in right.items()}
        cells = [folds["test_accuracy"].mean(), folds["test_F1"].mean()]
        cells.extend(share[name].values())
        print(f"{name:<15}" + "".join(f"{cell:>10.3f}" for cell in cells))
    print("before, behind: ambiguous words by where it stands what settles them")

    sentence = ["watch", "shops", "sell", "books", "in", "the", "garden", "."]
    print(f"\n{'':<15}" + "".join(f"{word:>8}" for word in sentence))
    for name in ("LSTM", "BiLSTM"):
        (answer,) = taggers[name].fit(X, y).predict([sentence])
        print(f"{name:<15}" + "".join(f"{tag:>8}" for tag in answer))

    # Why: when nothing but "watch" has been read, the LSTM can only guess the tag that is
    # more frequent at the beginning. It has not forgotten anything: what it needs has not
    # come yet. The backward direction has read the rest of the sentence by then. Words
    # behind "they" or "the old" are certain to both, so that a second direction, which
    # takes twice the time and cannot tag while somebody is still speaking, pays just
    # where the future settles the past.
    before, behind = (
        [f"{share[name][mark]:.0%}" for name in ("LSTM", "BiLSTM")] for mark in "?!"
    )
    print(
        f"\nAmbiguous words that are settled before: {before[0]} right in one direction, "
        f"{before[1]} in both;\nsettled behind: {behind[0]} and {behind[1]}."
    )


if __name__ == "__main__":
    main()
