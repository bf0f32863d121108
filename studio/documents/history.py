"""The undo stack of a document, which spans the changes of a person and of models.

A generated text is one step, also if the person edits other parts while it arrives: its later
pieces join its step, and the steps above it are moved as if the piece was there before them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from studio.documents.document import Change
from studio.documents.origins import Stretches, merged

MAX_CHARACTERS = 40_000_000
"""Of all steps; the oldest are dropped."""
Apply = Callable[[Change], Change]
"""Makes a change and returns the one that takes it back."""


@dataclass
class Step:
    """What one undo takes back, or one redo makes again."""

    changes: list[Change] = field(default_factory=list)
    """In the order in which they are to be applied."""
    key: str = ""
    """Of the generation that it belongs to; empty for a person's change."""
    is_open: bool = True
    """Later changes may join it."""

    @property
    def size(self) -> int:
        """Characters that it holds."""
        return sum(len(change.inserted) for change in self.changes)


class History:
    """The steps of one document."""

    def __init__(self) -> None:
        self._undo: list[Step] = []
        self._redo: list[Step] = []
        self._size = 0

    @property
    def can_undo(self) -> bool:
        """True if there is a change to take back."""
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        """True if a change was taken back."""
        return bool(self._redo)

    @property
    def next_key(self) -> str:
        """Key of the step that `undo` takes back next; empty for a person's."""
        return self._undo[-1].key if self._undo else ""

    def record(self, change: Change, back: Change, key: str = "") -> None:
        """Remember a change that was made, by the one that takes it back.

        `key`: the generation, or group, whose changes form one step.
        """
        self._size += len(back.inserted) - sum(step.size for step in self._redo)
        self._redo.clear()
        below = self._below(key)
        if below is not None and self._join_below(below, change):
            return
        last = self._undo[-1] if self._undo else None
        if last is not None and last.is_open and last.key == key:
            if key:
                last.changes.insert(0, back)
                _join_neighbors(last.changes)
                return
            if _continues(last.changes[0], change, back):
                last.changes[0] = _joined(last.changes[0], back)
                return
        self._undo.append(Step([back], key))
        self._drop_oldest()

    def close_step(self, key: str = "") -> None:
        """Let later changes begin a new step."""
        for step in self._undo if key else self._undo[-1:]:
            if step.key == key:
                step.is_open = False

    def undo(self, apply: Apply) -> list[Change]:
        """Take back the last step with `Document.apply`; return the changes that were made."""
        return self._move(apply, self._undo, self._redo)

    def redo(self, apply: Apply) -> list[Change]:
        """Make the step again that was taken back last; return the changes that were made."""
        return self._move(apply, self._redo, self._undo)

    def clear(self) -> None:
        """Forget all steps."""
        self._undo, self._redo, self._size = [], [], 0

    def _move(self, apply: Apply, source: list[Step], target: list[Step]) -> list[Change]:
        if not source:
            return []
        step = source.pop()
        backs = [apply(change) for change in step.changes]
        target.append(Step(backs[::-1], step.key, is_open=False))
        self._size += sum(len(back.inserted) for back in backs) - step.size
        return step.changes

    def _below(self, key: str) -> int | None:
        """Return the index of an open step of this key that is not the last one."""
        if not key:
            return None
        for index in range(len(self._undo) - 2, -1, -1):
            if self._undo[index].key == key and self._undo[index].is_open:
                return index
        return None

    def _join_below(self, index: int, change: Change) -> bool:
        """Add an insertion to a step below others; return False if they overlap."""
        step = self._undo[index]
        if change.removed or len(step.changes) != 1:
            return False
        added, place = len(change.inserted), change.position
        moved: list[tuple[Step, list[Change]]] = []
        for above in reversed(self._undo[index + 1 :]):
            changes = []
            for back in above.changes:
                if back.position >= place:
                    changes.append(_at(back, back.position + added))
                elif back.position + back.removed <= place:
                    changes.append(back)
                    place += len(back.inserted) - back.removed
                else:
                    return False
            moved.append((above, changes))
        whole = step.changes[0]
        if not whole.position <= place <= whole.position + whole.removed:
            return False
        for above, changes in moved:
            above.changes = changes
        step.changes = [
            Change(whole.position, whole.removed + added, whole.inserted, whole.origins)
        ]
        return True

    def _drop_oldest(self) -> None:
        while self._size > MAX_CHARACTERS and len(self._undo) > 1:
            self._size -= self._undo.pop(0).size


def _at(change: Change, position: int) -> Change:
    return Change(position, change.removed, change.inserted, change.origins)


def _continues(last: Change, change: Change, back: Change) -> bool:
    """Return True for typing or deleting that goes on where the last change ended.

    `last` and `back` take the changes back; a step ends with each word.
    """
    is_typed = not last.inserted and not back.inserted and back.removed
    if is_typed and back.position == last.position + last.removed:
        return not change.inserted[:1].isspace() and "\n" not in change.inserted
    is_deleted = not last.removed and not back.removed and back.inserted
    if is_deleted and "\n" not in back.inserted:
        return back.position in (last.position, last.position - len(back.inserted))
    return False


def _joined(last: Change, back: Change) -> Change:
    """Return one change that takes back two that `_continues` accepted."""
    if back.removed:
        return Change(last.position, last.removed + back.removed, "", ())
    if back.position == last.position:  # deleted forwards
        return Change(
            last.position, 0, last.inserted + back.inserted, _joint(last.origins, back.origins)
        )
    return Change(
        back.position, 0, back.inserted + last.inserted, _joint(back.origins, last.origins)
    )


def _joint(first: Stretches, second: Stretches) -> Stretches:
    return merged((*first, *second))


def _join_neighbors(changes: list[Change]) -> None:
    """Join the first two changes of a generation if one takes back what follows the other."""
    if len(changes) < 2:
        return
    later, before = changes[0], changes[1]
    if not later.inserted and later.position == before.position + before.removed:
        changes[:2] = [
            Change(before.position, before.removed + later.removed, before.inserted, before.origins)
        ]
