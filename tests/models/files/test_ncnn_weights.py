"""ncnn's weights of a dense network become the tensors that the enlarger reads."""

import struct

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from studio.engine.image_tools.networks import load_enlarger
from studio.models.files.ncnn_weights import HALF_FLAG, dense_tensors
from tools.image_tools.from_ncnn import tensors_of


def layers(blocks):
    growing = [(64 + 32 * number, 32) for number in range(4)]
    part = [*growing, (192, 64)]
    return [(3, 64), *(3 * blocks * part), *(4 * [(64, 64)]), (64, 3)]


def written(blocks, flag=HALF_FLAG):
    """The file's content, and its `.param` file for a converter that does not know the network."""
    random, data, lines = np.random.default_rng(blocks), b"", ["7767517", "1 1"]
    for number, (inputs, outputs) in enumerate(layers(blocks)):
        weights = random.normal(0, 0.02, inputs * outputs * 9).astype("f2" if flag else "f4")
        data += struct.pack("<I", flag) + weights.tobytes()
        data += random.normal(0, 0.01, outputs).astype("f4").tobytes()
        lines.append(f"Convolution c{number} 1 1 a b 0={outputs} 1=3 4=1 5=1 6={weights.size}")
    return data, "\n".join(lines)


@pytest.mark.parametrize("flag", [HALF_FLAG, 0], ids=["half", "float"])
def test_network_is_that_of_its_description(flag):
    data, param = written(2, flag)
    found, expected = dense_tensors(data, 2), tensors_of(param, data)
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[name], expected[name]) for name in found)


def test_network_runs(tmp_path):
    save_file(dense_tensors(written(1)[0], 1), tmp_path / "net.safetensors")
    enlarger = load_enlarger(tmp_path / "net.safetensors", "cpu")
    with torch.inference_mode():
        assert enlarger(torch.rand(1, 3, 8, 6)).shape == (1, 3, 32, 24)


@pytest.mark.parametrize("change", ["cut", "longer", "flag", "other"])
def test_other_files_are_refused(change):
    data = written(1)[0]
    data = {
        "cut": data[:-4],
        "longer": data + b"\0\0\0\0",
        "flag": b"\1\0\0\0" + data[4:],
        "other": written(2)[0],
    }[change]
    with pytest.raises(ValueError, match=r"weights|buffer"):
        dense_tensors(data, 1)
