"""Texts that match a JSON schema, an expression or choices, with transformers and llama.cpp."""

import json
import re

import pytest

from studio.core.errors import StudioError
from studio.core.events import TextDelta, ThoughtDelta
from studio.core.jobs import new_job
from studio.core.paths import DataFolder
from studio.core.requests import TextRequest
from studio.engine.protocol import JobContext
from studio.engine.text import generate as text
from studio.models import llama_cpp
from studio.models.install.add import add
from tests.checkpoints.scripted import make_scripted
from tests.checkpoints.text import CHAT, make_gpt2, make_llama, make_t5
from tests.engine.runs import run_job
from tests.models.made import make_gguf

GGUF = pytest.mark.skipif(not llama_cpp.is_installed(), reason="llama.cpp has no wheel here")
BACKENDS = ["gpt2", "llama", pytest.param("gguf", marks=GGUF), pytest.param("chat", marks=GGUF)]
CATS = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 8},
        "legs": {"type": "integer", "minimum": 0, "maximum": 99},
        "colours": {"type": "array", "items": {"enum": ["black", "白"]}, "maxItems": 2},
    },
    "required": ["name", "legs", "colours"],
    "additionalProperties": False,
}
SEEDS = range(5)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    cards = {"gpt2": make_gpt2(folder / "gpt2", 256), "llama": make_llama(folder / "llama")}
    if llama_cpp.is_installed():
        for name, template in (("gguf", ""), ("chat", CHAT)):
            data = DataFolder(root=folder / name / "data")
            data.create()
            path = make_gguf(folder / f"{name}.gguf", template=template, sharpness=3)
            cards[name] = add(data, path)
    return {name: (card, text.load(card)) for name, card in cards.items()}


@pytest.fixture(params=BACKENDS)
def model(request, models):
    return models[request.param]


def request_of(**values):
    return TextRequest(**{"prompt": "This is", "seed": 3, "max_new_tokens": 90, **values})


def run(model, **values):
    return run_job(text, *model, request_of(**values))


def streamed(outcome):
    return "".join(event.text for event in outcome.of(TextDelta))


def written(model, outcome):
    """The text after the prompt, without the blank that may separate them."""
    (result,) = outcome.results
    assert streamed(outcome) == result.text
    return result.text if model[0].chat else result.text.removeprefix("This is").removeprefix(" ")


@pytest.mark.parametrize("temperature", [0.0, 1.5])
def test_every_seed_gives_json_of_the_schema(model, temperature):
    for seed in SEEDS if temperature else [0]:
        outcome = run(model, json_schema=json.dumps(CATS), seed=seed, temperature=temperature)
        found = json.loads(written(model, outcome))
        assert set(found) == {"name", "legs", "colours"}
        assert len(found["name"]) <= 8
        assert 0 <= found["legs"] <= 99
        assert set(found["colours"]) <= {"black", "白"}
        assert outcome.results[0].finish_reason == "stop"
        assert outcome.notes == []


@pytest.mark.parametrize(
    "pattern", ["[a-z]{3,9}(, [a-z]{3,9}){2}", "[一-龥]{4}|\\d+/\\d+!", "(?i)no+"]
)
def test_every_seed_gives_a_match_of_the_expression(model, pattern):
    for seed in SEEDS:
        outcome = run(model, regex=pattern, seed=seed, temperature=1.5)
        whole = written(model, outcome)
        if outcome.results[0].finish_reason == "stop":
            assert re.fullmatch(pattern, whole), whole
        else:
            assert outcome.results[0].finish_reason == "length"
            assert outcome.notes == ["The text ended before it matched the field regex"]


def test_choices_end_the_text_when_one_is_complete(model):
    found = {
        written(model, run(model, choices=("yes", "no", "不知道"), seed=seed)) for seed in SEEDS
    }
    assert found <= {"yes", "no", "不知道"}
    assert len(found) > 1


def test_a_seed_gives_the_same_text(model):
    values = {"json_schema": json.dumps(CATS), "temperature": 1.2}
    first, again, other = (run(model, **values, seed=seed) for seed in (5, 5, 6))
    assert written(model, first) == written(model, again) != written(model, other)


def test_a_text_that_is_too_short_says_so(model):
    outcome = run(model, json_schema=json.dumps(CATS), max_new_tokens=4)
    assert outcome.results[0].finish_reason == "length"
    assert outcome.notes == ["The text ended before it matched the field json_schema"]


