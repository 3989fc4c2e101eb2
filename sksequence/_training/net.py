"""The skorch net that trains a network and makes predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from numbers import Real
from typing import Any

import numpy as np
import torch
from sklearn.base import is_classifier
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import Tags
from skorch.callbacks import Callback, EpochTimer, LRScheduler
from skorch.utils import TeeGenerator, to_device
from torch import Tensor, nn

from ..nn import Dropout
from ..nn._exact import State, map_state
from ..nn._threads import share_out
from ..nn.random_convolutions import ENOUGH_SEQUENCES, choose_evenly
from .answers import Answers
from .augmentation import Augmentation
from .averaging import WeightAverage, make_average
from .batches import Batch, BatchIterator, ChunkIterator, Inputs, SequenceDataset
from .borrowed_skorch import Net
from .borrowed_torch import note_step
from .callbacks import LearningRate, MeanLoss, RefuseDivergence, make_callbacks
from .chains import ChainLoss
from .ctc import CTCLoss
from .devices import default_device, find_device, full_precision
from .direct import DirectSteps, direct_steps
from .few import FEW, FewAnswers
from .next_label import NextLabelLoss
from .optimizers import OPTIMIZERS, Adam
from .precision import make_autocast, make_scaler
from .progress import EpochTable
from .sensitivity import gradient_norms
from .stopping import StopTraining, is_stop_of_skorch
from .threads import count_kernel_threads
from .weighted_loss import WeightedLoss

# Torch multiplies matrices with other numbers of rows than multiples of eight by other
# kernels, whose results differ in the last bits.
_ROWS = 8
# Maximum number of hidden values per chunk of a prediction: some tens of megabytes.
_CHUNK_VALUES = 2**22
_MOST = 256  # maximum number of rows
# Maximum number of features to keep for a fit: 256 MB.
_HELD_VALUES = 2**26
# What skorch records of each epoch, besides losses and scores.
_OF_SKORCH = {"epoch", "train_batch_count", "valid_batch_count"}
_MADE_CALLBACKS = ("gradient_clip", "early_stopping", "lr_schedule")
# Methods of a network for given targets; others answer by themselves.
_FOLLOWING = {"log_likelihood", "attend"}
_SEEDS = 2**62
_BATCH_HOOKS = ("on_batch_begin", "on_grad_computed", "on_batch_end")


class CallbackError(Exception):
    """Raised if a callback cannot be initialised."""


class SequenceNet(Net):
    """skorch net for :class:`SequenceDataset`, with batch-invariant predictions.

    Attributes
    ----------
    stop_requested : bool
        A callback sets it to True to end training after this epoch.
    """

    stop_requested = False
    as_estimator: Callable[[SequenceNet], Any]  # the estimator of this net
    carried: Sequence[State] = ()  # states after the previous chunk of time steps
    listeners: dict[str, list[Callback]] = {}
    temporary: Sequence[Callback] = ()  # callbacks of a fit that is running
    average: WeightAverage | None = None  # of the weights of a fit that is running
    direct: DirectSteps | None = None  # steps without autograd, if they serve
    few: FewAnswers | None = None  # answers for few sequences, as soon as there are some

    def get_default_callbacks(self) -> list[tuple[str, Callback]]:
        return [
            ("epoch_timer", EpochTimer()),
            ("train_loss", MeanLoss(name="train_loss", on_train=True)),
            ("valid_loss", MeanLoss(name="valid_loss")),
            ("learning_rate", LearningRate()),
            ("refuse_divergence", RefuseDivergence()),
            # The callback formats a table in every epoch, even if it does not print it.
            *([("print_log", EpochTable())] if self.verbose else []),
        ]

    def initialize_callbacks(self):
        """Initialise all callbacks; an error is theirs, and not the optimizer's."""
        try:
            super().initialize_callbacks()
        except Exception as error:
            raise CallbackError(error) from error
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what a running fit holds, as for a callback that pickles the net."""
        state = super().__getstate__()
        callbacks = [item for item in self.callbacks_ if item[1] not in self.temporary]
        state |= {"callbacks_": callbacks, "temporary": (), "train_split": None}
        state |= {"carried": (), "listeners": {}, "average": None}
        return state | {"direct": None, "few": None}

    def partial_fit(self, X, y=None, classes=None, **fit_params):
        """Train; unlike in skorch, a KeyboardInterrupt of the user propagates."""
        if not self.initialized_:
            self.initialize()
        self.stop_requested = False
        self.notify("on_train_begin", X=X, y=y)
        with suppress(StopTraining):
            self.fit_loop(X, y, **fit_params)
        self.notify("on_train_end", X=X, y=y)
        return self

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """Apply a step to all batches; skorch would compare lengths of all tensors."""
        if iterator is None:
            return
        average = self.average if training else None
        if average is not None:
            average.begin_epoch(self.module_)
        if training:
            self.set_training(True)
            self.direct = direct_steps(self)
        rows = self.history[-1]["batches"]
        before = len(rows)
        if training and self.direct is not None:
            for batch, loss in self.direct.make_all(iterator):
                if average is not None:
                    average.end_batch(self.module_)
                rows.append(_row_of(prefix, batch, loss))
        else:
            for batch in iterator:
                self._begin_batch(batch, training)
                step = step_fn(batch, **fit_params)
                if average is not None:
                    average.end_batch(self.module_)
                # As record_batch does, which looks for the row each time.
                rows[-1].update(_row_of(prefix, batch, step["loss"]))
                if self.listeners["on_batch_end"]:
                    self.notify("on_batch_end", batch=batch, training=training, **step)
        self.history.record(f"{prefix}_batch_count", len(rows) - before)
        if average is not None:
            average.end_epoch(self.module_, len(self.history), self.max_epochs)

    def _begin_batch(self, batch: Batch, training: bool) -> None:
        # Without listeners, all that a notification does is to begin a row.
        if self.listeners["on_batch_begin"]:
            self.notify("on_batch_begin", batch=batch, training=training)
        else:
            self.history.new_batch()

    def train_step(self, batch, **fit_params):
        """Make one optimizer step, without a closure if the optimizer needs none."""
        optimizer, scaler = self.optimizer_, self.scaler
        if scaler is None and not isinstance(optimizer, Adam):
            with default_device(self.device):
                return super().train_step(batch, **fit_params)
        optimizer.zero_grad()
        step = self.train_step_single(batch, **fit_params)
        if scaler is not None:
            scaler.unscale_(optimizer)
        self.notify(
            "on_grad_computed",
            named_parameters=TeeGenerator(self.get_all_learnable_params()),
            batch=batch,
            training=True,
        )
        if scaler is None:
            optimizer.step()
        else:
            # A step with a gradient that is not finite is skipped. Without the flag,
            # learning rate schedulers would then warn that no step was made.
            with default_device(self.device):
                scaler.step(optimizer)
            scaler.update()
            note_step(optimizer)
        return step

    def train_step_single(self, batch, **fit_params):
        """Compute the gradients; weights, loss and outputs are in full precision."""
        self.set_training(True)
        inputs, target = batch
        if self.autocast is None:
            output = self.infer(inputs, **fit_params)
        else:
            with self.autocast:
                output = self.infer(inputs, **fit_params).float()
        loss = self.get_loss(output, target, X=inputs, training=True)
        (loss if self.scaler is None else self.scaler.scale(loss)).backward()
        return {"loss": loss, "y_pred": output}

    def notify(self, method_name: str, **cb_kwargs: Any) -> None:
        if method_name in self.listeners:
            getattr(self, method_name)(self, **cb_kwargs)
            for callback in self.listeners[method_name]:
                getattr(callback, method_name)(self, **cb_kwargs)
            return
        if method_name == "on_epoch_begin":
            self.listeners = {name: self._find_listeners(name) for name in _BATCH_HOOKS}
        at_epoch_end = method_name == "on_epoch_end"
        try:
            super().notify(method_name, **cb_kwargs)
        except KeyboardInterrupt as interrupt:
            if at_epoch_end and is_stop_of_skorch(interrupt):
                raise StopTraining from None
            raise
        if at_epoch_end and self.stop_requested:
            raise StopTraining

    def _find_listeners(self, hook: str) -> list[Callback]:
        """Return the callbacks that override a hook called in every mini-batch."""
        idle = getattr(Callback, hook)
        found = ((callback, getattr(callback, hook)) for _, callback in self.callbacks_)
        return [
            callback
            for callback, own in found
            if getattr(own, "__func__", own) is not idle and not _is_idle(callback)
        ]

    # ------------------------------------------------------------ as scikit-learn sees it

    def predict(self, X: Any, **options: Any) -> Any:
        """Return the estimator's predictions; of a data set, one for each target."""
        return self._respond(X, "predict", **options)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the estimator's probabilities; of a data set, a row for each target."""
        return self._respond(X, "predict_proba")

    def _respond(self, X: Any, method: str, **options: Any) -> Any:
        estimator = self.as_estimator(self)
        if not isinstance(X, SequenceDataset):
            return getattr(estimator, method)(X, **options)
        rows, _ = estimator._answer(X, method, **options)
        rows = estimator._target.flatten(rows if X.given is None else rows[X.given])
        if options.get("return_std"):
            return rows[..., 0], rows[..., 1]
        return rows

    def score(self, X: Any, y: Any) -> float:
        """Return the estimator's score; of a data set, over its targets."""
        if not isinstance(X, SequenceDataset):
            return self.as_estimator(self).score(X, y)
        share = getattr(self.as_estimator(self)._target, "share_exact", None)
        if share is not None:
            return share(y, self.predict(X))
        metric = accuracy_score if is_classifier(self) else r2_score
        return float(metric(y, self.predict(X)))

    @property
    def classes_(self) -> np.ndarray:
        return self.as_estimator(self).classes_

    def __sklearn_tags__(self) -> Tags:
        return self.as_estimator(self).__sklearn_tags__()

    # ----------------------------------------------------------------- batches and chunks

    def infer(self, x: Any, **fit_params: Any) -> Tensor:
        """Apply the module; chunks of time steps continue from the carried state."""
        # Skip skorch's conversions: the batch is a dict of tensors already.
        x = self._here(x)
        if "fresh" not in x:
            return self.module_(**x, **fit_params)
        X, static = x["X"], x.get("static")
        state = None
        if not x["fresh"].any():
            # Rows are sorted by length, so the sequences that have ended are the last.
            state = [map_state(lambda s: s[:, : len(X)], one) for one in self.carried]
        output, state = self.module_.advance(X, state, static)
        self.carried = [map_state(Tensor.detach, one) for one in state]
        return output

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Return the loss of a batch, whose targets are tensors already."""
        target = self._here(y_true)
        chain = getattr(self.module_, "chain", None)
        if chain is not None:
            lengths = self._here(X).get("lengths")
            return self.criterion_(y_pred, target, chain, lengths)
        if not getattr(self.criterion_, "counts_frames", False):
            return self.criterion_(y_pred, target)
        steps = X["X"].shape[:2]
        lengths = X.get("lengths", torch.full(steps[:1], steps[1], device="cpu"))
        n_frames = self.module_.count_answers("forward", lengths)
        return self.criterion_(y_pred, target, n_frames)

    def _here(self, batch):
        """Move tensors to the net's device."""
        return batch if self.device == "cpu" else to_device(batch, self.device)

    def answers(
        self, dataset: SequenceDataset, method: str
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Apply a method of the network to all sequences.

        Sequences of similar length are processed in one chunk. Chunks are filled up to a
        multiple of eight rows, so that predictions are bitwise identical in any batch.

        Returns
        -------
        answers : ndarray of shape (n_sequences, ...) or (n_predictions, ...)
            Predictions in the order of the data set.
        counts : ndarray of shape (n_sequences,) or None
            Number of predictions of each sequence; None for one per sequence.
        """
        if len(dataset) <= FEW and method == "forward":
            outputs = self._answer_few(dataset)
            if outputs is not None:
                return outputs, None
        counts = self._in_evaluation().count_answers(method, dataset.lengths)
        found = Answers(len(dataset), counts)
        # Stored sequences are loaded in one thread, as files may not bear several.
        number = count_kernel_threads() if dataset.held is not None else 1
        chunks = self._split(dataset, method, number)
        if number > 1:
            share_out(
                lambda index: found.put(index, *self._evaluate(dataset, index, method)),
                chunks,
                number,
            )
        else:
            for index in chunks:
                found.put(index, *self._evaluate(dataset, index, method))
        return found.values, None if counts is None else counts.numpy()

    def _answer_few(self, dataset: SequenceDataset) -> np.ndarray | None:
        """Return predictions for few sequences, or None if the network itself must."""
        if self.few is None or not self.few.serves(self.module_):
            module = self._in_evaluation()
            if self.few is None or not self.few.serves(module):
                self.few = FewAnswers(module)
        return self.few.answer(dataset)

    def answers_of_each(
        self, dataset: SequenceDataset, method: str, **options: Any
    ) -> list[Any]:
        """Apply a method of the network to all sequences, as in ``answers``.

        Returns
        -------
        list of ndarray or of tuple of ndarray
            What it returns for each sequence, in the order of the data set. Axes that
            depend on the length are those of the longest sequence in a chunk.
        """
        self._in_evaluation()
        found: list[Any] = [None] * len(dataset)
        for index in self._split(dataset, method):
            parts = self._evaluate(dataset, index, method, **options)
            for i, *own in zip(index.tolist(), *parts, strict=True):
                found[i] = own[0] if len(own) == 1 else tuple(own)
        return found

    def step_gradients(self, dataset: SequenceDataset, method: str) -> list[np.ndarray]:
        """Return how much what a method answers depends on each step.

        Returns
        -------
        list of ndarray of shape (n_steps_i,)
            Norms of the derivatives, as of :func:`gradient_norms`.
        """
        module, lengths = self._in_evaluation(), dataset.lengths
        found: list[Any] = [None] * len(dataset)
        for index in self._split(dataset, method):
            inputs, _ = dataset.batch(index)
            inputs.pop("features", None)
            with full_precision(self.device):
                norms = gradient_norms(module, method, self._here(inputs)).cpu().numpy()
            for i, own in zip(index.tolist(), norms, strict=True):
                found[i] = own[: int(lengths[i])]
        return found

    def _split(
        self, dataset: SequenceDataset, method: str, number: int = 1
    ) -> Iterator[Tensor]:
        """Return the rows of chunks, of at least as many as there are threads."""
        order = dataset.lengths.argsort(stable=True)
        most = _MOST if number == 1 else min(_MOST, -(-len(order) // number))
        return _chunks(order, dataset.lengths[order], _width(self.module_, method), most)

    def _evaluate(
        self, dataset: SequenceDataset, index: Tensor, method: str, **options: Any
    ) -> list[np.ndarray]:
        """Return what the network returns for the rows of a chunk."""
        rows = len(index)
        whole = -(-rows // _ROWS) * _ROWS
        filled = index[torch.arange(whole, device="cpu").clamp_(max=rows - 1)]
        with torch.inference_mode(), full_precision(self.device):
            inputs, _ = dataset.batch(filled)
            if method not in _FOLLOWING:
                inputs.pop("y", None)
            if method != "forward":
                inputs.pop("features", None)
            outputs = _apply(self.module_, method, self._here(inputs), **options)
            parts = outputs if isinstance(outputs, tuple) else (outputs,)
            return [part[:rows].cpu().numpy() for part in parts]

    def _in_evaluation(self) -> Any:
        """Return the network, all of whose layers are in evaluation mode."""
        # To set the mode of every layer takes four times as long as to look.
        if any(layer.training for layer in self.module_.modules()):
            self.module_.eval()
            self.criterion_.eval()  # both have the same mode
        return self.module_

    def advance(
        self, steps: np.ndarray, state: list[State] | None
    ) -> tuple[np.ndarray, list[State]]:
        """Continue one sequence by ``steps``; return the last output and new state."""
        module = self._in_evaluation()
        with torch.inference_mode(), full_precision(self.device):
            X = torch.from_numpy(steps)[None].to(self.device)
            output, state = module.advance(X, state)
            return output[0, -1].cpu().numpy(), state

    def __repr__(self) -> str:
        n_parameters = sum(p.numel() for p in self.module_.parameters())
        return (
            f"{type(self).__name__}({type(self.module_).__name__} with {n_parameters} "
            f"parameters on {self.device})"
        )


def _row_of(prefix: str, batch: Batch, loss: Tensor) -> dict[str, Any]:
    """Return what the history says of a batch."""
    n = batch[0]["X"].shape[0]
    return {f"{prefix}_loss": loss.item(), f"{prefix}_batch_size": n}


def _is_idle(callback: Callback) -> bool:
    """Return whether a callback does nothing in a mini-batch, though it could."""
    return type(callback) is LRScheduler and callback.step_every != "batch"


def _width(module: Any, method: str) -> int:
    """Return the maximum number of values per step in a method of the network."""
    if "prefixes" in method and _has_features(module):
        return max(module.values_per_step, module.random.output_size)
    return module.values_per_step


def _chunks(order: Tensor, lengths: Tensor, width: int, most: int) -> Iterator[Tensor]:
    """Split rows sorted by length into chunks of ``most`` rows and bounded memory."""
    begin = 0
    while begin < len(order):
        size = max(_ROWS, min(most, _CHUNK_VALUES // (width * int(lengths[begin]))))
        # The last row of a chunk is the longest and determines its memory.
        end = min(begin + size, len(order))
        size = max(_ROWS, _CHUNK_VALUES // (width * int(lengths[end - 1])))
        end = min(begin + size, end)
        yield order[begin:end]
        begin = end


def _apply(module: Any, method: str, inputs: Inputs, **options: Any) -> Any:
    """Apply a method of the network; split very long sequences in time if possible."""
    n_rows, n_steps = inputs["X"].shape[:2]
    size = max(_ROWS, _CHUNK_VALUES // (n_rows * module.values_per_step))
    if n_steps <= size or method != "forward" or not module.can_advance:
        return getattr(module, method)(**inputs, **options)
    # Never leave a single step for the last piece: its last bits would differ.
    cuts = range(size, n_steps - 1, size)
    state, answers = None, []
    for begin, end in zip([0, *cuts], [*cuts, n_steps], strict=True):
        part = inputs["X"][:, begin:end]
        answer, state = module.advance(part, state, inputs.get("static"))
        answers.append(answer)
    return torch.cat(answers, 1)


def make_net(
    module: nn.Module,
    generator: torch.Generator,
    *,
    loss: str,
    quantile: float | Sequence[float] | None,
    optimizer: Any,
    lr: float,
    lr_schedule: str,
    lr_warmup: float,
    max_epochs: int,
    batch_size: int | None,
    weight_decay: float,
    gradient_clip: float | None,
    average_weights: str | None,
    ema_decay: float,
    early_stopping: bool,
    patience: int,
    device: str,
    callbacks: Any,
    net_params: dict[str, Any] | None,
    verbose: int,
    mixed_precision: str | None = None,
    per_step: bool = False,
    bptt_steps: int | None = None,
    monitor: str = "valid_loss",
    target_scale: np.ndarray | None = None,
    legal: np.ndarray | None = None,
    label_smoothing: float = 0.0,
    augment: Mapping[str, float] | None = None,
    n_classes: int | None = None,
    time_channel: int | None = None,
) -> SequenceNet:
    """Make a skorch net for a network; ``net_params`` override everything else."""
    given = dict(net_params or {})
    if "batch_size" in given:
        given["batch_size"] = int(given["batch_size"])
    where = find_device(given.get("device", device))
    optimizer = given.get("optimizer", optimizer)
    all_callbacks = make_callbacks(
        callbacks,
        gradient_clip=gradient_clip,
        early_stopping=early_stopping,
        patience=patience,
        lr_schedule=lr_schedule,
        lr_warmup=lr_warmup,
        max_epochs=max_epochs,
        verbose=verbose,
        monitor=monitor,
    )
    batches: dict[str, Any] = {"iterator_train": BatchIterator}
    if bptt_steps is not None and per_step:
        batches = {"iterator_train": ChunkIterator}
        batches["iterator_train__bptt_steps"] = bptt_steps
    elif bptt_steps is not None:
        stack: Any = module.recurrence
        stack.bptt_steps = bptt_steps
    batches["iterator_train__generator"] = generator
    if augment:
        augmentation = Augmentation(augment, n_classes, time_channel)
        batches["iterator_train__augmentation"] = augmentation
    criterion: dict[str, Any] = {
        "criterion": WeightedLoss,
        "criterion__name": loss,
        "criterion__quantile": quantile,
        "criterion__target_scale": target_scale,
        "criterion__per_step": per_step,
        "criterion__label_smoothing": label_smoothing,
    }
    if loss == "linear_chain":
        criterion = {"criterion": ChainLoss, "criterion__legal": legal}
    elif loss == "ctc":
        criterion = {"criterion": CTCLoss}
    elif loss == "next_label":
        criterion = {"criterion": NextLabelLoss}
        criterion["criterion__label_smoothing"] = label_smoothing
    params = {
        **criterion,
        **({"optimizer__weight_decay": weight_decay} if weight_decay else {}),
        "lr": lr,
        "max_epochs": max_epochs,
        "batch_size": -1 if batch_size is None else int(batch_size),
        **batches,
        "iterator_valid": BatchIterator,
        "dataset": SequenceDataset,
        "train_split": None,
        "use_caching": False,
        "callbacks": all_callbacks,
        "verbose": verbose,
        **given,
        "device": where,
        "optimizer": OPTIMIZERS[optimizer] if isinstance(optimizer, str) else optimizer,
    }
    try:
        net = SequenceNet(module, **params).initialize()
    except CallbackError as error:
        raise TypeError(
            f"callbacks must be skorch callbacks that can be initialised, got "
            f"{callbacks!r}, with net_params={net_params!r}: {error}"
        ) from error
    except (TypeError, ValueError, AttributeError) as error:
        raise TypeError(
            f"skorch or torch refused optimizer={optimizer!r} or "
            f"net_params={net_params!r}: {error}"
        ) from error
    _check_names(net, given)
    # A compiled module contains the original one.
    if all(layer is not module for layer in net.module_.modules()):
        raise TypeError(f"net_params must not replace the network, got {net_params!r}.")
    if not isinstance(net.optimizer_, torch.optim.Optimizer):
        raise TypeError(
            f"optimizer must make a torch.optim.Optimizer, got {optimizer!r}."
        )
    net.autocast = make_autocast(mixed_precision, where)
    net.scaler = make_scaler(mixed_precision, where, net.optimizer_)
    net.average = make_average(average_weights, ema_decay)
    masks = generator
    if torch.device(where).type != "cpu":
        masks = torch.Generator(where)
    for layer in net.module_.modules():
        if isinstance(layer, Dropout):
            layer.generator = masks
    seed_masks(net)
    return net


def masks_of(net: SequenceNet) -> torch.Generator | None:
    """Return the generator of dropout, or None if it is also that of the batches."""
    for layer in net.module_.modules():
        if isinstance(layer, Dropout):
            own = layer.generator
            return None if own is net.iterator_train__generator else own
    return None


def seed_masks(net: SequenceNet) -> None:
    """Let the masks on a GPU follow from the state of the generator of the batches.

    So does each continued fit draw other masks, and a copy the same.
    """
    masks = masks_of(net)
    if masks is not None:
        copied = net.iterator_train__generator.clone_state()
        masks.manual_seed(
            int(torch.randint(_SEEDS, (), generator=copied, device=copied.device))
        )


def _check_names(net: SequenceNet, given: dict[str, Any]) -> None:
    """Raise ValueError for parameters of callbacks that are not there."""
    known = {"print_log", *_MADE_CALLBACKS, *(name for name, _ in net.callbacks_)}
    for name in given:
        callback = name.removeprefix("callbacks__").partition("__")[0]
        if name.startswith("callbacks__") and callback not in known:
            raise ValueError(
                f"net_params: {name!r} is of no callback, expected one of "
                f"{', '.join(sorted(known))}"
            )


def prepare_features(
    net: SequenceNet,
    data: SequenceDataset,
    fixed: Sequence[SequenceDataset | None],
    weight: np.ndarray | None,
    *,
    learns: bool,
) -> None:
    """Prepare the features that are not trained.

    Parameters
    ----------
    net : SequenceNet
        A net with random convolutions.
    data : SequenceDataset
        Training set.
    fixed : sequence of SequenceDataset or None
        Data sets whose sequences are the same in every epoch. Their features are computed
        here, once, unless they take much memory.
    weight : ndarray of shape (n_sequences,) or None
        Weight of each training sequence.
    learns : bool
        Whether features are learnt from some sequences of ``data``.
    """
    module = net.module_
    if learns:
        every = np.ones(len(data)) if weight is None else weight
        chosen, of_each = choose_evenly(torch.from_numpy(every), ENOUGH_SEQUENCES)
        inputs, _ = data.take(chosen)
        given = {k: inputs[k].to(net.device) for k in inputs if k != "static"}
        module.learn(**given, weight=of_each)
    for part in fixed:
        if part is not None and len(part) * module.random.output_size <= _HELD_VALUES:
            part.features = torch.from_numpy(net.answers(part, "random_features")[0])


def _has_features(module: Any) -> bool:
    return getattr(module, "random", None) is not None


def train(
    net: SequenceNet,
    data: SequenceDataset,
    valid: SequenceDataset | None,
    first_callbacks: Sequence[Callback] = (),
    last_callbacks: Sequence[Callback] = (),
    n_epochs_before: int = 0,
) -> None:
    """Train for the remaining ``max_epochs``, or until a callback stops training."""
    if valid is not None:
        net.train_split = lambda *_: (data, valid)
    own = net.callbacks_
    first, last = (
        [(type(callback).__name__, callback) for callback in added]
        for added in (first_callbacks, last_callbacks)
    )
    net.callbacks_ = [*first, *own, *last]
    net.temporary = [*first_callbacks, *last_callbacks]
    try:
        net.partial_fit(data, epochs=net.max_epochs - n_epochs_before)
    finally:
        # A fitted net holds no data, temporary callbacks, gradients, carried states or
        # weights beside its own.
        net.train_split = None
        net.callbacks_ = own
        net.optimizer_.zero_grad()
        net.carried, net.listeners, net.temporary, net.average = (), {}, (), None
        net.direct = None


def epochs_of(net: SequenceNet) -> list[dict[str, float]]:
    """Return losses, learning rate and duration of each epoch as floats.

    Then come the numbers that callbacks have recorded, such as scores.
    """
    names = {"train_loss": "train_loss", "valid_loss": "valid_loss", "lr": "lr"}
    names["dur"] = "duration"
    return [
        {new: float(epoch[old]) for old, new in names.items() if old in epoch}
        | {
            name: float(value)
            for name, value in epoch.items()
            if name not in names and _is_record(name, value)
        }
        for epoch in net.history
    ]


def _is_record(name: str, value: Any) -> bool:
    """Return whether a user's callback recorded this number."""
    is_own = name in _OF_SKORCH or name.startswith("event_")
    return isinstance(value, Real) and not isinstance(value, bool) and not is_own
