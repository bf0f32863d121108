"""Test Piper voices with real processes: a program on PATH that speaks Piper's protocol."""

import contextlib
import json
import os
import stat
import sys
import threading

import numpy as np
import psutil
import pytest

from studio.core.errors import StudioError
from studio.core.events import Cancelled, Failed, Finished
from studio.core.jobs import new_job
from studio.core.requests import SpeechRequest
from studio.engine.local import LocalEngine
from studio.engine.process.engine import ProcessEngine
from studio.engine.speech import generate as speech
from studio.engine.speech.piper import GROUP, Piper
from studio.models.inspect.model import inspect
from studio.models.inspect.summary import inspect_any
from studio.models.install.add import add
from studio.models.install.verify import check
from tests.engine.runs import run_job, run_one

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="a script with #! is no program there"
)
RATE = 16_000
PROGRAM = f"""#!{sys.executable}
import argparse, array, math, sys, time
parser = argparse.ArgumentParser()
for name in ("--model", "--config", "--length-scale", "--speaker"):
    parser.add_argument(name)
parser.add_argument("--output-raw", action="store_true")
wanted = parser.parse_args()
text = sys.stdin.readline().strip()
if "broken" in text:
    sys.exit("ValueError: this voice is broken")
if "forever" in text:
    time.sleep(600)
assert wanted.output_raw and open(wanted.model, "rb").read() == b"ONNX" and open(wanted.config).read()
tone = 200 * (1 + int(wanted.speaker or 0))
count = int(len(text) * 0.05 * {RATE} * float(wanted.length_scale))
samples = array.array("h", (int(9000 * math.sin(2 * math.pi * tone * i / {RATE})) for i in range(count)))
sys.stdout.buffer.write(samples.tobytes())
"""  # noqa: E501
SETTINGS = {
    "audio": {"sample_rate": RATE},
    "language": {"code": "en_GB"},
    "num_speakers": 1,
    "speaker_id_map": {},
}


