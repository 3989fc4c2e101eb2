"""Measure translation: spelling to sound in five languages, and Arabic names to English.

The data are one directory with ``g2p/LANGUAGE_PART.tsv`` (SIGMORPHON 2020, task 1: 3600
words to train on, 450 to choose by, 450 to test) and ``transliteration/ar2en-PART.txt``
(12,877 names, 1431, 1590). Configurations, one for the five languages, one for the names,
and with ``--pair`` one for French and Dutch alone, were chosen by the middle parts;
``--dev`` keeps away from the last. For example::

    python benchmarks/translation.py --data ~/sequences
    SKSEQUENCE_DATA=~/sequences python benchmarks/translation.py --dev dut kor
    python benchmarks/translation.py --data ~/sequences --pair
    python benchmarks/translation.py --speed

Error rates are wrong words, and edits per 100 phones or letters. ``--speed`` compares a
step of training with those of the same network whose decoder reads label by label.
"""

from __future__ import annotations

import argparse
import statistics
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accuracy import cpu_model, find_folder
from sklearn.pipeline import make_pipeline
from torch import Tensor
from torch.nn import functional as F

from sksequence import RecurrentTranslator
from sksequence._training.next_label import NextLabelLoss
from sksequence.metrics import exact_share, token_error_rate
from sksequence.nn import TranslationNetwork
from sksequence.preprocessing import SequenceTokenizer

LANGUAGES = ("dut", "fre", "hun", "ice", "kor")
NAMES = "ara"
_HANGUL = ("\N{HANGUL SYLLABLE GA}", "\N{HANGUL SYLLABLE HIH}")
_BEAM = 5
# What is changed in each of the models that answer together: nothing but the seed, or,
# for two languages alone for which others have tuned, the cells.
_SEEDS: list[dict[str, Any]] = [{}, {}, {}]
PAIR = ("fre", "dut")
_OF_PAIR = [
    {"cell": cell, "conv_channels": (128,), "conv_kernel_size": 5}
    for cell in ("gru", "lstm", "gru")
]
Words = list[str]
Labels = list[list[str]]


def letters_of(word: str) -> list[str]:
    """Return the letters of a word; Hangul syllables are several."""
    first, last = _HANGUL
    return [
        part
        for letter in word
        for part in (
            unicodedata.normalize("NFD", letter) if first <= letter <= last else letter
        )
    ]


def load(folder: Path, language: str, part: str) -> tuple[Words, Labels]:
    """Return words, and phones or English letters."""
    if language == NAMES:
        part = {"dev": "eval"}.get(part, part)
        path = folder / f"transliteration/ar2en-{part}.txt"
    else:
        path = folder / f"g2p/{language}_{part}.tsv"
    lines = path.read_text(encoding="utf-8").splitlines()
    words, said = zip(*(line.split("\t") for line in lines), strict=True)
    words = [word.strip() for word in words]
    if language == NAMES:
        return words, [list(name.strip()) for name in said]
    return words, [phones.split() for phones in said]


def make_model(language: str, seed: int, **changes: Any) -> Any:
    """Return the translator of words."""
    is_large = language == NAMES
    translator = RecurrentTranslator(
        cell="lstm",
        embedding_dim=64,
        hidden_size=128,
        bidirectional=True,
        target_embedding_dim=64,
        decoder_hidden_size=128,
        decoder_layers=2,
        dropout=0.3,
        label_smoothing=0.1,
        lr=0.003,
        max_epochs=10 if is_large else 16,
        batch_size=64 if is_large else 32,
        beam_size=_BEAM,
        random_state=seed,
        device="cpu",
    )
    translator.set_params(**changes)
    return make_pipeline(SequenceTokenizer(analyzer=letters_of), translator)


def agree(members: list[Any], words: Words) -> Labels:
    """Return the answers that several models together find most probable.

    Each adds its best answers, and of all the one with the largest sum of logarithms of
    probabilities is chosen.
    """
    found: list[dict[tuple[str, ...], float]] = [{} for _ in words]
    read = [model[0].transform(words) for model in members]
    for model, X in zip(members, read, strict=True):
        for answers, best in zip(found, model[-1].predict_nbest(X, _BEAM), strict=True):
            answers.update((tuple(said), 0.0) for said, _ in best)
    rows = [i for i, answers in enumerate(found) for _ in answers]
    said = [answer for answers in found for answer in answers]
    for model, X in zip(members, read, strict=True):
        scores = model[-1].log_likelihood([X[i] for i in rows], [*map(list, said)])
        for i, answer, score in zip(rows, said, scores, strict=True):
            found[i][answer] += score
    return [list(max(answers, key=answers.__getitem__)) for answers in found]


