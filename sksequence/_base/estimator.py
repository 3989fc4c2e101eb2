"""Base class of all recurrent estimators."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection
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
    FitData,
    Form,
    Layout,
    NumberReading,
    Reading,
    Sequences,
    StaticColumns,
    Target,
    Texts,
    arrange_steps,
    check_sequences,
)
from .._inputs import names_itself as names_itself
from .._inputs.borrowed import fit_context, names_of_parameters
from .._inputs.documented import Documented
from .._inputs.other_names import KnowsOtherNames
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
    parameters_for,
    recurrent_estimator,
    values_before,
)
from .drawing import network_html
from .fitting import Mode
from .hyperparameters import Training
from .inspecting import derive, weigh_steps
from .lazy import training
from .presets import find_preset, find_space

if TYPE_CHECKING:
    from .._training import SequenceDataset, SequenceNet


@recurrent_estimator
class SequenceEstimator(
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    Documented,
    KnowsOtherNames,
    Training,
    BaseEstimator,
):
    """Base class of recurrent estimators: fit, transform, save, and hooks for tasks."""

    _layout: ClassVar[Layout] = STEPS
    _network_kind: ClassVar[str] = "sequence"
    _per_step: ClassVar[bool] = False  # whether each step has a target and a prediction
    _feeds_target: ClassVar[bool] = False  # whether the network reads the target, too
    _attributes_doc = """
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
    """

    # ------------------------------------------------------------------- hooks for tasks

    def _get_network(self) -> dict[str, Any]:
        """Validate and return the network's keywords given by hyperparameters."""
        return self._get_resolved(NETWORK)

    def _get_resolved(self, *roles: str) -> dict[str, Any]:
        """Return the hyperparameters with these roles, without those that follow."""
        values = parameters_for(self, *roles)
        if "num_layers" in values and values["num_layers"] is None:
            sizes = values["hidden_size"]
            values["num_layers"] = max(len(sizes), 1) if isinstance(sizes, tuple) else 1
        return values

    def _describe_network(self, reading: Reading, target: Target) -> dict[str, Any]:
        """Return the network's keywords that follow from the data."""
        return {"input_size": reading.input_size, "output_size": target.n_outputs}

    def _allows_nan(self) -> bool:
        """Return whether NaN in X is allowed."""
        return False

    def _split_static(
        self, X: Any, known: Texts | None
    ) -> tuple[Any, np.ndarray | None, Columns | None, Texts]:
        """Split X into sequences and static covariates, with the names of columns.

        Text is replaced by positions among the levels of its column, which are ``known``
        after a fit, and returned.
        """
        return X, None, None, {}

    def _code_text(self, X: Any, known: Texts | None) -> tuple[Any, Texts]:
        """Replace text in sequences by positions among the levels of its channel."""
        return X, {}

    def _begin_reading(self, form: Form, static: StaticColumns, texts: Texts) -> Reading:
        """Return the unfitted reading of X; ``texts`` has the levels of its text."""
        return NumberReading(form, static)

    @abstractmethod
    def _check_y(
        self, y: Any, form: Form, target: Target | None, classes: Any
    ) -> tuple[Target, np.ndarray]:
        """Validate and encode y; without ``target``, determine it from y."""

    def _encode(
        self,
        y: Any,
        sequences: AnySequences,
        reading: Reading,
        target: Target | None,
        classes: Any,
    ) -> tuple[Target, Sequences]:
        """Validate and encode y, and assign its rows to sequences."""
        target, rows = self._check_y(y, reading.form, target, classes)
        target = target.with_names_of(y)
        return target, Sequences(rows, np.ones(len(rows), dtype=np.int64))

    def _relate(
        self, reading: Reading, target: Target, sequences: AnySequences
    ) -> Reading:
        """Return the unfitted reading with what depends on the targets, too."""
        return reading

    def _check_first_batch(self, y: Any, classes: Any) -> None:
        """Raise ValueError if the first call to partial_fit lacks classes."""

    def _get_augment(self, reading: Reading) -> dict[str, float]:
        """Validate and return the random changes of sequences, with their strengths."""
        return {}

    def _get_allowed_changes(self) -> Collection[str]:
        """Return the random changes that targets allow: those of values alone."""
        return ("scale", "jitter")

    def _get_strata(self, codes: np.ndarray) -> np.ndarray | None:
        """Return the classes for a stratified validation split, or None."""
        return None

    def _get_class_weights(
        self, codes: np.ndarray, weight: np.ndarray | None
    ) -> np.ndarray | None:
        """Return the weight of the class of each target, or None."""
        return None

    def _calibrate(self, parts: list[tuple[SequenceDataset, FitData]]) -> None:
        """Learn from the answers of the trained net for the data of a fit, X itself."""

    # ----------------------------------------------------------------- fitted attributes

    def _hold(self, reading: Reading, target: Target) -> None:
        """Set the fitted reading and target, and public attributes derived from them."""
        self._reading: Reading = reading
        self._target: Target = target

    def _hold_network(self, network: dict[str, Any]) -> None:
        """Set the network's keywords, and the hyperparameters that must not change."""
        self._network: dict[str, Any] = network
        self._fixed: dict[str, Any] = self._get_resolved(NETWORK, MODEL)

    def _hold_net(self, net: SequenceNet, settings: dict[str, Any]) -> None:
        """Set the net and the keywords of its training."""
        self.net_: SequenceNet = net
        self._settings: dict[str, Any] = settings
        # A copy of the attributes: a reference back to self would be a cycle.
        others = {
            name: value
            for name, value in vars(self).items()
            if name != "net_" and "callback" not in name
        }
        net.as_estimator = partial(_estimator_of, type(self), others)

    def _hold_history(self, history: list[dict[str, float]]) -> None:
        """Set the history and the number of epochs."""
        self.history_: list[dict[str, float]] = history
        self.n_epochs_: int = len(history)

    # ----------------------------------------------------------------- ways to begin

    @classmethod
    def from_preset(cls, name: str, **changes: Any) -> Self:
        """Return an unfitted estimator with a named set of hyperparameters.

        Parameters
        ----------
        name : {"fast", "default", "accurate"}
            "fast" is small and trained briefly, for a first look; "default" has the
            defaults; "accurate" takes the most time. What each costs and brings is
            measured in the user guide.
        **changes
            Hyperparameters in place of the preset's.

        Returns
        -------
        estimator : object
            The estimator. Hyperparameters that it does not have are left out.

        Raises
        ------
        ValueError
            If there is no such preset.
        TypeError
            If a change is no hyperparameter of the estimator.

        Examples
        --------
        >>> from sksequence import GRUClassifier
        >>> GRUClassifier.from_preset("fast", random_state=0).hidden_size
        16
        """
        return cls(**find_preset(cls, name, changes))

    @classmethod
    def search_space(cls, *, causal: bool = False) -> dict[str, list[Any]]:
        """Return the values of each hyperparameter that are worth searching.

        scikit-learn's RandomizedSearchCV and halving searches take it as it is. Those of
        the search for Optuna are ``{name: values[trial.suggest_int(name, 0, len(values) -
        1)] for name, values in space.items()}``.

        Parameters
        ----------
        causal : bool, default=False
            Whether networks must not read backwards, as for streams.

        Returns
        -------
        space : dict of list
            Values by hyperparameter. Which are good depends on the data: remove what must
            not vary, and add what should.

        Examples
        --------
        >>> from sksequence import GRUClassifier
        >>> space = GRUClassifier.search_space(causal=True)
        >>> space["hidden_size"], "bidirectional" in space
        ([16, 32, 64, 128], False)
        """
        return find_space(cls, causal)

    # ------------------------------------------------------------------------ fitting

    @typed(fitting.all_or_nothing)
    @typed(with_callbacks)
    @typed(fit_context(prefer_skip_nested_validation=True))
    def fit(
        self,
        X: ArrayLike,
        y: Targets,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        X_val: ArrayLike | None = None,
        y_val: Targets | None = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like
            Sequences: 2-D (n_sequences, n_steps), each row univariate; 3-D
            (n_sequences, n_steps, n_channels); or a list or object array of arrays of
            shape (n_steps_i, n_channels) or (n_steps_i,), of any lengths. Token ids with
            ``embedding_dim``; for videos see the class. Arrays may also be DataFrames of
            pandas or polars, whose columns are the channels, or cells of a list column;
            columns of text are categories, whose levels are embedded.
            To pass static covariates (not to ConvLSTM), a DataFrame or 2-D object array
            with a sequence in each row of one column, and numbers in the others, or text
            in those of a DataFrame. Covariates are standardised like channels, or
            embedded, and enter the network before the head. Later X must have the same
            columns.
        y : array-like of shape (n_sequences,) or (n_sequences, n_outputs)
            Targets; for predictions of every step, or of frames, see the class. Of
            several numbers some may be missing (NaN or None): the loss is the mean over
            those that are given.
            Regressors also take (n_sequences, n_steps, n_targets), as from
            :func:`~sksequence.preprocessing.make_windows`, and predict this form.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weight of each sequence in loss and scaling; sequences of weight 0 are
            ignored. For predictions of every step also a list with an array (n_steps_i,)
            for each sequence, or an array (n_sequences, n_steps): the weight of each step
            in the loss and the scaling of targets.
        groups : array-like of shape (n_sequences,), default=None
            Groups for early stopping: sequences of one group are held out together.
        X_val, y_val : array-like, default=None
            Validation set for early stopping, in the form of X and y; nothing of X is
            then held out. A Pipeline transforms it like X with
            ``transform_input=["X_val"]``.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If data or hyperparameters are invalid, before any training; ValueError also
            if training diverges. The estimator is then unchanged.
        MemoryError
            If the network or the mini-batches are too large for the machine.
        OSError
            If a checkpoint cannot be written.
        """
        continues = self.warm_start and hasattr(self, "net_")
        mode = Mode.CONTINUED if continues else Mode.ANEW
        validation = None if X_val is None and y_val is None else (X_val, y_val)
        fitting.fit(self, X, y, sample_weight, groups, validation=validation, mode=mode)
        return self

    @typed(fitting.all_or_nothing)
    @typed(fit_context(prefer_skip_nested_validation=True))
    def _fit_one_epoch(
        self,
        X: ArrayLike,
        y: Targets,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Implement partial_fit."""
        mode = Mode.NEXT_EPOCH if hasattr(self, "net_") else Mode.FIRST_EPOCH
        if not mode.continues:
            self._check_first_batch(y, classes)
        fitting.fit(self, X, y, sample_weight, classes=classes, mode=mode)
        return self

    # --------------------------------------------------------------------- predicting

    def _read(
        self, X: Any, reading: Reading | None
    ) -> tuple[AnySequences, np.ndarray | None, Reading]:
        """Validate X, against the fitted reading if there is one."""
        known = None if reading is None else reading.static.texts
        X, static, columns, texts = self._split_static(X, known)
        name = type(self).__name__
        if reading is not None:
            reading.static.check_columns(columns, name)
        X, texts_of_steps = self._code_text(X, None if reading is None else reading.texts)
        sequences, form = check_sequences(
            self,
            X,
            None if reading is None else reading.form,
            channels_first=self.data_format == "channels_first",
            layout=self._layout,
            allow_nan=self._allows_nan(),
        )
        if reading is None:
            beside = StaticColumns.unscaled(columns, static, texts)
            reading = self._begin_reading(form, beside, texts_of_steps)
        reading.check_steps(sequences)
        return sequences, static, reading

    def _respond(
        self, X: Any, response_method: str, method: str = "forward", **options: Any
    ) -> np.ndarray:
        """Run a method of the network on X and post-process its output.

        The result is float32 for float32 X, else float64. Predictions for steps are one
        array if X is one, else an array for each sequence. ``options`` are those of the
        estimator's method.
        """
        if not hasattr(self, "net_"):
            check_is_fitted(self)
        # Scorers of the validation set pass a data set.
        data = X if isinstance(X, training.SequenceDataset) else self._make_dataset(X)
        predictions, counts = self._answer(data, response_method, method, **options)
        if counts is None:
            return predictions
        return arrange_steps(predictions, counts, is_block=data.source.is_block)

    def _make_dataset(self, X: Any) -> SequenceDataset:
        """Validate X, and make a data set for predictions."""
        sequences, static, reading = self._read(X, self._reading)
        dtype = self._network["dtype"]
        return training.make_dataset(
            sequences,
            partial(reading.prepare, dtype=dtype),
            static=reading.static.prepare(static, dtype),
            dtype=dtype,
            keeps_overlap=reading.local is None,
        )

    def _answer(
        self,
        data: SequenceDataset,
        response_method: str,
        method: str = "forward",
        **options: Any,
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the predictions for a data set, and their number for each sequence."""
        with fitting.computing(self, data, self._settings["batch_size"]):
            rows, counts = self.net_.answers(data, method)
        finish = self._get_prediction(response_method, counts)
        finish = partial(finish, **options) if options else finish
        scale = self._reading.local
        if scale is None or response_method == "transform":
            return finish(rows.astype(data.source.dtype)), counts
        # No float32: a sequence may lie anywhere.
        answers = finish(rows.astype(np.float64))
        if not options.get("return_std"):
            return scale.place(answers, data.source), counts
        mean = scale.place(answers[..., 0], data.source)
        std = scale.place(answers[..., 1], data.source, is_level=False)
        return np.stack([mean, std], axis=-1), counts

    def _get_prediction(
        self, response_method: str, counts: np.ndarray | None
    ) -> Callable[..., np.ndarray]:
        """Return the function of raw outputs for a method; counts are of sequences."""
        return self._target.predictions[response_method]

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Return the representation of each sequence by the network.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.

        Returns
        -------
        ndarray of shape (n_sequences, n_units)
            The pooled hidden states, followed by the output of the parallel convolutions
            if there are any; static covariates are not included.
        """
        return self._respond(X, "transform", "represent")

    def _weigh_steps(self, X: Any) -> list[np.ndarray]:
        """Return the weights of steps, for inspection."""
        return weigh_steps(self, X)

    def _derive(self, X: Any, method: str) -> list[np.ndarray]:
        """Return norms of derivatives with respect to steps, for inspection."""
        return derive(self, X, method)

    @property
    def _n_features_out(self) -> int:
        return self.net_.module_.representation_size

    @property
    def _repr_html_(self) -> Callable[[], str]:
        """The HTML of an estimator, with the network of a fitted one."""
        plain = super()._repr_html_
        return lambda: plain() + network_html(self)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        """Return what notebooks show."""
        bundle = super()._repr_mimebundle_(**kwargs)
        if "text/html" in bundle:
            bundle["text/html"] += network_html(self)
        return bundle

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = self._allows_nan()
        tags.target_tags.required = True
        return tags

    # ------------------------------------------------------------------------ storing

    def save(self, path: PathLike) -> Self:
        """Save the fitted estimator to a file that contains data and no code.

        :func:`sksequence.load` restores it, bitwise identical and ready for further
        training. The file has the safetensors format, which other tools can read, with
        JSON metadata and a checksum. Equal estimators give equal files.

        Parameters
        ----------
        path : str or path-like
            The file. An existing file is replaced atomically, and is unchanged after an
            error.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If the class is not a public class of sksequence, or a hyperparameter contains
            code, such as callbacks.
        OSError
            If the file cannot be written: no such directory, not permitted, disk full.

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
        """Return the state in numpy and plain Python; see `_storage.states`."""
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
        net = fitting.make_net(self, settings, state=attributes["net_"])
        self._hold_net(net, self._settings)

    @classmethod
    def _stored_defaults(cls) -> dict[str, dict[str, Any]]:
        """Return the values of hyperparameters that older states may lack, by part."""
        # Networks are stored with the number that None stood for.
        resolved = {"num_layers": 1}
        return {
            "hyperparameters": values_before(cls),
            "network": values_before(cls, NETWORK) | resolved,
            "settings": values_before(cls, TRAINING),
            "fixed": values_before(cls, NETWORK, MODEL) | resolved,
        }


def _estimator_of(
    cls: type[SequenceEstimator], attributes: dict[str, Any], net: SequenceNet
) -> SequenceEstimator:
    """Return an estimator with these attributes and this net."""
    estimator = object.__new__(cls)
    estimator.__dict__.update(attributes, net_=net)
    return estimator
