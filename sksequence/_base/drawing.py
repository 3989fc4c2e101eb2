"""A fitted network in HTML: its layers, sizes and parameters, and its history."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

_WIDTH, _HEIGHT = 260, 80
_LINES = {"train_loss": ("training", ""), "valid_loss": ("validation", "4 3")}
# What reads a sequence beside the recurrence, and what all of them read.
_BESIDE = {"branch", "random convolutions"}
_BEFORE = {"input", "embedding", "categories"}
_BOX = (
    "border:1px solid;border-radius:4px;padding:.3em .6em;display:inline-block;"
    "text-align:center;vertical-align:middle;margin:.2em"
)
_ROW = "display:flex;align-items:center;gap:.3em;white-space:nowrap;overflow-x:auto"
_ARROW = " &rarr; "


def network_html(estimator: Any) -> str:
    """Return the picture of a fitted estimator's network, empty before a fit."""
    if not hasattr(estimator, "net_"):
        return ""
    module = estimator.net_.module_
    total = _count(module)
    return (
        '<details open class="sksequence-network"><summary>Network: '
        f"{total:,} parameters, {_epochs(estimator)}</summary>"
        f"{_drawn(list(_layers_of(estimator, module)))}"
        f"{_history_svg(estimator.history_)}</details>"
    )


def _drawn(layers: list[tuple[str, str]]) -> str:
    """Return the layers from left to right, with those beside the recurrence below it."""
    boxes = {
        name: f'<span style="{_BOX}"><b>{escape(name)}</b><br>{escape(what)}</span>'
        for name, what in layers
    }
    below = [name for name in boxes if name in _BESIDE]
    if not below:
        return f"<div>{_ARROW.join(boxes.values())}</div>"
    names = list(boxes)
    first = sum(name in _BEFORE for name in names)
    last = names.index(below[-1]) + 1
    inner = [boxes[name] for name in names[first:last] if name not in _BESIDE]
    rows = [_ARROW.join(inner), *(boxes[name] for name in below)]
    beside = "".join(f'<div style="text-align:center">{row}</div>' for row in rows)
    parts = (
        [boxes[name] for name in names[:first]],
        [boxes[name] for name in names[last:]],
    )
    row = _ARROW.join([*parts[0], f"<div>{beside}</div>", *parts[1]])
    return f'<div style="{_ROW}">{row}</div>'


def _layers_of(estimator: Any, module: Any) -> Iterator[tuple[str, str]]:
    """Yield the name, and size and parameters, of what a sequence passes through."""
    network = estimator._network
    yield "input", _things(network["input_size"], "channel")
    for name, child in module.named_children():
        n_parameters = _count(child)
        if name == "pool" and child is not None and not n_parameters:
            yield "pooling", str(network.get("pooling"))
        if name == "random" and child is not None:
            yield "random convolutions", _things(child.output_size, "feature")
        if not n_parameters:
            continue
        about = [_about(name, child, network), f"{n_parameters:,} parameters"]
        yield name, ", ".join(part for part in about if part)


def _about(name: str, child: Any, network: dict[str, Any]) -> str:
    """Return the kind and the sizes of a layer."""
    if name == "recurrence":
        sizes = network["hidden_size"]
        sizes = sizes if isinstance(sizes, tuple) else (sizes,) * network["num_layers"]
        kind = network.get("cell", "convlstm")
        ways = ", both directions" if network.get("bidirectional") else ""
        return f"{kind} {' + '.join(map(str, sizes))}{ways}"
    if name == "pool":
        return str(network.get("pooling"))
    size = getattr(child, "output_size", getattr(child, "out_features", None))
    return "" if size is None else _things(size, "output")


def _history_svg(history: list[dict[str, float]]) -> str:
    """Return the losses of the epochs as lines, with their first and last values."""
    lines = {
        key: values
        for key in _LINES
        if len(values := [h[key] for h in history if key in h]) > 1
    }
    if not lines:
        return ""
    low = min(map(min, lines.values()))
    high = max(max(map(max, lines.values())), low + 1e-12)
    drawn, words = "", []
    for key, values in lines.items():
        label, dashes = _LINES[key]
        points = " ".join(
            f"{_WIDTH * i / (len(values) - 1):.1f},"
            f"{_HEIGHT * (high - value) / (high - low):.1f}"
            for i, value in enumerate(values)
        )
        drawn += (
            f'<polyline points="{points}" fill="none" stroke="currentColor" '
            f'stroke-dasharray="{dashes}"/>'
        )
        style = "dashed" if dashes else "solid"
        words.append(f"{label} ({style}) {values[0]:.3g} to {values[-1]:.3g}")
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="history" '
        f'style="overflow:visible;margin:.5em">{drawn}</svg>'
        f"<div>Loss by epoch: {'; '.join(words)}</div>"
    )


def _epochs(estimator: Any) -> str:
    return _things(estimator.n_epochs_, "epoch")


def _things(n: int, name: str) -> str:
    """Return a number of things, in the plural if there are several."""
    return f"{n:,} {name}{'' if n == 1 else 's'}"


def _count(module: Any) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
