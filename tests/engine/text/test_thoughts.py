"""Test that a reasoning model's thoughts are separated from its answer.

This holds for every family's tags and any chunk boundaries.
"""

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import StudioError
from studio.core.events import Failed, Finished, TextDelta, ThoughtDelta
from studio.core.jobs import new_job
from studio.core.requests import TextRequest
from studio.engine.local import LocalEngine
from studio.engine.runtime.replay_filter import ReplayFilter
from studio.engine.text import generate as text
from studio.engine.text.thoughts import PAIRS, ChannelSplitter, Splitter, TagSplitter, marks_of
from studio.library.artifacts import read_recipe
from studio.models import llama_cpp
from studio.models.install.add import add
from tests.checkpoints.scripted import make_scripted, make_scripted_gguf
from tests.checkpoints.text import make_tokenizer
from tests.engine.runs import run_job

HARMONY = (
    "<|channel|>analysis<|message|>The user wants "
    "rain.<|end|><|start|>assistant<|channel|>final<|message|>Rain again.<|return|>"
)
HARMONY_TOKENS = ("<|start|>", "<|channel|>", "<|message|>", "<|end|>", "<|return|>")


def split(splitter, whole, *cuts):
    """Return thoughts and answer of a text that comes in pieces, and check what streamed against
    them.
    """
    at = [0, *sorted(cut % (len(whole) + 1) for cut in cuts), len(whole)]
    pieces = [
        piece for begin, end in itertools.pairwise(at) for piece in splitter.push(whole[begin:end])
    ]
    pieces += splitter.finish()
    answer = ""
    for sort, part in pieces:
        answer = (
            "" if sort == "thought" and not part else answer + (part if sort == "answer" else "")
        )
    assert answer == splitter.answer
    return splitter.thoughts, splitter.answer


CASES = [
    # The prompt's end, what the model writes, thoughts, answer
    ("<A><think>\n", "Short is good.\n</think>\n\nRain again.", "Short is good.\n", "Rain again."),
    ("<A>", "<think>\nShort.\n</think>\n\nRain again.", "\nShort.\n", "Rain again."),
    ("<A>", "\n <think>Short.</think>Rain again.", "Short.", "Rain again."),
    ("<A>", "Short.\n</think>\n\nRain again.", "Short.\n", "Rain again."),
    ("<A>", "Rain again.", "", "Rain again."),
    ("<A>", " Rain <think>again</think>.", " Rain <think>again", "."),
    ("<A><think>\n\n</think>\n\n", "Rain <think>again</think>.", "", "Rain <think>again</think>."),
    ("<A><think>\n\n</think>\n\n", "\nRain again.", "", "Rain again."),
    (
        "<A>",
        "Tags: `<think>` opens, `</think>` closes.",
        "",
        "Tags: `<think>` opens, `</think>` closes.",
    ),
    ("<A>", "```\n<think>\n</think>\n```\nOk", "", "```\n<think>\n</think>\n```\nOk"),
    (
        "<A><think>",
        "The tag `</think>` ends it.</think>Yes.",
        "The tag `</think>` ends it.",
        "Yes.",
    ),
    ("<A><think>", "```python\nx = 1\n</think>Yes.", "```python\nx = 1\n", "Yes."),
    ("<A>", "<think>a</think><think>b</think>Yes.", "ab", "Yes."),
    ("<A>", "<think>a</think>\n<answer>\nYes.\n</answer>\n", "a", "Yes."),
    ("<A>", "<think>a</think>Yes <answer> no", "a", "Yes <answer> no"),
    ("<A>", "<thinking>a</thinking>Yes.", "a", "Yes."),
    ("<A>", "<reasoning>a</reasoning>\nYes.", "a", "Yes."),
    ("<A>", "[THINK]a[/THINK]Yes.", "a", "Yes."),
    ("<A>", "<seed:think>a</seed:think>Yes.", "a", "Yes."),
    ("<A>", "<|channel>thought\na<channel|>Yes.", "\na", "Yes."),
    ("<A>", "<|START_THINKING|>a<|END_THINKING|>Yes.", "a", "Yes."),
    ("<A><think>\n", "I never come to an end", "I never come to an end", ""),
    ("<A>", "<think>I never", "I never", ""),
    ("<A>", "<thin", "", "<thin"),
    ("<A>", "a < b and c </", "", "a < b and c </"),
    ("<A>", "  ", "", "  "),
]


@pytest.mark.parametrize(("prompt", "whole", "thoughts", "answer"), CASES)
def test_tag_splitter_separates_thoughts(prompt, whole, thoughts, answer):
    for size in (1, 2, 3, 7, 1000):
        splitter = TagSplitter(PAIRS, prompt)
        assert split(splitter, whole, *range(0, len(whole), size)) == (thoughts, answer)


@given(st.sampled_from(CASES), st.lists(st.integers(0, 200), max_size=6))
def test_tag_splitter_is_independent_of_chunk_boundaries(case, cuts):
    prompt, whole, thoughts, answer = case
    assert split(TagSplitter(PAIRS, prompt), whole, *cuts) == (thoughts, answer)


