"""What the compiled recurrence refuses, or leaves to torch."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from helpers.kernels import KERNELS_ARE_ON
from sksequence import _kernels
from sksequence._cells import CELLS
from sksequence.nn import RecurrentLayer, _compiled

pytestmark = KERNELS_ARE_ON


@pytest.mark.parametrize("cell", CELLS)
def test_non_contiguous_input_is_read_as_what_it_is(cell):
    layer = RecurrentLayer(3, 8, cell=cell)
    x = torch.randn(5, 12, 6)[:, ::2, 1::2]
    assert not x.is_contiguous()
    assert torch.equal(layer(x)[0], layer(x.clone().contiguous())[0])


@pytest.mark.parametrize("shape", [(0, 5, 3), (4, 0, 3)])
def test_empty_batches_are_left_to_torch(shape):
    assert not _compiled.serves(nn.GRU(3, 8, batch_first=True), torch.randn(shape))


@pytest.mark.parametrize(
    ("x", "why"),
    [
        (torch.randn(4, 5, 3, dtype=torch.bfloat16), "dtype"),
        (torch.randn(4, 5, 3, dtype=torch.float64), "another dtype than the weights'"),
        (torch.randn(4, 5, 2), "another number of channels"),
        (torch.randn(5, 3), "a lone sequence"),
        (torch.randn(4, 5, 3, device="meta"), "device"),
    ],
)
def test_what_kernels_do_not_read_is_left_to_torch(x, why):
    assert not _compiled.serves(nn.GRU(3, 8, batch_first=True), x), why


@pytest.mark.parametrize("kernels", [True, False])
@pytest.mark.parametrize(
    ("lengths", "words"),
    [
        ([5, 6], "from 1 to 5, got 5 to 6"),
        ([-1, 5], "from 1 to 5, got -1 to 5"),
        ([0, 5], "from 1 to 5, got 0 to 5"),
        ([5], r"shape \(2,\), one for each sequence, got \(1,\)"),
        ([5, 4, 3], r"shape \(2,\), one for each sequence, got \(3,\)"),
        ([[5, 4]], r"shape \(2,\), one for each sequence, got \(1, 2\)"),
    ],
)
def test_impossible_lengths_are_refused(lengths, words, kernels, monkeypatch):
    if not kernels:
        monkeypatch.setattr(_kernels, "load", lambda *_: None)
    layer = RecurrentLayer(3, 8, cell="gru")
    with pytest.raises(ValueError, match=f"lengths must.*{words}"):
        layer(torch.randn(2, 5, 3), torch.tensor(lengths))


def test_a_state_of_another_batch_is_refused():
    layer = nn.GRU(3, 8, batch_first=True)
    with pytest.raises(ValueError, match=r"state.*\(2, 8\).*got \(3, 8\)"):
        _compiled.recurrence(layer, torch.randn(2, 5, 3), state=(torch.zeros(3, 8),))


def test_autocast_is_left_to_torch():
    layer = nn.GRU(3, 8, batch_first=True)
    with torch.autocast("cpu", torch.bfloat16):
        assert not _compiled.serves(layer, torch.randn(2, 5, 3))
