"""Speed of recurrent layers and whole fits, as ratios within one run.

Each row compares two implementations, timed alternately in one process on one thread, by
the median ratio of consecutive measurements, so that a drifting speed of the machine has
little effect. Unless stated otherwise the other one is ``torch.nn``; above one, ours is
faster.

    python benchmarks/kernels.py
    python benchmarks/kernels.py --only layers memory
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

import llvmlite
import numba
import numpy as np
import torch
from peak import fused_multiply_adds
from timing import Run, print_parts, ratios
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

import sksequence
from sksequence import GRUClassifier, LSTMClassifier, SimpleRNNClassifier, _kernels
from sksequence._kernels import reads_only_input
from sksequence.nn import (
    ConvLSTM,
    RecurrentLayer,
    RecurrentStack,
    SequenceNetwork,
    _attending,
    _compiled,
    _direct_layers,
    _threads,
)
from sksequence.nn._direct import DirectNetwork, can_be_direct

CELLS: dict[str, type[nn.RNNBase]] = {"gru": nn.GRU, "rnn": nn.RNN, "lstm": nn.LSTM}
SIZES = [(32, 32), (64, 32), (128, 32), (64, 256), (128, 256)]
AIMS = {
    "gru": (6, 3.2, 1.8, 1.8, 1.5),
    "rnn": (7, 4, 2.5, 1.8, 1.6),
    "lstm": (1.3, 1.2, 1.1, 1.6, 1.6),
}
N_STEPS, N_CHANNELS = 100, 3


def row(what: str, found: list[float], aim: float | None = None) -> str:
    """Return a row of a table: the median, the quartiles, the aim."""
    low, middle, high = statistics.quantiles(found, n=4)
    wanted = "" if aim is None else f"{aim:g}"
    return f"| {what} | {middle:.2f} | {low:.2f} ... {high:.2f} | {wanted} |"


def head(what: str) -> list[str]:
    """Return the head of a table."""
    return [f"\n| {what} | ratio | middle half | aim |", "| --- | --- | --- | --- |"]


# ------------------------------------------------------------------------------- layers


def trained(
    run: Callable[[Tensor], Tensor], module: nn.Module, x: Tensor, up: Tensor
) -> Run:
    """Forward and backward, as in training."""

    def step() -> None:
        module.zero_grad()
        run(x).backward(up)

    return step


def layers(pairs: int) -> Iterator[str]:
    """One layer, forward and backward."""
    yield from head("forward and backward, one layer")
    for cell, build in CELLS.items():
        for (hidden, batch), aim in zip(SIZES, AIMS[cell], strict=True):
            theirs = build(N_CHANNELS, hidden, batch_first=True)
            ours = RecurrentLayer(N_CHANNELS, hidden, cell=cell)
            x = torch.randn(batch, N_STEPS, N_CHANNELS)
            up = torch.randn(batch, N_STEPS, hidden)
            found = ratios(
                trained(lambda x, net=theirs: net(x)[0], theirs, x, up),
                trained(lambda x, net=ours: net(x)[0], ours, x, up),
                pairs,
            )
            yield row(f"{cell.upper()}, H{hidden}, B{batch}", found, aim)


def minimal(pairs: int) -> Iterator[str]:
    """Compare cells whose gates read only the input with our GRU, in training."""
    yield from head("forward and backward, our GRU / the cell, 64 inputs, H64, B32")
    for cell in ("mingru", "minlstm", "qrnn"):
        for n_steps in (100, 1000):
            gru = RecurrentLayer(64, 64, cell="gru")
            small = RecurrentLayer(64, 64, cell=cell)
            x, up = torch.randn(32, n_steps, 64), torch.randn(32, n_steps, 64)
            found = ratios(
                trained(lambda x, net=gru: net(x)[0], gru, x, up),
                trained(lambda x, net=small: net(x)[0], small, x, up),
                pairs,
                3,
            )
            yield row(f"{cell}, {n_steps} steps", found, 2.5)


def products_of(cell: str, hidden: int, batch: int) -> Run:
    """Only the matrix products of such a layer, forward and backward."""
    rows = {"gru": 3, "rnn": 1, "lstm": 4}[cell] * hidden
    state, gates = torch.randn(batch, hidden), torch.randn(batch, rows)
    x = torch.randn(batch * N_STEPS, N_CHANNELS)
    all_states = torch.randn(batch * N_STEPS, hidden)
    all_gates = torch.randn(batch * N_STEPS, rows)
    weight, of_channels = torch.randn(rows, hidden), torch.randn(rows, N_CHANNELS)

    def run() -> None:
        torch.mm(x, of_channels.T, out=all_gates)
        for _ in range(N_STEPS):
            torch.mm(state, weight.T, out=gates)
        for _ in range(N_STEPS):
            torch.mm(gates, weight, out=state)
        torch.mm(all_gates.T, all_states)
        torch.mm(all_gates.T, x)

    return run


def limit(pairs: int) -> Iterator[str]:
    """Compare a layer with its matrix products alone."""
    yield from head("time of the products alone / time of the layer")
    for cell in CELLS:
        for hidden, batch in SIZES[1:]:
            ours = RecurrentLayer(N_CHANNELS, hidden, cell=cell)
            x = torch.randn(batch, N_STEPS, N_CHANNELS)
            up = torch.randn(batch, N_STEPS, hidden)
            step = trained(lambda x, net=ours: net(x)[0], ours, x, up)
            found = ratios(products_of(cell, hidden, batch), step, pairs)
            yield row(f"{cell.upper()}, H{hidden}, B{batch}", found, 0.5)


# --------------------------------------------------------------------- unequal and unseen


def unequal(pairs: int) -> Iterator[str]:
    """An epoch over sequences of 20 to 200 steps, compared with packed sequences."""
    yield from head("sequences of 20 to 200 steps, packed / ours, H64, B32")
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(20, 201, (320,), generator=generator)
    sequences = torch.randn(320, 200, N_CHANNELS)
    for cell, aim in (("lstm", 8), ("gru", 5)):
        theirs = CELLS[cell](N_CHANNELS, 64, batch_first=True)
        ours = RecurrentLayer(N_CHANNELS, 64, cell=cell)

        def packed(net=theirs) -> None:
            for index in torch.randperm(320).split(32):
                net.zero_grad()
                batch = pack_padded_sequence(
                    sequences[index], lengths[index], True, enforce_sorted=False
                )
                net(batch)[0].data.sum().backward()

        def pooled(net=ours) -> None:
            # Batches as in our fits: sorted by length, then shuffled.
            by_length = lengths.argsort().split(32)
            for number in torch.randperm(len(by_length)).tolist():
                index = by_length[number]
                net.zero_grad()
                n_steps = int(lengths[index].max())
                net(sequences[index, :n_steps], lengths[index])[0].sum().backward()

        def same_batches(net=ours) -> None:
            for index in torch.randperm(320).split(32):
                net.zero_grad()
                net(sequences[index], lengths[index])[0].sum().backward()

        yield row(f"{cell.upper()}", ratios(packed, pooled, pairs, 1), aim)
        found = ratios(packed, same_batches, pairs, 1)
        yield row(f"{cell.upper()}, not pooled by length", found)


def peak(pairs: int) -> Iterator[str]:
    """Percent of the processor's multiply-adds, by the fastest of many short runs."""
    most = fused_multiply_adds()
    yield f"\n| {most / 1e9:.0f} thousand million multiply-adds a second | percent |"
    yield "| --- | --- |"
    for cell, gates in (("rnn", 1), ("gru", 3), ("lstm", 4)):
        for batch, n_steps in ((32, 20), (256, 20), (256, N_STEPS)):
            layer = RecurrentLayer(N_CHANNELS, 128, cell=cell)
            x = torch.randn(batch, n_steps, N_CHANNELS)
            run = trained(
                lambda x, net=layer: net(x)[0],
                layer,
                x,
                torch.randn(batch, n_steps, 128),
            )
            # Products with the weights, their gradients, and those of the states.
            number = gates * 128 * (2 * (128 + 1 + N_CHANNELS) + 128) * batch * n_steps
            fastest = min(cpu_seconds_of(run) for _ in range(10 * pairs))
            share = 100 * number / fastest / most
            yield f"| {cell.upper()}, H128, B{batch}, {n_steps} steps | {share:.0f} |"


