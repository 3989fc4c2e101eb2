"""The steps of a fit: validate, split, scale, build the network, train."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
from sklearn import get_config, set_config
from sklearn.utils import check_random_state

from .._inputs import (
    AnySequences,
    FitData,
    Reading,
    Sequences,
    Target,
    at_rows,
    check_fit_data,
    fill_missing,
    naming,
    overlapping_begins,
)
from .._storage.checkpoints import FORMAT as CHECKPOINT_FORMAT
from .._storage.checkpoints import Checkpoint, identify
from .budget import resolve_budget
from .callbacks import watched_by_callbacks
from .declaration import MODEL, NETWORK, TRAINING, added_after, parameters_for
from .lazy import training
from .net_params import check_net_params
from .splitting import Windows, validation_split
from .strides import learn_strides

if TYPE_CHECKING:
    from .._training import EpochObserver, SequenceDataset, SequenceNet


# Settings of partial_fit, in the place of hyperparameters that are for whole fits.
_ONE_EPOCH = {
    "max_epochs": 1,
    "early_stopping": False,
    "lr_schedule": "constant",
    "lr_warmup": 0.0,
    "average_weights": None,
}


class Mode(Enum):
    """The initial weights and the number of epochs of a fit."""

    ANEW = "new weights, all epochs"
    CONTINUED = "the weights of the last fit, all epochs"
    FIRST_EPOCH = "new weights, one epoch"
    NEXT_EPOCH = "the weights of the last fit, one epoch"

    @property
    def continues(self) -> bool:
        """Whether training continues with the weights of an earlier fit."""
        return self in (Mode.CONTINUED, Mode.NEXT_EPOCH)

    @property
    def is_one_epoch(self) -> bool:
        """Whether it is a call to partial_fit."""
        return self in (Mode.FIRST_EPOCH, Mode.NEXT_EPOCH)


class Fittable(Protocol):
    """Interface of an estimator to a fit: hyperparameters, and a hook for each step."""

    random_state: Any
    standardize: bool
    early_stopping: bool
    validation_fraction: float
    validation_split: Any
    scoring: Any
    checkpoint: str | os.PathLike | None
    lr_schedule: str
    lr_warmup: float
    mixed_precision: str | None
    net_params: dict[str, Any] | None
    dtype: str
    n_jobs: int | None
    net_: SequenceNet
    history_: list[dict[str, float]]
    _network_kind: ClassVar[str]
    _per_step: ClassVar[bool]
    _feeds_target: ClassVar[bool]
    _parameter_constraints: ClassVar[dict[str, list]]
    _reading: Reading
    _target: Target
    _network: dict[str, Any]
    _fixed: dict[str, Any]

    def _get_network(self) -> dict[str, Any]: ...
    def _get_resolved(self, *roles: str) -> dict[str, Any]: ...
    def _read(
        self, X: Any, reading: Reading | None
    ) -> tuple[AnySequences, np.ndarray | None, Reading]: ...
    def _encode(
        self,
        y: Any,
        sequences: AnySequences,
        reading: Reading,
        target: Target | None,
        classes: Any,
    ) -> tuple[Target, Sequences]: ...
    def _relate(
        self, reading: Reading, target: Target, sequences: AnySequences
    ) -> Reading: ...
    def _get_augment(self, reading: Reading) -> dict[str, float]: ...
    def _get_strata(self, codes: np.ndarray) -> np.ndarray | None: ...
    def _get_class_weights(
        self, codes: np.ndarray, weight: np.ndarray | None
    ) -> np.ndarray | None: ...
    def _describe_network(self, reading: Reading, target: Target) -> dict[str, Any]: ...
    def _hold(self, reading: Reading, target: Target) -> None: ...
    def _hold_network(self, network: dict[str, Any]) -> None: ...
    def _hold_net(self, net: SequenceNet, settings: dict[str, Any]) -> None: ...
    def _hold_history(self, history: list[dict[str, float]]) -> None: ...
    def _calibrate(self, parts: list[tuple[SequenceDataset, FitData]]) -> None: ...


@dataclass(frozen=True)
class Start:
    """What is settled at the start of a fit: its random draws, and its budget.

    The order of the draws from ``random_state`` must not change, or refits would no
    longer be bitwise identical: first the seed, from which weights, mini-batches and
    dropout masks are drawn; then, with early stopping, the validation split.

    The budget has the numbers of hyperparameters that are "auto", by name.
    """

    seed: int
    rows: np.ndarray
    held_out: np.ndarray
    budget: dict[str, int] = field(default_factory=dict)


def fit(
    estimator: Fittable,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    groups: Any = None,
    classes: Any = None,
    *,
    validation: tuple[Any, Any] | None = None,
    mode: Mode,
) -> None:
    """Fit an estimator, or continue its fit.

    Everything is validated first. Then a validation set is held out for early stopping,
    scaling and network sizes are learnt from the training set, the network is built, and
    it is trained, resuming from the checkpoint if there is one.
    """
    rng = check_random_state(estimator.random_state)
    network = _check_network(estimator, mode)
    data, reading, target = _check_data(
        estimator, X, y, sample_weight, groups, classes, mode
    )
    augment = estimator._get_augment(reading)
    given = None
    if validation is not None:
        given = _check_validation_data(estimator, *validation, reading, target)
    classes = getattr(target, "classes", None)
    checkpoint = _open_checkpoint(estimator, data, given, mode, classes)
    start = _begin(estimator, data, given, target, rng, mode, checkpoint)
    chosen = data.take(start.rows)
    others = data.take(start.held_out) if given is None else given
    _learn(estimator, chosen, others, reading, target, network, mode)
    train_set, valid_set = _make_datasets(estimator, data, start, chosen, others)
    # A Ctrl-C at the end of one of torch's `no_grad` would leave gradients off.
    settings = _settings_of(estimator, start, augment, mode)
    with (
        training.enable_grad(),
        computing(estimator, train_set, settings["batch_size"]),
    ):
        net = _build(estimator, settings, start.seed, mode)
        if not mode.continues:
            net.module_.check_lengths(data.sequences.lengths)
            if given is not None:
                net.module_.check_lengths(given.sequences.lengths)
        if estimator._network.get("random_convolutions"):
            # Changed sequences have other features in each epoch.
            fixed = [valid_set] if augment else [train_set, valid_set]
            training.prepare_features(
                net, train_set, fixed, chosen.weight, learns=not mode.continues
            )
        if "crop" in augment:
            _check_cropped(net, data.sequences.lengths, augment["crop"])
        estimator._hold_net(net, settings)
        score = _make_score(estimator, others, valid_set)
        earlier = estimator.history_ if mode.continues else []
        estimator._hold_history(earlier)  # callbacks may copy the estimator
        n_epochs = None if mode.is_one_epoch else net.max_epochs
        with watched_by_callbacks(estimator, X, y, sample_weight, n_epochs) as observer:
            _train(net, train_set, valid_set, score, observer, checkpoint)
    estimator._hold_history(earlier + training.epochs_of(net))
    parts = [(train_set, chosen)]
    if valid_set is not None and given is None:
        parts.append((valid_set, others))
    estimator._calibrate(parts)


# --------------------------------------------------------------------------- validation


def _check_network(estimator: Fittable, mode: Mode) -> dict[str, Any]:
    """Validate and return the network's keywords that follow from hyperparameters."""
    network = estimator._get_network()
    training.check_sizes(network)
    training.check_precision(estimator.mixed_precision, estimator.dtype)
    if estimator.lr_warmup and estimator.lr_schedule == "plateau":
        raise ValueError(
            'lr_warmup must be 0 with lr_schedule="plateau", which halves the rate that '
            f"it finds, got {estimator.lr_warmup}. Use a constant or cosine schedule."
        )
    check_net_params(estimator.net_params, estimator._parameter_constraints)
    if isinstance(estimator.scoring, str):
        training.find_scorer(estimator.scoring)
    if not mode.continues:
        return network
    for name, value in estimator._get_resolved(NETWORK, MODEL).items():
        if value != estimator._fixed[name]:
            raise ValueError(
                f"{name}={value!r} cannot continue a fit with "
                f"{name}={estimator._fixed[name]!r}. Set it back, or fit a clone anew."
            )
    return dict(estimator._network)


