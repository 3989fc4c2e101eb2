"""What we use of torch that it does not promise to keep.

No other module names any of it. Where a version of torch lacks a name, its public
functions serve: slower, with the same results within rounding. ``tests/test_borrowed.py``
takes the names away.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

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

# What torch.optim.Optimizer's own constructor sets up, which Adam here does without.
_HOOKS = (
    "_optimizer_step_pre_hooks",
    "_optimizer_step_post_hooks",
    "_optimizer_state_dict_pre_hooks",
    "_optimizer_state_dict_post_hooks",
    "_optimizer_load_state_dict_pre_hooks",
    "_optimizer_load_state_dict_post_hooks",
)
_declared = {n for n in torch.optim.Optimizer.__annotations__ if n.startswith("_")}

CAN_STEP_FUSED = _HAS_ADAM and _declared == set(_HOOKS)


def add_hooks(optimizer: torch.optim.Optimizer) -> None:
    """Set the attributes that state_dict, schedulers and hooks rely on."""
    for name in _HOOKS:
        setattr(optimizer, name, OrderedDict())


def step_adam(
    parameters: list[Tensor],
    states: list[dict[str, Tensor]],
    *,
    decoupled: bool,
    **how: Any,
) -> None:
    """Step Adam, or AdamW, with torch's fused kernel."""
    kernel = _fused_adamw_ if decoupled else _fused_adam_
    gradients: Any = [p.grad for p in parameters]
    steps = [state["step"] for state in states]
    _foreach_add_(steps, 1)
    kernel(
        parameters,
        gradients,
        [state["exp_avg"] for state in states],
        [state["exp_avg_sq"] for state in states],
        [],
        steps,
        amsgrad=False,
        maximize=False,
        grad_scale=None,
        found_inf=None,
        **how,
    )


def note_step(optimizer: torch.optim.Optimizer) -> None:
    """Spare a scheduler the warning that nothing has been stepped yet."""
    optimizer._opt_called = True  # type: ignore[attr-defined]


def clip_gradients(parameters: Iterable[Tensor], max_norm: float) -> None:
    """Shorten the gradients to a norm.

    What ``torch.nn.utils.clip_grad_norm_`` does, which also sorts them by device and
    dtype, of which there is one here.
    """
    with_gradient = [p for p in parameters if p.grad is not None]
    if not _HAS_NORM:
        torch.nn.utils.clip_grad_norm_(with_gradient, max_norm)
        return
    gradients: Any = [p.grad for p in with_gradient]
    norms = torch.stack(_foreach_norm(gradients))
    share = max_norm / (torch.linalg.vector_norm(norms) + 1e-6)
    # To ask a GPU would take longer than to multiply with one.
    if share.is_cpu and share.item() >= 1:
        return
    _foreach_mul_(gradients, share.clamp(max=1.0))
