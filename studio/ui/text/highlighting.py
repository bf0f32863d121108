"""Code as HTML in the colors of its language, for the preview of documents and for chats."""

from __future__ import annotations

from studio.documents.formats.writers.html import text_of

MAX_CODE = 4_000
"""Characters of a code block that is highlighted."""
LANGUAGES = frozenset(
    (
        "python",
        "py",
        "javascript",
        "js",
        "json",
        "html",
        "xml",
        "css",
        "bash",
        "sh",
        "sql",
        "c",
        "cpp",
    )
)
"""Languages whose rules take less than a second for any text of that length."""


def is_highlighted(text: str, language: str) -> bool:
    """Return whether `highlighted` colors a code."""
    return language.lower() in LANGUAGES and len(text) <= MAX_CODE


def highlighted(text: str, language: str, *, is_dark: bool) -> str:
    """Return code as HTML; escaped only, if it is long or in another language.

    Takes up to a second, so the window's thread calls it in the background.
    """
    if not is_highlighted(text, language):
        return text_of(text)
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    lexer = get_lexer_by_name(language.lower(), stripnl=False)
    style = "github-dark" if is_dark else "default"
    formatter = HtmlFormatter(nowrap=True, noclasses=True, style=style)
    return str(highlight(text, lexer, formatter)).rstrip("\n")
