"""Reads the settings of the sampler that made an image out of ComfyUI's graph.

From the node that saved the file the graph is followed upstream to a sampler. If that one only
refines another's result (a high-resolution pass, a refiner), the first sampler's settings count,
and the others are listed. Custom nodes are understood by the names of their inputs.
https://github.com/comfyanonymous/ComfyUI
"""

from __future__ import annotations

from dataclasses import dataclass

from studio.core.translation import tr
from studio.library.foreign.comfyui_graph import MAX_STEPS, Graph, Node, read_graph
from studio.library.foreign.comfyui_prompts import PromptFinder, text_of
from studio.library.foreign.comfyui_workflow import read_workflow
from studio.library.foreign.draft import (
    Draft,
    JsonObject,
    as_integer,
    as_number,
    as_object,
    file_stem,
)
from studio.library.foreign.metadata import ForeignMetadata

PROGRAM = "ComfyUI"
MAX_LATER = 5
MAX_SAVERS = 20
_MODEL_FILES = ("ckpt_name", "unet_name", "model_name", "base_ckpt_name", "gguf_name", "model_path")
_GUIDANCE = ("cfg", "cfg_scale", "cfg_conds")
_LATENTS = ("latent_image", "latent", "samples", "samples_to", "latents")
_IMAGES = ("images", "image", "pixels", "video", "frames", "image1", "source_image")
_SIDE_INPUTS = ("model", "clip", "vae", "positive", "negative", "mask", "noise", "sampler")
_SAMPLER_MARKS = ("steps", "sigmas", "guider")


@dataclass
class _Found:
    """The sampler that made the image, and those that refined it afterwards."""

    sampler: Node
    later: list[Node]


def read_comfyui(source: JsonObject, file_name: str = "") -> ForeignMetadata | None:
    """Return the settings in a `prompt` or `workflow`; None if the object is neither.

    `file_name`: of the image, to choose among several nodes that save.
    """
    graph = read_graph(source)
    if not graph.nodes:
        graph = read_workflow(source)
    if not graph.nodes:
        return None
    draft = Draft()
    found = _find_sampler(graph, file_name)
    if found is None:
        draft.notes.append(tr("The graph has no sampler that Studio recognizes."))
        return draft.finish(PROGRAM)
    _read_sampler(graph, found.sampler, draft)
    for node in found.later[:MAX_LATER]:
        draft.other(tr("Later sampler {name}", name=node.title or node.kind), _summary(graph, node))
    return draft.finish(PROGRAM)


# Finding the sampler
# ----------------------------------------------------------------------


def _find_sampler(graph: Graph, file_name: str) -> _Found | None:
    for start in [*_savers(graph, file_name), *_last_samplers(graph)]:
        nearest = next(filter(_is_sampler, graph.upstream(start, _leads_to_image)), None)
        if nearest is not None:
            return _first_pass(graph, nearest)
    return None


def _savers(graph: Graph, file_name: str) -> list[Node]:
    """Return the nodes that save or show images, the likeliest first."""
    savers = [
        node
        for node in graph.nodes.values()
        if any(name in node.links for name in _IMAGES)
        and any(word in node.kind for word in ("Save", "Preview", "Output", "Saver"))
    ]

    def rank(node: Node) -> tuple[bool, int, int]:
        prefix = graph.value(node, "filename_prefix")
        name = prefix.replace("\\", "/").split("/")[-1] if isinstance(prefix, str) else ""
        fits = bool(name) and file_name.startswith(name)
        passes = sum(map(_is_sampler, graph.upstream(node, _leads_to_image)))
        return ("Preview" in node.kind, -len(name) if fits else 1, -passes)

    return sorted(savers[:MAX_SAVERS], key=rank)


def _last_samplers(graph: Graph) -> list[Node]:
    """Return the samplers whose result no other sampler uses."""
    samplers = [node for node in graph.nodes.values() if _is_sampler(node)][:MAX_STEPS]
    used = {
        other.id
        for node in samplers[:20]
        for other in graph.upstream(node, _leads_to_image)
        if other.id != node.id
    }
    return [node for node in samplers if node.id not in used] or samplers


