"""Random changes of training sequences, drawn anew in each epoch.

What is drawn for a sequence depends on the epoch and on its row alone, so it is the same
in any batch and order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .batches import Batch, SequenceDataset, scale_weights

# Knots of the curve of speeds of a warped sequence, as of Um et al. (2017).
_KNOTS = 6
_SEEDS = 2**62

Strengths = Mapping[str, float]


def kept_steps(lengths: Any, crop: float) -> Any:
    """Return how many steps of each sequence a crop keeps: at least one.

    Examples
    --------
    >>> kept_steps(np.array([1, 4, 10, 11]), 0.3)
    array([1, 3, 7, 8])
    """
    # Rounded, since 0.7 times 10 is above 7 in binary.
    return np.ceil(np.round((1 - crop) * np.asarray(lengths), 9)).astype(np.int64)


@dataclass(frozen=True)
class Augmentation:
    """Which changes are made, and how strong they are.

    Attributes
    ----------
    strengths : dict
        Strength of each change, by name; see the hyperparameter ``augment``.
    n_classes : int or None
        Number of classes, of which mixed targets are probabilities; None for numbers.
    time_channel : int or None
        Channel that holds the time, which is only cropped.
    """

    strengths: Strengths
    n_classes: int | None = None
    time_channel: int | None = None

    def view(self, dataset: SequenceDataset, generator: torch.Generator) -> AugmentedView:
        """Return the data set as one epoch sees it."""
        seed = torch.randint(_SEEDS, (), generator=generator, device="cpu")
        return AugmentedView(dataset, self, int(seed))


class AugmentedView:
    """The sequences of a data set, changed as in one epoch.

    Parameters
    ----------
    dataset : SequenceDataset
        The data set.
    augmentation : Augmentation
        The changes.
    seed : int
        Seed of the epoch.
    """

    def __init__(
        self, dataset: SequenceDataset, augmentation: Augmentation, seed: int
    ) -> None:
        self.dataset, self.augmentation, self.seed = dataset, augmentation, seed
        self.strengths = augmentation.strengths

    def batch(self, index: Tensor) -> Batch:
        """Return the sequences at ``index``, as :meth:`SequenceDataset.batch` does."""
        return scale_weights(self.dataset, index, self.take(index))

    def take(self, index: Tensor) -> Batch:
        """Return the same as ``batch``, but with unscaled weights."""
        draws = [np.random.default_rng((self.seed, row)) for row in index.tolist()]
        changed, target = self._changed(index, draws)
        if "mixup" not in self.strengths:
            return changed, target
        drawn = [rng.integers(len(self.dataset)) for rng in draws]
        partners = torch.tensor(drawn, device="cpu")
        others = [np.random.default_rng((self.seed, row)) for row in partners.tolist()]
        alpha, dtype = self.strengths["mixup"], changed["X"].dtype
        kept = [_larger(rng.beta(alpha, alpha)) for rng in draws]
        shares = torch.tensor(kept, dtype=dtype, device="cpu")
        other, other_target = self._changed(partners, others)
        mixed_target = self._mix_targets(target, other_target, shares)
        return _mix_inputs(changed, other, shares), mixed_target

    def _changed(self, index: Tensor, draws: list[np.random.Generator]) -> Batch:
        """Return the sequences with all changes but mixup."""
        inputs, target = self.dataset.take(index)
        X = inputs["X"]
        lengths = self.dataset.lengths[index]
        if "crop" in self.strengths or "warp" in self.strengths:
            X, lengths = self._resampled(X, lengths, draws)
            if "lengths" in inputs:
                inputs = {**inputs, "lengths": lengths}
        X = self._rescaled(X, draws)
        X = self._jittered(X, lengths, draws)
        return {**inputs, "X": X}, target

    def _resampled(
        self, X: Tensor, lengths: Tensor, draws: list[np.random.Generator]
    ) -> tuple[Tensor, Tensor]:
        """Read each sequence in a window, and with a speed that varies."""
        n_steps = lengths.numpy()
        kept = n_steps
        if "crop" in self.strengths:
            kept = kept_steps(n_steps, self.strengths["crop"])
        positions = np.zeros((len(kept), kept.max()))
        for row, n, n_kept, rng in zip(positions, n_steps, kept, draws, strict=True):
            row[:n_kept] = np.arange(n_kept)
            if "crop" in self.strengths:
                row[:n_kept] += rng.integers(n - n_kept, endpoint=True)
            if "warp" in self.strengths:
                row[:n_kept] = _warped(row[:n_kept], self.strengths["warp"], rng)
        own = torch.from_numpy(kept)
        return resample(X, torch.from_numpy(positions), own), own

    def _rescaled(self, X: Tensor, draws: list[np.random.Generator]) -> Tensor:
        """Multiply each channel of each sequence by a factor near one."""
        if "scale" not in self.strengths:
            return X
        spread, n = self.strengths["scale"], X.shape[2]
        factors = np.array([rng.normal(1, spread, n) for rng in draws])
        if self.augmentation.time_channel is not None:
            factors[:, self.augmentation.time_channel] = 1
        return X * torch.from_numpy(factors).to(X.dtype)[:, None]

    def _jittered(
        self, X: Tensor, lengths: Tensor, draws: list[np.random.Generator]
    ) -> Tensor:
        """Add noise to each value."""
        if "jitter" not in self.strengths:
            return X
        noise = np.zeros(tuple(X.shape))
        spread, n = self.strengths["jitter"], X.shape[2]
        for row, length, rng in zip(noise, lengths.tolist(), draws, strict=True):
            row[:length] = rng.normal(0, spread, (length, n))
        if self.augmentation.time_channel is not None:
            noise[:, :, self.augmentation.time_channel] = 0
        return X + torch.from_numpy(noise).to(X.dtype)

    def _mix_targets(self, own: Any, others: Any, shares: Tensor) -> Any:
        """Mix numbers, or the probabilities of classes, by the weights of both."""
        (truth, weight), (other, other_weight) = _with_weight(own), _with_weight(others)
        n_classes = self.augmentation.n_classes
        if not truth.is_floating_point() and n_classes is not None:
            truth, other = (
                F.one_hot(codes, n_classes).to(shares.dtype) for codes in (truth, other)
            )
        if weight is None:
            return _mix(truth, other, shares)
        mixed_weight = _mix(weight, other_weight, shares)
        if n_classes is None:
            # Where one of the two is not given, so is their mixture.
            given = (weight > 0) & (other_weight > 0)
            return _mix(truth, other, shares), mixed_weight * given
        # The loss is that of the classes of both, each of them with its own weight.
        least = torch.finfo(weight.dtype).tiny
        shares = shares * weight / mixed_weight.clamp(min=least)
        return _mix(truth, other, shares), mixed_weight


def _with_weight(target: Any) -> tuple[Tensor, Any]:
    return target if isinstance(target, tuple) else (target, None)


def resample(X: Tensor, positions: Tensor, lengths: Tensor) -> Tensor:
    """Read sequences at other positions, between two steps by linear interpolation.

    Between a value and NaN, the nearer of them is read.

    Parameters
    ----------
    X : Tensor of shape (batch, steps, channels)
        The sequences.
    positions : Tensor of shape (batch, new_steps)
        Where each new step is read, from zero.
    lengths : Tensor of shape (batch,)
        Number of new steps of each sequence; those behind are zero.

    Examples
    --------
    >>> X = torch.tensor([[[0.0], [2.0], [torch.nan]]])
    >>> positions = torch.tensor([[0.0, 0.25, 1.0, 1.25, 1.75]], dtype=torch.float64)
    >>> resample(X, positions, torch.tensor([5])).flatten()
    tensor([0.0000, 0.5000, 2.0000, 2.0000,    nan])
    """
    left = positions.long()
    right = (left + 1).clamp_(max=X.shape[1] - 1)
    share = (positions - left).to(X.dtype)[..., None]
    before, after = (
        X.gather(1, at[..., None].expand(-1, -1, X.shape[2])) for at in (left, right)
    )
    # Not the difference times the share, which may be NaN where the share is zero.
    read = torch.where(share > 0, before + share * (after - before), before)
    read = torch.where(read.isnan(), torch.where(share < 0.5, before, after), read)
    behind = torch.arange(read.shape[1], device=X.device) >= lengths[:, None]
    return read.masked_fill_(behind[..., None], 0)


def _warped(
    positions: np.ndarray, strength: float, rng: np.random.Generator
) -> np.ndarray:
    """Go from the first position to the last with a speed that varies.

    The logarithm of the speed is linear between knots at equal distances.
    """
    speeds = rng.normal(0, strength, _KNOTS)
    n = len(positions) - 1
    if n < 1:
        return positions
    middles = (np.arange(n) + 0.5) / n * (_KNOTS - 1)
    passed = np.cumsum(np.exp(np.interp(middles, np.arange(_KNOTS), speeds)))
    return np.append(positions[0], positions[0] + n * (passed / passed[-1]))


def _larger(share: float) -> float:
    """Return the larger of both shares: a mixture counts as its larger part."""
    return max(share, 1 - share)


def _mix_inputs(
    own: dict[str, Tensor], others: dict[str, Tensor], shares: Tensor
) -> dict[str, Tensor]:
    """Mix sequences with others, stretched to their lengths, and static covariates."""
    X, other = own["X"], others["X"]
    if "lengths" in own or "lengths" in others or X.shape[1] != other.shape[1]:
        other = _stretched(other, _lengths_of(others), _lengths_of(own))
    mixed = {**own, "X": _mix(X, other, shares)}
    if "static" in own:
        mixed["static"] = _mix(own["static"], others["static"], shares)
    return mixed


def _lengths_of(inputs: dict[str, Tensor]) -> Tensor:
    n, n_steps = inputs["X"].shape[:2]
    return inputs.get("lengths", torch.full((n,), n_steps, device="cpu"))


def _stretched(X: Tensor, lengths: Tensor, wanted: Tensor) -> Tensor:
    """Stretch or shorten sequences to other lengths, from their first to last steps."""
    factor = (lengths - 1).double() / (wanted - 1).clamp(min=1)
    positions = torch.arange(int(wanted.max()), device=X.device) * factor[:, None]
    last = (lengths - 1)[:, None].double()
    return resample(X, torch.minimum(positions, last), wanted)


def _mix(own: Tensor, other: Tensor, shares: Tensor) -> Tensor:
    share = shares.view(-1, *(1,) * (own.ndim - 1))
    return share * own + (1 - share) * other
