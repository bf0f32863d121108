"""The one way to onnxruntime, which only voices need."""

from __future__ import annotations

from typing import Any


def import_onnxruntime() -> Any:
    """Import onnxruntime and return it, with its telemetry off.

    `core/environment.py` has switched the telemetry off before; the call here is for a version that
    reads no variable.
    """
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    return onnxruntime
