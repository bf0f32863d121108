"""Texts embedded in PNG, JPEG and WebP files, also in hostile and damaged ones."""

import struct
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.media.image_texts import collector
from studio.media.image_texts.exif import decode_user_comment
from studio.media.image_texts.reader import read_hidden_texts, read_image_texts
from tests.media.image_texts import image_files as files

SIGNATURES = ["stealth_pnginfo", "stealth_pngcomp", "stealth_rgbinfo", "stealth_rgbcomp"]


def test_all_text_chunks_of_a_png(tmp_path):
    path = files.png(
        tmp_path / "a.png",
        {"parameters": "Caf\xe9"},
        files.compressed_chunk("Comment", "zwei 二"),
        files.international_chunk("prompt", "三"),
        files.international_chunk("workflow", "四", compressed=True),
        files.chunk(b"tEXt", b"utf8\0" + "五".encode()),
    )
    found = read_image_texts(path)
    assert found.texts == {
        "parameters": "Caf\xe9",
        "Comment": "zwei 二",
        "prompt": "三",
        "workflow": "四",
        "utf8": "五",
    }
    assert (found.width, found.height, found.skipped) == (64, 48, ())


def test_a_text_after_the_pixels_is_read(tmp_path):
    path = files.png(tmp_path / "a.png")
    data = path.read_bytes()
    path.write_bytes(data[:-12] + files.text_chunk("parameters", "late") + data[-12:])
    assert read_image_texts(path).texts == {"parameters": "late"}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("write", [files.jpeg, files.webp])
def test_exif_of_jpeg_and_webp(tmp_path, write, order):
    data = files.exif(
        {0x010E: (2, b"a description\0"), 0x0131: (2, b"Program 1\0"), 0x010F: (2, b"abc\0")},
        {0x9286: files.user_comment("a cat, 猫")},
        order,
    )
    found = read_image_texts(write(tmp_path / "a.img", data, size=(70, 50)))
    assert found.texts == {
        collector.IMAGE_DESCRIPTION: "a description",
        collector.SOFTWARE: "Program 1",
        collector.MAKE: "abc",
        collector.USER_COMMENT: "a cat, 猫",
    }
    assert (found.width, found.height) == (70, 50)


def test_exif_of_a_png(tmp_path):
    data = files.exif({0x9286: (2, b"in the first directory\0")})  # as Fooocus writes it
    path = files.png(tmp_path / "a.png", {}, files.chunk(b"eXIf", data))
    assert read_image_texts(path).texts == {collector.USER_COMMENT: "in the first directory"}


def test_exif_as_imagemagick_writes_it(tmp_path):
    data = b"Exif\0\0" + files.exif({0x010E: (2, b"an old one\0")})
    raw = f"\nexif\n{len(data):8}\n{data.hex()}\n"
    path = files.png(tmp_path / "a.png", {}, files.compressed_chunk("Raw profile type exif", raw))
    assert read_image_texts(path).texts == {collector.IMAGE_DESCRIPTION: "an old one"}


@pytest.mark.parametrize(
    ("value", "order"),
    [
        (b"ASCII\0\0\0a cat, Steps: 1\0", "<"),
        (b"\0\0\0\0\0\0\0\0a cat, Steps: 1", "<"),
        (b"UNICODE\0" + "a cat, Steps: 1".encode("utf-16-be"), "<"),
        (b"UNICODE\0" + "a cat, Steps: 1".encode("utf-16-le"), ">"),
        (b"UNICODE\0\xff\xfe" + "a cat, Steps: 1".encode("utf-16-le"), ">"),
        (b"UNICODE\0" + b"a cat, Steps: 1", ">"),  # wrong, but written
        (b"a cat, Steps: 1\0", "<"),
        ("a cat, Steps: 1".encode("utf-16-le"), "<"),
    ],
)
def test_encodings_of_a_user_comment(value, order):
    assert decode_user_comment(value, order) == "a cat, Steps: 1"


def test_japanese_and_chinese_user_comments():
    assert decode_user_comment(b"JIS\0\0\0\0\0" + "猫".encode("iso2022_jp")) == "猫"
    text = "一只猫在海边。\nSteps: 20, Sampler: Euler"
    for encoding in ("utf-16-be", "utf-16-le"):
        assert decode_user_comment(files.user_comment(text, encoding), "<") == text
    only = "一只猫在海边"
    assert decode_user_comment(files.user_comment(only, "utf-16-le"), "<") == only


XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="A tool">
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">a &lt;cat&gt;&#xA;猫</rdf:li></rdf:Alt>
</dc:description></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def test_xmp_in_all_formats(tmp_path):
    packet = XMP.encode()
    paths = [
        files.jpeg(tmp_path / "a.jpg", xmp=packet),
        files.webp(tmp_path / "a.webp", xmp=packet),
        files.png(tmp_path / "a.png", {}, files.international_chunk("XML:com.adobe.xmp", XMP)),
    ]
    for path in paths:
        assert read_image_texts(path).texts == {
            collector.XMP_DESCRIPTION: "a <cat>\n猫",
            collector.XMP_CREATOR_TOOL: "A tool",
        }


