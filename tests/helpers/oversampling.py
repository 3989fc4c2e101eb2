"""What over-sampling by imbalanced-learn makes of columns of sequences and texts.

imblearn is imported by functions alone: pytest imports this file to look for doctests.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.data import objects, ragged
from helpers.estimators import make

N = 24
RNG = np.random.default_rng(0)
SERIES = ragged(RNG.integers(4, 9, N))
TEXTS = [
    " ".join(RNG.choice(["good", "bad", "day"], size=n)) for n in RNG.integers(1, 6, N)
]
LABELS = np.array(["rare"] * 4 + ["often"] * (N - 4))


def column(cells):
    return objects(cells)[:, None]


def over_sampler():
    from imblearn.over_sampling import RandomOverSampler

    return RandomOverSampler(random_state=0)


def check_rows():
    """Rows are repeated whole, cells and all."""
    table = pd.DataFrame({"past": SERIES, "age": RNG.normal(size=N), "text": TEXTS})
    sampler = over_sampler()
    for given in (table, table.to_numpy(), column(SERIES), column(TEXTS)):
        more, y = sampler.fit_resample(given, LABELS)
        rows = sampler.sample_indices_
        assert (y == LABELS[rows]).all()
        assert (y == "rare").sum() == N - 4
        plain, drawn = np.asarray(given, object), np.asarray(more, object)
        for i, row in enumerate(rows):
            for cell, origin in zip(drawn[i], plain[row], strict=True):
                np.testing.assert_array_equal(cell, origin)


def check_series():
    """An estimator reads the repeated column as it reads the repeated sequences."""
    sampler = over_sampler()
    more, y = sampler.fit_resample(column(SERIES), LABELS)
    got = make("GRUClassifier").fit(more, y).predict_proba(SERIES)
    repeated = [SERIES[i] for i in sampler.sample_indices_]
    expected = make("GRUClassifier").fit(repeated, y).predict_proba(SERIES)
    np.testing.assert_array_equal(got, expected)
