"""Where pickles of version 0.1 look for compiled streams."""

from ._deployment.streams import CompiledStream as CompiledStream
