"""The starter poem model as it is shipped: form, rhyme, tones, subject, nothing copied."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from studio.engine.text import generate as text
from studio.models.card import request_for
from studio.models.catalog import entry_named
from studio.text_checks.language import detect_language
from studio.text_tasks.loader import find_task
from studio.text_tasks.model_prompts.quatrain.known_lines import KnownLines
from studio.text_tasks.model_prompts.quatrain.subject import read_lexicon, read_subject
from studio.text_tasks.requests import TaskInput, request_values
from tests.engine.runs import run_job

CARD = entry_named("starter-poem").card
SAMPLE = Path(__file__).parents[3] / "data" / "quatrain-lines.txt"
"""Hashes of 600 lines of the data."""
SUBJECTS = [
    "春雨",
    "秋天的月亮",
    "山寺",
    "思念家乡",
    "老朋友",
    "雪夜",
    "江上的小船",
    "荷塘",
    "边塞的战争",
    "读书",
]


@pytest.fixture(scope="module")
def model():
    return text.load(CARD)


@pytest.fixture(scope="module")
def poems(model):
    """Twenty poems of the task: each subject in both forms."""
    found = {}
    task = find_task(None, "poem")
    for form in ("五言绝句", "七言绝句"):
        for seed, subject in enumerate(SUBJECTS):
            inputs = TaskInput(prompt=subject, fields={"form": form}, settings={"seed": seed})
            request = request_for(CARD, request_values(task, inputs, CARD))
            (found[form, subject],) = run_job(text, CARD, model, request).results
    return found


def test_every_poem_has_form_rhyme_and_tones(poems):
    assert len(poems) == 20
    for poem in poems.values():
        assert {check.name: check.passed for check in poem.review.checks} == dict.fromkeys(
            ("form", "tones", "language", "repetition", "refusal"), True
        )
        assert detect_language(poem.text) == "zh"


def test_poems_have_a_word_of_their_subject(poems):
    lexicon = read_lexicon(CARD.folder)
    covered = sum(
        any({*word} & {*poem.text} for word in read_subject(subject, lexicon).words)
        for (_form, subject), poem in poems.items()
    )
    assert covered >= 18


def test_no_line_is_one_of_the_data(poems):
    sample = set(SAMPLE.read_text(encoding="utf-8").split())
    lines = [line for poem in poems.values() for line in poem.text.replace("\n", "").split("。")]
    lines = [line for couplet in lines for line in couplet.split("，") if line]
    assert len(lines) == 80
    assert not sample & {hash_of(line) for line in lines}
    known = KnownLines.read(CARD.folder)
    assert not [line for line in lines if line in known]
    assert "疑是地上霜" in known


def hash_of(line):
    return hashlib.blake2b(line.encode(), digest_size=6).hexdigest()


def test_the_model_has_learned_what_follows(model):
    """A line of the period is far more probable than the same characters in reverse."""
    import torch

    def mean_loss(lines):
        row = ["[五]", *["[空]"] * 15, "[仄]", "[ou]"]
        row += [token for line in lines for token in (*line, "，")]
        ids = torch.tensor([[model.numbers[token] for token in row]])
        with torch.inference_mode():
            return float(model.model(input_ids=ids, labels=ids).loss)

    line = "孤舟山月上"
    assert mean_loss([line]) < mean_loss([line[::-1]]) - 0.1
