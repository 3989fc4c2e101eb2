"""Base of the transformers that return sequences rather than a table."""

from __future__ import annotations

from typing import Self


class SequencesOut:
    """Mixin whose output is never wrapped in a DataFrame.

    Inherit from it before TransformerMixin, with ``auto_wrap_output_keys=None``.
    """

    def set_output(self, *, transform: str | None = None) -> Self:
        """Do nothing: sequences do not fit into a table.

        The method exists because a Pipeline calls it on all of its steps.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None, default=None
            Ignored.

        Returns
        -------
        self : object
            The transformer.
        """
        return self
