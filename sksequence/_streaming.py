"""The old location of ``CompiledStream``, for pickles of version 0.1."""

from ._deployment.streams import CompiledStream as CompiledStream
