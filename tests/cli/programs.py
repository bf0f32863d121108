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
    """A running program and the lines of its stderr, `errors`."""

    def __init__(self, *arguments, data):
        command = [
            sys.executable,
            "-m",
            "studio",
            "--data-dir",
            str(data.root),
            *map(str, arguments),
        ]
        # a pipe could fill up and block the program
        self._out = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        self.process = subprocess.Popen(
            command, text=True, encoding="utf-8", stdout=self._out, stderr=subprocess.PIPE
        )
        self.errors = []

    def wait_for(self, words):
        """Read until a line contains the words; fail if the program ends first."""
        for line in self.process.stderr:
            self.errors.append(line.rstrip("\n"))
            if words in line:
                return
        raise AssertionError(f"the program ended without {words!r}: {self.errors}")

    def end(self, number=None):
        """Send a signal, wait for the end, return the exit code and stdout."""
        if number is not None:
            self.process.send_signal(number)
        self.errors += self.process.communicate(timeout=PATIENCE)[1].splitlines()
        with self._out:
            self._out.seek(0)
            return self.process.returncode, self._out.read()

    def kill(self):
        """End it in any case."""
        self.process.kill()
        self.process.communicate()
        self._out.close()