def test_entities_in_xmp_are_refused(tmp_path):
    bomb = (
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
        '<!ENTITY f SYSTEM "file:///etc/passwd">]>'
        "<x><dc:description>&b;&f;</dc:description></x>"
    )
    deep = "<a>" * 50_000 + "<dc:description>x</dc:description>" + "</a>" * 50_000
    for packet in (bomb, deep, "<a", "", "<x>\0</x>", '<?xml version="1.0" encoding="nn"?><x/>'):
        path = files.jpeg(tmp_path / "a.jpg", xmp=packet.encode()[:60_000])
        assert read_image_texts(path).texts == {}


@pytest.mark.parametrize("signature", SIGNATURES)
@pytest.mark.parametrize("filters", ["adaptive", "0", "1", "2", "3", "4"])
def test_hidden_texts(tmp_path, signature, filters):
    text = '{"Description": "a cat, 猫"}' * 3
    path = files.hidden(tmp_path / "a.png", text, signature, filters=filters)
    assert read_hidden_texts(path) == text


def test_a_hidden_text_in_a_low_image_and_in_rgb(tmp_path):
    low = files.hidden(tmp_path / "a.png", "a cat", "stealth_pnginfo", (600, 3))
    assert read_hidden_texts(low) == "a cat"
    assert read_hidden_texts(files.png(tmp_path / "b.png")) == ""
    small = files.hidden(tmp_path / "c.png", "x", "stealth_rgbinfo", (9, 8))
    assert read_hidden_texts(small) == "x"


def peak_of(call) -> int:
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


LIMIT = 50 * 2**20


@pytest.mark.parametrize("kind", ["text", "compressed", "international", "exif", "many"])
def test_large_texts_are_skipped_and_named(tmp_path, kind):
    bomb = zlib.compress(b"\0" * (60 * 2**20), 6)
    part = {
        "text": lambda: files.text_chunk("prompt", "x" * (20 * 2**20)),
        "compressed": lambda: files.chunk(b"zTXt", b"prompt\0\0" + bomb),
        "international": lambda: files.chunk(b"iTXt", b"prompt\0\1\0\0\0" + bomb),
        "exif": lambda: files.chunk(b"eXIf", b"II*\0" + b"\0" * (20 * 2**20)),
        "many": lambda: b"".join(
            files.text_chunk(f"prompt{index}", "x" * 10**6) for index in range(40)
        ),
    }[kind]()
    path = files.png(tmp_path / "a.png", {"parameters": "kept"}, part)
    found = []
    peak = peak_of(lambda: found.append(read_image_texts(path)))
    assert found[0].texts["parameters"] == "kept"
    assert found[0].skipped
    assert peak < LIMIT


def test_a_hidden_bomb_and_a_wide_image(tmp_path):
    text = "x" * 20_000_000
    path = files.hidden(tmp_path / "a.png", text, "stealth_pngcomp", (900, 600))
    assert peak_of(lambda: read_hidden_texts(path)) < LIMIT
    assert read_hidden_texts(path) == ""
    header = struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 8, 6, 0, 0, 0)
    data = zlib.compress(b"\0" * (80 * 2**20), 1)
    wide = tmp_path / "wide.png"
    wide.write_bytes(
        b"\x89PNG\r\n\x1a\n" + files.chunk(b"IHDR", header) + files.chunk(b"IDAT", data)
    )
    assert peak_of(lambda: read_hidden_texts(wide)) < LIMIT
    assert read_hidden_texts(wide) == ""


def test_a_folder_and_a_missing_file(tmp_path):
    assert read_image_texts(tmp_path) is None
    assert read_image_texts(tmp_path / "missing.png") is None
    assert read_hidden_texts(tmp_path / "missing.png") == ""
    (tmp_path / "a.txt").write_text("text")
    assert read_image_texts(tmp_path / "a.txt") is None


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    data = files.exif({0x010E: (2, b"text\0")}, {0x9286: files.user_comment("a cat")})
    paths = [
        files.png(
            folder / "a.png",
            {"parameters": "x"},
            files.compressed_chunk("Comment", "y"),
            files.international_chunk("z", "z", compressed=True),
            files.chunk(b"eXIf", data),
            files.international_chunk("XML:com.adobe.xmp", XMP),
        ),
        files.hidden(folder / "b.png", "a cat", "stealth_pngcomp"),
        files.jpeg(folder / "c.jpg", data, XMP.encode()),
        files.webp(folder / "d.webp", data, XMP.encode()),
    ]
    return [path.read_bytes() for path in paths]


@given(st.data())
def test_damaged_files_never_raise(samples, tmp_path_factory, data):
    content = bytearray(data.draw(st.sampled_from(samples)))
    for _ in range(data.draw(st.integers(0, 6))):
        place = data.draw(st.integers(0, min(len(content), 1500) - 1))
        content[place] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(content)))
    path = tmp_path_factory.getbasetemp() / "damaged.img"
    path.write_bytes(content[:end])
    read_image_texts(path)
    read_hidden_texts(path)


@given(st.binary(max_size=400), st.sampled_from([b"II*\0", b"MM\0*", b""]))
def test_any_exif_data_is_read_without_an_error(data, mark):
    from studio.media.image_texts.exif import read_exif

    found = collector.TextCollector()
    read_exif(mark + data, found)
    assert all(isinstance(text, str) for text in found.texts.values())
