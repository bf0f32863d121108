"""InvokeAI, Fooocus, NovelAI, SwarmUI, Draw Things, Easy Diffusion, and plain descriptions."""

import html
import json

import pytest

from studio.library.foreign.metadata import ForeignLora, describe
from studio.library.foreign.reader import read_foreign
from tests.library.foreign.test_parameters import other
from tests.media.image_texts import image_files as files

INVOKEAI = {
    "app_version": "5.4.2",
    "generation_mode": "txt2img",
    "positive_prompt": "a cat",
    "negative_prompt": "dog",
    "width": 832,
    "height": 1216,
    "seed": 356120443,
    "rand_device": "cpu",
    "cfg_scale": 7.5,
    "cfg_rescale_multiplier": 0,
    "steps": 30,
    "scheduler": "dpmpp_2m_k",
    "clip_skip": 1,
    "model": {
        "key": "e9b2-1",
        "hash": "blake3:0123456789abcdef",
        "name": "Juggernaut XL v9",
        "base": "sdxl",
        "type": "main",
    },
    "controlnets": [],
    "loras": [{"model": {"key": "k", "name": "pixel-art"}, "weight": 0.75}],
    "vae": {"key": "v", "name": "sdxl-vae-fp16-fix"},
    "strength": None,
}


def test_invokeai(tmp_path):
    path = files.png(tmp_path / "a.png", {"invokeai_metadata": json.dumps(INVOKEAI)})
    found = read_foreign(path)
    assert (found.program, found.version) == ("InvokeAI", "5.4.2")
    assert (found.prompt, found.negative_prompt) == ("a cat", "dog")
    assert (found.seed, found.steps, found.guidance) == (356120443, 30, 7.5)
    assert (found.width, found.height, found.sampler) == (832, 1216, "dpmpp_2m_k")
    assert (found.model, found.model_hash, found.vae) == (
        "Juggernaut XL v9", "", "sdxl-vae-fp16-fix"
    )  # fmt: skip
    assert found.loras == (ForeignLora("pixel-art", 0.75),)
    assert found.clip_skip == 2
    assert other(found, "generation_mode") == "txt2img"
    assert other(found, "controlnets") is None


def test_invokeai_3_names_models_in_another_way(tmp_path):
    source = {
        **INVOKEAI,
        "model": {"model_name": "amixx", "base_model": "sd-1"},
        "loras": [{"lora": {"model_name": "detail"}, "weight": 0.5}],
        "vae": None,
    }
    path = files.png(tmp_path / "a.png", {"invokeai_metadata": json.dumps(source)})
    found = read_foreign(path)
    assert (found.model, found.vae) == ("amixx", "")
    assert found.loras == (ForeignLora("detail", 0.5),)


def test_invokeai_with_flux_has_two_guidances(tmp_path):
    source = {**INVOKEAI, "cfg_scale": 1, "guidance": 4}
    path = files.png(tmp_path / "a.png", {"invokeai_metadata": json.dumps(source)})
    assert read_foreign(path).guidance == 4


@pytest.mark.parametrize("prompt", ["a cat [dog]", [{"prompt": "a cat [dog]", "weight": 1}]])
def test_invokeai_2(tmp_path, prompt):
    source = {
        "model": "stable diffusion",
        "model_weights": "stable-diffusion-1.5",
        "model_hash": "cc6cb27103417325ff94f52b7a5d2dde45a7515b25c255d8e396c90014281516",
        "app_id": "invoke-ai/InvokeAI",
        "app_version": "2.3.5",
        "image": {
            "prompt": prompt, "steps": 50, "cfg_scale": 7.5, "threshold": 0, "perlin": 0,
            "height": 512, "width": 768, "seed": 4031, "type": "txt2img", "sampler": "k_lms",
            "postprocessing": None, "variations": [],
        },
    }  # fmt: skip
    dream = '"a cat [dog]" -s 50 -S 4031 -W 768 -H 512 -C 7.5 -A k_lms'
    texts = {"Dream": dream, "sd-metadata": json.dumps(source)}
    found = read_foreign(files.png(tmp_path / "a.png", texts))
    assert (found.program, found.version) == ("InvokeAI", "2.3.5")
    assert (found.prompt, found.negative_prompt) == ("a cat", "dog")
    assert (found.model, found.sampler, found.seed) == ("stable-diffusion-1.5", "k_lms", 4031)
    assert found.model_hash.startswith("cc6cb27103")
    del texts["sd-metadata"]
    found = read_foreign(files.png(tmp_path / "a.png", texts))
    assert (found.prompt, found.negative_prompt) == ("a cat", "dog")
    assert (found.steps, found.seed, found.width, found.height) == (50, 4031, 768, 512)
    assert (found.guidance, found.sampler) == (7.5, "k_lms")