def nearest(words: Words, train: Words, said: Labels) -> Labels:
    """Return what is said of the training word with the fewest edits, the first one."""
    longest = max(map(len, train))
    known = np.array([[*map(ord, w), *[0] * (longest - len(w))] for w in train])
    lengths = np.array([len(w) for w in train])
    answers = []
    for word in words:
        row = np.tile(np.arange(longest + 1), (len(train), 1))
        for i, letter in enumerate(word, 1):
            before, row = row, np.empty_like(row)
            row[:, 0] = i
            for j in range(1, longest + 1):
                replaced = before[:, j - 1] + (known[:, j - 1] != ord(letter))
                shorter = np.minimum(before[:, j], row[:, j - 1]) + 1
                row[:, j] = np.minimum(replaced, shorter)
        answers.append(said[int(row[np.arange(len(train)), lengths].argmin())])
    return answers


def error_rates(said: Any, true: Labels) -> tuple[float, str]:
    """Return the share of wrong words in percent, and both rates in words."""
    wrong = 100 * (1 - exact_share(true, [list(x) for x in said]))
    return wrong, f"WER {wrong:.2f}, PER {100 * token_error_rate(true, said):.2f}"


def measure(
    folder: Path,
    language: str,
    parts: tuple[str, ...],
    seed: int,
    changes: list[dict[str, Any]],
) -> tuple[float, float]:
    """Fit to a language, and print error rates.

    Returns those of one model and of several on the last part.
    """
    X, y = load(folder, language, "train")
    given = {part: load(folder, language, part) for part in parts}
    common = list(Counter(map(tuple, y)).most_common(1)[0][0])
    print(f"{language}: {len(X)} words to learn from")
    for part, (words, said) in given.items():
        naive = error_rates([common] * len(said), said)[1]
        print(f"  {part}, always {''.join(common)}: {naive}")
        told = error_rates(nearest(words, X, y), said)[1]
        print(f"  {part}, as the nearest spelling: {told}", flush=True)
    seconds = 0.0

    def show(name: str, predict: Callable[[Words], Any]) -> float:
        wrong = 0.0
        for part, (words, said) in given.items():
            began = time.process_time()
            wrong, rates = error_rates(predict(words), said)
            spent = time.process_time() - began
            print(f"  {part}, {name}: {rates} ({spent:.1f} CPU seconds)", flush=True)
        return wrong

    members: list[Any] = []
    for i, own in enumerate(changes):
        began = time.process_time()
        members.append(make_model(language, seed + i, **own).fit(X, y))
        seconds += time.process_time() - began
        print(f"  {i + 1} fitted in {seconds:.0f} CPU seconds", flush=True)
        if not i:
            one = show(f"beam of {_BEAM}", members[0].predict)
            members[0][-1].set_params(beam_size=1)
            show("greedy", members[0].predict)
            members[0][-1].set_params(beam_size=_BEAM)
    return one, show(f"{len(changes)} together", lambda words: agree(members, words))


# ------------------------------------------------------------------------------- speed


def by_label(
    network: TranslationNetwork, X: Tensor, lengths: Tensor, y: Tensor
) -> Tensor:
    """Return the same logits from the same layers, label after label."""
    states, memory, n_valid = network.read_source(X, lengths, None)
    outputs = []
    for code in F.pad(y, (1, 0)).unbind(1):
        logits, states, _ = network.decoder(code[:, None], states, memory, n_valid)
        outputs.append(logits)
    return torch.cat(outputs, 1)


