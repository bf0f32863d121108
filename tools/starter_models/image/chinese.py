"""The Chinese words that the starter understands: names and keywords of Unicode CLDR's annotations,
the commonest.

Written once to `resources/words/chinese.tsv`, which the engine reads. jieba's dictionary (MIT) says
which are nouns.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

_CHINESE = re.compile(r"[\u4e00-\u9fff]{1,6}")
_LEFT_OUT_GROUPS = ("Flags", "People & Body", "Symbols")
_LEFT_OUT = re.compile(
    r"pistol|temple|tokyo|map of|statue|gun|bomb|dagger|sword|cigarette|coffin|headstone|syringe|"
    r"mosque|synagogue|"
    r"shrine|kaaba|worship"
)
_SPREAD = 3
"""A keyword that more characters have says nothing about any of them."""
_HEAD = """\
# Chinese word or emoji, tab, English. Written by `python -m tools.starter_models.image.chinese`.
# From Unicode CLDR 48.2 annotations (zh, en): Copyright (c) 1991-2026 Unicode, Inc., Unicode License v3, see NOTICE.
"""  # noqa: E501


def write(packages: Path, names: dict[str, str], target: Path, count: int = 2_000) -> None:
    """Write the `count` commonest words, and the emoji of what the model draws. `names`: emoji →
    the name that it knows.
    """
    chinese, english, groups = (
        _by_character(_table(packages, which)) for which in ("zh", "en", "groups")
    )
    common, nouns = _frequencies()
    spread = Counter(word for entry in chinese.values() for word in entry.get("default", []))
    best: dict[str, tuple[Any, ...]] = {}
    for character, entry in chinese.items():
        name = names.get(character) or english.get(character, {}).get("tts", [""])[0].lower()
        group = groups.get(character, {}).get("group", "Symbols")
        if not name.isascii() or not name or group in _LEFT_OUT_GROUPS or _LEFT_OUT.search(name):
            continue
        titles = entry.get("tts", [])
        for word in dict.fromkeys([*titles, *entry.get("default", [])]):
            is_title = word in titles
            if not _CHINESE.fullmatch(word) or not (
                is_title or (spread[word] <= _SPREAD and len(word) > 1 and word in nouns)
            ):
                continue
            rank = (not is_title, character not in names, len(entry.get("default", [])), name)
            best[word] = min(best.get(word, rank), rank)
    chosen = sorted(
        best, key=lambda word: (best[word][1] or best[word][0], -common.get(word, 0), word)
    )[:count]
    lines = [f"{word}\t{best[word][3]}" for word in sorted(chosen)]
    lines += [f"{character}\t{name}" for character, name in sorted(names.items()) if character]
    target.write_text(_HEAD + "\n".join(lines) + "\n", encoding="utf-8")


def _table(packages: Path, which: str) -> dict[str, Any]:
    if which == "groups":
        path = packages / "unicode-emoji-json" / "package" / "data-by-emoji.json"
        return dict(json.loads(path.read_text(encoding="utf-8")))
    path = (
        packages / "cldr-annotations-full" / "package" / "annotations" / which / "annotations.json"
    )
    return dict(json.loads(path.read_text(encoding="utf-8"))["annotations"]["annotations"])


def _by_character(table: dict[str, Any]) -> dict[str, Any]:
    return {character.replace("\ufe0f", ""): entry for character, entry in table.items()}


def _frequencies() -> tuple[dict[str, int], set[str]]:
    """Return how often words occur, and which are nouns."""
    import jieba

    common, nouns = {}, set()
    with jieba.get_module_res("dict.txt") as file:
        for line in file:
            word, times, kind = line.decode("utf-8").split(" ")
            common[word] = int(times)
            if kind.startswith("n"):
                nouns.add(word)
    return common, nouns


def main() -> None:
    """Write the list: arguments are the folder of the packages, `icons.json` of the trained model,
    and the file to write.
    """
    import sys

    packages, icons, target = (Path(argument) for argument in sys.argv[1:4])
    characters: dict[str, str] = {}
    for codes, key in json.loads(
        (packages / "fluent-emoji-flat" / "package" / "chars.json").read_text(encoding="utf-8")
    ).items():
        character = "".join(chr(int(code, 16)) for code in codes.split("-")).replace("\ufe0f", "")
        characters.setdefault(key, character)
    names = {
        characters[icon["key"]]: icon["names"][0]
        for icon in json.loads(icons.read_bytes())
        if icon["key"] in characters
    }
    write(packages, names, target)


if __name__ == "__main__":
    main()
