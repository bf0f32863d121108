"""Runs one family through `LocalEngine` as a person's job would, and says what it could do."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from studio.core.events import (
    AudioChunk,
    Cancelled,
    Event,
    Finished,
    JobEvent,
    Loading,
    Progress,
    TextDelta,
)
from studio.core.jobs import Job, new_job
from studio.core.paths import DataFolder
from studio.engine.local import LocalEngine
from studio.engine.registry import runner_of
from studio.library.artifacts import read_recipe
from studio.models.capabilities import needs_image
from studio.models.card import ModelCard, request_for
from studio.models.card_store import card_folder, write_card
from studio.models.catalog import as_known, entry_named
from studio.models.install.add import add
from tests.checkpoints.adapters import make_lora
from tests.checkpoints.video import first_frame
from tests.coverage.family import Family
from tests.engine.runs import run_one

COLUMNS = (
    "Card",
    "Class",
    "Loads",
    "Generates",
    "Preview",
    "Image to image",
    "Inpaint",
    "LoRA",
    "Batch",
    "Cancel",
)
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
SAME = 3
"""Of 255: sums of other parts are rounded otherwise."""
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
        return self.questions > QUESTIONS or any(
            not isinstance(event, Loading) for event in self.events
        )

    @property
    def shown(self) -> bool:
        """Something could be seen or heard before the end."""
        return any(
            isinstance(event, (TextDelta, AudioChunk))
            or (isinstance(event, Progress) and event.preview is not None)
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
        """Return what stands in the table, and raise AssertionError where it does not run at
        all.
        """
        first = self._run(self._job())
        last = first.events[-1]
        assert isinstance(last, Finished), last
        for artifact in last.artifacts:
            recipe = read_recipe(Path(artifact.path))
            assert recipe is not None
        return (
            self.card.name,
            self._class(),
            YES,
            YES,
            YES if first.shown else NO,
            self._pictures("image-to-image"),
            self._pictures("inpaint"),
            self._lora(),
            self._batch(),
            self._cancel(),
        )

    def close(self) -> None:
        self._engine.close()

    def _job(self, **values: Any) -> Job:
        small = {**SMALL[self.card.kind], "prompt": "a small cat", "seed": 3, **self._family.values}
        if self.card.kind == "image" and needs_image(self.card):
            small |= self._given()
        if self.card.tasks == ("image-to-video",):
            small["image"] = first_frame(self._data.root)
        return new_job(request_for(self.card, {**small, **values}), str(self._data.outputs))

    def _run(self, job: Job, impatient: bool = False) -> Heard:
        heard = Heard(impatient)
        run_one(self._engine, job, heard.events.append, heard.cancelled)
        return heard

    def _class(self) -> str:
        index = self.card.folder / "model_index.json"
        if index.is_file():
            return str(json.loads(index.read_text())["_class_name"])
        table = json.loads((self.card.folder / "config.json").read_text())
        return str(table["_class_name"] if "_class_name" in table else table["architectures"][0])

    def _pictures(self, ability: str) -> str:
        """Start from a picture, or repaint the upper half of one; what is told and what is made is
        looked at.
        """
        if (
            self.card.kind == "video"
            and ability == "image-to-image"
            and "image-to-video" in self.card.tasks
        ):
            last = self._run(self._job(image=first_frame(self._data.root))).events[-1]
            assert isinstance(last, Finished), last
            return YES
        if self.card.kind != "image" or ability not in self.card.abilities:
            return NEVER
        made = []
        for name in ("one", "other"):
            heard = self._run(self._job(**self._given(name, masked=ability == "inpaint")))
            last = heard.events[-1]
            assert isinstance(last, Finished), last
            steps = [event for event in heard.events if isinstance(event, Progress)]
            assert steps[-1].step == steps[-1].total == len(steps), steps[-1]
            made.append(_pixels(Path(last.artifacts[0].path)))
        assert not np.array_equal(*made), "the picture changes nothing"
        if ability == "inpaint":
            given, half = _pixels(self._folder / "other.png"), made[1].shape[0] // 2
            assert np.array_equal(made[1][half:], given[half:])
            assert not np.array_equal(made[1][:half], given[:half])
        return YES

    def _given(self, name: str = "one", *, masked: bool | None = None) -> dict[str, Any]:
        """Return the fields of a request that starts from a picture; with a mask where the model
        needs one.
        """
        wanted = self._needed_mask if masked is None else masked
        size = {**SMALL["image"], **self._family.values}
        picture, mask = self._folder / f"{name}.png", self._folder / "mask.png"
        if not picture.exists():
            chance = np.random.default_rng(len(name))
            Image.fromarray(
                chance.integers(0, 256, (size["height"], size["width"], 3), np.uint8)
            ).save(picture)
            white = np.zeros((size["height"], size["width"]), np.uint8)
            white[: size["height"] // 2] = 255
            Image.fromarray(white).save(mask)
        return {"image": str(picture), **({"mask_image": str(mask)} if wanted else {})}

    @property
    def _needed_mask(self) -> bool:
        return "image-to-image" not in self.card.abilities

    def _lora(self) -> str:
        if "adapters" not in self.card.abilities:
            return NEVER
        if self.card.kind != "image":
            return NO
        lora = add(self._data, make_lora(self.card, self._folder / "lora" / "tiny.safetensors"))
        plain, changed, plain_again = (
            self._picture(self._job(adapters=text)) for text in ("", f"{lora.name}:0.8", "")
        )
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
        jobs = [
            self._job(seed=1),
            self._job(seed=2, prompt="a dog under a very tall tree by the sea"),
        ]
        runner = runner_of(self.card.kind)
        batch_key = jobs[0].request.batch_key
        if runner.run_batch is None or batch_key is None:
            return "one by one"
        assert batch_key == jobs[1].request.batch_key
        events: list[JobEvent] = []
        self._engine.run(jobs, events.append, lambda _job_id: False)
        ends: dict[str, Event] = {event.job_id: event.event for event in events}
        assert all(isinstance(ends[job.id], Finished) for job in jobs), ends
        if self.card.kind == "image":
            for job in jobs:
                self._check_same(job, ends[job.id])
        begun = sum(
            isinstance(event.event, Loading) and event.event.phase == "Preparing"
            for event in events
        )
        return (
            YES if begun == len(jobs) else "one by one"
        )  # what cannot run together is begun again alone

    def _check_same(self, job: Job, end: Event) -> None:
        """Hold a picture that was made beside others against the one that is made alone."""
        assert isinstance(end, Finished)
        alone = self._run(new_job(job.request, str(self._data.outputs))).events[-1]
        assert isinstance(alone, Finished), alone
        both = [_pixels(Path(event.artifacts[0].path)).astype(int) for event in (end, alone)]
        assert np.abs(both[0] - both[1]).max() <= SAME, np.abs(both[0] - both[1]).max()

    def _cancel(self) -> str:
        heard = self._run(self._job(**LONG.get(self.card.kind, {})), impatient=True)
        return YES if isinstance(heard.events[-1], Cancelled) else NO


def _pixels(path: Path) -> Any:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))
