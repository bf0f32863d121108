"""Run every benchmark in a process of its own and print the table: `python -m benchmarks`."""

from __future__ import annotations

import json
import subprocess
import sys

MODULES = (
    "startup",
    "first_pages",
    "ui_delay",
    "throughput",
    "child_restart",
    "starter_image",
    "starter_music",
    "gguf_load",
    "gguf_speed",
    "prompt_cache",
    "saving",
    "inspect_models",
    "model_switch",
    "text_batch",
    "image_batch",
    "queue_cost",
    "library",
    "library_window",
    "video_playback",
    "canvas",
    "batch_read",
    "batch_window",
    "batch_fuzz",
    "batch_bombs",
    "header_fuzz",
    "download_cuts",
    "reliability",
)
"""Those from `batch_fuzz` on take longest: half an hour and more."""


def main() -> int:
    """Print the table; exit code 1 where a limit is missed."""
    lines = []
    for module in MODULES:
        sys.stderr.write(f"{module} …\n")
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{module}"],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        lines += [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode:
            lines.append({"name": module, "limit": "", "value": "failed", "ok": False})
    width = max(len(line["name"]) for line in lines)
    for line in lines:
        more = {
            name: value
            for name, value in line.items()
            if name not in ("name", "limit", "value", "ok")
        }
        sys.stdout.write(
            f"{line['name']:{width}}  {line['limit']:>8}  {line['value']:>10}  "
            f"{'pass' if line['ok'] else 'MISS'}  {more}\n"
        )
    return 0 if all(line["ok"] for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
