"""The parts of a Word document other than its text: styles, numbering, properties, relations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from studio.documents.formats.metadata import DocumentMetadata
from studio.documents.formats.writers.html import attribute, text_of

_OOXML = "http://schemas.openxmlformats.org"
_WORD = f"{_OOXML}/wordprocessingml/2006/main"
_LINKS = f"{_OOXML}/officeDocument/2006/relationships"
_PACKAGE = f"{_OOXML}/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument"
NAMESPACES = f'xmlns:w="{_WORD}" xmlns:r="{_LINKS}"'
LINE = 'w:val="single" w:sz="6" w:space="1" w:color="808080"'
PAGE = (
    '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/>'
    '<w:pgMar w:top="1440" w:right="1440" w:bottom="1440" w:left="1440" w:header="708" '
    'w:footer="708" w:gutter="0"/></w:sectPr>'
)
CONTENT_TYPES = (
    f'<Types xmlns="{_PACKAGE}/content-types">'
    f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships'
    '+xml"/><Default Extension="xml" ContentType="application/xml"/>'
    + "".join(
        f'<Override PartName="/{name}" ContentType="{kind}+xml"/>'
        for name, kind in (
            ("word/document.xml", f"{_TYPE}.wordprocessingml.document.main"),
            ("word/styles.xml", f"{_TYPE}.wordprocessingml.styles"),
            ("word/numbering.xml", f"{_TYPE}.wordprocessingml.numbering"),
            ("docProps/core.xml", "application/vnd.openxmlformats-package.core-properties"),
            ("docProps/custom.xml", f"{_TYPE}.custom-properties"),
        )
    )
    + "</Types>"
)
RELATIONS = (
    f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{_LINKS}/officeDocument" Target="word/document.xml"/>'
    f'<Relationship Id="r2" Type="{_PACKAGE}/relationships/metadata/core-properties" '
    'Target="docProps/core.xml"/>'
    f'<Relationship Id="r3" Type="{_LINKS}/custom-properties" Target="docProps/custom.xml"/>'
    "</Relationships>"
)
_FONTS = (
    '<w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:cs="Calibri" w:eastAsia="Microsoft YaHei"/>'
)
_MONOSPACED = '<w:rFonts w:ascii="Consolas" w:hAnsi="Consolas" w:cs="Consolas"/>'
_HEADING_SIZES = (32, 28, 26, 24, 22, 22)
"""Of each level, in half points."""
_BULLETS = "•◦▪"


def document_relations(links: Sequence[str]) -> str:
    """Return the relations of the text: styles, numbering, and the addresses of its links."""
    shown = "".join(
        f'<Relationship Id="link{number}" Type="{_LINKS}/hyperlink" Target={attribute(link)} '
        'TargetMode="External"/>'
        for number, link in enumerate(links, start=1)
    )
    return (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="styles" Type="{_LINKS}/styles" Target="styles.xml"/>'
        f'<Relationship Id="numbering" Type="{_LINKS}/numbering" Target="numbering.xml"/>'
        f"{shown}</Relationships>"
    )


def core_properties(metadata: DocumentMetadata) -> str:
    """Return title, author, language and date."""
    date = f"{metadata.date[:10]}T00:00:00Z" if metadata.date else ""
    stamp = "".join(
        f'<dcterms:{name} xsi:type="dcterms:W3CDTF">{date}</dcterms:{name}>'
        for name in ("created", "modified")
        if date
    )
    known = "".join(
        f"<dc:{name}>{text_of(value)}</dc:{name}>"
        for name, value in (
            ("title", metadata.title),
            ("creator", metadata.author),
            ("description", metadata.label_text),
            ("language", metadata.language),
        )
        if value
    )
    return (
        f'<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"{known}{stamp}</cp:coreProperties>"
    )


def custom_properties(fields: Iterable[tuple[str, str]]) -> str:
    """Return fields without a place of their own, as Word's custom properties."""
    shown = "".join(
        f'<property fmtid="{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}" pid="{number}" '
        f"name={attribute(name)}><vt:lpwstr>{text_of(value)}</vt:lpwstr></property>"
        for number, (name, value) in enumerate(fields, start=2)
    )
    office = f"{_OOXML}/officeDocument/2006"
    return (
        f'<Properties xmlns="{office}/custom-properties" xmlns:vt="{office}/docPropsVTypes">'
        f"{shown}</Properties>"
    )


