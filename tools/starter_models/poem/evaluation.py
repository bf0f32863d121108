"""Judges the poems: form, rhyme, tones, words of the subject, and what is copied from the data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from studio.engine.text.quatrain.model import QuatrainModel
from studio.engine.text.quatrain.sampling import Wanted, write_poems
from studio.text_checks.tones import check_tones
from studio.text_checks.verse import check_form
from studio.text_tasks.model_prompts.quatrain import layout
from studio.text_tasks.model_prompts.quatrain.subject import read_lexicon, read_subject
from tools.starter_models.poem.corpus import Quatrain

# Chosen before the first poem was read.
SUBJECTS = (
    "秋天的月亮",
    "江南春雨",
    "冬夜读书",
    "送朋友远行",
    "山中古寺",
    "边塞",
    "思念故乡",
    "荷花",
    "钓鱼的老人",
    "登高",
    "长城",
    "黄昏的大海",
    "妈妈",
    "火车",
    "咖啡",
    "毕业",
    "失眠",
    "梅花和雪",
    "战争与和平",
    "小猫",
)


class Report:
    """Counts over the poems of `SUBJECTS`."""

    def __init__(self) -> None:
        self.poems: list[tuple[str, str]] = []
        """Subject and text."""
        self.form = self.tones = self.covered = self.known_lines = 0
        self.longest_copy = 0
        """Characters of the longest piece of a line that the data has, too."""


def evaluate(
    model: QuatrainModel,
    folder: Path,
    quatrains: Sequence[Quatrain],
    report: Callable[[str], None],
) -> Report:
    """Write a poem about each subject, its form by turns, and report what the checks find."""
    found, lexicon = Report(), read_lexicon(folder)
    pieces = _pieces(line for one in quatrains for line in one.lines)
    for number, text in enumerate(SUBJECTS):
        form = list(layout.FORMS)[number % 2]
        subject = read_subject(text, lexicon)
        wanted = Wanted(form, subject.title, subject.words)
        (poem,) = write_poems(model, wanted, 1, number, 0.8)
        found.poems.append((text, poem.text))
        found.form += check_form(poem.text, form).passed
        found.tones += check_tones(poem.text, form).passed
        found.covered += any({*word} & {*poem.text} for word in subject.words)
        found.known_lines += any(line in pieces[len(line)] for line in poem.lines)
        longest = max(_longest_copy(line, pieces) for line in poem.lines)
        found.longest_copy = max(found.longest_copy, longest)
        report(f"{text} ({'、'.join(subject.words)}): {poem.text.replace(chr(10), '')} [{longest}]")
    report(
        f"of {len(SUBJECTS)}: form and rhyme {found.form}, tones {found.tones}, with a word of the "
        f"subject {found.covered}, with a line of the data {found.known_lines}; "
        f"longest copied piece of a line: {found.longest_copy} characters"
    )
    return found


def _pieces(lines: Iterable[str]) -> dict[int, set[str]]:
    """Return length → all pieces of lines that have it, from four characters."""
    found: dict[int, set[str]] = {length: set() for length in range(4, 8)}
    for line in lines:
        for length in range(4, len(line) + 1):
            found[length].update(line[at : at + length] for at in range(0, len(line) - length + 1))
    return found


def _longest_copy(line: str, pieces: dict[int, set[str]]) -> int:
    for length in range(len(line), 3, -1):
        if any(line[at : at + length] in pieces[length] for at in range(len(line) - length + 1)):
            return length
    return 0
