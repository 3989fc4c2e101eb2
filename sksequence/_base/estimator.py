"""How every recurrent estimator fits, continues, answers and is stored."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from .._inputs import (
    STEPS,
    AnySequences,
    Layout,
    Sequences,
    arrange_steps,
    check_groups,
    check_sequences,
    check_weights,
    fit_channel_scaler,
)
from .._inputs.types import ArrayLike, PathLike, Targets, typed
from .._storage.checkpoints import Checkpoint, identify
from .._storage.estimators import save, stamped, unstamped
from .._storage.learnt import Learnt
from .callbacks import CallbackSupportMixin, with_callbacks
from .declaration import MODEL, NETWORK, TRAINING, parameters_for, recurrent_estimator
from .hyperparameters import Training
from .splitting import validation_split

if TYPE_CHECKING:
    from .._training import EpochObserver, SequenceDataset, SequenceNet


def _load_training() -> Any:
    """Load torch and skorch, which a fit needs and an import does not."""
    from .. import _training

    return _training


class _Learnt(Learnt):
    """What a fit leaves behind; not among the fields of the class below."""

    net_: SequenceNet
    history_: list[dict[str, float]]
    n_epochs_: int
    n_features_in_: int
    _fitted_on_table: bool
    _step_shape: tuple[int, ...]
    _network: dict[str, Any]
    _settings: dict[str, Any]
    _fixed: dict[str, Any]
    # Token ids have neither.
    _channel_mean: np.ndarray = np.zeros(0)
    _channel_scale: np.ndarray = np.ones(0)


@recurrent_estimator
class SequenceEstimator(
    _Learnt,
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    Training,
    BaseEstimator,
):
    """Hold a network, train it on sequences, answer for each sequence by itself."""

    _layout: ClassVar[Layout] = STEPS
    _network_kind: ClassVar[str] = "sequence"
    _per_step: ClassVar[bool] = False  # whether each step has a target and an answer
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

    # ----------------------------------------------- what each task says for itself

    @abstractmethod
    def _encode_target(self, y: Any, *, reset: bool, classes: Any = None) -> np.ndarray:
        """Check y; return class codes (n,) or numbers (n, ...)."""

    def _get_targets(
        self, y: Any, sequences: AnySequences, *, reset: bool, classes: Any = None
    ) -> Sequences:
        """Encode y, and say which of its rows belong to which sequence."""
        target = self._encode_target(y, reset=reset, classes=classes)
        check_consistent_length(sequences.lengths, target)
        return Sequences(target, np.ones(len(target), dtype=np.int64))

    @abstractmethod
    def _get_loss(self) -> dict[str, Any]:
        """The loss, by its name and its own parameters."""

    @abstractmethod
    def _count_outputs(self) -> int:
        """How many raw outputs the network has."""

    @abstractmethod
    def _get_finishers(self) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
        """By the names of methods, what these make of the network's rows."""

    @abstractmethod
    def _describe_answer(self) -> dict[str, Any]:
        """What becomes of raw outputs, in plain data: a kind, and what it needs."""

    def _check_first_batch(self, y: Any, classes: Any) -> None:
        """Refuse a first partial_fit that leaves open what later ones may bring."""

    def _split_static(self, X: Any, *, reset: bool) -> tuple[Any, np.ndarray | None]:
        """Part X into sequences and what is known of each as a whole, if anything is."""
        return X, None

    def _learn_static(self, static: np.ndarray | None, weight: np.ndarray | None) -> None:
        """Learn what ``_scale_static`` does."""

    def _scale_static(self, static: np.ndarray | None) -> np.ndarray | None:
        """Bring static covariates to what the network reads."""
        return static

    def _get_strata(self, target: np.ndarray) -> np.ndarray | None:
        """The classes whose shares the early-stopping split keeps."""
        return None

    def _get_class_weights(
        self, target: np.ndarray, weight: np.ndarray | None
    ) -> np.ndarray | None:
        """Weights that follow from the class of each target."""
        return None

    def _fit_target_scale(self, target: np.ndarray, weight: np.ndarray | None) -> None:
        """Learn what ``_scale_target`` does."""

    def _scale_target(self, target: np.ndarray) -> np.ndarray:
        """Bring the target to the scale on which the loss is taken."""
        return target

    # ------------------------------------------------------------------------ fitting

    @typed(with_callbacks)
    @typed(_fit_context(prefer_skip_nested_validation=True))
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
            ``embedding_dim`` token ids; of films see the class. For static covariates
            (of estimators that read steps) a table, DataFrame or 2-D object array: one
            column with a sequence in each row, and numbers in the others. They are
            standardised like channels and join what was read before the head does; any
            later X has to have the same columns.
        y : array-like of shape (n_sequences,) or (n_sequences, n_outputs)
            Targets; for answers to every step, or of frames, see the class.
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
        with self._all_or_nothing():
            return self._train(X, y, sample_weight, groups, continues=continues)

    def _train(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        groups: Any = None,
        classes: Any = None,
        *,
        continues: bool,
        one_epoch: bool = False,
    ):
        """Fit, or go on fitting: check everything, build, then train."""
        training = _load_training()
        rng = check_random_state(self.random_state)
        network = self._get_network()
        training.check_sizes(network)
        training.check_precision(self.mixed_precision, self.dtype)
        if continues:
            self._check_unchanged()
            network = dict(self._network)
        read, static = self._split_static(X, reset=not continues)
        sequences = self._check_X(read, reset=not continues)
        target = self._get_targets(y, sequences, reset=not continues, classes=classes)
        weight = check_weights(sample_weight, len(sequences))
        groups = check_groups(groups, len(sequences))

        checkpoint = None
        if self.checkpoint is not None and not one_epoch:
            checkpoint = self._open_checkpoint(
                sequences, target, weight, groups, static, continues
            )
        seed = int(rng.randint(np.iinfo(np.int32).max))
        rows = np.arange(len(sequences)) if weight is None else np.flatnonzero(weight)
        held_out = rows[:0]
        if self.early_stopping and not one_epoch:
            rows, held_out = self._hold_out(rows, target, groups, rng)
        if checkpoint is not None:
            # As drawn when the fit began, even without a random_state.
            start = {"seed": seed, "rows": rows, "held_out": held_out}
            seed, rows, held_out = checkpoint.begin(start).values()
        # All rows are no selection: spare a copy of the data.
        chosen = sequences if len(rows) == len(sequences) else sequences.take(rows)
        per_target = None if weight is None else np.repeat(weight, target.lengths)
        others = sequences.take(held_out)
        self._learn_input(chosen, _at(weight, rows), others, continues=continues)
        if not continues:
            self._learn_static(_at(static, rows), _at(weight, rows))
            self._fit_target_scale(
                target.take(rows).values, _of_targets(per_target, target, rows)
            )
            network |= self._describe(sequences) | {"dtype": self.dtype}
            self._fixed = parameters_for(self, NETWORK, MODEL)

        self._network = network
        loss_weight = _product(
            per_target, self._get_class_weights(target.values, per_target)
        )

        def make_dataset(part: AnySequences, index: np.ndarray) -> SequenceDataset:
            truth = target.take(index)
            return training.make_dataset(
                part,
                self._prepare,
                replace(truth, values=self._scale_target(truth.values)),
                _normalised(_of_targets(loss_weight, target, index)),
                self._scale_static(_at(static, index)),
                dtype=network["dtype"],
                per_step=self._per_step,
            )

        data = make_dataset(chosen, rows)
        valid = make_dataset(others, held_out)
        settings = self._get_settings(one_epoch)
        with self._computing(data):
            before = training.state_of(self.net_) if continues else None
            net = self._make_net(network, settings, seed=seed, state=before)
            net.module_.check_lengths(sequences.lengths)
            self.net_, self._settings = net, settings
            epochs = None if one_epoch else net.max_epochs
            with self._watched_by_callbacks(X, y, sample_weight, epochs) as observer:
                self._run(net, data, valid, observer, checkpoint)

        earlier = self.history_ if continues else []
        self.history_ = earlier + training.epochs_of(net)
        self.n_epochs_ = len(self.history_)
        return self

    def _open_checkpoint(
        self,
        sequences: AnySequences,
        target: Sequences,
        weight: np.ndarray | None,
        groups: np.ndarray | None,
        static: np.ndarray | None,
        continues: bool,
    ) -> Checkpoint:
        """Find what an earlier process has left of this fit, if anything."""
        assert self.checkpoint is not None, "who asks for it has one"
        before = None
        if continues:
            state = _load_training().state_of(self.net_)
            before = np.concatenate([w.ravel() for w in state["weights"].values()])
        identity = identify(
            self,
            sequences,
            y=target.values,
            classes=getattr(self, "classes_", None),
            sample_weight=weight,
            groups=groups,
            static=static,
            earlier_fit=before,
        )
        return Checkpoint(self.checkpoint, identity)

    def _run(
        self,
        net: SequenceNet,
        data: SequenceDataset,
        valid: SequenceDataset,
        observer: EpochObserver | None,
        checkpoint: Checkpoint | None,
    ) -> None:
        """Train; with a checkpoint, what it lacks to the end."""
        training = _load_training()
        last = [] if observer is None else [observer]
        if checkpoint is None:
            training.train(net, data, valid, last)
            return
        progress = checkpoint.progress
        if checkpoint.is_done:
            training.set_progress(net, progress)
            return
        last.append(training.Keeper(partial(checkpoint.keep, is_done=False), progress))
        n_before = 0 if progress is None else len(progress["history"])
        training.train(net, data, valid, last, n_before)
        checkpoint.keep(training.progress_of(net), is_done=True)

    @_fit_context(prefer_skip_nested_validation=True)
    def _train_one_epoch(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ):
        """What partial_fit does."""
        continues = hasattr(self, "net_")
        if not continues:
            self._check_first_batch(y, classes)
        with self._all_or_nothing():
            return self._train(
                X,
                y,
                sample_weight,
                classes=classes,
                continues=continues,
                one_epoch=True,
            )

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Whatever goes wrong inside, the estimator stays what it was."""
        before = dict(vars(self))
        try:
            yield
        except BaseException:
            for name in set(vars(self)) - set(before):
                # scikit-learn's own callback attributes it takes away itself.
                if "callback" not in name:
                    delattr(self, name)
            self.__dict__.update(before)
            raise

    @contextmanager
    def _watched_by_callbacks(
        self, X: Any, y: Any, sample_weight: Any, epochs: int | None
    ) -> Iterator[EpochObserver | None]:
        """Report a fit, and each epoch as a task within it, to sklearn's callbacks."""
        if epochs is None:
            yield None
            return
        task = {
            "estimator": self,
            "X": X,
            "y": y,
            "metadata": None
            if sample_weight is None
            else {"sample_weight": sample_weight},
        }
        context = self._init_callback_context(max_subtasks=epochs)
        context.call_on_fit_task_begin(**task)
        begun: list[Any] = []

        def begin() -> None:
            begun.append(context.subcontext(task_name="epoch"))
            begun[-1].call_on_fit_task_begin(**task)

        def end() -> bool:
            # A copy of the estimator (its plain state) is the fitted one of this epoch.
            return begun[-1].call_on_fit_task_end(**task, reconstruction_attributes={})

        yield _load_training().EpochObserver(begin, end)
        context.call_on_fit_task_end(**task, reconstruction_attributes={})

    # --------------------------------------------------------------- parts of fitting

    def _check_unchanged(self) -> None:
        """Refuse to continue with hyperparameters that the last fit has settled."""
        for name, value in parameters_for(self, NETWORK, MODEL).items():
            if value != self._fixed[name]:
                raise ValueError(
                    f"{name}={value!r} cannot continue a fit with "
                    f"{name}={self._fixed[name]!r}. Set it back, or fit a clone anew."
                )

    def _get_settings(self, one_epoch: bool) -> dict[str, Any]:
        """Keywords of the training."""
        settings = parameters_for(self, TRAINING) | self._get_loss()
        settings["per_step"] = self._per_step
        if one_epoch:
            settings |= {
                "max_epochs": 1,
                "early_stopping": False,
                "lr_schedule": "constant",
            }
        return settings

    def _make_net(
        self,
        network: dict[str, Any],
        settings: dict[str, Any],
        *,
        seed: int | None = None,
        state: dict[str, Any] | None = None,
    ) -> SequenceNet:
        """A net to begin with, drawn from a seed; or one that goes on from a state."""
        training = _load_training()
        weights = None if state is None else state["weights"]
        module = training.make_module(
            kind=self._network_kind, **network, seed=seed, weights=weights
        )
        net = training.make_net(*module, **settings)
        if state is not None:
            training.restore(net, state)
        return net

    def _hold_out(
        self,
        rows: np.ndarray,
        target: Sequences,
        groups: np.ndarray | None,
        rng: np.random.RandomState,
    ) -> tuple[np.ndarray, np.ndarray]:
        train, valid = validation_split(
            len(rows),
            self.validation_fraction,
            rng,
            classes=_at(self._get_strata(target.values), rows),
            groups=_at(groups, rows),
        )
        return rows[train], rows[valid]

    def _get_network(self) -> dict[str, Any]:
        """Keywords of the network that follow from hyperparameters."""
        return parameters_for(self, NETWORK)

    def _describe(self, sequences: AnySequences) -> dict[str, Any]:
        """Keywords of the network that follow from the data."""
        return {"input_size": sequences.n_channels, "output_size": self._count_outputs()}

    def _learn_input(
        self,
        sequences: AnySequences,
        weight: np.ndarray | None,
        held_out: AnySequences,
        *,
        continues: bool,
    ) -> None:
        """Learn each channel's mean and standard deviation, over the steps there are."""
        if continues:
            return
        self._channel_mean = np.zeros(sequences.n_channels)
        self._channel_scale = np.ones(sequences.n_channels)
        if self.standardize:
            scaler = fit_channel_scaler(sequences, weight)
            self._channel_mean, self._channel_scale = scaler.mean_, scaler.scale_

    def _prepare(self, sequences: Sequences) -> Sequences:
        """Bring sequences to what the network reads."""
        return _load_training().standardised(
            sequences, self._channel_mean, self._channel_scale, self._network["dtype"]
        )

    @contextmanager
    def _computing(self, data: SequenceDataset | None = None) -> Iterator[None]:
        """Keep to the threads that were asked for; say the sizes if memory runs out."""
        training = _load_training()
        n_threads = self.n_jobs or 1
        if n_threads < 0:
            n_threads = max(1, (os.cpu_count() or 1) + 1 + n_threads)
        with (
            training.threads(n_threads, self._network),
            training.memory_errors(data, self.batch_size)
            if data is not None
            else nullcontext(),
        ):
            yield

    # ---------------------------------------------------------------------- answering

    def _check_X(self, X: Any, *, reset: bool) -> AnySequences:
        return check_sequences(
            self,
            X,
            reset=reset,
            channels_first=self.data_format == "channels_first",
            layout=self._layout,
            allow_nan=self.__sklearn_tags__().input_tags.allow_nan,
        )

    def _respond(
        self, X: Any, response_method: str, method: str = "forward"
    ) -> np.ndarray:
        """Say what a public method does, from what a method of the network gives.

        In the dtype that X asks for. Answers for steps are arranged as X is: a block, or
        an array for each sequence.
        """
        check_is_fitted(self)
        read, static = self._split_static(X, reset=False)
        sequences = self._check_X(read, reset=False)
        self.net_.module_.check_lengths(sequences.lengths)
        data = _load_training().make_dataset(
            sequences,
            self._prepare,
            static=self._scale_static(static),
            dtype=self._network["dtype"],
        )
        with self._computing(data):
            rows, counts = self.net_.answers(data, method)
        finish = self._get_finishers()[response_method]
        answers = finish(rows.astype(sequences.dtype))
        if counts is None:
            return answers
        return arrange_steps(answers, counts, is_block=sequences.is_block)

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
            Where. An old file there is replaced only when the new one is complete, and
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
        """Everything in numpy and plain Python; the net as its weights."""
        state = stamped(super().__getstate__())
        if "net_" in state:
            state["net_"] = _load_training().state_of(state["net_"])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = unstamped(state)
        super().__setstate__(state)
        if "net_" in state:
            settings = _load_training().settings_here(self._settings)
            self.net_ = self._make_net(self._network, settings, state=state["net_"])


def _at(values: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    return None if values is None else values[rows]


def _of_targets(
    values: np.ndarray | None, target: Sequences, index: np.ndarray
) -> np.ndarray | None:
    """What belongs to the targets of the sequences at ``index``."""
    return None if values is None else replace(target, values=values).take(index).values


def _product(*weights: np.ndarray | None) -> np.ndarray | None:
    given = [weight for weight in weights if weight is not None]
    return np.prod(given, axis=0) if given else None


def _normalised(weight: np.ndarray | None) -> np.ndarray | None:
    """Scale to a mean of one, so that lr and gradient_clip mean what they always do."""
    return None if weight is None or not len(weight) else weight / weight.mean()