def _check_data(
    estimator: Fittable,
    X: Any,
    y: Any,
    sample_weight: Any,
    groups: Any,
    classes: Any,
    mode: Mode,
) -> tuple[FitData, Reading, Target]:
    """Validate the data, and return the unfitted or earlier reading and target too."""
    known = (estimator._reading, estimator._target) if mode.continues else (None, None)
    sequences, static, reading = estimator._read(X, known[0])
    target, encoded = estimator._encode(y, sequences, reading, known[1], classes)
    if known[0] is None:
        reading = estimator._relate(reading, target, sequences)
    data = check_fit_data(
        sequences,
        static,
        encoded,
        sample_weight,
        groups,
        per_step=estimator._per_step,
        weighs_steps=target.weighs_steps,
    )
    return data, reading, target


def _check_validation_data(
    estimator: Fittable, X: Any, y: Any, reading: Reading, target: Target
) -> FitData:
    """Validate the validation set that is given to fit."""
    if X is None or y is None:
        given = "y_val" if X is None else "X_val"
        raise ValueError(f"X_val and y_val must be given together, got only {given}.")
    if not estimator.early_stopping:
        raise ValueError(
            "X_val and y_val are for early stopping; expected early_stopping=True with "
            "them, got False."
        )
    try:
        sequences, static, _ = estimator._read(X, reading)
        _, encoded = estimator._encode(y, sequences, reading, target, None)
        per_step = estimator._per_step
        return check_fit_data(sequences, static, encoded, None, None, per_step=per_step)
    except (ValueError, TypeError) as error:
        raise type(error)(f"X_val and y_val must be like X and y. {error}") from error


