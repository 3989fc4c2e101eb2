"""A fitted estimator as an ONNX file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from .._storage import check_target, replace_file
from .._version import __version__
from .levels import with_common_ids

_MOST_BYTES = 2**31 - 2**20  # the size limit of an ONNX file, less room for its metadata


def write_onnx(
    path: Any,
    *,
    network: dict[str, Any],
    weights: dict[str, np.ndarray],
    reading: dict[str, Any],
    answer: dict[str, Any],
    about: dict[str, Any],
) -> None:
    """Write a fitted network to an ONNX file, as ``to_onnx`` of the estimators does.

    Parameters
    ----------
    path : str or os.PathLike
        File to write, or to replace atomically.
    network, weights, reading, answer
        As in :func:`sksequence._deployment.onnx.make_model`.
    about : dict
        Metadata of the estimator; values that JSON cannot hold are left out.
    """
    target = check_target(path)
    make_model = _load_onnx().make_model
    _check_size([weights])
    model = make_model(
        network=network,
        weights=weights,
        reading=reading,
        answer=answer,
        metadata=_as_text(about),
        version=__version__,
    )
    replace_file(target, [model.SerializeToString()])


def write_onnx_of_ensemble(
    path: Any, *, members: Sequence[dict[str, Any]], about: dict[str, Any]
) -> None:
    """Write fitted networks to one ONNX file that answers with their mean.

    Parameters
    ----------
    path : str or os.PathLike
        File to write, or to replace atomically.
    members : sequence of dict
        As in :func:`sksequence._deployment.onnx.make_ensemble`.
    about : dict
        Metadata of the ensemble; values that JSON cannot hold are left out.
    """
    target = check_target(path)
    make_ensemble = _load_onnx().make_ensemble
    _check_size([member["weights"] for member in members])
    alike, levels = with_common_ids(members)
    model = make_ensemble(alike, metadata=_as_text(about | levels), version=__version__)
    replace_file(target, [model.SerializeToString()])


def _check_size(networks: Sequence[dict[str, np.ndarray]]) -> None:
    """Raise ValueError if weights exceed what a file can hold."""
    n_bytes = sum(weight.nbytes for weights in networks for weight in weights.values())
    if n_bytes > _MOST_BYTES:
        raise ValueError(
            f"The weights take {n_bytes} bytes, but an ONNX file holds at most 2 GB. Use "
            "a smaller network, or fewer tokens."
        )


def _load_onnx() -> Any:
    """Import onnx, which is an optional dependency."""
    try:
        from . import onnx as _onnx
    except ImportError as error:
        raise ImportError(
            "to_onnx needs the package onnx, which could not be imported "
            f"({error}). Install it: pip install 'sksequence[onnx]' or pip install onnx."
        ) from error
    return _onnx


def _as_text(about: dict[str, Any]) -> dict[str, str]:
    """Return the metadata as text: the name of the class, and JSON."""
    told = {**about, "hyperparameters": _plain_values(about["hyperparameters"])}
    name = told.pop("estimator")
    described = {key: json.dumps(value, default=str) for key, value in told.items()}
    return described | {"estimator": name, "sksequence": __version__}


def _plain_values(params: dict[str, Any]) -> dict[str, Any]:
    """Return the hyperparameters that JSON can hold: no generator, class or callback."""
    plain = {}
    for name, value in params.items():
        with suppress(TypeError, ValueError):
            text = json.dumps(value, allow_nan=False, default=np.generic.item)
            plain[name] = json.loads(text)
    return plain
