"""Names that other libraries have for parameters, and what they are called here."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import update_wrapper, wraps
from typing import Any, Self, TypeVar

from sklearn.base import BaseEstimator

_Init = TypeVar("_Init", bound=Callable)

# Ours, and the names of Keras, torch, skorch, scikit-learn, sktime, aeon, tsai and darts.
_KNOWN_AS = {
    "hidden_size": "units n_units num_units hidden_dim hidden_units rnn_units n_hidden "
    "hidden_layer_sizes hidden_sizes encoder_hidden_size",
    "num_layers": "n_layers n_rnn_layers num_rnn_layers rnn_layers",
    "cell": "cell_type rnn_type rnn_cell model_type",
    "bidirectional": "bidir is_bidirectional direction",
    "dropout": "dropout_rate dropout_prob rnn_dropout output_dropout dropout_output",
    "nonlinearity": "activation activation_hidden",
    "conv_channels": "filters n_filters filter_sizes conv_layers n_conv_channels",
    "conv_kernel_size": "kernel_size kernel_sizes filter_size",
    "conv_stride": "stride strides subsample",
    "pooling": "attention global_pooling readout last_step",
    "embedding_dim": "embedding_size embed_dim embedding_dims",
    "num_embeddings": "vocab_size n_tokens num_tokens vocabulary_size max_tokens",
    "missing": "mask_value missing_values",
    "loss": "criterion loss_fn loss_function",
    "quantile": "quantiles alphas",
    "class_weight": "class_weights",
    "lr": "learning_rate learning_rate_init max_lr base_lr",
    "max_epochs": "epochs n_epochs num_epochs max_iter n_iter",
    "batch_size": "batch bs train_batch_size minibatch_size",
    "lr_schedule": "lr_scheduler scheduler lr_decay",
    "lr_warmup": "warmup warmup_epochs warmup_steps",
    "weight_decay": "alpha l2 wd",
    "gradient_clip": "clipnorm clipvalue max_grad_norm gradient_clip_val grad_clip",
    "bptt_steps": "tbptt_steps truncated_bptt_steps",
    "augment": "augmentation augmenter",
    "validation_fraction": "valid_size val_size valid_pct",
    "validation_split": "train_split",
    "scoring": "metrics metric monitor",
    "patience": "n_iter_no_change early_stopping_patience",
    "standardize": "normalize_input scale_x",
    "data_format": "batch_first channels_first channel_first layout",
    "random_state": "seed random_seed",
    "n_jobs": "n_threads num_threads num_workers",
    "device": "gpu use_gpu use_cuda accelerator",
    "mixed_precision": "amp fp16 precision",
    "callbacks": "callback cbs",
    "checkpoint": "save_best_model checkpoint_path",
    "verbose": "verbosity show_progress",
    # of windows, forecasters and ensembles
    "length": "input_chunk_length window window_size window_length lags n_lags lookback",
    "horizon": "output_chunk_length fh steps prediction_length forecast_horizon h",
    "regressor": "forecaster model",
    "estimator": "base_estimator model",
    "n_estimators": "n_models n_members",
    "known": "future_covariates known_future exog futr_exog_list",
    "static": "static_covariates stat_exog_list",
    "time": "time_col timestamp_column ds",
    "by": "group_cols id_cols unique_id group_ids",
    "target": "target_col target_column y_col",
    "analyzer": "split level",
}
OURS: dict[str, list[str]] = {}
for _ours, _names in _KNOWN_AS.items():
    for _name in _names.split():
        OURS.setdefault(_name, []).append(_ours)

# What is no parameter here, and where it is.
ELSEWHERE = {
    "cell": "the cell is a parameter of RecurrentClassifier and RecurrentRegressor",
    "return_sequences": "RecurrentTagger and RecurrentStepRegressor answer for each step",
    "stateful": "open_stream() carries the state from step to step",
    "return_state": "open_stream() carries the state from step to step",
    "validation_data": "fit takes X_val and y_val",
    "sample_weight": "fit takes it",
    **dict.fromkeys(
        ("input_size", "input_dim", "input_shape", "n_features", "in_channels"),
        "fit learns it from X",
    ),
    **dict.fromkeys(
        ("output_size", "n_classes", "num_classes", "n_outputs"), "fit learns it from y"
    ),
    **dict.fromkeys(
        ("n_timesteps", "seq_len", "max_len", "maxlen"), "sequences may have any length"
    ),
}


def ours_for(name: str, parameters: Iterable[str]) -> str | None:
    """Return what to say of a name that is none of the parameters, or None.

    Examples
    --------
    >>> ours_for("units", ["hidden_size", "lr"])
    'ours is hidden_size'
    >>> ours_for("stateful", ["hidden_size", "lr"])
    'open_stream() carries the state from step to step'
    >>> ours_for("hiden_size", ["hidden_size", "lr"])
    'ours is hidden_size'
    >>> ours_for("colour", ["hidden_size", "lr"])
    """
    parameters = list(parameters)
    known = [ours for ours in OURS.get(name, ()) if ours in parameters]
    if known or (known := get_close_matches(name, parameters, 1, 0.85)):
        return f"ours is {known[0]}"
    missing = name if name in ELSEWHERE else next(iter(OURS.get(name, ())), "")
    return ELSEWHERE.get(missing)


def parameters_of(cls: Any) -> list[str]:
    """Return the names of the parameters of a class."""
    return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]


def advice_for(cls: type, names: Iterable[str]) -> str | None:
    """Return what to say of all names that a class does not have, or None.

    Examples
    --------
    >>> class Network:
    ...     def __init__(self, hidden_size=64, lr=0.01): ...
    >>> advice_for(Network, ["units", "max_lr", "lr"])
    "Network has no parameter 'units': ours is hidden_size; no 'max_lr': ours is lr"
    """
    parameters = parameters_of(cls)
    told = [
        f"{name!r}: {ours}"
        for name in names
        if name not in parameters and (ours := ours_for(name, parameters))
    ]
    if not told:
        return None
    return f"{cls.__qualname__} has no parameter {'; no '.join(told)}"


def knows_other_names(init: _Init) -> _Init:
    """Decorate an ``__init__`` so that its error for an unknown name says what ours is.

    Examples
    --------
    >>> class Network:
    ...     @knows_other_names
    ...     def __init__(self, *, hidden_size=64): ...
    >>> Network(units=3)
    Traceback (most recent call last):
    ...
    TypeError: Network has no parameter 'units': ours is hidden_size
    """

    @wraps(init)
    def call(self: Any, *args: Any, **params: Any) -> None:
        try:
            init(self, *args, **params)
        except TypeError:
            if (advice := advice_for(type(self), params)) is None:
                raise
            raise TypeError(advice) from None

    return call  # type: ignore[return-value]


class KnowsOtherNames:
    """``set_params`` whose error for an unknown name says what ours is."""

    def set_params(self, **params: Any) -> Self:
        own = (name for name in params if "__" not in name)
        if (advice := advice_for(type(self), own)) is not None:
            raise ValueError(advice)
        return super().set_params(**params)  # type: ignore[misc]


# Its documentation is scikit-learn's.
update_wrapper(KnowsOtherNames.set_params, BaseEstimator.set_params)
