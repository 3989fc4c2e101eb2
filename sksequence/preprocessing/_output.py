"""What transformers have in common that return sequences rather than a table."""

from __future__ import annotations

from typing import Self


class SequencesOut:
    """Leave the output as it is, whichever container is asked for.

    To be inherited from before TransformerMixin, with ``auto_wrap_output_keys=None``.
    """

    def set_output(self, *, transform: str | None = None) -> Self:
        """Change nothing: sequences fit no table.

        It is there for the steps behind it in a pipeline, which are asked all at once.

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
