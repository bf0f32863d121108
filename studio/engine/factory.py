"""Makes engines; imports each one, with its heavy libraries, only when it is used."""

from __future__ import annotations

from studio.core.paths import DataFolder
from studio.core.settings import LoadPreference
from studio.engine.protocol import Engine

FAKE_STEP_SECONDS = 0.02


def make_engine(
    data: DataFolder,
    *,
    in_process: bool = False,
    fake: bool = False,
    memory: LoadPreference | None = None,
) -> Engine:
    """Return the engine: in a child (default), in this process (for profiling), or the fake one.

    `memory`: how it loads models, if not as the settings say.
    """
    if fake:
        from studio.engine.fake import FakeEngine

        return FakeEngine(data, step_seconds=FAKE_STEP_SECONDS)
    if in_process:
        from studio.engine.local import LocalEngine

        return LocalEngine(data, memory)
    from studio.engine.process.engine import ProcessEngine

    return ProcessEngine(data, memory=memory)
