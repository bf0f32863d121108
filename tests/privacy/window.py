"""Opens the real window, types a prompt, generates, waits for the result and closes: `python -m
tests.privacy.window DATA`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from studio.app import Studio
from studio.core.paths import DataFolder


def main() -> int:
    """Run it; return 0 where an artifact was made."""
    studio = Studio(DataFolder(root=Path(sys.argv[1])))
    made: list[bool] = []

    def generate() -> None:
        tab = studio.window.text_tab
        tab.prompt.setPlainText("Once upon a time")
        tab.form.set_values({"max_new_tokens": 8})
        tab.generate()

    def look(_job_id: str, event: object) -> None:
        if type(event).__name__ in ("Finished", "Failed", "Cancelled"):
            made.append(type(event).__name__ == "Finished")
            studio.window.close()

    studio.session.queue.job_event.connect(look)
    studio.start()
    generate()
    studio.application.exec()
    studio.close()
    return 0 if made == [True] else 1


if __name__ == "__main__":
    sys.exit(main())
