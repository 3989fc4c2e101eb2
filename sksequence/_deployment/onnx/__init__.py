"""Fitted networks as ONNX graphs, built node by node from plain data.

Imports only onnx, numpy and the recurrent cells: there is no torch, and no exporter that
traces a network. The modules correspond to those of ``sksequence.nn``; sequences have
the layout of ONNX, (steps, batch, channels).
"""

from .ensemble import make_ensemble
from .model import make_model

__all__ = ["make_ensemble", "make_model"]
