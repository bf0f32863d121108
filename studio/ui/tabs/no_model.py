"""What a form shows without a model for it."""

from __future__ import annotations

from studio.core.kinds import KINDS
from studio.core.translation import tr, tr_marked
from studio.ui.app_state import AppState
from studio.ui.models.starter_models import STARTER_MODELS
from studio.ui.widgets.factory import Notice, button, size_text


def show_no_model(notice: Notice, shared: AppState, kind: str) -> None:
    """Say that no model of a kind is installed; offer the starter model if the kind has one."""
    title, note = tr_marked(KINDS[kind].title), tr_marked(KINDS[kind].starter_note)
    message = tr("No {kind} model is installed.", kind=title.lower())
    if not note:
        task = KINDS[kind].task
        models = button(
            tr("Show models…"),
            tr("Show the models for this that can run on this computer"),
            lambda: shared.models_requested.emit(task),
            "models",
        )
        notice.show_message(message, tr_marked(KINDS[kind].needs_model_note), [models])
        return
    size = size_text(STARTER_MODELS[0].download)
    get = button(
        tr("Get the starter model ({size})", size=size),
        note,
        shared.starter_requested.emit,
        "save",
    )
    notice.show_message(message, note, [get])
