"""Stores an own preset; asks before it replaces another one, and offers to undo it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from studio.core.presets import Preset, delete_preset, own_presets, save_preset
from studio.core.translation import tr
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.widgets.factory import confirm


def store_preset(
    shared: AppState,
    kind: str,
    preset: Preset,
    parent: QWidget,
    stored: Callable[[], object],
    failed: Callable[[Exception], None],
    *,
    replaces: str = "",
) -> None:
    """Store a preset, then call `stored`, or `failed`; neither if the user keeps another one.

    `replaces`: title of the preset that is edited, for which nobody is asked.
    """
    data = shared.data

    def find() -> Preset | None:
        wanted = preset.title.casefold()
        return next(
            (own for own in own_presets(data, kind) if own.title.casefold() == wanted), None
        )

    def store(before: Preset | None) -> None:
        if (
            before is not None
            and before.title != replaces
            and not confirm(
                parent,
                tr("Replace the preset?"),
                tr("A preset named {title} exists.", title=before.title),
                tr("Replace"),
            )
        ):
            return

        def undo() -> None:
            if before is None:
                delete_preset(data, kind, preset.title)
            else:
                save_preset(data, kind, before, replace=True)
            shared.presets_changed.emit(kind)

        def report(_result: object) -> None:
            shared.presets_changed.emit(kind)
            shared.post_toast(tr("Saved the preset {title}", title=preset.title), tr("Undo"), undo)
            stored()

        background.run(
            parent,
            lambda: save_preset(data, kind, preset, replace=before is not None),
            report,
            failed,
        )

    background.run(parent, find, store, failed)
