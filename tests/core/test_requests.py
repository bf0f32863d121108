"""Requests: the same value gets the same answer in a form, on the command line and in a batch."""

import contextlib
import importlib
import math
import pkgutil

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core import requests
from studio.core.errors import InvalidRequestError
from studio.core.kinds import KINDS, AnyRequest
from studio.core.requests import (
    ImageRequest,
    MusicRequest,
    Request,
    SpeechRequest,
    TextRequest,
    VideoRequest,
    build_request,
    fields,
)


def problems_of(request_type, **values):
    with pytest.raises(InvalidRequestError) as caught:
        build_request(request_type, {"prompt": "a cat", **values})
    return {problem.field: problem.message for problem in caught.value.problems}


def test_every_request_has_a_record_of_its_kind():
    for module in pkgutil.walk_packages(requests.__path__, f"{requests.__name__}."):
        importlib.import_module(module.name)
    assert {kind.request_type for kind in KINDS.values()} == set(Request.__subclasses__())
    kinds = ["image", "speech", "music", "text", "video", "image-tool", "transcribe", "clip"]
    assert list(KINDS) == kinds


@pytest.mark.parametrize("request_type", [kind.request_type for kind in KINDS.values()])
def test_every_field_has_a_description(request_type):
    for info in fields(request_type):
        assert info.meta.title, info.name
        assert info.meta.description, info.name


@pytest.mark.parametrize(
    ("request_type", "values", "field", "words"),
    [
        (TextRequest, {"prompt": ""}, "prompt", "empty"),
        (TextRequest, {"prompt": " \n\t"}, "prompt", "empty"),
        (TextRequest, {"prompt": "\ud800"}, "prompt", "valid text"),
        (TextRequest, {"prompt": "a\0b"}, "prompt", "valid text"),
        (TextRequest, {"prompt": None}, "prompt", "missing"),
        (TextRequest, {"max_new_tokens": 0}, "max_new_tokens", "at least 1"),
        (TextRequest, {"max_new_tokens": "1e9999"}, "max_new_tokens", "whole number"),
        (TextRequest, {"temperature": math.nan}, "temperature", "finite"),
        (TextRequest, {"temperature": math.inf}, "temperature", "finite"),
        (TextRequest, {"temperature": "nan"}, "temperature", "finite"),
        (TextRequest, {"top_p": 0}, "top_p", "above 0"),
        (TextRequest, {"format": "pdf"}, "format", "one of txt, md"),
        (
            TextRequest,
            {"num_beams": 2, "num_return_sequences": 3},
            "num_return_sequences",
            "2 beams",
        ),
        (
            TextRequest,
            {"temperature": 0, "num_return_sequences": 2},
            "num_return_sequences",
            "one result",
        ),
        (TextRequest, {"seed": -1}, "seed", "at least 0"),
        (TextRequest, {"seed": 2**32}, "seed", "at most"),
        (TextRequest, {"seed": 1.5}, "seed", "whole number"),
        (TextRequest, {"seed": "7\udc00"}, "seed", "whole number"),
        (TextRequest, {"num_beams": True}, "num_beams", "whole number"),
        (TextRequest, {"colour": "red"}, "colour", "not a setting"),
        (ImageRequest, {"width": 511}, "width", "multiple of 8"),
        (ImageRequest, {"num_inference_steps": 0}, "num_inference_steps", "at least 1"),
        (ImageRequest, {"scheduler": "magic"}, "scheduler", "one of"),
        (SpeechRequest, {"speed": 0.1}, "speed", "at least 0.25"),
        (MusicRequest, {"seconds": 0}, "seconds", "at least 0.5"),
        (VideoRequest, {"num_frames": 0}, "num_frames", "at least 1"),
        (VideoRequest, {"frame_rate": 61}, "frame_rate", "at most 60"),
        (
            VideoRequest,
            {"width": 2048, "height": 2048, "num_frames": 257},
            "num_frames",
            "more than 1,073,741,824 pixels",
        ),
        (VideoRequest, {"image": "frame.mp4"}, "image", "must be an image"),
        (VideoRequest, {"format": "avi"}, "format", "one of mp4, webp"),
    ],
)
def test_the_error_names_a_wrong_value(request_type, values, field, words):
    assert words in problems_of(request_type, **values)[field]


def test_one_error_names_all_wrong_values():
    assert set(problems_of(ImageRequest, width=9, height="tall", prompt="", steps=3)) == {
        "width",
        "height",
        "prompt",
        "steps",
    }


def test_values_may_come_as_text_and_blank_ones_take_the_default():
    request = build_request(
        ImageRequest,
        {"prompt": "x", "width": "64", "guidance_scale": "1e0", "seed": "", "height": " "},
    )
    assert (request.width, request.guidance_scale, request.seed, request.height) == (
        64,
        1.0,
        None,
        512,
    )


def test_a_seed_is_drawn_once():
    request = TextRequest(prompt="x").with_seed()
    assert request.seed is not None
    assert request.with_seed() is request


@pytest.mark.parametrize("request_type", [kind.request_type for kind in KINDS.values()])
def test_requests_survive_json(request_type):
    request = request_type(prompt="一只猫 🐈 \u2028", seed=5)
    assert msgspec.json.decode(msgspec.json.encode(request), type=AnyRequest) == request


def test_a_decoded_request_is_checked_too():
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"kind":"image","prompt":"x","width":9}', type=AnyRequest)


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())
)


@given(
    st.dictionaries(st.sampled_from([*(info.name for info in fields(TextRequest)), "x"]), scalars)
)
def test_building_returns_a_request_or_its_problems(values):
    with contextlib.suppress(InvalidRequestError):
        request = build_request(TextRequest, values)
        assert msgspec.json.decode(msgspec.json.encode(request), type=AnyRequest) == request


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_are_valid(kind):
    from studio.core.requests.base import _check_field

    problems = [
        problem
        for info in fields(KINDS[kind].request_type)
        if info.default is not None
        for problem in _check_field(info, info.default)
    ]
    assert problems == []
