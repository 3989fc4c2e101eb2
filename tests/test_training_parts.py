"""The parts of training one by one, against torch, scikit-learn and numpy."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from itertools import chain
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import FAST, ragged
from sklearn import metrics
from skorch.callbacks import Callback
from torch import nn

from sksequence import GRUClassifier, _kernels
from sksequence._base.splitting import validation_split
from sksequence._inputs import Sequences, standardised
from sksequence._training import batches, make_dataset, settings_here, torch_threads
from sksequence._training.batches import BatchIterator, SequenceDataset
from sksequence._training.callbacks import GradientClipping
from sksequence._training.devices import find_device
from sksequence._training.losses import LOSSES, choose_loss
from sksequence._training.memory import memory_errors, require_memory
from sksequence._training.net import SequenceNet, WeightedLoss
from sksequence._training.optimizers import OPTIMIZERS, Adam, AdamW

# ------------------------------------------------------------------------- optimizers

PAIRS = [(Adam, torch.optim.Adam), (AdamW, torch.optim.AdamW)]
SETTINGS = {"lr": 0.01, "weight_decay": 0.1, "betas": (0.8, 0.99), "eps": 1e-6}
both_kinds = pytest.mark.parametrize(("ours", "theirs"), PAIRS)


def _problem(seed=0):
    """A small network, and a function that gives it the gradients of step i."""
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2))
    data = torch.randn(50, 7, 3)

    def backward(i):
        network.zero_grad()
        network(data[i]).square().sum().backward()

    return network, backward


def _train(optimizer, backward, steps):
    for i in steps:
        backward(i)
        optimizer.step()


def _weights(network):
    return [p.detach().clone() for p in network.parameters()]


def _same(some, others):
    return all(torch.equal(a, b) for a, b in zip(some, others, strict=True))


def _close(some, others):
    return all(torch.allclose(a, b, atol=1e-6) for a, b in zip(some, others, strict=True))


@both_kinds
def test_adam_is_torchs_to_the_bit(ours, theirs):
    one, other = _problem(), _problem()
    a = ours(one[0].parameters(), **SETTINGS)
    b = theirs(other[0].parameters(), **SETTINGS, fused=True)
    for i in range(20):
        _train(a, one[1], [i])
        _train(b, other[1], [i])
        assert _same(_weights(one[0]), _weights(other[0])), i


@both_kinds
def test_adam_takes_groups_and_skips_what_has_no_gradient(ours, theirs):
    one, other = _problem(), _problem()

    def groups(network):
        network[0].bias.requires_grad_(False)
        return [
            {"params": network[0].parameters(), "lr": 0.1},
            {"params": list(network[2].parameters()), "weight_decay": 0.0},
        ]

    before = one[0][0].bias.clone()
    _train(ours(groups(one[0]), **SETTINGS), one[1], range(5))
    _train(theirs(groups(other[0]), **SETTINGS, fused=True), other[1], range(5))
    assert _same(_weights(one[0]), _weights(other[0]))
    assert torch.equal(one[0][0].bias, before)


@both_kinds
def test_a_state_goes_on_as_if_nothing_had_happened(ours, theirs):
    network, backward = _problem()
    _train(ours(network.parameters(), **SETTINGS), backward, range(20))
    expected = _weights(network)
    for successor, is_same in ((ours, _same), (theirs, _close)):
        network, backward = _problem()
        first = ours(network.parameters(), **SETTINGS)
        _train(first, backward, range(10))
        second = successor(network.parameters(), lr=1.0)
        second.load_state_dict(first.state_dict())
        _train(second, backward, range(10, 20))
        assert is_same(_weights(network), expected)


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_a_schedule_sets_the_rate(name):
    network, backward = _problem()
    optimizer = OPTIMIZERS[name](network.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=4)
    rates = []
    for i in range(4):
        rates.append(optimizer.param_groups[0]["lr"])
        _train(optimizer, backward, [i])
        schedule.step()
    expected = (1 + np.cos(np.pi * np.arange(4) / 4)) / 2
    np.testing.assert_allclose(rates, expected)


@pytest.mark.parametrize("set_to_none", [True, False])
def test_zero_grad_leaves_no_gradient(set_to_none):
    network, backward = _problem()
    optimizer = Adam(network.parameters())
    backward(0)
    optimizer.zero_grad(set_to_none=set_to_none)
    grads = [p.grad for p in network.parameters()]
    assert all(g is None if set_to_none else not g.any() for g in grads)


def test_a_closure_is_called_with_gradients_and_answers_the_loss():
    weight = torch.tensor([2.0], requires_grad=True)

    def closure():
        loss = weight.square().sum()
        loss.backward()
        return loss

    assert Adam([weight]).step(closure).item() == 4
    assert weight.item() < 2


# ----------------------------------------------------------------------------- losses


@pytest.fixture
def outputs(rng):
    return torch.tensor(rng.normal(size=(9, 3)), requires_grad=True)


def test_cross_entropy_is_log_loss(outputs, rng):
    codes = torch.tensor(rng.integers(0, 3, size=9))
    loss = choose_loss("cross_entropy")(outputs, codes)
    probability = outputs.softmax(1).detach().numpy()
    expected = metrics.log_loss(codes, probability, labels=[0, 1, 2])
    assert loss.mean().item() == pytest.approx(expected)


def test_binary_cross_entropy_is_the_mean_log_loss_of_the_labels(outputs, rng):
    truth = torch.tensor(rng.integers(0, 2, size=(9, 3))).double()
    loss = choose_loss("binary_cross_entropy")(outputs, truth)
    probability = outputs.sigmoid().detach().numpy()
    per_label = [
        metrics.log_loss(truth[:, i], probability[:, i], labels=[0, 1]) for i in range(3)
    ]
    assert loss.mean().item() == pytest.approx(np.mean(per_label))


def _huber(truth, output):
    apart = np.abs(truth - output)
    return np.where(apart <= 1, apart**2 / 2, apart - 0.5).mean()


@pytest.mark.parametrize(
    ("name", "quantile", "metric"),
    [
        ("squared_error", None, metrics.mean_squared_error),
        ("absolute_error", None, metrics.mean_absolute_error),
        ("huber", None, _huber),
        *(
            ("quantile", q, lambda t, o, q=q: metrics.mean_pinball_loss(t, o, alpha=q))
            for q in (0.05, 0.5, 0.9)
        ),
    ],
)
def test_regression_loss_is_the_metric_of_that_name(name, quantile, metric, outputs, rng):
    truth = rng.normal(size=(9, 3)) * 2
    loss = choose_loss(name, quantile)(outputs, torch.tensor(truth)).detach().numpy()
    output = outputs.detach().numpy()
    expected = [metric(truth[[i]], output[[i]]) for i in range(9)]
    np.testing.assert_allclose(loss, expected)


def test_poisson_is_half_the_deviance_up_to_a_constant(outputs, rng):
    counts = rng.poisson(2, size=(9, 3)) + 0.0
    loss = choose_loss("poisson")

    def deviance(output):
        return metrics.mean_poisson_deviance(counts.ravel(), np.exp(output).ravel())

    def apart(function):
        return function(outputs.detach() * 2 + 1) - function(outputs.detach())

    ours = apart(lambda output: loss(output, torch.tensor(counts)).mean().item())
    assert ours == pytest.approx(apart(lambda output: deviance(output.numpy())) / 2)
    loss(outputs, torch.tensor(counts)).sum().backward()
    expected = (np.exp(outputs.detach().numpy()) - counts) / 3
    np.testing.assert_allclose(outputs.grad.numpy(), expected)


@pytest.mark.parametrize("name", [*LOSSES, "quantile"])
def test_a_weight_of_two_is_the_sequence_twice(name, outputs, rng):
    loss = WeightedLoss(name, 0.3)
    truth = torch.tensor(rng.integers(0, 2, size=(9, 3))).double()
    truth = truth[:, 0].long() if name == "cross_entropy" else truth
    weight = torch.ones(9).double()
    weight[:3], weight[3] = 2, 0
    rows = torch.tensor([0, 0, 1, 1, 2, 2, 4, 5, 6, 7, 8])
    weighted = loss(outputs, (truth, weight)) * 9
    torch.testing.assert_close(weighted, loss(outputs[rows], truth[rows]) * 11)


def test_the_mean_of_cross_entropies_has_the_gradient_of_each(outputs, rng):
    """It is taken by a shorter way, of which nothing but the time may be seen."""
    truth = torch.tensor(rng.integers(0, 3, size=9))
    of_mean, of_each = outputs.detach().clone(), outputs.detach().clone()
    mean = WeightedLoss("cross_entropy")(of_mean.requires_grad_(), truth)
    each = choose_loss("cross_entropy")(of_each.requires_grad_(), truth).mean()
    mean.backward(), each.backward()
    assert mean.item() == pytest.approx(each.item())
    assert torch.equal(of_mean.grad, of_each.grad)


# ------------------------------------------------------------------ between the batches


@pytest.mark.parametrize("max_norm", [1e-3, 0.5, 1e3])
def test_a_gradient_is_clipped_as_torch_does_it(max_norm):
    one, other = _problem(), _problem()
    for network, backward in (one, other):
        backward(0)
        network[0].bias.grad = None
    optimizer = Adam(one[0].parameters())
    GradientClipping(max_norm).on_grad_computed(SimpleNamespace(optimizer_=optimizer))
    nn.utils.clip_grad_norm_(other[0].parameters(), max_norm)
    clipped, expected = (
        [p.grad for p in network.parameters() if p.grad is not None]
        for network in (one[0], other[0])
    )
    assert len(clipped) == 3
    assert _same(clipped, expected)


class Listening(Callback):
    def __init__(self):
        self.heard = []

    def on_batch_begin(self, net, batch, training, **kwargs):
        self.heard.append(("begin", training))

    def on_batch_end(self, net, batch, training, loss, y_pred, **kwargs):
        self.heard.append(("end", training))


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_callbacks_hear_of_every_batch_and_the_others_are_not_asked(optimizer):
    listening, by_instance, grads = Listening(), Callback(), []
    by_instance.on_grad_computed = lambda net, named_parameters, **_: grads.append(
        [name for name, p in named_parameters if p.grad is not None]
    )
    model = GRUClassifier(
        **{**FAST, "batch_size": 4, "early_stopping": True},
        lr_schedule="constant",
        optimizer=optimizer,
        callbacks=[("one", listening), ("two", by_instance)],
    )
    found = []
    original = SequenceNet._find_listeners

    def find(net, hook):
        found.append(original(net, hook))
        return found[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SequenceNet, "_find_listeners", find)
        model.fit(ragged(), np.arange(8) % 2)
    # Six of eight are trained on, in two batches, and two watched.
    train, valid = [("begin", True), ("end", True)], [("begin", False), ("end", False)]
    assert listening.heard == 2 * (2 * train + valid)
    every = [name for name, _ in model.net_.module_.named_parameters()]
    assert grads == [every] * 4
    assert [len(callbacks) for callbacks in found] == 2 * [1, 2, 1]
    assert model.net_.listeners == {}


# ---------------------------------------------------------------------------- batches

LENGTHS = np.random.default_rng(0).integers(20, 200, size=500)


def as_they_are(sequences):
    return sequences


def one_each(target):
    """A target for each sequence."""
    return Sequences(np.asarray(target), np.ones(len(target), dtype=np.int64))


def dataset_of(lengths, n_channels=2, *, target=None, weight=None):
    """Sequence i holds i + 1 at every step."""
    values = np.repeat(np.arange(len(lengths)) + 1.0, lengths).astype(np.float32)
    sequences = Sequences(np.tile(values[:, None], n_channels), np.asarray(lengths))
    target = None if target is None else one_each(target)
    return SequenceDataset(sequences, as_they_are, target, weight)


def _lengths_in(inputs):
    X = inputs["X"]
    return inputs.get("lengths", torch.full((len(X),), X.shape[1]))


def shuffled(dataset, batch_size, seed=0):
    return BatchIterator(dataset, batch_size, torch.Generator().manual_seed(seed))


def rows_of(batches):
    return [(inputs["X"][:, 0, 0] - 1).int().tolist() for inputs, _ in batches]


@pytest.mark.parametrize("lengths", [LENGTHS, np.full(500, 7), LENGTHS[:3], LENGTHS[:1]])
@pytest.mark.parametrize("batch_size", [1, 16, 499, 1000])
def test_an_epoch_has_every_sequence_once(lengths, batch_size):
    iterator = shuffled(dataset_of(lengths), batch_size)
    for _ in range(2):
        rows = rows_of(iterator)
        assert len(rows) == len(iterator)
        assert max(map(len, rows)) <= batch_size
        assert sorted(chain(*rows)) == list(range(len(lengths)))


def test_batches_hold_the_sequences_and_nothing_else():
    target = np.arange(500)
    weight = (target / 10).astype(np.float32)
    dataset = dataset_of(LENGTHS, target=target, weight=weight)
    for inputs, (truth, weight) in shuffled(dataset, 16):
        X, lengths = inputs["X"], _lengths_in(inputs)
        assert X.shape == (len(truth), lengths.max(), 2)
        valid = torch.arange(X.shape[1]) < lengths[:, None]
        assert lengths.tolist() == LENGTHS[truth].tolist()
        assert torch.equal(X, (valid * (truth[:, None] + 1.0))[..., None].expand_as(X))
        assert torch.equal(weight, truth / 10)


@pytest.mark.parametrize("lengths", [LENGTHS, np.full(500, 7)])
def test_the_generator_alone_decides_the_batches(lengths):
    before = torch.get_rng_state()
    iterator = shuffled(dataset_of(lengths), 16)
    epochs = [rows_of(iterator), rows_of(iterator)]
    again = shuffled(dataset_of(lengths), 16)
    assert [rows_of(again), rows_of(again)] == epochs
    assert epochs[0] != epochs[1]
    assert rows_of(shuffled(dataset_of(lengths), 16, seed=1)) != epochs[0]
    assert torch.equal(torch.get_rng_state(), before)


def test_without_a_generator_the_order_is_kept():
    rows = rows_of(BatchIterator(dataset_of(LENGTHS), 16))
    assert list(chain(*rows)) == list(range(500))


def _padding(batches):
    """Share of the values that are padding."""
    valid = sum(int(_lengths_in(inputs).sum()) for inputs, _ in batches)
    return 1 - valid / sum(inputs["X"][..., 0].numel() for inputs, _ in batches)


def test_pools_cut_padding_by_half_and_more():
    dataset = dataset_of(LENGTHS)
    order = torch.randperm(500, generator=torch.Generator().manual_seed(0))
    at_random = [dataset.batch(index) for index in order.split(16)]
    assert _padding(list(shuffled(dataset, 16))) < 0.5 * _padding(at_random)


def test_long_and_short_batches_come_in_random_order():
    means = [
        _lengths_in(inputs).float().mean()
        for inputs, _ in shuffled(dataset_of(LENGTHS), 16)
    ]
    position = np.arange(len(means))
    assert abs(np.corrcoef(position, means)[0, 1]) < 0.5


def test_equal_sequences_are_a_view_and_need_no_lengths():
    dataset = dataset_of([7] * 20)
    assert dataset.held.block.data_ptr() == dataset.held.values.data_ptr()
    for inputs, _ in shuffled(dataset, 8):
        assert inputs.keys() == {"X"}
        assert inputs["X"].shape[1:] == (7, 2)
    assert not dataset_of([7, 8]).held.equal


def test_equal_lengths_within_a_batch_need_no_lengths():
    inputs, _ = dataset_of([7, 3, 7]).batch(torch.tensor([0, 2]))
    assert inputs.keys() == {"X"}
    assert inputs["X"][:, :, 0].tolist() == [[1.0] * 7, [3.0] * 7]


def test_held_padded_or_not_a_batch_is_the_same(monkeypatch):
    padded = dataset_of(LENGTHS)
    monkeypatch.setattr(batches, "_PADDED_VALUES", 0)
    gathered = dataset_of(LENGTHS)
    assert padded.held.block is not None
    assert gathered.held.block is None
    pairs = zip(shuffled(padded, 16), shuffled(gathered, 16), strict=True)
    for (one, _), (other, _) in pairs:
        assert torch.equal(one["X"], other["X"])
        assert torch.equal(_lengths_in(one), _lengths_in(other))


def test_an_item_is_a_batch_of_one():
    inputs, target = dataset_of([7, 3], target=torch.tensor([5, 6]))[1]
    assert inputs["X"].tolist() == [[[2.0, 2.0]] * 3]
    assert target.tolist() == [6]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["f8", "f4", "i8", "u1"])
def test_standardising_is_in_double_precision_and_of_a_copy(kind, dtype):
    values = np.arange(1, 9).reshape(4, 2).astype(kind)
    before, mean, scale = values.copy(), np.array([1.5, 3.25]), np.array([0.3, 7.0])
    out = standardised(Sequences(values, np.array([3, 1])), mean, scale, dtype)
    assert out.values.dtype == dtype
    np.testing.assert_allclose(out.values, (before - mean) / scale, rtol=1e-6)
    np.testing.assert_array_equal(values, before)


def test_a_large_offset_does_not_cost_the_digits():
    values = 1e9 + np.arange(4.0)[:, None]
    out = standardised(
        Sequences(values, np.array([4])), values.mean(0), values.std(0), "float32"
    )
    expected = (np.arange(4) - 1.5) / np.std(np.arange(4))
    np.testing.assert_allclose(out.values[:, 0], expected, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_targets_that_overflow_are_refused():
    one = Sequences(np.ones((1, 1)), np.array([1]))
    with pytest.raises(ValueError, match=r"y contains .*float32"):
        make_dataset(one, as_they_are, one_each([[1e300]]), dtype="float32")


# ---------------------------------------------------------------------------- threads


@pytest.fixture
def callers_threads():
    """The caller uses three threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield 3
    torch.set_num_threads(before)


