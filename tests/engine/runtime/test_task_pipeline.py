"""Test that pipelines for another task share components and keep each one's precision."""

import pytest
import torch

from studio.engine.image.load import load
from studio.engine.runtime.task_pipeline import pipeline_for_task
from tests.checkpoints.image import make_sd
from tests.checkpoints.image_dit import make_pixart, make_sana_sprint


@pytest.mark.parametrize(
    ("make", "task", "class_name"),
    [
        (make_sd, "image-to-image", "StableDiffusionImg2ImgPipeline"),
        (make_sd, "inpaint", "StableDiffusionInpaintPipeline"),
        (make_sana_sprint, "image-to-image", "SanaSprintImg2ImgPipeline"),  # not in AutoPipeline
    ],
)
def test_components_are_shared_and_keep_their_format(tmp_path, make, task, class_name):
    pipe = load(make(tmp_path / "model")).pipe
    pipe.vae.to(torch.float64)
    converted = pipeline_for_task(pipe, task)
    assert type(converted).__name__ == class_name
    assert converted.vae is pipe.vae
    assert converted.vae.dtype == torch.float64
    assert converted.text_encoder.dtype == torch.float32


def test_a_family_without_the_task_returns_none(tmp_path):
    pipe = load(make_pixart(tmp_path / "model")).pipe
    assert pipeline_for_task(pipe, "inpaint") is None
