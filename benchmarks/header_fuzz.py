"""Mutated headers and configurations: each is read, or refused in a sentence; soon, and in little
memory.

python -m benchmarks.header_fuzz --files 20000
"""

from __future__ import annotations

import argparse
import copy
import faulthandler
import json
import random
import resource
import struct
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import report
from studio.core.errors import StudioError
from studio.core.regular_file import HeaderError
from studio.models.files.gguf_header import read_gguf
from studio.models.files.weights_header import read_safetensors
from studio.models.inspect.summary import inspect_any

MAX_SECONDS, MAX_MEGABYTES = 1.0, 200
HANG_SECONDS = 60
BOMBS = 1 / 500
"""Of the files, so many are tens of megabytes large."""
LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 32,
    "max_position_embeddings": 64,
    "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
    "vocab_size": 300,
    "dtype": "float32",
}
PIPELINE = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.42.1",
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
    "safety_checker": [None, None],
}
SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
INDEX = {
    "metadata": {"total_size": 192},
    "weight_map": {"a": SHARDS[0], "b": SHARDS[0], "c": SHARDS[1]},
}
NUMBERS = (
    0,
    1,
    -1,
    2,
    7,
    63,
    64,
    255,
    256,
    65_536,
    2**24,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**53,
    2**62,
    2**63 - 1,
    2**63,
    2**64 - 1,
)
VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    1e300,
    2**31,
    2**63,
    2**64,
    10**400,
    float("nan"),
    float("inf"),
    "",
    "x",
    "../x",
    "/etc/passwd",
    "..",
    "a\0b",
    "\ud800",
    "x" * 5_000,
    [],
    {},
    [[]],
    [1],
    ["../x"],
    {"auto_map": {"A": "b.C"}},
    [0, 4],
    [4, 0],
    "F32",
    "llama",
    "vits",
)


def whole_safetensors() -> bytes:
    from safetensors.numpy import save

    arrays = {
        "model.a": np.ones((4, 2), np.float32),
        "model.b": np.ones(3, np.float16),
        "lora_c": np.zeros((2, 1, 3), np.int8),
    }
    return bytes(save(arrays, {"format": "pt", "modelspec.architecture": "flux-1-dev/lora"}))


Piece = bytes | tuple[str, int]


def gguf_pieces() -> list[Piece]:
    """A whole GGUF as the bytes and numbers that it is put together from."""

    def text(value: str) -> list[Piece]:
        return [("<Q", len(value.encode())), value.encode()]

    entries: list[list[Piece]] = [
        [*text("general.architecture"), ("<I", 8), *text("llama")],
        [*text("general.alignment"), ("<I", 4), ("<I", 32)],
        [*text("llama.context_length"), ("<I", 4), ("<I", 64)],
        [*text("general.file_type"), ("<I", 4), ("<I", 15)],
        [
            *text("tokens"),
            ("<I", 9),
            ("<I", 8),
            ("<Q", 70),
            *(piece for number in range(70) for piece in text(f"t{number}")),
        ],
        [*text("scores"), ("<I", 9), ("<I", 6), ("<Q", 70), b"\0" * 280],
    ]
    tensors: list[list[Piece]] = [
        [*text("token_embd.weight"), ("<I", 2), ("<Q", 8), ("<Q", 4), ("<I", 0), ("<Q", 0)],
        [*text("blk.0.attn_q.weight"), ("<I", 1), ("<Q", 32), ("<I", 2), ("<Q", 128)],
    ]
    head: list[Piece] = [b"GGUF", ("<I", 3), ("<Q", len(tensors)), ("<Q", len(entries))]
    return [*head, *(piece for part in (*entries, *tensors) for piece in part)]


def packed(pieces: list[Piece]) -> bytes:
    data = b"".join(piece if isinstance(piece, bytes) else struct.pack(*piece) for piece in pieces)
    return data + b"\0" * (-len(data) % 32) + b"\0" * 160


