"""Test text generation with real architectures: GPT-2, Llama with a chat template, and T5."""

import pytest

from studio.core.errors import StudioError
from studio.core.events import Progress, TextDelta
from studio.core.requests import TextRequest
from studio.engine.text import generate as text
from studio.engine.text.chat_template import prompt_tokens
from studio.engine.text.streaming import RowDecoder
from studio.preflight.tokens import check_length, count_tokens
from tests.checkpoints.text import SENTENCES, make_gpt2, make_llama, make_t5, make_tokenizer
from tests.engine.runs import run_job


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory):
    card = make_gpt2(tmp_path_factory.mktemp("models") / "gpt2")
    return card, text.load(card)


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    card = make_llama(tmp_path_factory.mktemp("models") / "llama")
    return card, text.load(card)


def run(model, cancel_after=lambda _outcome: False, **values):
    card, pipeline = model
    request = TextRequest(**{"prompt": "This is", "seed": 3, "max_new_tokens": 24, **values})
    return run_job(text, card, pipeline, request, cancel_after)


def streamed(recorder, candidate=0):
    return "".join(event.text for event in recorder.of(TextDelta) if event.candidate == candidate)


def test_streamed_text_equals_the_result(gpt2):
    recorder = run(gpt2)
    (result,) = recorder.results
    assert result.text.startswith("This is")
    assert len(result.text) > len("This is")
    assert streamed(recorder) == result.text
    assert recorder.of(Progress)
    assert recorder.statistics.units > 0
    assert recorder.statistics.prompt_tokens == len(gpt2[1].tokenizer("This is").input_ids)


def test_the_same_seed_gives_the_same_text(gpt2):
    assert run(gpt2).results == run(gpt2).results
    assert run(gpt2).results[0].text != run(gpt2, seed=4).results[0].text


def test_temperature_0_ignores_the_seed(gpt2):
    assert (
        run(gpt2, temperature=0).results[0].text == run(gpt2, temperature=0, seed=9).results[0].text
    )


def test_candidates_stream_separately(gpt2):
    recorder = run(gpt2, num_return_sequences=3, temperature=1.5)
    assert [result.ordinal for result in recorder.results] == [0, 1, 2]
    assert len({result.text for result in recorder.results}) == 3
    for result in recorder.results:
        assert streamed(recorder, result.ordinal) == result.text


def test_beams_report_steps_and_are_ranked_by_score(gpt2):
    recorder = run(
        gpt2,
        prompt="This is a news article about",
        num_beams=5,
        num_return_sequences=5,
        max_new_tokens=20,
    )
    texts = ["".join(result.text.split()) for result in recorder.results]
    assert 1 < len(texts) <= 5
    assert len(set(texts)) == len(texts)  # what differs only in blanks counts once
    assert all(
        result.distinct == (len(texts) if len(texts) < 5 else 0) for result in recorder.results
    )
    assert bool(recorder.notes) == (len(texts) < 5)
    scores = [result.score for result in recorder.results]
    assert scores == sorted(scores, reverse=True)
    assert all(
        result.text.startswith("This is a news article about") for result in recorder.results
    )
    assert not recorder.of(TextDelta)
    assert recorder.of(Progress)


def test_cancel_keeps_the_partial_text(gpt2):
    recorder = run(gpt2, max_new_tokens=50, cancel_after=lambda seen: len(seen.of(TextDelta)) >= 5)
    assert recorder.cancelled
    (result,) = recorder.results
    assert result.partial
    assert streamed(recorder) == result.text
    whole = run(gpt2, max_new_tokens=50).results[0].text
    assert len(result.text) < len(whole)
    assert whole.startswith(result.text)


def test_beam_search_can_be_cancelled(gpt2):
    recorder = run(
        gpt2, num_beams=4, max_new_tokens=50, cancel_after=lambda seen: bool(seen.of(Progress))
    )
    assert recorder.cancelled


