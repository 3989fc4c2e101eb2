# ruff: noqa: E501, types and defaults of hyperparameters are long
"""Public estimators with signatures and docstrings; see ``sksequence/_base/stubs.py``."""

from collections.abc import Callable, Sequence
from typing import Any, Self, type_check_only

import numpy as np

from ._base.classifier import Labeller, SequenceClassifier
from ._base.estimator import ArrayLike, RandomState, Targets
from ._base.frames import FrameReader, FrameRegressor
from ._base.hyperparameters import Pooling
from ._base.per_step import PerStepEstimator
from ._base.regressor import NumberPredictor, SequenceRegressor
from ._base.steps import AnyCell, SimpleCell, StepReader
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

class SimpleRNNClassifier(_OfSklearn, Pooling, SimpleCell, SequenceClassifier):
    r"""Label sequences with a simple recurrent network.

    .. math:: h_t = \tanh(W x_t + U h_{t-1} + b)

    The smallest and fastest of the recurrent networks. Its memory fades within some tens
    of steps (Bengio, Simard and Frasconi, 1994): the choice for short sequences, and the
    yardstick for the other cells.

    Parameters
    ----------
    hidden_size : int or tuple of int, default=64
        Units of each recurrent layer and direction, for all layers or one per layer.
    num_layers : int, default=1
        Recurrent layers, one on top of the other.
    bidirectional : bool, default=False
        Read every sequence from both ends. Without it the network is causal: nothing
        that it holds at one step depends on a later one.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How the two directions of a layer become one.
    dropout : float, default=0.0
        Probability of a zero between recurrent layers and before the head, in [0, 1).
    nonlinearity : {"tanh", "relu"}, default='tanh'
        Activation of the hidden state.
    conv_channels : tuple of int, default=()
        Output channels of the convolutions before the recurrence, one per layer.
    conv_kernel_size : int or tuple of int, default=5
        Their kernels, in steps. No longer than the shortest sequence.
    conv_stride : int or tuple of int, default=1
        Their strides: a stride of s leaves one step of s to the layers above. With a
        stride beyond the kernel the steps between are never read.
    parallel_channels : tuple of int, default=()
        Output channels of the convolutions beside the recurrence, whose mean over time
        joins it before the head: ``(128, 256, 128)`` makes an LSTM-FCN.
    parallel_kernel_size : int or tuple of int, default=(8, 5, 3)
        Their kernels, in steps.
    pooling : {"last", "mean", "max", "attention"}, default='max'
        How the steps of a sequence become one vector: the final state of each
        direction, the mean or maximum over its steps, or a mean by learnt weights.
    embedding_dim : int or None, default=None
        Width of each token's vector. X then holds token ids, as
        :class:`sksequence.preprocessing.SequenceTokenizer` makes them: one per step,
        from 0, the unknown token. Dropout acts on the vectors too.
    num_embeddings : int or None, default=None
        Number of tokens; None is one more than the largest id in fit. A token that fit
        has not met counts as unknown.
    missing : {"error", "mask", "decay"}, default='error'
        What NaN in X is. "error": refused. "mask": a value that was not observed; the
        channel's mean stands for it, and beside every channel goes another that is one
        where it was observed and zero where not. "decay": the same masks, but the last
        observation stands for it and fades towards the mean, at a learnt rate for each
        channel; without ``conv_channels`` the state of the first recurrent layer fades
        likewise (GRU-D of Che et al., 2018, with any cell). Its state is then computed
        step by step in Python, which takes longer: an epoch of a GRU or a plain cell
        about 1.5 times, of an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity
        is always refused.
    time_channel : int or None, default=None
        With ``missing="decay"``: the position among the channels of the one that holds
        the time of each step, in any unit and from any origin. It says how long ago the
        observations are and is read for nothing else; None counts the steps. Otherwise
        it is a channel like the others.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weight of each class in the loss: ``{class: weight}`` with one for the classes
        left out, or "balanced" for weights inversely proportional to the classes'
        frequencies. For multilabel targets "balanced" or a list with a dict for each
        label.
    lr : float, default=0.005
        Learning rate.
    max_epochs : int, default=50
        Passes over the training sequences.
    batch_size : int or None, default=16
        Sequences per step of the optimizer; None takes all at once.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        What steps the weights.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Course of the learning rate over a fit: as it is, down to zero along half a
        cosine, or halved whenever the loss (on the validation part, if there is one) has
        not improved for 5 epochs.
    weight_decay : float, default=0.0
        Pull of the weights towards zero, in the optimizer's own sense.
    gradient_clip : float or None, default=1.0
        Largest norm of the gradient; longer ones are shortened to it.
    early_stopping : bool, default=False
        Hold a part of the training sequences out, stop when its loss no longer
        improves, and keep the weights that were best on it. The part has its share of
        every class, or consists of whole groups where fit gets ``groups``.
    validation_fraction : float, default=0.1
        Share of the sequences that early stopping holds out, in (0, 1).
    patience : int, default=10
        Epochs without improvement before early stopping stops.
    standardize : bool, default=True
        Centre and scale each channel, and a regressor's targets, by what fit saw. The
        2-D X counts as one channel. Token ids stay what they are.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps), and the arrays of a list likewise.
    random_state : int, RandomState instance or None, default=None
        Source of initial weights, batches, dropout and the early-stopping split. An int
        makes a refit equal to the bit.
    n_jobs : int or None, default=None
        Threads of torch in fit and predict: None is one, -1 all cores. float32 training
        depends on it in its last digits.
    device : str, default='auto'
        Where the network is: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if there
        is one.
    dtype : {"float32", "float64"}, default='float32'
        What the network computes in.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward passes in training, by torch's autocast:
        weights, loss and the optimizer's step stay in float32, and so do recurrent
        layers on a CPU, which are faster so. With "float16" the loss is scaled, and
        steps with an infinite gradient are left out. Answers, and the loss that early
        stopping watches, are in full precision. Not with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Called while training.
    net_params : dict or None, default=None
        Anything else that :class:`skorch.NeuralNet` takes, in its names, such as
        ``{"optimizer__betas": (0.9, 0.99)}``; overrides the rest.
    checkpoint : str, path or None, default=None
        Where fit keeps how far it is, after every epoch. A fit that was ended from
        outside goes on from there when it is called again with the same data and
        hyperparameters, and ends with the same network to the bit; one that had ended
        is not repeated. A file is that of one fit. In a folder (that exists, or with a
        separator at the end) each fit has a file of its own: for searches.
    warm_start : bool, default=False
        Let fit continue from the weights of the last one.
    verbose : int, default=0
        Above zero, print a line per epoch.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Columns of a 2-D X, else channels per step.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, if all are strings.
    n_epochs_ : int
        Epochs trained.
    history_ : list of dict
        For each epoch ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and
        ``duration`` in seconds.
    classes_ : ndarray of shape (n_classes,)
        Class labels; for multilabel targets the columns of y.
    n_static_features_in_ : int
        Columns of numbers beside the sequences of a table; 0 where X is no such table.

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
        num_layers: int = 1,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        nonlinearity: str = "tanh",
        conv_channels: Sequence[int] = (),
        conv_kernel_size: int | Sequence[int] = 5,
        conv_stride: int | Sequence[int] = 1,
        parallel_channels: Sequence[int] = (),
        parallel_kernel_size: int | Sequence[int] = (8, 5, 3),
        pooling: str = "max",
        embedding_dim: int | None = None,
        num_embeddings: int | None = None,
        missing: str = "error",
        time_channel: int | None = None,
        class_weight: Any = None,
        lr: float = 0.005,
        max_epochs: int = 50,
        batch_size: int | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        weight_decay: float = 0.0,
        gradient_clip: float | None = 1.0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
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
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
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

class SimpleRNNRegressor(_OfSklearn, Pooling, SimpleCell, SequenceRegressor):
    r"""Predict numbers from sequences with a simple recurrent network.

    .. math:: h_t = \tanh(W x_t + U h_{t-1} + b)

    The smallest and fastest of the recurrent networks, with a memory of some tens of
    steps.

    Parameters
    ----------
    hidden_size : int or tuple of int, default=64
        Units of each recurrent layer and direction, for all layers or one per layer.
    num_layers : int, default=1
        Recurrent layers, one on top of the other.
    bidirectional : bool, default=False
        Read every sequence from both ends. Without it the network is causal: nothing
        that it holds at one step depends on a later one.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How the two directions of a layer become one.
    dropout : float, default=0.0
        Probability of a zero between recurrent layers and before the head, in [0, 1).
    nonlinearity : {"tanh", "relu"}, default='tanh'
        Activation of the hidden state.
    conv_channels : tuple of int, default=()
        Output channels of the convolutions before the recurrence, one per layer.
    conv_kernel_size : int or tuple of int, default=5
        Their kernels, in steps. No longer than the shortest sequence.
    conv_stride : int or tuple of int, default=1
        Their strides: a stride of s leaves one step of s to the layers above. With a
        stride beyond the kernel the steps between are never read.
    parallel_channels : tuple of int, default=()
        Output channels of the convolutions beside the recurrence, whose mean over time
        joins it before the head: ``(128, 256, 128)`` makes an LSTM-FCN.
    parallel_kernel_size : int or tuple of int, default=(8, 5, 3)
        Their kernels, in steps.
    pooling : {"last", "mean", "max", "attention"}, default='max'
        How the steps of a sequence become one vector: the final state of each
        direction, the mean or maximum over its steps, or a mean by learnt weights.
    embedding_dim : int or None, default=None
        Width of each token's vector. X then holds token ids, as
        :class:`sksequence.preprocessing.SequenceTokenizer` makes them: one per step,
        from 0, the unknown token. Dropout acts on the vectors too.
    num_embeddings : int or None, default=None
        Number of tokens; None is one more than the largest id in fit. A token that fit
        has not met counts as unknown.
    missing : {"error", "mask", "decay"}, default='error'
        What NaN in X is. "error": refused. "mask": a value that was not observed; the
        channel's mean stands for it, and beside every channel goes another that is one
        where it was observed and zero where not. "decay": the same masks, but the last
        observation stands for it and fades towards the mean, at a learnt rate for each
        channel; without ``conv_channels`` the state of the first recurrent layer fades
        likewise (GRU-D of Che et al., 2018, with any cell). Its state is then computed
        step by step in Python, which takes longer: an epoch of a GRU or a plain cell
        about 1.5 times, of an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity
        is always refused.
    time_channel : int or None, default=None
        With ``missing="decay"``: the position among the channels of the one that holds
        the time of each step, in any unit and from any origin. It says how long ago the
        observations are and is read for nothing else; None counts the steps. Otherwise
        it is a channel like the others.
    loss : {"squared_error", "absolute_error", "huber", "quantile", "poisson"}, default='squared_error'
        What training minimises: the squared error, for the mean; the absolute error, for
        the median; the Huber loss, for a mean on which outliers beyond one standard
        deviation pull less; the pinball loss, for the quantile named by ``quantile``; or
        the Poisson deviance, for the rate of counts (targets of zero and more).
    quantile : float, default=0.5
        Which quantile the "quantile" loss predicts, in (0, 1).
    lr : float, default=0.005
        Learning rate.
    max_epochs : int, default=50
        Passes over the training sequences.
    batch_size : int or None, default=16
        Sequences per step of the optimizer; None takes all at once.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        What steps the weights.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Course of the learning rate over a fit: as it is, down to zero along half a
        cosine, or halved whenever the loss (on the validation part, if there is one) has
        not improved for 5 epochs.
    weight_decay : float, default=0.0
        Pull of the weights towards zero, in the optimizer's own sense.
    gradient_clip : float or None, default=1.0
        Largest norm of the gradient; longer ones are shortened to it.
    early_stopping : bool, default=False
        Hold a part of the training sequences out, stop when its loss no longer
        improves, and keep the weights that were best on it. The part has its share of
        every class, or consists of whole groups where fit gets ``groups``.
    validation_fraction : float, default=0.1
        Share of the sequences that early stopping holds out, in (0, 1).
    patience : int, default=10
        Epochs without improvement before early stopping stops.
    standardize : bool, default=True
        Centre and scale each channel, and a regressor's targets, by what fit saw. The
        2-D X counts as one channel. Token ids stay what they are.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps), and the arrays of a list likewise.
    random_state : int, RandomState instance or None, default=None
        Source of initial weights, batches, dropout and the early-stopping split. An int
        makes a refit equal to the bit.
    n_jobs : int or None, default=None
        Threads of torch in fit and predict: None is one, -1 all cores. float32 training
        depends on it in its last digits.
    device : str, default='auto'
        Where the network is: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if there
        is one.
    dtype : {"float32", "float64"}, default='float32'
        What the network computes in.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward passes in training, by torch's autocast:
        weights, loss and the optimizer's step stay in float32, and so do recurrent
        layers on a CPU, which are faster so. With "float16" the loss is scaled, and
        steps with an infinite gradient are left out. Answers, and the loss that early
        stopping watches, are in full precision. Not with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Called while training.
    net_params : dict or None, default=None
        Anything else that :class:`skorch.NeuralNet` takes, in its names, such as
        ``{"optimizer__betas": (0.9, 0.99)}``; overrides the rest.
    checkpoint : str, path or None, default=None
        Where fit keeps how far it is, after every epoch. A fit that was ended from
        outside goes on from there when it is called again with the same data and
        hyperparameters, and ends with the same network to the bit; one that had ended
        is not repeated. A file is that of one fit. In a folder (that exists, or with a
        separator at the end) each fit has a file of its own: for searches.
    warm_start : bool, default=False
        Let fit continue from the weights of the last one.
    verbose : int, default=0
        Above zero, print a line per epoch.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Columns of a 2-D X, else channels per step.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, if all are strings.
    n_epochs_ : int
        Epochs trained.
    history_ : list of dict
        For each epoch ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and
        ``duration`` in seconds.
    n_static_features_in_ : int
        Columns of numbers beside the sequences of a table; 0 where X is no such table.

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
        num_layers: int = 1,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        nonlinearity: str = "tanh",
        conv_channels: Sequence[int] = (),
        conv_kernel_size: int | Sequence[int] = 5,
        conv_stride: int | Sequence[int] = 1,
        parallel_channels: Sequence[int] = (),
        parallel_kernel_size: int | Sequence[int] = (8, 5, 3),
        pooling: str = "max",
        embedding_dim: int | None = None,
        num_embeddings: int | None = None,
        missing: str = "error",
        time_channel: int | None = None,
        loss: str = "squared_error",
        quantile: float = 0.5,
        lr: float = 0.005,
        max_epochs: int = 50,
        batch_size: int | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        weight_decay: float = 0.0,
        gradient_clip: float | None = 1.0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
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
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
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