def cpu_seconds_of(run: Run) -> float:
    """Run, and return the time that this thread took, without waiting for the others."""
    start = time.thread_time()
    run()
    return time.thread_time() - start


def many_steps(pairs: int) -> Iterator[str]:
    """Time per step of one sequence in training, as it grows."""
    sizes = (100, 1000, 10_000, 100_000)
    yield "\n| us of CPU time per step, H64, B1 | " + " | ".join(map(str, sizes)) + " |"
    yield "| --- |" + " --- |" * len(sizes)
    for cell, chunk in (
        *(("mingru", None), ("minlstm", None), ("qrnn", None)),
        *(("gru", 1000), ("lstm", 1000)),
    ):
        stack = RecurrentStack(N_CHANNELS, 64, cell=cell)
        stack.bptt_steps = chunk
        found = []
        for n_steps in sizes:
            x, up = torch.randn(1, n_steps, N_CHANNELS), torch.randn(1, n_steps, 64)
            run = trained(lambda x, net=stack: net(x)[0], stack, x, up)
            repeats = max(2, min(50, 10_000 * pairs // n_steps))
            best = min(cpu_seconds_of(run) for _ in range(repeats))
            found.append(f"{1e6 * best / n_steps:.2f}")
        name = cell if chunk is None else f"{cell}, bptt_steps={chunk}"
        yield f"| {name} | " + " | ".join(found) + " |"


def scan(pairs: int) -> Iterator[str]:
    """Cells whose gates read only the input: step by step, and as a scan over time."""
    yield from head("step by step / as a scan, forward and backward, 64 inputs, H64")

    def choose(is_scan: bool) -> None:
        _kernels.reads_only_input = reads_only_input if is_scan else lambda cell: False
        _compiled.plan_of.cache_clear()
        _compiled._source_of.cache_clear()

    for cell in ("mingru", "minlstm", "qrnn"):
        for batch, n_steps in ((1, 1000), (8, 1000), (32, N_STEPS)):
            layer = RecurrentLayer(64, 64, cell=cell)
            x = torch.randn(batch, n_steps, 64, requires_grad=True)
            up = torch.randn(batch, n_steps, 64)
            run = trained(lambda x, net=layer: net(x)[0], layer, x, up)
            found = []
            for _ in range(pairs):
                seconds = []
                for is_scan in (False, True):
                    choose(is_scan)
                    run()
                    seconds.append(min(cpu_seconds_of(run) for _ in range(3)))
                found.append(seconds[0] / seconds[1])
            yield row(f"{cell}, B{batch}, {n_steps} steps", found)
    choose(is_scan=True)


def predicting(pairs: int) -> Iterator[str]:
    """Predictions for 5000 sequences, compared with torch in the same chunks."""
    yield from head("predicting 5000 x 100 x 3, H64")
    X = np.random.default_rng(0).normal(size=(5000, N_STEPS, N_CHANNELS))
    X = X.astype(np.float32)
    for cell, name, aim in (
        ("gru", "GRU", 3),
        ("rnn", "SimpleRNN", None),
        ("lstm", "LSTM", None),
    ):
        build = getattr(sksequence, f"{name}Classifier")
        model = build(hidden_size=64, random_convolutions=0, max_epochs=1)
        model.fit(X[:64], np.arange(64) % 2)
        recurrence = CELLS[cell](N_CHANNELS, 64, batch_first=True).eval()
        head_layer = nn.Linear(64, 2)

        def theirs(net=recurrence, last=head_layer) -> None:
            with torch.inference_mode():
                for part in torch.from_numpy(X).split(256):
                    last(net(part)[0].amax(1)).softmax(1)

        found = ratios(theirs, lambda m=model: m.predict_proba(X), pairs, 1)
        yield row(name, found, aim)
        model.set_params(n_jobs=2)
        found = ratios(theirs, lambda m=model: m.predict_proba(X), pairs, 1)
        yield row(f"{name}, ours with two threads", found, aim)


# ------------------------------------------------------------------------------- hybrids


class TorchHybrid(nn.Module):
    """Convolutions before and parallel to a recurrence, as one would write in torch."""

    def __init__(self, before: tuple[int, ...], beside: tuple[int, ...], cell: str):
        super().__init__()
        self.before = self._convolutions(before, [5] * len(before))
        width = before[-1] if before else N_CHANNELS
        self.recurrence = CELLS[cell](width, 64, batch_first=True)
        self.beside = self._convolutions(beside, [8, 5, 3][: len(beside)])
        self.head = nn.Linear(64 + (beside[-1] if beside else 0), 2)

    @staticmethod
    def _convolutions(channels: tuple[int, ...], kernels: list[int]) -> nn.Sequential:
        layers: list[nn.Module] = []
        width = N_CHANNELS
        for out, kernel in zip(channels, kernels, strict=True):
            convolution = nn.Conv1d(width, out, kernel, padding="same", bias=False)
            layers += [convolution, nn.BatchNorm1d(out), nn.ReLU()]
            width = out
        return nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        steps = self.recurrence(self.before(x.transpose(1, 2)).transpose(1, 2))[0]
        found = [steps.amax(1)]
        if len(self.beside):
            found.append(self.beside(x.transpose(1, 2)).mean(2))
        return self.head(torch.cat(found, 1))


def as_fits_do(network: SequenceNetwork, x: Tensor, up: Tensor) -> Run:
    """Forward and backward without autograd, as in a fit."""
    assert can_be_direct(network)
    direct = DirectNetwork(network)

    def step() -> None:
        direct.forward(x)
        direct.backward(up)

    return step


def hybrids(pairs: int) -> Iterator[str]:
    """Networks with a convolutional front end or branch, forward and backward."""
    yield from head("forward and backward, hybrid, H64, B64")
    for cell in ("gru", "lstm"):
        for name, before, beside in (
            ("32 channels before", (32,), ()),
            ("32 and 64 before", (32, 64), ()),
            ("32, 64 and 32 beside", (), (32, 64, 32)),
        ):
            theirs = TorchHybrid(before, beside, cell)
            ours = SequenceNetwork(
                N_CHANNELS,
                2,
                cell=cell,
                hidden_size=64,
                conv_channels=before,
                parallel_channels=beside,
            )
            x, up = torch.randn(64, N_STEPS, N_CHANNELS), torch.randn(64, 2)
            reference = trained(theirs, theirs, x, up)
            found = ratios(reference, as_fits_do(ours, x, up), pairs, 3)
            yield row(f"{cell.upper()}, {name}", found, 1.8)
            found = ratios(reference, trained(ours, ours, x, up), pairs, 3)
            yield row(f"{cell.upper()}, {name}, ours by autograd", found)


def readers_and_poolings(pairs: int) -> Iterator[str]:
    """Tokens and attention pooling as fits train them, compared with torch's layers."""
    yield from head("forward and backward, by autograd and torch's layers / as in a fit")
    for batch, n_steps, hidden in ((64, 100, 64), (16, 25, 32)):
        for cell in ("gru", "lstm"):
            for name, read, more in (
                ("attention pooling", N_CHANNELS, {"pooling": "attention"}),
                ("5000 tokens of 32 numbers", 5000, {"embedding_dim": 32}),
            ):
                network = SequenceNetwork(read, 2, cell=cell, hidden_size=hidden, **more)
                x, up = torch.randn(batch, n_steps, N_CHANNELS), torch.randn(batch, 2)
                if "embedding_dim" in more:
                    x = torch.randint(5000, (batch, n_steps, 1))

                by_autograd = trained(network, network, x, up)

                def theirs(run=by_autograd) -> None:
                    serves, _attending.serves = _attending.serves, lambda *_: False
                    try:
                        run()
                    finally:
                        _attending.serves = serves

                found = ratios(theirs, as_fits_do(network, x, up), pairs, 3)
                size = f"H{hidden}, B{batch}, {n_steps} steps"
                yield row(f"{cell.upper()}, {name}, {size}", found)


# --------------------------------------------------------------------------------- videos


def videos(pairs: int) -> Iterator[str]:
    """Train a convolutional LSTM with kernels, compared with torch's autograd."""
    yield from head("forward and backward, ConvLSTM, 8 videos of 10 frames of 16 x 16")
    for channels, hidden in ((1, 16), (3, 16), (16, 16), (16, 64)):
        layer = ConvLSTM(channels, hidden)
        x = torch.randn(8, 10, channels, 16, 16)
        up = torch.randn(8, 10, hidden, 16, 16)
        ours = trained(lambda x, net=layer: net(x)[0], layer, x, up)

        def theirs(run=ours) -> None:
            load, _kernels.load = _kernels.load, lambda *_: None
            try:
                run()
            finally:
                _kernels.load = load

        found = ratios(theirs, ours, pairs, 2)
        yield row(f"{channels} to {hidden} channels", found, 2.5)


# ------------------------------------------------------------------------ whole estimator


def epochs(pairs: int) -> Iterator[str]:
    """Time of a whole fit by cell, and speed-up by a second thread."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(640, N_STEPS, N_CHANNELS)).astype(np.float32)
    y = X.mean(axis=(1, 2)) > 0

    def fit(build, **params) -> Run:
        keywords = {"max_epochs": 2, "random_convolutions": 0, "random_state": 0}
        keywords |= params
        return lambda: build(**keywords).fit(X, y)

    yield from head("a fit of two epochs, 640 x 100 x 3, H64, B64")
    pair = (LSTMClassifier, GRUClassifier), (GRUClassifier, SimpleRNNClassifier)
    for slow, fast in pair:
        params = {"hidden_size": 64, "batch_size": 64}
        found = ratios(fit(slow, **params), fit(fast, **params), pairs, 1)
        name = f"{slow.__name__[:-10]} / {fast.__name__[:-10]}"
        yield row(name, found, 1)
    for build in (LSTMClassifier, GRUClassifier, SimpleRNNClassifier):
        for hidden, batch in ((64, 64), (128, 64), (128, 256)):
            params = {"hidden_size": hidden, "batch_size": batch}
            found = ratios(
                fit(build, n_jobs=1, **params), fit(build, n_jobs=2, **params), pairs, 1
            )
            name = f"{build.__name__[:-10]}, H{hidden}, B{batch}: one thread / two"
            yield row(name, found, 1.7)


def divided(pairs: int) -> Iterator[str]:
    """The CPU time of a fit that threads divide, what two can therefore reach, and do."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(640, N_STEPS, N_CHANNELS)).astype(np.float32)
    y = X.mean(axis=(1, 2)) > 0
    yield "\n| a fit, H64, B64 | ms per batch | divided | at most, two threads | clock |"
    yield "| --- | --- | --- | --- | --- |"
    spent: list[float] = []

    def share(work: Callable[[int], None], workers: int) -> None:
        spent.append(cpu_seconds_of(lambda: [work(worker) for worker in range(workers)]))

    _direct_layers.share = share
    for build in (LSTMClassifier, GRUClassifier, SimpleRNNClassifier):
        for epochs in (2, 10):
            params = {"hidden_size": 64, "batch_size": 64, "random_state": 0}
            params["random_convolutions"] = 0
            one, two = (build(max_epochs=epochs, n_jobs=n, **params) for n in (1, 2))
            found = []
            for _ in range(pairs):
                spent.clear()
                # Of two threads, one after the other.
                whole = cpu_seconds_of(partial(two.fit, X, y))
                found.append((whole, sum(spent)))
            whole, part = min(found)
            _direct_layers.share = _threads.share
            clock = statistics.median(
                ratios(partial(one.fit, X, y), partial(two.fit, X, y), pairs, 1)
            )
            _direct_layers.share = share
            cell, ms = build.__name__[:-10], whole * 1000 / (10 * epochs)
            yield (
                f"| {cell}, {epochs} epochs | {ms:.2f} | {100 * part / whole:.0f} % | "
                f"{whole / (whole - part / 2):.2f} | {clock:.2f} |"
            )
    _direct_layers.share = _threads.share


# -------------------------------------------------------------------------------- memory

MEMORY = """
import re, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from torch import nn
from sksequence.nn import RecurrentLayer
cell, hidden, batch, whose = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
if whose == "torch":
    layer = {"gru": nn.GRU, "rnn": nn.RNN, "lstm": nn.LSTM}[cell](
        3, hidden, batch_first=True)
else:
    layer = RecurrentLayer(3, hidden, cell=cell)
small = torch.randn(2, 3, 3)
layer(small)[0].sum().backward()
def megabytes(what):
    status = Path("/proc/self/status").read_text()
    return int(re.search(rf"{what}:\\s+(\\d+)", status)[1]) / 1024
optimizer = torch.optim.Adam(layer.parameters())
optimizer.step()
before = megabytes("VmRSS")
Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
x, up = torch.randn(batch, 100, 3), torch.randn(batch, 100, hidden)
for _ in range(5):
    optimizer.zero_grad()
    layer(x)[0].backward(up)
    optimizer.step()
print(megabytes("VmHWM") - before)
"""


def memory(pairs: int) -> Iterator[str]:
    """Peak memory of training, without imports and weights; needs Linux."""
    yield "\n| training | torch, MB | ours, MB | ours / torch | at most |"
    yield "| --- | --- | --- | --- | --- |"
    for cell in CELLS:
        for hidden, batch in ((64, 256), (128, 256)):
            found = []
            for whose in ("torch", "ours"):
                command = [sys.executable, "-c", MEMORY, cell, str(hidden), str(batch)]
                done = subprocess.run(
                    [*command, whose], capture_output=True, text=True, check=True
                )
                found.append(float(done.stdout))
            theirs, ours = found
            yield (
                f"| {cell.upper()}, H{hidden}, B{batch} | {theirs:.0f} | {ours:.0f} | "
                f"{ours / theirs:.2f} | 1.5 |"
            )


PARTS = (
    *(layers, minimal, limit, peak, many_steps, scan, unequal, predicting, hybrids),
    *(readers_and_poolings, videos, epochs, divided, memory),
)


def main() -> None:
    """Print Markdown tables."""
    torch.manual_seed(0)
    print_parts(__doc__, PARTS, 11, (sksequence, torch, numba, llvmlite))


if __name__ == "__main__":
    main()
