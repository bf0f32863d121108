"""What PyAV raises is explained in the user's language."""

import re

import pytest

from studio.core.errors import StudioError
from studio.core.translation import use_language
from studio.media.video_decoder.open_video import open_video
from studio.media.video_decoder.reasons import ffmpeg_reason

av = pytest.importorskip("av")


@pytest.fixture
def chinese():
    use_language("zh_CN")
    yield
    use_language("en")


def test_errors_of_real_files_have_no_english_in_chinese(chinese, tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"x" * 1_000)
    (tmp_path / "b.mp4").mkdir()
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        with pytest.raises(StudioError) as caught:
            open_video(tmp_path / name)
        assert not re.search("[A-Za-z]{3}", caught.value.message.replace(name, ""))


def test_an_unknown_reason_stays_in_a_chinese_sentence(chinese):
    error = av.error.ExternalError(1, "Generic error in an external library")
    assert ffmpeg_reason(error) == "FFmpeg 报告“Generic error in an external library”"
    assert ffmpeg_reason(ValueError("odd.")) == "FFmpeg 报告“odd”"
