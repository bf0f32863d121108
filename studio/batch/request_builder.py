"""Builds and checks the request of a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.batch.row import RowError
from studio.batch.tables.text_columns import TextColumns
from studio.core.errors import InvalidRequestError, Problem, StudioError
from studio.core.kinds import KINDS
from studio.core.requests import Request, resolve_files
from studio.core.requests.prompt_syntax.tags import without_unsupported
from studio.core.translation import tr
from studio.models.card import ModelCard, request_for
from studio.preflight.checks import check
from studio.preflight.prompt_language import LanguageNotes
from studio.text_tasks.row_tasks import RowTasks

FindCard = Callable[[str, str], ModelCard]
"""(kind, name or empty) → card; raises StudioError."""
MAX_CACHED = 10_000
"""Tags that are cached by name."""


@dataclass
class RequestBuilder:
    """Builds requests for one file, and collects notes about its prompts."""

    find_card: FindCard
    folder: Path
    """The base of relative file names."""
    tasks: RowTasks
    _text_columns: TextColumns = field(init=False)
    _unsupported_tags: dict[str, None] = field(default_factory=dict)
    """An ordered set."""
    _languages: LanguageNotes = field(default_factory=LanguageNotes)

    def __post_init__(self) -> None:
        self._text_columns = TextColumns(self.folder)

    def notes(self) -> list[str]:
        """Return notes for the user about the prompts so far."""
        notes = []
        if self._unsupported_tags:
            tags = ", ".join(list(self._unsupported_tags)[:5])
            notes.append(
                tr("Removed from prompts, because Studio cannot apply it: {tags}.", tags=tags)
            )
        return [*notes, *self._languages.notes()]

    def build(self, kind: str, values: dict[str, Any], seed: int | None) -> Request:
        """Return the request; `seed` None keeps the one in `values`. Raises RowError."""
        if seed is not None:
            values["seed"] = seed
        request_type = KINDS[kind].request_type
        try:
            model = str(values.pop("model", "") or "")
            if kind == "text":
                values = self._text_columns.values_for(values)
                card = self.tasks.card_for(values, model, self.find_card)
                values = self.tasks.values_for(values, card)
            else:
                card = self.find_card(kind, model)
            if (
                isinstance(values.get("prompt"), str)
                and "adapters" in request_type.__struct_fields__
            ):
                self._remove_unsupported_tags(values)
            request: Request = request_for(card, resolve_files(request_type, values, self.folder))
        except InvalidRequestError as error:
            raise RowError(*error.problems) from error
        except StudioError as error:
            raise RowError(Problem("model", error.message)) from error
        if problems := check(card, request, self.find_card):
            raise RowError(problems[0])  # the others may follow from it
        self._languages.add(card, request.prompt)
        return request

    def _remove_unsupported_tags(self, values: dict[str, Any]) -> None:
        """Remove tags such as <hypernet:…> from a prompt, for `notes`."""
        tagged = without_unsupported(values["prompt"])
        if tagged.unsupported and len(self._unsupported_tags) < MAX_CACHED:
            self._unsupported_tags |= dict.fromkeys(tagged.unsupported)
        values["prompt"] = tagged.prompt
