"""Keeps the computer from sleeping while jobs run. The screen may turn off."""

from __future__ import annotations

from contextlib import ExitStack


class SleepInhibitor:
    """Prevents sleep; does nothing on a desktop without support. Use it in one thread."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._is_active = False

    def prepare(self) -> None:
        """Import the library before the first job waits for it."""
        import wakepy  # noqa: F401

    def hold(self) -> None:
        """Prevent sleep from now on."""
        if not self._is_active:
            from wakepy import keep

            self._stack.enter_context(keep.running(on_fail="pass"))
            self._is_active = True

    def release(self) -> None:
        """Allow sleep again."""
        self._stack.close()
        self._is_active = False
