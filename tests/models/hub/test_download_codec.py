"""Test speech models whose codec is a separate repository: both are downloaded as one model."""

import pytest

from studio.core.errors import StudioError
from studio.core.requests import SpeechRequest
from studio.engine.speech import generate as speech
from studio.models.hub.download import download
from studio.models.hub.repository import Hub, Repository
from studio.models.install.verify import check
from tests.checkpoints.audio_diffusion import LIBRARY_WARNINGS, make_stable_audio_3
from tests.checkpoints.speech import make_dia, make_pocket
from tests.engine.runs import run_job
from tests.models.hub.server import LoopbackHub, files_of

pytestmark = LIBRARY_WARNINGS


@pytest.fixture(autouse=True)
def _own_account(monkeypatch):
    for name in ("HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def hub():
    with LoopbackHub() as hub:
        yield hub


def parted(folder, make):
    make(folder)
    model = {
        name: data
        for name, data in files_of(folder).items()
        if not name.startswith("audio_tokenizer/")
    }
    return model, files_of(folder / "audio_tokenizer")


def test_codec_is_downloaded_with_the_model_and_it_speaks(hub, data, tmp_path):
    model, codec = parted(tmp_path / "dia", make_dia)
    hub.add("nari/tiny-dia", model)
    hub.add("descript/dac_44khz", codec)
    card = download(
        data,
        Repository("nari/tiny-dia"),
        hub=Hub(endpoint=hub.endpoint, token="", first_wait_seconds=0.01),
    )
    assert (card.kind, card.family, card.name) == ("speech", "dia", "tiny-dia")
    assert (card.folder / "audio_tokenizer/model.safetensors").read_bytes() == codec[
        "model.safetensors"
    ]
    assert check(data, card).state == "same"
    assert run_job(speech, card, speech.load(card), SpeechRequest(prompt="Hi.", seed=1)).results
    assert not [path for path in data.downloads.rglob("*") if path.is_file()]


def test_missing_codec_is_an_error_and_installs_nothing(hub, data, tmp_path):
    hub.add("nari/tiny-dia", parted(tmp_path / "dia", make_dia)[0])
    with pytest.raises(StudioError, match="descript/dac_44khz"):
        download(
            data,
            Repository("nari/tiny-dia"),
            hub=Hub(endpoint=hub.endpoint, token="", first_wait_seconds=0.01),
        )
    assert not list(data.models.glob("*/card.toml"))


def test_voices_in_a_separate_folder_are_downloaded(hub, data, tmp_path):
    model, codec = parted(tmp_path / "pocket", make_pocket)
    named = b'{"audio_tokenizer": {"audio_tokenizer_name_or_path": "org/codec"}}'
    hub.add("org/pocket", {**model, "processor_config.json": named})
    hub.add("org/codec", codec)
    card = download(
        data,
        Repository("org/pocket"),
        hub=Hub(endpoint=hub.endpoint, token="", first_wait_seconds=0.01),
    )
    assert [voice.name for voice in card.voices] == ["alba", "marius"]


def test_audio_pipeline_is_downloaded(hub, data, tmp_path):
    make_stable_audio_3(tmp_path / "audio")
    hub.add("org/audio", files_of(tmp_path / "audio"))
    card = download(
        data,
        Repository("org/audio"),
        hub=Hub(endpoint=hub.endpoint, token="", first_wait_seconds=0.01),
    )
    assert (card.kind, card.runner, card.family) == ("music", "diffusers", "StableAudio3Pipeline")
