"""Who wrote which part of a result that becomes a document."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from studio.documents.origins import PERSON, Origin, Stretches, cut, merged, replace, stretches_of

MAX_GENERATIONS = 50
"""Results that were continued from one another, back from the one that is opened."""


class WrittenResult(msgspec.Struct, frozen=True):
    """A result of a model, as its recipe describes it."""

    text: str
    job: str
    prompt: str = ""
    """What the model went on from; empty if the prompt is a task's."""
    prefix: str = ""
    """The beginning of the answer that the person gave."""
    source: str = ""
    """SHA-256 of the result that the prompt came from; empty for none."""


FindResult = Callable[[str], WrittenResult | None]
"""SHA-256 → result; None if it is not known."""


def result_origins(result: WrittenResult, find: FindResult) -> Stretches:
    """Return who wrote which part of a result.

    The text of a model that continues its prompt begins with it. What the prompt took over from an
    earlier result is that result's.
    """
    lineage = [result]
    seen = {result.source}
    while (source := lineage[-1].source) and len(lineage) < MAX_GENERATIONS:
        found = find(source)
        if found is None or (found.source and found.source in seen):
            break
        seen.add(found.source)
        lineage.append(found)
    origins = _own_origins(lineage[-1])
    for earlier, later in zip(lineage[:0:-1], lineage[-2::-1], strict=True):
        own, taken = _own_origins(later), earlier.text.strip()
        lead = len(earlier.text) - len(earlier.text.lstrip())
        place = later.text.find(taken, 0, _begun(later)) if taken else -1
        if place >= 0:
            part = cut(origins, lead, lead + len(taken))
            own = replace(own, place, place + len(taken), part)
        origins = own
    return origins


def _own_origins(result: WrittenResult) -> Stretches:
    begun = _begun(result)
    rest = stretches_of(len(result.text) - begun, Origin("model", result.job))
    return merged((*stretches_of(begun, PERSON), *rest))


def _begun(result: WrittenResult) -> int:
    """Return how many characters at the beginning are those of the person."""
    for known in (result.prompt + result.prefix, result.prompt, result.prefix):
        known = known.rstrip(" \t")
        if known.strip() and result.text.startswith(known):
            return len(known)
    return 0
