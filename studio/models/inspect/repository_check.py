"""Checks by a repository's small files whether Studio can run it, before weights are downloaded."""

from __future__ import annotations

from pathlib import Path

from studio.core.regular_file import HeaderError
from studio.models.files.config import read_config
from studio.models.files.folder_check import check_folder, refused
from studio.models.inspect.diffusers_folder import check_pipeline_index
from studio.models.inspect.transformers_folder import check_model_type


def check_configurations(folder: Path) -> None:
    """Raise StudioError if the inspection of the whole model would refuse it too."""
    try:
        check_folder(folder)
        if (folder / "model_index.json").is_file():
            check_pipeline_index(folder)
        elif (folder / "config.json").is_file():
            config = read_config(folder / "config.json")
            if config.get("_class_name") != "MotionAdapter":
                check_model_type(folder, config)
    except HeaderError as error:
        raise refused(folder, f"{error}.") from error
