"""Inspects folders of transformers: a config.json, weights and, for text, a tokenizer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from studio.core.kinds import KINDS, Kind
from studio.core.paths import DataFolder
from studio.core.translation import tr
from studio.models.card import EVENTS_FILE, SYMBOLIC_MUSIC, ModelCard
from studio.models.families import find_family
from studio.models.families.architectures import CONTROLNET_CLASSES
from studio.models.families.record import Family
from studio.models.files import licenses
from studio.models.files.config import Config, read_config, read_config_if_present
from studio.models.files.folder_check import check_names, check_weights, refused
from studio.models.inspect import adapter
from studio.models.inspect.codec import CODEC, check_codec
from studio.models.inspect.names import MAX_TITLE, card_name, title_of_folder
from studio.models.inspect.voices import voices_of

TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "source.spm",
    "prophetnet.tokenizer",
)
_AUDIO_SECTIONS = ("audio_encoder", "codec_config", "audio_config")
_AUDIO_PARTS = (CODEC, "vocoder")
"""Folders of a speech model for what the hub keeps in a repository of its own."""
_TEMPLATE_TOKENS = 16
# Heads that write no text. Loaded as a language model, such weights would write nonsense.
_CLASSIFIERS = re.compile(
    r"For(SequenceClassification|TokenClassification|QuestionAnswering|MultipleChoice|Reward\w{0,60})$"
)


def inspect_transformers(folder: Path, config: Config, data: DataFolder | None) -> ModelCard:
    """Return the card of a model. Raises StudioError, HeaderError and OSError."""
    part = config.text("_class_name")
    if config.get("model_type") is None and part:
        if part in CONTROLNET_CLASSES:
            return adapter.inspect_controlnet_folder(folder, config, data)
        raise refused(folder, _why_no_part(part))
    family = check_model_type(folder, config)
    # A language model of notes: see engine/music/symbolic.py.
    is_symbolic = KINDS[family.kind].makes_texts and (folder / EVENTS_FILE).is_file()
    kind = KINDS["music" if is_symbolic else family.kind]
    _check_loadable(folder, config, family, kind)
    parameters, size = check_weights(folder, folder)
    check_names(folder, folder, config, head=kind.makes_texts)
    text_config = config.section("text_config")
    positions = _positions(text_config if text_config.values else config)
    has_limit = kind.makes_texts and not family.relative_positions
    chat, title = _has_chat_template(folder), title_of_folder(folder)
    return ModelCard(
        name=card_name(title),
        title=title,
        kind=kind.name,
        runner="transformers",
        family=SYMBOLIC_MUSIC if is_symbolic else family.name,
        path=str(folder.absolute()),
        parameters=parameters,
        size=size,
        license=licenses.of_folder(folder),
        encoder_decoder=family.encoder_decoder,
        chat=chat,
        max_positions=positions if has_limit else 0,
        template_tokens=_TEMPLATE_TOKENS if chat else 0,
        sampling_rate=_sampling_rate(folder, config),
        voices=voices_of(folder, family, config),
        defaults=_text_defaults(positions) if kind.makes_texts else {},
    )


def check_model_type(folder: Path, config: Config) -> Family:
    """Return the family that a config.json names. Raises StudioError if Studio cannot run it."""
    name = config.text("model_type")
    if not name:
        raise refused(folder, tr("its config.json does not name its kind of model (model_type)."))
    family = find_family(name)
    if family is None or family.is_pipeline:
        raise refused(
            folder, tr("Studio cannot run its kind of model ({name}).", name=name[:MAX_TITLE])
        )
    return family


def _why_no_part(name: str) -> str:
    if re.search("ControlNet|T2IAdapter", name):
        return tr(
            "it is a ControlNet ({name}), which Studio cannot use yet.", name=name[:MAX_TITLE]
        )
    return tr(
        "it is one part of a model ({name}). Add the folder of the whole one.",
        name=name[:MAX_TITLE],
    )


def _check_loadable(folder: Path, config: Config, family: Family, kind: Kind) -> None:
    heads = config.get("architectures")
    if (
        isinstance(heads, list)
        and heads
        and all(isinstance(head, str) and _CLASSIFIERS.search(head) for head in heads)
    ):
        raise refused(
            folder, tr("it sorts texts ({name}) and cannot write any.", name=heads[0][:MAX_TITLE])
        )
    if family.separate_codec:
        check_codec(folder)
    if kind.makes_texts and not any((folder / name).exists() for name in TOKENIZER_FILES):
        raise refused(folder, tr("its tokenizer is missing."))


def _positions(config: Config) -> int:
    return config.positive("max_position_embeddings") or config.positive("n_positions")


def _text_defaults(positions: int) -> dict[str, Any]:
    return {"max_new_tokens": max(1, positions // 4)} if 0 < positions < 1024 else {}


def _sampling_rate(folder: Path, config: Config) -> int:
    """Return the samples a second that the model or its codec states, or 0."""
    configs = [
        config,
        *(config.section(name) for name in _AUDIO_SECTIONS),
        *(read_config_if_present(folder / name / "config.json") for name in _AUDIO_PARTS),
    ]
    return next((rate for one in configs if (rate := one.positive("sampling_rate"))), 0)


def _has_chat_template(folder: Path) -> bool:
    path = folder / "tokenizer_config.json"
    return (folder / "chat_template.jinja").exists() or (
        path.exists() and bool(read_config(path).get("chat_template"))
    )
