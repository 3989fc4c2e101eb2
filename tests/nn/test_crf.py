"""The likelihood of tags in a chain, against the sum over all sequences of tags."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from helpers.chains import BIO, every_path, score_of
from sksequence.nn import LinearChain, SequenceNetwork

N_TAGS, LENGTHS = 5, [4, 1, 3, 2]
DOUBLE = {"rtol": 1e-11, "atol": 1e-11}


def drawn(seed=0, scale=1.0):
    """A chain and scores that count, in double precision."""
    generator = torch.Generator().manual_seed(seed)
    chain = LinearChain(N_TAGS).double()
    for values in chain.parameters():
        values.data.normal_(generator=generator).mul_(scale)
    shape = len(LENGTHS), max(LENGTHS), N_TAGS
    return chain, torch.randn(shape, generator=generator, dtype=torch.float64) * scale


def by_enumeration(chain, x, tags, lengths, given=None, legal=None):
    """The log-likelihood of each sequence, summed over all that are possible."""
    parts = []
    for i, n in enumerate(lengths):
        totals, fits = [], []
        for path in every_path(n, N_TAGS):
            around = np.array([N_TAGS, *path, N_TAGS])
            if legal is not None and not legal[around[:-1], around[1:]].all():
                continue
            scores = chain.transitions, chain.start, chain.end
            totals.append(score_of(path, x[i], *scores))
            known = np.ones(n, bool) if given is None else given[i, :n].numpy()
            fits.append(bool((path == tags[i, :n].numpy())[known].all()))
        every = torch.stack(totals)
        parts.append(every[torch.tensor(fits)].logsumexp(0) - every.logsumexp(0))
    return torch.stack(parts)


def legal_tags(seed=0):
    """Tags that follow the scheme, at random."""
    rng = np.random.default_rng(seed)
    tags = np.zeros((len(LENGTHS), max(LENGTHS)), dtype=np.int64)
    for row in tags:
        before = N_TAGS
        for t in range(len(row)):
            row[t] = before = rng.choice(np.flatnonzero(BIO[before, :-1]))
    return torch.from_numpy(tags)


CASES = {
    "all tags": {},
    "a scheme": {"legal": torch.from_numpy(BIO)},
    "some tags": {"given": torch.tensor([[1, 0, 0, 1], [0] * 4, [0, 1, 1, 0], [1] * 4])},
}
CASES["some tags, a scheme"] = CASES["a scheme"] | CASES["some tags"]


@pytest.mark.parametrize("lengths", [LENGTHS, None], ids=["unequal", "equal"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_likelihood_and_gradients_are_those_of_all_paths(case, lengths):
    case = {name: value.bool() for name, value in case.items()}
    chain, x = drawn()
    x.requires_grad_()
    tags = legal_tags()
    of_each = [max(LENGTHS)] * len(LENGTHS) if lengths is None else lengths
    own = None if lengths is None else torch.tensor(lengths)
    given = case.get("given")
    if given is not None and own is not None:
        given = given & (torch.arange(max(LENGTHS)) < own[:, None])
    got = chain.log_likelihood(x, tags, own, given, case.get("legal"))
    legal = None if "legal" not in case else BIO
    expected = by_enumeration(chain, x, tags, of_each, given, legal)
    torch.testing.assert_close(got, expected, **DOUBLE)
    wanted = [x, *chain.parameters()]
    weight = torch.linspace(0.5, 2, len(LENGTHS), dtype=torch.float64)
    ours = torch.autograd.grad(got @ weight, wanted)
    theirs = torch.autograd.grad(expected @ weight, wanted)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, **DOUBLE)


def test_without_transitions_it_is_a_softmax_of_each_step():
    _, x = drawn()
    tags = legal_tags()
    got = LinearChain(N_TAGS).log_likelihood(x, tags)
    of_steps = x.log_softmax(2).gather(2, tags[..., None]).sum((1, 2))
    torch.testing.assert_close(got, of_steps, **DOUBLE)


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_scores_of_any_size_keep_the_gradient_finite(scale):
    chain, x = drawn(scale=scale)
    x.requires_grad_()
    given = torch.tensor([[1, 0, 0, 1], [1, 0, 0, 0], [0, 1, 1, 0], [1, 0, 0, 0]]).bool()
    loss = chain.log_likelihood(
        x, legal_tags(), torch.tensor(LENGTHS), given, torch.from_numpy(BIO)
    ).sum()
    loss.backward()
    assert torch.isfinite(loss)
    assert all(torch.isfinite(v.grad).all() for v in (x, *chain.parameters()))


def test_padding_is_never_read():
    chain, x = drawn()
    lengths, tags = torch.tensor(LENGTHS), legal_tags()
    behind = torch.arange(max(LENGTHS)) >= lengths[:, None]
    other = x.masked_fill(behind[..., None], 1e6)
    moved = tags.masked_fill(behind, N_TAGS - 1)
    got = chain.log_likelihood(other, moved, lengths)
    assert torch.equal(got, chain.log_likelihood(x, tags, lengths))


def test_a_network_with_a_chain_answers_for_steps():
    with pytest.raises(ValueError, match=r"crf=True needs per_step=True"):
        SequenceNetwork(3, 2, crf=True)
    network = SequenceNetwork(3, 2, per_step=True, crf=True)
    assert isinstance(network.chain, LinearChain)
    assert SequenceNetwork(3, 2, per_step=True).chain is None
