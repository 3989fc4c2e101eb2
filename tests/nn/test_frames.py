"""Networks of frames: pooling, patches, forecasts, padding, exactness, weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from helpers.layers import (
    FILM_LENGTHS,
    PLANE,
    assert_equal,
    convlstm_by_hand,
    correlate,
    films_of,
    gradients,
    loss_of,
    scrambled,
)
from sksequence.nn.convlstm import ConvLSTM, ConvLSTMCell
from sksequence.nn.frames import FrameNetwork

POISON = (0.0, 1e9, np.inf, -np.inf, np.nan)
# Networks with all that a network can have, each at least once.
NETWORKS = {
    "vector": {"pooling": "max"},
    "last": {"pooling": "last", "bidirectional": True, "merge_mode": "sum"},
    "mean": {"pooling": "mean", "num_layers": 2, "kernel_size": (3, 1)},
    "attention": {"pooling": "attention", "peephole": True, "bidirectional": True},
    "patches": {"pooling": "max", "patch_size": 2, "kernel_size": 1},
    "one frame": {"n_frames": 1, "output_size": 2},
    "frames": {"n_frames": 3, "num_layers": 2, "hidden_size": (4, 3), "peephole": True},
    "frames of patches": {"n_frames": 2, "patch_size": 2, "kernel_size": 1},
    "frames from both ends": {
        "n_frames": 2,
        "bidirectional": True,
        "merge_mode": "concat",
        "num_layers": 2,
        "peephole": True,
    },
    "frames from a sum": {"n_frames": 2, "bidirectional": True, "merge_mode": "sum"},
}
every_network = pytest.mark.parametrize("options", NETWORKS.values(), ids=NETWORKS)


def network_of(*, frame_size=PLANE, output_size=1, **options):
    options = {"hidden_size": 4, **options}
    return FrameNetwork(2, output_size, frame_size=frame_size, **options)


# ------------------------------------------------------------------------------- network


def _pool(network, states):
    """What the options say, for the plane means of one film's valid steps."""
    if network.pool.__class__.__name__ == "AttentionPooling":
        hidden = np.tanh(
            states @ network.pool.hidden.weight.data.numpy().T
            + network.pool.hidden.bias.data.numpy()
        )
        weight = np.exp(hidden @ network.pool.context.weight.data.numpy()[0])
        return weight / weight.sum() @ states
    kinds = {"MaxPooling": np.max, "MeanPooling": np.mean}
    return kinds[network.pool.__class__.__name__](states, axis=0)


