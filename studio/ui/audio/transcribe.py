"""Adds jobs that write down what is spoken in items of the library."""

from __future__ import annotations

from collections.abc import Sequence

from studio.core.requests import TranscribeRequest
from studio.core.translation import tr
from studio.library.items import Item
from studio.ui.app_state import AppState
from studio.ui.models.starter_models import TRANSCRIPTION_MODEL
from studio.ui.widgets.factory import size_text

KIND = "transcribe"


def can_transcribe(item: Item) -> bool:
    """Return whether an item is a recording whose words are not known; made speech has a text."""
    return item.media in ("audio", "video") and item.kind != "speech" and not item.missing


def transcribe(shared: AppState, items: Sequence[Item]) -> None:
    """Add a job for each recording, or offer the model if none is installed."""
    cards = shared.cards(KIND)
    if not cards:
        model = TRANSCRIPTION_MODEL
        shared.post_toast(
            tr("{title} writes down speech, and is not installed.", title=model.title),
            tr("Get it ({size})", size=size_text(model.download)),
            lambda: shared.install_requested.emit(model.alias),
        )
        return
    requests = [
        TranscribeRequest(audio=item.path, model=cards[0].name)
        for item in items
        if can_transcribe(item)
    ]
    shared.queue.submit([shared.new_job(request) for request in requests])
    count = len(requests)
    shared.post_toast(
        tr("Added to the queue")
        if count == 1
        else tr("Added {count} jobs to the queue", count=count)
    )
