"""Test adapter files: identification, base models, refusals and storage."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from studio.cli.app import app
from studio.core.errors import StudioError
from studio.core.requests import ImageRequest
from studio.models.adapter_compatibility import architecture, compatible, incompatibility
from studio.models.card_store import card_folder, write_card
from studio.models.catalog import entry_named
from studio.models.inspect.adapter_files import weights_file
from studio.models.inspect.lora_layers import MAX_RANK
from studio.models.inspect.summary import inspect_any
from studio.models.install.add import add, remove
from studio.models.install.verify import check
from studio.models.registry import ModelRegistry
from studio.preflight.adapters import check_adapters
from tests.checkpoints.adapters import as_kohya, make_lora, make_peft_folder
from tests.checkpoints.image import make_sd, make_sdxl
from tests.models.files.test_tensor_layout import UNET1, UNET_XL
from tests.models.made import safetensors_bytes, with_header


def lora_bytes(layer=UNET1, rank=4, width=768, metadata=None, **changed):
    """A LoRA as kohya's scripts write it, of one layer."""
    tensors = {
        f"{layer}.lora_down.weight": np.zeros((rank, width), np.float32),
        f"{layer}.lora_up.weight": np.zeros((32, rank), np.float32),
        f"{layer}.alpha": np.array(4, np.float32),
    }
    tensors |= {f"{layer}.{name.replace('__', '.')}": array for name, array in changed.items()}
    return safetensors_bytes(
        {name: array for name, array in tensors.items() if array is not None}, metadata
    )


def put(folder, data, name="Pixel Art.safetensors"):
    (folder / name).write_bytes(data)
    return folder / name


def test_lora_is_listed_as_an_adapter_only(data, tmp_path):
    path = put(tmp_path, lora_bytes(), "Größe & <b>Weiß 像素.safetensors")
    card = add(data, path)
    assert (card.kind, card.adapter, card.family, card.title) == (
        "adapter",
        "lora",
        "Stable Diffusion 1.x",
        path.stem,
    )
    assert card.name.isascii()
    assert weights_file(card) == path
    assert list(tmp_path.iterdir()) == [path]  # stays where it is
    assert card not in ModelRegistry(data).of_kind("image")
    assert ModelRegistry(data).of_kind("adapter") == [card]
    with pytest.raises(StudioError, match="image model"):
        ModelRegistry(data).find("image", card.name)
    listed = CliRunner().invoke(app, ["models", "list"]).output
    assert ["lora", card.name] in [line.split()[:2] for line in listed.splitlines()]
    assert json.loads(CliRunner().invoke(app, ["models", "show", card.name, "--json"]).output)[
        "runs"
    ]
    assert check(data, card).state == "same"
    with pytest.raises(StudioError, match="in the list already"):
        add(data, path)
    remove(data, card.name)
    assert path.exists()
    assert not [card for card in ModelRegistry(data).list() if card.adapter]


def test_missing_or_changed_file_is_reported(data, tmp_path):
    path = put(tmp_path, lora_bytes())
    card = add(data, path)
    path.write_bytes(lora_bytes(rank=8))
    with pytest.raises(StudioError, match="missing or has changed"):
        weights_file(card)
    path.unlink()
    with pytest.raises(StudioError, match="missing or has changed"):
        check(data, card)


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"modelspec.trigger_phrase": "pxl style"}, ("pxl style",)),
        (
            {"ss_tag_frequency": json.dumps({"10_a": {"pixel": 3, "cat": 9}, "b": {"pixel": 7}})},
            ("pixel", "cat"),
        ),
        (
            {
                "ss_tag_frequency": json.dumps(
                    {"a": {f"tag {number}": number for number in range(100)}}
                )
            },
            tuple(f"tag {number}" for number in range(99, 91, -1)),
        ),
        (
            {"ss_tag_frequency": json.dumps({"a": {"\x1b[31mred\n<img src=x>": 1}})},
            ("�[31mred <img src=x>",),
        ),
        ({"ss_tag_frequency": "[" * 100_000}, ()),
        ({"ss_tag_frequency": '{"a": {"b": NaN}}'}, ()),
        ({"ss_tag_frequency": '{"a": [1], "b": 2}'}, ()),
        ({"ss_tag_frequency": json.dumps({"a": {"x" * 1000: 5, "": 3, "y": "many"}})}, ()),
        ({"modelspec.trigger_phrase": "x" * 100_000}, ("x" * 120,)),
        ({}, ()),
    ],
)
def test_trigger_words_are_read_from_metadata(data, tmp_path, metadata, words):
    assert add(data, put(tmp_path, lora_bytes(metadata=metadata))).trigger_words == words


