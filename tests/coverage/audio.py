"""Speech and music families."""

from functools import partial

from tests.checkpoints import audio_diffusion, speech
from tests.checkpoints.audio import make_musicgen, make_vits
from tests.coverage.family import Family

_STEPS = {"num_inference_steps": 3}
FAMILIES = [
    Family("mms-tts-eng", make_vits, likewise=("mms-tts-deu", "mms-tts-fra", "mms-tts-spa")),
    Family("bark-small", speech.make_bark, {"prompt": "Hi."}),
    Family("csm-1b", speech.make_csm, {"prompt": "Hi."}),
    Family("dia-1.6b", speech.make_dia, {"prompt": "Hi."}),
    Family("phonon-31m-en", partial(speech.make_pocket, phonon=True)),
    Family("pocket-tts", speech.make_pocket),
    Family("speecht5", speech.make_speecht5, {"prompt": "Hi."}),
    Family("vibevoice-1.5b", speech.make_vibevoice, {"prompt": "Hi."}),
    Family("musicgen-small", make_musicgen, likewise=("musicgen-medium", "musicgen-large")),
    Family("musicgen-melody", partial(make_musicgen, melody=True)),
    Family("ace-step-1.5-xl-turbo", audio_diffusion.make_ace_step, _STEPS),
    Family("audioldm2", audio_diffusion.make_audioldm2, _STEPS),
    Family("stable-audio-open-1.0", audio_diffusion.make_stable_audio, _STEPS),
    Family(
        "stable-audio-3-medium",
        audio_diffusion.make_stable_audio_3,
        _STEPS,
        likewise=("stable-audio-3-small-music", "stable-audio-3-small-sfx"),
    ),
]