def in_bytes(rng: random.Random, data: bytes) -> bytes:
    """Change, cut, double or insert a few bytes."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        at = rng.randrange(len(changed) + 1) if changed else 0
        how = rng.randrange(6)
        if how == 0 and at < len(changed):
            changed[at] = rng.randrange(256)
        elif how == 1 and at < len(changed):
            changed[at] ^= 1 << rng.randrange(8)
        elif how == 2:
            changed[at:at] = rng.randbytes(rng.randrange(1, 9))
        elif how == 3:
            del changed[at : at + rng.randrange(1, 9)]
        elif how == 4:
            changed[at : at + 8] = struct.pack("<Q", rng.choice(NUMBERS) % 2**64)
        elif rng.random() < 0.3:
            del changed[at:]
        else:
            changed[at:at] = changed[at : at + rng.randrange(1, 64)]
    return bytes(changed)


def in_table(rng: random.Random, table: Any) -> Any:
    """Put something hostile at a few places of a JSON value."""
    table = copy.deepcopy(table)
    for _ in range(rng.choice((1, 1, 2, 3))):
        holder = table
        while True:
            keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
            if not keys:
                break
            key = rng.choice(keys)
            if isinstance(holder[key], (dict, list)) and holder[key] and rng.random() < 0.75:
                holder = holder[key]
                continue
            how = rng.random()
            if how < 0.6:
                holder[key] = copy.deepcopy(rng.choice(VALUES))
            elif how < 0.8:
                del holder[key]
            elif isinstance(holder, dict):
                holder[str(rng.choice(VALUES))[:20]] = copy.deepcopy(holder[key])
            else:
                holder.insert(0, copy.deepcopy(holder[key]))
            break
    return table


def as_json(rng: random.Random, table: Any) -> bytes:
    """Encode a value, at times with a name twice, deep, or in another encoding."""
    data = json.dumps(table).encode()
    how = rng.randrange(12)
    if how == 0 and data.startswith(b"{") and b"," in data:
        data = b"{" + data[1:-1].split(b",")[0] + b"," + data[1:]
    elif how == 1:
        depth = rng.choice((100, 3_000, 100_000))
        data = data[:-1] + b',"x":' + b"[" * depth + b"]" * depth + b"}"
    elif how == 2:
        data = json.dumps(table, ensure_ascii=False).encode(
            "utf-16" if rng.random() < 0.5 else "utf-8-sig", errors="replace"
        )
    return data


def bomb(rng: random.Random) -> bytes:
    """JSON that is tens of megabytes large and asks for much more memory."""
    unit = rng.choice(
        (
            b"[],",
            b"{},",
            b'"ab",',
            b"1.5,",
            b"12345,",
            b'{"a":[]},',
            b'{"dtype":"F32","shape":[1],"data_offsets":[0,4]},',
        )
    )
    return b'{"a":[' + unit * (rng.choice((1, 8, 24)) * 2**20 // len(unit)) + b"0]}"


def with_header(rng: random.Random, header: bytes, data: bytes) -> bytes:
    length = len(header) if rng.random() < 0.8 else rng.choice(NUMBERS) % 2**64
    return struct.pack("<Q", length) + header + data


class Folders:
    """The models that one of whose files is changed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.safetensors = whole_safetensors()
        (length,) = struct.unpack_from("<Q", self.safetensors)
        self.table = json.loads(self.safetensors[8 : 8 + length])
        self.data = self.safetensors[8 + length :]
        self.gguf = gguf_pieces()
        for name in ("text", "sharded", "image"):
            (root / name).mkdir()
        for name in ("text", "sharded"):
            (root / name / "config.json").write_text(json.dumps(LLAMA))
            (root / name / "tokenizer.json").write_text("{}")
        (root / "text" / "model.safetensors").write_bytes(self.safetensors)
        for shard in SHARDS:
            (root / "sharded" / shard).write_bytes(self.safetensors)
        (root / "sharded" / "model.safetensors.index.json").write_text(json.dumps(INDEX))
        (root / "image" / "model_index.json").write_text(json.dumps(PIPELINE))
        for part, file in (
            ("unet", "diffusion_pytorch_model"),
            ("vae", "diffusion_pytorch_model"),
            ("text_encoder", "model"),
        ):
            (root / "image" / part).mkdir()
            (root / "image" / part / "config.json").write_text("{}")
            (root / "image" / part / f"{file}.safetensors").write_bytes(self.safetensors)
        for part in ("tokenizer", "scheduler"):
            (root / "image" / part).mkdir()

    def mutated(self, rng: random.Random) -> tuple[str, Path, bytes]:
        """Return which sort, the file to write, and its changed content."""
        sort = rng.choice(("safetensors", "gguf", "config", "pipeline", "index"))
        large = rng.random() < BOMBS
        if sort == "safetensors":
            if large:
                return (
                    sort,
                    self.root / "x.safetensors",
                    struct.pack("<Q", len(header := bomb(rng))) + header,
                )
            if rng.random() < 0.4:
                return sort, self.root / "x.safetensors", in_bytes(rng, self.safetensors)
            return (
                sort,
                self.root / "x.safetensors",
                with_header(rng, as_json(rng, in_table(rng, self.table)), self.data),
            )
        if sort == "gguf":
            if rng.random() < 0.4:
                return sort, self.root / "x.gguf", in_bytes(rng, packed(self.gguf))
            pieces = list(self.gguf)
            for _ in range(rng.choice((1, 1, 2))):
                at = rng.choice(
                    [number for number, piece in enumerate(pieces) if not isinstance(piece, bytes)]
                )
                form = pieces[at][0]
                pieces[at] = (form, rng.choice(NUMBERS) % 2 ** (64 if form == "<Q" else 32))
            return sort, self.root / "x.gguf", packed(pieces)
        folder, name, table = {
            "config": ("text", "config.json", LLAMA),
            "pipeline": ("image", "model_index.json", PIPELINE),
            "index": ("sharded", "model.safetensors.index.json", INDEX),
        }[sort]
        if large:
            return sort, self.root / folder / name, bomb(rng)
        data = (
            in_bytes(rng, json.dumps(table).encode())
            if rng.random() < 0.4
            else as_json(rng, in_table(rng, table))
        )
        return sort, self.root / folder / name, data


