"""Test downloading video models of the catalog: a pipeline, and a motion adapter."""

from __future__ import annotations

import pytest

from studio.core.events import Finished
from studio.core.jobs import new_job
from studio.core.requests import VideoRequest
from studio.engine.local import LocalEngine
from studio.models.hub.download import download
from studio.models.hub.repository import Hub, Repository
from studio.models.install.add import add
from studio.models.registry import ModelRegistry
from tests.checkpoints.image import make_sd
from tests.checkpoints.video import SMALL, make_ltx, make_motion_adapter
from tests.engine.runs import run_one
from tests.models.hub.server import LoopbackHub, files_of


@pytest.fixture(autouse=True)
def _own_account(monkeypatch):
    for name in ("HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def hub():
    with LoopbackHub() as hub:
        yield hub


def get(data, hub, repo):
    return download(
        data,
        Repository(repo),
        hub=Hub(endpoint=hub.endpoint, token="", first_wait_seconds=0.01, silence_seconds=20.0),
    )


def makes(data, card):
    events, engine = [], LocalEngine(data)
    request = VideoRequest(**{"prompt": "a cat", "model": card.name, "seed": 1, **SMALL})
    run_one(engine, new_job(request, str(data.outputs)), events.append)
    engine.close()
    return isinstance(events[-1], Finished)


def test_video_pipeline_is_downloaded_with_its_card_and_runs(data, hub, tmp_path):
    make_ltx(tmp_path / "ltx")
    single = {"ltx-video-2b-v0.9.safetensors": b"not wanted", "README.md": b"# LTX"}
    hub.add("Lightricks/LTX-Video", {**files_of(tmp_path / "ltx"), **single})
    card = get(data, hub, "Lightricks/LTX-Video")
    assert (card.name, card.frame_step, card.defaults["num_frames"]) == ("ltx-video", 8, 161)
    assert "ltx-video-2b-v0.9.safetensors" not in files_of(card.folder)
    assert makes(data, ModelRegistry(data).find("video"))


def test_motion_adapter_is_downloaded_and_uses_an_installed_base(data, hub, tmp_path):
    make_motion_adapter(tmp_path / "motion")
    files = files_of(tmp_path / "motion")
    weights = "diffusion_pytorch_model"
    hub.add(
        "guoyww/animatediff-motion-adapter-v1-5-2",
        {
            **files,
            f"{weights}.fp16.safetensors": files[f"{weights}.safetensors"],
            f"{weights}.bin": b"a pickle",
        },
    )
    card = get(data, hub, "guoyww/animatediff-motion-adapter-v1-5-2")
    assert (card.name, card.base) == ("animatediff-v1-5-2", "stable-diffusion-1.5")
    assert set(files_of(card.folder)) - {"card.toml"} == {"config.json", f"{weights}.safetensors"}
    make_sd(tmp_path / "sd")
    base = add(data, tmp_path / "sd")
    found = ModelRegistry(data).find("video")
    assert found.base_path == base.path
    assert makes(data, found)
