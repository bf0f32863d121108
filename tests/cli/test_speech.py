"""Test `studio speech` with the real voice: subtitles, readings, speakers."""

from studio.library.artifacts import read_recipe
from tests.cli.programs import studio


def test_subtitles_have_the_written_sentences(data, tmp_path):
    out = tmp_path / "a.wav"
    done = studio("speech", "He paid $5. She left!", "--subtitles", "srt", "-o", out, data=data)
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "a.srt").read_text(encoding="utf-8").splitlines()
    assert [lines[2], lines[6]] == ["He paid $5.", "She left!"]
    assert lines[1].startswith("00:00:00,000 --> 00:00:0")
    assert [one.text for one in read_recipe(out).sentences] == ["He paid $5.", "She left!"]
    (tmp_path / "b.srt").write_text("mine")
    other = tmp_path / "b.wav"
    refused = studio("speech", "Hello.", "--subtitles", "srt", "-o", other, data=data)
    assert refused.returncode == 2
    assert (tmp_path / "b.srt").read_text() == "mine"
    assert not other.exists()


def test_the_reading_is_shown_without_speaking(data, tmp_path):
    (tmp_path / "words.txt").write_text("SQL = sequel\nHale = /hAl/\n")
    done = studio(
        "speech",
        "Hale has 2 SQL books. [pause:1.5] Yes.",
        "--show-reading",
        "--dictionary",
        tmp_path / "words.txt",
        data=data,
    )
    assert done.stdout.strip() == "/hAl/ has two sequel books. [pause:1.5] Yes."
    assert not list(data.outputs.glob("*.wav"))
