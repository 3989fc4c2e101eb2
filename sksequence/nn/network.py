"""Network for sequences: convolution, recurrence, pooling and a linear head."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from . import _exact
from ._exact import State
from ._random import RandomLayer, reset_layers
from ._segments import pool_segments, weigh_segments
from ._sizes import KernelSizes, check_size
from ._time import last_n_steps, spread_blocks
from .branch import ConvBranch
from .crf import LinearChain
from .dropout import Dropout
from .embedding import CategoryEmbedding, TokenEmbedding
from .encoder import ConvEncoder
from .missing import READERS
from .pooling import POOLINGS
from .random_convolutions import RandomConvolutions
from .recurrent import RecurrentStack, choose
from .static import StaticJoin


class SequenceNetwork(RandomLayer):
    r"""Map each sequence to a vector of raw outputs: logits or values.

    ::

        X -> ConvEncoder -> RecurrentStack -> pooling -+-> dropout -+-> linear
          |-> ConvBranch ------------------------------/            |
          \-> RandomConvolutions ----------------------/            |
        static -----------------------------------------------------/

    With ``embedding_dim``, X holds token ids, which are replaced by their embeddings.
    With ``missing``, X may hold NaN, which :class:`MaskMissing` or :class:`DecayMissing`
    replaces. With ``per_step`` there is no pooling, neither in the branch: every step has
    its outputs. With ``decoder_steps`` each of the last steps has its outputs, as in a
    forecast of several steps whose last rows hold what is known ahead.

    The output for a sequence is the same alone, in any batch and with any padding. Unless
    the network is bidirectional, convolutions are causal: no state depends on a later
    step.

    Parameters
    ----------
    input_size : int
        Channels per step; with ``embedding_dim``, the number of tokens.
    output_size : int
        Number of outputs.
    cell : {"rnn", "lstm", "gru", "mingru", "minlstm", "indrnn", "qrnn"}, default="lstm"
        Recurrent cell.
    hidden_size : int or sequence of int, default=64
        Size of the state of each direction, for all layers or one per layer.
    num_layers : int, default=1
        Number of recurrent layers.
    bidirectional : bool, default=False
        Whether to also read the sequence in reverse.
    merge_mode : {"concat", "sum", "mean", "mul"}, default="concat"
        How to merge the outputs of the two directions.
    dropout : float, default=0.0
        Dropout probability between recurrent layers and before the head, in [0, 1).
    nonlinearity : {"tanh", "relu"}, default="tanh"
        Activation of the "rnn" cell.
    conv_channels : sequence of int, default=()
        Channels of the convolutions before the recurrence.
    conv_kernel_size, conv_stride : int or sequence of int, default=5 and 1
        Their kernel sizes and strides.
    parallel_channels : sequence of int, default=()
        Channels of the convolutions parallel to the recurrence.
    parallel_kernel_size : int, or sequence of int or of sequences, default=(8, 5, 3)
        Their kernel sizes, of which there may be several in a layer.
    parallel_stride, parallel_dilation : int or sequence of int, default=1
        Their strides and dilations.
    parallel_residual, parallel_bottleneck, parallel_squeeze : int or None, default=None
        ``residual``, ``bottleneck_size`` and ``reduction`` of :class:`ConvBranch`.
    pooling : {"last", "mean", "max", "attention"}, default="max"
        How to pool the steps of a sequence.
    pooling_segments : int, default=1
        Number of equal parts of a sequence that are pooled each, in the branch and,
        unless ``pooling="last"``, in the recurrence.
    random_convolutions : int, default=0
        About how many features of :class:`RandomConvolutions` are joined to what is
        pooled; 0 for none. :meth:`learn` learns them.
    random_dilations : sequence of int, default=(1,)
        Their dilations.
    recurrent_output_dropout : float, default=0.0
        Dropout probability of the output of the recurrence alone, before the output of
        the branch is joined to it, in [0, 1).
    embedding_dim : int or None, default=None
        Size of the embedding vectors, if X holds tokens.
    missing : {"error", "mask", "decay"}, default="error"
        How to treat NaN in X: "error" does not support it, "mask" appends a mask to the
        channels, and "decay" uses the decayed last observation (GRU-D). With "decay" and
        without convolutions before the recurrence, the state of the first layer decays
        too.
    time_channel : int or None, default=None
        With "decay", the channel of X that holds the time.
    fill : sequence of float or None, default=None
        Mean of each channel, which replaces NaN; None for zero.
    static_size : int, default=0
        Number of static covariates, which :class:`StaticJoin` joins to the
        representation.
    categories : sequence of (int, int, int), default=()
        Channels of X that hold ids of levels, which are replaced by vectors: position,
        number of levels and size of the vectors of each, as in
        :class:`CategoryEmbedding`.
    static_categories : sequence of (int, int, int), default=()
        Likewise, columns of ``static``.
    layer_norm, residual, recurrent_dropout, memory_steps
        As in :class:`RecurrentStack`.
    per_step : bool, default=False
        Whether there is an output for each step instead of one per sequence. With strided
        convolutions, all steps of a stride have the same output.
    per_frame : bool, default=False
        Whether there is an output for each frame: as ``per_step``, but strided
        convolutions leave one for each block of steps, also for an incomplete last one.
    decoder_steps : int, default=0
        Number of last steps with outputs of their own, instead of outputs for the pooled
        sequence; 0 for none. No sequence may be shorter.
    crf : bool, default=False
        Whether the outputs of steps are scores of tags in a :class:`LinearChain`, which
        the attribute ``chain`` then is; needs ``per_step``.

    Shape
    -----
    - Input: X ``(batch, steps, input_size)``, or ids ``(batch, steps, 1)``; lengths
      ``(batch,)``, or None if there is no padding; static ``(batch, static_size)``, or
      None if there are no covariates. Padding is never read.
    - Output: ``(batch, output_size)``, or ``(batch, steps, output_size)``, or ``(batch,
      ceil(steps / strides), output_size)``, or ``(batch, decoder_steps * output_size)``,
      step after step

    Examples
    --------
    >>> network = SequenceNetwork(3, 5, cell="gru", conv_channels=(16,), conv_stride=2)
    >>> network(torch.randn(4, 20, 3), torch.tensor([20, 12, 6, 5])).shape
    torch.Size([4, 5])
    >>> network.represent(torch.randn(4, 20, 3)).shape
    torch.Size([4, 64])
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        *,
        cell: str = "lstm",
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
        parallel_kernel_size: KernelSizes | Sequence[KernelSizes] = (8, 5, 3),
        parallel_stride: int | Sequence[int] = 1,
        parallel_dilation: int | Sequence[int] = 1,
        parallel_residual: int | None = None,
        parallel_bottleneck: int | None = None,
        parallel_squeeze: int | None = None,
        pooling: str = "max",
        pooling_segments: int = 1,
        random_convolutions: int = 0,
        random_dilations: Sequence[int] = (1,),
        recurrent_output_dropout: float = 0.0,
        embedding_dim: int | None = None,
        missing: str = "error",
        time_channel: int | None = None,
        fill: Sequence[float] | None = None,
        static_size: int = 0,
        per_step: bool = False,
        layer_norm: bool = False,
        residual: bool = False,
        recurrent_dropout: float = 0.0,
        memory_steps: float | None = None,
        decoder_steps: int = 0,
        categories: Sequence[tuple[int, int, int]] = (),
        static_categories: Sequence[tuple[int, int, int]] = (),
        per_frame: bool = False,
        crf: bool = False,
    ) -> None:
        super().__init__()
        self.per_step, self.decoder_steps = per_step, decoder_steps
        self.per_frame = per_frame
        self.causal = causal = not bidirectional
        self.embedding = None
        if embedding_dim is not None:
            self.embedding = TokenEmbedding(input_size, embedding_dim)
            input_size = embedding_dim
        self.categories = None
        if categories:
            self.categories = CategoryEmbedding(input_size, categories)
            numbers = self.categories.numbers
            input_size = len(numbers)
            fill = None if fill is None else [fill[j] for j in numbers]
            if time_channel is not None:
                time_channel = numbers.index(time_channel)
        reader = choose("missing", READERS, missing)
        self.reader = reader(input_size, time_channel=time_channel, fill=fill)
        input_size = self.reader.output_size
        if self.categories is not None:
            input_size += self.categories.vector_size
        # Convolutions mix steps, so their outputs have no time since an observation.
        self.state_fades = self.reader.looks_back and not conv_channels
        self.encoder = ConvEncoder(
            input_size, conv_channels, conv_kernel_size, conv_stride, causal=causal
        )
        self.recurrence = RecurrentStack(
            self.encoder.output_size,
            hidden_size,
            num_layers,
            cell=cell,
            bidirectional=bidirectional,
            merge_mode=merge_mode,
            dropout=dropout,
            nonlinearity=nonlinearity,
            elapsed_size=self.reader.n_channels if self.state_fades else None,
            layer_norm=layer_norm,
            residual=residual,
            recurrent_dropout=recurrent_dropout,
            memory_steps=memory_steps,
        )
        pool = choose("pooling", POOLINGS, pooling)
        is_pooled = not per_step and not per_frame and not decoder_steps
        self.pool = pool(self.recurrence.output_size) if is_pooled else None
        check_size("pooling_segments", pooling_segments)
        n_segments = pooling_segments if is_pooled else 1
        # There is a single final state.
        self.n_segments = 1 if pooling == "last" else n_segments
        self.is_segmented = n_segments > 1
        if decoder_steps and (per_step or self.encoder.total_stride > 1):
            raise ValueError(
                f"decoder_steps={decoder_steps} needs per_step=False and conv_stride=1, "
                f"got per_step={per_step} and conv_stride={conv_stride}"
            )
        self.branch = ConvBranch(
            input_size,
            parallel_channels,
            parallel_kernel_size,
            parallel_stride,
            dilation=parallel_dilation,
            residual=parallel_residual,
            bottleneck_size=parallel_bottleneck,
            reduction=parallel_squeeze,
            n_segments=n_segments,
            causal=causal,
        )
        self.random = None
        if random_convolutions:
            reasons = {
                "embedding_dim": embedding_dim is not None,
                "categories": bool(categories),
                'missing="decay"': missing == "decay",
                "outputs for steps": not is_pooled,
            }
            for kind, holds in reasons.items():
                if holds:
                    raise ValueError(
                        "random_convolutions read numbers, once for a whole sequence, "
                        f"and must be 0 with {kind}, got {random_convolutions}"
                    )
            self.random = RandomConvolutions(
                input_size, random_convolutions, random_dilations, causal=causal
            )
        self.output_dropout = Dropout(recurrent_output_dropout)
        recurrent_size = self.n_segments * self.recurrence.output_size
        self.representation_size = recurrent_size + self.branch.output_size
        if self.random is not None:
            self.representation_size += self.random.output_size
        # Without pooling.
        self.frame_size = self.recurrence.output_size + self.branch.step_size
        self.dropout = Dropout(dropout)
        self.join: StaticJoin | None = None
        self.static_categories = None
        if static_categories:
            self.static_categories = CategoryEmbedding(static_size, static_categories)
            static_size = self.static_categories.n_numbers
            static_size += self.static_categories.vector_size
        self._make_head(self.representation_size, static_size, output_size)
        if crf and not per_step:
            raise ValueError("crf=True needs per_step=True, got per_step=False")
        self.chain = LinearChain(output_size) if crf else None
        self.widest = max(input_size, *conv_channels, *parallel_channels, 1)
        self._reset_head(None)

    def _make_head(self, read_size: int, static_size: int, output_size: int) -> None:
        """Make the head, and the join of static covariates if there are any."""
        if static_size:
            self.join = StaticJoin(read_size, static_size)
            read_size = self.join.output_size
        self.head = nn.Linear(read_size, output_size)

    def _reset_head(self, generator: torch.Generator | None) -> None:
        if self.head.weight.is_meta:
            return  # nothing to draw
        nn.init.xavier_uniform_(self.head.weight, generator=generator)
        nn.init.zeros_(self.head.bias)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new weights, and all later dropout masks, from ``generator``."""
        reset_layers(self, generator)
        self._reset_head(generator)

    def check_lengths(self, lengths: Sequence[int]) -> None:
        """Raise ValueError if sequences are too short for a kernel or a stride.

        As in :class:`ConvEncoder` and :class:`ConvBranch`.
        """
        self.encoder.check_lengths(lengths)
        self.branch.check_lengths(lengths)

    def learn(
        self, X: Tensor, lengths: Tensor | None = None, weight: Tensor | None = None
    ) -> None:
        """Learn what is learnt before training: that of random convolutions.

        Shape
            X (batch, steps, input_size), lengths (batch,) or None, and weights of
            sequences (batch,) or None
        """
        if self.random is not None:
            self.random.learn(self._read(X, lengths), lengths, weight)

    @property
    def can_advance(self) -> bool:
        """Whether it can continue from a state, which is that of the recurrence only."""
        return (
            self.per_step
            and not self.encoder.layers
            and not self.branch.output_size
            and not self.reader.looks_back
            and self.causal
        )

    @property
    def values_per_step(self) -> int:
        """Maximum number of values per step, to estimate memory."""
        answers_often = self.per_step or self.per_frame
        n_outputs = self.head.out_features if answers_often else 1
        n_features = 0 if self.random is None else self.random.output_size
        return max(self.widest, self.head.in_features - n_features, n_outputs, 64)

    def count_answers(self, method: str, lengths: Tensor) -> Tensor | None:
        """Return the number of outputs of a method per sequence; None if it is one.

        Shape
            lengths (batch,) -> (batch,)
        """
        if self.per_step:
            return lengths
        if self.per_frame:
            return self.count_frames(lengths)
        return lengths // self._block if "prefixes" in method else None

    @property
    def _block(self) -> int:
        """Number of steps from one pooled prefix to the next, for all strides."""
        return math.lcm(self.encoder.total_stride, self.branch.encoder.total_stride)

    def count_frames(self, lengths: Tensor) -> Tensor:
        """Return the number of steps that strided convolutions leave: (batch,)."""
        return -(-lengths // self.encoder.total_stride)

    def states(
        self, X: Tensor, lengths: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None, Tensor]:
        """Return the output of the recurrence at every step, and its final state.

        Shape
            X (batch, steps, input_size) -> steps (batch, steps', size), the lengths
            after strides, and the final state (batch, size)
        """
        return self._recur(X, self._read(X, lengths), lengths)

    def represent(
        self, X: Tensor, lengths: Tensor | None = None, static: Tensor | None = None
    ) -> Tensor:
        """Return the representation of each sequence; ``static`` is ignored.

        With ``decoder_steps``, that of the last step.

        Shape
            X (batch, steps, input_size) -> (batch, representation_size), or (batch,
            steps, representation_size), or (batch, frames, representation_size)
        """
        represented = self._represent(X, lengths)
        return represented[:, -1] if self.decoder_steps else represented

    def forward(
        self,
        X: Tensor,
        lengths: Tensor | None = None,
        static: Tensor | None = None,
        features: Tensor | None = None,
    ) -> Tensor:
        output = self._answer(self._represent(X, lengths, features), static)
        return output.flatten(1) if self.decoder_steps else output

    def random_features(
        self, X: Tensor, lengths: Tensor | None = None, static: Tensor | None = None
    ) -> Tensor:
        """Return the features of random convolutions, which training does not change.

        ``forward`` takes them as ``features``, so that a fit computes them only once;
        ``static`` is ignored.

        Shape
            X (batch, steps, input_size), lengths (batch,) or None
            -> (batch, features)
        """
        assert self.random is not None, "there must be random convolutions"
        return self.random(self._read(X, lengths), lengths)

    def _represent(
        self, X: Tensor, lengths: Tensor | None, features: Tensor | None = None
    ) -> Tensor:
        """Return the representation from which the head reads."""
        x = self._read(X, lengths)
        steps, left, final = self._recur(X, x, lengths)
        if self.per_frame:
            return self._frames(steps, x, lengths)
        if self.pool is None:
            stride = self.encoder.total_stride
            every = spread_blocks(steps, stride, X.shape[1], causal=self.causal)
            every = self.output_dropout(every)
            if self.branch.output_size:
                every = torch.cat([every, self.branch.steps(x, lengths)], dim=2)
            if self.decoder_steps:
                return last_n_steps(every, lengths, self.decoder_steps)
            return every
        return self._pool(x, lengths, steps, left, final, features=features)

    def _pool(
        self,
        x: Tensor,
        lengths: Tensor | None,
        steps: Tensor,
        left: Tensor | None,
        final: Tensor,
        pool: nn.Module | None = None,
        features: Tensor | None = None,
    ) -> Tensor:
        """Pool the output of the recurrence, and append that of the branch."""
        pool = self.pool if pool is None else pool
        assert pool is not None, "only a network without outputs of steps pools"
        pooled = pool_segments(pool, self.n_segments, steps, left, final)
        pooled = self.output_dropout(pooled)
        if self.branch.output_size:
            pooled = torch.cat([pooled, self.branch(x, lengths)], dim=1)
        if self.random is not None:
            if features is None:
                features = self.random(x, lengths)
            pooled = torch.cat([pooled, features], dim=1)
        return pooled

    def pooling_weights(
        self, X: Tensor, lengths: Tensor | None = None, static: Tensor | None = None
    ) -> Tensor:
        """Return the weights of ``pooling="attention"``; ``static`` is ignored.

        Shape
            X (batch, steps, input_size) -> (batch, frames), zero in padding
        """
        steps, left, _ = self.states(X, lengths)
        return weigh_segments(self.pool, self.n_segments, steps, left)

    def represent_prefixes(
        self, X: Tensor, lengths: Tensor | None = None, static: Tensor | None = None
    ) -> Tensor:
        """Return the representation of every prefix: the first step, the first two, etc.

        With strides, only at the last step of each block.

        Shape
            X (batch, steps, input_size) -> (batch, steps // stride, representation_size)

        Raises
        ------
        ValueError
            If the network is bidirectional, as its states depend on later steps, or has
            a decoder or segments.
        """
        reasons = {
            "that is bidirectional": not self.causal,
            "with decoder_steps": self.decoder_steps,
            "with pooling_segments": self.is_segmented,
        }
        for kind, holds in reasons.items():
            if holds:
                raise ValueError(f"A network {kind} has no outputs for prefixes.")
        if self.pool is None:
            return self.represent(X, lengths)
        x, stride = self._read(X, lengths), self.encoder.total_stride
        steps, *_ = self._recur(X, x, lengths)
        pooled = self.pool.prefixes(steps[:, : X.shape[1] // stride])
        parts = [pooled[:, _ends(self._block // stride)]]
        if self.branch.output_size:
            blocks = self._block // self.branch.encoder.total_stride
            parts.append(self.branch.prefixes(x, lengths)[:, _ends(blocks)])
        if self.random is not None:
            parts.append(self.random.prefixes(x, lengths)[:, _ends(self._block)])
        return torch.cat(parts, dim=2) if len(parts) > 1 else parts[0]

    def forward_prefixes(
        self, X: Tensor, lengths: Tensor | None = None, static: Tensor | None = None
    ) -> Tensor:
        """Return the outputs for every prefix: the first step, the first two, and so on.

        Shape
            X (batch, steps, input_size) -> (batch, steps // stride, output_size)
        """
        return self._answer(self.represent_prefixes(X, lengths), static)

    def advance(
        self,
        X: Tensor,
        state: list[State] | None = None,
        static: Tensor | None = None,
    ) -> tuple[Tensor, list[State]]:
        """Continue from a state, or from the initial one, and return the new state too.

        Shape
            X (batch, steps, input_size) -> (batch, steps, output_size) and the state
        """
        if not self.can_advance:
            raise ValueError(
                "Only a network with per_step=True can continue from a state, without a "
                "backward direction, convolutions and decay."
            )
        steps, state = self.recurrence.advance(self._read(X, None), state)
        return self._answer(self.output_dropout(steps), static), state

    def _read(self, X: Tensor, lengths: Tensor | None) -> Tensor:
        if self.embedding is not None:
            return self.dropout(self.embedding(X, lengths))
        if self.categories is None:
            return self.reader(X, lengths)
        numbers, vectors = self.categories(X, lengths)
        return torch.cat([self.reader(numbers, lengths), vectors], 2)

    def _recur(
        self, X: Tensor, x: Tensor, lengths: Tensor | None
    ) -> tuple[Tensor, Tensor | None, Tensor]:
        encoded, left = self.encoder(x, lengths)
        numbers = X if self.categories is None else X[..., self.categories.numbers]
        elapsed = (self.reader.elapsed(numbers, lengths),) if self.state_fades else ()
        steps, final = self.recurrence(encoded, left, *elapsed)
        return steps, left, final

    def _frames(self, steps: Tensor, x: Tensor, lengths: Tensor | None) -> Tensor:
        """Append to each frame the output of the branch at the last step of its block."""
        steps = self.output_dropout(steps)
        if not self.branch.output_size:
            return steps
        beside, stride = self.branch.steps(x, lengths), self.encoder.total_stride
        last = torch.arange(stride - 1, stride * steps.shape[1], stride, device=x.device)
        ends = x.new_full((len(x),), x.shape[1]) if lengths is None else lengths
        at = last.minimum(ends[:, None].long() - 1)[..., None]
        chosen = beside.gather(1, at.expand(-1, -1, beside.shape[2]))
        return torch.cat([steps, chosen], dim=2)

    def _answer(self, representation: Tensor, static: Tensor | None) -> Tensor:
        representation = self.dropout(representation)
        if self.join is not None:
            if self.static_categories is not None and static is not None:
                static = torch.cat(self.static_categories(static), 1)
            representation = self.join(representation, static)
        if self.training:
            return self.head(representation)
        return _exact.linear(self.head, representation)


def _ends(size: int) -> slice:
    """Return where blocks of some states end."""
    return slice(size - 1, None, size)
