"""Summarizes a document of any length: notes on each part, which then become fewer.

What a model writes about a part is compared with that part: sentences with figures, names or quotes
that do not stand there are left out, and a sentence of the part takes the place of a note of which
nothing remains. Neighbouring notes are then put together until there are as few sentences as
wanted, so that the summary follows the text and speaks of all of it.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from studio.core.requests import MAX_SEED, TextRequest
from studio.core.requests.text_task import (
    COUNT_PLACE,
    TEXT_PLACE,
    PartNote,
    PartPrompts,
    Passage,
    TextTask,
)
from studio.text_checks.facts import check_facts
from studio.text_checks.refusal import check_refusal
from studio.text_checks.topic import content_words
from studio.text_tasks.chunks import split_chunks
from studio.text_tasks.cleanup import clean
from studio.text_tasks.extraction import count_specifics, extract_summary
from studio.text_tasks.passages import SENTENCE_ENDS, sentences_of, split_sentences
from studio.text_tasks.writer import Writer, Written

PART_TOKENS = 1_000
"""Of a part: more leads a small model to copy the beginning and ignore the rest."""
READ_AT_ONCE = 2 * PART_TOKENS
"""Tokens of a text that is not read in parts."""
SMALLEST_PART = 64
MOST_OF_PART = 4
"""Sentences that are asked for about a part."""
GROUP = 8
"""Sentences that are put together at once."""
SENTENCE_TOKENS = 56
MARGIN = 48
"""Tokens for a chat template."""
SHARED = 0.5
"""Share of the words of a sentence that its part must contain."""
_SEED_STEP = 7

Report = Callable[[int, int, str], None]
"""(steps that are done, all steps, the text that is complete) → nothing."""


@dataclass
class Summary:
    """A summary that is being made. What is complete stays if the job is cancelled."""

    request: TextRequest
    task: TextTask
    prompts: PartPrompts
    writer: Writer
    report: Report = lambda _done, _all, _text: None
    notes: list[PartNote] = field(default_factory=list)
    _parts: list[Passage] = field(default_factory=list)
    _done: int = 0
    _total: int = 0

    def fits(self) -> bool:
        """Return whether the model can read the text at once, and well."""
        source = self.task.main_text
        if len(source) > 8 * READ_AT_ONCE and not self.writer.encoder_decoder:
            return False  # no tokenizer makes so few tokens of it
        tokens = self.writer.count_tokens(source)
        limit = self.writer.limit or READ_AT_ONCE
        if self.writer.encoder_decoder:
            return tokens + 8 <= limit
        return tokens <= min(READ_AT_ONCE, limit - self._overhead() - self.request.max_new_tokens)

    def write(self) -> list[str]:
        """Return the possible summaries: as the model joins the sentences, and as they are."""
        wanted = max(1, self.task.number("sentences") or 5)
        budget = self._budget()
        self._parts = split_chunks(self.task.main_text, budget, self.writer.count_tokens)
        if not self._parts:
            return []
        each = max(1, min(MOST_OF_PART, math.ceil(2 * wanted / len(self._parts))))
        self._total = len(self._parts) + _group_count(len(self._parts) * each, wanted)
        self._take_notes(each)
        sentences = self._focused([one.text for one in self._sentences()], wanted)
        self._total = len(self._parts) + _group_count(len(sentences), wanted)
        while len(sentences) > wanted:
            sentences = self._put_together(sentences, max(wanted, -(-len(sentences) // GROUP)))
        separator = "" if self.task.language == "zh" else " "
        plain = "\n".join(f"{self.prompts.line}{one}" for one in sentences)
        if not self.prompts.line:
            plain = separator.join(sentences)
        joined = self._join(plain) if self.prompts.join and len(sentences) > 1 else ""
        return [text for text in (joined, plain) if text]

    def _overhead(self) -> int:
        asked = max(map(self.writer.count_tokens, (self.prompts.whole, self.prompts.part)))
        return self.writer.count_tokens(self.request.system_prompt) + asked + MARGIN

    def _budget(self) -> int:
        limit = self.writer.limit
        if self.writer.encoder_decoder:
            return max(SMALLEST_PART, (limit or PART_TOKENS) - 8)
        room = limit - self._overhead() - MOST_OF_PART * SENTENCE_TOKENS if limit else PART_TOKENS
        return max(SMALLEST_PART, min(PART_TOKENS, room))

    # Notes on the parts
    # ------------------------------------------------------------------

    def _take_notes(self, each: int) -> None:
        """Fill `notes`; parts that it has already, from before a restart, are not read again."""
        left = list(range(len(self.notes), len(self._parts)))
        self._done = len(self.notes)
        waiting: dict[int, PartNote] = {}

        def keep(place: int, written: Written) -> None:
            number = left[place]
            text = _continuation(requests[place], written)
            waiting[number] = self._note(self._parts[number], text, each)
            while len(self.notes) in waiting:
                self.notes.append(waiting.pop(len(self.notes)))
                self._step(self.notes[-1].text)

        requests = [
            self._asked(self.prompts.part, self._parts[number].text, each, number)
            for number in left
        ]
        if requests:
            self.writer.write(requests, keep)

    def _step(self, text: str) -> None:
        self._done += 1
        self.report(self._done, max(self._done, self._total), text)

    def _asked(self, template: str, text: str, count: int, number: int) -> TextRequest:
        prompt = template.replace(COUNT_PLACE, str(count)).replace(TEXT_PLACE, text)
        seed = ((self.request.seed or 0) + _SEED_STEP * number) % (MAX_SEED + 1)
        return msgspec.structs.replace(
            self.request,
            task=None,
            prompt=prompt,
            seed=seed,
            num_beams=1,
            num_return_sequences=1,
            top_logprobs=0,
            max_new_tokens=min(self.request.max_new_tokens, count * SENTENCE_TOKENS + 16),
        )

    def _note(self, part: Passage, written: str, each: int) -> PartNote:
        found = self._supported(written, part.text)[:each]
        best = self._best_sentence(part.text)
        # A model that reports no figure or name of a part that has some has missed what matters.
        lacks = sum(map(count_specifics, found)) == 0 < count_specifics(best)
        extracted = not found or lacks
        if extracted:
            found = [best]
        separator = "" if self.task.language == "zh" else " "
        text = separator.join(found)
        return PartNote(start=part.start, end=part.end, text=text, extracted=extracted)

    def _supported(self, text: str, source: str) -> list[str]:
        """Return the sentences of a text whose facts and words the source has, each once."""
        known = set(content_words(source))
        found: dict[str, str] = {}
        for sentence in _whole_sentences(clean(text, self.task.clean), self.task.language):
            words = set(content_words(sentence))
            shared = len(words & known)
            shares = shared > 1 and shared >= SHARED * len(words)
            if shares and _reports(sentence, source) and check_facts(sentence, source).passed:
                found.setdefault(" ".join(sorted(words)), sentence)
        return list(found.values())

    def _sentences(self) -> list[Passage]:
        return [sentence for note in self.notes for sentence in split_sentences(note.text)]

    def _focused(self, sentences: list[str], wanted: int) -> list[str]:
        """Return the sentences about the focus, if there are enough of them."""
        about = set(content_words(self.task.value("focus")))
        found = [one for one in sentences if about & set(content_words(one))]
        return found if about and len(found) >= min(wanted, 2) else sentences

    # Fewer sentences
    # ------------------------------------------------------------------

    def _put_together(self, sentences: list[str], count: int) -> list[str]:
        """Return `count` sentences, one for each group of neighbours."""
        borders = [at * len(sentences) // count for at in range(count + 1)]
        groups = [sentences[a:b] for a, b in itertools.pairwise(borders)]
        several = [number for number, group in enumerate(groups) if len(group) > 1]
        requests = [
            self._asked(self.prompts.group, "\n".join(groups[number]), 1, 10_000 + number)
            for number in several
        ]
        results = [group[0] for group in groups]

        def keep(place: int, written: Written) -> None:
            number = several[place]
            text = _continuation(requests[place], written)
            results[number] = self._one_of(groups[number], text)
            self._step(results[number])

        if requests:
            self.writer.write(requests, keep)
        return results

    def _one_of(self, group: Sequence[str], written: str) -> str:
        source = "\n".join(group)
        best = self._best_sentence(source) or group[0]
        found = self._supported(written, source)[:1]
        if found and count_specifics(found[0]) >= count_specifics(best):
            return found[0]
        return best

    def _best_sentence(self, text: str) -> str:
        """Return the sentence of a text with the most facts, as it stands there."""
        found = extract_summary(text, 1, self.task.value("focus")).sentences
        return found[0].text if found else ""

    def _join(self, plain: str) -> str:
        asked = self._asked(self.prompts.join, plain, 1, 20_000)
        asked = msgspec.structs.replace(asked, max_new_tokens=self.request.max_new_tokens)
        (written,) = self.writer.write([asked])
        return _continuation(asked, written) if written.complete else ""


def _continuation(request: TextRequest, written: Written) -> str:
    """Return what is new in the text of a model that continued its prompt."""
    completed = request.prompt if request.mode == "complete" else ""
    return written.text.removeprefix((completed + request.prefix).rstrip(" \t"))


def _reports(sentence: str, source: str) -> bool:
    """Return whether a sentence is neither a refusal nor about the text itself."""
    is_about_it = _META.search(sentence) and not _META.search(source)
    return not is_about_it and check_refusal(sentence).passed


def _whole_sentences(text: str, language: str) -> list[str]:
    """Return the sentences and lines of a text, each with its mark at the end.

    The last one is left out if it has none: it was cut off.
    """
    found = [clean(sentence, ("strip_label", "strip_quotes")) for sentence in sentences_of(text)]
    if found and found[-1][-1:] not in SENTENCE_ENDS:
        found.pop()
    mark = "。" if language == "zh" else "."
    return [
        one if one[-1:] in SENTENCE_ENDS else f"{one.rstrip(':：;；,，')}{mark}"
        for one in found
        if one
    ]


_META = re.compile(
    r"\b(?:this|the) (?:text|story|passage|article|author|narrator|setting|narrative|excerpt|tale"
    r"|summary|paragraph)\b|(?:这|本|上述)(?:段|篇)?(?:文字|文本|文章|段落|摘要|部分)|作者",
    re.IGNORECASE,
)
"""A sentence about the text instead of what it reports."""


def _group_count(sentences: int, wanted: int) -> int:
    """Return how many groups of several sentences are put together."""
    steps = 0
    while sentences > wanted:
        count = max(wanted, -(-sentences // GROUP))
        steps += min(count, sentences - count)
        sentences = count
    return steps
