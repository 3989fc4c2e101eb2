"""What holds for every layer: bad lengths are refused, copies compute the same."""

from __future__ import annotations

import copy
import inspect
import io
from contextlib import nullcontext

import pytest
import torch

from helpers.comparing import pickled
from helpers.kernels import without_kernels
from helpers.layers import MERGES
from sksequence import _kernels, nn
from sksequence._cells import CELLS

X, X_FIRST, FRAMES = (
    torch.randn(3, 5, 4),
    torch.randn(3, 4, 5),
    torch.randn(3, 5, 4, 6, 6),
)
with torch.random.fork_rng():
    RANDOM = nn.RandomConvolutions(4, 84)
    RANDOM.reset_parameters()
    RANDOM.learn(X)
LAYERS = {
    "MaskedBatchNorm": (nn.MaskedBatchNorm(4), X_FIRST),
    "ConvLayer": (nn.ConvLayer(4, 3, 3), X_FIRST),
    "ConvLayer of all kinds": (
        nn.ConvLayer(
            *(4, 6, (3, 2), 2),
            **{"dilation": 2, "bottleneck_size": 2, "reduction": 2, "causal": True},
        ),
        X_FIRST,
    ),
    "SqueezeExcite": (nn.SqueezeExcite(4, 2), X_FIRST),
    "ConvEncoder with shortcuts": (nn.ConvEncoder(4, (4, 3, 3), 3, residual=1), X),
    "ConvEncoder": (nn.ConvEncoder(4, (3,), 3), X),
    "ConvBranch": (nn.ConvBranch(4, (3,), 3), X),
    "RandomConvolutions": (RANDOM, X),
    "LastPooling": (nn.LastPooling(), X),
    "MeanPooling": (nn.MeanPooling(), X),
    "MaxPooling": (nn.MaxPooling(), X),
    "MaxPooling of many units": (nn.MaxPooling(), torch.randn(3, 5, 32)),
    "AttentionPooling": (nn.AttentionPooling(4), X),
    "LinearChain": (nn.LinearChain(4), X),
    "TokenEmbedding": (nn.TokenEmbedding(4, 2), torch.ones(3, 5, 1)),
    "MaskMissing": (nn.MaskMissing(4), X),
    "DecayMissing": (nn.DecayMissing(4), X),
    "RecurrentLayer": (nn.RecurrentLayer(4, 3), X),
    "RecurrentLayer with a norm": (nn.RecurrentLayer(4, 3, layer_norm=True), X),
    "RecurrentStack": (nn.RecurrentStack(4, 3, 2, residual=True), X),
    "SequenceNetwork": (nn.SequenceNetwork(4, 2), X),
    "SequenceNetwork of steps": (nn.SequenceNetwork(4, 2, per_step=True), X),
    "SequenceNetwork of all kinds": (
        nn.SequenceNetwork(
            4,
            2,
            missing="decay",
            conv_channels=(3,),
            conv_kernel_size=2,
            parallel_channels=(3,),
            parallel_kernel_size=2,
            pooling="attention",
        ),
        X,
    ),
    "NextStepNetwork": (nn.NextStepNetwork(4, 2), X),
    "AutoencoderNetwork": (nn.AutoencoderNetwork(4, 2, code_size=2), X),
    "TranslationNetwork": (nn.TranslationNetwork(4, 2), X),
    "TranslationNetwork without attention": (
        nn.TranslationNetwork(4, 2, attention=False, decoder_layers=1),
        X,
    ),
    "ConvLSTMLayer": (nn.ConvLSTMLayer(4, 2), FRAMES),
    "ConvLSTM": (nn.ConvLSTM(4, 2), FRAMES),
    "FrameNetwork": (nn.FrameNetwork(4, 2, frame_size=(6, 6)), FRAMES),
    "FrameNetwork to frames": (
        nn.FrameNetwork(4, 2, frame_size=(6, 6), n_frames=2),
        FRAMES,
    ),
}
every_layer = pytest.mark.parametrize(("layer", "x"), LAYERS.values(), ids=LAYERS)


def test_every_layer_that_takes_lengths_is_here():
    takes = {
        name
        for name in nn.__all__
        if "lengths" in inspect.signature(getattr(nn, name).forward).parameters
    }
    assert takes == {name.split()[0] for name in LAYERS}


