"""Compiled attention pooling in training beside torch's, and beside differences."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.kernels import CLOSE, KERNELS_ARE_ON, without_kernels
from sksequence.nn import AttentionPooling
from sksequence.nn._threads import kernel_threads
from sksequence.nn._time import valid_steps

pytestmark = KERNELS_ARE_ON


def drawn(size, dtype=torch.float64):
    """A pooling in training, all of whose weights are drawn."""
    pool = AttentionPooling(size).to(dtype).train()
    with torch.no_grad():
        for weight in pool.parameters():
            weight.add_(0.3 * torch.randn_like(weight))
    return pool


def batch_of(n, n_steps, size, dtype=torch.float64, *, equal=False):
    """Steps with NaN behind them, and their number."""
    steps = torch.randn(n, n_steps, size, dtype=dtype)
    if equal:
        return steps, None
    lengths = torch.randint(1, n_steps + 1, (n,))
    valid = valid_steps(lengths, n_steps)[..., None]
    return steps.masked_fill(~valid, torch.nan), lengths


def results(pool, steps, lengths):
    """Outputs, and the gradients of the steps and of all weights."""
    steps = steps.clone().requires_grad_()
    pool.zero_grad()
    pooled = pool(steps, lengths)
    generator = torch.Generator().manual_seed(1)
    pooled.backward(torch.randn(pooled.shape, dtype=pooled.dtype, generator=generator))
    gradients = [steps.grad, *(p.grad for p in pool.parameters())]
    return [part.clone() for part in (pooled.detach(), *gradients)]


def assert_torch_agrees(pool, steps, lengths):
    assert pool.serves(steps)
    ours = results(pool, steps, lengths)
    with without_kernels():
        assert not pool.serves(steps)
        theirs = results(pool, steps, lengths)
    for one, other in zip(ours, theirs, strict=True):
        scale = other.abs().max().clamp(min=1)
        assert (one - other).abs().max() <= CLOSE[steps.dtype] * scale


@pytest.mark.parametrize("dtype", list(CLOSE), ids=str)
@pytest.mark.parametrize("equal", [False, True])
@pytest.mark.parametrize("size", [1, 5, 16, 37, 64])
def test_kernel_and_torch_agree_in_outputs_and_gradients(size, equal, dtype):
    torch.manual_seed(0)
    pool = drawn(size, dtype)
    for shape in ((5, 40), (70, 9), (3, 300), (1, 1)):
        assert_torch_agrees(pool, *batch_of(*shape, size, dtype, equal=equal))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 30), st.booleans())
def test_kernel_and_torch_agree_whatever_the_sizes(size, n, n_steps, equal):
    torch.manual_seed(0)
    assert_torch_agrees(drawn(size), *batch_of(n, n_steps, size, equal=equal))


@pytest.mark.parametrize(
    "check", [torch.autograd.gradcheck, torch.autograd.gradgradcheck]
)
@pytest.mark.parametrize("equal", [False, True])
def test_gradients_are_those_of_finite_differences(equal, check):
    torch.manual_seed(0)
    pool = drawn(3)
    steps, lengths = batch_of(3, 5, 3, equal=equal)
    steps = steps.nan_to_num().requires_grad_()

    def outputs(steps, *weights):
        return pool(steps, lengths)

    assert pool.serves(steps)
    assert check(outputs, (steps, *pool.parameters()), fast_mode=True)


def test_scores_beyond_the_range_of_exponentials_have_finite_shares():
    pool = drawn(4, torch.float32)
    with torch.no_grad():
        pool.context.weight.mul_(1e4)
    assert_torch_agrees(pool, *batch_of(6, 9, 4, torch.float32))


def test_several_threads_find_the_same_bits():
    pool = drawn(20, torch.float32)
    steps, lengths = batch_of(150, 12, 20, torch.float32)
    one = results(pool, steps, lengths)
    with kernel_threads(3):
        several = results(pool, steps, lengths)
    assert all(map(torch.equal, several, one))


def test_padding_has_no_effect_on_bits():
    pool = drawn(20, torch.float32)
    steps, lengths = batch_of(9, 12, 20, torch.float32)
    longer = torch.cat([steps, steps.new_full((9, 7, 20), torch.inf)], 1)
    short, padded = results(pool, steps, lengths), results(pool, longer, lengths)
    assert not padded[1][:, 12:].any()
    padded[1] = padded[1][:, :12]
    assert all(map(torch.equal, padded, short))


def test_a_graph_that_is_kept_gives_its_gradient_again():
    pool = drawn(16, torch.float32)
    total = pool(torch.randn(5, 9, 16)).square().sum()
    weight = pool.hidden.weight
    first = torch.autograd.grad(total, weight, retain_graph=True)[0]
    pool(torch.randn(5, 9, 16)).sum().backward()
    assert torch.equal(torch.autograd.grad(total, weight)[0], first)


def test_nan_stays_in_its_sequence():
    pool, steps = drawn(4), torch.randn(3, 5, 4, dtype=torch.float64)
    steps[1, 2] = torch.nan
    assert pool(steps).isnan().all(1).tolist() == [False, True, False]


def test_after_a_hundred_steps_of_training_weights_are_torchs():
    torch.manual_seed(0)
    steps, lengths = batch_of(12, 9, 6)
    y = torch.nansum(steps, 1)[:, :3]

    def trained():
        torch.manual_seed(1)
        pool, head = AttentionPooling(6).double(), torch.nn.Linear(6, 3).double()
        weights = [*pool.parameters(), *head.parameters()]
        optimizer = torch.optim.Adam(weights, lr=0.01)
        before = None
        for _ in range(100):
            optimizer.zero_grad()
            loss = (head(pool(steps, lengths)) - y).square().mean()
            before = before or loss.item()
            loss.backward()
            optimizer.step()
        assert loss < before / 2
        return weights

    ours = trained()
    with without_kernels():
        theirs = trained()
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-8)


def test_what_has_no_kernels_is_left_to_torch():
    pool, steps = drawn(4, torch.float32), torch.ones(2, 9, 4)
    assert pool.serves(steps)
    assert not pool.serves(steps.double())
    assert not pool.serves(steps.to("meta"))
    assert not pool.serves(steps[..., :3])
    assert not drawn(4, torch.float32).to("meta").serves(steps)
    with torch.autocast("cpu"):
        assert not pool.serves(steps)
    with without_kernels():
        assert not pool.serves(steps)


def test_predictions_are_torchs_to_the_bit():
    pool = drawn(6, torch.float32).eval()
    steps, lengths = batch_of(8, 9, 6, torch.float32)
    found = pool(steps, lengths)
    with without_kernels():
        assert torch.equal(pool(steps, lengths), found)
