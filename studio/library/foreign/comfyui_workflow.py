"""Converts ComfyUI's `workflow`, as its editor saves it, to a graph.

Here the values of a node are a list without names. Names come from the node's inputs, where newer
versions list them, else from a table of the usual nodes. Muted nodes are left out, bypassed ones
pass on what they get, and subgraphs are not entered.
"""

from __future__ import annotations

from studio.library.foreign.comfyui_graph import MAX_NODES, Graph, Link, Node
from studio.library.foreign.draft import JsonObject, as_integer, as_list, as_object

_MUTED, _BYPASSED = 2, 4
_MAX_BYPASSED = 50
_CONTROL = "control_after_generate"
_SEEDS = ("seed", "noise_seed")
_CONTROLS = ("fixed", "increment", "decrement", "randomize")
_WIDGETS = {
    "KSampler": ("seed", _CONTROL, "steps", "cfg", "sampler_name", "scheduler", "denoise"),
    "KSamplerAdvanced": (
        "add_noise",
        "noise_seed",
        _CONTROL,
        "steps",
        "cfg",
        "sampler_name",
        "scheduler",
        "start_at_step",
        "end_at_step",
        "return_with_leftover_noise",
    ),
    "SamplerCustom": ("add_noise", "noise_seed", _CONTROL, "cfg"),
    "RandomNoise": ("noise_seed", _CONTROL),
    "KSamplerSelect": ("sampler_name",),
    "BasicScheduler": ("scheduler", "steps", "denoise"),
    "KarrasScheduler": ("steps", "sigma_max", "sigma_min", "rho"),
    "Flux2Scheduler": ("steps", "width", "height"),
    "CFGGuider": ("cfg",),
    "FluxGuidance": ("guidance",),
    "CLIPTextEncode": ("text",),
    "CLIPTextEncodeFlux": ("clip_l", "t5xxl", "guidance"),
    "CLIPTextEncodeSDXL": (
        "width",
        "height",
        "crop_w",
        "crop_h",
        "target_width",
        "target_height",
        "text_g",
        "text_l",
    ),
    "CLIPSetLastLayer": ("stop_at_clip_layer",),
    "CheckpointLoaderSimple": ("ckpt_name",),
    "UNETLoader": ("unet_name", "weight_dtype"),
    "UnetLoaderGGUF": ("unet_name",),
    "VAELoader": ("vae_name",),
    "LoraLoader": ("lora_name", "strength_model", "strength_clip"),
    "LoraLoaderModelOnly": ("lora_name", "strength_model"),
    "EmptyLatentImage": ("width", "height", "batch_size"),
    "EmptySD3LatentImage": ("width", "height", "batch_size"),
    "ControlNetApply": ("strength",),
    "ControlNetApplyAdvanced": ("strength", "start_percent", "end_percent"),
    "LoadImage": ("image",),
    "SaveImage": ("filename_prefix",),
    "PrimitiveNode": ("value",),
    "PrimitiveInt": ("value", _CONTROL),
    "PrimitiveFloat": ("value",),
    "PrimitiveString": ("value",),
    "PrimitiveStringMultiline": ("value",),
}
"""Type of a node → the names of its values."""


def read_workflow(source: JsonObject) -> tuple[Graph, list[str]]:
    """Return the graph of a workflow, empty for another object, and notes about what is left."""
    notes = []
    if as_list(as_object(source.get("definitions")).get("subgraphs")):
        notes.append("The workflow has subgraphs, whose settings are not read.")
    return Graph(_Workflow(source).nodes()), notes


class _Workflow:
    """The nodes and links as they are stored."""

    def __init__(self, source: JsonObject) -> None:
        raw = [as_object(node) for node in as_list(source.get("nodes"))[:MAX_NODES]]
        self._raw = {_id(node.get("id")): node for node in raw}
        self._origins = _origins(as_list(source.get("links"))[: 4 * MAX_NODES])
        self._setters = {
            name: node_id for node_id, node in self._raw.items() if (name := _variable(node, "Set"))
        }
        """Variable → id of the node that sets it."""

    def nodes(self) -> list[Node]:
        """Return the nodes that run."""
        return [
            self._node(node_id, node)
            for node_id, node in self._raw.items()
            if as_integer(node.get("mode")) not in (_MUTED, _BYPASSED)
        ]

    def _node(self, node_id: str, raw: JsonObject) -> Node:
        links = {}
        for entry in map(as_object, as_list(raw.get("inputs"))):
            name, link = entry.get("name"), self._origin(entry)
            passed = self._past_bypassed(link) if link is not None else None
            if isinstance(name, str) and passed is not None:
                links[name] = passed
        setter = self._setters.get(_variable(raw, "Get"))
        if setter is not None:
            links["value"] = Link(setter, 0)
        return Node(
            node_id,
            _text(raw.get("type")),
            _text(raw.get("title")),
            {name: value for name, value in _values(raw).items() if name not in links},
            links,
        )

    def _origin(self, entry: JsonObject) -> Link | None:
        """Return where the link of an input begins."""
        number = as_integer(entry.get("link"))
        return self._origins.get(number) if number is not None else None

    def _past_bypassed(self, link: Link) -> Link | None:
        """Return the link that bypassed nodes pass on: the first input of the output's type."""
        for _ in range(_MAX_BYPASSED):
            node = self._raw.get(link.node, {})
            mode = as_integer(node.get("mode"))
            if not node or mode == _MUTED:
                return None
            if mode != _BYPASSED:
                return link
            outputs = as_list(node.get("outputs"))
            if not 0 <= link.output < len(outputs):
                return None
            wanted = as_object(outputs[link.output]).get("type")
            entries = map(as_object, as_list(node.get("inputs")))
            same = next((entry for entry in entries if entry.get("type") == wanted), {})
            following = self._origin(same)
            if following is None:
                return None
            link = following
        return None


def _id(value: object) -> str:
    number = as_integer(value)
    return str(number) if number is not None else _text(value)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _origins(links: list[object]) -> dict[int, Link]:
    """Return the node and output at which each link begins."""
    found = {}
    for value in links:
        parts = as_list(value)
        if not parts:  # newer versions write an object
            link = as_object(value)
            parts = [link.get(name) for name in ("id", "origin_id", "origin_slot")]
        number, output = (as_integer(part) for part in (*parts[:1], *parts[2:3], None, None)[:2])
        if number is not None and output is not None:
            found[number] = Link(_id(parts[1]), output)
    return found


def _variable(raw: JsonObject, action: str) -> str:
    """Return the name of the variable that a SetNode or GetNode has."""
    values = as_list(raw.get("widgets_values"))
    return _text(values[0]) if raw.get("type") == f"{action}Node" and values else ""


def _values(raw: JsonObject) -> JsonObject:
    """Return the values of a node by name."""
    stored = raw.get("widgets_values")
    if isinstance(stored, dict):
        return stored
    values = as_list(stored)
    names = _WIDGETS.get(_text(raw.get("type"))) or tuple(_named_widgets(raw, values))
    return dict(zip(names, values, strict=False))


def _named_widgets(raw: JsonObject, values: list[object]) -> list[str]:
    """Return the names that the inputs of a node list, with the control after a seed."""
    names: list[str] = []
    for entry in map(as_object, as_list(raw.get("inputs"))):
        name = as_object(entry.get("widget")).get("name")
        if isinstance(name, str):
            names.append(name)
            following = values[len(names)] if len(names) < len(values) else None
            if name in _SEEDS and following in _CONTROLS:
                names.append(_CONTROL)
    return names
