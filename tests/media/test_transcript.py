"""Formats of transcripts."""

import json

from studio.media.transcript import FORMATS, Segment, Transcript, parse_subtitles

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


def test_subtitles_are_read_as_they_were_written():
    for name in ("srt", "vtt"):
        found = parse_subtitles(FORMATS[name](TALK))
        assert [(one.start, one.end, one.text) for one in found.segments] == [
            (one.start, one.end, one.text) for one in TALK.segments
        ]


def test_odd_subtitles_are_read():
    text = (
        "\ufeffWEBVTT\r\n\r\nNOTE a --> b\r\n\r\n00:01.5 --> 00:02.25 line:0%\r\n"
        "<v Ann><i>Good</i> &amp;\r\nbad\r\n\r\n7\r\n"
        "0:00:03,000 --> 0:00:04,000\r\n{\\an8}好的\r\n8\r\n"
        "00:00:04,000 --> 00:00:05,000\r\nlast\r\n\r\n9\r\n"
        "00:00:09,000 --> 00:00:08,000\r\nbackward\r\n"
    )
    found = parse_subtitles(text)
    assert [(one.start, one.end, one.text) for one in found.segments] == [
        (1.5, 2.25, "Good &\nbad"),
        (3.0, 4.0, "好的"),
        (4.0, 5.0, "last"),
    ]
    assert parse_subtitles("").segments == ()
