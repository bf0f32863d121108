"""Collect the regular expressions of Studio's source, and build strings that make a bad one
slow.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import itertools
import re
import sys
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

STUDIO = Path(__file__).parents[1] / "studio"
_CALLS = {"compile", "match", "search", "fullmatch", "sub", "subn", "split", "findall", "finditer"}
_ANCHORED = {"match", "fullmatch"}


class Found(NamedTuple):
    """A pattern and how it is used."""

    place: str
    """Module and line."""
    pattern: re.Pattern[Any]
    is_search: bool
    """False where only `match` and `fullmatch` use it: these try one place."""


def collect() -> list[Found]:
    """Return the patterns that Studio compiles at import, and those that it passes to `re` as
    literals.
    """
    compiled: dict[tuple[str, int], list[re.Pattern[Any]]] = {}
    with _recorded(compiled):
        for path in sorted(STUDIO.rglob("*.py")):
            name = ".".join(path.relative_to(STUDIO.parent).with_suffix("").parts).removesuffix(
                ".__init__"
            )
            if not name.endswith("__main__"):
                with contextlib.suppress(
                    ImportError
                ):  # modules of the engine without torch: their literals count
                    importlib.import_module(name)
    found: dict[tuple[str, str, int], Found] = {}
    texts = {str(path): path.read_text(encoding="utf-8") for path in STUDIO.rglob("*.py")}
    for file, text in texts.items():
        module = str(Path(file).relative_to(STUDIO.parent))
        names = _names_by_line(text)
        for (origin, line), patterns in compiled.items():
            if origin == file:
                methods = _methods(
                    names.get(line, ""),
                    texts.values() if not names.get(line, "_").startswith("_") else [text],
                )
                for pattern in patterns:
                    key = (module, repr(pattern.pattern), pattern.flags)
                    found[key] = Found(
                        f"{module}:{line}", pattern, not methods or not methods <= _ANCHORED
                    )
        for line, method, literal, flags in _literals(text):
            pattern = re.compile(literal, flags)
            key = (module, repr(literal), pattern.flags)
            found.setdefault(key, Found(f"{module}:{line}", pattern, method not in _ANCHORED))
    return list(found.values())


@contextlib.contextmanager
def _recorded(compiled: dict[tuple[str, int], list[re.Pattern[Any]]]) -> Iterator[None]:
    """Import Studio's modules afresh, without torch, and record what they compile by file and
    line.
    """
    kept = {
        name: module
        for name, module in sys.modules.items()
        if name == "studio" or name.startswith("studio.")
    }
    for name in kept:
        del sys.modules[name]
    heavy = {
        name: sys.modules.get(name)
        for name in ("torch", "onnxruntime", "PySide6", "transformers", "diffusers")
    }
    sys.modules.update(dict.fromkeys(("torch", "onnxruntime", "transformers", "diffusers")))  # type: ignore[arg-type]
    original = re._compile  # type: ignore[attr-defined]

    def compile_(pattern: Any, flags: int) -> re.Pattern[Any]:
        made: re.Pattern[Any] = original(pattern, flags)
        frame: types.FrameType | None = sys._getframe(2)
        if frame is not None and frame.f_code.co_filename.startswith(str(STUDIO)):
            compiled.setdefault((frame.f_code.co_filename, frame.f_lineno), []).append(made)
        return made

    re._compile = compile_  # type: ignore[attr-defined]
    try:
        yield
    finally:
        re._compile = original  # type: ignore[attr-defined]
        for name in [
            name for name in sys.modules if name == "studio" or name.startswith("studio.")
        ]:
            del sys.modules[name]
        sys.modules.update(kept)
        for name, module in heavy.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module


def _names_by_line(text: str) -> dict[int, str]:
    """Return the name that each line's statement assigns, for assignments to one name."""
    names = {}
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Call)
        ):
            names |= dict.fromkeys(
                range(node.lineno, (node.end_lineno or node.lineno) + 1), node.targets[0].id
            )
    return names


def _methods(name: str, texts: Any) -> set[str]:
    if not name:
        return set()
    used = re.compile(rf"\b{re.escape(name)}\b(?:\.(\w+))?(?!\s*=\s*re\.)")
    return {found[1] or "" for text in texts for found in used.finditer(text)}


