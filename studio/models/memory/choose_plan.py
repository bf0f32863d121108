"""Chooses how a model is loaded so that it fits into memory: figures in, a plan out.

The first of the possible plans that fits is taken. An image pipeline on a GPU with its own memory
is tried whole, then with parts offloaded, layers offloaded in groups, layer by layer, in int8 and
in int4. A language model reads all weights for every token, so it is quantized before its layers
are offloaded. A CPU and an Apple GPU share one memory, so models can only be quantized there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from studio.core.errors import StudioError
from studio.core.settings import LoadPreference, LoadStrategy
from studio.core.settings_catalog.catalog import STRATEGY_TITLES
from studio.core.translation import mark, tr, tr_marked
from studio.models.card import ModelCard
from studio.models.families import find_family
from studio.models.memory.folder_facts import Facts
from studio.models.memory.hardware import (
    PRECISION_TITLES,
    WORK_SHARE,
    Device,
    Machine,
    Precision,
    Quantizer,
    bytes_needed,
    memory_needs,
)
from studio.models.memory.load_plan import (
    OFFLOADS,
    PACKAGES,
    Footprint,
    LoadPlan,
    gigabytes,
)

_IMAGE: tuple[LoadStrategy, ...] = (
    "resident",
    "model-offload",
    "group-offload",
    "sequential-offload",
    "8-bit",
    "4-bit",
)
_TEXT: tuple[LoadStrategy, ...] = ("resident", "8-bit", "4-bit", "sequential-offload")
_APPLE: tuple[LoadStrategy, ...] = ("resident", "8-bit", "4-bit")
_CPU: tuple[LoadStrategy, ...] = ("resident", "16-bit", "8-bit", "4-bit")
_AUDIO: tuple[LoadStrategy, ...] = ("resident", "16-bit", "cpu")
_QUANTIZED = ("8-bit", "4-bit")

GROUP_SHARE, LAYER_SHARE = 0.1, 0.03
"""Share of the weights on the GPU at a time with group offload, and layer by layer."""
LEAST_WORK = 0.05
"""Least share of the whole that a model needs in addition to its weights."""
PINNED_SHARE = 1.5
"""Locked memory for a group offload, against the weights: it is taken in powers of two."""
_QUANTIZERS: Mapping[tuple[Device, Precision], tuple[Quantizer, ...]] = {
    ("cuda", "int8"): ("bitsandbytes", "torchao", "quanto"),
    ("cuda", "int4"): ("bitsandbytes", "quanto"),
    ("xpu", "int8"): ("bitsandbytes", "torchao", "quanto"),
    ("xpu", "int4"): ("bitsandbytes", "quanto"),
    ("mps", "int8"): ("quanto",),
    ("mps", "int4"): ("quanto",),
    ("cpu", "int8"): ("bitsandbytes", "quanto", "torchao"),
    ("cpu", "int4"): ("bitsandbytes", "quanto"),
}
"""Quantizers for a device, the best first. On a CPU torchao has no 4-bit kernels."""


def choose(
    card: ModelCard,
    machine: Machine,
    *,
    facts: Facts | None = None,
    evictable: Footprint | None = None,
    preference: LoadPreference = "auto",
    less_than: LoadStrategy | None = None,
) -> LoadPlan:
    """Return the plan for the model here and now.

    `evictable`: what loaded models would free for it. `preference`: the user's choice, followed
    even if the figures are against it, and ignored where the strategy makes no sense for this model
    and device. `less_than`: the strategy that ran out of memory. Raises StudioError with the
    figures where nothing fits.
    """
    plans = list(possible_plans(card, machine, facts=facts, evictable=evictable))
    if less_than is not None:
        strategies = [plan.strategy for plan in plans]
        tried = strategies.index(less_than) if less_than in strategies else len(plans)
        plans = plans[tried + 1 :]
    preferred = next((plan for plan in plans if plan.strategy == preference), None)
    if preferred is not None:
        if _lacks_package(preferred):
            raise StudioError(
                tr(
                    "{title} cannot be loaded with {summary}: that {obstacle}.",
                    title=card.title,
                    summary=preferred.summary,
                    obstacle=preferred.obstacle,
                ),
                cause="memory",
                cure=tr(
                    "Install it (pip install {package}), or let Studio choose.",
                    package=preferred.package,
                ),
            )
        return msgspec.structs.replace(preferred, obstacle="")
    plan = next((plan for plan in plans if not plan.obstacle), None)
    if plan is not None:
        return plan
    if less_than is not None:
        raise _no_strategy_left(card, machine, plans)
    raise _does_not_fit(card, machine, plans)


def possible_plans(
    card: ModelCard,
    machine: Machine,
    *,
    facts: Facts | None = None,
    evictable: Footprint | None = None,
) -> Iterator[LoadPlan]:
    """Yield every plan for the model on this device, the best first, each with its obstacle."""
    facts, evictable = facts or Facts(), evictable or Footprint()
    for strategy in strategies_for(card, machine.device, facts):
        plan = _plan(strategy, card, machine, facts, evictable)
        yield msgspec.structs.replace(plan, obstacle=_obstacle(plan, machine, evictable))


def strategies_for(
    card: ModelCard, device: Device, facts: Facts | None = None
) -> tuple[LoadStrategy, ...]:
    """Return the strategies that make sense for a model on a device, the best first."""
    if _runs_unchanged(card):
        return ("resident",)
    if _is_transformers_audio(card):  # quantization is audible
        if device in ("cuda", "xpu"):
            return _AUDIO
        family = find_family(card.family)
        halves = device == "cpu" and family is not None and family.bf16_on_cpu
        return ("resident", "16-bit") if halves else ("resident",)
    if device == "mps":
        strategies = _APPLE
    elif device == "cpu":
        strategies = _CPU
    else:
        strategies = _TEXT if card.makes_texts else _IMAGE
    if facts is not None and facts.one_file:
        return tuple(one for one in strategies if one not in _QUANTIZED)
    return strategies


def _is_transformers_audio(card: ModelCard) -> bool:
    return card.runner == "transformers" and (card.makes_audio or card.kind == "transcribe")


def _runs_unchanged(card: ModelCard) -> bool:
    """True for a model whose weights are used as they are in its file."""
    return card.runner not in ("transformers", "diffusers") or card.writes_notes


def _plan(
    strategy: LoadStrategy,
    card: ModelCard,
    machine: Machine,
    facts: Facts,
    evictable: Footprint,
) -> LoadPlan:
    device: Device = "cpu" if strategy == "cpu" or _runs_unchanged(card) else machine.device
    precision = _precision(strategy, card, device)
    work, weights = _work_and_weights(card)
    needs = bytes_needed(card, precision or "bf16")
    if needs and strategy in OFFLOADS:
        shares = {"model-offload": facts.largest, "group-offload": GROUP_SHARE}
        needs = work + int(weights * shares.get(strategy, LAYER_SHARE))
    quantizers = _quantizers(card, device, precision)
    on_gpu = device in ("cuda", "xpu")
    memory_room = machine.memory_room(evictable.memory)
    return LoadPlan(
        strategy=strategy,
        device=device,
        precision=precision,
        needs=needs,
        room=machine.gpu_room(evictable.gpu) if on_gpu else memory_room,
        memory=weights if strategy in OFFLOADS else 0,
        package=PACKAGES[quantizers[0]] if quantizers else "",
        quantizer=next((one for one in quantizers if one in machine.quantizers), None),
        pinned=strategy == "group-offload" and weights * PINNED_SHARE <= memory_room,
    )


def _quantizers(
    card: ModelCard, device: Device, precision: Precision | None
) -> tuple[Quantizer, ...]:
    quantizers = _QUANTIZERS.get((device, precision), ()) if precision else ()
    if device == "cpu" and card.runner == "diffusers":  # diffusers runs bitsandbytes on GPUs only
        return tuple(name for name in quantizers if name != "bitsandbytes")
    return quantizers


def _precision(strategy: LoadStrategy, card: ModelCard, device: Device) -> Precision | None:
    if card.writes_notes:
        return "fp32"
    if _runs_unchanged(card):
        return None
    if strategy == "8-bit":
        return "int8"
    if strategy == "4-bit":
        return "int4"
    # Vocoders lose quality in half precision.
    is_full = strategy != "16-bit" and (device == "cpu" or _is_transformers_audio(card))
    return "fp32" if is_full else "bf16"


def _work_and_weights(card: ModelCard) -> tuple[int, int]:
    """Return the bytes that a model needs in addition to its weights, and its weights in bf16."""
    known = memory_needs(card)
    if known is None:
        return 0, 0
    memory, is_computed = known
    total = memory.bf16
    if is_computed:
        weights = int(total / WORK_SHARE)
    else:
        weights = min(2 * card.parameters or card.size, total)
    return max(total - weights, int(total * LEAST_WORK)), weights


def _obstacle(plan: LoadPlan, machine: Machine, evictable: Footprint) -> str:
    memory_room = machine.memory_room(evictable.memory)
    if plan.precision in ("int8", "int4") and not plan.needs:
        return tr("what it needs is not known")
    if _lacks_package(plan):
        return tr("needs the package {package}, which is not installed", package=plan.package)
    if plan.needs > plan.room:
        return tr("needs {gigabytes} GB", gigabytes=gigabytes(plan.needs))
    if plan.memory > memory_room:
        return tr(
            "needs {needed} of {usable} GB of the computer's memory",
            needed=gigabytes(plan.memory),
            usable=gigabytes(memory_room),
        )
    return ""


def _lacks_package(plan: LoadPlan) -> bool:
    return plan.precision in ("int8", "int4") and plan.quantizer is None


def _no_strategy_left(card: ModelCard, machine: Machine, plans: list[LoadPlan]) -> StudioError:
    figures = [
        tr(
            "{total} GB of memory, {free} GB of it free",
            total=gigabytes(machine.memory),
            free=gigabytes(machine.free),
        )
    ]
    if machine.gpu_memory:
        figures.append(
            tr(
                "{total} GB of the GPU's, {free} GB of it free",
                total=gigabytes(machine.gpu_memory),
                free=gigabytes(machine.gpu_free),
            )
        )
    figures += [_attempt(plan) for plan in plans if plan.needs]
    return StudioError(
        tr(
            "There was not enough memory for this with {title}, and no way is left that takes "
            "less ({figures}).",
            title=card.title,
            figures=tr("; ").join(figures),
        ),
        cause="memory",
        cure=tr(
            "Choose smaller settings (size, length, count) or a smaller model, or close other "
            "programs."
        ),
    )


def _does_not_fit(card: ModelCard, machine: Machine, plans: list[LoadPlan]) -> StudioError:
    known = [plan for plan in plans if plan.needs]
    if not known:  # cannot happen: a plan of unknown needs has no obstacle
        return StudioError(tr("{title} does not fit.", title=card.title), cause="memory")
    last = known[-1]
    total = machine.gpu_memory if last.on_gpu else machine.memory
    missing = next(
        (plan for plan in known if _lacks_package(plan) and plan.needs <= plan.room), None
    )
    cure = tr("Close other programs, or choose a smaller model.")
    if missing is not None:
        cure = tr(
            "In {precision} it would fit: pip install {package}",
            precision=tr_marked(PRECISION_TITLES[missing.precision or "int8"]),
            package=missing.package,
        )
    return StudioError(_figures(card.title, last, known, total), cause="memory", cure=cure)


def _figures(title: str, last: LoadPlan, known: list[LoadPlan], total: int) -> str:
    shown = (
        mark("{title} does not fit: {room} of {total} GB of the GPU can be used ({attempts}).")
        if last.on_gpu
        else mark("{title} does not fit: {room} of {total} GB of memory can be used ({attempts}).")
    )
    return tr_marked(shown).format(
        title=title,
        room=gigabytes(last.room),
        total=gigabytes(total),
        attempts=tr("; ").join(map(_attempt, known)),
    )


def _attempt(plan: LoadPlan) -> str:
    title = tr_marked(STRATEGY_TITLES[plan.strategy])
    return tr(
        "{way}: {obstacle}",
        way=title[:1].lower() + title[1:],  # keeps "CPU" and "GPU" as they are
        obstacle=plan.obstacle,
    )


def fits(card: ModelCard, machine: Machine) -> bool | None:
    """Return whether the model can run on a machine that does nothing else; None if unknown."""
    plans = list(possible_plans(card, machine.at_rest))
    if not any(plan.needs for plan in plans):
        return None
    return any(not plan.obstacle for plan in plans)