# --------------------------------------------------------------------- start and scaling


def _open_checkpoint(
    estimator: Fittable,
    data: FitData,
    given: FitData | None,
    mode: Mode,
    classes: np.ndarray | None,
) -> Checkpoint | None:
    """Open the checkpoint of this fit, if there is to be one."""
    if estimator.checkpoint is None or mode.is_one_epoch:
        return None
    before = None
    if mode.continues:
        state = training.state_of(estimator.net_)
        before = np.concatenate([w.ravel() for w in state["weights"].values()])
    identity = identify(
        estimator,
        data.sequences,
        added_after(type(estimator), CHECKPOINT_FORMAT),
        estimator._get_resolved(NETWORK),
        classes=classes,
        **data.identity,
        earlier_fit=before,
        **({} if given is None else _described(given)),
    )
    return Checkpoint(estimator.checkpoint, identity)


def _described(given: FitData) -> dict[str, np.ndarray | None]:
    """Return the arrays by which a checkpoint knows the validation set again."""
    steps = [values for _, values in given.sequences.chunks()]
    return {
        "X_val": np.concatenate(steps),
        "lengths_val": given.sequences.lengths,
        "static_val": given.static,
        "y_val": given.target.values,
    }


def _begin(
    estimator: Fittable,
    data: FitData,
    given: FitData | None,
    target: Target,
    rng: np.random.RandomState,
    mode: Mode,
    checkpoint: Checkpoint | None,
) -> Start:
    """Draw the seed and the validation split, or take them from the checkpoint.

    So is the budget, which another version may count otherwise.
    """
    seed = int(rng.randint(np.iinfo(np.int32).max))
    rows = data.rows
    held_out = rows[:0]
    if estimator.early_stopping and given is None and not mode.is_one_epoch:
        train, valid = validation_split(
            len(rows),
            estimator.validation_fraction,
            rng,
            classes=at_rows(estimator._get_strata(data.target.values), rows),
            groups=at_rows(data.groups, rows),
            windows=_windows_of(data, rows, 0 if estimator._per_step else target.n_ahead),
            how=estimator.validation_split,
            targets=None if estimator._per_step else data.target.values[rows],
        )
        rows, held_out = rows[train], rows[valid]
    budget = resolve_budget(parameters_for(estimator, TRAINING), len(rows))
    if checkpoint is None:
        return Start(seed, rows, held_out, budget)
    # Resume with the original draws, even if random_state is None.
    drawn = {"seed": seed, "rows": rows, "held_out": held_out, "budget": budget}
    return Start(**checkpoint.begin(drawn))


def _windows_of(data: FitData, rows: np.ndarray, n_ahead: int) -> Windows | None:
    """Return where the sequences at ``rows`` lie in their table, if they overlap."""
    begins = overlapping_begins(data.sequences, max(n_ahead - 1, 0))
    if begins is None:
        return None
    return Windows(begins[rows], (begins + data.sequences.lengths)[rows], n_ahead)