def test_threads_are_ours_inside_and_the_callers_outside(callers_threads):
    with torch_threads(1):
        assert torch.get_num_threads() == 1
        with torch_threads(2):
            assert torch.get_num_threads() == 2
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == callers_threads


def test_threads_are_given_back_after_an_error(callers_threads):
    with pytest.raises(RuntimeError, match="inside"), torch_threads(1):
        raise RuntimeError("inside")
    assert torch.get_num_threads() == callers_threads


@pytest.mark.parametrize("first_out", [0, 1])
@pytest.mark.parametrize("nested", [False, True])
def test_each_thread_gets_its_number_back_however_they_overlap(
    callers_threads, nested, first_out
):
    """OpenMP keeps a number for each thread, and one for the threads yet to come."""
    within, after = {}, {}
    all_inside = threading.Barrier(2, timeout=10)
    first_is_out = threading.Event()

    def work(me):
        torch.set_num_threads(callers_threads)
        with torch_threads(1), torch_threads(1) if nested else nullcontext():
            all_inside.wait()
            if me != first_out:
                first_is_out.wait(10)
            within[me] = torch.get_num_threads()
        after[me] = torch.get_num_threads()
        first_is_out.set()

    _in_threads(work, [0, 1])
    assert within == {0: 1, 1: 1}
    assert after == {0: callers_threads, 1: callers_threads}
    _in_threads(lambda me: after.update({me: torch.get_num_threads()}), [2])
    assert after[2] == callers_threads


