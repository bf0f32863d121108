"""What an image form takes over from another program's settings, and what it leaves."""

import pytest

from studio.core.requests import ImageRequest, build_request
from studio.library.foreign.metadata import ForeignLora, ForeignMetadata, NamedValue
from studio.library.foreign.take_over import find_card, take_over
from studio.models.card import ModelCard

DIGEST = "6ce0161689b3853acaa03779ec93eafe75a02f4ced659bee03f50797806fa2fa"


def card(name, kind="image", **more):
    return ModelCard(
        name=name, title=more.pop("title", name), kind=kind, runner="diffusers", **more
    )


MODEL = card("v1-5-pruned", title="SD 1.5", sha256=DIGEST)
LORA = card("pixel-art", "adapter", adapter="lora", title="Pixel Art XL")


def reasons(taken):
    return {setting.name: setting.reason for setting in taken.left}


def test_everything_that_studio_has():
    metadata = ForeignMetadata(
        program="x",
        prompt="a cat",
        negative_prompt="dog",
        seed=7,
        steps=20,
        guidance=6.5,
        width=512,
        height=768,
        sampler="Euler a",
        schedule="Automatic",
        model="SD_1.5",
        strength=0.4,
        loras=(ForeignLora("Pixel_Art-XL", 0.8),),
    )
    taken = take_over(metadata, [MODEL, LORA])
    assert taken.values == {
        "prompt": "a cat",
        "negative_prompt": "dog",
        "seed": 7,
        "num_inference_steps": 20,
        "guidance_scale": 6.5,
        "width": 512,
        "height": 768,
        "scheduler": "euler-a",
        "strength": 0.4,
        "model": "v1-5-pruned",
        "adapters": "pixel-art:0.8",
    }
    assert taken.left == []
    build_request(ImageRequest, taken.values)


def test_everything_that_it_does_not():
    metadata = ForeignMetadata(
        program="x",
        prompt="",
        seed=2**60,
        steps=0,
        guidance=99.0,
        width=500,
        height=501,
        sampler="DPM++ 2M SDE",
        schedule="karras",
        model="flux1-dev",
        vae="ae",
        clip_skip=2,
        strength=-1.0,
        loras=(ForeignLora("other", 1.0),),
        others=(NamedValue("Hires upscale", "2"),),
    )
    taken = take_over(metadata, [MODEL, LORA])
    assert taken.values == {}
    found = reasons(taken)
    assert list(found) == [
        "Seed", "Steps", "Guidance", "Size", "Sampler", "Schedule", "Strength", "Model",
        "LoRA other", "VAE", "CLIP skip", "Hires upscale",
    ]  # fmt: skip
    assert "at most" in found["Seed"]
    assert "multiple of 8" in found["Size"]
    assert found["Model"] == found["LoRA other"] == "not installed"


@pytest.mark.parametrize(
    ("sampler", "scheduler"),
    [
        ("Euler", "euler"), ("euler_ancestral", "euler-a"), ("k_euler_a", "euler-a"),
        ("k_euler_ancestral", "euler-a"), ("Euler Ancestral", "euler-a"), ("ddim", "ddim"),
        ("LCM", "lcm"), ("uni_pc", "unipc"), ("UniPC", "unipc"), ("uni_pc_bh2", "unipc"),
        ("plms", "pndm"), ("k_heun", "heun"), ("dpmpp_2m", "dpm++"), ("dpmpp_2m_k", "dpm++"),
        ("DPM++ 2M Karras", "dpm++"), ("k_dpmpp_2m", "dpm++"), ("sample_euler", "euler"),
        ("dpmpp_2m_sde", None),
        ("DPM++ SDE Karras", None), ("DPM2", None), ("lms", None), ("k", None), ("", None),
        ("model default", None),
    ],
)  # fmt: skip
def test_samplers(sampler, scheduler):
    taken = take_over(ForeignMetadata(program="x", sampler=sampler))
    assert taken.values.get("scheduler") == scheduler


def test_a_spacing_is_listed_and_the_usual_one_is_not():
    def left(**fields):
        return reasons(take_over(ForeignMetadata(program="x", **fields)))

    assert "Schedule" in left(sampler="Euler", schedule="Karras")
    assert "Schedule" in left(sampler="DPM++ 2M Karras")
    assert left(sampler="Euler", schedule="normal") == {}


def test_models_by_hash_and_by_name():
    cards = [card("other"), MODEL]
    assert find_card(cards, "renamed", DIGEST[:10]) is MODEL
    assert find_card(cards, "renamed", DIGEST[:8]) is None  # an older kind of hash
    assert find_card(cards, "V1_5 Pruned") is MODEL
    assert find_card(cards, "") is None
    added = card("mine", source="/models/Juggernaut XL_v9.safetensors")
    assert find_card([added], "juggernautXL_v9") is added
    assert find_card([], "x", DIGEST) is None


def test_more_pixels_than_a_request_may_have():
    metadata = ForeignMetadata(program="x", width=4096, height=4104)
    assert "Size" in reasons(take_over(metadata))


def test_a_lora_of_impossible_weight():
    metadata = ForeignMetadata(program="x", loras=(ForeignLora("pixel-art", 50.0),))
    taken = take_over(metadata, [LORA])
    assert "adapters" not in taken.values
    assert "strength" in reasons(taken)["LoRA pixel-art"]


def test_weights_in_a_prompt_are_kept():
    taken = take_over(ForeignMetadata(program="x", prompt="a (red:1.2) cat"))
    assert taken.values == {"prompt": "a (red:1.2) cat"}
    assert not taken.left
