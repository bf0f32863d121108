"""Requests for small videos, and their files."""

from __future__ import annotations

import av
import numpy as np

from studio.core.jobs import new_job
from studio.core.requests import VideoRequest
from studio.engine.local import LocalEngine
from studio.models.card_store import card_folder, write_card
from tests.checkpoints.video import (
    SMALL,
)
from tests.engine.runs import run_one


def request(**values) -> VideoRequest:
    return VideoRequest(**{"prompt": "a small cat", "seed": 3, **SMALL, **values})


def install(data, card):
    write_card(card, card_folder(data, card.name))


def run_here(data, asked, cancelled=lambda: False):
    """Run a request through `LocalEngine`; return the job and its events."""
    engine, events = LocalEngine(data), []
    job = new_job(asked, str(data.outputs))
    run_one(engine, job, events.append, cancelled)
    engine.close()
    return job, events


def decoded(path):
    """Return the frames of a video file and its frame rate."""
    with av.open(path) as file:
        (stream,) = file.streams.video
        return np.stack(
            [frame.to_ndarray(format="rgb24") for frame in file.decode(stream)]
        ), stream.average_rate
