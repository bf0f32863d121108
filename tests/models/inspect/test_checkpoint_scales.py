"""Test single-file checkpoints with scales for 8-bit weights, and with v-prediction."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from studio.core.errors import StudioError
from studio.core.requests import ImageRequest
from studio.engine.image import generate as image
from studio.engine.runtime.schedulers import make_scheduler
from studio.models.files.scaled_weights import read_unscaled, why_not
from studio.models.files.weights_header import read_safetensors
from studio.models.inspect.model import inspect
from studio.models.inspect.prediction import Prediction, prediction
from studio.models.install.add import add
from tests.checkpoints.one_file import tiny_pipeline, write_one_file
from tests.engine.runs import run_job

MODEL = "model.diffusion_model."


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder that the words come from, and the same weights in one file."""
    root = tmp_path_factory.mktemp("one file")
    pipe = tiny_pipeline(root / "source", large=True)
    pipe.save_pretrained(root / "words")
    return root / "words", write_one_file(pipe, root / "plain.safetensors")


def packed(state, path, *, scale_name="scale_weight", scaled=True, rows=False, everywhere=False):
    """Write matrices in fp8 as ComfyUI does: each with its scale, and with those of its input."""
    out = {}
    for name, tensor in state.items():
        matrix = name.endswith(".weight") and tensor.dim() == 2 and "emb" not in name
        if not matrix or not (name.startswith(MODEL) or everywhere):
            out[name] = tensor.half()
            continue
        top = tensor.abs().amax(dim=1, keepdim=True) if rows else tensor.abs().max()
        scale = (top / 448).float()
        out[name] = (tensor / scale if scaled else tensor).to(torch.float8_e4m3fn)
        out[name.removesuffix("weight") + scale_name] = scale
        out[name.removesuffix("weight") + scale_name.replace("weight", "input")] = torch.ones(())
    if scale_name == "scale_weight":
        out[MODEL + "scaled_fp8"] = torch.zeros(2, dtype=torch.float8_e4m3fn)
    save_file(out, path, {"format": "pt"})
    return path


def pixels(card):
    request = ImageRequest(prompt="a cat", seed=3, width=32, height=32, num_inference_steps=2)
    return run_job(image, card, image.load(card), request).results[0].pixels.astype(int)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"scale_name": "weight_scale"},
        {"rows": True, "scale_name": "weight_scale"},
        {"everywhere": True},
    ],
    ids=["ComfyUI", "weight_scale", "a scale a row", "text encoders too"],
)
def test_scales_are_applied(data, made, tmp_path, more):
    words, plain = made
    add(data, words)
    expected = pixels(add(data, plain))
    found = pixels(add(data, packed(load_file(plain), tmp_path / "scaled.safetensors", **more)))
    assert np.abs(found - expected).mean() < 8
    dropped = pixels(
        add(data, packed(load_file(plain), tmp_path / "wrong.safetensors", scaled=False, **more))
    )
    assert np.abs(dropped - expected).mean() > 8  # without applying them both would be alike


def test_dequantized_weights_equal_the_plain_file(made, tmp_path):
    plain = load_file(made[1])
    file = packed(plain, tmp_path / "scaled.safetensors", rows=True)
    state = read_unscaled(file, torch.float32, "Model")
    assert set(state) == set(plain)
    for name, tensor in plain.items():
        assert torch.allclose(
            state[name], tensor, rtol=0.07, atol=float(tensor.abs().max()) / 400
        ), name


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        (
            {"weight": torch.zeros(4, 4, dtype=torch.uint8), "weight_scale_2": torch.ones(())},
            "packed with NVFP4",
        ),
        (
            {"weight": torch.zeros(4, 4, dtype=torch.int8), "weight_scale": torch.ones(())},
            r"scaled in a way .*\(I8\)",
        ),
        (
            {
                "weight": torch.zeros(4, 4).to(torch.float8_e5m2),
                "weight_scale_inv": torch.ones(1, 1),
            },
            "weight_scale_inv",
        ),
        (
            {"weight": torch.zeros(4, 4).to(torch.float8_e4m3fn), "weight_scale": torch.ones(3)},
            "does not fit its weight",
        ),
        ({"bias": torch.zeros(4), "weight_scale": torch.ones(())}, "does not fit its weight"),
        (
            {"qweight": torch.zeros(4, 4, dtype=torch.int8), "wscales": torch.ones(4)},
            "packed with SVDQuant",
        ),
    ],
)
def test_unsupported_scales_are_refused(data, made, tmp_path, tensors, words):
    add(data, made[0])
    more = {f"{MODEL}middle_block.9.{name}": tensor for name, tensor in tensors.items()}
    file = tmp_path / "odd.safetensors"
    save_file({**load_file(made[1]), **more}, file, {"format": "pt"})
    with pytest.raises(StudioError, match=words):
        inspect(file, data)


