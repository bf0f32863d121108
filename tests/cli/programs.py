"""Starts the real `studio` program."""

import subprocess
import sys
import tempfile

PATIENCE = 180


def studio(*arguments, data, **more):
    """Run it to its end."""
    command = [sys.executable, "-m", "studio", "--data-dir", str(data.root), *map(str, arguments)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
        **more,
    )


class Program:
    """A program that runs, with what it says on stderr, line by line."""

    def __init__(self, *arguments, data):
        command = [
            sys.executable,
            "-m",
            "studio",
            "--data-dir",
            str(data.root),
            *map(str, arguments),
        ]
        # a pipe would be full some time
        self._out = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        self.process = subprocess.Popen(
            command, text=True, encoding="utf-8", stdout=self._out, stderr=subprocess.PIPE
        )
        self.said = []

    def wait_for(self, words):
        """Read until a line has the words; fails where the program ends before."""
        for line in self.process.stderr:
            self.said.append(line.rstrip("\n"))
            if words in line:
                return
        raise AssertionError(f"it ended without {words!r}: {self.said}")

    def end(self, number=None):
        """Send a signal, wait for the end, return the exit code and stdout."""
        if number is not None:
            self.process.send_signal(number)
        self.said += self.process.communicate(timeout=PATIENCE)[1].splitlines()
        with self._out:
            self._out.seek(0)
            return self.process.returncode, self._out.read()

    def kill(self):
        """End it in any case."""
        self.process.kill()
        self.process.communicate()
        self._out.close()
