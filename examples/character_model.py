"""How well does a network guess the next letter of scikit-learn's own descriptions?

The descriptions of six data sets are 13 000 characters. The first nine tenths are for
training, the last is for the score. Perplexity says between how many equally likely
characters a model is undecided at each step. Counts of characters, and of pairs of
characters, stand beside an LSTM that tags every character with the one that follows.

A text is one long sequence. It is cut into a few streams, the rows of an array, which are
read side by side, and each stream into chunks of ``bptt_steps``, which are trained on one
after the other. How long should a chunk be? In the end the network writes for itself.
"""

import argparse
import re

import numpy as np
from sklearn import datasets

from sksequence import RecurrentTagger
from sksequence.metrics import perplexity
from sksequence.preprocessing import SequenceTokenizer

NAMES = ["iris", "wine", "breast_cancer", "diabetes", "linnerud", "digits"]
N_STREAMS = 8


def read_text() -> str:
    """Put the descriptions one behind the other, without the lines and gaps of tables."""
    text = "\n\n".join(getattr(datasets, f"load_{name}")().DESCR for name in NAMES)
    return re.sub(r"([ =-])\1+", r"\1", text)


def perplexities_of_counts(train: np.ndarray, test: np.ndarray) -> dict[str, float]:
    """Score how well counts of ids, and of pairs of ids, foretell each next one."""
    n_ids = train.max() + 1
    single = np.bincount(train, minlength=n_ids) + 1.0
    single /= single.sum()
    pairs = np.zeros((n_ids, n_ids))
    np.add.at(pairs, (train[:-1], train[1:]), 1)
    # A pair that never came is as likely as its second character, some 20 times in all.
    smooth = pairs + 20 * single
    after = smooth / smooth.sum(axis=1, keepdims=True)
    before, truth = test[:-1], test[1:]
    score = {
        "characters": np.log(single[truth]).mean(),
        "pairs of characters": np.log(after[before, truth]).mean(),
    }
    return {name: float(np.exp(-mean)) for name, mean in score.items()}


def show(text: str) -> str:
    """Indent a text."""
    return "\n".join(f"    | {line}" for line in text.splitlines())


def main() -> None:
    """Score counts and networks, then let one write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer epochs and chunks")
    quick = parser.parse_args().quick

    text = read_text()
    cut = len(text) * 9 // 10
    # The rarest characters are unknown already in training: else nothing would be known
    # of those that come for the first time in the test part, not even that there are any.
    tokenizer = SequenceTokenizer(analyzer="char", lowercase=False, max_features=75)
    (train,) = tokenizer.fit_transform([text[:cut]])
    (test,) = tokenizer.transform([text[cut:]])
    print(f"{len(train)} characters to learn from, {len(test)} to score\n")

    print(f"{'model':<22}{'perplexity':>12}{'updates':>9}{'seconds':>9}")
    score = perplexities_of_counts(train, test)
    for name, value in score.items():
        print(f"{name:<22}{value:>12.1f}")

    length = (len(train) - 1) // N_STREAMS
    X = train[: length * N_STREAMS].reshape(N_STREAMS, length)
    y = train[1 : length * N_STREAMS + 1].reshape(N_STREAMS, length)  # what comes next
    model = RecurrentTagger(
        embedding_dim=24,
        hidden_size=96,
        dropout=0.3,
        max_epochs=12 if quick else 20,
        batch_size=N_STREAMS,
        lr=0.01,
        random_state=0,
    )
    for bptt_steps in (None, 25) if quick else (None, 100, 5, 25):
        model.set_params(bptt_steps=bptt_steps).fit(X, y)
        name = f"LSTM, chunks of {bptt_steps}" if bptt_steps else "LSTM, whole streams"
        proba = model.predict_proba([test[:-1]])
        score[name] = perplexity([test[1:]], proba, classes=model.classes_)
        n_updates = model.n_epochs_ * -(-length // (bptt_steps or length))
        seconds = sum(epoch["duration"] for epoch in model.history_)
        print(f"{name:<22}{score[name]:>12.1f}{n_updates:>9}{seconds:>9.1f}")

    prompt = "**Data Set"
    for temperature in (0.4, 1.0):
        ids = model.generate(
            tokenizer.transform([prompt])[0],
            240,
            temperature=temperature,
            random_state=0,
        )
        (written,) = tokenizer.inverse_transform([ids])
        print(f"\ntemperature {temperature}\n{show(prompt + ''.join(written))}")

    # Why chunks: backpropagation through time follows the error back through all steps
    # that were taken, so it has to keep them all, and a pass over whole streams is one
    # step of the optimizer. Cut into chunks, each pass is as many steps as there are
    # chunks. The state still goes on from one chunk to the next, so that the network
    # knows what came long ago; only the blame ends at the chunk's beginning: what to keep
    # for longer is not taught. Letters hang on what is some words back, at most, and a
    # few dozen steps of blame are enough.
    #
    # A low temperature makes the likely likelier: fewer errors, more of the same. At 1
    # the network writes as it was taught, rare letters as often as they are rare.
    best = score["LSTM, chunks of 25"]
    print(
        f"\nIn as many passes the LSTM comes to {score['LSTM, whole streams']:.1f} by "
        f"whole streams and to {best:.1f} by chunks of 25; pairs\nof characters to "
        f"{score['pairs of characters']:.1f}, characters alone to "
        f"{score['characters']:.1f}."
    )


if __name__ == "__main__":
    main()
