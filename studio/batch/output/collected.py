"""Collect all texts of a batch in one file (CSV, JSONL, Markdown or Word)."""

from __future__ import annotations

import importlib.util
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from studio.batch.output.finished_batch import FinishedBatch
from studio.batch.output.report import write_numbered
from studio.batch.output.rows import ReportRow, rows_of, table_as_csv
from studio.core.errors import StudioError
from studio.core.translation import tr

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


@dataclass(frozen=True)
class _Entry:
    """One result of a row, or a row without one."""

    row: ReportRow
    columns: Mapping[str, str]
    text: str
    file: str

    def values(self) -> dict[str, str | int | None]:
        """Return the entry as a line of a table."""
        row = self.row
        return {
            "line": row.line,
            "prompt": row.request.prompt,
            "seed": row.request.seed,
            "state": row.state,
            "error": row.error,
            **self.columns,
            "text": self.text,
            "file": self.file,
        }

    @property
    def title(self) -> str:
        """The heading in a document."""
        return f"{self.row.line}. {' '.join(self.row.request.prompt.split())[:200]}"

    @property
    def body(self) -> str:
        """The text below the heading."""
        return self.text or self.file or f"({self.row.error or self.row.state})"


def check_collect(file_format: str) -> None:
    """Raise StudioError for a format that is unknown or lacks its library; "" is valid."""
    if file_format and file_format not in FORMATS:
        raise StudioError(
            tr("{name} is not a format for collected texts.", name=repr(file_format[:40])),
            cause="invalid",
            cure=tr("Use one of: {names}.", names=", ".join(FORMATS)),
        )
    if file_format == "docx" and not _has_docx():
        raise StudioError(
            tr("Word documents need python-docx, which is not installed."),
            cause="invalid",
            cure=tr("Run: pip install 'studio[office]', or collect in md."),
        )


def _has_docx() -> bool:
    return importlib.util.find_spec("docx") is not None


def write_collected(finished: FinishedBatch) -> list[Path]:
    """Write the collected texts if the batch asks for them; return the path. Raises OSError."""
    file_format = finished.batch.collect
    if not file_format:
        return []
    if file_format == "docx" and not _has_docx():  # the batch was started by another installation
        file_format = "md"
    entries = [entry for row in rows_of(finished) for entry in _entries(row)]
    content = _WRITERS[file_format](entries)
    return write_numbered(finished.folder, STEM, {f".{file_format}": content})


def _entries(row: ReportRow) -> Iterator[_Entry]:
    """Yield an entry for each result of a row, or one without text."""
    columns = {name: value for name, value in row.row.columns.items() if name not in _OWN}
    for path in row.files or (None,):
        yield _Entry(row, columns, _text(path), path.name if path else "")


def _text(path: Path | None) -> str:
    if path is None or path.suffix.lower() not in (".txt", ".md"):
        return ""
    try:
        with path.open("rb") as file:
            return file.read(MAX_TEXT_BYTES).decode(errors="replace")
    except OSError:  # the user moved it
        return ""


def _as_csv(entries: Sequence[_Entry]) -> bytes:
    columns = {name: None for entry in entries for name in entry.columns}
    header = ["line", *columns, *_OWN[1:]]
    lines = (entry.values() for entry in entries)
    return table_as_csv(header, ([line.get(name, "") for name in header] for line in lines))


def _as_jsonl(entries: Sequence[_Entry]) -> bytes:
    return b"".join(msgspec.json.encode(entry.values()) + b"\n" for entry in entries)


def _as_md(entries: Sequence[_Entry]) -> bytes:
    sections = (f"## {entry.title}\n\n{entry.body.strip()}\n" for entry in entries)
    return "\n".join(sections).encode(errors="replace")


def _as_docx(entries: Sequence[_Entry]) -> bytes:
    from docx import Document

    document = Document()
    for entry in entries:
        document.add_heading(_NOT_IN_XML.sub("", entry.title), level=2)
        for paragraph in _NOT_IN_XML.sub("", entry.body).strip().split("\n\n"):
            document.add_paragraph(paragraph)
    output = io.BytesIO()
    document.save(output)
    return _without_times(output)


def _without_times(document: io.BytesIO) -> bytes:
    """Remove the times of a zip file's members, so that equal texts give equal bytes."""
    output = io.BytesIO()
    with (
        zipfile.ZipFile(document) as source,
        zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for member in source.infolist():
            target.writestr(
                zipfile.ZipInfo(member.filename), source.read(member), zipfile.ZIP_DEFLATED
            )
    return output.getvalue()


_WRITERS = {"csv": _as_csv, "jsonl": _as_jsonl, "md": _as_md, "docx": _as_docx}
