"""Test the cache of loaded models within a budget, and the fallbacks when memory runs out.

The system limits the memory of a child process for this.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from studio.core.errors import StudioError
from studio.core.events import AudioChunk, Progress, TextDelta
from studio.core.jobs import new_job
from studio.core.requests import ImageRequest, MusicRequest, SpeechRequest, TextRequest
from studio.engine.image import generate as image
from studio.engine.model_cache import PipelineCache
from studio.engine.music import generate as music
from studio.engine.protocol import JobContext
from studio.engine.runtime.device import detect_machine
from studio.engine.runtime.memory import is_out_of_memory, measure_weights
from studio.engine.runtime.replay_filter import ReplayFilter
from studio.engine.speech import generate as speech
from studio.engine.text import generate as text
from studio.engine.text.sampling import Row, sample_batch, sample_with_halving
from studio.engine.text.streaming import Clock, RowDecoder
from studio.models.card_store import card_folder, write_card
from studio.models.memory.choose_plan import choose
from studio.models.memory.hardware import Machine
from studio.models.memory.load_plan import LoadPlan
from tests.checkpoints.audio import make_musicgen, make_vits
from tests.checkpoints.image import make_sd, make_sd_that_decodes_large, make_sdxl
from tests.checkpoints.text import make_gpt2, make_llama, make_t5
from tests.engine.runs import run_job
from tests.engine.runtime.starved import LESS, Starved

GB = 10**9
PATIENCE = 280


@pytest.fixture(scope="module")
def cards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return {
        "sd": make_sd(folder / "sd"),
        "sdxl": make_sdxl(folder / "sdxl"),
        "llama": make_llama(folder / "llama"),
    }


def small(free: int) -> Machine:
    """A computer that has room for so many bytes of models."""
    spare = 2 * GB
    return Machine(memory=free + spare, free=free + spare, probed=True, backend="cpu")


class Emitted(list):
    @property
    def phases(self):
        return [event.phase for event in self]


# The arbiter
# ----------------------------------------------------------------------


def test_models_of_all_kinds_stay_cached(cards):
    cache, events = PipelineCache(machine=lambda: small(GB)), Emitted()
    first = {name: cache.load(card, events.append) for name, card in cards.items()}
    again = {name: cache.load(card, events.append) for name, card in cards.items()}
    assert all(again[name].pipeline is first[name].pipeline for name in cards)
    assert all(one.seconds > 0 for one in first.values())
    assert all(one.seconds == 0 for one in again.values())
    assert len(events) == 3
    assert events.phases[0].startswith("Loading sd: 32-bit, needs 0.00")
    weights = sum(measure_weights(one.pipeline).memory for one in first.values())
    assert cache.resident.memory == weights
    assert cache.resident.gpu == 0


def test_least_recently_used_model_is_evicted(cards):
    needs = [choose(cards[name], small(GB)).needs for name in ("sd", "sdxl")]
    cache, events = PipelineCache(machine=lambda: small(sum(needs))), Emitted()
    sd = cache.load(cards["sd"], events.append).pipeline
    sdxl = cache.load(cards["sdxl"], events.append).pipeline
    assert (
        cache.load(cards["sd"], events.append).pipeline is sd
    )  # now SDXL is the least recently used
    cache.load(msgspec.structs.replace(cards["sd"], name="third"), events.append)
    events.clear()
    assert cache.load(cards["sd"], events.append).pipeline is sd
    assert not events
    assert cache.load(cards["sdxl"], events.append).pipeline is not sdxl
    assert len(events) == 1


def test_model_that_does_not_fit_is_refused_without_evicting(cards):
    wide = msgspec.structs.replace(cards["sdxl"], parameters=8 * GB)
    cache = PipelineCache(machine=lambda: small(GB))
    sd = cache.load(cards["sd"], print).pipeline
    with pytest.raises(
        StudioError,
        match=r"sdxl does not fit: 1\.0 of 3\.0 GB of memory can be used \(whole: needs 38\.4 GB; ",
    ):
        cache.load(wide, print)
    assert cache.load(cards["sd"], print).pipeline is sd


def test_model_with_changed_weights_is_reloaded(cards):
    cache = PipelineCache(machine=lambda: small(GB))
    first = cache.load(cards["sd"], print).pipeline
    assert cache.load(cards["sd"], print).pipeline is first
    assert (
        cache.load(msgspec.structs.replace(cards["sd"], sha256="b" * 64), print).pipeline
        is not first
    )


def test_changed_load_preference_reloads_the_model(cards):
    preferences = {"sd": "auto"}
    cache = PipelineCache(lambda model: preferences[model], lambda: small(GB))
    usual = cache.load(cards["sd"], print)
    preferences["sd"] = "16-bit"
    events = Emitted()
    half = cache.load(cards["sd"], events.append)
    assert half.plan.strategy == "16-bit"
    assert events.phases[0].startswith("Loading sd: 16-bit")
    assert str(half.pipeline.pipe.unet.dtype) == "torch.bfloat16"
    assert 2 * measure_weights(half.pipeline).memory == pytest.approx(
        measure_weights(usual.pipeline).memory, rel=0.01
    )
    assert cache.load(cards["sd"], print).pipeline is half.pipeline


def test_unused_models_are_evicted(cards):
    cache = PipelineCache(machine=lambda: small(GB))
    assert cache.evict_unused(0) is None
    cache.load(cards["sd"], print)
    assert 0 < cache.evict_unused(100) <= 100
    assert cache.resident.memory
    assert cache.evict_unused(0) is None
    assert cache.resident.memory == 0


def test_tied_weights_count_once(tmp_path):
    pipeline = text.load(make_gpt2(tmp_path / "gpt2"))  # its output layer is its embedding
    assert measure_weights(pipeline).memory == sum(
        one.nbytes for one in pipeline.model.parameters()
    )
    assert measure_weights(object()).memory == 0


def test_detect_machine_reports_device_and_memory():
    machine = detect_machine()
    assert machine.probed
    assert machine.device == machine.backend
    assert 0 < machine.free <= machine.memory


@pytest.mark.parametrize("strategy", ["resident", "16-bit"])
def test_every_kind_runs_with_each_load_strategy(tmp_path, cards, strategy):
    plan = LoadPlan(
        strategy=strategy, device="cpu", precision="fp32" if strategy == "resident" else "bf16"
    )
    jobs = [
        (
            image,
            cards["sd"],
            ImageRequest(prompt="a cat", width=32, height=32, num_inference_steps=2, seed=1),
        ),
        (text, cards["llama"], TextRequest(prompt="This", max_new_tokens=4, seed=1)),
        (
            music,
            make_musicgen(tmp_path / "musicgen"),
            MusicRequest(prompt="a song", seconds=0.5, seed=1),
        ),
    ]
    for kind, card, request in jobs:
        outcome = run_job(kind, card, kind.load(card, plan), request)
        assert len(outcome.results) == 1
    whole = LoadPlan(strategy="resident", device="cpu", precision="fp32")
    card = make_vits(tmp_path / "vits")
    assert (
        len(
            run_job(
                speech, card, speech.load(card, whole), SpeechRequest(prompt="abc", seed=1)
            ).results
        )
        == 1
    )


# When memory runs out
# ----------------------------------------------------------------------


def starve(data, tmp_path, parts) -> list[list[dict]]:
    """Run jobs in a program whose memory is limited; return the outcome of each."""
    (tmp_path / "jobs").write_bytes(msgspec.msgpack.encode(parts))
    program = [
        sys.executable,
        "-m",
        "tests.engine.runtime.starved",
        str(data.root),
        str(tmp_path / "jobs"),
    ]
    # glibc returns what is freed to the system at once: a limit means the same whatever ran before.
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_ARENA_MAX": "1"}
    done = subprocess.run(
        program, stdout=subprocess.PIPE, text=True, timeout=PATIENCE, check=True, env=environment
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


limited = pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS holds on Linux")


@limited
def test_image_is_decoded_in_tiles_after_out_of_memory(data, tmp_path):
    write_card(
        make_sd_that_decodes_large(tmp_path / "large", channels=16), card_folder(data, "large")
    )

    def job(side):
        request = ImageRequest(
            prompt="a cat", model="large", width=side, height=side, num_inference_steps=2, seed=1
        )
        return new_job(request, str(data.outputs))

    # A tile of 512 pixels takes 4/9 of what 768 take, one of 256 takes 1/9.
    parts = [
        Starved([job(64)]),
        Starved([job(768)]),
        Starved([job(768)], decoding=(0.6, 0.9)),
        Starved([job(768)], decoding=(0.6, 0.25, 0.6)),
    ]
    (_first,), (whole,), (tiled,), (small,) = starve(data, tmp_path, parts)
    assert [one["end"] for one in (whole, tiled, small)] == ["Finished"] * 3
    assert [one["steps"] for one in (whole, tiled, small)] == [2, 2, 2]  # it is not drawn again
    tiling_notes = [
        f"Memory ran out; decoding the image in tiles of {side} px" for side in (512, 256)
    ]
    assert whole["notes"] == []
    assert tiled["notes"] == tiling_notes[:1]
    assert small["notes"] == tiling_notes
    assert [phase for phase in small["phases"] if "Memory" in phase] == tiling_notes
    assert whole["recipes"] == ["32-bit"]
    assert small["recipes"] == [". ".join(["32-bit", *tiling_notes])]
    images = [np.asarray(Image.open(one["files"][0]), np.int16) for one in (whole, tiled, small)]
    assert np.abs(images[0] - images[1]).mean() < 8  # the same image except where tiles meet
    assert np.abs(images[0] - images[2]).mean() < 8


@limited
def test_latents_are_decoded_by_a_smaller_model_after_out_of_memory(data, tmp_path):
    write_card(
        make_sd_that_decodes_large(tmp_path / "large", channels=128), card_folder(data, "large")
    )

    def job(**values):
        values = {"width": 256, "height": 256, "num_inference_steps": 2, **values}
        return new_job(
            ImageRequest(prompt="a cat", model="large", seed=1, **values), str(data.outputs)
        )

    # Both ways of loading have run once before memory is short: what libraries take for themselves
    # is there then.
    parts = [
        Starved([job()], memory="16-bit"),
        Starved([job()]),
        Starved([job()], decoding=(0.6, 2.0)),
        Starved([job()], decoding=(0.05,) * 9),
    ]
    (_half,), (whole,), (half,), (none,) = starve(data, tmp_path, parts)
    assert half["end"] == "Finished", half
    assert half["steps"] == 2
    assert half["notes"] == ["Memory ran out; the model is loaded in a way that takes less"]
    assert half["memory"].startswith("16-bit, needs ")
    assert half["recipes"] == [
        "16-bit. Memory ran out; the model is loaded in a way that takes less"
    ]
    images = [np.asarray(Image.open(one["files"][0]), np.int16) for one in (whole, half)]
    assert np.abs(images[0] - images[1]).mean() < 3  # generated in 32-bit, decoded in 16-bit
    assert none["end"] == "Failed"
    message, cure, _details = none["failure"]
    assert "not enough memory for this with large, and no way is left that takes less" in message
    assert " GB of memory, " in message
    assert cure


@limited
def test_text_batch_continues_in_halves_after_out_of_memory(data, tmp_path):
    write_card(make_llama(tmp_path / "wide", wide=16384), card_folder(data, "wide"))

    def jobs(count):
        return [
            new_job(
                TextRequest(
                    prompt="This is a cat. " * 22 + "x" * number,
                    model="wide",
                    max_new_tokens=8,
                    seed=number,
                ),
                str(data.outputs),
            )
            for number in range(count)
        ]

    (_first,), alone, halves = starve(
        data, tmp_path, [Starved(jobs(1)), Starved(jobs(8)), Starved(jobs(8), LESS)]
    )
    assert [one["end"] for one in halves] == ["Finished"] * 8, halves
    assert all("Memory ran out; the batch continues in halves" in one["notes"] for one in halves)
    assert all("continues in halves" in one["recipes"][0] for one in halves)
    texts = [
        [Path(one["files"][0]).read_text(encoding="utf-8") for one in part]
        for part in (alone, halves)
    ]
    assert texts[0] == texts[1]


@limited
def test_text_is_generated_by_a_smaller_model_after_out_of_memory(data, tmp_path):
    write_card(make_llama(tmp_path / "wide", wide=65536), card_folder(data, "wide"))

    def job():
        return new_job(
            TextRequest(prompt="This is a cat. " * 22, model="wide", max_new_tokens=8, seed=1),
            str(data.outputs),
        )

    parts = [
        Starved([job()], memory="16-bit"),
        Starved([job()]),
        Starved([job()], LESS, reads_prompts=True),
    ]
    (half,), (whole,), (short,) = starve(data, tmp_path, parts)
    assert whole["memory"].startswith("32-bit, needs ")
    assert short["end"] == "Finished", short
    assert short["recipes"] == [
        "16-bit. Memory ran out; the model is loaded in a way that takes less"
    ]
    texts = [Path(one["files"][0]).read_text(encoding="utf-8") for one in (half, short)]
    assert texts[0] == texts[1]


def test_restarted_text_is_sent_once():
    events = []
    replay_filter = ReplayFilter(events.append)
    replay_filter(TextDelta(text="one two"))
    replay_filter(TextDelta(text="other", candidate=1))
    replay_filter.restart()
    for piece in ("one", " ", "two thr", "ee"):
        replay_filter(TextDelta(text=piece))
    replay_filter.restart()
    replay_filter(TextDelta(text="one two three four"))
    replay_filter(Progress(step=1, total=2))
    assert (
        "".join(
            event.text for event in events if isinstance(event, TextDelta) and event.candidate == 0
        )
        == "one two three four"
    )
    assert isinstance(events[-1], Progress)


def test_restarted_audio_is_sent_once():
    events = []
    replay_filter = ReplayFilter(events.append)
    replay_filter(AudioChunk(pcm=b"1234", sampling_rate=8_000))
    replay_filter(AudioChunk(pcm=b"5678", sampling_rate=8_000))
    replay_filter.restart()
    replay_filter(AudioChunk(pcm=b"1234", sampling_rate=8_000))
    replay_filter.restart()
    for piece in (b"1234", b"5678abcd", b"efgh"):
        replay_filter(AudioChunk(pcm=piece, sampling_rate=8_000))
    assert b"".join(event.pcm for event in events) == b"12345678abcdefgh"
    assert all(event.pcm for event in events)


def test_restarted_batch_rows_are_sent_once(tmp_path):
    card = make_t5(tmp_path / "t5")
    pipeline = text.load(card)
    request = TextRequest(prompt="This is", max_new_tokens=12, seed=3)
    alone = run_job(text, card, pipeline, request)
    events = []
    context = JobContext(new_job(request, "/nowhere"), card, events.append, lambda: False)
    row = Row(
        context, 0, 3, pipeline.tokenizer(request.prompt).input_ids, RowDecoder(pipeline.tokenizer)
    )
    for _row in sample_batch(
        [row], msgspec.structs.replace(request, max_new_tokens=5), pipeline, Clock()
    ):
        pass
    row.over = False
    row.restart()
    assert list(sample_with_halving([row], request, pipeline, Clock())) == [row]
    assert row.decoder.text == alone.results[0].text
    assert (
        "".join(event.text for event in events if isinstance(event, TextDelta)) == row.decoder.text
    )


def test_out_of_memory_is_found_in_an_exception_chain():
    error = OSError("the file cannot be read")
    error.__context__ = MemoryError()
    assert is_out_of_memory(error)
    assert not is_out_of_memory(OSError("the file cannot be read"))
