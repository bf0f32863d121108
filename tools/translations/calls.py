"""Find the calls of `tr`, `tr_plural` and `mark` in the source, and what is wrong with them."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "studio"
FUNCTIONS = {"tr": 1, "tr_plural": 2, "mark": 1}
"""Function of `studio.core.translation` → the number of its texts, which must be literals."""


LATE = "studio/cli/"
"""These files are imported when the language is chosen already: it is that of their help."""


class Message(NamedTuple):
    """A text to translate."""

    text: str
    plural: str = ""
    context: str = ""


class Use(NamedTuple):
    """A message and the file that uses it, relative to the checkout."""

    message: Message
    path: str


class Scan(NamedTuple):
    """What the calls of some files use, and their faults."""

    uses: list[Use]
    problems: list[str]


def scan(paths: Iterable[Path] = ()) -> Scan:
    """Read the calls of these Python files and folders; of all of `studio/` by default."""
    uses: list[Use] = []
    problems: list[str] = []
    for path in python_files(paths or (SOURCE,)):
        name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
        found, wrong = scan_source(path.read_text(encoding="utf-8"), name)
        uses += found
        problems += wrong
    return Scan(uses, problems)


def python_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the Python files among files and below folders, sorted."""
    for path in paths:
        yield from sorted(path.resolve().rglob("*.py")) if path.is_dir() else (path.resolve(),)


def scan_source(source: str, path: str) -> Scan:
    """Read the calls of one file. Raises SyntaxError."""
    result = Scan([], [])
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (count := FUNCTIONS.get(called_name(node))):
            _read_call(node, count, path, result)
    if not path.startswith(LATE):
        result.problems.extend(_early_calls(tree, path))
    return result


def called_name(call: ast.Call) -> str:
    """Return `f` for `f()`, `.f` for `a.b.f()`, "" for anything else."""
    target = call.func
    if isinstance(target, ast.Attribute):
        return f".{target.attr}"
    return target.id if isinstance(target, ast.Name) else ""


def placeholders(text: str) -> list[str]:
    """Return the sorted names in braces. Raises ValueError for braces that do not match."""
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def _early_calls(node: ast.AST, path: str) -> Iterator[str]:
    """Yield a fault for each translation that happens while the module is imported."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _early_calls(child.args, path)  # the defaults
            continue
        if isinstance(child, ast.Call) and called_name(child) in ("tr", "tr_plural", "tr_marked"):
            yield (
                f"{path}:{child.lineno}: the language is not chosen when a module is imported. "
                "Use mark() here, and tr_marked() where the text is shown."
            )
        yield from _early_calls(child, path)


def _read_call(call: ast.Call, count: int, path: str, result: Scan) -> None:
    place = f"{path}:{call.lineno}"
    literals = [arg.value for arg in call.args[:count] if isinstance(arg, ast.Constant)]
    texts = [text for text in literals if text and isinstance(text, str)]
    if len(texts) != count:
        result.problems.append(
            f"{place}: the text must be a literal. Put values into {{placeholders}}; translate a "
            "text from elsewhere with tr_marked()."
        )
        return
    context = _context(call)
    if context is None:
        result.problems.append(f"{place}: the context must be a literal.")
        return
    result.problems.extend(f"{place}: {fault}" for fault in _value_faults(call, texts))
    message = Message(texts[0], texts[1] if count == 2 else "", context)
    result.uses.append(Use(message, path))


def _context(call: ast.Call) -> str | None:
    """Return the literal context, "" without one, or None if it is not a literal."""
    values = [keyword.value for keyword in call.keywords if keyword.arg == "context"]
    if called_name(call) == "mark":
        values += call.args[1:2]
    if not values:
        return ""
    value = values[0].value if isinstance(values[0], ast.Constant) else None
    return value if isinstance(value, str) else None


def _value_faults(call: ast.Call, texts: list[str]) -> Iterator[str]:
    """Compare the placeholders with the values that the call passes."""
    name = called_name(call)
    passed = {keyword.arg for keyword in call.keywords if keyword.arg != "context"}
    if name == "mark" or None in passed or (name == "tr" and not passed):
        return  # formatted elsewhere, or not at all
    known = passed | {"count"} if name == "tr_plural" else passed
    all_used: set[str] = set()
    for text in texts:
        try:
            used = set(placeholders(text))
        except ValueError as error:
            yield f"{text!r}: {error}."
            return
        all_used |= used
        if missing := sorted(used - known):
            yield f"{text!r} has no value for {', '.join(missing)}."
    if unused := sorted(str(one) for one in passed - all_used):
        yield f"{texts[0]!r} does not use {', '.join(unused)}."
