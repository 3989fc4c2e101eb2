"""Streams whose recurrence is compiled."""

from .portable import Stream


class CompiledStream(Stream):
    """A stream."""
