"""Complete, prefix, stop strings and log-probabilities, with transformers and llama.cpp."""

import math

import pytest

from studio.core.events import TextDelta
from studio.core.jobs import new_job
from studio.core.paths import DataFolder
from studio.core.requests import TextRequest
from studio.engine.text import generate as text
from studio.engine.text.chat_template import CONTINUE, continued_text, prompt_tokens
from studio.engine.text.thoughts import Marks, answer_opening
from studio.library.artifacts import read_recipe, save
from studio.library.encoders import read_sidecar
from studio.models import llama_cpp
from studio.models.install.add import add
from tests.checkpoints.text import make_gpt2, make_llama
from tests.engine.runs import run_job
from tests.models.made import make_gguf

BACKENDS = [
    "gpt2",
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
    cards = {"gpt2": make_gpt2(folder / "gpt2"), "llama": make_llama(folder / "llama")}
    if llama_cpp.is_installed():
        data = DataFolder(root=folder / "data")
        data.create()
        cards["gguf"] = add(data, make_gguf(folder / "Tiny.gguf", sharpness=3))
    return {name: (card, text.load(card)) for name, card in cards.items()}


@pytest.fixture(params=BACKENDS)
def model(request, models):
    return models[request.param]


def run(model, **values):
    card, pipeline = model
    request = TextRequest(**{"prompt": "This is", "seed": 3, "max_new_tokens": 24, **values})
    return run_job(text, card, pipeline, request, lambda _seen: False)


def streamed(recorder):
    return "".join(event.text for event in recorder.of(TextDelta))


def test_complete_goes_on_from_the_prompt(model):
    recorder = run(model, mode="complete", prompt="The quick brown ")
    (result,) = recorder.results
    assert result.text.startswith("The quick brown")
    assert len(result.text) > len("The quick brown")
    assert streamed(recorder) == result.text


def test_an_answer_begins_with_the_prefix(model):
    card, _pipeline = model
    recorder = run(model, prompt="Say hello", prefix="The answer")
    (result,) = recorder.results
    begin = "The answer" if card.chat else "Say helloThe answer"
    assert result.text.startswith(begin)
    assert streamed(recorder) == result.text


def test_a_stop_string_ends_the_text(model):
    (whole,) = run(model).results
    generated = whole.text.removeprefix("This is") if not model[0].chat else whole.text
    middle = generated[len(generated) // 2 :][:3]
    recorder = run(model, stop=(middle,))
    (result,) = recorder.results
    cut = generated[: generated.index(middle)]
    assert result.text == whole.text[: len(whole.text) - len(generated)] + cut
    assert result.finish_reason == "stop_string"
    assert streamed(recorder) == result.text
    assert recorder.statistics.units < 24


def test_beams_are_cut_at_a_stop_string(models):
    values = {"num_beams": 3, "num_return_sequences": 1}
    (whole,) = run(models["gpt2"], **values).results
    middle = whole.text[len(whole.text) // 2 :][:3]
    (result,) = run(models["gpt2"], **values, stop=(middle,)).results
    assert result.finish_reason == "stop_string"
    assert whole.text.startswith(result.text)
    assert middle not in result.text[len("This is") :]


def test_log_probabilities_are_those_of_the_model(model):
    recorder = run(model, top_logprobs=5, temperature=0, repetition_penalty=1)
    (result,) = recorder.results
    logprobs = result.logprobs
    assert logprobs is not None
    assert logprobs.choices
    for choice in logprobs.choices:
        values = [value for _token, value in choice.top]
        assert len(values) == 5
        assert values == sorted(values, reverse=True)
        assert sum(map(math.exp, values)) <= 1.001
        assert choice.top[0][0] == choice.token  # temperature 0
        assert choice.top[0][1] == choice.logprob
        assert all(token in logprobs.texts for token, _value in choice.top)
    starts = [choice.start for choice in logprobs.choices]
    assert starts == sorted(starts)
    assert starts[0] == len(result.text) - len(result.text.removeprefix("This is"))


def test_candidates_have_log_probabilities_of_their_own(models):
    results = run(models["gpt2"], top_logprobs=2, num_return_sequences=2, temperature=1.5).results
    first, second = (result.logprobs for result in results)
    assert first.choices[0].top == second.choices[0].top  # the same prompt
    assert first.choices != second.choices


def test_log_probabilities_are_stored_with_the_recipe(models, tmp_path):
    recorder = run(models["gpt2"], top_logprobs=3)
    assert recorder.results[0].logprobs is not None
    assert run(models["gpt2"]).results[0].logprobs is None
    job = new_job(TextRequest(prompt="This is", top_logprobs=3), str(tmp_path))
    artifact = save(recorder.results[0], job=job, card=models["gpt2"][0], versions={})
    path = tmp_path / artifact.path
    assert read_sidecar(path).logprobs == recorder.results[0].logprobs
    assert read_recipe(path).request.top_logprobs == 3


def test_a_chat_model_is_asked_to_continue(models):
    card, pipeline = models["llama"]
    request = TextRequest(prompt="A text that", mode="complete")
    read = pipeline.tokenizer.decode(prompt_tokens(pipeline.tokenizer, card, request))
    assert CONTINUE in read
    assert read.endswith("A text that")


def test_an_answer_after_open_thoughts_closes_them_first():
    marks = Marks(pairs=(("<think>", "</think>"),))
    assert answer_opening(marks, "user: x\nassistant: <think>\n") == "\n</think>\n\n"
    assert answer_opening(marks, "assistant: ") == ""
    harmony = answer_opening(Marks(channels=True), "<|start|>assistant")
    assert harmony == "<|channel|>final<|message|>"


@pytest.mark.parametrize(
    ("chat", "mode", "expected"),
    [(True, "chat", "c"), (True, "complete", "a bc"), (False, "chat", "a bc")],
)
def test_what_is_continued(models, chat, mode, expected):
    card = models["llama" if chat else "gpt2"][0]
    assert continued_text(card, TextRequest(prompt="a b", prefix="c \t", mode=mode)) == expected
