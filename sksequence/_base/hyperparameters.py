"""The hyperparameters of recurrent estimators, by what they are for."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any

from .._inputs.borrowed import Interval, StrOptions
from .._inputs.types import PathLike, RandomState
from .declaration import MODEL, NETWORK, TRAINING, hyperparameter, recurrent_estimator

_COUNT = Interval(Integral, 1, None, closed="left")


@recurrent_estimator
class Layers:
    """The recurrent layers."""

    hidden_size: int | Sequence[int] = hyperparameter(
        default=64,
        constraints=[_COUNT, tuple, list],
        doc="""int or tuple of int
        Units of each recurrent layer and direction, for all layers or one per layer.""",
        role=NETWORK,
    )
    num_layers: int = hyperparameter(
        default=1,
        constraints=[_COUNT],
        doc="""int
        Recurrent layers, one on top of the other.""",
        role=NETWORK,
    )
    bidirectional: bool = hyperparameter(
        default=False,
        constraints=["boolean"],
        doc="""bool
        Read every sequence from both ends. Without it the network is causal: nothing
        that it holds at one step depends on a later one.""",
        role=NETWORK,
    )
    merge_mode: str = hyperparameter(
        default="concat",
        constraints=[StrOptions({"concat", "sum", "mean", "mul"})],
        doc="""{"concat", "sum", "mean", "mul"}
        How the two directions of a layer become one.""",
        role=NETWORK,
    )
    dropout: float = hyperparameter(
        default=0.0,
        constraints=[Interval(Real, 0, 1, closed="left")],
        doc="""float
        Probability of a zero between recurrent layers and before the head, in [0, 1).
        """,
        role=NETWORK,
    )


@recurrent_estimator
class Steps(Layers):
    """What stands around the layers where steps are vectors or tokens."""

    conv_channels: Sequence[int] = hyperparameter(
        default=(),
        constraints=[tuple, list],
        doc="""tuple of int
        Output channels of the convolutions before the recurrence, one per layer.""",
        role=NETWORK,
    )
    conv_kernel_size: int | Sequence[int] = hyperparameter(
        default=5,
        constraints=[_COUNT, tuple, list],
        doc="""int or tuple of int
        Their kernels, in steps. No longer than the shortest sequence.""",
        role=NETWORK,
    )
    conv_stride: int | Sequence[int] = hyperparameter(
        default=1,
        constraints=[_COUNT, tuple, list],
        doc="""int or tuple of int
        Their strides: a stride of s leaves one step of s to the layers above. With a
        stride beyond the kernel the steps between are never read.""",
        role=NETWORK,
    )
    parallel_channels: Sequence[int] = hyperparameter(
        default=(),
        constraints=[tuple, list],
        doc="""tuple of int
        Output channels of the convolutions beside the recurrence, whose mean over time
        joins it before the head: ``(128, 256, 128)`` makes an LSTM-FCN.""",
        role=NETWORK,
    )
    parallel_kernel_size: int | Sequence[int] = hyperparameter(
        default=(8, 5, 3),
        constraints=[_COUNT, tuple, list],
        doc="""int or tuple of int
        Their kernels, in steps.""",
        role=NETWORK,
    )

    embedding_dim: int | None = hyperparameter(
        default=None,
        constraints=[_COUNT, None],
        doc="""int or None
        Width of each token's vector. X then holds token ids, as
        :class:`sksequence.preprocessing.SequenceTokenizer` makes them: one per step,
        from 0, the unknown token. Dropout acts on the vectors too.""",
        role=NETWORK,
    )
    num_embeddings: int | None = hyperparameter(
        default=None,
        constraints=[_COUNT, None],
        doc="""int or None
        Number of tokens; None is one more than the largest id in fit. A token that fit
        has not met counts as unknown.""",
        role=MODEL,
    )

    missing: str = hyperparameter(
        default="error",
        constraints=[StrOptions({"error", "mask", "decay"})],
        doc="""{"error", "mask", "decay"}
        What NaN in X is. "error": refused. "mask": a value that was not observed; the
        channel's mean stands for it, and beside every channel goes another that is one
        where it was observed and zero where not. "decay": the same masks, but the last
        observation stands for it and fades towards the mean, at a learnt rate for each
        channel; without ``conv_channels`` the state of the first recurrent layer fades
        likewise (GRU-D of Che et al., 2018, with any cell). Its state is then computed
        step by step in Python, which takes longer: an epoch of a GRU or a plain cell
        about 1.5 times, of an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity
        is always refused.""",
        role=NETWORK,
    )
    time_channel: int | None = hyperparameter(
        default=None,
        constraints=[Interval(Integral, 0, None, closed="left"), None],
        doc="""int or None
        With ``missing="decay"``: the position among the channels of the one that holds
        the time of each step, in any unit and from any origin. It says how long ago the
        observations are and is read for nothing else; None counts the steps. Otherwise
        it is a channel like the others.""",
        role=MODEL,
    )


@recurrent_estimator
class Pooling:
    """From steps to the sequence."""

    pooling: str = hyperparameter(
        default="max",
        constraints=[StrOptions({"last", "mean", "max", "attention"})],
        doc="""{"last", "mean", "max", "attention"}
        How the steps of a sequence become one vector: the final state of each
        direction, the mean or maximum over its steps, or a mean by learnt weights.""",
        role=NETWORK,
    )


@recurrent_estimator
class Training:
    """Scaling, training, and where it happens."""

    standardize: bool = hyperparameter(
        default=True,
        constraints=["boolean"],
        doc="""bool
        Centre and scale each channel, and a regressor's targets, by what fit saw. The
        2-D X counts as one channel. Token ids stay what they are.""",
        role=MODEL,
    )
    data_format: str = hyperparameter(
        default="channels_last",
        constraints=[StrOptions({"channels_last", "channels_first"})],
        doc="""{"channels_last", "channels_first"}
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps), and the arrays of a list likewise.""",
    )
    lr: float = hyperparameter(
        default=0.005,
        constraints=[Interval(Real, 0, 3.4e38, closed="neither")],
        doc="""float
        Learning rate.""",
        role=TRAINING,
    )
    lr_schedule: str = hyperparameter(
        default="cosine",
        constraints=[StrOptions({"constant", "cosine", "plateau"})],
        doc="""{"constant", "cosine", "plateau"}
        Course of the learning rate over a fit: as it is, down to zero along half a
        cosine, or halved whenever the loss (on the validation part, if there is one) has
        not improved for 5 epochs.""",
        role=TRAINING,
    )
    max_epochs: int = hyperparameter(
        default=50,
        constraints=[_COUNT],
        doc="""int
        Passes over the training sequences.""",
        role=TRAINING,
    )
    batch_size: int | None = hyperparameter(
        default=16,
        constraints=[_COUNT, None],
        doc="""int or None
        Sequences per step of the optimizer; None takes all at once.""",
        role=TRAINING,
    )
    optimizer: str | Callable[..., Any] = hyperparameter(
        default="adam",
        constraints=[StrOptions({"adam", "adamw", "rmsprop", "sgd"}), callable],
        doc="""{"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class
        What steps the weights.""",
        role=TRAINING,
    )
    weight_decay: float = hyperparameter(
        default=0.0,
        constraints=[Interval(Real, 0, None, closed="left")],
        doc="""float
        Pull of the weights towards zero, in the optimizer's own sense.""",
        role=TRAINING,
    )
    gradient_clip: float | None = hyperparameter(
        default=1.0,
        constraints=[Interval(Real, 0, None, closed="neither"), None],
        doc="""float or None
        Largest norm of the gradient; longer ones are shortened to it.""",
        role=TRAINING,
    )
    early_stopping: bool = hyperparameter(
        default=False,
        constraints=["boolean"],
        doc="""bool
        Hold a part of the training sequences out, stop when its loss no longer
        improves, and keep the weights that were best on it. The part has its share of
        every class, or consists of whole groups where fit gets ``groups``.""",
        role=TRAINING,
    )
    validation_fraction: float = hyperparameter(
        default=0.1,
        constraints=[Interval(Real, 0, 1, closed="neither")],
        doc="""float
        Share of the sequences that early stopping holds out, in (0, 1).""",
    )
    patience: int = hyperparameter(
        default=10,
        constraints=[_COUNT],
        doc="""int
        Epochs without improvement before early stopping stops.""",
        role=TRAINING,
    )
    device: str = hyperparameter(
        default="auto",
        constraints=[str],
        doc="""str
        Where the network is: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if there
        is one.""",
        role=TRAINING,
    )
    n_jobs: int | None = hyperparameter(
        default=None,
        constraints=[
            Interval(Integral, None, -1, closed="right"),
            Interval(Integral, 1, 1024, closed="both"),
            None,
        ],
        doc="""int or None
        Threads of torch in fit and predict: None is one, -1 all cores. float32 training
        depends on it in its last digits.""",
    )
    dtype: str = hyperparameter(
        default="float32",
        constraints=[StrOptions({"float32", "float64"})],
        doc="""{"float32", "float64"}
        What the network computes in.""",
        role=MODEL,
    )
    mixed_precision: str | None = hyperparameter(
        default=None,
        constraints=[StrOptions({"bfloat16", "float16"}), None],
        doc="""{"bfloat16", "float16"} or None
        Lower precision of forward and backward passes in training, by torch's autocast:
        weights, loss and the optimizer's step stay in float32, and so do recurrent
        layers on a CPU, which are faster so. With "float16" the loss is scaled, and
        steps with an infinite gradient are left out. Answers, and the loss that early
        stopping watches, are in full precision. Not with ``dtype="float64"``.""",
        role=TRAINING,
    )
    callbacks: Sequence[Any] | None = hyperparameter(
        default=None,
        constraints=[list, tuple, None],
        doc="""list of skorch callbacks or None
        Called while training.""",
        role=TRAINING,
    )
    net_params: dict[str, Any] | None = hyperparameter(
        default=None,
        constraints=[dict, None],
        doc="""dict or None
        Anything else that :class:`skorch.NeuralNet` takes, in its names, such as
        ``{"optimizer__betas": (0.9, 0.99)}``; overrides the rest.""",
        role=TRAINING,
    )
    random_state: RandomState = hyperparameter(
        default=None,
        constraints=["random_state"],
        doc="""int, RandomState instance or None
        Source of initial weights, batches, dropout and the early-stopping split. An int
        makes a refit equal to the bit.""",
    )
    checkpoint: PathLike | None = hyperparameter(
        default=None,
        constraints=[str, os.PathLike, None],
        doc="""str, path or None
        Where fit keeps how far it is, after every epoch. A fit that was ended from
        outside goes on from there when it is called again with the same data and
        hyperparameters, and ends with the same network to the bit; one that had ended
        is not repeated. A file is that of one fit. In a folder (that exists, or with a
        separator at the end) each fit has a file of its own: for searches.""",
    )
    verbose: int = hyperparameter(
        default=0,
        constraints=["verbose"],
        doc="""int
        Above zero, print a line per epoch.""",
        role=TRAINING,
    )
    warm_start: bool = hyperparameter(
        default=False,
        constraints=["boolean"],
        doc="""bool
        Let fit continue from the weights of the last one.""",
    )
