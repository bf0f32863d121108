"""The command line: the window's queue, worker and engine, from a shell. Imports little."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the program; its entry point."""
    if getattr(sys, "frozen", False):  # elsewhere it does nothing, and its import takes 4 ms
        import multiprocessing

        multiprocessing.freeze_support()
    # A built program starts itself for these, see models/install/gguf_convert_process.py,
    # models/hub/process.py, models/memory/probe_process.py, media/video_decoder/process.py,
    # library/file_reader/process.py, documents/formats/child/process.py and core/lifeline.py.
    if sys.argv[1:2] == ["convert-gguf"]:
        from studio.models.install import gguf_convert

        del sys.argv[1]
        sys.exit(gguf_convert.main())
    if sys.argv[1:2] == ["download"]:
        from studio.models.hub import worker

        sys.exit(worker.main())
    if sys.argv[1:2] == ["run-with-lifeline"]:
        from studio.core import lifeline

        lifeline.main(sys.argv[2:])
    if sys.argv[1:2] == ["probe"]:
        from studio.models.memory import probe

        sys.exit(probe.main())
    if sys.argv[1:2] == ["decode-video"]:
        from studio.media.video_decoder import main as decoder

        del sys.argv[1]
        sys.exit(decoder.main())
    if sys.argv[1:2] == ["read-files"]:
        from studio.library.file_reader import main as file_reader

        sys.exit(file_reader.main())
    if sys.argv[1:2] == ["read-document"]:
        from studio.documents.formats.child import main as document_reader

        del sys.argv[1]
        sys.exit(document_reader.main())
    if sys.argv[1:2] == ["check-spelling"]:
        from studio.documents.spelling import main as spelling

        del sys.argv[1]
        sys.exit(spelling.main())
    from studio.cli.window_entry import open_window, window_options

    options = window_options(sys.argv[1:])
    if options is not None:
        sys.exit(open_window(options))
    from studio.cli.language import use_language_of

    use_language_of(sys.argv[1:])
    from studio.cli.app import run

    sys.exit(run(sys.argv[1:]))
