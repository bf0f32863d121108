"""The settings that a user sees: one table for the window, the command line and their help."""

from __future__ import annotations

from studio.core.settings_catalog.endpoint import ENDPOINT
from studio.core.settings_catalog.setting import in_group, setting
from studio.core.translation import LANGUAGES, mark

GROUPS = {
    "appearance": mark("Appearance"),
    "results": mark("Results"),
    "memory": mark("Memory"),
    "devices": mark("Devices"),
    "queue": mark("Queue"),
    "hub": mark("Hub"),
    "audio": mark("Audio"),
    "notifications": mark("Notifications"),
    "privacy": mark("Privacy"),
    "shortcuts": mark("Shortcuts"),
}
"""Group → title, in the window's order; titles are shown with `tr_marked`."""

STRATEGY_TITLES: dict[str, str] = {
    "auto": mark("Automatic"),
    "resident": mark("Whole"),
    "16-bit": mark("16-bit"),
    "model-offload": mark("Parts take turns on the GPU"),
    "group-offload": mark("Groups of layers take turns on the GPU"),
    "sequential-offload": mark("Layer by layer (slow)"),
    "8-bit": mark("8-bit"),
    "4-bit": mark("4-bit"),
    "cpu": mark("On the CPU"),
}
"""LoadPreference → title, shown with `tr_marked`."""

SETTINGS = (
    *in_group(
        "appearance",
        setting(
            "language",
            mark("Language"),
            mark("Of the window, the commands and their messages."),
            choices={"system": mark("As the desktop"), **LANGUAGES},
            at_restart=True,
        ),
        setting(
            "theme",
            mark("Theme"),
            mark("Light or dark, or as the desktop has it."),
            choices={"system": mark("System"), "light": mark("Light"), "dark": mark("Dark")},
        ),
        setting("text_size", mark("Text size"), mark("Size of all text in the window."), unit="%"),
    ),
    *in_group(
        "results",
        setting(
            "output_folder",
            mark("Folder for results"),
            mark("Where new results are saved."),
            editor="folder",
            placeholder=mark("in the data folder"),
        ),
        setting(
            "file_name",
            mark("File name"),
            mark(
                "Name of a result outside a batch. Tokens: {prompt} {seed} {model} {kind} {date} "
                "{time} {job}; {prompt:30} cuts. The job's id is added if it is missing."
            ),
            placeholder="{prompt:40}-{job}",  # not translated: a name template
        ),
        setting(
            "text_format",
            mark("Format of texts"),
            mark("What the form and the command begin with; a batch file names its own."),
            choices={"txt": mark("Plain text (.txt)"), "md": mark("Markdown (.md)")},
        ),
        setting(
            "image_format",
            mark("Format of images"),
            mark("What the form and the command begin with; a batch file names its own."),
            choices={
                "png": mark("PNG, without loss"),
                "jpg": "JPEG",
                "webp": "WebP",
                "avif": "AVIF",
            },
        ),
        setting(
            "audio_format",
            mark("Format of speech and music"),
            mark("What the forms and commands begin with; a batch file names its own."),
            choices={
                "wav": "WAV",
                "flac": mark("FLAC, smaller without loss"),
                "ogg": "OGG Vorbis",
                "mp3": "MP3",
            },
        ),
        setting(
            "compressed_quality",
            mark("Quality of compressed files"),
            mark("Of JPEG, WebP, MP3, OGG and MP4. PNG, WAV and FLAC lose nothing."),
            choices={"high": mark("High"), "small": mark("Smaller files")},
        ),
    ),
    *in_group(
        "memory",
        setting(
            "memory",
            mark("How models are loaded"),
            mark(
                "Automatic uses the fastest way that fits into the free memory. The Models "
                "window has the same choice for a single model."
            ),
            choices=STRATEGY_TITLES,
        ),
        setting(
            "unload_minutes",
            mark("Unload unused models"),
            mark("Frees the memory of a model that was not used for this long."),
            unit=mark("minutes"),
            lowest=mark("Never"),
        ),
        setting(
            "warm_start",
            mark("Load the last model at the start"),
            mark("The first job then starts sooner."),
            at_restart=True,
        ),
    ),
    *in_group(
        "devices",
        setting(
            "gpu",
            "GPU",
            mark(
                "The GPU that models run on. Without a GPU, or if this one is gone, the first "
                "one or the CPU is used."
            ),
            editor="gpu",
            at_restart=True,
        ),
        setting(
            "threads",
            mark("CPU threads"),
            mark("Threads that a model may use on the CPU."),
            lowest=mark("One per core"),
            at_restart=True,
        ),
    ),
    *in_group(
        "queue",
        setting(
            "order_by_model",
            mark("Group jobs by model"),
            mark(
                "Waiting jobs of the same model run one after the other, so that it is loaded once."
            ),
        ),
        setting(
            "batch_jobs",
            mark("Run jobs with equal settings as one batch"),
            mark("Faster; each result is the same as when its job runs alone."),
        ),
        setting(
            "keep_awake",
            mark("Keep the computer awake while jobs run"),
            mark("The screen may still turn off."),
        ),
        setting(
            "only_idle",
            mark("Run jobs only while the computer is idle"),
            mark("Jobs wait while somebody uses keyboard or mouse, if the desktop reports it."),
        ),
        setting(
            "pause_on_disk",
            mark("Pause when a batch cannot be saved"),
            mark("On a full or missing drive the queue waits instead of failing row after row."),
        ),
    ),
    *in_group(
        "hub",
        setting(
            "endpoint",
            mark("Address of the hub"),
            mark("A mirror or your company's hub."),
            placeholder=ENDPOINT,
        ),
        setting("offline", mark("Offline"), mark("Studio downloads nothing.")),
    ),
    *in_group(
        "audio",
        setting(
            "audio_device",
            mark("Output device"),
            mark("Plays audio in the window. If it is gone, the system's default device does."),
            editor="audio device",
            placeholder=mark("System default"),
        ),
        setting(
            "play_while_generating",
            mark("Play speech while it is generated"),
            mark("Starts with the first sentence."),
        ),
    ),
    *in_group(
        "notifications",
        setting(
            "notify",
            mark("Notify me when a long run ends"),
            mark("A desktop notification, if the window is not active."),
        ),
    ),
    *in_group(
        "privacy",
        setting(
            "recipe_in_files",
            mark("Write the recipe into files"),
            mark(
                "Prompt, model and seed, readable for whoever gets the file. Off: they are in the "
                "hidden folder .studio next to it. The library shows them, but a file that is "
                "taken elsewhere has no prompt."
            ),
        ),
        setting(
            "keep_drafts",
            mark("Keep what I typed for the next start"),
            mark("Prompts and values of the forms, in the data folder."),
        ),
    ),
    *in_group(
        "shortcuts",
        setting(
            "shortcuts",
            mark("Keyboard shortcuts"),
            mark("Shortcuts that differ from the standard ones."),
        ),
    ),
)
BY_KEY = {one.key: one for one in SETTINGS}
