"""Imports onnxruntime, which only voices need."""

from __future__ import annotations

from typing import Any


def import_onnxruntime() -> Any:
    """Import onnxruntime and return it, with its telemetry off.

    `core/environment.py` switches telemetry off with a variable; the call is for versions that do
    not read it.
    """
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    return onnxruntime
