"""Checks an expression or schema that constrains a text while it is typed, in the background."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from studio.core.errors import Problem
from studio.core.requests import Request, TextRequest
from studio.models.card import ModelCard
from studio.ui import background

DELAY_MS = 250
_CHECKED = ("json_schema", "regex")


class GrammarCheck(QObject):
    """Knows what is wrong with the constraint that was checked last."""

    checked = Signal()
    """The constraint that `problems` was asked about last is known now."""

    def __init__(self) -> None:
        super().__init__()
        self._known: tuple[tuple[str, str], Problem | None] = (("", ""), None)
        self._wanted: tuple[ModelCard, TextRequest] | None = None
        """What is to be checked; None if the answer is known."""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MS)
        self._timer.timeout.connect(self._check)

    def problems(self, card: ModelCard, request: Request) -> list[Problem]:
        """Return what is wrong; nothing while it is not known, until `checked` is emitted."""
        if not isinstance(request, TextRequest) or request.constraint not in _CHECKED:
            self._wanted = None
            return []
        key, problem = self._known
        if key == _key(request):
            self._wanted = None
            return [problem] if problem is not None else []
        if self._wanted is None or _key(self._wanted[1]) != _key(request):
            self._timer.start()
        self._wanted = (card, request)
        return []

    def wait(self, then: Callable[[], None]) -> bool:
        """Return True if a check is due or under way; call `then` when it has ended."""
        if self._wanted is None:
            return False
        if self._timer.isActive():
            self._timer.start(0)
        self.checked.connect(then, Qt.ConnectionType.SingleShotConnection)
        return True

    def _check(self) -> None:
        if self._wanted is None:
            return
        card, request = self._wanted

        def check() -> Problem | None:
            from studio.preflight.grammar import check_grammar

            return check_grammar(card, request, thorough=True)

        def show(problem: Problem | None) -> None:
            if self._wanted is not None and _key(self._wanted[1]) == _key(request):
                self._known = (_key(request), problem)
                self._wanted = None
                self.checked.emit()

        background.run(self, check, show)


def _key(request: TextRequest) -> tuple[str, str]:
    name = request.constraint
    return name, str(getattr(request, name))
