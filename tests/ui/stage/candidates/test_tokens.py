"""Tokens and requests that go on from another one, with real models and tokenizers."""

import pytest

from studio.core.requests import TextRequest
from studio.engine.text import generate as text
from studio.ui.stage.candidates.tokens import continuing_request, token_at
from tests.checkpoints.text import make_gpt2, make_llama
from tests.engine.runs import run_job


@pytest.fixture(scope="module", params=[make_gpt2, make_llama], ids=["gpt2", "llama"])
def model(request, tmp_path_factory):
    card = request.param(tmp_path_factory.mktemp("model") / "tiny")
    return card, text.load(card)


def run(model, request):
    card, pipeline = model
    (result,) = run_job(text, card, pipeline, request, lambda _seen: False).results
    return result


@pytest.mark.parametrize("mode", ["chat", "complete"])
@pytest.mark.parametrize("prompt", ["This is", "The quick brown "])
def test_the_new_text_begins_with_the_old_one_and_the_other_token(model, mode, prompt):
    request = TextRequest(
        prompt=prompt, model=model[0].name, mode=mode, seed=3, max_new_tokens=16, top_logprobs=10
    )
    result = run(model, request)
    completes = mode == "complete" or not model[0].chat
    tried = 0
    for choice in result.logprobs.choices:
        token = token_at(result.text, result.logprobs, choice.start)
        if token is None:
            continue
        assert sum(one.is_chosen for one in token.alternatives) == 1
        usable = [
            one
            for one in token.alternatives
            if one.can_continue and not one.text.endswith((" ", "\t"))
        ]
        if not usable or tried == 3:
            continue
        tried += 1
        again = continuing_request(request, result.text, token, usable[0], completes=completes)
        assert (again.num_return_sequences, again.top_logprobs) == (1, 10)
        assert run(model, again).text.startswith(result.text[: token.start] + usable[0].text)
    assert tried
