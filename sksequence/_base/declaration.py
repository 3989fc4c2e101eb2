"""A hyperparameter is declared once: its default, its range, its words, its place.

:func:`hyperparameter` declares one as a dataclass field, :func:`recurrent_estimator`
makes of a class's fields, and of those that it inherits, the explicit signature that
scikit-learn asks for, the constraints that it validates, the docstring that users read.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Sequence
from typing import Any, TypeVar, dataclass_transform

# For those above, which declare hyperparameters but know no inputs.

_Class = TypeVar("_Class", bound=type)
NETWORK, TRAINING, MODEL = "network", "training", "model"
# What users set first comes first: in signatures, in docstrings, in scikit-learn's HTML.
ORDER = (
    # the recurrent layers
    *("cell", "hidden_size", "num_layers", "bidirectional"),
    *("merge_mode", "dropout"),
    *("layer_norm", "residual", "recurrent_dropout", "memory_steps", "nonlinearity"),
    # what is around them
    *("kernel_size", "patch_size", "peephole"),
    *("conv_channels", "conv_kernel_size", "conv_stride"),
    *("parallel_channels", "parallel_kernel_size", "pooling"),
    *("embedding_dim", "num_embeddings", "missing", "time_channel"),
    # training
    *("loss", "quantile", "class_weight"),
    *("lr", "max_epochs", "batch_size", "optimizer", "lr_schedule", "weight_decay"),
    *("gradient_clip", "bptt_steps"),
    *("early_stopping", "validation_fraction", "patience"),
    # the rest
    *("standardize", "data_format", "random_state", "n_jobs", "device", "dtype"),
    *("mixed_precision", "callbacks", "net_params", "checkpoint", "warm_start"),
    "verbose",
)
_SECTIONS = ("See Also", "Notes", "References", "Examples")


def hyperparameter(
    *,
    default: Any,
    constraints: Sequence[Any],
    doc: str,
    role: str = "estimator",
    since: tuple[int, int] = (1, 0),
) -> Any:
    """Declare a hyperparameter.

    By keyword alone: type checkers know a default only from ``default=`` (PEP 681).

    Parameters
    ----------
    default : object
        Default value, immutable.
    constraints : sequence
        What scikit-learn's parameter validation accepts.
    doc : str
        A line with the type, as numpydoc has it, then what the hyperparameter does.
    role : str, default="estimator"
        ``NETWORK`` and ``TRAINING`` take it as a keyword of the same name; ``MODEL``
        and the network's cannot change while a fit goes on; the rest is the
        estimator's alone.
    since : tuple of (int, int), default=(1, 0)
        First format of stored states that has it; older ones get the default.
    """
    metadata = {
        "constraints": list(constraints),
        "doc": inspect.cleandoc(doc),
        "role": role,
        "since": since,
    }
    return dataclasses.field(default=default, metadata=metadata)


def parameters_for(estimator: Any, *roles: str) -> dict[str, Any]:
    """The values of the hyperparameters with these roles, by name; lists as tuples."""
    values = {
        field.name: getattr(estimator, field.name)
        for field in dataclasses.fields(estimator)
        if field.metadata["role"] in roles
    }
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in values.items()
    }


def defaults_for(cls: Any, *roles: str) -> dict[str, Any]:
    """The defaults of the hyperparameters with these roles, or of all, by name."""
    return {
        field.name: field.default
        for field in dataclasses.fields(cls)
        if not roles or field.metadata["role"] in roles
    }


def added_after(cls: Any, version: tuple[int, int]) -> dict[str, Any]:
    """The defaults of those that the stored states of that format did not have yet."""
    return {
        field.name: field.default
        for field in dataclasses.fields(cls)
        if field.metadata["since"] > version
    }


@dataclass_transform(
    kw_only_default=True, eq_default=False, field_specifiers=(hyperparameter,)
)
def recurrent_estimator(cls: _Class) -> _Class:
    r"""Complete a class from its hyperparameters: signature, constraints, docstring.

    Examples
    --------
    >>> @recurrent_estimator
    ... class Estimator:
    ...     '''Do nothing.'''
    ...
    ...     width: int = hyperparameter(
    ...         default=3, constraints=[int], doc="int\nHow wide."
    ...     )
    >>> inspect.signature(Estimator)
    <Signature (*, width: 'int' = 3) -> None>
    >>> Estimator.__doc__.splitlines()[-2:]
    ['width : int, default=3', '    How wide.']
    """
    words = inspect.cleandoc(cls.__doc__ or "")
    dataclasses.dataclass(kw_only=True, eq=False, repr=False)(cls)
    fields = sorted(dataclasses.fields(cls), key=_rank)
    _reorder_signature(cls, [field.name for field in fields])
    constraints = {field.name: field.metadata["constraints"] for field in fields}
    setattr(cls, "_parameter_constraints", constraints)  # noqa: B010, no attribute yet
    parameters = "\n".join(_describe(field) for field in fields)
    attributes = "\n".join(
        inspect.cleandoc(base.__dict__["_attributes_doc"])
        for base in reversed(cls.__mro__)
        if "_attributes_doc" in base.__dict__
    )
    sections = {"Parameters": parameters, "Attributes": attributes}
    text = "\n\n".join(
        f"{title}\n{'-' * len(title)}\n{body}" for title, body in sections.items() if body
    )
    at = min(
        (i for s in _SECTIONS if (i := words.find(f"\n{s}\n---")) >= 0), default=None
    )
    cls.__doc__ = (
        f"{words}\n\n{text}" if at is None else f"{words[:at]}\n{text}\n{words[at:]}"
    )
    return cls


def _rank(field: dataclasses.Field) -> int:
    """Position in ``ORDER``; what is not in it, such as a subclass's own, comes last."""
    return ORDER.index(field.name) if field.name in ORDER else len(ORDER)


def _reorder_signature(cls: type, names: list[str]) -> None:
    """Let inspection show keyword-only parameters in this order."""
    init: Any = vars(cls)["__init__"]
    own = inspect.signature(init)
    this = next(iter(own.parameters.values()))
    ordered = [this, *(own.parameters[name] for name in names)]
    init.__signature__ = own.replace(parameters=ordered)


def _describe(field: dataclasses.Field) -> str:
    kind, *lines = field.metadata["doc"].splitlines()
    head = f"{field.name} : {kind}, default={field.default!r}"
    return "\n".join([head, *(f"    {line}".rstrip() for line in lines)])
