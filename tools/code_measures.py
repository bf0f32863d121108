"""Print the measures of the code in docs/architecture.md: `python -m tools.code_measures`.

`--check` fails when a measure exceeds its limit in LIMITS. A change that improves a measure
lowers its limit; no change raises one.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

COLUMNS = 100

LIMITS: dict[str, float] = {
    "file lines p50": 130,
    "file lines p95": 400,
    "file lines max": 450,
    "function lines p50": 8,
    "function lines p95": 28,
    "function lines max": 100,
    "entries of the largest package folder": 20,
    "import cycles": 0,
    "getattr with a default / 1000 lines": 0.5,
    "broad excepts / 1000 lines": 0.3,
    "parameters typed dict": 40,
    "parameters typed Mapping / 1000 lines": 1.1,
    "lines over 100 columns": 10,
    "# fmt: skip": 0,
    "words": 99,
}
"""Measure → the highest value that passes; "words" is the sum over all words."""

PLACES = ("identifiers", "docstrings", "comments", "strings")

WORDS = {
    "told": "told",
    "tells": "tells",
    "said": "said",
    "says": "says",
    "heard": "heard",
    "given": "given",
    "wish": "wish(?:es)?",
    "beside": "beside",
    "anew": "anew",
    "is none": "is none",
    "see-through": "see[-_]through",
    "talking": "talking",
    "worn": "worn",
    "had": "had",
    "picture": "pictures?",
    "sound": "sounds?",
    "film": "films?",
    "processor": "processors?",
    "bits": "bits",
    "door": "doors?",
    "gate": "gates?",
    "tape": "tapes?",
    "nursery": "nursery",
    "hunger": "hunger",
}
"""Words that the language rules exclude, with their forms; counted in every sense."""

_PATTERNS = {word: re.compile(rf"(?<![a-z]){forms}(?![a-z])") for word, forms in WORDS.items()}
_MAPPINGS = {"Mapping", "MutableMapping"}
_BROAD = {"Exception", "BaseException"}
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass
class Measures:
    """Counts over the files read so far."""

    files: list[int] = field(default_factory=list)
    """Lines of each file, except for `__init__.py` files that hold a docstring only."""
    functions: list[int] = field(default_factory=list)
    """Lines of each function and method, from `def` to its last line, docstring included."""
    lines: int = 0
    long_lines: int = 0
    format_skips: int = 0
    getattr_defaults: int = 0
    broad_excepts: int = 0
    dict_parameters: int = 0
    mapping_parameters: int = 0
    words: dict[str, Counter[str]] = field(
        default_factory=lambda: {place: Counter() for place in PLACES}
    )

    def add(self, source: str) -> None:
        """Count one file. Raises SyntaxError."""
        tree = ast.parse(source)
        lines = source.splitlines()
        self.lines += len(lines)
        self.long_lines += sum(len(line) > COLUMNS for line in lines)
        if len(tree.body) > 1 or (tree.body and not _is_string_statement(tree.body[0])):
            self.files.append(len(lines))
        self._add_nodes(tree)
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                self.format_skips += token.string.startswith("# fmt: skip")
                self._add_words("comments", token.string)

    def _add_nodes(self, tree: ast.Module) -> None:
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self.functions.append((node.end_lineno or node.lineno) - node.lineno + 1)
                annotations = [parameter.annotation for parameter in _parameters(node.args)]
                self.dict_parameters += sum(
                    _is_typed(annotation, {"dict"}) for annotation in annotations
                )
                self.mapping_parameters += sum(
                    _is_typed(annotation, _MAPPINGS) for annotation in annotations
                )
            elif isinstance(node, ast.Call):
                self.getattr_defaults += _called(node) == "getattr" and len(node.args) == 3
                self.broad_excepts += _called(node) == "suppress" and any(map(_is_broad, node.args))
            elif isinstance(node, ast.ExceptHandler):
                self.broad_excepts += _is_broad(node.type) and not _raises_again(node)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                self._add_words("docstrings" if id(node) in docstrings else "strings", node.value)
            for name in _identifiers(node):
                self._add_words("identifiers", _HUMPS.sub("_", name))

    def _add_words(self, place: str, text: str) -> None:
        for word, pattern in _PATTERNS.items():
            # None is Python's; a sentence has "is none".
            self.words[place][word] += len(
                pattern.findall(text if word == "is none" else text.lower())
            )


def measure(folder: Path) -> Measures:
    """Return the measures of all Python files below a folder."""
    measures = Measures()
    for path in sorted(folder.rglob("*.py")):
        measures.add(path.read_text(encoding="utf-8"))
    return measures


def largest_folder(folder: Path) -> tuple[int, str]:
    """Return how many modules and subpackages the largest package folder has, and its name;
    `__init__.py` isn't counted.
    """
    parents = {
        folder,
        *(path for path in folder.rglob("*") if path.is_dir() and any(path.glob("*.py"))),
    }
    sizes = (
        (sum(_is_entry(path) for path in parent.iterdir()), str(parent.relative_to(folder.parent)))
        for parent in parents
    )
    return max(sizes)


def import_cycles(package: str) -> list[list[str]]:
    """Return the groups of modules, and of packages side by side, that import each other; type-only
    imports count.
    """
    from grimp import build_graph  # comes with import-linter

    graph = build_graph(package, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    found = _cycles(imports)
    for parent in sorted(graph.modules):
        depth = parent.count(".") + 2
        siblings: dict[str, set[str]] = {child: set() for child in graph.find_children(parent)}
        for module, imported in imports.items():
            importer = ".".join(module.split(".")[:depth])
            if importer in siblings:
                siblings[importer] |= {".".join(other.split(".")[:depth]) for other in imported} & (
                    siblings.keys() - {importer}
                )
        found += [cycle for cycle in _cycles(siblings) if cycle not in found]
    return found


def rows(folder: Path) -> Iterator[tuple[str, float, str]]:
    """Yield (measure, value, remark) for a package folder."""
    measures = measure(folder)
    for name, lengths in (("file", measures.files), ("function", measures.functions)):
        yield f"{name} lines p50", percentile(lengths, 50), f"{len(lengths)} {name}s"
        yield f"{name} lines p95", percentile(lengths, 95), ""
        yield f"{name} lines max", max(lengths, default=0), ""
    yield "entries of the largest package folder", *largest_folder(folder)
    cycles = import_cycles(folder.name)
    yield "import cycles", len(cycles), "; ".join(" ↔ ".join(cycle) for cycle in cycles)
    thousands = max(measures.lines, 1) / 1000
    yield (
        "getattr with a default / 1000 lines",
        round(measures.getattr_defaults / thousands, 2),
        f"{measures.getattr_defaults}",
    )
    yield (
        "broad excepts / 1000 lines",
        round(measures.broad_excepts / thousands, 2),
        f"{measures.broad_excepts}",
    )
    yield "parameters typed dict", measures.dict_parameters, ""
    yield (
        "parameters typed Mapping / 1000 lines",
        round(measures.mapping_parameters / thousands, 2),
        f"{measures.mapping_parameters}",
    )
    yield f"lines over {COLUMNS} columns", measures.long_lines, f"of {measures.lines}"
    yield "# fmt: skip", measures.format_skips, ""
    for word in WORDS:
        counts = [measures.words[place][word] for place in PLACES]
        remark = ", ".join(
            f"{count} {place}" for count, place in zip(counts, PLACES, strict=True) if count
        )
        yield f'word "{word}"', sum(counts), remark
    yield (
        "words",
        sum(sum(counts.values()) for counts in measures.words.values()),
        "sum of the above",
    )


def exceeded(values: Iterable[tuple[str, float, str]], limits: Mapping[str, float]) -> list[str]:
    """Return a sentence for each measure above its limit. Raises KeyError for a limit of an unknown
    measure.
    """
    by_name = {name: value for name, value, _remark in values}
    return [
        f"{name} is {by_name[name]:g}, limit {limit:g}"
        for name, limit in limits.items()
        if by_name[name] > limit
    ]


def percentile(values: Sequence[int], percent: int) -> int:
    """Return the nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; with `--check` return 1 if a limit is exceeded."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path("studio"),
        help="an importable package's folder",
    )
    parser.add_argument("--check", action="store_true", help="fail when a limit is exceeded")
    chosen = parser.parse_args(arguments)
    values = list(rows(chosen.folder))
    sys.stdout.write("| measure | value | limit | remark |\n|---|---:|---:|---|\n")
    for name, value, remark in values:
        limit = f"{LIMITS[name]:g}" if name in LIMITS else ""
        sys.stdout.write(f"| {name} | {value:g} | {limit} | {remark} |\n")
    problems = exceeded(values, LIMITS) if chosen.check else []
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    return 1 if problems else 0


