"""Latency of a deployed model, for one sequence at a time.

Every method in ``WAYS`` is compared with the simplest code in torch: a layer of
``torch.nn`` with the same weights, max pooling and a head. The two are timed alternately
in one process on one thread, and the median ratio of consecutive measurements is printed:
above one the method is faster. Their predictions are compared first.

    python benchmarks/deployment.py
    python benchmarks/deployment.py --only exports
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from timing import Run, print_parts, ratios, seconds_of

import sksequence
from sksequence import RecurrentClassifier

CELLS = ("rnn", "gru", "lstm")
N_STEPS, N_CHANNELS, HIDDEN = 100, 3, 64
NETWORKS: dict[str, dict[str, Any]] = {
    "one layer": {},
    "two layers, both directions": {"num_layers": 2, "bidirectional": True},
    "convolutions before and beside": {
        **{"conv_channels": (64, 64), "conv_stride": 2},
        **{"parallel_channels": (128, 256, 128), "pooling": "attention"},
    },
    "decay": {"missing": "decay", "bidirectional": True},
}


def fitted(cell: str, **params: Any) -> tuple[RecurrentClassifier, np.ndarray]:
    """Return a classifier fitted for one epoch, and its training sequences."""
    X = np.random.default_rng(0).normal(size=(32, N_STEPS, N_CHANNELS))
    model = RecurrentClassifier(
        cell=cell,
        hidden_size=HIDDEN,
        max_epochs=1,
        random_state=0,
        **params,
        random_convolutions=0,
    )
    return model.fit(X.astype(np.float32), np.arange(32) % 3), X.astype(np.float32)


def session_of(model: Any) -> onnxruntime.InferenceSession:
    """Return the model in onnxruntime, on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        model.to_onnx(path)
        return onnxruntime.InferenceSession(path, options)


# ------------------------------------------------- methods: return probabilities (1, n)


def torch_layers(model: Any, x: np.ndarray) -> Run:
    """The simplest code in torch, for a model of one layer with pooling="max"."""
    network, tensor = model.net_.module_.eval(), torch.from_numpy(x)
    layer, head = network.recurrence.layers[0].ahead, network.head

    @torch.inference_mode()
    def run() -> np.ndarray:
        return torch.softmax(head(layer(tensor)[0].amax(1)), 1).numpy()

    return run


def torch_network(model: Any, x: np.ndarray) -> Run:
    """The estimator's network, without the estimator."""
    network, tensor = model.net_.module_.eval(), torch.from_numpy(x)

    @torch.inference_mode()
    def run() -> np.ndarray:
        return torch.softmax(network(tensor), 1).numpy()

    return run


def estimator(model: Any, x: np.ndarray) -> Run:
    """The estimator, including validation and scaling."""
    return lambda: model.predict_proba(x)


def onnx_file(model: Any, x: np.ndarray) -> Run:
    """The file, in onnxruntime."""
    session = session_of(model)
    inputs = {"X": x, "lengths": np.array([x.shape[1]])}
    return lambda: session.run(["probabilities"], inputs)[0]


def numpy_alone(model: Any, x: np.ndarray) -> Run:
    """The predictor that needs only numpy."""
    predictor = model.to_numpy()
    return lambda: predictor.predict_proba(x)


PLAINEST = torch_layers
WAYS: dict[str, Callable[[Any, np.ndarray], Run]] = {
    "predict_proba": estimator,
    "network in torch": torch_network,
    "onnxruntime": onnx_file,
    "numpy": numpy_alone,
}


# --------------------------------------------------------------------------------- parts


