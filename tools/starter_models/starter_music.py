"""Train the starter music model: `python -m tools.starter_models.starter_music STEP`.

Needs no data and no extra. The steps are `train`, `grow`, `pack` and `evaluate`; `all` runs them in
this order, from the last checkpoint. `grow` trains a model of twice the size, initialized from that
of `train`. `nearness` is separate and writes `resources/words/music-near.tsv`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from studio.core import environment
from studio.core.resources import resources
from tools.starter_models.music import evaluation, learning, nearness, packing

app = typer.Typer(help=__doc__, add_completion=False, pretty_exceptions_enable=False)
STEPS = ("train", "grow", "pack", "evaluate", "nearness")
GROWN_FOLDER = "grown"


@app.command()
def main(
    step: Annotated[str, typer.Argument(help="all, or one of: " + ", ".join(STEPS))],
    work: Annotated[Path, typer.Option(help="Where the checkpoints lie.")] = Path(
        "starter-music-work"
    ),
    target: Annotated[
        Path | None, typer.Option(help="The model's folder; else `model` in the work folder.")
    ] = None,
    start_from: Annotated[
        Path | None, typer.Option(help="For `grow`: a packed model, in place of the step `train`.")
    ] = None,
    small: Annotated[
        bool, typer.Option("--small", help="For `pack`: the model of `train`, before it was grown.")
    ] = False,
    until: Annotated[int, typer.Option(help="Stop training at this step; 0 for the end.")] = 0,
    pieces: Annotated[int, typer.Option(help="How many pieces are judged.")] = 60,
) -> None:
    """Run one step, or all."""
    if step not in (*STEPS, "all"):
        raise typer.BadParameter(f"There are: all, {', '.join(STEPS)}.")
    environment.prepare()
    target = target or work / "model"
    (work / GROWN_FOLDER).mkdir(parents=True, exist_ok=True)
    profile, place = (learning.SMALL, work) if small else (learning.GROWN, work / GROWN_FOLDER)
    if step in ("train", "all"):
        learning.train(learning.SMALL, work, until or learning.SMALL.steps, typer.echo)
    if step in ("grow", "all"):
        begin = _packed(start_from) if start_from else learning.trained(learning.SMALL, work)
        learning.train(
            learning.GROWN, work / GROWN_FOLDER, until or learning.GROWN.steps, typer.echo, begin
        )
    if step in ("pack", "all"):
        typer.echo(
            f"{packing.pack(learning.trained(profile, place), target)} bytes of weights in {target}"
        )
    if step in ("evaluate", "all"):
        evaluation.evaluate(_packed(target), pieces, work, typer.echo)
    if step == "nearness":
        typer.echo(
            f"{nearness.write(resources() / 'words' / 'music-near.tsv')} words that are near known "
            "ones"
        )


def _packed(target: Path) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(
        target, dtype=torch.float32, local_files_only=True
    ).eval()


if __name__ == "__main__":
    app()
