"""Reads the metadata that another program wrote into an image."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from studio.core.translation import tr
from studio.library.encoders import KEYWORD
from studio.library.foreign import comfyui, fooocus, invokeai, programs
from studio.library.foreign.draft import JsonObject, as_object, parse_object
from studio.library.foreign.metadata import ForeignMetadata
from studio.library.foreign.parameters import read_parameters
from studio.media.image_texts import collector
from studio.media.image_texts.reader import ImageTexts, read_hidden_texts, read_image_texts

_COMMENTS = (
    collector.USER_COMMENT,
    collector.XMP_USER_COMMENT,
    collector.IMAGE_DESCRIPTION,
    collector.XP_COMMENT,
    collector.JPEG_COMMENT,
    collector.XMP_DESCRIPTION,
)
"""Places for any text, in the order in which they are read."""
_DESCRIPTIONS = (
    "Description",
    "Comment",
    collector.IMAGE_DESCRIPTION,
    collector.XMP_DESCRIPTION,
    collector.USER_COMMENT,
    collector.XP_COMMENT,
    collector.JPEG_COMMENT,
)
_COMFYUI_TAGS = (
    collector.CAMERA,
    collector.MAKE,
    collector.IMAGE_DESCRIPTION,
    collector.USER_COMMENT,
)
"""EXIF tags in which ComfyUI's nodes write `prompt:` or `workflow:` and JSON."""
Texts = dict[str, str]
"""Texts by keyword."""


def read_foreign(path: Path) -> ForeignMetadata | None:
    """Return the metadata of a PNG, JPEG or WebP image; None if it has none. Never raises.

    Reads at most a few megabytes of texts, however large or damaged the file is.
    """
    found = read_image_texts(path)
    if found is None:
        return None
    metadata = _interpret(found.texts, path.name)
    if metadata is None or metadata.is_description:
        hidden = read_hidden_texts(path)
        metadata = _interpret(_hidden(hidden), path.name) or metadata
    if metadata is None or metadata.is_description:
        metadata = fooocus.read_log(path) or metadata
    return _complete(metadata, found)


def _complete(metadata: ForeignMetadata | None, found: ImageTexts) -> ForeignMetadata | None:
    """Add the image's own size, and what was too long to be read."""
    notes = tuple(tr("{name} is too long to be read.", name=name) for name in found.skipped[:5])
    if metadata is None:
        # not translated: the index keeps it
        return ForeignMetadata(program="Unknown program", notes=notes) if notes else None
    if not metadata.is_description and not (metadata.width and metadata.height) and found.width:
        metadata = msgspec.structs.replace(metadata, width=found.width, height=found.height)
    return msgspec.structs.replace(metadata, notes=(*metadata.notes, *notes))


def _hidden(text: str) -> dict[str, str]:
    """Return a hidden text as PNG texts: NovelAI hides all of them as JSON."""
    values = parse_object(text)
    if any(isinstance(values.get(name), str) for name in ("Comment", "Software", "parameters")):
        return _hidden_texts(values)
    return {"parameters": text} if text else {}


def _interpret(texts: Texts, file_name: str) -> ForeignMetadata | None:
    """Return what the first reader that recognizes the texts makes of them."""
    comments = [text for name in ("parameters", *_COMMENTS) if (text := texts.get(name))]
    graph = None
    for metadata in _by_structure(texts, comments, file_name):
        if metadata is None:
            continue
        if metadata.program != comfyui.PROGRAM or metadata.prompt:
            return metadata
        graph = metadata  # a text next to a graph that is not understood may state more
    for text in comments:
        metadata = read_parameters(text, _creator(texts))
        if metadata is not None:
            return metadata
    if graph is not None:
        return graph
    descriptions = (programs.read_description(texts.get(name, "")) for name in _DESCRIPTIONS)
    return next(filter(None, descriptions), None)


def _by_structure(
    texts: Texts, comments: list[str], file_name: str
) -> Iterator[ForeignMetadata | None]:
    """Yield what the readers of JSON and of keywords find.

    Texts are parsed one at a time: a hostile one takes 50 MB.
    """
    scheme = texts.get("fooocus_scheme") or texts.get(collector.MAKER_NOTE, "")
    for text in comments:
        yield from _from_object(parse_object(text), scheme)
    yield invokeai.read_invokeai(parse_object(texts.get("invokeai_metadata", "")))
    yield invokeai.read_sd_metadata(parse_object(texts.get("sd-metadata", "")))
    yield invokeai.read_dream(texts.get("Dream", ""))
    yield _novelai(texts)
    yield from _graphs(texts, comments, file_name)
    yield programs.read_easy_diffusion(dict(texts))


def _from_object(source: JsonObject, scheme: str) -> Iterator[ForeignMetadata | None]:
    yield programs.read_swarmui(source)
    yield fooocus.read_fooocus(source, scheme)
    yield programs.read_draw_things(source)
    yield programs.read_easy_diffusion(source)
    yield _novelai(_hidden_texts(source))


def _hidden_texts(source: JsonObject) -> Texts:
    return {name: value for name, value in source.items() if isinstance(value, str)}


def _novelai(texts: Texts) -> ForeignMetadata | None:
    comment = parse_object(texts.get("Comment", ""))
    is_novelai = texts.get("Software", "").startswith("NovelAI")
    if not comment or not (is_novelai or "uc" in comment):
        return None
    return programs.read_novelai(comment, texts.get("Description", ""), texts.get("Source", ""))


def _graphs(texts: Texts, comments: list[str], file_name: str) -> Iterator[ForeignMetadata | None]:
    """Yield what ComfyUI's graphs state, the ones that ran before the ones of its editor."""
    tagged = dict(filter(None, (_tagged(texts.get(tag, "")) for tag in _COMFYUI_TAGS)))
    for name in ("prompt", "workflow"):
        for text in (texts.get(name, ""), tagged.get(name, "")):
            yield comfyui.read_comfyui(parse_object(text), file_name)
        for text in comments:
            yield comfyui.read_comfyui(as_object(parse_object(text).get(name)), file_name)


def _tagged(text: str) -> tuple[str, str] | None:
    """Split `prompt:{…}`."""
    name, colon, rest = text.partition(":")
    name = name.strip().lower()
    return (name, rest.strip()) if colon and name in ("prompt", "workflow") else None


def _creator(texts: Texts) -> str:
    """Return the program, where other texts name it; empty if they don't."""
    if KEYWORD in texts:  # a recipe of another version, which cannot be read
        return "Studio"
    tool = texts.get(collector.XMP_CREATOR_TOOL, "")
    # not translated: the name of a program
    return "Draw Things" if tool.startswith("Draw Things") else ""
