"""What the command palette offers: actions, results, models, presets and settings."""

from __future__ import annotations

import functools
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from PySide6.QtGui import QAction

from studio.core.errors import StudioError
from studio.core.jobs import Job, JobState
from studio.core.kinds import KINDS
from studio.core.presets import Preset, own_presets, presets
from studio.core.settings_catalog.catalog import GROUPS, SETTINGS
from studio.core.translation import mark, tr, tr_marked
from studio.library.items import Item, Query
from studio.models.card import ModelCard
from studio.ui.actions import ACTIONS, MENUS, shortcut_of
from studio.ui.app_state import AppState
from studio.ui.help.matching import Entry, Provider

PALETTE = "dialogs.show_palette"
MAX_RECENT = 1_000
"""Finished jobs that are offered, the latest first."""
TITLE_CHARACTERS = 120
MAX_ITEMS = 50
"""Files of the library that are offered for a query."""


_MEDIA = {
    "audio": mark("Audio"),
    "image": mark("Image"),
    "text": mark("Text"),
    "video": mark("Video"),
}


class Dialogs(Protocol):
    """The part of the window's dialogs that entries use."""

    def show_settings(self, key: str = "") -> None:
        """Show a setting."""


class Form(Protocol):
    """The part of a form that entries use."""

    def use_preset(self, preset: Preset) -> None:
        """Fill the form."""


class TextForm(Protocol):
    """The part of the text tab that entries use."""

    def write(self, name: str) -> None:
        """Show the form of a guided task."""


class Window(Protocol):
    """The part of the main window that entries use; it imports this module."""

    @property
    def shared(self) -> AppState:
        """The state of the window."""

    @property
    def dialogs(self) -> Dialogs:
        """Its dialogs."""

    @property
    def text_tab(self) -> TextForm:
        """The text tab."""

    def action(self, key: str) -> QAction:
        """Return an action of the menus."""

    def current(self) -> Form:
        """Return the form that is shown."""

    def show_kind(self, name: str) -> None:
        """Show the form of a kind."""

    def show_artifact(self, path: Path) -> None:
        """Show a file made with Studio."""

    def show_result(self, job_id: str) -> None:
        """Show a job's result."""

    def try_model(self, card: ModelCard) -> None:
        """Show the form of a model's kind with the model."""


def default_providers(window: Window) -> list[Provider]:
    """Return the providers of the window itself. Called in the GUI thread."""
    jobs = window.shared.queue.jobs()[-MAX_RECENT:]
    cards = window.shared.all_cards()
    known = list(_actions(window))
    recent = list(_recent(window, jobs))
    models = [
        Entry(
            card.title,
            tr("{kind} model", kind=tr_marked(KINDS[card.kind].title)),
            functools.partial(window.try_model, card),
            words=card.name,
        )
        for card in cards
        if card.kind in KINDS and KINDS[card.kind].tab and not card.adapter
    ]

    @functools.cache
    def read_presets() -> list[Entry]:  # in the palette's thread, which may read files
        return list(_presets(window))

    @functools.cache
    def read_guided_tasks() -> list[Entry]:  # in the palette's thread, too
        return list(_guided_tasks(window))

    settings = list(_settings(window))
    return [
        lambda _query: known,
        lambda _query: models,
        lambda _query: read_presets(),
        lambda _query: read_guided_tasks(),
        lambda _query: settings,
        lambda _query: recent,
        functools.partial(_search_library, window, frozenset(job.id for job in jobs)),
    ]


def _actions(window: Window) -> Iterator[Entry]:
    chosen = window.shared.settings.shortcuts
    for action in sorted(ACTIONS, key=lambda action: MENUS.index(action.menu)):
        item = window.action(action.key)
        if action.key != PALETTE and item.isEnabled():
            keys = shortcut_of(action, chosen)
            yield Entry(
                tr_marked(action.title),
                tr_marked(action.menu),
                item.trigger,
                keys,
                tr_marked(action.tip),
            )


def _presets(window: Window) -> Iterator[Entry]:
    for name, kind in KINDS.items():
        if kind.tab:
            for preset in (*own_presets(window.shared.data, name), *presets(name)):
                run = functools.partial(_use_preset, window, name, preset)
                yield Entry(
                    tr_marked(preset.title), tr("{kind} preset", kind=tr_marked(kind.title)), run
                )


def _guided_tasks(window: Window) -> Iterator[Entry]:
    from studio.text_tasks.loader import read_tasks

    for task in read_tasks(window.shared.data):
        if isinstance(task, StudioError):  # the menu names it
            continue
        title = tr("Write: {task}", task=tr_marked(task.title))
        run = functools.partial(_write, window, task.name)
        yield Entry(title, tr("Guided task"), run, words=tr_marked(task.description))


def _write(window: Window, name: str) -> None:
    window.show_kind("text")
    window.text_tab.write(name)


def _use_preset(window: Window, kind: str, preset: Preset) -> None:
    window.show_kind(kind)
    window.current().use_preset(preset)


def _settings(window: Window) -> Iterator[Entry]:
    for setting in SETTINGS:
        run = functools.partial(window.dialogs.show_settings, setting.key)
        texts = map(tr_marked, (GROUPS[setting.group], setting.description))
        words = " ".join((setting.key, *texts))
        yield Entry(tr_marked(setting.title), tr("Setting"), run, words=words)


def _recent(window: Window, jobs: list[Job]) -> Iterator[Entry]:
    for job in reversed(jobs):
        if job.state is JobState.COMPLETED:
            prompt = " ".join(job.request.prompt[: 2 * TITLE_CHARACTERS].split())
            yield Entry(
                prompt[:TITLE_CHARACTERS],
                tr("{kind} result", kind=tr_marked(KINDS[job.request.kind].title)),
                functools.partial(window.show_result, job.id),
                words=job.request.model,
            )


def _search_library(window: Window, known_jobs: frozenset[str], query: str) -> list[Entry]:
    """Return the files of the library that match, except those of jobs that are offered anyway."""
    try:
        items = window.shared.library.index.search(
            Query(text=query, missing=False), limit=MAX_ITEMS
        )
    except (StudioError, OSError, sqlite3.Error) as error:  # the others are still offered
        logging.getLogger(__name__).warning("the library cannot be searched: %s", error)
        return []
    return [_entry_of(window, item) for item in items if item.job_id not in known_jobs]


def _entry_of(window: Window, item: Item) -> Entry:
    path = Path(item.path)
    title = " ".join(item.prompt[: 2 * TITLE_CHARACTERS].split())[:TITLE_CHARACTERS]
    return Entry(
        title or path.name,
        tr("{kind} result", kind=tr_marked(_MEDIA[item.media])),
        functools.partial(window.show_artifact, path),
        words=f"{path.name} {item.model}",
        is_match=True,
    )
