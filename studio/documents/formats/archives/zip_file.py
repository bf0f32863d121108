"""Write zip files whose bytes depend on their content only."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable

_DATE = (1980, 1, 1, 0, 0, 0)


def zip_bytes(parts: Iterable[tuple[str, str]], first: tuple[str, str] | None = None) -> bytes:
    """Return a zip file of parts (name, text). `first` is stored uncompressed, as a file's type."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        if first is not None:
            _add(archive, *first, zipfile.ZIP_STORED)
        for name, text in parts:
            _add(archive, name, text, zipfile.ZIP_DEFLATED)
    return output.getvalue()


def _add(archive: zipfile.ZipFile, name: str, text: str, method: int) -> None:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, text.encode("utf-8"), method)