def _in_threads(work, names):
    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)


def test_a_fit_keeps_to_its_threads_and_gives_them_back(callers_threads, monkeypatch):
    numbers, told = [], torch.set_num_threads
    monkeypatch.setattr(torch, "set_num_threads", lambda n: [numbers.append(n), told(n)])
    X, y = ragged(), np.arange(8) % 2
    GRUClassifier(**FAST).fit(X, y).predict(X)
    assert set(numbers) == {1, callers_threads}
    # Kernels take two themselves; without them it is torch that gets two.
    GRUClassifier(**FAST, n_jobs=2).fit(X, y)
    assert set(numbers) == {1, callers_threads}
    monkeypatch.setattr(_kernels, "load", lambda *_: None)
    GRUClassifier(**FAST, n_jobs=2).fit(X, y)
    assert set(numbers) == {1, 2, callers_threads}
    assert torch.get_num_threads() == callers_threads


# ------------------------------------------------------------------- early-stopping split


def split(n, fraction, seed=0, **by):
    train, valid = validation_split(n, fraction, np.random.RandomState(seed), **by)
    np.testing.assert_array_equal(np.sort(np.r_[train, valid]), np.arange(n))
    assert (np.diff(train) > 0).all()
    assert (np.diff(valid) > 0).all()
    return train, valid


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_every_class_gives_its_share(fraction, rng):
    classes = rng.permutation(np.repeat(["a", "b", "c"], [100, 60, 20]))
    _, valid = split(180, fraction, classes=classes)
    names, counts = np.unique(classes[valid], return_counts=True)
    assert names.tolist() == ["a", "b", "c"]
    assert counts.tolist() == [round(fraction * n) for n in (100, 60, 20)]


