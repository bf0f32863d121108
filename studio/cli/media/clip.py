"""`studio clip`: make, repair and render clip projects."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace

from studio.cli import output
from studio.cli.generate import GenerateCommand, OutputPath
from studio.cli.parser_texts import TranslatedApp
from studio.core.errors import StudioError
from studio.core.kinds import KINDS
from studio.core.paths import input_path, user_path
from studio.core.requests.video.new_project import clips_of, relinked, with_frame
from studio.core.requests.video.project import (
    AudioPart,
    Captions,
    ClipProject,
    TitleClip,
    Transition,
)
from studio.core.requests.video.project_check import project_problems
from studio.core.requests.video.project_file import SUFFIX, read_project, write_project
from studio.core.translation import tr

TRANSITIONS = ("cut", "crossfade", "slide")
_CHOICES = f" [{'|'.join(TRANSITIONS)}]"

clip_app = TranslatedApp(
    name="clip",
    help=tr("Join videos, images and titles with captions, voice and music."),
    no_args_is_help=True,
)
ProjectPath = Annotated[
    Path,
    typer.Argument(
        parser=input_path, metavar="PROJECT", help=tr("The clip project."), show_default=False
    ),
]


@clip_app.command("render", help=tr("Render a clip project as a video."))
def render(
    ctx: typer.Context,
    project: ProjectPath,
    output_path: OutputPath = None,
    file_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="TEXT",
            help=tr("MP4 and WebM have audio; animated WebP and GIF have none.")
            + " [mp4|webm|webp|gif]",  # not translated: values
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=tr("Print one JSON object."))] = False,
) -> None:
    """Run the job."""
    read_project(project)  # names what is wrong in the file itself
    values = {"project": str(project)}
    if file_format is not None:
        values["format"] = file_format
    raise typer.Exit(GenerateCommand(ctx.obj, KINDS["clip"], values, output_path, as_json).run())


@clip_app.command("new", help=tr("Make a clip project of videos and images, in their order."))
def new(
    files: Annotated[
        list[Path],
        typer.Argument(
            parser=input_path, metavar="FILES", help=tr("Videos and images."), show_default=False
        ),
    ],
    output_path: Annotated[
        Path,
        typer.Option(
            "--output", "-o", parser=user_path, metavar="PATH", help=tr("The project to write.")
        ),
    ],
    title: Annotated[str, typer.Option(metavar="TEXT", help=tr("What the clip is called."))] = "",
    opening: Annotated[
        str, typer.Option(metavar="TEXT", help=tr("A text that is shown at the beginning."))
    ] = "",
    size: Annotated[
        str, typer.Option(metavar="TEXT", help=tr("Width and height, such as 1280x720."))
    ] = "",
    frame_rate: Annotated[
        float | None, typer.Option("--fps", metavar="X", help=tr("Frames per second."))
    ] = None,
    seconds: Annotated[
        float, typer.Option(metavar="X", help=tr("How long each image is shown."))
    ] = 4.0,
    still: Annotated[
        bool, typer.Option("--still", help=tr("Show images without movement."))
    ] = False,
    transition: Annotated[
        str, typer.Option(metavar="TEXT", help=tr("Between clips.") + _CHOICES)
    ] = "cut",
    transition_seconds: Annotated[
        float, typer.Option(metavar="X", help=tr("How long transitions take."))
    ] = 0.5,
    voice: Annotated[
        Path | None,
        typer.Option(parser=input_path, metavar="FILE", help=tr("A voice from the beginning on.")),
    ] = None,
    music: Annotated[
        Path | None,
        typer.Option(
            parser=input_path,
            metavar="FILE",
            help=tr("Music, repeated to the end and quieter under the voice."),
        ),
    ] = None,
    captions: Annotated[
        Path | None,
        typer.Option(
            parser=input_path, metavar="FILE", help=tr("Captions as SRT or WebVTT, burned in.")
        ),
    ] = None,
) -> None:
    """Write the project."""
    if transition not in TRANSITIONS:
        raise StudioError(
            tr("{value} is no transition.", value=repr(transition)),
            cause="invalid",
            cure=tr("Choose from: {known}.", known=", ".join(TRANSITIONS)),
        )
    if not 0 < seconds <= 86_400 or not 0 <= transition_seconds <= 86_400:
        raise StudioError(tr("The times are not possible."), cause="invalid")
    between = Transition(
        kind=transition,  # type: ignore[arg-type]  # checked above
        seconds=transition_seconds,
    )
    clips = clips_of(files, seconds=seconds, transition=between, moves=not still)
    if opening:
        clips = (TitleClip(text=opening), replace(clips[0], transition=between), *clips[1:])
    project = ClipProject(
        title=title or output_path.name.removesuffix(SUFFIX).removesuffix(".json"),
        clips=clips,
        captions=Captions(source=_absolute(captions)) if captions else None,
        voice=(AudioPart(source=_absolute(voice)),) if voice else (),
        music=(AudioPart(source=_absolute(music), volume=0.6, loop=True, fade_out=1.5),)
        if music
        else (),
    )
    project = with_frame(project, size, frame_rate)
    if problem := next(project_problems(project), ""):
        raise StudioError(tr("The project {problem}.", problem=problem), cause="invalid")
    _check_is_free(output_path)
    write_project(output_path, project)
    output.result(str(output_path))


@clip_app.command("relink", help=tr("Find missing files of a clip project in a folder."))
def relink(
    project: ProjectPath,
    folder: Annotated[
        Path,
        typer.Argument(
            parser=input_path,
            metavar="FOLDER",
            help=tr("Where the files are now."),
            show_default=False,
        ),
    ],
) -> None:
    """Write the project with the files that were found."""
    before = read_project(project)
    found, missing = relinked(before, folder)
    if found != before:
        write_project(project, found, replace=True)
    for source in missing:
        output.note(tr("Not found: {file}", file=source))
    raise typer.Exit(output.FAILED if missing else output.DONE)


def _absolute(path: Path) -> str:
    return str(path.absolute())


def _check_is_free(path: Path) -> None:
    if os.path.lexists(path):
        raise StudioError(
            tr("{path} exists already. Studio does not overwrite files.", path=path),
            cause="invalid",
            cure=tr("Choose another name."),
        )
