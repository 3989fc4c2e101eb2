"""Values in estimators of scikit-learn that are neither plain data nor estimators.

Each kind has a name, a test, a tree of plain data, and a way back that validates it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.utils import Bunch

from .allowed import find_function, name_of_function
from .codec import random_state_of

_BUILTINS = {kind.__name__: kind for kind in (bool, int, float, complex, str, object)}
_SPARSE = {
    kind.__name__: kind
    for kind in (
        sparse.csr_array,
        sparse.csr_matrix,
        sparse.csc_array,
        sparse.csc_matrix,
    )
}
_DTYPE_KINDS = "biufMmSUO"


class _Value(NamedTuple):
    """How values of one kind are recognised, described and built."""

    fits: Callable[[Any], bool]
    describe: Callable[[Any], Any]
    build: Callable[[Any], Any]


def describe_value(value: Any) -> tuple[str, Any] | None:
    """Return name and tree of a value, or None if it is of none of the kinds.

    Examples
    --------
    >>> describe_value(slice(1, None)), describe_value(np.float32), describe_value(3)
    (('slice', [1, None, None]), ('type', 'float32'), None)
    """
    for name, kind in _VALUES.items():
        if kind.fits(value):
            return name, kind.describe(value)
    return None


def build_value(name: str, content: Any) -> Any:
    """Build a value from its name and tree; any exception means a forged one.

    Examples
    --------
    >>> build_value("slice", [1, None, None])
    slice(1, None, None)
    """
    return _VALUES[name].build(content)


def is_value(name: str) -> bool:
    """Return whether it is the name of a kind of values."""
    return name in _VALUES


# -------------------------------------------------------------------------------- arrays


def _is_transposed(value: Any) -> bool:
    """Return whether it is in Fortran's order, in which products round otherwise."""
    is_matrix = type(value) is np.ndarray and value.ndim == 2
    if not is_matrix or value.dtype.kind not in "biuf" or value.flags.c_contiguous:
        return False
    return value.strides[0] < value.strides[1]


def _build_transposed(content: np.ndarray) -> np.ndarray:
    if type(content) is not np.ndarray or content.ndim != 2:
        raise ValueError("only matrices are transposed")
    return content.T


def _holds_objects(value: Any) -> bool:
    """Return whether it is an array of objects, but not of strings alone."""
    if type(value) is not np.ndarray or value.dtype.kind != "O":
        return False
    return any(type(item) is not str for item in value.ravel().tolist())


def _build_objects(content: list) -> np.ndarray:
    shape, items = content
    if any(type(n) is not int or n < 0 for n in shape) or math.prod(shape) != len(items):
        raise ValueError(f"{len(items)} objects cannot have shape {shape}")
    array = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        array[i] = item
    return array.reshape(shape)


def _describe_masked(value: np.ma.MaskedArray) -> dict[str, Any]:
    return {
        "data": np.asarray(value.data),
        "mask": np.ma.getmaskarray(value),
        "fill": value.fill_value,
    }


def _build_masked(content: dict) -> np.ma.MaskedArray:
    data, mask = content["data"], content["mask"]
    if type(data) is not np.ndarray or data.shape != mask.shape or mask.dtype != bool:
        raise ValueError("a mask does not fit its array")
    return np.ma.MaskedArray(data, mask=mask, fill_value=content["fill"])


def _describe_sparse(value: Any) -> dict[str, Any]:
    return {
        "format": type(value).__name__,
        "shape": [int(n) for n in value.shape],
        "data": value.data,
        "indices": value.indices,
        "indptr": value.indptr,
    }


def _build_sparse(content: dict) -> Any:
    kind, shape = _SPARSE[content["format"]], tuple(content["shape"])
    parts = [content[name] for name in ("data", "indices", "indptr")]
    built = kind(tuple(parts), shape=shape)
    # scipy's compiled code trusts the indices, and would read and write out of bounds.
    built.check_format(full_check=True)
    return built


# -------------------------------------------------------------------- types and functions


def _is_type(value: Any) -> bool:
    if not isinstance(value, type):
        return False
    return _find_type(value.__name__) is value


