"""The settings as plain data; `settings_store` reads and changes them on disk."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

MAX_UNLOAD_MINUTES = 100_000
MIN_TEXT_SIZE, MAX_TEXT_SIZE = 80, 200
MAX_GPU = 63
MAX_THREADS = 1_024
Theme = Literal["system", "light", "dark"]
Language = Literal["system", "en", "zh_CN"]
"""Of the user's texts; "system" follows the desktop (`core/translation.py`)."""
CompressedQuality = Literal["high", "small"]
AudioFormat = Literal["wav", "flac", "ogg", "mp3"]
ImageFormat = Literal["png", "jpg", "webp", "avif"]
LoadStrategy = Literal[
    "resident",
    "16-bit",
    "model-offload",
    "group-offload",
    "sequential-offload",
    "8-bit",
    "4-bit",
    "cpu",
]
"""A way to load a model; `models/memory/choose_plan.py` chooses one."""
TextViewName = Literal["result", "document", "chat"]
DocumentFont = Literal["sans", "serif", "mono"]
LoadPreference = Literal["auto"] | LoadStrategy


class Settings(msgspec.Struct, kw_only=True):
    """All settings. `settings_store` keeps unknown keys of other versions in the file."""

    default_models: dict[str, str] = {}
    """Kind → name of the model."""
    output_folder: Annotated[str, Meta(pattern=r"^[^\0]*$")] = ""
    """Absolute; empty for `outputs` in the data folder."""
    file_name: str = ""
    """Name template of results that no batch names; empty for the prompt and the job's id."""
    text_format: Literal["txt", "md"] = "txt"
    """What forms and commands begin with."""
    image_format: ImageFormat = "png"
    """What forms and commands begin with."""
    audio_format: AudioFormat = "wav"
    """What forms and commands begin with, for speech and music."""
    compressed_quality: CompressedQuality = "high"
    """Of JPEG, WebP, MP3, OGG and MP4 files."""
    recipe_in_files: bool = True
    """Write recipes into the files of results; else next to them, in the folder `.studio`."""
    language: Language = "system"
    theme: Theme = "system"
    text_size: Annotated[int, Meta(ge=MIN_TEXT_SIZE, le=MAX_TEXT_SIZE)] = 100
    """Of the window, in percent."""
    shortcuts: dict[str, str] = {}
    """Key of an action (`ui/actions.py`) → its shortcut as Qt writes it; empty for none."""
    play_while_generating: bool = True
    """Play speech as soon as its first sentence is generated."""
    order_by_model: bool = True
    """Run waiting jobs of the same model one after the other."""
    batch_jobs: bool = True
    """Run waiting jobs that share model and settings as one batch."""
    keep_awake: bool = True
    """Keep the computer awake while jobs run."""
    only_idle: bool = False
    """Start jobs only while nobody uses the computer."""
    pause_on_disk: bool = True
    """Pause the queue when a batch row cannot be saved, instead of failing the row."""
    memory: LoadPreference = "auto"
    """How models are loaded, unless `model_memory` has an entry for the model."""
    model_memory: dict[str, LoadPreference] = {}
    """Model → how it is loaded."""
    unload_minutes: Annotated[float, Meta(ge=0, le=MAX_UNLOAD_MINUTES)] = 10
    """Evict a model that was unused for this long; 0 keeps it."""
    warm_start: bool = True
    """Load the model that was used last when the window opens."""
    gpu: Annotated[int, Meta(ge=0, le=MAX_GPU)] = 0
    """Number of the GPU that models run on, from 0."""
    threads: Annotated[int, Meta(ge=0, le=MAX_THREADS)] = 0
    """Threads of a model on the CPU; 0 for one per physical core."""
    audio_device: Annotated[str, Meta(max_length=200, pattern=r"^[^\0]*$")] = ""
    """Name of the device that plays audio; empty for the system's default one."""
    notify: bool = True
    """Show a desktop notification at the end of a long run."""
    endpoint: str = ""
    """URL of the hub that models are downloaded from; empty for the default one."""
    offline: bool = False
    """Download nothing."""
    keep_drafts: bool = True
    """Keep what was typed into the forms for the next start."""
    history_since: Annotated[float, Meta(ge=0)] = 0
    """Unix time: the prompt history offers no prompt of an earlier result."""
    geometry: str = ""
    """`QWidget.saveGeometry` of the window, in base64."""
    window_state: str = ""
    """`QMainWindow.saveState` of the window, in base64."""
    advanced_shown: dict[str, bool] = {}
    """Kind → whether its form shows the settings that are seldom changed."""
    prompt_heights: dict[str, int] = {}
    """Kind → height of the prompt's editor in pixels."""
    last_tab: int = 0
    """Index of the tab that was shown last."""
    text_view: TextViewName = "result"
    """What the text tab shows next to its form."""
    text_columns: bool = False
    """Candidates of a text are shown side by side instead of in tabs."""
    text_heat_map: bool = False
    """Tokens of a text are marked by their probability."""
    last_document: str = ""
    """Id of the document that was open last."""
    document_font: DocumentFont = "sans"
    document_size: Annotated[int, Meta(ge=8, le=40)] = 15
    """Of a document's text, in pixels at a text size of 100 percent."""
    document_width: Annotated[int, Meta(ge=0, le=200)] = 80
    """Of a document's lines, in characters; 0 for the whole window."""
    document_spelling: bool = True
    """Misspelled words of a document are underlined."""
    library_sidebar: bool = True
    """The library shows its collections and saved searches."""
    starter_declined: bool = False
    """The person declined to install the starter models."""
    larger_declined: bool = False
    """The person declined to install a larger text model than the starter."""
    pending_installs: dict[str, bool] = {}
    """Catalog models that the person asked for, in this order; the window installs them."""


def format_defaults(kind: str, settings: Settings) -> dict[str, str]:
    """Return the request field `format` that a form or command of a kind begins with."""
    formats = {
        "text": settings.text_format,
        "image": settings.image_format,
        "speech": settings.audio_format,
        "music": settings.audio_format,
    }
    return {"format": formats[kind]} if kind in formats else {}


def load_preference(
    model: str, settings: Settings, override: LoadPreference | None = None
) -> LoadPreference:
    """Return how to load a model: `override`, else the model's own setting, else the general one.

    `override` holds for one run of the program.
    """
    if override is not None:
        return override
    preference = settings.model_memory.get(model, "auto")
    return settings.memory if preference == "auto" else preference
