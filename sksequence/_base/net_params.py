"""Validation of ``net_params``, the parameters of the net that a user gives."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Any

from .._inputs.borrowed import validate_parameter_constraints
from .hyperparameters import COUNT
from .intervals import Number

# Parameters of skorch.NeuralNet that an estimator sets itself, and what to use instead.
_INSTEAD = {
    "module": "the hyperparameters of the network",
    "criterion": "loss or class_weight",
    "train_split": "validation_split",
    "dataset": "data as fit accepts them",
    "iterator_train": "batch_size, bptt_steps or random_state",
    "iterator_valid": "batch_size",
    "callbacks": "the hyperparameter callbacks",
    "warm_start": "the hyperparameter warm_start",
    "use_caching": "nothing: scores are always of the estimator's own predictions",
    "classes": "classes in partial_fit",
}
# Parameters that are hyperparameters too.
_OWN = ("max_epochs", "batch_size", "lr", "optimizer", "device", "verbose")
# Parameters that change no prediction of the estimator.
_FREE = ("compile", "torch_load_kwargs", "predict_nonlinearity")
_PREFIXES = ("optimizer__", "callbacks__", "compile__")


# skorch's full batch.
_WHOLE = Number(Integral, -2, -1, closed="right")


def check_net_params(
    net_params: Mapping[Any, Any] | None, constraints: Mapping[str, Any]
) -> None:
    """Raise ValueError or TypeError for parameters that a fit would ignore or not know.

    Those of optimizer and callbacks are checked when these are made.

    Parameters
    ----------
    net_params : dict or None
        The hyperparameter.
    constraints : dict
        The constraints of the estimator's hyperparameters.

    Examples
    --------
    >>> check_net_params({"optimizer__betas": (0.9, 0.99)}, {})
    >>> check_net_params({"train_split": None}, {})
    Traceback (most recent call last):
    ...
    ValueError: net_params must not have 'train_split', which the estimator sets itself. \
Use validation_split.
    """
    given = net_params or {}
    for name, value in given.items():
        if not isinstance(name, str):
            raise TypeError(f"net_params must have names as keys, got {name!r}")
        part = name.partition("__")[0]
        if part in _INSTEAD and not name.startswith("callbacks__"):
            raise ValueError(
                f"net_params must not have {name!r}, which the estimator sets itself. "
                f"Use {_INSTEAD[part]}."
            )
        if name not in (*_OWN, *_FREE) and not name.startswith(_PREFIXES):
            raise ValueError(
                f"net_params must have parameters of skorch.NeuralNet, got {name!r}. "
                f"Expected any of {', '.join((*_OWN, *_FREE))}, or a name that begins "
                f"with {', '.join(_PREFIXES)}."
            )
        if name == "compile" and not isinstance(value, bool):
            raise TypeError(f"net_params: compile must be bool, got {value!r}")
        if name == "predict_nonlinearity" and value not in (None, "auto"):
            raise ValueError(
                "net_params: predict_nonlinearity must be None or 'auto', as predictions "
                f"are the estimator's own, got {value!r}"
            )
    own = {name: value for name, value in given.items() if name in _OWN}
    # skorch knows numbers alone, no "auto".
    allowed = {**constraints, "max_epochs": [COUNT], "batch_size": [COUNT, _WHOLE]}
    validate_parameter_constraints(allowed, own, caller_name="net_params")