def _is_sampler(node: Node) -> bool:
    inputs = {*node.values, *node.links}
    has_steps = any(mark in inputs for mark in _SAMPLER_MARKS)
    has_start = any(name in inputs for name in _LATENTS)
    has_seed = "seed" in inputs or "noise_seed" in inputs or "noise" in node.links
    return has_steps and has_seed and (has_start or "Sampler" in node.kind)


def _leads_to_image(name: str) -> bool:
    return name not in _SIDE_INPUTS and "cond" not in name


def _first_pass(graph: Graph, sampler: Node) -> _Found:
    """Return the sampler that began the image."""
    later: list[Node] = []
    seen = {sampler.id}
    while len(seen) < MAX_STEPS and _refines(graph, sampler):
        before = next(
            (
                node
                for node in graph.upstream(sampler, _leads_to_image)
                if node.id not in seen and _is_sampler(node)
            ),
            None,
        )
        if before is None:
            break
        later.insert(0, sampler)
        seen.add(before.id)
        sampler = before
    return _Found(sampler, later)


def _refines(graph: Graph, sampler: Node) -> bool:
    """Return whether a sampler keeps a part of what it starts from."""
    denoise = as_number(_denoise(graph, sampler))
    start = as_integer(graph.value(sampler, "start_at_step"))
    sigmas = graph.source(sampler, "sigmas")
    is_split = sigmas is not None and "Split" in sigmas[0].kind
    return (denoise is not None and denoise < 1) or bool(start) or is_split


# Reading its settings
# ----------------------------------------------------------------------


def _read_sampler(graph: Graph, sampler: Node, draft: Draft) -> None:
    guider = graph.source(sampler, "guider")
    conditioned = guider[0] if guider is not None else sampler
    _read_prompts(graph, conditioned, draft)
    draft.put("seed", _seed(graph, sampler), "Seed")
    draft.put("steps", _steps(graph, sampler), "Steps")
    draft.put("guidance", graph.value(conditioned, *_GUIDANCE), "CFG")
    draft.put("sampler", _sampler_name(graph, sampler), "Sampler")
    draft.put("schedule", _schedule(graph, sampler), "Scheduler")
    denoise = as_number(_denoise(graph, sampler))
    if denoise is not None and denoise < 1:
        draft.put("strength", denoise)
    _read_latent(graph, sampler, draft)
    _read_model(graph, conditioned if "model" in conditioned.links else sampler, draft)
    _read_vae(graph, draft)


def _read_prompts(graph: Graph, node: Node, draft: Draft) -> None:
    positive, negative = PromptFinder(graph, "positive"), PromptFinder(graph, "negative")
    first = next(
        (node.links[name] for name in ("positive", "conditioning", "cond1") if name in node.links),
        node.links.get("pipe"),
    )
    second = next(
        (node.links[name] for name in ("negative", "cond2") if name in node.links),
        node.links.get("pipe"),
    )
    draft.put("prompt", positive.find(first) or text_of(graph, node, "positive"))
    draft.put("negative_prompt", negative.find(second) or text_of(graph, node, "negative"))
    draft.put("guidance", positive.guidance, "Guidance")
    for control in positive.controls:
        draft.other(f"Control {control.title or control.kind}", graph.value(control, "strength"))
    for encoder in positive.encoders[:1]:
        _read_clip(graph, encoder, draft)


def _read_clip(graph: Graph, encoder: Node, draft: Draft) -> None:
    """Read which layer of the text encoder is the last."""
    for node in graph.upstream(encoder, lambda name: name == "clip"):
        layer = as_integer(graph.value(node, "stop_at_clip_layer"))
        if layer is not None and layer < -1:
            draft.put("clip_skip", -layer)
            return


def _seed(graph: Graph, sampler: Node) -> object:
    noise = graph.source(sampler, "noise")
    if noise is not None:
        return graph.value(noise[0], "noise_seed", "seed")
    return graph.value(sampler, "seed", "noise_seed")


def _steps(graph: Graph, sampler: Node) -> object:
    found = graph.value(sampler, "steps")
    return found if found is not None else _from_sigmas(graph, sampler, "steps")


