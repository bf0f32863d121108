"""LoRAs on loaded models: what they change, and that removing them restores the model."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from studio.core.events import Failed, Finished, Loading
from studio.core.jobs import new_job
from studio.engine.local import LocalEngine
from studio.library.artifacts import read_recipe
from studio.models.adapter_compatibility import architecture
from studio.models.card import request_for
from studio.models.card_store import card_folder, write_card
from studio.models.catalog import as_known, entry_named
from studio.models.inspect.model import inspect
from studio.models.install.add import add
from studio.models.registry import ModelRegistry
from tests.checkpoints.adapters import as_kohya, make_lora, make_peft_folder
from tests.checkpoints.image import make_sd, make_sdxl
from tests.engine.runs import run_one

SMALL = {"prompt": "a cat", "width": 32, "height": 32, "num_inference_steps": 2, "seed": 3}


class Drawing:
    """A data folder with one tiny model, and an engine that draws with it."""

    def __init__(self, data, folder, make=make_sd):
        self.data, self.folder = data, folder
        self.model = add(data, make(folder / "model").folder)
        self.engine = LocalEngine(data)
        self.events = []

    def job(self, **values):
        model = values.pop("card", self.model)
        return new_job(request_for(model, {**SMALL, **values}), str(self.folder / "out"))

    def run(self, **values):
        self.events = []
        run_one(self.engine, self.job(**values), self.events.append)
        return self.events[-1]

    def draw(self, **values):
        last = self.run(**values)
        assert isinstance(last, Finished), last
        self.path = Path(last.artifacts[0].path)
        return np.asarray(Image.open(self.path))

    @property
    def weights(self):
        """Every tensor of the loaded model, by name."""
        (entry,) = self.engine._pipelines._entries.values()
        parts = {
            name: part
            for name, part in entry.pipeline.pipe.components.items()
            if isinstance(part, torch.nn.Module)
        }
        return {
            f"{part}.{name}": tensor.clone()
            for part, model in parts.items()
            for name, tensor in model.state_dict().items()
        }


@pytest.fixture
def drawing(data, tmp_path):
    drawing = Drawing(data, tmp_path)
    yield drawing
    drawing.engine.close()


def same(one, other):
    return one.shape == other.shape and bool((one == other).all())


def test_a_lora_changes_the_image_and_is_removed_completely(drawing, tmp_path):
    lora = add(drawing.data, make_lora(drawing.model, tmp_path / "look.safetensors"))
    plain = drawing.draw()
    before = drawing.weights
    strong = drawing.draw(adapters="look:0.8")
    recipe = read_recipe(drawing.path)
    assert (recipe.request.adapters, recipe.weight_hashes) == ("look:0.8", {"look": lora.sha256})
    assert "Loading look" in [event.phase for event in drawing.events if isinstance(event, Loading)]
    weak = drawing.draw(adapters="look:0.2")
    assert not [
        event for event in drawing.events if isinstance(event, Loading) and "look" in event.phase
    ]  # it stayed on
    assert same(drawing.draw(adapters="look:0.8"), strong)
    assert not same(strong, plain)
    assert not same(strong, weak)
    assert same(drawing.draw(), plain)
    after = drawing.weights
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert same(drawing.draw(adapters="look:0"), plain)


def test_one_of_two_loras_can_be_removed(drawing, tmp_path):
    for number, name in enumerate(("one", "two")):
        add(
            drawing.data,
            make_lora(
                drawing.model, tmp_path / f"{name}.safetensors", seed=number, rank=2 + number
            ),
        )
    one, two = drawing.draw(adapters="one:0.7"), drawing.draw(adapters="two")
    both = drawing.draw(adapters="one:0.7, two")
    assert not same(both, one)
    assert not same(both, two)
    assert same(drawing.draw(adapters="one:0.7"), one)
    assert same(drawing.draw(adapters="two"), two)


def test_all_file_layouts_of_a_lora_give_the_same_image(drawing, tmp_path):
    path = make_lora(drawing.model, tmp_path / "look.safetensors", rank=4, alpha=8)
    # diffusers' file has no alpha (it counts as the rank), the two others have twice the rank.
    for layout in (
        path,
        as_kohya(path, tmp_path / "kohya.safetensors"),
        make_peft_folder(drawing.model, tmp_path / "peft"),
    ):
        add(drawing.data, layout)
    assert same(drawing.draw(adapters="kohya"), drawing.draw(adapters="peft"))
    assert (
        np.abs(
            drawing.draw(adapters="look:2").astype(int) - drawing.draw(adapters="kohya").astype(int)
        ).max()
        <= 1
    )


def test_jobs_with_the_same_lora_run_as_a_batch(drawing, tmp_path):
    add(drawing.data, make_lora(drawing.model, tmp_path / "look.safetensors"))
    alone = [drawing.draw(adapters="look", seed=seed) for seed in (1, 2)]
    jobs = [drawing.job(adapters="look", seed=seed) for seed in (1, 2)]
    assert jobs[0].request.batch_key == jobs[1].request.batch_key
    ends = {}
    drawing.engine.run(
        jobs, lambda event: ends.update({event.job_id: event.event}), lambda _job_id: False
    )
    for job, image in zip(jobs, alone, strict=True):
        in_batch = np.asarray(Image.open(ends[job.id].artifacts[0].path))
        assert np.abs(in_batch.astype(int) - image.astype(int)).max() <= 1
        assert read_recipe(Path(ends[job.id].artifacts[0].path)).weight_hashes.keys() == {"look"}


def changed(path, target, change):
    state = load_file(path)
    save_file({name: tensor.contiguous() for name, tensor in change(state).items()}, target)
    return target


def with_nan(state):
    state[next(iter(state))][0, 0] = float("nan")
    return state


def wider(state):
    name = next(name for name in state if name.endswith("attn2.to_k.lora_A.weight"))
    return {**state, name: torch.zeros(state[name].shape[0], 48)}


def elsewhere(state):
    return {
        name.replace("down_blocks.1", "down_blocks.7").replace("up_blocks.0", "up_blocks.8"): t
        for name, t in state.items()
    }


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (with_nan, "NaN or infinite numbers"),
        (wider, "goes from 48 to 64, the model's from 32 to 64"),
        (elsewhere, "the model has"),
        (lambda state: {f"x{name}": tensor for name, tensor in state.items()}, "does not fit"),
    ],
)
def test_a_hostile_lora_is_refused_and_the_loaded_model_stays_unchanged(
    drawing, tmp_path, change, sentence
):
    good = make_lora(drawing.model, tmp_path / "good.safetensors")
    add(drawing.data, good)
    bad = add(
        drawing.data, changed(good, tmp_path / "bad.safetensors", change), made_for=drawing.model
    )
    plain, with_good = drawing.draw(), drawing.draw(adapters="good")
    for adapters in (bad.name, f"good, {bad.name}", f"{bad.name}, good:0.5"):
        last = drawing.run(adapters=adapters)
        assert isinstance(last, Failed)
        assert sentence in last.failure.message
        assert last.failure.cure
        assert not last.failure.details
        assert same(drawing.draw(), plain)
    assert same(drawing.draw(adapters="good"), with_good)
    assert same(drawing.draw(), plain)


def test_an_adapter_replaced_by_a_pickle_is_not_opened(drawing, tmp_path):
    path = make_lora(drawing.model, tmp_path / "look.safetensors")
    add(drawing.data, path)
    plain = drawing.draw()
    size = path.stat().st_size
    path.write_bytes(b"\x80\x04cposix\nsystem\n" + b"\0" * (size - 16))
    last = drawing.run(adapters="look")
    assert "pickle" in last.failure.message
    assert same(drawing.draw(), plain)


def test_a_queued_job_fails_if_its_adapter_was_removed(drawing, tmp_path):
    path = make_lora(drawing.model, tmp_path / "look.safetensors")
    add(drawing.data, path)
    path.unlink()
    assert "missing or has changed" in drawing.run(adapters="look").failure.message
    assert "no adapter 'nothing'" in drawing.run(adapters="nothing").failure.message
    drawing.draw()


@pytest.mark.parametrize(
    ("name", "scheduler"),
    [
        ("sdxl-lightning", "EulerDiscreteScheduler"),
        ("lcm-lora-sdxl", "LCMScheduler"),
        ("hyper-sdxl", "DDIMScheduler"),
    ],
)
def test_a_distilled_lora_is_selected_as_a_model_and_uses_its_base(data, tmp_path, name, scheduler):
    base, card = entry_named("sdxl-base-1.0").card, entry_named(name).card
    inspected = make_sdxl(tmp_path / "base")
    write_card(as_known(base, inspected), card_folder(data, base.name))
    path = make_lora(inspected, card_folder(data, name) / card.files[0])
    write_card(
        msgspec.structs.replace(as_known(card, inspect(path, data)), path=""),
        card_folder(data, name),
    )
    drawing = Drawing(data, tmp_path)
    installed = ModelRegistry(data).find("image", name)
    assert (installed.adapter, architecture(installed)) == ("lora", "SDXL")
    size = {"width": 32, "height": 32}
    values = {"prompt": "a cat", "seed": 3, **size}

    def draw(card, **more):
        job = new_job(request_for(card, {**values, **more}), str(tmp_path / "out"))
        events = []
        run_one(drawing.engine, job, events.append)
        assert isinstance(events[-1], Finished), events[-1]
        return Path(events[-1].artifacts[0].path)

    try:
        plain = draw(ModelRegistry(data).find("image", base.name), num_inference_steps=2)
        path = draw(installed)
        request = read_recipe(path).request
        assert (request.model, request.num_inference_steps) == (
            name,
            card.defaults["num_inference_steps"],
        )
        assert read_recipe(path).weight_hashes.keys() == {base.name}
        assert request.guidance_scale == card.defaults["guidance_scale"]
        (entry,) = drawing.engine._pipelines._entries.values()  # the base is loaded once for both
        assert type(entry.pipeline.pipe.scheduler).__name__ == scheduler
        if card.timestep_spacing:
            assert entry.pipeline.pipe.scheduler.config.timestep_spacing == card.timestep_spacing
        again = draw(ModelRegistry(data).find("image", base.name), num_inference_steps=2)
        assert same(np.asarray(Image.open(plain)), np.asarray(Image.open(again)))
        assert entry.pipeline.pipe.scheduler.config.timestep_spacing != "trailing"
    finally:
        drawing.engine.close()
