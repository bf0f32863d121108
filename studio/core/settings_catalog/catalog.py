"""The settings that a user sees: one table for the window, the command line and their help."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from studio.core.settings import Settings
from studio.core.settings_catalog.endpoint import ENDPOINT

Editor = Literal["switch", "choice", "number", "text", "folder", "gpu", "shortcuts"]
"""How the window shows a setting."""
GROUPS = {
    "appearance": "Appearance",
    "results": "Results",
    "memory": "Memory",
    "devices": "Devices",
    "queue": "Queue",
    "hub": "Hub",
    "audio": "Audio",
    "notifications": "Notifications",
    "privacy": "Privacy",
    "shortcuts": "Shortcuts",
}
"""Group → title, in the window's order."""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One field of `Settings`, described for the user."""

    key: str
    """Name of the field."""
    title: str
    description: str
    group: str
    editor: Editor
    choices: tuple[tuple[str, str], ...] = ()
    """Value and title of each choice."""
    unit: str = ""
    lowest: str = ""
    """Shown for the lowest number, if it has a meaning of its own."""
    placeholder: str = ""
    """Shown in an empty text field: what then applies."""
    at_restart: bool = False
    """True if a change applies when Studio is started again."""

    @property
    def type(self) -> Any:
        """The field's type, with its limits."""
        return _FIELDS[self.key].type

    @property
    def default(self) -> Any:
        """The value of a new installation."""
        return getattr(_DEFAULTS, self.key)

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest number."""
        (meta,) = self.type.__metadata__
        return meta.ge, meta.le

    @property
    def is_whole(self) -> bool:
        """True for a number without decimals."""
        return self.type.__origin__ is int


_FIELDS = {field.name: field for field in msgspec.structs.fields(Settings)}
_DEFAULTS = Settings()

SETTINGS = (
    Setting(
        key="theme",
        title="Theme",
        description="Light or dark, or as the desktop has it.",
        group="appearance",
        editor="choice",
        choices=(("system", "System"), ("light", "Light"), ("dark", "Dark")),
    ),
    Setting(
        key="text_size",
        title="Text size",
        description="Size of all text in the window.",
        group="appearance",
        editor="number",
        unit="%",
    ),
    Setting(
        key="output_folder",
        title="Folder for results",
        description="Where new results are saved.",
        group="results",
        editor="folder",
        placeholder="in the data folder",
    ),
    Setting(
        key="file_name",
        title="File name",
        description="Name of a result outside a batch. Tokens: {prompt} {seed} {model} {kind} "
        "{date} {time} {job}; {prompt:30} cuts. The job's id is added if it is missing.",
        group="results",
        editor="text",
        placeholder="{prompt:40}-{job}",
    ),
    Setting(
        key="text_format",
        title="Format of texts",
        description="What the form and the command begin with; a batch file names its own.",
        group="results",
        editor="choice",
        choices=(("txt", "Plain text (.txt)"), ("md", "Markdown (.md)")),
    ),
    Setting(
        key="audio_format",
        title="Format of speech and music",
        description="What the forms and commands begin with; a batch file names its own.",
        group="results",
        editor="choice",
        choices=(
            ("wav", "WAV"),
            ("flac", "FLAC, smaller without loss"),
            ("ogg", "OGG Vorbis"),
            ("mp3", "MP3"),
        ),
    ),
    Setting(
        key="compressed_quality",
        title="Quality of compressed files",
        description="Of MP3, OGG, MP4 and animated WebP. PNG, WAV and FLAC lose nothing.",
        group="results",
        editor="choice",
        choices=(("high", "High"), ("small", "Smaller files")),
    ),
    Setting(
        key="memory",
        title="How models are loaded",
        description="Automatic uses the fastest way that fits into the free memory. The Models "
        "window has the same choice for a single model.",
        group="memory",
        editor="choice",
        choices=(
            ("auto", "Automatic"),
            ("resident", "Whole"),
            ("16-bit", "16-bit"),
            ("model-offload", "Parts take turns on the GPU"),
            ("group-offload", "Groups of layers take turns on the GPU"),
            ("sequential-offload", "Layer by layer (slow)"),
            ("8-bit", "8-bit"),
            ("4-bit", "4-bit"),
            ("cpu", "On the CPU"),
        ),
    ),
    Setting(
        key="unload_minutes",
        title="Unload unused models",
        description="Frees the memory of a model that was not used for this long.",
        group="memory",
        editor="number",
        unit="minutes",
        lowest="Never",
    ),
    Setting(
        key="warm_start",
        title="Load the last model at the start",
        description="The first job then starts sooner.",
        group="memory",
        editor="switch",
        at_restart=True,
    ),
    Setting(
        key="gpu",
        title="GPU",
        description="The GPU that models run on. Without a GPU, or if this one is gone, the first "
        "one or the CPU is used.",
        group="devices",
        editor="gpu",
        at_restart=True,
    ),
    Setting(
        key="threads",
        title="CPU threads",
        description="Threads that a model may use on the CPU.",
        group="devices",
        editor="number",
        lowest="One per core",
        at_restart=True,
    ),
    Setting(
        key="order_by_model",
        title="Group jobs by model",
        description="Waiting jobs of the same model run one after the other, so that it is loaded "
        "once.",
        group="queue",
        editor="switch",
    ),
    Setting(
        key="batch_jobs",
        title="Run jobs with equal settings as one batch",
        description="Faster; each result is the same as when its job runs alone.",
        group="queue",
        editor="switch",
    ),
    Setting(
        key="keep_awake",
        title="Keep the computer awake while jobs run",
        description="The screen may still turn off.",
        group="queue",
        editor="switch",
    ),
    Setting(
        key="only_idle",
        title="Run jobs only while the computer is idle",
        description="Jobs wait while somebody uses keyboard or mouse, if the desktop reports it.",
        group="queue",
        editor="switch",
    ),
    Setting(
        key="pause_on_disk",
        title="Pause when a batch cannot be saved",
        description="On a full or missing drive the queue waits instead of failing row after row.",
        group="queue",
        editor="switch",
    ),
    Setting(
        key="endpoint",
        title="Address of the hub",
        description="A mirror or your company's hub.",
        group="hub",
        editor="text",
        placeholder=ENDPOINT,
    ),
    Setting(
        key="offline",
        title="Offline",
        description="Studio downloads nothing.",
        group="hub",
        editor="switch",
    ),
    Setting(
        key="play_while_generating",
        title="Play speech while it is generated",
        description="Starts with the first sentence.",
        group="audio",
        editor="switch",
    ),
    Setting(
        key="notify",
        title="Notify me when a long run ends",
        description="A desktop notification, if the window is not active.",
        group="notifications",
        editor="switch",
    ),
    Setting(
        key="keep_drafts",
        title="Keep what I typed for the next start",
        description="Prompts and values of the forms, in the data folder.",
        group="privacy",
        editor="switch",
    ),
    Setting(
        key="shortcuts",
        title="Keyboard shortcuts",
        description="Shortcuts that differ from the standard ones.",
        group="shortcuts",
        editor="shortcuts",
    ),
)
BY_KEY = {setting.key: setting for setting in SETTINGS}
