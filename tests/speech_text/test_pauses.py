"""Test that pauses become silence of their length and no tag is read aloud."""

import time

import pytest

from studio.speech_text.pauses import DEFAULT_SECONDS, MAX_SECONDS, MAX_TOTAL_SECONDS, passages


def _seen(text):
    return [(passage.text.strip(), passage.silence) for passage in passages(text)]


@pytest.mark.parametrize(
    ("tag", "seconds"),
    [
        ("[pause:3]", 3.0),
        ("[pause: 1.5]", 1.5),
        ("[pause 2s]", 2.0),
        ("[PAUSE=250ms]", 0.25),
        ("[pause for 4 seconds]", 4.0),
        ("[pause]", DEFAULT_SECONDS),
        ("[break:2]", 2.0),
        ("[silence 0.5]", 0.5),
        ("［pause：2］", 2.0),
        ("[停顿2秒]", 2.0),
        ("【停顿】", DEFAULT_SECONDS),
        ("{pause:2}", 2.0),
        ('<break time="700ms"/>', 0.7),
        ("<break time='2s' />", 2.0),
        ("<break time=1s>", 1.0),
        ("<BREAK/>", DEFAULT_SECONDS),
        ('<break strength="weak"/>', 0.35),
        ("<pause 2>", 2.0),
        ("<#0.5#>", 0.5),
        ("[[slnc 400]]", 0.4),
        ("[pause:86400]", MAX_SECONDS),
        ("[pause:5 min]", MAX_SECONDS),
    ],
)
def test_pause_tag_becomes_silence(tag, seconds):
    assert _seen(f"One {tag} two") == [("One", pytest.approx(seconds)), ("two", 0.0)]


@pytest.mark.parametrize("tag", ['<break strength="none"/>', "[pause:0]", "</break>"])
def test_text_without_pauses_has_no_silence(tag):
    assert _seen(f"One {tag} two") == [("One  two", 0.0)]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (
            '<speak><prosody rate="slow">Slow</prosody> <emphasis '
            'level="strong">words</emphasis></speak>',
            "Slow words",
        ),
        ('<say-as interpret-as="date">May 1</say-as>', "May 1"),
        ('<sub alias="World Wide Web">WWW</sub>', "World Wide Web"),
        ("<b>bold</b> &amp; <i>thin</i>", "bold & thin"),
        ("<whisper>hush</whisper> <laugh>", "hush"),
        ("<!-- a remark -->Text", "Text"),
        ('<?xml version="1.0"?><speak>Hi</speak>', "Hi"),
    ],
)
def test_other_tags_are_removed(text, left):
    assert " ".join("".join(passage.text for passage in passages(text)).split()) == left


@pytest.mark.parametrize(
    "text",
    [
        "[pause the video] now",
        "[pauses]",
        "if a < b and c > d",
        "a<b and c>d",
        "[note]",
        "[S1] Hello.",
        "x <- y",
        "[break it down]",
    ],
)
def test_text_resembling_a_tag_is_kept(text):
    assert [passage.text for passage in passages(text)] == [text]


def test_text_may_begin_and_end_with_a_pause():
    assert _seen("[pause:1]a[pause:2]") == [("", 1.0), ("a", 2.0)]


def test_total_pause_is_limited():
    assert sum(passage.silence for passage in passages("[pause:10] a " * 1000)) == MAX_TOTAL_SECONDS


@pytest.mark.parametrize(
    "unit",
    ["<", "[pause:", "<break ", "<!--", '<a b="', "&", "[pause:1]", '<sub alias="', "<a b=c "],
)
def test_hostile_markup_takes_linear_time(unit):
    begun = time.process_time()
    passages((unit * 100_000)[:100_000])
    assert time.process_time() - begun < 2
