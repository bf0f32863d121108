"""Test loudness and true peak against the values that ITU-R BS.1770 and EBU Tech 3341 state."""

import numpy as np
import pytest

from studio.engine.speech import loudness


def _sine(rate, seconds, level, frequency=1000.0, channels=2, phase=0.0):
    wave = np.sin(2 * np.pi * frequency * np.arange(round(rate * seconds)) / rate + phase)
    return np.repeat((10 ** (level / 20) * wave).astype(np.float32)[:, None], channels, axis=1)


def test_the_reference_tone_of_the_standard_has_minus_3_01_lufs():
    assert loudness.loudness(_sine(48_000, 5, 0, 997, channels=1), 48_000) == pytest.approx(
        -3.01, abs=0.02
    )


@pytest.mark.parametrize("rate", [22_050, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("level", [-23.0, -33.0])
def test_tech_3341_cases_1_and_2_a_stereo_tone_has_its_level(rate, level):
    assert loudness.loudness(_sine(rate, 20, level), rate) == pytest.approx(level, abs=0.1)


def test_tech_3341_case_3_quiet_parts_are_gated():
    levels = ((10, -36), (60, -23), (10, -36))
    parts = [_sine(24_000, seconds, level) for seconds, level in levels]
    assert loudness.loudness(np.concatenate(parts), 24_000) == pytest.approx(-23.0, abs=0.1)


def test_tech_3341_case_4_silence_is_gated():
    levels = ((10, -72), (10, -36), (60, -23), (10, -36), (10, -72))
    parts = [_sine(24_000, seconds, level) for seconds, level in levels]
    assert loudness.loudness(np.concatenate(parts), 24_000) == pytest.approx(-23.0, abs=0.1)


def test_the_weighting_has_the_coefficients_of_the_standard_at_48_khz():
    first = loudness._weighting(48_000)[:3]
    b, a = (1.53512485958697, -2.69169618940638), (-1.69065929318241, -1.99004745483398)
    assert first[0] == pytest.approx(b[0], abs=1e-6)
    # second value of both filters in turn: b1 - b0·a1 of the shelf, then -2 - a1 of the high-pass
    assert first[1] == pytest.approx(b[1] - b[0] * a[0] + b[0] * (-2 - a[1]), abs=1e-5)


def test_a_peak_between_samples_is_found():
    tone = _sine(48_000, 1, -6, 12_000, channels=1, phase=np.pi / 4)
    assert 20 * np.log10(np.abs(tone).max()) == pytest.approx(-9.0, abs=0.1)
    assert loudness.true_peak(tone, 48_000) == pytest.approx(-6.0, abs=0.4)


@pytest.mark.parametrize("target", [-16.0, -23.0, -12.0])
def test_normalized_audio_has_the_target_and_keeps_the_peak_limit(target):
    rng = np.random.default_rng(0)
    time = np.arange(24_000 * 6) / 24_000
    envelope = np.abs(np.sin(2 * np.pi * 0.7 * time)) ** 3
    speech = (0.05 * envelope * rng.standard_normal(len(time))).astype(np.float32)[:, None]
    louder = loudness.normalized(speech, 24_000, target)
    assert loudness.loudness(louder, 24_000) == pytest.approx(target, abs=1.0)
    assert loudness.true_peak(louder, 24_000) <= loudness.TRUE_PEAK + 0.05
    assert louder.dtype == np.float32


def test_the_limiter_leaves_what_is_below_the_limit():
    quiet = _sine(24_000, 1, -12, 440, channels=1)
    np.testing.assert_array_equal(loudness.limited(quiet, 24_000), quiet)
    loud = np.concatenate([quiet, _sine(24_000, 0.1, 6, 440, channels=1), quiet])
    tamed = loudness.limited(loud, 24_000)
    np.testing.assert_array_equal(tamed[:23_000], loud[:23_000])
    assert loudness.true_peak(tamed, 24_000) <= loudness.TRUE_PEAK + 0.05
    steps = np.abs(np.diff(tamed[:, 0])).max()
    assert steps < 0.15  # a click would be a step of 0.5 and more


@pytest.mark.parametrize("count", [0, 1, 100, 2_400])
def test_silence_and_very_short_audio_are_left_as_they_are(count):
    silence = np.zeros((count, 1), np.float32)
    assert loudness.loudness(silence, 24_000) == loudness.SILENT
    np.testing.assert_array_equal(loudness.normalized(silence, 24_000, -16), silence)