FOOOCUS = {
    "adm_guidance": "(1.5, 0.8, 0.3)",
    "base_model": "juggernautXL_v8Rundiffusion",
    "base_model_hash": "aeb7e9e689",
    "clip_skip": 2,
    "full_negative_prompt": ["", "anime"],
    "full_prompt": ["cinematic still a cat", "a cat, sharp"],
    "guidance_scale": 4.0,
    "lora_combined_1": "sd_xl_offset_example-lora_1.0 : 0.1",
    "loras": [["sd_xl_offset_example-lora_1.0", 0.1, "4852686128"]],
    "metadata_scheme": "fooocus",
    "negative_prompt": "dog",
    "performance": "Speed",
    "prompt": "a cat",
    "refiner_model": "None",
    "resolution": "(896, 1152)",
    "sampler": "dpmpp_2m_sde_gpu",
    "scheduler": "karras",
    "seed": "5264382573",
    "sharpness": 2.0,
    "steps": 30,
    "styles": "['Fooocus V2', 'Fooocus Sharp']",
    "vae": "Default (model)",
    "version": "Fooocus v2.5.5",
}


def check_fooocus(found):
    assert found.program == "Fooocus"
    assert (found.prompt, found.negative_prompt) == ("a cat", "dog")
    assert (found.seed, found.steps, found.guidance) == (5264382573, 30, 4.0)
    assert (found.width, found.height) == (896, 1152)
    assert (found.sampler, found.schedule) == ("dpmpp_2m_sde_gpu", "karras")
    assert found.model == "juggernautXL_v8Rundiffusion"
    assert found.loras == (ForeignLora("sd_xl_offset_example-lora_1.0", 0.1),)


def test_fooocus(tmp_path):
    texts = {"parameters": json.dumps(FOOOCUS), "fooocus_scheme": "fooocus"}
    found = read_foreign(files.png(tmp_path / "a.png", texts))
    check_fooocus(found)
    assert (found.version, found.vae, found.model_hash) == ("v2.5.5", "", "aeb7e9e689")
    assert "Fooocus V2" in other(found, "styles")


def test_fooocus_in_a_jpeg(tmp_path):
    data = files.exif(
        {
            0x0131: (2, b"Fooocus v2.5.5\0"),
            0x927C: (2, b"fooocus\0"),
            0x9286: (2, json.dumps(FOOOCUS).encode() + b"\0"),
        }
    )
    check_fooocus(read_foreign(files.jpeg(tmp_path / "a.jpg", data)))


LABELS = {
    "Prompt": "a cat",
    "Negative Prompt": "dog",
    "Fooocus V2 Expansion": "",
    "Styles": "['Fooocus V2']",
    "Performance": "Speed",
    "Resolution": "(896, 1152)",
    "Guidance Scale": 4.0,
    "Sharpness": 2.0,
    "Base Model": "juggernautXL_v8Rundiffusion.safetensors",
    "Refiner Model": "None",
    "Sampler": "dpmpp_2m_sde_gpu",
    "Scheduler": "karras",
    "Seed": 5264382573,
    "LoRA [sd_xl_offset_example-lora_1.0.safetensors] weight": 0.1,
    "Version": "v2.1.854",
}


def test_fooocus_labels_of_older_versions(tmp_path):
    found = read_foreign(files.png(tmp_path / "a.png", {"parameters": json.dumps(LABELS)}))
    check_fooocus(found)


def test_the_private_log_of_fooocus(tmp_path):
    labels = {**LABELS, "Prompt": "a <cat> & hat"}
    rows = "".join(
        f"<tr><td class='label'>{html.escape(name)}</td>"
        f"<td class='value'>{html.escape(str(value))}</td></tr>\n"
        for name, value in labels.items()
    )
    other_rows = rows.replace("5264382573", "1")
    image = files.png(tmp_path / "2024-05-01_12-00-00_1234.png")
    sections = "".join(
        f'<div id="{name}" class="image-container"><hr><table><tr>\n<td></td><td>'
        f"<table class='metadata'>{content}</table></td></tr></table></div>\n\n"
        for name, content in (("other_png", other_rows), (image.name.replace(".", "_"), rows))
    )
    (tmp_path / "log.html").write_text(f"<html><p>Fooocus Log (private)</p>{sections}</html>")
    found = read_foreign(image)
    assert (found.prompt, found.seed) == ("a <cat> & hat", 5264382573)
    assert read_foreign(files.png(tmp_path / "unknown.png")) is None


