"""Runs a tiny model of one family through `LocalEngine`, and reports what works."""

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
"""`NEVER`: the family does not have it."""
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
"""Jobs that are long enough to be cancelled."""
TOLERANCE = 3
"""Of 255: sums in another order round differently."""
CANCEL_CHECKS = 12
"""Calls of `is_cancelled` after which a model that reports no progress is cancelled."""


@dataclass
class JobRecord:
    """The events of a job, which is cancelled after its first result or step if `cancels`."""

    cancels: bool = False
    events: list[Event] = field(default_factory=list)
    checks: int = 0

    def is_cancelled(self) -> bool:
        if not self.cancels:
            return False
        self.checks += 1
        return self.checks > CANCEL_CHECKS or any(
            not isinstance(event, Loading) for event in self.events
        )

    @property
    def has_preview(self) -> bool:
        """True if text, audio or an image was sent before the end."""
        return any(
            isinstance(event, (TextDelta, AudioChunk))
            or (isinstance(event, Progress) and event.preview is not None)
            for event in self.events
        )


class FamilyTest:
    """A tiny model of a family, installed with the settings of the catalog's card."""

    def __init__(self, family: Family, folder: Path) -> None:
        self._family, self._folder = family, folder
        self._data = DataFolder(root=folder / "data")
        self._data.create()
        inspected = family.make(folder / "model")
        self.card: ModelCard = as_known(entry_named(family.card).card, inspected)
        write_card(self.card, card_folder(self._data, self.card.name))
        if family.base is not None:
            base = family.base(folder / "base")
            write_card(base, card_folder(self._data, base.name))
        self._engine = LocalEngine(self._data)

    def row(self) -> tuple[str, ...]:
        """Return the row of the table. Raises AssertionError if the model does not run at all."""
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
            YES if first.has_preview else NO,
            self._image_input("image-to-image"),
            self._image_input("inpaint"),
            self._lora(),
            self._batch(),
            self._cancel(),
        )

    def close(self) -> None:
        self._engine.close()

    def _job(self, **values: Any) -> Job:
        small = {**SMALL[self.card.kind], "prompt": "a small cat", "seed": 3, **self._family.values}
        if self.card.kind == "image" and needs_image(self.card):
            small |= self._source_fields()
        if self.card.tasks == ("image-to-video",):
            small["image"] = first_frame(self._data.root)
        return new_job(request_for(self.card, {**small, **values}), str(self._data.outputs))

    def _run(self, job: Job, cancels: bool = False) -> JobRecord:
        record = JobRecord(cancels)
        run_one(self._engine, job, record.events.append, record.is_cancelled)
        return record

    def _class(self) -> str:
        index = self.card.folder / "model_index.json"
        if index.is_file():
            return str(json.loads(index.read_text())["_class_name"])
        table = json.loads((self.card.folder / "config.json").read_text())
        return str(table["_class_name"] if "_class_name" in table else table["architectures"][0])

    def _image_input(self, ability: str) -> str:
        """Start from an image or repaint its upper half; check the progress and the result."""
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
        results = []
        for name in ("one", "other"):
            record = self._run(self._job(**self._source_fields(name, masked=ability == "inpaint")))
            last = record.events[-1]
            assert isinstance(last, Finished), last
            steps = [event for event in record.events if isinstance(event, Progress)]
            assert steps[-1].step == steps[-1].total == len(steps), steps[-1]
            results.append(_pixels(Path(last.artifacts[0].path)))
        assert not np.array_equal(*results), "the source image changes nothing"
        if ability == "inpaint":
            source, half = _pixels(self._folder / "other.png"), results[1].shape[0] // 2
            assert np.array_equal(results[1][half:], source[half:])
            assert not np.array_equal(results[1][:half], source[:half])
        return YES

    def _source_fields(self, name: str = "one", *, masked: bool | None = None) -> dict[str, Any]:
        """Return the fields of a request with a source image, and a mask if the model needs it."""
        with_mask = self._needs_mask if masked is None else masked
        size = {**SMALL["image"], **self._family.values}
        image, mask = self._folder / f"{name}.png", self._folder / "mask.png"
        if not image.exists():
            random = np.random.default_rng(len(name))
            Image.fromarray(
                random.integers(0, 256, (size["height"], size["width"], 3), np.uint8)
            ).save(image)
            white = np.zeros((size["height"], size["width"]), np.uint8)
            white[: size["height"] // 2] = 255
            Image.fromarray(white).save(mask)
        return {"image": str(image), **({"mask_image": str(mask)} if with_mask else {})}

    @property
    def _needs_mask(self) -> bool:
        return "image-to-image" not in self.card.abilities

    def _lora(self) -> str:
        if "adapters" not in self.card.abilities:
            return NEVER
        if self.card.kind != "image":
            return NO
        lora = add(self._data, make_lora(self.card, self._folder / "lora" / "tiny.safetensors"))
        plain, changed, plain_again = (
            self._image_bytes(self._job(adapters=text)) for text in ("", f"{lora.name}:0.8", "")
        )
        assert plain is not None
        assert plain == plain_again
        return YES if changed is not None and changed != plain else NO

    def _image_bytes(self, job: Job) -> bytes | None:
        """Return the pixels of a job's image, or None if it failed."""
        last = self._run(job).events[-1]
        if not isinstance(last, Finished):
            return None
        with Image.open(last.artifacts[0].path) as image:
            return image.tobytes()

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
        started = sum(
            isinstance(event.event, Loading) and event.event.phase == "Preparing"
            for event in events
        )
        # Jobs that cannot run as a batch start again, one by one.
        return YES if started == len(jobs) else "one by one"

    def _check_same(self, job: Job, end: Event) -> None:
        """Compare an image of a batch with the same request's image alone."""
        assert isinstance(end, Finished)
        alone = self._run(new_job(job.request, str(self._data.outputs))).events[-1]
        assert isinstance(alone, Finished), alone
        both = [_pixels(Path(event.artifacts[0].path)).astype(int) for event in (end, alone)]
        assert np.abs(both[0] - both[1]).max() <= TOLERANCE, np.abs(both[0] - both[1]).max()

    def _cancel(self) -> str:
        record = self._run(self._job(**LONG.get(self.card.kind, {})), cancels=True)
        return YES if isinstance(record.events[-1], Cancelled) else NO


def _pixels(path: Path) -> Any:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))
