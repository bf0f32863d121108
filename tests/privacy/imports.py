"""What importing each dependency does to the network and to the disk."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from packaging.requirements import Requirement

from studio.engine.process import preload
from tests.privacy.tracing import PHASE, Traced, fresh_environment, trace

PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"
NOT_WITH_STUDIO = ("test", "build")
"""Extras for those who work on Studio."""
MORE_MODULES = {
    "pyside6-essentials": ["PySide6.QtWidgets", "PySide6.QtNetwork", "PySide6.QtSvg"],
    "keyring": ["keyring.backends"],
    "huggingface-hub": ["huggingface_hub.hf_api", "huggingface_hub.file_download"],
    "misaki": ["jieba", "misaki.zh"],
    "transformers": [name for name in preload.MODULES if name.startswith("transformers.")],
    "diffusers": [name for name in preload.MODULES if name.startswith("diffusers.")],
}
"""Modules that are imported by name, beside the top ones."""
_IMPORT = """
import importlib, sys, time
if sys.argv[1] == "switched":
    from studio.core import environment
    environment.prepare()
for name in sys.argv[3:]:
    try: open({phase!r} + name)
    except OSError: pass
    try: importlib.import_module(name)
    except Exception as error: print(name, type(error).__name__, error)
time.sleep(float(sys.argv[2]))
"""


def distributions() -> dict[str, list[str]]:
    """Return what pyproject.toml names for users of Studio and is installed here: distribution →
    modules to import.
    """
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    lines = list(project["dependencies"])
    for extra, more in project["optional-dependencies"].items():
        lines += [] if extra in NOT_WITH_STUDIO else more
    modules: dict[str, list[str]] = {}
    for module, owners in importlib.metadata.packages_distributions().items():
        for owner in owners:
            modules.setdefault(_plain(owner), []).append(module)
    found = {}
    for requirement in map(Requirement, lines):
        name = _plain(requirement.name)
        if name in modules and (requirement.marker is None or requirement.marker.evaluate()):
            top = [
                module
                for module in sorted(modules[name])
                if not module.startswith("_") and _can_import(module)
            ]
            found[name] = [*top, *MORE_MODULES.get(name, [])]
    return found


def import_traced(
    modules: Sequence[str], folder: Path, *, switched: bool, wait: float = 0.0, timeout: float = 280
) -> Traced:
    """Import the modules in one process, in a fresh home in `folder`, and return what that did.

    `switched`: with what Studio switches off. `wait`: seconds to stay after the last import, for
    what comes late.
    """
    places = [folder / name for name in ("home", "tmp", "scratch")]
    for place in places:
        place.mkdir(parents=True)
    home, temporary, scratch = places
    way = "switched" if switched else "as it comes"
    command = [sys.executable, "-c", _IMPORT.format(phase=PHASE), way, str(wait), *modules]
    return trace(
        command,
        environment=fresh_environment(home, temporary),
        own=[temporary],
        scratch=scratch,
        timeout=timeout,
    )


def _can_import(module: str) -> bool:
    # A distribution may name what is no module, such as a folder of files for C++.
    return module.isidentifier() and importlib.util.find_spec(module) is not None


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
