"""Reads the quatrains that the model learns from, in simplified characters.

A quatrain is a poem of four lines, or the first or second half of a regulated verse of eight, which
has the same form. Kept are those that rhyme, nearly keep the rules of tones by today's readings,
and use no rare character.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from studio.engine.text.quatrain.prosody import pattern_is_level
from studio.text_checks.han_rhymes import main_rhyme
from studio.text_checks.tones import LEVEL, OBLIQUE, tones_of

FILE = "quatrains.jsonl"
SKIPPED_TITLES = re.compile("[颂偈赞铭挽]|语录|帖子|口号|法身|佛|禅")
"""Verses of teaching, and greetings to the court."""
MOST_FAULTS = 2
"""Characters that may break a rule of tones."""
_MARKS = re.compile("[，。！？；：、]")
_ORDER = re.compile(
    r"[（(].*?[)）]|其?[一二三四五六七八九十百]+首?$|[一二三四五六七八九十百]+[首绝韵]"
)
_HAN = re.compile("[\u4e00-\u9fff]")
# Variants that the conversion leaves.
_VARIANTS = str.maketrans("疎隠浄沉着戚鬬徧寃閒峯尙絶歩呑", "疏隐净沉着戚斗遍冤闲峰尚绝步吞")


class Quatrain(NamedTuple):
    """Four lines of five or seven characters, and the title without numbers."""

    title: str
    lines: tuple[str, str, str, str]
    pattern: int
    """A place in `layout.PATTERNS`: 1 if the second character of the first line is level, plus 2 if
    that line rhymes.
    """
    rhyme: str


def prepare(sources: Path, work: Path) -> int:
    """Write the quatrains as JSON lines; return their number. Skip what is there already."""
    target = work / FILE
    if target.exists():
        with target.open(encoding="utf-8") as file:
            return sum(1 for _ in file)
    part = target.with_suffix(".part")
    count = 0
    with part.open("w", encoding="utf-8") as file:
        for quatrain in _kept(_simplified(sources)):
            file.write(json.dumps(quatrain, ensure_ascii=False) + "\n")
            count += 1
    part.replace(target)
    return count


def read(work: Path) -> list[Quatrain]:
    """Return the quatrains that `prepare` wrote."""
    with (work / FILE).open(encoding="utf-8") as file:
        rows: Iterator[list[Any]] = map(json.loads, file)
        return [Quatrain(row[0], tuple(row[1]), row[2], row[3]) for row in rows]


def _simplified(sources: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield titles and lines of poems of four or eight equally long lines."""
    sys.path.insert(0, str(sources / "opencc"))
    try:
        from opencc_purepy import OpenCC  # type: ignore[import-not-found]
    finally:
        sys.path.pop(0)
    converter = OpenCC("t2s")
    folder = sources / "chinese-poetry" / "package" / "dist" / "quantangshi"
    for path in sorted(folder.glob("poet.*.json"), key=lambda path: path.name):
        for poem in json.loads(path.read_text(encoding="utf-8")):
            text = "".join(poem["paragraphs"]).strip()
            lines = [line for line in _MARKS.split(text) if line]
            if len(lines) in (4, 8) and {len(line) for line in lines} in ({5}, {7}):
                whole = converter.convert("\n".join([poem.get("title", ""), *lines]))
                title, *lines = whole.translate(_VARIANTS).split("\n")
                yield title, lines


def _kept(poems: Iterable[tuple[str, list[str]]]) -> Iterator[Quatrain]:
    seen: set[tuple[str, ...]] = set()
    for title, lines in poems:
        if SKIPPED_TITLES.search(title):
            continue
        for first in range(0, len(lines), 4):
            half = tuple(lines[first : first + 4])
            if half in seen or not is_common("".join(half)):
                continue
            seen.add(half)
            if (found := _quatrain(title, half)) is not None:
                yield found


def _quatrain(title: str, lines: tuple[str, ...]) -> Quatrain | None:
    second, fourth = lines[1][-1], lines[3][-1]
    rhyme = _rhyme(second)
    if rhyme != _rhyme(fourth) or second == fourth or LEVEL not in _tones(second) & _tones(fourth):
        return None
    repeated = sum(count - 1 for count in Counter("".join(lines)).values())
    if repeated > 2 or len(set(lines)) < 4:
        return None
    first = 2 * (LEVEL in _tones(lines[0][-1]) and rhyme == _rhyme(lines[0][-1]))
    faults, level = min((tone_faults(lines, level), level) for level in (0, 1))
    if faults > MOST_FAULTS:
        return None
    return Quatrain(clean_title(title), lines, level + first, rhyme)  # type: ignore[arg-type]


def tone_faults(lines: Iterable[str], level: int) -> int:
    """Return how many even characters have another tone than the pattern's; `level`: 0 or 1."""
    return sum(
        (LEVEL if pattern_is_level(bool(level), number, at) else OBLIQUE) not in _tones(line[at])
        for number, line in enumerate(lines)
        for at in range(1, len(line), 2)
        if at < len(line) - 1
    )


def clean_title(title: str) -> str:
    """Return the Chinese characters of the last part of a title, without numbers; at most seven."""
    parts = [_ORDER.sub("", part) for part in re.split(r"[\s·]+", title)]
    kept = [part for part in parts if part and _HAN.search(part)]
    found = "".join(_HAN.findall(kept[0] if kept else ""))
    return found if len(found) <= 7 and is_common(found) else ""


@cache
def is_common(text: str) -> bool:
    """Return whether all characters are of the 6 763 of the standard GB 2312."""
    try:
        return len(text.encode("gb2312")) == 2 * len(text)
    except UnicodeEncodeError:
        return False


@cache
def _rhyme(character: str) -> str:
    return main_rhyme(character)


@cache
def _tones(character: str) -> frozenset[str]:
    return tones_of(character)
