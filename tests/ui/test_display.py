"""The real program on a real X server: real clicks, real keys, the real child, real models.

With STUDIO_SCREENSHOTS=FOLDER it saves a screenshot of each screen there, as for docs/images.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from studio.core.paths import DataFolder
from studio.core.settings_store import update
from studio.library.artifacts import read_recipe

pytestmark = [
    pytest.mark.display,
    pytest.mark.skipif(
        not (shutil.which("Xvfb") and shutil.which("xdotool")), reason="needs Xvfb and xdotool"
    ),
]
PATIENCE = 150
PROMPT = (190, 235)
"""Where the prompt of a tab is in a window of 1280 × 800."""
GRAB = """
import sys
from PySide6.QtGui import QGuiApplication
application = QGuiApplication([])
application.primaryScreen().grabWindow(0).save(sys.argv[1])
"""
STILL = """
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
application = QGuiApplication([])
shown, same = None, 0
for _look in range(60):
    now = application.primaryScreen().grabWindow(0).toImage()
    same = same + 1 if now == shown else 0
    if same == 4:
        break
    shown = now
    QTest.qWait(120)
"""


class Screen:
    """An X server with the program on it."""

    def __init__(self, data: DataFolder, *options: str) -> None:
        read_end, write_end = os.pipe()
        server = [
            "Xvfb",
            "-displayfd",
            str(write_end),
            "-screen",
            "0",
            "1280x800x24",
            "-nolisten",
            "tcp",
        ]
        self._server = subprocess.Popen(server, pass_fds=[write_end], stderr=subprocess.DEVNULL)
        os.close(write_end)
        with os.fdopen(read_end) as pipe:
            display = f":{pipe.readline().strip()}"
        self._environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
        self._data = data
        command = [sys.executable, "-m", "studio", "--data-dir", str(data.root), *options]
        self.program = subprocess.Popen(command, env=self._environment, stderr=subprocess.DEVNULL)
        self._window = self._find("Studio$")
        self._do("windowfocus", "--sync", self._window)
        self.settle()  # the frame comes before what is in it

    def _find(self, title: str) -> str:
        # Not `search --sync`: that fails when a window vanishes while it looks.
        search = 'until xdotool search --onlyvisible --name "$1" 2>/dev/null; do sleep 0.1; done'
        command = ["bash", "-c", search, "search", f"^{title}"]
        done = subprocess.run(
            command,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
        return done.stdout.split()[-1]

    def _do(self, *words: str) -> str:
        done = subprocess.run(
            ["xdotool", *words],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
        return done.stdout

    def click(self, x: int, y: int) -> None:
        self._do("mousemove", "--sync", str(x), str(y), "click", "1")

    def key(self, *keys: str) -> None:
        self._do("key", *keys)

    def type(self, text: str) -> None:
        self._do("type", "--delay", "15", text)

    def screenshot(self, name: str) -> None:
        folder = os.environ.get("STUDIO_SCREENSHOTS")
        if folder:
            subprocess.run(
                [sys.executable, "-c", GRAB, str(Path(folder) / f"{name}.png")],
                env=self._environment,
                check=True,
            )

    def wait_for_files(self, pattern: str, count: int = 1) -> list[Path]:
        """Wait, without using the processor, until the program has written them."""
        waiter = "import sys, time; from pathlib import Path\n"
        waiter += "folder, pattern, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])\n"
        waiter += "while len(list(folder.rglob(pattern))) < count: time.sleep(0.05)"
        command = [sys.executable, "-c", waiter, str(self._data.outputs), pattern, str(count)]
        subprocess.run(command, timeout=PATIENCE, check=True)
        self.settle()
        return sorted(self._data.outputs.rglob(pattern))

    def wait_for_window(self, title: str) -> str:
        """Wait until a window with this title is there, and give it the keys."""
        window = self._find(title)
        self._do("windowfocus", "--sync", window)
        return window

    def settle(self) -> None:
        """Wait until the screen shows the same for a moment, or is never still."""
        subprocess.run(
            [sys.executable, "-c", STILL], env=self._environment, timeout=PATIENCE, check=True
        )

    def click_in(self, window: str, from_right: int, from_bottom: int) -> None:
        """Click at a place of a window, counted from its lower right corner."""
        shape = dict(
            line.split("=")
            for line in self._do("getwindowgeometry", "--shell", window).split()
            if "=" in line
        )
        x, y = (
            int(shape["X"]) + int(shape["WIDTH"]) - from_right,
            int(shape["Y"]) + int(shape["HEIGHT"]) - from_bottom,
        )
        self.click(x, y)

    def close(self) -> None:
        self.program.send_signal(signal.SIGKILL)
        self.program.wait()
        self._server.terminate()
        self._server.wait()


@pytest.fixture
def open_screen(data):
    opened = []

    def start(*options: str, theme: str = "light") -> Screen:
        starter = os.environ.get("STUDIO_STARTER_DIR")
        if starter and not any(data.models.iterdir()):
            data.models.rmdir()
            data.models.symlink_to(Path(starter) / "models")
        declined = "--welcome" not in options
        change = {"theme": theme, "starter_declined": declined, "larger_declined": declined}
        update(data, change)
        screen = Screen(data, *(option for option in options if option != "--welcome"))
        opened.append(screen)
        return screen

    yield start
    for screen in opened:
        screen.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_generate_an_image_with_mouse_and_keyboard(open_screen, theme):
    screen = open_screen(theme=theme)
    screen.key("ctrl+2")
    screen.click(*PROMPT)
    screen.type("a red apple")
    screen.key("ctrl+Return")
    (path,) = screen.wait_for_files("*.png")
    screen.screenshot(f"image-{theme}")
    assert read_recipe(path).request.prompt == "a red apple"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_generate_speech_with_mouse_and_keyboard(open_screen, theme):
    screen = open_screen(theme=theme)
    screen.key("ctrl+3")
    screen.click(*PROMPT)
    screen.type("Hello. This is Studio, and it can speak.")
    screen.key("ctrl+Return")
    (path,) = screen.wait_for_files("*.wav")
    screen.screenshot(f"audio-{theme}")
    assert read_recipe(path).request.kind == "speech"


@pytest.mark.starter
@pytest.mark.skipif("STUDIO_STARTER_DIR" not in os.environ, reason="needs the starter text model")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_generate_text_with_mouse_and_keyboard(open_screen, theme):
    screen = open_screen(theme=theme)
    screen.click(*PROMPT)
    screen.type("Write two sentences about the sea.")
    screen.key("ctrl+Return")
    (path,) = screen.wait_for_files("*.txt")
    screen.screenshot(f"text-{theme}")
    assert len(path.read_text(encoding="utf-8")) > 10


def test_run_a_batch_with_the_keyboard(open_screen, data, tmp_path):
    path = tmp_path / "rows.csv"
    rows = [
        "prompt,steps,seed",
        "a red apple,8,1",
        "a rocket,8,2",
        "a castle,many,3",
        "一只猫,8,4",
        "a sunflower,8,5",
    ]
    path.write_text("\n".join(rows), encoding="utf-8")
    screen = open_screen()
    screen.key("ctrl+2")
    screen.key("ctrl+b")
    screen.wait_for_window("Batch from a file")
    screen.type(str(path))
    screen.key("Return")
    dialog = screen.wait_for_window("Batch: rows.csv")
    screen.settle()
    screen.screenshot("batch-light")
    screen.click_in(dialog, 60, 30)
    assert len(screen.wait_for_files("*.png", 4)) == 4
    screen.screenshot("queue-light")
    assert len(screen.wait_for_files("report.csv")) == 1


def test_first_start_offers_the_starter_models(open_screen, monkeypatch):
    monkeypatch.delenv("STUDIO_STARTER_DIR", raising=False)
    screen = open_screen("--welcome")
    screen.settle()
    screen.screenshot("welcome-light")
    assert screen.program.poll() is None
