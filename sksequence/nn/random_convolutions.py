"""Random convolutions, which are not trained: how often they exceed a bias."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

import torch
from torch import Tensor
from torch.nn import functional as F

from . import _compiled
from ._learnt import Learnings, fingerprint
from ._random import RandomLayer
from ._sizes import check_size
from ._time import check_batch, zero_padding

N_TAPS = 9
# The places of the three larger weights of each kernel.
TAPS = tuple(combinations(range(N_TAPS), 3))
_TAPS = torch.tensor(TAPS, device="cpu")
_IS_LARGER = torch.tensor(
    [[i in larger for larger in TAPS] for i in range(N_TAPS)], device="cpu"
)
# A kernel reads the sum of at most so many channels.
_MOST_CHANNELS = 9
# Length of a vector of standardised features.
_NORM = 3.0
# Steps of so many sequences, and outputs, from which biases are learnt; and sequences
# from which means and deviations are.
_ENOUGH_STEPS = 2**16
_MOST_SEQUENCES = 64
_ENOUGH_OUTPUTS = 2**12
ENOUGH_SEQUENCES = 512
_GOLDEN = (math.sqrt(5) + 1) / 2
# Of the folds of a search and several networks; 60 kB each with 5040 features.
_LEARNINGS = Learnings(32)


class RandomConvolutions(RandomLayer):
    r"""Shares of the steps at which random convolutions exceed a bias (MiniRocket).

    The kernels are all 84 of length nine with three weights of 2 and six of -1, at each
    dilation, on the sum of some channels that is drawn. Their biases are quantiles of
    their outputs on training data (:meth:`learn`). A feature is

    .. math:: s \, \frac{p - \mu}{\sigma}

    where p is the share of the steps at which the output exceeds the bias, and
    :math:`\mu` and :math:`\sigma` are its mean and standard deviation on training data.
    The scale s gives vectors of features a length of about three. Features that are
    constant there are zero. There are no gradients: neither of weights nor of inputs.

    Sequences are padded with zeros. Half of the kernels count only the steps at which
    they read none of these zeros, if there are any.

    Parameters
    ----------
    input_size : int
        Channels per step.
    n_features : int
        About how many features: as many for each kernel and dilation, at least one.
    dilations : sequence of int, default=(1,)
        Steps from one that a kernel reads to the next.
    causal : bool, default=False
        Whether a kernel reads the steps up to its own, instead of those around it.

    Shape
    -----
    - Input: ``(batch, steps, input_size)``, lengths ``(batch,)`` or None
    - Output: ``(batch, output_size)``

    Examples
    --------
    >>> import torch
    >>> features = RandomConvolutions(1, 336, dilations=(1, 2))
    >>> features.learn(torch.randn(20, 50, 1))
    >>> features(torch.randn(4, 50, 1)).shape
    torch.Size([4, 336])

    References
    ----------
    Dempster, Schmidt and Webb (2021), MiniRocket: a very fast (almost) deterministic
    transform for time series classification. KDD.
    """

    channels: Tensor
    biases: Tensor
    mean: Tensor
    scale: Tensor

    def __init__(
        self,
        input_size: int,
        n_features: int,
        dilations: Sequence[int] = (1,),
        *,
        causal: bool = False,
    ) -> None:
        super().__init__()
        check_size("n_features", n_features)
        for dilation in dilations:
            check_size("dilation", dilation)
        self.input_size, self.causal = input_size, causal
        self.dilations = tuple(dilations)
        n_kernels = len(self.dilations) * len(TAPS)
        shape = (len(self.dilations), len(TAPS), max(1, round(n_features / n_kernels)))
        self.output_size = math.prod(shape)
        # Positions of the channels that a kernel reads; the last is that of none.
        slots = (*shape[:2], min(input_size, _MOST_CHANNELS))
        self.register_buffer("channels", torch.zeros(slots, dtype=torch.int64))
        self.register_buffer("biases", torch.zeros(shape))
        self.register_buffer("mean", torch.zeros(self.output_size))
        self.register_buffer("scale", torch.ones(self.output_size))

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw the channels of each kernel, and forget what was learnt."""
        self.channels.fill_(self.input_size)
        most = self.channels.shape[2]
        for chosen in self.channels.flatten(0, 1):
            share = torch.rand((), generator=generator, device="cpu").item()
            n = min(int((most + 1) ** share), most)
            order = torch.randperm(self.input_size, generator=generator, device="cpu")
            chosen[:n] = order[:n].sort().values
        self.biases.zero_()
        self.mean.zero_()
        self.scale.fill_(1.0)

    @torch.no_grad()
    def learn(
        self, x: Tensor, lengths: Tensor | None = None, weight: Tensor | None = None
    ) -> None:
        """Learn biases, and the means and deviations of features, from sequences.

        Parameters
        ----------
        x : Tensor of shape (batch, steps, input_size)
            Training sequences, of which at most 512 are read, evenly chosen.
        lengths : Tensor of shape (batch,) or None, default=None
            Number of steps of each.
        weight : Tensor of shape (batch,) or None, default=None
            Weight of each: two count as two such sequences. None for equal weights.
        """
        check_batch(x, lengths)
        if weight is None:
            weight = torch.ones(len(x), device="cpu")
        if not x.is_cpu:
            self._learn(x, lengths, weight)
            return
        kinds = self.biases.dtype, self.biases.shape, self.dilations, self.causal
        how = _compiled.serves_shares(x), torch.get_num_threads()
        key = fingerprint(x, lengths, weight, self.channels, *kinds, *how)

        def learn() -> tuple[Tensor, ...]:
            self._learn(x, lengths, weight)
            return self.biases, self.mean, self.scale

        own = self.biases, self.mean, self.scale
        for part, learnt in zip(own, _LEARNINGS.get(key, learn), strict=True):
            part.copy_(learnt)

    def _learn(self, x: Tensor, lengths: Tensor | None, weight: Tensor) -> None:
        most = min(max(_ENOUGH_STEPS // x.shape[1], 8), _MOST_SEQUENCES)
        self._learn_biases(*_some(x, lengths, weight, most))
        x, lengths, weight = _some(x, lengths, weight, ENOUGH_SEQUENCES)
        shares, share = self._shares(x, lengths).double(), weight / weight.sum()
        mean = share @ shares
        deviation = (share @ (shares - mean).square()).sqrt()
        factor = _NORM / math.sqrt(self.output_size)
        # As the share of a step in the longest sequence, less is an error of rounding.
        varies = deviation > 1e-6
        self.mean.copy_(mean)
        self.scale.copy_(torch.where(varies, factor / deviation, 0.0))

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        check_batch(x, lengths)
        with torch.no_grad():
            return (self._shares(x, lengths) - self.mean) * self.scale

    @torch.no_grad()
    def prefixes(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the features of every prefix: the first step, the first two, and so on.

        Each has the bits of :meth:`forward` for that prefix alone.

        Parameters
        ----------
        x : Tensor of shape (batch, steps, input_size)
            Sequences.
        lengths : Tensor of shape (batch,) or None, default=None
            Number of steps of each. What stands behind them is undefined.

        Returns
        -------
        Tensor of shape (batch, steps, output_size)
            Features of the steps so far.

        Raises
        ------
        ValueError
            Unless the convolutions are causal: others read later steps, too.
        """
        if not self.causal:
            raise ValueError(
                "causal must be True for features of prefixes, got False: such "
                "convolutions read later steps, too"
            )
        check_batch(x, lengths)
        seen = torch.arange(1, x.shape[1] + 1, device=x.device)[:, None]
        shares = x.new_empty(*x.shape[:2], *self.biases.shape)
        for level, (outputs, _) in enumerate(self._outputs(x, lengths)):
            reach = (N_TAPS - 1) * self.dilations[level]
            number = seen.repeat(1, len(TAPS))
            number[reach:, 1::2] -= reach
            for b, bias in enumerate(self.biases[level].T):
                exceeded = (outputs > bias).cumsum(1, dtype=torch.int32)
                # Behind the reach, odd kernels count no step before its end.
                exceeded[:, reach:, 1::2] -= exceeded[:, reach - 1 : reach, 1::2]
                shares[:, :, level, :, b] = exceeded.to(x.dtype) / number
        return shares.flatten(2).sub_(self.mean).mul_(self.scale)

    def _learn_biases(self, x: Tensor, lengths: Tensor | None, weight: Tensor) -> None:
        """Let biases be quantiles of outputs, at levels of low discrepancy."""
        levels = torch.arange(
            1, self.output_size + 1, dtype=torch.float64, device=x.device
        )
        levels = (levels * _GOLDEN % 1).view_as(self.biases)
        for level, (outputs, counts) in enumerate(self._outputs(x, lengths)):
            for kernels in (slice(0, None, 2), slice(1, None, 2)):
                # The same steps count for every other kernel.
                which = counts[..., kernels][..., 0]
                found = outputs[..., kernels][which]
                of_each = weight[:, None].expand_as(which)[which]
                some = slice(None, None, -(-len(found) // _ENOUGH_OUTPUTS))
                self.biases[level, kernels] = _quantiles(
                    found[some].T.contiguous(),
                    of_each[some],
                    levels[level, kernels],
                ).to(self.biases.dtype)

    def _shares(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        """Return the shares of steps at which outputs exceed biases."""
        if _compiled.serves_shares(x):
            return _compiled.shares_of_steps(
                x,
                lengths,
                channels=self.channels,
                taps=_TAPS,
                n_taps=N_TAPS,
                dilations=self.dilations,
                biases=self.biases,
                is_causal=self.causal,
            )
        parts = []
        for level, (outputs, counts) in enumerate(self._outputs(x, lengths)):
            number = counts.sum(1).to(x.dtype)
            for bias in self.biases[level].T:
                exceeds = (outputs > bias) & counts
                parts.append(exceeds.sum(1).to(x.dtype) / number)
        shape = (len(x), len(self.dilations), self.biases.shape[2], len(TAPS))
        return torch.stack(parts, 1).view(shape).mT.flatten(1)

    def _outputs(
        self, x: Tensor, lengths: Tensor | None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield for each dilation the outputs of all kernels, and which steps count.

        In the order of the compiled kernel's sums, which has the same bits.

        Shape
            x (batch, steps, input_size) -> (batch, steps, kernels), twice
        """
        n_steps = x.shape[1]
        x = F.pad(zero_padding(x, lengths), (0, 1))
        ends = x.new_full((len(x),), n_steps) if lengths is None else lengths
        ends = ends.long().to(x.device)[:, None, None]
        steps = torch.arange(n_steps, device=x.device)[:, None]
        weights = _IS_LARGER.to(x)
        skips = torch.arange(len(TAPS), device=x.device) % 2 == 1
        for level, dilation in enumerate(self.dilations):
            reach = (N_TAPS - 1) * dilation
            before = reach if self.causal else reach // 2
            mixed = x[..., self.channels[level, :, 0]]
            for slot in range(1, self.channels.shape[2]):
                mixed = mixed + x[..., self.channels[level, :, slot]]
            mixed = F.pad(mixed, (0, 0, before, reach - before))
            read = [mixed[:, i * dilation :][:, :n_steps] for i in range(N_TAPS)]
            total, chosen = read[0], read[0] * weights[0]
            for tap, weight in zip(read[1:], weights[1:], strict=True):
                total, chosen = total + tap, chosen + tap * weight
            trims = skips & (ends > reach)
            first = torch.where(trims, before, 0)
            end = torch.where(trims, ends - (reach - before), ends)
            yield 3.0 * chosen - total, (steps >= first) & (steps < end)


def choose_evenly(weight: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Return the positions and weights of at most n sequences, evenly chosen.

    Those without weight are left out. If others have to be, too, the rest have equal
    weights, and are chosen as often as theirs demand.

    Examples
    --------
    >>> choose_evenly(torch.tensor([1.0, 0.0, 2.0]), 3)
    (tensor([0, 2]), tensor([1., 2.], dtype=torch.float64))
    >>> choose_evenly(torch.ones(7), 3)
    (tensor([1, 3, 5]), tensor([1., 1., 1.], dtype=torch.float64))
    """
    weight = weight.double().cpu()
    chosen = weight.nonzero()[:, 0]
    if len(chosen) <= n:
        return chosen, weight[chosen]
    ends = weight.cumsum(0)
    places = torch.arange(n, dtype=torch.float64, device="cpu") + 0.5
    places *= ends[-1] / n
    return torch.searchsorted(ends, places, right=True), torch.ones_like(places)


def _some(
    x: Tensor, lengths: Tensor | None, weight: Tensor, n: int
) -> tuple[Tensor, Tensor | None, Tensor]:
    """Return at most n of the sequences, evenly chosen, and their weights."""
    chosen, weight = choose_evenly(weight, n)
    chosen, weight = chosen.to(x.device), weight.to(x.device)
    return x[chosen], None if lengths is None else lengths[chosen], weight


def _quantiles(values: Tensor, weight: Tensor, levels: Tensor) -> Tensor:
    """Return, for each level, what lies between the quantile and the next larger value.

    A value of weight two counts like two such values.

    Shape
        values (rows, n), weight (n,), levels (rows, levels) -> (rows, levels)

    Examples
    --------
    >>> values, weight = torch.tensor([[3.0, 1.0, 7.0]]), torch.tensor([1.0, 2.0, 1.0])
    >>> _quantiles(values, weight, torch.tensor([[0.4, 0.6, 1.0]]))
    tensor([[2., 5., 7.]], dtype=torch.float64)
    """
    if values.is_cpu and (weight == weight[0]).all():
        # numpy's takes a tenth of torch's time, but no weights along.
        values = values.clone()
        values.numpy().sort(-1)
        ends = weight.cumsum(0).expand_as(values).contiguous()
    else:
        values, order = values.sort(stable=True)
        ends = weight[order].cumsum(-1)
    most = values.shape[-1] - 1
    at = torch.searchsorted(ends, levels * ends[..., -1:]).clamp_(max=most)
    found = values.gather(-1, at)
    above = torch.searchsorted(values, found, right=True).clamp_(max=most)
    return (found.double() + values.gather(-1, above).double()) / 2
