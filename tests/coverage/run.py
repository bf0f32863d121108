"""Runs one family through `LocalEngine` as a person's job would, and says what it could do."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from studio.core.events import AudioChunk, Cancelled, Event, Finished, Loading, Progress, TextDelta
from studio.core.jobs import Job, new_job
from studio.core.paths import DataFolder
from studio.engine.local import LocalEngine
from studio.library.artifacts import read_recipe
from studio.models.add import add
from studio.models.card import ModelCard, request_for
from studio.models.catalogue import as_known, card_folder, entry_named, write_card
from tests.checkpoints_adapters import make_lora
from tests.checkpoints_video import first_frame
from tests.coverage.family import Family

COLUMNS = (
    "Card", "Class", "Loads", "Generates", "Preview", "Image to image", "Inpaint", "LoRA", "Batch", "Cancel",
)  # fmt: skip
YES, NO, NEVER = "yes", "no", "–"
"""`NEVER`: not what the family does."""
SMALL: dict[str, dict[str, Any]] = {
    "text": {"max_new_tokens": 6},
    "image": {"width": 32, "height": 32, "num_inference_steps": 2},
    "speech": {},
    "music": {"seconds": 0.5},
    "video": {"width": 32, "height": 32, "num_frames": 9, "num_inference_steps": 2},
}
LONG: dict[str, dict[str, Any]] = {
    "text": {"max_new_tokens": 40},
    "image": {"num_inference_steps": 8},
    "music": {"seconds": 4},
    "video": {"num_inference_steps": 8},
}
"""So that there is something left to cancel."""
QUESTIONS = 12
"""A model that makes everything in one pass tells no progress: it is cancelled at this question."""


@dataclass
class Heard:
    """The events of a job; asks for its end once something was made, where `impatient`."""

    impatient: bool = False
    events: list[Event] = field(default_factory=list)
    questions: int = 0

    def cancelled(self) -> bool:
        if not self.impatient:
            return False
        self.questions += 1
        return self.questions > QUESTIONS or any(not isinstance(event, Loading) for event in self.events)

    @property
    def shown(self) -> bool:
        """Something could be seen or heard before the end."""
        return any(
            isinstance(event, (TextDelta, AudioChunk)) or (isinstance(event, Progress) and event.preview is not None)
            for event in self.events
        )


class Trial:
    """A tiny model of a family, installed under the catalogue's card."""

    def __init__(self, family: Family, folder: Path) -> None:
        self._family, self._folder = family, folder
        self._data = DataFolder(root=folder / "data")
        self._data.create()
        seen = family.make(folder / "model")
        self.card: ModelCard = as_known(entry_named(family.card).card, seen)
        write_card(self.card, card_folder(self._data, self.card.name))
        if family.base is not None:
            base = family.base(folder / "base")
            write_card(base, card_folder(self._data, base.name))
        self._engine = LocalEngine(self._data)

    def row(self) -> tuple[str, ...]:
        """Return what stands in the table, and raise AssertionError where it does not run at all."""
        first = self._run(self._job())
        last = first.events[-1]
        assert isinstance(last, Finished), last
        for artifact in last.artifacts:
            recipe = read_recipe(Path(artifact.path))
            assert recipe is not None
        return (
            self.card.name, self._class(), YES, YES, YES if first.shown else NO, self._pictures("image-to-image"),
            self._pictures("inpaint"), self._lora(), self._batch(), self._cancel(),
        )  # fmt: skip

    def close(self) -> None:
        self._engine.close()

    def _job(self, **values: Any) -> Job:
        small = {**SMALL[self.card.kind], "prompt": "a small cat", "seed": 3, **self._family.values}
        if self.card.tasks == ("image-to-video",):
            small["image"] = first_frame(self._data.root)
        return new_job(request_for(self.card, {**small, **values}), str(self._data.outputs))

    def _run(self, job: Job, impatient: bool = False) -> Heard:
        heard = Heard(impatient)
        self._engine.generate(job, heard.events.append, heard.cancelled)
        return heard

    def _class(self) -> str:
        index = self.card.folder / "model_index.json"
        if index.is_file():
            return str(json.loads(index.read_text())["_class_name"])
        table = json.loads((self.card.folder / "config.json").read_text())
        return str(table["_class_name"] if "_class_name" in table else table["architectures"][0])

    def _pictures(self, ability: str) -> str:
        if self.card.kind == "video" and ability == "image-to-image" and "image-to-video" in self.card.tasks:
            last = self._run(self._job(image=first_frame(self._data.root))).events[-1]
            assert isinstance(last, Finished), last
            return YES
        if self.card.kind != "image" or ability not in self.card.abilities:
            return NEVER
        return NO

    def _lora(self) -> str:
        if "adapters" not in self.card.abilities:
            return NEVER
        if self.card.kind != "image":
            return NO
        lora = add(self._data, make_lora(self.card, self._folder / "lora" / "tiny.safetensors"))
        plain, changed, plain_again = (self._picture(self._job(adapters=text)) for text in ("", f"{lora.name}:0.8", ""))
        assert plain is not None
        assert plain == plain_again
        return YES if changed is not None and changed != plain else NO

    def _picture(self, job: Job) -> bytes | None:
        """Return the pixels of a job's picture; None where it failed."""
        last = self._run(job).events[-1]
        if not isinstance(last, Finished):
            return None
        with Image.open(last.artifacts[0].path) as picture:
            return picture.tobytes()

    def _batch(self) -> str:
        jobs = [self._job(seed=1), self._job(seed=2)]
        kind = importlib.import_module(f"studio.engine.{self.card.kind}")
        together = jobs[0].request.together
        if not hasattr(kind, "generate_together") or together is None:
            return "one by one"
        assert together == jobs[1].request.together
        ends: dict[str, Event] = {}
        self._engine.generate_together(jobs, lambda job_id, event: ends.update({job_id: event}), lambda _job_id: False)
        assert all(isinstance(ends[job.id], Finished) for job in jobs), ends
        return YES

    def _cancel(self) -> str:
        heard = self._run(self._job(**LONG.get(self.card.kind, {})), impatient=True)
        return YES if isinstance(heard.events[-1], Cancelled) else NO