@given(st.text("<think>/`\n a", max_size=40), st.lists(st.integers(0, 40), max_size=5))
def test_splitter_without_tags_keeps_all_text(whole, cuts):
    assert split(Splitter(), whole, *cuts) == ("", whole)


@pytest.mark.parametrize(
    ("whole", "thoughts", "answer"),
    [
        (HARMONY, "The user wants rain.", "Rain again."),
        (HARMONY.removesuffix("<|return|>"), "The user wants rain.", "Rain again."),
        ("<|channel|>final<|message|>Rain again.", "", "Rain again."),
        ("Rain again.", "", "Rain again."),
        ("<|channel|>analysis<|message|>Hm", "Hm", ""),
        ("<|channel|>commentary to=functions.x <|constrain|>json<|message|>{}<|call|>", "{}", ""),
        (
            "<|channel|>analysis<|message|>a < "
            "b<|end|><|start|>assistant<|channel|>final<|message|>1 <| 2",
            "a < b",
            "1 <| 2",
        ),
    ],
)
def test_channel_splitter_separates_thoughts(whole, thoughts, answer):
    for size in (1, 3, 1000):
        assert split(ChannelSplitter(), whole, *range(0, len(whole), size)) == (thoughts, answer)


def test_tags_are_read_from_template_and_vocabulary():
    plain = make_tokenizer(chat=True)
    assert marks_of(plain).pairs == ()
    assert not marks_of(plain).channels
    plain.chat_template = "{{ content.split('</think>')[-1] }}"
    assert marks_of(plain).pairs == (("<think>", "</think>"),)
    assert marks_of(make_tokenizer()).pairs == ()  # without a chat template it goes on from a text
    special = make_tokenizer(chat=True)
    special.add_special_tokens(
        {"additional_special_tokens": ["[THINK]", "[/THINK]", *HARMONY_TOKENS]}
    )
    found = marks_of(special)
    assert found.pairs == (("[THINK]", "[/THINK]"),)
    assert found.channels
    assert set(found.tokens.values()) >= {"[THINK]", "[/THINK]", "<|channel|>", "<|message|>"}


# Real models
# ----------------------------------------------------------------------

MODELS = [
    ({"opening": "<think>\n"}, "Short is good.\n</think>\n\nRain again."),
    ({"mentions": "</think>"}, "<think>\nShort is good.\n</think>\n\nRain again."),
    ({"mentions": "</think>"}, "Short is good.\n</think>\n\nRain again."),
    ({"special": ("<think>", "</think>")}, "<think>Short is good.</think>Rain again."),
    ({"special": ("[THINK]", "[/THINK]")}, "[THINK]Short is good.[/THINK]Rain again."),
    # The tokenizer's own end is called <|end|>.
    ({"special": HARMONY_TOKENS}, HARMONY.removesuffix("<|return|>").replace("<|end|>", "")),
]


def ask(card, **values):
    request = TextRequest(
        **{
            "prompt": "Hi",
            "temperature": 0,
            "repetition_penalty": 1,
            "seed": 3,
            "max_new_tokens": 200,
            **values,
        }
    )
    return run_job(text, card, text.load(card), request)


def streamed(outcome, kind):
    return "".join(event.text for event in outcome.of(kind))


@pytest.mark.parametrize(("model", "script"), MODELS)
@pytest.mark.parametrize("beams", [1, 2])
def test_result_contains_the_answer_only(tmp_path, model, script, beams):
    outcome = ask(make_scripted(tmp_path / "m", script, **model), num_beams=beams)
    (result,) = outcome.results
    assert (result.text, result.finish_reason) == ("Rain again.", "stop")
    assert 0 < result.thought_tokens < 200
    if beams == 1:
        takes_text = any(event.takes_text for event in outcome.of(ThoughtDelta))
        thoughts = streamed(outcome, TextDelta if takes_text else ThoughtDelta)
        assert "Short is good." in thoughts or "The user wants rain." in thoughts
        assert streamed(outcome, TextDelta).endswith("Rain again.")
        assert takes_text or streamed(outcome, TextDelta) == "Rain again."


@pytest.mark.skipif(not llama_cpp.is_installed(), reason="llama.cpp has no wheel here")
@pytest.mark.parametrize(("model", "script"), MODELS)
def test_result_of_llama_cpp_contains_the_answer_only(data, tmp_path, model, script):
    card = add(data, make_scripted_gguf(tmp_path / "m.gguf", script, **model))
    assert (card.runner, card.chat) == ("llama.cpp", True)
    outcome = ask(card)
    (result,) = outcome.results
    assert (result.text, result.finish_reason) == ("Rain again.", "stop")
    assert 0 < result.thought_tokens < 200
    if "opening" in model or not script.startswith(
        "Short"
    ):  # nothing marks such thoughts before their end
        with pytest.raises(StudioError, match="still thinking at its limit"):
            ask(card, max_new_tokens=result.thought_tokens - 1)


