"""How readers report what they have done."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with the parts that are read and their number; may raise to stop."""