@pytest.mark.parametrize("fraction", [0.01, 0.5, 0.99])
@pytest.mark.parametrize("counts", [(1, 2), (1, 1, 1, 5), (2, 2), (3, 1)])
def test_training_keeps_one_of_every_class(counts, fraction):
    classes = np.repeat(np.arange(len(counts)), counts)
    train, valid = split(len(classes), fraction, classes=classes)
    assert set(classes[train]) == set(classes)
    assert len(valid)


def test_without_classes_the_share_is_that_of_all():
    _, valid = split(50, 0.2)
    assert len(valid) == 10


def test_the_split_is_random_and_reproducible():
    first = split(50, 0.2)[1]
    np.testing.assert_array_equal(split(50, 0.2)[1], first)
    assert (split(50, 0.2, seed=1)[1] != first).any()


@pytest.mark.parametrize("fraction", [0.1, 0.4, 0.8])
@pytest.mark.parametrize("seed", range(5))
def test_groups_are_held_out_whole(fraction, seed, rng):
    groups = rng.integers(0, 12, size=200)
    classes = rng.integers(0, 3, size=200)
    train, valid = split(200, fraction, seed, classes=classes, groups=groups)
    assert not set(groups[train]) & set(groups[valid])
    assert set(classes[train]) == set(classes)
    largest = np.bincount(groups).max() / 200
    assert fraction <= len(valid) / 200 < fraction + largest