@pytest.mark.parametrize("kernels", [True, False])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("lengths", "words"),
    [
        ([5], r"shape \(3,\), one for each sequence, got \(1,\)"),
        ([5, 4], r"shape \(3,\), one for each sequence, got \(2,\)"),
        ([5, 4, 3, 2], r"shape \(3,\), one for each sequence, got \(4,\)"),
        ([[5, 4, 3]], r"shape \(3,\), one for each sequence, got \(1, 3\)"),
        ([5, 0, 3], "from 1 to 5, got 0 to 5"),
        ([5, -1, 3], "from 1 to 5, got -1 to 5"),
        ([5, 6, 3], "from 1 to 5, got 3 to 6"),
    ],
    ids=str,
)
@every_layer
def test_impossible_lengths_are_refused(
    layer, x, lengths, words, training, kernels, monkeypatch
):
    if not kernels:
        monkeypatch.setattr(_kernels, "load", lambda *_: None)
    with pytest.raises(ValueError, match=f"^lengths must .*{words}"):
        layer.train(training)(x, torch.tensor(lengths))
    with torch.no_grad():  # possible ones are not
        layer(x, torch.tensor([5, 4, 3]))


@pytest.mark.parametrize("kernels", [nullcontext, without_kernels])
@pytest.mark.parametrize(
    "lengths",
    [
        [5, 4, 3],
        torch.tensor([5.0, 4.0, 3.9]),
        torch.tensor([True, True, True]),
        torch.tensor([5, 4, 3], dtype=torch.uint8),  # as an index, a mask
    ],
    ids=["list", "float", "bool", "bytes"],
)
@every_layer
def test_lengths_that_are_no_integers_are_refused(layer, x, lengths, kernels):
    words = f"lengths must be .*int64.* got {getattr(lengths, 'dtype', 'list')}"
    with kernels(), pytest.raises(TypeError, match=words):
        layer(x, lengths)


@every_layer
def test_lengths_of_fewer_bits_count_the_same(layer, x):
    lengths = torch.tensor([5, 4, 3])
    layer.eval()
    with torch.no_grad():
        ours, theirs = layer(x, lengths.int()), layer(x, lengths)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0, check_dtype=False)


@every_layer
def test_sequences_without_a_batch_are_refused(layer, x):
    lacking = x[0]
    with pytest.raises(ValueError, match=r"(x|X) must have (shape|frames)"):
        layer(lacking)


@pytest.mark.parametrize(
    "make",
    [
        lambda n: nn.RecurrentStack(4, 3, n),
        lambda n: nn.SequenceNetwork(4, 2, num_layers=n),
        lambda n: nn.ConvLSTM(4, 2, n),
        lambda n: nn.FrameNetwork(4, 2, frame_size=(6, 6), num_layers=n),
    ],
    ids=["RecurrentStack", "SequenceNetwork", "ConvLSTM", "FrameNetwork"],
)
@pytest.mark.parametrize("num_layers", [0, -1, 1.5])
def test_a_stack_has_a_layer(make, num_layers):
    with pytest.raises(ValueError, match=rf"num_layers must be .*, got {num_layers}"):
        make(num_layers)


# ------------------------------------------------------------------------------ copies


def through_torch(layer):
    file = io.BytesIO()
    torch.save(layer, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


def assert_a_copy_computes_the_same(layer, x, through):
    layer = copy.deepcopy(layer).eval()  # norms count steps in training
    back = through(layer)
    assert back is not layer
    own, copied = dict(layer.named_parameters()), dict(back.named_parameters())
    assert own.keys() == copied.keys()
    assert not {id(own[name]) for name in own} & {id(copied[name]) for name in own}
    flat = torch.utils._pytree.tree_leaves
    outputs = (flat(module(x, torch.tensor([5, 4, 3]))) for module in (back, layer))
    for one, other in zip(*outputs, strict=True):
        assert torch.equal(one, other)


every_way = pytest.mark.parametrize(
    "through", [pickled, copy.deepcopy, through_torch], ids=lambda way: way.__name__
)


@every_way
@every_layer
def test_a_copy_of_a_layer_computes_the_same(layer, x, through):
    assert_a_copy_computes_the_same(layer, x, through)


@every_way
@pytest.mark.parametrize("merge_mode", MERGES)
@pytest.mark.parametrize("kind", ["RecurrentLayer", "ConvLSTMLayer"])
def test_a_copy_merges_in_the_same_way(kind, merge_mode, through):
    layer = getattr(nn, kind)(4, 3, bidirectional=True, merge_mode=merge_mode)
    x = X if kind == "RecurrentLayer" else FRAMES
    assert_a_copy_computes_the_same(layer, x, through)


@every_way
@pytest.mark.parametrize("cell", CELLS)
def test_a_copy_has_the_same_cell(cell, through):
    assert_a_copy_computes_the_same(nn.RecurrentLayer(4, 3, cell=cell), X, through)
