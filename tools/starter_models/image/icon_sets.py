"""Draws icon sets to RGBA arrays, with names and keywords."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from tools.starter_models.image.icons import Icon, draw
from tools.starter_models.image.profile import Profile

STYLES = {
    "fluent-emoji-flat": "flat icon",
    "fluent-emoji": "3d icon",
    "noto": "cartoon",
    "openclipart": "clip art",
}
_VARIANTS = re.compile(
    r"(^|-)(light|medium|dark|medium-light|medium-dark)(-skin-tone.*)?$|skin-tone|^flag|^keycap|"
    r"^regional"
)
"""Other skin colors of the same image, flags and digits: not trained on."""
_LEFT_OUT = re.compile(
    r"pistol|gun|bomb|dagger|crossed-swords|cigarette|coffin|headstone|funeral|syringe|hamsa|prayer"
    r"|menorah|kaaba|mosque|synagogue|"
    r"shinto|hindu|place-of-worship|^om$|star-of-david|wheel-of-dharma|yin-yang|latin-cross|"
    r"orthodox-cross|star-and-crescent|"
    r"middle-finger|love-hotel|statue-of-liberty|map-of-japan|tokyo-tower|military"
)
"""Weapons, religious signs, politics: see NOTICE."""
_RARE_KEYWORD = 3
"""Keywords of more images than this are too general to be used."""


def concepts(profile: Profile) -> set[str]:
    """Return the names of the icons that a profile is limited to; empty for all."""
    return set(_listed(profile.concepts))


def together(profile: Profile) -> dict[str, str]:
    """Return the icons of composed images → their common names or ""; empty for all icons."""
    return {
        key: word
        for key, _equals, word in (entry.partition("=") for entry in _listed(profile.together))
    }


def _listed(name: str) -> list[str]:
    return (
        (files(__package__) / "concepts" / f"{name}.txt").read_text(encoding="utf-8").split()
        if name
        else []
    )


def build(packages: Path, profile: Profile) -> tuple[list[Icon], NDArray[np.uint8]]:
    """Draw all images of a profile; return the icons and RGBA images (icons, side, side, 4)."""
    wanted = concepts(profile)
    words = _Words(packages)
    icons, images = [], []
    for name in profile.sets:
        if name == "openclipart":
            from tools.starter_models.image.clipart import draw_all

            made = draw_all(packages / name, profile.side)
        else:
            made = _draw_set(packages / name / "package", name, profile.side, words, wanted)
        for icon, image in made:
            icons.append(icon)
            images.append(image)
    return _without_common_keywords(icons), np.stack(images)


def _draw_set(
    folder: Path, source: str, side: int, words: _Words, wanted: set[str]
) -> Iterator[tuple[Icon, NDArray[np.uint8]]]:
    table = json.loads((folder / "icons.json").read_text(encoding="utf-8"))
    characters = _characters(folder)
    width, height = table.get("width", 16), table.get("height", 16)
    for key, entry in sorted(table["icons"].items()):
        if (wanted and key not in wanted) or _VARIANTS.search(key) or _LEFT_OUT.search(key):
            continue
        box = (
            f"{entry.get('left', 0)} {entry.get('top', 0)} {entry.get('width', width)} "
            f"{entry.get('height', height)}"
        )
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="{box}">{entry["body"]}</svg>'
        )
        icon = words.icon(key, source, characters.get(key, ""))
        if icon.group not in ("Flags", "People & Body", "Symbols"):
            yield icon, draw(svg, side)


def _characters(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for codes, key in json.loads((folder / "chars.json").read_text(encoding="utf-8")).items():
        found.setdefault(key, _plain("".join(chr(int(code, 16)) for code in codes.split("-"))))
    return found


class _Words:
    """Names, keywords and groups of characters, from three tables."""

    def __init__(self, packages: Path) -> None:
        annotations = (
            packages
            / "cldr-annotations-full"
            / "package"
            / "annotations"
            / "en"
            / "annotations.json"
        )
        self._cldr = _by_character(
            json.loads(annotations.read_text(encoding="utf-8"))["annotations"]["annotations"]
        )
        keywords = packages / "emojilib" / "package" / "dist" / "emoji-en-US.json"
        self._keywords = _by_character(json.loads(keywords.read_text(encoding="utf-8")))
        groups = packages / "unicode-emoji-json" / "package" / "data-by-emoji.json"
        self._groups = _by_character(json.loads(groups.read_text(encoding="utf-8")))

    def icon(self, key: str, source: str, character: str) -> Icon:
        entry = self._groups.get(character, {})
        cldr = self._cldr.get(character, {})
        names = [key.replace("-", " "), entry.get("name", ""), *cldr.get("tts", [])]
        keywords = [
            *cldr.get("default", []),
            *(word.replace("_", " ") for word in self._keywords.get(character, [])),
        ]
        names = [name.lower() for name in names if name.isascii() and name]
        keywords = [
            word.lower()
            for word in keywords
            if word.isascii() and len(word) > 1 and word.lower() not in names
        ]
        return Icon(
            key,
            source,
            tuple(dict.fromkeys(names)),
            tuple(dict.fromkeys(keywords)),
            entry.get("group", ""),
        )


def _by_character(table: dict[str, Any]) -> dict[str, Any]:
    return {_plain(character): entry for character, entry in table.items()}


def _plain(character: str) -> str:
    return character.replace("\ufe0f", "")  # the selector of the colored form


def _without_common_keywords(icons: list[Icon]) -> list[Icon]:
    count = Counter(
        word for key in {icon.key: icon for icon in icons}.values() for word in key.keywords
    )
    names = {name for icon in icons for name in icon.names}
    return [
        msgspec.structs.replace(
            icon,
            keywords=tuple(
                word for word in icon.keywords if count[word] <= _RARE_KEYWORD and word not in names
            ),
        )
        for icon in icons
    ]


def save(folder: Path, icons: list[Icon], images: NDArray[np.uint8]) -> None:
    """Write `icons.json` and `images.npz`."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / "images.npz", images=images)
    (folder / "icons.json").write_bytes(msgspec.json.encode(icons))


def read(folder: Path) -> tuple[list[Icon], NDArray[np.uint8]]:
    """Read what `save` wrote."""
    icons = msgspec.json.decode((folder / "icons.json").read_bytes(), type=list[Icon])
    with np.load(folder / "images.npz") as arrays:
        return icons, arrays["images"]