def test_title_comes_from_metadata_file_or_folder_name(data, tmp_path):
    metadata = {
        "modelspec.title": "Pixel\nArt \u202e 2",
        "modelspec.license": "apache-2.0",
        "modelspec.description": "Squares.",
    }
    card = add(data, put(tmp_path, lora_bytes(metadata=metadata)))
    assert (card.title, card.license, card.description) == (
        "Pixel Art � 2",
        "Apache-2.0",
        "Squares.",
    )
    (tmp_path / "film-grain").mkdir()
    card = add(
        data, put(tmp_path / "film-grain", lora_bytes(rank=2), "pytorch_lora_weights.safetensors")
    )
    assert (card.name, card.title) == ("film-grain", "film-grain")


HALVES = "do not fit each other"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (lora_bytes(lora_up__weight=np.zeros((32, 8), np.float32)), HALVES),
        (lora_bytes(lora_up__weight=np.zeros((4,), np.float32)), "half of a layer is missing"),
        (lora_bytes(lora_up__weight=None), "half of a layer is missing"),
        (lora_bytes(lora_down__weight=None), "without a complete layer"),
        (lora_bytes(rank=MAX_RANK + 1, width=2), f"rank {MAX_RANK + 1:,}"),
        (lora_bytes(rank=0), "impossible shape"),
        (lora_bytes(dora_scale=np.zeros((32, 1), np.float32)), "a DoRA"),
        (safetensors_bytes({"lora_unet_x.hada_w1_a": np.zeros((4, 4), np.float32)}), "a LoHa"),
        (safetensors_bytes({"lora_unet_x.lokr_w1": np.zeros((4, 4), np.float32)}), "a LoKr"),
        (
            with_header(
                {"a.lora_A.weight": {"dtype": "I64", "shape": [1, 1], "data_offsets": [0, 8]}},
                b"\0" * 8,
            ),
            "numbers",
        ),
        (
            with_header(
                {
                    "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": {
                        "dtype": "F32",
                        "shape": [1, 1],
                        "data_offsets": [0, 4],
                    }
                },
                b"\0" * 4,
            ),
            "a LoRA for a language model",
        ),
        (b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix", "pickle"),
        (b"PK\x03\x04 a pickle of torch, under another name", "pickles"),
        (
            with_header(
                {
                    "a.lora_A.weight": {
                        "dtype": "F32",
                        "shape": [10**5, 10**5],
                        "data_offsets": [0, 4 * 10**10],
                    }
                }
            ),
            "shape",
        ),
        (lora_bytes()[:-4], "cut off"),
        (lora_bytes("lora_unet_nowhere", width=5), "does not name the model"),
    ],
)
def test_unusable_file_is_refused_with_a_message(data, tmp_path, content, sentence):
    path = put(tmp_path, content)
    with pytest.raises(StudioError) as caught:
        add(data, path)
    assert sentence in caught.value.message
    assert caught.value.cure
    seen = inspect_any(path, data)
    assert (seen.runs, seen.why_not) == (False, caught.value.message)
    assert not [card for card in ModelRegistry(data).list() if card.adapter]


