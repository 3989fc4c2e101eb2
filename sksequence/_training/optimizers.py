"""Optimizers by name, and Adam without torch's compiler stack.

The first ``torch.optim`` object of a process imports torch's compiler stack, which takes
over a second and 70 MB, more than a small fit. :class:`Adam` calls the same fused kernel
without this import, with bitwise identical weights (``benchmarks/first_fit.py``).
"""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from .borrowed_torch import CAN_STEP_FUSED, add_hooks, prepare_adam


class Adam(torch.optim.Optimizer):
    """Adam (Kingma and Ba, 2015) on torch's fused kernel.

    Parameters
    ----------
    params : iterable of Tensor or of dict
        Parameters to optimise.
    lr : float, default=1e-3
        Learning rate.
    betas : tuple of float, default=(0.9, 0.999)
        Decay rates of the two moving averages.
    eps : float, default=1e-8
        Added to the denominator.
    weight_decay : float, default=0.0
        L2 penalty; decoupled from the gradient in :class:`AdamW`.
    """

    _decoupled = False
    # Unwrapped, since the wrappers import the compiler too.
    state_dict = inspect.unwrap(torch.optim.Optimizer.state_dict)
    _load_state_dict = inspect.unwrap(torch.optim.Optimizer.load_state_dict)

    def __init__(
        self,
        params: Iterable,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        _check_settings(lr, betas, eps, weight_decay)
        # super().__init__() would import the compiler. These are the attributes that
        # learning rate schedulers and state_dict need.
        self.defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
        }
        self.state: defaultdict[Tensor, Any] = defaultdict(dict)
        add_hooks(self)
        groups = list(params)
        if groups and not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        self.param_groups = [
            {**self.defaults, **group, "params": _tensors(group["params"])}
            for group in groups
        ]

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._load_state_dict(state_dict)
        # Torch leaves counts of steps where they were, but the kernel reads them where
        # the weights are.
        for parameter, state in self.state.items():
            if isinstance(state.get("step"), Tensor):
                state["step"] = state["step"].to(parameter.device)

    def zero_grad(self, set_to_none: bool = True) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                if set_to_none:
                    parameter.grad = None
                elif parameter.grad is not None:
                    parameter.grad.detach_().zero_()

    @torch.no_grad()
    def step(self, closure: Callable | None = None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            active = [p for p in group["params"] if p.grad is not None]
            states = [self._state_of(p) for p in active]
            update = prepare_adam(active, states, decoupled=self._decoupled)
            update(**_settings(group))
        return loss

    def prepare_steps(self) -> Callable[[], None]:
        """Return a function that makes steps, in a third of the time.

        It serves on the CPU, as long as no weight, gradient, state or setting changes.
        """
        updates = []
        for group in self.param_groups:
            active = [p for p in group["params"] if p.grad is not None]
            if not active:
                continue
            states = [self._state_of(p) for p in active]
            # All counts in one piece of memory, which takes one addition.
            counts = torch.stack([state["step"] for state in states])
            for state, count in zip(states, counts.unbind(), strict=True):
                state["step"] = count
            update = prepare_adam(active, states, counts, decoupled=self._decoupled)
            updates.append(partial(update, **_settings(group)))

        def step() -> None:
            for update in updates:
                update()

        return step

    def _state_of(self, parameter: Tensor) -> dict[str, Tensor]:
        state = self.state[parameter]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32, device=parameter.device)
            state["exp_avg"] = torch.zeros_like(parameter)
            state["exp_avg_sq"] = torch.zeros_like(parameter)
        return state


def _settings(group: dict[str, Any]) -> dict[str, Any]:
    beta1, beta2 = group["betas"]
    names = "lr", "weight_decay", "eps"
    return {**{name: group[name] for name in names}, "beta1": beta1, "beta2": beta2}


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""

    _decoupled = True


def _check_settings(lr: Any, betas: Any, eps: Any, weight_decay: Any) -> None:
    """Raise ValueError for settings out of range, as torch does, which names them."""
    for name, value in {"lr": lr, "eps": eps, "weight_decay": weight_decay}.items():
        if not _is_number(value) or value < 0:
            raise ValueError(f"{name} must be a number of at least 0, got {value!r}")
    is_pair = isinstance(betas, tuple | list) and len(betas) == 2
    if not is_pair or not all(_is_number(beta) and 0 <= beta < 1 for beta in betas):
        raise ValueError(f"betas must be two numbers in [0, 1), got {betas!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, Real | Tensor) and not isinstance(value, bool)


def _tensors(params: Any) -> list[Tensor]:
    return [params] if isinstance(params, Tensor) else list(params)


def check_averages(optimizer: torch.optim.Optimizer) -> None:
    """Raise ValueError unless the moving averages have the shapes of their weights.

    Fused kernels do not check this, and would write out of bounds if the averages in a
    file had other shapes.
    """
    fused = isinstance(optimizer, Adam) or any(
        group.get("fused") for group in optimizer.param_groups
    )
    if not fused:
        return
    for weight, averages in optimizer.state.items():
        for name, average in averages.items():
            expected = () if name == "step" else weight.shape
            if isinstance(average, Tensor) and average.shape != expected:
                raise ValueError(
                    f"the optimizer's {name} has shape {tuple(average.shape)}, expected "
                    f"{tuple(expected)}"
                )


OPTIMIZERS: dict[str, Callable] = {
    "adam": Adam if CAN_STEP_FUSED else torch.optim.Adam,
    "adamw": AdamW if CAN_STEP_FUSED else torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}
