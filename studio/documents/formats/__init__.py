"""Reads and writes txt, Markdown, HTML, Word, OpenDocument, EPUB, PDF and subtitles."""
