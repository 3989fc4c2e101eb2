"""Checks of the contract of sequence estimators."""

from __future__ import annotations

import os
import pickle
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone, is_classifier


def check_sequence_estimator(
    estimator: Any,
    *,
    X: list[np.ndarray] | None = None,
    y: np.ndarray | list[np.ndarray] | None = None,
    on_fail: str | None = "raise",
) -> list[dict[str, Any]]:
    """Check that an estimator adheres to the contract of sequence estimators.

    Its predictions must depend on the sequences and on nothing else.

    The counterpart, for sequences, of
    :func:`sklearn.utils.estimator_checks.check_estimator`, which only knows tables. There
    is one check for each sentence of the contract:

    - ``alone``: the prediction for a sequence is bitwise identical alone, in any batch,
      in any order, and with any padding.
    - ``input_untouched``: neither fit nor predict modifies X or y.
    - ``every_step_used``: every step of a sequence influences the predictions.
    - ``both_ends_used``: every unit of the final state depends on the first and on the
      last step, also in the backward direction.
    - ``causal``: without ``bidirectional``, no state depends on a later step.
    - ``gradients``: every parameter of the network gets a gradient.
    - ``refit``: a fit with the same ``random_state`` is bitwise identical when repeated,
      after pickling, in threads, in processes, and with any number of torch threads.
    - ``global_random_state``: fit and predict neither use nor change it.
    - ``renamed_labels``: renaming a classifier's labels renames its predictions.
    - ``disk``: nothing is written to the working directory or the temporary directory.

    Parameters
    ----------
    estimator : estimator
        Classifier, regressor, tagger, transcriber or detector. It is not modified: only
        clones are fitted. Checks that inspect the network need ``net_.module_`` to be a
        :class:`sksequence.nn.SequenceNetwork` or similar, and are skipped otherwise.
    X : list of ndarray of shape (n_steps_i, n_channels), default=None
        At least ten sequences of unequal lengths: numbers, token ids (integers, for an
        estimator with ``embedding_dim``) or frames (n_steps_i, height, width). None for
        random sequences of 9 to 30 steps that the estimator accepts, with NaN if it
        supports missing values.
    y : ndarray of shape (n_sequences,) or list of ndarray, default=None
        Targets of the sequences or of their steps, or lists of labels, which a detector
        ignores; None for targets that can be learnt.
    on_fail : {"raise"} or None, default="raise"
        Whether to raise the first failure, or to return all results.

    Returns
    -------
    list of dict
        The ``name`` of each check, its ``status`` ("passed", "failed" or "skipped"), and
        the ``exception`` that gives the reason.

    Raises
    ------
    AssertionError
        If a check fails and ``on_fail`` is "raise"; the message begins with its name.

    Examples
    --------
    >>> from sksequence import GRUClassifier
    >>> from sksequence.utils import check_sequence_estimator
    >>> results = check_sequence_estimator(GRUClassifier(hidden_size=4, max_epochs=2))
    >>> {result["status"] for result in results}
    {'passed'}
    """
    if on_fail not in ("raise", None):
        raise ValueError(f'on_fail must be "raise" or None, got {on_fail!r}')
    if (X is None) != (y is None):
        raise ValueError("X and y must be given together, or neither of them.")
    if X is None or y is None:
        X, y = _make_sequences(estimator)
    results = []
    for name, check in CHECKS.items():
        result: dict[str, Any] = {"name": name, "status": "passed", "exception": None}
        try:
            # Pass copies: an estimator may modify its input, which is a check of its own.
            check(_fresh(estimator), [np.array(x) for x in X], _copied(y))
        except _Skip as reason:
            result.update(status="skipped", exception=reason)
        except Exception as error:
            if on_fail == "raise":
                raise AssertionError(f"{name}: {error}") from error
            result.update(status="failed", exception=error)
        results.append(result)
    return results


# ------------------------------------------------------------------------- the checks


def check_alone(estimator: Any, X: list, y: Any) -> None:
    estimator.fit(X, y)
    together = _answers(estimator, X)
    for i, x in enumerate(X):
        _assert_equal(_answers(estimator, [x]), [together[i]], f"sequence {i} alone")
    order = np.random.RandomState(0).permutation(len(X))
    permuted = _answers(estimator, [X[i] for i in order])
    expected = [together[i] for i in order]
    _assert_equal(permuted, expected, "sequences in another order")
    longest = _end_to_end(estimator, [*X, *X])
    padded = _answers(estimator, [*X, longest])[:-1]
    _assert_equal(padded, together, "sequences beside a much longer one")
    many = _answers(estimator, X * 12)
    _assert_equal(many, together * 12, "sequences in a large batch")


