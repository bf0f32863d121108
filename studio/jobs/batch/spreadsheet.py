"""Reading .xlsx: the cells as a person sees them, as texts. Never runs or computes anything."""

from __future__ import annotations

import datetime
import io
import itertools
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from studio.core.errors import Problem, StudioError
from studio.jobs.batch.read import MAX_LINE_CHARACTERS, MAX_ROWS, RawRow, check_header

SUFFIX = ".xlsx"
MAX_COLUMNS = 256
MAX_UNPACKED_BYTES = 400 * 2**20
"""Of all parts of the file together."""
MAX_PARTS = 5_000
_LAST_ROW = 1_048_576
"""What the format allows; a file may claim more."""
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError, AttributeError, IndexError, SyntaxError, EOFError,
    NotImplementedError, RuntimeError, OverflowError, OSError, MemoryError, AssertionError,
)  # fmt: skip
"""What a damaged file makes of zipfile, the XML parser (its errors are SyntaxErrors) and openpyxl, which checks little."""


def read_spreadsheet(data: bytes, sheet: str = "") -> tuple[list[RawRow], str]:
    """Return a row for each row of the first sheet, or of the one of that name, and the sheet's name.

    The first row that is not empty names the columns. A formula counts as the value that was stored with it. Raises StudioError.
    """
    try:
        import openpyxl
    except ImportError as error:
        raise StudioError(
            "Spreadsheets need openpyxl, which is not installed.",
            cause="invalid",
            cure="Run: pip install 'studio[office]', or save the sheet as CSV.",
        ) from error
    try:
        _check_size(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, which are not read
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
            chosen = _choose(book, sheet)
            rows, name = list(_rows(book, data, chosen)), str(book[chosen].title)
    except StudioError:
        raise
    except _DAMAGED as error:
        raise StudioError(
            "The spreadsheet cannot be read; it may be damaged or protected.", cause="invalid", cure="Save it anew, or as CSV."
        ) from error
    if not rows:
        raise StudioError(f"The sheet {name!r} holds no prompts.", cause="invalid", cure="Write one prompt a row.")
    return rows, name


def sheet_names(data: bytes) -> list[str]:
    """Return the names of the spreadsheet's sheets; none where it cannot be read."""
    try:
        import openpyxl

        _check_size(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [
                sheet.title for sheet in openpyxl.load_workbook(io.BytesIO(data), read_only=True, keep_links=False).worksheets
            ]
    except (ImportError, StudioError, *_DAMAGED):
        return []


def _check_size(data: bytes) -> None:
    # What zipfile unpacks is never more than a part's entry says.
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise StudioError("The spreadsheet is too large unpacked.", cause="invalid", cure="Save the sheet as CSV.")


def _choose(book: Any, wanted: str) -> str:
    names = [sheet.title for sheet in book.worksheets]
    if not names:
        raise StudioError("The spreadsheet has no sheet.", cause="invalid", cure="Save the sheet as CSV.")
    if wanted and wanted not in names:
        shown = ", ".join(repr(name[:40]) for name in names[:10])
        raise StudioError(f"There is no sheet {wanted[:40]!r}.", cause="invalid", cure=f"There are: {shown}.")
    return str(wanted or names[0])


def _rows(book: Any, data: bytes, name: str) -> Iterator[RawRow]:
    header: list[str] | None = None
    values: dict[int, tuple[Any, ...]] | None = None
    count = 0
    for line, cells in _lines(book[name]):
        formulas = [place for place, cell in enumerate(cells) if cell is not None and cell.data_type == "f"]
        if formulas and values is None:
            values = _stored_values(data, name)
        row = values.get(line, ()) if values is not None else ()
        texts, problem = _texts(cells, {place: row[place] if place < len(row) else None for place in formulas})
        if not any(text.strip() for text in texts) and problem is None:
            continue
        if header is None:
            header = check_header(_without_end(texts))
            if len(header) > MAX_COLUMNS:
                raise StudioError(
                    f"The sheet has more than {MAX_COLUMNS} columns.", cause="invalid", cure="Keep those that count."
                )
            continue
        count += 1
        if count > MAX_ROWS:
            raise StudioError(f"The sheet has more than {MAX_ROWS:,} rows.", cause="invalid", cure="Split it into several files.")
        texts = _without_end(texts)
        if len(texts) > len(header):
            problem = problem or Problem("row", f"has {len(texts)} cells; the header has {len(header)}")
        found = {column: text for column, text in zip(header, texts, strict=False) if text.strip()}
        yield RawRow(line, {} if problem else found, (problem,) if problem else ())


def _lines(sheet: Any) -> Iterator[tuple[int, tuple[Any, ...]]]:
    # Limits are given, because the size that stands in the file may be wrong, or a trap.
    found = sheet.iter_rows(min_row=1, max_row=_LAST_ROW, min_col=1, max_col=MAX_COLUMNS + 1)
    empty: tuple[Any, ...] | None = None
    for line, cells in enumerate(itertools.islice(found, _LAST_ROW), start=1):
        if cells is empty:
            continue
        filled = tuple(None if cell.value is None else cell for cell in cells)
        if any(cell is not None for cell in filled):
            yield line, filled
        else:
            empty = cells  # one object stands for all rows of a gap


def _stored_values(data: bytes, name: str) -> dict[int, tuple[Any, ...]]:
    """Return the values that were stored with the formulas: line → cells."""
    import openpyxl

    return dict(_lines(openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)[name]))


def _texts(cells: tuple[Any, ...], stored: dict[int, Any]) -> tuple[list[str], Problem | None]:
    """Return a row's texts; `stored` are the cells with the values of its formulas."""
    texts: list[str] = []
    problem = None
    for place, cell in enumerate(cells):
        found = stored.get(place, cell)
        text = "" if found is None else _text(found.value)
        if cell is not None and found is None:
            problem = Problem("row", f"has a formula in {cell.coordinate} without a stored value; paste it as a value")
        elif found is not None and found.data_type == "e":
            problem = Problem("row", f"has the error {text[:20]} in {cell.coordinate}")
        elif len(text) > MAX_LINE_CHARACTERS:
            problem = Problem("row", f"has more than {MAX_LINE_CHARACTERS:,} characters in {cell.coordinate}")
        texts.append(text)
    return texts, problem


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        text = value.isoformat(" ") if isinstance(value, datetime.datetime) else value.isoformat()
        return text.removesuffix(" 00:00:00")
    return str(value)


def _without_end(texts: list[str]) -> list[str]:
    while texts and not texts[-1].strip():
        texts.pop()
    return texts
