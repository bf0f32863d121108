"""The settings that a user sees: one table for the window, the command line and their help."""

from __future__ import annotations

from studio.core.settings_catalog.endpoint import ENDPOINT
from studio.core.settings_catalog.setting import in_group, setting

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

SETTINGS = (
    *in_group(
        "appearance",
        setting(
            "theme",
            "Theme",
            "Light or dark, or as the desktop has it.",
            choices={"system": "System", "light": "Light", "dark": "Dark"},
        ),
        setting("text_size", "Text size", "Size of all text in the window.", unit="%"),
    ),
    *in_group(
        "results",
        setting(
            "output_folder",
            "Folder for results",
            "Where new results are saved.",
            editor="folder",
            placeholder="in the data folder",
        ),
        setting(
            "file_name",
            "File name",
            "Name of a result outside a batch. Tokens: {prompt} {seed} {model} {kind} {date} "
            "{time} {job}; {prompt:30} cuts. The job's id is added if it is missing.",
            placeholder="{prompt:40}-{job}",
        ),
        setting(
            "text_format",
            "Format of texts",
            "What the form and the command begin with; a batch file names its own.",
            choices={"txt": "Plain text (.txt)", "md": "Markdown (.md)"},
        ),
        setting(
            "audio_format",
            "Format of speech and music",
            "What the forms and commands begin with; a batch file names its own.",
            choices={
                "wav": "WAV",
                "flac": "FLAC, smaller without loss",
                "ogg": "OGG Vorbis",
                "mp3": "MP3",
            },
        ),
        setting(
            "compressed_quality",
            "Quality of compressed files",
            "Of MP3, OGG, MP4 and animated WebP. PNG, WAV and FLAC lose nothing.",
            choices={"high": "High", "small": "Smaller files"},
        ),
    ),
    *in_group(
        "memory",
        setting(
            "memory",
            "How models are loaded",
            "Automatic uses the fastest way that fits into the free memory. The Models "
            "window has the same choice for a single model.",
            choices={
                "auto": "Automatic",
                "resident": "Whole",
                "16-bit": "16-bit",
                "model-offload": "Parts take turns on the GPU",
                "group-offload": "Groups of layers take turns on the GPU",
                "sequential-offload": "Layer by layer (slow)",
                "8-bit": "8-bit",
                "4-bit": "4-bit",
                "cpu": "On the CPU",
            },
        ),
        setting(
            "unload_minutes",
            "Unload unused models",
            "Frees the memory of a model that was not used for this long.",
            unit="minutes",
            lowest="Never",
        ),
        setting(
            "warm_start",
            "Load the last model at the start",
            "The first job then starts sooner.",
            at_restart=True,
        ),
    ),
    *in_group(
        "devices",
        setting(
            "gpu",
            "GPU",
            "The GPU that models run on. Without a GPU, or if this one is gone, the first "
            "one or the CPU is used.",
            editor="gpu",
            at_restart=True,
        ),
        setting(
            "threads",
            "CPU threads",
            "Threads that a model may use on the CPU.",
            lowest="One per core",
            at_restart=True,
        ),
    ),
    *in_group(
        "queue",
        setting(
            "order_by_model",
            "Group jobs by model",
            "Waiting jobs of the same model run one after the other, so that it is loaded once.",
        ),
        setting(
            "batch_jobs",
            "Run jobs with equal settings as one batch",
            "Faster; each result is the same as when its job runs alone.",
        ),
        setting(
            "keep_awake", "Keep the computer awake while jobs run", "The screen may still turn off."
        ),
        setting(
            "only_idle",
            "Run jobs only while the computer is idle",
            "Jobs wait while somebody uses keyboard or mouse, if the desktop reports it.",
        ),
        setting(
            "pause_on_disk",
            "Pause when a batch cannot be saved",
            "On a full or missing drive the queue waits instead of failing row after row.",
        ),
    ),
    *in_group(
        "hub",
        setting(
            "endpoint",
            "Address of the hub",
            "A mirror or your company's hub.",
            placeholder=ENDPOINT,
        ),
        setting("offline", "Offline", "Studio downloads nothing."),
    ),
    *in_group(
        "audio",
        setting(
            "play_while_generating",
            "Play speech while it is generated",
            "Starts with the first sentence.",
        ),
    ),
    *in_group(
        "notifications",
        setting(
            "notify",
            "Notify me when a long run ends",
            "A desktop notification, if the window is not active.",
        ),
    ),
    *in_group(
        "privacy",
        setting(
            "keep_drafts",
            "Keep what I typed for the next start",
            "Prompts and values of the forms, in the data folder.",
        ),
    ),
    *in_group(
        "shortcuts",
        setting("shortcuts", "Keyboard shortcuts", "Shortcuts that differ from the standard ones."),
    ),
)
BY_KEY = {one.key: one for one in SETTINGS}
