"""The reason in a refusal is found in every language, for where the model is named already."""

from pathlib import Path

import pytest

from studio.core.translation import LANGUAGES, use_language
from studio.models.files.folder_check import reason_in, refused


@pytest.fixture(params=LANGUAGES)
def language(request):
    use_language(request.param)
    yield request.param
    use_language("en")


@pytest.mark.parametrize("name", ["llama", "未添加 x", "a b.gguf"])
def test_reason_without_the_name(language, name):
    message = refused(Path("/models") / name, "its weights are empty.").message
    assert name in message
    assert reason_in(message) == "its weights are empty."


def test_other_messages_stay(language):
    for message in ("", "It is cut off.", "未添加", "x was not"):
        assert reason_in(message) == message
