"""What holds for every poem model, also for one that learned nothing: form, cancels, bad input."""

from __future__ import annotations

import pytest

from studio.core.errors import StudioError
from studio.core.requests import TextRequest
from studio.engine.text import generate as text
from studio.engine.text.quatrain.sampling import Wanted, write_poems
from studio.models.card import request_for
from studio.text_checks.tones import check_tones
from studio.text_checks.verse import check_form
from studio.text_tasks.loader import find_task
from studio.text_tasks.model_prompts.quatrain.known_lines import KnownLines
from studio.text_tasks.model_prompts.quatrain.layout import FORMS
from studio.text_tasks.requests import TaskInput, request_values
from tests.engine.runs import run_job
from tests.engine.text.quatrain.models import LIFE, make_tiny


@pytest.fixture
def card(tmp_path, monkeypatch):
    return make_tiny(tmp_path, monkeypatch)


@pytest.fixture
def model(card):
    return text.load(card)


@pytest.mark.parametrize("form", FORMS)
def test_an_untrained_model_keeps_the_form(model, form):
    poems = write_poems(model, Wanted(form, "秋月", ("秋", "月")), 4, 1, 1.0)
    assert len({poem.text for poem in poems}) == 4
    for poem in poems:
        assert [len(line) for line in poem.lines] == [FORMS[form][1]] * 4
        assert check_form(poem.text, form).passed
        assert check_tones(poem.text, form).passed
        assert len({*"".join(poem.lines)}) >= 4 * FORMS[form][1] - 1, "one doubled at most"
    assert [poem.score for poem in poems] == sorted((one.score for one in poems), reverse=True)


def test_a_line_that_was_learned_is_never_written(model, monkeypatch):
    wanted = Wanted("五言绝句")
    (poem,) = write_poems(model, wanted, 1, 5, 0.1)
    model.known_lines = KnownLines.of(poem.lines)
    (other,) = write_poems(model, wanted, 1, 5, 0.1)
    assert not {*poem.lines} & {*other.lines}
    assert LIFE.lines[0] not in model.known_lines


def test_a_seed_repeats_a_poem(model):
    wanted = Wanted("七言绝句", "", ("雪",))
    first, same, other = (write_poems(model, wanted, 1, seed, 0.8) for seed in (1, 1, 2))
    assert first == same
    assert first != other


def test_a_request_of_the_task_and_a_plain_one_give_poems(card, model):
    task = find_task(None, "poem")
    inputs = TaskInput(prompt="江南春雨", fields={"form": "五言绝句"}, candidates=2)
    request = request_for(card, request_values(task, inputs, card))
    assert request.prompt == "江南春雨"
    outcome = run_job(text, card, model, request)
    assert len(outcome.results) == 2
    assert all(check.passed for one in outcome.results for check in one.review.checks)
    assert outcome.statistics.unit == "token"
    (plain,) = run_job(text, card, model, TextRequest(prompt="五绝：秋月", seed=2)).results
    assert check_form(plain.text, "五言绝句").passed
    (seven,) = run_job(text, card, model, TextRequest(prompt="秋月", seed=2)).results
    assert check_form(seven.text, "七言绝句").passed


def test_a_cancelled_job_has_no_poem(card, model):
    outcome = run_job(text, card, model, TextRequest(prompt="秋月", seed=1), lambda _outcome: True)
    assert outcome.cancelled
    assert not outcome.results


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"prompt": "autumn moon"}, "needs a subject in Chinese"),
        ({"prompt": "秋月", "form": "七言律诗"}, "writes 五言绝句, 七言绝句 only"),
        ({"prompt": "秋月", "form": "haiku"}, "writes 五言绝句, 七言绝句 only"),
    ],
)
def test_what_it_cannot_write_is_refused(card, model, values, problem):
    inputs = TaskInput(prompt=values["prompt"], fields={"form": values.get("form", "五言绝句")})
    request = request_for(card, request_values(find_task(None, "poem"), inputs, card))
    with pytest.raises(StudioError, match=problem):
        run_job(text, card, model, request)


def test_jobs_of_a_batch_are_run_one_after_the_other(card, model):
    from studio.core.jobs import new_job
    from studio.engine.protocol import JobContext

    requests = [TextRequest(prompt=prompt, seed=1) for prompt in ("秋月", "autumn", "雪")]
    contexts = [
        JobContext(new_job(request, "/nowhere"), card, lambda _event: None, lambda: False)
        for request in requests
    ]
    outcomes = {number: outcome for number, outcome, _statistics in text.run_batch(contexts, model)}
    assert isinstance(outcomes[1], StudioError)
    (alone,) = run_job(text, card, model, requests[2]).results
    assert outcomes[2].text == alone.text


def test_a_model_with_other_tokens_is_refused(card):
    path = card.folder / "tokenizer.json"
    path.write_text(path.read_text(encoding="utf-8").replace("[题]", "[名]"), encoding="utf-8")
    with pytest.raises(StudioError, match="other tokens"):
        text.load(card)