def by_cell(network: TranslationNetwork, X: Tensor, lengths: Tensor, y: Tensor) -> Tensor:
    """Return the same logits label after label, by torch's own LSTM cell."""
    states, memory, n_valid = network.read_source(X, lengths, None)
    decoder: Any = network.decoder
    now = [(hidden[0], cell[0]) for hidden, cell in states]
    outputs = []
    for code in F.pad(y, (1, 0)).unbind(1):
        x = F.embedding(code, decoder.embedding) * decoder.embedding.shape[1] ** 0.5
        x, context = decoder.dropout(x), torch.empty(0)
        for i, layer in enumerate(decoder.layers):
            if i:
                x = torch.cat([decoder.dropout(x), context], 1)
            own = layer.ahead
            weights = own.weight_ih_l0, own.weight_hh_l0, own.bias_ih_l0, own.bias_hh_l0
            now[i] = torch.lstm_cell(x, now[i], *weights)
            x = now[i][0]
            if not i:
                read, _ = decoder.attention(x[:, None], memory, n_valid)
                context = decoder.dropout(read[:, 0])
        x = torch.cat([decoder.dropout(x), context], 1)
        outputs.append(F.linear(decoder.readout(x), decoder.embedding, decoder.bias))
    return torch.stack(outputs, 1)


def compare_speed(size: int, n_pairs: int = 30) -> None:
    """Print how long mini-batches take, with medians of pairs in this process."""
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    network = TranslationNetwork(
        40,
        50,
        hidden_size=size,
        decoder_hidden_size=size,
        embedding_dim=size // 2,
        target_embedding_dim=size // 2,
        bidirectional=True,
        dropout=0.3,
    )
    # Lengths are distributed as those of Dutch words and their phones.
    lengths = 2 + torch.poisson(torch.full((32,), 6.7), generator=generator).long()
    X = torch.randint(0, 40, (32, int(lengths.max()), 1), generator=generator)
    y = torch.randint(1, 50, (32, int(lengths.max()) - 1), generator=generator)
    is_said = torch.arange(y.shape[1]) < lengths[:, None] - 1
    y = y.masked_fill(~is_said, 0)
    loss = NextLabelLoss(0.1)
    optimizer = torch.optim.Adam(network.parameters(), fused=True)

    def train(forward: Callable[..., Tensor]) -> float:
        began = time.process_time()
        optimizer.zero_grad()
        loss(forward(network, X, lengths, y), y).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        return 1000 * (time.process_time() - began)

    def at_once(network: Any, X: Tensor, lengths: Tensor, y: Tensor) -> Tensor:
        return network(X, lengths, y=y)

    network.eval()
    with torch.no_grad():
        made = [f(network, X, lengths, y) for f in (at_once, by_label, by_cell)]
    is_read = F.pad(is_said, (1, 0), value=True)
    apart = max(float((made[0] - one)[is_read].abs().max()) for one in made[1:])
    network.train()
    for name, other in (("by our layers", by_label), ("by torch's cell", by_cell)):
        pairs = [(train(at_once), train(other)) for _ in range(n_pairs + 5)][5:]
        ours, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
        ratio = statistics.median(b / a for a, b in pairs)
        print(
            f"{size} units: at once {ours:.1f} ms, label by label {name} "
            f"{theirs:.1f} ms, {ratio:.2f} times as long; logits {apart:.0e} apart",
            flush=True,
        )


def main() -> None:
    """Print error rates, or speeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("languages", nargs="*", help=f"{', '.join(LANGUAGES)} or {NAMES}")
    parser.add_argument("--data")
    parser.add_argument("--dev", action="store_true", help="test on the middle parts")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pair", action="store_true", help="French and Dutch alone")
    parser.add_argument("--speed", action="store_true", help="only compare speeds")
    arguments = parser.parse_args()
    print(cpu_model())
    if arguments.speed:
        for size in (32, 64, 128):
            compare_speed(size)
        return
    folder, parts = find_folder(arguments.data), ("dev", "test")
    parts = parts[:1] if arguments.dev else parts
    every = PAIR if arguments.pair else (*LANGUAGES, NAMES)
    chosen = arguments.languages or every
    changes = _OF_PAIR if arguments.pair else _SEEDS
    rates = [measure(folder, name, parts, arguments.seed, changes) for name in chosen]
    spoken = [rate for name, rate in zip(chosen, rates, strict=True) if name != NAMES]
    if spoken:
        one, several = np.mean(spoken, axis=0)
        print(f"mean WER of {len(spoken)} languages: {one:.2f}, together {several:.2f}")


if __name__ == "__main__":
    main()
