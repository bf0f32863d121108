"""Imports that the fork server makes once, so that each forked child has them.

They must not touch a GPU.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import threading

from studio.core import environment

MODULES = (
    "torch",
    "transformers",
    "diffusers",
    "transformers.generation.utils",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.llama.modeling_llama",
    "transformers.models.gpt2.modeling_gpt2",
    "transformers.models.bert.modeling_bert",
    "transformers.models.clip.modeling_clip",
    "diffusers.pipelines.auto_pipeline",
    "diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion",
    "diffusers.models.unets.unet_2d_condition",
    "diffusers.models.autoencoders.autoencoder_tiny",
    "diffusers.schedulers.scheduling_dpmsolver_multistep",
    "cyllama.llama.llama_cpp",
    "soundfile",
    "studio.engine.local",
    "studio.engine.text.generate",
    "studio.engine.image.generate",
    "studio.engine.image_tools.generate",
    "studio.engine.speech.generate",
    "studio.engine.music.generate",
    "studio.engine.video.generate",
    "studio.engine.transcription.generate",
    "studio.engine.clips.generate",
)


def import_all() -> None:
    """Import all of MODULES; a module that this version of a library lacks is skipped."""
    environment.prepare()
    logging.getLogger("transformers").setLevel(logging.ERROR)
    logging.getLogger("diffusers").setLevel(logging.ERROR)
    for name in MODULES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    _quiet()


def _quiet() -> None:
    # Progress bars share a lock between processes, which a killed child would leave behind.
    from tqdm import tqdm

    tqdm.set_lock(threading.RLock())
