"""Cells whose gates read only the input: a scan over time beside other kernels."""

from __future__ import annotations

import pytest
import torch

from helpers.kernels import KERNELS_ARE_ON, drawn_layer
from sksequence import _kernels
from sksequence._cells import GRU, QRNN, MinGRU, MinLSTM
from sksequence._kernels import ScanLayout, layout, reads_only_input
from sksequence.nn import _compiled
from sksequence.nn._threads import kernel_threads

pytestmark = KERNELS_ARE_ON
SCANNED = [MinGRU, MinLSTM, QRNN]
# Sequences, steps, channels and units: one that is long, some, a block, and several.
SIZES = [(1, 300, 5, 20), (3, 40, 3, 40), (32, 21, 6, 33), (70, 11, 1, 16)]


@pytest.fixture
def step_by_step(monkeypatch):
    """Turn the scan off and on."""

    def switch(off):
        answer = (lambda cell: False) if off else reads_only_input
        monkeypatch.setattr(_kernels, "reads_only_input", answer)
        forget_plans()

    yield switch
    forget_plans()


def forget_plans():
    for known in (_compiled.plan_of, _compiled._source_of, _compiled.kept_of):
        known.cache_clear()


def passes(cell, n, n_steps, channels, hidden, *, ragged, reverse, wants_x, dtype):
    """A function that returns outputs and gradients of a layer, to be called again."""
    torch.manual_seed(0)
    layer = drawn_layer(cell, channels, hidden, dtype)
    x = torch.randn(n, n_steps, channels, dtype=dtype)
    start = [torch.randn(n, hidden, dtype=dtype) for _ in range(cell.n_states)]
    lengths = torch.randint(1, n_steps + 1, (n,))
    lengths[-1] = n_steps
    upstream = [torch.randn(n, n_steps, hidden, dtype=dtype)]
    upstream += [torch.randn(n, hidden, dtype=dtype) for _ in start]

    def run():
        inputs = [x.clone().requires_grad_(wants_x)]
        inputs += [part.clone().requires_grad_() for part in start]
        layer.zero_grad()
        outputs = _compiled.recurrence(
            layer,
            inputs[0],
            lengths if ragged else None,
            reverse=reverse,
            state=tuple(inputs[1:]),
        )
        torch.autograd.backward(outputs, upstream)
        gradients = [t.grad for t in (*inputs, *layer.parameters()) if t.requires_grad]
        return [*(output.detach() for output in outputs), *map(torch.clone, gradients)]

    return run


def assert_same_bits(ones, others):
    assert len(ones) == len(others)
    assert all(torch.equal(a, b) for a, b in zip(ones, others, strict=True))


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("cell", SCANNED)
def test_a_scan_has_the_bits_of_the_recurrence(
    step_by_step, monkeypatch, cell, size, reverse, keeps
):
    if not keeps:
        monkeypatch.setattr(layout, "_MOST_KEPT", 0)
    for ragged, wants_x in ((False, True), (True, True), (True, False)):
        run = passes(
            cell,
            *size,
            ragged=ragged,
            reverse=reverse,
            wants_x=wants_x,
            dtype=torch.float32,
        )
        step_by_step(True)
        expected = run()
        step_by_step(False)
        for n_threads in (1, 2, 3):
            with kernel_threads(n_threads):
                assert_same_bits(run(), expected)


def test_also_in_double_precision(step_by_step):
    options = {"ragged": True, "reverse": False, "wants_x": True}
    run = passes(MinGRU, 5, 50, 3, 20, **options, dtype=torch.float64)
    step_by_step(True)
    expected = run()
    step_by_step(False)
    assert_same_bits(run(), expected)


def test_chains_of_gradients_are_summed_in_their_order(step_by_step):
    n = 32 * (_kernels.MOST_CHAINS + 2)
    options = {"ragged": True, "reverse": False, "wants_x": False}
    run = passes(MinGRU, n, 3, 2, 16, **options, dtype=torch.float32)
    step_by_step(True)
    expected = run()
    step_by_step(False)
    for n_threads in (1, 3):
        with kernel_threads(n_threads):
            assert_same_bits(run(), expected)


def test_training_on_many_steps_keeps_next_to_nothing():
    """What is kept of a step is less than its hidden states, which the output has."""
    for cell in SCANNED:
        sizes = ScanLayout(cell, 3, 64, 4)
        kept = [sizes.kept(1, n_steps).size for n_steps in (10_000, 100_000)]
        assert kept[1] <= (cell.n_states - 1) * 100_000 * 64 / 2
        assert kept[1] <= 10.1 * kept[0]
    many = ScanLayout(MinGRU, 3, 64, 4)
    assert many.kept(32, 100).values
    assert not many.kept(32, 100_000).values


def test_units_are_shared_where_there_are_more_threads_than_sequences():
    sizes = ScanLayout(MinGRU, 3, 64, 4)
    assert sizes.most_workers(1) == 4
    assert sizes.most_workers(1, wants_x=True) == 1
    assert not reads_only_input(GRU)
