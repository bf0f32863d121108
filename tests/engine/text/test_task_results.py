"""A job of a guided task: its results are cleaned, checked and ranked where they are generated."""

import dataclasses

import msgspec
import pytest
import torch

from studio.core.artifact import Recipe
from studio.core.errors import InvalidRequestError, StudioError
from studio.core.events import Progress, TextDelta
from studio.core.jobs import new_job
from studio.core.requests import TextRequest, build_request, fields
from studio.core.requests.story import StoryPrompts
from studio.core.requests.text_task import (
    TEXT_PLACE,
    FieldValue,
    PartPrompts,
    TaskCheck,
    TextTask,
)
from studio.engine.protocol import JobContext, UnusableResultError
from studio.engine.text import generate as text
from studio.engine.text.tasks.results import task_results
from studio.library.results import TextResult
from tests.checkpoints.text import make_gpt2
from tests.engine.runs import Outcome, run_job

TASK = TextTask(
    name="headline",
    language="en",
    fields=(FieldValue("text", "the flood"), FieldValue("words", "9")),
    count=2,
    clean=("first_line", "strip_quotes"),
    check=(TaskCheck(use="length", at_least=2, at_most="words"), TaskCheck(use="repetition")),
)
IMPOSSIBLE = msgspec.structs.replace(
    TASK, check=(TaskCheck(use="length", at_least=900, required=True),)
)


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory):
    card = make_gpt2(tmp_path_factory.mktemp("models") / "gpt2")
    return card, text.load(card)


def request(task=TASK, **values):
    return TextRequest(
        **{"prompt": "This is", "seed": 3, "max_new_tokens": 12, "task": task, **values}
    )


def test_the_best_are_kept_and_the_others_stand_in_the_review(gpt2):
    made = request(num_return_sequences=6, temperature=1.3, mode="complete")
    outcome = run_job(text, *gpt2, made)
    results = outcome.results
    assert [result.ordinal for result in results] == [0, 1]
    assert made.result_count == 2
    reviews = [result.review for result in results]
    indexes = [review.index for review in reviews]
    indexes += [omitted.index for omitted in reviews[0].omitted]
    assert sorted(indexes) == list(range(6)), "every text is a result or is left out"
    assert reviews[1].omitted == ()
    for result in results:
        assert result.review.unedited.startswith("This is")
        assert not result.text.startswith("This is")
        assert "\n" not in result.text
        assert {check.name for check in result.review.checks} == {"length", "repetition"}
    assert {event.candidate for event in outcome.of(TextDelta)} <= {0, 1}


def test_a_single_text_is_the_same_alone_and_in_a_batch(gpt2):
    card, pipeline = gpt2
    single = msgspec.structs.replace(TASK, count=1, check=())
    requests = [request(single, seed=seed) for seed in (1, 2)]
    alone = [run_job(text, card, pipeline, made).results[0] for made in requests]
    contexts = [
        JobContext(new_job(made, "/nowhere"), card, lambda _event: None, lambda: False)
        for made in requests
    ]
    together = {number: result for number, result, _ in text.run_batch(contexts, pipeline)}
    assert [together[0], together[1]] == alone


def test_without_a_usable_text_the_job_fails_and_keeps_what_the_model_wrote(gpt2):
    card, pipeline = gpt2
    outcome = Outcome()
    context = JobContext(
        new_job(request(IMPOSSIBLE, num_return_sequences=3), "/nowhere"),
        card,
        outcome.events.append,
        lambda: False,
    )
    with pytest.raises(StudioError, match=r"None of the 3 texts .*: 3 without") as caught:
        outcome.results.extend(text.generate(context, pipeline))
    assert "larger model" in caught.value.cure
    (kept,) = outcome.results
    assert kept.partial
    assert len(kept.review.omitted) == 3
    batch = list(
        text.run_batch(
            [dataclasses.replace(context, job=new_job(request(IMPOSSIBLE), "/nowhere"))], pipeline
        )
    )
    ((_number, error, _statistics),) = batch
    assert isinstance(error, UnusableResultError)
    assert error.message.startswith("The text that the model wrote cannot be used")
    assert error.result.partial
    assert error.result.text
    (check,) = error.result.review.checks
    assert (check.name, check.passed) == ("length", False)
    assert [check.passed for check in kept.review.checks] == [False]


@pytest.mark.parametrize("kind", ["batch", "story", "summary"])
def test_results_are_saved_outside_the_context_of_the_model(reader, kind):
    card, pipeline = reader
    task = msgspec.structs.replace(TASK, count=1, check=())
    if kind == "summary":
        task = PARTS
    elif kind == "story":
        task = STORY
    context = JobContext(
        new_job(request(task, prompt="Sum up"), "/nowhere"),
        card,
        lambda _event: None,
        lambda: False,
    )
    made = (
        text.run_batch([context], pipeline) if kind == "batch" else text.generate(context, pipeline)
    )
    states = [torch.is_inference_mode_enabled() or not torch.is_grad_enabled() for _ in made]
    assert states == [False]