@pytest.mark.parametrize("seed", range(5))
def test_a_group_that_alone_has_a_class_stays_in_training(seed):
    classes = np.array([0, 0, 1, 1, 0, 0])
    groups = np.array(["a", "a", "b", "b", "c", "c"])
    train, valid = split(6, 0.3, seed, classes=classes, groups=groups)
    assert {2, 3} <= set(train)
    assert len(valid) == 2


@pytest.mark.parametrize(
    ("n", "by", "words"),
    [
        (1, {}, "n_samples = 1:"),
        (3, {"classes": np.array([0, 1, 2])}, "n_samples = 3:"),
        (4, {"groups": np.zeros(4)}, r"n_samples = 4 in 1 group"),
        (
            4,
            {"groups": np.array([0, 0, 1, 1]), "classes": np.array([0, 0, 1, 1])},
            r"n_samples = 4 in 2 group",
        ),
    ],
)
def test_a_split_that_leaves_no_part_is_refused(n, by, words):
    with pytest.raises(ValueError, match=words):
        validation_split(n, 0.5, np.random.RandomState(0), **by)


# ----------------------------------------------------------------- devices and memory


@pytest.fixture
def gpus(monkeypatch):
    """Pretend that the machine has so many."""

    def pretend(n):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: n > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: n)

    return pretend


