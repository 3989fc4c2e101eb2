"""Data of a search that are sent to each worker once, not with every fit.

joblib writes large arrays to a file that all workers map, but pickles lists of arrays for
every fit. Here a list is packed into one array, which a worker unpacks once.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from threading import Lock
from typing import Any
from uuid import uuid4

import joblib
import numpy as np

from .._inputs.packing import Packed, PackedTable, pack, unpack

# What this process has received of the latest search, by key.
_RECEIVED: dict[str, dict[str, Any]] = {}
_LOCK = Lock()


@contextmanager
def sharing(n_jobs: int | None, *data: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the arguments of a search in a form that is sent once to each worker.

    Processes of joblib get it as a memory map, as an object of the user's type. Lists are
    scattered by Dask, unless the user did, and put into Ray's object store. What is no
    list, and a search in one process, is left as it is.
    """
    backend = joblib.parallel.get_active_backend()[0]
    if hasattr(backend, "data_futures"):
        with _scattered(backend, data):
            yield data
    elif joblib.effective_n_jobs(n_jobs) == 1 or getattr(backend, "uses_threads", False):
        yield data
    else:
        search, is_ray = uuid4().hex, type(backend).__module__.startswith("ray.")
        yield tuple(_shared(one, search, is_ray=is_ray) for one in data)


@contextmanager
def _scattered(backend: Any, data: tuple[Any, ...]) -> Iterator[None]:
    """Scatter lists for Dask; joblib itself scatters arrays and tables."""
    futures = backend.data_futures
    added = [one for one in data if _is_list(one) and id(one) not in futures]
    for one in added:
        # Within a list, or Dask would scatter the items one by one.
        futures[id(one)] = backend.client.scatter([one], hash=False)[0]
    try:
        yield
    finally:
        for one in added:
            futures.pop(id(one), None)


def _shared(X: Any, search: str, *, is_ray: bool) -> Any:
    """Return a copy of X, of shared items, that is pickled as a parcel."""
    parcel = _Parcel(X, search, is_ray=is_ray)
    if is_ray:
        return _SharedList(X, parcel) if _is_list(X) else X
    if isinstance(X, dict):
        return {key: _shared(one, search, is_ray=is_ray) for key, one in X.items()}
    if _is_list(X):
        return _SharedList(X, parcel)
    if type(X) is np.ndarray and X.dtype == object and X.ndim == 1:
        array = X.view(_SharedArray)
        array.parcel = parcel
        return array
    if hasattr(X, "iloc") and len(X.shape) == 2 and _holds_objects(X):
        return _shared_table(X, parcel)
    return X


def _is_list(X: Any) -> bool:
    """Return whether X is a list of what has parts, or of texts."""
    is_list = type(X) in (list, tuple) and len(X) > 0
    return is_list and hasattr(X[0], "__len__")


def _holds_objects(table: Any) -> bool:
    return any(getattr(dtype, "kind", None) == "O" for dtype in table.dtypes)


class _Parcel:
    """One object on its way to workers, which it reaches once each."""

    def __init__(self, data: Any, search: str, *, is_ray: bool) -> None:
        self.data, self.search, self.key = data, search, uuid4().hex
        self.is_ray = is_ray
        self.content: Any = None

    def reduce(self) -> tuple[Any, ...]:
        """Return what pickle calls in the worker, and its arguments."""
        if self.content is None:
            packed = _packed(self.data)
            self.content = import_module("ray").put(packed) if self.is_ray else packed
        made = _OfRay if self.is_ray else _receive
        return made, (self.search, self.key, self.content)


def _packed(X: Any) -> Any:
    """Return one array, with what it takes to unpack it; in rare cases X itself.

    Classes of the main program have to be pickled by who pickles the tasks.
    """
    packed = pack(X)
    if packed is not X:
        return _Objects(packed) if isinstance(X, np.ndarray) else packed
    try:
        pickled = pickle.dumps(X, protocol=pickle.HIGHEST_PROTOCOL)
    except (AttributeError, TypeError, pickle.PicklingError):
        return X
    return X if b"__main__" in pickled else np.frombuffer(pickled, dtype=np.uint8)


def _receive(
    search: str,
    key: str,
    content: Any,
    get: Callable[[Any], Any] = lambda content: content,
) -> Any:
    """Return what is in a parcel; what came with other searches is forgotten."""
    with _LOCK:
        if search not in _RECEIVED:
            _RECEIVED.clear()
        received = _RECEIVED.setdefault(search, {})
        if key not in received:
            received[key] = _opened(get(content))
        return received[key]


@dataclass(frozen=True)
class _Objects:
    """The packed items of an object array."""

    items: Packed


def _opened(content: Any) -> Any:
    if isinstance(content, _Objects):
        return np.fromiter(unpack(content.items), dtype=object)
    if isinstance(content, Packed | PackedTable):
        return unpack(content)
    if isinstance(content, np.ndarray) and content.dtype == np.uint8:
        return pickle.loads(content.data)
    return content


class _OfRay(Sequence):
    """A list in Ray's object store, which must not be asked for within an unpickling."""

    def __init__(self, search: str, key: str, reference: Any) -> None:
        self.search, self.key, self.reference = search, key, reference

    @cached_property
    def items(self) -> Any:
        """What all fits of a search share in this process."""
        return _receive(self.search, self.key, self.reference, import_module("ray").get)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, i: Any) -> Any:
        return self.items[i]


class _SharedList(list):
    """A list that is pickled as a parcel."""

    def __init__(self, items: Any, parcel: _Parcel) -> None:
        super().__init__(items)
        self.parcel = parcel

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return self.parcel.reduce()

    def __copy__(self) -> list[Any]:
        return list(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> list[Any]:
        return copy.deepcopy(list(self), memo)


class _SharedArray(np.ndarray):
    """An object array that is pickled as a parcel; parts of it are not."""

    parcel: _Parcel | None = None

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self.parcel is None:
            return np.asarray(self).__reduce_ex__(protocol)
        return self.parcel.reduce()


def _shared_table(table: Any, parcel: _Parcel) -> Any:
    """Return a DataFrame of pandas that is pickled as a parcel; parts of it are not."""
    kind = type(table)
    methods = {
        "__reduce_ex__": lambda self, protocol: parcel.reduce(),
        "__module__": kind.__module__,
    }
    shared = table.copy(deep=False)
    shared.__class__ = type(kind.__name__, (kind,), methods)
    return shared
