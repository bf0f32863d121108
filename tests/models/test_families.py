"""`resources/families.toml` names only what the libraries really have."""

from studio.models import video_families
from studio.models.families import families
from tests.checkpoints import video


def test_the_text_and_sound_families_are_those_of_transformers():
    from transformers.models.auto import modeling_auto

    known = {
        "causal": modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        "multimodal": modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
        "seq2seq": modeling_auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
        "speech": {
            *modeling_auto.MODEL_FOR_TEXT_TO_WAVEFORM_MAPPING_NAMES,
            *modeling_auto.MODEL_FOR_TEXT_TO_SPECTROGRAM_MAPPING_NAMES,
            *modeling_auto.MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES,
        },
        "music": modeling_auto.MODEL_FOR_TEXT_TO_WAVEFORM_MAPPING_NAMES,
    }
    for kind, names in known.items():
        assert not families()[kind] - set(names), kind
    assert {"gpt2", "llama", "qwen2", "qwen3", "mistral", "phi3"} <= families()["causal"]


def test_the_gguf_architectures_are_those_of_transformers():
    from transformers.modeling_gguf_pytorch_utils import GGUF_SUPPORTED_ARCHITECTURES

    written_otherwise = {
        "qwen2moe": "qwen2_moe",
        "qwen3moe": "qwen3_moe",
        "minimax-m2": "minimax_m2",
    }
    known = {written_otherwise.get(name, name) for name in families()["gguf"]}
    assert not known - set(GGUF_SUPPORTED_ARCHITECTURES)


def test_the_pipelines_are_those_of_diffusers_and_all_that_need_only_text_are_there():
    import diffusers
    from diffusers.pipelines.auto_pipeline import AUTO_TEXT2IMAGE_PIPELINES_MAPPING

    names = families()["image"]
    assert all(hasattr(diffusers, name) for name in names)
    auto = {pipeline.__name__ for pipeline in AUTO_TEXT2IMAGE_PIPELINES_MAPPING.values()}
    # ControlNets want a picture too; Helios makes videos.
    assert {name for name in auto if "Control" not in name and "Helios" not in name} <= names


def test_what_takes_a_picture_has_a_pipeline_that_does():
    import inspect

    import diffusers

    def takes(family, word=""):
        kind = getattr(diffusers, f"{family.removesuffix('Pipeline')}{word}Pipeline", None)
        return set() if kind is None else set(inspect.signature(kind.__call__).parameters)

    named = families()
    for family in named["image_to_image"]:
        first = family.replace("Img2Img", "")  # AutoPipelineForText2Image loads it as that
        own = "image" in takes(first)
        assert own == (family in named["edits_pictures"]), family
        assert own != ("strength" in takes(first, "Img2Img")), family
    for family in named["inpaint"]:
        asked = (
            takes(family)
            if family in named["needs_picture"] and family not in named["image_to_image"]
            else set()
        )
        assert {"image", "mask_image", "strength"} <= (
            asked or takes(family.replace("Img2Img", ""), "Inpaint")
        ), family
    assert named["edits_pictures"] <= named["image_to_image"] <= named["image"]
    assert named["needs_picture"] <= named["image_to_image"] | named["inpaint"] <= named["image"]


def test_the_pipelines_of_videos_are_those_of_diffusers_and_each_has_a_rule_and_a_tiny_one():
    import inspect

    import diffusers

    names = families()["video"]
    for name in names:
        takes = inspect.signature(getattr(diffusers, name).__call__).parameters
        assert {
            "prompt",
            "num_frames",
            "num_inference_steps",
            "callback_on_step_end",
            "output_type",
        } <= takes.keys(), name
    assert names == set(video_families.FAMILIES)
    assert names == {family for family, _make in video.MAKERS.values()}
