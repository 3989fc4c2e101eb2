"""Encoder, attention, decoder and beams against enumeration and their equations."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import product

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from helpers.kernels import without_kernels
from sksequence import nn
from sksequence._cells import CELLS

N_LABELS, LONGEST = 3, 3
LENGTHS = torch.tensor([12, 7, 3, 9, 1, 2, 12, 4])
X = torch.randn(8, 12, 3, generator=torch.Generator().manual_seed(0))
Y = torch.tensor(
    [
        [1, 2, 3],
        [2, 0, 0],
        [3, 3, 0],
        [1, 0, 0],
        [2, 1, 2],
        [1, 1, 0],
        [3, 2, 1],
        [2, 2, 0],
    ]
)
KINDS = {
    "plain": {},
    "one layer": {"decoder_layers": 1},
    "three layers": {"decoder_layers": 3, "residual": True, "layer_norm": True},
    "no attention": {"attention": False},
    "strided": {"conv_channels": (4,), "conv_kernel_size": 3, "conv_stride": 2},
    "branch": {"parallel_channels": (5,), "parallel_kernel_size": 3},
    "segments": {
        **{"parallel_channels": (5,), "parallel_kernel_size": 3, "parallel_stride": 2},
        "pooling_segments": 2,
    },
}
every_kind = pytest.mark.parametrize("params", KINDS.values(), ids=KINDS)
with_and_without_kernels = pytest.mark.parametrize(
    "kernels", [nullcontext, without_kernels], ids=["kernels", "torch"]
)


def network(dtype=torch.float32, **params):
    """A network whose answers differ, of random weights."""
    params = {"hidden_size": 6, "decoder_hidden_size": 8, "bidirectional": True} | params
    made = nn.TranslationNetwork(3, 1 + N_LABELS, **{"target_embedding_dim": 5} | params)
    made.reset_parameters(torch.Generator().manual_seed(1))
    with torch.no_grad():
        made.decoder.embedding.mul_(3)
    return made.to(dtype).eval()


def all_codes(longest=LONGEST, shortest=0):
    """All answers of that many labels, shorter ones first, then by their codes."""
    said = [
        p
        for n in range(shortest, longest + 1)
        for p in product(range(1, 1 + N_LABELS), repeat=n)
    ]
    codes = torch.zeros(len(said), longest, dtype=torch.int64)
    for row, labels in zip(codes, said, strict=True):
        row[: len(labels)] = torch.tensor(labels, dtype=torch.int64)
    return codes


def log_likelihoods(made, codes):
    """Those of all answers, for each sequence (8, n_answers)."""
    each = [made.log_likelihood(X, LENGTHS, None, row.expand(8, -1)) for row in codes]
    return torch.stack(each, 1)


# --------------------------------------------------------------------- probabilities


@every_kind
@torch.no_grad()
def test_the_probabilities_of_all_answers_add_up_to_one(params):
    made = network(**params)
    ended = log_likelihoods(made, all_codes()).exp().sum(1)
    # And of all that go on: the labels of a longer answer, without its end.
    longer = all_codes(LONGEST + 1, LONGEST + 1)
    going_on = torch.zeros(8, dtype=torch.float64)
    for row in longer:
        outputs = made(X, LENGTHS, y=row.expand(8, -1)).double().log_softmax(2)
        going_on += (
            outputs[:, :-1].gather(2, row.expand(8, -1)[..., None]).sum(1).exp()[:, 0]
        )
    torch.testing.assert_close(ended + going_on, torch.ones(8).double())
    assert (ended > 0.1).all()


@torch.no_grad()
def test_a_likelihood_is_the_product_over_labels_and_the_end():
    made = network()
    outputs = made(X, LENGTHS, y=Y).double().log_softmax(2).numpy()
    for i, likely in enumerate(made.log_likelihood(X, LENGTHS, None, Y).tolist()):
        said = [code for code in Y[i].tolist() if code] + [0]
        expected = sum(outputs[i, t, code] for t, code in enumerate(said))
        assert likely == pytest.approx(expected, rel=1e-9)
    first = made.log_likelihood(X, LENGTHS)
    np.testing.assert_allclose(first, outputs[:, 0, 0], rtol=1e-9)


@every_kind
@pytest.mark.parametrize("cell", CELLS)
@with_and_without_kernels
def test_all_labels_at_once_are_label_by_label(params, cell, kernels):
    """Outputs and gradients, in training; without dropout nothing is drawn."""
    made = network(torch.float64, cell=cell, **params).train()
    data = X.double()
    with kernels():
        at_once = made(data, LENGTHS, y=Y)
        states, memory, n_valid = made.read_source(data, LENGTHS, None)
        each = []
        for code in F.pad(Y, (1, 0)).unbind(1):
            outputs, states, _ = made.decoder(code[:, None], states, memory, n_valid)
            each.append(outputs)
        is_said = torch.arange(1 + LONGEST) <= (Y > 0).sum(1, keepdim=True)
        at_once, by_label = at_once[is_said], torch.cat(each, 1)[is_said]
        torch.testing.assert_close(at_once, by_label)
        upstream = torch.randn(at_once.shape, dtype=torch.float64)
        weights = list(made.parameters())
        both = [
            torch.autograd.grad((o * upstream).sum(), weights)
            for o in (at_once, by_label)
        ]
    for one, other in zip(*both, strict=True):
        torch.testing.assert_close(one, other)
        assert (one != 0).any()


@pytest.mark.parametrize("kind", ["plain", "one layer", "three layers", "no attention"])
@torch.no_grad()
def test_training_and_evaluation_agree(kind):
    made = network(torch.float64, **KINDS[kind])
    evaluated = made(X.double(), LENGTHS, y=Y)
    torch.testing.assert_close(made.train()(X.double(), LENGTHS, y=Y), evaluated)


# ------------------------------------------------------------------------- attention


@torch.no_grad()
def test_attention_is_a_softmax_of_products():
    made = network(torch.float64, decoder_layers=1)
    states, memory, n_valid = made.read_source(X.double(), LENGTHS, None)
    *_, weights = made.decoder(F.pad(Y, (1, 0)), states, memory, n_valid)
    embedded = F.embedding(F.pad(Y, (1, 0)), made.decoder.embedding) * 5**0.5
    hidden, _ = made.decoder.layers[0].advance(embedded, states[0])
    query = made.decoder.attention.query.weight
    for i, n in enumerate(LENGTHS):
        scores = hidden[i] @ query.T @ memory[i, :n].T / query.shape[0] ** 0.5
        torch.testing.assert_close(weights[i, :, :n], scores.softmax(1))
        assert (weights[i, :, n:] == 0).all()


@every_kind
@torch.no_grad()
def test_weights_of_attention_are_shares(params):
    made = network(**params)
    if not made.attends:
        with pytest.raises(ValueError, match="attention=False has no weights"):
            made.attend(X, LENGTHS, None, Y)
        return
    weights = made.attend(X, LENGTHS, None, Y)
    frames = made.count_frames(LENGTHS)
    assert weights.shape == (8, 4, int(frames.max()))
    torch.testing.assert_close(weights.sum(2), torch.ones(8, 4))
    for row, n in zip(weights, frames, strict=True):
        assert (row[:, n:] == 0).all()
        assert (row[:, :n] > 0).all()


# ----------------------------------------------------------------------------- beams


@every_kind
@pytest.mark.parametrize("cell", ["lstm", "gru"])
@torch.no_grad()
def test_a_wide_beam_finds_all_answers_in_their_order(params, cell):
    made = network(cell=cell, **params)
    codes = all_codes()
    likely = log_likelihoods(made, codes)
    found, scores = made.translate(
        X, LENGTHS, beam_size=len(codes), max_length=LONGEST, n_best=len(codes)
    )
    expected, order = likely.sort(1, descending=True)
    torch.testing.assert_close(scores, expected, rtol=1e-6, atol=1e-6)
    assert torch.equal(found, codes[order])


def beam_of(log_proba_of, beam_size, max_length):
    """The same search for one sequence, in plain Python."""
    beams = [((), 0.0, False)]
    for t in range(max_length + 1):
        grown = []
        for said, score, ended in beams:
            if ended:
                grown.append((said, score, True))
                continue
            steps = log_proba_of(said)
            grown.append((said, score + steps[0], True))
            if t < max_length:
                grown += [
                    ((*said, code), score + steps[code], False)
                    for code in range(1, 1 + N_LABELS)
                ]
        beams = sorted(grown, key=lambda one: (-one[1], one[0]))[:beam_size]
    return beams


@pytest.mark.parametrize("beam_size", [1, 2, 5])
@torch.no_grad()
def test_a_narrow_beam_is_the_search_in_plain_python(beam_size):
    made = network()
    found, scores = made.translate(
        X, LENGTHS, beam_size=beam_size, max_length=5, n_best=beam_size
    )
    for i in range(8):
        row = slice(i, i + 1)

        def log_proba_of(said, row=row):
            y = torch.tensor([said], dtype=torch.int64)
            outputs = made(X[row], LENGTHS[row], y=y)
            return outputs[0, -1].double().log_softmax(0).tolist()

        expected = beam_of(log_proba_of, beam_size, 5)
        assert [tuple(c for c in codes if c) for codes in found[i].tolist()] == [
            said for said, *_ in expected
        ]
        np.testing.assert_allclose(
            scores[i], [score for _, score, _ in expected], rtol=1e-5
        )


@torch.no_grad()
def test_equally_probable_answers_are_in_the_order_of_codes():
    made = network()
    made.decoder.embedding.zero_()  # so all labels and the end are equally probable
    found, scores = made.translate(X, LENGTHS, beam_size=40, max_length=3, n_best=13)
    expected = all_codes()[:13]
    assert all(torch.equal(codes, expected) for codes in found)
    counts = torch.tensor([1] + [2] * 3 + [3] * 9)
    expected_scores = -counts.expand(8, -1) * torch.tensor(4.0).double().log()
    torch.testing.assert_close(scores, expected_scores)


@torch.no_grad()
def test_there_may_be_fewer_answers_than_asked_for():
    made = network()
    codes, scores = made.translate(X, LENGTHS, beam_size=9, max_length=1, n_best=9)
    assert (scores[:, :4] > -torch.inf).all()
    assert (scores[:, 4:] == -torch.inf).all()
    assert sorted(codes[0, :4].flatten().tolist()) == [0, 1, 2, 3]


# ------------------------------------------------------------------------- exactness


@every_kind
@pytest.mark.parametrize("cell", CELLS)
@with_and_without_kernels
@torch.no_grad()
def test_answers_are_the_same_in_any_batch_to_the_bit(params, cell, kernels):
    made = network(cell=cell, **params)
    generator = torch.Generator().manual_seed(2)
    others = torch.randn(32, 40, 3, generator=generator)
    more = torch.cat([F.pad(X, (0, 0, 0, 28), value=torch.nan), others])
    lengths = torch.cat([LENGTHS, torch.randint(1, 41, (32,), generator=generator)])
    order = torch.randperm(40, generator=generator)
    options = {"beam_size": 4, "max_length": 6, "n_best": 3}
    y = F.pad(Y, (0, 9))
    far = torch.cat([y, torch.ones(32, 12, dtype=torch.int64)])
    with kernels():
        codes, scores = made.translate(X, LENGTHS, **options)
        found = made.translate(more[order], lengths[order], **options)
        likely = made.log_likelihood(X, LENGTHS, None, Y)
        beside = made.log_likelihood(more[order], lengths[order], None, far[order])
    back = order.argsort()[:8]
    assert torch.equal(found[0][back], codes)
    assert torch.equal(found[1][back], scores)
    assert torch.equal(beside[back], likely)


def test_sizes_are_checked():
    for name in ("target_embedding_dim", "decoder_hidden_size", "decoder_layers"):
        with pytest.raises(ValueError, match=f"{name} must be int of at least 1, got 0"):
            network(**{name: 0})