def test_repetition_settings_give_way_to_the_grammar(model):
    values = {"no_repeat_ngram_size": 1, "repetition_penalty": 3.0, "temperature": 0}
    whole = written(model, run(model, regex="(ab){6}", **values))
    assert whole == "ab" * 6


def test_the_beginning_of_the_answer_counts(model):
    outcome = run(model, prefix='{"name": "Mau', json_schema=json.dumps(CATS))
    (result,) = outcome.results
    found = json.loads(result.text[result.text.index("{") :])
    assert found["name"].startswith("Mau")
    with pytest.raises(StudioError, match="cannot match the field regex"):
        run(model, prefix="Oh", regex="[a-z]+")


def test_stop_strings_end_a_constrained_text(model):
    outcome = run(model, regex="[a-z]{40}", stop=tuple("aeioustr"), temperature=1.5, seed=1)
    (result,) = outcome.results
    assert result.finish_reason == "stop_string"
    assert outcome.notes == ["The text ended before it matched the field regex"]


def test_candidates_keep_their_own_place_in_the_grammar(model):
    outcome = run(model, regex="[a-z]{2,12}", num_return_sequences=6, temperature=1.5)
    assert len(outcome.results) > 1
    for result in outcome.results:
        assert re.fullmatch("(This is ?)?[a-z]{2,12}", result.text)


def test_log_probabilities_are_those_of_the_free_model(model):
    outcome = run(model, choices=("yes", "no"), top_logprobs=5, seed=2)
    (result,) = outcome.results
    first = result.logprobs.choices[0]
    assert len(first.top) == 5
    assert first.logprob < 0
    assert any(token != first.token for token, _value in first.top)


def test_rows_of_a_batch_have_their_own_grammars(model):
    requests = [
        request_of(json_schema=json.dumps(CATS)),
        request_of(),
        request_of(choices=("yes", "no")),
        request_of(regex="[0-9]{3}"),
    ]
    assert len({request.batch_key for request in requests}) == 1
    contexts = [
        JobContext(new_job(request, "/nowhere"), model[0], lambda _event: None, lambda: False)
        for request in requests
    ]
    found = {number: result.text for number, result, _more in text.run_batch(contexts, model[1])}
    alone = [
        run(model, **values).results[0].text
        for values in (
            {"json_schema": json.dumps(CATS)},
            {},
            {"choices": ("yes", "no")},
            {"regex": "[0-9]{3}"},
        )
    ]
    assert [found[number] for number in range(4)] == alone


def test_cancel_keeps_what_is_written(model):
    outcome = run_job(
        text, *model, request_of(regex="[a-z]{80}"), lambda seen: len(seen.of(TextDelta)) > 3
    )
    (result,) = outcome.results
    assert result.partial
    assert outcome.notes == []


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"regex": "(a"}, "regex: is invalid: unclosed group"),
        ({"regex": "a(?=b)"}, "look-around, including look-ahead and look-behind"),
        ({"json_schema": '{"type": "objekt"}'}, "json_schema: is invalid: Invalid type: objekt"),
        ({"json_schema": '{"$ref": "http://a.example/s.json"}'}, "json_schema: is invalid"),
        ({"json_schema": '{"type": "array", "uniqueItems": true}'}, "Unimplemented keys"),
    ],
)
def test_an_invalid_grammar_is_refused(models, values, problem):
    with pytest.raises(StudioError, match=re.escape(problem)):
        run(models["gpt2"], **values)


def test_an_encoder_decoder_is_refused(tmp_path):
    card = make_t5(tmp_path / "t5")
    with pytest.raises(StudioError, match="cannot be used with the encoder-decoder"):
        run((card, text.load(card)), choices=("yes", "no"))


@pytest.mark.parametrize(
    ("options", "script"),
    [
        ({"opening": "<think>\n"}, "Short <is> good.\n</think>\n\nYes, rain."),
        ({"mentions": "</think>"}, "<think>\nShort is good.\n</think>\n\nYes, rain."),
        ({"special": ("<think>", "</think>")}, "<think>Short is good.</think>Yes, rain."),
    ],
)
def test_thoughts_are_free_and_the_answer_is_not(tmp_path, options, script):
    card = make_scripted(tmp_path / "m", script, **options)
    outcome = run(
        (card, text.load(card)),
        prompt="Hi",
        choices=("no", "不"),
        temperature=0,
        max_new_tokens=200,
    )
    (result,) = outcome.results
    thoughts = "".join(event.text for event in outcome.of(ThoughtDelta))
    assert result.text in {"no", "不"}
    assert "good." in thoughts
    assert outcome.notes == []