def _literals(text: str) -> Iterator[tuple[int, str, str | bytes, int]]:
    """Yield (line, function, pattern, flags) of each call of `re` with a literal pattern."""
    for node in ast.walk(ast.parse(text)):
        if (
            not isinstance(node, ast.Call)
            or not isinstance(node.func, ast.Attribute)
            or not node.args
        ):
            continue
        owner, first = node.func.value, node.args[0]
        if (
            isinstance(owner, ast.Name)
            and owner.id == "re"
            and node.func.attr in _CALLS
            and isinstance(first, ast.Constant)
        ):
            flags = {
                name.attr
                for name in ast.walk(node)
                if isinstance(name, ast.Attribute) and name.attr.isupper()
            }
            yield (
                node.lineno,
                node.func.attr,
                first.value,
                sum(int(getattr(re, flag)) for flag in flags if hasattr(re, flag)),
            )


# Hostile strings
# ----------------------------------------------------------------------

_EXAMPLES = {
    sre.CATEGORY_DIGIT: "1",
    sre.CATEGORY_SPACE: " \n",
    sre.CATEGORY_WORD: "a",
    sre.CATEGORY_NOT_DIGIT: "a",
    sre.CATEGORY_NOT_SPACE: "a",
    sre.CATEGORY_NOT_WORD: "!",
}


def pieces(pattern: re.Pattern[Any], most: int = 8) -> list[str]:
    """Return texts that the pattern looks for: runs of its literals, and an example of each class
    of characters.
    """
    found: dict[str, None] = {}

    def walk(nodes: Any) -> None:
        run = ""
        for operator, argument in nodes:
            if operator is sre.LITERAL:
                run += chr(argument)
                continue
            if run:
                found.setdefault(run)
                run = ""
            for text in _examples(operator, argument):
                found.setdefault(text)
            for inner in _inner(operator, argument):
                walk(inner)
        if run:
            found.setdefault(run)

    walk(_parser.parse(pattern.pattern, pattern.flags))
    singles = [text for text in found if len(text) == 1]
    words = [text for text in found if len(text) > 1]
    short = most * 2 // 3
    return [*dict.fromkeys([*singles[:short], *words[: most - min(len(singles), short)], "a", " "])]


def _examples(operator: Any, argument: Any) -> Iterator[str]:
    if operator in (sre.ANY, sre.NOT_LITERAL):
        yield "a"
    elif operator is sre.IN:
        for kind, value in argument:
            if kind is sre.LITERAL:
                yield chr(value)
            elif kind is sre.RANGE:
                yield chr(value[0])
            elif kind is sre.CATEGORY:
                yield from _EXAMPLES.get(value, "a")


def _inner(operator: Any, argument: Any) -> Iterator[Any]:
    if operator is sre.BRANCH:
        yield from argument[1]
    elif operator is sre.SUBPATTERN:
        yield argument[3]
    elif operator in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        yield argument[2]
    elif operator in (sre.ASSERT, sre.ASSERT_NOT):
        yield argument[1]
    elif operator is sre.ATOMIC_GROUP:
        yield argument


def hostile(pattern: re.Pattern[Any]) -> Iterator[Callable[[int], Any]]:
    """Yield functions size → string: a piece repeated, two in turn, and one repeated behind
    another, with an end that fails.
    """
    parts = pieces(pattern)
    is_bytes = isinstance(pattern.pattern, bytes)

    def build(head: str, unit: str) -> Callable[[int], Any]:
        def make(size: int) -> Any:
            text = head + unit * (size // len(unit)) + "\x01"
            return text.encode("latin-1", errors="ignore") if is_bytes else text

        return make

    for unit in parts:
        yield build("", unit)
    for first, second in itertools.permutations(parts, 2):
        yield build("", first + second)
        yield build(first, second)


def seconds(found: Found, text: Any) -> float:
    """Return the CPU time of all matches in the text."""
    begin = time.process_time()
    if found.is_search:
        for _match in found.pattern.finditer(text):
            pass
    else:
        found.pattern.match(text)
        found.pattern.fullmatch(text)
    return time.process_time() - begin


def growth(found: Found, *, size: int = 4_000, suspicious: float = 0.0015) -> tuple[float, str]:
    """Return a ratio of CPU time above 8 between a string and one four times as long, with its
    beginning; else 0.

    Linear is 4, quadratic 16. A string of `size` characters that takes less than `suspicious`
    seconds is not compared: times so short are noise.
    """
    for make in hostile(found.pattern):
        if any(
            seconds(found, make(few)) > 0.05 for few in (size // 64, size // 16, size // 4)
        ):  # cubic and worse
            return float("inf"), repr(make(size)[:30])
        once = min(seconds(found, make(size)) for _ in range(2))
        if once >= suspicious and (ratio := seconds(found, make(4 * size)) / once) >= 8:
            ratio = min(ratio, seconds(found, make(4 * size)) / once)
            if ratio >= 8:
                return ratio, repr(make(size)[:30])
    return 0.0, ""