def test_ambiguous_lora_is_matched_to_models_by_its_layers(data, tmp_path):
    small, large = (
        add(data, make_sd(tmp_path / "sd").folder),
        add(data, make_sdxl(tmp_path / "sdxl").folder),
    )
    for model in (small, large):
        path = make_lora(model, tmp_path / f"for-{model.name}.safetensors")
        assert add(data, path).family == architecture(model)
        assert add(
            data, as_kohya(path, tmp_path / f"kohya-{model.name}.safetensors")
        ).family == architecture(model)
    folder = make_peft_folder(small, tmp_path / "peft")
    card = add(data, folder)
    assert (card.family, card.path, card.title) == ("Stable Diffusion 1.x", str(folder), "peft")
    assert inspect_any(path, data).what == "a LoRA for SDXL"
    assert {one.name for one in compatible(ModelRegistry(data).of_kind("adapter"), large)} == {
        "for-sdxl",
        "kohya-sdxl",
    }


def test_user_can_name_the_base_model_of_a_lora(data, tmp_path):
    model = add(data, make_sd(tmp_path / "sd").folder)
    path = put(tmp_path, lora_bytes("lora_unet_nowhere", width=5))
    refused = CliRunner().invoke(app, ["models", "add", str(path)])
    assert refused.exit_code == 2
    assert "--for MODEL" in refused.output
    assert CliRunner().invoke(app, ["models", "add", str(path), "--for", "nothing"]).exit_code == 2
    assert (
        CliRunner().invoke(app, ["models", "add", str(path), "--for", model.name]).stdout
        == "pixel-art\n"
    )
    assert ModelRegistry(data).find("adapter", "pixel-art").family == "Stable Diffusion 1.x"


def test_an_adapter_for_another_model_is_refused_before_the_job(data, tmp_path):
    model = add(data, make_sd(tmp_path / "sd").folder)
    add(data, put(tmp_path, lora_bytes(UNET_XL, width=2048)))
    sentence = "Pixel Art is a LoRA for SDXL; sd is Stable Diffusion 1.x."
    assert incompatibility(ModelRegistry(data).find("adapter", "pixel-art"), model) == sentence

    def problem(**values):
        request = ImageRequest(prompt="x", **values)
        return check_adapters(ModelRegistry(data).find, model, request)

    assert problem() is None
    found = problem(adapters="pixel-art:0.8")
    assert (found.field, sentence in found.message) == ("adapters", True)
    assert "no adapter 'nothing'" in problem(adapters="nothing").message
    assert "needs a ControlNet" in problem(control_image="x.png").message
    done = CliRunner().invoke(app, ["image", "x", "--model", model.name, "--lora", "pixel-art:0.5"])
    assert done.exit_code == 2
    assert sentence in done.output
    rows = tmp_path / "rows.csv"
    rows.write_text("prompt,lora\nx,\ny,pixel-art:0.5\nz,pixel-art:much\n")
    done = CliRunner().invoke(app, ["batch", str(rows), "--kind", "image", "--check"])
    assert sentence in done.output
    assert "must be a number" in done.output


def test_distilled_lora_without_its_base_model_is_refused(data, tmp_path):
    card = entry_named("sdxl-lightning").card
    folder = card_folder(data, card.name)
    write_card(card, folder)
    put(folder, lora_bytes(UNET_XL, width=2048), card.files[0])
    with pytest.raises(
        StudioError, match=r"needs SDXL 1\.0 or another model of its kind"
    ) as caught:
        ModelRegistry(data).find("image", card.name)
    assert "studio models get" in caught.value.cure
    done = CliRunner().invoke(app, ["image", "x", "--model", card.name])
    assert (done.exit_code, "none is installed" in done.output) == (2, True)
    assert (
        ModelRegistry(data).of_kind("image")[0].name != card.name
    )  # not the default, though it was added last
    own = add(data, make_sdxl(tmp_path / "own").folder)  # another SDXL does too
    lightning = ModelRegistry(data).find("image", card.name)
    assert (ModelRegistry(data).base_of(lightning).name, lightning.base_path) == (
        own.name,
        own.path,
    )
    assert weights_file(lightning).name == card.files[0]
