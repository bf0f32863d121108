"""The parts of an OpenDocument text other than its text: styles, metadata, manifest."""

from __future__ import annotations

import itertools

from studio import __version__
from studio.documents.formats.metadata import DocumentMetadata
from studio.documents.formats.writers.html import attribute, text_of

MIME_TYPE = "application/vnd.oasis.opendocument.text"
_ODF = "urn:oasis:names:tc:opendocument:xmlns:"
_NAMESPACES = " ".join(
    [
        *(
            f'xmlns:{name}="{_ODF}{name}:1.0"'
            for name in ("office", "text", "table", "style", "meta")
        ),
        f'xmlns:fo="{_ODF}xsl-fo-compatible:1.0"',
        'xmlns:xlink="http://www.w3.org/1999/xlink"',
        'xmlns:dc="http://purl.org/dc/elements/1.1/"',
        'office:version="1.3"',
    ]
)
MANIFEST = (
    f'<manifest:manifest xmlns:manifest="{_ODF}manifest:1.0" manifest:version="1.3">'
    f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{MIME_TYPE}"/>'
    + "".join(
        f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="text/xml"/>'
        for name in ("content.xml", "styles.xml", "meta.xml")
    )
    + "</manifest:manifest>"
)
_HEADING_SIZES = (20, 16, 14, 13, 12, 11)
_BULLETS = "•◦▪"
_STYLES = {
    "B": 'fo:font-weight="bold" style:font-weight-asian="bold"',
    "I": 'fo:font-style="italic" style:font-style-asian="italic"',
    "S": 'style:text-line-through-style="solid"',
}


def content(body: str) -> str:
    """Return the document's text with the styles of its spans."""
    spans = "".join(
        f'<style:style style:name="{"".join(names)}" style:family="text"><style:text-properties '
        f"{' '.join(_STYLES[name] for name in names)}/></style:style>"
        for count in (1, 2, 3)
        for names in itertools.combinations("BIS", count)
    )
    cell = (
        '<style:style style:name="Cell" style:family="table-cell"><style:table-cell-properties '
        'fo:border="0.5pt solid #808080" fo:padding="0.1cm"/></style:style>'
    )
    return (
        f"<office:document-content {_NAMESPACES}><office:automatic-styles>{spans}{cell}"
        f"</office:automatic-styles><office:body><office:text>{body}</office:text></office:body>"
        "</office:document-content>"
    )


def styles(language: str) -> str:
    """Return the styles; `language` is that of the text, or empty."""
    default = (
        '<style:default-style style:family="paragraph"><style:text-properties fo:font-size="11pt" '
        f'style:font-size-asian="11pt"{_language(language)}/></style:default-style>'
    )
    parts = [
        default,
        '<style:style style:name="Standard" style:family="paragraph" style:class="text"/>',
        _paragraph("Text body", 'fo:margin-bottom="0.25cm" fo:line-height="120%"'),
        *(
            _paragraph(
                f"Heading {level}",
                'fo:margin-top="0.4cm" fo:margin-bottom="0.2cm" fo:keep-with-next="always"',
                f'fo:font-weight="bold" style:font-weight-asian="bold" fo:font-size="{size}pt" '
                f'style:font-size-asian="{size}pt"',
                f' style:default-outline-level="{level}"',
            )
            for level, size in enumerate(_HEADING_SIZES, start=1)
        ),
        _paragraph("Quotations", 'fo:margin-left="1cm" fo:margin-right="1cm"'),
        _paragraph("Preformatted Text", "", _MONOSPACED),
        _paragraph("Horizontal Line", 'fo:border-bottom="0.5pt solid #808080"'),
        _paragraph("Table Contents", ""),
        _paragraph("Table Heading", "", 'fo:font-weight="bold" style:font-weight-asian="bold"'),
        _paragraph("AI Label", 'fo:margin-top="1cm"', 'fo:font-size="9pt"'),
        '<style:style style:name="Source_20_Text" style:display-name="Source Text" '
        f'style:family="text"><style:text-properties {_MONOSPACED}/></style:style>',
        _list("List 1", is_numbered=False),
        _list("Numbering 1", is_numbered=True),
    ]
    return (
        f"<office:document-styles {_NAMESPACES}><office:styles>{''.join(parts)}</office:styles>"
        "</office:document-styles>"
    )


_MONOSPACED = "fo:font-family=\"'Liberation Mono', Consolas, monospace\""


def _paragraph(name: str, paragraph: str, text: str = "", more: str = "") -> str:
    return (
        f'<style:style style:name="{name.replace(" ", "_20_")}" style:display-name="{name}" '
        f'style:family="paragraph" style:parent-style-name="Standard"{more}>'
        f"<style:paragraph-properties {paragraph}/><style:text-properties {text}/></style:style>"
    )


def _list(name: str, *, is_numbered: bool) -> str:
    levels = []
    for level in range(1, 11):
        kind = (
            f'number text:level="{level}" style:num-format="1" style:num-suffix="."'
            if is_numbered
            else f'bullet text:level="{level}" text:bullet-char="{_BULLETS[level % 3 - 1]}"'
        )
        tag = kind.partition(" ")[0]
        levels.append(
            f"<text:list-level-style-{kind}><style:list-level-properties "
            'text:list-level-position-and-space-mode="label-alignment">'
            '<style:list-level-label-alignment text:label-followed-by="listtab" '
            f'fo:text-indent="-0.6cm" fo:margin-left="{0.6 * level:.1f}cm"/>'
            f"</style:list-level-properties></text:list-level-style-{tag}>"
        )
    return (
        f'<text:list-style style:name="{name.replace(" ", "_20_")}" style:display-name="{name}">'
        f"{''.join(levels)}</text:list-style>"
    )


def meta(metadata: DocumentMetadata) -> str:
    """Return title, author, date, language, and the fields without a place of their own."""
    known = (
        ("dc:title", metadata.title),
        ("meta:initial-creator", metadata.author),
        ("dc:creator", metadata.author),
        ("meta:creation-date", metadata.date),
        ("dc:language", metadata.language),
        ("dc:description", metadata.label_text),
        ("meta:generator", f"Studio/{__version__}"),
    )
    fields = "".join(f"<{tag}>{text_of(value)}</{tag}>" for tag, value in known if value)
    fields += "".join(
        f"<meta:user-defined meta:name={attribute(name)}>{text_of(value)}</meta:user-defined>"
        for name, value in metadata.extra_fields()
    )
    return (
        f"<office:document-meta {_NAMESPACES}><office:meta>{fields}</office:meta>"
        "</office:document-meta>"
    )


def _language(language: str) -> str:
    if not language:
        return ""
    name, _separator, country = language.partition("-")
    country = country if len(country) == 2 else "none"
    kind = "-asian" if name in ("zh", "ja", "ko") else ""
    prefix = "style" if kind else "fo"
    return f" {prefix}:language{kind}={attribute(name)} {prefix}:country{kind}={attribute(country)}"
