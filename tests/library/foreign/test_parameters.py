"""The `parameters` text of A1111 and of the programs that write it in variants."""

import pytest

from studio.library.encoders import parameters_line
from studio.library.foreign.metadata import ForeignLora, NamedValue
from studio.library.foreign.reader import read_foreign
from tests.media.image_texts import image_files as files

A1111 = """masterpiece, best quality, 1girl, (smile:1.2), "quoted", <lora:add_detail:0.8>
a second line: with a colon
Negative prompt: lowres, bad anatomy,
(worst quality:1.4)
Steps: 28, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 3847125, Size: 512x768, \
Model hash: 6ce0161689, Model: v1-5-pruned-emaonly, VAE hash: 735e4c3a44, \
VAE: vae-ft-mse-840000-ema-pruned.safetensors, Denoising strength: 0.55, Clip skip: 2, \
Hires upscale: 2, Hires steps: 15, Hires upscaler: 4x-UltraSharp, \
Lora hashes: "add_detail: 7c6bad76eb54, other: 123456789abc", \
Template: "a {red|blue}, \\"cat\\"\\nnext", TI hashes: "easynegative: c74b4e810b03", \
Version: v1.10.1"""


def read(tmp_path, text, **texts):
    return read_foreign(files.png(tmp_path / "00001-1.png", {"parameters": text, **texts}))


def other(metadata, name):
    return next((entry.value for entry in metadata.others if entry.name == name), None)


def test_a1111(tmp_path):
    found = read(tmp_path, A1111)
    assert (found.program, found.version) == ("Stable Diffusion web UI", "v1.10.1")
    assert found.prompt == (
        'masterpiece, best quality, 1girl, (smile:1.2), "quoted",\na second line: with a colon'
    )
    assert found.negative_prompt == "lowres, bad anatomy,\n(worst quality:1.4)"
    assert (found.steps, found.guidance, found.seed) == (28, 7.0, 3847125)
    assert (found.width, found.height) == (512, 768)
    assert (found.sampler, found.schedule) == ("DPM++ 2M", "Karras")
    assert (found.model, found.model_hash) == ("v1-5-pruned-emaonly", "6ce0161689")
    assert (found.vae, found.clip_skip) == ("vae-ft-mse-840000-ema-pruned", 2)
    assert found.loras == (ForeignLora("add_detail", 0.8),)
    assert found.strength is None  # of the second pass
    assert other(found, "Hires denoising strength") == "0.55"
    assert other(found, "Hires upscaler") == "4x-UltraSharp"
    assert other(found, "Lora hashes") == "add_detail: 7c6bad76eb54, other: 123456789abc"
    assert other(found, "Template") == 'a {red|blue}, "cat"\nnext'
    assert found.notes == ()


def test_a1111_in_jpeg_and_webp(tmp_path):
    data = files.exif({}, {0x9286: files.user_comment(A1111)})
    for path in (files.jpeg(tmp_path / "a.jpg", data), files.webp(tmp_path / "a.webp", data)):
        found = read_foreign(path)
        assert (found.seed, found.model) == (3847125, "v1-5-pruned-emaonly")
        assert found.negative_prompt.endswith("(worst quality:1.4)")


def test_image_to_image_has_a_strength(tmp_path):
    text = "a cat\nSteps: 20, Sampler: Euler a, CFG scale: 7.5, Seed: 1, Denoising strength: 0.4"
    found = read(tmp_path, text)
    assert (found.strength, found.prompt, found.negative_prompt) == (0.4, "a cat", "")
    assert (found.width, found.height) == (64, 48)  # the image's own


def test_templates_in_lines_of_their_own(tmp_path):
    text = (
        "a red cat\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1\n"
        "Template: a {red|blue} cat\nNegative Template: {a,\nb}"
    )
    found = read(tmp_path, text)
    assert found.prompt == "a red cat"
    assert other(found, "Template") == "a {red|blue} cat"
    assert other(found, "Negative Template") == "{a,\nb}"


def test_forge_with_flux(tmp_path):
    text = (
        "a cat\nSteps: 20, Sampler: Euler, Schedule type: Simple, CFG scale: 1, "
        "Distilled CFG Scale: 3.5, Seed: 5, Size: 896x1152, Model: flux1-dev-bnb-nf4-v2, "
        "Version: f2.0.1v1.10.1-previous-313-g8a042934, Module 1: ae"
    )
    found = read(tmp_path, text)
    assert (found.program, found.guidance) == ("Forge", 3.5)
    assert found.schedule == "Simple"


