"""Generated data whose best possible prediction is known, from a seed."""

from .memory import make_adding, make_order, make_parity
from .sales import make_sales
from .sensors import make_irregular_sensors
from .videos import make_moving_digits

__all__ = [
    "make_adding",
    "make_irregular_sensors",
    "make_moving_digits",
    "make_order",
    "make_parity",
    "make_sales",
]