@pytest.mark.parametrize(
    ("n", "asked", "found"),
    [
        (0, "auto", "cpu"),
        (2, "auto", "cuda"),
        (2, "cpu", "cpu"),
        (2, "cuda", "cuda"),
        (2, "cuda:1", "cuda:1"),
    ],
)
def test_a_device_that_is_there_is_found(n, asked, found, gpus):
    gpus(n)
    assert find_device(asked) == found


@pytest.mark.parametrize(
    ("n", "asked", "words"),
    [
        (0, "cuda", "'cuda' is not available.*0 CUDA"),
        (2, "cuda:2", "'cuda:2' is not available.*2 CUDA"),
        (2, "meta", "'meta' is not available"),
        (2, "gpu", "device must be .*'gpu'"),
        (2, "cuda:x", "device must be .*'cuda:x'"),
        (2, "", "device must be .*''"),
    ],
)
def test_a_device_that_is_not_there_is_refused(n, asked, words, gpus):
    gpus(n)
    with pytest.raises(ValueError, match=words):
        find_device(asked)


def test_settings_from_another_machine_come_to_this_one(gpus):
    gpus(1)
    settings = {"device": "cuda", "lr": 0.1}
    assert settings_here(settings) is settings
    gpus(0)
    with pytest.warns(UserWarning, match="not available.*onto the CPU"):
        assert settings_here(settings) == {"device": "cpu", "lr": 0.1}
    assert settings["device"] == "cuda"


def test_what_no_machine_holds_is_refused_with_its_size():
    require_memory(2**20, "A small network")
    with pytest.raises(MemoryError, match=r"A large network takes 1048576\.0 GiB"):
        require_memory(2**50, "A large network")


def test_complaints_of_too_little_memory_become_a_memory_error():
    dataset = dataset_of([7, 3], n_channels=4)
    words = (
        "2 sequences of up to 7 steps x 4 channels in batches of 16.*said: CUDA out of"
    )
    with pytest.raises(MemoryError, match=words), memory_errors(dataset, 16):
        raise RuntimeError("CUDA out of memory. Tried to\nand more")
    with pytest.raises(RuntimeError, match="shapes"), memory_errors(dataset, 16):
        raise RuntimeError("shapes differ")
