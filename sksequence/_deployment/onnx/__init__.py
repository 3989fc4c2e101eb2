"""Fitted networks as ONNX graphs, written node by node from plain data.

onnx and numpy alone: no torch, no exporter that would trace a network, and of the other
rooms the recurrent cells alone. The modules mirror those of ``sksequence.nn`` in what is
computed; sequences are laid out as ONNX has them, (steps, batch, channels).
"""

from .model import make_model

__all__ = ["make_model"]
