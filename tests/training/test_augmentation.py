"""Random changes of sequences: each is what it says, for a row as for a batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import beta
from torch.nn import functional as F

from helpers.training import as_they_are, one_each
from sksequence._base.augmenting import STRENGTHS
from sksequence._inputs import Sequences
from sksequence._training.augmentation import Augmentation, AugmentedView, kept_steps
from sksequence._training.batches import BatchIterator, ChunkIterator, SequenceDataset
from sksequence._training.net import WeightedLoss

LENGTHS = np.array([7, 3, 12, 1, 9, 12, 5, 2])


def dataset(items, target=None, weight=None, static=None, *, per_step=False):
    """A data set of these sequences, in double precision."""
    lengths = np.array([len(x) for x in items])
    sequences = Sequences(np.concatenate(items).astype(float), lengths)
    if target is not None:
        target = Sequences(target, lengths) if per_step else one_each(target)
    return SequenceDataset(
        sequences, as_they_are, target, weight, static, per_step=per_step
    )


def view_of(data, *, seed=0, n_classes=None, time_channel=None, **strengths):
    return AugmentedView(data, Augmentation(strengths, n_classes, time_channel), seed)


def batch_of(data, **options):
    return view_of(data, **options).batch(torch.arange(len(data)))


def rows_of(inputs):
    """The sequences of a batch without their padding."""
    X = inputs["X"].numpy()
    lengths = inputs.get("lengths", torch.full((len(X),), X.shape[1])).tolist()
    assert all((x[n:] == 0).all() for x, n in zip(X, lengths, strict=True))
    return [x[:n] for x, n in zip(X, lengths, strict=True)]


def noise(lengths=LENGTHS, n_channels=2, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(n, n_channels)) for n in lengths]


# ----------------------------------------------------------------------- rows and epochs

EACH = [{name: strength} for name, strength in STRENGTHS.items()]


@pytest.mark.parametrize("strengths", [*EACH, STRENGTHS], ids=lambda s: "-".join(s))
def test_a_row_is_changed_alike_in_any_batch(strengths):
    labels = np.arange(len(LENGTHS)) % 3
    data = dataset(noise(), labels, np.linspace(1, 2, len(LENGTHS)))
    view = view_of(data, n_classes=3, **strengths)
    together, (truth, weight) = view.batch(torch.arange(len(LENGTHS)))
    for order in ([5, 0, 3], [3], [7, 6, 5, 4, 3, 2, 1, 0]):
        inputs, (some, some_weight) = view.batch(torch.tensor(order))
        for i, x in zip(order, rows_of(inputs), strict=True):
            np.testing.assert_array_equal(x, rows_of(together)[i])
        torch.testing.assert_close(some, truth[order], rtol=0, atol=0)
        torch.testing.assert_close(some_weight, weight[order], rtol=0, atol=0)


def test_an_epoch_is_another_than_the_last_and_its_seed_is_all_that_tells():
    data = dataset(noise())
    generator, again = (torch.Generator().manual_seed(3) for _ in range(2))
    augmentation = Augmentation({"jitter": 0.1})

    def epoch(generator, batch_size):
        batches = BatchIterator(data, batch_size, generator, augmentation=augmentation)
        return {len(x): x for inputs, _ in batches for x in rows_of(inputs)}

    first, second = epoch(generator, 3), epoch(generator, 3)
    assert all((first[n] != second[n]).any() for n in first)
    # A state of the generator brings an epoch back, as a checkpoint does.
    for n, x in epoch(again, 3).items():
        np.testing.assert_array_equal(x, first[n])


def test_data_are_not_changed_themselves():
    items = noise([5] * 4)
    data = dataset(items)
    batch_of(data, **{name: s for name, s in STRENGTHS.items() if name != "mixup"})
    np.testing.assert_array_equal(data.batch(torch.arange(4))[0]["X"], np.stack(items))


# ---------------------------------------------------------------------------- each change


def test_jitter_is_independent_noise_of_its_deviation():
    items = noise(np.full(200, 25))
    changed = np.stack(rows_of(batch_of(dataset(items), jitter=0.3)[0]))
    added = changed - np.stack(items)
    assert added.std() == pytest.approx(0.3, rel=0.03)
    assert abs(added.mean()) < 0.3 * 4 / np.sqrt(added.size)
    flat = added.reshape(200, -1)
    between_rows = np.corrcoef(flat)[np.triu_indices(200, 1)]
    assert abs(between_rows.mean()) < 0.01
    assert between_rows.std() == pytest.approx(1 / np.sqrt(50), rel=0.1)


def test_scale_is_one_factor_of_each_channel_of_a_sequence():
    items = noise(np.full(500, 6))
    changed = np.stack(rows_of(batch_of(dataset(items), scale=0.2)[0]))
    factors = changed / np.stack(items)
    np.testing.assert_allclose(factors, factors[:, :1].repeat(6, axis=1), rtol=1e-9)
    factors = factors[:, 0]
    assert factors.mean() == pytest.approx(1, abs=0.03)
    assert factors.std() == pytest.approx(0.2, rel=0.1)
    assert abs(np.corrcoef(factors.T)[0, 1]) < 0.15


@pytest.mark.parametrize("share", [0.1, 0.3, 0.9])
@pytest.mark.parametrize("lengths", [LENGTHS, np.full(60, 10)], ids=["ragged", "equal"])
def test_a_crop_is_a_window_anywhere(share, lengths):
    items = noise(lengths)
    begins = set()
    for x, got in zip(
        items, rows_of(batch_of(dataset(items), crop=share)[0]), strict=True
    ):
        n = max(1, int(np.ceil(round((1 - share) * len(x), 9))))
        windows = np.lib.stride_tricks.sliding_window_view(x, n, axis=0)
        found = [i for i, window in enumerate(windows) if (got == window.T).all()]
        assert len(found) == 1
        begins.update(found)
    if len(lengths) == 60:
        assert begins == set(range(10 - int(kept_steps([10], share)[0]) + 1))


def ramps(lengths):
    """Channels that tell the position, and a function of it."""
    times = [np.arange(n, dtype=float) for n in lengths]
    return [np.column_stack([t, np.sin(t) * t]) for t in times]


@pytest.mark.parametrize("strength", [0.05, 0.5])
def test_a_warped_sequence_goes_through_all_of_it_at_another_speed(strength):
    items = ramps(np.full(300, 40))
    changed = rows_of(batch_of(dataset(items), warp=strength)[0])
    speeds = []
    for x, got in zip(items, changed, strict=True):
        at = got[:, 0]
        assert at[0] == 0
        assert at[-1] == pytest.approx(39, abs=1e-9)
        assert (np.diff(at) > 0).all()
        np.testing.assert_allclose(got[:, 1], np.interp(at, x[:, 0], x[:, 1]), atol=1e-9)
        speeds.append(np.log(np.diff(at)))
    # Beside the mean speed, which is fixed: what is left of six independent knots.
    ends = np.array(speeds)[:, [0, -1]]
    assert (ends[:, 0] - ends[:, 1]).std() == pytest.approx(
        strength * np.sqrt(2), rel=0.12
    )


def test_a_warped_crop_goes_through_its_window():
    changed = rows_of(batch_of(dataset(ramps([20] * 30)), crop=0.25, warp=0.3)[0])
    for got in changed:
        assert len(got) == 15
        assert got[0, 0] == int(got[0, 0])
        assert got[-1, 0] == pytest.approx(got[0, 0] + 14)


def test_missing_values_stay_missing():
    items = noise()
    items[2][3, 1] = items[2][4, 1] = np.nan
    data = dataset(items)
    for strengths in EACH[2:4]:
        changed = rows_of(batch_of(data, **strengths)[0])
        for x, got in zip(items, changed, strict=True):
            np.testing.assert_array_equal(np.isnan(got), np.isnan(x))
    items = ramps([30] * 40)
    for x in items:
        x[[7, 8, 20], 1] = np.nan
    for got in rows_of(batch_of(dataset(items), warp=0.2)[0]):
        nearest = np.floor(got[:, 0] + 0.5).astype(int)
        np.testing.assert_array_equal(np.isnan(got[:, 1]), np.isin(nearest, [7, 8, 20]))


def test_the_channel_of_times_stays():
    items = noise()
    data = dataset(items)
    changed = rows_of(batch_of(data, time_channel=1, scale=0.5, jitter=0.5)[0])
    for x, got in zip(items, changed, strict=True):
        np.testing.assert_array_equal(got[:, 1], x[:, 1])
        assert (got[:, 0] != x[:, 0]).all()


# --------------------------------------------------------------------------------- mixup


def coded(n, n_steps=4):
    """Sequences that tell from a mixture which ones were mixed, and in what shares."""
    return [np.tile(np.eye(n)[i], (n_steps, 1)) for i in range(n)]


def shares_of(inputs):
    X = inputs["X"].numpy()
    np.testing.assert_allclose(X, X[:, :1].repeat(X.shape[1], axis=1))
    return X[:, 0]


def test_a_mixture_is_of_two_and_so_is_its_target():
    n = 40
    data = dataset(coded(n), np.arange(n))
    inputs, truth = batch_of(data, mixup=0.4, n_classes=n)
    shares = shares_of(inputs)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert set((shares > 0).sum(axis=1)) <= {1, 2}
    assert (np.diag(shares) >= 0.5).all()
    np.testing.assert_allclose(truth.numpy(), shares)


@pytest.mark.parametrize("alpha", [0.2, 1.0])
def test_shares_are_of_the_beta_distribution(alpha):
    n = 300
    inputs, _ = batch_of(dataset(coded(n, 1), np.arange(n)), mixup=alpha, n_classes=n)
    shares = shares_of(inputs)
    own = np.diag(shares)[np.count_nonzero(shares, axis=1) == 2]
    density = beta(alpha, alpha).pdf
    mean = 2 * quad(lambda x: x * density(x), 0.5, 1)[0]
    square = 2 * quad(lambda x: x * x * density(x), 0.5, 1)[0]
    error = np.sqrt(square - mean**2) / np.sqrt(len(own))
    assert abs(own.mean() - mean) < 4 * error
    partners = np.argmax(np.where(np.eye(n) > 0, 0, shares), axis=1)
    assert len(set(partners)) > n / 2


def test_numbers_are_mixed_as_their_sequences_are():
    n = 30
    y = np.random.default_rng(0).normal(size=(n, 2))
    inputs, truth = batch_of(dataset(coded(n), y), mixup=0.5)
    np.testing.assert_allclose(truth.numpy(), shares_of(inputs) @ y)


def test_labels_are_mixed_as_their_sequences_are():
    n = 30
    y = np.random.default_rng(0).integers(0, 2, size=(n, 3)).astype(float)
    inputs, truth = batch_of(dataset(coded(n), y), mixup=0.5, n_classes=3)
    np.testing.assert_allclose(truth.numpy(), shares_of(inputs) @ y)


@pytest.mark.parametrize("is_multilabel", [False, True])
def test_the_loss_of_a_mixture_is_that_of_both_with_the_weights_of_both(is_multilabel):
    rng = np.random.default_rng(0)
    n, k = 24, 3
    codes = rng.integers(0, 2, (n, k)) * 1.0 if is_multilabel else rng.integers(0, k, n)
    weight = rng.uniform(0, 3, n)
    weight[:3] = 0
    data = dataset(coded(n), codes, weight)
    inputs, target = batch_of(data, mixup=1.0, n_classes=k)
    output = torch.from_numpy(rng.normal(size=(n, k)))
    name = "binary_cross_entropy" if is_multilabel else "cross_entropy"
    loss = WeightedLoss(name)(output, target)
    expected = 0.0
    for i, shares in enumerate(shares_of(inputs)):
        for j in np.flatnonzero(shares):
            truth = torch.from_numpy(codes)[j]
            each = (
                F.binary_cross_entropy_with_logits(output[i], truth)
                if is_multilabel
                else F.cross_entropy(output[i], truth)
            )
            expected += shares[j] * weight[j] * float(each)
    assert float(loss) == pytest.approx(expected / n)


def test_a_mixture_with_an_output_that_is_missing_has_none_either():
    n = 30
    rng = np.random.default_rng(0)
    y, given = rng.normal(size=(n, 2)), rng.random((n, 2)) > 0.3
    inputs, (truth, weight) = batch_of(dataset(coded(n), y, given * 2.0), mixup=0.5)
    shares = shares_of(inputs)
    both = np.array([given[row > 0].all(axis=0) for row in shares])
    np.testing.assert_array_equal(weight.numpy() > 0, both)
    np.testing.assert_allclose(weight.numpy()[both], 2)
    np.testing.assert_allclose(truth.numpy()[both], (shares @ y)[both])


def test_sequences_are_stretched_to_be_mixed():
    """A line from zero to one is the same line, of any length; one step is its start."""
    items = [np.linspace(0, 1, n)[:, None] for n in LENGTHS]
    data = dataset(items, np.zeros(len(items)))
    changed = rows_of(batch_of(data, mixup=1.0)[0])
    for x, got in zip(items, changed, strict=True):
        assert got.shape == x.shape
        if len(x) > 1:
            differs = ~np.isclose(got, x)
            # Mixed with the sequence of one step, it is that line, less steep.
            assert not differs.any() or np.allclose(got, got[-1] * x)


def test_static_covariates_are_mixed_too():
    n = 20
    static = np.random.default_rng(0).normal(size=(n, 3))
    data = dataset(coded(n), np.zeros(n), static=static)
    inputs, _ = batch_of(data, mixup=0.5)
    np.testing.assert_allclose(inputs["static"].numpy(), shares_of(inputs) @ static)


# ------------------------------------------------------------------- steps with targets


def test_steps_keep_their_targets_and_weights():
    items = noise()
    target = np.concatenate(items)[:, 0]
    weight = np.random.default_rng(1).uniform(1, 2, len(target))
    data = dataset(items, target, weight, per_step=True)
    inputs, (truth, scaled) = batch_of(data, jitter=0.1, scale=0.1)
    plain, (expected, as_scaled) = data.batch(torch.arange(len(items)))
    assert torch.equal(truth, expected)
    assert torch.equal(scaled, as_scaled)
    assert torch.equal(inputs["lengths"], plain["lengths"])
    chunks = ChunkIterator(
        data,
        3,
        torch.Generator().manual_seed(0),
        bptt_steps=4,
        augmentation=Augmentation({"scale": 0.2}),
    )
    factors = [
        (chunk["X"][:, 0, 0] / truth[:, 0]).tolist() for chunk, (truth, _) in chunks
    ]
    # Each sequence has its factor in all of its chunks.
    counts = np.unique(np.round(np.concatenate(factors), 9), return_counts=True)[1]
    assert sorted(counts) == sorted(-(-LENGTHS // 4))