@pytest.fixture
def piper(tmp_path, monkeypatch):
    """A program called piper that stands first on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    path = folder / "piper"
    path.write_text(PROGRAM)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return path


def make_voice(folder, **more):
    folder.mkdir(exist_ok=True)
    (folder / "en_GB-ada-medium.onnx").write_bytes(b"ONNX")
    (folder / "en_GB-ada-medium.onnx.json").write_text(json.dumps({**SETTINGS, **more}))
    return folder / "en_GB-ada-medium.onnx"


def added(data, tmp_path, **more):
    return add(data, make_voice(tmp_path / "voices 声", **more))


def pitch_of(samples):
    power = np.abs(np.fft.rfft(samples)) ** 2
    return np.fft.rfftfreq(len(samples), 1 / RATE)[power.argmax()]


def test_voice_is_inspected_with_its_config_and_copied(data, tmp_path):
    card = added(data, tmp_path)
    assert (card.kind, card.runner, card.family) == ("speech", "piper", "piper")
    assert (card.title, card.sampling_rate, card.languages) == (
        "en_GB-ada-medium (Piper)",
        RATE,
        ("en",),
    )
    assert sorted(path.name for path in card.folder.iterdir()) == [
        "card.toml",
        "en_GB-ada-medium.onnx",
        "en_GB-ada-medium.onnx.json",
    ]
    assert check(data, card).state == "same"
    with pytest.raises(StudioError, match="in the list already"):
        add(data, tmp_path / "voices 声/en_GB-ada-medium.onnx")
    seen = inspect_any(tmp_path / "voices 声/en_GB-ada-medium.onnx", data)
    assert (seen.runs, seen.format, seen.kind) == (True, "onnx", "speech")


def test_job_with_a_piper_voice_finishes(data, tmp_path, piper):
    card = added(data, tmp_path)
    engine, events = LocalEngine(data), []
    job = new_job(
        SpeechRequest(prompt="Good morning, this is Ada.", model=card.name, seed=1),
        str(data.outputs),
    )
    run_one(engine, job, events.append)
    engine.close()
    assert isinstance(events[-1], Finished), events[-1]


def test_program_returns_audio_at_the_requested_speed(data, tmp_path, piper):
    card = added(data, tmp_path)
    pipeline = speech.load(card)
    assert pipeline.rate == RATE
    slow, fast = (
        len(pipeline.synthesize("hello there", "", speed, 1, lambda: False)) for speed in (0.5, 2.0)
    )
    assert (slow, fast) == (int(11 * 0.05 * RATE * 2), int(11 * 0.05 * RATE / 2))
    outcome = run_job(speech, card, pipeline, SpeechRequest(prompt="One.\nTwo, and three.", seed=1))
    assert abs(pitch_of(outcome.results[0].samples[:, 0]) - 200) < 5
    assert len(outcome.chunks) == 2


def test_multi_speaker_voice_lists_its_speakers(data, tmp_path, piper):
    card = added(data, tmp_path, num_speakers=2, speaker_id_map={"ada": 0, "bob": 1})
    assert [(voice.name, voice.title) for voice in card.voices] == [("0", "ada"), ("1", "bob")]
    pipeline = speech.load(card)
    for number, voice in enumerate(card.voices):
        samples = (
            run_job(speech, card, pipeline, SpeechRequest(prompt="Hello", voice=voice.name))
            .results[0]
            .samples[:, 0]
        )
        assert abs(pitch_of(samples) - 200 * (1 + number)) < 5


def test_cancel_kills_the_program(data, tmp_path, piper):
    card = added(data, tmp_path)
    engine, events, asked = LocalEngine(data), [], 0

    def cancelled():
        nonlocal asked
        asked += 1
        return asked > 8

    job = new_job(
        SpeechRequest(prompt="This goes on forever.", model=card.name, seed=1), str(data.outputs)
    )
    run_one(engine, job, events.append, cancelled)
    engine.close()
    assert isinstance(events[-1], Cancelled)
    assert not [
        child
        for child in psutil.Process().children(recursive=True)
        if str(piper) in child.cmdline()
    ]


@pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere it ends when it has spoken its piece"
)
def test_the_program_ends_with_the_child_that_started_it(data, tmp_path, piper):
    card, events = added(data, tmp_path), []
    engine = ProcessEngine(data, "spawn")  # a fork server of an earlier test has that test's PATH
    job = new_job(
        SpeechRequest(prompt="This goes on forever.", model=card.name, seed=1), str(data.outputs)
    )
    thread = threading.Thread(target=run_one, args=(engine, job, events.append, lambda: False))
    thread.start()
    program = None
    while program is None:
        thread.join(0.02)
        assert thread.is_alive(), events
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                program = child if str(piper) in child.cmdline()[1:2] else program
    engine._child.process.kill()
    thread.join()
    engine.close()
    assert isinstance(events[-1], Failed)
    program.wait(10)


def test_error_of_the_program_is_reported(data, tmp_path, piper):
    card = added(data, tmp_path)
    with pytest.raises(StudioError, match="this voice is broken"):
        run_job(speech, card, speech.load(card), SpeechRequest(prompt="broken"))


def test_missing_program_is_reported_with_a_remedy(data, tmp_path, monkeypatch):
    card = added(data, tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StudioError, match="needs the program piper") as caught:
        speech.load(card)
    assert "pipx install piper-tts" in caught.value.cure


@pytest.mark.parametrize(
    "settings", [{"audio": {}}, {"audio": {"sample_rate": 10**9}}, {"audio": 7}]
)
def test_voice_with_an_invalid_config_is_refused(tmp_path, settings):
    with pytest.raises(StudioError, match="no sampling rate"):
        inspect(make_voice(tmp_path / "v", **settings))


def test_missing_voice_config_is_named(tmp_path):
    voice = make_voice(tmp_path / "v")
    voice.with_name(voice.name + ".json").unlink()
    with pytest.raises(StudioError, match=r"ada-medium\.onnx\.json are missing"):
        inspect(voice)
    with pytest.raises(StudioError, match=r"ada-medium\.onnx\.json are missing"):
        inspect(voice.parent)


def test_text_is_split_into_few_chunks():
    pieces = Piper.pieces(None, "A short sentence of words. " * 60)
    assert len(pieces) < 8
    assert max(len(piece.text) for piece in pieces) <= GROUP
