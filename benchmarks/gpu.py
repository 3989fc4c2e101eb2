"""Recurrent layers and whole fits on a GPU, as ratios within one run.

    python benchmarks/gpu.py
    python benchmarks/gpu.py --only layers epochs

Both sides of a ratio are timed alternately, and the median ratio is printed: a / b above
one means that b is faster. Work on a GPU is waited for before a clock is read. Whole fits
are those of 1024 sequences of 50 to 100 steps with 8 channels, and of 128 films of 10
frames of 16 x 16 pixels; an epoch is the median of its fit.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import torch
from accuracy import cpu_model
from torch import Tensor, nn

from sksequence import ConvLSTMClassifier, GRUClassifier, LSTMClassifier
from sksequence._training.devices import full_precision
from sksequence.nn import RecurrentLayer

CELLS: dict[str, type[nn.RNNBase]] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
CELLS_OF_TORCH = {"lstm": nn.LSTMCell, "gru": nn.GRUCell, "rnn": nn.RNNCell}
SIZES = [(32, 32), (128, 64), (512, 256)]
N_STEPS, N_CHANNELS = 100, 8

Run = Callable[[], object]


def wait(device: str) -> None:
    """Wait until all work on a device is done."""
    if device != "cpu":
        torch.cuda.synchronize(device)


def seconds_of(run: Run, device: str, repeats: int) -> float:
    """Return the time of one call, the mean of several."""
    wait(device)
    start = time.perf_counter()
    for _ in range(repeats):
        run()
    wait(device)
    return (time.perf_counter() - start) / repeats


def compare(theirs: Run, ours: Run, device: str, pairs: int) -> tuple[float, float]:
    """Return the median ratio of both times, and the median milliseconds of ours."""
    for run in (theirs, ours):
        seconds_of(run, device, 3)
    repeats = max(1, min(10, int(0.05 / seconds_of(theirs, device, 1))))
    found = [
        (seconds_of(theirs, device, repeats), seconds_of(ours, device, repeats))
        for _ in range(pairs)
    ]
    ratio = statistics.median(first / second for first, second in found)
    return ratio, 1e3 * statistics.median(second for _, second in found)


def row(*cells: object) -> str:
    """Return a row of a table."""
    shown = (f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in cells)
    return f"| {' | '.join(shown)} |"


def head(*cells: str) -> list[str]:
    """Return the head of a table."""
    return [f"\n{row(*cells)}", row(*("---" for _ in cells))]


def step_of(run: Callable[[Tensor], Tensor], module: nn.Module, x: Tensor) -> Run:
    """Return forward and backward pass, as in training."""
    up = torch.randn_like(run(x))

    def step() -> None:
        module.zero_grad()
        run(x).backward(up.to(x.dtype))

    return step


class Loop(nn.Module):
    """A bare loop over torch's cell."""

    def __init__(self, cell: str, hidden: int) -> None:
        super().__init__()
        self.cell = CELLS_OF_TORCH[cell](N_CHANNELS, hidden)

    def forward(self, x: Tensor) -> Tensor:
        state, steps = None, []
        for step in x.unbind(1):
            state = self.cell(step, state)
            steps.append(state[0] if isinstance(state, tuple) else state)
        return torch.stack(steps, 1)


# --------------------------------------------------------------------------------- tables