def _learn(
    estimator: Fittable,
    chosen: FitData,
    others: FitData,
    reading: Reading,
    target: Target,
    network: dict[str, Any],
    mode: Mode,
) -> None:
    """Learn the scaling of X and y, and the remaining keywords of the network."""
    standardize = estimator.standardize
    # Between calls of partial_fit, weights count as they are.
    largest = chosen.largest_weight
    seen = chosen.sequences, _times(chosen.weight, largest), chosen.static
    weight_seen = _times(chosen.target_weight, largest)
    if mode.continues:
        reading = reading.meet(chosen.sequences)
        if mode.is_one_epoch:
            rows = _relative(chosen, reading)
            reading, target = reading.follow(*seen), target.follow(rows, weight_seen)
            network |= estimator._describe_network(reading, target)
            estimator._hold_network(network)
        estimator._hold(reading, target)
        return
    reading = reading.learn(
        chosen.sequences,
        chosen.weight,
        others.sequences,
        chosen.static,
        standardize=standardize,
    )
    rows = _relative(chosen, reading)
    target = target.learn(rows, chosen.target_weight, standardize=standardize)
    if mode.is_one_epoch:
        reading = reading.begin_following(*seen, standardize=standardize)
        target = target.begin_following(rows, weight_seen, standardize=standardize)
    estimator._hold(reading, target)
    described = estimator._describe_network(reading, target)
    lengths = chosen.sequences.lengths, others.sequences.lengths
    network = learn_strides(network | described, *lengths)
    estimator._hold_network(network | {"dtype": estimator.dtype})


# ---------------------------------------------------------------------- network, training


def _make_datasets(
    estimator: Fittable,
    data: FitData,
    start: Start,
    chosen: FitData,
    others: FitData,
) -> tuple[SequenceDataset, SequenceDataset | None]:
    """Make the training set and, with early stopping, the validation set."""
    dtype = estimator._network["dtype"]

    def make(part: FitData, weight: np.ndarray | None) -> SequenceDataset:
        rows = _relative(part, estimator._reading)
        scaled = estimator._target.scale_rows(rows)
        filled, weight = fill_missing(scaled, weight)
        made = training.make_dataset(
            part.sequences,
            partial(estimator._reading.prepare, dtype=dtype),
            replace(part.target, values=filled),
            _normalised(weight),
            estimator._reading.static.prepare(part.static, dtype),
            dtype=dtype,
            per_step=estimator._per_step,
            feeds_target=estimator._feeds_target,
            keeps_overlap=estimator._reading.local is None,
        )
        given = part.given
        rows = part.target.values if given is None else part.target.values[given]
        made.given, made.read_y = given, partial(estimator._target.decode, rows)
        return made

    is_given = len(others.sequences.lengths) > len(start.held_out)
    weight, weight_given = _loss_weights(estimator, data, others if is_given else None)
    train_set = make(chosen, data.of_targets(weight, start.rows))
    if not len(others.sequences.lengths):
        return train_set, None
    if not is_given:
        weight_given = data.of_targets(weight, start.held_out)
    return train_set, make(others, weight_given)


