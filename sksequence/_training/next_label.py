"""The loss of labels that are said one after another, until the end."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Class that torch's loss leaves out.
_NONE = -100


class NextLabelLoss(nn.Module):
    """Weighted mean of the losses of sequences of labels.

    The loss of a sequence is the mean of the cross entropies of its labels and its end:
    long ones count as much as short ones. In training, true labels are smoothed.

    Parameters
    ----------
    label_smoothing : float, default=0.0
        Share of the probability of each true label that is spread over all labels.

    Shape
    -----
    - Input: output ``(batch, longest + 1, 1 + n_labels)``, target ``(batch, longest)``
      codes of labels, zeros behind the last one, or target and weights ``(batch,)``
    - Output: ``()``

    Examples
    --------
    Two labels and the end, each with a probability of a third:

    >>> loss = NextLabelLoss()
    >>> loss(torch.zeros(1, 3, 3), torch.tensor([[2, 1]])).exp().round(decimals=4)
    tensor(3.)

    References
    ----------
    Szegedy, Vanhoucke, Ioffe, Shlens and Wojna (2016), Rethinking the inception
    architecture for computer vision. CVPR.
    """

    def __init__(self, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.label_smoothing = label_smoothing

    def forward(self, output: Tensor, target: Tensor | tuple[Tensor, Tensor]) -> Tensor:
        truth, weight = (target, None) if isinstance(target, Tensor) else target
        said = F.pad(truth, (0, 1))
        n_labels = (truth > 0).sum(1)
        is_behind = torch.arange(said.shape[1], device=said.device) > n_labels[:, None]
        of_each = F.cross_entropy(
            output.flatten(0, 1),
            said.masked_fill(is_behind, _NONE).flatten(),
            ignore_index=_NONE,
            reduction="none",
            label_smoothing=self.label_smoothing if self.training else 0.0,
        )
        loss = of_each.view_as(said).sum(1) / (n_labels + 1)
        return (loss if weight is None else loss * weight).mean()