NOVELAI_COMMENT = {
    "prompt": "1girl, {smile}",
    "steps": 28,
    "height": 1216,
    "width": 832,
    "scale": 5.0,
    "uncond_scale": 0.0,
    "cfg_rescale": 0.0,
    "seed": 2517917264,
    "n_samples": 1,
    "noise_schedule": "karras",
    "sampler": "k_euler_ancestral",
    "uc": "lowres",
    "v4_prompt": {
        "caption": {
            "base_caption": "1girl, {smile}",
            "char_captions": [{"char_caption": "girl, red hat", "centers": [{"x": 0.5, "y": 0.5}]}],
        }
    },
    "signed_hash": "abc=",
}
NOVELAI = {
    "Title": "NovelAI generated image",
    "Description": "1girl, {smile}",
    "Software": "NovelAI",
    "Source": "NovelAI Diffusion V4.5 4BDE2A90",
    "Generation time": "5.1",
    "Comment": json.dumps(NOVELAI_COMMENT),
}


def check_novelai(found):
    assert found.program == "NovelAI"
    assert (found.prompt, found.negative_prompt) == ("1girl, {smile}", "lowres")
    assert (found.seed, found.steps, found.guidance) == (2517917264, 28, 5.0)
    assert (found.width, found.height) == (832, 1216)
    assert (found.sampler, found.schedule) == ("k_euler_ancestral", "karras")
    assert found.model == "NovelAI Diffusion V4.5 4BDE2A90"
    assert other(found, "Character 1") == "girl, red hat"


def test_novelai(tmp_path):
    check_novelai(read_foreign(files.png(tmp_path / "a.png", NOVELAI)))


@pytest.mark.parametrize(
    "signature", ["stealth_pnginfo", "stealth_pngcomp", "stealth_rgbinfo", "stealth_rgbcomp"]
)
def test_novelai_hidden(tmp_path, signature):
    text = json.dumps({name: value for name, value in NOVELAI.items() if name != "Title"})
    check_novelai(read_foreign(files.hidden(tmp_path / "a.png", text, signature, (120, 140))))


def test_a_hidden_parameters_text(tmp_path):
    text = "a cat\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 8, Size: 512x512"
    path = files.hidden(tmp_path / "a.png", text, "stealth_pngcomp", (80, 80))
    assert read_foreign(path).seed == 8


SWARM = {
    "sui_image_params": {
        "prompt": "a cat <lora:inline:0.5>",
        "negativeprompt": "dog",
        "model": "OfficialStableDiffusion/sd_xl_base_1.0",
        "seed": 2042464333,
        "steps": 25,
        "cfgscale": 1.0,
        "fluxguidancescale": 3.5,
        "aspectratio": "Custom",
        "width": 512,
        "height": 768,
        "sampler": "euler_ancestral",
        "scheduler": "normal",
        "loras": ["styles/pixel.safetensors", "two"],
        "loraweights": ["0.8", "1"],
        "swarm_version": "0.9.6.0",
    },
    "sui_extra_data": {"date": "2025-01-25", "generation_time": "4.84 sec"},
}


def test_swarmui_in_png_and_jpeg(tmp_path):
    text = json.dumps(SWARM, indent=2)
    data = files.exif({}, {0x9286: files.user_comment(text, "utf-16-le")})
    for path in (
        files.png(tmp_path / "a.png", {"parameters": text}),
        files.jpeg(tmp_path / "a.jpg", data),
    ):
        found = read_foreign(path)
        assert (found.program, found.version) == ("SwarmUI", "0.9.6.0")
        assert (found.prompt, found.negative_prompt) == ("a cat", "dog")
        assert (found.seed, found.steps, found.guidance) == (2042464333, 25, 3.5)
        assert (found.width, found.height) == (512, 768)
        assert (found.model, found.sampler) == ("sd_xl_base_1.0", "euler_ancestral")
        assert {lora.name: lora.weight for lora in found.loras} == {
            "pixel": 0.8, "two": 1.0, "inline": 0.5
        }  # fmt: skip


DRAW_THINGS = {
    "c": "a red <cube>",
    "uc": "blue",
    "model": "jibmix_zit_v1.0_fp16_f16.ckpt",
    "sampler": "Euler Ancestral",
    "scale": 4.5,
    "seed": 2441935286,
    "seed_mode": "Scale Alike",
    "size": "832x1216",
    "steps": 8,
    "strength": 1,
    "v2": {"loras": [{"file": "detail_f16.ckpt", "weight": 0.8, "mode": "all"}], "width": 832},
}