def _find_type(name: str) -> Any:
    if name in _BUILTINS:
        return _BUILTINS[name]
    found = getattr(np, name, None)
    return found if isinstance(found, type) and issubclass(found, np.generic) else None


def _build_type(name: str) -> Any:
    if (found := _find_type(name)) is None:
        raise ValueError(f"{name!r} is no type of numbers")
    return found


def _build_dtype(text: str) -> np.dtype:
    dtype = np.dtype(text) if type(text) is str else None
    if dtype is None or dtype.kind not in _DTYPE_KINDS or dtype.str != text:
        raise ValueError(f"{text!r} is not a dtype")
    return dtype


def _is_plain_dtype(value: Any) -> bool:
    return isinstance(value, np.dtype) and value.kind in _DTYPE_KINDS


# ------------------------------------------------------------------------------ of scipy


def _is_distribution(value: Any) -> bool:
    if not type(value).__module__.startswith("scipy.stats"):
        return False
    name = getattr(getattr(value, "dist", None), "name", None)
    return name is not None and type(value.dist) is type(_find_distribution(name))


def _find_distribution(name: str) -> Any:
    from scipy import stats

    found = getattr(stats, name, None)
    return found if isinstance(found, stats.rv_continuous | stats.rv_discrete) else None


def _build_distribution(content: dict) -> Any:
    found = _find_distribution(content["name"])
    if found is None:
        raise ValueError(f"{content['name']!r} is no distribution of scipy.stats")
    return found(*content["args"], **content["keywords"])


def _is_spline(value: Any) -> bool:
    cls = type(value)
    return cls.__name__ == "BSpline" and cls.__module__.startswith("scipy.interpolate")


def _describe_spline(value: Any) -> dict[str, Any]:
    return {
        "knots": value.t,
        "coefficients": value.c,
        "degree": int(value.k),
        "extrapolate": value.extrapolate,
    }


def _build_spline(content: dict) -> Any:
    from scipy.interpolate import BSpline

    knots, coefficients = content["knots"], content["coefficients"]
    degree, extrapolate = content["degree"], content["extrapolate"]
    return BSpline(knots, coefficients, degree, extrapolate=extrapolate)


_VALUES: dict[str, _Value] = {
    "slice": _Value(
        lambda value: type(value) is slice,
        lambda value: [value.start, value.stop, value.step],
        lambda content: slice(*content),
    ),
    "set": _Value(
        lambda value: type(value) is set, lambda value: sorted(value, key=repr), set
    ),
    "frozenset": _Value(
        lambda value: type(value) is frozenset,
        lambda value: sorted(value, key=repr),
        frozenset,
    ),
    "Bunch": _Value(
        lambda value: type(value) is Bunch, dict, lambda content: Bunch(**content)
    ),
    "transposed": _Value(_is_transposed, lambda value: value.T, _build_transposed),
    "objects": _Value(
        _holds_objects,
        lambda value: [list(value.shape), value.ravel().tolist()],
        _build_objects,
    ),
    "masked": _Value(
        lambda value: type(value) is np.ma.MaskedArray, _describe_masked, _build_masked
    ),
    "sparse": _Value(
        lambda value: type(value) in _SPARSE.values(), _describe_sparse, _build_sparse
    ),
    "type": _Value(_is_type, lambda value: value.__name__, _build_type),
    "dtype": _Value(_is_plain_dtype, lambda value: value.str, _build_dtype),
    "function": _Value(
        lambda value: callable(value) and name_of_function(value) is not None,
        name_of_function,
        find_function,
    ),
    # Several estimators may draw from one: it is an object, and shared after loading.
    "RandomState": _Value(
        lambda value: (
            type(value) is np.random.RandomState
            and value.get_state(legacy=False)["bit_generator"] == "MT19937"
        ),
        lambda value: value.get_state(legacy=False),
        random_state_of,
    ),
    "distribution": _Value(
        _is_distribution,
        lambda value: {
            "name": value.dist.name,
            "args": value.args,
            "keywords": value.kwds,
        },
        _build_distribution,
    ),
    "spline": _Value(_is_spline, _describe_spline, _build_spline),
}
