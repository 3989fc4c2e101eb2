"""Train a character-level language model, and choose the length of BPTT chunks.

The text are the descriptions of six data sets of scikit-learn, 13 000 characters. The
first nine tenths are for training, the rest is for the score. Perplexity is the number of
equally likely characters among which a model is undecided at each step. An LSTM that tags
every character with the next one is compared with counts of characters and of pairs.

The text is one long sequence. It is split into a few streams, the rows of an array, which
are read in parallel, and each stream into chunks of ``bptt_steps``, which are trained on
in turn. How long should a chunk be? Finally, the network generates text.

    python character_model.py --output character_model.png
"""

import argparse
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn import datasets

from sksequence import RecurrentTagger
from sksequence.metrics import perplexity
from sksequence.preprocessing import SequenceTokenizer

NAMES = ["iris", "wine", "breast_cancer", "diabetes", "linnerud", "digits"]
N_STREAMS = 8


def read_text() -> str:
    """Concatenate the descriptions, without rules and repeated spaces of tables."""
    text = "\n\n".join(getattr(datasets, f"load_{name}")().DESCR for name in NAMES)
    return re.sub(r"([ =-])\1+", r"\1", text)


def perplexities_of_counts(train: np.ndarray, test: np.ndarray) -> dict[str, float]:
    """Return the perplexities of models of single ids and of pairs of ids."""
    n_ids = train.max() + 1
    single = np.bincount(train, minlength=n_ids) + 1.0
    single /= single.sum()
    pairs = np.zeros((n_ids, n_ids))
    np.add.at(pairs, (train[:-1], train[1:]), 1)
    # Additive smoothing: 20 pseudo-counts, distributed as single characters.
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


def draw(path: Path, score: dict[str, float], by_length: dict[int, float]) -> None:
    """Plot the perplexity of the network by length of chunks, and that of counts."""
    figure, ax = plt.subplots(layout="constrained")
    lengths = sorted(by_length)
    ax.plot(lengths, [by_length[n] for n in lengths], "o-", label="LSTM")
    for name, line in {"characters": ":", "pairs of characters": "--"}.items():
        ax.axhline(score[name], color="gray", linestyle=line, label=f"counts of {name}")
    ax.set(xscale="log", xlabel="steps of a chunk")
    names = [*map(str, lengths[:-1]), f"{lengths[-1]}\n(whole streams)"]
    ax.set_xticks(lengths, names)
    ax.minorticks_off()
    ax.set(ylabel="perplexity of new text", ylim=(0, None))
    ax.legend()
    figure.savefig(path, dpi=100)


def main() -> None:
    """Score counts and networks, then generate text."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("character_model.png"))
    parser.add_argument("--quick", action="store_true", help="fewer epochs and chunks")
    options = parser.parse_args()
    quick = options.quick

    text = read_text()
    cut = len(text) * 9 // 10
    # The rarest characters become the unknown token in training, so that the network
    # learns how likely an unknown character is in the test text.
    tokenizer = SequenceTokenizer(analyzer="char", lowercase=False, max_features=75)
    (train,) = tokenizer.fit_transform([text[:cut]])
    (test,) = tokenizer.transform([text[cut:]])
    print(f"{len(train)} characters to learn from, {len(test)} to score\n")

    print(f"{'model':<22}{'perplexity':>12}{'updates':>9}{'seconds':>9}")
    score = perplexities_of_counts(train, test)
    by_length: dict[int, float] = {}
    for name, value in score.items():
        print(f"{name:<22}{value:>12.1f}")

    length = (len(train) - 1) // N_STREAMS
    X = train[: length * N_STREAMS].reshape(N_STREAMS, length)
    y = train[1 : length * N_STREAMS + 1].reshape(N_STREAMS, length)  # the next ids
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
        by_length[bptt_steps or length] = score[name]
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

    draw(options.output, score, by_length)

    # Why chunks: backpropagation through time propagates the error back through all
    # steps, so it has to store them all, and a pass over whole streams is one optimizer
    # step. With chunks, each pass makes as many optimizer steps as there are chunks. The
    # state is carried over from one chunk to the next, so the network can use the distant
    # past; only the gradient ends at the start of the chunk, so longer dependencies are
    # not learnt. Characters mostly depend on the last few words, for which a few dozen
    # steps are enough.
    #
    # A low temperature favours likely characters: fewer errors, more repetition. At 1
    # characters are drawn from the predicted distribution.
    best = score["LSTM, chunks of 25"]
    print(
        f"\nWith the same number of epochs, the LSTM has a perplexity of "
        f"{score['LSTM, whole streams']:.1f} with whole streams\nand of {best:.1f} with "
        f"chunks of 25; pairs of characters have {score['pairs of characters']:.1f}, "
        f"characters alone {score['characters']:.1f}."
    )

    print(f"Figure: {options.output}")


if __name__ == "__main__":
    main()
