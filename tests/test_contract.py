"""The contract passes what keeps it, and names the promise that anything else breaks."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from helpers.broken_estimators import (
    BackwardHalfAtTheEnd,
    BlockedParameter,
    CentredConvolution,
    DependsOnProcess,
    DependsOnThread,
    DependsOnTorchThreads,
    DetachedEncoder,
    DrawsInPredict,
    FirstStepsAlone,
    ForgetsParametersWhenPickled,
    ForgetsWhenPickled,
    ForwardHalfAtTheStart,
    IgnoresRandomState,
    KnowsNumbersAlone,
    LastStepAlone,
    LeavesTemporaryFile,
    MinusBatchMean,
    PredictsCodes,
    ReadsGlobalState,
    ReadsPadding,
    Rounds,
    SeedsNumpy,
    SeedsTorch,
    SortedByLength,
    UnusedParameter,
    WritesCheckpoint,
    WritesX,
    WritesXInPredict,
    WritesY,
)
from helpers.data import ragged
from helpers.estimators import ESTIMATORS, labels_for, make
from sksequence import GRUClassifier, GRURegressor
from sksequence.utils import check_sequence_estimator
from sksequence.utils.contract import CHECKS

LOOKS_INTO_NETWORK = {"both_ends_used", "causal", "gradients"}
# Ten sequences and few steps: what is wrong with an estimator shows in them too.
LENGTHS = (9, 4, 7, 12, 5, 8, 6, 10, 4, 11)


def small(estimator):
    name = type(estimator).__mro__[1].__name__
    return {"X": ragged(LENGTHS), "y": labels_for(name, len(LENGTHS))}


def with_status(results, status):
    return {result["name"] for result in results if result["status"] == status}


# ------------------------------------------------------------------------- what is right


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_keeps_the_contract(name):
    results = check_sequence_estimator(make(name))
    assert [result["name"] for result in results] == list(CHECKS)
    skipped = set() if name.endswith("Classifier") else {"renamed_labels"}
    assert with_status(results, "skipped") == skipped
    assert with_status(results, "passed") == set(CHECKS) - skipped


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("LSTMClassifier", {"bidirectional": True, "pooling": "last"}),
        ("GRUClassifier", {"bidirectional": True, "merge_mode": "sum"}),
        ("SimpleRNNRegressor", {"bidirectional": True, "merge_mode": "mean"}),
        ("LSTMRegressor", {"bidirectional": True, "merge_mode": "mul"}),
        ("LSTMClassifier", {"num_layers": 2, "dropout": 0.3, "pooling": "max"}),
        (
            "GRURegressor",
            {"conv_channels": (4, 6), "conv_kernel_size": (5, 3), "conv_stride": (2, 1)},
        ),
        ("SimpleRNNClassifier", {"parallel_channels": (4, 6), "parallel_kernel_size": 3}),
        (
            "GRUClassifier",
            {
                **{
                    "parallel_channels": (6, 5, 5),
                    "parallel_kernel_size": ((3, 2), 2, 2),
                },
                **{"parallel_dilation": (1, 2, 1), "parallel_residual": 1},
                **{"parallel_squeeze": 2, "parallel_bottleneck": 2},
                "recurrent_output_dropout": 0.4,
            },
        ),
        (
            "LSTMRegressor",
            {
                **{"parallel_channels": (6,), "parallel_kernel_size": 3},
                **{"bidirectional": True, "pooling_segments": 2, "parallel_stride": 2},
            },
        ),
        ("GRUClassifier", {"pooling": "attention", "early_stopping": True}),
        ("LSTMClassifier", {"random_convolutions": 100, "dropout": 0.5}),
        ("LSTMRegressor", {"dtype": "float64", "optimizer": "rmsprop", "max_epochs": 1}),
        ("RecurrentClassifier", {"cell": "rnn", "hidden_size": 3}),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else value,
)
def test_every_configuration_keeps_the_contract(name, params):
    results = check_sequence_estimator(make(name, **params))
    looks_ahead = {"causal"} if "bidirectional" in params else set()
    skipped = looks_ahead | (set() if "Classifier" in name else {"renamed_labels"})
    assert with_status(results, "skipped") == skipped
    assert not with_status(results, "failed")


def identity(X):
    return X


def test_a_network_out_of_sight_is_skipped_with_the_reason():
    pipe = make_pipeline(FunctionTransformer(identity), make("GRUClassifier"))
    results = check_sequence_estimator(pipe)
    assert with_status(results, "skipped") == LOOKS_INTO_NETWORK
    assert not with_status(results, "failed")
    for result in results:
        assert (result["exception"] is None) == (result["status"] == "passed")


@pytest.mark.parametrize("name", ["GRUClassifier", "GRURegressor"])
@pytest.mark.parametrize(
    ("factor", "offset"), [(1, 0), (1e4, 1e5), (1e-4, 0)], ids=["plain", "large", "small"]
)
def test_given_sequences_are_those_that_are_checked(name, factor, offset):
    X = [offset + factor * x for x in ragged((6, 4, 7, 12, 5, 8, 6, 10, 9, 11), 3)]
    y = labels_for(name, len(X))
    seen = []
    estimator = make(name)
    fit = type(estimator).fit

    class Recording(type(estimator)):
        def fit(self, X, y):
            seen.append((X, y))
            return fit(self, X, y)

    results = check_sequence_estimator(
        Recording(**estimator.get_params()), X=X, y=y, on_fail=None
    )
    # A class that no worker can import fails where processes take part, and there alone.
    assert with_status(results, "failed") <= {"refit"}
    for X_seen, _ in seen:
        for x, given in zip(X_seen, X, strict=True):
            np.testing.assert_array_equal(x, given)


def test_the_estimator_itself_and_the_data_are_left_alone():
    estimator = make("GRUClassifier", random_state=7)
    params = estimator.get_params()
    X, y = ragged(LENGTHS), labels_for("GRUClassifier", len(LENGTHS))
    X[0].flags.writeable = False
    check_sequence_estimator(estimator, X=X, y=y)
    assert estimator.get_params() == params
    assert not hasattr(estimator, "net_")
    assert [x.flags.writeable for x in X] == [False] + [True] * (len(X) - 1)
    for x, expected in zip(X, ragged(LENGTHS), strict=True):
        np.testing.assert_array_equal(x, expected)


def test_data_that_cannot_be_written_to_are_welcome():
    """As np.frombuffer gives them, or the memory maps of a joblib worker."""
    X = [np.frombuffer(x.tobytes()).reshape(x.shape) for x in ragged(LENGTHS)]
    check_sequence_estimator(
        make("GRUClassifier"), X=X, y=labels_for("GRUClassifier", len(X))
    )


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"on_fail": "warn"}, ValueError, "on_fail must be .* got 'warn'"),
        ({"X": ragged()}, ValueError, "X and y must be given together"),
        ({"y": np.arange(8)}, ValueError, "X and y must be given together"),
    ],
)
def test_arguments_of_no_use_are_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        check_sequence_estimator(make("GRUClassifier"), **arguments)


def test_a_class_is_no_estimator():
    with pytest.raises(TypeError, match="instance"):
        check_sequence_estimator(GRUClassifier)


# ------------------------------------------------------------------------- what is wrong


CONVOLVED = {"conv_channels": (4,), "conv_kernel_size": 3}
BRANCHED = {"parallel_channels": (4,), "parallel_kernel_size": 3}
BOTH_WAYS = {"bidirectional": True, "pooling": "last"}


@pytest.mark.parametrize(
    ("wrong", "params", "name", "words"),
    [
        (MinusBatchMean, {}, "alone", "sequence 0 alone"),
        (SortedByLength, {}, "alone", "sequence"),
        (Rounds, {}, "alone", "alone are .* apart, expected 0"),
        (ReadsPadding, {}, "alone", "sequence"),
        (ReadsPadding, BOTH_WAYS, "alone", "sequence"),
        (WritesX, {}, "input_untouched", "read-only"),
        (WritesXInPredict, {}, "input_untouched", "read-only"),
        (WritesY, {}, "input_untouched", "changed X or y"),
        (LastStepAlone, {}, "every_step_used", "step 0 of 4"),
        (FirstStepsAlone, {}, "every_step_used", "step 3 of 4"),
        (BackwardHalfAtTheEnd, BOTH_WAYS, "both_ends_used", "have not seen the first"),
        (ForwardHalfAtTheStart, BOTH_WAYS, "both_ends_used", "have not seen the last"),
        (CentredConvolution, CONVOLVED, "causal", "changed states before step"),
        (UnusedParameter, {}, "gradients", "unused gets no gradient"),
        (DetachedEncoder, CONVOLVED, "gradients", "encoder.* gets no gradient"),
        (BlockedParameter, BRANCHED, "gradients", "branch.* is zero"),
        (IgnoresRandomState, {}, "refit", "a second fit"),
        (ForgetsWhenPickled, {}, "refit", "a fit after pickling"),
        (ForgetsParametersWhenPickled, {}, "refit", "the fit of a pickled clone"),
        (DependsOnThread, {}, "refit", "joblib's threading backend"),
        (DependsOnProcess, {}, "refit", "joblib's loky backend"),
        (DependsOnTorchThreads, {}, "refit", "2 torch threads"),
        (PredictsCodes, {}, "renamed_labels", "with classes .*class A"),
        (KnowsNumbersAlone, {}, "renamed_labels", "with classes .*-5"),
        (WritesCheckpoint, {}, "disk", "weights.pt"),
        (LeavesTemporaryFile, {}, "disk", "weights.pt"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_a_broken_promise_is_named(wrong, params, name, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    estimator = wrong(hidden_size=6, max_epochs=1, **params)
    with pytest.raises(AssertionError, match=f"(?s)^{name}: .*{words}"):
        check_sequence_estimator(estimator, **small(estimator))


@pytest.mark.parametrize("wrong", [SeedsTorch, SeedsNumpy, DrawsInPredict])
def test_moving_the_global_random_state_is_named(wrong):
    """Whether fits in threads race for it as well is a matter of luck."""
    estimator = wrong(hidden_size=6, max_epochs=1)
    results = check_sequence_estimator(estimator, **small(estimator), on_fail=None)
    failed = {r["name"]: str(r["exception"]) for r in results if r["status"] == "failed"}
    assert "moved" in failed.pop("global_random_state")
    assert set(failed) <= {"refit"}


def test_a_state_that_is_read_and_put_back_was_read():
    """Refits in processes may differ as well, each with a global state of its own."""
    estimator = ReadsGlobalState(hidden_size=6, max_epochs=1)
    results = check_sequence_estimator(estimator, **small(estimator), on_fail=None)
    failed = with_status(results, "failed")
    assert {"global_random_state"} <= failed <= {"refit", "global_random_state"}


def test_without_raising_every_failure_is_in_the_results():
    estimator = UnusedParameter(hidden_size=6, max_epochs=1)
    results = check_sequence_estimator(estimator, **small(estimator), on_fail=None)
    (failed,) = (result for result in results if result["name"] == "gradients")
    assert failed["status"] == "failed"
    assert "unused" in str(failed["exception"])
    assert {"alone", "global_random_state", "disk"} <= with_status(results, "passed")


def test_wrong_estimators_are_wrong_in_that_alone():
    """What they are made from keeps the contract on the very same data."""
    for params in ({}, BOTH_WAYS, CONVOLVED, BRANCHED):
        for right in (GRURegressor, GRUClassifier):
            estimator = clone(right(hidden_size=6, max_epochs=1, **params))
            data = {"X": ragged(LENGTHS), "y": labels_for(right.__name__, len(LENGTHS))}
            check_sequence_estimator(estimator, **data)
