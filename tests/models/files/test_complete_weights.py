"""Test that a model with missing tensors is refused by name on load, whatever library loads it."""

import json
import re

import pytest
from safetensors.torch import load_file, save_file

from studio.core.errors import StudioError
from studio.engine.model_cache import PipelineCache
from studio.models.inspect.model import inspect
from studio.models.install.add import add
from tests.checkpoints.audio import make_musicgen, make_vits
from tests.checkpoints.image import make_sdxl
from tests.checkpoints.one_file import tiny_pipeline, write_one_file
from tests.checkpoints.speech import make_bark, make_csm, make_speecht5
from tests.checkpoints.text import make_gpt2, make_llama, make_t5


def change(folder, rewrite):
    """Rewrite the tensors of a folder's weights, name by name; None leaves one out."""
    for file in sorted(folder.glob("*.safetensors")):
        state = {rewrite(name): tensor.clone() for name, tensor in load_file(file).items()}
        state.pop(None, None)
        save_file(state, file, {"format": "pt"})


def without(pattern):
    return lambda name: None if re.search(pattern, name) else name


def refusal(card) -> str:
    with pytest.raises(StudioError) as caught:
        PipelineCache().load(card, lambda _event: None)
    assert caught.value.cause == "model"
    assert caught.value.cure
    return caught.value.message


@pytest.mark.parametrize(
    ("make", "part", "pattern"),
    [
        (make_gpt2, ".", r"h\.1\.mlp\.c_fc\.weight"),
        (make_llama, ".", r"layers\.0\.self_attn\.q_proj\.weight"),
        (make_t5, ".", r"encoder\.block\.0\.layer\.0\.SelfAttention\.q\.weight"),
        (make_vits, ".", r"text_encoder\.encoder\.layers\.0\.attention\.q_proj\.weight"),
        (make_bark, ".", r"semantic\.layers\.0\.mlp\.in_proj\.weight"),
        (make_csm, ".", r"backbone_model\.layers\.0\.mlp\.up_proj\.weight"),
        (make_speecht5, ".", r"speech_decoder_postnet\.feat_out\.weight"),
        (make_musicgen, ".", r"decoder\.model\.decoder\.layers\.0\.fc1\.weight"),
        (make_sdxl, "unet", r"mid_block\.attentions\.0\.proj_in\.weight"),
        (make_sdxl, "vae", r"decoder\.conv_in\.weight"),
        (make_sdxl, "text_encoder_2", r"encoder\.layers\.0\.mlp\.fc1\.weight"),
    ],
)
def test_missing_tensors_are_named(tmp_path, make, part, pattern):
    make(tmp_path / "m")
    PipelineCache().load(inspect(tmp_path / "m"), lambda _event: None)
    change(tmp_path / "m" / part, without(pattern))
    message = refusal(inspect(tmp_path / "m"))
    assert "missing" in message
    assert re.search(pattern, message), message


def test_tied_weights_may_be_missing(tmp_path):
    make_llama(tmp_path / "m")
    config = json.loads((tmp_path / "m/config.json").read_text())
    (tmp_path / "m/config.json").write_text(json.dumps({**config, "tie_word_embeddings": True}))
    change(tmp_path / "m", without("lm_head"))
    PipelineCache().load(inspect(tmp_path / "m"), lambda _event: None)


def test_tensors_of_another_shape_are_refused_with_a_message(tmp_path):
    make_llama(tmp_path / "m")
    config = json.loads((tmp_path / "m/config.json").read_text())
    (tmp_path / "m/config.json").write_text(json.dumps({**config, "intermediate_size": 96}))
    assert "other shapes than its config.json" in refusal(inspect(tmp_path / "m"))


def test_library_loaders_are_restored(tmp_path):
    from transformers import PreTrainedModel

    before = PreTrainedModel.__dict__["from_pretrained"]
    make_gpt2(tmp_path / "m")
    change(tmp_path / "m", without(r"h\.0\.ln_1"))
    refusal(inspect(tmp_path / "m"))
    assert PreTrainedModel.__dict__["from_pretrained"] is before


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (
            "model.diffusion_model.middle_block.1.proj_in.weight",
            "mid_block.attentions.0.proj_in.weight",
        ),
        ("first_stage_model.decoder.conv_in.weight", "decoder.conv_in.weight"),
        (
            "conditioner.embedders.0.transformer.text_model.encoder.layers.1.mlp.fc2.weight",
            "mlp.fc2.weight",
        ),
    ],
)
def test_missing_tensors_of_a_single_file_checkpoint_are_named(data, tmp_path, name, shown):
    pipe = tiny_pipeline(tmp_path / "source", large=True)
    pipe.save_pretrained(tmp_path / "words")
    add(data, tmp_path / "words")
    file = write_one_file(pipe, tmp_path / "one.safetensors")
    card = add(data, file)
    whole = load_file(file)
    size = file.stat().st_size
    lost = whole.pop(name)
    # Of the same size, so that the file passes for the one that was added.
    save_file({**whole, "x" * len(name): lost}, file, {"format": "pt"})
    assert file.stat().st_size == size
    message = refusal(card)
    assert "missing" in message
    assert shown in message
