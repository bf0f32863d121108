"""The training of the starter music: the whole way, with a tiny model and a few steps."""

import msgspec
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from studio.core.requests import MusicRequest
from studio.engine.music import generate as music
from studio.models.inspect.model import inspect
from tests.engine.runs import run_job
from tools.starter_models import starter_music
from tools.starter_models.music import learning

SMALL = learning.Profile(
    hidden=32,
    inner=48,
    layers=1,
    heads=2,
    head=16,
    positions=128,
    batch=2,
    steps=4,
    rate=0.02,
    embedding_rate=0.004,
)
GROWN = msgspec.structs.replace(SMALL, hidden=48, inner=80, layers=2, heads=3, steps=3)


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    monkeypatch.setattr(learning, "SMALL", SMALL)
    monkeypatch.setattr(learning, "GROWN", GROWN)


def run(work, step, *more):
    done = CliRunner().invoke(starter_music.app, [step, "--work", str(work), *map(str, more)])
    assert done.exit_code == 0, done.exception
    return done.output


@pytest.mark.parametrize("more", [(), ("--small",)])
def test_the_finished_model_is_one_that_studio_loads_and_plays(tmp_path, more):
    run(tmp_path, "train")
    run(tmp_path, "grow")
    assert "bytes of weights" in run(tmp_path, "pack", *more)
    folder = tmp_path / "model"
    card = inspect(folder)
    assert (card.kind, card.writes_notes) == ("music", True)
    (result,) = run_job(
        music, card, music.load(card), MusicRequest(prompt="piano", seconds=1, seed=1)
    ).results
    assert np.abs(result.samples).max() > 0.1
    told = run(tmp_path, "evaluate", "--pieces", 1)
    assert [
        line.split("|")[1].strip() for line in told.splitlines() if line.startswith("| the")
    ] == ["the rule-based composer", "the model, as shipped", "the model without its grammar"]
    assert told.count("random events") == 2


def test_model_with_other_events_is_refused(tmp_path):
    from studio.core.errors import StudioError
    from tools.starter_models.music.packing import pack

    pack(learning.make_model(SMALL), tmp_path)
    (tmp_path / "events.json").write_text('["<pad>"]')
    with pytest.raises(StudioError, match="other events"):
        music.load(inspect(tmp_path))


def test_grown_model_starts_with_the_same_output():
    small = learning.make_model(SMALL)
    with torch.no_grad():
        for weight in small.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    grown = learning.grow(small, GROWN)
    tokens = torch.from_numpy(learning.batch(1, 2, 64))
    with torch.inference_mode():
        before, now = (
            model.eval()(input_ids=tokens, labels=tokens).loss.item() for model in (small, grown)
        )
    assert now == pytest.approx(before, rel=0.02)
    assert sum(weight.numel() for weight in grown.parameters()) > 1.5 * sum(
        weight.numel() for weight in small.parameters()
    )


def test_training_in_pieces_is_the_same_as_in_one_piece(tmp_path):
    weights = []
    for name, pieces in (("whole", (4,)), ("pieces", (1, 3, 4))):
        (tmp_path / name).mkdir()
        for until in pieces:
            learning.train(SMALL, tmp_path / name, until, lambda _text: None)
        weights.append(torch.load(tmp_path / name / learning.CHECKPOINT, weights_only=True))
    assert weights[0]["step"] == weights[1]["step"] == 4
    for name, value in weights[0]["model"].items():
        assert torch.equal(value, weights[1]["model"][name]), name


def test_unknown_step_is_refused(tmp_path):
    done = CliRunner().invoke(starter_music.app, ["dance", "--work", str(tmp_path)])
    assert done.exit_code == 2
