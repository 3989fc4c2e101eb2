"""Layers for missing values: masks, and decay since the last observation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from . import _decay, _exact
from ._compiled import Fade
from ._random import RandomLayer
from ._time import check_batch, reverse_steps, zero_padding


class Complete(nn.Module):
    """Pass on channels that are always observed.

    Parameters
    ----------
    input_size : int
        Channels per step.

    Shape
    -----
    - Input: ``(batch, steps, input_size)``, lengths ``(batch,)`` or None
    - Output: the same
    """

    looks_back = False

    def __init__(self, input_size: int, **unused: Any) -> None:
        super().__init__()
        self.input_size = self.output_size = input_size

    def forward(self, X: Tensor, lengths: Tensor | None = None) -> Tensor:
        return X


class MaskMissing(nn.Module):
    r"""Replace NaN by a constant, and append a mask of the observed values.

    .. math::
        \hat x_t = m_t \odot x_t + (1 - m_t) \odot \bar x,
        \quad y_t = [\hat x_t, m_t]

    Parameters
    ----------
    input_size : int
        Channels per step.
    fill : sequence of float or None, default=None
        Replacement for missing values of each channel, its mean; None for zero.

    Shape
    -----
    - Input: ``(batch, steps, input_size)`` with NaN, lengths ``(batch,)`` or None
    - Output: ``(batch, steps, 2 * input_size)``: the channels followed by their masks

    Examples
    --------
    >>> x = torch.tensor([[[1.0, torch.nan], [torch.nan, 4.0]]])
    >>> MaskMissing(2, fill=(0.0, 9.0))(x)
    tensor([[[1., 9., 1., 0.],
             [0., 4., 0., 1.]]])

    References
    ----------
    Lipton, Kale and Wetzel (2016), Directly modeling missing data in sequences with
    RNNs: improved classification of clinical time series. MLHC.
    """

    looks_back = False

    def __init__(
        self, input_size: int, *, fill: Sequence[float] | None = None, **unused: Any
    ) -> None:
        super().__init__()
        self.fill = _fill_values(fill, input_size)
        self.input_size, self.output_size = input_size, 2 * input_size

    def forward(self, X: Tensor, lengths: Tensor | None = None) -> Tensor:
        check_batch(X, lengths)
        observed = ~X.isnan()
        filled = torch.where(observed, X, X.new_tensor(self.fill))
        return torch.cat([filled, observed.to(X.dtype)], 2)


class DecayMissing(RandomLayer):
    r"""Replace NaN by the last observation, decayed towards the channel's mean.

    .. math::
        \gamma_t &= \exp(-\max(0, w \odot \delta_t + b)) \\
        \hat x_t &= m_t \odot x_t
            + (1 - m_t) \odot (\gamma_t \odot x_{t'} + (1 - \gamma_t) \odot \bar x),
        \quad y_t = [\hat x_t, m_t]

    where :math:`x_{t'}` is the last observation of the channel (its mean before the first
    one) and :math:`\delta_t` the time since the last observation before the step, or
    since the first step.

    Parameters
    ----------
    input_size : int
        Channels per step, including the time.
    time_channel : int or None, default=None
        Channel that holds the time of the step, which is used for nothing else; None
        for a time of one between steps.
    fill : sequence of float or None, default=None
        Mean of each channel, including the time; None for zero.

    Shape
    -----
    - Input: ``(batch, steps, input_size)`` with NaN, lengths ``(batch,)`` or None
    - Output: ``(batch, steps, 2 * n_channels)``: the channels without the time, followed
      by their masks

    Examples
    --------
    >>> x = torch.tensor([[[8.0], [torch.nan], [torch.nan], [4.0]]])
    >>> layer = DecayMissing(1)
    >>> _ = layer.rate.data.fill_(0.6931), layer.bias.data.fill_(0)  # halves per step
    >>> layer(x).detach().round(decimals=2).squeeze()
    tensor([[8., 1.],
            [4., 0.],
            [2., 0.],
            [4., 1.]])
    >>> since, until = layer.elapsed(x)
    >>> since.flatten(), until.flatten()
    (tensor([0., 1., 2., 3.]), tensor([3., 2., 1., 0.]))

    References
    ----------
    Che, Purushotham, Cho, Sontag and Liu (2018), Recurrent neural networks for
    multivariate time series with missing values. Scientific Reports 8.
    """

    looks_back = True

    def __init__(
        self,
        input_size: int,
        *,
        time_channel: int | None = None,
        fill: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        if time_channel is not None and not 0 <= time_channel < input_size:
            raise ValueError(
                f"time_channel must be in [0, {input_size}), got {time_channel}"
            )
        self.time_channel = time_channel
        self.channels = [i for i in range(input_size) if i != time_channel]
        self.n_channels = len(self.channels)
        self.fill = [_fill_values(fill, input_size)[i] for i in self.channels]
        self.input_size, self.output_size = input_size, 2 * self.n_channels
        self.rate = nn.Parameter(torch.empty(self.n_channels))
        self.bias = nn.Parameter(torch.empty(self.n_channels))
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new decay rates of up to 0.2 per unit of time, all with a gradient."""
        nn.init.uniform_(self.rate, 0, 0.2, generator=generator)
        nn.init.zeros_(self.bias)

    def forward(self, X: Tensor, lengths: Tensor | None = None) -> Tensor:
        check_batch(X, lengths)
        in_torch = partial(self._fill, X, lengths)
        if _decay.serves(X, self.rate):
            filling = self.filling(X)
            return _decay.fill(filling, X, lengths, self.rate, self.bias, in_torch)
        return in_torch(self.rate, self.bias)

    def filling(self, X: Tensor) -> _decay.Filling:
        """Return how kernels fill gaps, for numbers of the dtype of X."""
        return _decay.Filling(
            tuple(self.channels), self.time_channel, X.new_tensor(self.fill)
        )

    def _fill(
        self, X: Tensor, lengths: Tensor | None, rate: Tensor, bias: Tensor
    ) -> Tensor:
        """Fill gaps, as a function of rate and bias, with torch's operations."""
        values, time = self._split(zero_padding(X, lengths))
        observed = ~values.isnan()
        mean = values.new_tensor(self.fill)
        filled = torch.where(observed, values, mean)
        last = filled.gather(1, _last_observed(observed))
        since = _time_since(observed, time)
        gamma = torch.exp(-torch.relu(rate * since + bias))
        decayed = torch.where(observed, filled, mean + gamma * (last - mean))
        return torch.cat([decayed, observed.to(X.dtype)], 2)

    def elapsed(self, X: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the time since the last observation of each channel, and until the next.

        At an observation, this is the time since the previous, or until the next one.

        Shape
            X (batch, steps, input_size) -> twice (batch, steps, n_channels)
        """
        check_batch(X, lengths)
        if _decay.serves(X, self.rate):
            filling, x = self.filling(X), X.contiguous()
            since, until = (
                filling.elapsed(x, lengths, reverse=reverse) for reverse in (False, True)
            )
            return since, until
        values, time = self._split(zero_padding(X, lengths))
        observed = ~values.isnan()
        reversed_time = -reverse_steps(time, lengths)
        until = _time_since(reverse_steps(observed, lengths), reversed_time)
        return _time_since(observed, time), reverse_steps(until, lengths)

    def _split(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """Return the channels, and the time (batch, steps, 1) of each step."""
        if self.time_channel is not None:
            at = self.time_channel
            return X[..., self.channels], X[..., at : at + 1]
        steps = torch.arange(X.shape[1], dtype=X.dtype, device=X.device)
        return X, steps[:, None].expand(len(X), -1, 1)


class StateDecay(RandomLayer):
    r"""Decay factors of a hidden state, by the time since the inputs were observed.

    .. math:: \gamma_t = \exp(-\max(0, W \delta_t + b))

    Parameters
    ----------
    n_channels : int
        Number of channels.
    hidden_size : int
        Number of units of the state.

    Shape
    -----
    - Input: elapsed time ``(batch, steps, n_channels)``
    - Output: ``(batch, steps, hidden_size)``, in (0, 1]

    Examples
    --------
    >>> decay = StateDecay(2, 4)
    >>> decay(torch.ones(1, 3, 2)).min() > 0.999  # no decay if always observed
    tensor(True)
    """

    def __init__(self, n_channels: int, hidden_size: int) -> None:
        super().__init__()
        self.linear = nn.Linear(n_channels, hidden_size)
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new decay rates, with which decay starts after one unit of time.

        Otherwise the state would also decay in sequences without missing values, and
        training might not recover from such a short memory.
        """
        linear = self.linear
        if linear.weight.is_meta:
            return  # sums on the meta device import torch's compiler, which takes 2 s
        nn.init.uniform_(linear.weight, 0, 0.2 / linear.in_features, generator=generator)
        with torch.no_grad():
            # A little more, or rounding would say where the gradient of zero begins.
            linear.bias.copy_(-linear.weight.sum(1) * _AFTER)

    def with_weights(self, elapsed: Tensor) -> Fade:
        """Return elapsed times with the weights from which kernels make factors."""
        return Fade(elapsed, self.linear.weight, self.linear.bias)

    def forward(self, elapsed: Tensor) -> Tensor:
        if self.training:
            return torch.exp(-torch.relu(self.linear(elapsed)))
        return torch.exp(-torch.relu(_exact.linear(self.linear, elapsed)))


# Time after which states begin to decay.
_AFTER = 1 + 1e-5

READERS: dict[str, type[Any]] = {
    "error": Complete,
    "mask": MaskMissing,
    "decay": DecayMissing,
}


def _fill_values(fill: Sequence[float] | None, n_channels: int) -> list[float]:
    values = [0.0] * n_channels if fill is None else [float(value) for value in fill]
    if len(values) != n_channels:
        raise ValueError(
            f"fill must have one value per channel ({n_channels}), got {fill!r}"
        )
    return values


def _last_observed(observed: Tensor) -> Tensor:
    """Return the last step, up to each, where a channel was observed; 0 if never."""
    steps = torch.arange(observed.shape[1], device=observed.device)[:, None]
    return torch.where(observed, steps, 0).cummax(1).values


def _time_since(observed: Tensor, time: Tensor) -> Tensor:
    """Return the time since the last observation before each step, or the first step."""
    last = _last_observed(observed)
    before = torch.cat([torch.zeros_like(last[:, :1]), last[:, :-1]], 1)
    return time - time.expand(observed.shape).gather(1, before)