def numbering(first_numbers: Iterable[tuple[int, int]]) -> str:
    """Return the lists: 1 has bullets, then one for each numbered list (level, first number)."""
    lists = "".join(
        f'<w:num w:numId="{number}"><w:abstractNumId w:val="1"/>'
        f'<w:lvlOverride w:ilvl="{level}"><w:startOverride w:val="{first}"/>'
        "</w:lvlOverride></w:num>"
        for number, (level, first) in enumerate(first_numbers, start=2)
    )
    return (
        f"<w:numbering {NAMESPACES}>"
        f'<w:abstractNum w:abstractNumId="0"><w:multiLevelType w:val="hybridMultilevel"/>'
        f"{''.join(_level(level, 'bullet') for level in range(9))}</w:abstractNum>"
        f'<w:abstractNum w:abstractNumId="1"><w:multiLevelType w:val="multilevel"/>'
        f"{''.join(_level(level, 'decimal') for level in range(9))}</w:abstractNum>"
        f'<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>{lists}</w:numbering>'
    )


def _level(level: int, kind: str) -> str:
    text = _BULLETS[level % 3] if kind == "bullet" else f"%{level + 1}."
    return (
        f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/>'
        f'<w:lvlText w:val="{text}"/><w:lvlJc w:val="left"/><w:pPr>'
        f'<w:ind w:left="{720 * (level + 1)}" w:hanging="360"/></w:pPr></w:lvl>'
    )


def styles(language: str) -> str:
    """Return the styles; `language` is that of the text, or empty."""
    tag = attribute(language)
    lang = f"<w:lang w:val={tag} w:eastAsia={tag}/>" if language else ""
    defaults = (
        f"<w:docDefaults><w:rPrDefault><w:rPr>{_FONTS}"
        f'<w:sz w:val="22"/><w:szCs w:val="22"/>{lang}</w:rPr></w:rPrDefault><w:pPrDefault><w:pPr>'
        '<w:spacing w:after="160" w:line="278" w:lineRule="auto"/></w:pPr></w:pPrDefault>'
        "</w:docDefaults>"
    )
    parts = [
        '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/>'
        "<w:qFormat/></w:style>",
        *(_heading(level) for level in range(1, 7)),
        _style("ListBullet", "List Bullet", "<w:contextualSpacing/>"),
        _style("ListNumber", "List Number", "<w:contextualSpacing/>"),
        *(_continue(level) for level in range(1, 6)),
        _style("Quote", "Quote", '<w:ind w:left="720" w:right="720"/>', "<w:i/>"),
        _style("CodeBlock", "Code Block", "", _MONOSPACED + '<w:sz w:val="20"/>'),
        _style("AILabel", "AI Label", '<w:spacing w:before="480"/>', '<w:sz w:val="18"/>'),
        '<w:style w:type="character" w:customStyle="1" w:styleId="CodeCharacter">'
        f'<w:name w:val="Code Character"/><w:rPr>{_MONOSPACED}</w:rPr></w:style>',
        '<w:style w:type="character" w:styleId="Hyperlink"><w:name w:val="Hyperlink"/><w:rPr>'
        '<w:color w:val="0563C1"/><w:u w:val="single"/></w:rPr></w:style>',
        _TABLE_GRID,
    ]
    return f"<w:styles {NAMESPACES}>{defaults}{''.join(parts)}</w:styles>"


_TABLE_GRID = (
    '<w:style w:type="table" w:styleId="TableGrid"><w:name w:val="Table Grid"/><w:tblPr>'
    "<w:tblBorders>"
    + "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="auto"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    + '</w:tblBorders></w:tblPr><w:tblStylePr w:type="firstRow"><w:rPr><w:b/></w:rPr>'
    "</w:tblStylePr></w:style>"
)


def _style(style_id: str, name: str, paragraph: str, run: str = "") -> str:
    return (
        f'<w:style w:type="paragraph" w:styleId="{style_id}"><w:name w:val="{name}"/>'
        f'<w:basedOn w:val="Normal"/><w:pPr>{paragraph}</w:pPr><w:rPr>{run}</w:rPr></w:style>'
    )


def _heading(level: int) -> str:
    size = _HEADING_SIZES[level - 1]
    return (
        f'<w:style w:type="paragraph" w:styleId="Heading{level}"><w:name w:val="heading {level}"/>'
        '<w:basedOn w:val="Normal"/><w:next w:val="Normal"/><w:qFormat/><w:pPr><w:keepNext/>'
        f'<w:spacing w:before="240" w:after="80"/><w:outlineLvl w:val="{level - 1}"/></w:pPr>'
        f'<w:rPr><w:b/><w:sz w:val="{size}"/></w:rPr></w:style>'
    )


def _continue(level: int) -> str:
    suffix = str(level) if level > 1 else ""
    name = f"List Continue {suffix}".strip()
    return _style(f"ListContinue{suffix}", name, f'<w:ind w:left="{720 * level}"/>')
