"""The next turn reads only what is new, and its text is the same as without the cache."""

import pytest

from studio.core.paths import DataFolder
from studio.core.requests import TextRequest
from studio.engine.text import generate as text
from studio.engine.text import gguf_context
from studio.engine.text.gguf_prefix import PrefixReader
from studio.engine.text.prompt_cache import (
    BLOCK_TOKENS,
    MAX_BYTES,
    MAX_PREFIXES,
    PromptCache,
    whole_blocks,
)
from studio.models import llama_cpp
from studio.models.install.add import add
from tests.engine.runs import run_job
from tests.models.made import make_gguf

FIRST = "The quick brown fox jumps over the lazy dog. " * 100
SECOND = FIRST + "And then it sleeps."
EDITED = FIRST[: len(FIRST) // 2] + "It barks. " + FIRST[len(FIRST) // 2 :]
GGUF = pytest.param(
    "gguf", marks=pytest.mark.skipif(not llama_cpp.is_installed(), reason="no wheel of llama.cpp")
)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    path = make_gguf(folder / "Tiny.gguf", positions=4096, sharpness=3)
    found = {}
    for name in ["gguf"] * llama_cpp.is_installed() + ["transformers"]:
        data = DataFolder(root=folder / name)
        data.create()
        card = add(data, path, convert=name == "transformers")
        found[name] = card, text.load(card)
    return found


@pytest.fixture(params=[GGUF, "transformers"])
def model(request, models):
    _card, pipeline = models[request.param]
    pipeline.prompts.clear()
    return models[request.param]


@pytest.fixture
def read(model, monkeypatch):
    """The number of tokens that the model reads of each prompt."""
    counts = []
    pipeline = model[1]
    if isinstance(pipeline, gguf_context.GgufPipeline):
        restore = PrefixReader._restore

        def count(reader, prompt, sequence):
            kept = restore(reader, prompt, sequence)
            counts.append(len(prompt) - kept)
            return kept

        monkeypatch.setattr(PrefixReader, "_restore", count)
        yield counts
        return
    hook = pipeline.model.register_forward_pre_hook(
        lambda _module, _inputs, values: counts.append(values["input_ids"].shape[1]),
        with_kwargs=True,
    )
    yield counts
    hook.remove()


def texts(model, prompt, **values):
    request = TextRequest(
        **{"prompt": prompt, "seed": 5, "max_new_tokens": 12, "temperature": 1.2, **values}
    )
    return [result.text for result in run_job(text, *model, request).results]


WAYS = [
    {"temperature": 0},
    {},
    {"num_return_sequences": 3},
    {"num_beams": 2, "num_return_sequences": 2},
]


@pytest.mark.parametrize("values", WAYS)
@pytest.mark.parametrize("prompt", [SECOND, EDITED])
def test_the_text_is_the_same_with_and_without_the_cache(model, prompt, values):
    without = texts(model, prompt, **values)
    model[1].prompts.clear()
    texts(model, FIRST)
    assert model[1].prompts.bytes > 0
    assert texts(model, prompt, **values) == without


def test_the_next_turn_reads_only_what_is_new(model, read):
    texts(model, FIRST, max_new_tokens=1)
    texts(model, SECOND, max_new_tokens=1)
    texts(model, EDITED, max_new_tokens=1)
    first, second, edited = read
    assert first > 1000
    assert second < BLOCK_TOKENS + 20
    assert first / 2 - 20 < edited < first / 2 + 2 * BLOCK_TOKENS


def test_candidates_use_the_prompt_of_a_single_text(model, read):
    texts(model, FIRST, max_new_tokens=1)
    texts(model, FIRST, max_new_tokens=1, num_return_sequences=3)
    assert read[-1] <= BLOCK_TOKENS
    texts(model, FIRST, max_new_tokens=1)
    assert read[-1] <= BLOCK_TOKENS


@pytest.mark.parametrize("calls", [0, 1, 4, 9])
def test_a_cancelled_prompt_leaves_the_cache_whole(model, calls):
    without = texts(model, SECOND)
    model[1].prompts.clear()
    texts(model, FIRST)
    asked = iter(range(1000))
    request = TextRequest(prompt=EDITED, seed=5, max_new_tokens=12)
    assert run_job(text, *model, request, lambda _seen: next(asked) >= calls).cancelled
    assert texts(model, SECOND) == without


@pytest.mark.skipif(not llama_cpp.is_installed(), reason="no wheel of llama.cpp")
def test_the_cache_is_dropped_before_memory_runs_out(models, monkeypatch):
    card, pipeline = models["gguf"]
    texts((card, pipeline), FIRST)
    free = []

    def free_bytes(_device):
        free.append(pipeline.prompts.bytes)
        return 0 if pipeline.prompts.bytes else 10**12

    assert pipeline.prompts.bytes
    monkeypatch.setattr(gguf_context, "free_bytes", free_bytes)
    assert texts((card, pipeline), "This is")
    assert free[0] > 0
    assert free[-1] == 0


@pytest.mark.skipif(not llama_cpp.is_installed(), reason="no wheel of llama.cpp")
def test_a_state_of_another_layout_is_not_used(models):
    card, pipeline = models["gguf"]
    without = texts((card, pipeline), SECOND)
    pipeline.prompts.clear()
    texts((card, pipeline), FIRST)
    length, state = pipeline.prompts.find(pipeline.tokenizer(SECOND).input_ids)
    tokens = pipeline.tokenizer(SECOND).input_ids[:length]
    for wrong in (state[:-4], b"", state[:8] + state[4:]):
        pipeline.prompts.clear()
        pipeline.prompts.keep(tokens, 1, 10**9, lambda wrong=wrong: wrong)
        assert texts((card, pipeline), SECOND) == without


# The cache itself
# ----------------------------------------------------------------------


def tokens(first, length=3 * BLOCK_TOKENS):
    return [first, *range(length - 1)]


def keep(cache, ids, size=1, free=10**12):
    cache.keep(ids, size, free, lambda: ids[0])


def test_whole_blocks_are_found():
    cache = PromptCache()
    keep(cache, tokens(1))
    assert cache.find(tokens(1)) == (3 * BLOCK_TOKENS, 1)
    assert cache.find([*tokens(1), 7, 8]) == (3 * BLOCK_TOKENS, 1)
    assert cache.find(tokens(1)[: 2 * BLOCK_TOKENS + 5]) == (2 * BLOCK_TOKENS, 1)
    assert cache.find([*tokens(1)[: BLOCK_TOKENS + 5], -1, -2]) == (BLOCK_TOKENS, 1)
    assert cache.find(tokens(1)[: BLOCK_TOKENS - 1]) is None
    assert cache.find(tokens(2)) is None
    assert cache.find([]) is None


def test_a_prompt_leaves_at_least_one_token_to_read():
    lengths = (0, 1, BLOCK_TOKENS, BLOCK_TOKENS + 1, 2 * BLOCK_TOKENS)
    assert [whole_blocks(length) // BLOCK_TOKENS for length in lengths] == [0, 0, 0, 1, 1]


def test_the_least_recently_used_prefix_is_dropped():
    cache = PromptCache()
    for first in range(MAX_PREFIXES):
        keep(cache, tokens(first))
    assert cache.find(tokens(0))
    keep(cache, tokens(9))
    assert cache.find(tokens(1)) is None
    assert cache.find(tokens(0))
    keep(cache, tokens(8), MAX_BYTES)
    assert cache.bytes == MAX_BYTES
    assert cache.find(tokens(0)) is None


def test_a_longer_prefix_takes_the_place_of_its_beginning():
    cache = PromptCache()
    keep(cache, tokens(1))
    keep(cache, tokens(1, 4 * BLOCK_TOKENS), 5)
    assert cache.bytes == 5


def test_a_prefix_that_is_too_large_is_not_kept():
    cache = PromptCache()
    keep(cache, tokens(1), MAX_BYTES + 1)
    keep(cache, tokens(1), 100, free=999)
    assert cache.bytes == 0