def draw_things_xmp(comment: str) -> str:
    description = (
        "a red cube&#xA;-blue&#xA;Steps: 8, Sampler: Euler Ancestral, Guidance Scale: 4.5, "
        "Seed: 2441935286, Size: 832x1216, Model: jibmix.ckpt, Strength: 1.0, "
        "Seed Mode: Scale Alike"
    )
    return f"""<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 6.0.0">
   <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
      <rdf:Description rdf:about=""
            xmlns:dc="http://purl.org/dc/elements/1.1/"
            xmlns:xmp="http://ns.adobe.com/xap/1.0/"
            xmlns:exif="http://ns.adobe.com/exif/1.0/">
         <dc:description><rdf:Alt>
               <rdf:li xml:lang="x-default">{description}</rdf:li>
         </rdf:Alt></dc:description>
         <xmp:CreatorTool>Draw Things</xmp:CreatorTool>
         {comment}
      </rdf:Description>
   </rdf:RDF>
</x:xmpmeta>"""


def test_draw_things(tmp_path):
    text = html.escape(json.dumps(DRAW_THINGS), quote=False)
    comment = f"<exif:UserComment><rdf:Alt><rdf:li>{text}</rdf:li></rdf:Alt></exif:UserComment>"
    packet = draw_things_xmp(comment)
    for path in (
        files.png(tmp_path / "a.png", {}, files.international_chunk("XML:com.adobe.xmp", packet)),
        files.jpeg(tmp_path / "a.jpg", xmp=packet.encode()),
    ):
        found = read_foreign(path)
        assert (found.program, found.prompt) == ("Draw Things", "a red <cube>")
        assert (found.negative_prompt, found.seed, found.steps) == ("blue", 2441935286, 8)
        assert (found.width, found.height, found.guidance) == (832, 1216, 4.5)
        assert (found.sampler, found.strength) == ("Euler Ancestral", None)
        assert found.loras == (ForeignLora("detail_f16", 0.8),)


def test_draw_things_with_its_description_only(tmp_path):
    found = read_foreign(files.jpeg(tmp_path / "a.jpg", xmp=draw_things_xmp("").encode()))
    assert (found.program, found.prompt, found.negative_prompt) == (
        "Draw Things", "a red cube", "blue"
    )  # fmt: skip
    assert (found.guidance, found.seed, found.model) == (4.5, 2441935286, "jibmix")


def test_easy_diffusion(tmp_path):
    texts = {
        "Prompt": "a cat",
        "Negative Prompt": "dog",
        "Seed": "42",
        "Stable Diffusion model": "D:\\models\\sd-v1-5.safetensors",
        "Sampler": "euler_a",
        "Width": "512",
        "Height": "640",
        "Steps": "25",
        "Guidance Scale": "7.5",
        "LoRA model": "pixel",
        "LoRA Strength": "0.6",
    }
    found = read_foreign(files.png(tmp_path / "a.png", texts))
    assert (found.program, found.model) == ("Easy Diffusion", "sd-v1-5")
    assert (found.seed, found.steps, found.guidance) == (42, 25, 7.5)
    assert found.loras == (ForeignLora("pixel", 0.6),)
    as_json = {
        "prompt": "a cat", "negative_prompt": "dog", "seed": 42, "num_inference_steps": 25,
        "use_stable_diffusion_model": "sd-v1-5", "use_lora_model": "pixel", "lora_alpha": 0.6,
    }  # fmt: skip
    data = files.exif({}, {0x9286: files.user_comment(json.dumps(as_json))})
    assert read_foreign(files.jpeg(tmp_path / "a.jpg", data)).steps == 25


def test_a_description_is_a_prompt_at_most(tmp_path):
    data = files.exif({0x010E: (2, b"A lighthouse at dusk\0")})
    found = read_foreign(files.jpeg(tmp_path / "a.jpg", data))
    assert found.is_description
    assert (found.prompt, found.width) == ("A lighthouse at dusk", None)
    found = read_foreign(files.png(tmp_path / "a.png", {"Description": "灯塔"}))
    assert (found.is_description, found.prompt) == (True, "灯塔")


@pytest.mark.parametrize("text", ["OLYMPUS DIGITAL CAMERA", "Exif_JPEG_PICTURE", "DSC", "{}"])
def test_what_cameras_write_is_no_description(tmp_path, text):
    data = files.exif({0x010E: (2, text.encode() + b"\0")})
    assert read_foreign(files.jpeg(tmp_path / "a.jpg", data)) is None


def test_an_image_without_texts(tmp_path):
    assert read_foreign(files.png(tmp_path / "a.png")) is None
    assert read_foreign(files.png(tmp_path / "a.png", {"Software": "GIMP"})) is None
    assert read_foreign(files.png(tmp_path / "a.png", {"parameters": '{"x": 1}'})) is None


def test_describe_lists_everything_that_was_read(tmp_path):
    path = files.png(tmp_path / "a.png", {"invokeai_metadata": json.dumps(INVOKEAI)})
    listed = dict(describe(read_foreign(path)))
    assert listed["Program"] == "InvokeAI 5.4.2"
    assert (listed["Guidance"], listed["LoRA pixel-art"]) == ("7.5", "0.75")
    assert listed["rand_device"] == "cpu"