@pytest.mark.parametrize("n_segments", [1, 2])
@pytest.mark.parametrize("pooling", ["max", "mean", "attention"])
def test_a_vector_is_pooled_from_the_plane_means(pooling, n_segments):
    options = {"pooling": pooling, "pooling_segments": n_segments, "bidirectional": True}
    network = scrambled(network_of(output_size=3, **options))
    X, lengths = films_of(FILM_LENGTHS)
    steps, _ = network.recurrence(X, lengths)
    means = steps.detach().numpy().mean((-2, -1))
    expected = []
    for row, n in zip(means, FILM_LENGTHS, strict=True):
        halves = row[: -(-n // 2)], row[n // 2 : n]
        parts = halves if n_segments == 2 else (row[:n],)
        expected.append(np.concatenate([_pool(network, part) for part in parts]))
    assert_equal(network.represent(X, lengths).detach(), np.stack(expected))
    head = np.stack(expected) @ network.head.weight.data.numpy().T
    assert_equal(network(X, lengths).detach(), head + network.head.bias.data.numpy())


@pytest.mark.parametrize("n_frames", [None, 2])
def test_the_last_state_is_represented_by_its_plane_mean(n_frames):
    network = scrambled(network_of(pooling="last", n_frames=n_frames, bidirectional=True))
    X, lengths = films_of(FILM_LENGTHS)
    represented = network.represent(X, lengths)
    assert represented.shape == (len(X), network.representation_size)
    assert_equal(represented, network.recurrence(X, lengths)[1].mean((-2, -1)))


def _space_to_depth(frame, p):
    """The definition, pixel by pixel."""
    channels, height, width = frame.shape
    patches = np.zeros((channels * p * p, -(-height // p), -(-width // p)))
    for c, y, x in np.ndindex(*frame.shape):
        patches[c * p * p + y % p * p + x % p, y // p, x // p] = frame[c, y, x]
    return patches


@pytest.mark.parametrize(
    ("p", "plane"), [(2, (4, 6)), (2, (5, 7)), (3, (7, 9)), (4, (3, 6))]
)
@pytest.mark.parametrize("n_frames", [None, 2])
def test_patches_are_pixels_of_more_channels(p, plane, n_frames):
    options = {"n_frames": n_frames, "kernel_size": 1}
    patched = scrambled(network_of(frame_size=plane, patch_size=p, **options))
    X, lengths = films_of(FILM_LENGTHS, plane=plane)
    rearranged = np.array([[_space_to_depth(x, p) for x in film] for film in X.numpy()])
    area, small = p * p, rearranged.shape[-2:]
    plain = FrameNetwork(
        2 * area,
        area if n_frames else 1,
        frame_size=small,
        hidden_size=4,
        **options,
    ).double()
    plain.eval().load_state_dict(patched.state_dict())
    got = patched(X, lengths).detach().numpy()
    expected = plain(torch.tensor(rearranged), lengths).detach().numpy()
    if n_frames:
        assert got.shape == (len(X), n_frames, 1, *plane)
        inside = np.array([[_space_to_depth(np.ones_like(x), p) for x in f] for f in got])
        got = np.array([[_space_to_depth(x, p) for x in film] for film in got])
        expected = expected * inside
    assert_equal(got, expected)


@pytest.mark.parametrize("plane", [(4, 6), (5, 7)])
@pytest.mark.parametrize("p", [1, 2, 3])
def test_pixels_undo_patches(p, plane):
    network = network_of(frame_size=plane, patch_size=p, kernel_size=1, n_frames=1)
    X, _ = films_of(FILM_LENGTHS, plane=plane)
    assert torch.equal(network._to_pixels(network._to_patches(X)), X)


def test_a_forecast_feeds_on_itself():
    network = scrambled(network_of(n_frames=3, num_layers=2, bidirectional=True))
    X, lengths = films_of(FILM_LENGTHS)
    head, layers = network.forecaster.head, network.forecaster.recurrence.layers
    states = [
        [s.detach().numpy() for s in state]
        for state in network.recurrence.encode(X, lengths)[1]
    ]
    weight, bias = (p.detach().numpy() for p in head.convolution.parameters())
    frames = []
    for _ in range(4):
        hidden = np.concatenate([h for h, _ in states], axis=1)
        x = frame = correlate(hidden, weight) + bias[:, None, None]
        frames.append(frame)
        for i, layer in enumerate(layers):
            states[i] = convlstm_by_hand(layer.ahead, torch.tensor(x)[:, None], states[i])
            states[i] = [s[:, 0] for s in states[i]]
            x = states[i][0]
    assert_equal(network(X, lengths).detach(), np.stack(frames[1:], axis=1))


def test_a_longer_forecast_begins_with_the_shorter_one():
    network = scrambled(network_of(n_frames=5, num_layers=2))
    X, lengths = films_of(FILM_LENGTHS)
    expected = network(X, lengths)
    for network.n_frames in (1, 3):
        assert torch.equal(network(X, lengths), expected[:, : network.n_frames])


@every_network
def test_training_computes_what_evaluation_does(options):
    network = scrambled(network_of(**options))
    X, lengths = films_of(FILM_LENGTHS)
    assert_equal(network.train()(X, lengths), network.eval()(X, lengths))


@pytest.mark.parametrize(
    "options", [{"n_frames": 1}, {"n_frames": 2, "patch_size": 2}, {}]
)
@pytest.mark.parametrize("training", [False, True])
def test_the_memory_layout_of_films_does_not_matter(options, training):
    network = FrameNetwork(1, 1, frame_size=(4, 6), kernel_size=1, **options)
    network.train(training)
    X = torch.randn(8, 3, 1, 4, 6)
    expected = network(X)
    channels_last = X.permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)
    fortran = X.permute(4, 3, 2, 1, 0).contiguous().permute(4, 3, 2, 1, 0)
    for same in (
        channels_last,
        fortran,
        X.contiguous().as_strided(X.shape, (72, 24, 1, 6, 1)),
    ):
        assert_equal(network(same), expected, atol=1e-6)


# ------------------------------------------------------------------------------- padding


@every_network
@pytest.mark.parametrize("training", [False, True])
def test_padding_changes_neither_output_nor_gradient(options, training):
    network = scrambled(network_of(**options)).train(training)
    X, _ = films_of(FILM_LENGTHS)
    alone = [network(X[i : i + 1, :n]) for i, n in enumerate(FILM_LENGTHS)]
    expected = torch.cat(alone).detach()
    single = gradients(network, torch.stack([loss_of(y)[0] for y in alone]).mean())
    for padding in (POISON, (np.nan,)):
        X, lengths = films_of(FILM_LENGTHS, padding=padding, extra=2)
        output = network(X.requires_grad_(), lengths)
        assert_equal(output.detach(), expected)
        for name, gradient in gradients(network, loss_of(output).mean()).items():
            assert_equal(gradient, single[name])
        for row, n in zip(X.grad, FILM_LENGTHS, strict=True):
            assert not row[n:].any()
            assert row[:n].any()


@every_network
def test_a_gradient_reaches_every_parameter(options):
    network = network_of(**{"dropout": 0.2, **options}).double()
    X, lengths = films_of(FILM_LENGTHS)
    loss = loss_of(network(X, lengths)).mean()
    for name, gradient in gradients(network, loss).items():
        assert gradient.isfinite().all(), name
        assert gradient.abs().max() > 0, name


def test_dropout_stands_between_layers_and_before_the_linear_head():
    X, lengths = films_of(FILM_LENGTHS)
    for options in ({}, {"num_layers": 2, "n_frames": 2}):
        network = network_of(dropout=0.5, **options).double()
        assert not torch.equal(network(X, lengths), network(X, lengths))
        network.eval()
        assert torch.equal(network(X, lengths), network(X, lengths))
    shallow = network_of(dropout=0.5).double()
    assert torch.equal(shallow.represent(X), shallow.represent(X))


# ----------------------------------------------------------------------------- exactness


EXACT = [
    (options, plane)
    for plane, kernel in {
        (1, 1): 1,
        (2, 3): 1,
        (7, 9): 3,
        (8, 8): 5,
        (1, 9): (1, 3),
        (3, 2): 5,
    }.items()
    for options in (
        {"kernel_size": kernel, "hidden_size": 3, "pooling": "mean"},
        {"kernel_size": kernel, "hidden_size": (1, 8), "num_layers": 2, "n_frames": 2},
        {
            "kernel_size": kernel,
            "hidden_size": 5,
            "bidirectional": True,
            "peephole": True,
            "pooling": "attention",
        },
    )
]


@pytest.fixture
def set_threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("options", "plane", "n_threads"),
    # Two threads are slow where another process wants one of them: so, for a few only.
    [(*case, 1) for case in EXACT] + [(*case, 2) for case in EXACT[::5]],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_answer_belongs_to_its_film(options, plane, n_threads, dtype, set_threads):
    set_threads(n_threads)
    network = scrambled(network_of(frame_size=plane, output_size=2, **options)).to(dtype)
    lengths = torch.randint(1, 6, (24,))
    films = [torch.randn(n, 2, *plane, dtype=dtype) for n in lengths]

    @torch.inference_mode()
    def answer(index, extra=0):
        """As the estimators ask: in eights, filled up with the last film."""
        rows = [*index, *[index[-1]] * (-len(index) % 8)]
        shape = len(rows), int(lengths[rows].max()) + extra, 2, *plane
        X = torch.full(shape, torch.nan, dtype=dtype)
        for x, i in zip(X, rows, strict=True):
            x[: lengths[i]] = films[i]
        return network(X, lengths[rows])[: len(index)]

    expected = answer(range(24))
    assert len(expected.flatten(1).unique(dim=0)) == 24
    for i in range(0, 24, 3):
        assert torch.equal(answer([i]), expected[i : i + 1])
    for n, extra in ((8, 3), (9, 0), (16, 1), (24, 5)):
        index = torch.randperm(24)[:n].tolist()
        assert torch.equal(answer(index, extra), expected[index])


# ------------------------------------------------------------------------------- weights


EVERYTHING = [
    {
        "num_layers": 2,
        "bidirectional": True,
        "dropout": 0.3,
        "peephole": True,
        **output,
    }
    for output in ({"pooling": "attention"}, {"n_frames": 2})
]


@pytest.mark.parametrize("options", EVERYTHING, ids=["vector", "frames"])
def test_weights_and_masks_are_the_generators_to_the_bit(options):
    network = network_of(**options)
    X = films_of(FILM_LENGTHS)[0].float()
    before = torch.get_rng_state()

    def draw(seed):
        network.reset_parameters(torch.Generator().manual_seed(seed))
        return [network(X).detach(), *(p.clone() for p in network.parameters())]

    first, again, other = draw(0), draw(0), draw(1)
    assert all(map(torch.equal, first, again))
    assert not torch.equal(first[0], other[0])
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("options", EVERYTHING, ids=["vector", "frames"])
def test_a_reset_leaves_no_weight_as_it_was(options):
    before = torch.get_rng_state()
    with torch.device("meta"):
        network = network_of(**options)
    network = network.to_empty(device="cpu")
    for parameter in network.parameters():
        parameter.data.fill_(77)
    network.reset_parameters(torch.Generator().manual_seed(0))
    for name, parameter in network.named_parameters():
        assert not (parameter == 77).any(), name
    assert torch.equal(torch.get_rng_state(), before)


def test_initial_weights_are_those_of_the_literature():
    cell = ConvLSTMCell(5, 8, peephole_size=PLANE)
    bound = (6 / (9 * (5 + 8))) ** 0.5
    assert cell.input_conv.weight.abs().max() <= bound
    assert cell.input_conv.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.1)
    gates = cell.hidden_conv.weight.detach().flatten(1).split(8)
    for i, gate in enumerate(gates):
        assert_equal(gate @ gate.T, torch.eye(8), atol=1e-5)
        assert not any(torch.allclose(gate, other) for other in gates[:i])
    bias = torch.tensor([0.0, 1.0, 0.0, 0.0]).repeat_interleave(8)
    assert torch.equal(cell.input_conv.bias.detach(), bias)
    assert not cell.peepholes.any()


# -------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: ConvLSTM(1, 4, kernel_size=4), "kernel_size must be odd.*kernel_size=4"),
        (lambda: ConvLSTM(1, 4, 2, kernel_size=(3, 2)), "odd.*kernel_size=2"),
        (lambda: ConvLSTM(1, 4, 2, kernel_size=(3,)), r"kernel_size.*\(2\).*\(3,\)"),
        (lambda: ConvLSTM(1, (4, 4), 3), r"hidden_size.*\(3\).*\(4, 4\)"),
        (lambda: ConvLSTM(1, 0), "hidden_size.*at least 1.*0"),
        (lambda: ConvLSTM(1, 4, peephole=True), r"peephole.*frame_size=\(height, width"),
        (lambda: ConvLSTM(1, 4, merge_mode="max"), "merge_mode.*'concat'.*'max'"),
        (lambda: ConvLSTM(1, 4, dropout=1.0), r"\[0, 1\).*p=1.0"),
        (lambda: network_of(pooling="min"), "pooling must be.*'last'.*'min'"),
        (lambda: network_of(pooling="min", n_frames=2), "pooling must be.*'min'"),
        (lambda: network_of(n_frames=0), "n_frames must be int of at least 1.*0"),
        (lambda: network_of(n_frames=True), "n_frames must be int.*True"),
        (lambda: network_of(patch_size=0), "patch_size must be int of at least 1.*0"),
        (
            lambda: network_of(frame_size=(4, 0)),
            "frame_size must be int of at least 1.*0",
        ),
        (lambda: network_of(frame_size=(4, 5, 6)), r"frame_size must be.*\(4, 5, 6\)"),
        (lambda: ConvLSTM(1, 4, kernel_size=(3, 2)), r"odd.*kernel_size=\(3, 2\)"),
        (lambda: ConvLSTM(1, 4, 3, kernel_size=(3, 5, 1, 1)), r"\(3\).*\(3, 5, 1, 1\)"),
        (lambda: ConvLSTM(1, 4, 2, kernel_size=(1, (3, 3, 3))), r"\(2\).*\(1, \(3, 3, 3"),
        (lambda: network_of()(torch.zeros(1, 2, 2, 5, 4)), "frames of 4 x 5.*5 x 4"),
        (
            lambda: ConvLSTM(1, 4, peephole=True, frame_size=(4, 5))(
                torch.zeros(1, 2, 1, 1, 1)
            ),
            r"frame_size=\(4, 5\).*\(1, 1\)",
        ),
        (
            lambda: (stack := ConvLSTM(1, 4, bidirectional=True)).step(
                torch.zeros(1, 1, 4, 4), stack.encode(torch.zeros(1, 2, 1, 4, 4))[1]
            ),
            "bidirectional.*step by step",
        ),
    ],
)
def test_errors_say_what_was_expected_and_what_was_got(build, words):
    with pytest.raises(ValueError, match=words):
        build()


def test_no_film_is_too_short():
    network_of().check_lengths([1, 9])
