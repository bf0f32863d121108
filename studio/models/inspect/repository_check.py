"""Can Studio run this repository, and may it? Told from its small files, before gigabytes of
weights are fetched.
"""

from __future__ import annotations

from pathlib import Path

from studio.core.regular_file import HeaderError
from studio.models.families import PIPELINES, SAFE_LIBRARIES, families
from studio.models.files.folder_check import check_folder, read_json, refused
from studio.models.inspect.model import MAX_TITLE


def check_configurations(folder: Path) -> None:
    """Raise StudioError where the inspection of the whole model would refuse it in any case."""
    try:
        check_folder(folder)
        if (folder / "model_index.json").is_file():
            _check_pipeline(folder)
        elif (folder / "config.json").is_file():
            _check_model(folder)
    except HeaderError as error:
        raise refused(folder, f"{error}.") from error


def _check_pipeline(folder: Path) -> None:
    index = read_json(folder / "model_index.json")
    family = index.get("_class_name")
    if not isinstance(family, str) or not any(family in families()[kind] for kind in PIPELINES):
        raise refused(
            folder,
            f"its pipeline ({str(family)[:MAX_TITLE]}) makes no pictures, videos or sounds from "
            "text.",
        )
    for name, entry in index.items():
        if (
            not name.startswith("_")
            and isinstance(entry, list)
            and entry != [None, None]
            and entry[0] not in SAFE_LIBRARIES
        ):
            raise refused(
                folder,
                f"its part {name} comes from {str(entry[:1])[1:-1]}, and only diffusers and "
                "transformers are trusted.",
            )


def _check_model(folder: Path) -> None:
    table = read_json(folder / "config.json")
    if table.get("_class_name") == "MotionAdapter":
        return
    family = table.get("model_type")
    known = {
        name
        for kind, names in families().items()
        if kind not in (*PIPELINES, "gguf")
        for name in names
    }
    if not isinstance(family, str) or family not in known:
        raise refused(
            folder, f"its kind of model ({str(family)[:MAX_TITLE]}) is not one that Studio runs."
        )