def test_model_without_reasoning_keeps_its_text(tmp_path):
    script = "<think>is a tag</think> of some models"
    outcome = ask(make_scripted(tmp_path / "m", script))
    assert outcome.results[0].text == streamed(outcome, TextDelta) == script
    assert outcome.results[0].thought_tokens == 0
    outcome = ask(make_scripted(tmp_path / "base", script, chat=False))
    assert outcome.results[0].text == f"Hi{script}"


@pytest.mark.parametrize("candidates", [1, 3])
def test_limit_reached_inside_the_thoughts_is_reported(tmp_path, candidates):
    card = make_scripted(tmp_path / "m", "Short is good.\n</think>Rain again.", opening="<think>\n")
    with pytest.raises(
        StudioError, match="The answer did not begin: m was still thinking at its limit of 5 tokens"
    ) as caught:
        ask(card, max_new_tokens=5, num_return_sequences=candidates, temperature=candidates - 1)
    assert "Length (max_new_tokens)" in caught.value.cure


def test_end_inside_the_thoughts_is_reported(tmp_path):
    card = make_scripted(tmp_path / "m", "Short is good.", opening="<think>\n")
    with pytest.raises(StudioError, match="stopped while thinking"):
        ask(card)


def test_thoughts_of_each_batch_row_are_separated(tmp_path, data):
    card = add(
        data,
        make_scripted(tmp_path / "m", "Short.\n</think>Rain again.", opening="<think>\n").folder,
    )
    jobs = [
        new_job(
            TextRequest(
                prompt="Hi",
                model=card.name,
                temperature=0,
                repetition_penalty=1,
                seed=1,
                max_new_tokens=tokens,
            ),
            str(data.outputs),
            f"{tokens}-{number}",
        )
        for tokens in (60, 4)
        for number in range(2)
    ]
    events = {job.id: [] for job in jobs}
    engine = LocalEngine(data)
    for group in (jobs[:2], jobs[2:]):
        engine.run(
            group, lambda event: events[event.job_id].append(event.event), lambda _job_id: False
        )
    engine.close()
    for job in jobs[:2]:
        end = events[job.id][-1]
        assert isinstance(end, Finished)
        (artifact,) = end.artifacts
        assert (data.outputs / f"{job.target.stem}.txt").read_text() == "Rain again."
        assert (artifact.finish_reason, artifact.thought_tokens) == (
            "stop",
            read_recipe(data.outputs / f"{job.target.stem}.txt").thought_tokens,
        )
        assert artifact.thought_tokens > 3
    for job in jobs[2:]:
        end = events[job.id][-1]
        assert isinstance(end, Failed)
        assert "still thinking" in end.failure.message
        assert not (data.outputs / f"{job.target.stem}.txt").exists()


# Why a text ends
# ----------------------------------------------------------------------


@pytest.mark.parametrize("beams", [1, 3])
def test_finish_reason_is_stop_or_length(tmp_path, beams):
    card = make_scripted(tmp_path / "m", "Rain again.")
    whole = ask(card, num_beams=beams).results[0]
    assert (whole.text, whole.finish_reason) == ("Rain again.", "stop")
    tokens = len(make_tokenizer().encode("Rain again."))
    assert ask(card, num_beams=beams, max_new_tokens=tokens + 1).results[0].finish_reason == "stop"
    assert ask(card, num_beams=beams, max_new_tokens=tokens).results[0].finish_reason == "length"
    cut = ask(card, num_beams=beams, max_new_tokens=2).results[0]
    assert (cut.finish_reason, "Rain again.".startswith(cut.text)) == ("length", True)


def test_finish_reason_of_a_cancel(tmp_path):
    card = make_scripted(tmp_path / "m", "Rain again and again and again.")
    request = TextRequest(
        prompt="Hi", temperature=0, repetition_penalty=1, seed=3, max_new_tokens=60
    )
    outcome = run_job(
        text, card, text.load(card), request, lambda seen: len(seen.of(TextDelta)) >= 2
    )
    assert outcome.cancelled
    assert outcome.results[0].finish_reason == "cancelled"


def test_candidates_that_differ_only_in_whitespace_count_once(tmp_path):
    card = make_scripted(tmp_path / "m", "Rain again.")
    outcome = ask(card, num_return_sequences=3, temperature=0.01)
    assert [result.text for result in outcome.results] == ["Rain again."]
    assert outcome.results[0].distinct == 1
    assert outcome.notes == ["2 of 3 candidates differ only in blanks and are left out"]


def test_restarted_thoughts_are_sent_once():
    events = []
    replay_filter = ReplayFilter(events.append)
    first = [ThoughtDelta(text="ab"), TextDelta(text="x")]
    for event in first:
        replay_filter(event)
    replay_filter.restart()
    for event in (ThoughtDelta(text="abc"), TextDelta(text="xy")):
        replay_filter(event)
    assert events == [*first, ThoughtDelta(text="c"), TextDelta(text="y")]
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(first[0]), type=ThoughtDelta) == first[0]
