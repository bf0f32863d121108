"""Read and write the catalogs: .po files for people, .mo files for the program."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from studio.core.translation import DOMAIN, ENGLISH, LANGUAGES
from tools.translations.calls import ROOT, Message, Use

FOLDER = ROOT / "resources" / "translations"
WIDTH = 100
CODES = [language for language in LANGUAGES if language != ENGLISH]


class StableCatalog(Catalog):
    """A catalog whose files depend on its messages only, not on dates and versions."""

    def _get_mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Language", str(self.locale_identifier)),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", self.plural_forms),
        ]

    mime_headers = property(_get_mime_headers, lambda _self, _headers: None)


def po_path(language: str, folder: Path = FOLDER) -> Path:
    """Return the path of the catalog that people edit."""
    return folder / f"{language}.po"


def mo_path(language: str, folder: Path = FOLDER) -> Path:
    """Return the path of the compiled catalog."""
    return folder / language / "LC_MESSAGES" / f"{DOMAIN}.mo"


def read_catalog(language: str, folder: Path = FOLDER) -> Catalog:
    """Read a .po file; an empty catalog if it is missing."""
    if not po_path(language, folder).exists():
        return Catalog(locale=language)
    with po_path(language, folder).open("rb") as file:
        return read_po(file, locale=language)


def write_catalog(catalog: Catalog, folder: Path = FOLDER) -> None:
    """Write a .po file, sorted by text and without line numbers, so that changes stay small."""
    buffer = io.BytesIO()
    write_po(buffer, catalog, WIDTH, omit_header=True, sort_output=True, include_lineno=False)
    language = str(catalog.locale_identifier)
    stable = StableCatalog(locale=language)
    fields = "".join(f'"{name}: {value}\\n"\n' for name, value in stable.mime_headers)
    header = (
        f"# Translations of Studio into {LANGUAGES[language]}; see docs/translations.md.\n"
        f'msgid ""\nmsgstr ""\n{fields}\n'
    )
    content = header + buffer.getvalue().decode().rstrip("\n") + "\n"
    po_path(language, folder).write_text(content, encoding="utf-8", newline="\n")


def compiled(catalog: Catalog) -> bytes:
    """Return the content of the .mo file."""
    stable = StableCatalog(locale=str(catalog.locale_identifier))
    for entry in catalog:
        if entry.id:
            stable.add(entry.id, entry.string, context=entry.context)
    buffer = io.BytesIO()
    write_mo(buffer, stable)
    return buffer.getvalue()


def updated(catalog: Catalog, uses: Iterable[Use]) -> Catalog:
    """Return a catalog of the messages in use, with the translations that exist."""
    result = Catalog(locale=str(catalog.locale_identifier))
    places: dict[Message, set[str]] = {}
    for use in uses:
        places.setdefault(use.message, set()).add(use.path)
    for message, paths in places.items():
        before = catalog.get(message.text, message.context or None)
        key = (message.text, message.plural) if message.plural else message.text
        string = before.string if before is not None and before.id == key else None
        result.add(
            key,
            string,
            locations=[(path, 0) for path in sorted(paths)],
            context=message.context or None,
        )
    return result


def entries(catalog: Catalog) -> list[Entry]:
    """Return the messages, without the header."""
    return [entry for entry in catalog if entry.id]


def texts(entry: Entry) -> list[str]:
    """Return the English texts: one, or singular and plural."""
    return [entry.id] if isinstance(entry.id, str) else list(entry.id)


def translations(entry: Entry) -> list[str]:
    """Return the translated forms; empty texts where one is missing."""
    if isinstance(entry.string, str):
        return [entry.string]
    return list(entry.string) if entry.string else [""]
