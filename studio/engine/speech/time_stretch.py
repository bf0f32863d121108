"""Changes the speed of speech at the same pitch, for models that cannot do it themselves.

Waveform similarity overlap-add (Verhelst and Roelands, 1993,
https://doi.org/10.1109/ICASSP.1993.319366).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FRAME_SECONDS = 0.04
SEARCH_SECONDS = 0.01
"""How far a frame may move to continue the previous one."""


def stretch(samples: NDArray[np.float32], speed: float, rate: int) -> NDArray[np.float32]:
    """Return the samples at `speed` times their speed."""
    half, search = int(rate * FRAME_SECONDS / 2), int(rate * SEARCH_SECONDS)
    if speed == 1 or len(samples) < 4 * half + 2 * search:
        return samples
    count = int(len(samples) / speed / half)
    source = np.concatenate(
        [np.zeros(search, np.float32), samples, np.zeros(3 * half + 2 * search, np.float32)]
    )
    window = np.hanning(2 * half + 1)[:-1].astype(np.float32)
    output = np.zeros((count + 1) * half, np.float32)
    follows = source[search : search + half]
    for number in range(count):
        place = int(number * half * speed)
        region = source[place : place + half + 2 * search]
        # where the frame's first half is most similar to what follows the previous frame
        best = place + int(np.correlate(region, follows, "valid").argmax()) if number else search
        output[number * half : (number + 2) * half] += window * source[best : best + 2 * half]
        follows = source[best + half : best + 2 * half]
    output[:half] += samples[:half] * window[half:]  # the first frame fades in alone
    return output[: int(len(samples) / speed)]
