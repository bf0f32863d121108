"""Keeps the computer from going to sleep while jobs run. The screen may go dark."""

from __future__ import annotations

from contextlib import ExitStack


class SleepInhibitor:
    """Hold and release in the same thread; a desktop that cannot be asked is left as it is."""

    def __init__(self) -> None:
        self._held = ExitStack()
        self._holds = False

    def prepare(self) -> None:
        """Import what it takes, before the first job waits for it."""
        import wakepy  # noqa: F401

    def hold(self) -> None:
        """From now on, no sleep."""
        if not self._holds:
            from wakepy import keep

            self._held.enter_context(keep.running(on_fail="pass"))
            self._holds = True

    def release(self) -> None:
        """Sleep is allowed again."""
        self._held.close()
        self._holds = False
