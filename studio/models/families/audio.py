"""Speech, transcription and music families of transformers; some music ones are of diffusers."""

from __future__ import annotations

from studio.models.families.record import Defaults, Family

SPEECH_FAMILIES = (
    Family(name="bark", kind="speech", engine_class="bark:Bark", voices="bark"),
    Family(name="csm", kind="speech", engine_class="csm:Csm", voices="two-speakers"),
    Family(
        name="dia",
        kind="speech",
        engine_class="dia:Dia",
        voices="speaker-ids",
        separate_codec=True,
    ),
    Family(
        name="gradium_phonon_tts",
        kind="speech",
        engine_class="pocket_tts:Pocket",
        voices="samples",
        separate_codec=True,
    ),
    Family(
        name="pocket_tts",
        kind="speech",
        engine_class="pocket_tts:Pocket",
        voices="samples",
        separate_codec=True,
    ),
    Family(name="speecht5", kind="speech", engine_class="speecht5:SpeechT5", voices="speaker-ids"),
    Family(
        name="vibevoice",
        kind="speech",
        engine_class="vibevoice:VibeVoice",
        voices="speaker-ids",
    ),
    Family(name="vits", kind="speech", voices="speaker-ids"),
)

TRANSCRIPTION_FAMILIES = (Family(name="whisper", kind="transcribe"),)

MUSIC_FAMILIES = (
    Family(name="musicgen", kind="music", bf16_on_cpu=True),
    Family(name="musicgen_melody", kind="music", bf16_on_cpu=True),
    Family(
        name="AceStepPipeline",
        kind="music",
        lyrics=True,
        defaults=Defaults(seconds=60.0),
        undistilled_defaults=Defaults(seconds=60.0, guidance_scale=7.0, num_inference_steps=60),
    ),
    Family(
        name="AudioLDM2Pipeline",
        kind="music",
        defaults=Defaults(guidance_scale=3.5, seconds=10.0, num_inference_steps=200),
    ),
    Family(
        name="StableAudioPipeline",
        kind="music",
        defaults=Defaults(guidance_scale=7.0, seconds=10.0, num_inference_steps=100),
    ),
    Family(
        name="StableAudio3Pipeline",
        kind="music",
        defaults=Defaults(guidance_scale=1.0, seconds=30.0),
    ),
)
