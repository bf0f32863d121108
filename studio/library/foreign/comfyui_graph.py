"""ComfyUI's graph: nodes whose inputs are values or links to another node's output.

The API format, which ComfyUI writes as `prompt`: node id → `class_type` and `inputs`, in which a
link is `[node id, output]`. Every walk is limited in length and visits a node once, so that cycles
and hostile graphs end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from studio.library.foreign.draft import JsonObject, as_integer, as_list, as_object

MAX_NODES = 5_000
MAX_STEPS = 200
"""Nodes that one walk visits."""
MAX_TOTAL_STEPS = 50_000
"""Links that are followed in one graph, apart from walks upstream."""
_VALUE_NAMES = (
    "value",
    "Value",
    "int",
    "float",
    "number",
    "Number",
    "string",
    "String",
    "text",
    "seed",
    "noise_seed",
    "a",
)
"""Inputs in which nodes that only pass on a value have it."""
_PASSED_ON = ("", "value", "any", "input", "anything", "source", "*")
"""Inputs of nodes that pass on a link, such as Reroute."""


@dataclass(frozen=True)
class Link:
    """An input that comes from another node."""

    node: str
    output: int


@dataclass(frozen=True)
class Node:
    """A node of the graph."""

    id: str
    kind: str
    title: str = ""
    values: dict[str, object] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)


class Graph:
    """The nodes by id."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes = {node.id: node for node in nodes}
        self._steps_left = MAX_TOTAL_STEPS

    def source(self, node: Node, *names: str) -> tuple[Node, int] | None:
        """Return the node and output to which the first linked of these inputs leads."""
        link = next((node.links[name] for name in names if name in node.links), None)
        return self.follow(link) if link is not None else None

    def follow(self, link: Link) -> tuple[Node, int] | None:
        """Return the node and output of a link, past nodes that only pass it on."""
        for _ in range(MAX_STEPS):
            node = self.nodes.get(link.node)
            self._steps_left -= 1
            if node is None or self._steps_left < 0:
                return None
            passed = next((node.links[name] for name in _PASSED_ON if name in node.links), None)
            if passed is None or len(node.links) > 1:
                return node, link.output
            link = passed
        return None

    def value(self, node: Node, *names: str) -> object:
        """Return the value of the first of these inputs, also through a node that has it."""
        for name in names:
            if name in node.values:
                return node.values[name]
            if name in node.links:
                return self._linked_value(node.links[name], name)
        return None

    def _linked_value(self, link: Link, name: str) -> object:
        for _ in range(MAX_STEPS):
            found = self.follow(link)
            if found is None:
                return None
            node, _output = found
            names = (name, *_VALUE_NAMES)
            value = next((node.values[key] for key in names if key in node.values), None)
            following = next((node.links[key] for key in names if key in node.links), None)
            if value is not None or following is None:
                return value
            link = following
        return None

    def upstream(self, start: Node, follows: Callable[[str], bool]) -> Iterator[Node]:
        """Yield `start` and the nodes that it depends on, nearest first.

        `follows`: whether to follow an input of this name.
        """
        waiting, seen = deque([start]), {start.id}
        while waiting and len(seen) <= MAX_NODES:
            node = waiting.popleft()
            yield node
            for name, link in node.links.items():
                found = self.nodes.get(link.node)
                if found is not None and found.id not in seen and follows(name):
                    seen.add(found.id)
                    waiting.append(found)


def read_graph(source: JsonObject) -> Graph:
    """Return the graph of the API format; nodes that are malformed are left out."""
    nodes = []
    for node_id, value in list(source.items())[:MAX_NODES]:
        node = as_object(value)
        kind = node.get("class_type")
        if isinstance(kind, str):
            title = as_object(node.get("_meta")).get("title")
            values, links = _split(as_object(node.get("inputs")))
            named = title if isinstance(title, str) else ""
            nodes.append(Node(node_id, kind, named, values, links))
    return Graph(nodes)


def _split(inputs: JsonObject) -> tuple[dict[str, object], dict[str, Link]]:
    values, links = {}, {}
    for name, value in inputs.items():
        link = as_link(value)
        if link is not None:
            links[name] = link
        else:
            # some interfaces write {"content": …} or {"__value__": …} around a value
            inner = as_object(value)
            values[name] = inner.get("content", inner.get("__value__", value))
    return values, links


def as_link(value: object) -> Link | None:
    """Return the link that a value of the API format is; None for a plain value."""
    parts = as_list(value)
    if len(parts) != 2 or isinstance(parts[1], (str, float)):
        return None
    output = as_integer(parts[1])
    node = parts[0] if isinstance(parts[0], str) else as_integer(parts[0])
    return Link(str(node), output) if output is not None and node is not None else None
