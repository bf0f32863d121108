"""All texts of a batch in one file: CSV, JSONL, Markdown or Word, besides a file a row."""

from __future__ import annotations

import importlib.util
import io
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from studio.batch.output.report import write_numbered
from studio.batch.output.rows import ReportRow, rows_of, table_as_csv
from studio.core.artifact import Artifact
from studio.core.errors import StudioError
from studio.core.jobs import Batch, Job

FORMATS = {
    "csv": "a table",
    "jsonl": "one JSON object a line",
    "md": "Markdown",
    "docx": "a Word document",
}
STEM = "collected"
MAX_TEXT_BYTES = 16 * 2**20
_OWN = ("line", "prompt", "text", "file", "seed", "state", "error")
_NOT_IN_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def check_collect(wanted: str) -> None:
    """Raise StudioError where texts cannot be collected so."""
    if wanted and wanted not in FORMATS:
        raise StudioError(
            f"{wanted[:40]!r} is no format to collect in.",
            cause="invalid",
            cure=f"There are: {', '.join(FORMATS)}.",
        )
    if wanted == "docx" and importlib.util.find_spec("docx") is None:
        raise StudioError(
            "Word documents need python-docx, which is not installed.",
            cause="invalid",
            cure="Run: pip install 'studio[office]', or collect in md.",
        )


def write_collected(
    batch: Batch, jobs: list[Job], artifacts: dict[str, list[Artifact]]
) -> list[Path]:
    """Write the collected file that the batch wants, numbered where it exists; nothing where it
    wants none. Raises OSError.
    """
    if not batch.collect:
        return []
    suffix = batch.collect
    if (
        suffix == "docx" and importlib.util.find_spec("docx") is None
    ):  # begun by another installation: nothing is lost
        suffix = "md"
    entries = [entry for row in rows_of(batch, jobs, artifacts) for entry in _entries(row)]
    return write_numbered(Path(batch.folder), STEM, {f".{suffix}": _WRITERS[suffix](entries)})


def _entries(row: ReportRow) -> Iterable[dict[str, Any]]:
    """Yield a line for each of a row's results; one without text where it has none."""
    common = {
        "line": row.line,
        "prompt": row.request.prompt,
        "seed": row.request.seed,
        "state": row.state,
        "error": row.error,
    }
    columns = {name: value for name, value in row.row.columns.items() if name not in _OWN}
    for path in row.files or (None,):
        yield {**common, **columns, "text": _text(path), "file": path.name if path else ""}


def _text(path: Path | None) -> str:
    if path is None or path.suffix.lower() not in (".txt", ".md"):
        return ""
    try:
        with path.open("rb") as file:
            return file.read(MAX_TEXT_BYTES).decode(errors="replace")
    except OSError:  # moved away by the person
        return ""


def _header(entries: list[dict[str, Any]]) -> list[str]:
    columns = {name: None for entry in entries for name in entry if name not in _OWN}
    return ["line", *columns, *_OWN[1:]]


def _as_csv(entries: list[dict[str, Any]]) -> bytes:
    header = _header(entries)
    return table_as_csv(header, ([entry.get(name, "") for name in header] for entry in entries))


def _as_jsonl(entries: list[dict[str, Any]]) -> bytes:
    return b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries)


def _title(entry: dict[str, Any]) -> str:
    return f"{entry['line']}. {' '.join(entry['prompt'].split())[:200]}"


def _body(entry: dict[str, Any]) -> str:
    return entry["text"] or entry["file"] or f"({entry['error'] or entry['state']})"


def _as_md(entries: list[dict[str, Any]]) -> bytes:
    return "\n".join(f"## {_title(entry)}\n\n{_body(entry).strip()}\n" for entry in entries).encode(
        errors="replace"
    )


def _as_docx(entries: list[dict[str, Any]]) -> bytes:
    from docx import Document

    document = Document()
    for entry in entries:
        document.add_heading(_NOT_IN_XML.sub("", _title(entry)), level=2)
        for paragraph in _NOT_IN_XML.sub("", _body(entry)).strip().split("\n\n"):
            document.add_paragraph(paragraph)
    output = io.BytesIO()
    document.save(output)
    return _without_times(output)


def _without_times(document: io.BytesIO) -> bytes:
    """Return a zip file without the times of its members, so that the same texts are the same
    bytes.
    """
    output = io.BytesIO()
    with (
        zipfile.ZipFile(document) as before,
        zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for member in before.infolist():
            after.writestr(
                zipfile.ZipInfo(member.filename), before.read(member), zipfile.ZIP_DEFLATED
            )
    return output.getvalue()


_WRITERS = {"csv": _as_csv, "jsonl": _as_jsonl, "md": _as_md, "docx": _as_docx}
