"""Forecasts: from a table in time order to the rows after its end."""

from .forecaster import WindowForecaster
from .recursive import forecast_recursive

__all__ = ["WindowForecaster", "forecast_recursive"]
