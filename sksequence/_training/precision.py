"""Mixed precision training: torch's autocast, and loss scaling for float16."""

from __future__ import annotations

from typing import Any

import torch


def check_precision(mixed_precision: str | None, dtype: str) -> None:
    """Raise ValueError for mixed precision with a dtype other than float32.

    Examples
    --------
    >>> check_precision("bfloat16", "float32")
    >>> check_precision("bfloat16", "float64")
    Traceback (most recent call last):
    ...
    ValueError: mixed_precision='bfloat16' needs dtype='float32', got 'float64'. \
Set mixed_precision=None for double precision.
    """
    if mixed_precision is not None and dtype != "float32":
        raise ValueError(
            f"mixed_precision={mixed_precision!r} needs dtype='float32', got "
            f"{dtype!r}. Set mixed_precision=None for double precision."
        )


def make_autocast(mixed_precision: str | None, device: str) -> torch.autocast | None:
    """Return the autocast context of the forward pass, or None."""
    if mixed_precision is None:
        return None
    kind = torch.device(device).type
    try:
        return torch.autocast(kind, getattr(torch, mixed_precision))
    except RuntimeError as error:
        raise ValueError(
            f"mixed_precision={mixed_precision!r} is not available on device={device!r}: "
            f"{error}"
        ) from error


def make_scaler(
    mixed_precision: str | None, device: str, optimizer: Any
) -> torch.amp.GradScaler | None:
    """Return the loss scaler that keeps small float16 gradients above zero, or None."""
    if mixed_precision != "float16":
        return None
    if isinstance(optimizer, torch.optim.LBFGS):
        raise ValueError(
            "mixed_precision='float16' has to skip steps, which LBFGS does not support. "
            "Use another optimizer, or 'bfloat16'."
        )
    return torch.amp.GradScaler(torch.device(device).type)
