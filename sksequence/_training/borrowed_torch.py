"""Private names of torch that we use, each with a fallback.

No other module uses them. If a version of torch lacks a name, its public functions are
used: slower, with the same results up to rounding. ``tests/test_borrowed.py`` tests this
by removing the names.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain
from operator import is_, itemgetter
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

try:
    from torch import _foreach_add_, _fused_adam_, _fused_adamw_
except ImportError:
    _HAS_ADAM = False
else:
    _HAS_ADAM = True

try:
    from torch import _foreach_mul_, _foreach_norm
except ImportError:
    _HAS_NORM = False
else:
    _HAS_NORM = True

try:
    from torch import _log_softmax_backward_data
except ImportError:
    _log_softmax_backward_data = None  # type: ignore[assignment]

try:
    from torch.nn.modules.module import _has_any_global_hook
except ImportError:
    _has_any_global_hook = None  # type: ignore[assignment]

# Set by the constructor of torch.optim.Optimizer, which our Adam does not call.
_HOOKS = (
    "_optimizer_step_pre_hooks",
    "_optimizer_step_post_hooks",
    "_optimizer_state_dict_pre_hooks",
    "_optimizer_state_dict_post_hooks",
    "_optimizer_load_state_dict_pre_hooks",
    "_optimizer_load_state_dict_post_hooks",
)
_declared = {n for n in torch.optim.Optimizer.__annotations__ if n.startswith("_")}

_TRAINING = itemgetter("training")

CAN_STEP_FUSED = _HAS_ADAM and _declared == set(_HOOKS)


def add_hooks(optimizer: torch.optim.Optimizer) -> None:
    """Set the attributes that state_dict, schedulers and hooks need."""
    for name in _HOOKS:
        setattr(optimizer, name, OrderedDict())


def prepare_adam(
    parameters: list[Tensor],
    states: list[dict[str, Tensor]],
    joint: Tensor | None = None,
    *,
    decoupled: bool,
) -> Callable[..., None]:
    """Return a function that makes steps of Adam or AdamW with torch's fused kernel.

    It serves as long as no gradient or state is replaced. Settings are its keywords.
    ``joint`` is the memory of the steps counted by all states, if it is one, on the CPU.
    """
    kernel = _fused_adamw_ if decoupled else _fused_adam_
    weights = [p.detach() for p in parameters]
    gradients: Any = [p.grad for p in parameters]
    averages, squares, counts = (
        [state[name] for state in states] for name in ("exp_avg", "exp_avg_sq", "step")
    )
    numbers = None if joint is None else joint.numpy()
    update = partial(
        kernel,
        weights,
        gradients,
        averages,
        squares,
        [],
        counts,
        amsgrad=False,
        maximize=False,
        grad_scale=None,
        found_inf=None,
    )

    def step(**how: Any) -> None:
        if numbers is None:
            _foreach_add_(counts, 1)
        else:
            np.add(numbers, 1, out=numbers)  # in a tenth of torch's time
        update(**how)

    return step


def _log_softmax_gradient(gradient: Tensor, log_shares: Tensor) -> Tensor:
    """Return the gradient of a log softmax over the last axis of its input (n, classes).

    Parameters
    ----------
    gradient, log_shares : Tensor of shape (n, classes)
        Gradient of its output, and the output.
    """
    return _log_softmax_backward_data(gradient, log_shares, 1, log_shares.dtype)


# None if torch lacks it: autograd serves.
log_softmax_gradient = (
    None if _log_softmax_backward_data is None else _log_softmax_gradient
)


def parts_of(module: nn.Module) -> tuple[list[nn.Module], list[nn.Parameter]]:
    """Return all layers of a module, and their parameters."""
    layers = list(module.modules())
    own = (layer._parameters.values() for layer in layers)
    return layers, [p for some in own for p in some if p is not None]


def has_hooks(layers: Iterable[nn.Module], parameters: Iterable[nn.Parameter]) -> bool:
    """Return whether something else is called when a layer runs, or its gradient.

    True if this cannot be known.
    """
    if _has_any_global_hook is None or _has_any_global_hook():
        return True
    return any(
        "forward" in vars(layer) or any(_hooks_of(layer)) for layer in layers
    ) or any(parameter._backward_hooks for parameter in parameters)


def _hooks_of(layer: nn.Module) -> tuple[dict, ...]:
    """Return what is called when a layer runs, or its gradient."""
    return (
        layer._forward_hooks,
        layer._forward_pre_hooks,
        layer._backward_hooks,
        layer._backward_pre_hooks,
    )


class Snapshot:
    """The layers and weights of a module, to see whether any has been replaced since.

    Parameters
    ----------
    module : Module
        The module.
    """

    def __init__(self, module: nn.Module) -> None:
        layers, self.weights = parts_of(module)
        self.attributes = [vars(layer) for layer in layers]
        self.hooks = [hooks for layer in layers for hooks in _hooks_of(layer)]
        self.named: list[dict[str, Any]] = [
            named for x in layers for named in (x._modules, x._parameters)
        ]
        self.parts = self._current()
        self.places = [weight.data_ptr() for weight in self.weights]

    def _current(self) -> list[Any]:
        values: Any = dict.values
        return list(chain.from_iterable(map(values, self.named)))

    def holds(self, *, training: bool = False) -> bool:
        """Return whether all is as it was, and runs as its class does, in this mode."""
        if _has_any_global_hook is None or _has_any_global_hook() or any(self.hooks):
            return False
        if any(weight._backward_hooks for weight in self.weights):
            return False
        modes = map(_TRAINING, self.attributes)
        if not all(modes) if training else any(modes):
            return False
        if any("forward" in own for own in self.attributes):
            return False
        parts = self._current()
        if len(parts) != len(self.parts) or not all(map(is_, parts, self.parts)):
            return False
        return [weight.data_ptr() for weight in self.weights] == self.places


def note_step(optimizer: torch.optim.Optimizer) -> None:
    """Mark a step, so that schedulers do not warn that none was made."""
    optimizer._opt_called = True  # type: ignore[attr-defined]


def clip_gradients(
    parameters: Iterable[Tensor], max_norm: float, joint: Tensor | None = None
) -> None:
    """Clip the norm of the gradients; ``joint`` is their memory, if it is one.

    Equal to ``torch.nn.utils.clip_grad_norm_``, which also groups them by device and
    dtype, of which there is only one here.
    """
    with_gradient = [p for p in parameters if p.grad is not None]
    if not _HAS_NORM:
        torch.nn.utils.clip_grad_norm_(with_gradient, max_norm)
        return
    gradients: Any = [p.grad for p in with_gradient]
    norms = torch.stack(_foreach_norm(gradients))
    share = torch.linalg.vector_norm(norms).add_(1e-6).reciprocal_().mul_(max_norm)
    # Skip the product only on a CPU: on a GPU, item() is slower than the product.
    if not share.is_cpu:
        share = share.clamp(max=1.0)
    elif share.item() >= 1:
        return
    if joint is None:
        _foreach_mul_(gradients, share)
    else:
        joint.mul_(share)
