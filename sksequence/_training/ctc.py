"""The loss of transcripts without alignment."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class CTCLoss(nn.Module):
    """Weighted mean of the losses of transcripts.

    The loss of a transcript is its negative log likelihood, summed over all alignments,
    per label: long ones count as much as short ones.

    Shape
    -----
    - Input: output ``(batch, frames, 1 + n_classes)``, target ``(batch, longest)`` codes
      of labels, zeros behind the last one, or target and weights ``(batch,)``; the number
      of valid frames ``(batch,)``
    - Output: ``()``

    Examples
    --------
    A label in the first frame, the second or both: three of the four paths.

    >>> import torch
    >>> halves, one = torch.zeros(1, 2, 2), torch.tensor([[1]])
    >>> CTCLoss()(halves, one, torch.tensor([2])).exp().round(decimals=4)
    tensor(1.3333)

    References
    ----------
    Graves, Fernandez, Gomez and Schmidhuber (2006), Connectionist temporal
    classification. ICML.
    """

    counts_frames = True

    def forward(
        self,
        output: Tensor,
        target: Tensor | tuple[Tensor, Tensor],
        n_frames: Tensor,
    ) -> Tensor:
        truth, weight = (target, None) if isinstance(target, Tensor) else target
        n_labels = (truth > 0).sum(1)
        loss = F.ctc_loss(
            output.log_softmax(2).transpose(0, 1),
            truth,
            n_frames,
            n_labels,
            reduction="none",
        )
        loss = loss / n_labels
        return (loss if weight is None else loss * weight).mean()