def _loss_weights(
    estimator: Fittable, data: FitData, given: FitData | None
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return the weight of each target in the loss, and that of each one given.

    Balanced weights of classes follow from X and y, not from the validation set given.
    """
    weight, values = data.target_weight, data.target.values
    if given is not None and given.target.values.shape[1:] != values.shape[1:]:
        return weight, given.target_weight  # transcripts, whose labels have no weights
    if given is None:
        return _product(weight, estimator._get_class_weights(values, weight)), None
    n, more = len(values), given.target.values
    counted = np.ones(n) if weight is None else weight
    by_class = estimator._get_class_weights(
        np.concatenate([values, more]), np.concatenate([counted, np.zeros(len(more))])
    )
    if by_class is None:
        return weight, given.target_weight
    return _product(weight, by_class[:n]), _product(given.target_weight, by_class[n:])


def _settings_of(
    estimator: Fittable, start: Start, augment: dict[str, float], mode: Mode
) -> dict[str, Any]:
    """Return the keywords of the training."""
    settings = parameters_for(estimator, TRAINING) | start.budget
    settings |= {
        "loss": estimator._target.loss,
        "quantile": getattr(estimator, "quantile", None),
        "per_step": estimator._per_step,
        "augment": augment,
        "monitor": "valid_loss" if estimator.scoring is None else "valid_score",
    }
    if mode.is_one_epoch:
        settings |= _ONE_EPOCH
    return settings


def _build(
    estimator: Fittable, settings: dict[str, Any], seed: int, mode: Mode
) -> SequenceNet:
    """Build the net with new weights or those of the last fit."""
    state = training.state_of(estimator.net_) if mode.continues else None
    return make_net(estimator, settings, seed=seed, state=state)


def make_net(
    estimator: Fittable,
    settings: dict[str, Any],
    *,
    seed: int | None = None,
    state: dict[str, Any] | None = None,
) -> SequenceNet:
    """Return a net with weights drawn from a seed, or restored from a state."""
    weights = None if state is None else state["weights"]
    module = training.make_module(
        kind=estimator._network_kind, **estimator._network, seed=seed, weights=weights
    )
    target = estimator._target
    net = training.make_net(
        *module,
        **settings,
        target_scale=getattr(target, "loss_scale", None),
        legal=getattr(target, "legal", None),
        n_classes=_count_classes(estimator),
        time_channel=estimator._network.get("time_channel"),
    )
    if state is not None:
        training.restore(net, state)
    return net


def _check_cropped(net: SequenceNet, lengths: np.ndarray, share: float) -> None:
    """Raise ValueError if sequences without this share of their steps are too short."""
    try:
        net.module_.check_lengths(training.kept_steps(lengths, share))
    except ValueError as error:
        raise ValueError(
            f"augment must leave sequences long enough, got a crop of {share}, after "
            f"which: {error}"
        ) from error


def _count_classes(estimator: Fittable) -> int | None:
    classes = getattr(estimator, "classes_", None)
    return None if classes is None else len(classes)


def _make_score(
    estimator: Fittable, others: FitData, valid: SequenceDataset | None
) -> Callable[[], float] | None:
    """Return the function that scores the validation set, after a trial of it."""
    if estimator.scoring is None or valid is None:
        return None
    weight, given = others.target_weight, others.given
    if others.weight is None and others.step_weight is None:
        weight = None  # targets are weighted by whether they are given
    elif given is not None and weight is not None:
        weight = weight[given]
    score = training.make_score(estimator, estimator.scoring, valid, weight)
    score()
    return score


def _train(
    net: SequenceNet,
    data: SequenceDataset,
    valid: SequenceDataset | None,
    score: Callable[[], float] | None,
    observer: EpochObserver | None,
    checkpoint: Checkpoint | None,
) -> None:
    """Train, resuming from the checkpoint if there is one."""
    first = [] if score is None else [training.ScoreValidation(score)]
    last: list[Any] = [] if observer is None else [observer]
    if checkpoint is None:
        training.train(net, data, valid, first, last)
        return
    progress = checkpoint.progress
    if checkpoint.is_done and progress is not None:
        training.set_progress(net, progress)
        return
    last.append(training.Keeper(partial(checkpoint.keep, is_done=False), progress))
    n_before = 0 if progress is None else len(progress["history"])
    training.train(net, data, valid, first, last, n_before)
    checkpoint.keep(training.progress_of(net), is_done=True)


@contextmanager
def computing(
    estimator: Fittable,
    data: SequenceDataset | None = None,
    batch_size: int | None = None,
) -> Iterator[None]:
    """Set the number of threads, and name the sizes if memory runs out."""
    n_threads = estimator.n_jobs or 1
    if n_threads < 0:
        n_threads = max(1, (os.cpu_count() or 1) + 1 + n_threads)
    with (
        training.threads(n_threads, estimator._network),
        training.memory_errors(data, batch_size) if data is not None else nullcontext(),
    ):
        yield


def all_or_nothing(method: Callable) -> Callable:
    """Decorate a fit so that an error, or an interrupt, leaves the estimator as it was.

    It must be the outermost decorator, and no context manager: a Ctrl-C may come in any
    later call too, and the estimator would keep the attributes of that fit.
    """

    @wraps(method)
    def fit(self: Any, *args: Any, **kwargs: Any) -> Any:
        before, config = dict(vars(self)), get_config()
        try:
            return method(self, *args, **kwargs)
        except BaseException as error:
            # A Ctrl-C at the end of scikit-learn's own fit context would leave its
            # validation off.
            set_config(**config)
            for name in set(vars(self)) - set(before):
                # scikit-learn removes its own callback attributes itself.
                if "callback" not in name:
                    delattr(self, name)
            self.__dict__.update(before)
            if isinstance(error, KeyboardInterrupt):
                # Where in the training it came does not matter to who pressed it.
                raise error.with_traceback(None) from None
            if isinstance(error, TypeError):
                named = naming(error, method, self)
                if named is not error:
                    raise named from None
            raise

    vars(fit)["names_its_caller"] = True
    return fit


def _relative(data: FitData, reading: Reading) -> np.ndarray:
    """Return the targets relative to their sequences, if these are normalised."""
    rows = data.target.values
    return rows if reading.local is None else reading.local.relative(rows, data.sequences)


def _times(weight: np.ndarray | None, factor: float) -> np.ndarray | None:
    return None if weight is None else weight * factor


def _product(*weights: np.ndarray | None) -> np.ndarray | None:
    given = [weight for weight in weights if weight is not None]
    return np.prod(given, axis=0) if given else None


def _normalised(weight: np.ndarray | None) -> np.ndarray | None:
    """Scale weights to a mean of one, which keeps lr and gradient_clip comparable."""
    return None if weight is None or not len(weight) else weight / weight.mean()
