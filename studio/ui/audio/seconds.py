"""Durations of audio as text. Without numpy, for parts of the window that start with it."""

from __future__ import annotations


def format_seconds(seconds: float) -> str:
    """Format as 1:05, or as 1:01:05 from one hour on."""
    minutes, rest = divmod(int(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
