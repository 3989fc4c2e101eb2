"""The branch parallel to the recurrence: pooling, prefixes, lengths that suffice."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from helpers.layers import LENGTHS, assert_equal, batch_of, scrambled
from sksequence.nn import ConvBranch

KERNELS = st.sampled_from([1, 2, 3, 8, 20, (9, 4, 1), (3, 2)])
SMALL = st.sampled_from([1, 1, 2, 3])


@st.composite
def branches(draw):
    """A branch of any form, of at most three layers."""
    n = draw(st.integers(1, 3))
    channels = draw(st.sampled_from([3, 8, 16, 64]))
    return ConvBranch(
        draw(st.sampled_from([1, 2, 5])),
        (channels,) * n,
        tuple(draw(st.lists(KERNELS, min_size=n, max_size=n))),
        tuple(draw(st.lists(SMALL, min_size=n, max_size=n))),
        dilation=tuple(draw(st.lists(SMALL, min_size=n, max_size=n))),
        residual=draw(st.sampled_from([None, 1, 2])),
        bottleneck_size=draw(st.sampled_from([None, 2, 5])),
        reduction=draw(st.sampled_from([None, 4])),
        n_segments=draw(SMALL),
        causal=draw(st.booleans()),
    )


@settings(max_examples=60, deadline=None)
@given(branches(), st.integers(0, 2**31), st.integers(0, 9))
def test_whatever_the_branch_its_output_is_a_sequences_own_to_the_bit(
    branch, seed, extra
):
    """In single precision, in multiples of eight as predictions are made."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in branch.state_dict().items():
        if "running" in name:
            tensor.uniform_(0.5, 2, generator=generator)
    lengths = torch.randint(1, 90, (24,), generator=generator)
    shape = 24, int(lengths.max()), branch.input_size
    X = torch.randn(shape, generator=generator)
    with torch.no_grad():
        together = branch.eval()(X, lengths)
        assert torch.isfinite(together).all()
        for rows in ([0] * 8, [1, 2, 3, 4] * 2, list(range(5, 21))):
            n_steps = int(lengths[rows].max())
            x = F.pad(X[rows, :n_steps], (0, 0, 0, extra), value=torch.nan)
            assert torch.equal(branch(x, lengths[rows]), together[rows])


FORMS = {
    "plain": {},
    "stride": {"stride": (2, 3)},
    "dilation": {"dilation": (1, 3)},
    "all": {"stride": (3, 1), "residual": 1, "reduction": 2, "bottleneck_size": 2},
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_branch_is_the_mean_of_the_convolved_steps(form):
    branch = scrambled(ConvBranch(3, (4, 5), (8, 3), **form))
    X, lengths = batch_of([9, 14, 7], padding=(np.nan,))
    for row, x, n in zip(branch(X, lengths), X, lengths, strict=True):
        steps, _ = branch.encoder(x[None, :n])
        assert_equal(row.detach(), steps[0].mean(0).detach())


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_prefixes_are_read_one_by_one(form):
    branch = scrambled(ConvBranch(3, (4, 5), (8, 3), causal=True, **form))
    X, block = torch.randn(2, 13, 3).double(), branch.encoder.total_stride
    prefixes = branch.prefixes(X)
    assert prefixes.shape[1] == 13 // block
    for i, end in enumerate(range(block, 14, block)):
        assert_equal(prefixes[:, i].detach(), branch(X[:, :end]).detach())


@pytest.mark.parametrize("causal", [False, True])
def test_each_step_has_the_output_of_its_block_or_of_the_last_complete_one(causal):
    branch = scrambled(ConvBranch(3, (4, 5), (8, 3), (2, 2), causal=causal))
    X, lengths = batch_of([11, 8], padding=(np.nan,))
    blocks, steps = branch.encoder(X, lengths)[0], branch.steps(X, lengths)
    assert steps.shape == (2, 11, 5)
    for t in range(8):
        block = (t + 1) // 4 - 1 if causal else t // 4
        expected = blocks[:, block] if block >= 0 else torch.zeros(2, 5)
        assert_equal(steps[:, t].detach(), expected.detach().double())


def test_strides_are_checked_against_the_shortest_sequence():
    branch = ConvBranch(3, (4, 4), 9, (2, 3))
    with pytest.raises(
        ValueError, match=r"2 has stride=3, but sequence 1.* 2 step.* of 4"
    ):
        branch.check_lengths(np.array([9, 4, 8]))
    branch.check_lengths([9, 5, 8])
    with pytest.raises(ValueError, match=r"2 has dilation=9, but sequence 0.* 8 step"):
        ConvBranch(3, (4, 4), 3, dilation=(8, 9)).check_lengths([8, 5])
    # Kernels may be longer than a sequence, which is padded.
    assert branch(torch.randn(1, 5, 3)).shape == (1, 4)
    ConvBranch(3, ()).check_lengths(LENGTHS)
