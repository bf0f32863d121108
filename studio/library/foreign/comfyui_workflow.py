"""Converts ComfyUI's `workflow`, as its editor saves it, to a graph.

Here the values of a node are a list without names. Names come from the node's inputs, where newer
versions list them, else from a table of the usual nodes. Muted nodes are left out, bypassed ones
pass on what they get, and subgraphs are opened.
"""

from __future__ import annotations

from collections.abc import Iterator

from studio.library.foreign.comfyui_graph import MAX_NODES, MAX_TOTAL_STEPS, Graph, Link, Node
from studio.library.foreign.draft import JsonObject, as_integer, as_list, as_object

_MUTED, _BYPASSED = 2, 4
_MAX_STEPS = 50
"""Bypassed nodes and borders of subgraphs that a link is followed through."""
_MAX_DEPTH = 8
_LEAST_NODES = 50
"""That a subgraph counts for, so that no more than 100 are opened."""
_MAX_INPUTS = 100
_SUBGRAPH_INPUT, _SUBGRAPH_OUTPUT = "-10", "-20"
"""Ids of the nodes that stand for the inputs and outputs inside a subgraph."""
_LINK_FIELDS = ("id", "origin_id", "origin_slot", "target_id", "target_slot")
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
    "CheckpointLoader": ("config_name", "ckpt_name"),
    "unCLIPCheckpointLoader": ("ckpt_name",),
    "ImageOnlyCheckpointLoader": ("ckpt_name",),
    "UNETLoader": ("unet_name", "weight_dtype"),
    "UnetLoaderGGUF": ("unet_name",),
    "VAELoader": ("vae_name",),
    "LoraLoader": ("lora_name", "strength_model", "strength_clip"),
    "LoraLoaderModelOnly": ("lora_name", "strength_model"),
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
_WIDGETS_BY_WORD = (
    ("Empty", ("width", "height", "batch_size")),
    ("ToVideoLatent", ("width", "height")),
    ("TextEncode", ("text",)),
    ("Textbox", ("text",)),
    ("TextBox", ("text",)),
    ("Scheduler", ("steps",)),
)
"""Part of the type of other nodes → the names of their first values."""


def read_workflow(source: JsonObject) -> Graph:
    """Return the graph of a workflow; empty for another object."""
    scope = _Scope(source, _Subgraphs(source))
    scopes = list(scope.all_scopes())
    raw = {f"{one.prefix}{key}": node for one in scopes for key, node in one.nodes.items()}
    setters = {name: key for key, node in raw.items() if (name := _variable(node, "Set"))}
    nodes = [
        _node(one, f"{one.prefix}{key}", node, setters)
        for one in scopes
        for key, node in one.nodes.items()
        if key not in one.children and _mode(node) not in (_MUTED, _BYPASSED)
    ]
    return Graph(nodes[:MAX_NODES])


class _Subgraphs:
    """The subgraphs by the type of the nodes that stand for them, and what may still be read."""

    def __init__(self, source: JsonObject) -> None:
        listed = as_list(as_object(source.get("definitions")).get("subgraphs"))
        self._by_type = {_text(entry.get("id")): entry for entry in map(as_object, listed)}
        self._nodes_left = MAX_NODES
        self.steps_left = MAX_TOTAL_STEPS
        """Of links that are followed: hostile graphs have long ones."""

    def open(self, kind: str) -> JsonObject | None:
        """Return the subgraph of a type of node; None for another type, and if there are many."""
        found = self._by_type.get(kind)
        if found is None:
            return None
        parts = len(as_list(found.get("nodes"))) + len(as_list(found.get("links"))) // 4
        self._nodes_left -= max(parts, _LEAST_NODES)
        return found if self._nodes_left >= 0 else None


