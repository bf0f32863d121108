"""The earlier turns of a chat reach the model, with transformers and llama.cpp."""

import pytest

from studio.core.errors import StudioError
from studio.core.paths import DataFolder
from studio.core.requests import TextRequest
from studio.core.requests.chat import ChatMessage
from studio.engine.text import generate as text
from studio.engine.text.chat_template import NEXT_TURN, prompt_tokens, stop_strings
from studio.models import llama_cpp
from studio.models.install.add import add
from tests.checkpoints.text import CHAT, make_gpt2, make_llama
from tests.engine.runs import run_job
from tests.models.made import make_gguf

TURNS = (ChatMessage("user", "A cat?"), ChatMessage("assistant", "A small cat."))
BACKENDS = [
    "llama",
    pytest.param(
        "gguf",
        marks=pytest.mark.skipif(
            not llama_cpp.is_installed(), reason="llama.cpp has no wheel here"
        ),
    ),
]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    cards = {"llama": make_llama(folder / "llama")}
    if llama_cpp.is_installed():
        data = DataFolder(root=folder / "data")
        data.create()
        cards["gguf"] = add(data, make_gguf(folder / "Tiny.gguf", template=CHAT, positions=256))
    return {name: (card, text.load(card)) for name, card in cards.items()}


@pytest.fixture(params=BACKENDS)
def model(request, models):
    return models[request.param]


def written(model, request):
    card, pipeline = model
    ids = prompt_tokens(pipeline.tokenizer, card, request)
    return pipeline.tokenizer.decode(ids).replace("<|end|>", "")


def test_turns_come_before_the_prompt(model):
    request = TextRequest(prompt="And a dog?", system_prompt="Be brief.", messages=TURNS)
    assert written(model, request) == (
        "<|system|>Be brief.<|user|>A cat?<|assistant|>A small cat.<|user|>And a dog?<|assistant|>"
    )


def test_the_next_turn_extends_what_the_model_has_read(model):
    card, pipeline = model
    first = TextRequest(prompt="A cat?", system_prompt="Be brief.")
    second = TextRequest(prompt="And a dog?", system_prompt="Be brief.", messages=TURNS)
    read = prompt_tokens(pipeline.tokenizer, card, first)
    extended = prompt_tokens(pipeline.tokenizer, card, second)
    assert extended[: len(read)] == read
    assert len(extended) > len(read)


def test_the_model_reads_all_turns(model):
    card, pipeline = model
    request = TextRequest(prompt="And?", max_new_tokens=4, seed=1, messages=TURNS)
    recorder = run_job(text, card, pipeline, request, lambda _seen: False)
    read = prompt_tokens(pipeline.tokenizer, card, request)
    assert recorder.statistics.prompt_tokens == len(read)
    assert recorder.results[0].text


def test_turns_that_do_not_fit_are_refused_with_the_numbers(model):
    long = (ChatMessage("user", "The quick brown fox. " * 60), ChatMessage("assistant", "Yes."))
    request = TextRequest(prompt="And?", max_new_tokens=4, messages=long)
    with pytest.raises(StudioError, match="256"):
        run_job(text, *model, request, lambda _seen: False)


def test_a_broken_template_gives_a_transcript(models):
    card, pipeline = models["llama"]
    template, pipeline.tokenizer.chat_template = pipeline.tokenizer.chat_template, "{{ oops"
    try:
        request = TextRequest(prompt="And a dog?", system_prompt="Be brief.", messages=TURNS)
        expected = (
            "Be brief.\n\nUser: A cat?\n\nAssistant: A small cat.\n\nUser: And a dog?\n\n"
            "Assistant:\n"
        )
        assert written((card, pipeline), request) == expected
    finally:
        pipeline.tokenizer.chat_template = template


def test_a_model_without_chat_goes_on_with_a_transcript(tmp_path):
    card = make_gpt2(tmp_path / "gpt2", positions=256)
    model = card, text.load(card)
    request = TextRequest(prompt="And a dog?", max_new_tokens=4, seed=1, messages=TURNS)
    assert written(model, request).startswith(
        "User: A cat?\n\nAssistant: A small cat.\n\nUser: And"
    )
    (result,) = run_job(text, *model, request, lambda _seen: False).results
    assert result.text, "the answer alone, without the transcript"
    assert not result.text.startswith("User:")
    assert stop_strings(card, request) == (NEXT_TURN,)