def test_chat_result_excludes_the_prompt(llama):
    card, _pipeline = llama
    assert card.chat
    recorder = run(llama, prompt="你好", system_prompt="Be brief.")
    assert "你好" not in recorder.results[0].text
    assert streamed(recorder) == recorder.results[0].text


@pytest.mark.parametrize(
    "template",
    [
        "{{ raise_exception('no system here') }}",
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no') }}{% endif %}{{ "
        "messages[0]['content'] }}",
        "{{ ''.__class__.__mro__ }}{{ undefined.thing }}",
        "x" * 70_000,
    ],
)
def test_invalid_chat_template_falls_back_to_the_plain_prompt(llama, template):
    _card, pipeline = llama
    before, pipeline.tokenizer.chat_template = pipeline.tokenizer.chat_template, template
    try:
        assert run(llama, system_prompt="Be brief.").results[0].text
    finally:
        pipeline.tokenizer.chat_template = before


def test_encoder_decoder_returns_its_output_only(tmp_path):
    card = make_t5(tmp_path / "t5")
    assert card.encoder_decoder
    recorder = run((card, text.load(card)), prompt="The quick brown fox")
    assert not recorder.results[0].text.startswith("The quick")
    assert len(run((card, text.load(card)), num_beams=3, num_return_sequences=2).results) == 2


@pytest.mark.parametrize(("prompt", "new"), [("cat " * 100, 1), ("This is", 63)])
def test_too_long_prompt_is_refused_with_both_token_counts(gpt2, prompt, new):
    card, pipeline = gpt2
    with pytest.raises(StudioError) as caught:
        run(gpt2, prompt=prompt, max_new_tokens=new)
    assert caught.value.cause == "prompt_too_long"
    tokens = len(pipeline.tokenizer(prompt).input_ids)
    assert f"{tokens:,}" in caught.value.message
    assert "64" in caught.value.message
    problem = check_length(card, TextRequest(prompt=prompt, max_new_tokens=new))
    assert problem is not None
    assert f"{tokens:,}" in problem.message


def test_token_count_without_torch_equals_the_engines(gpt2, llama):
    for sentence in SENTENCES:
        assert count_tokens(gpt2[0], sentence) == len(gpt2[1].tokenizer(sentence).input_ids)
    assert check_length(gpt2[0], TextRequest(prompt="cat", max_new_tokens=20)) is None


@pytest.mark.parametrize("sentence", SENTENCES)
def test_streaming_never_splits_a_character(sentence):
    tokenizer = make_tokenizer()
    decoder = RowDecoder(tokenizer)
    pieces = [decoder.push(token) for token in tokenizer(sentence).input_ids]
    pieces.append(decoder.finish())
    assert "".join(pieces) == decoder.text == sentence
    assert not any("�" in piece for piece in pieces)


def test_generation_config_of_the_checkpoint_is_ignored(tmp_path):
    import json

    card = make_gpt2(tmp_path / "odd")
    plain = run((card, text.load(card)))
    path = tmp_path / "odd" / "generation_config.json"
    path.write_text(
        json.dumps(
            {
                **json.loads(path.read_text()),
                "max_length": 5,
                "num_beams": 3,
                "do_sample": True,
                "temperature": 9.0,
            }
        )
    )
    assert run((card, text.load(card))).results == plain.results


def test_thinking_is_disabled_in_the_chat_template(llama):
    card, pipeline = llama
    before = pipeline.tokenizer.chat_template
    pipeline.tokenizer.chat_template = (
        before
        + "{% if enable_thinking is defined and enable_thinking is false %}|quiet|{% endif %}"
    )
    try:
        ids = prompt_tokens(pipeline.tokenizer, card, TextRequest(prompt="Hello"))
    finally:
        pipeline.tokenizer.chat_template = before
    assert pipeline.tokenizer.decode(ids).endswith("<|assistant|>|quiet|")