def test_a_plain_file_has_no_scales(made):
    assert why_not(read_safetensors(made[1])) == ""


@pytest.mark.parametrize(
    ("tensors", "metadata", "expected"),
    [
        ((), {}, Prediction()),
        ((), {"modelspec.prediction_type": "epsilon"}, Prediction(stated="epsilon")),
        ((), {"modelspec.prediction_type": "v"}, Prediction("v_prediction", stated="v")),
        ((), {"modelspec.predict_key": "v"}, Prediction("v_prediction", stated="v")),
        (
            (),
            {"modelspec.prediction_type": "V-Prediction"},
            Prediction("v_prediction", stated="V-Prediction"),
        ),
        ((), {"ss_v_parameterization": "True"}, Prediction("v_prediction")),
        (
            (),
            {"ss_v_parameterization": "True", "ss_zero_terminal_snr": "True"},
            Prediction("v_prediction", True),
        ),
        (
            (),
            {"modelspec.architecture": "stable-diffusion-v2-768-v"},
            Prediction("v_prediction", stated="v"),
        ),
        (("v_pred",), {"modelspec.prediction_type": "epsilon"}, Prediction("v_prediction")),
        (("v_pred", "ztsnr"), {}, Prediction("v_prediction", True)),
        ((), {"modelspec.prediction_type": "sample"}, Prediction("sample", stated="sample")),
        (
            (),
            {"modelspec.prediction_type": "rectified flow"},
            Prediction("", stated="rectified flow"),
        ),
        ((), {"modelspec.title": "v-prediction"}, Prediction()),
    ],
)
def test_prediction_type_is_read_from_tensors_and_metadata(tensors, metadata, expected):
    assert prediction(dict.fromkeys(tensors, ()), metadata) == expected


@pytest.mark.parametrize("marked", [True, False], ids=["by tensors", "by metadata"])
def test_scheduler_uses_v_prediction(data, made, tmp_path, marked):
    add(data, made[0])
    state = load_file(made[1])
    if marked:
        state |= {"v_pred": torch.zeros(()), "ztsnr": torch.zeros(())}
    metadata = {} if marked else {"modelspec.prediction_type": "v", "ss_zero_terminal_snr": "True"}
    save_file(state, tmp_path / "v.safetensors", {"format": "pt", **metadata})
    card = add(data, tmp_path / "v.safetensors")
    table = json.loads((card.folder / "scheduler/scheduler_config.json").read_text())
    assert (table["prediction_type"], table["rescale_betas_zero_snr"]) == ("v_prediction", True)
    pipe = image.load(card).pipe
    for name in ("", "euler-a", "dpm++", "ddim", "unipc"):
        scheduler = make_scheduler(name, pipe.scheduler, card)
        assert scheduler.config.prediction_type == "v_prediction", name
        assert scheduler.config.rescale_betas_zero_snr, name
        scheduler.set_timesteps(4)
        assert int(scheduler.timesteps[0]) == 999, name


def test_unknown_prediction_type_is_refused(data, made, tmp_path):
    add(data, made[0])
    save_file(
        load_file(made[1]),
        tmp_path / "rf.safetensors",
        {"format": "pt", "modelspec.prediction_type": "rf"},
    )
    with pytest.raises(StudioError, match=r"no scheduler supports its prediction type \(rf\)"):
        inspect(tmp_path / "rf.safetensors", data)
