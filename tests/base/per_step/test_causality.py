"""Which steps an answer knows."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.data import ragged
from helpers.estimators import make
from helpers.step_task import BRANCHED, CELLS, CONVOLVED, REGRESSOR, TAGGER, lengths_of


def futures(x):
    """For each step, the sequence with another end from there on."""
    for step in range(len(x)):
        other = x.copy()
        other[step:] = 5 - 2 * other[step:]
        yield other


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    ("kernels", "strides", "params"),
    [
        ((), (), {}),
        ((), (), BRANCHED),
        ((3,), (1,), {}),
        ((3,), (2,), {}),
        ((4,), (3,), {"num_layers": 2}),
        ((3,), (2,), BRANCHED),
        ((), (), {**BRANCHED, "parallel_stride": 3}),
        ((3,), (2,), {**BRANCHED, "parallel_stride": 3}),
        ((5,), (5,), {}),
        ((2, 3), (2, 3), {}),
    ],
    ids=str,
)
def test_an_answer_for_every_step_that_knows_no_later_one(kernels, strides, params, cell):
    if strides:
        params = params | {"conv_channels": (6,) * len(strides)}
        params |= {"conv_kernel_size": kernels, "conv_stride": strides}
    X = ragged((7, 11, 12, 13, 5, 6))
    y = [x[:, 0].cumsum() for x in X]
    model = make(REGRESSOR, cell=cell, **params).fit(X, y)
    predicted = model.predict(X)
    assert lengths_of(predicted) == lengths_of(X)
    for i in (1, 2, 3):
        changed = model.predict(list(futures(X[i])))
        for step, other in enumerate(changed):
            assert len(other) == len(X[i])
            np.testing.assert_array_equal(other[:step], predicted[i][:step])
        assert (changed[0] != predicted[i]).any()
        twice = model.predict(np.array([X[i], X[i]]))
        np.testing.assert_array_equal(twice, [predicted[i], predicted[i]])
    # A block of steps is one step for the recurrence; it is known when it is complete.
    total = int(np.prod(strides, dtype=int))
    units = model.transform(X)[1][:, :8]
    for step in range(len(units)):
        block = (step + 1) // total
        expected = units[block * total - 1] if block else np.zeros(8)
        np.testing.assert_array_equal(units[step], expected)
    assert len(np.unique(units, axis=0)) == len(units) // total + (total > 1)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_with_both_directions_the_first_answer_knows_the_last_step(stride, cell):
    params = {"conv_channels": (6,), "conv_kernel_size": 3, "conv_stride": stride}
    X = ragged((7, 11, 12, 13, 5, 6))
    model = make(REGRESSOR, cell=cell, bidirectional=True, **params)
    model.fit(X, [x[:, 0] for x in X])
    predicted = model.predict(X)
    assert lengths_of(predicted) == lengths_of(X)
    changed = []
    for x in X:
        x = x.copy()
        x[-1] += 5
        changed.append(x)
    for before, after in zip(predicted, model.predict(changed), strict=True):
        assert before[0] != after[0]


@pytest.mark.parametrize(
    "params",
    [{}, BRANCHED, CONVOLVED, {**CONVOLVED, **BRANCHED, "parallel_stride": 3}],
    ids=str,
)
def test_a_beginning_is_answered_as_in_the_whole(params):
    X = ragged((13, 12))
    model = make(TAGGER, **params).fit(X, [x[:, 0] > 0 for x in X])
    whole = model.predict_proba(X)
    for n in range(3, 12):
        for got, expected in zip(
            model.predict_proba([x[:n] for x in X]), whole, strict=True
        ):
            np.testing.assert_allclose(got, expected[:n], rtol=1e-5)