def _schedule(graph: Graph, sampler: Node) -> object:
    found = graph.value(sampler, "scheduler")
    if found is not None:
        return found
    named = _from_sigmas(graph, sampler, "scheduler")
    if named is not None:
        return named
    sigmas = graph.source(sampler, "sigmas")
    return sigmas[0].kind.removesuffix("Scheduler") if sigmas is not None else None


def _denoise(graph: Graph, sampler: Node) -> object:
    found = graph.value(sampler, "denoise")
    return found if found is not None else _from_sigmas(graph, sampler, "denoise")


def _from_sigmas(graph: Graph, sampler: Node, name: str) -> object:
    """Return a value of the nodes that compute the noise of each step."""
    sigmas = graph.source(sampler, "sigmas")
    if sigmas is None:
        return None
    nodes = graph.upstream(sigmas[0], lambda link: link.startswith("sigmas"))
    return next((value for node in nodes if (value := graph.value(node, name)) is not None), None)


def _sampler_name(graph: Graph, sampler: Node) -> object:
    selected = graph.source(sampler, "sampler")
    if selected is None:
        return graph.value(sampler, "sampler_name", "sampler")
    name = graph.value(selected[0], "sampler_name")
    return name if name is not None else selected[0].kind.removeprefix("Sampler")


def _read_latent(graph: Graph, sampler: Node, draft: Draft) -> None:
    """Read the size, or the image that the sampler started from."""
    for node in graph.upstream(sampler, _leads_to_image):
        if node is sampler:
            continue
        size = (
            graph.value(node, "width", "empty_latent_width"),
            graph.value(node, "height", "empty_latent_height"),
        )
        if "Latent" in node.kind and all(as_integer(side) for side in size):
            draft.put("width", size[0])
            draft.put("height", size[1])
            draft.other(tr("Batch size"), _above_one(graph.value(node, "batch_size")))
            return
        if "LoadImage" in node.kind:
            draft.other(tr("Start image"), graph.value(node, "image"))
            return


def _above_one(value: object) -> object:
    number = as_integer(value)
    return number if number is not None and number > 1 else None


def _read_model(graph: Graph, start: Node, draft: Draft) -> None:
    """Read the model file and the LoRAs between it and the sampler."""
    loras: list[tuple[object, object]] = []
    files: list[str] = []
    for node in graph.upstream(start, _leads_to_model):
        for name, weight in _loras_of(graph, node):
            loras.insert(0, (name, weight))
        files.append(file_stem(graph.value(node, *_MODEL_FILES)))
    found = list(dict.fromkeys(filter(None, files)))
    if len(found) == 1:
        draft.put("model", found[0], "Model")
    elif found:
        draft.other(tr("Merged models"), ", ".join(found[:10]))
    for name, weight in loras:
        draft.add_lora(name, weight)


def _leads_to_model(name: str) -> bool:
    return name in ("model", "model1", "model2", "pipe", "lora_stack")


def _loras_of(graph: Graph, node: Node) -> list[tuple[object, object]]:
    found = []
    name = graph.value(node, "lora_name")
    if name is not None:
        weight = graph.value(node, "strength_model", "lora_model_strength", "strength", "weight")
        found.append((name, 1.0 if weight is None else weight))
    for key, value in node.values.items():  # nodes with a list: lora_1 → {on, lora, strength}
        entry = as_object(value)
        if key.lower().startswith("lora_") and entry and entry.get("on", True) is True:
            found.append((entry.get("lora"), entry.get("strength", 1.0)))
    return found


def _read_vae(graph: Graph, draft: Draft) -> None:
    names = [
        file_stem(graph.value(node, "vae_name"))
        for node in graph.nodes.values()
        if "VAELoader" in node.kind
    ]
    if len(names) == 1:
        draft.put("vae", names[0])


def _summary(graph: Graph, sampler: Node) -> str:
    """Return a later sampler's settings in a line."""
    values = {
        "steps": _steps(graph, sampler),
        "seed": _seed(graph, sampler),
        "sampler": _sampler_name(graph, sampler),
        "denoise": _denoise(graph, sampler),
    }
    return ", ".join(
        f"{name} {value}"
        for name, value in values.items()
        if isinstance(value, (str, int, float)) and len(str(value)) < 80
    )
