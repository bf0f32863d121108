"""Test how models are loaded on many machines: tables, user preferences, refusals with figures."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

from studio.core.errors import StudioError
from studio.core.settings import Settings
from studio.core.settings_catalog.catalog import STRATEGY_TITLES
from studio.core.translation import use_language
from studio.models.card import Memory, ModelCard
from studio.models.catalog import catalog_entries
from studio.models.memory.choose_plan import choose, fits, possible_plans, strategies_for
from studio.models.memory.folder_facts import Facts, facts_of
from studio.models.memory.hardware import Machine, installed_quantizers, quick_machine
from studio.models.memory.load_plan import (
    PREFERENCES,
    STRATEGIES,
    Footprint,
)
from tests.checkpoints.image import make_sd
from tools.memory_table import renewed

GB = 10**9
CARDS = {entry.card.name: entry.card for entry in catalog_entries()}
LETTERS = {
    "r": "resident",
    "h": "16-bit",
    "m": "model-offload",
    "g": "group-offload",
    "s": "sequential-offload",
    "8": "8-bit",
    "4": "4-bit",
    "p": "cpu",
}
GPUS = (4, 6, 8, 12, 16, 24, 80)
MEMORIES = (4, 8, 16, 32, 64)


def gpu(memory: float, ram: float = 32, *quantizers) -> Machine:
    return Machine(
        int(ram * GB), int(ram * GB), "A GPU", int(memory * GB), probed=True, quantizers=quantizers
    )


def cpu(ram: float, *quantizers) -> Machine:
    return Machine(int(ram * GB), int(ram * GB), probed=True, quantizers=quantizers)


def letter(card: ModelCard, machine: Machine) -> str:
    try:
        plan = choose(card, machine)
    except StudioError:
        return "-"
    assert plan.needs <= plan.room
    assert plan.memory <= machine.memory_room()
    return next(letter for letter, strategy in LETTERS.items() if strategy == plan.strategy)


@pytest.mark.parametrize(
    ("name", "ram", "without", "with_bitsandbytes"),
    [
        # On GPUs of  4 6 8 12 16 24 80 GB
        ("stable-diffusion-1.5", 8, "rrrrrrr", "rrrrrrr"),
        ("sdxl-base-1.0", 8, "---rrrr", "-48rrrr"),
        ("sdxl-base-1.0", 16, "ggmrrrr", "ggmrrrr"),
        ("z-image-turbo", 16, "------r", "---488r"),
        ("z-image-turbo", 32, "sggggmr", "sggggmr"),
        ("flux.1-schnell", 32, "------r", "----48r"),
        ("flux.1-schnell", 64, "ssggggr", "ssggggr"),
        ("qwen-image", 32, "------r", "-----4r"),
        ("gpt2", 8, "rrrrrrr", "rrrrrrr"),
        ("qwen3-4b", 16, "sssrrrr", "488rrrr"),
        ("qwen3-8b", 16, "-----rr", "-4488rr"),
        ("qwen3-8b", 32, "-ssssrr", "-4488rr"),
        ("qwen3-14b", 32, "------r", "---448r"),
        ("musicgen-small", 16, "rrrrrrr", "rrrrrrr"),
        ("musicgen-large", 16, "---hhrr", "---hhrr"),
        ("musicgen-large", 32, "ppphhrr", "ppphhrr"),
        ("kokoro-82m", 8, "rrrrrrr", "rrrrrrr"),
    ],
)
def test_strategies_by_gpu_memory(name, ram, without, with_bitsandbytes):
    assert "".join(letter(CARDS[name], gpu(size, ram)) for size in GPUS) == without
    assert (
        "".join(letter(CARDS[name], gpu(size, ram, "bitsandbytes")) for size in GPUS)
        == with_bitsandbytes
    )


@pytest.mark.parametrize(
    ("name", "without", "with_quanto"),
    [
        # With memory of  4 8 16 32 64 GB
        ("stable-diffusion-1.5", "-hrrr", "-hrrr"),
        ("sdxl-base-1.0", "--hrr", "-4hrr"),
        ("z-image-turbo", "---hr", "--8hr"),
        ("qwen3-0.6b", "hrrrr", "hrrrr"),
        ("qwen3-4b", "--hrr", "-8hrr"),
        ("qwen3-8b", "---hr", "-48hr"),
        ("musicgen-large", "--hrr", "--hrr"),
        ("mms-tts-eng", "rrrrr", "rrrrr"),
        ("kokoro-82m", "rrrrr", "rrrrr"),
    ],
)
def test_strategies_by_cpu_memory(name, without, with_quanto):
    assert "".join(letter(CARDS[name], cpu(size)) for size in MEMORIES) == without
    assert "".join(letter(CARDS[name], cpu(size, "quanto")) for size in MEMORIES) == with_quanto


def test_apple_gpu_uses_no_offloading():
    apple = Machine(
        16 * GB,
        16 * GB,
        "Apple GPU",
        probed=True,
        backend="mps",
        quantizers=("bitsandbytes", "quanto"),
    )
    assert strategies_for(CARDS["sdxl-base-1.0"], "mps") == ("resident", "8-bit", "4-bit")
    assert choose(CARDS["sdxl-base-1.0"], apple).details == "16-bit, needs 9.0 of 11.2 GB"
    assert choose(CARDS["qwen3-8b"], apple).quantizer == "quanto"


def test_each_device_uses_its_own_quantizer():
    card = CARDS["sdxl-base-1.0"]
    every = ("bitsandbytes", "torchao", "quanto")
    found = {
        device: [
            step.quantizer
            for step in possible_plans(
                card, Machine(8 * GB, 8 * GB, "A GPU", 8 * GB, backend=device, quantizers=every)
            )
            if step.precision in ("int8", "int4")
        ]
        for device in ("cuda", "xpu", "mps", "cpu")
    }
    assert found == {
        "cuda": ["bitsandbytes"] * 2,
        "xpu": ["bitsandbytes"] * 2,
        "mps": ["quanto"] * 2,
        "cpu": ["quanto"] * 2,
    }
    torchao = list(possible_plans(card, cpu(8, "torchao")))
    assert [step.quantizer for step in torchao] == [None, None, "torchao", None]
    assert choose(CARDS["qwen3-4b"], cpu(8, *every)).quantizer == "bitsandbytes"


def test_refusal_names_memory_figures_and_a_remedy():
    with pytest.raises(StudioError) as refused:
        choose(CARDS["qwen3-8b"], cpu(8))
    assert refused.value.message == (
        "Qwen3 8B does not fit: 6.0 of 8.0 GB of memory can be used (whole: needs 39.3 GB; "
        "16-bit: needs 19.7 GB; 8-bit: needs "
        "the package bitsandbytes, which is not installed; 4-bit: needs the package bitsandbytes, "
        "which is not installed)."
    )
    assert refused.value.cure == "In 4-bit it would fit: pip install bitsandbytes"
    with pytest.raises(
        StudioError,
        match=r"3\.5 of 4\.0 GB of the GPU can be used .* groups of layers take turns",
    ):
        choose(CARDS["z-image-turbo"], gpu(4, 16))


def test_free_and_evictable_memory_are_counted():
    card = CARDS["sdxl-base-1.0"]
    machine = msgspec.structs.replace(gpu(24, 32), gpu_free=7 * GB)
    assert choose(card, machine).strategy == "group-offload"
    assert choose(card, machine, evictable=Footprint(gpu=8 * GB)).strategy == "resident"
    assert choose(card, machine.at_rest).strategy == "resident"


def test_memory_is_reserved_for_the_desktop():
    for total in (4, 6, 8, 16, 64):
        for machine in (cpu(total), gpu(total)):
            least = 2 * GB if machine.device == "cpu" else GB // 2
            assert machine.usable <= total * GB - least
    busy = Machine(16 * GB, 3 * GB)
    assert 0 < busy.memory_room() < 2 * GB
    assert Machine(GB, GB).memory_room() == 0


def test_user_preference_overrides_the_figures():
    card = CARDS["sdxl-base-1.0"]
    forced = choose(card, gpu(6), preference="resident")
    assert (forced.strategy, forced.details) == ("resident", "16-bit, needs 9.0 of 5.5 GB")
    assert choose(card, gpu(24), preference="sequential-offload").strategy == "sequential-offload"
    assert (
        choose(card, cpu(32), preference="sequential-offload").strategy == "resident"
    )  # there is no GPU to move layers to
    with pytest.raises(StudioError, match="bitsandbytes"):
        choose(card, gpu(24), preference="4-bit")
    assert choose(card, gpu(24, 32, "bitsandbytes"), preference="4-bit").quantizer == "bitsandbytes"


def test_failed_strategies_are_not_retried():
    card, machine = CARDS["sdxl-base-1.0"], gpu(24, 32, "bitsandbytes")
    failed, order = (
        None,
        ["resident", "model-offload", "group-offload", "sequential-offload", "8-bit", "4-bit"],
    )
    for strategy in order:
        failed = choose(card, machine, preference="resident", less_than=failed).strategy
        assert failed == strategy
    with pytest.raises(
        StudioError, match=r"not enough memory for this with SDXL 1\.0, and no way is left"
    ):
        choose(card, machine, preference="resident", less_than=failed)


def test_plan_details_name_precision_and_memory():
    assert (
        choose(CARDS["sdxl-base-1.0"], gpu(8, 8, "bitsandbytes")).details
        == "8-bit, needs 6.5 of 7.5 GB"
    )
    assert (
        choose(CARDS["sdxl-base-1.0"], gpu(8)).details
        == "16-bit, parts take turns on the GPU, needs 7.3 of 7.5 GB"
    )
    assert (
        choose(CARDS["gemma-4-e2b-it"], gpu(8)).details == "16-bit"
    )  # its memory needs are unknown
    assert choose(CARDS["kokoro-82m"], cpu(8)).details == "needs 0.2 of 6.0 GB"


def test_component_sizes_change_the_strategy():
    card = CARDS["flux.1-schnell"]
    assert choose(card, gpu(24, 64), facts=Facts(largest=0.9)).strategy == "group-offload"
    assert choose(card, gpu(24, 64), facts=Facts(largest=0.5)).strategy == "model-offload"
    assert "8-bit" not in strategies_for(card, "cuda", Facts(one_file=True))


def test_facts_are_read_from_a_folder(tmp_path):
    card = make_sd(tmp_path / "sd")
    facts = facts_of(card)
    sizes = {path.parent.name: path.stat().st_size for path in card.folder.glob("*/*.safetensors")}
    assert facts.largest == sizes["unet"] / sum(sizes.values())
    assert not facts.one_file
    assert facts_of(CARDS["sdxl-base-1.0"]) == Facts()


def test_pinned_memory_is_used_only_if_it_fits():
    card = CARDS["z-image-turbo"]
    assert choose(card, gpu(12, 64)).pinned
    assert not choose(card, gpu(12, 32)).pinned


def test_fits_reports_yes_no_or_unknown():
    assert fits(CARDS["sdxl-base-1.0"], gpu(8, 16)) is True
    assert fits(CARDS["sdxl-base-1.0"], gpu(8, 8)) is False
    assert fits(CARDS["gemma-4-e2b-it"], gpu(8)) is None
    free = msgspec.structs.replace(gpu(8, 16), free=GB, gpu_free=GB)
    assert fits(CARDS["sdxl-base-1.0"], free) is True  # with nothing else running


def test_quick_machine_imports_no_heavy_library():
    before = set(sys.modules)
    machine = quick_machine()
    assert machine.quantizers == installed_quantizers()
    assert not {"torch", "bitsandbytes", "torchao"} & (set(sys.modules) - before)


def test_documented_table_equals_the_chosen_strategies():
    text = (Path(__file__).parents[3] / "docs/memory.md").read_text(encoding="utf-8")
    assert renewed(text) == text, "python -m tools.memory_table docs/memory.md"
    assert all(f"`{strategy}`" in text for strategy in STRATEGIES)


def test_every_strategy_has_a_title_and_can_be_saved():
    assert (
        set(PREFERENCES)
        == set(STRATEGY_TITLES)
        == {"auto", *STRATEGIES}
        == {"auto", *LETTERS.values()}
    )
    for preference in PREFERENCES:
        kept = msgspec.json.encode(Settings(memory=preference, model_memory={"m": preference}))
        assert msgspec.json.decode(kept, type=Settings).memory == preference


def test_missing_memory_figures_are_not_extrapolated():
    card = ModelCard(
        name="one",
        title="One",
        kind="image",
        runner="diffusers",
        parameters=2 * GB,
        memory=Memory(bf16=9 * GB),
    )
    eight = next(
        step
        for step in possible_plans(card, gpu(8, 32, "bitsandbytes"))
        if step.strategy == "8-bit"
    )
    assert eight.obstacle == "what it needs is not known"
    assert choose(card, gpu(8, 32)).strategy == "group-offload"


def test_recipes_and_logs_stay_english_in_a_chinese_window():
    card = CARDS["flux.1-dev"]
    plan = next(plan for plan in possible_plans(card, gpu(8)) if plan.strategy == "model-offload")
    assert plan.summary == plan.recorded == "16-bit, parts take turns on the GPU"
    use_language("zh_CN")
    try:
        assert plan.recorded == "16-bit, parts take turns on the GPU"
        assert plan.summary == "16 位，各部件轮流使用 GPU"
        with pytest.raises(StudioError, match=r"FLUX\.1 dev：GPU 的 8\.0 GB") as refused:
            choose(card, gpu(8, 8))
        assert "needs" not in str(refused.value)
    finally:
        use_language("en")