def try_one(folders: Folders, rng: random.Random, tally: Counter[str]) -> None:
    """Change one file and look into it. Raises for what must not be."""
    sort, path, data = folders.mutated(rng)
    path.write_bytes(data)
    tally[sort] += 1
    if sort in ("safetensors", "gguf"):
        try:
            header = read_gguf(path) if sort == "gguf" else read_safetensors(path)
        except HeaderError as error:
            str(error).encode()
            tally["refused headers"] += 1
        else:
            tally["read headers"] += 1
            if sort == "safetensors":
                agrees(path, set(header.tensors))
        look = path
    else:
        look = path.parent
    try:
        found = inspect_any(look)
    except StudioError as error:  # it never is, but it would be one that a person can act upon
        raise AssertionError("looking refuses nothing") from error
    assert found.runs == (not found.why_not)
    assert found.why_not.isprintable()
    assert found.what.isprintable()
    tally["taken" if found.runs else "refused"] += 1


def agrees(path: Path, names: set[str]) -> None:
    """What is read here, the library reads too, and sees the same tensors."""
    from safetensors import safe_open

    with safe_open(str(path), "numpy") as opened:
        assert set(opened.keys()) == names


def run(root: Path, count: int, seed: int = 0) -> tuple[Counter[str], float]:
    """Try so many files; return what became of them, and the most CPU seconds that one took."""
    rng, tally, slowest = random.Random(seed), Counter[str](), 0.0
    folders = Folders(root)
    for number in range(count):
        faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
        begun = time.process_time()
        try:
            try_one(folders, rng, tally)
        except BaseException:
            sys.stderr.write(f"file {number} of seed {seed}\n")
            raise
        slowest = max(slowest, time.process_time() - begun)
    faulthandler.cancel_dump_traceback_later()
    return tally, slowest


def main() -> None:
    """Try them and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with tempfile.TemporaryDirectory() as folder:
        tally, slowest = run(Path(folder), arguments.files, arguments.seed)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    report(
        "mutated headers without a crash", f">= {arguments.files}", arguments.files, True, **tally
    )
    report("slowest mutated header, CPU s", f"<= {MAX_SECONDS}", slowest, slowest <= MAX_SECONDS)
    report(
        "memory of the process, MB",
        f"<= {MAX_MEGABYTES}",
        peak,
        peak <= MAX_MEGABYTES,
        before_mb=round(before),
    )


if __name__ == "__main__":
    main()
