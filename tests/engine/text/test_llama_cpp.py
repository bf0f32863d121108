"""Test GGUF files run directly by llama.cpp, compared with transformers on the same weights."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from studio.core.errors import StudioError
from studio.core.events import Cancelled, Finished, Progress, TextDelta
from studio.core.jobs import new_job
from studio.core.paths import DataFolder
from studio.core.requests import TextRequest
from studio.engine.process.engine import ProcessEngine
from studio.engine.text import generate as text
from studio.engine.text import gguf_context
from studio.engine.text.constraints.repetition import repeating_tokens
from studio.engine.text.rows import prompt_ids
from studio.library.artifacts import read_recipe
from studio.models import llama_cpp
from studio.models.files.gguf_header import read_gguf
from studio.models.install import gguf_convert_process
from studio.models.install.add import add, remove
from studio.models.install.verify import check
from studio.models.memory.hardware import Machine
from studio.models.registry import ModelRegistry
from studio.preflight.tokens import count_tokens
from tests.checkpoints.text import CHAT
from tests.engine.runs import run_job, run_one
from tests.engine.test_engines import EventLog
from tests.models.made import make_gguf

pytestmark = pytest.mark.skipif(not llama_cpp.is_installed(), reason="llama.cpp has no wheel here")
PATIENCE = 120


@pytest.fixture
def gguf(tmp_path):
    return make_gguf(tmp_path / "Tiny.gguf", sharpness=3)


@pytest.fixture(scope="module")
def added(tmp_path_factory):
    """The same file as it is and converted, loaded."""
    folder = tmp_path_factory.mktemp("models")
    path = make_gguf(folder / "Tiny.gguf", sharpness=3)
    found = []
    for convert in (False, True):
        data = DataFolder(root=folder / str(convert))
        data.create()
        card = add(data, path, convert=convert)
        found.append((card, text.load(card)))
    return found


@pytest.fixture(scope="module")
def model(added):
    return added[0]


@pytest.fixture(scope="module")
def converted(added):
    return added[1]


def deltas(outcome, candidate=0):
    return "".join(event.text for event in outcome.of(TextDelta) if event.candidate == candidate)


# Adding
# ----------------------------------------------------------------------


def test_gguf_file_is_not_copied(data, gguf):
    before = gguf.read_bytes()
    card = add(data, gguf)
    assert (card.runner, card.name, card.family, card.max_positions) == (
        "llama.cpp",
        "tiny",
        "llama",
        128,
    )
    assert card.parameters == read_gguf(gguf).parameters
    assert sorted(path.name for path in card.folder.iterdir()) == [
        "card.toml",
        "checkpoint.json",
        "tokenizer.json",
    ]
    assert check(data, card).state == "same"
    gguf.write_bytes(before[:-1] + b"x")
    assert check(data, card).state == "changed"
    gguf.write_bytes(before)
    remove(data, card.name)
    assert gguf.read_bytes() == before


def test_tokens_are_counted_without_the_model(data, gguf, tmp_path):
    card = add(data, gguf)
    for prompt in ("This is", "一只猫。🐈 <|end|>"):
        assert count_tokens(card, prompt) == len(text.load(card).tokenizer(prompt).input_ids)
    chat = add(data, make_gguf(tmp_path / "chat.gguf", template=CHAT, seed=1))
    request = TextRequest(prompt="cat", max_new_tokens=1)
    read = prompt_ids(_run(chat, request), text.load(chat))
    assert count_tokens(chat, "cat") == len(read)


def test_damaged_file_is_refused_before_llama_cpp_opens_it(data, gguf):
    card = add(data, gguf)
    size = gguf.stat().st_size
    gguf.write_bytes(b"GGUF" + b"\xff" * (size - 4))
    with pytest.raises(StudioError, match="version"):
        text.load(card)
    gguf.write_bytes(b"GGUF")
    with pytest.raises(StudioError, match="missing or has changed"):
        text.load(card)


def test_unsupported_architecture_is_converted(data, tmp_path):
    phases = []
    card = add(data, make_gguf(tmp_path / "x.gguf", pre="nobody-knows"), phases.append)
    assert card.runner == "transformers"
    assert [line.split()[0] for line in phases][-2:] == ["Trying", "Converting"]
    assert text.load(card)


@pytest.mark.parametrize(
    ("gpu_memory", "parameters", "runner"),
    [(24, 0, "transformers"), (0, 0, "llama.cpp"), (24, 300_000_000, "llama.cpp")],
)
def test_a_gpu_runs_what_it_holds(data, gguf, monkeypatch, gpu_memory, parameters, runner):
    found = Machine(
        32 * 10**9,
        32 * 10**9,
        gpu="A GPU" if gpu_memory else "",
        gpu_memory=gpu_memory * 10**9,
        backend="cuda" if gpu_memory else "cpu",
    )
    monkeypatch.setattr(gguf_convert_process, "probe_machine", lambda _cancelled: found)
    monkeypatch.setattr(gguf_convert_process, "MAX_EXACT_PARAMETERS", parameters)
    assert add(data, gguf).runner == runner


def test_missing_extra_is_reported_with_a_working_remedy(data, gguf, monkeypatch):
    card = add(data, gguf)
    monkeypatch.setattr(llama_cpp, "PACKAGE", "a_package_that_is_not_there")
    assert ModelRegistry(data).find("text") == card, "it stays in the list"
    with pytest.raises(StudioError, match="not installed") as caught:
        text.load(card)
    assert f'studio models add "{gguf}"' in caught.value.cure
    assert f"pip install {llama_cpp.REQUIREMENT}" in caught.value.cure
    again = add(data, gguf)
    assert (again.name, again.runner, again.sha256) == (card.name, "transformers", card.sha256)
    assert [card.name for card in ModelRegistry(data).list() if not card.builtin] == ["tiny"]
    monkeypatch.undo()
    with pytest.raises(StudioError, match="in the list already"):
        add(data, gguf)
    assert (
        run_job(text, again, text.load(again), TextRequest(prompt="This", max_new_tokens=4))
        .results[0]
        .text
    )


# What it makes
# ----------------------------------------------------------------------


PENALTIES = [
    {},
    {"repetition_penalty": 1.4},
    {"no_repeat_ngram_size": 2},
    {"repetition_penalty": 1.2, "no_repeat_ngram_size": 3},
]


@pytest.mark.parametrize("values", PENALTIES)
@pytest.mark.parametrize("prompt", ["This is", "一只猫坐在窗台上看雨。🐈"])
def test_greedy_text_equals_that_of_transformers(model, converted, prompt, values):
    request = TextRequest(
        prompt=prompt, temperature=0, max_new_tokens=40, **{"repetition_penalty": 1, **values}
    )
    theirs = run_job(text, *converted, request)
    ours = run_job(text, *model, request)
    assert ours.results[0].text == theirs.results[0].text
    assert ours.statistics.prompt_tokens == theirs.statistics.prompt_tokens
    assert ours.statistics.units == theirs.statistics.units
    assert deltas(ours) == ours.results[0].text


@pytest.mark.parametrize("words", [" lazy", "\n\nThe fox\n", "  x  ", "雨。🐈", " ", ""])
def test_blanks_of_a_text_are_kept(model, words):
    tokenizer = model[1].tokenizer
    assert tokenizer.decode(tokenizer.encode(words)) == words


def test_the_requirement_is_that_of_the_installation():
    text = (Path(__file__).resolve().parents[3] / "pyproject.toml").read_text(encoding="utf-8")
    assert f'"{llama_cpp.REQUIREMENT}; ' in text


def test_chat_template_of_the_file_is_used(data, tmp_path):
    path = make_gguf(tmp_path / "chat.gguf", template=CHAT)
    card = add(data, path)
    tokenizer = text.load(card).tokenizer
    ids = prompt_ids(
        _run(card, TextRequest(prompt="cat", system_prompt="fox", max_new_tokens=1)),
        text.load(card),
    )
    assert card.chat
    assert ids == tokenizer("<|system|>fox<|end|><|user|>cat<|end|><|assistant|>").input_ids
    outcome = run_job(
        text, card, text.load(card), TextRequest(prompt="cat", max_new_tokens=8, seed=1)
    )
    assert not outcome.results[0].text.startswith("cat")


def test_unsafe_chat_template_is_refused(data, tmp_path):
    bad = "{{ ''.__class__.__mro__[1].__subclasses__() }}"
    with pytest.raises(StudioError, match="unsafe"):
        add(data, make_gguf(tmp_path / "chat.gguf", template=bad))
    assert [card for card in ModelRegistry(data).list() if not card.builtin] == []


def _run(card, request):
    return text.JobContext(new_job(request, "/nowhere"), card, lambda _event: None, lambda: False)


def test_seed_determines_the_text(model):
    def made(seed):
        return (
            run_job(
                text,
                *model,
                TextRequest(prompt="This is", seed=seed, temperature=1.5, max_new_tokens=24),
            )
            .results[0]
            .text
        )

    assert made(7) == made(7)
    assert len({made(seed) for seed in (0, 1, 2, 2**32 - 1)}) == 4
    assert made(2**32 - 1) == made(2**32 - 1), "llama.cpp takes this one for none"


def test_sampling_applies_top_k_and_top_p(model):
    likeliest = (
        run_job(text, *model, TextRequest(prompt="This is", temperature=0, max_new_tokens=20))
        .results[0]
        .text
    )
    for values in (
        {"top_k": 1},
        {"top_k": 0, "top_p": 1e-6},
        {"temperature": 0.01, "top_k": 0, "top_p": 1},
    ):
        request = TextRequest(
            **{"prompt": "This is", "seed": 3, "temperature": 2.0, "max_new_tokens": 20, **values}
        )
        assert run_job(text, *model, request).results[0].text == likeliest


def test_each_candidate_has_its_own_seed(model):
    card, pipeline = model
    request = TextRequest(
        prompt="This is", seed=5, temperature=1.5, max_new_tokens=16, num_return_sequences=3
    )
    outcome = run_job(text, card, pipeline, request)
    assert [result.seed for result in outcome.results] == [5, 6, 7]
    for result in outcome.results:
        assert deltas(outcome, result.ordinal) == result.text
        alone = TextRequest(prompt="This is", seed=result.seed, temperature=1.5, max_new_tokens=16)
        assert run_job(text, card, pipeline, alone).results[0].text == result.text


def test_candidates_that_do_not_fit_in_memory_are_split(model, monkeypatch):
    card, pipeline = model
    request = TextRequest(
        prompt="This is", seed=5, temperature=1.5, max_new_tokens=16, num_return_sequences=4
    )
    whole = [result.text for result in run_job(text, card, pipeline, request).results]
    tokens = len(pipeline.tokenizer("This is").input_ids) + 16
    enough_for_two = gguf_context.context_bytes(pipeline, 2, tokens)
    monkeypatch.setattr(gguf_context, "free_bytes", lambda _device: enough_for_two)
    assert [result.text for result in run_job(text, card, pipeline, request).results] == whole
    monkeypatch.setattr(gguf_context, "free_bytes", lambda _device: tokens)
    with pytest.raises(MemoryError, match="not enough memory"):
        run_job(text, card, pipeline, request)


def test_long_prompt_is_evaluated_in_chunks(data, tmp_path):
    card = add(data, make_gguf(tmp_path / "long.gguf", positions=2048, sharpness=3))
    pipeline = text.load(card)
    words = "The quick brown fox jumps over the lazy dog. " * 60
    request = TextRequest(prompt=words, temperature=0, max_new_tokens=8, repetition_penalty=1)
    outcome = run_job(text, card, pipeline, request)
    assert outcome.statistics.prompt_tokens > 512
    assert outcome.results[0].text.startswith(words)


def test_too_long_prompt_is_refused_with_both_token_counts(model):
    card, pipeline = model
    with pytest.raises(StudioError, match="128"):
        run_job(text, card, pipeline, TextRequest(prompt="This is " * 100, max_new_tokens=8))


@pytest.mark.parametrize("values", PENALTIES)
@pytest.mark.parametrize("beams", [2, 5])
def test_beams_equal_those_of_transformers(model, converted, beams, values):
    request = TextRequest(
        prompt="The quick brown",
        num_beams=beams,
        num_return_sequences=2,
        max_new_tokens=12,
        **{"repetition_penalty": 1, **values},
    )
    ours, theirs = (run_job(text, *pair, request) for pair in (model, converted))
    assert [whole(one.text) for one in ours.results] == [whole(one.text) for one in theirs.results]
    assert [one.score for one in ours.results] == pytest.approx(
        [one.score for one in theirs.results], abs=1e-3
    )
    assert [one.finish_reason for one in ours.results] == ["length"] * len(ours.results)


def test_beams_end_with_an_end_token(data, tmp_path):
    path = make_gguf(tmp_path / "ends.gguf", sharpness=3, seed=6)
    request = TextRequest(prompt="This is", num_beams=4, num_return_sequences=4, max_new_tokens=40)
    ours = run_job(text, *_loaded(data, path), request)
    converted = _loaded(DataFolder(root=tmp_path / "converted"), path, convert=True)
    theirs = run_job(text, *converted, request)
    assert [(whole(one.text), one.finish_reason) for one in ours.results] == [
        (whole(one.text), one.finish_reason) for one in theirs.results
    ]
    assert {one.finish_reason for one in ours.results} == {"stop", "length"}


def whole(text):
    """Return a text with one mark for each incomplete character; tokenizers differ in this."""
    return re.sub("�+", "�", text)


def _loaded(data, path, *, convert=False):
    data.create()
    card = add(data, path, convert=convert)
    return card, text.load(card)


def test_beams_of_a_long_prompt_are_cancelled_at_the_next_step(data, tmp_path):
    card = add(data, make_gguf(tmp_path / "long.gguf", positions=2048, sharpness=3))
    words = "The quick brown fox jumps over the lazy dog. " * 60
    request = TextRequest(prompt=words, num_beams=3, num_return_sequences=3, max_new_tokens=50)
    pipeline = text.load(card)
    outcome = run_job(text, card, pipeline, request, lambda seen: bool(seen.of(Progress)))
    assert outcome.cancelled
    assert outcome.results
    assert all(one.partial and one.text.startswith(words) for one in outcome.results)
    assert run_job(text, card, pipeline, request, lambda _seen: True).results == []


def test_cancel_keeps_the_partial_text(model):
    request = TextRequest(prompt="This is", temperature=1.5, seed=1, max_new_tokens=100)
    outcome = run_job(text, *model, request, lambda outcome: len(outcome.of(TextDelta)) > 6)
    assert outcome.cancelled
    assert outcome.results[0].partial
    assert outcome.results[0].text == deltas(outcome)
    assert outcome.statistics is None


def test_cancel_during_prompt_evaluation_keeps_nothing(model):
    outcome = run_job(
        text, *model, TextRequest(prompt="This is", max_new_tokens=4), lambda _outcome: True
    )
    assert outcome.cancelled
    assert outcome.results == []


def test_cancel_interrupts_prompt_evaluation(model):
    asked = itertools.count()
    outcome = run_job(
        text,
        *model,
        TextRequest(prompt="This is", max_new_tokens=4),
        lambda _outcome: next(asked) > 3,
    )
    assert outcome.cancelled
    assert outcome.results == []
    assert 4 < next(asked) < 12, "it was asked inside the one step, and that ended at once"


def test_repeated_ngram_tokens_are_found():
    assert repeating_tokens([1, 2, 3, 1, 2], 3) == [3]
    assert repeating_tokens([1, 2, 1], 1) == [1, 2]
    assert repeating_tokens([1, 2, 1, 3, 1], 2) == [2, 3]
    assert repeating_tokens([1, 2], 3) == repeating_tokens([1, 2, 1], 0) == []


# In the child
# ----------------------------------------------------------------------


def test_child_streams_saves_and_cancels(data, gguf):
    card = add(data, gguf)
    engine = ProcessEngine(data)
    try:
        log = EventLog()
        job = new_job(
            TextRequest(prompt="This is", model=card.name, seed=2, max_new_tokens=30),
            str(data.outputs),
        )
        run_one(engine, job, log)
        assert isinstance(log.last, Finished), log.last
        (artifact,) = log.last.artifacts
        recipe = read_recipe(Path(artifact.path))
        assert recipe.model_sha256 == card.sha256
        assert "cyllama" in recipe.versions
        assert any(isinstance(event, TextDelta) for event in log.events)
        assert any(isinstance(event, Progress) for event in log.events)
        log, request = (
            EventLog(),
            TextRequest(prompt="This is", model=card.name, seed=2, max_new_tokens=100),
        )
        again = new_job(request, str(data.outputs))
        run_one(
            engine,
            again,
            log,
            lambda: any(isinstance(event, TextDelta) for event in log.events),
        )
        assert isinstance(log.last, Cancelled | Finished), log.last
    finally:
        engine.close()
