"""Resolution of the device hyperparameter."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

import torch


def find_device(device: str) -> str:
    """Resolve "auto", and raise ValueError for a device that is not available.

    Examples
    --------
    >>> find_device("cpu")
    'cpu'
    >>> find_device("gpu")
    Traceback (most recent call last):
    ...
    ValueError: device must be "auto", "cpu", or a torch device such as "cuda:0", \
got 'gpu'
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        where = torch.device(device)
    except RuntimeError:
        raise ValueError(
            'device must be "auto", "cpu", or a torch device such as "cuda:0", '
            f"got {device!r}"
        ) from None
    lacking = {
        "cuda": (where.index or 0) >= torch.cuda.device_count(),
        "mps": not torch.backends.mps.is_available() or bool(where.index),
        "cpu": bool(where.index),
    }
    # torch takes the index modulo 256.
    if lacking.get(where.type, True) or str(where) != device:
        raise ValueError(
            f"device={device!r} is not available: this machine has "
            f'{torch.cuda.device_count()} CUDA device(s). Use "auto" or "cpu".'
        )
    return device


def settings_here(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a net, moved to the CPU if their device is not available."""
    try:
        find_device(settings["device"])
    except ValueError as error:
        warnings.warn(f"{error} It is loaded onto the CPU instead.", stacklevel=4)
        return {**settings, "device": "cpu"}
    return settings


def default_device(device: str) -> AbstractContextManager[Any]:
    """Return a context in which torch makes tensors on this device, if it names none.

    Torch's own optimizers do not, whose states belong where the weights are. Our code
    names the device of each tensor: within the context every call takes longer.
    """
    wanted = torch.device(device)
    is_it = torch.get_default_device().type == wanted.type == "cpu"
    return nullcontext() if is_it else wanted


def full_precision(device: str) -> AbstractContextManager[Any]:
    """Return a context in which float32 has all its bits, also in cuDNN on a GPU.

    By default torch lets cuDNN round what it multiplies to ten bits (TF32), so that
    predictions would differ from those of a CPU in the fourth digit.
    """
    return nullcontext() if device == "cpu" else _without_tf32()


_lock = threading.Lock()
_n_within = 0
_before: list[tuple[Any, str, Any]] = []


@contextmanager
def _without_tf32() -> Iterator[None]:
    """Switch TF32 off as long as any thread is within: it is switched for all of them."""
    global _n_within, _before
    with _lock:
        if not _n_within:
            switches = [*_switches()]
            _before = [(owner, name, getattr(owner, name)) for owner, name, _ in switches]
            for owner, name, full in switches:
                setattr(owner, name, full)
        _n_within += 1
    try:
        yield
    finally:
        with _lock:
            _n_within -= 1
            if not _n_within:
                for owner, name, value in _before:
                    setattr(owner, name, value)


def _switches() -> Iterator[tuple[Any, str, Any]]:
    """Yield what switches TF32, the attribute, and its value for full precision."""
    cudnn = torch.backends.cudnn
    # That of older versions of torch cannot be read if later ones are set apart.
    with suppress(RuntimeError):
        cudnn.allow_tf32  # noqa: B018
        yield cudnn, "allow_tf32", False
    for kind in ("conv", "rnn"):
        if hasattr(getattr(cudnn, kind, None), "fp32_precision"):
            yield getattr(cudnn, kind), "fp32_precision", "ieee"