def test_sd_next(tmp_path):
    text = (
        "a cat\nNegative prompt: dog\nSteps: 20, Size: 1024x1024, Sampler: UniPC, Seed: 7, "
        "CFG scale: 6, App: SD.Next, Version: 53dd9d5, Operations: txt2img, Model: juggernaut"
    )
    found = read(tmp_path, text)
    assert (found.program, found.sampler, found.negative_prompt) == ("SD.Next", "UniPC", "dog")


def test_json_without_quotes_among_the_settings(tmp_path):
    text = (
        'a cat\nSteps: 9, Sampler: Euler, CFG scale: 1, Seed: 2, Hashes: {"model": "ab, c", '
        '"vae": "d"}, Civitai resources: [{"type":"lora","weight":0.7,"modelName":"x, y: z"}], '
        "Size: 512x512"
    )
    found = read(tmp_path, text)
    assert other(found, "Hashes") == '{"model": "ab, c", "vae": "d"}'
    assert (found.width, found.height) == (512, 512)


def test_old_text_without_a_model(tmp_path):
    found = read(tmp_path, "a\nSteps: 1, Sampler: PLMS, CFG scale: 7, Seed: 3, Size: 64x64")
    assert (found.sampler, found.steps, found.model) == ("PLMS", 1, "")


def test_a_hash_after_the_name_of_a_model(tmp_path):
    text = "a\nSteps: 1, Sampler: Euler, Seed: 3, Model: sd/v1-5-pruned.ckpt [81761151]"
    assert read(tmp_path, text).model == "v1-5-pruned"


def test_a_prompt_that_looks_like_settings(tmp_path):
    found = read(tmp_path, "Steps: 99, no\nthe end\nSteps: 5, Sampler: Euler, Seed: 1")
    assert (found.steps, found.prompt) == (5, "Steps: 99, no\nthe end")


@pytest.mark.parametrize(
    "text", ["", "a cat", "a cat\nNegative prompt: dog", "Steps", "Steps: x, y: z", "\n\n"]
)
def test_texts_without_settings_are_descriptions_at_most(tmp_path, text):
    found = read(tmp_path, text)
    assert found is None


def test_wrong_numbers_are_listed(tmp_path):
    text = "a\nSteps: 20, CFG scale: high, Seed: nan, Size: 5, Clip skip: 1e999, Model hash: ?"
    found = read(tmp_path, text)
    assert (found.guidance, found.seed, found.clip_skip, found.model_hash) == (None, None, None, "")
    assert {entry.name for entry in found.others} == {
        "CFG scale", "Seed", "Size", "Clip skip", "Model hash"
    }  # fmt: skip


def test_quotes_that_are_not_closed(tmp_path):
    text = 'a\nSteps: 20, Template: "not closed, Seed: 3, Sampler: Euler'
    found = read(tmp_path, text)
    assert (found.seed, other(found, "Template")) == (3, '"not closed')


def test_studios_own_text(tmp_path):
    from studio.core.artifact import Recipe
    from studio.core.requests import ImageRequest

    request = ImageRequest(
        prompt="a cat", negative_prompt="dog", scheduler="euler-a", adapters="x:0.5, y", seed=9
    )
    line = parameters_line(Recipe(studio="1", job_id="j", request=request, seed=9, model="m"))
    found = read(tmp_path, line)
    assert (found.prompt, found.seed, found.sampler) == ("a cat", 9, "euler-a")
    assert found.loras == (ForeignLora("x", 0.5), ForeignLora("y", 1.0))
    assert read(tmp_path, line, studio="{}").program == "Studio"


def test_fooocus_scheme_a1111(tmp_path):
    text = (
        "a cat, cinematic still\nNegative prompt: anime\nSteps: 30, Sampler: DPM++ 2M SDE Karras, "
        "Seed: 123, Size: 896x1152, CFG scale: 4.0, Sharpness: 2.0, "
        'ADM Guidance: "(1.5, 0.8, 0.3)", Model: juggernautXL_v8Rundiffusion, '
        "Model hash: aeb7e9e689, Performance: Speed, Scheduler: karras, VAE: Default (model), "
        'Raw prompt: "a cat,\\nwith a hat", Raw negative prompt: , '
        'Lora hashes: "sd_xl_offset: 4852686128", Lora weights: "sd_xl_offset: 0.1", '
        "Version: Fooocus v2.5.0"
    )
    found = read(tmp_path, text, fooocus_scheme="a1111")
    assert (found.program, found.version) == ("Fooocus", "v2.5.0")
    assert (found.prompt, found.negative_prompt) == ("a cat,\nwith a hat", "anime")
    assert found.loras == (ForeignLora("sd_xl_offset", 0.1),)
    assert (found.vae, found.schedule) == ("", "karras")
    assert NamedValue("ADM Guidance", "(1.5, 0.8, 0.3)") in found.others
