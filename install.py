#!/usr/bin/env python3
"""Install Studio from this folder and open it; with --test, run the tests instead.

Needs only Python 3.11+: it creates a virtual environment in `.venv`, installs system packages that
a window needs on Debian and Ubuntu, downloads the starter model (93 MB) and starts Studio. The
window then downloads a larger text model that fits this computer (478 MB or 1.1 GB), which can be
cancelled there; --small leaves it out. Steps that are done are skipped.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
WINDOW_PACKAGES = [
    "libglib2.0-0",
    "libegl1",
    "libgl1",
    "libxkbcommon-x11-0",
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-image0",
    "libxcb-keysyms1",
    "libxcb-render-util0",
    "libxcb-shape0",
    "libxcb-xinerama0",
    "libdbus-1-3",
    "libfontconfig1",
    "fonts-dejavu-core",
    "fonts-noto-cjk",
]
TEST_PACKAGES = ["xvfb", "xdotool", "dbus", "strace", "gcc", "libc6-dev"]


def main() -> int:
    """Run the steps; return the exit code of the last one."""
    options, rest = _parse(sys.argv[1:])
    if sys.version_info < (3, 11):
        print("Studio needs Python 3.11 or newer.", file=sys.stderr)
        return 2
    install_system_packages(WINDOW_PACKAGES + (TEST_PACKAGES if options.test else []))
    scripts = make_environment(Path(options.venv))
    say("Installing Studio" + (" and its test tools" if options.test else ""))
    subprocess.run(
        [
            scripts / "python",
            "-m",
            "pip",
            "install",
            "--quiet",
            f"{HERE}[test]" if options.test else HERE,
        ],
        check=True,
    )
    if options.test:
        return subprocess.run(
            [scripts / "python", "-m", "pytest", *rest], cwd=HERE, check=False
        ).returncode
    if not options.no_starter:
        say("Downloading the starter model")
        if subprocess.run(
            [scripts / "studio", "models", "install", "starter"], check=False
        ).returncode:
            say("The starter model was not downloaded. The window has a button for it.")
    if not (options.no_starter or options.small or options.no_window):
        # If none fits, the command names the reason, and the starter is enough.
        subprocess.run(
            [scripts / "studio", "models", "install", "larger", "--in-window"], check=False
        )
    if options.no_window:
        say(f"Start Studio with {scripts / 'studio'}")
        return 0
    say(f"Starting {scripts / 'studio'}")
    return subprocess.run([scripts / "studio"], check=False).returncode


def install_system_packages(packages: list[str]) -> None:
    """Install missing packages on Debian or Ubuntu; other systems need none."""
    if not shutil.which("apt-get"):
        return
    missing = [package for package in packages if not _has_package(package)]
    try:
        import ensurepip  # noqa: F401  Debian has a package of its own
    except ImportError:
        missing.append("python3-venv")
    if not missing:
        return
    if os.geteuid() == 0:
        sudo = []
    elif shutil.which("sudo"):
        sudo = ["sudo"]
    else:
        say(f"As root, please run: apt-get install {' '.join(missing)}")
        return
    say(f"Installing system packages: {' '.join(missing)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([*sudo, "apt-get", "update", "-qq"], check=True)
    subprocess.run(
        [*sudo, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing],
        check=True,
        env=environment,
    )


def make_environment(folder: Path) -> Path:
    """Create the virtual environment if it is missing; return its folder of programs."""
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    if not scripts.exists():
        say(f"Creating the virtual environment {folder}")
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run(
            [scripts / "python", "-m", "pip", "install", "--quiet", "--upgrade", "pip"], check=True
        )
    return scripts


def say(text: str) -> None:
    """Print a step."""
    print(f"· {text}", flush=True)


def _has_package(name: str) -> bool:
    # Newer Debian and Ubuntu call some of them …t64; apt-get knows both names, dpkg only one.
    query = ["dpkg-query", "--show", "--showformat=${Status}\n", name, f"{name}t64"]
    return (
        "install ok installed"
        in subprocess.run(query, capture_output=True, text=True, check=False).stdout
    )


def _parse(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--test",
        action="store_true",
        help="install the test tools and run the tests; other arguments go to pytest",
    )
    parser.add_argument("--no-starter", action="store_true", help="do not download any model")
    parser.add_argument(
        "--small",
        action="store_true",
        help="download no larger text model; the window has a button for it",
    )
    parser.add_argument("--no-window", action="store_true", help="do not open the window")
    parser.add_argument(
        "--venv", default=str(HERE / ".venv"), help="the virtual environment's folder"
    )
    return parser.parse_known_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