def test_fewer_results_than_asked_for_are_counted():
    texts = ["Flood in town", "I'm sorry, but I cannot", "FLOOD IN TOWN!", '""']
    found = task_results(
        request(), TASK, [TextResult(text=one, ordinal=at) for at, one in enumerate(texts)]
    )
    (only,) = found
    assert (only.text, only.distinct) == ("Flood in town", 1)
    reasons = {omitted.text: omitted.reason for omitted in only.review.omitted}
    assert reasons == {texts[1]: "refusal", texts[2]: "repeated", texts[3]: "empty"}


def test_task_is_no_field_of_forms_but_part_of_request_and_recipe():
    assert "task" not in {info.name for info in fields(TextRequest)}
    made = build_request(TextRequest, {"prompt": "x", "task": TASK})
    recipe = Recipe(studio="1", job_id="j", request=made)
    back = msgspec.json.decode(msgspec.json.encode(recipe), type=Recipe)
    assert back == recipe
    old = '{"studio": "1", "job_id": "j", "request": {"kind": "text", "prompt": "x"}}'
    assert msgspec.json.decode(old, type=Recipe).request.task is None
    surrogate = msgspec.structs.replace(TASK, draft="\ud800")
    for wrong in (5, msgspec.structs.replace(TASK, fields=()), {"name": "x"}, surrogate):
        with pytest.raises(InvalidRequestError):
            build_request(TextRequest, {"prompt": "x", "task": wrong})


def test_draft_is_corrected_without_a_new_text_and_the_attempts_are_kept(gpt2):
    draft = "word " * 12
    again = msgspec.structs.replace(TASK, count=1, draft=draft, fix=2)
    (result,) = run_job(text, *gpt2, request(again)).results
    assert result.review.unedited in (draft, *(one.text for one in result.review.fixes))
    assert 1 <= len(result.review.fixes) <= 2
    assert result.review.fixes[0].checks == ("length", "repetition")
    helped = [attempt for attempt in result.review.fixes if attempt.helped]
    assert (result.text == draft.strip()) == (not helped)


LONG = (
    "The old bridge at Kelmore was closed on 14 March. Engineers found cracks in 3 pillars. "
    "People walked along the river and waited for news. "
) * 60
PARTS = msgspec.structs.replace(
    TASK,
    name="summary",
    count=1,
    check=(),
    fields=(FieldValue("text", LONG), FieldValue("sentences", "3")),
    parts=PartPrompts(whole=TEXT_PLACE, part=f"Sum up:\n{TEXT_PLACE}\n", group=TEXT_PLACE),
)


STORY = msgspec.structs.replace(
    TASK,
    name="story",
    fields=(FieldValue("text", "rain"), FieldValue("chapters", "1"), FieldValue("scenes", "1")),
    check=(),
    count=1,
    story_prompts=StoryPrompts(
        outline="Plan: {text}",
        bible="People: {outline}",
        scenes="Split: {chapter}",
        scene="Write: {scene}",
        recap="Sum up: {scene}",
    ),
)


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    card = make_gpt2(tmp_path_factory.mktemp("models") / "reader", positions=512)
    return card, text.load(card)


def test_long_text_is_read_in_parts_with_progress_and_links(reader):
    outcome = run_job(text, *reader, request(PARTS, prompt="Sum up"))
    (result,) = outcome.results
    notes = result.review.notes
    assert len(notes) > 1
    assert next(LONG[note.start : note.end][:10] for note in notes) == LONG[:10]
    assert notes[-1].end == len(LONG.rstrip())
    steps = [event for event in outcome.of(Progress) if event.unit == "part"]
    assert steps[-1].step == steps[-1].total >= len(notes)
    assert result.review.coverage.unlinked == 0, "an untrained model writes nothing of the text"
    assert len(result.review.coverage.sentences) <= 3
    assert all(note.extracted for note in notes)


def test_notes_of_a_cancelled_summary_are_its_partial_result(reader):
    def after_two_parts(outcome):
        return sum(event.unit == "part" for event in outcome.of(Progress)) >= 2

    outcome = run_job(text, *reader, request(PARTS, prompt="Sum up"), after_two_parts)
    assert outcome.cancelled
    (result,) = outcome.results
    assert result.partial
    assert len(result.review.notes) >= 2
    assert "bridge" in result.text or "cracks" in result.text


def test_short_text_of_the_same_task_has_links_too(reader):
    short = msgspec.structs.replace(PARTS, fields=(FieldValue("text", "Rain fell in Pell."),))
    outcome = run_job(text, *reader, request(short, prompt="Rain fell in Pell.", mode="complete"))
    assert outcome.results[0].review.coverage.parts == 1


def test_story_is_written_with_progress_and_kept_in_the_review(reader):
    outcome = run_job(text, *reader, request(STORY, prompt="rain"))
    (result,) = outcome.results
    assert len(result.review.story.chapters) == 1
    assert result.text.startswith("## 1. ")
    assert result.review.story.chapters[0].scenes[0].text in result.text
    assert [event.step for event in outcome.of(Progress)] == [1, 2, 3, 4]
