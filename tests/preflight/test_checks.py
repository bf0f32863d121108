"""One function makes every check of a request that can be made before its job runs."""

import msgspec
import pytest

from studio.core.errors import StudioError
from studio.core.requests import ImageRequest, MusicRequest, SpeechRequest, TextRequest
from studio.core.requests.chat import ChatMessage
from studio.models.card import ModelCard, fake_card
from studio.models.catalog import entry_named
from studio.preflight import images, tokens
from studio.preflight.checks import check

GPT = ModelCard(name="gpt", title="GPT", kind="text", runner="transformers", max_positions=64)
SD = entry_named("stable-diffusion-1.5").card
MUSIC = ModelCard(
    name="music", title="Music", kind="music", runner="transformers", family="musicgen"
)


def no_adapter(kind, name):
    raise StudioError(f"There is no {kind} {name!r}.", cause="model", cure="Add it.")


def fields_of(card, request, **options):
    return [problem.field for problem in check(card, request, no_adapter, **options)]


def test_a_request_that_the_model_can_run_has_no_problem():
    for card, request in (
        (fake_card("text"), TextRequest(prompt="x")),
        (fake_card("image"), ImageRequest(prompt="x")),
        (fake_card("speech"), SpeechRequest(prompt="x")),
        (fake_card("music"), MusicRequest(prompt="x")),
    ):
        assert check(card, request, no_adapter) == []


def test_a_summarizer_takes_no_turns():
    turns = (ChatMessage("user", "Hi"), ChatMessage("assistant", "Hello"))
    request = TextRequest(prompt="x", messages=turns)
    summarizer = msgspec.structs.replace(fake_card("text"), encoder_decoder=True)
    assert fields_of(summarizer, request) == ["messages"]
    assert fields_of(fake_card("text"), request) == []


def test_every_problem_of_a_request_is_reported_those_of_adapters_last(tmp_path):
    request = ImageRequest(prompt="x", image=str(tmp_path / "gone.png"), adapters="nothing")
    assert fields_of(SD, request) == ["image", "adapters"]
    weak = ImageRequest(
        prompt="x", image="a.png", num_inference_steps=2, strength=0.1, adapters="nothing"
    )
    assert fields_of(SD, weak, read_files=False) == ["strength", "adapters"]


@pytest.mark.parametrize(
    ("card", "request_", "field"),
    [
        (MUSIC, MusicRequest(prompt="x", lyrics="la la"), "lyrics"),
        (MUSIC, MusicRequest(prompt="x", continue_from="a.mid"), "continue_from"),
        (
            entry_named("starter-music").card,
            MusicRequest(prompt="x", continue_from="/nowhere/a.mid"),
            "continue_from",
        ),
        (
            entry_named("hibari").card,
            SpeechRequest(prompt="今天天气很好，我们去公园散步吧。"),
            "prompt",
        ),
    ],
)
def test_each_kind_has_its_checks(card, request_, field):
    assert fields_of(card, request_) == [field]


def test_the_window_thread_opens_no_file(monkeypatch):
    def refuse(*_arguments):
        raise AssertionError("a file was opened")

    monkeypatch.setattr(images, "image_size", refuse)
    monkeypatch.setattr(tokens, "count_tokens", refuse)
    assert fields_of(SD, ImageRequest(prompt="x", image="a.png"), read_files=False) == []
    continued = MusicRequest(prompt="x", continue_from="/nowhere/a.mid")
    assert fields_of(entry_named("starter-music").card, continued, read_files=False) == []
    assert fields_of(GPT, TextRequest(prompt="x"), read_files=False) == []


def test_tokens_that_are_counted_already_are_not_counted_again(monkeypatch):
    monkeypatch.setattr(tokens, "count_tokens", lambda *_arguments: 1)
    request = TextRequest(prompt="x", max_new_tokens=20)
    assert fields_of(GPT, request) == []
    assert fields_of(GPT, request, read_files=False, tokens=44) == []
    (problem,) = check(GPT, request, no_adapter, read_files=False, tokens=45)
    assert (problem.field, "45 tokens" in problem.message) == ("prompt", True)
