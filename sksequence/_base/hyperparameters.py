"""The hyperparameters of recurrent estimators, grouped by purpose."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

from .._inputs.borrowed import HasMethods, StrOptions
from .._inputs.types import PathLike, RandomState
from .augmenting import STRENGTHS
from .budget import (
    LARGEST_BATCH,
    MAX_EPOCHS,
    MIN_BATCHES,
    MIN_EPOCHS,
    MIN_PATIENCE,
    SMALLEST_BATCH,
)
from .declaration import MODEL, NETWORK, TRAINING, hyperparameter, recurrent_estimator
from .intervals import Number
from .strides import N_FEATURES, N_TAPS

# At most what torch's sizes can be.
COUNT = Number(Integral, 1, 2**63 - 1, closed="both")


def label_smoothing(*, default: float) -> Any:
    """Declare the hyperparameter of estimators of labels, whose defaults differ."""
    return hyperparameter(
        default=default,
        constraints=[Number(Real, 0, 1, closed="left")],
        doc="""float
        Share of the probability of each true label, in [0, 1), that training spreads over
        all labels (Szegedy et al., 2016); where each of several labels is true or not,
        over both. ``valid_loss`` is without.""",
        role=TRAINING,
        since=(2, 0),
    )


def random_convolutions(*, default: int | str) -> Any:
    """Declare that of estimators of whole sequences, whose defaults differ."""
    return hyperparameter(
        default=default,
        constraints=[Number(Integral, 0, 2**31 - 1, closed="both"), StrOptions({"auto"})],
        doc=f"""int or "auto"
        About how many features of random convolutions are joined to the pooled steps:
        MiniRocket's (Dempster, Schmidt and Webb, 2021), the shares of steps at which
        convolutions that are not trained exceed a bias. Biases, means and deviations are
        learnt from the training sequences, dilations from their median length. There
        may be no tokens, categorical channels or ``missing="decay"``. 0 for none: a
        recurrent network alone. "auto": {N_FEATURES}, and none where there may be none,
        with static covariates, and where the median length is less than the {N_TAPS}
        steps of a convolution.""",
        role=NETWORK,
        since=(2, 0),
        before=0,
    )


@recurrent_estimator
class Layers:
    """Hyperparameters of the recurrent layers."""

    hidden_size: int | Sequence[int] = hyperparameter(
        default=64,
        # Without a largest size: a network too large is a matter of memory.
        constraints=[Number(Integral, 1, None, closed="left"), tuple, list],
        doc="""int or tuple of int
        Number of units of each recurrent layer and direction, for all layers or one per
        layer: ``(12, 6)`` is two layers.""",
        role=NETWORK,
        search=(16, 32, 64, 128),
    )
    num_layers: int | None = hyperparameter(
        default=None,
        constraints=[COUNT, None],
        doc="""int or None
        Number of stacked recurrent layers; None for as many as ``hidden_size`` has
        values.""",
        role=NETWORK,
        search=(1, 2),
    )
    bidirectional: bool = hyperparameter(
        default=False,
        constraints=["boolean"],
        doc="""bool
        Whether to also read every sequence in reverse. If False, the network is causal:
        no state depends on a later step.""",
        role=NETWORK,
        search=(False, True),
    )
    merge_mode: str = hyperparameter(
        default="concat",
        constraints=[StrOptions({"concat", "sum", "mean", "mul"})],
        doc="""{"concat", "sum", "mean", "mul"}
        How to merge the outputs of the two directions of a layer.""",
        role=NETWORK,
    )
    dropout: float = hyperparameter(
        default=0.0,
        constraints=[Number(Real, 0, 1, closed="left")],
        doc="""float
        Dropout probability between recurrent layers and before the head, in [0, 1).
        """,
        role=NETWORK,
        search=(0.0, 0.2, 0.5),
    )


@recurrent_estimator
class Steps(Layers):
    """Hyperparameters of estimators of sequences of numbers or tokens."""

    layer_norm: bool = hyperparameter(
        default=False,
        constraints=["boolean"],
        doc="""bool
        Apply layer normalization, at every step, to the products of the weights of
        recurrent layers with their inputs (Ba, Kiros and Hinton, 2016). Deep networks
        learn faster.""",
        role=NETWORK,
        since=(2, 0),
        search=(False, True),
    )
    residual: bool = hyperparameter(
        default=False,
        constraints=["boolean"],
        doc="""bool
        Residual connections: add the input of every recurrent layer but the first to its
        output. Both must have the same width.""",
        role=NETWORK,
        since=(2, 0),
    )
    recurrent_dropout: float = hyperparameter(
        default=0.0,
        constraints=[Number(Real, 0, 1, closed="left")],
        doc="""float
        Dropout probability in [0, 1) of the hidden state that the gates read, with one
        mask for all steps of a sequence (Gal and Ghahramani, 2016). Must be 0 with
        ``bptt_steps`` and for cells whose gates do not read the hidden state.""",
        role=NETWORK,
        since=(2, 0),
    )
    memory_steps: float | None = hyperparameter(
        default=None,
        constraints=[Number(Real, 2, None, closed="neither"), None],
        doc="""float or None
        Longest time scale, in steps: gates are initialised with biases for time scales
        between one step and this number (chrono initialisation; Tallec and Ollivier,
        2018). The length of the sequences is a good value. None: the biases of the
        cell.""",
        role=NETWORK,
        since=(2, 0),
    )
    conv_channels: Sequence[int] = hyperparameter(
        default=(),
        constraints=[tuple, list],
        doc="""tuple of int
        Output channels of the convolutions before the recurrence, one per layer.""",
        role=NETWORK,
        search=((), (32,), (64,)),
    )
    conv_kernel_size: int | Sequence[int] = hyperparameter(
        default=5,
        constraints=[COUNT, tuple, list],
        doc="""int or tuple of int
        Kernel sizes of these convolutions in steps, at most what strides leave of the
        longest sequence in fit; shorter ones are padded with zeros.""",
        role=NETWORK,
    )
    conv_stride: int | Sequence[int] = hyperparameter(
        default=1,
        constraints=[COUNT, tuple, list],
        doc="""int or tuple of int
        Strides of these convolutions: a stride of s reduces s steps to one. Some steps
        are never read if the stride exceeds the kernel size.""",
        role=NETWORK,
    )
    parallel_channels: Sequence[int] = hyperparameter(
        default=(),
        constraints=[tuple, list],
        doc="""tuple of int
        Output channels of the convolutions parallel to the recurrence, whose mean over
        time is concatenated to its output before the head: ``(128, 256, 128)`` makes an
        LSTM-FCN.""",
        role=NETWORK,
        search=((), (32, 64, 32)),
    )
    parallel_kernel_size: int | Sequence[int | Sequence[int]] = hyperparameter(
        default=(8, 5, 3),
        constraints=[COUNT, tuple, list],
        doc="""int, tuple of int or tuple of tuples
        Kernel sizes of the parallel convolutions in steps. Several sizes for a layer are
        kernels side by side, among which its channels are divided: six layers of
        ``(40, 20, 10)`` with ``parallel_residual=3`` and ``parallel_bottleneck=32`` make
        a branch like InceptionTime (Ismail Fawaz et al., 2020), without its max
        pooling.""",
        role=NETWORK,
    )
    parallel_stride: int | Sequence[int] | str = hyperparameter(
        default=1,
        constraints=[COUNT, tuple, list, StrOptions({"auto"})],
        doc="""int, tuple of int or "auto"
        Strides of the parallel convolutions. No stride may exceed what the strides before
        it leave of the shortest sequence in fit. "auto": as long as the median length of
        the training sequences, over all strides, is at least 256, the first layer's
        stride is doubled, then that of the next, first to at most half its kernel size
        (the smallest of several), then to at most all of it; a layer with a dilation
        keeps a stride of 1. So 128 to 255 steps are left of a long sequence, and every
        step is read.""",
        role=NETWORK,
        since=(2, 0),
    )
    parallel_dilation: int | Sequence[int] = hyperparameter(
        default=1,
        constraints=[COUNT, tuple, list],
        doc="""int or tuple of int
        Dilations of the parallel convolutions: a kernel of k steps with a dilation of d
        reads every d-th of (k - 1) d + 1 steps (Yu and Koltun, 2016), so the steps seen
        grow fast with the layers in ``(1, 2, 4, 8)``. None may exceed what strides leave
        of the longest sequence in fit.""",
        role=NETWORK,
        since=(2, 0),
    )
    parallel_residual: int | None = hyperparameter(
        default=None,
        constraints=[COUNT, None],
        doc="""int or None
        Number of parallel layers after which their input is added to their output (He et
        al., 2016), 3 in the ResNet of Wang, Yan and Oates (2017); also for the layers
        that are left at the end. Where channels or steps differ, the input is mapped by a
        convolution of one step and normalised. None for no such connections.""",
        role=NETWORK,
        since=(2, 0),
    )
    parallel_bottleneck: int | None = hyperparameter(
        default=None,
        constraints=[COUNT, None],
        doc="""int or None
        Channels to which a product reduces the input of each parallel layer that reads
        more; None for no such reduction. Long kernels then take less time.""",
        role=NETWORK,
        since=(2, 0),
    )
    parallel_squeeze: int | None = hyperparameter(
        default=None,
        constraints=[COUNT, None],
        doc="""int or None
        Reduction of a squeeze-and-excitation behind each parallel layer: a gate for each
        channel, which reads the mean of all channels through this many times fewer units
        (Hu, Shen and Sun, 2018; 16 in the MLSTM-FCN of Karim et al., 2019). In a causal
        network the mean is over the steps so far. None for no gates.""",
        role=NETWORK,
        since=(2, 0),
    )
    recurrent_output_dropout: float = hyperparameter(
        default=0.0,
        constraints=[Number(Real, 0, 1, closed="left")],
        doc="""float
        Dropout probability in [0, 1) of the output of the recurrence alone, before that
        of the parallel convolutions is joined to it (Karim et al., 2018, drop 80 % of few
        units). ``dropout`` before the head applies to both.""",
        role=NETWORK,
        since=(2, 0),
    )

    embedding_dim: int | None = hyperparameter(
        default=None,
        constraints=[COUNT, None],
        doc="""int or None
        Size of the embedding vectors of tokens. If given, X holds token ids, as made by
        :class:`sksequence.preprocessing.SequenceTokenizer`: one per step, starting at 0,
        the unknown token. Dropout is also applied to the embedding vectors.""",
        role=NETWORK,
    )
    num_embeddings: int | None = hyperparameter(
        default=None,
        constraints=[COUNT, None],
        doc="""int or None
        Number of tokens; None for one more than the largest id in fit. Tokens that are
        not in the training sequences are read as the unknown token.""",
        role=MODEL,
    )

    categorical_features: Sequence[Any] | str | None = hyperparameter(
        default="from_dtype",
        constraints=[StrOptions({"from_dtype"}), tuple, list, None],
        doc=""""from_dtype", list of int, str or bool, or None
        The channels that hold categories, whose levels are embedded. "from_dtype": those
        of sequences that are DataFrames with columns of text, also as categories of
        pandas or polars. A list names channels, also of numbers: their positions or
        names, or a mask. None: text is refused. Static columns of text are embedded
        likewise, unless None. Levels that are not in the training sequences, and missing
        ones, are read as one unknown level; ``partial_fit`` knows those of its first
        call.""",
        role=MODEL,
        since=(2, 0),
    )
    category_dim: int | None = hyperparameter(
        default=None,
        constraints=[COUNT, None],
        doc="""int or None
        Size of the vectors of categories; None for min(50, round(1.6 n^0.56)) of n levels
        (the rule of fastai).""",
        role=MODEL,
        since=(2, 0),
    )

    augment: str | Sequence[str] | Mapping[str, float] | None = hyperparameter(
        default=None,
        constraints=[StrOptions(set(STRENGTHS)), tuple, list, dict, None],
        doc=f"""str, tuple of str, dict of str to float, or None
        Random changes of the training sequences, drawn anew in each epoch: names, or
        names and strengths. They are made of standardised channels, in this order. "crop"
        keeps a window at a random position, without this share of the steps
        ({STRENGTHS["crop"]}; Le Guennec et al., 2016). "warp" varies the speed of time
        between both ends, by this standard deviation of its logarithm
        ({STRENGTHS["warp"]}), "scale" multiplies each channel of a sequence by a factor
        about one of this deviation ({STRENGTHS["scale"]}), and "jitter" adds noise of
        this deviation to each value ({STRENGTHS["jitter"]}; Um et al., 2017). "mixup"
        replaces each sequence and its target by a weighted mean with another one, that
        is stretched to its length, with weights of the beta distribution of this
        parameter ({STRENGTHS["mixup"]}; Zhang et al., 2018). NaN stays NaN. Not for
        tokens and categories; only "scale" and "jitter" where steps have targets, and
        with them "warp" for transcripts and translations; only "jitter" for detectors.
        """,
        role=TRAINING,
        since=(2, 0),
    )

    missing: str = hyperparameter(
        default="error",
        constraints=[StrOptions({"error", "mask", "decay"})],
        doc="""{"error", "mask", "decay"}
        How to treat NaN in X. "error" raises an error. "mask" replaces NaN by the mean of
        the channel, and appends a mask for every channel that is one where it was
        observed and zero elsewhere. "decay" appends the same masks, but replaces NaN by
        the last observation, decayed towards the mean at a learnt rate for each channel;
        without ``conv_channels`` the state of the first recurrent layer decays likewise
        (GRU-D of Che et al., 2018, with any cell). The loop over steps is then in Python,
        which is slower: an epoch of a GRU or SimpleRNN takes about 1.5 times as long, of
        an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity always raises an
        error.""",
        role=NETWORK,
    )
    time_channel: int | None = hyperparameter(
        default=None,
        constraints=[Number(Integral, 0, None, closed="left"), None],
        doc="""int or None
        With ``missing="decay"``, position of the channel that holds the time of each
        step, in any unit and from any origin. The time determines the decay and is used
        for nothing else; None for a time of one between steps. Ignored with other values
        of ``missing``.""",
        role=MODEL,
    )


@recurrent_estimator
class Pooling:
    """Hyperparameters of the pooling of steps."""

    pooling: str = hyperparameter(
        default="max",
        constraints=[StrOptions({"last", "mean", "max", "attention"})],
        doc="""{"last", "mean", "max", "attention"}
        How to pool the steps of a sequence: the final state of each direction, the mean
        or maximum over the steps, or a mean with attention weights.""",
        role=NETWORK,
        search=("last", "mean", "max", "attention"),
    )
    pooling_segments: int = hyperparameter(
        default=1,
        constraints=[COUNT],
        doc="""int
        Number of equal parts of each sequence that are pooled one by one, and
        concatenated, which keeps the place of what is found (as in the spatial pyramids
        of Lazebnik, Schmid and Ponce, 2006). Applies to the recurrence, unless
        ``pooling="last"``, and to the mean of parallel convolutions. Parts share a step
        if their number does not divide that of the steps. Such a network predicts from
        whole sequences only: it has no streams.""",
        role=NETWORK,
        since=(2, 0),
    )


@recurrent_estimator
class WholeSequences(Pooling):
    """Hyperparameters of networks with an output for each sequence alone."""

    random_convolutions: int | str = random_convolutions(default=0)


@recurrent_estimator
class LabelledSequences(WholeSequences):
    """Hyperparameters of networks with a label for each sequence alone."""

    random_convolutions: int | str = random_convolutions(default="auto")


@recurrent_estimator
class Training:
    """Hyperparameters of scaling and training."""

    standardize: bool = hyperparameter(
        default=True,
        constraints=["boolean"],
        doc="""bool
        Whether to standardise each channel, and the targets of a regressor, by mean and
        standard deviation of the training data: with ``partial_fit``, those of all calls
        so far. A 2-D X has one channel. Token ids are not scaled.""",
        role=MODEL,
    )
    data_format: str = hyperparameter(
        default="channels_last",
        constraints=[StrOptions({"channels_last", "channels_first"})],
        doc="""{"channels_last", "channels_first"}
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps); likewise for the arrays of a list.""",
    )
    lr: float = hyperparameter(
        default=0.005,
        constraints=[Number(Real, 0, 3.4e38, closed="neither")],
        doc="""float
        Learning rate.""",
        role=TRAINING,
        search=(0.0005, 0.001, 0.002, 0.005, 0.01),
    )
    lr_schedule: str = hyperparameter(
        default="cosine",
        constraints=[StrOptions({"constant", "cosine", "plateau"})],
        doc="""{"constant", "cosine", "plateau"}
        Learning rate schedule: constant, cosine annealing to zero, or halved whenever the
        loss (on the validation set, if there is one) has not improved for 5 epochs.""",
        role=TRAINING,
    )
    lr_warmup: float = hyperparameter(
        default=0.0,
        constraints=[Number(Real, 0, 1, closed="left")],
        doc="""float
        Share of ``max_epochs``, in [0, 1), in which the learning rate rises linearly to
        ``lr``, before a constant or cosine schedule begins (Goyal et al., 2017).""",
        role=TRAINING,
        since=(2, 0),
    )
    max_epochs: int | str = hyperparameter(
        default=50,
        constraints=[COUNT, StrOptions({"auto"})],
        doc=f"""int or "auto"
        Maximum number of passes over the training sequences. "auto": {MIN_EPOCHS}, or as
        many as make {MIN_BATCHES} mini-batches if that is more, but at most {MAX_EPOCHS};
        few sequences need more passes.""",
        role=TRAINING,
    )
    batch_size: int | str | None = hyperparameter(
        default=16,
        constraints=[COUNT, StrOptions({"auto"}), None],
        doc=f"""int, "auto" or None
        Number of sequences per mini-batch; None for full batches. "auto": a tenth of the
        training sequences, but at least {SMALLEST_BATCH} and at most {LARGEST_BATCH}.""",
        role=TRAINING,
        search=(8, 16, 32, 64),
    )
    optimizer: str | Callable[..., Any] = hyperparameter(
        default="adam",
        constraints=[StrOptions({"adam", "adamw", "rmsprop", "sgd"}), callable],
        doc="""{"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class
        The optimizer.""",
        role=TRAINING,
    )
    weight_decay: float = hyperparameter(
        default=0.0,
        constraints=[Number(Real, 0, None, closed="left")],
        doc="""float
        Weight decay, as defined by the optimizer.""",
        role=TRAINING,
        search=(0.0, 1e-5, 1e-4, 1e-3),
    )
    gradient_clip: float | None = hyperparameter(
        default=1.0,
        constraints=[Number(Real, 0, None, closed="neither"), None],
        doc="""float or None
        Maximum norm of the gradient; larger gradients are clipped.""",
        role=TRAINING,
    )
    average_weights: str | None = hyperparameter(
        default=None,
        constraints=[StrOptions({"ema", "swa"}), None],
        doc="""{"ema", "swa"} or None
        Predict with a mean of the weights along the training instead of the last ones:
        "ema", an exponential moving average over all mini-batches, corrected for its
        beginning (Polyak and Juditsky, 1992); "swa", the mean at the ends of the last
        quarter of ``max_epochs`` (stochastic weight averaging; Izmailov et al., 2018).
        The validation loss and ``scoring`` are those of the mean, and so is what is
        stored and what a warm start begins with. Ignored by ``partial_fit``.""",
        role=TRAINING,
        since=(2, 0),
    )
    ema_decay: float = hyperparameter(
        default=0.99,
        constraints=[Number(Real, 0, 1, closed="neither")],
        doc="""float
        Decay per mini-batch of ``average_weights="ema"``, in (0, 1): the mean is over
        some ``1 / (1 - ema_decay)`` mini-batches.""",
        role=TRAINING,
        since=(2, 0),
    )
    early_stopping: bool = hyperparameter(
        default=False,
        constraints=["boolean"],
        doc="""bool
        Whether to hold out a validation set, or take that given to fit, stop when its
        loss or ``scoring`` no longer improves, and keep the best weights.""",
        role=TRAINING,
    )
    validation_split: Any = hyperparameter(
        default="auto",
        # A str has a method `split`, too.
        constraints=[
            StrOptions({"auto", "random", "last"}),
            HasMethods(["split", "get_n_splits"]),
        ],
        doc="""{"auto", "random", "last"} or splitter
        What early stopping holds out. "random": stratified by class, or whole groups if
        fit gets ``groups``. "last": the last sequences of X, which must be in time order;
        of windows that overlap, the last ones of the table, and windows that share rows
        with them (a target is taken to cover as many rows after its window as it has
        outputs) are not used at all. "auto": "last" for windows that overlap, which are
        views of one table (as of SlidingWindow and make_windows), unless fit gets
        ``groups``; else "random". Of a splitter of scikit-learn, its last split.""",
        since=(2, 0),
    )
    validation_fraction: float = hyperparameter(
        default=0.1,
        constraints=[Number(Real, 0, 1, closed="neither")],
        doc="""float
        Proportion of the sequences in the validation set of early stopping, in
        (0, 1).""",
    )
    scoring: str | Callable[..., float] | None = hyperparameter(
        default=None,
        constraints=[str, callable, None],
        doc="""str, callable or None
        Score of the validation set that early stopping watches, ``valid_score`` in
        ``history_``: a name of scikit-learn's scorers, such as "roc_auc" (for predictions
        of every step, over the steps of all sequences), or a function
        ``scorer(estimator, X, y)`` for which greater is better. None for the loss.""",
        since=(2, 0),
    )
    patience: int | str = hyperparameter(
        default=10,
        constraints=[COUNT, StrOptions({"auto"})],
        doc=f"""int or "auto"
        Number of epochs without improvement before early stopping. "auto": a fifth of
        ``max_epochs``, but at least {MIN_PATIENCE}, since the epochs of few sequences are
        short.""",
        role=TRAINING,
    )
    device: str = hyperparameter(
        default="auto",
        constraints=[str],
        doc="""str
        Device of the network: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if one
        is available.""",
        role=TRAINING,
    )
    n_jobs: int | None = hyperparameter(
        default=None,
        constraints=[
            Number(Integral, None, -1, closed="right"),
            Number(Integral, 1, 1024, closed="both"),
            None,
        ],
        doc="""int or None
        Number of threads in fit and predict: None for one, -1 for all cores. The last
        digits of float32 training depend on it unless compiled kernels train.""",
    )
    dtype: str = hyperparameter(
        default="float32",
        constraints=[StrOptions({"float32", "float64"})],
        doc="""{"float32", "float64"}
        Dtype of the network.""",
        role=MODEL,
    )
    mixed_precision: str | None = hyperparameter(
        default=None,
        constraints=[StrOptions({"bfloat16", "float16"}), None],
        doc="""{"bfloat16", "float16"} or None
        Lower precision of forward and backward pass in training, by torch's autocast.
        Weights, loss and optimizer steps stay in float32, and so do recurrent layers on
        a CPU, where this is faster. With "float16" the loss is scaled, and steps with an
        infinite gradient are skipped. Predictions and the validation loss are in full
        precision. Not supported with ``dtype="float64"``.""",
        role=TRAINING,
    )
    callbacks: Sequence[Any] | None = hyperparameter(
        default=None,
        constraints=[list, tuple, None],
        doc="""list of skorch callbacks or None
        Callbacks of the training. To end it after an epoch, a callback sets
        ``net.stop_requested = True`` in ``on_epoch_end``; the fit then counts as
        finished.""",
        role=TRAINING,
    )
    net_params: dict[str, Any] | None = hyperparameter(
        default=None,
        constraints=[dict, None],
        doc="""dict or None
        Further parameters of :class:`skorch.NeuralNet`: those of the optimizer, such as
        ``{"optimizer__betas": (0.9, 0.99)}``, of callbacks (``callbacks__<name>``,
        ``callbacks__<name>__<parameter>``), ``compile``, and hyperparameters of the
        training, which they override. What an estimator sets itself is refused.
        """,
        role=TRAINING,
    )
    random_state: RandomState = hyperparameter(
        default=None,
        constraints=["random_state"],
        doc="""int, RandomState instance or None
        Controls the initial weights, mini-batches, dropout, ``augment`` and the
        validation split. Pass an int for bitwise identical results of repeated fits.""",
    )
    checkpoint: PathLike | None = hyperparameter(
        default=None,
        constraints=[str, os.PathLike, None],
        doc="""str, path or None
        File in which fit saves its progress after every epoch. When an interrupted fit is
        called again with the same data and hyperparameters, it resumes from there, and
        the final network is bitwise identical; a completed fit is not repeated. A file
        belongs to one fit. In a directory (an existing one, or a path with a separator
        at the end) there is a file for each fit, as needed by searches.""",
    )
    verbose: int = hyperparameter(
        default=0,
        constraints=["verbose"],
        doc="""int
        Print a line per epoch if above zero.""",
        role=TRAINING,
    )
    warm_start: bool = hyperparameter(
        default=False,
        constraints=["boolean"],
        doc="""bool
        Whether fit continues from the weights of the last fit.""",
    )
