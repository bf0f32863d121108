"""The commands of `python -m tools.translations`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from babel.messages.catalog import Catalog

from tools.translations.calls import scan
from tools.translations.catalog import (
    CODES,
    compiled,
    entries,
    mo_path,
    read_catalog,
    texts,
    translations,
    updated,
    write_catalog,
)
from tools.translations.checks import check
from tools.translations.chinese import punctuate
from tools.translations.resource_texts import scan_all
from tools.translations.unwrapped import DONE, find, read_done


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return 1 if a check fails."""
    options = _parser().parse_args(arguments)
    return int(options.run(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.translations", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: object, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command

    add("update", _update, "Write the messages of the source into each .po file.")
    add("compile", _compile, "Write each .mo file from its .po file.")
    merge = add("merge", _merge, "Add translations from JSON files, then update and compile.")
    merge.add_argument("files", nargs="+", type=Path, metavar="FILE.json")
    merge.add_argument("--replace", action="store_true", help="Change translations that exist.")
    merge.add_argument("--language", default=CODES[0], choices=CODES)
    missing = add("missing", _missing, "Print the untranslated messages of paths, as JSON.")
    missing.add_argument("paths", nargs="*", type=Path)
    missing.add_argument("--language", default=CODES[0], choices=CODES)
    add("check", _check, "Fail for faults in calls, catalogs, and paths listed as done.")
    unwrapped = add("unwrapped", _unwrapped, "List texts for the user that are not translatable.")
    unwrapped.add_argument("paths", nargs="*", type=Path)
    return parser


def _update(_options: argparse.Namespace) -> int:
    uses = scan_all().uses
    for language in CODES:
        write_catalog(updated(read_catalog(language), uses))
    return 0


def _compile(_options: argparse.Namespace) -> int:
    for language in CODES:
        path = mo_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(compiled(read_catalog(language)))
    return 0


def _merge(options: argparse.Namespace) -> int:
    catalog = updated(read_catalog(options.language), scan_all().uses)
    unknown: list[str] = []
    for file in options.files:
        for text, translation in json.loads(file.read_text(encoding="utf-8")).items():
            if not _translate(catalog, text, translation, options.replace):
                unknown.append(text)
    for text in unknown:
        sys.stderr.write(f"Not in the source: {text!r}\n")
    write_catalog(catalog)
    return _compile(options)


def _translate(
    catalog: Catalog, text: str, translation: str | dict[str, str], replace: bool
) -> bool:
    """Set a translation, or one per context; return False if the message is unknown.

    A translation that exists stays, so that a text is the same wherever it is shown.
    """
    by_context = translation if isinstance(translation, dict) else {"": translation}
    for context, shown in by_context.items():
        entry = catalog.get(text, context or None)
        if entry is None:
            return False
        shown, before = punctuate(shown), translations(entry)[0]
        if shown and before and shown != before and not replace:
            sys.stderr.write(f"Kept: {text!r} is {before!r}, not {shown!r}; see --replace\n")
        elif shown:
            entry.string = shown if isinstance(entry.id, str) else (shown,) * catalog.num_plurals
    return True


def _missing(options: argparse.Namespace) -> int:
    catalog = updated(
        read_catalog(options.language),
        scan(options.paths).uses if options.paths else scan_all().uses,
    )
    by_text: dict[str, dict[str, str]] = {}
    for entry in sorted(entries(catalog), key=texts):
        if not all(translations(entry)):
            by_text.setdefault(texts(entry)[0], {})[entry.context or ""] = ""
    result = {text: found if any(found) else "" for text, found in by_text.items()}
    sys.stdout.write(json.dumps(result, ensure_ascii=False, indent=1) + "\n")
    return 0


def _check(_options: argparse.Namespace) -> int:
    faults = [*check(scan_all()), *(f"{one} is not translatable" for one in find(read_done()))]
    return _report(faults, f"{len(faults)} faults; see docs/translations.md.\n")


def _unwrapped(options: argparse.Namespace) -> int:
    found = [str(one) for one in find(options.paths or read_done())]
    return _report(found, f"{len(found)} texts; finished paths are listed in {DONE.name}.\n")


def _report(lines: Iterable[str], summary: str) -> int:
    shown = list(lines)
    for line in shown:
        sys.stdout.write(f"{line}\n")
    if shown:
        sys.stdout.write(summary)
    return 1 if shown else 0


if __name__ == "__main__":
    sys.exit(main())
