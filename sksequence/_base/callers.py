"""Refusal of functions of scikit-learn that need one prediction per sequence.

They would fail with errors that say little, or count the steps of a block as the labels
of a sequence.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._inputs.borrowed import fold_in_use, scorer_in_use

_PROBABILITIES = ("predict_proba", "predict_log_proba")


def refuse_scorer_of_sequences() -> None:
    """Raise ValueError if a scorer with a metric of scikit-learn asks for predictions."""
    found = scorer_in_use()
    if found is None:
        return
    metric, options, y = found
    if getattr(metric, "__module__", "").startswith("sklearn.") and _is_nested(y):
        said = [f"{name}={value!r}" for name, value in options.items()]
        raise ValueError(
            f"{metric.__name__} of sklearn.metrics needs one target per sequence, got "
            "one for each step. Pass scoring=sksequence.metrics.make_step_scorer("
            f"{', '.join([metric.__name__, *said])})."
        )


def refuse_encoded_steps() -> None:
    """Raise ValueError if cross_val_predict has encoded y for probabilities."""
    method, y = fold_in_use() or ("", None)
    if method in _PROBABILITIES and _is_nested(y):
        raise ValueError(
            f"cross_val_predict(method={method!r}) of scikit-learn encodes the classes "
            "of each step by themselves, which makes other classes of them. Use "
            "sksequence.model_selection.cross_val_predict_steps."
        )


def _is_nested(y: Any) -> bool:
    """Return whether y has targets of steps."""
    if getattr(y, "ndim", 1) > 1:
        return True
    return hasattr(y, "__iter__") and any(np.ndim(item) > 0 for item in y)
