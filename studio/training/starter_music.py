"""Make the starter for music: `python -m studio.training.starter_music STEP`. Needs no data and no extra.

The steps: `train` (goes on from its checkpoint), `pack`, `evaluate`; `all` runs them in this order.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from studio.core import environment
from studio.training.music import evaluation, learning, packing

app = typer.Typer(help=__doc__, add_completion=False, pretty_exceptions_enable=False)
STEPS = ("train", "pack", "evaluate")


@app.command()
def main(
    step: Annotated[str, typer.Argument(help="all, or one of: " + ", ".join(STEPS))],
    work: Annotated[Path, typer.Option(help="Where the checkpoint lies.")] = Path("starter-music-work"),
    target: Annotated[Path | None, typer.Option(help="The model's folder; else `model` in the work folder.")] = None,
    until: Annotated[int, typer.Option(help="Stop training at this step; 0 for the end.")] = 0,
    pieces: Annotated[int, typer.Option(help="How many pieces are judged.")] = 60,
) -> None:
    """Run one step, or all."""
    if step not in (*STEPS, "all"):
        raise typer.BadParameter(f"There are: all, {', '.join(STEPS)}.")
    environment.prepare()
    target = target or work / "model"
    if step in ("train", "all"):
        work.mkdir(parents=True, exist_ok=True)
        profile = learning.Profile()
        learning.train(profile, work, until or profile.steps, typer.echo)
    if step in ("pack", "all"):
        typer.echo(f"{packing.pack(learning.trained(work), target)} bytes of weights in {target}")
    if step in ("evaluate", "all"):
        evaluation.evaluate(_packed(target), pieces, typer.echo)


def _packed(target: Path) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(target, dtype=torch.float32, local_files_only=True).eval()


if __name__ == "__main__":
    app()
