"""Chunks of time beside the same written with autograd, all of whose graph is kept."""

from __future__ import annotations

import pytest
import torch

from helpers.kernels import without_kernels
from sksequence._cells import CELLS
from sksequence.nn import RecurrentStack, _compiled

LENGTHS = torch.tensor([7, 20, 3, 12, 20])
OPTIONS = [
    {},
    {"num_layers": 2, "dropout": 0.4},
    {"num_layers": 2, "residual": True},
    {"layer_norm": True},
]


def stack_of(**options):
    torch.manual_seed(0)
    stack = RecurrentStack(6, 6, **options).double()
    stack.dropout.generator = torch.Generator()
    return stack


def by_hand(stack, x, chunk):
    """Steps of chunks, whose states are carried over without their gradients."""
    parts, states = [], None
    for begin in range(0, x.shape[1], chunk):
        if states is not None:
            states = [
                tuple(p.detach() for p in s) if isinstance(s, tuple) else s.detach()
                for s in states
            ]
        part, states = stack.advance(x[:, begin : begin + chunk], states)
        parts.append(part)
    return torch.cat(parts, 1)


def gradients(run, stack, x, upstream):
    stack.dropout.generator.manual_seed(1)
    stack.zero_grad()
    x = x.clone().requires_grad_()
    steps, final = run(x)
    ((steps * upstream).sum() + final.cumsum(0).sum()).backward()
    return [steps.detach(), final.detach(), x.grad, *(p.grad for p in stack.parameters())]


def assert_close(ones, others):
    for a, b in zip(ones, others, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("chunk", [1, 4, 7, 20, 100])
def test_gradients_end_at_chunks(chunk, options):
    stack = stack_of(cell="gru", **options)
    x, upstream = (torch.randn(5, 20, 6, dtype=torch.float64) for _ in range(2))

    def expected(x):
        steps = by_hand(stack, x, chunk)
        return steps, steps[:, -1]

    right = gradients(expected, stack, x, upstream)
    stack.bptt_steps = chunk
    assert_close(gradients(stack, stack, x, upstream), right)


@pytest.mark.parametrize("kernels", [True, False])
@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_and_sequences_that_have_ended(cell, kernels):
    stack = stack_of(cell=cell)
    x, upstream = (torch.randn(5, 20, 6, dtype=torch.float64) for _ in range(2))
    valid = (torch.arange(20) < LENGTHS[:, None])[..., None]
    x = x.masked_fill(~valid, torch.nan)  # padding is never read

    def expected(x):
        steps = by_hand(stack, x.nan_to_num(), 6)
        final = steps[torch.arange(5), LENGTHS - 1]
        return steps.masked_fill(~valid, 0), final

    def ours(x):
        return stack(x, LENGTHS)

    right = gradients(expected, stack, x, upstream)
    stack.bptt_steps = 6
    if kernels:
        assert_close(gradients(ours, stack, x, upstream), right)
    else:
        with without_kernels():
            assert_close(gradients(ours, stack, x, upstream), right)


def test_a_chunk_that_holds_all_is_plain_training():
    x, upstream = (torch.randn(5, 20, 6, dtype=torch.float64) for _ in range(2))
    # Masks of dropout are drawn for sequences in their order, which is that by length.
    for lengths, dropout in ((None, 0.3), (LENGTHS, 0.0)):
        stack = stack_of(cell="lstm", num_layers=2, dropout=dropout)

        def run(x, stack=stack, lengths=lengths):
            return stack(x, lengths)

        right = gradients(run, stack, x, upstream)
        after = stack.dropout.generator.get_state()
        stack.bptt_steps = 20
        assert_close(gradients(run, stack, x, upstream), right)
        # The backward pass draws them again, and later ones are those of before.
        assert torch.equal(stack.dropout.generator.get_state(), after)


def test_what_is_kept_is_that_of_a_chunk(monkeypatch):
    """Only the backward pass keeps gates, of one chunk at a time."""
    kept = []
    forward = _compiled._Plan.forward

    def spying(self, order, inputs, keep=False):
        kept.append(inputs.x.shape[1] if keep else 0)
        return forward(self, order, inputs, keep)

    monkeypatch.setattr(_compiled._Plan, "forward", spying)
    stack = stack_of(cell="gru")
    stack.bptt_steps = 5
    x = torch.randn(5, 23, 6, dtype=torch.float64)
    steps, _ = stack(x)
    assert not any(kept)
    steps.sum().backward()
    assert sorted(kept) == [0] * 5 + [3, 5, 5, 5, 5]
    kept.clear()
    stack(x)[1].sum().backward()  # of the last step, which only the last chunk has
    assert sorted(kept) == [0] * 5 + [3]


def test_evaluation_and_one_that_is_not_trained_are_not_cut():
    stack = stack_of(cell="gru")
    x = torch.randn(5, 23, 6, dtype=torch.float64)
    right = stack.eval()(x)[0]
    stack.bptt_steps = 5
    assert torch.equal(stack(x)[0], right)
