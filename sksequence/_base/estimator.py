"""What all recurrent estimators have: fit, transform, save, and hooks for each task."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from .._inputs import (
    STEPS,
    AnySequences,
    Columns,
    Form,
    Layout,
    NumberReading,
    Reading,
    Sequences,
    StaticColumns,
    Target,
    arrange_steps,
    check_sequences,
)
from .._inputs.borrowed import fit_context, names_of_parameters
from .._inputs.types import ArrayLike as ArrayLike
from .._inputs.types import PathLike, typed
from .._inputs.types import RandomState as RandomState
from .._inputs.types import Targets as Targets
from .._storage.estimators import save
from .._storage.estimators import storable as storable
from .._storage.states import pack, unpack
from . import fitting
from .callbacks import CallbackSupportMixin, with_callbacks
from .declaration import (
    MODEL,
    NETWORK,
    TRAINING,
    defaults_for,
    parameters_for,
    recurrent_estimator,
)
from .fitting import Mode
from .hyperparameters import Training
from .lazy import training

if TYPE_CHECKING:
    from .._training import SequenceNet


@recurrent_estimator
class SequenceEstimator(
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    Training,
    BaseEstimator,
):
    """Hold a network, and what was learnt of X and y; train, and answer by them."""

    _layout: ClassVar[Layout] = STEPS
    _network_kind: ClassVar[str] = "sequence"
    _per_step: ClassVar[bool] = False  # whether each step has a target and a prediction
    _doc_link_module = "sksequence"
    _doc_link_template = (
        "https://sksequence.readthedocs.io/en/latest/api.html#sksequence.{estimator_name}"
    )
    _attributes_doc = """
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
    """

    # ---------------------------------------------------- what each task says for itself

    def _get_network(self) -> dict[str, Any]:
        """Keywords of the network that follow from hyperparameters, checked."""
        return parameters_for(self, NETWORK)

    def _describe_network(self, reading: Reading, target: Target) -> dict[str, Any]:
        """Keywords of the network that follow from the data."""
        return {"input_size": reading.input_size, "output_size": target.n_outputs}

    def _allows_nan(self) -> bool:
        """Whether NaN in X is a value that is missing."""
        return False

    def _split_static(self, X: Any) -> tuple[Any, np.ndarray | None, Columns | None]:
        """Split X into sequences and static covariates, with the names of columns."""
        return X, None, None

    def _begin_reading(self, form: Form, static: StaticColumns) -> Reading:
        """What there is to learn of X."""
        return NumberReading(form, static)

    @abstractmethod
    def _check_y(
        self, y: Any, form: Form, target: Target | None, classes: Any
    ) -> tuple[Target, np.ndarray]:
        """Check y and encode it; in a first fit (without target) say what it is."""

    def _encode(
        self,
        y: Any,
        sequences: AnySequences,
        form: Form,
        target: Target | None,
        classes: Any,
    ) -> tuple[Target, Sequences]:
        """Check y, and say which of its rows belong to which sequence."""
        target, rows = self._check_y(y, form, target, classes)
        return target, Sequences(rows, np.ones(len(rows), dtype=np.int64))

    def _check_first_batch(self, y: Any, classes: Any) -> None:
        """Refuse a first partial_fit that leaves open what later ones may bring."""

    def _get_strata(self, codes: np.ndarray) -> np.ndarray | None:
        """The classes whose shares the early-stopping split keeps."""
        return None

    def _get_class_weights(
        self, codes: np.ndarray, weight: np.ndarray | None
    ) -> np.ndarray | None:
        """Weights that follow from the class of each target."""
        return None

    # ---------------------------------------------------------- what a fit leaves behind

    def _hold(self, reading: Reading, target: Target) -> None:
        """Hold what was learnt, and set the public attributes that follow from it."""
        self._reading: Reading = reading
        self._target: Target = target

    def _hold_network(self, network: dict[str, Any]) -> None:
        """Hold the network's keywords, and what later fits may not change of them."""
        self._network: dict[str, Any] = network
        self._fixed: dict[str, Any] = parameters_for(self, NETWORK, MODEL)

    def _hold_net(self, net: SequenceNet, settings: dict[str, Any]) -> None:
        """Hold the net and the keywords of its training."""
        self.net_: SequenceNet = net
        self._settings: dict[str, Any] = settings

    def _hold_history(self, history: list[dict[str, float]]) -> None:
        """Hold what there is to say of each epoch."""
        self.history_: list[dict[str, float]] = history
        self.n_epochs_: int = len(history)

    # ------------------------------------------------------------------------ fitting

    @typed(with_callbacks)
    @typed(fit_context(prefer_skip_nested_validation=True))
    def fit(
        self,
        X: ArrayLike,
        y: Targets,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like
            Sequences: 2-D (n_sequences, n_steps), each row univariate; 3-D
            (n_sequences, n_steps, n_channels); or a list or object array of arrays of
            shape (n_steps_i, n_channels) or (n_steps_i,), of any lengths. With
            ``embedding_dim`` token ids; of videos see the class. For static covariates
            (of estimators that read steps) a table, DataFrame or 2-D object array: one
            column with a sequence in each row, and numbers in the others. They are
            standardised like channels and join the representation before the head does;
            any later X has to have the same columns.
        y : array-like of shape (n_sequences,) or (n_sequences, n_outputs)
            Targets; for predictions of every step, or of frames, see the class.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weight of each sequence in loss and scaling; zero is as good as absent.
        groups : array-like of shape (n_sequences,), default=None
            With early stopping, sequences of one group are held out together.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            For data or hyperparameters of no use, before any training; ValueError also
            when training diverges. The estimator is then what it was before.
        MemoryError
            With the sizes, when they are too large for the machine.
        OSError
            If a checkpoint cannot be written.
        """
        continues = self.warm_start and hasattr(self, "net_")
        mode = Mode.CONTINUED if continues else Mode.ANEW
        with fitting.all_or_nothing(self):
            fitting.fit(self, X, y, sample_weight, groups, mode=mode)
        return self

    @typed(fit_context(prefer_skip_nested_validation=True))
    def _fit_one_epoch(
        self,
        X: ArrayLike,
        y: Targets,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
    ) -> Self:
        """What partial_fit does."""
        mode = Mode.NEXT_EPOCH if hasattr(self, "net_") else Mode.FIRST_EPOCH
        if not mode.continues:
            self._check_first_batch(y, classes)
        with fitting.all_or_nothing(self):
            fitting.fit(self, X, y, sample_weight, classes=classes, mode=mode)
        return self

    # --------------------------------------------------------------------- predicting

    def _read(
        self, X: Any, reading: Reading | None
    ) -> tuple[AnySequences, np.ndarray | None, Reading]:
        """Check X, in a first fit (without reading) or against what the last one saw."""
        X, static, columns = self._split_static(X)
        name = type(self).__name__
        if reading is not None:
            reading.static.check_columns(columns, name)
        sequences, form = check_sequences(
            self,
            X,
            None if reading is None else reading.form,
            channels_first=self.data_format == "channels_first",
            layout=self._layout,
            allow_nan=self._allows_nan(),
        )
        if reading is None:
            beside = StaticColumns.unscaled(columns, static)
            reading = self._begin_reading(form, beside)
        reading.check_steps(sequences)
        return sequences, static, reading

    def _respond(
        self, X: Any, response_method: str, method: str = "forward"
    ) -> np.ndarray:
        """Run a method of the network on X and post-process its output.

        The result is float32 for float32 X, else float64. Predictions for steps are
        arranged as X is: a block, or an array for each sequence.
        """
        check_is_fitted(self)
        sequences, static, reading = self._read(X, self._reading)
        self.net_.module_.check_lengths(sequences.lengths)
        dtype = self._network["dtype"]
        data = training.make_dataset(
            sequences,
            partial(reading.prepare, dtype=dtype),
            static=reading.static.prepare(static, dtype),
            dtype=dtype,
        )
        with fitting.computing(self, data):
            rows, counts = self.net_.answers(data, method)
        finish = self._target.predictions[response_method]
        predictions = finish(rows.astype(sequences.dtype))
        if counts is None:
            return predictions
        return arrange_steps(predictions, counts, is_block=sequences.is_block)

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Represent each sequence by what the network has read in it.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.

        Returns
        -------
        ndarray of shape (n_sequences, n_units)
            The pooled hidden states, then the convolutional branch if there is one;
            static covariates are not in it.
        """
        return self._respond(X, "transform", "represent")

    @property
    def _n_features_out(self) -> int:
        return self.net_.module_.representation_size

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = self._allows_nan()
        tags.target_tags.required = True
        return tags

    # ------------------------------------------------------------------------ storing

    def save(self, path: PathLike) -> Self:
        """Write the fitted estimator into a file that holds data and no code.

        :func:`sksequence.load` makes it again, to the bit and ready to train on. Arrays
        are in the file as safetensors, which other tools can read, the rest is JSON, and
        one checksum is over all. The same estimator makes the same bytes.

        Parameters
        ----------
        path : str or path-like
            Where. An existing file is replaced only when the new one is complete, and
            stays what it was if anything goes wrong.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before a fit.
        TypeError
            For what is no data: classes other than the public ones of sksequence, and
            hyperparameters that hold code, such as callbacks.
        OSError
            If the file cannot be written: no such folder, not permitted, disk full.

        Examples
        --------
        >>> import numpy as np
        >>> import sksequence
        >>> from tempfile import TemporaryDirectory
        >>> X = np.random.default_rng(0).normal(size=(20, 10))
        >>> model = sksequence.GRURegressor(hidden_size=4, max_epochs=2, random_state=0)
        >>> with TemporaryDirectory() as folder:
        ...     _ = model.fit(X, X[:, -1]).save(f"{folder}/model.safetensors")
        ...     again = sksequence.load(f"{folder}/model.safetensors")
        >>> np.array_equal(again.predict(X), model.predict(X))
        True
        """
        save(self, path)
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Everything in numpy and plain Python, in the format of `_storage.states`."""
        attributes = dict(super().__getstate__())
        if "net_" in attributes:
            attributes["net_"] = training.state_of(attributes["net_"])
        return pack(attributes, names_of_parameters(type(self)))

    def __setstate__(self, state: dict[str, Any]) -> None:
        attributes = unpack(state, self._stored_defaults())
        reading, target = (attributes.pop(x, None) for x in ("_reading", "_target"))
        super().__setstate__(attributes)
        if reading is None or target is None:
            return
        self._hold(reading, target)
        settings = training.settings_here(self._settings)
        self.net_ = fitting.make_net(self, settings, state=attributes["net_"])

    @classmethod
    def _stored_defaults(cls) -> dict[str, dict[str, Any]]:
        """What stands for hyperparameters that an older state lacks, by its parts."""
        return {
            "hyperparameters": defaults_for(cls),
            "network": defaults_for(cls, NETWORK),
            "settings": defaults_for(cls, TRAINING),
            "fixed": defaults_for(cls, NETWORK, MODEL),
        }
