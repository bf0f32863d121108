"""Test every text family of the catalog with tiny checkpoints: stream, beams, cancel, batch."""

import pytest

from studio.core.events import TextDelta
from studio.core.requests import TextRequest
from studio.engine.text import generate as text
from studio.models.catalog import catalog_entries
from tests.checkpoints.text_families import TEXT_FAMILIES, WITHOUT_CHAT, make_text, pack_as_fp8
from tests.engine.runs import run_job
from tests.engine.text.test_together import together

PROMPTS = ("This is a cat.", "The quick brown fox jumps over", "一只猫")


@pytest.fixture(scope="module", params=TEXT_FAMILIES)
def loaded(request, tmp_path_factory):
    card = make_text(tmp_path_factory.mktemp("models") / request.param, request.param)
    return request.param, card, text.load(card)


def request_of(**values):
    return TextRequest(
        **{"prompt": PROMPTS[0], "seed": 3, "max_new_tokens": 16, "temperature": 1.0, **values}
    )


def test_every_text_family_of_the_catalog_has_a_checkpoint_here():
    assert {entry.card.family for entry in catalog_entries() if entry.card.kind == "text"} <= set(
        TEXT_FAMILIES
    )


def test_family_is_detected_and_streams(loaded):
    family, card, pipeline = loaded
    assert (card.kind, card.family, card.chat) == ("text", family, family not in WITHOUT_CHAT)
    outcome = run_job(text, card, pipeline, request_of())
    (result,) = outcome.results
    assert result.text == "".join(event.text for event in outcome.of(TextDelta))
    assert result.text not in ("", PROMPTS[0])
    assert outcome.progress
    assert not result.partial
    assert run_job(text, card, pipeline, request_of()).results == outcome.results
    assert run_job(text, card, pipeline, request_of(seed=4)).results != outcome.results


def test_beams_are_ranked(loaded):
    _family, card, pipeline = loaded
    results = run_job(
        text, card, pipeline, request_of(num_beams=3, num_return_sequences=3, max_new_tokens=6)
    ).results
    assert 0 < len(results) <= 3
    assert len({"".join(result.text.split()) for result in results}) == len(results)
    assert [result.score for result in results] == sorted(
        (result.score for result in results), reverse=True
    )


def test_cancel_keeps_the_partial_text(loaded):
    _family, card, pipeline = loaded
    whole = run_job(text, card, pipeline, request_of()).results[0].text
    asked = 0

    def cancelled(_outcome):
        nonlocal asked
        asked += 1
        return asked > 5

    stopped = run_job(text, card, pipeline, request_of(), cancelled)
    assert stopped.cancelled
    (result,) = stopped.results
    assert result.partial
    assert whole.startswith(result.text.rstrip("\N{REPLACEMENT CHARACTER}"))
    assert len(result.text) < len(whole)


def test_cancelled_row_leaves_the_batch_and_the_others_finish(loaded):
    """The cancelled row leaves with its part of the cache; the others equal single jobs."""
    _family, card, pipeline = loaded
    wanted = [request_of(prompt=prompt, seed=seed) for seed, prompt in enumerate(PROMPTS)]
    asked = 0

    def cancelled(number):
        nonlocal asked
        asked += number == 1
        return number == 1 and asked > 4

    made, _events = together((card, pipeline), wanted, cancelled)
    assert [result.partial for result, _statistics in made] == [False, True, False]
    for number in (0, 2):
        assert made[number][0] == run_job(text, card, pipeline, wanted[number]).results[0]


def test_batch_row_equals_a_single_job(loaded):
    _family, card, pipeline = loaded
    wanted = [request_of(prompt=prompt, seed=seed) for seed, prompt in enumerate(PROMPTS)]
    made, _events = together((card, pipeline), wanted)
    for request, (result, _statistics) in zip(wanted, made, strict=True):
        assert result == run_job(text, card, pipeline, request).results[0]


def test_ministral_8_bit_weights_are_dequantized_on_load(tmp_path):
    make_text(tmp_path / "m", "mistral3")
    plain = text.load(pack := make_text(tmp_path / "n", "mistral3")).model
    packed = pack_as_fp8(tmp_path / "m")
    pipeline = text.load(packed)
    assert {parameter.dtype for parameter in pipeline.model.parameters()} == {plain.dtype}
    name = "model.language_model.layers.0.self_attn.q_proj.weight"
    before, after = plain.get_parameter(name), pipeline.model.get_parameter(name)
    assert 0 < (before - after).abs().max() < before.abs().max() / 16
    assert run_job(text, packed, pipeline, request_of()).results[0].text
    assert pack.parameters == packed.parameters - 2 * 14  # the factors


def test_vision_part_is_skipped_and_logits_stay_the_same(tmp_path):
    import torch
    from transformers import AutoModelForImageTextToText

    card = make_text(tmp_path / "q", "qwen3_5")
    whole = AutoModelForImageTextToText.from_pretrained(
        card.folder, dtype="float32", local_files_only=True
    ).eval()
    ids = torch.arange(2, 20)[None]
    with torch.inference_mode():
        torch.testing.assert_close(text.load(card).model(ids).logits, whole(ids).logits)
