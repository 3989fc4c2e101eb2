"""How much the answer of a network depends on each step of its input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

# More outputs are not derived one by one, but as so many random mixtures of them.
_MOST = 32


def gradient_norms(module: nn.Module, method: str, inputs: Mapping[str, Any]) -> Tensor:
    r"""Return the Frobenius norms of d answer / d step: (batch, steps).

    Of a network that answers each step, the last answer counts. Steps are what the
    first layer reads: numbers, or the vectors of tokens and categories. Of many outputs
    :math:`k` the norm is estimated by as many as 32 mixtures :math:`v \sim N(0, I_k)`,
    since :math:`E |J^\top v|^2 = |J|^2`.
    """
    inputs = dict(inputs)
    with torch.enable_grad(), _reading(module, inputs) as read:
        rows = _last_answers(module, method, inputs).flatten(1)
        total = torch.zeros(inputs["X"].shape[:2], dtype=rows.dtype, device=rows.device)
        for one in _mixtures(rows):
            parts = torch.autograd.grad(
                one.sum(), read, retain_graph=True, allow_unused=True
            )
            for part in parts:
                if part is not None:
                    total += part.nan_to_num().square().flatten(2).sum(2)
    return total.sqrt()


@contextmanager
def _reading(module: nn.Module, inputs: dict[str, Any]) -> Iterator[list[Tensor]]:
    """Let derivatives be taken of what the first layer reads, which is yielded."""
    read: list[Tensor] = []

    def begin(value: Tensor) -> Tensor:
        leaf = value.detach().clone().requires_grad_()
        read.append(leaf)
        return leaf

    def replace(layer: nn.Module, args: Any, output: Any) -> Any:
        return tuple(map(begin, output)) if isinstance(output, tuple) else begin(output)

    tables = (getattr(module, name, None) for name in ("embedding", "categories"))
    layer = next((table for table in tables if table is not None), None)
    if layer is None:
        inputs["X"] = begin(inputs["X"])
        yield read
        return
    handle = layer.register_forward_hook(replace)
    try:
        yield read
    finally:
        handle.remove()


def _last_answers(module: Any, method: str, inputs: dict[str, Any]) -> Tensor:
    """Return the answers of each sequence, of several the last: (batch, ...)."""
    answers = getattr(module, method)(**inputs)
    n, n_steps = inputs["X"].shape[:2]
    lengths = inputs.get("lengths")
    if lengths is None:
        lengths = torch.full((n,), n_steps, device=answers.device)
    counts = module.count_answers(method, lengths)
    return (
        answers
        if counts is None
        else answers[torch.arange(n, device=answers.device), counts - 1]
    )


def _mixtures(rows: Tensor) -> Iterator[Tensor]:
    """Yield each output (batch,), or, of many, random mixtures with the same norm."""
    n_outputs = rows.shape[1]
    if n_outputs <= _MOST:
        yield from rows.T
        return
    generator = torch.Generator("cpu").manual_seed(0)
    shape = n_outputs, _MOST
    mixing = torch.randn(shape, generator=generator, dtype=rows.dtype, device="cpu")
    yield from (rows @ (mixing / _MOST**0.5).to(rows.device)).T