def check_input_untouched(estimator: Any, X: list, y: Any) -> None:
    before = pickle.dumps((X, y))
    for x in X:
        x.flags.writeable = False
    estimator.fit(X, y)
    _answers(estimator, X)
    assert pickle.dumps((X, y)) == before, "fit or predict changed X or y"


def check_every_step_used(estimator: Any, X: list, y: Any) -> None:
    estimator.fit(X, y)
    steps = min(len(x) for x in X)
    if getattr(estimator, "_per_step", False) and not estimator.bidirectional:
        # No later step predicts from the last block of a stride if it is incomplete.
        steps -= steps % estimator.net_.module_.encoder.total_stride
    X = [x[:steps] for x in X]
    answers = _answers(estimator, X)
    for step in range(steps):
        changed = _answers(estimator, [_changed(estimator, x, step) for x in X])
        assert not _equal(changed, answers), (
            f"changing step {step} of {steps} in every sequence changed no answer"
        )


def check_both_ends_used(estimator: Any, X: list, y: Any) -> None:
    module = _module_of(estimator.fit(X, y))
    inputs = _one_batch(estimator, X)
    final = module.states(inputs)[2]
    for end, step in {"first": 0, "last": -1}.items():
        blind = final == final
        for shift in (1, -1, 5, -5):
            changed = inputs.clone()
            changed[:, step] = _shifted(inputs[:, step], shift, inputs)
            blind &= module.states(changed)[2] == final
        units = blind.all(0).nonzero().tolist()
        assert not units, f"units {units} of the final state have not seen the {end} step"


