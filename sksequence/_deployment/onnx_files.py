"""A fitted estimator as an ONNX file."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._storage import check_target, replace_file
from .._version import __version__

_MOST_BYTES = 2**31 - 2**20  # the size limit of an ONNX file, less room for its metadata


def to_onnx(estimator: Any, path: Any) -> None:
    """What :meth:`sksequence.GRUClassifier.to_onnx` does."""
    check_is_fitted(estimator)
    target = check_target(path)
    make_model = _load_onnx().make_model
    # The stored state of a net has its weights as arrays of numpy.
    weights = estimator.__getstate__()["net_"]["weights"]
    n_bytes = 4 * sum(weight.size for weight in weights.values())
    if n_bytes > _MOST_BYTES:
        raise ValueError(
            f"The weights take {n_bytes} bytes, but an ONNX file holds at most 2 GB. Use "
            "a smaller network, or fewer tokens."
        )
    model = make_model(
        network=estimator._network,
        weights=weights,
        reading=estimator._describe_reading(),
        answer=estimator._describe_answer(),
        metadata=_describe_itself(estimator),
        version=__version__,
    )
    replace_file(target, [model.SerializeToString()])


def _load_onnx() -> Any:
    """Load onnx, which nothing else needs."""
    try:
        from . import onnx as _onnx
    except ImportError as error:
        raise ImportError(
            "to_onnx needs the package onnx, which could not be imported "
            f"({error}). Install it: pip install 'sksequence[onnx]' or pip install onnx."
        ) from error
    return _onnx


def _describe_itself(estimator: Any) -> dict[str, str]:
    """Return the metadata of the file, as text or JSON."""
    told: dict[str, Any] = {"hyperparameters": _plain_values(estimator.get_params())}
    if hasattr(estimator, "classes_"):
        told["classes"] = estimator.classes_.tolist()
    if hasattr(estimator, "feature_names_in_"):
        told["feature_names"] = estimator.feature_names_in_.tolist()
    names, _, at = estimator._columns or (None, 0, 0)
    if names is not None:
        told["static_names"] = names[:at] + names[at + 1 :]
    described = {key: json.dumps(value, default=str) for key, value in told.items()}
    described["estimator"] = type(estimator).__name__
    described["sksequence"] = __version__
    return described


def _plain_values(params: dict[str, Any]) -> dict[str, Any]:
    """Return the hyperparameters that JSON can hold: no generator, class or callback."""
    plain = {}
    for name, value in params.items():
        with suppress(TypeError, ValueError):
            text = json.dumps(value, allow_nan=False, default=np.generic.item)
            plain[name] = json.loads(text)
    return plain
