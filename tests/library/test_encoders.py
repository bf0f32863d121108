"""Test encoders: one for each result type, and the companion files they save."""

import numpy as np
import pytest

from studio.core.errors import StudioError
from studio.core.jobs import new_job
from studio.core.requests import MusicRequest, Request
from studio.library import artifacts, results
from studio.library.encoders import ENCODERS, encode
from studio.library.results import AudioResult, Result, StreamedResult
from studio.models.card import ModelCard

CARD = ModelCard(name="m", title="M", kind="music", runner="transformers")


def save_music(folder, stem="tune"):
    job = new_job(MusicRequest(prompt="a tune", seed=1), str(folder), stem)
    midi = b"MThd\0\0\0\6" + f"Studio, job {job.id}: calm ballad".encode()
    result = AudioResult(samples=np.zeros((800, 1), np.float32), sampling_rate=8_000, midi=midi)
    return job, lambda: artifacts.save(result, job=job, card=CARD, versions={}), midi


def test_each_type_of_result_has_an_encoder():
    types = {
        kind
        for kind in vars(results).values()
        if isinstance(kind, type) and issubclass(kind, Result)
    } - {Result, StreamedResult}  # a streamed one writes its file itself
    assert {encoder.result_type for encoder in ENCODERS.values()} == types
    with pytest.raises(TypeError, match="Result"):
        encode(Result(), "png", None)


def test_each_media_type_has_a_check():
    media_types = {
        media_type for kind in Request.__subclasses__() for media_type in kind.media_types.values()
    }
    assert {media_type.partition("/")[0] for media_type in media_types} <= ENCODERS.keys()


def test_midi_is_saved_with_the_audio_and_rewritten_by_the_same_job(tmp_path):
    job, save, midi = save_music(tmp_path)
    artifact = save()
    assert artifact.duration == pytest.approx(0.1)
    assert (tmp_path / "tune.mid").read_bytes() == midi
    assert save().path == artifact.path
    assert len(artifacts.find_complete(job)) == 1


@pytest.mark.parametrize("suffix", ["mid", "wav"])
def test_existing_file_is_kept_and_no_midi_is_saved_alone(tmp_path, suffix):
    _job, save, _midi = save_music(tmp_path)
    (tmp_path / f"tune.{suffix}").write_bytes(b"precious")
    with pytest.raises(StudioError, match=f"tune.{suffix} already exists"):
        save()
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [
        (f"tune.{suffix}", b"precious")
    ]
