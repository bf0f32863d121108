"""A `model.bin` of CTranslate2 becomes a folder that transformers loads, or is refused."""

import json
import struct

import numpy as np
import pytest
import torch
from transformers import WhisperForConditionalGeneration

from studio.core.regular_file import HeaderError
from studio.models.files.ctranslate2 import read_container
from studio.models.files.whisper_weights import parts_of, write_whisper_folder
from tests.checkpoints.whisper import container, make_whisper, tensors_of


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    model = make_whisper(folder)
    return folder, model


def write(folder, target):
    target.mkdir(exist_ok=True)
    return write_whisper_folder(
        folder / "model.bin", folder / "tokenizer.json", folder / "config.json", target
    )


def test_folder_computes_what_the_original_computes(source, tmp_path):
    folder, original = source
    count = write(folder, tmp_path / "model")
    loaded, info = WhisperForConditionalGeneration.from_pretrained(
        tmp_path / "model", dtype=torch.float32, output_loading_info=True
    )
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    assert count == sum(one.numel() for one in original.parameters())
    inputs = {
        "input_features": torch.rand(1, 80, 3000, generator=torch.Generator().manual_seed(1)),
        "decoder_input_ids": torch.tensor([[257, 258, 261]]),
    }
    with torch.inference_mode():
        expected, found = original(**inputs).logits, loaded.eval()(**inputs).logits
    assert torch.allclose(expected, found, atol=2e-3)  # the file has float16


def test_settings_come_from_the_tokenizer(source, tmp_path):
    write(source[0], tmp_path / "model")
    settings = json.loads((tmp_path / "model" / "generation_config.json").read_bytes())
    assert settings["lang_to_id"] == {"<|en|>": 258, "<|zh|>": 259}
    assert settings["task_to_id"] == {"translate": 260, "transcribe": 261}
    assert settings["no_timestamps_token_id"] == 265
    assert (settings["suppress_tokens"], settings["begin_suppress_tokens"]) == ([263], [32])


def changed(model, change):
    tensors = tensors_of(model)
    name = "decoder/layer_0/ffn/linear_0/bias"
    match change:
        case "version":
            return container(tensors, version=5)
        case "type":
            return container(tensors, type_name="TransformerSpec")
        case "quantized":
            return container(tensors | {name: tensors[name].astype(np.int8)})
        case "unknown":
            return container(tensors | {"decoder/layer_0/gate/weight": tensors[name]})
        case "lacking":
            del tensors["encoder/position_encodings/encodings"]
            return container(tensors)
        case "cut":
            return container(tensors)[:-1000]
        case "size":
            data = container({name: tensors[name]})
            at = data.index(struct.pack("<I", tensors[name].nbytes))
            return data[:at] + struct.pack("<I", 2**31) + data[at + 4 :]
        case "count":
            return container({})[:-8] + struct.pack("<I", 2**31)
        case "empty":
            return b""
    raise AssertionError(change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("version", "version 5 of its format"),
        ("type", "TransformerSpec, not Whisper"),
        ("quantized", "is quantized"),
        ("unknown", "gate/weight is unknown"),
        ("lacking", "lacks tensors of Whisper"),
        ("cut", "ends inside"),
        ("size", "is not that of its numbers"),
        ("count", "claims"),
        ("empty", "ends too early"),
    ],
)
def test_other_files_are_refused(source, tmp_path, change, words):
    folder, model = source
    for name in ("tokenizer.json", "config.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "model.bin").write_bytes(changed(model, change))
    with pytest.raises(HeaderError, match=words):
        write(tmp_path, tmp_path / "model")


@pytest.mark.parametrize("content", [b"{", b'{"added_tokens": []}', b'{"added_tokens": 3}'])
def test_other_tokenizers_are_refused(source, tmp_path, content):
    for name in ("model.bin", "config.json"):
        (tmp_path / name).write_bytes((source[0] / name).read_bytes())
    (tmp_path / "tokenizer.json").write_bytes(content)
    with pytest.raises(HeaderError, match="tokenizer"):
        write(tmp_path, tmp_path / "model")


def test_keys_have_no_bias(source):
    names = {part.name for part in parts_of(read_container(source[0] / "model.bin"))}
    assert "model.decoder.layers.0.encoder_attn.v_proj.bias" in names
    assert not any(name.endswith("k_proj.bias") for name in names)