class LSTMClassifier(_OfSklearn, Pooling, StepReader, SequenceClassifier):
    r"""Label sequences with a long short-term memory network.

    .. math::
        i, f, o &= \sigma(W_{ifo} x_t + U_{ifo} h_{t-1} + b_{ifo}) \\
        c_t &= f \odot c_{t-1} + i \odot \tanh(W_c x_t + U_c h_{t-1} + b_c) \\
        h_t &= o \odot \tanh(c_t)

    The cell state :math:`c` is only faded and added to, and the gates decide by how much:
    what it holds, and the gradient through it, can survive hundreds of steps.

    Parameters
    ----------
    hidden_size : int or tuple of int, default=64
        Units of each recurrent layer and direction, for all layers or one per layer.
    num_layers : int, default=1
        Recurrent layers, one on top of the other.
    bidirectional : bool, default=False
        Read every sequence from both ends. Without it the network is causal: nothing
        that it holds at one step depends on a later one.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How the two directions of a layer become one.
    dropout : float, default=0.0
        Probability of a zero between recurrent layers and before the head, in [0, 1).
    conv_channels : tuple of int, default=()
        Output channels of the convolutions before the recurrence, one per layer.
    conv_kernel_size : int or tuple of int, default=5
        Their kernels, in steps. No longer than the shortest sequence.
    conv_stride : int or tuple of int, default=1
        Their strides: a stride of s leaves one step of s to the layers above. With a
        stride beyond the kernel the steps between are never read.
    parallel_channels : tuple of int, default=()
        Output channels of the convolutions beside the recurrence, whose mean over time
        joins it before the head: ``(128, 256, 128)`` makes an LSTM-FCN.
    parallel_kernel_size : int or tuple of int, default=(8, 5, 3)
        Their kernels, in steps.
    pooling : {"last", "mean", "max", "attention"}, default='max'
        How the steps of a sequence become one vector: the final state of each
        direction, the mean or maximum over its steps, or a mean by learnt weights.
    embedding_dim : int or None, default=None
        Width of each token's vector. X then holds token ids, as
        :class:`sksequence.preprocessing.SequenceTokenizer` makes them: one per step,
        from 0, the unknown token. Dropout acts on the vectors too.
    num_embeddings : int or None, default=None
        Number of tokens; None is one more than the largest id in fit. A token that fit
        has not met counts as unknown.
    missing : {"error", "mask", "decay"}, default='error'
        What NaN in X is. "error": refused. "mask": a value that was not observed; the
        channel's mean stands for it, and beside every channel goes another that is one
        where it was observed and zero where not. "decay": the same masks, but the last
        observation stands for it and fades towards the mean, at a learnt rate for each
        channel; without ``conv_channels`` the state of the first recurrent layer fades
        likewise (GRU-D of Che et al., 2018, with any cell). Its state is then computed
        step by step in Python, which takes longer: an epoch of a GRU or a plain cell
        about 1.5 times, of an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity
        is always refused.
    time_channel : int or None, default=None
        With ``missing="decay"``: the position among the channels of the one that holds
        the time of each step, in any unit and from any origin. It says how long ago the
        observations are and is read for nothing else; None counts the steps. Otherwise
        it is a channel like the others.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weight of each class in the loss: ``{class: weight}`` with one for the classes
        left out, or "balanced" for weights inversely proportional to the classes'
        frequencies. For multilabel targets "balanced" or a list with a dict for each
        label.
    lr : float, default=0.005
        Learning rate.
    max_epochs : int, default=50
        Passes over the training sequences.
    batch_size : int or None, default=16
        Sequences per step of the optimizer; None takes all at once.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        What steps the weights.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Course of the learning rate over a fit: as it is, down to zero along half a
        cosine, or halved whenever the loss (on the validation part, if there is one) has
        not improved for 5 epochs.
    weight_decay : float, default=0.0
        Pull of the weights towards zero, in the optimizer's own sense.
    gradient_clip : float or None, default=1.0
        Largest norm of the gradient; longer ones are shortened to it.
    early_stopping : bool, default=False
        Hold a part of the training sequences out, stop when its loss no longer
        improves, and keep the weights that were best on it. The part has its share of
        every class, or consists of whole groups where fit gets ``groups``.
    validation_fraction : float, default=0.1
        Share of the sequences that early stopping holds out, in (0, 1).
    patience : int, default=10
        Epochs without improvement before early stopping stops.
    standardize : bool, default=True
        Centre and scale each channel, and a regressor's targets, by what fit saw. The
        2-D X counts as one channel. Token ids stay what they are.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps), and the arrays of a list likewise.
    random_state : int, RandomState instance or None, default=None
        Source of initial weights, batches, dropout and the early-stopping split. An int
        makes a refit equal to the bit.
    n_jobs : int or None, default=None
        Threads of torch in fit and predict: None is one, -1 all cores. float32 training
        depends on it in its last digits.
    device : str, default='auto'
        Where the network is: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if there
        is one.
    dtype : {"float32", "float64"}, default='float32'
        What the network computes in.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward passes in training, by torch's autocast:
        weights, loss and the optimizer's step stay in float32, and so do recurrent
        layers on a CPU, which are faster so. With "float16" the loss is scaled, and
        steps with an infinite gradient are left out. Answers, and the loss that early
        stopping watches, are in full precision. Not with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Called while training.
    net_params : dict or None, default=None
        Anything else that :class:`skorch.NeuralNet` takes, in its names, such as
        ``{"optimizer__betas": (0.9, 0.99)}``; overrides the rest.
    checkpoint : str, path or None, default=None
        Where fit keeps how far it is, after every epoch. A fit that was ended from
        outside goes on from there when it is called again with the same data and
        hyperparameters, and ends with the same network to the bit; one that had ended
        is not repeated. A file is that of one fit. In a folder (that exists, or with a
        separator at the end) each fit has a file of its own: for searches.
    warm_start : bool, default=False
        Let fit continue from the weights of the last one.
    verbose : int, default=0
        Above zero, print a line per epoch.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Columns of a 2-D X, else channels per step.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, if all are strings.
    n_epochs_ : int
        Epochs trained.
    history_ : list of dict
        For each epoch ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and
        ``duration`` in seconds.
    classes_ : ndarray of shape (n_classes,)
        Class labels; for multilabel targets the columns of y.
    n_static_features_in_ : int
        Columns of numbers beside the sequences of a table; 0 where X is no such table.

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
    >>> model.score(X[100:], y[100:]) > 0.8
    True
    """

    def __init__(
        self,
        *,
        hidden_size: int | Sequence[int] = 64,
        num_layers: int = 1,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        conv_channels: Sequence[int] = (),
        conv_kernel_size: int | Sequence[int] = 5,
        conv_stride: int | Sequence[int] = 1,
        parallel_channels: Sequence[int] = (),
        parallel_kernel_size: int | Sequence[int] = (8, 5, 3),
        pooling: str = "max",
        embedding_dim: int | None = None,
        num_embeddings: int | None = None,
        missing: str = "error",
        time_channel: int | None = None,
        class_weight: Any = None,
        lr: float = 0.005,
        max_epochs: int = 50,
        batch_size: int | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        weight_decay: float = 0.0,
        gradient_clip: float | None = 1.0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
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
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
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

class LSTMRegressor(_OfSklearn, Pooling, StepReader, SequenceRegressor):
    r"""Predict numbers from sequences with a long short-term memory network.

    .. math::
        i, f, o &= \sigma(W_{ifo} x_t + U_{ifo} h_{t-1} + b_{ifo}) \\
        c_t &= f \odot c_{t-1} + i \odot \tanh(W_c x_t + U_c h_{t-1} + b_c) \\
        h_t &= o \odot \tanh(c_t)

    Parameters
    ----------
    hidden_size : int or tuple of int, default=64
        Units of each recurrent layer and direction, for all layers or one per layer.
    num_layers : int, default=1
        Recurrent layers, one on top of the other.
    bidirectional : bool, default=False
        Read every sequence from both ends. Without it the network is causal: nothing
        that it holds at one step depends on a later one.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How the two directions of a layer become one.
    dropout : float, default=0.0
        Probability of a zero between recurrent layers and before the head, in [0, 1).
    conv_channels : tuple of int, default=()
        Output channels of the convolutions before the recurrence, one per layer.
    conv_kernel_size : int or tuple of int, default=5
        Their kernels, in steps. No longer than the shortest sequence.
    conv_stride : int or tuple of int, default=1
        Their strides: a stride of s leaves one step of s to the layers above. With a
        stride beyond the kernel the steps between are never read.
    parallel_channels : tuple of int, default=()
        Output channels of the convolutions beside the recurrence, whose mean over time
        joins it before the head: ``(128, 256, 128)`` makes an LSTM-FCN.
    parallel_kernel_size : int or tuple of int, default=(8, 5, 3)
        Their kernels, in steps.
    pooling : {"last", "mean", "max", "attention"}, default='max'
        How the steps of a sequence become one vector: the final state of each
        direction, the mean or maximum over its steps, or a mean by learnt weights.
    embedding_dim : int or None, default=None
        Width of each token's vector. X then holds token ids, as
        :class:`sksequence.preprocessing.SequenceTokenizer` makes them: one per step,
        from 0, the unknown token. Dropout acts on the vectors too.
    num_embeddings : int or None, default=None
        Number of tokens; None is one more than the largest id in fit. A token that fit
        has not met counts as unknown.
    missing : {"error", "mask", "decay"}, default='error'
        What NaN in X is. "error": refused. "mask": a value that was not observed; the
        channel's mean stands for it, and beside every channel goes another that is one
        where it was observed and zero where not. "decay": the same masks, but the last
        observation stands for it and fades towards the mean, at a learnt rate for each
        channel; without ``conv_channels`` the state of the first recurrent layer fades
        likewise (GRU-D of Che et al., 2018, with any cell). Its state is then computed
        step by step in Python, which takes longer: an epoch of a GRU or a plain cell
        about 1.5 times, of an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity
        is always refused.
    time_channel : int or None, default=None
        With ``missing="decay"``: the position among the channels of the one that holds
        the time of each step, in any unit and from any origin. It says how long ago the
        observations are and is read for nothing else; None counts the steps. Otherwise
        it is a channel like the others.
    loss : {"squared_error", "absolute_error", "huber", "quantile", "poisson"}, default='squared_error'
        What training minimises: the squared error, for the mean; the absolute error, for
        the median; the Huber loss, for a mean on which outliers beyond one standard
        deviation pull less; the pinball loss, for the quantile named by ``quantile``; or
        the Poisson deviance, for the rate of counts (targets of zero and more).
    quantile : float, default=0.5
        Which quantile the "quantile" loss predicts, in (0, 1).
    lr : float, default=0.005
        Learning rate.
    max_epochs : int, default=50
        Passes over the training sequences.
    batch_size : int or None, default=16
        Sequences per step of the optimizer; None takes all at once.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        What steps the weights.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Course of the learning rate over a fit: as it is, down to zero along half a
        cosine, or halved whenever the loss (on the validation part, if there is one) has
        not improved for 5 epochs.
    weight_decay : float, default=0.0
        Pull of the weights towards zero, in the optimizer's own sense.
    gradient_clip : float or None, default=1.0
        Largest norm of the gradient; longer ones are shortened to it.
    early_stopping : bool, default=False
        Hold a part of the training sequences out, stop when its loss no longer
        improves, and keep the weights that were best on it. The part has its share of
        every class, or consists of whole groups where fit gets ``groups``.
    validation_fraction : float, default=0.1
        Share of the sequences that early stopping holds out, in (0, 1).
    patience : int, default=10
        Epochs without improvement before early stopping stops.
    standardize : bool, default=True
        Centre and scale each channel, and a regressor's targets, by what fit saw. The
        2-D X counts as one channel. Token ids stay what they are.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps), and the arrays of a list likewise.
    random_state : int, RandomState instance or None, default=None
        Source of initial weights, batches, dropout and the early-stopping split. An int
        makes a refit equal to the bit.
    n_jobs : int or None, default=None
        Threads of torch in fit and predict: None is one, -1 all cores. float32 training
        depends on it in its last digits.
    device : str, default='auto'
        Where the network is: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if there
        is one.
    dtype : {"float32", "float64"}, default='float32'
        What the network computes in.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward passes in training, by torch's autocast:
        weights, loss and the optimizer's step stay in float32, and so do recurrent
        layers on a CPU, which are faster so. With "float16" the loss is scaled, and
        steps with an infinite gradient are left out. Answers, and the loss that early
        stopping watches, are in full precision. Not with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Called while training.
    net_params : dict or None, default=None
        Anything else that :class:`skorch.NeuralNet` takes, in its names, such as
        ``{"optimizer__betas": (0.9, 0.99)}``; overrides the rest.
    checkpoint : str, path or None, default=None
        Where fit keeps how far it is, after every epoch. A fit that was ended from
        outside goes on from there when it is called again with the same data and
        hyperparameters, and ends with the same network to the bit; one that had ended
        is not repeated. A file is that of one fit. In a folder (that exists, or with a
        separator at the end) each fit has a file of its own: for searches.
    warm_start : bool, default=False
        Let fit continue from the weights of the last one.
    verbose : int, default=0
        Above zero, print a line per epoch.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Columns of a 2-D X, else channels per step.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, if all are strings.
    n_epochs_ : int
        Epochs trained.
    history_ : list of dict
        For each epoch ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and
        ``duration`` in seconds.
    n_static_features_in_ : int
        Columns of numbers beside the sequences of a table; 0 where X is no such table.

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
        num_layers: int = 1,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        conv_channels: Sequence[int] = (),
        conv_kernel_size: int | Sequence[int] = 5,
        conv_stride: int | Sequence[int] = 1,
        parallel_channels: Sequence[int] = (),
        parallel_kernel_size: int | Sequence[int] = (8, 5, 3),
        pooling: str = "max",
        embedding_dim: int | None = None,
        num_embeddings: int | None = None,
        missing: str = "error",
        time_channel: int | None = None,
        loss: str = "squared_error",
        quantile: float = 0.5,
        lr: float = 0.005,
        max_epochs: int = 50,
        batch_size: int | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        weight_decay: float = 0.0,
        gradient_clip: float | None = 1.0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
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
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
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

class GRUClassifier(_OfSklearn, Pooling, StepReader, SequenceClassifier):
    r"""Label sequences with a network of gated recurrent units.

    .. math::
        r, z &= \sigma(W_{rz} x_t + U_{rz} h_{t-1} + b_{rz}) \\
        n &= \tanh(W_n x_t + b_n + r \odot (U_n h_{t-1} + b'_n)) \\
        h_t &= z \odot h_{t-1} + (1 - z) \odot n

    Parameters
    ----------
    hidden_size : int or tuple of int, default=64
        Units of each recurrent layer and direction, for all layers or one per layer.
    num_layers : int, default=1
        Recurrent layers, one on top of the other.
    bidirectional : bool, default=False
        Read every sequence from both ends. Without it the network is causal: nothing
        that it holds at one step depends on a later one.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How the two directions of a layer become one.
    dropout : float, default=0.0
        Probability of a zero between recurrent layers and before the head, in [0, 1).
    conv_channels : tuple of int, default=()
        Output channels of the convolutions before the recurrence, one per layer.
    conv_kernel_size : int or tuple of int, default=5
        Their kernels, in steps. No longer than the shortest sequence.
    conv_stride : int or tuple of int, default=1
        Their strides: a stride of s leaves one step of s to the layers above. With a
        stride beyond the kernel the steps between are never read.
    parallel_channels : tuple of int, default=()
        Output channels of the convolutions beside the recurrence, whose mean over time
        joins it before the head: ``(128, 256, 128)`` makes an LSTM-FCN.
    parallel_kernel_size : int or tuple of int, default=(8, 5, 3)
        Their kernels, in steps.
    pooling : {"last", "mean", "max", "attention"}, default='max'
        How the steps of a sequence become one vector: the final state of each
        direction, the mean or maximum over its steps, or a mean by learnt weights.
    embedding_dim : int or None, default=None
        Width of each token's vector. X then holds token ids, as
        :class:`sksequence.preprocessing.SequenceTokenizer` makes them: one per step,
        from 0, the unknown token. Dropout acts on the vectors too.
    num_embeddings : int or None, default=None
        Number of tokens; None is one more than the largest id in fit. A token that fit
        has not met counts as unknown.
    missing : {"error", "mask", "decay"}, default='error'
        What NaN in X is. "error": refused. "mask": a value that was not observed; the
        channel's mean stands for it, and beside every channel goes another that is one
        where it was observed and zero where not. "decay": the same masks, but the last
        observation stands for it and fades towards the mean, at a learnt rate for each
        channel; without ``conv_channels`` the state of the first recurrent layer fades
        likewise (GRU-D of Che et al., 2018, with any cell). Its state is then computed
        step by step in Python, which takes longer: an epoch of a GRU or a plain cell
        about 1.5 times, of an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity
        is always refused.
    time_channel : int or None, default=None
        With ``missing="decay"``: the position among the channels of the one that holds
        the time of each step, in any unit and from any origin. It says how long ago the
        observations are and is read for nothing else; None counts the steps. Otherwise
        it is a channel like the others.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weight of each class in the loss: ``{class: weight}`` with one for the classes
        left out, or "balanced" for weights inversely proportional to the classes'
        frequencies. For multilabel targets "balanced" or a list with a dict for each
        label.
    lr : float, default=0.005
        Learning rate.
    max_epochs : int, default=50
        Passes over the training sequences.
    batch_size : int or None, default=16
        Sequences per step of the optimizer; None takes all at once.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        What steps the weights.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Course of the learning rate over a fit: as it is, down to zero along half a
        cosine, or halved whenever the loss (on the validation part, if there is one) has
        not improved for 5 epochs.
    weight_decay : float, default=0.0
        Pull of the weights towards zero, in the optimizer's own sense.
    gradient_clip : float or None, default=1.0
        Largest norm of the gradient; longer ones are shortened to it.
    early_stopping : bool, default=False
        Hold a part of the training sequences out, stop when its loss no longer
        improves, and keep the weights that were best on it. The part has its share of
        every class, or consists of whole groups where fit gets ``groups``.
    validation_fraction : float, default=0.1
        Share of the sequences that early stopping holds out, in (0, 1).
    patience : int, default=10
        Epochs without improvement before early stopping stops.
    standardize : bool, default=True
        Centre and scale each channel, and a regressor's targets, by what fit saw. The
        2-D X counts as one channel. Token ids stay what they are.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps), and the arrays of a list likewise.
    random_state : int, RandomState instance or None, default=None
        Source of initial weights, batches, dropout and the early-stopping split. An int
        makes a refit equal to the bit.
    n_jobs : int or None, default=None
        Threads of torch in fit and predict: None is one, -1 all cores. float32 training
        depends on it in its last digits.
    device : str, default='auto'
        Where the network is: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if there
        is one.
    dtype : {"float32", "float64"}, default='float32'
        What the network computes in.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward passes in training, by torch's autocast:
        weights, loss and the optimizer's step stay in float32, and so do recurrent
        layers on a CPU, which are faster so. With "float16" the loss is scaled, and
        steps with an infinite gradient are left out. Answers, and the loss that early
        stopping watches, are in full precision. Not with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Called while training.
    net_params : dict or None, default=None
        Anything else that :class:`skorch.NeuralNet` takes, in its names, such as
        ``{"optimizer__betas": (0.9, 0.99)}``; overrides the rest.
    checkpoint : str, path or None, default=None
        Where fit keeps how far it is, after every epoch. A fit that was ended from
        outside goes on from there when it is called again with the same data and
        hyperparameters, and ends with the same network to the bit; one that had ended
        is not repeated. A file is that of one fit. In a folder (that exists, or with a
        separator at the end) each fit has a file of its own: for searches.
    warm_start : bool, default=False
        Let fit continue from the weights of the last one.
    verbose : int, default=0
        Above zero, print a line per epoch.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Columns of a 2-D X, else channels per step.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, if all are strings.
    n_epochs_ : int
        Epochs trained.
    history_ : list of dict
        For each epoch ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and
        ``duration`` in seconds.
    classes_ : ndarray of shape (n_classes,)
        Class labels; for multilabel targets the columns of y.
    n_static_features_in_ : int
        Columns of numbers beside the sequences of a table; 0 where X is no such table.

    See Also
    --------
    LSTMClassifier : A cell state beside the hidden one.
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
        num_layers: int = 1,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        conv_channels: Sequence[int] = (),
        conv_kernel_size: int | Sequence[int] = 5,
        conv_stride: int | Sequence[int] = 1,
        parallel_channels: Sequence[int] = (),
        parallel_kernel_size: int | Sequence[int] = (8, 5, 3),
        pooling: str = "max",
        embedding_dim: int | None = None,
        num_embeddings: int | None = None,
        missing: str = "error",
        time_channel: int | None = None,
        class_weight: Any = None,
        lr: float = 0.005,
        max_epochs: int = 50,
        batch_size: int | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        weight_decay: float = 0.0,
        gradient_clip: float | None = 1.0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
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
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
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

class GRURegressor(_OfSklearn, Pooling, StepReader, SequenceRegressor):
    r"""Predict numbers from sequences with a network of gated recurrent units.

    .. math::
        r, z &= \sigma(W_{rz} x_t + U_{rz} h_{t-1} + b_{rz}) \\
        n &= \tanh(W_n x_t + b_n + r \odot (U_n h_{t-1} + b'_n)) \\
        h_t &= z \odot h_{t-1} + (1 - z) \odot n

    Parameters
    ----------
    hidden_size : int or tuple of int, default=64
        Units of each recurrent layer and direction, for all layers or one per layer.
    num_layers : int, default=1
        Recurrent layers, one on top of the other.
    bidirectional : bool, default=False
        Read every sequence from both ends. Without it the network is causal: nothing
        that it holds at one step depends on a later one.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How the two directions of a layer become one.
    dropout : float, default=0.0
        Probability of a zero between recurrent layers and before the head, in [0, 1).
    conv_channels : tuple of int, default=()
        Output channels of the convolutions before the recurrence, one per layer.
    conv_kernel_size : int or tuple of int, default=5
        Their kernels, in steps. No longer than the shortest sequence.
    conv_stride : int or tuple of int, default=1
        Their strides: a stride of s leaves one step of s to the layers above. With a
        stride beyond the kernel the steps between are never read.
    parallel_channels : tuple of int, default=()
        Output channels of the convolutions beside the recurrence, whose mean over time
        joins it before the head: ``(128, 256, 128)`` makes an LSTM-FCN.
    parallel_kernel_size : int or tuple of int, default=(8, 5, 3)
        Their kernels, in steps.
    pooling : {"last", "mean", "max", "attention"}, default='max'
        How the steps of a sequence become one vector: the final state of each
        direction, the mean or maximum over its steps, or a mean by learnt weights.
    embedding_dim : int or None, default=None
        Width of each token's vector. X then holds token ids, as
        :class:`sksequence.preprocessing.SequenceTokenizer` makes them: one per step,
        from 0, the unknown token. Dropout acts on the vectors too.
    num_embeddings : int or None, default=None
        Number of tokens; None is one more than the largest id in fit. A token that fit
        has not met counts as unknown.
    missing : {"error", "mask", "decay"}, default='error'
        What NaN in X is. "error": refused. "mask": a value that was not observed; the
        channel's mean stands for it, and beside every channel goes another that is one
        where it was observed and zero where not. "decay": the same masks, but the last
        observation stands for it and fades towards the mean, at a learnt rate for each
        channel; without ``conv_channels`` the state of the first recurrent layer fades
        likewise (GRU-D of Che et al., 2018, with any cell). Its state is then computed
        step by step in Python, which takes longer: an epoch of a GRU or a plain cell
        about 1.5 times, of an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity
        is always refused.
    time_channel : int or None, default=None
        With ``missing="decay"``: the position among the channels of the one that holds
        the time of each step, in any unit and from any origin. It says how long ago the
        observations are and is read for nothing else; None counts the steps. Otherwise
        it is a channel like the others.
    loss : {"squared_error", "absolute_error", "huber", "quantile", "poisson"}, default='squared_error'
        What training minimises: the squared error, for the mean; the absolute error, for
        the median; the Huber loss, for a mean on which outliers beyond one standard
        deviation pull less; the pinball loss, for the quantile named by ``quantile``; or
        the Poisson deviance, for the rate of counts (targets of zero and more).
    quantile : float, default=0.5
        Which quantile the "quantile" loss predicts, in (0, 1).
    lr : float, default=0.005
        Learning rate.
    max_epochs : int, default=50
        Passes over the training sequences.
    batch_size : int or None, default=16
        Sequences per step of the optimizer; None takes all at once.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        What steps the weights.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Course of the learning rate over a fit: as it is, down to zero along half a
        cosine, or halved whenever the loss (on the validation part, if there is one) has
        not improved for 5 epochs.
    weight_decay : float, default=0.0
        Pull of the weights towards zero, in the optimizer's own sense.
    gradient_clip : float or None, default=1.0
        Largest norm of the gradient; longer ones are shortened to it.
    early_stopping : bool, default=False
        Hold a part of the training sequences out, stop when its loss no longer
        improves, and keep the weights that were best on it. The part has its share of
        every class, or consists of whole groups where fit gets ``groups``.
    validation_fraction : float, default=0.1
        Share of the sequences that early stopping holds out, in (0, 1).
    patience : int, default=10
        Epochs without improvement before early stopping stops.
    standardize : bool, default=True
        Centre and scale each channel, and a regressor's targets, by what fit saw. The
        2-D X counts as one channel. Token ids stay what they are.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps), and the arrays of a list likewise.
    random_state : int, RandomState instance or None, default=None
        Source of initial weights, batches, dropout and the early-stopping split. An int
        makes a refit equal to the bit.
    n_jobs : int or None, default=None
        Threads of torch in fit and predict: None is one, -1 all cores. float32 training
        depends on it in its last digits.
    device : str, default='auto'
        Where the network is: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if there
        is one.
    dtype : {"float32", "float64"}, default='float32'
        What the network computes in.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward passes in training, by torch's autocast:
        weights, loss and the optimizer's step stay in float32, and so do recurrent
        layers on a CPU, which are faster so. With "float16" the loss is scaled, and
        steps with an infinite gradient are left out. Answers, and the loss that early
        stopping watches, are in full precision. Not with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Called while training.
    net_params : dict or None, default=None
        Anything else that :class:`skorch.NeuralNet` takes, in its names, such as
        ``{"optimizer__betas": (0.9, 0.99)}``; overrides the rest.
    checkpoint : str, path or None, default=None
        Where fit keeps how far it is, after every epoch. A fit that was ended from
        outside goes on from there when it is called again with the same data and
        hyperparameters, and ends with the same network to the bit; one that had ended
        is not repeated. A file is that of one fit. In a folder (that exists, or with a
        separator at the end) each fit has a file of its own: for searches.
    warm_start : bool, default=False
        Let fit continue from the weights of the last one.
    verbose : int, default=0
        Above zero, print a line per epoch.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Columns of a 2-D X, else channels per step.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, if all are strings.
    n_epochs_ : int
        Epochs trained.
    history_ : list of dict
        For each epoch ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and
        ``duration`` in seconds.
    n_static_features_in_ : int
        Columns of numbers beside the sequences of a table; 0 where X is no such table.

    See Also
    --------
    LSTMRegressor : A cell state beside the hidden one.
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
        num_layers: int = 1,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        conv_channels: Sequence[int] = (),
        conv_kernel_size: int | Sequence[int] = 5,
        conv_stride: int | Sequence[int] = 1,
        parallel_channels: Sequence[int] = (),
        parallel_kernel_size: int | Sequence[int] = (8, 5, 3),
        pooling: str = "max",
        embedding_dim: int | None = None,
        num_embeddings: int | None = None,
        missing: str = "error",
        time_channel: int | None = None,
        loss: str = "squared_error",
        quantile: float = 0.5,
        lr: float = 0.005,
        max_epochs: int = 50,
        batch_size: int | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        weight_decay: float = 0.0,
        gradient_clip: float | None = 1.0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
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
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
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

class RecurrentClassifier(_OfSklearn, Pooling, AnyCell, SequenceClassifier):
    """Label sequences with a recurrent network whose cell is a hyperparameter.

    The same networks as the classes named after one cell, for searches among them.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru", "mingru", "minlstm", "indrnn", "qrnn"}, default='lstm'
        Recurrent cell.
    hidden_size : int or tuple of int, default=64
        Units of each recurrent layer and direction, for all layers or one per layer.
    num_layers : int, default=1
        Recurrent layers, one on top of the other.
    bidirectional : bool, default=False
        Read every sequence from both ends. Without it the network is causal: nothing
        that it holds at one step depends on a later one.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How the two directions of a layer become one.
    dropout : float, default=0.0
        Probability of a zero between recurrent layers and before the head, in [0, 1).
    conv_channels : tuple of int, default=()
        Output channels of the convolutions before the recurrence, one per layer.
    conv_kernel_size : int or tuple of int, default=5
        Their kernels, in steps. No longer than the shortest sequence.
    conv_stride : int or tuple of int, default=1
        Their strides: a stride of s leaves one step of s to the layers above. With a
        stride beyond the kernel the steps between are never read.
    parallel_channels : tuple of int, default=()
        Output channels of the convolutions beside the recurrence, whose mean over time
        joins it before the head: ``(128, 256, 128)`` makes an LSTM-FCN.
    parallel_kernel_size : int or tuple of int, default=(8, 5, 3)
        Their kernels, in steps.
    pooling : {"last", "mean", "max", "attention"}, default='max'
        How the steps of a sequence become one vector: the final state of each
        direction, the mean or maximum over its steps, or a mean by learnt weights.
    embedding_dim : int or None, default=None
        Width of each token's vector. X then holds token ids, as
        :class:`sksequence.preprocessing.SequenceTokenizer` makes them: one per step,
        from 0, the unknown token. Dropout acts on the vectors too.
    num_embeddings : int or None, default=None
        Number of tokens; None is one more than the largest id in fit. A token that fit
        has not met counts as unknown.
    missing : {"error", "mask", "decay"}, default='error'
        What NaN in X is. "error": refused. "mask": a value that was not observed; the
        channel's mean stands for it, and beside every channel goes another that is one
        where it was observed and zero where not. "decay": the same masks, but the last
        observation stands for it and fades towards the mean, at a learnt rate for each
        channel; without ``conv_channels`` the state of the first recurrent layer fades
        likewise (GRU-D of Che et al., 2018, with any cell). Its state is then computed
        step by step in Python, which takes longer: an epoch of a GRU or a plain cell
        about 1.5 times, of an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity
        is always refused.
    time_channel : int or None, default=None
        With ``missing="decay"``: the position among the channels of the one that holds
        the time of each step, in any unit and from any origin. It says how long ago the
        observations are and is read for nothing else; None counts the steps. Otherwise
        it is a channel like the others.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weight of each class in the loss: ``{class: weight}`` with one for the classes
        left out, or "balanced" for weights inversely proportional to the classes'
        frequencies. For multilabel targets "balanced" or a list with a dict for each
        label.
    lr : float, default=0.005
        Learning rate.
    max_epochs : int, default=50
        Passes over the training sequences.
    batch_size : int or None, default=16
        Sequences per step of the optimizer; None takes all at once.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        What steps the weights.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Course of the learning rate over a fit: as it is, down to zero along half a
        cosine, or halved whenever the loss (on the validation part, if there is one) has
        not improved for 5 epochs.
    weight_decay : float, default=0.0
        Pull of the weights towards zero, in the optimizer's own sense.
    gradient_clip : float or None, default=1.0
        Largest norm of the gradient; longer ones are shortened to it.
    early_stopping : bool, default=False
        Hold a part of the training sequences out, stop when its loss no longer
        improves, and keep the weights that were best on it. The part has its share of
        every class, or consists of whole groups where fit gets ``groups``.
    validation_fraction : float, default=0.1
        Share of the sequences that early stopping holds out, in (0, 1).
    patience : int, default=10
        Epochs without improvement before early stopping stops.
    standardize : bool, default=True
        Centre and scale each channel, and a regressor's targets, by what fit saw. The
        2-D X counts as one channel. Token ids stay what they are.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps), and the arrays of a list likewise.
    random_state : int, RandomState instance or None, default=None
        Source of initial weights, batches, dropout and the early-stopping split. An int
        makes a refit equal to the bit.
    n_jobs : int or None, default=None
        Threads of torch in fit and predict: None is one, -1 all cores. float32 training
        depends on it in its last digits.
    device : str, default='auto'
        Where the network is: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if there
        is one.
    dtype : {"float32", "float64"}, default='float32'
        What the network computes in.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward passes in training, by torch's autocast:
        weights, loss and the optimizer's step stay in float32, and so do recurrent
        layers on a CPU, which are faster so. With "float16" the loss is scaled, and
        steps with an infinite gradient are left out. Answers, and the loss that early
        stopping watches, are in full precision. Not with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Called while training.
    net_params : dict or None, default=None
        Anything else that :class:`skorch.NeuralNet` takes, in its names, such as
        ``{"optimizer__betas": (0.9, 0.99)}``; overrides the rest.
    checkpoint : str, path or None, default=None
        Where fit keeps how far it is, after every epoch. A fit that was ended from
        outside goes on from there when it is called again with the same data and
        hyperparameters, and ends with the same network to the bit; one that had ended
        is not repeated. A file is that of one fit. In a folder (that exists, or with a
        separator at the end) each fit has a file of its own: for searches.
    warm_start : bool, default=False
        Let fit continue from the weights of the last one.
    verbose : int, default=0
        Above zero, print a line per epoch.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Columns of a 2-D X, else channels per step.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, if all are strings.
    n_epochs_ : int
        Epochs trained.
    history_ : list of dict
        For each epoch ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and
        ``duration`` in seconds.
    classes_ : ndarray of shape (n_classes,)
        Class labels; for multilabel targets the columns of y.
    n_static_features_in_ : int
        Columns of numbers beside the sequences of a table; 0 where X is no such table.

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
        num_layers: int = 1,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        conv_channels: Sequence[int] = (),
        conv_kernel_size: int | Sequence[int] = 5,
        conv_stride: int | Sequence[int] = 1,
        parallel_channels: Sequence[int] = (),
        parallel_kernel_size: int | Sequence[int] = (8, 5, 3),
        pooling: str = "max",
        embedding_dim: int | None = None,
        num_embeddings: int | None = None,
        missing: str = "error",
        time_channel: int | None = None,
        class_weight: Any = None,
        lr: float = 0.005,
        max_epochs: int = 50,
        batch_size: int | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        weight_decay: float = 0.0,
        gradient_clip: float | None = 1.0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
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
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
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

class RecurrentRegressor(_OfSklearn, Pooling, AnyCell, SequenceRegressor):
    """Predict numbers from sequences with a network whose cell is a hyperparameter.

    The same networks as the classes named after one cell, for searches among them.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru", "mingru", "minlstm", "indrnn", "qrnn"}, default='lstm'
        Recurrent cell.
    hidden_size : int or tuple of int, default=64
        Units of each recurrent layer and direction, for all layers or one per layer.
    num_layers : int, default=1
        Recurrent layers, one on top of the other.
    bidirectional : bool, default=False
        Read every sequence from both ends. Without it the network is causal: nothing
        that it holds at one step depends on a later one.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How the two directions of a layer become one.
    dropout : float, default=0.0
        Probability of a zero between recurrent layers and before the head, in [0, 1).
    conv_channels : tuple of int, default=()
        Output channels of the convolutions before the recurrence, one per layer.
    conv_kernel_size : int or tuple of int, default=5
        Their kernels, in steps. No longer than the shortest sequence.
    conv_stride : int or tuple of int, default=1
        Their strides: a stride of s leaves one step of s to the layers above. With a
        stride beyond the kernel the steps between are never read.
    parallel_channels : tuple of int, default=()
        Output channels of the convolutions beside the recurrence, whose mean over time
        joins it before the head: ``(128, 256, 128)`` makes an LSTM-FCN.
    parallel_kernel_size : int or tuple of int, default=(8, 5, 3)
        Their kernels, in steps.
    pooling : {"last", "mean", "max", "attention"}, default='max'
        How the steps of a sequence become one vector: the final state of each
        direction, the mean or maximum over its steps, or a mean by learnt weights.
    embedding_dim : int or None, default=None
        Width of each token's vector. X then holds token ids, as
        :class:`sksequence.preprocessing.SequenceTokenizer` makes them: one per step,
        from 0, the unknown token. Dropout acts on the vectors too.
    num_embeddings : int or None, default=None
        Number of tokens; None is one more than the largest id in fit. A token that fit
        has not met counts as unknown.
    missing : {"error", "mask", "decay"}, default='error'
        What NaN in X is. "error": refused. "mask": a value that was not observed; the
        channel's mean stands for it, and beside every channel goes another that is one
        where it was observed and zero where not. "decay": the same masks, but the last
        observation stands for it and fades towards the mean, at a learnt rate for each
        channel; without ``conv_channels`` the state of the first recurrent layer fades
        likewise (GRU-D of Che et al., 2018, with any cell). Its state is then computed
        step by step in Python, which takes longer: an epoch of a GRU or a plain cell
        about 1.5 times, of an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity
        is always refused.
    time_channel : int or None, default=None
        With ``missing="decay"``: the position among the channels of the one that holds
        the time of each step, in any unit and from any origin. It says how long ago the
        observations are and is read for nothing else; None counts the steps. Otherwise
        it is a channel like the others.
    loss : {"squared_error", "absolute_error", "huber", "quantile", "poisson"}, default='squared_error'
        What training minimises: the squared error, for the mean; the absolute error, for
        the median; the Huber loss, for a mean on which outliers beyond one standard
        deviation pull less; the pinball loss, for the quantile named by ``quantile``; or
        the Poisson deviance, for the rate of counts (targets of zero and more).
    quantile : float, default=0.5
        Which quantile the "quantile" loss predicts, in (0, 1).
    lr : float, default=0.005
        Learning rate.
    max_epochs : int, default=50
        Passes over the training sequences.
    batch_size : int or None, default=16
        Sequences per step of the optimizer; None takes all at once.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        What steps the weights.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Course of the learning rate over a fit: as it is, down to zero along half a
        cosine, or halved whenever the loss (on the validation part, if there is one) has
        not improved for 5 epochs.
    weight_decay : float, default=0.0
        Pull of the weights towards zero, in the optimizer's own sense.
    gradient_clip : float or None, default=1.0
        Largest norm of the gradient; longer ones are shortened to it.
    early_stopping : bool, default=False
        Hold a part of the training sequences out, stop when its loss no longer
        improves, and keep the weights that were best on it. The part has its share of
        every class, or consists of whole groups where fit gets ``groups``.
    validation_fraction : float, default=0.1
        Share of the sequences that early stopping holds out, in (0, 1).
    patience : int, default=10
        Epochs without improvement before early stopping stops.
    standardize : bool, default=True
        Centre and scale each channel, and a regressor's targets, by what fit saw. The
        2-D X counts as one channel. Token ids stay what they are.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps), and the arrays of a list likewise.
    random_state : int, RandomState instance or None, default=None
        Source of initial weights, batches, dropout and the early-stopping split. An int
        makes a refit equal to the bit.
    n_jobs : int or None, default=None
        Threads of torch in fit and predict: None is one, -1 all cores. float32 training
        depends on it in its last digits.
    device : str, default='auto'
        Where the network is: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if there
        is one.
    dtype : {"float32", "float64"}, default='float32'
        What the network computes in.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward passes in training, by torch's autocast:
        weights, loss and the optimizer's step stay in float32, and so do recurrent
        layers on a CPU, which are faster so. With "float16" the loss is scaled, and
        steps with an infinite gradient are left out. Answers, and the loss that early
        stopping watches, are in full precision. Not with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Called while training.
    net_params : dict or None, default=None
        Anything else that :class:`skorch.NeuralNet` takes, in its names, such as
        ``{"optimizer__betas": (0.9, 0.99)}``; overrides the rest.
    checkpoint : str, path or None, default=None
        Where fit keeps how far it is, after every epoch. A fit that was ended from
        outside goes on from there when it is called again with the same data and
        hyperparameters, and ends with the same network to the bit; one that had ended
        is not repeated. A file is that of one fit. In a folder (that exists, or with a
        separator at the end) each fit has a file of its own: for searches.
    warm_start : bool, default=False
        Let fit continue from the weights of the last one.
    verbose : int, default=0
        Above zero, print a line per epoch.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Columns of a 2-D X, else channels per step.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, if all are strings.
    n_epochs_ : int
        Epochs trained.
    history_ : list of dict
        For each epoch ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and
        ``duration`` in seconds.
    n_static_features_in_ : int
        Columns of numbers beside the sequences of a table; 0 where X is no such table.

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
        num_layers: int = 1,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        conv_channels: Sequence[int] = (),
        conv_kernel_size: int | Sequence[int] = 5,
        conv_stride: int | Sequence[int] = 1,
        parallel_channels: Sequence[int] = (),
        parallel_kernel_size: int | Sequence[int] = (8, 5, 3),
        pooling: str = "max",
        embedding_dim: int | None = None,
        num_embeddings: int | None = None,
        missing: str = "error",
        time_channel: int | None = None,
        loss: str = "squared_error",
        quantile: float = 0.5,
        lr: float = 0.005,
        max_epochs: int = 50,
        batch_size: int | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        weight_decay: float = 0.0,
        gradient_clip: float | None = 1.0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
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
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
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

class RecurrentTagger(_OfSklearn, AnyCell, PerStepEstimator, Labeller):
    """Label every step of a sequence, with one class or with any number of labels.

    y is a list of arrays as long as their sequences: (n_steps_i,) for one class per step,
    (n_steps_i, n_labels) of zeros and ones for several labels; or one array where all
    sequences are equally long. ``predict`` answers in the same form: an array for an
    array, and for a list of sequences an object array with an array for each.

    With next tokens for targets it is a language model: ``bptt_steps`` trains on texts
    of any length, and ``generate`` writes.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru", "mingru", "minlstm", "indrnn", "qrnn"}, default='lstm'
        Recurrent cell.
    hidden_size : int or tuple of int, default=64
        Units of each recurrent layer and direction, for all layers or one per layer.
    num_layers : int, default=1
        Recurrent layers, one on top of the other.
    bidirectional : bool, default=False
        Read every sequence from both ends. Without it the network is causal: nothing
        that it holds at one step depends on a later one.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How the two directions of a layer become one.
    dropout : float, default=0.0
        Probability of a zero between recurrent layers and before the head, in [0, 1).
    conv_channels : tuple of int, default=()
        Output channels of the convolutions before the recurrence, one per layer.
    conv_kernel_size : int or tuple of int, default=5
        Their kernels, in steps. No longer than the shortest sequence.
    conv_stride : int or tuple of int, default=1
        Their strides: a stride of s leaves one step of s to the layers above. With a
        stride beyond the kernel the steps between are never read.
    parallel_channels : tuple of int, default=()
        Output channels of the convolutions beside the recurrence, whose mean over time
        joins it before the head: ``(128, 256, 128)`` makes an LSTM-FCN.
    parallel_kernel_size : int or tuple of int, default=(8, 5, 3)
        Their kernels, in steps.
    embedding_dim : int or None, default=None
        Width of each token's vector. X then holds token ids, as
        :class:`sksequence.preprocessing.SequenceTokenizer` makes them: one per step,
        from 0, the unknown token. Dropout acts on the vectors too.
    num_embeddings : int or None, default=None
        Number of tokens; None is one more than the largest id in fit. A token that fit
        has not met counts as unknown.
    missing : {"error", "mask", "decay"}, default='error'
        What NaN in X is. "error": refused. "mask": a value that was not observed; the
        channel's mean stands for it, and beside every channel goes another that is one
        where it was observed and zero where not. "decay": the same masks, but the last
        observation stands for it and fades towards the mean, at a learnt rate for each
        channel; without ``conv_channels`` the state of the first recurrent layer fades
        likewise (GRU-D of Che et al., 2018, with any cell). Its state is then computed
        step by step in Python, which takes longer: an epoch of a GRU or a plain cell
        about 1.5 times, of an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity
        is always refused.
    time_channel : int or None, default=None
        With ``missing="decay"``: the position among the channels of the one that holds
        the time of each step, in any unit and from any origin. It says how long ago the
        observations are and is read for nothing else; None counts the steps. Otherwise
        it is a channel like the others.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weight of each class in the loss: ``{class: weight}`` with one for the classes
        left out, or "balanced" for weights inversely proportional to the classes'
        frequencies. For multilabel targets "balanced" or a list with a dict for each
        label.
    lr : float, default=0.005
        Learning rate.
    max_epochs : int, default=50
        Passes over the training sequences.
    batch_size : int or None, default=16
        Sequences per step of the optimizer; None takes all at once.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        What steps the weights.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Course of the learning rate over a fit: as it is, down to zero along half a
        cosine, or halved whenever the loss (on the validation part, if there is one) has
        not improved for 5 epochs.
    weight_decay : float, default=0.0
        Pull of the weights towards zero, in the optimizer's own sense.
    gradient_clip : float or None, default=1.0
        Largest norm of the gradient; longer ones are shortened to it.
    bptt_steps : int or None, default=None
        Train on chunks of so many steps, one after the other: the state goes on from
        chunk to chunk of a sequence, gradients are cut (truncated backpropagation
        through time). For sequences too long to be trained on at once; needs a causal
        network without convolutions.
    early_stopping : bool, default=False
        Hold a part of the training sequences out, stop when its loss no longer
        improves, and keep the weights that were best on it. The part has its share of
        every class, or consists of whole groups where fit gets ``groups``.
    validation_fraction : float, default=0.1
        Share of the sequences that early stopping holds out, in (0, 1).
    patience : int, default=10
        Epochs without improvement before early stopping stops.
    standardize : bool, default=True
        Centre and scale each channel, and a regressor's targets, by what fit saw. The
        2-D X counts as one channel. Token ids stay what they are.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps), and the arrays of a list likewise.
    random_state : int, RandomState instance or None, default=None
        Source of initial weights, batches, dropout and the early-stopping split. An int
        makes a refit equal to the bit.
    n_jobs : int or None, default=None
        Threads of torch in fit and predict: None is one, -1 all cores. float32 training
        depends on it in its last digits.
    device : str, default='auto'
        Where the network is: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if there
        is one.
    dtype : {"float32", "float64"}, default='float32'
        What the network computes in.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward passes in training, by torch's autocast:
        weights, loss and the optimizer's step stay in float32, and so do recurrent
        layers on a CPU, which are faster so. With "float16" the loss is scaled, and
        steps with an infinite gradient are left out. Answers, and the loss that early
        stopping watches, are in full precision. Not with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Called while training.
    net_params : dict or None, default=None
        Anything else that :class:`skorch.NeuralNet` takes, in its names, such as
        ``{"optimizer__betas": (0.9, 0.99)}``; overrides the rest.
    checkpoint : str, path or None, default=None
        Where fit keeps how far it is, after every epoch. A fit that was ended from
        outside goes on from there when it is called again with the same data and
        hyperparameters, and ends with the same network to the bit; one that had ended
        is not repeated. A file is that of one fit. In a folder (that exists, or with a
        separator at the end) each fit has a file of its own: for searches.
    warm_start : bool, default=False
        Let fit continue from the weights of the last one.
    verbose : int, default=0
        Above zero, print a line per epoch.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Columns of a 2-D X, else channels per step.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, if all are strings.
    n_epochs_ : int
        Epochs trained.
    history_ : list of dict
        For each epoch ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and
        ``duration`` in seconds.
    classes_ : ndarray of shape (n_classes,)
        Class labels; for multilabel targets the columns of y.
    n_static_features_in_ : int
        Columns of numbers beside the sequences of a table; 0 where X is no such table.

    See Also
    --------
    RecurrentStepRegressor : Numbers for every step.
    RecurrentClassifier : One class for the whole sequence.
    sksequence.metrics.make_step_scorer : Scores over the steps, for searches.

    References
    ----------
    Graves and Schmidhuber (2005), Framewise phoneme classification with bidirectional
    LSTM and other neural network architectures. Neural Networks 18.
    Huang, Xu and Yu (2015), Bidirectional LSTM-CRF models for sequence tagging. arXiv.

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
        num_layers: int = 1,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        conv_channels: Sequence[int] = (),
        conv_kernel_size: int | Sequence[int] = 5,
        conv_stride: int | Sequence[int] = 1,
        parallel_channels: Sequence[int] = (),
        parallel_kernel_size: int | Sequence[int] = (8, 5, 3),
        embedding_dim: int | None = None,
        num_embeddings: int | None = None,
        missing: str = "error",
        time_channel: int | None = None,
        class_weight: Any = None,
        lr: float = 0.005,
        max_epochs: int = 50,
        batch_size: int | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        weight_decay: float = 0.0,
        gradient_clip: float | None = 1.0,
        bptt_steps: int | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
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
        """Go on from a prompt, each token drawn from what the last ones make likely.

        For language models: fitted on tokens (``embedding_dim``), with the next token of
        each step for its class.

        Parameters
        ----------
        prompt : array-like of shape (n_prompt_steps,)
            Token ids to begin with, at least one.
        n_steps : int
            How many to write.
        temperature : float, default=1.0
            Below one likelier tokens are preferred even more, above one less so.
        random_state : int, RandomState instance or None, default=None
            Draws.

        Returns
        -------
        ndarray of shape (n_steps,)
            Token ids, without the prompt.

        Raises
        ------
        ValueError
            If the tagger is no language model, or looks ahead.

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
        """Share of steps labelled right; of several labels all must be.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : list of array-like, or array-like
            True labels of each step.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weight of each sequence's steps.

        Returns
        -------
        float
            Accuracy over the steps that there are.
        """
    def set_fit_request(
        self,
        *,
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
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
    """Predict one number, or several, for every step of a sequence.

    y is a list of arrays as long as their sequences, (n_steps_i,) or (n_steps_i,
    n_outputs); or one array where all sequences are equally long. ``predict`` answers in
    the same form: an array for an array, and for a list of sequences an object array
    with an array for each.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru", "mingru", "minlstm", "indrnn", "qrnn"}, default='lstm'
        Recurrent cell.
    hidden_size : int or tuple of int, default=64
        Units of each recurrent layer and direction, for all layers or one per layer.
    num_layers : int, default=1
        Recurrent layers, one on top of the other.
    bidirectional : bool, default=False
        Read every sequence from both ends. Without it the network is causal: nothing
        that it holds at one step depends on a later one.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How the two directions of a layer become one.
    dropout : float, default=0.0
        Probability of a zero between recurrent layers and before the head, in [0, 1).
    conv_channels : tuple of int, default=()
        Output channels of the convolutions before the recurrence, one per layer.
    conv_kernel_size : int or tuple of int, default=5
        Their kernels, in steps. No longer than the shortest sequence.
    conv_stride : int or tuple of int, default=1
        Their strides: a stride of s leaves one step of s to the layers above. With a
        stride beyond the kernel the steps between are never read.
    parallel_channels : tuple of int, default=()
        Output channels of the convolutions beside the recurrence, whose mean over time
        joins it before the head: ``(128, 256, 128)`` makes an LSTM-FCN.
    parallel_kernel_size : int or tuple of int, default=(8, 5, 3)
        Their kernels, in steps.
    embedding_dim : int or None, default=None
        Width of each token's vector. X then holds token ids, as
        :class:`sksequence.preprocessing.SequenceTokenizer` makes them: one per step,
        from 0, the unknown token. Dropout acts on the vectors too.
    num_embeddings : int or None, default=None
        Number of tokens; None is one more than the largest id in fit. A token that fit
        has not met counts as unknown.
    missing : {"error", "mask", "decay"}, default='error'
        What NaN in X is. "error": refused. "mask": a value that was not observed; the
        channel's mean stands for it, and beside every channel goes another that is one
        where it was observed and zero where not. "decay": the same masks, but the last
        observation stands for it and fades towards the mean, at a learnt rate for each
        channel; without ``conv_channels`` the state of the first recurrent layer fades
        likewise (GRU-D of Che et al., 2018, with any cell). Its state is then computed
        step by step in Python, which takes longer: an epoch of a GRU or a plain cell
        about 1.5 times, of an LSTM 4 to 7 times (``benchmarks/missing.py``). Infinity
        is always refused.
    time_channel : int or None, default=None
        With ``missing="decay"``: the position among the channels of the one that holds
        the time of each step, in any unit and from any origin. It says how long ago the
        observations are and is read for nothing else; None counts the steps. Otherwise
        it is a channel like the others.
    loss : {"squared_error", "absolute_error", "huber", "quantile", "poisson"}, default='squared_error'
        What training minimises: the squared error, for the mean; the absolute error, for
        the median; the Huber loss, for a mean on which outliers beyond one standard
        deviation pull less; the pinball loss, for the quantile named by ``quantile``; or
        the Poisson deviance, for the rate of counts (targets of zero and more).
    quantile : float, default=0.5
        Which quantile the "quantile" loss predicts, in (0, 1).
    lr : float, default=0.005
        Learning rate.
    max_epochs : int, default=50
        Passes over the training sequences.
    batch_size : int or None, default=16
        Sequences per step of the optimizer; None takes all at once.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        What steps the weights.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Course of the learning rate over a fit: as it is, down to zero along half a
        cosine, or halved whenever the loss (on the validation part, if there is one) has
        not improved for 5 epochs.
    weight_decay : float, default=0.0
        Pull of the weights towards zero, in the optimizer's own sense.
    gradient_clip : float or None, default=1.0
        Largest norm of the gradient; longer ones are shortened to it.
    bptt_steps : int or None, default=None
        Train on chunks of so many steps, one after the other: the state goes on from
        chunk to chunk of a sequence, gradients are cut (truncated backpropagation
        through time). For sequences too long to be trained on at once; needs a causal
        network without convolutions.
    early_stopping : bool, default=False
        Hold a part of the training sequences out, stop when its loss no longer
        improves, and keep the weights that were best on it. The part has its share of
        every class, or consists of whole groups where fit gets ``groups``.
    validation_fraction : float, default=0.1
        Share of the sequences that early stopping holds out, in (0, 1).
    patience : int, default=10
        Epochs without improvement before early stopping stops.
    standardize : bool, default=True
        Centre and scale each channel, and a regressor's targets, by what fit saw. The
        2-D X counts as one channel. Token ids stay what they are.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps), and the arrays of a list likewise.
    random_state : int, RandomState instance or None, default=None
        Source of initial weights, batches, dropout and the early-stopping split. An int
        makes a refit equal to the bit.
    n_jobs : int or None, default=None
        Threads of torch in fit and predict: None is one, -1 all cores. float32 training
        depends on it in its last digits.
    device : str, default='auto'
        Where the network is: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if there
        is one.
    dtype : {"float32", "float64"}, default='float32'
        What the network computes in.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward passes in training, by torch's autocast:
        weights, loss and the optimizer's step stay in float32, and so do recurrent
        layers on a CPU, which are faster so. With "float16" the loss is scaled, and
        steps with an infinite gradient are left out. Answers, and the loss that early
        stopping watches, are in full precision. Not with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Called while training.
    net_params : dict or None, default=None
        Anything else that :class:`skorch.NeuralNet` takes, in its names, such as
        ``{"optimizer__betas": (0.9, 0.99)}``; overrides the rest.
    checkpoint : str, path or None, default=None
        Where fit keeps how far it is, after every epoch. A fit that was ended from
        outside goes on from there when it is called again with the same data and
        hyperparameters, and ends with the same network to the bit; one that had ended
        is not repeated. A file is that of one fit. In a folder (that exists, or with a
        separator at the end) each fit has a file of its own: for searches.
    warm_start : bool, default=False
        Let fit continue from the weights of the last one.
    verbose : int, default=0
        Above zero, print a line per epoch.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Columns of a 2-D X, else channels per step.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, if all are strings.
    n_epochs_ : int
        Epochs trained.
    history_ : list of dict
        For each epoch ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and
        ``duration`` in seconds.
    n_static_features_in_ : int
        Columns of numbers beside the sequences of a table; 0 where X is no such table.

    See Also
    --------
    RecurrentTagger : Classes for every step.
    RecurrentRegressor : One number for the whole sequence.

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
        num_layers: int = 1,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        conv_channels: Sequence[int] = (),
        conv_kernel_size: int | Sequence[int] = 5,
        conv_stride: int | Sequence[int] = 1,
        parallel_channels: Sequence[int] = (),
        parallel_kernel_size: int | Sequence[int] = (8, 5, 3),
        embedding_dim: int | None = None,
        num_embeddings: int | None = None,
        missing: str = "error",
        time_channel: int | None = None,
        loss: str = "squared_error",
        quantile: float = 0.5,
        lr: float = 0.005,
        max_epochs: int = 50,
        batch_size: int | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        weight_decay: float = 0.0,
        gradient_clip: float | None = 1.0,
        bptt_steps: int | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
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
        """Coefficient of determination over all steps.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : list of array-like, or array-like
            True values of each step.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weight of each sequence's steps.

        Returns
        -------
        float
            R squared of the steps that there are.
        """
    def set_fit_request(
        self,
        *,
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
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

class ConvLSTMClassifier(_OfSklearn, FrameReader, SequenceClassifier):
    r"""Label films with a convolutional LSTM.

    An LSTM whose states are frames too, and whose products are convolutions:

    .. math::
        i, f, o &= \sigma(W_{ifo} * X_t + U_{ifo} * H_{t-1} + b_{ifo}) \\
        C_t &= f \odot C_{t-1} + i \odot \tanh(W_c * X_t + U_c * H_{t-1} + b_c) \\
        H_t &= o \odot \tanh(C_t)

    X is (n_films, n_steps, height, width), with the channels of a pixel last if there are
    several; or a list of films of any number of steps. The pooled states' mean over the
    plane is what the head reads. Of a 2-D X every number is a frame of one pixel.

    Parameters
    ----------
    hidden_size : int or tuple of int, default=64
        Units of each recurrent layer and direction, for all layers or one per layer.
    num_layers : int, default=1
        Recurrent layers, one on top of the other.
    bidirectional : bool, default=False
        Read every sequence from both ends. Without it the network is causal: nothing
        that it holds at one step depends on a later one.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How the two directions of a layer become one.
    dropout : float, default=0.0
        Probability of a zero between recurrent layers and before the head, in [0, 1).
    kernel_size : int or tuple of int, default=3
        Width of the convolutions in the plane of the (patched) frame, odd, for all layers
        or one per layer. ``hidden_size`` counts their channels.
    patch_size : int, default=1
        Side of the squares of pixels that are made channels before the first layer: with
        p the recurrence has p squared times fewer places to compute.
    peephole : bool, default=False
        Let the gates see the cell state, by a weight for each channel and place.
    pooling : {"last", "mean", "max", "attention"}, default='max'
        How the steps of a sequence become one vector: the final state of each
        direction, the mean or maximum over its steps, or a mean by learnt weights.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weight of each class in the loss: ``{class: weight}`` with one for the classes
        left out, or "balanced" for weights inversely proportional to the classes'
        frequencies. For multilabel targets "balanced" or a list with a dict for each
        label.
    lr : float, default=0.005
        Learning rate.
    max_epochs : int, default=50
        Passes over the training sequences.
    batch_size : int or None, default=16
        Sequences per step of the optimizer; None takes all at once.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        What steps the weights.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Course of the learning rate over a fit: as it is, down to zero along half a
        cosine, or halved whenever the loss (on the validation part, if there is one) has
        not improved for 5 epochs.
    weight_decay : float, default=0.0
        Pull of the weights towards zero, in the optimizer's own sense.
    gradient_clip : float or None, default=1.0
        Largest norm of the gradient; longer ones are shortened to it.
    early_stopping : bool, default=False
        Hold a part of the training sequences out, stop when its loss no longer
        improves, and keep the weights that were best on it. The part has its share of
        every class, or consists of whole groups where fit gets ``groups``.
    validation_fraction : float, default=0.1
        Share of the sequences that early stopping holds out, in (0, 1).
    patience : int, default=10
        Epochs without improvement before early stopping stops.
    standardize : bool, default=True
        Centre and scale each channel, and a regressor's targets, by what fit saw. The
        2-D X counts as one channel. Token ids stay what they are.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps), and the arrays of a list likewise.
    random_state : int, RandomState instance or None, default=None
        Source of initial weights, batches, dropout and the early-stopping split. An int
        makes a refit equal to the bit.
    n_jobs : int or None, default=None
        Threads of torch in fit and predict: None is one, -1 all cores. float32 training
        depends on it in its last digits.
    device : str, default='auto'
        Where the network is: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if there
        is one.
    dtype : {"float32", "float64"}, default='float32'
        What the network computes in.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward passes in training, by torch's autocast:
        weights, loss and the optimizer's step stay in float32, and so do recurrent
        layers on a CPU, which are faster so. With "float16" the loss is scaled, and
        steps with an infinite gradient are left out. Answers, and the loss that early
        stopping watches, are in full precision. Not with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Called while training.
    net_params : dict or None, default=None
        Anything else that :class:`skorch.NeuralNet` takes, in its names, such as
        ``{"optimizer__betas": (0.9, 0.99)}``; overrides the rest.
    checkpoint : str, path or None, default=None
        Where fit keeps how far it is, after every epoch. A fit that was ended from
        outside goes on from there when it is called again with the same data and
        hyperparameters, and ends with the same network to the bit; one that had ended
        is not repeated. A file is that of one fit. In a folder (that exists, or with a
        separator at the end) each fit has a file of its own: for searches.
    warm_start : bool, default=False
        Let fit continue from the weights of the last one.
    verbose : int, default=0
        Above zero, print a line per epoch.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Columns of a 2-D X, else channels per step.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, if all are strings.
    n_epochs_ : int
        Epochs trained.
    history_ : list of dict
        For each epoch ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and
        ``duration`` in seconds.
    classes_ : ndarray of shape (n_classes,)
        Class labels; for multilabel targets the columns of y.

    See Also
    --------
    ConvLSTMRegressor : Numbers or frames from films.

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
        num_layers: int = 1,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        kernel_size: int | Sequence[int] = 3,
        patch_size: int = 1,
        peephole: bool = False,
        pooling: str = "max",
        class_weight: Any = None,
        lr: float = 0.005,
        max_epochs: int = 50,
        batch_size: int | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        weight_decay: float = 0.0,
        gradient_clip: float | None = 1.0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
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
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
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
    r"""Predict numbers, the next frame or the next frames of films.

    .. math::
        i, f, o &= \sigma(W_{ifo} * X_t + U_{ifo} * H_{t-1} + b_{ifo}) \\
        C_t &= f \odot C_{t-1} + i \odot \tanh(W_c * X_t + U_c * H_{t-1} + b_c) \\
        H_t &= o \odot \tanh(C_t)

    X is (n_films, n_steps, height, width), with the channels of a pixel last if there are
    several; or a list of films of any number of steps. What y is decides what is
    predicted: numbers (n_films,) or (n_films, n_outputs); the next frame, in the layout
    of a frame of X; or several next frames, (n_films, n_frames, height, width) or with
    channels last, by a second network that starts from the states of the first.

    Parameters
    ----------
    hidden_size : int or tuple of int, default=64
        Units of each recurrent layer and direction, for all layers or one per layer.
    num_layers : int, default=1
        Recurrent layers, one on top of the other.
    bidirectional : bool, default=False
        Read every sequence from both ends. Without it the network is causal: nothing
        that it holds at one step depends on a later one.
    merge_mode : {"concat", "sum", "mean", "mul"}, default='concat'
        How the two directions of a layer become one.
    dropout : float, default=0.0
        Probability of a zero between recurrent layers and before the head, in [0, 1).
    kernel_size : int or tuple of int, default=3
        Width of the convolutions in the plane of the (patched) frame, odd, for all layers
        or one per layer. ``hidden_size`` counts their channels.
    patch_size : int, default=1
        Side of the squares of pixels that are made channels before the first layer: with
        p the recurrence has p squared times fewer places to compute.
    peephole : bool, default=False
        Let the gates see the cell state, by a weight for each channel and place.
    pooling : {"last", "mean", "max", "attention"}, default='max'
        How the steps of a sequence become one vector: the final state of each
        direction, the mean or maximum over its steps, or a mean by learnt weights.
    loss : {"squared_error", "absolute_error", "huber", "quantile", "poisson"}, default='squared_error'
        What training minimises: the squared error, for the mean; the absolute error, for
        the median; the Huber loss, for a mean on which outliers beyond one standard
        deviation pull less; the pinball loss, for the quantile named by ``quantile``; or
        the Poisson deviance, for the rate of counts (targets of zero and more).
    quantile : float, default=0.5
        Which quantile the "quantile" loss predicts, in (0, 1).
    lr : float, default=0.005
        Learning rate.
    max_epochs : int, default=50
        Passes over the training sequences.
    batch_size : int or None, default=16
        Sequences per step of the optimizer; None takes all at once.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default='adam'
        What steps the weights.
    lr_schedule : {"constant", "cosine", "plateau"}, default='cosine'
        Course of the learning rate over a fit: as it is, down to zero along half a
        cosine, or halved whenever the loss (on the validation part, if there is one) has
        not improved for 5 epochs.
    weight_decay : float, default=0.0
        Pull of the weights towards zero, in the optimizer's own sense.
    gradient_clip : float or None, default=1.0
        Largest norm of the gradient; longer ones are shortened to it.
    early_stopping : bool, default=False
        Hold a part of the training sequences out, stop when its loss no longer
        improves, and keep the weights that were best on it. The part has its share of
        every class, or consists of whole groups where fit gets ``groups``.
    validation_fraction : float, default=0.1
        Share of the sequences that early stopping holds out, in (0, 1).
    patience : int, default=10
        Epochs without improvement before early stopping stops.
    standardize : bool, default=True
        Centre and scale each channel, and a regressor's targets, by what fit saw. The
        2-D X counts as one channel. Token ids stay what they are.
    data_format : {"channels_last", "channels_first"}, default='channels_last'
        Whether a 3-D X is (n_sequences, n_steps, n_channels) or
        (n_sequences, n_channels, n_steps), and the arrays of a list likewise.
    random_state : int, RandomState instance or None, default=None
        Source of initial weights, batches, dropout and the early-stopping split. An int
        makes a refit equal to the bit.
    n_jobs : int or None, default=None
        Threads of torch in fit and predict: None is one, -1 all cores. float32 training
        depends on it in its last digits.
    device : str, default='auto'
        Where the network is: "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU if there
        is one.
    dtype : {"float32", "float64"}, default='float32'
        What the network computes in.
    mixed_precision : {"bfloat16", "float16"} or None, default=None
        Lower precision of forward and backward passes in training, by torch's autocast:
        weights, loss and the optimizer's step stay in float32, and so do recurrent
        layers on a CPU, which are faster so. With "float16" the loss is scaled, and
        steps with an infinite gradient are left out. Answers, and the loss that early
        stopping watches, are in full precision. Not with ``dtype="float64"``.
    callbacks : list of skorch callbacks or None, default=None
        Called while training.
    net_params : dict or None, default=None
        Anything else that :class:`skorch.NeuralNet` takes, in its names, such as
        ``{"optimizer__betas": (0.9, 0.99)}``; overrides the rest.
    checkpoint : str, path or None, default=None
        Where fit keeps how far it is, after every epoch. A fit that was ended from
        outside goes on from there when it is called again with the same data and
        hyperparameters, and ends with the same network to the bit; one that had ended
        is not repeated. A file is that of one fit. In a folder (that exists, or with a
        separator at the end) each fit has a file of its own: for searches.
    warm_start : bool, default=False
        Let fit continue from the weights of the last one.
    verbose : int, default=0
        Above zero, print a line per epoch.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; its ``module_`` is a :class:`sksequence.nn.SequenceNetwork`.
    n_features_in_ : int
        Columns of a 2-D X, else channels per step.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of a DataFrame, if all are strings.
    n_epochs_ : int
        Epochs trained.
    history_ : list of dict
        For each epoch ``train_loss``, ``valid_loss`` (with early stopping), ``lr`` and
        ``duration`` in seconds.

    See Also
    --------
    ConvLSTMClassifier : Labels of films.

    References
    ----------
    Shi et al. (2015), Convolutional LSTM network: a machine learning approach for
    precipitation nowcasting. NeurIPS.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import ConvLSTMRegressor
    >>> films = np.zeros((60, 8, 8, 8), dtype=np.float32)
    >>> for i, film in enumerate(films):
    ...     for t in range(8):
    ...         film[t, (i + t) % 8, i % 7] = 1
    >>> X, y = films[:, :5], films[:, 5:]
    >>> model = ConvLSTMRegressor(hidden_size=8, lr=0.02, max_epochs=10, random_state=0)
    >>> model.fit(X[:50], y[:50]).predict(X[50:]).shape
    (10, 3, 8, 8)
    """

    def __init__(
        self,
        *,
        hidden_size: int | Sequence[int] = 64,
        num_layers: int = 1,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.0,
        kernel_size: int | Sequence[int] = 3,
        patch_size: int = 1,
        peephole: bool = False,
        pooling: str = "max",
        loss: str = "squared_error",
        quantile: float = 0.5,
        lr: float = 0.005,
        max_epochs: int = 50,
        batch_size: int | None = 16,
        optimizer: str | Callable[..., Any] = "adam",
        lr_schedule: str = "cosine",
        weight_decay: float = 0.0,
        gradient_clip: float | None = 1.0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
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
        groups: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
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
