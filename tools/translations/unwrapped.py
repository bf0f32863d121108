"""Find texts for the user that are not translatable.

Two rules find them: a literal, or a constant of the module, that is passed to one of SINKS; and a
literal anywhere that reads like a sentence. A comment `# not translated: why` is an exception: on
one of the literal's lines, on the first line of its statement, or on the line above that.
Folders in NOT_SHOWN are left out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tools.translations.calls import ROOT, called_name, python_files
from tools.translations.sinks import ALL, KEYWORDS, SINKS

DONE = Path(__file__).with_name("done.txt")
"""One finished file or folder a line; a check fails for each text that is found there."""
NOT_SHOWN = {
    "studio/documents/formats/writers/parts": "names of styles that Word and LibreOffice know",
    "studio/speech_text": "words of the language that is spoken",
    "studio/text_checks": "words to compare with, and messages that only --json prints",
    "studio/text_tasks/model_prompts": "texts for models, in the language of the prompt",
}
"""Folder → why its texts stay as they are."""
EXCEPTION = "# not translated"
TRANSLATING = {"tr", "tr_plural", "mark", "tr_marked"}
_STRING_METHODS = {".strip", ".format", ".join", ".rstrip", ".lower", ".upper", ".title"}
_BUILTIN_ERRORS = {
    *("ValueError", "TypeError", "RuntimeError", "AssertionError", "KeyError", "IndexError"),
    *("OSError", "NotImplementedError", "AttributeError", "LookupError", "EOFError"),
}
_LOGGING = {".debug", ".info", ".warning", ".error", ".exception", ".critical", ".log"}
_NAMES = re.compile(
    r"\b(Studio|PNG|WAV|FLAC|OGG|Vorbis|MP3|MP4|JPEG|WebP|AVIF|MIDI|JSON|CSV|TOML|YAML|Excel|Markdown|"
    r"CPU|GPU|LoRA|UTF-8|Ctrl|Shift|Alt|Esc|kB|MB|GB|ms|px|studio)\b"
)
_FILE_NAME = re.compile(r"[\w*./-]*\.\w+")
_WORD = re.compile(r"[A-Za-z]{2,}")
_PROSE = re.compile(
    r"^[A-Z][a-z]*[’']?[a-z]* .*[a-z]{2}"
    r"|^[^/\\_<>=;]*[a-z]{2} [a-z]+.*[.…?!]$"
    r"|^(\{\} )?[a-z]+,?( [a-z]+,?){2,}( \{\})?$",  # a part of a sentence
    re.DOTALL,
)
_SQL = re.compile(
    r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|PRAGMA|WITH|BEGIN|ATTACH|REPLACE)\b"
)


class Text(NamedTuple):
    """A text that is not translatable."""

    path: str
    line: int
    text: str
    why: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text[:70]!r} ({self.why})"


def read_done() -> list[Path]:
    """Return the finished files and folders."""
    lines = DONE.read_text(encoding="utf-8").splitlines()
    return [ROOT / line for line in lines if line and not line.startswith("#")]


def find(paths: Iterable[Path]) -> Iterator[Text]:
    """Yield the texts in Python files and folders."""
    for path in python_files(paths):
        name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
        if not any(name.startswith(f"{folder}/") for folder in NOT_SHOWN):
            yield from find_in(path.read_text(encoding="utf-8"), name)


def find_in(source: str, path: str) -> list[Text]:
    """Return the texts in one file, by line. Raises SyntaxError."""
    finder = _Finder(source, path)
    finder.visit(ast.parse(source))
    by_place = {(text.line, text.text): text for text in finder.found}
    return sorted(by_place.values(), key=lambda text: text.line)


class _Finder(ast.NodeVisitor):
    def __init__(self, source: str, path: str) -> None:
        self.found: list[Text] = []
        self._path = path
        self._lines = source.splitlines()
        self._statement: ast.stmt | None = None
        self._literals: dict[str, ast.expr] = {}
        """Module constant → its literal."""
        self._marked: set[str] = set()
        """Module constants made with `mark`."""

    def visit(self, node: ast.AST) -> None:
        before = self._statement
        if isinstance(node, ast.stmt):
            self._statement = node
            if _is_skipped(node):
                return
        super().visit(node)
        self._statement = before

    def visit_Module(self, node: ast.Module) -> None:
        for statement in node.body:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                name, value = statement.targets[0].id, statement.value
                if _literal(value) is not None:
                    self._literals[name] = value
                elif isinstance(value, ast.Call) and called_name(value) == "mark":
                    self._marked.add(name)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for decorator in node.decorator_list:
            if (
                isinstance(decorator, ast.Call)
                and called_name(decorator) in (".command", ".callback")
                and not any(keyword.arg == "help" for keyword in decorator.keywords)
            ):
                self._add(decorator, ast.get_docstring(node) or node.name, "help of a command")
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = called_name(node)
        if name in TRANSLATING or name in _LOGGING:
            for keyword in node.keywords:
                self.visit(keyword)
            return
        for argument in _shown_arguments(node, name):
            self._check_shown(argument, name.removeprefix("."))
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in self._marked and isinstance(node.ctx, ast.Load):
            self._add(node, node.id, "without tr_marked")

    def visit_Constant(self, node: ast.Constant) -> None:
        self._check_prose(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._check_prose(node)
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                self.visit(value)

    def _check_prose(self, node: ast.expr) -> None:
        text = _literal(node) or ""
        if _PROSE.search(text) and not _SQL.match(text) and _has_words(text):
            self._add(node, text, "a sentence")

    def _check_shown(self, node: ast.expr, sink: str) -> None:
        """Check the expression of a text that is shown."""
        if (text := _literal(node)) is not None:
            if _has_words(text):
                self._add(node, text, sink)
        elif isinstance(node, ast.Name):
            if node.id in self._literals and _has_words(_literal(self._literals[node.id]) or ""):
                self._add(node, node.id, sink)
        else:
            for part in _parts(node):
                self._check_shown(part, sink)

    def _add(self, node: ast.expr, text: str, why: str) -> None:
        first = self._statement.lineno if self._statement is not None else node.lineno
        lines = {first, *range(node.lineno, (node.end_lineno or node.lineno) + 1)}
        above = self._lines[first - 2].strip() if first > 1 else ""
        if above.startswith(EXCEPTION):
            return
        if not any(EXCEPTION in self._lines[line - 1] for line in lines):
            self.found.append(Text(self._path, node.lineno, text, why))


def _is_skipped(node: ast.stmt) -> bool:
    """True for an error of the program itself, which no user reads."""
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        return called_name(node.exc) in _BUILTIN_ERRORS
    return isinstance(node, ast.Assert)


def _shown_arguments(call: ast.Call, name: str) -> Iterator[ast.expr]:
    places = SINKS.get(name, ())
    for at, argument in enumerate(call.args):
        if places is ALL or at in places:
            yield argument
    shown = KEYWORDS.get(name, frozenset())
    yield from (keyword.value for keyword in call.keywords if keyword.arg in shown)


def _parts(node: ast.expr) -> list[ast.expr]:
    """Return the expressions that a text consists of, without those of calls."""
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.BoolOp):
        return node.values
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.List | ast.Tuple):
        return node.elts
    if isinstance(node, ast.Dict):
        return node.values
    if isinstance(node, ast.Call) and called_name(node) in _STRING_METHODS:
        assert isinstance(node.func, ast.Attribute)
        return [node.func.value, *node.args]
    return []


def _literal(node: ast.expr) -> str | None:
    """Return a literal's text, with {} for the values of an f-string; None for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        return "".join(map(str, parts))
    return None


def _has_words(text: str) -> bool:
    return bool(_WORD.search(_NAMES.sub("", text))) and not _FILE_NAME.fullmatch(text)
