"""Writes small videos and audio with PyAV, renders projects, and reads what came out."""

from fractions import Fraction

import av
import numpy as np

from studio.core.jobs import new_job
from studio.core.requests import ClipRequest
from studio.core.requests.video.project import ClipProject
from studio.core.requests.video.project_file import encode_project
from studio.engine.clips import generate
from studio.library import artifacts
from studio.models.card import RENDERER
from tests.engine.runs import run_job

SIZE = (64, 48)
RATE = 48_000


def gray(level, size=SIZE):
    return np.full((size[1], size[0], 3), level, np.uint8)


def write_video(
    path,
    frames,
    rate=10,
    audio=None,
    codec="libx264",
    pixels="yuv420p",
    times=None,
    layout="stereo",
):
    """`frames`: RGB arrays or gray levels. `audio`: samples × channels. `times`: in ms."""
    frames = [gray(frame) if np.isscalar(frame) else frame for frame in frames]
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=rate)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixels
        stream.options = {"crf": "10"}
        if times:
            stream.codec_context.time_base = Fraction(1, 1000)
        track = file.add_stream("aac", rate=RATE, layout=layout) if audio is not None else None
        for number, frame in enumerate(frames):
            made = av.VideoFrame.from_ndarray(frame, format="rgb24")
            if times:
                made.pts, made.time_base = times[number], Fraction(1, 1000)
            file.mux(stream.encode(made))
        file.mux(stream.encode())
        if track is not None:
            block = av.AudioFrame.from_ndarray(
                audio.astype(np.float32).reshape(1, -1), format="flt", layout=layout
            )
            block.sample_rate = RATE
            block.pts = 0
            file.mux(track.encode(block))
            file.mux(track.encode())
    return str(path)


def tone(seconds, frequency=440.0, level=0.3, channels=2):
    wave = level * np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE)
    return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)


def project(*clips, size=SIZE, rate=10, **values):
    return ClipProject(
        clips=clips, width=size[0], height=size[1], frame_rate=rate, title="T", **values
    )


def run(made, folder, file_format="mp4", cancelled=lambda _outcome: False):
    """Run the job of a project without saving; return its outcome."""
    request = ClipRequest(project=encode_project(made), format=file_format)
    return run_job(generate, RENDERER, RENDERER, request, cancelled)


def render(made, folder, file_format="mp4"):
    """Render and save a project; return the artifact's path."""
    request = ClipRequest(project=encode_project(made), format=file_format)
    job = new_job(request, str(folder), "made")
    (result,) = run_job(generate, RENDERER, RENDERER, request).results
    artifact = artifacts.save(result, job=job, card=RENDERER, versions={})
    return artifact.path


def frames_of(path):
    """Return time and RGB of each frame."""
    with av.open(path) as file:
        return [(frame.time, frame.to_ndarray(format="rgb24")) for frame in file.decode(video=0)]


def levels_of(path):
    """Return the mean brightness of each frame."""
    return [round(float(pixels.mean())) for _time, pixels in frames_of(path)]


def audio_of(path):
    """Return samples × channels."""
    with av.open(path) as file:
        blocks = [frame.to_ndarray() for frame in file.decode(audio=0)]
    return np.concatenate(blocks, axis=1).T


def level_at(samples, seconds, frequency, width=0.2):
    """Return the amplitude of a tone around a time."""
    begin = round((seconds - width / 2) * RATE)
    part = samples[begin : begin + round(width * RATE), 0]
    wave = np.exp(-2j * np.pi * frequency * np.arange(len(part)) / RATE)
    return 2 * abs(np.mean(part * wave))
