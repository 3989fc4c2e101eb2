"""Measure transcription: spoken letters, digits and phrases of AN4, by other speakers.

The data are one directory with ``an4/an4_mfcc.npz``: 13 cepstra at 100 Hz, 948 recordings
of 74 speakers to train on and 130 of 10 others to test. The configuration was chosen with
``--dev``, which holds out speakers of the training part, and never on the test part.
For example::

    python benchmarks/speech.py --data ~/sequences
    SKSEQUENCE_DATA=~/sequences python benchmarks/speech.py --dev

Error rates are edits per 100 characters, or words, of the true transcripts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accuracy import cpu_model, find_folder
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.callbacks import Callback

from sksequence import RecurrentTranscriber
from sksequence.metrics import character_error_rate, exact_share, token_error_rate

_DEV_SHARE = 8  # of the speakers of the training part, one in eight
Recordings = list[np.ndarray]


class Distortion(Callback):
    """Distort the recordings of each mini-batch, differently in each epoch.

    Parameters
    ----------
    noise : float
        Standard deviation of the noise on each value.
    n_masks, longest : int
        Number of stretches of time that are replaced by zeros in each recording, and
        their largest number of steps (SpecAugment; Park et al., 2019).
    seed : int
        Of the random draws.
    """

    def __init__(self, noise: float, n_masks: int, longest: int, seed: int = 0) -> None:
        self.noise, self.n_masks, self.longest, self.seed = noise, n_masks, longest, seed

    def initialize(self) -> Distortion:
        self.generator = torch.Generator().manual_seed(self.seed)
        return self

    def on_batch_begin(self, net: Any, batch: Any = None, **kwargs: Any) -> None:
        if not kwargs["training"]:
            return
        X, draw = batch[0]["X"], self.generator  # a copy that belongs to the mini-batch
        X.add_(torch.randn(X.shape, generator=draw), alpha=self.noise)
        steps = torch.arange(X.shape[1])
        for _ in range(self.n_masks):
            begin = torch.rand(len(X), 1, generator=draw) * X.shape[1]
            width = torch.rand(len(X), 1, generator=draw) * self.longest
            hidden = (steps >= begin) & (steps < begin + width)
            X.masked_fill_(hidden[..., None], 0)


def standardised(X: Recordings) -> Recordings:
    """Centre and scale each recording by itself; append the slopes of the cepstra."""
    made = []
    for x in X:
        x = (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-3)
        slopes = np.gradient(x, axis=0)
        made.append(np.concatenate([x, 2 * slopes], axis=1))
    return made


def make_model(seed: int) -> Any:
    """Return the transcriber of standardised recordings."""
    transcriber = RecurrentTranscriber(
        cell="lstm",
        conv_channels=(64,),
        conv_kernel_size=7,
        conv_stride=3,
        hidden_size=96,
        num_layers=2,
        bidirectional=True,
        dropout=0.3,
        lr=0.004,
        max_epochs=60,
        batch_size=16,
        callbacks=[("distortion", Distortion(0.3, n_masks=2, longest=15, seed=seed))],
        random_state=seed,
        device="cpu",
    )
    return make_pipeline(FunctionTransformer(standardised), transcriber)


def load(folder: Path, *, dev: bool) -> tuple[Recordings, list[str], Recordings, list]:
    """Return the recordings and transcripts to train on, and those to test."""
    with np.load(folder / "an4/an4_mfcc.npz") as data:
        parts = []
        for part in ("train", "test"):
            ends = data[f"length_{part}"].cumsum()[:-1]
            X = np.split(data[f"X_{part}"].astype(np.float32), ends)
            parts += [X, data[f"y_{part}"].tolist()]
        speakers = data["speaker_train"]
    if not dev:
        return tuple(parts)  # type: ignore[return-value]
    X, y = parts[:2]
    is_held_out = np.isin(speakers, np.unique(speakers)[::_DEV_SHARE])
    chosen, others = np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)
    pairs = ([X[i] for i in rows] for rows in (chosen, others))
    texts = ([y[i] for i in rows] for rows in (chosen, others))
    (X_fit, X_dev), (y_fit, y_dev) = pairs, texts
    return X_fit, y_fit, X_dev, y_dev


def error_rates(said: Sequence[str], true: Sequence[str]) -> str:
    """Return character, word and sentence error rates in words."""
    cer, wer = character_error_rate(true, said), token_error_rate(true, said)
    wrong = 1 - exact_share(true, said)
    return f"CER {100 * cer:.1f}, WER {100 * wer:.1f}, sentences wrong {100 * wrong:.1f}"


def main() -> None:
    """Fit, and print the error rates of each way to decode."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data")
    parser.add_argument("--dev", action="store_true", help="test on held out speakers")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    X, y, X_test, y_test = load(find_folder(arguments.data), dev=arguments.dev)
    print(cpu_model(), f"{len(X)} recordings to train on, {len(X_test)} to test")
    texts, counts = np.unique(y, return_counts=True)
    naive = [texts[counts.argmax()]] * len(y_test)
    print(f"always {naive[0]}: {error_rates(naive, y_test)}", flush=True)
    model = make_model(arguments.seed)
    began = time.process_time()
    model.fit(X, y)
    print(f"fit in {time.process_time() - began:.0f} CPU seconds", flush=True)
    print(f"greedy: {error_rates(model.predict(X_test), y_test)}", flush=True)
    words = sorted({word for text in y for word in text.split()})
    said = model.predict(X_test, lexicon=words)
    print(f"the {len(words)} words of training: {error_rates(said, y_test)}", flush=True)
    model[-1].set_params(beam_size=8)
    print(f"beam of 8: {error_rates(model.predict(X_test), y_test)}", flush=True)


if __name__ == "__main__":
    main()