def latencies(pairs: int) -> Iterator[str]:
    """One sequence of 100 steps, 3 channels, 64 units."""
    yield "\n| one sequence | torch.nn / it | middle half | microseconds | apart |"
    yield "| --- | --- | --- | --- | --- |"
    for cell in CELLS:
        # Without scaling, which the simplest code does not have.
        model, X = fitted(cell, standardize=False)
        one = X[:1]
        plainest = PLAINEST(model, one)
        for name, make in WAYS.items():
            run = make(model, one)
            apart = np.abs(np.asarray(run()) - np.asarray(plainest())).max()
            found = ratios(plainest, run, pairs, repeats=50)
            low, middle, high = statistics.quantiles(found, n=4)
            seconds = statistics.median(seconds_of(run) for _ in range(10 * pairs))
            yield (
                f"| {cell.upper()}, {name} | {middle:.2f} | {low:.2f} ... {high:.2f} | "
                f"{1e6 * seconds:.0f} | {apart:.0e} |"
            )


def steps(pairs: int) -> Iterator[str]:
    """One step that returns a class, compared with torch's own cell and a head."""
    yield "\n| one step | torch's / it | middle half | least microseconds | median |"
    yield "| --- | --- | --- | --- | --- |"
    for cell in CELLS:
        model, X = fitted(cell, standardize=False)
        x = X[0, 0].astype(np.float64)
        for n_streams, name in (
            (None, "compiled"),
            (None, "numpy"),
            (10_000, "10 000 at once"),
        ):
            source = model if name != "numpy" else model.to_numpy()
            stream = source.open_stream(n_streams)
            step = x if n_streams is None else np.tile(x, (n_streams, 1))

            def run(stream: Any = stream, step: np.ndarray = step) -> object:
                return stream.step(step)

            plainest = torch_cell(model, step.reshape(-1, N_CHANNELS))
            repeats = 500 if n_streams is None else 1
            found = ratios(plainest, run, pairs, repeats)
            low, middle, high = statistics.quantiles(found, n=4)
            times = [1e6 * seconds_of(several, run, repeats) / repeats
                     for _ in range(pairs)]  # fmt: skip
            yield (
                f"| {cell.upper()}, {name} | {middle:.2g} | {low:.2g} ... {high:.2g} | "
                f"{min(times):.1f} | {statistics.median(times):.1f} |"
            )


def several(run: Run, repeats: int) -> None:
    for _ in range(repeats):
        run()


def torch_cell(model: Any, x: np.ndarray) -> Run:
    """The simplest code for a step, with the cell of torch.nn."""
    network, tensor = model.net_.module_.eval(), torch.from_numpy(x).float()
    layer, head = network.recurrence.layers[0].ahead, network.head
    kinds = {"rnn": torch.nn.RNNCell, "gru": torch.nn.GRUCell, "lstm": torch.nn.LSTMCell}
    cell = kinds[model.cell](N_CHANNELS, HIDDEN)
    with torch.no_grad():
        for weight, own in zip(cell.parameters(), layer.parameters(), strict=True):
            weight.copy_(own)
    zeros = torch.zeros(len(x), HIDDEN)
    state: Any = (zeros, zeros) if model.cell == "lstm" else zeros
    largest = torch.full((len(x), HIDDEN), -torch.inf)

    @torch.inference_mode()
    def run() -> np.ndarray:
        nonlocal state, largest
        state = cell(tensor, state)
        largest = torch.maximum(largest, state[0] if model.cell == "lstm" else state)
        return head(largest).argmax(1).numpy()

    return run


def exports(pairs: int) -> Iterator[str]:
    """Write files, with onnx already imported."""
    yield "\n| to_onnx | milliseconds, median | longest | kilobytes |"
    yield "| --- | --- | --- | --- |"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        for cell in CELLS:
            for name, params in NETWORKS.items():
                model, _ = fitted(cell, **params)
                model.to_onnx(path)
                found = [1e3 * seconds_of(model.to_onnx, path) for _ in range(pairs)]
                yield (
                    f"| {cell.upper()}, {name} | {statistics.median(found):.1f} | "
                    f"{max(found):.1f} | {path.stat().st_size / 1024:.0f} |"
                )


PARTS = (latencies, steps, exports)


def main() -> None:
    """Print Markdown tables."""
    libraries = sksequence, torch, onnx, onnxruntime
    print_parts(__doc__.splitlines()[0], PARTS, 21, libraries)


if __name__ == "__main__":
    main()
