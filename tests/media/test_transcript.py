"""Formats of transcripts."""

import json

from studio.media.transcript import FORMATS, Segment, Transcript

TALK = Transcript(
    "en",
    (
        Segment(0.0, 1.5, "Good morning."),
        Segment(1.5, 59.999, "A < B & C --> D"),
        Segment(3661.25, 3662.0, "The end."),
    ),
)


def test_subtitles_have_times():
    srt = FORMATS["srt"](TALK)
    assert srt.startswith("1\n00:00:00,000 --> 00:00:01,500\nGood morning.\n\n2\n")
    assert "\n\n3\n01:01:01,250 --> 01:01:02,000\nThe end.\n" in srt
    vtt = FORMATS["vtt"](TALK)
    assert vtt.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nGood morning.\n")
    assert "A &lt; B &amp; C --&gt; D" in vtt


def test_lyrics_round_to_the_next_minute():
    lines = FORMATS["lrc"](Transcript("en", (Segment(59.999, 61.0, "Now"),)))
    assert lines == "[01:00.00]Now\n"


def test_json_is_whole():
    found = json.loads(FORMATS["json"](TALK))
    assert (found["language"], found["text"]) == ("en", TALK.text)
    assert found["segments"][2] == {"start": 3661.25, "end": 3662.0, "text": "The end."}


def test_text_has_a_paragraph_after_a_pause():
    assert TALK.text == "Good morning. A < B & C --> D\n\nThe end."


def test_chinese_sentences_have_no_space_between_them():
    talk = Transcript("zh", (Segment(0, 1, "你好。"), Segment(1, 2, "再见。")))
    assert talk.text == "你好。再见。"


def test_nothing_spoken_is_an_empty_text():
    assert FORMATS["txt"](Transcript()) == ""
    assert FORMATS["srt"](Transcript()) == ""