def check_causal(estimator: Any, X: list, y: Any) -> None:
    if getattr(estimator, "bidirectional", True):
        raise _Skip("the estimator looks ahead by design")
    module = _module_of(estimator.fit(X, y))
    inputs = _one_batch(estimator, X)
    n_steps = inputs.shape[1]
    states = module.states(inputs)[0].detach().numpy()
    stride = -(-n_steps // states.shape[1])
    for step in range(stride, n_steps, stride):
        future = inputs.clone()
        future[:, step:] = _shifted(inputs[:, step:], 1, inputs)
        past = module.states(future)[0].detach().numpy()[:, : step // stride]
        assert np.array_equal(past, states[:, : step // stride]), (
            f"changing steps {step} to {n_steps} changed states before step {step}"
        )


def check_gradients(estimator: Any, X: list, y: Any) -> None:
    module = _module_of(estimator.fit(X, y))
    module.train().zero_grad()
    output = module(_one_batch(estimator, X))
    weight = np.random.RandomState(0).normal(size=tuple(output.shape))
    total = (output * output.new_tensor(weight)).sum()
    if (chain := getattr(module, "chain", None)) is not None:
        total = total + chain(output).sum()
    total.backward()
    for name, parameter in module.named_parameters():
        gradient = parameter.grad
        assert gradient is not None, f"parameter {name} gets no gradient"
        assert bool(gradient.isfinite().all()), f"gradient of {name} is not finite"
        assert bool((gradient != 0).any()), f"gradient of {name} is zero"


def check_refit(estimator: Any, X: list, y: Any) -> None:
    answers = _fit_and_answer(estimator, X, y)
    again = clone(estimator).fit(X, y)
    _assert_equal(_answers(again, X), answers, "a second fit")
    unpickled = pickle.loads(pickle.dumps(again))
    _assert_equal(_answers(unpickled, X), answers, "a fit after pickling")
    unfitted = pickle.loads(pickle.dumps(clone(estimator)))
    _assert_equal(_fit_and_answer(unfitted, X, y), answers, "the fit of a pickled clone")
    for backend in ("threading", "loky"):
        fits = Parallel(n_jobs=2, backend=backend)(
            delayed(_fit_and_answer)(clone(estimator), X, y) for _ in range(4)
        )
        for fit in fits:
            _assert_equal(fit, answers, f"a fit in joblib's {backend} backend")
    with _torch_threads() as numbers:
        for number in numbers:
            fit = _fit_and_answer(clone(estimator), X, y)
            _assert_equal(fit, answers, f"a fit with {number} torch threads")


def check_global_random_state(estimator: Any, X: list, y: Any) -> None:
    _draw_from_global_generators()
    before = _global_random_state()
    answers = _fit_and_answer(estimator, X, y)
    assert _global_random_state() == before, "fit or predict moved the global state"
    _draw_from_global_generators()
    again = _fit_and_answer(clone(estimator), X, y)
    _assert_equal(again, answers, "a fit with another global random state")


def check_renamed_labels(estimator: Any, X: list, y: Any) -> None:
    plain = clone(estimator).fit(X, y)
    if not hasattr(plain, "classes_"):
        raise _Skip("no labels are predicted")
    classes = np.unique(np.concatenate([np.ravel(labels) for labels in y]))
    names = np.array([f"class {chr(ord('A') + i)}" for i in range(len(classes))])
    numbers = 10 * np.arange(len(classes)) - 5
    before = _labels(plain, X)
    for renamed in (names, numbers):
        new = [renamed[np.searchsorted(classes, labels)] for labels in y]
        got = _labels(clone(estimator).fit(X, new), X)
        expected = [renamed[np.searchsorted(classes, labels)] for labels in before]
        assert all(map(np.array_equal, got, expected)), (
            f"with classes {renamed} it predicted {got[:5]} ..., where it had predicted "
            f"{before[:5]} ... with classes {classes}"
        )


def check_disk(estimator: Any, X: list, y: Any) -> None:
    with _empty_folders() as written:
        _fit_and_answer(estimator, X, y)
        assert not written(), f"fit or predict wrote {written()}"


CHECKS: dict[str, Callable[[Any, list, Any], None]] = {
    "alone": check_alone,
    "input_untouched": check_input_untouched,
    "every_step_used": check_every_step_used,
    "both_ends_used": check_both_ends_used,
    "causal": check_causal,
    "gradients": check_gradients,
    "refit": check_refit,
    "global_random_state": check_global_random_state,
    "renamed_labels": check_renamed_labels,
    "disk": check_disk,
}


# ---------------------------------------------------------------------- helpers of checks


class _Skip(Exception):
    """Raised by a check that does not apply to the estimator."""


def _make_sequences(estimator: Any) -> tuple[list[np.ndarray], Any]:
    """Return random sequences that the estimator accepts, and matching targets."""
    estimator = _innermost(estimator)
    rng = np.random.RandomState(0)
    X: list[np.ndarray] = [rng.normal(size=(n, 2)) for n in rng.randint(9, 31, size=24)]
    so_far = [x[:, 0].cumsum() / np.arange(1, len(x) + 1) - x[:, 1] for x in X]
    if getattr(estimator, "embedding_dim", None) is not None:
        X = [np.digitize(x[:, 0], [-1, -0.3, 0.3, 1]) for x in X]
    elif hasattr(estimator, "patch_size"):
        X = [x[:, :1, None] + rng.normal(size=(len(x), 5, 6)) for x in X]
    elif getattr(estimator, "missing", "error") != "error":
        for x in X:
            x[rng.uniform(size=x.shape) < 0.2] = np.nan
        if (time := _time_channel(estimator)) is not None:
            gaps = [rng.exponential(size=len(x)) for x in X]
            X = [
                np.insert(x, time, g.cumsum(), axis=1)
                for x, g in zip(X, gaps, strict=True)
            ]
    thirds = [1 / 3, 2 / 3]
    if hasattr(estimator, "beam_size"):  # targets of another length, lists of labels
        cuts = np.quantile(np.concatenate(so_far), thirds)
        return X, [np.digitize(v[[len(v) // 2, -1]], cuts) for v in so_far]
    if not getattr(estimator, "_per_step", False):
        y = np.array([values[-1] for values in so_far])
        return X, np.digitize(y, np.quantile(y, thirds)) if is_classifier(
            estimator
        ) else y
    if hasattr(estimator, "class_weight"):
        cuts = np.quantile(np.concatenate(so_far), thirds)
        return X, [np.digitize(values, cuts) for values in so_far]
    return X, so_far


def _innermost(estimator: Any) -> Any:
    """Return what an ensemble, or another estimator that wraps one, passes X to."""
    while getattr(estimator, "estimator", None) is not None:
        estimator = estimator.estimator
    return estimator


def _copied(y: Any) -> Any:
    """Return a copy of targets per sequence or per step."""
    per_step = isinstance(y, list) and np.ndim(y[0]) > 0
    return [np.array(targets) for targets in y] if per_step else np.array(y)


def _fresh(estimator: Any) -> Any:
    estimator = clone(estimator)
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=0)
    return estimator


def _answers(estimator: Any, X: list) -> list[np.ndarray]:
    """Return the answers for each sequence: probabilities, or scores of a detector."""
    if hasattr(estimator, "predict_nbest"):  # of answers, which are labels
        best = estimator.predict_nbest(X, 2)
        return [np.array([score for _, score in answers]) for answers in best]
    methods = ("predict_proba", "score_samples", "predict")
    method = next(name for name in methods if hasattr(estimator, name))
    return [np.asarray(answer) for answer in getattr(estimator, method)(X)]


def _labels(estimator: Any, X: list) -> list[np.ndarray]:
    return [np.asarray(labels) for labels in estimator.predict(X)]


def _fit_and_answer(estimator: Any, X: list, y: Any) -> list[np.ndarray]:
    return _answers(estimator.fit(X, y), X)


def _equal(got: list[np.ndarray], expected: list[np.ndarray]) -> bool:
    return len(got) == len(expected) and all(map(np.array_equal, got, expected))


def _assert_equal(got: list[np.ndarray], expected: list[np.ndarray], what: str) -> None:
    if _equal(got, expected):
        return
    shapes = [[answer.shape for answer in answers] for answers in (got, expected)]
    assert shapes[0] == shapes[1], (
        f"the answers of {what} have the shapes {shapes[0]}, expected {shapes[1]}"
    )
    apart = max(
        np.abs(np.asarray(g, float) - np.asarray(e, float)).max()
        for g, e in zip(got, expected, strict=True)
    )
    raise AssertionError(f"the answers of {what} are {apart:.2g} apart, expected 0")


def _time_channel(estimator: Any) -> int | None:
    """Return the channel that holds the time of each step, if there is one."""
    reads_time = getattr(estimator, "missing", None) == "decay"
    return estimator.time_channel if reads_time else None


def _end_to_end(estimator: Any, X: list[np.ndarray]) -> np.ndarray:
    """Concatenate all sequences, keeping the time non-decreasing."""
    joined = np.concatenate(X)
    if (time := _time_channel(estimator)) is not None:
        joined[:, time] = np.maximum.accumulate(joined[:, time])
    return joined


def _changed(estimator: Any, x: np.ndarray, step: int) -> np.ndarray:
    """Change one step: by a standard deviation of each channel, or to another token.

    Missing values become observed; the time channel is not changed.
    """
    if x.dtype.kind in "iu":
        x = np.array(x)
        x[step] = np.where(x[step] == x.max(), x.min(), x.max())
        return x
    x = np.array(x, dtype=float)
    spread = _moments(x)[1]
    if (time := _time_channel(estimator)) is not None:
        spread[time] = 0
    x[step] = np.where(np.isnan(x[step]), 0, x[step]) + spread
    return x


def _moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each channel, ignoring NaN."""
    there = ~np.isnan(values)
    count = np.maximum(there.sum(axis=0), 1)
    mean = np.where(there, values, 0).sum(axis=0) / count
    spread = np.sqrt((np.where(there, values - mean, 0) ** 2).sum(axis=0) / count)
    return mean, np.where(spread > 0, spread, 1)


def _shifted(steps: Any, by: int, inputs: Any) -> Any:
    """Add a number to all values, or to all token ids modulo their number."""
    if inputs.is_floating_point():
        return steps + by
    return (steps + by) % (inputs.max() + 1)


def _module_of(estimator: Any) -> Any:
    module = getattr(getattr(estimator, "net_", None), "module_", None)
    if module is None or not hasattr(module, "states"):
        raise _Skip("the estimator shows no network with states")
    return module.cpu().eval()


def _one_batch(estimator: Any, X: list) -> Any:
    """Cut all sequences to the shortest length, standardise, and stack into a tensor."""
    import torch

    steps = min(len(x) for x in X)
    batch = np.stack([x[:steps] for x in X])
    if batch.ndim == 2:
        batch = batch[:, :, None]
    elif hasattr(estimator, "patch_size"):
        batch = np.moveaxis(batch, -1, 2) if batch.ndim == 5 else batch[:, :, None]
    if getattr(estimator, "embedding_dim", None) is not None:
        return torch.from_numpy(batch)
    dtype = next(estimator.net_.module_.parameters()).dtype
    batch = batch.astype(float)
    mean, spread = _moments(batch.reshape(-1, *batch.shape[2:]))
    batch = (batch - mean) / spread
    return torch.from_numpy(batch).to(dtype)


def _global_random_state() -> bytes:
    import torch

    return pickle.dumps(
        (random.getstate(), np.random.get_state(), torch.get_rng_state().numpy())
    )


def _draw_from_global_generators() -> None:
    import torch

    random.random()
    np.random.random()
    torch.rand(1, device="cpu")


@contextmanager
def _torch_threads() -> Iterator[tuple[int, ...]]:
    import torch

    def numbers() -> Iterator[int]:
        for number in (1, 2):
            torch.set_num_threads(number)
            yield number

    before = torch.get_num_threads()
    try:
        yield numbers()  # type: ignore[misc]
    finally:
        torch.set_num_threads(before)


@contextmanager
def _empty_folders() -> Iterator[Callable[[], list[str]]]:
    """Work in an empty directory, with an empty directory for temporary files."""
    here, temporary = os.getcwd(), tempfile.tempdir
    with tempfile.TemporaryDirectory() as work, tempfile.TemporaryDirectory() as scratch:
        os.chdir(work)
        tempfile.tempdir = scratch
        try:
            yield lambda: os.listdir(work) + os.listdir(scratch)
        finally:
            os.chdir(here)
            tempfile.tempdir = temporary
