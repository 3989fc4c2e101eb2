"""Declaration of hyperparameters: default, constraints, description and role.

:func:`hyperparameter` declares a hyperparameter as a dataclass field.
:func:`recurrent_estimator` makes from all fields of a class the explicit signature that
scikit-learn needs, the parameter constraints, and the docstring.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Sequence
from typing import Any, TypeVar, dataclass_transform

from .._inputs.other_names import knows_other_names

_Class = TypeVar("_Class", bound=type)
NETWORK, TRAINING, MODEL = "network", "training", "model"
# Order of hyperparameters in signatures, docstrings and HTML: most used ones first.
ORDER = (
    # the recurrent layers
    *("cell", "hidden_size", "num_layers", "bidirectional"),
    *("merge_mode", "dropout"),
    *("layer_norm", "residual", "recurrent_dropout", "memory_steps", "nonlinearity"),
    # around the recurrent layers
    *("kernel_size", "patch_size", "peephole"),
    *("conv_channels", "conv_kernel_size", "conv_stride"),
    *("parallel_channels", "parallel_kernel_size", "parallel_stride"),
    *("parallel_dilation", "parallel_residual", "parallel_bottleneck"),
    *("parallel_squeeze", "recurrent_output_dropout"),
    *("pooling", "pooling_segments", "random_convolutions"),
    *("embedding_dim", "num_embeddings", "missing", "time_channel"),
    *("categorical_features", "category_dim"),
    *("normalize", "season", "target_channels", "decoder"),
    *("target_embedding_dim", "decoder_hidden_size", "decoder_layers", "attention"),
    *("beam_size", "max_length"),
    *("crf", "tag_scheme"),
    *("objective", "code_size", "noise", "contamination", "score_reduction"),
    # training
    *("loss", "quantile", "class_weight", "label_smoothing"),
    *("lr", "max_epochs", "batch_size", "optimizer", "lr_schedule"),
    *("lr_warmup", "weight_decay", "average_weights", "ema_decay"),
    *("gradient_clip", "bptt_steps", "augment"),
    *("early_stopping", "validation_split", "validation_fraction", "scoring"),
    "patience",
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
    before: Any = None,
    search: Sequence[Any] = (),
) -> Any:
    """Declare a hyperparameter.

    Keyword-only, since type checkers recognise a default only by ``default=`` (PEP 681).

    Parameters
    ----------
    default : object
        Default value, immutable.
    constraints : sequence
        Constraints for scikit-learn's parameter validation.
    doc : str
        A line with the type, as in numpydoc, followed by the description.
    role : str, default="estimator"
        ``NETWORK`` and ``TRAINING`` hyperparameters are passed on as keywords of the
        same name; ``NETWORK`` and ``MODEL`` hyperparameters must not change when a fit
        continues; others are only used by the estimator.
    since : tuple of (int, int), default=(1, 0)
        First format of stored states that has it.
    before : object or None, default=None
        What older states get; None for the default.
    search : sequence, default=()
        Values worth trying in a search; empty if it is not searched.
    """
    metadata = {
        "constraints": list(constraints),
        "doc": inspect.cleandoc(doc),
        "role": role,
        "since": since,
        "before": default if before is None else before,
        "search": tuple(search),
    }
    return dataclasses.field(default=default, metadata=metadata)


def parameters_for(estimator: Any, *roles: str) -> dict[str, Any]:
    """Return the hyperparameters with these roles, by name; lists become tuples."""
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
    """Return the defaults of the hyperparameters with these roles, or of all."""
    return {
        field.name: field.default
        for field in dataclasses.fields(cls)
        if not roles or field.metadata["role"] in roles
    }


def values_before(cls: Any, *roles: str) -> dict[str, Any]:
    """Return what older states get for hyperparameters with these roles, or for all."""
    return {
        field.name: field.metadata["before"]
        for field in dataclasses.fields(cls)
        if not roles or field.metadata["role"] in roles
    }


def values_to_search(cls: Any) -> dict[str, list[Any]]:
    """Return the values worth trying of each hyperparameter that is searched."""
    return {
        field.name: list(field.metadata["search"])
        for field in sorted(dataclasses.fields(cls), key=_rank)
        if field.metadata["search"]
    }


def added_after(cls: Any, version: tuple[int, int]) -> dict[str, Any]:
    """Return what states of a format get for the hyperparameters added after it."""
    return {
        field.name: field.metadata["before"]
        for field in dataclasses.fields(cls)
        if field.metadata["since"] > version
    }


@dataclass_transform(
    kw_only_default=True, eq_default=False, field_specifiers=(hyperparameter,)
)
def recurrent_estimator(cls: _Class) -> _Class:
    r"""Add signature, constraints and docstring to a class from its hyperparameters.

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
    """Return the position in ``ORDER``; other names, as of subclasses, come last."""
    return ORDER.index(field.name) if field.name in ORDER else len(ORDER)


def _reorder_signature(cls: type, names: list[str]) -> None:
    """Set the order of keyword-only parameters; the names of others are known."""
    init: Any = knows_other_names(vars(cls)["__init__"])
    own = inspect.signature(init)
    this = next(iter(own.parameters.values()))
    ordered = [this, *(own.parameters[name] for name in names)]
    init.__signature__ = own.replace(parameters=ordered)
    setattr(cls, "__init__", init)  # noqa: B010, as mypy forbids the assignment


def _describe(field: dataclasses.Field) -> str:
    kind, *lines = field.metadata["doc"].splitlines()
    head = f"{field.name} : {kind}, default={field.default!r}"
    return "\n".join([head, *(f"    {line}".rstrip() for line in lines)])
