"""Network from sequences to labels of another number: encoder, attention, decoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from .._cells import find_cell
from . import _beams
from ._decoder import AttentionDecoder
from ._exact import State, log_softmax
from ._sizes import check_size
from ._time import zero_padding
from .network import SequenceNetwork


class Source(NamedTuple):
    """What the encoder has made of sequences.

    Attributes
    ----------
    states : list of State
        Initial states of the layers of the decoder, each (1, batch, size).
    memory : Tensor of shape (batch, frames, memory_size) or None
        What attention reads, zero in padding; None without.
    n_valid : Tensor of shape (batch,) or None
        Number of its valid frames; None if there is no padding.
    """

    states: list[State]
    memory: Tensor | None
    n_valid: Tensor | None


class TranslationNetwork(SequenceNetwork):
    r"""Map each sequence to raw outputs of labels: their logits, one after another.

    ::

        X -> ConvEncoder -> RecurrentStack --+-> pooling -> dropout -> linear -> tanh
                                             |                            |
                                             v                            v (state)
        labels -> embedding -> first layer -> attention -> further layers -> readout

    The encoder is a :class:`SequenceNetwork`, whose outputs are the initial states of the
    decoder. The first layer of the decoder reads the embeddings of the labels so far, its
    outputs query the steps of the encoder (Luong et al., 2015), and further layers read
    the outputs of the layer below and the averaged steps (Wu et al., 2016). As nothing is
    fed back, all labels are read at once in training. The logits are products with the
    embeddings of the labels (Press and Wolf, 2017).

    Labels have codes from 1; code 0 is the begin where labels are read, and the end where
    they are said.

    Parameters
    ----------
    input_size : int
        Channels per step; with ``embedding_dim``, the number of tokens.
    output_size : int
        Number of labels and one, the end.
    target_embedding_dim : int, default=64
        Size of the embedding vectors of labels.
    decoder_hidden_size : int, default=64
        Size of the state of each layer of the decoder.
    decoder_layers : int, default=2
        Number of layers of the decoder.
    attention : bool, default=True
        Whether there is attention; without it the decoder only knows its initial state.
    cell, nonlinearity, dropout, layer_norm, residual, recurrent_dropout, memory_steps
        Of encoder and decoder, as in :class:`SequenceNetwork`.
    **encoder : dict
        Further parameters of :class:`SequenceNetwork`.

    Shape
    -----
    - Input: X, lengths and static as in :class:`SequenceNetwork`; y ``(batch, labels)``,
      codes with zeros behind the last label, or None for no labels
    - Output: ``(batch, labels + 1, output_size)``: the logits of the first label or the
      end, of the second or the end, and so on; those behind the end mean nothing

    Examples
    --------
    >>> network = TranslationNetwork(3, 5, bidirectional=True)
    >>> X, lengths = torch.randn(4, 20, 3), torch.tensor([20, 12, 6, 5])
    >>> network(X, lengths, y=torch.tensor([[4, 3], [1, 2], [2, 0], [3, 3]])).shape
    torch.Size([4, 3, 5])

    References
    ----------
    Bahdanau, Cho and Bengio (2015), Neural machine translation by jointly learning to
    align and translate. ICLR.
    Luong, Pham and Manning (2015), Effective approaches to attention-based neural machine
    translation. EMNLP.
    Wu et al. (2016), Google's neural machine translation system. arXiv.
    Press and Wolf (2017), Using the output embedding to improve language models. EACL.
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        *,
        target_embedding_dim: int = 64,
        decoder_hidden_size: int = 64,
        decoder_layers: int = 2,
        attention: bool = True,
        cell: str = "lstm",
        dropout: float = 0.0,
        nonlinearity: str = "tanh",
        layer_norm: bool = False,
        residual: bool = False,
        recurrent_dropout: float = 0.0,
        memory_steps: float | None = None,
        **encoder: Any,
    ) -> None:
        options: dict[str, Any] = {
            "cell": cell,
            "dropout": dropout,
            "nonlinearity": nonlinearity,
            "layer_norm": layer_norm,
            "residual": residual,
            "recurrent_dropout": recurrent_dropout,
            "memory_steps": memory_steps,
        }
        check_size("decoder_hidden_size", decoder_hidden_size)
        check_size("decoder_layers", decoder_layers)
        n_states = find_cell(cell, nonlinearity).n_states
        sizes = [decoder_hidden_size] * (n_states * decoder_layers)
        super().__init__(input_size, sum(sizes), **options, **encoder)
        self.attends = attention
        self.n_states, self.sizes = n_states, sizes
        self.decoder = AttentionDecoder(
            output_size,
            target_embedding_dim,
            decoder_hidden_size,
            decoder_layers,
            memory_size=self.frame_size if attention else 0,
            **options,
        )

    @property
    def values_per_step(self) -> int:
        """Maximum number of values per step, to estimate memory."""
        return max(super().values_per_step, 4 * self.frame_size)

    def read_source(
        self, X: Tensor, lengths: Tensor | None, static: Tensor | None
    ) -> Source:
        """Encode sequences."""
        x = self._read(X, lengths)
        steps, left, final = self._recur(X, x, lengths)
        pooled = self._pool(x, lengths, steps, left, final)
        parts = torch.tanh(self._answer(pooled, static)).split(self.sizes, 1)
        each = [part[None].contiguous() for part in parts]
        states: list[State] = [*each]
        if self.n_states == 2:
            states = list(zip(each[::2], each[1::2], strict=True))
        memory = None
        if self.attends:
            memory = zero_padding(self._frames(steps, x, lengths), left)
        return Source(states, memory, left)

    def forward(
        self,
        X: Tensor,
        lengths: Tensor | None = None,
        static: Tensor | None = None,
        y: Tensor | None = None,
    ) -> Tensor:
        return self._follow(X, lengths, static, y)[0]

    def _follow(
        self,
        X: Tensor,
        lengths: Tensor | None,
        static: Tensor | None,
        y: Tensor | None,
    ) -> tuple[Tensor, Tensor | None]:
        """Return the logits of given labels, and the weights of attention."""
        states, memory, n_valid = self.read_source(X, lengths, static)
        codes = torch.zeros(len(X), 1, dtype=torch.int64, device=X.device)
        n_read = None
        if y is not None:
            codes = torch.cat([codes, y], 1)
            n_read = 1 + (y > 0).sum(1)
        outputs, _, weights = self.decoder(codes, states, memory, n_valid, n_read)
        return outputs, weights

    def log_likelihood(
        self,
        X: Tensor,
        lengths: Tensor | None = None,
        static: Tensor | None = None,
        y: Tensor | None = None,
    ) -> Tensor:
        """Return the logarithm of the probability of labels and their end.

        Shape
            as in forward -> (batch,), in double precision
        """
        log_proba = log_softmax(self.forward(X, lengths, static, y))
        if y is None:
            return log_proba[:, 0, 0]
        said = F.pad(y, (0, 1))
        of_each = log_proba.gather(2, said[..., None])[..., 0]
        n_labels = (y > 0).sum(1, keepdim=True)
        is_there = torch.arange(said.shape[1], device=said.device) <= n_labels
        # One after another: labels of other sequences change nothing.
        return of_each.masked_fill(~is_there, 0).cumsum(1)[:, -1]

    def attend(
        self,
        X: Tensor,
        lengths: Tensor | None = None,
        static: Tensor | None = None,
        y: Tensor | None = None,
    ) -> Tensor:
        """Return the weights of attention, for each label and the end.

        Shape
            as in forward -> (batch, labels + 1, frames)
        """
        weights = self._follow(X, lengths, static, y)[1]
        if weights is None:
            raise ValueError("A network with attention=False has no weights.")
        return weights

    def translate(
        self,
        X: Tensor,
        lengths: Tensor | None = None,
        static: Tensor | None = None,
        *,
        beam_size: int = 1,
        max_length: int = 100,
        n_best: int = 1,
    ) -> tuple[Tensor, Tensor]:
        """Return the most probable labels that a beam search finds, and how probable.

        Shape
            as in forward -> codes (batch, n_best, max_length), with zeros behind the last
            label, and the logarithms of their probabilities (batch, n_best)
        """
        states, memory, n_valid = self.read_source(X, lengths, static)
        return _beams.search(
            self._step,
            states,
            (memory, n_valid),
            beam_size=beam_size,
            max_length=max_length,
            n_best=n_best,
        )

    def _step(
        self, last: Tensor, states: list[State], beside: Sequence[Tensor | None]
    ) -> tuple[Tensor, list[State]]:
        """Read the last label of each beam."""
        outputs, states, _ = self.decoder(last.reshape(-1, 1), states, *beside)
        return outputs.view(*last.shape, -1), states
