"""The load of a GGUF that was added (converted once), against the same weights saved as safetensors
by transformers.

Measures a GGUF made from the installed starter text model ($STUDIO_STARTER_DIR or the data folder),
or another file: `python -m benchmarks.gguf_load FILE`, or $STUDIO_BENCHMARK_GGUF.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.measure import cpu_seconds, report
from benchmarks.starter_gguf import gguf_file

ROUNDS = 15


def main() -> None:
    """Measure and print."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from studio.core import environment
    from studio.core.paths import DataFolder
    from studio.engine.text import generate as text
    from studio.models.install.add import add

    environment.prepare()
    with tempfile.TemporaryDirectory() as folder:
        path = gguf_file(Path(folder))
        data = DataFolder(root=Path(folder))
        data.create()
        card = add(data, path, convert=True)
        plain = Path(folder) / "plain"
        AutoModelForCausalLM.from_pretrained(card.path, dtype=torch.float32).save_pretrained(plain)
        AutoTokenizer.from_pretrained(card.path).save_pretrained(plain)

        def bare() -> float:
            start = cpu_seconds()
            AutoModelForCausalLM.from_pretrained(plain, dtype=torch.float32)
            AutoTokenizer.from_pretrained(plain)
            return cpu_seconds() - start

        def ours() -> float:
            start = cpu_seconds()
            text.load(card)
            return cpu_seconds() - start

        bare(), ours()
        pairs = [(bare(), ours()) for _ in range(ROUNDS)]
        start = cpu_seconds()
        AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
        gguf = cpu_seconds() - start
    slow, fast = (
        min(pair[part] for pair in pairs) for part in (1, 0)
    )  # the least disturbed of each
    report(
        "second load of a GGUF / safetensors",
        "<= 1.5",
        slow / fast,
        slow / fast <= 1.5,
        gguf_cpu_s=round(gguf, 2),
        studio_cpu_s=slow,
        safetensors_cpu_s=fast,
    )


if __name__ == "__main__":
    main()