def _is_entry(path: Path) -> bool:
    if path.is_dir():
        return any(path.glob("*.py"))
    return path.suffix == ".py" and path.name != "__init__.py"


def _is_string_statement(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _parameters(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    yield from (extra for extra in (arguments.vararg, arguments.kwarg) if extra is not None)


def _is_typed(annotation: ast.expr | None, types: Collection[str]) -> bool:
    """True for one of the types, alone or in a union."""
    if isinstance(annotation, ast.BinOp):
        return _is_typed(annotation.left, types) or _is_typed(annotation.right, types)
    if isinstance(annotation, ast.Subscript):
        annotation = annotation.value
    return isinstance(annotation, ast.Name) and annotation.id in types


def _called(call: ast.Call) -> str:
    return (
        call.func.id
        if isinstance(call.func, ast.Name)
        else call.func.attr
        if isinstance(call.func, ast.Attribute)
        else ""
    )


def _is_broad(caught: ast.expr | None) -> bool:
    if isinstance(caught, ast.Tuple):
        return any(map(_is_broad, caught.elts))
    return caught is None or (isinstance(caught, ast.Name) and caught.id in _BROAD)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    """True for clean-up-and-raise: the last statement raises the caught exception."""
    last = handler.body[-1]
    if not isinstance(last, ast.Raise):
        return False
    return last.exc is None or (isinstance(last.exc, ast.Name) and last.exc.id == handler.name)


def _identifiers(node: ast.AST) -> Iterator[str]:
    """Yield the names of a node: variables, attributes, parameters, definitions and imports."""
    for name in ("id", "attr", "arg", "name", "asname", "module"):
        value = getattr(node, name, None)
        if isinstance(value, str):
            yield value
    if isinstance(node, ast.Global | ast.Nonlocal):
        yield from node.names


def _cycles(imports: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the strongly connected groups of more than one node, sorted."""
    reachable = {node: _reachable(node, imports) for node in imports}
    groups = {
        frozenset(other for other in reachable[node] if node in reachable[other])
        for node in imports
    }
    return sorted(sorted(group) for group in groups if len(group) > 1)


def _reachable(start: str, imports: Mapping[str, Iterable[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        new = set(imports.get(waiting.pop(), ())) - seen
        seen |= new
        waiting += new
    return seen


if __name__ == "__main__":
    sys.exit(main())
