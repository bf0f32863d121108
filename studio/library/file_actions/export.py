"""Exports items to a folder: in another format or size, with or without metadata. Slow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from studio.core.artifact import Recipe
from studio.core.errors import StudioError
from studio.core.files import write_whole
from studio.core.regular_file import read_regular
from studio.core.requests import ImageRequest
from studio.core.translation import tr
from studio.library.artifacts import read_recipe
from studio.library.encoders import KEYWORD, MAX_READ_BYTES, parameters_line, sidecar_path
from studio.library.file_actions.action import ExportOptions
from studio.library.file_actions.audio_export import convert_audio
from studio.library.file_actions.places import copy_file, free_target, pairs_of
from studio.library.file_actions.strip import without_metadata
from studio.library.items import Item
from studio.media.avif import encode_avif
from studio.media.lossy_image import encode_jpeg, encode_webp

if TYPE_CHECKING:
    from PIL.Image import Image


def export_target(item: Item, folder: Path, options: ExportOptions) -> Path:
    """Return a free path in a folder for an exported item."""
    source = Path(item.path)
    return free_target(source, folder, f"{source.stem}{options.suffix_for(item)}")


def export_item(item: Item, target: Path, options: ExportOptions) -> None:
    """Write an item to a free path, with what belongs to it.

    Raises StudioError, OSError, and ValueError for a damaged file.
    """
    source, suffix = Path(item.path), target.suffix
    is_converted = suffix != source.suffix.lower()
    if item.media == "image":
        is_converted |= 0 < options.max_side < max(item.width, item.height)
        if is_converted or not (options.with_metadata or _is_upright(source)):
            write_whole(target, _encode_image(source, suffix, options))
            return
    if item.media == "audio" and (is_converted or (suffix == ".ogg" and not options.with_metadata)):
        write_whole(target, convert_audio(source, suffix[1:], with_recipe=options.with_metadata))
    elif not options.with_metadata and item.media != "text":
        write_whole(target, _stripped(source))
    else:
        _copy(source, target, options.with_metadata)


def _copy(source: Path, target: Path, with_recipe: bool) -> None:
    """Copy a file that needs no change, with what belongs to it."""
    for old, new in reversed(pairs_of(source, target)):
        if with_recipe or old != sidecar_path(source):
            new.parent.mkdir(exist_ok=True)
            copy_file(old, new)


def _stripped(source: Path) -> bytes:
    data = without_metadata(read_regular(source, MAX_READ_BYTES), source.suffix.lower())
    if data is None:
        raise StudioError(
            tr("Studio cannot remove metadata from {suffix} files.", suffix=source.suffix),
            cause="invalid",
            cure=tr("Choose another format, or export with metadata."),
        )
    return data


def _is_upright(path: Path) -> bool:
    """Return False if an image depends on its Exif orientation, which is metadata."""
    from PIL import Image as PILImage

    try:
        with PILImage.open(path) as image:
            return bool(image.getexif().get(0x0112, 1) == 1)
    except (OSError, ValueError, SyntaxError):
        return True


def _encode_image(source: Path, suffix: str, options: ExportOptions) -> bytes:
    """Return an image in another format or size; transparent areas become white."""
    from studio.media.image_reader import read_image

    image, _sha256 = read_image(source)
    if options.max_side:
        image.thumbnail((options.max_side, options.max_side))
    recipe = read_recipe(source) if options.with_metadata else None
    if suffix == ".png":
        return _png(image, recipe)
    if suffix in (".jpg", ".jpeg"):
        return encode_jpeg(image, options.quality, _json(recipe), _parameters(recipe))
    if suffix == ".webp":
        return encode_webp(image, options.quality, _json(recipe), _parameters(recipe))
    if suffix == ".avif":
        return encode_avif(image, options.quality, _json(recipe))
    raise StudioError(
        tr("Studio cannot write {suffix} files.", suffix=suffix),
        cause="invalid",
        cure=tr("Choose PNG, JPEG, WebP or AVIF."),
    )


def _png(image: Image, recipe: Recipe | None) -> bytes:
    import numpy as np

    from studio.media.png import encode_png

    texts = {KEYWORD: _json(recipe), "parameters": _parameters(recipe)} if recipe else {}
    return encode_png(np.asarray(image), {key: text for key, text in texts.items() if text})


def _json(recipe: Recipe | None) -> str:
    return msgspec.json.encode(recipe).decode() if recipe is not None else ""


def _parameters(recipe: Recipe | None) -> str:
    is_image = recipe is not None and isinstance(recipe.request, ImageRequest)
    return parameters_line(recipe) if recipe is not None and is_image else ""
