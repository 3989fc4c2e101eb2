"""Layers for batches of sequences of unequal length, in plain torch.

Every layer takes ``(X, lengths)`` with X of shape (batch, steps, channels). The output
for a sequence does not depend on the rest of the batch: padding is never read. Layers
that change the time axis also return the new lengths.
"""

from .branch import ConvBranch
from .convlstm import ConvLSTM, ConvLSTMCell, ConvLSTMLayer
from .convolution import ConvLayer, MaskedBatchNorm
from .crf import LinearChain
from .detection import AutoencoderNetwork, NextStepNetwork
from .dropout import Dropout
from .embedding import TokenEmbedding
from .encoder import ConvEncoder
from .frames import FrameNetwork
from .missing import DecayMissing, MaskMissing, StateDecay
from .network import SequenceNetwork
from .pooling import AttentionPooling, LastPooling, MaxPooling, MeanPooling
from .random_convolutions import RandomConvolutions
from .recurrent import RecurrentLayer, RecurrentStack
from .squeeze import SqueezeExcite
from .static import StaticJoin
from .translation import TranslationNetwork

__all__ = [
    "AttentionPooling",
    "AutoencoderNetwork",
    "ConvBranch",
    "ConvEncoder",
    "ConvLSTM",
    "ConvLSTMCell",
    "ConvLSTMLayer",
    "ConvLayer",
    "DecayMissing",
    "Dropout",
    "FrameNetwork",
    "LastPooling",
    "LinearChain",
    "MaskMissing",
    "MaskedBatchNorm",
    "MaxPooling",
    "MeanPooling",
    "NextStepNetwork",
    "RandomConvolutions",
    "RecurrentLayer",
    "RecurrentStack",
    "SequenceNetwork",
    "SqueezeExcite",
    "StateDecay",
    "StaticJoin",
    "TokenEmbedding",
    "TranslationNetwork",
]