def layers(device: str, pairs: int) -> Iterator[str]:
    """One layer, forward and backward: a bare loop, cuDNN's and ours."""
    yield from head(
        *("forward and backward", "ours, ms", "loop / ours", "torch.nn / ours"),
        "torch.nn / ours, with lengths",
    )
    for cell, build in CELLS.items():
        for hidden, batch in SIZES:
            theirs = build(N_CHANNELS, hidden, batch_first=True).to(device)
            ours = RecurrentLayer(N_CHANNELS, hidden, cell=cell).to(device)
            loop = Loop(cell, hidden).to(device)
            x = torch.randn(batch, N_STEPS, N_CHANNELS, device=device)
            lengths = torch.linspace(N_STEPS // 2, N_STEPS, batch).long().to(device)
            plain = step_of(lambda x, net=theirs: net(x)[0], theirs, x)
            own = step_of(lambda x, net=ours: net(x)[0], ours, x)
            ragged = step_of(
                lambda x, net=ours, lengths=lengths: net(x, lengths)[0], ours, x
            )
            by_loop, _ = compare(step_of(loop, loop, x), own, device, pairs)
            by_torch, duration = compare(plain, own, device, pairs)
            with_lengths, _ = compare(plain, ragged, device, pairs)
            what = f"{cell}, {hidden} units, batch {batch}"
            yield row(what, duration, by_loop, by_torch, with_lengths)


def cells(device: str, pairs: int) -> Iterator[str]:
    """What torch has no layer for runs step by step."""
    yield from head("forward and backward, 128 units, batch 64", "ms", "LSTM / this")
    lstm = RecurrentLayer(N_CHANNELS, 128, cell="lstm").to(device)
    x = torch.randn(64, N_STEPS, N_CHANNELS, device=device)
    base = step_of(lambda x: lstm(x)[0], lstm, x)
    others = {cell: {"cell": cell} for cell in ("indrnn", "mingru", "minlstm", "qrnn")}
    others["lstm, layer_norm"] = {"cell": "lstm", "layer_norm": True}
    others["lstm, recurrent_dropout"] = {"cell": "lstm", "recurrent_dropout": 0.2}
    for name, params in others.items():
        layer = RecurrentLayer(N_CHANNELS, 128, **params).to(device)
        step = step_of(lambda x, net=layer: net(x)[0], layer, x)
        ratio, duration = compare(base, step, device, pairs)
        yield row(name, duration, ratio)


def precision(device: str, pairs: int) -> Iterator[str]:
    """One LSTM in lower precision, and how far its states are from float64."""
    yield from head(
        *("LSTM, forward and backward", "precision", "ms", "float32 / this"),
        "relative error of the states",
    )
    for hidden, batch in [(128, 64), (512, 256), (1024, 512)]:
        layer = RecurrentLayer(N_CHANNELS, hidden, cell="lstm").to(device)
        x = torch.randn(batch, N_STEPS, N_CHANNELS, device=device)
        with torch.no_grad():
            exact = RecurrentLayer(N_CHANNELS, hidden, cell="lstm").double()
            exact.load_state_dict(layer.state_dict())
            expected = exact.to(device)(x.double())[0]

        def plain(x: Tensor, layer: nn.Module = layer) -> Tensor:
            return layer(x)[0]

        def full(x: Tensor, layer: nn.Module = layer) -> Tensor:
            with full_precision(device):
                return layer(x)[0]

        def lowered(x: Tensor, dtype: torch.dtype, layer: nn.Module = layer) -> Tensor:
            with torch.autocast(torch.device(device).type, dtype):
                return layer(x)[0]

        runs = {
            "float32": full,
            "TF32 (torch's default)": plain,
            "bfloat16": partial(lowered, dtype=torch.bfloat16),
            "float16": partial(lowered, dtype=torch.float16),
        }
        base = step_of(full, layer, x)
        for name, run in runs.items():
            ratio, duration = compare(base, step_of(run, layer, x), device, pairs)
            with torch.no_grad():
                error = (run(x).double() - expected).norm() / expected.norm()
            what = f"{hidden} units, batch {batch}"
            yield row(what, name, duration, ratio, f"{float(error):.0e}")


def data(n: int, n_steps: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Sequences of unequal length, and classes."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(n_steps // 2, n_steps + 1, n)
    X = [rng.normal(size=(k, N_CHANNELS)).astype(np.float32) for k in lengths]
    return X, np.arange(n) % 4


BRANCH = {"parallel_channels": (128, 256, 128), "parallel_kernel_size": (8, 5, 3)}
ALONE = {"random_convolutions": 0}
FITS: list[tuple[Any, dict[str, Any]]] = [
    (LSTMClassifier, {**ALONE, "hidden_size": 32, "batch_size": 32}),
    (LSTMClassifier, {**ALONE, "hidden_size": 128, "batch_size": 128}),
    (LSTMClassifier, {**ALONE, "hidden_size": 256, "batch_size": 512}),
    (GRUClassifier, {**ALONE, "hidden_size": 32, "batch_size": 32}),
    (GRUClassifier, {**ALONE, "hidden_size": 128, "batch_size": 128}),
    (GRUClassifier, {**ALONE, "hidden_size": 256, "batch_size": 512}),
    (LSTMClassifier, {**ALONE, "hidden_size": 64, "batch_size": 128, **BRANCH}),
    (ConvLSTMClassifier, {"hidden_size": 16, "batch_size": 32}),
]
PLACES: dict[str, dict[str, Any]] = {
    "gpu": {},
    "lower": {"mixed_precision": "bfloat16"},
    "one": {"device": "cpu", "n_jobs": 1},
    "all": {"device": "cpu", "n_jobs": -1},
}


def epochs(device: str, pairs: int) -> Iterator[str]:
    """Whole fits and predictions, on the CPU with one thread and with all."""
    yield from head(
        *("fit", "GPU, s per epoch", "CPU, one thread / GPU", "CPU, all threads / GPU"),
        *("full / bfloat16", "predict: CPU, one thread / GPU"),
    )
    X, y = data(1024, N_STEPS)
    films = np.random.default_rng(0).normal(size=(128, 10, 16, 16)).astype(np.float32)
    for kind, params in FITS:
        read = (films, y[:128]) if kind is ConvLSTMClassifier else (X, y)
        found, answering = {}, {}
        for name, place in PLACES.items():
            n_epochs = 3 if place.get("device") == "cpu" else 1 + pairs
            settings = {"max_epochs": n_epochs, "device": device, **params, **place}
            model = kind(random_state=0, **settings).fit(*read)
            durations = [epoch["duration"] for epoch in model.history_[1:]]
            found[name] = statistics.median(durations)
            predict = partial(model.predict, read[0])
            runs = [seconds_of(predict, device, 1) for _ in range(3)]
            answering[name] = statistics.median(runs)
        gpu = found["gpu"]
        ratios = found["one"] / gpu, found["all"] / gpu, gpu / found["lower"]
        beside = ", convolutions beside" if "parallel_channels" in params else ""
        units, size = params["hidden_size"], params["batch_size"]
        what = f"{kind.__name__}, {units} units{beside}, batch {size}"
        yield row(what, f"{gpu:.3f}", *ratios, answering["one"] / answering["gpu"])


PARTS = {part.__name__: part for part in (layers, cells, precision, epochs)}


def main() -> None:
    """Print versions, the card's name and the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=[*PARTS])
    options = parser.parse_args()
    card = options.device
    if card != "cpu":
        card = torch.cuda.get_device_name(card)
        card += f", CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}"
    python = f"Python {platform.python_version()}"
    print(f"{date.today()}, {card}, {cpu_model()}, {python}, torch {torch.__version__}")
    for name in options.only:
        for line in PARTS[name](options.device, options.pairs):
            print(line, flush=True)


if __name__ == "__main__":
    main()
