"""The family records name only what transformers and diffusers really have."""

import importlib
import inspect

import pytest

from studio.models.families import FAMILIES, find_gguf_family
from studio.models.families.architectures import ARCHITECTURES
from tests.checkpoints import video


def names(kind, **facts):
    """Names of the families of a kind whose records have these facts."""
    return {
        family.name
        for family in FAMILIES.values()
        if family.kind == kind
        and all(getattr(family, fact) == value for fact, value in facts.items())
    }


def test_transformers_has_every_text_and_audio_family():
    from transformers.models.auto import modeling_auto

    causal = set(modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)
    multimodal = set(modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES)
    seq2seq = set(modeling_auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES)
    waveform = set(modeling_auto.MODEL_FOR_TEXT_TO_WAVEFORM_MAPPING_NAMES)
    speech = {
        *waveform,
        *modeling_auto.MODEL_FOR_TEXT_TO_SPECTROGRAM_MAPPING_NAMES,
        *modeling_auto.MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES,
    }
    assert names("text", encoder_decoder=False, multimodal=False) <= causal
    assert names("text", multimodal=True) <= multimodal
    assert names("text", encoder_decoder=True) <= seq2seq
    assert names("speech") <= speech
    assert names("music", is_pipeline=False) <= waveform
    assert {"gpt2", "llama", "qwen2", "qwen3", "mistral", "phi3"} <= names("text")


def test_transformers_reads_every_gguf_architecture():
    from transformers.modeling_gguf_pytorch_utils import GGUF_SUPPORTED_ARCHITECTURES

    other_names = {"qwen2moe": "qwen2_moe", "qwen3moe": "qwen3_moe", "minimax-m2": "minimax_m2"}
    known = [name for family in FAMILIES.values() for name in family.gguf]
    assert len(known) == len(set(known)) == 20
    assert {other_names.get(name, name) for name in known} <= set(GGUF_SUPPORTED_ARCHITECTURES)
    assert find_gguf_family("qwen2moe") is FAMILIES["qwen2_moe"]


def test_diffusers_has_every_image_pipeline_and_no_other_text_to_image_one():
    import diffusers
    from diffusers.pipelines.auto_pipeline import AUTO_TEXT2IMAGE_PIPELINES_MAPPING

    assert all(hasattr(diffusers, name) for name in names("image"))
    auto = {pipeline.__name__ for pipeline in AUTO_TEXT2IMAGE_PIPELINES_MAPPING.values()}
    # ControlNets need an image too; Helios makes videos.
    assert {name for name in auto if "Control" not in name and "Helios" not in name} <= names(
        "image"
    )


def test_a_family_that_takes_an_image_has_a_pipeline_that_does():
    import diffusers

    def parameters(family, word=""):
        name = f"{family.removesuffix('Pipeline')}{word}Pipeline"
        pipeline = getattr(diffusers, name, None)
        return set() if pipeline is None else set(inspect.signature(pipeline.__call__).parameters)

    for family in (family for family in FAMILIES.values() if family.kind == "image"):
        # AutoPipelineForText2Image loads StableDiffusionImg2ImgPipeline as the plain class.
        name = family.name.replace("Img2Img", "")
        if "image-to-image" in family.tasks:
            takes_image = "image" in parameters(name)
            assert takes_image == family.edits_image, name
            assert takes_image != ("strength" in parameters(name, "Img2Img")), name
        if "inpaint" in family.tasks:
            only_inpaints = family.tasks == ("inpaint",)
            taken = parameters(name) if only_inpaints else parameters(name, "Inpaint")
            assert {"image", "mask_image", "strength"} <= taken, name
        assert family.tasks
        assert "image-to-image" in family.tasks or not family.edits_image


def test_diffusers_has_every_video_pipeline_and_a_tiny_checkpoint_of_each_exists():
    import diffusers

    for name in names("video"):
        taken = inspect.signature(getattr(diffusers, name).__call__).parameters
        needed = {
            "prompt",
            "num_frames",
            "num_inference_steps",
            "callback_on_step_end",
            "output_type",
        }
        assert needed <= taken.keys(), name
        assert FAMILIES[name].video is not None
    assert names("video") == {family for family, _make in video.MAKERS.values()}


def test_every_class_that_a_record_names_exists():
    import diffusers

    for family in FAMILIES.values():
        for name in (family.image_to_image_class, family.inpaint_class, family.text_class):
            assert not name or hasattr(diffusers, name), family.name
        if family.engine_class:
            module, _colon, name = family.engine_class.partition(":")
            package = "studio.engine.speech.autoregressive"
            assert hasattr(importlib.import_module(f"{package}.{module}"), name), family.name
    for one in ARCHITECTURES.values():
        assert not one.controlnet or hasattr(diffusers, one.controlnet)
        assert not one.single_file or one.single_file in FAMILIES


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_a_family_of_images_or_videos_states_its_default_size(family):
    is_visual = family.kind in ("image", "video")
    assert (family.defaults.width is not None) == is_visual
    assert (family.defaults.height is not None) == is_visual
