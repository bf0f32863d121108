"""Finds the texts that reach a sampler of ComfyUI through its conditioning."""

from __future__ import annotations

from dataclasses import dataclass, field

from studio.core.requests.base import MAX_PROMPT_CHARACTERS
from studio.library.foreign.comfyui_graph import MAX_STEPS, Graph, Link, Node

MAX_DEPTH = 60
_ENCODED = ("text", "text_g", "text_l", "t5xxl", "clip_l", "prompt", "caption", "text_positive")
"""Inputs of nodes that encode a text, in order of preference."""
_TEXTS = ("text", "string", "value", "prompt", "populated_text", "wildcard_text", "text_0")
"""Inputs of nodes that have a text."""
_JOINED = ("string_a", "string_b", "text1", "text2", "text_a", "text_b", "text_c", "text_d")
"""Inputs of nodes that join texts."""
_SIDES = ("positive", "negative")


@dataclass
class PromptFinder:
    """Collects the texts behind one conditioning input."""

    graph: Graph
    side: str
    """positive or negative: which output and input to follow where a node has both."""
    texts: list[str] = field(default_factory=list)
    encoders: list[Node] = field(default_factory=list)
    """The nodes that encode the texts."""
    guidance: object = None
    """Of a node for models with distilled guidance, such as Flux."""
    controls: list[Node] = field(default_factory=list)
    """Nodes that apply a ControlNet or an image to the conditioning."""
    _seen: set[str] = field(default_factory=set)

    def find(self, link: Link | None) -> str:
        """Return the texts behind a conditioning, joined."""
        if link is not None:
            self._visit(link, 0)
        return ", ".join(dict.fromkeys(text.strip(" ,") for text in self.texts if text.strip(" ,")))

    def _visit(self, link: Link, depth: int) -> None:
        found = self.graph.follow(link)
        length = sum(map(len, self.texts))
        if found is None or depth > MAX_DEPTH or length > MAX_PROMPT_CHARACTERS:
            return
        node, output = found
        if node.id in self._seen or len(self._seen) > MAX_STEPS:
            return
        self._seen.add(node.id)
        if "ZeroOut" in node.kind:
            return
        if self.guidance is None and "guidance" in node.values:
            self.guidance = node.values["guidance"]
        if "ControlNet" in node.kind or "control_net" in node.links or "clip_vision" in node.kind:
            self.controls.append(node)
        has_both = output < 2 and node.links.keys() >= set(_SIDES)
        side = _SIDES[output] if has_both else self.side
        texts = self._texts_of(node, side)
        if texts:
            self.encoders.append(node)
        inputs = [] if side in node.values else self._conditioning_inputs(node, side)
        for name in inputs:
            self._visit(node.links[name], depth + 1)
        self.texts += texts  # after those that it adds to

    def _texts_of(self, node: Node, side: str) -> list[str]:
        """Return the texts that a node encodes itself; with SDXL's two encoders both, if unlike."""
        names = (side, *_ENCODED) if side in node.values else _ENCODED
        found = []
        for name in names:
            if name in node.values or name in node.links:
                text = text_of(self.graph, node, name)
                if text:
                    found.append(text)
        return list(dict.fromkeys(found))[: 1 if side in node.values else 2]

    def _conditioning_inputs(self, node: Node, side: str) -> list[str]:
        if side in node.links:
            return [side]
        other = _SIDES[1 - _SIDES.index(side)]
        named = [name for name in node.links if "cond" in name.lower() and other not in name]
        return named or [
            name for name in node.links if name in ("pipe", "context", "base_ctx", "basic_pipe")
        ]


def text_of(graph: Graph, node: Node, name: str) -> str:
    """Return the text of an input, also from nodes for texts, joined if there are several."""
    return _text_of(graph, node, name, 0, set())


def _text_of(graph: Graph, node: Node, name: str, depth: int, seen: set[str]) -> str:
    value = node.values.get(name)
    if isinstance(value, str):
        return value
    found = graph.source(node, name)
    if found is None or depth > MAX_DEPTH or found[0].id in seen or len(seen) > MAX_STEPS:
        return ""
    source = found[0]
    seen.add(source.id)
    joined = [key for key in _JOINED if key in source.values or key in source.links]
    if joined:
        separator = source.values.get("delimiter", source.values.get("separator", ""))
        parts = [_text_of(graph, source, key, depth + 1, seen) for key in joined]
        text = (separator if isinstance(separator, str) else "").join(filter(None, parts))
        return text[: MAX_PROMPT_CHARACTERS + 1]
    for key in (name, *_TEXTS):
        if key in source.values or key in source.links:
            return _text_of(graph, source, key, depth + 1, seen)
    return ""