class _Scope:
    """The nodes and links of the workflow, or of a subgraph at one place in it."""

    def __init__(
        self,
        source: JsonObject,
        subgraphs: _Subgraphs,
        parent: _Scope | None = None,
        key: str = "",
    ) -> None:
        raw = [as_object(node) for node in as_list(source.get("nodes"))[:MAX_NODES]]
        self.nodes = {_id(node.get("id")): node for node in raw}
        self.prefix: str = f"{parent.prefix}{key}:" if parent is not None else ""
        self._parent, self._key, self._subgraphs = parent, key, subgraphs
        self._inputs = [as_object(entry) for entry in as_list(source.get("inputs"))]
        self._origins, self._results = _links(as_list(source.get("links"))[: 4 * MAX_NODES])
        self.children: dict[str, _Scope] = {}
        """Node → the subgraph that it stands for."""
        if self.prefix.count(":") < _MAX_DEPTH:
            for node_id, node in self.nodes.items():
                inner = subgraphs.open(_text(node.get("type")))
                if inner is not None:
                    self.children[node_id] = _Scope(inner, subgraphs, self, node_id)

    def all_scopes(self) -> Iterator[_Scope]:
        """Yield this one and the subgraphs in it that run."""
        yield self
        for key, child in self.children.items():
            if _mode(self.nodes[key]) not in (_MUTED, _BYPASSED):
                yield from child.all_scopes()

    def resolve(self, entry: JsonObject) -> Link | None:
        """Return the node that an input gets its value from, through subgraphs."""
        scope: _Scope | None = self
        for _ in range(_MAX_STEPS):
            number = as_integer(entry.get("link"))
            origin = scope._origins.get(number) if scope and number is not None else None
            self._subgraphs.steps_left -= 1
            if scope is None or origin is None or self._subgraphs.steps_left < 0:
                return None
            key, output = origin
            if key == _SUBGRAPH_INPUT:
                entry, scope = scope._outer_input(output), scope._parent
                continue
            node = scope.nodes.get(key, {})
            if not node or _mode(node) == _MUTED:
                return None
            if _mode(node) == _BYPASSED:
                entry = _bypassed_input(node, output)
            elif key in scope.children:
                scope = scope.children[key]
                entry = {"link": scope._results.get(output)}
            else:
                return Link(f"{scope.prefix}{key}", output)
        return None

    def _outer_input(self, index: int) -> JsonObject:
        """Return the input, of the node that stands for this subgraph, that has this index."""
        if self._parent is None or not 0 <= index < len(self._inputs):
            return {}
        name = self._inputs[index].get("name")
        entries = _inputs_of(self._parent.nodes[self._key])
        return next((entry for entry in entries if entry.get("name") == name), {})


def _node(scope: _Scope, node_id: str, raw: JsonObject, setters: dict[str, str]) -> Node:
    links = {}
    for entry in _inputs_of(raw):
        name, link = entry.get("name"), scope.resolve(entry)
        if isinstance(name, str) and link is not None:
            links[name] = link
    setter = setters.get(_variable(raw, "Get"))
    if setter is not None:
        links["value"] = Link(setter, 0)
    return Node(
        node_id,
        _text(raw.get("type")),
        _text(raw.get("title")),
        {name: value for name, value in _values(raw).items() if name not in links},
        links,
    )


def _bypassed_input(node: JsonObject, output: int) -> JsonObject:
    """Return the input that a bypassed node passes on: the nth of a type to the nth output."""
    types = [as_object(one).get("type") for one in as_list(node.get("outputs"))[:_MAX_INPUTS]]
    if not 0 <= output < len(types):
        return {}
    same = [entry for entry in _inputs_of(node) if entry.get("type") == types[output]]
    place = types[:output].count(types[output])
    return same[place] if place < len(same) else next(iter(same), {})


def _inputs_of(node: JsonObject) -> Iterator[JsonObject]:
    return map(as_object, as_list(node.get("inputs"))[:_MAX_INPUTS])


def _mode(node: JsonObject) -> int | None:
    return as_integer(node.get("mode"))


def _id(value: object) -> str:
    number = as_integer(value)
    return str(number) if number is not None else _text(value)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _links(links: list[object]) -> tuple[dict[int, tuple[str, int]], dict[int, int]]:
    """Return link → node and output at which it begins, and result of a subgraph → its link."""
    origins: dict[int, tuple[str, int]] = {}
    results: dict[int, int] = {}
    for value in links:
        parts = as_list(value)
        if not parts:  # newer versions, and subgraphs, have objects
            link = as_object(value)
            parts = [link.get(name) for name in _LINK_FIELDS]
        number, origin, output, target, slot = [*parts[:5], *[None] * 5][:5]
        key, index, result = as_integer(number), as_integer(output), as_integer(slot)
        if key is not None and index is not None:
            origins[key] = (_id(origin), index)
            if _id(target) == _SUBGRAPH_OUTPUT and result is not None:
                results[result] = key
    return origins, results


def _variable(raw: JsonObject, action: str) -> str:
    """Return the name of the variable that a SetNode or GetNode has."""
    values = as_list(raw.get("widgets_values"))
    return _text(values[0]) if raw.get("type") == f"{action}Node" and values else ""


def _values(raw: JsonObject) -> JsonObject:
    """Return the values of a node by name."""
    stored = raw.get("widgets_values")
    if isinstance(stored, dict):
        return stored
    values, kind = as_list(stored), _text(raw.get("type"))
    names = _WIDGETS.get(kind) or tuple(_named_widgets(raw, values))
    if not names:
        names = next((known for word, known in _WIDGETS_BY_WORD if word in kind), ())
    return dict(zip(names, values, strict=False))


def _named_widgets(raw: JsonObject, values: list[object]) -> list[str]:
    """Return the names that the inputs of a node list, with the control after a seed."""
    names: list[str] = []
    for entry in _inputs_of(raw):
        name = as_object(entry.get("widget")).get("name")
        if isinstance(name, str):
            names.append(name)
            following = values[len(names)] if len(names) < len(values) else None
            if name in _SEEDS and following in _CONTROLS:
                names.append(_CONTROL)
    return names
