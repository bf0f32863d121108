"""Telling what a model is, from headers alone: CPU time for files of 10 GB (sparse, with the
headers of real models' shapes).

python -m benchmarks.inspect_models
"""

from __future__ import annotations

import json
import statistics
import struct
import tempfile
import time
from pathlib import Path

from benchmarks.measure import report
from studio.models.inspect.summary import inspect_any

LIMIT_MS = 50
ROUNDS = 9
SIZE = 10 * 10**9
WORDS, MERGES = 128_256, 280_147
"""Of Llama 3, whose vocabulary is among the largest."""


def sparse(path: Path, head: bytes, size: int) -> Path:
    """Write a file that has a head, and holes behind it."""
    with path.open("wb") as file:
        file.write(head)
        file.truncate(size)
    return path


def safetensors(path: Path, names: list[str], size: int) -> Path:
    """Write a file of so many tensors of one length that is `size` bytes large in all, nearly."""
    each = size // len(names) // 2 * 2
    table = {
        name: {
            "dtype": "F16",
            "shape": [each // 2],
            "data_offsets": [each * number, each * (number + 1)],
        }
        for number, name in enumerate(names)
    }
    header = json.dumps(table).encode()
    return sparse(
        path, struct.pack("<Q", len(header)) + header, 8 + len(header) + each * len(names)
    )


def checkpoint_names(count: int) -> list[str]:
    """Return names as in an SDXL checkpoint, which has 2515 tensors."""
    names = [
        f"model.diffusion_model.input_blocks.{n % 9}.1.transformer_blocks.{n // 9}.attn2.to_k.weight"  # noqa: E501
        for n in range(count - 700)
    ]
    return (
        names
        + [f"first_stage_model.decoder.up.{n}.weight" for n in range(250)]
        + [f"conditioner.x.{n}.weight" for n in range(450)]
    )


def gguf(path: Path, size: int) -> Path:
    """Write a GGUF with Llama 3's numbers of words, merges and tensors."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value.encode())) + value.encode()

    words = b"".join(text(f"wd{number:x}") for number in range(WORDS))
    merges = b"".join(text(f"{number:x} {number % 97}") for number in range(MERGES))
    entries = [
        text("general.architecture") + struct.pack("<I", 8) + text("llama"),
        text("general.file_type") + struct.pack("<II", 4, 15),
        text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, WORDS) + words,
        text("tokenizer.ggml.token_type") + struct.pack("<IIQ", 9, 5, WORDS) + b"\0" * 4 * WORDS,
        text("tokenizer.ggml.merges") + struct.pack("<IIQ", 9, 8, MERGES) + merges,
    ]
    count = 291
    each = size // count // (144 * 32) * (144 * 32)
    tensors = b"".join(
        text(f"blk.{number}.attn_q.weight")
        + struct.pack("<IQIQ", 1, each // 144 * 256, 12, each * number)
        for number in range(count)
    )
    head = b"GGUF" + struct.pack("<IQQ", 3, count, len(entries)) + b"".join(entries) + tensors
    return sparse(path, head, len(head) + 32 + each * count)


def folder(path: Path, size: int) -> Path:
    """Write a folder as of Qwen3 8B: a configuration, an index, five files of weights, and a
    vocabulary of 11 MB.
    """
    path.mkdir()
    (path / "config.json").write_text(
        json.dumps({"model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"]})
    )
    (path / "README.md").write_text("---\nlicense: apache-2.0\n---\n# A model\n")
    vocabulary = {f"word{number}": number for number in range(300_000)}
    (path / "tokenizer.json").write_text(json.dumps({"model": {"vocab": vocabulary}}))
    (path / "tokenizer_config.json").write_text(
        json.dumps({"added": [{"content": f"<|{number}|>"} for number in range(1000)]})
    )
    names: dict[str, str] = {}
    for part in range(1, 6):
        file = f"model-0000{part}-of-00005.safetensors"
        inside = [f"model.layers.{layer}.{part}.weight" for layer in range(80)]
        names |= dict.fromkeys(inside, file)
        safetensors(path / file, inside, size // 5)
    (path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))
    return path


def milliseconds(path: Path) -> float:
    """Return the CPU time of looking into a path, the median of several."""

    def once() -> float:
        begun = time.process_time()
        inspect_any(path)
        return (time.process_time() - begun) * 1000

    once()
    return statistics.median(once() for _ in range(ROUNDS))


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        made = {
            "a checkpoint of 2515 tensors": safetensors(
                root / "x.safetensors", checkpoint_names(2515), SIZE
            ),
            "a GGUF of 408,403 words and merges": gguf(root / "x.gguf", SIZE),
            "a folder of five files": folder(root / "folder", SIZE),
        }
        for name, path in made.items():
            taken = milliseconds(path)
            found = inspect_any(path)
            report(
                f"telling what {name} is (10 GB), CPU ms",
                f"<= {LIMIT_MS}",
                taken,
                taken <= LIMIT_MS,
                what=found.what,
                precision=found.precision,
                license=found.license,
            )


if __name__ == "__main__":
    main()
