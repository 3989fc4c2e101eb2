# ruff: noqa: E501, types and defaults of hyperparameters are long
"""Public estimators with signatures and docstrings; see ``tests/helpers/stubs.py``."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, type_check_only

import numpy as np

from ._base.classifier import SequenceClassifier
from ._base.detecting import SequenceDetector
from ._base.estimator import ArrayLike, RandomState, Targets
from ._base.frames import FrameReader, FrameRegressor
from ._base.horizons import HorizonRegressor
from ._base.hyperparameters import LabelledSequences, Pooling, WholeSequences
from ._base.per_step import PerStepEstimator
from ._base.regressor import NumberPredictor
from ._base.steps import AnyCell, SimpleCell, StepReader
from ._base.tagging import ChainTagger
from ._base.transcribing import TranscriptEstimator
from ._base.translating import TranslationEstimator
from ._base.truncating import TruncatedEstimator
from ._inputs.types import PathLike

@type_check_only
class _OfSklearn:
    """What estimators have from scikit-learn, which has no types."""

    n_features_in_: int
    feature_names_in_: np.ndarray
    def get_params(self, deep: bool = True) -> dict[str, Any]: ...
    def set_params(self, **params: Any) -> Self: ...
    def get_metadata_routing(self) -> Any: ...
    def set_callbacks(self, *callbacks: Any) -> Self: ...
    def set_output(self, *, transform: str | None = None) -> Self: ...
    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray: ...
    def fit_transform(
        self, X: ArrayLike, y: Targets, **fit_params: Any
    ) -> np.ndarray: ...
    def score(
        self, X: ArrayLike, y: Targets, sample_weight: ArrayLike | None = None
    ) -> float: ...

class SimpleRNNClassifier(
    _OfSklearn, LabelledSequences, TruncatedEstimator, SimpleCell, SequenceClassifier
):
    r"""Classify sequences with a simple recurrent network.

    .. math:: h_t = \tanh(W x_t + U h_{t-1} + b)

    The smallest and fastest recurrent network. Its memory is limited to some tens of
    steps (Bengio, Simard and Frasconi, 1994): suitable for short sequences, and as a
    baseline for the other cells.

    Parameters
    ----------
    hidden_size : int or tuple of int, default=64
        Number of units of each recurrent layer and direction, for all layers or one per
        layer: ``(12, 6)`` is two layers.
    num_layers : int or None, default=None
        Number of stacked recurrent layers; None for as many as ``hidden_size`` has
        values.
    bidirectional : bool, default=False
        Whether to also read every sequence in reverse. If False, the network is causal:
        no state depends on a later step.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How to merge the outputs of the two directions of a layer.
    dropout : float, default=0.0
        Dropout probability between recurrent layers and before the head, in [0, 1).
    layer_norm : bool, default=False
        Apply layer normalization, at every step, to the products of the weights of
        recurrent layers with their inputs (Ba, Kiros and Hinton, 2016). Deep networks
        learn faster.
    residual : bool, default=False
        Residual connections: add the input of every recurrent layer but the first to its
        output. Both must have the same width.
    recurrent_dropout : float, default=0.0
        Dropout probability in [0, 1) of the hidden state that the gates read, with one
        mask for all steps of a sequence (Gal and Ghahramani, 2016). Must be 0 with
        ``bptt_steps`` and for cells whose gates do not read the hidden state.
    memory_steps : float or None, default=None
        Longest time scale, in steps: gates are initialised with biases for time scales
        between one step and this number (chrono initialisation; Tallec and Ollivier,
        2018). The length of the sequences is a good value. None: the biases of the
        cell.
    nonlinearity : {"tanh", "relu"}, default='tanh'
        Activation of the hidden state.
    conv_channels : tuple of int, default=()
        Output channels of the convolutions before the recurrence, one per layer.
    conv_kernel_size : int or tuple of int, default=5
        Kernel sizes of these convolutions in steps, at most what strides leave of the
        longest sequence in fit; shorter ones are padded with zeros.
    conv_stride : int or tuple of int, default=1
        Strides of these convolutions: a stride of s reduces s steps to one. Some steps
        are never read if the stride exceeds the kernel size.
    parallel_channels : tuple of int, default=()
        Output channels of the convolutions parallel to the recurrence, whose mean over
        time is concatenated to its output before the head: ``(128, 256, 128)`` makes an
        LSTM-FCN.
    parallel_kernel_size : int, tuple of int or tuple of tuples, default=(8, 5, 3)
        Kernel sizes of the parallel convolutions in steps. Several sizes for a layer are
        kernels side by side, among which its channels are divided: six layers of
        ``(40, 20, 10)`` with ``parallel_residual=3`` and ``parallel_bottleneck=32`` make
        a branch like InceptionTime (Ismail Fawaz et al., 2020), without its max
        pooling.
    parallel_stride : int, tuple of int or "auto", default=1
        Strides of the parallel convolutions. No stride may exceed what the strides before
        it leave of the shortest sequence in fit. "auto": as long as the median length of
        the training sequences, over all strides, is at least 256, the first layer's
        stride is doubled, then that of the next, first to at most half its kernel size
        (the smallest of several), then to at most all of it; a layer with a dilation
        keeps a stride of 1. So 128 to 255 steps are left of a long sequence, and every
        step is read.
    parallel_dilation : int or tuple of int, default=1
        Dilations of the parallel convolutions: a kernel of k steps with a dilation of d
        reads every d-th of (k - 1) d + 1 steps (Yu and Koltun, 2016), so the steps seen
        grow fast with the layers in ``(1, 2, 4, 8)``. None may exceed what strides leave
        of the longest sequence in fit.
    parallel_residual : int or None, default=None
        Number of parallel layers after which their input is added to their output (He et
        al., 2016), 3 in the ResNet of Wang, Yan and Oates (2017); also for the layers
        that are left at the end. Where channels or steps differ, the input is mapped by a
        convolution of one step and normalised. None for no such connections.
    parallel_bottleneck : int or None, default=None
        Channels to which a product reduces the input of each parallel layer that reads
        more; None for no such reduction. Long kernels then take less time.
    parallel_squeeze : int or None, default=None
        Reduction of a squeeze-and-excitation behind each parallel layer: a gate for each
        channel, which reads the mean of all channels through this many times fewer units
        (Hu, Shen and Sun, 2018; 16 in the MLSTM-FCN of Karim et al., 2019). In a causal
        network the mean is over the steps so far. None for no gates.
    recurrent_output_dropout : float, default=0.0
        Dropout probability in [0, 1) of the output of the recurrence alone, before that
        of the parallel convolutions is joined to it (Karim et al., 2018, drop 80 % of few
        units). ``dropout`` before the head applies to both.
    pooling : {"last", "mean", "max", "attention"}, default='max'
        How to pool the steps of a sequence: the final state of each direction, the mean
        or maximum over the steps, or a mean with attention weights.
    pooling_segments : int, default=1
        Number of equal parts of each sequence that are pooled one by one, and
        concatenated, which keeps the place of what is found (as in the spatial pyramids
        of Lazebnik, Schmid and Ponce, 2006). Applies to the recurrence, unless
        ``pooling="last"``, and to the mean of parallel convolutions. Parts share a step
        if their number does not divide that of the steps. Such a network predicts from
        whole sequences only: it has no streams.
    random_convolutions : int or "auto", default='auto'
        About how many features of random convolutions are joined to the pooled steps:
        MiniRocket's (Dempster, Schmidt and Webb, 2021), the shares of steps at which
        convolutions that are not trained exceed a bias. Biases, means and deviations are
        learnt from the training sequences, dilations from their median length. There
        may be no tokens, categorical channels or ``missing="decay"``. 0 for none: a
        recurrent network alone. "auto": 5040, and none where there may be none,
        with static covariates, and where the median length is less than the 9
        steps of a convolution.
    embedding_dim : int or None, default=None
        Size of the embedding vectors of tokens. If given, X holds token ids, as made by
        :class:`sksequence.preprocessing.SequenceTokenizer`: one per step, starting at 0,
        the unknown token. Dropout is also applied to the embedding vectors.
    num_embeddings : int or None, default=None
        Number of tokens; None for one more than the largest id in fit. Tokens that are
        not in the training sequences are read as the unknown token.
    missing : {"error", "mask", "decay"}, default='error'
        How to treat NaN in X. "error" raises an error. "mask" replaces NaN by the mean of
        the channel, and appends a mask for every channel that is one where it was
        observed and zero elsewhere. "decay" appends the same masks, but replaces NaN by
        the last observation, decayed towards the mean at a learnt rate for each channel;
        without ``conv_channels`` the state of the first recurrent layer decays likewise
        (GRU-D of Che et al., 2018, with any cell). The loop over steps is then in Python,
        which is slower: an epoch of a GRU or SimpleRNN takes about 1.5 times as long, of
        an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity always raises an
        error.
    time_channel : int or None, default=None
        With ``missing="decay"``, position of the channel that holds the time of each
        step, in any unit and from any origin. The time determines the decay and is used
        for nothing else; None for a time of one between steps. Ignored with other values
        of ``missing``.
    categorical_features : "from_dtype", list of int, str or bool, or None, default='from_dtype'
        The channels that hold categories, whose levels are embedded. "from_dtype": those
        of sequences that are DataFrames with columns of text, also as categories of
        pandas or polars. A list names channels, also of numbers: their positions or
        names, or a mask. None: text is refused. Static columns of text are embedded
        likewise, unless None. Levels that are not in the training sequences, and missing
        ones, are read as one unknown level; ``partial_fit`` knows those of its first
        call.
    category_dim : int or None, default=None
        Size of the vectors of categories; None for min(50, round(1.6 n^0.56)) of n levels
        (the rule of fastai).
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weight of each class in the loss: ``{class: weight}``, where missing classes have
        weight one, or "balanced" for weights inversely proportional to class
        frequencies. For multilabel targets, "balanced" or a list with a dict for each
        label.
    label_smoothing : float, default=0.0
        Share of the probability of each true label, in [0, 1), that training spreads over
        all labels (Szegedy et al., 2016); where each of several labels is true or not,
        over both. ``valid_loss`` is without.
    lr : float, default=0.005
        Learning rate.
    max_epochs : int or "auto", default=50
        Maximum number of passes over the training sequences. "auto": 50, or as
        many as make 1500 mini-batches if that is more, but at most 500;
        few sequences need more passes.
    batch_size : int, "auto" or None, default=16
        Number of sequences per mini-batch; None for full batches. "auto": a tenth of the
        training sequences, but at least 8 and at most 64.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        The optimizer.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Learning rate schedule: constant, cosine annealing to zero, or halved whenever the
        loss (on the validation set, if there is one) has not improved for 5 epochs.
    lr_warmup : float, default=0.0
        Share of ``max_epochs``, in [0, 1), in which the learning rate rises linearly to
        ``lr``, before a constant or cosine schedule begins (Goyal et al., 2017).
    weight_decay : float, default=0.0
        Weight decay, as defined by the optimizer.
    average_weights : {"ema", "swa"} or None, default=None
        Predict with a mean of the weights along the training instead of the last ones:
        "ema", an exponential moving average over all mini-batches, corrected for its
        beginning (Polyak and Juditsky, 1992); "swa", the mean at the ends of the last
        quarter of ``max_epochs`` (stochastic weight averaging; Izmailov et al., 2018).
        The validation loss and ``scoring`` are those of the mean, and so is what is
        stored and what a warm start begins with. Ignored by ``partial_fit``.
    ema_decay : float, default=0.99
        Decay per mini-batch of ``average_weights="ema"``, in (0, 1): the mean is over
        some ``1 / (1 - ema_decay)`` mini-batches.
    gradient_clip : float or None, default=1.0
        Maximum norm of the gradient; larger gradients are clipped.
    bptt_steps : int or None, default=None
        Number of time steps per chunk for truncated backpropagation through time (Williams
        and Peng, 1990): a sequence is trained on in chunks; the state is carried over from
        one chunk to the next, gradients are not.
        For sequences that are too long to train on as a whole: beside a vector for
        each step, training keeps in memory what it needs of one chunk, and computes each
        chunk twice. Needs ``bidirectional=False``.
    augment : str, tuple of str, dict of str to float, or None, default=None
        Random changes of the training sequences, drawn anew in each epoch: names, or
        names and strengths. They are made of standardised channels, in this order. "crop"
        keeps a window at a random position, without this share of the steps
        (0.1; Le Guennec et al., 2016). "warp" varies the speed of time
        between both ends, by this standard deviation of its logarithm
        (0.2), "scale" multiplies each channel of a sequence by a factor
        about one of this deviation (0.1), and "jitter" adds noise of
        this deviation to each value (0.03; Um et al., 2017). "mixup"
        replaces each sequence and its target by a weighted mean with another one, that
        is stretched to its length, with weights of the beta distribution of this
        parameter (0.2; Zhang et al., 2018). NaN stays NaN. Not for
        tokens and categories; only "scale" and "jitter" where steps have targets, and
        with them "warp" for transcripts and translations; only "jitter" for detectors.
    early_stopping : bool, default=False
        Whether to hold out a validation set, or take that given to fit, stop when its
        loss or ``scoring`` no longer improves, and keep the best weights.
    validation_split : {"auto", "random", "last"} or splitter, default='auto'
        What early stopping holds out. "random": stratified by class, or whole groups if
        fit gets ``groups``. "last": the last sequences of X, which must be in time order;
        of windows that overlap, the last ones of the table, and windows that share rows
        with them (a target is taken to cover as many rows after its window as it has
        outputs) are not used at all. "auto": "last" for windows that overlap, which are
        views of one table (as of SlidingWindow and make_windows), unless fit gets
        ``groups``; else "random". Of a splitter of scikit-learn, its last split.
    validation_fraction : float, default=0.1
        Proportion of the sequences in the validation set of early stopping, in
        (0, 1).
    scoring : str, callable or None, default=None
        Score of the validation set that early stopping watches, ``valid_score`` in
        ``history_``: a name of scikit-learn's scorers, such as "roc_auc" (for predictions
        of every step, over the steps of all sequences), or a function
        ``scorer(estimator, X, y)`` for which greater is better. None for the loss.
    patience : int or "auto", default=10
        Number of epochs without improvement before early stopping. "auto": a fifth of
        ``max_epochs``, but at least 10, since the epochs of few sequences are
        short.
    standardize : bool, default=True
        Whether to standardise each channel, and the targets of a regressor, by mean and
        standard deviation of the training data: with ``partial_fit``, those of all calls
        so far. A 2-D X has one channel. Token ids are not scaled.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps); likewise for the arrays of a list.
    random_state : int, RandomState instance or None, default=None
        Controls the initial weights, mini-batches, dropout, ``augment`` and the
        validation split. Pass an int for bitwise identical results of repeated fits.
    n_jobs : int or None, default=None
        Number of threads in fit and predict: None for one, -1 for all cores. The last
        digits of float32 training depend on it unless compiled kernels train.
    device : str, default='auto'
        Device of the network: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if one
        is available.
    dtype : {"float32", "float64"}, default='float32'
        Dtype of the network.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward pass in training, by torch's autocast.
        Weights, loss and optimizer steps stay in float32, and so do recurrent layers on
        a CPU, where this is faster. With "float16" the loss is scaled, and steps with an
        infinite gradient are skipped. Predictions and the validation loss are in full
        precision. Not supported with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Callbacks of the training. To end it after an epoch, a callback sets
        ``net.stop_requested = True`` in ``on_epoch_end``; the fit then counts as
        finished.
    net_params : dict or None, default=None
        Further parameters of :class:`skorch.NeuralNet`: those of the optimizer, such as
        ``{"optimizer__betas": (0.9, 0.99)}``, of callbacks (``callbacks__<name>``,
        ``callbacks__<name>__<parameter>``), ``compile``, and hyperparameters of the
        training, which they override. What an estimator sets itself is refused.
    checkpoint : str, path or None, default=None
        File in which fit saves its progress after every epoch. When an interrupted fit is
        called again with the same data and hyperparameters, it resumes from there, and
        the final network is bitwise identical; a completed fit is not repeated. A file
        belongs to one fit. In a directory (an existing one, or a path with a separator
        at the end) there is a file for each fit, as needed by searches.
    warm_start : bool, default=False
        Whether fit continues from the weights of the last fit.
    verbose : int, default=0
        Print a line per epoch if above zero.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Number of columns of a 2-D X, else number of channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, or of sequences that are DataFrames, if all are text.
        Later X must have the same, in the same order.
    n_epochs_ : int
        Number of epochs trained.
    history_ : list of dict
        ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and ``duration`` (in
        seconds) of each epoch, ``valid_score`` with ``scoring``, and the numbers that
        callbacks record in ``net_.history``.
    classes_ : ndarray of shape (n_classes,)
        Class labels; for multilabel targets, the columns of y.
    n_static_features_in_ : int
        Number of static covariates; 0 if X is not a table with a column of sequences.

    See Also
    --------
    LSTMClassifier, GRUClassifier : Cells with gates, for longer memory.
    RecurrentClassifier : The cell as a hyperparameter.

    References
    ----------
    Elman (1990), Finding structure in time. Cognitive Science 14.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import SimpleRNNClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(n, 2)).cumsum(axis=0) for n in rng.integers(5, 20, 80)]
    >>> y = np.array(["up" if x[-1, 0] > x[0, 0] else "down" for x in X])
    >>> model = SimpleRNNClassifier(bidirectional=True, random_state=0)
    >>> model.fit(X[:60], y[:60]).predict(X[60:63])
    array(['up', 'up', 'up'], dtype='<U4')
    >>> model.score(X[60:], y[60:]) > 0.8
    True
    """

    def __init__(
        self,
        *,
        hidden_size: int | Sequence[int] = 64,
        num_layers: int | None = None,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        layer_norm: bool = False,
        residual: bool = False,
        recurrent_dropout: float = 0.0,
        memory_steps: float | None = None,
        nonlinearity: str = "tanh",
        conv_channels: Sequence[int] = (),
        conv_kernel_size: int | Sequence[int] = 5,
        conv_stride: int | Sequence[int] = 1,
        parallel_channels: Sequence[int] = (),
        parallel_kernel_size: int | Sequence[int | Sequence[int]] = (8, 5, 3),
        parallel_stride: int | Sequence[int] | str = 1,
        parallel_dilation: int | Sequence[int] = 1,
        parallel_residual: int | None = None,
        parallel_bottleneck: int | None = None,
        parallel_squeeze: int | None = None,
        recurrent_output_dropout: float = 0.0,
        pooling: str = "max",
        pooling_segments: int = 1,
        random_convolutions: int | str = "auto",
        embedding_dim: int | None = None,
        num_embeddings: int | None = None,
        missing: str = "error",
        time_channel: int | None = None,
        categorical_features: Sequence[Any] | str | None = "from_dtype",
        category_dim: int | None = None,
        class_weight: Any = None,
        label_smoothing: float = 0.0,
        lr: float = 0.005,
        max_epochs: int | str = 50,
        batch_size: int | str | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        lr_warmup: float = 0.0,
        weight_decay: float = 0.0,
        average_weights: str | None = None,
        ema_decay: float = 0.99,
        gradient_clip: float | None = 1.0,
        bptt_steps: int | None = None,
        augment: str | Sequence[str] | Mapping[str, float] | None = None,
        early_stopping: bool = False,
        validation_split: Any = "auto",
        validation_fraction: float = 0.1,
        scoring: str | Callable[..., float] | None = None,
        patience: int | str = 10,
        standardize: bool = True,
        data_format: str = "channels_last",
        random_state: RandomState = None,
        n_jobs: int | None = None,
        device: str = "auto",
        dtype: str = "float32",
        mixed_precision: str | None = None,
        callbacks: Sequence[Any] | None = None,
        net_params: dict[str, Any] | None = None,
        checkpoint: PathLike | None = None,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None: ...
    def set_fit_request(
        self,
        *,
        X_val: bool | str | None = ...,
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
        y_val: bool | str | None = ...,
    ) -> Self: ...
    def set_partial_fit_request(
        self,
        *,
        classes: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...
    def set_score_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...

class SimpleRNNRegressor(
    _OfSklearn, WholeSequences, TruncatedEstimator, SimpleCell, HorizonRegressor
):
    r"""Predict numbers from sequences with a simple recurrent network.

    .. math:: h_t = \tanh(W x_t + U h_{t-1} + b)

    The smallest and fastest recurrent network, with a memory of some tens of steps.

    Parameters
    ----------
    hidden_size : int or tuple of int, default=64
        Number of units of each recurrent layer and direction, for all layers or one per
        layer: ``(12, 6)`` is two layers.
    num_layers : int or None, default=None
        Number of stacked recurrent layers; None for as many as ``hidden_size`` has
        values.
    bidirectional : bool, default=False
        Whether to also read every sequence in reverse. If False, the network is causal:
        no state depends on a later step.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How to merge the outputs of the two directions of a layer.
    dropout : float, default=0.0
        Dropout probability between recurrent layers and before the head, in [0, 1).
    layer_norm : bool, default=False
        Apply layer normalization, at every step, to the products of the weights of
        recurrent layers with their inputs (Ba, Kiros and Hinton, 2016). Deep networks
        learn faster.
    residual : bool, default=False
        Residual connections: add the input of every recurrent layer but the first to its
        output. Both must have the same width.
    recurrent_dropout : float, default=0.0
        Dropout probability in [0, 1) of the hidden state that the gates read, with one
        mask for all steps of a sequence (Gal and Ghahramani, 2016). Must be 0 with
        ``bptt_steps`` and for cells whose gates do not read the hidden state.
    memory_steps : float or None, default=None
        Longest time scale, in steps: gates are initialised with biases for time scales
        between one step and this number (chrono initialisation; Tallec and Ollivier,
        2018). The length of the sequences is a good value. None: the biases of the
        cell.
    nonlinearity : {"tanh", "relu"}, default='tanh'
        Activation of the hidden state.
    conv_channels : tuple of int, default=()
        Output channels of the convolutions before the recurrence, one per layer.
    conv_kernel_size : int or tuple of int, default=5
        Kernel sizes of these convolutions in steps, at most what strides leave of the
        longest sequence in fit; shorter ones are padded with zeros.
    conv_stride : int or tuple of int, default=1
        Strides of these convolutions: a stride of s reduces s steps to one. Some steps
        are never read if the stride exceeds the kernel size.
    parallel_channels : tuple of int, default=()
        Output channels of the convolutions parallel to the recurrence, whose mean over
        time is concatenated to its output before the head: ``(128, 256, 128)`` makes an
        LSTM-FCN.
    parallel_kernel_size : int, tuple of int or tuple of tuples, default=(8, 5, 3)
        Kernel sizes of the parallel convolutions in steps. Several sizes for a layer are
        kernels side by side, among which its channels are divided: six layers of
        ``(40, 20, 10)`` with ``parallel_residual=3`` and ``parallel_bottleneck=32`` make
        a branch like InceptionTime (Ismail Fawaz et al., 2020), without its max
        pooling.
    parallel_stride : int, tuple of int or "auto", default=1
        Strides of the parallel convolutions. No stride may exceed what the strides before
        it leave of the shortest sequence in fit. "auto": as long as the median length of
        the training sequences, over all strides, is at least 256, the first layer's
        stride is doubled, then that of the next, first to at most half its kernel size
        (the smallest of several), then to at most all of it; a layer with a dilation
        keeps a stride of 1. So 128 to 255 steps are left of a long sequence, and every
        step is read.
    parallel_dilation : int or tuple of int, default=1
        Dilations of the parallel convolutions: a kernel of k steps with a dilation of d
        reads every d-th of (k - 1) d + 1 steps (Yu and Koltun, 2016), so the steps seen
        grow fast with the layers in ``(1, 2, 4, 8)``. None may exceed what strides leave
        of the longest sequence in fit.
    parallel_residual : int or None, default=None
        Number of parallel layers after which their input is added to their output (He et
        al., 2016), 3 in the ResNet of Wang, Yan and Oates (2017); also for the layers
        that are left at the end. Where channels or steps differ, the input is mapped by a
        convolution of one step and normalised. None for no such connections.
    parallel_bottleneck : int or None, default=None
        Channels to which a product reduces the input of each parallel layer that reads
        more; None for no such reduction. Long kernels then take less time.
    parallel_squeeze : int or None, default=None
        Reduction of a squeeze-and-excitation behind each parallel layer: a gate for each
        channel, which reads the mean of all channels through this many times fewer units
        (Hu, Shen and Sun, 2018; 16 in the MLSTM-FCN of Karim et al., 2019). In a causal
        network the mean is over the steps so far. None for no gates.
    recurrent_output_dropout : float, default=0.0
        Dropout probability in [0, 1) of the output of the recurrence alone, before that
        of the parallel convolutions is joined to it (Karim et al., 2018, drop 80 % of few
        units). ``dropout`` before the head applies to both.
    pooling : {"last", "mean", "max", "attention"}, default='max'
        How to pool the steps of a sequence: the final state of each direction, the mean
        or maximum over the steps, or a mean with attention weights.
    pooling_segments : int, default=1
        Number of equal parts of each sequence that are pooled one by one, and
        concatenated, which keeps the place of what is found (as in the spatial pyramids
        of Lazebnik, Schmid and Ponce, 2006). Applies to the recurrence, unless
        ``pooling="last"``, and to the mean of parallel convolutions. Parts share a step
        if their number does not divide that of the steps. Such a network predicts from
        whole sequences only: it has no streams.
    random_convolutions : int or "auto", default=0
        About how many features of random convolutions are joined to the pooled steps:
        MiniRocket's (Dempster, Schmidt and Webb, 2021), the shares of steps at which
        convolutions that are not trained exceed a bias. Biases, means and deviations are
        learnt from the training sequences, dilations from their median length. There
        may be no tokens, categorical channels or ``missing="decay"``. 0 for none: a
        recurrent network alone. "auto": 5040, and none where there may be none,
        with static covariates, and where the median length is less than the 9
        steps of a convolution.
    embedding_dim : int or None, default=None
        Size of the embedding vectors of tokens. If given, X holds token ids, as made by
        :class:`sksequence.preprocessing.SequenceTokenizer`: one per step, starting at 0,
        the unknown token. Dropout is also applied to the embedding vectors.
    num_embeddings : int or None, default=None
        Number of tokens; None for one more than the largest id in fit. Tokens that are
        not in the training sequences are read as the unknown token.
    missing : {"error", "mask", "decay"}, default='error'
        How to treat NaN in X. "error" raises an error. "mask" replaces NaN by the mean of
        the channel, and appends a mask for every channel that is one where it was
        observed and zero elsewhere. "decay" appends the same masks, but replaces NaN by
        the last observation, decayed towards the mean at a learnt rate for each channel;
        without ``conv_channels`` the state of the first recurrent layer decays likewise
        (GRU-D of Che et al., 2018, with any cell). The loop over steps is then in Python,
        which is slower: an epoch of a GRU or SimpleRNN takes about 1.5 times as long, of
        an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity always raises an
        error.
    time_channel : int or None, default=None
        With ``missing="decay"``, position of the channel that holds the time of each
        step, in any unit and from any origin. The time determines the decay and is used
        for nothing else; None for a time of one between steps. Ignored with other values
        of ``missing``.
    categorical_features : "from_dtype", list of int, str or bool, or None, default='from_dtype'
        The channels that hold categories, whose levels are embedded. "from_dtype": those
        of sequences that are DataFrames with columns of text, also as categories of
        pandas or polars. A list names channels, also of numbers: their positions or
        names, or a mask. None: text is refused. Static columns of text are embedded
        likewise, unless None. Levels that are not in the training sequences, and missing
        ones, are read as one unknown level; ``partial_fit`` knows those of its first
        call.
    category_dim : int or None, default=None
        Size of the vectors of categories; None for min(50, round(1.6 n^0.56)) of n levels
        (the rule of fastai).
    normalize : {"last", "window"} or None, default=None
        Normalise each sequence by itself before channels are standardised, where y
        continues channels of X: its last value is subtracted ("last"; NLinear of Zeng et
        al., 2023), or its mean is subtracted and the rest divided by its standard
        deviation ("window"; RevIN of Kim et al., 2022). Targets likewise; predictions are
        on the scale of y again, in float64. Only the channels in ``target_channels`` are
        normalised. NaN is ignored; a constant sequence is divided by the median standard
        deviation of the others; with ``decoder=True`` level and deviation are those of
        the steps up to the first of y. The training and validation loss, and the running
        means of partial_fit, are of normalised targets.
    season : int or None, default=None
        With ``normalize``, number of steps of a season: subtracted from the target k
        steps ahead is the value of the same phase in the last season of the sequence,
        ``x[n_steps - season + (k - 1) % season]``, or the level of the sequence where
        that is NaN. Sequences must not be shorter. The network then predicts the
        correction of a seasonal naive forecast.
    target_channels : int, tuple of int or None, default=None
        With ``normalize``, the channel or channels of X that y continues. y of shape
        (n_sequences, m) holds m steps of one channel, or one step of m channels, and
        (n_sequences, n_steps, n_targets) both. None for all channels, without
        ``time_channel`` and categories.
    decoder : bool, default=False
        Whether each step of a forecast is predicted from the state at a step of its own,
        the last ones of X, instead of all from the pooled sequence: the first step of y
        (its second axis) from the last but ``n_steps - 1`` step of X, and the last from
        the last. So the network steps through the horizon and reads what is known ahead,
        as in windows of ``make_windows(known=...)``. ``pooling`` is then unused.
    loss : {"squared_error", "absolute_error", "huber", "quantile", "poisson", "gaussian", "student_t", "negative_binomial"}, default='squared_error'
        The loss: the squared error predicts the mean; the absolute error, the median; the
        Huber loss, a mean that is robust against outliers beyond one standard deviation;
        the pinball loss ("quantile"), the quantiles given by ``quantile``; the Poisson
        deviance, the rate of counts (targets must be at least zero). The last three are
        the negative log-likelihood of a distribution, whose mean is predicted, and its
        standard deviation, quantiles and samples if asked for: normal; Student's t, for
        heavy tails (Lange, Little and Taylor, 1989); or negative binomial, for counts
        (whole numbers) whose variance exceeds the mean (Hilbe, 2011).
    quantile : float or tuple of float, default=0.5
        The quantile that the "quantile" loss predicts, in (0, 1); or several, in
        increasing order, which are then the last axis of predictions. They never
        cross.
    lr : float, default=0.005
        Learning rate.
    max_epochs : int or "auto", default=50
        Maximum number of passes over the training sequences. "auto": 50, or as
        many as make 1500 mini-batches if that is more, but at most 500;
        few sequences need more passes.
    batch_size : int, "auto" or None, default=16
        Number of sequences per mini-batch; None for full batches. "auto": a tenth of the
        training sequences, but at least 8 and at most 64.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        The optimizer.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Learning rate schedule: constant, cosine annealing to zero, or halved whenever the
        loss (on the validation set, if there is one) has not improved for 5 epochs.
    lr_warmup : float, default=0.0
        Share of ``max_epochs``, in [0, 1), in which the learning rate rises linearly to
        ``lr``, before a constant or cosine schedule begins (Goyal et al., 2017).
    weight_decay : float, default=0.0
        Weight decay, as defined by the optimizer.
    average_weights : {"ema", "swa"} or None, default=None
        Predict with a mean of the weights along the training instead of the last ones:
        "ema", an exponential moving average over all mini-batches, corrected for its
        beginning (Polyak and Juditsky, 1992); "swa", the mean at the ends of the last
        quarter of ``max_epochs`` (stochastic weight averaging; Izmailov et al., 2018).
        The validation loss and ``scoring`` are those of the mean, and so is what is
        stored and what a warm start begins with. Ignored by ``partial_fit``.
    ema_decay : float, default=0.99
        Decay per mini-batch of ``average_weights="ema"``, in (0, 1): the mean is over
        some ``1 / (1 - ema_decay)`` mini-batches.
    gradient_clip : float or None, default=1.0
        Maximum norm of the gradient; larger gradients are clipped.
    bptt_steps : int or None, default=None
        Number of time steps per chunk for truncated backpropagation through time (Williams
        and Peng, 1990): a sequence is trained on in chunks; the state is carried over from
        one chunk to the next, gradients are not.
        For sequences that are too long to train on as a whole: beside a vector for
        each step, training keeps in memory what it needs of one chunk, and computes each
        chunk twice. Needs ``bidirectional=False``.
    augment : str, tuple of str, dict of str to float, or None, default=None
        Random changes of the training sequences, drawn anew in each epoch: names, or
        names and strengths. They are made of standardised channels, in this order. "crop"
        keeps a window at a random position, without this share of the steps
        (0.1; Le Guennec et al., 2016). "warp" varies the speed of time
        between both ends, by this standard deviation of its logarithm
        (0.2), "scale" multiplies each channel of a sequence by a factor
        about one of this deviation (0.1), and "jitter" adds noise of
        this deviation to each value (0.03; Um et al., 2017). "mixup"
        replaces each sequence and its target by a weighted mean with another one, that
        is stretched to its length, with weights of the beta distribution of this
        parameter (0.2; Zhang et al., 2018). NaN stays NaN. Not for
        tokens and categories; only "scale" and "jitter" where steps have targets, and
        with them "warp" for transcripts and translations; only "jitter" for detectors.
    early_stopping : bool, default=False
        Whether to hold out a validation set, or take that given to fit, stop when its
        loss or ``scoring`` no longer improves, and keep the best weights.
    validation_split : {"auto", "random", "last"} or splitter, default='auto'
        What early stopping holds out. "random": stratified by class, or whole groups if
        fit gets ``groups``. "last": the last sequences of X, which must be in time order;
        of windows that overlap, the last ones of the table, and windows that share rows
        with them (a target is taken to cover as many rows after its window as it has
        outputs) are not used at all. "auto": "last" for windows that overlap, which are
        views of one table (as of SlidingWindow and make_windows), unless fit gets
        ``groups``; else "random". Of a splitter of scikit-learn, its last split.
    validation_fraction : float, default=0.1
        Proportion of the sequences in the validation set of early stopping, in
        (0, 1).
    scoring : str, callable or None, default=None
        Score of the validation set that early stopping watches, ``valid_score`` in
        ``history_``: a name of scikit-learn's scorers, such as "roc_auc" (for predictions
        of every step, over the steps of all sequences), or a function
        ``scorer(estimator, X, y)`` for which greater is better. None for the loss.
    patience : int or "auto", default=10
        Number of epochs without improvement before early stopping. "auto": a fifth of
        ``max_epochs``, but at least 10, since the epochs of few sequences are
        short.
    standardize : bool, default=True
        Whether to standardise each channel, and the targets of a regressor, by mean and
        standard deviation of the training data: with ``partial_fit``, those of all calls
        so far. A 2-D X has one channel. Token ids are not scaled.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps); likewise for the arrays of a list.
    random_state : int, RandomState instance or None, default=None
        Controls the initial weights, mini-batches, dropout, ``augment`` and the
        validation split. Pass an int for bitwise identical results of repeated fits.
    n_jobs : int or None, default=None
        Number of threads in fit and predict: None for one, -1 for all cores. The last
        digits of float32 training depend on it unless compiled kernels train.
    device : str, default='auto'
        Device of the network: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if one
        is available.
    dtype : {"float32", "float64"}, default='float32'
        Dtype of the network.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward pass in training, by torch's autocast.
        Weights, loss and optimizer steps stay in float32, and so do recurrent layers on
        a CPU, where this is faster. With "float16" the loss is scaled, and steps with an
        infinite gradient are skipped. Predictions and the validation loss are in full
        precision. Not supported with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Callbacks of the training. To end it after an epoch, a callback sets
        ``net.stop_requested = True`` in ``on_epoch_end``; the fit then counts as
        finished.
    net_params : dict or None, default=None
        Further parameters of :class:`skorch.NeuralNet`: those of the optimizer, such as
        ``{"optimizer__betas": (0.9, 0.99)}``, of callbacks (``callbacks__<name>``,
        ``callbacks__<name>__<parameter>``), ``compile``, and hyperparameters of the
        training, which they override. What an estimator sets itself is refused.
    checkpoint : str, path or None, default=None
        File in which fit saves its progress after every epoch. When an interrupted fit is
        called again with the same data and hyperparameters, it resumes from there, and
        the final network is bitwise identical; a completed fit is not repeated. A file
        belongs to one fit. In a directory (an existing one, or a path with a separator
        at the end) there is a file for each fit, as needed by searches.
    warm_start : bool, default=False
        Whether fit continues from the weights of the last fit.
    verbose : int, default=0
        Print a line per epoch if above zero.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Number of columns of a 2-D X, else number of channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, or of sequences that are DataFrames, if all are text.
        Later X must have the same, in the same order.
    n_epochs_ : int
        Number of epochs trained.
    history_ : list of dict
        ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and ``duration`` (in
        seconds) of each epoch, ``valid_score`` with ``scoring``, and the numbers that
        callbacks record in ``net_.history``.
    n_static_features_in_ : int
        Number of static covariates; 0 if X is not a table with a column of sequences.

    See Also
    --------
    LSTMRegressor, GRURegressor : Cells with gates, for longer memory.
    RecurrentRegressor : The cell as a hyperparameter.

    References
    ----------
    Elman (1990), Finding structure in time. Cognitive Science 14.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import SimpleRNNRegressor
    >>> X = np.random.default_rng(0).normal(size=(120, 10))
    >>> y = X[:, -3:].mean(axis=1)
    >>> model = SimpleRNNRegressor(hidden_size=16, random_state=0).fit(X[:100], y[:100])
    >>> model.score(X[100:], y[100:]) > 0.5
    True
    """

    def __init__(
        self,
        *,
        hidden_size: int | Sequence[int] = 64,
        num_layers: int | None = None,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        layer_norm: bool = False,
        residual: bool = False,
        recurrent_dropout: float = 0.0,
        memory_steps: float | None = None,
        nonlinearity: str = "tanh",
        conv_channels: Sequence[int] = (),
        conv_kernel_size: int | Sequence[int] = 5,
        conv_stride: int | Sequence[int] = 1,
        parallel_channels: Sequence[int] = (),
        parallel_kernel_size: int | Sequence[int | Sequence[int]] = (8, 5, 3),
        parallel_stride: int | Sequence[int] | str = 1,
        parallel_dilation: int | Sequence[int] = 1,
        parallel_residual: int | None = None,
        parallel_bottleneck: int | None = None,
        parallel_squeeze: int | None = None,
        recurrent_output_dropout: float = 0.0,
        pooling: str = "max",
        pooling_segments: int = 1,
        random_convolutions: int | str = 0,
        embedding_dim: int | None = None,
        num_embeddings: int | None = None,
        missing: str = "error",
        time_channel: int | None = None,
        categorical_features: Sequence[Any] | str | None = "from_dtype",
        category_dim: int | None = None,
        normalize: str | None = None,
        season: int | None = None,
        target_channels: int | Sequence[int] | None = None,
        decoder: bool = False,
        loss: str = "squared_error",
        quantile: float | Sequence[float] = 0.5,
        lr: float = 0.005,
        max_epochs: int | str = 50,
        batch_size: int | str | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        lr_warmup: float = 0.0,
        weight_decay: float = 0.0,
        average_weights: str | None = None,
        ema_decay: float = 0.99,
        gradient_clip: float | None = 1.0,
        bptt_steps: int | None = None,
        augment: str | Sequence[str] | Mapping[str, float] | None = None,
        early_stopping: bool = False,
        validation_split: Any = "auto",
        validation_fraction: float = 0.1,
        scoring: str | Callable[..., float] | None = None,
        patience: int | str = 10,
        standardize: bool = True,
        data_format: str = "channels_last",
        random_state: RandomState = None,
        n_jobs: int | None = None,
        device: str = "auto",
        dtype: str = "float32",
        mixed_precision: str | None = None,
        callbacks: Sequence[Any] | None = None,
        net_params: dict[str, Any] | None = None,
        checkpoint: PathLike | None = None,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None: ...
    def set_fit_request(
        self,
        *,
        X_val: bool | str | None = ...,
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
        y_val: bool | str | None = ...,
    ) -> Self: ...
    def set_partial_fit_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...
    def set_predict_request(
        self,
        *,
        quantiles: bool | str | None = ...,
        return_std: bool | str | None = ...,
    ) -> Self: ...
    def set_score_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...

class LSTMClassifier(
    _OfSklearn, LabelledSequences, TruncatedEstimator, StepReader, SequenceClassifier
):
    r"""Classify sequences with a long short-term memory network.

    .. math::
        i, f, o &= \sigma(W_{ifo} x_t + U_{ifo} h_{t-1} + b_{ifo}) \\
        c_t &= f \odot c_{t-1} + i \odot \tanh(W_c x_t + U_c h_{t-1} + b_c) \\
        h_t &= o \odot \tanh(c_t)

    The gates control by how much the cell state :math:`c` decays and what is added to
    it, so that its content and the gradient can persist over hundreds of steps.

    Parameters
    ----------
    hidden_size : int or tuple of int, default=64
        Number of units of each recurrent layer and direction, for all layers or one per
        layer: ``(12, 6)`` is two layers.
    num_layers : int or None, default=None
        Number of stacked recurrent layers; None for as many as ``hidden_size`` has
        values.
    bidirectional : bool, default=False
        Whether to also read every sequence in reverse. If False, the network is causal:
        no state depends on a later step.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How to merge the outputs of the two directions of a layer.
    dropout : float, default=0.0
        Dropout probability between recurrent layers and before the head, in [0, 1).
    layer_norm : bool, default=False
        Apply layer normalization, at every step, to the products of the weights of
        recurrent layers with their inputs (Ba, Kiros and Hinton, 2016). Deep networks
        learn faster.
    residual : bool, default=False
        Residual connections: add the input of every recurrent layer but the first to its
        output. Both must have the same width.
    recurrent_dropout : float, default=0.0
        Dropout probability in [0, 1) of the hidden state that the gates read, with one
        mask for all steps of a sequence (Gal and Ghahramani, 2016). Must be 0 with
        ``bptt_steps`` and for cells whose gates do not read the hidden state.
    memory_steps : float or None, default=None
        Longest time scale, in steps: gates are initialised with biases for time scales
        between one step and this number (chrono initialisation; Tallec and Ollivier,
        2018). The length of the sequences is a good value. None: the biases of the
        cell.
    conv_channels : tuple of int, default=()
        Output channels of the convolutions before the recurrence, one per layer.
    conv_kernel_size : int or tuple of int, default=5
        Kernel sizes of these convolutions in steps, at most what strides leave of the
        longest sequence in fit; shorter ones are padded with zeros.
    conv_stride : int or tuple of int, default=1
        Strides of these convolutions: a stride of s reduces s steps to one. Some steps
        are never read if the stride exceeds the kernel size.
    parallel_channels : tuple of int, default=()
        Output channels of the convolutions parallel to the recurrence, whose mean over
        time is concatenated to its output before the head: ``(128, 256, 128)`` makes an
        LSTM-FCN.
    parallel_kernel_size : int, tuple of int or tuple of tuples, default=(8, 5, 3)
        Kernel sizes of the parallel convolutions in steps. Several sizes for a layer are
        kernels side by side, among which its channels are divided: six layers of
        ``(40, 20, 10)`` with ``parallel_residual=3`` and ``parallel_bottleneck=32`` make
        a branch like InceptionTime (Ismail Fawaz et al., 2020), without its max
        pooling.
    parallel_stride : int, tuple of int or "auto", default=1
        Strides of the parallel convolutions. No stride may exceed what the strides before
        it leave of the shortest sequence in fit. "auto": as long as the median length of
        the training sequences, over all strides, is at least 256, the first layer's
        stride is doubled, then that of the next, first to at most half its kernel size
        (the smallest of several), then to at most all of it; a layer with a dilation
        keeps a stride of 1. So 128 to 255 steps are left of a long sequence, and every
        step is read.
    parallel_dilation : int or tuple of int, default=1
        Dilations of the parallel convolutions: a kernel of k steps with a dilation of d
        reads every d-th of (k - 1) d + 1 steps (Yu and Koltun, 2016), so the steps seen
        grow fast with the layers in ``(1, 2, 4, 8)``. None may exceed what strides leave
        of the longest sequence in fit.
    parallel_residual : int or None, default=None
        Number of parallel layers after which their input is added to their output (He et
        al., 2016), 3 in the ResNet of Wang, Yan and Oates (2017); also for the layers
        that are left at the end. Where channels or steps differ, the input is mapped by a
        convolution of one step and normalised. None for no such connections.
    parallel_bottleneck : int or None, default=None
        Channels to which a product reduces the input of each parallel layer that reads
        more; None for no such reduction. Long kernels then take less time.
    parallel_squeeze : int or None, default=None
        Reduction of a squeeze-and-excitation behind each parallel layer: a gate for each
        channel, which reads the mean of all channels through this many times fewer units
        (Hu, Shen and Sun, 2018; 16 in the MLSTM-FCN of Karim et al., 2019). In a causal
        network the mean is over the steps so far. None for no gates.
    recurrent_output_dropout : float, default=0.0
        Dropout probability in [0, 1) of the output of the recurrence alone, before that
        of the parallel convolutions is joined to it (Karim et al., 2018, drop 80 % of few
        units). ``dropout`` before the head applies to both.
    pooling : {"last", "mean", "max", "attention"}, default='max'
        How to pool the steps of a sequence: the final state of each direction, the mean
        or maximum over the steps, or a mean with attention weights.
    pooling_segments : int, default=1
        Number of equal parts of each sequence that are pooled one by one, and
        concatenated, which keeps the place of what is found (as in the spatial pyramids
        of Lazebnik, Schmid and Ponce, 2006). Applies to the recurrence, unless
        ``pooling="last"``, and to the mean of parallel convolutions. Parts share a step
        if their number does not divide that of the steps. Such a network predicts from
        whole sequences only: it has no streams.
    random_convolutions : int or "auto", default='auto'
        About how many features of random convolutions are joined to the pooled steps:
        MiniRocket's (Dempster, Schmidt and Webb, 2021), the shares of steps at which
        convolutions that are not trained exceed a bias. Biases, means and deviations are
        learnt from the training sequences, dilations from their median length. There
        may be no tokens, categorical channels or ``missing="decay"``. 0 for none: a
        recurrent network alone. "auto": 5040, and none where there may be none,
        with static covariates, and where the median length is less than the 9
        steps of a convolution.
    embedding_dim : int or None, default=None
        Size of the embedding vectors of tokens. If given, X holds token ids, as made by
        :class:`sksequence.preprocessing.SequenceTokenizer`: one per step, starting at 0,
        the unknown token. Dropout is also applied to the embedding vectors.
    num_embeddings : int or None, default=None
        Number of tokens; None for one more than the largest id in fit. Tokens that are
        not in the training sequences are read as the unknown token.
    missing : {"error", "mask", "decay"}, default='error'
        How to treat NaN in X. "error" raises an error. "mask" replaces NaN by the mean of
        the channel, and appends a mask for every channel that is one where it was
        observed and zero elsewhere. "decay" appends the same masks, but replaces NaN by
        the last observation, decayed towards the mean at a learnt rate for each channel;
        without ``conv_channels`` the state of the first recurrent layer decays likewise
        (GRU-D of Che et al., 2018, with any cell). The loop over steps is then in Python,
        which is slower: an epoch of a GRU or SimpleRNN takes about 1.5 times as long, of
        an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity always raises an
        error.
    time_channel : int or None, default=None
        With ``missing="decay"``, position of the channel that holds the time of each
        step, in any unit and from any origin. The time determines the decay and is used
        for nothing else; None for a time of one between steps. Ignored with other values
        of ``missing``.
    categorical_features : "from_dtype", list of int, str or bool, or None, default='from_dtype'
        The channels that hold categories, whose levels are embedded. "from_dtype": those
        of sequences that are DataFrames with columns of text, also as categories of
        pandas or polars. A list names channels, also of numbers: their positions or
        names, or a mask. None: text is refused. Static columns of text are embedded
        likewise, unless None. Levels that are not in the training sequences, and missing
        ones, are read as one unknown level; ``partial_fit`` knows those of its first
        call.
    category_dim : int or None, default=None
        Size of the vectors of categories; None for min(50, round(1.6 n^0.56)) of n levels
        (the rule of fastai).
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weight of each class in the loss: ``{class: weight}``, where missing classes have
        weight one, or "balanced" for weights inversely proportional to class
        frequencies. For multilabel targets, "balanced" or a list with a dict for each
        label.
    label_smoothing : float, default=0.0
        Share of the probability of each true label, in [0, 1), that training spreads over
        all labels (Szegedy et al., 2016); where each of several labels is true or not,
        over both. ``valid_loss`` is without.
    lr : float, default=0.005
        Learning rate.
    max_epochs : int or "auto", default=50
        Maximum number of passes over the training sequences. "auto": 50, or as
        many as make 1500 mini-batches if that is more, but at most 500;
        few sequences need more passes.
    batch_size : int, "auto" or None, default=16
        Number of sequences per mini-batch; None for full batches. "auto": a tenth of the
        training sequences, but at least 8 and at most 64.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        The optimizer.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Learning rate schedule: constant, cosine annealing to zero, or halved whenever the
        loss (on the validation set, if there is one) has not improved for 5 epochs.
    lr_warmup : float, default=0.0
        Share of ``max_epochs``, in [0, 1), in which the learning rate rises linearly to
        ``lr``, before a constant or cosine schedule begins (Goyal et al., 2017).
    weight_decay : float, default=0.0
        Weight decay, as defined by the optimizer.
    average_weights : {"ema", "swa"} or None, default=None
        Predict with a mean of the weights along the training instead of the last ones:
        "ema", an exponential moving average over all mini-batches, corrected for its
        beginning (Polyak and Juditsky, 1992); "swa", the mean at the ends of the last
        quarter of ``max_epochs`` (stochastic weight averaging; Izmailov et al., 2018).
        The validation loss and ``scoring`` are those of the mean, and so is what is
        stored and what a warm start begins with. Ignored by ``partial_fit``.
    ema_decay : float, default=0.99
        Decay per mini-batch of ``average_weights="ema"``, in (0, 1): the mean is over
        some ``1 / (1 - ema_decay)`` mini-batches.
    gradient_clip : float or None, default=1.0
        Maximum norm of the gradient; larger gradients are clipped.
    bptt_steps : int or None, default=None
        Number of time steps per chunk for truncated backpropagation through time (Williams
        and Peng, 1990): a sequence is trained on in chunks; the state is carried over from
        one chunk to the next, gradients are not.
        For sequences that are too long to train on as a whole: beside a vector for
        each step, training keeps in memory what it needs of one chunk, and computes each
        chunk twice. Needs ``bidirectional=False``.
    augment : str, tuple of str, dict of str to float, or None, default=None
        Random changes of the training sequences, drawn anew in each epoch: names, or
        names and strengths. They are made of standardised channels, in this order. "crop"
        keeps a window at a random position, without this share of the steps
        (0.1; Le Guennec et al., 2016). "warp" varies the speed of time
        between both ends, by this standard deviation of its logarithm
        (0.2), "scale" multiplies each channel of a sequence by a factor
        about one of this deviation (0.1), and "jitter" adds noise of
        this deviation to each value (0.03; Um et al., 2017). "mixup"
        replaces each sequence and its target by a weighted mean with another one, that
        is stretched to its length, with weights of the beta distribution of this
        parameter (0.2; Zhang et al., 2018). NaN stays NaN. Not for
        tokens and categories; only "scale" and "jitter" where steps have targets, and
        with them "warp" for transcripts and translations; only "jitter" for detectors.
    early_stopping : bool, default=False
        Whether to hold out a validation set, or take that given to fit, stop when its
        loss or ``scoring`` no longer improves, and keep the best weights.
    validation_split : {"auto", "random", "last"} or splitter, default='auto'
        What early stopping holds out. "random": stratified by class, or whole groups if
        fit gets ``groups``. "last": the last sequences of X, which must be in time order;
        of windows that overlap, the last ones of the table, and windows that share rows
        with them (a target is taken to cover as many rows after its window as it has
        outputs) are not used at all. "auto": "last" for windows that overlap, which are
        views of one table (as of SlidingWindow and make_windows), unless fit gets
        ``groups``; else "random". Of a splitter of scikit-learn, its last split.
    validation_fraction : float, default=0.1
        Proportion of the sequences in the validation set of early stopping, in
        (0, 1).
    scoring : str, callable or None, default=None
        Score of the validation set that early stopping watches, ``valid_score`` in
        ``history_``: a name of scikit-learn's scorers, such as "roc_auc" (for predictions
        of every step, over the steps of all sequences), or a function
        ``scorer(estimator, X, y)`` for which greater is better. None for the loss.
    patience : int or "auto", default=10
        Number of epochs without improvement before early stopping. "auto": a fifth of
        ``max_epochs``, but at least 10, since the epochs of few sequences are
        short.
    standardize : bool, default=True
        Whether to standardise each channel, and the targets of a regressor, by mean and
        standard deviation of the training data: with ``partial_fit``, those of all calls
        so far. A 2-D X has one channel. Token ids are not scaled.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps); likewise for the arrays of a list.
    random_state : int, RandomState instance or None, default=None
        Controls the initial weights, mini-batches, dropout, ``augment`` and the
        validation split. Pass an int for bitwise identical results of repeated fits.
    n_jobs : int or None, default=None
        Number of threads in fit and predict: None for one, -1 for all cores. The last
        digits of float32 training depend on it unless compiled kernels train.
    device : str, default='auto'
        Device of the network: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if one
        is available.
    dtype : {"float32", "float64"}, default='float32'
        Dtype of the network.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward pass in training, by torch's autocast.
        Weights, loss and optimizer steps stay in float32, and so do recurrent layers on
        a CPU, where this is faster. With "float16" the loss is scaled, and steps with an
        infinite gradient are skipped. Predictions and the validation loss are in full
        precision. Not supported with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Callbacks of the training. To end it after an epoch, a callback sets
        ``net.stop_requested = True`` in ``on_epoch_end``; the fit then counts as
        finished.
    net_params : dict or None, default=None
        Further parameters of :class:`skorch.NeuralNet`: those of the optimizer, such as
        ``{"optimizer__betas": (0.9, 0.99)}``, of callbacks (``callbacks__<name>``,
        ``callbacks__<name>__<parameter>``), ``compile``, and hyperparameters of the
        training, which they override. What an estimator sets itself is refused.
    checkpoint : str, path or None, default=None
        File in which fit saves its progress after every epoch. When an interrupted fit is
        called again with the same data and hyperparameters, it resumes from there, and
        the final network is bitwise identical; a completed fit is not repeated. A file
        belongs to one fit. In a directory (an existing one, or a path with a separator
        at the end) there is a file for each fit, as needed by searches.
    warm_start : bool, default=False
        Whether fit continues from the weights of the last fit.
    verbose : int, default=0
        Print a line per epoch if above zero.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Number of columns of a 2-D X, else number of channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, or of sequences that are DataFrames, if all are text.
        Later X must have the same, in the same order.
    n_epochs_ : int
        Number of epochs trained.
    history_ : list of dict
        ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and ``duration`` (in
        seconds) of each epoch, ``valid_score`` with ``scoring``, and the numbers that
        callbacks record in ``net_.history``.
    classes_ : ndarray of shape (n_classes,)
        Class labels; for multilabel targets, the columns of y.
    n_static_features_in_ : int
        Number of static covariates; 0 if X is not a table with a column of sequences.

    See Also
    --------
    GRUClassifier : Fewer gates and weights, often as good.
    RecurrentClassifier : The cell as a hyperparameter.

    References
    ----------
    Hochreiter and Schmidhuber (1997), Long short-term memory. Neural Computation 9.
    Gers, Schmidhuber and Cummins (2000), Learning to forget. Neural Computation 12.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import LSTMClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(120, 30, 2))
    >>> y = (X[:, :, 0].mean(axis=1) > X[:, :, 1].mean(axis=1)).astype(int)
    >>> model = LSTMClassifier(hidden_size=16, random_state=0).fit(X[:100], y[:100])
    >>> model.predict_proba(X[100:]).shape
    (20, 2)
    >>> model.score(X[100:], y[100:]) > 0.7
    True
    """

    def __init__(
        self,
        *,
        hidden_size: int | Sequence[int] = 64,
        num_layers: int | None = None,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        layer_norm: bool = False,
        residual: bool = False,
        recurrent_dropout: float = 0.0,
        memory_steps: float | None = None,
        conv_channels: Sequence[int] = (),
        conv_kernel_size: int | Sequence[int] = 5,
        conv_stride: int | Sequence[int] = 1,
        parallel_channels: Sequence[int] = (),
        parallel_kernel_size: int | Sequence[int | Sequence[int]] = (8, 5, 3),
        parallel_stride: int | Sequence[int] | str = 1,
        parallel_dilation: int | Sequence[int] = 1,
        parallel_residual: int | None = None,
        parallel_bottleneck: int | None = None,
        parallel_squeeze: int | None = None,
        recurrent_output_dropout: float = 0.0,
        pooling: str = "max",
        pooling_segments: int = 1,
        random_convolutions: int | str = "auto",
        embedding_dim: int | None = None,
        num_embeddings: int | None = None,
        missing: str = "error",
        time_channel: int | None = None,
        categorical_features: Sequence[Any] | str | None = "from_dtype",
        category_dim: int | None = None,
        class_weight: Any = None,
        label_smoothing: float = 0.0,
        lr: float = 0.005,
        max_epochs: int | str = 50,
        batch_size: int | str | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        lr_warmup: float = 0.0,
        weight_decay: float = 0.0,
        average_weights: str | None = None,
        ema_decay: float = 0.99,
        gradient_clip: float | None = 1.0,
        bptt_steps: int | None = None,
        augment: str | Sequence[str] | Mapping[str, float] | None = None,
        early_stopping: bool = False,
        validation_split: Any = "auto",
        validation_fraction: float = 0.1,
        scoring: str | Callable[..., float] | None = None,
        patience: int | str = 10,
        standardize: bool = True,
        data_format: str = "channels_last",
        random_state: RandomState = None,
        n_jobs: int | None = None,
        device: str = "auto",
        dtype: str = "float32",
        mixed_precision: str | None = None,
        callbacks: Sequence[Any] | None = None,
        net_params: dict[str, Any] | None = None,
        checkpoint: PathLike | None = None,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None: ...
    def set_fit_request(
        self,
        *,
        X_val: bool | str | None = ...,
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
        y_val: bool | str | None = ...,
    ) -> Self: ...
    def set_partial_fit_request(
        self,
        *,
        classes: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...
    def set_score_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...

class LSTMRegressor(
    _OfSklearn, WholeSequences, TruncatedEstimator, StepReader, HorizonRegressor
):
    r"""Predict numbers from sequences with a long short-term memory network.

    .. math::
        i, f, o &= \sigma(W_{ifo} x_t + U_{ifo} h_{t-1} + b_{ifo}) \\
        c_t &= f \odot c_{t-1} + i \odot \tanh(W_c x_t + U_c h_{t-1} + b_c) \\
        h_t &= o \odot \tanh(c_t)

    Parameters
    ----------
    hidden_size : int or tuple of int, default=64
        Number of units of each recurrent layer and direction, for all layers or one per
        layer: ``(12, 6)`` is two layers.
    num_layers : int or None, default=None
        Number of stacked recurrent layers; None for as many as ``hidden_size`` has
        values.
    bidirectional : bool, default=False
        Whether to also read every sequence in reverse. If False, the network is causal:
        no state depends on a later step.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How to merge the outputs of the two directions of a layer.
    dropout : float, default=0.0
        Dropout probability between recurrent layers and before the head, in [0, 1).
    layer_norm : bool, default=False
        Apply layer normalization, at every step, to the products of the weights of
        recurrent layers with their inputs (Ba, Kiros and Hinton, 2016). Deep networks
        learn faster.
    residual : bool, default=False
        Residual connections: add the input of every recurrent layer but the first to its
        output. Both must have the same width.
    recurrent_dropout : float, default=0.0
        Dropout probability in [0, 1) of the hidden state that the gates read, with one
        mask for all steps of a sequence (Gal and Ghahramani, 2016). Must be 0 with
        ``bptt_steps`` and for cells whose gates do not read the hidden state.
    memory_steps : float or None, default=None
        Longest time scale, in steps: gates are initialised with biases for time scales
        between one step and this number (chrono initialisation; Tallec and Ollivier,
        2018). The length of the sequences is a good value. None: the biases of the
        cell.
    conv_channels : tuple of int, default=()
        Output channels of the convolutions before the recurrence, one per layer.
    conv_kernel_size : int or tuple of int, default=5
        Kernel sizes of these convolutions in steps, at most what strides leave of the
        longest sequence in fit; shorter ones are padded with zeros.
    conv_stride : int or tuple of int, default=1
        Strides of these convolutions: a stride of s reduces s steps to one. Some steps
        are never read if the stride exceeds the kernel size.
    parallel_channels : tuple of int, default=()
        Output channels of the convolutions parallel to the recurrence, whose mean over
        time is concatenated to its output before the head: ``(128, 256, 128)`` makes an
        LSTM-FCN.
    parallel_kernel_size : int, tuple of int or tuple of tuples, default=(8, 5, 3)
        Kernel sizes of the parallel convolutions in steps. Several sizes for a layer are
        kernels side by side, among which its channels are divided: six layers of
        ``(40, 20, 10)`` with ``parallel_residual=3`` and ``parallel_bottleneck=32`` make
        a branch like InceptionTime (Ismail Fawaz et al., 2020), without its max
        pooling.
    parallel_stride : int, tuple of int or "auto", default=1
        Strides of the parallel convolutions. No stride may exceed what the strides before
        it leave of the shortest sequence in fit. "auto": as long as the median length of
        the training sequences, over all strides, is at least 256, the first layer's
        stride is doubled, then that of the next, first to at most half its kernel size
        (the smallest of several), then to at most all of it; a layer with a dilation
        keeps a stride of 1. So 128 to 255 steps are left of a long sequence, and every
        step is read.
    parallel_dilation : int or tuple of int, default=1
        Dilations of the parallel convolutions: a kernel of k steps with a dilation of d
        reads every d-th of (k - 1) d + 1 steps (Yu and Koltun, 2016), so the steps seen
        grow fast with the layers in ``(1, 2, 4, 8)``. None may exceed what strides leave
        of the longest sequence in fit.
    parallel_residual : int or None, default=None
        Number of parallel layers after which their input is added to their output (He et
        al., 2016), 3 in the ResNet of Wang, Yan and Oates (2017); also for the layers
        that are left at the end. Where channels or steps differ, the input is mapped by a
        convolution of one step and normalised. None for no such connections.
    parallel_bottleneck : int or None, default=None
        Channels to which a product reduces the input of each parallel layer that reads
        more; None for no such reduction. Long kernels then take less time.
    parallel_squeeze : int or None, default=None
        Reduction of a squeeze-and-excitation behind each parallel layer: a gate for each
        channel, which reads the mean of all channels through this many times fewer units
        (Hu, Shen and Sun, 2018; 16 in the MLSTM-FCN of Karim et al., 2019). In a causal
        network the mean is over the steps so far. None for no gates.
    recurrent_output_dropout : float, default=0.0
        Dropout probability in [0, 1) of the output of the recurrence alone, before that
        of the parallel convolutions is joined to it (Karim et al., 2018, drop 80 % of few
        units). ``dropout`` before the head applies to both.
    pooling : {"last", "mean", "max", "attention"}, default='max'
        How to pool the steps of a sequence: the final state of each direction, the mean
        or maximum over the steps, or a mean with attention weights.
    pooling_segments : int, default=1
        Number of equal parts of each sequence that are pooled one by one, and
        concatenated, which keeps the place of what is found (as in the spatial pyramids
        of Lazebnik, Schmid and Ponce, 2006). Applies to the recurrence, unless
        ``pooling="last"``, and to the mean of parallel convolutions. Parts share a step
        if their number does not divide that of the steps. Such a network predicts from
        whole sequences only: it has no streams.
    random_convolutions : int or "auto", default=0
        About how many features of random convolutions are joined to the pooled steps:
        MiniRocket's (Dempster, Schmidt and Webb, 2021), the shares of steps at which
        convolutions that are not trained exceed a bias. Biases, means and deviations are
        learnt from the training sequences, dilations from their median length. There
        may be no tokens, categorical channels or ``missing="decay"``. 0 for none: a
        recurrent network alone. "auto": 5040, and none where there may be none,
        with static covariates, and where the median length is less than the 9
        steps of a convolution.
    embedding_dim : int or None, default=None
        Size of the embedding vectors of tokens. If given, X holds token ids, as made by
        :class:`sksequence.preprocessing.SequenceTokenizer`: one per step, starting at 0,
        the unknown token. Dropout is also applied to the embedding vectors.
    num_embeddings : int or None, default=None
        Number of tokens; None for one more than the largest id in fit. Tokens that are
        not in the training sequences are read as the unknown token.
    missing : {"error", "mask", "decay"}, default='error'
        How to treat NaN in X. "error" raises an error. "mask" replaces NaN by the mean of
        the channel, and appends a mask for every channel that is one where it was
        observed and zero elsewhere. "decay" appends the same masks, but replaces NaN by
        the last observation, decayed towards the mean at a learnt rate for each channel;
        without ``conv_channels`` the state of the first recurrent layer decays likewise
        (GRU-D of Che et al., 2018, with any cell). The loop over steps is then in Python,
        which is slower: an epoch of a GRU or SimpleRNN takes about 1.5 times as long, of
        an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity always raises an
        error.
    time_channel : int or None, default=None
        With ``missing="decay"``, position of the channel that holds the time of each
        step, in any unit and from any origin. The time determines the decay and is used
        for nothing else; None for a time of one between steps. Ignored with other values
        of ``missing``.
    categorical_features : "from_dtype", list of int, str or bool, or None, default='from_dtype'
        The channels that hold categories, whose levels are embedded. "from_dtype": those
        of sequences that are DataFrames with columns of text, also as categories of
        pandas or polars. A list names channels, also of numbers: their positions or
        names, or a mask. None: text is refused. Static columns of text are embedded
        likewise, unless None. Levels that are not in the training sequences, and missing
        ones, are read as one unknown level; ``partial_fit`` knows those of its first
        call.
    category_dim : int or None, default=None
        Size of the vectors of categories; None for min(50, round(1.6 n^0.56)) of n levels
        (the rule of fastai).
    normalize : {"last", "window"} or None, default=None
        Normalise each sequence by itself before channels are standardised, where y
        continues channels of X: its last value is subtracted ("last"; NLinear of Zeng et
        al., 2023), or its mean is subtracted and the rest divided by its standard
        deviation ("window"; RevIN of Kim et al., 2022). Targets likewise; predictions are
        on the scale of y again, in float64. Only the channels in ``target_channels`` are
        normalised. NaN is ignored; a constant sequence is divided by the median standard
        deviation of the others; with ``decoder=True`` level and deviation are those of
        the steps up to the first of y. The training and validation loss, and the running
        means of partial_fit, are of normalised targets.
    season : int or None, default=None
        With ``normalize``, number of steps of a season: subtracted from the target k
        steps ahead is the value of the same phase in the last season of the sequence,
        ``x[n_steps - season + (k - 1) % season]``, or the level of the sequence where
        that is NaN. Sequences must not be shorter. The network then predicts the
        correction of a seasonal naive forecast.
    target_channels : int, tuple of int or None, default=None
        With ``normalize``, the channel or channels of X that y continues. y of shape
        (n_sequences, m) holds m steps of one channel, or one step of m channels, and
        (n_sequences, n_steps, n_targets) both. None for all channels, without
        ``time_channel`` and categories.
    decoder : bool, default=False
        Whether each step of a forecast is predicted from the state at a step of its own,
        the last ones of X, instead of all from the pooled sequence: the first step of y
        (its second axis) from the last but ``n_steps - 1`` step of X, and the last from
        the last. So the network steps through the horizon and reads what is known ahead,
        as in windows of ``make_windows(known=...)``. ``pooling`` is then unused.
    loss : {"squared_error", "absolute_error", "huber", "quantile", "poisson", "gaussian", "student_t", "negative_binomial"}, default='squared_error'
        The loss: the squared error predicts the mean; the absolute error, the median; the
        Huber loss, a mean that is robust against outliers beyond one standard deviation;
        the pinball loss ("quantile"), the quantiles given by ``quantile``; the Poisson
        deviance, the rate of counts (targets must be at least zero). The last three are
        the negative log-likelihood of a distribution, whose mean is predicted, and its
        standard deviation, quantiles and samples if asked for: normal; Student's t, for
        heavy tails (Lange, Little and Taylor, 1989); or negative binomial, for counts
        (whole numbers) whose variance exceeds the mean (Hilbe, 2011).
    quantile : float or tuple of float, default=0.5
        The quantile that the "quantile" loss predicts, in (0, 1); or several, in
        increasing order, which are then the last axis of predictions. They never
        cross.
    lr : float, default=0.005
        Learning rate.
    max_epochs : int or "auto", default=50
        Maximum number of passes over the training sequences. "auto": 50, or as
        many as make 1500 mini-batches if that is more, but at most 500;
        few sequences need more passes.
    batch_size : int, "auto" or None, default=16
        Number of sequences per mini-batch; None for full batches. "auto": a tenth of the
        training sequences, but at least 8 and at most 64.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        The optimizer.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Learning rate schedule: constant, cosine annealing to zero, or halved whenever the
        loss (on the validation set, if there is one) has not improved for 5 epochs.
    lr_warmup : float, default=0.0
        Share of ``max_epochs``, in [0, 1), in which the learning rate rises linearly to
        ``lr``, before a constant or cosine schedule begins (Goyal et al., 2017).
    weight_decay : float, default=0.0
        Weight decay, as defined by the optimizer.
    average_weights : {"ema", "swa"} or None, default=None
        Predict with a mean of the weights along the training instead of the last ones:
        "ema", an exponential moving average over all mini-batches, corrected for its
        beginning (Polyak and Juditsky, 1992); "swa", the mean at the ends of the last
        quarter of ``max_epochs`` (stochastic weight averaging; Izmailov et al., 2018).
        The validation loss and ``scoring`` are those of the mean, and so is what is
        stored and what a warm start begins with. Ignored by ``partial_fit``.
    ema_decay : float, default=0.99
        Decay per mini-batch of ``average_weights="ema"``, in (0, 1): the mean is over
        some ``1 / (1 - ema_decay)`` mini-batches.
    gradient_clip : float or None, default=1.0
        Maximum norm of the gradient; larger gradients are clipped.
    bptt_steps : int or None, default=None
        Number of time steps per chunk for truncated backpropagation through time (Williams
        and Peng, 1990): a sequence is trained on in chunks; the state is carried over from
        one chunk to the next, gradients are not.
        For sequences that are too long to train on as a whole: beside a vector for
        each step, training keeps in memory what it needs of one chunk, and computes each
        chunk twice. Needs ``bidirectional=False``.
    augment : str, tuple of str, dict of str to float, or None, default=None
        Random changes of the training sequences, drawn anew in each epoch: names, or
        names and strengths. They are made of standardised channels, in this order. "crop"
        keeps a window at a random position, without this share of the steps
        (0.1; Le Guennec et al., 2016). "warp" varies the speed of time
        between both ends, by this standard deviation of its logarithm
        (0.2), "scale" multiplies each channel of a sequence by a factor
        about one of this deviation (0.1), and "jitter" adds noise of
        this deviation to each value (0.03; Um et al., 2017). "mixup"
        replaces each sequence and its target by a weighted mean with another one, that
        is stretched to its length, with weights of the beta distribution of this
        parameter (0.2; Zhang et al., 2018). NaN stays NaN. Not for
        tokens and categories; only "scale" and "jitter" where steps have targets, and
        with them "warp" for transcripts and translations; only "jitter" for detectors.
    early_stopping : bool, default=False
        Whether to hold out a validation set, or take that given to fit, stop when its
        loss or ``scoring`` no longer improves, and keep the best weights.
    validation_split : {"auto", "random", "last"} or splitter, default='auto'
        What early stopping holds out. "random": stratified by class, or whole groups if
        fit gets ``groups``. "last": the last sequences of X, which must be in time order;
        of windows that overlap, the last ones of the table, and windows that share rows
        with them (a target is taken to cover as many rows after its window as it has
        outputs) are not used at all. "auto": "last" for windows that overlap, which are
        views of one table (as of SlidingWindow and make_windows), unless fit gets
        ``groups``; else "random". Of a splitter of scikit-learn, its last split.
    validation_fraction : float, default=0.1
        Proportion of the sequences in the validation set of early stopping, in
        (0, 1).
    scoring : str, callable or None, default=None
        Score of the validation set that early stopping watches, ``valid_score`` in
        ``history_``: a name of scikit-learn's scorers, such as "roc_auc" (for predictions
        of every step, over the steps of all sequences), or a function
        ``scorer(estimator, X, y)`` for which greater is better. None for the loss.
    patience : int or "auto", default=10
        Number of epochs without improvement before early stopping. "auto": a fifth of
        ``max_epochs``, but at least 10, since the epochs of few sequences are
        short.
    standardize : bool, default=True
        Whether to standardise each channel, and the targets of a regressor, by mean and
        standard deviation of the training data: with ``partial_fit``, those of all calls
        so far. A 2-D X has one channel. Token ids are not scaled.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps); likewise for the arrays of a list.
    random_state : int, RandomState instance or None, default=None
        Controls the initial weights, mini-batches, dropout, ``augment`` and the
        validation split. Pass an int for bitwise identical results of repeated fits.
    n_jobs : int or None, default=None
        Number of threads in fit and predict: None for one, -1 for all cores. The last
        digits of float32 training depend on it unless compiled kernels train.
    device : str, default='auto'
        Device of the network: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if one
        is available.
    dtype : {"float32", "float64"}, default='float32'
        Dtype of the network.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward pass in training, by torch's autocast.
        Weights, loss and optimizer steps stay in float32, and so do recurrent layers on
        a CPU, where this is faster. With "float16" the loss is scaled, and steps with an
        infinite gradient are skipped. Predictions and the validation loss are in full
        precision. Not supported with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Callbacks of the training. To end it after an epoch, a callback sets
        ``net.stop_requested = True`` in ``on_epoch_end``; the fit then counts as
        finished.
    net_params : dict or None, default=None
        Further parameters of :class:`skorch.NeuralNet`: those of the optimizer, such as
        ``{"optimizer__betas": (0.9, 0.99)}``, of callbacks (``callbacks__<name>``,
        ``callbacks__<name>__<parameter>``), ``compile``, and hyperparameters of the
        training, which they override. What an estimator sets itself is refused.
    checkpoint : str, path or None, default=None
        File in which fit saves its progress after every epoch. When an interrupted fit is
        called again with the same data and hyperparameters, it resumes from there, and
        the final network is bitwise identical; a completed fit is not repeated. A file
        belongs to one fit. In a directory (an existing one, or a path with a separator
        at the end) there is a file for each fit, as needed by searches.
    warm_start : bool, default=False
        Whether fit continues from the weights of the last fit.
    verbose : int, default=0
        Print a line per epoch if above zero.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Number of columns of a 2-D X, else number of channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, or of sequences that are DataFrames, if all are text.
        Later X must have the same, in the same order.
    n_epochs_ : int
        Number of epochs trained.
    history_ : list of dict
        ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and ``duration`` (in
        seconds) of each epoch, ``valid_score`` with ``scoring``, and the numbers that
        callbacks record in ``net_.history``.
    n_static_features_in_ : int
        Number of static covariates; 0 if X is not a table with a column of sequences.

    See Also
    --------
    GRURegressor : Fewer gates and weights, often as good.
    RecurrentRegressor : The cell as a hyperparameter.

    References
    ----------
    Hochreiter and Schmidhuber (1997), Long short-term memory. Neural Computation 9.
    Gers, Schmidhuber and Cummins (2000), Learning to forget. Neural Computation 12.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import LSTMRegressor
    >>> X = np.random.default_rng(0).normal(size=(120, 10))
    >>> y = np.column_stack([X.mean(axis=1), X[:, -1]])
    >>> model = LSTMRegressor(hidden_size=16, random_state=0).fit(X[:100], y[:100])
    >>> model.predict(X[100:]).shape
    (20, 2)
    """

    def __init__(
        self,
        *,
        hidden_size: int | Sequence[int] = 64,
        num_layers: int | None = None,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        layer_norm: bool = False,
        residual: bool = False,
        recurrent_dropout: float = 0.0,
        memory_steps: float | None = None,
        conv_channels: Sequence[int] = (),
        conv_kernel_size: int | Sequence[int] = 5,
        conv_stride: int | Sequence[int] = 1,
        parallel_channels: Sequence[int] = (),
        parallel_kernel_size: int | Sequence[int | Sequence[int]] = (8, 5, 3),
        parallel_stride: int | Sequence[int] | str = 1,
        parallel_dilation: int | Sequence[int] = 1,
        parallel_residual: int | None = None,
        parallel_bottleneck: int | None = None,
        parallel_squeeze: int | None = None,
        recurrent_output_dropout: float = 0.0,
        pooling: str = "max",
        pooling_segments: int = 1,
        random_convolutions: int | str = 0,
        embedding_dim: int | None = None,
        num_embeddings: int | None = None,
        missing: str = "error",
        time_channel: int | None = None,
        categorical_features: Sequence[Any] | str | None = "from_dtype",
        category_dim: int | None = None,
        normalize: str | None = None,
        season: int | None = None,
        target_channels: int | Sequence[int] | None = None,
        decoder: bool = False,
        loss: str = "squared_error",
        quantile: float | Sequence[float] = 0.5,
        lr: float = 0.005,
        max_epochs: int | str = 50,
        batch_size: int | str | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        lr_warmup: float = 0.0,
        weight_decay: float = 0.0,
        average_weights: str | None = None,
        ema_decay: float = 0.99,
        gradient_clip: float | None = 1.0,
        bptt_steps: int | None = None,
        augment: str | Sequence[str] | Mapping[str, float] | None = None,
        early_stopping: bool = False,
        validation_split: Any = "auto",
        validation_fraction: float = 0.1,
        scoring: str | Callable[..., float] | None = None,
        patience: int | str = 10,
        standardize: bool = True,
        data_format: str = "channels_last",
        random_state: RandomState = None,
        n_jobs: int | None = None,
        device: str = "auto",
        dtype: str = "float32",
        mixed_precision: str | None = None,
        callbacks: Sequence[Any] | None = None,
        net_params: dict[str, Any] | None = None,
        checkpoint: PathLike | None = None,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None: ...
    def set_fit_request(
        self,
        *,
        X_val: bool | str | None = ...,
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
        y_val: bool | str | None = ...,
    ) -> Self: ...
    def set_partial_fit_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...
    def set_predict_request(
        self,
        *,
        quantiles: bool | str | None = ...,
        return_std: bool | str | None = ...,
    ) -> Self: ...
    def set_score_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...

class GRUClassifier(
    _OfSklearn, LabelledSequences, TruncatedEstimator, StepReader, SequenceClassifier
):
    r"""Classify sequences with a network of gated recurrent units.

    .. math::
        r, z &= \sigma(W_{rz} x_t + U_{rz} h_{t-1} + b_{rz}) \\
        n &= \tanh(W_n x_t + b_n + r \odot (U_n h_{t-1} + b'_n)) \\
        h_t &= z \odot h_{t-1} + (1 - z) \odot n

    Parameters
    ----------
    hidden_size : int or tuple of int, default=64
        Number of units of each recurrent layer and direction, for all layers or one per
        layer: ``(12, 6)`` is two layers.
    num_layers : int or None, default=None
        Number of stacked recurrent layers; None for as many as ``hidden_size`` has
        values.
    bidirectional : bool, default=False
        Whether to also read every sequence in reverse. If False, the network is causal:
        no state depends on a later step.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How to merge the outputs of the two directions of a layer.
    dropout : float, default=0.0
        Dropout probability between recurrent layers and before the head, in [0, 1).
    layer_norm : bool, default=False
        Apply layer normalization, at every step, to the products of the weights of
        recurrent layers with their inputs (Ba, Kiros and Hinton, 2016). Deep networks
        learn faster.
    residual : bool, default=False
        Residual connections: add the input of every recurrent layer but the first to its
        output. Both must have the same width.
    recurrent_dropout : float, default=0.0
        Dropout probability in [0, 1) of the hidden state that the gates read, with one
        mask for all steps of a sequence (Gal and Ghahramani, 2016). Must be 0 with
        ``bptt_steps`` and for cells whose gates do not read the hidden state.
    memory_steps : float or None, default=None
        Longest time scale, in steps: gates are initialised with biases for time scales
        between one step and this number (chrono initialisation; Tallec and Ollivier,
        2018). The length of the sequences is a good value. None: the biases of the
        cell.
    conv_channels : tuple of int, default=()
        Output channels of the convolutions before the recurrence, one per layer.
    conv_kernel_size : int or tuple of int, default=5
        Kernel sizes of these convolutions in steps, at most what strides leave of the
        longest sequence in fit; shorter ones are padded with zeros.
    conv_stride : int or tuple of int, default=1
        Strides of these convolutions: a stride of s reduces s steps to one. Some steps
        are never read if the stride exceeds the kernel size.
    parallel_channels : tuple of int, default=()
        Output channels of the convolutions parallel to the recurrence, whose mean over
        time is concatenated to its output before the head: ``(128, 256, 128)`` makes an
        LSTM-FCN.
    parallel_kernel_size : int, tuple of int or tuple of tuples, default=(8, 5, 3)
        Kernel sizes of the parallel convolutions in steps. Several sizes for a layer are
        kernels side by side, among which its channels are divided: six layers of
        ``(40, 20, 10)`` with ``parallel_residual=3`` and ``parallel_bottleneck=32`` make
        a branch like InceptionTime (Ismail Fawaz et al., 2020), without its max
        pooling.
    parallel_stride : int, tuple of int or "auto", default=1
        Strides of the parallel convolutions. No stride may exceed what the strides before
        it leave of the shortest sequence in fit. "auto": as long as the median length of
        the training sequences, over all strides, is at least 256, the first layer's
        stride is doubled, then that of the next, first to at most half its kernel size
        (the smallest of several), then to at most all of it; a layer with a dilation
        keeps a stride of 1. So 128 to 255 steps are left of a long sequence, and every
        step is read.
    parallel_dilation : int or tuple of int, default=1
        Dilations of the parallel convolutions: a kernel of k steps with a dilation of d
        reads every d-th of (k - 1) d + 1 steps (Yu and Koltun, 2016), so the steps seen
        grow fast with the layers in ``(1, 2, 4, 8)``. None may exceed what strides leave
        of the longest sequence in fit.
    parallel_residual : int or None, default=None
        Number of parallel layers after which their input is added to their output (He et
        al., 2016), 3 in the ResNet of Wang, Yan and Oates (2017); also for the layers
        that are left at the end. Where channels or steps differ, the input is mapped by a
        convolution of one step and normalised. None for no such connections.
    parallel_bottleneck : int or None, default=None
        Channels to which a product reduces the input of each parallel layer that reads
        more; None for no such reduction. Long kernels then take less time.
    parallel_squeeze : int or None, default=None
        Reduction of a squeeze-and-excitation behind each parallel layer: a gate for each
        channel, which reads the mean of all channels through this many times fewer units
        (Hu, Shen and Sun, 2018; 16 in the MLSTM-FCN of Karim et al., 2019). In a causal
        network the mean is over the steps so far. None for no gates.
    recurrent_output_dropout : float, default=0.0
        Dropout probability in [0, 1) of the output of the recurrence alone, before that
        of the parallel convolutions is joined to it (Karim et al., 2018, drop 80 % of few
        units). ``dropout`` before the head applies to both.
    pooling : {"last", "mean", "max", "attention"}, default='max'
        How to pool the steps of a sequence: the final state of each direction, the mean
        or maximum over the steps, or a mean with attention weights.
    pooling_segments : int, default=1
        Number of equal parts of each sequence that are pooled one by one, and
        concatenated, which keeps the place of what is found (as in the spatial pyramids
        of Lazebnik, Schmid and Ponce, 2006). Applies to the recurrence, unless
        ``pooling="last"``, and to the mean of parallel convolutions. Parts share a step
        if their number does not divide that of the steps. Such a network predicts from
        whole sequences only: it has no streams.
    random_convolutions : int or "auto", default='auto'
        About how many features of random convolutions are joined to the pooled steps:
        MiniRocket's (Dempster, Schmidt and Webb, 2021), the shares of steps at which
        convolutions that are not trained exceed a bias. Biases, means and deviations are
        learnt from the training sequences, dilations from their median length. There
        may be no tokens, categorical channels or ``missing="decay"``. 0 for none: a
        recurrent network alone. "auto": 5040, and none where there may be none,
        with static covariates, and where the median length is less than the 9
        steps of a convolution.
    embedding_dim : int or None, default=None
        Size of the embedding vectors of tokens. If given, X holds token ids, as made by
        :class:`sksequence.preprocessing.SequenceTokenizer`: one per step, starting at 0,
        the unknown token. Dropout is also applied to the embedding vectors.
    num_embeddings : int or None, default=None
        Number of tokens; None for one more than the largest id in fit. Tokens that are
        not in the training sequences are read as the unknown token.
    missing : {"error", "mask", "decay"}, default='error'
        How to treat NaN in X. "error" raises an error. "mask" replaces NaN by the mean of
        the channel, and appends a mask for every channel that is one where it was
        observed and zero elsewhere. "decay" appends the same masks, but replaces NaN by
        the last observation, decayed towards the mean at a learnt rate for each channel;
        without ``conv_channels`` the state of the first recurrent layer decays likewise
        (GRU-D of Che et al., 2018, with any cell). The loop over steps is then in Python,
        which is slower: an epoch of a GRU or SimpleRNN takes about 1.5 times as long, of
        an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity always raises an
        error.
    time_channel : int or None, default=None
        With ``missing="decay"``, position of the channel that holds the time of each
        step, in any unit and from any origin. The time determines the decay and is used
        for nothing else; None for a time of one between steps. Ignored with other values
        of ``missing``.
    categorical_features : "from_dtype", list of int, str or bool, or None, default='from_dtype'
        The channels that hold categories, whose levels are embedded. "from_dtype": those
        of sequences that are DataFrames with columns of text, also as categories of
        pandas or polars. A list names channels, also of numbers: their positions or
        names, or a mask. None: text is refused. Static columns of text are embedded
        likewise, unless None. Levels that are not in the training sequences, and missing
        ones, are read as one unknown level; ``partial_fit`` knows those of its first
        call.
    category_dim : int or None, default=None
        Size of the vectors of categories; None for min(50, round(1.6 n^0.56)) of n levels
        (the rule of fastai).
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weight of each class in the loss: ``{class: weight}``, where missing classes have
        weight one, or "balanced" for weights inversely proportional to class
        frequencies. For multilabel targets, "balanced" or a list with a dict for each
        label.
    label_smoothing : float, default=0.0
        Share of the probability of each true label, in [0, 1), that training spreads over
        all labels (Szegedy et al., 2016); where each of several labels is true or not,
        over both. ``valid_loss`` is without.
    lr : float, default=0.005
        Learning rate.
    max_epochs : int or "auto", default=50
        Maximum number of passes over the training sequences. "auto": 50, or as
        many as make 1500 mini-batches if that is more, but at most 500;
        few sequences need more passes.
    batch_size : int, "auto" or None, default=16
        Number of sequences per mini-batch; None for full batches. "auto": a tenth of the
        training sequences, but at least 8 and at most 64.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        The optimizer.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Learning rate schedule: constant, cosine annealing to zero, or halved whenever the
        loss (on the validation set, if there is one) has not improved for 5 epochs.
    lr_warmup : float, default=0.0
        Share of ``max_epochs``, in [0, 1), in which the learning rate rises linearly to
        ``lr``, before a constant or cosine schedule begins (Goyal et al., 2017).
    weight_decay : float, default=0.0
        Weight decay, as defined by the optimizer.
    average_weights : {"ema", "swa"} or None, default=None
        Predict with a mean of the weights along the training instead of the last ones:
        "ema", an exponential moving average over all mini-batches, corrected for its
        beginning (Polyak and Juditsky, 1992); "swa", the mean at the ends of the last
        quarter of ``max_epochs`` (stochastic weight averaging; Izmailov et al., 2018).
        The validation loss and ``scoring`` are those of the mean, and so is what is
        stored and what a warm start begins with. Ignored by ``partial_fit``.
    ema_decay : float, default=0.99
        Decay per mini-batch of ``average_weights="ema"``, in (0, 1): the mean is over
        some ``1 / (1 - ema_decay)`` mini-batches.
    gradient_clip : float or None, default=1.0
        Maximum norm of the gradient; larger gradients are clipped.
    bptt_steps : int or None, default=None
        Number of time steps per chunk for truncated backpropagation through time (Williams
        and Peng, 1990): a sequence is trained on in chunks; the state is carried over from
        one chunk to the next, gradients are not.
        For sequences that are too long to train on as a whole: beside a vector for
        each step, training keeps in memory what it needs of one chunk, and computes each
        chunk twice. Needs ``bidirectional=False``.
    augment : str, tuple of str, dict of str to float, or None, default=None
        Random changes of the training sequences, drawn anew in each epoch: names, or
        names and strengths. They are made of standardised channels, in this order. "crop"
        keeps a window at a random position, without this share of the steps
        (0.1; Le Guennec et al., 2016). "warp" varies the speed of time
        between both ends, by this standard deviation of its logarithm
        (0.2), "scale" multiplies each channel of a sequence by a factor
        about one of this deviation (0.1), and "jitter" adds noise of
        this deviation to each value (0.03; Um et al., 2017). "mixup"
        replaces each sequence and its target by a weighted mean with another one, that
        is stretched to its length, with weights of the beta distribution of this
        parameter (0.2; Zhang et al., 2018). NaN stays NaN. Not for
        tokens and categories; only "scale" and "jitter" where steps have targets, and
        with them "warp" for transcripts and translations; only "jitter" for detectors.
    early_stopping : bool, default=False
        Whether to hold out a validation set, or take that given to fit, stop when its
        loss or ``scoring`` no longer improves, and keep the best weights.
    validation_split : {"auto", "random", "last"} or splitter, default='auto'
        What early stopping holds out. "random": stratified by class, or whole groups if
        fit gets ``groups``. "last": the last sequences of X, which must be in time order;
        of windows that overlap, the last ones of the table, and windows that share rows
        with them (a target is taken to cover as many rows after its window as it has
        outputs) are not used at all. "auto": "last" for windows that overlap, which are
        views of one table (as of SlidingWindow and make_windows), unless fit gets
        ``groups``; else "random". Of a splitter of scikit-learn, its last split.
    validation_fraction : float, default=0.1
        Proportion of the sequences in the validation set of early stopping, in
        (0, 1).
    scoring : str, callable or None, default=None
        Score of the validation set that early stopping watches, ``valid_score`` in
        ``history_``: a name of scikit-learn's scorers, such as "roc_auc" (for predictions
        of every step, over the steps of all sequences), or a function
        ``scorer(estimator, X, y)`` for which greater is better. None for the loss.
    patience : int or "auto", default=10
        Number of epochs without improvement before early stopping. "auto": a fifth of
        ``max_epochs``, but at least 10, since the epochs of few sequences are
        short.
    standardize : bool, default=True
        Whether to standardise each channel, and the targets of a regressor, by mean and
        standard deviation of the training data: with ``partial_fit``, those of all calls
        so far. A 2-D X has one channel. Token ids are not scaled.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps); likewise for the arrays of a list.
    random_state : int, RandomState instance or None, default=None
        Controls the initial weights, mini-batches, dropout, ``augment`` and the
        validation split. Pass an int for bitwise identical results of repeated fits.
    n_jobs : int or None, default=None
        Number of threads in fit and predict: None for one, -1 for all cores. The last
        digits of float32 training depend on it unless compiled kernels train.
    device : str, default='auto'
        Device of the network: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if one
        is available.
    dtype : {"float32", "float64"}, default='float32'
        Dtype of the network.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward pass in training, by torch's autocast.
        Weights, loss and optimizer steps stay in float32, and so do recurrent layers on
        a CPU, where this is faster. With "float16" the loss is scaled, and steps with an
        infinite gradient are skipped. Predictions and the validation loss are in full
        precision. Not supported with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Callbacks of the training. To end it after an epoch, a callback sets
        ``net.stop_requested = True`` in ``on_epoch_end``; the fit then counts as
        finished.
    net_params : dict or None, default=None
        Further parameters of :class:`skorch.NeuralNet`: those of the optimizer, such as
        ``{"optimizer__betas": (0.9, 0.99)}``, of callbacks (``callbacks__<name>``,
        ``callbacks__<name>__<parameter>``), ``compile``, and hyperparameters of the
        training, which they override. What an estimator sets itself is refused.
    checkpoint : str, path or None, default=None
        File in which fit saves its progress after every epoch. When an interrupted fit is
        called again with the same data and hyperparameters, it resumes from there, and
        the final network is bitwise identical; a completed fit is not repeated. A file
        belongs to one fit. In a directory (an existing one, or a path with a separator
        at the end) there is a file for each fit, as needed by searches.
    warm_start : bool, default=False
        Whether fit continues from the weights of the last fit.
    verbose : int, default=0
        Print a line per epoch if above zero.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Number of columns of a 2-D X, else number of channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, or of sequences that are DataFrames, if all are text.
        Later X must have the same, in the same order.
    n_epochs_ : int
        Number of epochs trained.
    history_ : list of dict
        ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and ``duration`` (in
        seconds) of each epoch, ``valid_score`` with ``scoring``, and the numbers that
        callbacks record in ``net_.history``.
    classes_ : ndarray of shape (n_classes,)
        Class labels; for multilabel targets, the columns of y.
    n_static_features_in_ : int
        Number of static covariates; 0 if X is not a table with a column of sequences.

    See Also
    --------
    LSTMClassifier : Has a cell state in addition to the hidden state.
    RecurrentClassifier : The cell as a hyperparameter.

    References
    ----------
    Cho et al. (2014), Learning phrase representations using RNN encoder-decoder for
    statistical machine translation. EMNLP.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import GRUClassifier
    >>> X = [np.sin(f * np.arange(n)) for n in range(20, 50) for f in (0.3, 0.4)]
    >>> y = np.tile(["slow", "fast"], 30)
    >>> model = GRUClassifier(bidirectional=True, random_state=0).fit(X[:40], y[:40])
    >>> model.score(X[40:], y[40:])
    1.0
    """

    def __init__(
        self,
        *,
        hidden_size: int | Sequence[int] = 64,
        num_layers: int | None = None,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        layer_norm: bool = False,
        residual: bool = False,
        recurrent_dropout: float = 0.0,
        memory_steps: float | None = None,
        conv_channels: Sequence[int] = (),
        conv_kernel_size: int | Sequence[int] = 5,
        conv_stride: int | Sequence[int] = 1,
        parallel_channels: Sequence[int] = (),
        parallel_kernel_size: int | Sequence[int | Sequence[int]] = (8, 5, 3),
        parallel_stride: int | Sequence[int] | str = 1,
        parallel_dilation: int | Sequence[int] = 1,
        parallel_residual: int | None = None,
        parallel_bottleneck: int | None = None,
        parallel_squeeze: int | None = None,
        recurrent_output_dropout: float = 0.0,
        pooling: str = "max",
        pooling_segments: int = 1,
        random_convolutions: int | str = "auto",
        embedding_dim: int | None = None,
        num_embeddings: int | None = None,
        missing: str = "error",
        time_channel: int | None = None,
        categorical_features: Sequence[Any] | str | None = "from_dtype",
        category_dim: int | None = None,
        class_weight: Any = None,
        label_smoothing: float = 0.0,
        lr: float = 0.005,
        max_epochs: int | str = 50,
        batch_size: int | str | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        lr_warmup: float = 0.0,
        weight_decay: float = 0.0,
        average_weights: str | None = None,
        ema_decay: float = 0.99,
        gradient_clip: float | None = 1.0,
        bptt_steps: int | None = None,
        augment: str | Sequence[str] | Mapping[str, float] | None = None,
        early_stopping: bool = False,
        validation_split: Any = "auto",
        validation_fraction: float = 0.1,
        scoring: str | Callable[..., float] | None = None,
        patience: int | str = 10,
        standardize: bool = True,
        data_format: str = "channels_last",
        random_state: RandomState = None,
        n_jobs: int | None = None,
        device: str = "auto",
        dtype: str = "float32",
        mixed_precision: str | None = None,
        callbacks: Sequence[Any] | None = None,
        net_params: dict[str, Any] | None = None,
        checkpoint: PathLike | None = None,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None: ...
    def set_fit_request(
        self,
        *,
        X_val: bool | str | None = ...,
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
        y_val: bool | str | None = ...,
    ) -> Self: ...
    def set_partial_fit_request(
        self,
        *,
        classes: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...
    def set_score_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...

class GRURegressor(
    _OfSklearn, WholeSequences, TruncatedEstimator, StepReader, HorizonRegressor
):
    r"""Predict numbers from sequences with a network of gated recurrent units.

    .. math::
        r, z &= \sigma(W_{rz} x_t + U_{rz} h_{t-1} + b_{rz}) \\
        n &= \tanh(W_n x_t + b_n + r \odot (U_n h_{t-1} + b'_n)) \\
        h_t &= z \odot h_{t-1} + (1 - z) \odot n

    Parameters
    ----------
    hidden_size : int or tuple of int, default=64
        Number of units of each recurrent layer and direction, for all layers or one per
        layer: ``(12, 6)`` is two layers.
    num_layers : int or None, default=None
        Number of stacked recurrent layers; None for as many as ``hidden_size`` has
        values.
    bidirectional : bool, default=False
        Whether to also read every sequence in reverse. If False, the network is causal:
        no state depends on a later step.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How to merge the outputs of the two directions of a layer.
    dropout : float, default=0.0
        Dropout probability between recurrent layers and before the head, in [0, 1).
    layer_norm : bool, default=False
        Apply layer normalization, at every step, to the products of the weights of
        recurrent layers with their inputs (Ba, Kiros and Hinton, 2016). Deep networks
        learn faster.
    residual : bool, default=False
        Residual connections: add the input of every recurrent layer but the first to its
        output. Both must have the same width.
    recurrent_dropout : float, default=0.0
        Dropout probability in [0, 1) of the hidden state that the gates read, with one
        mask for all steps of a sequence (Gal and Ghahramani, 2016). Must be 0 with
        ``bptt_steps`` and for cells whose gates do not read the hidden state.
    memory_steps : float or None, default=None
        Longest time scale, in steps: gates are initialised with biases for time scales
        between one step and this number (chrono initialisation; Tallec and Ollivier,
        2018). The length of the sequences is a good value. None: the biases of the
        cell.
    conv_channels : tuple of int, default=()
        Output channels of the convolutions before the recurrence, one per layer.
    conv_kernel_size : int or tuple of int, default=5
        Kernel sizes of these convolutions in steps, at most what strides leave of the
        longest sequence in fit; shorter ones are padded with zeros.
    conv_stride : int or tuple of int, default=1
        Strides of these convolutions: a stride of s reduces s steps to one. Some steps
        are never read if the stride exceeds the kernel size.
    parallel_channels : tuple of int, default=()
        Output channels of the convolutions parallel to the recurrence, whose mean over
        time is concatenated to its output before the head: ``(128, 256, 128)`` makes an
        LSTM-FCN.
    parallel_kernel_size : int, tuple of int or tuple of tuples, default=(8, 5, 3)
        Kernel sizes of the parallel convolutions in steps. Several sizes for a layer are
        kernels side by side, among which its channels are divided: six layers of
        ``(40, 20, 10)`` with ``parallel_residual=3`` and ``parallel_bottleneck=32`` make
        a branch like InceptionTime (Ismail Fawaz et al., 2020), without its max
        pooling.
    parallel_stride : int, tuple of int or "auto", default=1
        Strides of the parallel convolutions. No stride may exceed what the strides before
        it leave of the shortest sequence in fit. "auto": as long as the median length of
        the training sequences, over all strides, is at least 256, the first layer's
        stride is doubled, then that of the next, first to at most half its kernel size
        (the smallest of several), then to at most all of it; a layer with a dilation
        keeps a stride of 1. So 128 to 255 steps are left of a long sequence, and every
        step is read.
    parallel_dilation : int or tuple of int, default=1
        Dilations of the parallel convolutions: a kernel of k steps with a dilation of d
        reads every d-th of (k - 1) d + 1 steps (Yu and Koltun, 2016), so the steps seen
        grow fast with the layers in ``(1, 2, 4, 8)``. None may exceed what strides leave
        of the longest sequence in fit.
    parallel_residual : int or None, default=None
        Number of parallel layers after which their input is added to their output (He et
        al., 2016), 3 in the ResNet of Wang, Yan and Oates (2017); also for the layers
        that are left at the end. Where channels or steps differ, the input is mapped by a
        convolution of one step and normalised. None for no such connections.
    parallel_bottleneck : int or None, default=None
        Channels to which a product reduces the input of each parallel layer that reads
        more; None for no such reduction. Long kernels then take less time.
    parallel_squeeze : int or None, default=None
        Reduction of a squeeze-and-excitation behind each parallel layer: a gate for each
        channel, which reads the mean of all channels through this many times fewer units
        (Hu, Shen and Sun, 2018; 16 in the MLSTM-FCN of Karim et al., 2019). In a causal
        network the mean is over the steps so far. None for no gates.
    recurrent_output_dropout : float, default=0.0
        Dropout probability in [0, 1) of the output of the recurrence alone, before that
        of the parallel convolutions is joined to it (Karim et al., 2018, drop 80 % of few
        units). ``dropout`` before the head applies to both.
    pooling : {"last", "mean", "max", "attention"}, default='max'
        How to pool the steps of a sequence: the final state of each direction, the mean
        or maximum over the steps, or a mean with attention weights.
    pooling_segments : int, default=1
        Number of equal parts of each sequence that are pooled one by one, and
        concatenated, which keeps the place of what is found (as in the spatial pyramids
        of Lazebnik, Schmid and Ponce, 2006). Applies to the recurrence, unless
        ``pooling="last"``, and to the mean of parallel convolutions. Parts share a step
        if their number does not divide that of the steps. Such a network predicts from
        whole sequences only: it has no streams.
    random_convolutions : int or "auto", default=0
        About how many features of random convolutions are joined to the pooled steps:
        MiniRocket's (Dempster, Schmidt and Webb, 2021), the shares of steps at which
        convolutions that are not trained exceed a bias. Biases, means and deviations are
        learnt from the training sequences, dilations from their median length. There
        may be no tokens, categorical channels or ``missing="decay"``. 0 for none: a
        recurrent network alone. "auto": 5040, and none where there may be none,
        with static covariates, and where the median length is less than the 9
        steps of a convolution.
    embedding_dim : int or None, default=None
        Size of the embedding vectors of tokens. If given, X holds token ids, as made by
        :class:`sksequence.preprocessing.SequenceTokenizer`: one per step, starting at 0,
        the unknown token. Dropout is also applied to the embedding vectors.
    num_embeddings : int or None, default=None
        Number of tokens; None for one more than the largest id in fit. Tokens that are
        not in the training sequences are read as the unknown token.
    missing : {"error", "mask", "decay"}, default='error'
        How to treat NaN in X. "error" raises an error. "mask" replaces NaN by the mean of
        the channel, and appends a mask for every channel that is one where it was
        observed and zero elsewhere. "decay" appends the same masks, but replaces NaN by
        the last observation, decayed towards the mean at a learnt rate for each channel;
        without ``conv_channels`` the state of the first recurrent layer decays likewise
        (GRU-D of Che et al., 2018, with any cell). The loop over steps is then in Python,
        which is slower: an epoch of a GRU or SimpleRNN takes about 1.5 times as long, of
        an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity always raises an
        error.
    time_channel : int or None, default=None
        With ``missing="decay"``, position of the channel that holds the time of each
        step, in any unit and from any origin. The time determines the decay and is used
        for nothing else; None for a time of one between steps. Ignored with other values
        of ``missing``.
    categorical_features : "from_dtype", list of int, str or bool, or None, default='from_dtype'
        The channels that hold categories, whose levels are embedded. "from_dtype": those
        of sequences that are DataFrames with columns of text, also as categories of
        pandas or polars. A list names channels, also of numbers: their positions or
        names, or a mask. None: text is refused. Static columns of text are embedded
        likewise, unless None. Levels that are not in the training sequences, and missing
        ones, are read as one unknown level; ``partial_fit`` knows those of its first
        call.
    category_dim : int or None, default=None
        Size of the vectors of categories; None for min(50, round(1.6 n^0.56)) of n levels
        (the rule of fastai).
    normalize : {"last", "window"} or None, default=None
        Normalise each sequence by itself before channels are standardised, where y
        continues channels of X: its last value is subtracted ("last"; NLinear of Zeng et
        al., 2023), or its mean is subtracted and the rest divided by its standard
        deviation ("window"; RevIN of Kim et al., 2022). Targets likewise; predictions are
        on the scale of y again, in float64. Only the channels in ``target_channels`` are
        normalised. NaN is ignored; a constant sequence is divided by the median standard
        deviation of the others; with ``decoder=True`` level and deviation are those of
        the steps up to the first of y. The training and validation loss, and the running
        means of partial_fit, are of normalised targets.
    season : int or None, default=None
        With ``normalize``, number of steps of a season: subtracted from the target k
        steps ahead is the value of the same phase in the last season of the sequence,
        ``x[n_steps - season + (k - 1) % season]``, or the level of the sequence where
        that is NaN. Sequences must not be shorter. The network then predicts the
        correction of a seasonal naive forecast.
    target_channels : int, tuple of int or None, default=None
        With ``normalize``, the channel or channels of X that y continues. y of shape
        (n_sequences, m) holds m steps of one channel, or one step of m channels, and
        (n_sequences, n_steps, n_targets) both. None for all channels, without
        ``time_channel`` and categories.
    decoder : bool, default=False
        Whether each step of a forecast is predicted from the state at a step of its own,
        the last ones of X, instead of all from the pooled sequence: the first step of y
        (its second axis) from the last but ``n_steps - 1`` step of X, and the last from
        the last. So the network steps through the horizon and reads what is known ahead,
        as in windows of ``make_windows(known=...)``. ``pooling`` is then unused.
    loss : {"squared_error", "absolute_error", "huber", "quantile", "poisson", "gaussian", "student_t", "negative_binomial"}, default='squared_error'
        The loss: the squared error predicts the mean; the absolute error, the median; the
        Huber loss, a mean that is robust against outliers beyond one standard deviation;
        the pinball loss ("quantile"), the quantiles given by ``quantile``; the Poisson
        deviance, the rate of counts (targets must be at least zero). The last three are
        the negative log-likelihood of a distribution, whose mean is predicted, and its
        standard deviation, quantiles and samples if asked for: normal; Student's t, for
        heavy tails (Lange, Little and Taylor, 1989); or negative binomial, for counts
        (whole numbers) whose variance exceeds the mean (Hilbe, 2011).
    quantile : float or tuple of float, default=0.5
        The quantile that the "quantile" loss predicts, in (0, 1); or several, in
        increasing order, which are then the last axis of predictions. They never
        cross.
    lr : float, default=0.005
        Learning rate.
    max_epochs : int or "auto", default=50
        Maximum number of passes over the training sequences. "auto": 50, or as
        many as make 1500 mini-batches if that is more, but at most 500;
        few sequences need more passes.
    batch_size : int, "auto" or None, default=16
        Number of sequences per mini-batch; None for full batches. "auto": a tenth of the
        training sequences, but at least 8 and at most 64.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        The optimizer.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Learning rate schedule: constant, cosine annealing to zero, or halved whenever the
        loss (on the validation set, if there is one) has not improved for 5 epochs.
    lr_warmup : float, default=0.0
        Share of ``max_epochs``, in [0, 1), in which the learning rate rises linearly to
        ``lr``, before a constant or cosine schedule begins (Goyal et al., 2017).
    weight_decay : float, default=0.0
        Weight decay, as defined by the optimizer.
    average_weights : {"ema", "swa"} or None, default=None
        Predict with a mean of the weights along the training instead of the last ones:
        "ema", an exponential moving average over all mini-batches, corrected for its
        beginning (Polyak and Juditsky, 1992); "swa", the mean at the ends of the last
        quarter of ``max_epochs`` (stochastic weight averaging; Izmailov et al., 2018).
        The validation loss and ``scoring`` are those of the mean, and so is what is
        stored and what a warm start begins with. Ignored by ``partial_fit``.
    ema_decay : float, default=0.99
        Decay per mini-batch of ``average_weights="ema"``, in (0, 1): the mean is over
        some ``1 / (1 - ema_decay)`` mini-batches.
    gradient_clip : float or None, default=1.0
        Maximum norm of the gradient; larger gradients are clipped.
    bptt_steps : int or None, default=None
        Number of time steps per chunk for truncated backpropagation through time (Williams
        and Peng, 1990): a sequence is trained on in chunks; the state is carried over from
        one chunk to the next, gradients are not.
        For sequences that are too long to train on as a whole: beside a vector for
        each step, training keeps in memory what it needs of one chunk, and computes each
        chunk twice. Needs ``bidirectional=False``.
    augment : str, tuple of str, dict of str to float, or None, default=None
        Random changes of the training sequences, drawn anew in each epoch: names, or
        names and strengths. They are made of standardised channels, in this order. "crop"
        keeps a window at a random position, without this share of the steps
        (0.1; Le Guennec et al., 2016). "warp" varies the speed of time
        between both ends, by this standard deviation of its logarithm
        (0.2), "scale" multiplies each channel of a sequence by a factor
        about one of this deviation (0.1), and "jitter" adds noise of
        this deviation to each value (0.03; Um et al., 2017). "mixup"
        replaces each sequence and its target by a weighted mean with another one, that
        is stretched to its length, with weights of the beta distribution of this
        parameter (0.2; Zhang et al., 2018). NaN stays NaN. Not for
        tokens and categories; only "scale" and "jitter" where steps have targets, and
        with them "warp" for transcripts and translations; only "jitter" for detectors.
    early_stopping : bool, default=False
        Whether to hold out a validation set, or take that given to fit, stop when its
        loss or ``scoring`` no longer improves, and keep the best weights.
    validation_split : {"auto", "random", "last"} or splitter, default='auto'
        What early stopping holds out. "random": stratified by class, or whole groups if
        fit gets ``groups``. "last": the last sequences of X, which must be in time order;
        of windows that overlap, the last ones of the table, and windows that share rows
        with them (a target is taken to cover as many rows after its window as it has
        outputs) are not used at all. "auto": "last" for windows that overlap, which are
        views of one table (as of SlidingWindow and make_windows), unless fit gets
        ``groups``; else "random". Of a splitter of scikit-learn, its last split.
    validation_fraction : float, default=0.1
        Proportion of the sequences in the validation set of early stopping, in
        (0, 1).
    scoring : str, callable or None, default=None
        Score of the validation set that early stopping watches, ``valid_score`` in
        ``history_``: a name of scikit-learn's scorers, such as "roc_auc" (for predictions
        of every step, over the steps of all sequences), or a function
        ``scorer(estimator, X, y)`` for which greater is better. None for the loss.
    patience : int or "auto", default=10
        Number of epochs without improvement before early stopping. "auto": a fifth of
        ``max_epochs``, but at least 10, since the epochs of few sequences are
        short.
    standardize : bool, default=True
        Whether to standardise each channel, and the targets of a regressor, by mean and
        standard deviation of the training data: with ``partial_fit``, those of all calls
        so far. A 2-D X has one channel. Token ids are not scaled.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps); likewise for the arrays of a list.
    random_state : int, RandomState instance or None, default=None
        Controls the initial weights, mini-batches, dropout, ``augment`` and the
        validation split. Pass an int for bitwise identical results of repeated fits.
    n_jobs : int or None, default=None
        Number of threads in fit and predict: None for one, -1 for all cores. The last
        digits of float32 training depend on it unless compiled kernels train.
    device : str, default='auto'
        Device of the network: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if one
        is available.
    dtype : {"float32", "float64"}, default='float32'
        Dtype of the network.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward pass in training, by torch's autocast.
        Weights, loss and optimizer steps stay in float32, and so do recurrent layers on
        a CPU, where this is faster. With "float16" the loss is scaled, and steps with an
        infinite gradient are skipped. Predictions and the validation loss are in full
        precision. Not supported with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Callbacks of the training. To end it after an epoch, a callback sets
        ``net.stop_requested = True`` in ``on_epoch_end``; the fit then counts as
        finished.
    net_params : dict or None, default=None
        Further parameters of :class:`skorch.NeuralNet`: those of the optimizer, such as
        ``{"optimizer__betas": (0.9, 0.99)}``, of callbacks (``callbacks__<name>``,
        ``callbacks__<name>__<parameter>``), ``compile``, and hyperparameters of the
        training, which they override. What an estimator sets itself is refused.
    checkpoint : str, path or None, default=None
        File in which fit saves its progress after every epoch. When an interrupted fit is
        called again with the same data and hyperparameters, it resumes from there, and
        the final network is bitwise identical; a completed fit is not repeated. A file
        belongs to one fit. In a directory (an existing one, or a path with a separator
        at the end) there is a file for each fit, as needed by searches.
    warm_start : bool, default=False
        Whether fit continues from the weights of the last fit.
    verbose : int, default=0
        Print a line per epoch if above zero.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Number of columns of a 2-D X, else number of channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, or of sequences that are DataFrames, if all are text.
        Later X must have the same, in the same order.
    n_epochs_ : int
        Number of epochs trained.
    history_ : list of dict
        ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and ``duration`` (in
        seconds) of each epoch, ``valid_score`` with ``scoring``, and the numbers that
        callbacks record in ``net_.history``.
    n_static_features_in_ : int
        Number of static covariates; 0 if X is not a table with a column of sequences.

    See Also
    --------
    LSTMRegressor : Has a cell state in addition to the hidden state.
    RecurrentRegressor : The cell as a hyperparameter.

    References
    ----------
    Cho et al. (2014), Learning phrase representations using RNN encoder-decoder for
    statistical machine translation. EMNLP.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import GRURegressor
    >>> frequency = np.random.default_rng(0).uniform(0.2, 0.6, size=100)
    >>> X = np.sin(frequency[:, None] * np.arange(40))
    >>> model = GRURegressor(random_state=0).fit(X[:80], frequency[:80])
    >>> model.score(X[80:], frequency[80:]) > 0.9
    True
    """

    def __init__(
        self,
        *,
        hidden_size: int | Sequence[int] = 64,
        num_layers: int | None = None,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        layer_norm: bool = False,
        residual: bool = False,
        recurrent_dropout: float = 0.0,
        memory_steps: float | None = None,
        conv_channels: Sequence[int] = (),
        conv_kernel_size: int | Sequence[int] = 5,
        conv_stride: int | Sequence[int] = 1,
        parallel_channels: Sequence[int] = (),
        parallel_kernel_size: int | Sequence[int | Sequence[int]] = (8, 5, 3),
        parallel_stride: int | Sequence[int] | str = 1,
        parallel_dilation: int | Sequence[int] = 1,
        parallel_residual: int | None = None,
        parallel_bottleneck: int | None = None,
        parallel_squeeze: int | None = None,
        recurrent_output_dropout: float = 0.0,
        pooling: str = "max",
        pooling_segments: int = 1,
        random_convolutions: int | str = 0,
        embedding_dim: int | None = None,
        num_embeddings: int | None = None,
        missing: str = "error",
        time_channel: int | None = None,
        categorical_features: Sequence[Any] | str | None = "from_dtype",
        category_dim: int | None = None,
        normalize: str | None = None,
        season: int | None = None,
        target_channels: int | Sequence[int] | None = None,
        decoder: bool = False,
        loss: str = "squared_error",
        quantile: float | Sequence[float] = 0.5,
        lr: float = 0.005,
        max_epochs: int | str = 50,
        batch_size: int | str | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        lr_warmup: float = 0.0,
        weight_decay: float = 0.0,
        average_weights: str | None = None,
        ema_decay: float = 0.99,
        gradient_clip: float | None = 1.0,
        bptt_steps: int | None = None,
        augment: str | Sequence[str] | Mapping[str, float] | None = None,
        early_stopping: bool = False,
        validation_split: Any = "auto",
        validation_fraction: float = 0.1,
        scoring: str | Callable[..., float] | None = None,
        patience: int | str = 10,
        standardize: bool = True,
        data_format: str = "channels_last",
        random_state: RandomState = None,
        n_jobs: int | None = None,
        device: str = "auto",
        dtype: str = "float32",
        mixed_precision: str | None = None,
        callbacks: Sequence[Any] | None = None,
        net_params: dict[str, Any] | None = None,
        checkpoint: PathLike | None = None,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None: ...
    def set_fit_request(
        self,
        *,
        X_val: bool | str | None = ...,
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
        y_val: bool | str | None = ...,
    ) -> Self: ...
    def set_partial_fit_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...
    def set_predict_request(
        self,
        *,
        quantiles: bool | str | None = ...,
        return_std: bool | str | None = ...,
    ) -> Self: ...
    def set_score_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...

class RecurrentClassifier(
    _OfSklearn, LabelledSequences, TruncatedEstimator, AnyCell, SequenceClassifier
):
    """Classify sequences with a recurrent network whose cell is a hyperparameter.

    The networks are those of the classes for single cells; use it to search among them.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru", "mingru", "minlstm", "indrnn", "qrnn"}, default='lstm'
        Recurrent cell: simple (Elman, 1990), LSTM or GRU; minimal GRU or LSTM, whose
        gates read only the input (Feng et al., 2024); independently recurrent, where a
        unit reads only its own state (Li et al., 2018); or quasi-recurrent, an LSTM
        whose gates do not read the hidden state (Bradbury et al., 2017).
    hidden_size : int or tuple of int, default=64
        Number of units of each recurrent layer and direction, for all layers or one per
        layer: ``(12, 6)`` is two layers.
    num_layers : int or None, default=None
        Number of stacked recurrent layers; None for as many as ``hidden_size`` has
        values.
    bidirectional : bool, default=False
        Whether to also read every sequence in reverse. If False, the network is causal:
        no state depends on a later step.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How to merge the outputs of the two directions of a layer.
    dropout : float, default=0.0
        Dropout probability between recurrent layers and before the head, in [0, 1).
    layer_norm : bool, default=False
        Apply layer normalization, at every step, to the products of the weights of
        recurrent layers with their inputs (Ba, Kiros and Hinton, 2016). Deep networks
        learn faster.
    residual : bool, default=False
        Residual connections: add the input of every recurrent layer but the first to its
        output. Both must have the same width.
    recurrent_dropout : float, default=0.0
        Dropout probability in [0, 1) of the hidden state that the gates read, with one
        mask for all steps of a sequence (Gal and Ghahramani, 2016). Must be 0 with
        ``bptt_steps`` and for cells whose gates do not read the hidden state.
    memory_steps : float or None, default=None
        Longest time scale, in steps: gates are initialised with biases for time scales
        between one step and this number (chrono initialisation; Tallec and Ollivier,
        2018). The length of the sequences is a good value. None: the biases of the
        cell.
    conv_channels : tuple of int, default=()
        Output channels of the convolutions before the recurrence, one per layer.
    conv_kernel_size : int or tuple of int, default=5
        Kernel sizes of these convolutions in steps, at most what strides leave of the
        longest sequence in fit; shorter ones are padded with zeros.
    conv_stride : int or tuple of int, default=1
        Strides of these convolutions: a stride of s reduces s steps to one. Some steps
        are never read if the stride exceeds the kernel size.
    parallel_channels : tuple of int, default=()
        Output channels of the convolutions parallel to the recurrence, whose mean over
        time is concatenated to its output before the head: ``(128, 256, 128)`` makes an
        LSTM-FCN.
    parallel_kernel_size : int, tuple of int or tuple of tuples, default=(8, 5, 3)
        Kernel sizes of the parallel convolutions in steps. Several sizes for a layer are
        kernels side by side, among which its channels are divided: six layers of
        ``(40, 20, 10)`` with ``parallel_residual=3`` and ``parallel_bottleneck=32`` make
        a branch like InceptionTime (Ismail Fawaz et al., 2020), without its max
        pooling.
    parallel_stride : int, tuple of int or "auto", default=1
        Strides of the parallel convolutions. No stride may exceed what the strides before
        it leave of the shortest sequence in fit. "auto": as long as the median length of
        the training sequences, over all strides, is at least 256, the first layer's
        stride is doubled, then that of the next, first to at most half its kernel size
        (the smallest of several), then to at most all of it; a layer with a dilation
        keeps a stride of 1. So 128 to 255 steps are left of a long sequence, and every
        step is read.
    parallel_dilation : int or tuple of int, default=1
        Dilations of the parallel convolutions: a kernel of k steps with a dilation of d
        reads every d-th of (k - 1) d + 1 steps (Yu and Koltun, 2016), so the steps seen
        grow fast with the layers in ``(1, 2, 4, 8)``. None may exceed what strides leave
        of the longest sequence in fit.
    parallel_residual : int or None, default=None
        Number of parallel layers after which their input is added to their output (He et
        al., 2016), 3 in the ResNet of Wang, Yan and Oates (2017); also for the layers
        that are left at the end. Where channels or steps differ, the input is mapped by a
        convolution of one step and normalised. None for no such connections.
    parallel_bottleneck : int or None, default=None
        Channels to which a product reduces the input of each parallel layer that reads
        more; None for no such reduction. Long kernels then take less time.
    parallel_squeeze : int or None, default=None
        Reduction of a squeeze-and-excitation behind each parallel layer: a gate for each
        channel, which reads the mean of all channels through this many times fewer units
        (Hu, Shen and Sun, 2018; 16 in the MLSTM-FCN of Karim et al., 2019). In a causal
        network the mean is over the steps so far. None for no gates.
    recurrent_output_dropout : float, default=0.0
        Dropout probability in [0, 1) of the output of the recurrence alone, before that
        of the parallel convolutions is joined to it (Karim et al., 2018, drop 80 % of few
        units). ``dropout`` before the head applies to both.
    pooling : {"last", "mean", "max", "attention"}, default='max'
        How to pool the steps of a sequence: the final state of each direction, the mean
        or maximum over the steps, or a mean with attention weights.
    pooling_segments : int, default=1
        Number of equal parts of each sequence that are pooled one by one, and
        concatenated, which keeps the place of what is found (as in the spatial pyramids
        of Lazebnik, Schmid and Ponce, 2006). Applies to the recurrence, unless
        ``pooling="last"``, and to the mean of parallel convolutions. Parts share a step
        if their number does not divide that of the steps. Such a network predicts from
        whole sequences only: it has no streams.
    random_convolutions : int or "auto", default='auto'
        About how many features of random convolutions are joined to the pooled steps:
        MiniRocket's (Dempster, Schmidt and Webb, 2021), the shares of steps at which
        convolutions that are not trained exceed a bias. Biases, means and deviations are
        learnt from the training sequences, dilations from their median length. There
        may be no tokens, categorical channels or ``missing="decay"``. 0 for none: a
        recurrent network alone. "auto": 5040, and none where there may be none,
        with static covariates, and where the median length is less than the 9
        steps of a convolution.
    embedding_dim : int or None, default=None
        Size of the embedding vectors of tokens. If given, X holds token ids, as made by
        :class:`sksequence.preprocessing.SequenceTokenizer`: one per step, starting at 0,
        the unknown token. Dropout is also applied to the embedding vectors.
    num_embeddings : int or None, default=None
        Number of tokens; None for one more than the largest id in fit. Tokens that are
        not in the training sequences are read as the unknown token.
    missing : {"error", "mask", "decay"}, default='error'
        How to treat NaN in X. "error" raises an error. "mask" replaces NaN by the mean of
        the channel, and appends a mask for every channel that is one where it was
        observed and zero elsewhere. "decay" appends the same masks, but replaces NaN by
        the last observation, decayed towards the mean at a learnt rate for each channel;
        without ``conv_channels`` the state of the first recurrent layer decays likewise
        (GRU-D of Che et al., 2018, with any cell). The loop over steps is then in Python,
        which is slower: an epoch of a GRU or SimpleRNN takes about 1.5 times as long, of
        an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity always raises an
        error.
    time_channel : int or None, default=None
        With ``missing="decay"``, position of the channel that holds the time of each
        step, in any unit and from any origin. The time determines the decay and is used
        for nothing else; None for a time of one between steps. Ignored with other values
        of ``missing``.
    categorical_features : "from_dtype", list of int, str or bool, or None, default='from_dtype'
        The channels that hold categories, whose levels are embedded. "from_dtype": those
        of sequences that are DataFrames with columns of text, also as categories of
        pandas or polars. A list names channels, also of numbers: their positions or
        names, or a mask. None: text is refused. Static columns of text are embedded
        likewise, unless None. Levels that are not in the training sequences, and missing
        ones, are read as one unknown level; ``partial_fit`` knows those of its first
        call.
    category_dim : int or None, default=None
        Size of the vectors of categories; None for min(50, round(1.6 n^0.56)) of n levels
        (the rule of fastai).
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weight of each class in the loss: ``{class: weight}``, where missing classes have
        weight one, or "balanced" for weights inversely proportional to class
        frequencies. For multilabel targets, "balanced" or a list with a dict for each
        label.
    label_smoothing : float, default=0.0
        Share of the probability of each true label, in [0, 1), that training spreads over
        all labels (Szegedy et al., 2016); where each of several labels is true or not,
        over both. ``valid_loss`` is without.
    lr : float, default=0.005
        Learning rate.
    max_epochs : int or "auto", default=50
        Maximum number of passes over the training sequences. "auto": 50, or as
        many as make 1500 mini-batches if that is more, but at most 500;
        few sequences need more passes.
    batch_size : int, "auto" or None, default=16
        Number of sequences per mini-batch; None for full batches. "auto": a tenth of the
        training sequences, but at least 8 and at most 64.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        The optimizer.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Learning rate schedule: constant, cosine annealing to zero, or halved whenever the
        loss (on the validation set, if there is one) has not improved for 5 epochs.
    lr_warmup : float, default=0.0
        Share of ``max_epochs``, in [0, 1), in which the learning rate rises linearly to
        ``lr``, before a constant or cosine schedule begins (Goyal et al., 2017).
    weight_decay : float, default=0.0
        Weight decay, as defined by the optimizer.
    average_weights : {"ema", "swa"} or None, default=None
        Predict with a mean of the weights along the training instead of the last ones:
        "ema", an exponential moving average over all mini-batches, corrected for its
        beginning (Polyak and Juditsky, 1992); "swa", the mean at the ends of the last
        quarter of ``max_epochs`` (stochastic weight averaging; Izmailov et al., 2018).
        The validation loss and ``scoring`` are those of the mean, and so is what is
        stored and what a warm start begins with. Ignored by ``partial_fit``.
    ema_decay : float, default=0.99
        Decay per mini-batch of ``average_weights="ema"``, in (0, 1): the mean is over
        some ``1 / (1 - ema_decay)`` mini-batches.
    gradient_clip : float or None, default=1.0
        Maximum norm of the gradient; larger gradients are clipped.
    bptt_steps : int or None, default=None
        Number of time steps per chunk for truncated backpropagation through time (Williams
        and Peng, 1990): a sequence is trained on in chunks; the state is carried over from
        one chunk to the next, gradients are not.
        For sequences that are too long to train on as a whole: beside a vector for
        each step, training keeps in memory what it needs of one chunk, and computes each
        chunk twice. Needs ``bidirectional=False``.
    augment : str, tuple of str, dict of str to float, or None, default=None
        Random changes of the training sequences, drawn anew in each epoch: names, or
        names and strengths. They are made of standardised channels, in this order. "crop"
        keeps a window at a random position, without this share of the steps
        (0.1; Le Guennec et al., 2016). "warp" varies the speed of time
        between both ends, by this standard deviation of its logarithm
        (0.2), "scale" multiplies each channel of a sequence by a factor
        about one of this deviation (0.1), and "jitter" adds noise of
        this deviation to each value (0.03; Um et al., 2017). "mixup"
        replaces each sequence and its target by a weighted mean with another one, that
        is stretched to its length, with weights of the beta distribution of this
        parameter (0.2; Zhang et al., 2018). NaN stays NaN. Not for
        tokens and categories; only "scale" and "jitter" where steps have targets, and
        with them "warp" for transcripts and translations; only "jitter" for detectors.
    early_stopping : bool, default=False
        Whether to hold out a validation set, or take that given to fit, stop when its
        loss or ``scoring`` no longer improves, and keep the best weights.
    validation_split : {"auto", "random", "last"} or splitter, default='auto'
        What early stopping holds out. "random": stratified by class, or whole groups if
        fit gets ``groups``. "last": the last sequences of X, which must be in time order;
        of windows that overlap, the last ones of the table, and windows that share rows
        with them (a target is taken to cover as many rows after its window as it has
        outputs) are not used at all. "auto": "last" for windows that overlap, which are
        views of one table (as of SlidingWindow and make_windows), unless fit gets
        ``groups``; else "random". Of a splitter of scikit-learn, its last split.
    validation_fraction : float, default=0.1
        Proportion of the sequences in the validation set of early stopping, in
        (0, 1).
    scoring : str, callable or None, default=None
        Score of the validation set that early stopping watches, ``valid_score`` in
        ``history_``: a name of scikit-learn's scorers, such as "roc_auc" (for predictions
        of every step, over the steps of all sequences), or a function
        ``scorer(estimator, X, y)`` for which greater is better. None for the loss.
    patience : int or "auto", default=10
        Number of epochs without improvement before early stopping. "auto": a fifth of
        ``max_epochs``, but at least 10, since the epochs of few sequences are
        short.
    standardize : bool, default=True
        Whether to standardise each channel, and the targets of a regressor, by mean and
        standard deviation of the training data: with ``partial_fit``, those of all calls
        so far. A 2-D X has one channel. Token ids are not scaled.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps); likewise for the arrays of a list.
    random_state : int, RandomState instance or None, default=None
        Controls the initial weights, mini-batches, dropout, ``augment`` and the
        validation split. Pass an int for bitwise identical results of repeated fits.
    n_jobs : int or None, default=None
        Number of threads in fit and predict: None for one, -1 for all cores. The last
        digits of float32 training depend on it unless compiled kernels train.
    device : str, default='auto'
        Device of the network: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if one
        is available.
    dtype : {"float32", "float64"}, default='float32'
        Dtype of the network.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward pass in training, by torch's autocast.
        Weights, loss and optimizer steps stay in float32, and so do recurrent layers on
        a CPU, where this is faster. With "float16" the loss is scaled, and steps with an
        infinite gradient are skipped. Predictions and the validation loss are in full
        precision. Not supported with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Callbacks of the training. To end it after an epoch, a callback sets
        ``net.stop_requested = True`` in ``on_epoch_end``; the fit then counts as
        finished.
    net_params : dict or None, default=None
        Further parameters of :class:`skorch.NeuralNet`: those of the optimizer, such as
        ``{"optimizer__betas": (0.9, 0.99)}``, of callbacks (``callbacks__<name>``,
        ``callbacks__<name>__<parameter>``), ``compile``, and hyperparameters of the
        training, which they override. What an estimator sets itself is refused.
    checkpoint : str, path or None, default=None
        File in which fit saves its progress after every epoch. When an interrupted fit is
        called again with the same data and hyperparameters, it resumes from there, and
        the final network is bitwise identical; a completed fit is not repeated. A file
        belongs to one fit. In a directory (an existing one, or a path with a separator
        at the end) there is a file for each fit, as needed by searches.
    warm_start : bool, default=False
        Whether fit continues from the weights of the last fit.
    verbose : int, default=0
        Print a line per epoch if above zero.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Number of columns of a 2-D X, else number of channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, or of sequences that are DataFrames, if all are text.
        Later X must have the same, in the same order.
    n_epochs_ : int
        Number of epochs trained.
    history_ : list of dict
        ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and ``duration`` (in
        seconds) of each epoch, ``valid_score`` with ``scoring``, and the numbers that
        callbacks record in ``net_.history``.
    classes_ : ndarray of shape (n_classes,)
        Class labels; for multilabel targets, the columns of y.
    n_static_features_in_ : int
        Number of static covariates; 0 if X is not a table with a column of sequences.

    See Also
    --------
    SimpleRNNClassifier, LSTMClassifier, GRUClassifier : One cell each.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sksequence import RecurrentClassifier
    >>> X = [np.sin(f * np.arange(n)) for n in range(20, 40) for f in (0.3, 0.4)]
    >>> y = np.tile(["slow", "fast"], 20)
    >>> model = RecurrentClassifier(hidden_size=16, random_state=0)
    >>> search = GridSearchCV(model, {"cell": ["rnn", "gru"]}, cv=2).fit(X, y)
    >>> sorted(search.cv_results_["param_cell"])
    ['gru', 'rnn']
    """

    def __init__(
        self,
        *,
        cell: str = "lstm",
        hidden_size: int | Sequence[int] = 64,
        num_layers: int | None = None,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        layer_norm: bool = False,
        residual: bool = False,
        recurrent_dropout: float = 0.0,
        memory_steps: float | None = None,
        conv_channels: Sequence[int] = (),
        conv_kernel_size: int | Sequence[int] = 5,
        conv_stride: int | Sequence[int] = 1,
        parallel_channels: Sequence[int] = (),
        parallel_kernel_size: int | Sequence[int | Sequence[int]] = (8, 5, 3),
        parallel_stride: int | Sequence[int] | str = 1,
        parallel_dilation: int | Sequence[int] = 1,
        parallel_residual: int | None = None,
        parallel_bottleneck: int | None = None,
        parallel_squeeze: int | None = None,
        recurrent_output_dropout: float = 0.0,
        pooling: str = "max",
        pooling_segments: int = 1,
        random_convolutions: int | str = "auto",
        embedding_dim: int | None = None,
        num_embeddings: int | None = None,
        missing: str = "error",
        time_channel: int | None = None,
        categorical_features: Sequence[Any] | str | None = "from_dtype",
        category_dim: int | None = None,
        class_weight: Any = None,
        label_smoothing: float = 0.0,
        lr: float = 0.005,
        max_epochs: int | str = 50,
        batch_size: int | str | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        lr_warmup: float = 0.0,
        weight_decay: float = 0.0,
        average_weights: str | None = None,
        ema_decay: float = 0.99,
        gradient_clip: float | None = 1.0,
        bptt_steps: int | None = None,
        augment: str | Sequence[str] | Mapping[str, float] | None = None,
        early_stopping: bool = False,
        validation_split: Any = "auto",
        validation_fraction: float = 0.1,
        scoring: str | Callable[..., float] | None = None,
        patience: int | str = 10,
        standardize: bool = True,
        data_format: str = "channels_last",
        random_state: RandomState = None,
        n_jobs: int | None = None,
        device: str = "auto",
        dtype: str = "float32",
        mixed_precision: str | None = None,
        callbacks: Sequence[Any] | None = None,
        net_params: dict[str, Any] | None = None,
        checkpoint: PathLike | None = None,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None: ...
    def set_fit_request(
        self,
        *,
        X_val: bool | str | None = ...,
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
        y_val: bool | str | None = ...,
    ) -> Self: ...
    def set_partial_fit_request(
        self,
        *,
        classes: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...
    def set_score_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...

class RecurrentRegressor(
    _OfSklearn, WholeSequences, TruncatedEstimator, AnyCell, HorizonRegressor
):
    """Predict numbers from sequences with a network whose cell is a hyperparameter.

    The networks are those of the classes for single cells; use it to search among them.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru", "mingru", "minlstm", "indrnn", "qrnn"}, default='lstm'
        Recurrent cell: simple (Elman, 1990), LSTM or GRU; minimal GRU or LSTM, whose
        gates read only the input (Feng et al., 2024); independently recurrent, where a
        unit reads only its own state (Li et al., 2018); or quasi-recurrent, an LSTM
        whose gates do not read the hidden state (Bradbury et al., 2017).
    hidden_size : int or tuple of int, default=64
        Number of units of each recurrent layer and direction, for all layers or one per
        layer: ``(12, 6)`` is two layers.
    num_layers : int or None, default=None
        Number of stacked recurrent layers; None for as many as ``hidden_size`` has
        values.
    bidirectional : bool, default=False
        Whether to also read every sequence in reverse. If False, the network is causal:
        no state depends on a later step.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How to merge the outputs of the two directions of a layer.
    dropout : float, default=0.0
        Dropout probability between recurrent layers and before the head, in [0, 1).
    layer_norm : bool, default=False
        Apply layer normalization, at every step, to the products of the weights of
        recurrent layers with their inputs (Ba, Kiros and Hinton, 2016). Deep networks
        learn faster.
    residual : bool, default=False
        Residual connections: add the input of every recurrent layer but the first to its
        output. Both must have the same width.
    recurrent_dropout : float, default=0.0
        Dropout probability in [0, 1) of the hidden state that the gates read, with one
        mask for all steps of a sequence (Gal and Ghahramani, 2016). Must be 0 with
        ``bptt_steps`` and for cells whose gates do not read the hidden state.
    memory_steps : float or None, default=None
        Longest time scale, in steps: gates are initialised with biases for time scales
        between one step and this number (chrono initialisation; Tallec and Ollivier,
        2018). The length of the sequences is a good value. None: the biases of the
        cell.
    conv_channels : tuple of int, default=()
        Output channels of the convolutions before the recurrence, one per layer.
    conv_kernel_size : int or tuple of int, default=5
        Kernel sizes of these convolutions in steps, at most what strides leave of the
        longest sequence in fit; shorter ones are padded with zeros.
    conv_stride : int or tuple of int, default=1
        Strides of these convolutions: a stride of s reduces s steps to one. Some steps
        are never read if the stride exceeds the kernel size.
    parallel_channels : tuple of int, default=()
        Output channels of the convolutions parallel to the recurrence, whose mean over
        time is concatenated to its output before the head: ``(128, 256, 128)`` makes an
        LSTM-FCN.
    parallel_kernel_size : int, tuple of int or tuple of tuples, default=(8, 5, 3)
        Kernel sizes of the parallel convolutions in steps. Several sizes for a layer are
        kernels side by side, among which its channels are divided: six layers of
        ``(40, 20, 10)`` with ``parallel_residual=3`` and ``parallel_bottleneck=32`` make
        a branch like InceptionTime (Ismail Fawaz et al., 2020), without its max
        pooling.
    parallel_stride : int, tuple of int or "auto", default=1
        Strides of the parallel convolutions. No stride may exceed what the strides before
        it leave of the shortest sequence in fit. "auto": as long as the median length of
        the training sequences, over all strides, is at least 256, the first layer's
        stride is doubled, then that of the next, first to at most half its kernel size
        (the smallest of several), then to at most all of it; a layer with a dilation
        keeps a stride of 1. So 128 to 255 steps are left of a long sequence, and every
        step is read.
    parallel_dilation : int or tuple of int, default=1
        Dilations of the parallel convolutions: a kernel of k steps with a dilation of d
        reads every d-th of (k - 1) d + 1 steps (Yu and Koltun, 2016), so the steps seen
        grow fast with the layers in ``(1, 2, 4, 8)``. None may exceed what strides leave
        of the longest sequence in fit.
    parallel_residual : int or None, default=None
        Number of parallel layers after which their input is added to their output (He et
        al., 2016), 3 in the ResNet of Wang, Yan and Oates (2017); also for the layers
        that are left at the end. Where channels or steps differ, the input is mapped by a
        convolution of one step and normalised. None for no such connections.
    parallel_bottleneck : int or None, default=None
        Channels to which a product reduces the input of each parallel layer that reads
        more; None for no such reduction. Long kernels then take less time.
    parallel_squeeze : int or None, default=None
        Reduction of a squeeze-and-excitation behind each parallel layer: a gate for each
        channel, which reads the mean of all channels through this many times fewer units
        (Hu, Shen and Sun, 2018; 16 in the MLSTM-FCN of Karim et al., 2019). In a causal
        network the mean is over the steps so far. None for no gates.
    recurrent_output_dropout : float, default=0.0
        Dropout probability in [0, 1) of the output of the recurrence alone, before that
        of the parallel convolutions is joined to it (Karim et al., 2018, drop 80 % of few
        units). ``dropout`` before the head applies to both.
    pooling : {"last", "mean", "max", "attention"}, default='max'
        How to pool the steps of a sequence: the final state of each direction, the mean
        or maximum over the steps, or a mean with attention weights.
    pooling_segments : int, default=1
        Number of equal parts of each sequence that are pooled one by one, and
        concatenated, which keeps the place of what is found (as in the spatial pyramids
        of Lazebnik, Schmid and Ponce, 2006). Applies to the recurrence, unless
        ``pooling="last"``, and to the mean of parallel convolutions. Parts share a step
        if their number does not divide that of the steps. Such a network predicts from
        whole sequences only: it has no streams.
    random_convolutions : int or "auto", default=0
        About how many features of random convolutions are joined to the pooled steps:
        MiniRocket's (Dempster, Schmidt and Webb, 2021), the shares of steps at which
        convolutions that are not trained exceed a bias. Biases, means and deviations are
        learnt from the training sequences, dilations from their median length. There
        may be no tokens, categorical channels or ``missing="decay"``. 0 for none: a
        recurrent network alone. "auto": 5040, and none where there may be none,
        with static covariates, and where the median length is less than the 9
        steps of a convolution.
    embedding_dim : int or None, default=None
        Size of the embedding vectors of tokens. If given, X holds token ids, as made by
        :class:`sksequence.preprocessing.SequenceTokenizer`: one per step, starting at 0,
        the unknown token. Dropout is also applied to the embedding vectors.
    num_embeddings : int or None, default=None
        Number of tokens; None for one more than the largest id in fit. Tokens that are
        not in the training sequences are read as the unknown token.
    missing : {"error", "mask", "decay"}, default='error'
        How to treat NaN in X. "error" raises an error. "mask" replaces NaN by the mean of
        the channel, and appends a mask for every channel that is one where it was
        observed and zero elsewhere. "decay" appends the same masks, but replaces NaN by
        the last observation, decayed towards the mean at a learnt rate for each channel;
        without ``conv_channels`` the state of the first recurrent layer decays likewise
        (GRU-D of Che et al., 2018, with any cell). The loop over steps is then in Python,
        which is slower: an epoch of a GRU or SimpleRNN takes about 1.5 times as long, of
        an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity always raises an
        error.
    time_channel : int or None, default=None
        With ``missing="decay"``, position of the channel that holds the time of each
        step, in any unit and from any origin. The time determines the decay and is used
        for nothing else; None for a time of one between steps. Ignored with other values
        of ``missing``.
    categorical_features : "from_dtype", list of int, str or bool, or None, default='from_dtype'
        The channels that hold categories, whose levels are embedded. "from_dtype": those
        of sequences that are DataFrames with columns of text, also as categories of
        pandas or polars. A list names channels, also of numbers: their positions or
        names, or a mask. None: text is refused. Static columns of text are embedded
        likewise, unless None. Levels that are not in the training sequences, and missing
        ones, are read as one unknown level; ``partial_fit`` knows those of its first
        call.
    category_dim : int or None, default=None
        Size of the vectors of categories; None for min(50, round(1.6 n^0.56)) of n levels
        (the rule of fastai).
    normalize : {"last", "window"} or None, default=None
        Normalise each sequence by itself before channels are standardised, where y
        continues channels of X: its last value is subtracted ("last"; NLinear of Zeng et
        al., 2023), or its mean is subtracted and the rest divided by its standard
        deviation ("window"; RevIN of Kim et al., 2022). Targets likewise; predictions are
        on the scale of y again, in float64. Only the channels in ``target_channels`` are
        normalised. NaN is ignored; a constant sequence is divided by the median standard
        deviation of the others; with ``decoder=True`` level and deviation are those of
        the steps up to the first of y. The training and validation loss, and the running
        means of partial_fit, are of normalised targets.
    season : int or None, default=None
        With ``normalize``, number of steps of a season: subtracted from the target k
        steps ahead is the value of the same phase in the last season of the sequence,
        ``x[n_steps - season + (k - 1) % season]``, or the level of the sequence where
        that is NaN. Sequences must not be shorter. The network then predicts the
        correction of a seasonal naive forecast.
    target_channels : int, tuple of int or None, default=None
        With ``normalize``, the channel or channels of X that y continues. y of shape
        (n_sequences, m) holds m steps of one channel, or one step of m channels, and
        (n_sequences, n_steps, n_targets) both. None for all channels, without
        ``time_channel`` and categories.
    decoder : bool, default=False
        Whether each step of a forecast is predicted from the state at a step of its own,
        the last ones of X, instead of all from the pooled sequence: the first step of y
        (its second axis) from the last but ``n_steps - 1`` step of X, and the last from
        the last. So the network steps through the horizon and reads what is known ahead,
        as in windows of ``make_windows(known=...)``. ``pooling`` is then unused.
    loss : {"squared_error", "absolute_error", "huber", "quantile", "poisson", "gaussian", "student_t", "negative_binomial"}, default='squared_error'
        The loss: the squared error predicts the mean; the absolute error, the median; the
        Huber loss, a mean that is robust against outliers beyond one standard deviation;
        the pinball loss ("quantile"), the quantiles given by ``quantile``; the Poisson
        deviance, the rate of counts (targets must be at least zero). The last three are
        the negative log-likelihood of a distribution, whose mean is predicted, and its
        standard deviation, quantiles and samples if asked for: normal; Student's t, for
        heavy tails (Lange, Little and Taylor, 1989); or negative binomial, for counts
        (whole numbers) whose variance exceeds the mean (Hilbe, 2011).
    quantile : float or tuple of float, default=0.5
        The quantile that the "quantile" loss predicts, in (0, 1); or several, in
        increasing order, which are then the last axis of predictions. They never
        cross.
    lr : float, default=0.005
        Learning rate.
    max_epochs : int or "auto", default=50
        Maximum number of passes over the training sequences. "auto": 50, or as
        many as make 1500 mini-batches if that is more, but at most 500;
        few sequences need more passes.
    batch_size : int, "auto" or None, default=16
        Number of sequences per mini-batch; None for full batches. "auto": a tenth of the
        training sequences, but at least 8 and at most 64.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        The optimizer.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Learning rate schedule: constant, cosine annealing to zero, or halved whenever the
        loss (on the validation set, if there is one) has not improved for 5 epochs.
    lr_warmup : float, default=0.0
        Share of ``max_epochs``, in [0, 1), in which the learning rate rises linearly to
        ``lr``, before a constant or cosine schedule begins (Goyal et al., 2017).
    weight_decay : float, default=0.0
        Weight decay, as defined by the optimizer.
    average_weights : {"ema", "swa"} or None, default=None
        Predict with a mean of the weights along the training instead of the last ones:
        "ema", an exponential moving average over all mini-batches, corrected for its
        beginning (Polyak and Juditsky, 1992); "swa", the mean at the ends of the last
        quarter of ``max_epochs`` (stochastic weight averaging; Izmailov et al., 2018).
        The validation loss and ``scoring`` are those of the mean, and so is what is
        stored and what a warm start begins with. Ignored by ``partial_fit``.
    ema_decay : float, default=0.99
        Decay per mini-batch of ``average_weights="ema"``, in (0, 1): the mean is over
        some ``1 / (1 - ema_decay)`` mini-batches.
    gradient_clip : float or None, default=1.0
        Maximum norm of the gradient; larger gradients are clipped.
    bptt_steps : int or None, default=None
        Number of time steps per chunk for truncated backpropagation through time (Williams
        and Peng, 1990): a sequence is trained on in chunks; the state is carried over from
        one chunk to the next, gradients are not.
        For sequences that are too long to train on as a whole: beside a vector for
        each step, training keeps in memory what it needs of one chunk, and computes each
        chunk twice. Needs ``bidirectional=False``.
    augment : str, tuple of str, dict of str to float, or None, default=None
        Random changes of the training sequences, drawn anew in each epoch: names, or
        names and strengths. They are made of standardised channels, in this order. "crop"
        keeps a window at a random position, without this share of the steps
        (0.1; Le Guennec et al., 2016). "warp" varies the speed of time
        between both ends, by this standard deviation of its logarithm
        (0.2), "scale" multiplies each channel of a sequence by a factor
        about one of this deviation (0.1), and "jitter" adds noise of
        this deviation to each value (0.03; Um et al., 2017). "mixup"
        replaces each sequence and its target by a weighted mean with another one, that
        is stretched to its length, with weights of the beta distribution of this
        parameter (0.2; Zhang et al., 2018). NaN stays NaN. Not for
        tokens and categories; only "scale" and "jitter" where steps have targets, and
        with them "warp" for transcripts and translations; only "jitter" for detectors.
    early_stopping : bool, default=False
        Whether to hold out a validation set, or take that given to fit, stop when its
        loss or ``scoring`` no longer improves, and keep the best weights.
    validation_split : {"auto", "random", "last"} or splitter, default='auto'
        What early stopping holds out. "random": stratified by class, or whole groups if
        fit gets ``groups``. "last": the last sequences of X, which must be in time order;
        of windows that overlap, the last ones of the table, and windows that share rows
        with them (a target is taken to cover as many rows after its window as it has
        outputs) are not used at all. "auto": "last" for windows that overlap, which are
        views of one table (as of SlidingWindow and make_windows), unless fit gets
        ``groups``; else "random". Of a splitter of scikit-learn, its last split.
    validation_fraction : float, default=0.1
        Proportion of the sequences in the validation set of early stopping, in
        (0, 1).
    scoring : str, callable or None, default=None
        Score of the validation set that early stopping watches, ``valid_score`` in
        ``history_``: a name of scikit-learn's scorers, such as "roc_auc" (for predictions
        of every step, over the steps of all sequences), or a function
        ``scorer(estimator, X, y)`` for which greater is better. None for the loss.
    patience : int or "auto", default=10
        Number of epochs without improvement before early stopping. "auto": a fifth of
        ``max_epochs``, but at least 10, since the epochs of few sequences are
        short.
    standardize : bool, default=True
        Whether to standardise each channel, and the targets of a regressor, by mean and
        standard deviation of the training data: with ``partial_fit``, those of all calls
        so far. A 2-D X has one channel. Token ids are not scaled.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps); likewise for the arrays of a list.
    random_state : int, RandomState instance or None, default=None
        Controls the initial weights, mini-batches, dropout, ``augment`` and the
        validation split. Pass an int for bitwise identical results of repeated fits.
    n_jobs : int or None, default=None
        Number of threads in fit and predict: None for one, -1 for all cores. The last
        digits of float32 training depend on it unless compiled kernels train.
    device : str, default='auto'
        Device of the network: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if one
        is available.
    dtype : {"float32", "float64"}, default='float32'
        Dtype of the network.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward pass in training, by torch's autocast.
        Weights, loss and optimizer steps stay in float32, and so do recurrent layers on
        a CPU, where this is faster. With "float16" the loss is scaled, and steps with an
        infinite gradient are skipped. Predictions and the validation loss are in full
        precision. Not supported with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Callbacks of the training. To end it after an epoch, a callback sets
        ``net.stop_requested = True`` in ``on_epoch_end``; the fit then counts as
        finished.
    net_params : dict or None, default=None
        Further parameters of :class:`skorch.NeuralNet`: those of the optimizer, such as
        ``{"optimizer__betas": (0.9, 0.99)}``, of callbacks (``callbacks__<name>``,
        ``callbacks__<name>__<parameter>``), ``compile``, and hyperparameters of the
        training, which they override. What an estimator sets itself is refused.
    checkpoint : str, path or None, default=None
        File in which fit saves its progress after every epoch. When an interrupted fit is
        called again with the same data and hyperparameters, it resumes from there, and
        the final network is bitwise identical; a completed fit is not repeated. A file
        belongs to one fit. In a directory (an existing one, or a path with a separator
        at the end) there is a file for each fit, as needed by searches.
    warm_start : bool, default=False
        Whether fit continues from the weights of the last fit.
    verbose : int, default=0
        Print a line per epoch if above zero.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Number of columns of a 2-D X, else number of channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, or of sequences that are DataFrames, if all are text.
        Later X must have the same, in the same order.
    n_epochs_ : int
        Number of epochs trained.
    history_ : list of dict
        ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and ``duration`` (in
        seconds) of each epoch, ``valid_score`` with ``scoring``, and the numbers that
        callbacks record in ``net_.history``.
    n_static_features_in_ : int
        Number of static covariates; 0 if X is not a table with a column of sequences.

    See Also
    --------
    SimpleRNNRegressor, LSTMRegressor, GRURegressor : One cell each.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import RecurrentRegressor
    >>> X = np.random.default_rng(0).normal(size=(120, 10))
    >>> y = X.mean(axis=1)
    >>> model = RecurrentRegressor(cell="gru", hidden_size=16, random_state=0)
    >>> model.fit(X[:100], y[:100]).predict(X[100:]).shape
    (20,)
    """

    def __init__(
        self,
        *,
        cell: str = "lstm",
        hidden_size: int | Sequence[int] = 64,
        num_layers: int | None = None,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        layer_norm: bool = False,
        residual: bool = False,
        recurrent_dropout: float = 0.0,
        memory_steps: float | None = None,
        conv_channels: Sequence[int] = (),
        conv_kernel_size: int | Sequence[int] = 5,
        conv_stride: int | Sequence[int] = 1,
        parallel_channels: Sequence[int] = (),
        parallel_kernel_size: int | Sequence[int | Sequence[int]] = (8, 5, 3),
        parallel_stride: int | Sequence[int] | str = 1,
        parallel_dilation: int | Sequence[int] = 1,
        parallel_residual: int | None = None,
        parallel_bottleneck: int | None = None,
        parallel_squeeze: int | None = None,
        recurrent_output_dropout: float = 0.0,
        pooling: str = "max",
        pooling_segments: int = 1,
        random_convolutions: int | str = 0,
        embedding_dim: int | None = None,
        num_embeddings: int | None = None,
        missing: str = "error",
        time_channel: int | None = None,
        categorical_features: Sequence[Any] | str | None = "from_dtype",
        category_dim: int | None = None,
        normalize: str | None = None,
        season: int | None = None,
        target_channels: int | Sequence[int] | None = None,
        decoder: bool = False,
        loss: str = "squared_error",
        quantile: float | Sequence[float] = 0.5,
        lr: float = 0.005,
        max_epochs: int | str = 50,
        batch_size: int | str | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        lr_warmup: float = 0.0,
        weight_decay: float = 0.0,
        average_weights: str | None = None,
        ema_decay: float = 0.99,
        gradient_clip: float | None = 1.0,
        bptt_steps: int | None = None,
        augment: str | Sequence[str] | Mapping[str, float] | None = None,
        early_stopping: bool = False,
        validation_split: Any = "auto",
        validation_fraction: float = 0.1,
        scoring: str | Callable[..., float] | None = None,
        patience: int | str = 10,
        standardize: bool = True,
        data_format: str = "channels_last",
        random_state: RandomState = None,
        n_jobs: int | None = None,
        device: str = "auto",
        dtype: str = "float32",
        mixed_precision: str | None = None,
        callbacks: Sequence[Any] | None = None,
        net_params: dict[str, Any] | None = None,
        checkpoint: PathLike | None = None,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None: ...
    def set_fit_request(
        self,
        *,
        X_val: bool | str | None = ...,
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
        y_val: bool | str | None = ...,
    ) -> Self: ...
    def set_partial_fit_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...
    def set_predict_request(
        self,
        *,
        quantiles: bool | str | None = ...,
        return_std: bool | str | None = ...,
    ) -> Self: ...
    def set_score_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...

class RecurrentTagger(_OfSklearn, AnyCell, ChainTagger):
    """Classify every step of a sequence, with one class or with several labels.

    y is a list with an array for each sequence: (n_steps_i,) for one class per step, or
    (n_steps_i, n_labels) of zeros and ones for several labels; or one array if all
    sequences have the same length. ``predict`` returns the same form: an array if X is
    one, and for a list of sequences an object array with an array for each.

    Steps without a label are NaN or None in y: they are read, but count neither in the
    loss nor in scores. ``sample_weight`` may have a weight for each step.

    With the next token as the target of each step it is a language model: ``bptt_steps``
    trains on texts of any length, and ``generate`` generates text.

    With ``crf=True`` the classes of a sequence are predicted together: neighbouring ones
    have a score of their own, as in names of several words.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru", "mingru", "minlstm", "indrnn", "qrnn"}, default='lstm'
        Recurrent cell: simple (Elman, 1990), LSTM or GRU; minimal GRU or LSTM, whose
        gates read only the input (Feng et al., 2024); independently recurrent, where a
        unit reads only its own state (Li et al., 2018); or quasi-recurrent, an LSTM
        whose gates do not read the hidden state (Bradbury et al., 2017).
    hidden_size : int or tuple of int, default=64
        Number of units of each recurrent layer and direction, for all layers or one per
        layer: ``(12, 6)`` is two layers.
    num_layers : int or None, default=None
        Number of stacked recurrent layers; None for as many as ``hidden_size`` has
        values.
    bidirectional : bool, default=False
        Whether to also read every sequence in reverse. If False, the network is causal:
        no state depends on a later step.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How to merge the outputs of the two directions of a layer.
    dropout : float, default=0.0
        Dropout probability between recurrent layers and before the head, in [0, 1).
    layer_norm : bool, default=False
        Apply layer normalization, at every step, to the products of the weights of
        recurrent layers with their inputs (Ba, Kiros and Hinton, 2016). Deep networks
        learn faster.
    residual : bool, default=False
        Residual connections: add the input of every recurrent layer but the first to its
        output. Both must have the same width.
    recurrent_dropout : float, default=0.0
        Dropout probability in [0, 1) of the hidden state that the gates read, with one
        mask for all steps of a sequence (Gal and Ghahramani, 2016). Must be 0 with
        ``bptt_steps`` and for cells whose gates do not read the hidden state.
    memory_steps : float or None, default=None
        Longest time scale, in steps: gates are initialised with biases for time scales
        between one step and this number (chrono initialisation; Tallec and Ollivier,
        2018). The length of the sequences is a good value. None: the biases of the
        cell.
    conv_channels : tuple of int, default=()
        Output channels of the convolutions before the recurrence, one per layer.
    conv_kernel_size : int or tuple of int, default=5
        Kernel sizes of these convolutions in steps, at most what strides leave of the
        longest sequence in fit; shorter ones are padded with zeros.
    conv_stride : int or tuple of int, default=1
        Strides of these convolutions: a stride of s reduces s steps to one. Some steps
        are never read if the stride exceeds the kernel size.
    parallel_channels : tuple of int, default=()
        Output channels of the convolutions parallel to the recurrence, whose mean over
        time is concatenated to its output before the head: ``(128, 256, 128)`` makes an
        LSTM-FCN.
    parallel_kernel_size : int, tuple of int or tuple of tuples, default=(8, 5, 3)
        Kernel sizes of the parallel convolutions in steps. Several sizes for a layer are
        kernels side by side, among which its channels are divided: six layers of
        ``(40, 20, 10)`` with ``parallel_residual=3`` and ``parallel_bottleneck=32`` make
        a branch like InceptionTime (Ismail Fawaz et al., 2020), without its max
        pooling.
    parallel_stride : int, tuple of int or "auto", default=1
        Strides of the parallel convolutions. No stride may exceed what the strides before
        it leave of the shortest sequence in fit. "auto": as long as the median length of
        the training sequences, over all strides, is at least 256, the first layer's
        stride is doubled, then that of the next, first to at most half its kernel size
        (the smallest of several), then to at most all of it; a layer with a dilation
        keeps a stride of 1. So 128 to 255 steps are left of a long sequence, and every
        step is read.
    parallel_dilation : int or tuple of int, default=1
        Dilations of the parallel convolutions: a kernel of k steps with a dilation of d
        reads every d-th of (k - 1) d + 1 steps (Yu and Koltun, 2016), so the steps seen
        grow fast with the layers in ``(1, 2, 4, 8)``. None may exceed what strides leave
        of the longest sequence in fit.
    parallel_residual : int or None, default=None
        Number of parallel layers after which their input is added to their output (He et
        al., 2016), 3 in the ResNet of Wang, Yan and Oates (2017); also for the layers
        that are left at the end. Where channels or steps differ, the input is mapped by a
        convolution of one step and normalised. None for no such connections.
    parallel_bottleneck : int or None, default=None
        Channels to which a product reduces the input of each parallel layer that reads
        more; None for no such reduction. Long kernels then take less time.
    parallel_squeeze : int or None, default=None
        Reduction of a squeeze-and-excitation behind each parallel layer: a gate for each
        channel, which reads the mean of all channels through this many times fewer units
        (Hu, Shen and Sun, 2018; 16 in the MLSTM-FCN of Karim et al., 2019). In a causal
        network the mean is over the steps so far. None for no gates.
    recurrent_output_dropout : float, default=0.0
        Dropout probability in [0, 1) of the output of the recurrence alone, before that
        of the parallel convolutions is joined to it (Karim et al., 2018, drop 80 % of few
        units). ``dropout`` before the head applies to both.
    embedding_dim : int or None, default=None
        Size of the embedding vectors of tokens. If given, X holds token ids, as made by
        :class:`sksequence.preprocessing.SequenceTokenizer`: one per step, starting at 0,
        the unknown token. Dropout is also applied to the embedding vectors.
    num_embeddings : int or None, default=None
        Number of tokens; None for one more than the largest id in fit. Tokens that are
        not in the training sequences are read as the unknown token.
    missing : {"error", "mask", "decay"}, default='error'
        How to treat NaN in X. "error" raises an error. "mask" replaces NaN by the mean of
        the channel, and appends a mask for every channel that is one where it was
        observed and zero elsewhere. "decay" appends the same masks, but replaces NaN by
        the last observation, decayed towards the mean at a learnt rate for each channel;
        without ``conv_channels`` the state of the first recurrent layer decays likewise
        (GRU-D of Che et al., 2018, with any cell). The loop over steps is then in Python,
        which is slower: an epoch of a GRU or SimpleRNN takes about 1.5 times as long, of
        an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity always raises an
        error.
    time_channel : int or None, default=None
        With ``missing="decay"``, position of the channel that holds the time of each
        step, in any unit and from any origin. The time determines the decay and is used
        for nothing else; None for a time of one between steps. Ignored with other values
        of ``missing``.
    categorical_features : "from_dtype", list of int, str or bool, or None, default='from_dtype'
        The channels that hold categories, whose levels are embedded. "from_dtype": those
        of sequences that are DataFrames with columns of text, also as categories of
        pandas or polars. A list names channels, also of numbers: their positions or
        names, or a mask. None: text is refused. Static columns of text are embedded
        likewise, unless None. Levels that are not in the training sequences, and missing
        ones, are read as one unknown level; ``partial_fit`` knows those of its first
        call.
    category_dim : int or None, default=None
        Size of the vectors of categories; None for min(50, round(1.6 n^0.56)) of n levels
        (the rule of fastai).
    crf : bool, default=False
        Predict the classes of all steps of a sequence together, by a linear-chain
        conditional random field (Lafferty et al., 2001) on the outputs of the network:
        each pair of neighbouring classes has a learnt score, too. ``predict`` returns
        the most likely sequence of classes (Viterbi), ``predict_proba`` the exact
        probability of each class at each step, summed over all sequences of classes.
        The loss is the negative log-likelihood of whole sequences, per step; over steps
        without a label it is summed. Not for several labels, ``class_weight``,
        ``label_smoothing``, weights of steps, ``bptt_steps``, streams and prefixes.
    tag_scheme : {"bio", "bioes"} or None, default=None
        With ``crf=True``, the scheme of the classes, by which others are never predicted:
        "O" is outside of chunks such as names; in "bio", the first step of a chunk of
        type x is "B-x" and all later ones are "I-x"; in "bioes", the last one is "E-x",
        and a chunk of one step is "S-x". Classes in y must follow it, too.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weight of each class in the loss: ``{class: weight}``, where missing classes have
        weight one, or "balanced" for weights inversely proportional to class
        frequencies. For multilabel targets, "balanced" or a list with a dict for each
        label.
    label_smoothing : float, default=0.0
        Share of the probability of each true label, in [0, 1), that training spreads over
        all labels (Szegedy et al., 2016); where each of several labels is true or not,
        over both. ``valid_loss`` is without.
    lr : float, default=0.005
        Learning rate.
    max_epochs : int or "auto", default=50
        Maximum number of passes over the training sequences. "auto": 50, or as
        many as make 1500 mini-batches if that is more, but at most 500;
        few sequences need more passes.
    batch_size : int, "auto" or None, default=16
        Number of sequences per mini-batch; None for full batches. "auto": a tenth of the
        training sequences, but at least 8 and at most 64.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        The optimizer.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Learning rate schedule: constant, cosine annealing to zero, or halved whenever the
        loss (on the validation set, if there is one) has not improved for 5 epochs.
    lr_warmup : float, default=0.0
        Share of ``max_epochs``, in [0, 1), in which the learning rate rises linearly to
        ``lr``, before a constant or cosine schedule begins (Goyal et al., 2017).
    weight_decay : float, default=0.0
        Weight decay, as defined by the optimizer.
    average_weights : {"ema", "swa"} or None, default=None
        Predict with a mean of the weights along the training instead of the last ones:
        "ema", an exponential moving average over all mini-batches, corrected for its
        beginning (Polyak and Juditsky, 1992); "swa", the mean at the ends of the last
        quarter of ``max_epochs`` (stochastic weight averaging; Izmailov et al., 2018).
        The validation loss and ``scoring`` are those of the mean, and so is what is
        stored and what a warm start begins with. Ignored by ``partial_fit``.
    ema_decay : float, default=0.99
        Decay per mini-batch of ``average_weights="ema"``, in (0, 1): the mean is over
        some ``1 / (1 - ema_decay)`` mini-batches.
    gradient_clip : float or None, default=1.0
        Maximum norm of the gradient; larger gradients are clipped.
    bptt_steps : int or None, default=None
        Number of time steps per chunk for truncated backpropagation through time (Williams
        and Peng, 1990): a sequence is trained on in chunks; the state is carried over from
        one chunk to the next, gradients are not.
        Each chunk is a step of the optimizer. For sequences that are too long to train
        on as a whole; needs a causal network without convolutions.
    augment : str, tuple of str, dict of str to float, or None, default=None
        Random changes of the training sequences, drawn anew in each epoch: names, or
        names and strengths. They are made of standardised channels, in this order. "crop"
        keeps a window at a random position, without this share of the steps
        (0.1; Le Guennec et al., 2016). "warp" varies the speed of time
        between both ends, by this standard deviation of its logarithm
        (0.2), "scale" multiplies each channel of a sequence by a factor
        about one of this deviation (0.1), and "jitter" adds noise of
        this deviation to each value (0.03; Um et al., 2017). "mixup"
        replaces each sequence and its target by a weighted mean with another one, that
        is stretched to its length, with weights of the beta distribution of this
        parameter (0.2; Zhang et al., 2018). NaN stays NaN. Not for
        tokens and categories; only "scale" and "jitter" where steps have targets, and
        with them "warp" for transcripts and translations; only "jitter" for detectors.
    early_stopping : bool, default=False
        Whether to hold out a validation set, or take that given to fit, stop when its
        loss or ``scoring`` no longer improves, and keep the best weights.
    validation_split : {"auto", "random", "last"} or splitter, default='auto'
        What early stopping holds out. "random": stratified by class, or whole groups if
        fit gets ``groups``. "last": the last sequences of X, which must be in time order;
        of windows that overlap, the last ones of the table, and windows that share rows
        with them (a target is taken to cover as many rows after its window as it has
        outputs) are not used at all. "auto": "last" for windows that overlap, which are
        views of one table (as of SlidingWindow and make_windows), unless fit gets
        ``groups``; else "random". Of a splitter of scikit-learn, its last split.
    validation_fraction : float, default=0.1
        Proportion of the sequences in the validation set of early stopping, in
        (0, 1).
    scoring : str, callable or None, default=None
        Score of the validation set that early stopping watches, ``valid_score`` in
        ``history_``: a name of scikit-learn's scorers, such as "roc_auc" (for predictions
        of every step, over the steps of all sequences), or a function
        ``scorer(estimator, X, y)`` for which greater is better. None for the loss.
    patience : int or "auto", default=10
        Number of epochs without improvement before early stopping. "auto": a fifth of
        ``max_epochs``, but at least 10, since the epochs of few sequences are
        short.
    standardize : bool, default=True
        Whether to standardise each channel, and the targets of a regressor, by mean and
        standard deviation of the training data: with ``partial_fit``, those of all calls
        so far. A 2-D X has one channel. Token ids are not scaled.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps); likewise for the arrays of a list.
    random_state : int, RandomState instance or None, default=None
        Controls the initial weights, mini-batches, dropout, ``augment`` and the
        validation split. Pass an int for bitwise identical results of repeated fits.
    n_jobs : int or None, default=None
        Number of threads in fit and predict: None for one, -1 for all cores. The last
        digits of float32 training depend on it unless compiled kernels train.
    device : str, default='auto'
        Device of the network: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if one
        is available.
    dtype : {"float32", "float64"}, default='float32'
        Dtype of the network.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward pass in training, by torch's autocast.
        Weights, loss and optimizer steps stay in float32, and so do recurrent layers on
        a CPU, where this is faster. With "float16" the loss is scaled, and steps with an
        infinite gradient are skipped. Predictions and the validation loss are in full
        precision. Not supported with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Callbacks of the training. To end it after an epoch, a callback sets
        ``net.stop_requested = True`` in ``on_epoch_end``; the fit then counts as
        finished.
    net_params : dict or None, default=None
        Further parameters of :class:`skorch.NeuralNet`: those of the optimizer, such as
        ``{"optimizer__betas": (0.9, 0.99)}``, of callbacks (``callbacks__<name>``,
        ``callbacks__<name>__<parameter>``), ``compile``, and hyperparameters of the
        training, which they override. What an estimator sets itself is refused.
    checkpoint : str, path or None, default=None
        File in which fit saves its progress after every epoch. When an interrupted fit is
        called again with the same data and hyperparameters, it resumes from there, and
        the final network is bitwise identical; a completed fit is not repeated. A file
        belongs to one fit. In a directory (an existing one, or a path with a separator
        at the end) there is a file for each fit, as needed by searches.
    warm_start : bool, default=False
        Whether fit continues from the weights of the last fit.
    verbose : int, default=0
        Print a line per epoch if above zero.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Number of columns of a 2-D X, else number of channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, or of sequences that are DataFrames, if all are text.
        Later X must have the same, in the same order.
    n_epochs_ : int
        Number of epochs trained.
    history_ : list of dict
        ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and ``duration`` (in
        seconds) of each epoch, ``valid_score`` with ``scoring``, and the numbers that
        callbacks record in ``net_.history``.
    classes_ : ndarray of shape (n_classes,)
        Class labels; for multilabel targets, the columns of y.
    n_static_features_in_ : int
        Number of static covariates; 0 if X is not a table with a column of sequences.

    See Also
    --------
    RecurrentStepRegressor : Predicts numbers for every step.
    RecurrentClassifier : Predicts one class for the whole sequence.
    sksequence.metrics.make_step_scorer : Makes scorers over steps, for searches.

    References
    ----------
    Graves and Schmidhuber (2005), Framewise phoneme classification with bidirectional
    LSTM and other neural network architectures. Neural Networks 18.
    Huang, Xu and Yu (2015), Bidirectional LSTM-CRF models for sequence tagging. arXiv.
    Lafferty, McCallum and Pereira (2001), Conditional random fields: probabilistic models
    for segmenting and labeling sequence data. ICML.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import RecurrentTagger
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=n) for n in rng.integers(5, 15, 60)]
    >>> y = [np.where(x.cumsum() > 0, "above", "below") for x in X]
    >>> model = RecurrentTagger(hidden_size=16, random_state=0).fit(X[:50], y[:50])
    >>> [len(labels) for labels in model.predict(X[50:53])] == [len(x) for x in X[50:53]]
    True
    >>> model.score(X[50:], y[50:]) > 0.8
    True
    """

    def __init__(
        self,
        *,
        cell: str = "lstm",
        hidden_size: int | Sequence[int] = 64,
        num_layers: int | None = None,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        layer_norm: bool = False,
        residual: bool = False,
        recurrent_dropout: float = 0.0,
        memory_steps: float | None = None,
        conv_channels: Sequence[int] = (),
        conv_kernel_size: int | Sequence[int] = 5,
        conv_stride: int | Sequence[int] = 1,
        parallel_channels: Sequence[int] = (),
        parallel_kernel_size: int | Sequence[int | Sequence[int]] = (8, 5, 3),
        parallel_stride: int | Sequence[int] | str = 1,
        parallel_dilation: int | Sequence[int] = 1,
        parallel_residual: int | None = None,
        parallel_bottleneck: int | None = None,
        parallel_squeeze: int | None = None,
        recurrent_output_dropout: float = 0.0,
        embedding_dim: int | None = None,
        num_embeddings: int | None = None,
        missing: str = "error",
        time_channel: int | None = None,
        categorical_features: Sequence[Any] | str | None = "from_dtype",
        category_dim: int | None = None,
        crf: bool = False,
        tag_scheme: str | None = None,
        class_weight: Any = None,
        label_smoothing: float = 0.0,
        lr: float = 0.005,
        max_epochs: int | str = 50,
        batch_size: int | str | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        lr_warmup: float = 0.0,
        weight_decay: float = 0.0,
        average_weights: str | None = None,
        ema_decay: float = 0.99,
        gradient_clip: float | None = 1.0,
        bptt_steps: int | None = None,
        augment: str | Sequence[str] | Mapping[str, float] | None = None,
        early_stopping: bool = False,
        validation_split: Any = "auto",
        validation_fraction: float = 0.1,
        scoring: str | Callable[..., float] | None = None,
        patience: int | str = 10,
        standardize: bool = True,
        data_format: str = "channels_last",
        random_state: RandomState = None,
        n_jobs: int | None = None,
        device: str = "auto",
        dtype: str = "float32",
        mixed_precision: str | None = None,
        callbacks: Sequence[Any] | None = None,
        net_params: dict[str, Any] | None = None,
        checkpoint: PathLike | None = None,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None: ...
    def generate(
        self,
        prompt: ArrayLike,
        n_steps: int,
        *,
        temperature: float = 1.0,
        random_state: RandomState = None,
    ) -> np.ndarray:
        """Continue a prompt, drawing each token from its predicted distribution.

        Needs a language model: a tagger fitted on tokens (``embedding_dim``), with the
        next token as the class of each step.

        Parameters
        ----------
        prompt : array-like of shape (n_prompt_steps,)
            Initial token ids, at least one.
        n_steps : int
            Number of tokens to generate.
        temperature : float, default=1.0
            Temperature of the distribution: below one, likely tokens become more likely;
            above one, less likely.
        random_state : int, RandomState instance or None, default=None
            Controls the random draws.

        Returns
        -------
        ndarray of shape (n_steps,)
            The generated token ids, without the prompt.

        Raises
        ------
        ValueError
            If the tagger is not a language model, or not causal.

        Examples
        --------
        >>> import numpy as np
        >>> from sksequence import RecurrentTagger
        >>> text = np.tile([1, 2, 3], 40)
        >>> model = RecurrentTagger(
        ...     embedding_dim=4, hidden_size=8, bptt_steps=10, random_state=0
        ... )
        >>> model = model.fit([text[:-1]], [text[1:]])
        >>> model.generate([1], 5, temperature=0.1, random_state=0)
        array([2, 3, 1, 2, 3])
        """
    def score(
        self,
        X: ArrayLike,
        y: Targets,
        sample_weight: ArrayLike | None = None,
    ) -> float:
        """Return the accuracy over all steps; for several labels the subset accuracy.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : list of array-like, or array-like
            True labels of each step; steps whose label is NaN or None do not count.
        sample_weight : array-like of shape (n_sequences,) or list, default=None
            Weight of the steps of each sequence, or of each step, as in fit.

        Returns
        -------
        float
            Accuracy.
        """
    def set_fit_request(
        self,
        *,
        X_val: bool | str | None = ...,
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
        y_val: bool | str | None = ...,
    ) -> Self: ...
    def set_partial_fit_request(
        self,
        *,
        classes: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...
    def set_score_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...

class RecurrentStepRegressor(_OfSklearn, AnyCell, PerStepEstimator, NumberPredictor):
    """Predict one or several numbers for every step of a sequence.

    y is a list with an array for each sequence, (n_steps_i,) or (n_steps_i, n_outputs);
    or one array if all sequences have the same length. ``predict`` returns the same form:
    an array if X is one, and for a list of sequences an object array with an array for
    each.


    Steps without a target, or without some of several outputs, are NaN or None in y: they
    are read, but count neither in the loss nor in scores. ``sample_weight`` may have a
    weight for each step.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru", "mingru", "minlstm", "indrnn", "qrnn"}, default='lstm'
        Recurrent cell: simple (Elman, 1990), LSTM or GRU; minimal GRU or LSTM, whose
        gates read only the input (Feng et al., 2024); independently recurrent, where a
        unit reads only its own state (Li et al., 2018); or quasi-recurrent, an LSTM
        whose gates do not read the hidden state (Bradbury et al., 2017).
    hidden_size : int or tuple of int, default=64
        Number of units of each recurrent layer and direction, for all layers or one per
        layer: ``(12, 6)`` is two layers.
    num_layers : int or None, default=None
        Number of stacked recurrent layers; None for as many as ``hidden_size`` has
        values.
    bidirectional : bool, default=False
        Whether to also read every sequence in reverse. If False, the network is causal:
        no state depends on a later step.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How to merge the outputs of the two directions of a layer.
    dropout : float, default=0.0
        Dropout probability between recurrent layers and before the head, in [0, 1).
    layer_norm : bool, default=False
        Apply layer normalization, at every step, to the products of the weights of
        recurrent layers with their inputs (Ba, Kiros and Hinton, 2016). Deep networks
        learn faster.
    residual : bool, default=False
        Residual connections: add the input of every recurrent layer but the first to its
        output. Both must have the same width.
    recurrent_dropout : float, default=0.0
        Dropout probability in [0, 1) of the hidden state that the gates read, with one
        mask for all steps of a sequence (Gal and Ghahramani, 2016). Must be 0 with
        ``bptt_steps`` and for cells whose gates do not read the hidden state.
    memory_steps : float or None, default=None
        Longest time scale, in steps: gates are initialised with biases for time scales
        between one step and this number (chrono initialisation; Tallec and Ollivier,
        2018). The length of the sequences is a good value. None: the biases of the
        cell.
    conv_channels : tuple of int, default=()
        Output channels of the convolutions before the recurrence, one per layer.
    conv_kernel_size : int or tuple of int, default=5
        Kernel sizes of these convolutions in steps, at most what strides leave of the
        longest sequence in fit; shorter ones are padded with zeros.
    conv_stride : int or tuple of int, default=1
        Strides of these convolutions: a stride of s reduces s steps to one. Some steps
        are never read if the stride exceeds the kernel size.
    parallel_channels : tuple of int, default=()
        Output channels of the convolutions parallel to the recurrence, whose mean over
        time is concatenated to its output before the head: ``(128, 256, 128)`` makes an
        LSTM-FCN.
    parallel_kernel_size : int, tuple of int or tuple of tuples, default=(8, 5, 3)
        Kernel sizes of the parallel convolutions in steps. Several sizes for a layer are
        kernels side by side, among which its channels are divided: six layers of
        ``(40, 20, 10)`` with ``parallel_residual=3`` and ``parallel_bottleneck=32`` make
        a branch like InceptionTime (Ismail Fawaz et al., 2020), without its max
        pooling.
    parallel_stride : int, tuple of int or "auto", default=1
        Strides of the parallel convolutions. No stride may exceed what the strides before
        it leave of the shortest sequence in fit. "auto": as long as the median length of
        the training sequences, over all strides, is at least 256, the first layer's
        stride is doubled, then that of the next, first to at most half its kernel size
        (the smallest of several), then to at most all of it; a layer with a dilation
        keeps a stride of 1. So 128 to 255 steps are left of a long sequence, and every
        step is read.
    parallel_dilation : int or tuple of int, default=1
        Dilations of the parallel convolutions: a kernel of k steps with a dilation of d
        reads every d-th of (k - 1) d + 1 steps (Yu and Koltun, 2016), so the steps seen
        grow fast with the layers in ``(1, 2, 4, 8)``. None may exceed what strides leave
        of the longest sequence in fit.
    parallel_residual : int or None, default=None
        Number of parallel layers after which their input is added to their output (He et
        al., 2016), 3 in the ResNet of Wang, Yan and Oates (2017); also for the layers
        that are left at the end. Where channels or steps differ, the input is mapped by a
        convolution of one step and normalised. None for no such connections.
    parallel_bottleneck : int or None, default=None
        Channels to which a product reduces the input of each parallel layer that reads
        more; None for no such reduction. Long kernels then take less time.
    parallel_squeeze : int or None, default=None
        Reduction of a squeeze-and-excitation behind each parallel layer: a gate for each
        channel, which reads the mean of all channels through this many times fewer units
        (Hu, Shen and Sun, 2018; 16 in the MLSTM-FCN of Karim et al., 2019). In a causal
        network the mean is over the steps so far. None for no gates.
    recurrent_output_dropout : float, default=0.0
        Dropout probability in [0, 1) of the output of the recurrence alone, before that
        of the parallel convolutions is joined to it (Karim et al., 2018, drop 80 % of few
        units). ``dropout`` before the head applies to both.
    embedding_dim : int or None, default=None
        Size of the embedding vectors of tokens. If given, X holds token ids, as made by
        :class:`sksequence.preprocessing.SequenceTokenizer`: one per step, starting at 0,
        the unknown token. Dropout is also applied to the embedding vectors.
    num_embeddings : int or None, default=None
        Number of tokens; None for one more than the largest id in fit. Tokens that are
        not in the training sequences are read as the unknown token.
    missing : {"error", "mask", "decay"}, default='error'
        How to treat NaN in X. "error" raises an error. "mask" replaces NaN by the mean of
        the channel, and appends a mask for every channel that is one where it was
        observed and zero elsewhere. "decay" appends the same masks, but replaces NaN by
        the last observation, decayed towards the mean at a learnt rate for each channel;
        without ``conv_channels`` the state of the first recurrent layer decays likewise
        (GRU-D of Che et al., 2018, with any cell). The loop over steps is then in Python,
        which is slower: an epoch of a GRU or SimpleRNN takes about 1.5 times as long, of
        an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity always raises an
        error.
    time_channel : int or None, default=None
        With ``missing="decay"``, position of the channel that holds the time of each
        step, in any unit and from any origin. The time determines the decay and is used
        for nothing else; None for a time of one between steps. Ignored with other values
        of ``missing``.
    categorical_features : "from_dtype", list of int, str or bool, or None, default='from_dtype'
        The channels that hold categories, whose levels are embedded. "from_dtype": those
        of sequences that are DataFrames with columns of text, also as categories of
        pandas or polars. A list names channels, also of numbers: their positions or
        names, or a mask. None: text is refused. Static columns of text are embedded
        likewise, unless None. Levels that are not in the training sequences, and missing
        ones, are read as one unknown level; ``partial_fit`` knows those of its first
        call.
    category_dim : int or None, default=None
        Size of the vectors of categories; None for min(50, round(1.6 n^0.56)) of n levels
        (the rule of fastai).
    loss : {"squared_error", "absolute_error", "huber", "quantile", "poisson", "gaussian", "student_t", "negative_binomial"}, default='squared_error'
        The loss: the squared error predicts the mean; the absolute error, the median; the
        Huber loss, a mean that is robust against outliers beyond one standard deviation;
        the pinball loss ("quantile"), the quantiles given by ``quantile``; the Poisson
        deviance, the rate of counts (targets must be at least zero). The last three are
        the negative log-likelihood of a distribution, whose mean is predicted, and its
        standard deviation, quantiles and samples if asked for: normal; Student's t, for
        heavy tails (Lange, Little and Taylor, 1989); or negative binomial, for counts
        (whole numbers) whose variance exceeds the mean (Hilbe, 2011).
    quantile : float or tuple of float, default=0.5
        The quantile that the "quantile" loss predicts, in (0, 1); or several, in
        increasing order, which are then the last axis of predictions. They never
        cross.
    lr : float, default=0.005
        Learning rate.
    max_epochs : int or "auto", default=50
        Maximum number of passes over the training sequences. "auto": 50, or as
        many as make 1500 mini-batches if that is more, but at most 500;
        few sequences need more passes.
    batch_size : int, "auto" or None, default=16
        Number of sequences per mini-batch; None for full batches. "auto": a tenth of the
        training sequences, but at least 8 and at most 64.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        The optimizer.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Learning rate schedule: constant, cosine annealing to zero, or halved whenever the
        loss (on the validation set, if there is one) has not improved for 5 epochs.
    lr_warmup : float, default=0.0
        Share of ``max_epochs``, in [0, 1), in which the learning rate rises linearly to
        ``lr``, before a constant or cosine schedule begins (Goyal et al., 2017).
    weight_decay : float, default=0.0
        Weight decay, as defined by the optimizer.
    average_weights : {"ema", "swa"} or None, default=None
        Predict with a mean of the weights along the training instead of the last ones:
        "ema", an exponential moving average over all mini-batches, corrected for its
        beginning (Polyak and Juditsky, 1992); "swa", the mean at the ends of the last
        quarter of ``max_epochs`` (stochastic weight averaging; Izmailov et al., 2018).
        The validation loss and ``scoring`` are those of the mean, and so is what is
        stored and what a warm start begins with. Ignored by ``partial_fit``.
    ema_decay : float, default=0.99
        Decay per mini-batch of ``average_weights="ema"``, in (0, 1): the mean is over
        some ``1 / (1 - ema_decay)`` mini-batches.
    gradient_clip : float or None, default=1.0
        Maximum norm of the gradient; larger gradients are clipped.
    bptt_steps : int or None, default=None
        Number of time steps per chunk for truncated backpropagation through time (Williams
        and Peng, 1990): a sequence is trained on in chunks; the state is carried over from
        one chunk to the next, gradients are not.
        Each chunk is a step of the optimizer. For sequences that are too long to train
        on as a whole; needs a causal network without convolutions.
    augment : str, tuple of str, dict of str to float, or None, default=None
        Random changes of the training sequences, drawn anew in each epoch: names, or
        names and strengths. They are made of standardised channels, in this order. "crop"
        keeps a window at a random position, without this share of the steps
        (0.1; Le Guennec et al., 2016). "warp" varies the speed of time
        between both ends, by this standard deviation of its logarithm
        (0.2), "scale" multiplies each channel of a sequence by a factor
        about one of this deviation (0.1), and "jitter" adds noise of
        this deviation to each value (0.03; Um et al., 2017). "mixup"
        replaces each sequence and its target by a weighted mean with another one, that
        is stretched to its length, with weights of the beta distribution of this
        parameter (0.2; Zhang et al., 2018). NaN stays NaN. Not for
        tokens and categories; only "scale" and "jitter" where steps have targets, and
        with them "warp" for transcripts and translations; only "jitter" for detectors.
    early_stopping : bool, default=False
        Whether to hold out a validation set, or take that given to fit, stop when its
        loss or ``scoring`` no longer improves, and keep the best weights.
    validation_split : {"auto", "random", "last"} or splitter, default='auto'
        What early stopping holds out. "random": stratified by class, or whole groups if
        fit gets ``groups``. "last": the last sequences of X, which must be in time order;
        of windows that overlap, the last ones of the table, and windows that share rows
        with them (a target is taken to cover as many rows after its window as it has
        outputs) are not used at all. "auto": "last" for windows that overlap, which are
        views of one table (as of SlidingWindow and make_windows), unless fit gets
        ``groups``; else "random". Of a splitter of scikit-learn, its last split.
    validation_fraction : float, default=0.1
        Proportion of the sequences in the validation set of early stopping, in
        (0, 1).
    scoring : str, callable or None, default=None
        Score of the validation set that early stopping watches, ``valid_score`` in
        ``history_``: a name of scikit-learn's scorers, such as "roc_auc" (for predictions
        of every step, over the steps of all sequences), or a function
        ``scorer(estimator, X, y)`` for which greater is better. None for the loss.
    patience : int or "auto", default=10
        Number of epochs without improvement before early stopping. "auto": a fifth of
        ``max_epochs``, but at least 10, since the epochs of few sequences are
        short.
    standardize : bool, default=True
        Whether to standardise each channel, and the targets of a regressor, by mean and
        standard deviation of the training data: with ``partial_fit``, those of all calls
        so far. A 2-D X has one channel. Token ids are not scaled.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps); likewise for the arrays of a list.
    random_state : int, RandomState instance or None, default=None
        Controls the initial weights, mini-batches, dropout, ``augment`` and the
        validation split. Pass an int for bitwise identical results of repeated fits.
    n_jobs : int or None, default=None
        Number of threads in fit and predict: None for one, -1 for all cores. The last
        digits of float32 training depend on it unless compiled kernels train.
    device : str, default='auto'
        Device of the network: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if one
        is available.
    dtype : {"float32", "float64"}, default='float32'
        Dtype of the network.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward pass in training, by torch's autocast.
        Weights, loss and optimizer steps stay in float32, and so do recurrent layers on
        a CPU, where this is faster. With "float16" the loss is scaled, and steps with an
        infinite gradient are skipped. Predictions and the validation loss are in full
        precision. Not supported with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Callbacks of the training. To end it after an epoch, a callback sets
        ``net.stop_requested = True`` in ``on_epoch_end``; the fit then counts as
        finished.
    net_params : dict or None, default=None
        Further parameters of :class:`skorch.NeuralNet`: those of the optimizer, such as
        ``{"optimizer__betas": (0.9, 0.99)}``, of callbacks (``callbacks__<name>``,
        ``callbacks__<name>__<parameter>``), ``compile``, and hyperparameters of the
        training, which they override. What an estimator sets itself is refused.
    checkpoint : str, path or None, default=None
        File in which fit saves its progress after every epoch. When an interrupted fit is
        called again with the same data and hyperparameters, it resumes from there, and
        the final network is bitwise identical; a completed fit is not repeated. A file
        belongs to one fit. In a directory (an existing one, or a path with a separator
        at the end) there is a file for each fit, as needed by searches.
    warm_start : bool, default=False
        Whether fit continues from the weights of the last fit.
    verbose : int, default=0
        Print a line per epoch if above zero.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Number of columns of a 2-D X, else number of channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, or of sequences that are DataFrames, if all are text.
        Later X must have the same, in the same order.
    n_epochs_ : int
        Number of epochs trained.
    history_ : list of dict
        ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and ``duration`` (in
        seconds) of each epoch, ``valid_score`` with ``scoring``, and the numbers that
        callbacks record in ``net_.history``.
    n_static_features_in_ : int
        Number of static covariates; 0 if X is not a table with a column of sequences.

    See Also
    --------
    RecurrentTagger : Predicts classes for every step.
    RecurrentRegressor : Predicts one number for the whole sequence.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import RecurrentStepRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=n) for n in rng.integers(5, 15, 60)]
    >>> y = [x.cumsum() for x in X]
    >>> model = RecurrentStepRegressor(hidden_size=16, random_state=0)
    >>> model.fit(X[:50], y[:50]).score(X[50:], y[50:]) > 0.8
    True
    """

    def __init__(
        self,
        *,
        cell: str = "lstm",
        hidden_size: int | Sequence[int] = 64,
        num_layers: int | None = None,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        layer_norm: bool = False,
        residual: bool = False,
        recurrent_dropout: float = 0.0,
        memory_steps: float | None = None,
        conv_channels: Sequence[int] = (),
        conv_kernel_size: int | Sequence[int] = 5,
        conv_stride: int | Sequence[int] = 1,
        parallel_channels: Sequence[int] = (),
        parallel_kernel_size: int | Sequence[int | Sequence[int]] = (8, 5, 3),
        parallel_stride: int | Sequence[int] | str = 1,
        parallel_dilation: int | Sequence[int] = 1,
        parallel_residual: int | None = None,
        parallel_bottleneck: int | None = None,
        parallel_squeeze: int | None = None,
        recurrent_output_dropout: float = 0.0,
        embedding_dim: int | None = None,
        num_embeddings: int | None = None,
        missing: str = "error",
        time_channel: int | None = None,
        categorical_features: Sequence[Any] | str | None = "from_dtype",
        category_dim: int | None = None,
        loss: str = "squared_error",
        quantile: float | Sequence[float] = 0.5,
        lr: float = 0.005,
        max_epochs: int | str = 50,
        batch_size: int | str | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        lr_warmup: float = 0.0,
        weight_decay: float = 0.0,
        average_weights: str | None = None,
        ema_decay: float = 0.99,
        gradient_clip: float | None = 1.0,
        bptt_steps: int | None = None,
        augment: str | Sequence[str] | Mapping[str, float] | None = None,
        early_stopping: bool = False,
        validation_split: Any = "auto",
        validation_fraction: float = 0.1,
        scoring: str | Callable[..., float] | None = None,
        patience: int | str = 10,
        standardize: bool = True,
        data_format: str = "channels_last",
        random_state: RandomState = None,
        n_jobs: int | None = None,
        device: str = "auto",
        dtype: str = "float32",
        mixed_precision: str | None = None,
        callbacks: Sequence[Any] | None = None,
        net_params: dict[str, Any] | None = None,
        checkpoint: PathLike | None = None,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None: ...
    def score(
        self,
        X: ArrayLike,
        y: Targets,
        sample_weight: ArrayLike | None = None,
    ) -> float:
        """Return the coefficient of determination over all steps.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : list of array-like, or array-like
            True values of each step; those that are NaN or None do not count.
        sample_weight : array-like of shape (n_sequences,) or list, default=None
            Weight of the steps of each sequence, or of each step, as in fit.

        Returns
        -------
        float
            R squared; of several quantiles the mean of their D squared, the share of the
            pinball loss of constant quantiles that is explained.
        """
    def set_fit_request(
        self,
        *,
        X_val: bool | str | None = ...,
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
        y_val: bool | str | None = ...,
    ) -> Self: ...
    def set_partial_fit_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...
    def set_predict_request(
        self,
        *,
        quantiles: bool | str | None = ...,
        return_std: bool | str | None = ...,
    ) -> Self: ...
    def set_score_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...

class ConvLSTMClassifier(_OfSklearn, FrameReader, SequenceClassifier):
    r"""Classify videos with a convolutional LSTM.

    An LSTM whose states have the shape of frames, with convolutions in place of products:

    .. math::
        i, f, o &= \sigma(W_{ifo} * X_t + U_{ifo} * H_{t-1} + b_{ifo}) \\
        C_t &= f \odot C_{t-1} + i \odot \tanh(W_c * X_t + U_c * H_{t-1} + b_c) \\
        H_t &= o \odot \tanh(C_t)

    X is (n_videos, n_steps, height, width), with channels last if there are several; or a
    list of videos with any number of steps. The head reads the hidden states, averaged
    over pixels and pooled over steps. In a 2-D X, every number is a frame of one pixel.

    Parameters
    ----------
    hidden_size : int or tuple of int, default=64
        Number of units of each recurrent layer and direction, for all layers or one per
        layer: ``(12, 6)`` is two layers.
    num_layers : int or None, default=None
        Number of stacked recurrent layers; None for as many as ``hidden_size`` has
        values.
    bidirectional : bool, default=False
        Whether to also read every sequence in reverse. If False, the network is causal:
        no state depends on a later step.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How to merge the outputs of the two directions of a layer.
    dropout : float, default=0.0
        Dropout probability between recurrent layers and before the head, in [0, 1).
    kernel_size : int, tuple of (int, int) or tuple, default=3
        Height and width of the convolution kernels, odd: one int for both, or (height,
        width), for all layers or one per layer. For two layers, two ints are one per
        layer. ``hidden_size`` is the number of channels.
    patch_size : int, default=1
        Side of the square patches of pixels that become channels before the first layer:
        a size of p reduces the number of pixels by p squared.
    peephole : bool, default=False
        Whether gates also read the cell state, with a weight for each channel and
        pixel.
    pooling : {"last", "mean", "max", "attention"}, default='max'
        How to pool the steps of a sequence: the final state of each direction, the mean
        or maximum over the steps, or a mean with attention weights.
    pooling_segments : int, default=1
        Number of equal parts of each sequence that are pooled one by one, and
        concatenated, which keeps the place of what is found (as in the spatial pyramids
        of Lazebnik, Schmid and Ponce, 2006). Applies to the recurrence, unless
        ``pooling="last"``, and to the mean of parallel convolutions. Parts share a step
        if their number does not divide that of the steps. Such a network predicts from
        whole sequences only: it has no streams.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weight of each class in the loss: ``{class: weight}``, where missing classes have
        weight one, or "balanced" for weights inversely proportional to class
        frequencies. For multilabel targets, "balanced" or a list with a dict for each
        label.
    label_smoothing : float, default=0.0
        Share of the probability of each true label, in [0, 1), that training spreads over
        all labels (Szegedy et al., 2016); where each of several labels is true or not,
        over both. ``valid_loss`` is without.
    lr : float, default=0.005
        Learning rate.
    max_epochs : int or "auto", default=50
        Maximum number of passes over the training sequences. "auto": 50, or as
        many as make 1500 mini-batches if that is more, but at most 500;
        few sequences need more passes.
    batch_size : int, "auto" or None, default=16
        Number of sequences per mini-batch; None for full batches. "auto": a tenth of the
        training sequences, but at least 8 and at most 64.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        The optimizer.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Learning rate schedule: constant, cosine annealing to zero, or halved whenever the
        loss (on the validation set, if there is one) has not improved for 5 epochs.
    lr_warmup : float, default=0.0
        Share of ``max_epochs``, in [0, 1), in which the learning rate rises linearly to
        ``lr``, before a constant or cosine schedule begins (Goyal et al., 2017).
    weight_decay : float, default=0.0
        Weight decay, as defined by the optimizer.
    average_weights : {"ema", "swa"} or None, default=None
        Predict with a mean of the weights along the training instead of the last ones:
        "ema", an exponential moving average over all mini-batches, corrected for its
        beginning (Polyak and Juditsky, 1992); "swa", the mean at the ends of the last
        quarter of ``max_epochs`` (stochastic weight averaging; Izmailov et al., 2018).
        The validation loss and ``scoring`` are those of the mean, and so is what is
        stored and what a warm start begins with. Ignored by ``partial_fit``.
    ema_decay : float, default=0.99
        Decay per mini-batch of ``average_weights="ema"``, in (0, 1): the mean is over
        some ``1 / (1 - ema_decay)`` mini-batches.
    gradient_clip : float or None, default=1.0
        Maximum norm of the gradient; larger gradients are clipped.
    early_stopping : bool, default=False
        Whether to hold out a validation set, or take that given to fit, stop when its
        loss or ``scoring`` no longer improves, and keep the best weights.
    validation_split : {"auto", "random", "last"} or splitter, default='auto'
        What early stopping holds out. "random": stratified by class, or whole groups if
        fit gets ``groups``. "last": the last sequences of X, which must be in time order;
        of windows that overlap, the last ones of the table, and windows that share rows
        with them (a target is taken to cover as many rows after its window as it has
        outputs) are not used at all. "auto": "last" for windows that overlap, which are
        views of one table (as of SlidingWindow and make_windows), unless fit gets
        ``groups``; else "random". Of a splitter of scikit-learn, its last split.
    validation_fraction : float, default=0.1
        Proportion of the sequences in the validation set of early stopping, in
        (0, 1).
    scoring : str, callable or None, default=None
        Score of the validation set that early stopping watches, ``valid_score`` in
        ``history_``: a name of scikit-learn's scorers, such as "roc_auc" (for predictions
        of every step, over the steps of all sequences), or a function
        ``scorer(estimator, X, y)`` for which greater is better. None for the loss.
    patience : int or "auto", default=10
        Number of epochs without improvement before early stopping. "auto": a fifth of
        ``max_epochs``, but at least 10, since the epochs of few sequences are
        short.
    standardize : bool, default=True
        Whether to standardise each channel, and the targets of a regressor, by mean and
        standard deviation of the training data: with ``partial_fit``, those of all calls
        so far. A 2-D X has one channel. Token ids are not scaled.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps); likewise for the arrays of a list.
    random_state : int, RandomState instance or None, default=None
        Controls the initial weights, mini-batches, dropout, ``augment`` and the
        validation split. Pass an int for bitwise identical results of repeated fits.
    n_jobs : int or None, default=None
        Number of threads in fit and predict: None for one, -1 for all cores. The last
        digits of float32 training depend on it unless compiled kernels train.
    device : str, default='auto'
        Device of the network: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if one
        is available.
    dtype : {"float32", "float64"}, default='float32'
        Dtype of the network.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward pass in training, by torch's autocast.
        Weights, loss and optimizer steps stay in float32, and so do recurrent layers on
        a CPU, where this is faster. With "float16" the loss is scaled, and steps with an
        infinite gradient are skipped. Predictions and the validation loss are in full
        precision. Not supported with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Callbacks of the training. To end it after an epoch, a callback sets
        ``net.stop_requested = True`` in ``on_epoch_end``; the fit then counts as
        finished.
    net_params : dict or None, default=None
        Further parameters of :class:`skorch.NeuralNet`: those of the optimizer, such as
        ``{"optimizer__betas": (0.9, 0.99)}``, of callbacks (``callbacks__<name>``,
        ``callbacks__<name>__<parameter>``), ``compile``, and hyperparameters of the
        training, which they override. What an estimator sets itself is refused.
    checkpoint : str, path or None, default=None
        File in which fit saves its progress after every epoch. When an interrupted fit is
        called again with the same data and hyperparameters, it resumes from there, and
        the final network is bitwise identical; a completed fit is not repeated. A file
        belongs to one fit. In a directory (an existing one, or a path with a separator
        at the end) there is a file for each fit, as needed by searches.
    warm_start : bool, default=False
        Whether fit continues from the weights of the last fit.
    verbose : int, default=0
        Print a line per epoch if above zero.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Number of columns of a 2-D X, else number of channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, or of sequences that are DataFrames, if all are text.
        Later X must have the same, in the same order.
    n_epochs_ : int
        Number of epochs trained.
    history_ : list of dict
        ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and ``duration`` (in
        seconds) of each epoch, ``valid_score`` with ``scoring``, and the numbers that
        callbacks record in ``net_.history``.
    classes_ : ndarray of shape (n_classes,)
        Class labels; for multilabel targets, the columns of y.

    See Also
    --------
    ConvLSTMRegressor : Predicts numbers or frames from videos.

    References
    ----------
    Shi et al. (2015), Convolutional LSTM network: a machine learning approach for
    precipitation nowcasting. NeurIPS.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import ConvLSTMClassifier
    >>> X = np.zeros((60, 6, 8, 8), dtype=np.float32)
    >>> y = np.array(["down", "right"] * 30)
    >>> for i, way in enumerate(y):
    ...     for t in range(6):
    ...         place = (t, i % 8) if way == "down" else (i % 8, t)
    ...         X[i, t][place] = 1
    >>> model = ConvLSTMClassifier(
    ...     hidden_size=8, lr=0.02, max_epochs=10, random_state=0
    ... )
    >>> model.fit(X[:40], y[:40]).score(X[40:], y[40:]) > 0.8
    True
    """

    def __init__(
        self,
        *,
        hidden_size: int | Sequence[int] = 64,
        num_layers: int | None = None,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        kernel_size: int | Sequence[int | Sequence[int]] = 3,
        patch_size: int = 1,
        peephole: bool = False,
        pooling: str = "max",
        pooling_segments: int = 1,
        class_weight: Any = None,
        label_smoothing: float = 0.0,
        lr: float = 0.005,
        max_epochs: int | str = 50,
        batch_size: int | str | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        lr_warmup: float = 0.0,
        weight_decay: float = 0.0,
        average_weights: str | None = None,
        ema_decay: float = 0.99,
        gradient_clip: float | None = 1.0,
        early_stopping: bool = False,
        validation_split: Any = "auto",
        validation_fraction: float = 0.1,
        scoring: str | Callable[..., float] | None = None,
        patience: int | str = 10,
        standardize: bool = True,
        data_format: str = "channels_last",
        random_state: RandomState = None,
        n_jobs: int | None = None,
        device: str = "auto",
        dtype: str = "float32",
        mixed_precision: str | None = None,
        callbacks: Sequence[Any] | None = None,
        net_params: dict[str, Any] | None = None,
        checkpoint: PathLike | None = None,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None: ...
    def set_fit_request(
        self,
        *,
        X_val: bool | str | None = ...,
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
        y_val: bool | str | None = ...,
    ) -> Self: ...
    def set_partial_fit_request(
        self,
        *,
        classes: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...
    def set_score_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...

class ConvLSTMRegressor(_OfSklearn, FrameReader, FrameRegressor):
    r"""Predict numbers, the next frame, or the next frames of videos.

    .. math::
        i, f, o &= \sigma(W_{ifo} * X_t + U_{ifo} * H_{t-1} + b_{ifo}) \\
        C_t &= f \odot C_{t-1} + i \odot \tanh(W_c * X_t + U_c * H_{t-1} + b_c) \\
        H_t &= o \odot \tanh(C_t)

    X is (n_videos, n_steps, height, width), with channels last if there are several; or a
    list of videos with any number of steps. y determines the predictions: numbers
    (n_videos,) or (n_videos, n_outputs); the next frame, in the layout of a frame of X;
    or several next frames, (n_videos, n_frames, height, width) or with channels last, by
    a second network that starts from the states of the first.

    Parameters
    ----------
    hidden_size : int or tuple of int, default=64
        Number of units of each recurrent layer and direction, for all layers or one per
        layer: ``(12, 6)`` is two layers.
    num_layers : int or None, default=None
        Number of stacked recurrent layers; None for as many as ``hidden_size`` has
        values.
    bidirectional : bool, default=False
        Whether to also read every sequence in reverse. If False, the network is causal:
        no state depends on a later step.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How to merge the outputs of the two directions of a layer.
    dropout : float, default=0.0
        Dropout probability between recurrent layers and before the head, in [0, 1).
    kernel_size : int, tuple of (int, int) or tuple, default=3
        Height and width of the convolution kernels, odd: one int for both, or (height,
        width), for all layers or one per layer. For two layers, two ints are one per
        layer. ``hidden_size`` is the number of channels.
    patch_size : int, default=1
        Side of the square patches of pixels that become channels before the first layer:
        a size of p reduces the number of pixels by p squared.
    peephole : bool, default=False
        Whether gates also read the cell state, with a weight for each channel and
        pixel.
    pooling : {"last", "mean", "max", "attention"}, default='max'
        How to pool the steps of a sequence: the final state of each direction, the mean
        or maximum over the steps, or a mean with attention weights.
    pooling_segments : int, default=1
        Number of equal parts of each sequence that are pooled one by one, and
        concatenated, which keeps the place of what is found (as in the spatial pyramids
        of Lazebnik, Schmid and Ponce, 2006). Applies to the recurrence, unless
        ``pooling="last"``, and to the mean of parallel convolutions. Parts share a step
        if their number does not divide that of the steps. Such a network predicts from
        whole sequences only: it has no streams.
    loss : {"squared_error", "absolute_error", "huber", "quantile", "poisson", "gaussian", "student_t", "negative_binomial"}, default='squared_error'
        The loss: the squared error predicts the mean; the absolute error, the median; the
        Huber loss, a mean that is robust against outliers beyond one standard deviation;
        the pinball loss ("quantile"), the quantiles given by ``quantile``; the Poisson
        deviance, the rate of counts (targets must be at least zero). The last three are
        the negative log-likelihood of a distribution, whose mean is predicted, and its
        standard deviation, quantiles and samples if asked for: normal; Student's t, for
        heavy tails (Lange, Little and Taylor, 1989); or negative binomial, for counts
        (whole numbers) whose variance exceeds the mean (Hilbe, 2011).
    quantile : float or tuple of float, default=0.5
        The quantile that the "quantile" loss predicts, in (0, 1); or several, in
        increasing order, which are then the last axis of predictions. They never
        cross.
    lr : float, default=0.005
        Learning rate.
    max_epochs : int or "auto", default=50
        Maximum number of passes over the training sequences. "auto": 50, or as
        many as make 1500 mini-batches if that is more, but at most 500;
        few sequences need more passes.
    batch_size : int, "auto" or None, default=16
        Number of sequences per mini-batch; None for full batches. "auto": a tenth of the
        training sequences, but at least 8 and at most 64.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        The optimizer.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Learning rate schedule: constant, cosine annealing to zero, or halved whenever the
        loss (on the validation set, if there is one) has not improved for 5 epochs.
    lr_warmup : float, default=0.0
        Share of ``max_epochs``, in [0, 1), in which the learning rate rises linearly to
        ``lr``, before a constant or cosine schedule begins (Goyal et al., 2017).
    weight_decay : float, default=0.0
        Weight decay, as defined by the optimizer.
    average_weights : {"ema", "swa"} or None, default=None
        Predict with a mean of the weights along the training instead of the last ones:
        "ema", an exponential moving average over all mini-batches, corrected for its
        beginning (Polyak and Juditsky, 1992); "swa", the mean at the ends of the last
        quarter of ``max_epochs`` (stochastic weight averaging; Izmailov et al., 2018).
        The validation loss and ``scoring`` are those of the mean, and so is what is
        stored and what a warm start begins with. Ignored by ``partial_fit``.
    ema_decay : float, default=0.99
        Decay per mini-batch of ``average_weights="ema"``, in (0, 1): the mean is over
        some ``1 / (1 - ema_decay)`` mini-batches.
    gradient_clip : float or None, default=1.0
        Maximum norm of the gradient; larger gradients are clipped.
    early_stopping : bool, default=False
        Whether to hold out a validation set, or take that given to fit, stop when its
        loss or ``scoring`` no longer improves, and keep the best weights.
    validation_split : {"auto", "random", "last"} or splitter, default='auto'
        What early stopping holds out. "random": stratified by class, or whole groups if
        fit gets ``groups``. "last": the last sequences of X, which must be in time order;
        of windows that overlap, the last ones of the table, and windows that share rows
        with them (a target is taken to cover as many rows after its window as it has
        outputs) are not used at all. "auto": "last" for windows that overlap, which are
        views of one table (as of SlidingWindow and make_windows), unless fit gets
        ``groups``; else "random". Of a splitter of scikit-learn, its last split.
    validation_fraction : float, default=0.1
        Proportion of the sequences in the validation set of early stopping, in
        (0, 1).
    scoring : str, callable or None, default=None
        Score of the validation set that early stopping watches, ``valid_score`` in
        ``history_``: a name of scikit-learn's scorers, such as "roc_auc" (for predictions
        of every step, over the steps of all sequences), or a function
        ``scorer(estimator, X, y)`` for which greater is better. None for the loss.
    patience : int or "auto", default=10
        Number of epochs without improvement before early stopping. "auto": a fifth of
        ``max_epochs``, but at least 10, since the epochs of few sequences are
        short.
    standardize : bool, default=True
        Whether to standardise each channel, and the targets of a regressor, by mean and
        standard deviation of the training data: with ``partial_fit``, those of all calls
        so far. A 2-D X has one channel. Token ids are not scaled.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps); likewise for the arrays of a list.
    random_state : int, RandomState instance or None, default=None
        Controls the initial weights, mini-batches, dropout, ``augment`` and the
        validation split. Pass an int for bitwise identical results of repeated fits.
    n_jobs : int or None, default=None
        Number of threads in fit and predict: None for one, -1 for all cores. The last
        digits of float32 training depend on it unless compiled kernels train.
    device : str, default='auto'
        Device of the network: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if one
        is available.
    dtype : {"float32", "float64"}, default='float32'
        Dtype of the network.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward pass in training, by torch's autocast.
        Weights, loss and optimizer steps stay in float32, and so do recurrent layers on
        a CPU, where this is faster. With "float16" the loss is scaled, and steps with an
        infinite gradient are skipped. Predictions and the validation loss are in full
        precision. Not supported with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Callbacks of the training. To end it after an epoch, a callback sets
        ``net.stop_requested = True`` in ``on_epoch_end``; the fit then counts as
        finished.
    net_params : dict or None, default=None
        Further parameters of :class:`skorch.NeuralNet`: those of the optimizer, such as
        ``{"optimizer__betas": (0.9, 0.99)}``, of callbacks (``callbacks__<name>``,
        ``callbacks__<name>__<parameter>``), ``compile``, and hyperparameters of the
        training, which they override. What an estimator sets itself is refused.
    checkpoint : str, path or None, default=None
        File in which fit saves its progress after every epoch. When an interrupted fit is
        called again with the same data and hyperparameters, it resumes from there, and
        the final network is bitwise identical; a completed fit is not repeated. A file
        belongs to one fit. In a directory (an existing one, or a path with a separator
        at the end) there is a file for each fit, as needed by searches.
    warm_start : bool, default=False
        Whether fit continues from the weights of the last fit.
    verbose : int, default=0
        Print a line per epoch if above zero.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Number of columns of a 2-D X, else number of channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, or of sequences that are DataFrames, if all are text.
        Later X must have the same, in the same order.
    n_epochs_ : int
        Number of epochs trained.
    history_ : list of dict
        ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and ``duration`` (in
        seconds) of each epoch, ``valid_score`` with ``scoring``, and the numbers that
        callbacks record in ``net_.history``.

    See Also
    --------
    ConvLSTMClassifier : Predicts classes of videos.

    References
    ----------
    Shi et al. (2015), Convolutional LSTM network: a machine learning approach for
    precipitation nowcasting. NeurIPS.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import ConvLSTMRegressor
    >>> videos = np.zeros((60, 8, 8, 8), dtype=np.float32)
    >>> for i, video in enumerate(videos):
    ...     for t in range(8):
    ...         video[t, (i + t) % 8, i % 7] = 1
    >>> X, y = videos[:, :5], videos[:, 5:]
    >>> model = ConvLSTMRegressor(hidden_size=8, lr=0.02, max_epochs=10, random_state=0)
    >>> model.fit(X[:50], y[:50]).predict(X[50:]).shape
    (10, 3, 8, 8)
    """

    def __init__(
        self,
        *,
        hidden_size: int | Sequence[int] = 64,
        num_layers: int | None = None,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        kernel_size: int | Sequence[int | Sequence[int]] = 3,
        patch_size: int = 1,
        peephole: bool = False,
        pooling: str = "max",
        pooling_segments: int = 1,
        loss: str = "squared_error",
        quantile: float | Sequence[float] = 0.5,
        lr: float = 0.005,
        max_epochs: int | str = 50,
        batch_size: int | str | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        lr_warmup: float = 0.0,
        weight_decay: float = 0.0,
        average_weights: str | None = None,
        ema_decay: float = 0.99,
        gradient_clip: float | None = 1.0,
        early_stopping: bool = False,
        validation_split: Any = "auto",
        validation_fraction: float = 0.1,
        scoring: str | Callable[..., float] | None = None,
        patience: int | str = 10,
        standardize: bool = True,
        data_format: str = "channels_last",
        random_state: RandomState = None,
        n_jobs: int | None = None,
        device: str = "auto",
        dtype: str = "float32",
        mixed_precision: str | None = None,
        callbacks: Sequence[Any] | None = None,
        net_params: dict[str, Any] | None = None,
        checkpoint: PathLike | None = None,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None: ...
    def set_fit_request(
        self,
        *,
        X_val: bool | str | None = ...,
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
        y_val: bool | str | None = ...,
    ) -> Self: ...
    def set_partial_fit_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...
    def set_predict_request(
        self,
        *,
        quantiles: bool | str | None = ...,
        return_std: bool | str | None = ...,
    ) -> Self: ...
    def set_score_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...

class RecurrentTranscriber(_OfSklearn, AnyCell, TranscriptEstimator):
    r"""Transcribe sequences of signals, such as speech, without any alignment.

    y is a list of strings, or of lists of labels, of any length from one on; ``predict``
    returns the same form. Nothing says which steps a label belongs to: at each frame the
    network gives probabilities of the labels and of a blank, and the likelihood of a
    transcript is the sum over all paths that merging repeats and removing blanks turns
    into it (connectionist temporal classification):

    .. math:: p(y \mid x) = \sum_{\pi \to y} \prod_t p_t(\pi_t)

    A frame is a step or, with ``conv_stride``, a block of steps. A transcript needs a
    frame for each label, and one more between equal neighbours. The loss is the mean over
    sequences of the negative log likelihood per label. In the first epochs it often lies
    still, while the network predicts blanks alone: with ``early_stopping`` set
    ``patience`` to more than ten.

    With a causal network, ``open_stream().step`` returns the labels that a step adds, a
    string or a list that is often empty; in the end they are those of ``predict`` with
    ``beam_size=1``, but for the last block of a stride if it is incomplete. So are those
    of ``to_numpy`` and ``to_onnx``. ONNX files have the outputs ``label``, int64 (batch,
    frames), positions in ``classes_`` followed by -1, and ``probabilities`` (batch,
    frames, 1 + n_classes), undefined after the last frame.

    ``scoring`` by a name of scikit-learn, such as "accuracy", needs strings.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru", "mingru", "minlstm", "indrnn", "qrnn"}, default='lstm'
        Recurrent cell: simple (Elman, 1990), LSTM or GRU; minimal GRU or LSTM, whose
        gates read only the input (Feng et al., 2024); independently recurrent, where a
        unit reads only its own state (Li et al., 2018); or quasi-recurrent, an LSTM
        whose gates do not read the hidden state (Bradbury et al., 2017).
    hidden_size : int or tuple of int, default=64
        Number of units of each recurrent layer and direction, for all layers or one per
        layer: ``(12, 6)`` is two layers.
    num_layers : int or None, default=None
        Number of stacked recurrent layers; None for as many as ``hidden_size`` has
        values.
    bidirectional : bool, default=False
        Whether to also read every sequence in reverse. If False, the network is causal:
        no state depends on a later step.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How to merge the outputs of the two directions of a layer.
    dropout : float, default=0.0
        Dropout probability between recurrent layers and before the head, in [0, 1).
    layer_norm : bool, default=False
        Apply layer normalization, at every step, to the products of the weights of
        recurrent layers with their inputs (Ba, Kiros and Hinton, 2016). Deep networks
        learn faster.
    residual : bool, default=False
        Residual connections: add the input of every recurrent layer but the first to its
        output. Both must have the same width.
    recurrent_dropout : float, default=0.0
        Dropout probability in [0, 1) of the hidden state that the gates read, with one
        mask for all steps of a sequence (Gal and Ghahramani, 2016). Must be 0 with
        ``bptt_steps`` and for cells whose gates do not read the hidden state.
    memory_steps : float or None, default=None
        Longest time scale, in steps: gates are initialised with biases for time scales
        between one step and this number (chrono initialisation; Tallec and Ollivier,
        2018). The length of the sequences is a good value. None: the biases of the
        cell.
    conv_channels : tuple of int, default=()
        Output channels of the convolutions before the recurrence, one per layer.
    conv_kernel_size : int or tuple of int, default=5
        Kernel sizes of these convolutions in steps, at most what strides leave of the
        longest sequence in fit; shorter ones are padded with zeros.
    conv_stride : int or tuple of int, default=1
        Strides of these convolutions: a stride of s reduces s steps to one. Some steps
        are never read if the stride exceeds the kernel size.
    parallel_channels : tuple of int, default=()
        Output channels of the convolutions parallel to the recurrence, whose mean over
        time is concatenated to its output before the head: ``(128, 256, 128)`` makes an
        LSTM-FCN.
    parallel_kernel_size : int, tuple of int or tuple of tuples, default=(8, 5, 3)
        Kernel sizes of the parallel convolutions in steps. Several sizes for a layer are
        kernels side by side, among which its channels are divided: six layers of
        ``(40, 20, 10)`` with ``parallel_residual=3`` and ``parallel_bottleneck=32`` make
        a branch like InceptionTime (Ismail Fawaz et al., 2020), without its max
        pooling.
    parallel_stride : int, tuple of int or "auto", default=1
        Strides of the parallel convolutions. No stride may exceed what the strides before
        it leave of the shortest sequence in fit. "auto": as long as the median length of
        the training sequences, over all strides, is at least 256, the first layer's
        stride is doubled, then that of the next, first to at most half its kernel size
        (the smallest of several), then to at most all of it; a layer with a dilation
        keeps a stride of 1. So 128 to 255 steps are left of a long sequence, and every
        step is read.
    parallel_dilation : int or tuple of int, default=1
        Dilations of the parallel convolutions: a kernel of k steps with a dilation of d
        reads every d-th of (k - 1) d + 1 steps (Yu and Koltun, 2016), so the steps seen
        grow fast with the layers in ``(1, 2, 4, 8)``. None may exceed what strides leave
        of the longest sequence in fit.
    parallel_residual : int or None, default=None
        Number of parallel layers after which their input is added to their output (He et
        al., 2016), 3 in the ResNet of Wang, Yan and Oates (2017); also for the layers
        that are left at the end. Where channels or steps differ, the input is mapped by a
        convolution of one step and normalised. None for no such connections.
    parallel_bottleneck : int or None, default=None
        Channels to which a product reduces the input of each parallel layer that reads
        more; None for no such reduction. Long kernels then take less time.
    parallel_squeeze : int or None, default=None
        Reduction of a squeeze-and-excitation behind each parallel layer: a gate for each
        channel, which reads the mean of all channels through this many times fewer units
        (Hu, Shen and Sun, 2018; 16 in the MLSTM-FCN of Karim et al., 2019). In a causal
        network the mean is over the steps so far. None for no gates.
    recurrent_output_dropout : float, default=0.0
        Dropout probability in [0, 1) of the output of the recurrence alone, before that
        of the parallel convolutions is joined to it (Karim et al., 2018, drop 80 % of few
        units). ``dropout`` before the head applies to both.
    embedding_dim : int or None, default=None
        Size of the embedding vectors of tokens. If given, X holds token ids, as made by
        :class:`sksequence.preprocessing.SequenceTokenizer`: one per step, starting at 0,
        the unknown token. Dropout is also applied to the embedding vectors.
    num_embeddings : int or None, default=None
        Number of tokens; None for one more than the largest id in fit. Tokens that are
        not in the training sequences are read as the unknown token.
    missing : {"error", "mask", "decay"}, default='error'
        How to treat NaN in X. "error" raises an error. "mask" replaces NaN by the mean of
        the channel, and appends a mask for every channel that is one where it was
        observed and zero elsewhere. "decay" appends the same masks, but replaces NaN by
        the last observation, decayed towards the mean at a learnt rate for each channel;
        without ``conv_channels`` the state of the first recurrent layer decays likewise
        (GRU-D of Che et al., 2018, with any cell). The loop over steps is then in Python,
        which is slower: an epoch of a GRU or SimpleRNN takes about 1.5 times as long, of
        an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity always raises an
        error.
    time_channel : int or None, default=None
        With ``missing="decay"``, position of the channel that holds the time of each
        step, in any unit and from any origin. The time determines the decay and is used
        for nothing else; None for a time of one between steps. Ignored with other values
        of ``missing``.
    categorical_features : "from_dtype", list of int, str or bool, or None, default='from_dtype'
        The channels that hold categories, whose levels are embedded. "from_dtype": those
        of sequences that are DataFrames with columns of text, also as categories of
        pandas or polars. A list names channels, also of numbers: their positions or
        names, or a mask. None: text is refused. Static columns of text are embedded
        likewise, unless None. Levels that are not in the training sequences, and missing
        ones, are read as one unknown level; ``partial_fit`` knows those of its first
        call.
    category_dim : int or None, default=None
        Size of the vectors of categories; None for min(50, round(1.6 n^0.56)) of n levels
        (the rule of fastai).
    beam_size : int, default=1
        Number of beginnings of answers that ``predict`` keeps in a beam search for the
        most probable answer. 1: always the most probable next label or, of a transcriber,
        the labels of the most probable path, which is much faster. For a transcriber a
        beginning counts with all of its alignments (Hannun et al., 2014).
    lr : float, default=0.005
        Learning rate.
    max_epochs : int or "auto", default=50
        Maximum number of passes over the training sequences. "auto": 50, or as
        many as make 1500 mini-batches if that is more, but at most 500;
        few sequences need more passes.
    batch_size : int, "auto" or None, default=16
        Number of sequences per mini-batch; None for full batches. "auto": a tenth of the
        training sequences, but at least 8 and at most 64.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        The optimizer.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Learning rate schedule: constant, cosine annealing to zero, or halved whenever the
        loss (on the validation set, if there is one) has not improved for 5 epochs.
    lr_warmup : float, default=0.0
        Share of ``max_epochs``, in [0, 1), in which the learning rate rises linearly to
        ``lr``, before a constant or cosine schedule begins (Goyal et al., 2017).
    weight_decay : float, default=0.0
        Weight decay, as defined by the optimizer.
    average_weights : {"ema", "swa"} or None, default=None
        Predict with a mean of the weights along the training instead of the last ones:
        "ema", an exponential moving average over all mini-batches, corrected for its
        beginning (Polyak and Juditsky, 1992); "swa", the mean at the ends of the last
        quarter of ``max_epochs`` (stochastic weight averaging; Izmailov et al., 2018).
        The validation loss and ``scoring`` are those of the mean, and so is what is
        stored and what a warm start begins with. Ignored by ``partial_fit``.
    ema_decay : float, default=0.99
        Decay per mini-batch of ``average_weights="ema"``, in (0, 1): the mean is over
        some ``1 / (1 - ema_decay)`` mini-batches.
    gradient_clip : float or None, default=1.0
        Maximum norm of the gradient; larger gradients are clipped.
    bptt_steps : int or None, default=None
        Number of time steps per chunk for truncated backpropagation through time (Williams
        and Peng, 1990): a sequence is trained on in chunks; the state is carried over from
        one chunk to the next, gradients are not.
        For sequences that are too long to train on as a whole: beside a vector for
        each step, training keeps in memory what it needs of one chunk, and computes each
        chunk twice. Needs ``bidirectional=False``.
    augment : str, tuple of str, dict of str to float, or None, default=None
        Random changes of the training sequences, drawn anew in each epoch: names, or
        names and strengths. They are made of standardised channels, in this order. "crop"
        keeps a window at a random position, without this share of the steps
        (0.1; Le Guennec et al., 2016). "warp" varies the speed of time
        between both ends, by this standard deviation of its logarithm
        (0.2), "scale" multiplies each channel of a sequence by a factor
        about one of this deviation (0.1), and "jitter" adds noise of
        this deviation to each value (0.03; Um et al., 2017). "mixup"
        replaces each sequence and its target by a weighted mean with another one, that
        is stretched to its length, with weights of the beta distribution of this
        parameter (0.2; Zhang et al., 2018). NaN stays NaN. Not for
        tokens and categories; only "scale" and "jitter" where steps have targets, and
        with them "warp" for transcripts and translations; only "jitter" for detectors.
    early_stopping : bool, default=False
        Whether to hold out a validation set, or take that given to fit, stop when its
        loss or ``scoring`` no longer improves, and keep the best weights.
    validation_split : {"auto", "random", "last"} or splitter, default='auto'
        What early stopping holds out. "random": stratified by class, or whole groups if
        fit gets ``groups``. "last": the last sequences of X, which must be in time order;
        of windows that overlap, the last ones of the table, and windows that share rows
        with them (a target is taken to cover as many rows after its window as it has
        outputs) are not used at all. "auto": "last" for windows that overlap, which are
        views of one table (as of SlidingWindow and make_windows), unless fit gets
        ``groups``; else "random". Of a splitter of scikit-learn, its last split.
    validation_fraction : float, default=0.1
        Proportion of the sequences in the validation set of early stopping, in
        (0, 1).
    scoring : str, callable or None, default=None
        Score of the validation set that early stopping watches, ``valid_score`` in
        ``history_``: a name of scikit-learn's scorers, such as "roc_auc" (for predictions
        of every step, over the steps of all sequences), or a function
        ``scorer(estimator, X, y)`` for which greater is better. None for the loss.
    patience : int or "auto", default=10
        Number of epochs without improvement before early stopping. "auto": a fifth of
        ``max_epochs``, but at least 10, since the epochs of few sequences are
        short.
    standardize : bool, default=True
        Whether to standardise each channel, and the targets of a regressor, by mean and
        standard deviation of the training data: with ``partial_fit``, those of all calls
        so far. A 2-D X has one channel. Token ids are not scaled.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps); likewise for the arrays of a list.
    random_state : int, RandomState instance or None, default=None
        Controls the initial weights, mini-batches, dropout, ``augment`` and the
        validation split. Pass an int for bitwise identical results of repeated fits.
    n_jobs : int or None, default=None
        Number of threads in fit and predict: None for one, -1 for all cores. The last
        digits of float32 training depend on it unless compiled kernels train.
    device : str, default='auto'
        Device of the network: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if one
        is available.
    dtype : {"float32", "float64"}, default='float32'
        Dtype of the network.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward pass in training, by torch's autocast.
        Weights, loss and optimizer steps stay in float32, and so do recurrent layers on
        a CPU, where this is faster. With "float16" the loss is scaled, and steps with an
        infinite gradient are skipped. Predictions and the validation loss are in full
        precision. Not supported with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Callbacks of the training. To end it after an epoch, a callback sets
        ``net.stop_requested = True`` in ``on_epoch_end``; the fit then counts as
        finished.
    net_params : dict or None, default=None
        Further parameters of :class:`skorch.NeuralNet`: those of the optimizer, such as
        ``{"optimizer__betas": (0.9, 0.99)}``, of callbacks (``callbacks__<name>``,
        ``callbacks__<name>__<parameter>``), ``compile``, and hyperparameters of the
        training, which they override. What an estimator sets itself is refused.
    checkpoint : str, path or None, default=None
        File in which fit saves its progress after every epoch. When an interrupted fit is
        called again with the same data and hyperparameters, it resumes from there, and
        the final network is bitwise identical; a completed fit is not repeated. A file
        belongs to one fit. In a directory (an existing one, or a path with a separator
        at the end) there is a file for each fit, as needed by searches.
    warm_start : bool, default=False
        Whether fit continues from the weights of the last fit.
    verbose : int, default=0
        Print a line per epoch if above zero.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Number of columns of a 2-D X, else number of channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, or of sequences that are DataFrames, if all are text.
        Later X must have the same, in the same order.
    n_epochs_ : int
        Number of epochs trained.
    history_ : list of dict
        ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and ``duration`` (in
        seconds) of each epoch, ``valid_score`` with ``scoring``, and the numbers that
        callbacks record in ``net_.history``.
    classes_ : ndarray of shape (n_classes,)
        The labels; of strings, their characters.
    n_static_features_in_ : int
        Number of static covariates; 0 if X is not a table with a column of sequences.

    See Also
    --------
    RecurrentTagger : Predicts a label for every step.
    RecurrentClassifier : Predicts one class for the whole sequence.

    References
    ----------
    Graves, Fernandez, Gomez and Schmidhuber (2006), Connectionist temporal
    classification: labelling unsegmented sequence data with recurrent neural networks.
    ICML.
    Hannun, Maas, Jurafsky and Ng (2014), First-pass large vocabulary continuous speech
    recognition using bi-directional recurrent DNNs. arXiv.

    Examples
    --------
    Three sounds, each for some steps of noise; nobody says where they are:

    >>> import numpy as np
    >>> from sksequence import RecurrentTranscriber
    >>> rng = np.random.default_rng(0)
    >>> y = ["".join(rng.choice(list("abc"), n)) for n in rng.integers(1, 5, 160)]
    >>> def sound(letter):
    ...     steps = np.zeros((rng.integers(3, 6), 3))
    ...     steps[:-1, "abc".index(letter)] = 1
    ...     return steps + rng.normal(scale=0.1, size=steps.shape)
    >>> X = [np.concatenate([sound(letter) for letter in word]) for word in y]
    >>> model = RecurrentTranscriber(
    ...     hidden_size=32, lr=0.02, max_epochs=30, random_state=0
    ... )
    >>> model.fit(X[:120], y[:120]).score(X[120:], y[120:]) > 0.8
    True
    >>> model.predict(X[:3]), y[:3]
    (array(['ccbb', 'bba', 'cab'], dtype=object), ['ccbb', 'bba', 'cab'])
    >>> model.align(X[:1], y[:1])[0].shape  # first and last frame of each letter
    (4, 2)
    """

    def __init__(
        self,
        *,
        cell: str = "lstm",
        hidden_size: int | Sequence[int] = 64,
        num_layers: int | None = None,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        layer_norm: bool = False,
        residual: bool = False,
        recurrent_dropout: float = 0.0,
        memory_steps: float | None = None,
        conv_channels: Sequence[int] = (),
        conv_kernel_size: int | Sequence[int] = 5,
        conv_stride: int | Sequence[int] = 1,
        parallel_channels: Sequence[int] = (),
        parallel_kernel_size: int | Sequence[int | Sequence[int]] = (8, 5, 3),
        parallel_stride: int | Sequence[int] | str = 1,
        parallel_dilation: int | Sequence[int] = 1,
        parallel_residual: int | None = None,
        parallel_bottleneck: int | None = None,
        parallel_squeeze: int | None = None,
        recurrent_output_dropout: float = 0.0,
        embedding_dim: int | None = None,
        num_embeddings: int | None = None,
        missing: str = "error",
        time_channel: int | None = None,
        categorical_features: Sequence[Any] | str | None = "from_dtype",
        category_dim: int | None = None,
        beam_size: int = 1,
        lr: float = 0.005,
        max_epochs: int | str = 50,
        batch_size: int | str | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        lr_warmup: float = 0.0,
        weight_decay: float = 0.0,
        average_weights: str | None = None,
        ema_decay: float = 0.99,
        gradient_clip: float | None = 1.0,
        bptt_steps: int | None = None,
        augment: str | Sequence[str] | Mapping[str, float] | None = None,
        early_stopping: bool = False,
        validation_split: Any = "auto",
        validation_fraction: float = 0.1,
        scoring: str | Callable[..., float] | None = None,
        patience: int | str = 10,
        standardize: bool = True,
        data_format: str = "channels_last",
        random_state: RandomState = None,
        n_jobs: int | None = None,
        device: str = "auto",
        dtype: str = "float32",
        mixed_precision: str | None = None,
        callbacks: Sequence[Any] | None = None,
        net_params: dict[str, Any] | None = None,
        checkpoint: PathLike | None = None,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None: ...
    def set_fit_request(
        self,
        *,
        X_val: bool | str | None = ...,
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
        y_val: bool | str | None = ...,
    ) -> Self: ...
    def set_partial_fit_request(
        self,
        *,
        classes: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...
    def set_predict_request(
        self,
        *,
        lexicon: bool | str | None = ...,
    ) -> Self: ...
    def set_score_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...

class RecurrentTranslator(_OfSklearn, Pooling, AnyCell, TranslationEstimator):
    r"""Translate sequences to strings or lists of labels of any length and order.

    y is a list of strings, or of lists of labels, of any length from one on; ``predict``
    returns the same form. Numbers are read as they are, tokens with ``embedding_dim``:
    strings become tokens by :class:`~sksequence.preprocessing.SequenceTokenizer`.

    An encoder reads the sequence, best with ``bidirectional=True``, and a decoder says
    label after label until it says the end, each with a probability given those before:

    .. math:: p(y \mid x) = \prod_t p(y_t \mid y_1, \dots, y_{t-1}, x)

    The first layer of the decoder starts from a learnt map of the pooled encoder, and
    reads the labels; its outputs attend to the steps of the encoder, and further layers
    read both. As nothing is fed back, all labels are read at once in training, by the
    compiled kernels that also run the encoder. The loss is the mean over sequences of the
    cross entropy per label, with the end as one more label.

    Answers are ranked by their probability, whatever their length. Those of ``to_numpy``
    and ``to_onnx`` are those of ``predict`` with ``beam_size=1``. ONNX files have the
    output ``label``, int64 (batch, max_length), positions in ``classes_`` and then -1.

    ``scoring`` by a name of scikit-learn, such as "accuracy", needs strings.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru", "mingru", "minlstm", "indrnn", "qrnn"}, default='lstm'
        Recurrent cell: simple (Elman, 1990), LSTM or GRU; minimal GRU or LSTM, whose
        gates read only the input (Feng et al., 2024); independently recurrent, where a
        unit reads only its own state (Li et al., 2018); or quasi-recurrent, an LSTM
        whose gates do not read the hidden state (Bradbury et al., 2017).
    hidden_size : int or tuple of int, default=64
        Number of units of each recurrent layer and direction, for all layers or one per
        layer: ``(12, 6)`` is two layers.
    num_layers : int or None, default=None
        Number of stacked recurrent layers; None for as many as ``hidden_size`` has
        values.
    bidirectional : bool, default=False
        Whether to also read every sequence in reverse. If False, the network is causal:
        no state depends on a later step.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How to merge the outputs of the two directions of a layer.
    dropout : float, default=0.0
        Dropout probability between recurrent layers and before the head, in [0, 1).
    layer_norm : bool, default=False
        Apply layer normalization, at every step, to the products of the weights of
        recurrent layers with their inputs (Ba, Kiros and Hinton, 2016). Deep networks
        learn faster.
    residual : bool, default=False
        Residual connections: add the input of every recurrent layer but the first to its
        output. Both must have the same width.
    recurrent_dropout : float, default=0.0
        Dropout probability in [0, 1) of the hidden state that the gates read, with one
        mask for all steps of a sequence (Gal and Ghahramani, 2016). Must be 0 with
        ``bptt_steps`` and for cells whose gates do not read the hidden state.
    memory_steps : float or None, default=None
        Longest time scale, in steps: gates are initialised with biases for time scales
        between one step and this number (chrono initialisation; Tallec and Ollivier,
        2018). The length of the sequences is a good value. None: the biases of the
        cell.
    conv_channels : tuple of int, default=()
        Output channels of the convolutions before the recurrence, one per layer.
    conv_kernel_size : int or tuple of int, default=5
        Kernel sizes of these convolutions in steps, at most what strides leave of the
        longest sequence in fit; shorter ones are padded with zeros.
    conv_stride : int or tuple of int, default=1
        Strides of these convolutions: a stride of s reduces s steps to one. Some steps
        are never read if the stride exceeds the kernel size.
    parallel_channels : tuple of int, default=()
        Output channels of the convolutions parallel to the recurrence, whose mean over
        time is concatenated to its output before the head: ``(128, 256, 128)`` makes an
        LSTM-FCN.
    parallel_kernel_size : int, tuple of int or tuple of tuples, default=(8, 5, 3)
        Kernel sizes of the parallel convolutions in steps. Several sizes for a layer are
        kernels side by side, among which its channels are divided: six layers of
        ``(40, 20, 10)`` with ``parallel_residual=3`` and ``parallel_bottleneck=32`` make
        a branch like InceptionTime (Ismail Fawaz et al., 2020), without its max
        pooling.
    parallel_stride : int, tuple of int or "auto", default=1
        Strides of the parallel convolutions. No stride may exceed what the strides before
        it leave of the shortest sequence in fit. "auto": as long as the median length of
        the training sequences, over all strides, is at least 256, the first layer's
        stride is doubled, then that of the next, first to at most half its kernel size
        (the smallest of several), then to at most all of it; a layer with a dilation
        keeps a stride of 1. So 128 to 255 steps are left of a long sequence, and every
        step is read.
    parallel_dilation : int or tuple of int, default=1
        Dilations of the parallel convolutions: a kernel of k steps with a dilation of d
        reads every d-th of (k - 1) d + 1 steps (Yu and Koltun, 2016), so the steps seen
        grow fast with the layers in ``(1, 2, 4, 8)``. None may exceed what strides leave
        of the longest sequence in fit.
    parallel_residual : int or None, default=None
        Number of parallel layers after which their input is added to their output (He et
        al., 2016), 3 in the ResNet of Wang, Yan and Oates (2017); also for the layers
        that are left at the end. Where channels or steps differ, the input is mapped by a
        convolution of one step and normalised. None for no such connections.
    parallel_bottleneck : int or None, default=None
        Channels to which a product reduces the input of each parallel layer that reads
        more; None for no such reduction. Long kernels then take less time.
    parallel_squeeze : int or None, default=None
        Reduction of a squeeze-and-excitation behind each parallel layer: a gate for each
        channel, which reads the mean of all channels through this many times fewer units
        (Hu, Shen and Sun, 2018; 16 in the MLSTM-FCN of Karim et al., 2019). In a causal
        network the mean is over the steps so far. None for no gates.
    recurrent_output_dropout : float, default=0.0
        Dropout probability in [0, 1) of the output of the recurrence alone, before that
        of the parallel convolutions is joined to it (Karim et al., 2018, drop 80 % of few
        units). ``dropout`` before the head applies to both.
    pooling : {"last", "mean", "max", "attention"}, default='max'
        How to pool the steps of a sequence: the final state of each direction, the mean
        or maximum over the steps, or a mean with attention weights.
    pooling_segments : int, default=1
        Number of equal parts of each sequence that are pooled one by one, and
        concatenated, which keeps the place of what is found (as in the spatial pyramids
        of Lazebnik, Schmid and Ponce, 2006). Applies to the recurrence, unless
        ``pooling="last"``, and to the mean of parallel convolutions. Parts share a step
        if their number does not divide that of the steps. Such a network predicts from
        whole sequences only: it has no streams.
    embedding_dim : int or None, default=None
        Size of the embedding vectors of tokens. If given, X holds token ids, as made by
        :class:`sksequence.preprocessing.SequenceTokenizer`: one per step, starting at 0,
        the unknown token. Dropout is also applied to the embedding vectors.
    num_embeddings : int or None, default=None
        Number of tokens; None for one more than the largest id in fit. Tokens that are
        not in the training sequences are read as the unknown token.
    missing : {"error", "mask", "decay"}, default='error'
        How to treat NaN in X. "error" raises an error. "mask" replaces NaN by the mean of
        the channel, and appends a mask for every channel that is one where it was
        observed and zero elsewhere. "decay" appends the same masks, but replaces NaN by
        the last observation, decayed towards the mean at a learnt rate for each channel;
        without ``conv_channels`` the state of the first recurrent layer decays likewise
        (GRU-D of Che et al., 2018, with any cell). The loop over steps is then in Python,
        which is slower: an epoch of a GRU or SimpleRNN takes about 1.5 times as long, of
        an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity always raises an
        error.
    time_channel : int or None, default=None
        With ``missing="decay"``, position of the channel that holds the time of each
        step, in any unit and from any origin. The time determines the decay and is used
        for nothing else; None for a time of one between steps. Ignored with other values
        of ``missing``.
    categorical_features : "from_dtype", list of int, str or bool, or None, default='from_dtype'
        The channels that hold categories, whose levels are embedded. "from_dtype": those
        of sequences that are DataFrames with columns of text, also as categories of
        pandas or polars. A list names channels, also of numbers: their positions or
        names, or a mask. None: text is refused. Static columns of text are embedded
        likewise, unless None. Levels that are not in the training sequences, and missing
        ones, are read as one unknown level; ``partial_fit`` knows those of its first
        call.
    category_dim : int or None, default=None
        Size of the vectors of categories; None for min(50, round(1.6 n^0.56)) of n levels
        (the rule of fastai).
    target_embedding_dim : int, default=64
        Size of the embedding vectors of labels, which the decoder both reads and
        compares its outputs with.
    decoder_hidden_size : int, default=64
        Number of units of each layer of the decoder.
    decoder_layers : int, default=2
        Number of layers of the decoder, at most 64. The first reads the labels so far,
        and further ones also what attention has read.
    attention : bool, default=True
        Whether the decoder attends to the steps of the sequence. If False, all that it
        knows of them is its initial state, which only suffices for short answers.
    beam_size : int, default=1
        Number of beginnings of answers that ``predict`` keeps in a beam search for the
        most probable answer. 1: always the most probable next label or, of a transcriber,
        the labels of the most probable path, which is much faster. For a transcriber a
        beginning counts with all of its alignments (Hannun et al., 2014).
    max_length : int or None, default=None
        Maximum number of labels of an answer; None for twice as many as the longest
        target in fit.
    label_smoothing : float, default=0.1
        Share of the probability of each true label, in [0, 1), that training spreads over
        all labels (Szegedy et al., 2016); where each of several labels is true or not,
        over both. ``valid_loss`` is without.
    lr : float, default=0.005
        Learning rate.
    max_epochs : int or "auto", default=50
        Maximum number of passes over the training sequences. "auto": 50, or as
        many as make 1500 mini-batches if that is more, but at most 500;
        few sequences need more passes.
    batch_size : int, "auto" or None, default=16
        Number of sequences per mini-batch; None for full batches. "auto": a tenth of the
        training sequences, but at least 8 and at most 64.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        The optimizer.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Learning rate schedule: constant, cosine annealing to zero, or halved whenever the
        loss (on the validation set, if there is one) has not improved for 5 epochs.
    lr_warmup : float, default=0.0
        Share of ``max_epochs``, in [0, 1), in which the learning rate rises linearly to
        ``lr``, before a constant or cosine schedule begins (Goyal et al., 2017).
    weight_decay : float, default=0.0
        Weight decay, as defined by the optimizer.
    average_weights : {"ema", "swa"} or None, default=None
        Predict with a mean of the weights along the training instead of the last ones:
        "ema", an exponential moving average over all mini-batches, corrected for its
        beginning (Polyak and Juditsky, 1992); "swa", the mean at the ends of the last
        quarter of ``max_epochs`` (stochastic weight averaging; Izmailov et al., 2018).
        The validation loss and ``scoring`` are those of the mean, and so is what is
        stored and what a warm start begins with. Ignored by ``partial_fit``.
    ema_decay : float, default=0.99
        Decay per mini-batch of ``average_weights="ema"``, in (0, 1): the mean is over
        some ``1 / (1 - ema_decay)`` mini-batches.
    gradient_clip : float or None, default=1.0
        Maximum norm of the gradient; larger gradients are clipped.
    augment : str, tuple of str, dict of str to float, or None, default=None
        Random changes of the training sequences, drawn anew in each epoch: names, or
        names and strengths. They are made of standardised channels, in this order. "crop"
        keeps a window at a random position, without this share of the steps
        (0.1; Le Guennec et al., 2016). "warp" varies the speed of time
        between both ends, by this standard deviation of its logarithm
        (0.2), "scale" multiplies each channel of a sequence by a factor
        about one of this deviation (0.1), and "jitter" adds noise of
        this deviation to each value (0.03; Um et al., 2017). "mixup"
        replaces each sequence and its target by a weighted mean with another one, that
        is stretched to its length, with weights of the beta distribution of this
        parameter (0.2; Zhang et al., 2018). NaN stays NaN. Not for
        tokens and categories; only "scale" and "jitter" where steps have targets, and
        with them "warp" for transcripts and translations; only "jitter" for detectors.
    early_stopping : bool, default=False
        Whether to hold out a validation set, or take that given to fit, stop when its
        loss or ``scoring`` no longer improves, and keep the best weights.
    validation_split : {"auto", "random", "last"} or splitter, default='auto'
        What early stopping holds out. "random": stratified by class, or whole groups if
        fit gets ``groups``. "last": the last sequences of X, which must be in time order;
        of windows that overlap, the last ones of the table, and windows that share rows
        with them (a target is taken to cover as many rows after its window as it has
        outputs) are not used at all. "auto": "last" for windows that overlap, which are
        views of one table (as of SlidingWindow and make_windows), unless fit gets
        ``groups``; else "random". Of a splitter of scikit-learn, its last split.
    validation_fraction : float, default=0.1
        Proportion of the sequences in the validation set of early stopping, in
        (0, 1).
    scoring : str, callable or None, default=None
        Score of the validation set that early stopping watches, ``valid_score`` in
        ``history_``: a name of scikit-learn's scorers, such as "roc_auc" (for predictions
        of every step, over the steps of all sequences), or a function
        ``scorer(estimator, X, y)`` for which greater is better. None for the loss.
    patience : int or "auto", default=10
        Number of epochs without improvement before early stopping. "auto": a fifth of
        ``max_epochs``, but at least 10, since the epochs of few sequences are
        short.
    standardize : bool, default=True
        Whether to standardise each channel, and the targets of a regressor, by mean and
        standard deviation of the training data: with ``partial_fit``, those of all calls
        so far. A 2-D X has one channel. Token ids are not scaled.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps); likewise for the arrays of a list.
    random_state : int, RandomState instance or None, default=None
        Controls the initial weights, mini-batches, dropout, ``augment`` and the
        validation split. Pass an int for bitwise identical results of repeated fits.
    n_jobs : int or None, default=None
        Number of threads in fit and predict: None for one, -1 for all cores. The last
        digits of float32 training depend on it unless compiled kernels train.
    device : str, default='auto'
        Device of the network: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if one
        is available.
    dtype : {"float32", "float64"}, default='float32'
        Dtype of the network.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward pass in training, by torch's autocast.
        Weights, loss and optimizer steps stay in float32, and so do recurrent layers on
        a CPU, where this is faster. With "float16" the loss is scaled, and steps with an
        infinite gradient are skipped. Predictions and the validation loss are in full
        precision. Not supported with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Callbacks of the training. To end it after an epoch, a callback sets
        ``net.stop_requested = True`` in ``on_epoch_end``; the fit then counts as
        finished.
    net_params : dict or None, default=None
        Further parameters of :class:`skorch.NeuralNet`: those of the optimizer, such as
        ``{"optimizer__betas": (0.9, 0.99)}``, of callbacks (``callbacks__<name>``,
        ``callbacks__<name>__<parameter>``), ``compile``, and hyperparameters of the
        training, which they override. What an estimator sets itself is refused.
    checkpoint : str, path or None, default=None
        File in which fit saves its progress after every epoch. When an interrupted fit is
        called again with the same data and hyperparameters, it resumes from there, and
        the final network is bitwise identical; a completed fit is not repeated. A file
        belongs to one fit. In a directory (an existing one, or a path with a separator
        at the end) there is a file for each fit, as needed by searches.
    warm_start : bool, default=False
        Whether fit continues from the weights of the last fit.
    verbose : int, default=0
        Print a line per epoch if above zero.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Number of columns of a 2-D X, else number of channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, or of sequences that are DataFrames, if all are text.
        Later X must have the same, in the same order.
    n_epochs_ : int
        Number of epochs trained.
    history_ : list of dict
        ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and ``duration`` (in
        seconds) of each epoch, ``valid_score`` with ``scoring``, and the numbers that
        callbacks record in ``net_.history``.
    classes_ : ndarray of shape (n_classes,)
        The labels; of strings, their characters.
    n_static_features_in_ : int
        Number of static covariates; 0 if X is not a table with a column of sequences.

    See Also
    --------
    RecurrentTranscriber : Labels in the order of the steps, without attention.
    RecurrentTagger : Predicts a label for every step.

    References
    ----------
    Sutskever, Vinyals and Le (2014), Sequence to sequence learning with neural networks.
    NeurIPS.
    Luong, Pham and Manning (2015), Effective approaches to attention-based neural machine
    translation. EMNLP.
    Wu et al. (2016), Google's neural machine translation system. arXiv.

    Examples
    --------
    Say a word backwards, without its vowels:

    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sksequence import RecurrentTranslator
    >>> from sksequence.preprocessing import SequenceTokenizer
    >>> rng = np.random.default_rng(0)
    >>> X = ["".join(rng.choice(list("abcdei"), n)) for n in rng.integers(4, 8, 500)]
    >>> X = [word for word in X if set(word) & set("bcd")]
    >>> y = ["".join(letter for letter in word[::-1] if letter in "bcd") for word in X]
    >>> model = make_pipeline(
    ...     SequenceTokenizer(analyzer="char"),
    ...     RecurrentTranslator(
    ...         embedding_dim=16, bidirectional=True, hidden_size=32,
    ...         lr=0.01, max_epochs=20, batch_size=32, random_state=0
    ...     ),
    ... )  # fmt: skip
    >>> model.fit(X[:400], y[:400]).score(X[400:], y[400:]) > 0.8
    True
    >>> model.predict(["cabbed"])
    array(['dbbc'], dtype=object)
    """

    def __init__(
        self,
        *,
        cell: str = "lstm",
        hidden_size: int | Sequence[int] = 64,
        num_layers: int | None = None,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        layer_norm: bool = False,
        residual: bool = False,
        recurrent_dropout: float = 0.0,
        memory_steps: float | None = None,
        conv_channels: Sequence[int] = (),
        conv_kernel_size: int | Sequence[int] = 5,
        conv_stride: int | Sequence[int] = 1,
        parallel_channels: Sequence[int] = (),
        parallel_kernel_size: int | Sequence[int | Sequence[int]] = (8, 5, 3),
        parallel_stride: int | Sequence[int] | str = 1,
        parallel_dilation: int | Sequence[int] = 1,
        parallel_residual: int | None = None,
        parallel_bottleneck: int | None = None,
        parallel_squeeze: int | None = None,
        recurrent_output_dropout: float = 0.0,
        pooling: str = "max",
        pooling_segments: int = 1,
        embedding_dim: int | None = None,
        num_embeddings: int | None = None,
        missing: str = "error",
        time_channel: int | None = None,
        categorical_features: Sequence[Any] | str | None = "from_dtype",
        category_dim: int | None = None,
        target_embedding_dim: int = 64,
        decoder_hidden_size: int = 64,
        decoder_layers: int = 2,
        attention: bool = True,
        beam_size: int = 1,
        max_length: int | None = None,
        label_smoothing: float = 0.1,
        lr: float = 0.005,
        max_epochs: int | str = 50,
        batch_size: int | str | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        lr_warmup: float = 0.0,
        weight_decay: float = 0.0,
        average_weights: str | None = None,
        ema_decay: float = 0.99,
        gradient_clip: float | None = 1.0,
        augment: str | Sequence[str] | Mapping[str, float] | None = None,
        early_stopping: bool = False,
        validation_split: Any = "auto",
        validation_fraction: float = 0.1,
        scoring: str | Callable[..., float] | None = None,
        patience: int | str = 10,
        standardize: bool = True,
        data_format: str = "channels_last",
        random_state: RandomState = None,
        n_jobs: int | None = None,
        device: str = "auto",
        dtype: str = "float32",
        mixed_precision: str | None = None,
        callbacks: Sequence[Any] | None = None,
        net_params: dict[str, Any] | None = None,
        checkpoint: PathLike | None = None,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None: ...
    def set_fit_request(
        self,
        *,
        X_val: bool | str | None = ...,
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
        y_val: bool | str | None = ...,
    ) -> Self: ...
    def set_partial_fit_request(
        self,
        *,
        classes: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...
    def set_score_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...

class RecurrentDetector(_OfSklearn, Pooling, AnyCell, SequenceDetector):
    r"""Find anomalies in sequences, and represent sequences, without labels.

    The network learns to predict each step from those before it, or to reconstruct all
    steps from a short code of the sequence. Where that fails, something is not as it was
    in the training sequences. The score of step t is

    .. math::
        s_t = - \sqrt{\frac{1}{C} \sum_{c=1}^C
              \left( \frac{x_{tc} - \mu_{tc}}{\sigma_{tc} \rho_c} \right)^2}

    with the prediction :math:`\mu` and its standard deviation :math:`\sigma`, which is
    constant with ``noise="constant"``, and the root mean square :math:`\rho` of these
    errors in the training sequences. Scores of usual steps are
    around -1. That of a sequence is minus the root of the mean of its squared scores, or
    the lowest.

    With ``missing="mask"`` or "decay" NaN is neither predicted nor scored; neither are
    categories and the time.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru", "mingru", "minlstm", "indrnn", "qrnn"}, default='lstm'
        Recurrent cell: simple (Elman, 1990), LSTM or GRU; minimal GRU or LSTM, whose
        gates read only the input (Feng et al., 2024); independently recurrent, where a
        unit reads only its own state (Li et al., 2018); or quasi-recurrent, an LSTM
        whose gates do not read the hidden state (Bradbury et al., 2017).
    hidden_size : int or tuple of int, default=64
        Number of units of each recurrent layer and direction, for all layers or one per
        layer: ``(12, 6)`` is two layers.
    num_layers : int or None, default=None
        Number of stacked recurrent layers; None for as many as ``hidden_size`` has
        values.
    bidirectional : bool, default=False
        Whether to also read every sequence in reverse. If False, the network is causal:
        no state depends on a later step.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How to merge the outputs of the two directions of a layer.
    dropout : float, default=0.0
        Dropout probability between recurrent layers and before the head, in [0, 1).
    layer_norm : bool, default=False
        Apply layer normalization, at every step, to the products of the weights of
        recurrent layers with their inputs (Ba, Kiros and Hinton, 2016). Deep networks
        learn faster.
    residual : bool, default=False
        Residual connections: add the input of every recurrent layer but the first to its
        output. Both must have the same width.
    recurrent_dropout : float, default=0.0
        Dropout probability in [0, 1) of the hidden state that the gates read, with one
        mask for all steps of a sequence (Gal and Ghahramani, 2016). Must be 0 with
        ``bptt_steps`` and for cells whose gates do not read the hidden state.
    memory_steps : float or None, default=None
        Longest time scale, in steps: gates are initialised with biases for time scales
        between one step and this number (chrono initialisation; Tallec and Ollivier,
        2018). The length of the sequences is a good value. None: the biases of the
        cell.
    conv_channels : tuple of int, default=()
        Output channels of the convolutions before the recurrence, one per layer.
    conv_kernel_size : int or tuple of int, default=5
        Kernel sizes of these convolutions in steps, at most what strides leave of the
        longest sequence in fit; shorter ones are padded with zeros.
    conv_stride : int or tuple of int, default=1
        Strides of these convolutions: a stride of s reduces s steps to one. Some steps
        are never read if the stride exceeds the kernel size.
    parallel_channels : tuple of int, default=()
        Output channels of the convolutions parallel to the recurrence, whose mean over
        time is concatenated to its output before the head: ``(128, 256, 128)`` makes an
        LSTM-FCN.
    parallel_kernel_size : int, tuple of int or tuple of tuples, default=(8, 5, 3)
        Kernel sizes of the parallel convolutions in steps. Several sizes for a layer are
        kernels side by side, among which its channels are divided: six layers of
        ``(40, 20, 10)`` with ``parallel_residual=3`` and ``parallel_bottleneck=32`` make
        a branch like InceptionTime (Ismail Fawaz et al., 2020), without its max
        pooling.
    parallel_stride : int, tuple of int or "auto", default=1
        Strides of the parallel convolutions. No stride may exceed what the strides before
        it leave of the shortest sequence in fit. "auto": as long as the median length of
        the training sequences, over all strides, is at least 256, the first layer's
        stride is doubled, then that of the next, first to at most half its kernel size
        (the smallest of several), then to at most all of it; a layer with a dilation
        keeps a stride of 1. So 128 to 255 steps are left of a long sequence, and every
        step is read.
    parallel_dilation : int or tuple of int, default=1
        Dilations of the parallel convolutions: a kernel of k steps with a dilation of d
        reads every d-th of (k - 1) d + 1 steps (Yu and Koltun, 2016), so the steps seen
        grow fast with the layers in ``(1, 2, 4, 8)``. None may exceed what strides leave
        of the longest sequence in fit.
    parallel_residual : int or None, default=None
        Number of parallel layers after which their input is added to their output (He et
        al., 2016), 3 in the ResNet of Wang, Yan and Oates (2017); also for the layers
        that are left at the end. Where channels or steps differ, the input is mapped by a
        convolution of one step and normalised. None for no such connections.
    parallel_bottleneck : int or None, default=None
        Channels to which a product reduces the input of each parallel layer that reads
        more; None for no such reduction. Long kernels then take less time.
    parallel_squeeze : int or None, default=None
        Reduction of a squeeze-and-excitation behind each parallel layer: a gate for each
        channel, which reads the mean of all channels through this many times fewer units
        (Hu, Shen and Sun, 2018; 16 in the MLSTM-FCN of Karim et al., 2019). In a causal
        network the mean is over the steps so far. None for no gates.
    recurrent_output_dropout : float, default=0.0
        Dropout probability in [0, 1) of the output of the recurrence alone, before that
        of the parallel convolutions is joined to it (Karim et al., 2018, drop 80 % of few
        units). ``dropout`` before the head applies to both.
    pooling : {"last", "mean", "max", "attention"}, default='max'
        How to pool the steps of a sequence: the final state of each direction, the mean
        or maximum over the steps, or a mean with attention weights.
    pooling_segments : int, default=1
        Number of equal parts of each sequence that are pooled one by one, and
        concatenated, which keeps the place of what is found (as in the spatial pyramids
        of Lazebnik, Schmid and Ponce, 2006). Applies to the recurrence, unless
        ``pooling="last"``, and to the mean of parallel convolutions. Parts share a step
        if their number does not divide that of the steps. Such a network predicts from
        whole sequences only: it has no streams.
    embedding_dim : int or None, default=None
        Size of the embedding vectors of tokens. If given, X holds token ids, as made by
        :class:`sksequence.preprocessing.SequenceTokenizer`: one per step, starting at 0,
        the unknown token. Dropout is also applied to the embedding vectors.
    num_embeddings : int or None, default=None
        Number of tokens; None for one more than the largest id in fit. Tokens that are
        not in the training sequences are read as the unknown token.
    missing : {"error", "mask", "decay"}, default='error'
        How to treat NaN in X. "error" raises an error. "mask" replaces NaN by the mean of
        the channel, and appends a mask for every channel that is one where it was
        observed and zero elsewhere. "decay" appends the same masks, but replaces NaN by
        the last observation, decayed towards the mean at a learnt rate for each channel;
        without ``conv_channels`` the state of the first recurrent layer decays likewise
        (GRU-D of Che et al., 2018, with any cell). The loop over steps is then in Python,
        which is slower: an epoch of a GRU or SimpleRNN takes about 1.5 times as long, of
        an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity always raises an
        error.
    time_channel : int or None, default=None
        With ``missing="decay"``, position of the channel that holds the time of each
        step, in any unit and from any origin. The time determines the decay and is used
        for nothing else; None for a time of one between steps. Ignored with other values
        of ``missing``.
    categorical_features : "from_dtype", list of int, str or bool, or None, default='from_dtype'
        The channels that hold categories, whose levels are embedded. "from_dtype": those
        of sequences that are DataFrames with columns of text, also as categories of
        pandas or polars. A list names channels, also of numbers: their positions or
        names, or a mask. None: text is refused. Static columns of text are embedded
        likewise, unless None. Levels that are not in the training sequences, and missing
        ones, are read as one unknown level; ``partial_fit`` knows those of its first
        call.
    category_dim : int or None, default=None
        Size of the vectors of categories; None for min(50, round(1.6 n^0.56)) of n levels
        (the rule of fastai).
    objective : {"predict", "reconstruct"}, default='predict'
        What the network learns. "predict": each step from those before it, by a causal
        network; the first step, which has none, is predicted by mean and standard
        deviation of each channel. "reconstruct": all steps, from a code of ``code_size``
        numbers: a linear function of the pooled states, from which one more recurrent
        layer, of the same cell and the size of the first layer, makes every step, reading
        the code and the place of the step: in the sequence, and on clocks of 4 to 256
        steps.
    code_size : int, default=8
        With ``objective="reconstruct"``, number of values of the code; at most half as
        many as the longest training sequence has, for otherwise the network might learn
        the identity.
    noise : {"constant", "gaussian", "student_t"}, default='constant'
        What the network learns of the size of errors. "constant": nothing, the loss is
        the squared error, and each channel has one standard deviation. The others: a
        standard deviation for each value, by the negative log-likelihood of a normal or,
        for heavy tails, a Student's t distribution; errors then count less where the
        signal is noisy.
    contamination : "auto" or float, default='auto'
        What determines ``offset_``, the score below which a sequence is an outlier: the
        proportion of outliers among the training sequences, in (0, 0.5]; or "auto" for
        the lower fence of Tukey (1977), the first quartile of their scores less 1.5 times
        the distance of the quartiles, or their 1 % quantile if that is higher.
    score_reduction : {"mean", "min"}, default='mean'
        How the score of a sequence follows from those of its steps: by the mean of their
        squares, or the lowest: the score of the worst step.
    lr : float, default=0.005
        Learning rate.
    max_epochs : int or "auto", default=50
        Maximum number of passes over the training sequences. "auto": 50, or as
        many as make 1500 mini-batches if that is more, but at most 500;
        few sequences need more passes.
    batch_size : int, "auto" or None, default=16
        Number of sequences per mini-batch; None for full batches. "auto": a tenth of the
        training sequences, but at least 8 and at most 64.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        The optimizer.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Learning rate schedule: constant, cosine annealing to zero, or halved whenever the
        loss (on the validation set, if there is one) has not improved for 5 epochs.
    lr_warmup : float, default=0.0
        Share of ``max_epochs``, in [0, 1), in which the learning rate rises linearly to
        ``lr``, before a constant or cosine schedule begins (Goyal et al., 2017).
    weight_decay : float, default=0.0
        Weight decay, as defined by the optimizer.
    average_weights : {"ema", "swa"} or None, default=None
        Predict with a mean of the weights along the training instead of the last ones:
        "ema", an exponential moving average over all mini-batches, corrected for its
        beginning (Polyak and Juditsky, 1992); "swa", the mean at the ends of the last
        quarter of ``max_epochs`` (stochastic weight averaging; Izmailov et al., 2018).
        The validation loss and ``scoring`` are those of the mean, and so is what is
        stored and what a warm start begins with. Ignored by ``partial_fit``.
    ema_decay : float, default=0.99
        Decay per mini-batch of ``average_weights="ema"``, in (0, 1): the mean is over
        some ``1 / (1 - ema_decay)`` mini-batches.
    gradient_clip : float or None, default=1.0
        Maximum norm of the gradient; larger gradients are clipped.
    bptt_steps : int or None, default=None
        Number of time steps per chunk for truncated backpropagation through time (Williams
        and Peng, 1990): a sequence is trained on in chunks; the state is carried over from
        one chunk to the next, gradients are not.
        Each chunk is a step of the optimizer. For sequences that are too long to train
        on as a whole; needs a causal network without convolutions.
    augment : str, tuple of str, dict of str to float, or None, default=None
        Random changes of the training sequences, drawn anew in each epoch: names, or
        names and strengths. They are made of standardised channels, in this order. "crop"
        keeps a window at a random position, without this share of the steps
        (0.1; Le Guennec et al., 2016). "warp" varies the speed of time
        between both ends, by this standard deviation of its logarithm
        (0.2), "scale" multiplies each channel of a sequence by a factor
        about one of this deviation (0.1), and "jitter" adds noise of
        this deviation to each value (0.03; Um et al., 2017). "mixup"
        replaces each sequence and its target by a weighted mean with another one, that
        is stretched to its length, with weights of the beta distribution of this
        parameter (0.2; Zhang et al., 2018). NaN stays NaN. Not for
        tokens and categories; only "scale" and "jitter" where steps have targets, and
        with them "warp" for transcripts and translations; only "jitter" for detectors.
    early_stopping : bool, default=False
        Whether to hold out a validation set, or take that given to fit, stop when its
        loss or ``scoring`` no longer improves, and keep the best weights.
    validation_split : {"auto", "random", "last"} or splitter, default='auto'
        What early stopping holds out. "random": stratified by class, or whole groups if
        fit gets ``groups``. "last": the last sequences of X, which must be in time order;
        of windows that overlap, the last ones of the table, and windows that share rows
        with them (a target is taken to cover as many rows after its window as it has
        outputs) are not used at all. "auto": "last" for windows that overlap, which are
        views of one table (as of SlidingWindow and make_windows), unless fit gets
        ``groups``; else "random". Of a splitter of scikit-learn, its last split.
    validation_fraction : float, default=0.1
        Proportion of the sequences in the validation set of early stopping, in
        (0, 1).
    scoring : str, callable or None, default=None
        Score of the validation set that early stopping watches, ``valid_score`` in
        ``history_``: a name of scikit-learn's scorers, such as "roc_auc" (for predictions
        of every step, over the steps of all sequences), or a function
        ``scorer(estimator, X, y)`` for which greater is better. None for the loss.
    patience : int or "auto", default=10
        Number of epochs without improvement before early stopping. "auto": a fifth of
        ``max_epochs``, but at least 10, since the epochs of few sequences are
        short.
    standardize : bool, default=True
        Whether to standardise each channel, and the targets of a regressor, by mean and
        standard deviation of the training data: with ``partial_fit``, those of all calls
        so far. A 2-D X has one channel. Token ids are not scaled.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps); likewise for the arrays of a list.
    random_state : int, RandomState instance or None, default=None
        Controls the initial weights, mini-batches, dropout, ``augment`` and the
        validation split. Pass an int for bitwise identical results of repeated fits.
    n_jobs : int or None, default=None
        Number of threads in fit and predict: None for one, -1 for all cores. The last
        digits of float32 training depend on it unless compiled kernels train.
    device : str, default='auto'
        Device of the network: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if one
        is available.
    dtype : {"float32", "float64"}, default='float32'
        Dtype of the network.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward pass in training, by torch's autocast.
        Weights, loss and optimizer steps stay in float32, and so do recurrent layers on
        a CPU, where this is faster. With "float16" the loss is scaled, and steps with an
        infinite gradient are skipped. Predictions and the validation loss are in full
        precision. Not supported with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Callbacks of the training. To end it after an epoch, a callback sets
        ``net.stop_requested = True`` in ``on_epoch_end``; the fit then counts as
        finished.
    net_params : dict or None, default=None
        Further parameters of :class:`skorch.NeuralNet`: those of the optimizer, such as
        ``{"optimizer__betas": (0.9, 0.99)}``, of callbacks (``callbacks__<name>``,
        ``callbacks__<name>__<parameter>``), ``compile``, and hyperparameters of the
        training, which they override. What an estimator sets itself is refused.
    checkpoint : str, path or None, default=None
        File in which fit saves its progress after every epoch. When an interrupted fit is
        called again with the same data and hyperparameters, it resumes from there, and
        the final network is bitwise identical; a completed fit is not repeated. A file
        belongs to one fit. In a directory (an existing one, or a path with a separator
        at the end) there is a file for each fit, as needed by searches.
    warm_start : bool, default=False
        Whether fit continues from the weights of the last fit.
    verbose : int, default=0
        Print a line per epoch if above zero.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Number of columns of a 2-D X, else number of channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, or of sequences that are DataFrames, if all are text.
        Later X must have the same, in the same order.
    n_epochs_ : int
        Number of epochs trained.
    history_ : list of dict
        ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and ``duration`` (in
        seconds) of each epoch, ``valid_score`` with ``scoring``, and the numbers that
        callbacks record in ``net_.history``.
    offset_ : float
        Score below which a sequence is an outlier; it can be set.
    step_offset_ : float
        The same for scores of steps, by the same rule.
    n_static_features_in_ : int
        Number of static covariates; 0 if X is not a table with a column of sequences.

    See Also
    --------
    RecurrentStepRegressor : Predicts given numbers for every step.
    sklearn.ensemble.IsolationForest : Finds outliers among the rows of tables.

    References
    ----------
    Malhotra et al. (2015), Long short term memory networks for anomaly detection in time
    series. ESANN.
    Malhotra et al. (2016), LSTM-based encoder-decoder for multi-sensor anomaly detection.
    ICML workshop.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import RecurrentDetector
    >>> rng = np.random.default_rng(0)
    >>> X = [np.sin(0.4 * np.arange(n)) for n in rng.integers(40, 60, 50)]
    >>> X = [x + rng.normal(scale=0.1, size=len(x)) for x in X]
    >>> model = RecurrentDetector(hidden_size=16, random_state=0).fit(X)
    >>> broken = X[0].copy()
    >>> broken[30:34] = 0.9  # it hangs
    >>> model.predict([X[0], broken])
    array([ 1, -1])
    >>> int(model.score_steps([broken])[0].argmin()) in range(30, 36)
    True
    """

    def __init__(
        self,
        *,
        cell: str = "lstm",
        hidden_size: int | Sequence[int] = 64,
        num_layers: int | None = None,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        layer_norm: bool = False,
        residual: bool = False,
        recurrent_dropout: float = 0.0,
        memory_steps: float | None = None,
        conv_channels: Sequence[int] = (),
        conv_kernel_size: int | Sequence[int] = 5,
        conv_stride: int | Sequence[int] = 1,
        parallel_channels: Sequence[int] = (),
        parallel_kernel_size: int | Sequence[int | Sequence[int]] = (8, 5, 3),
        parallel_stride: int | Sequence[int] | str = 1,
        parallel_dilation: int | Sequence[int] = 1,
        parallel_residual: int | None = None,
        parallel_bottleneck: int | None = None,
        parallel_squeeze: int | None = None,
        recurrent_output_dropout: float = 0.0,
        pooling: str = "max",
        pooling_segments: int = 1,
        embedding_dim: int | None = None,
        num_embeddings: int | None = None,
        missing: str = "error",
        time_channel: int | None = None,
        categorical_features: Sequence[Any] | str | None = "from_dtype",
        category_dim: int | None = None,
        objective: str = "predict",
        code_size: int = 8,
        noise: str = "constant",
        contamination: str | float = "auto",
        score_reduction: str = "mean",
        lr: float = 0.005,
        max_epochs: int | str = 50,
        batch_size: int | str | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        lr_warmup: float = 0.0,
        weight_decay: float = 0.0,
        average_weights: str | None = None,
        ema_decay: float = 0.99,
        gradient_clip: float | None = 1.0,
        bptt_steps: int | None = None,
        augment: str | Sequence[str] | Mapping[str, float] | None = None,
        early_stopping: bool = False,
        validation_split: Any = "auto",
        validation_fraction: float = 0.1,
        scoring: str | Callable[..., float] | None = None,
        patience: int | str = 10,
        standardize: bool = True,
        data_format: str = "channels_last",
        random_state: RandomState = None,
        n_jobs: int | None = None,
        device: str = "auto",
        dtype: str = "float32",
        mixed_precision: str | None = None,
        callbacks: Sequence[Any] | None = None,
        net_params: dict[str, Any] | None = None,
        checkpoint: PathLike | None = None,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None: ...
    def set_fit_request(
        self,
        *,
        X_val: bool | str | None = ...,
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
        y_val: bool | str | None = ...,
    ) -> Self: ...
    def set_partial_fit_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...
    def set_score_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
    ) -> Self: ...
    def fit_predict(
        self, X: ArrayLike, y: Targets | None = None, **fit_params: Any
    ) -> np.ndarray: ...
    def fit_transform(
        self, X: ArrayLike, y: Targets | None = None, **fit_params: Any
    ) -> np.ndarray: ...
    def score(
        self,
        X: ArrayLike,
        y: Targets | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> float: ...
