"""The catalogs of this checkout are complete, and the tool finds each fault."""

import json

import pytest
from babel.messages.catalog import Catalog

from tools.translations import __main__ as program
from tools.translations import catalog as catalogs
from tools.translations.calls import ROOT, Message, Use, scan_source
from tools.translations.catalog import (
    CODES,
    compiled,
    entries,
    mo_path,
    read_catalog,
    updated,
    write_catalog,
)
from tools.translations.checks import check, check_catalog
from tools.translations.chinese import punctuate
from tools.translations.resource_texts import scan_all
from tools.translations.unwrapped import DONE, NOT_SHOWN, find, find_in, read_done

IMPORT = "from studio.core.translation import tr, tr_plural, mark, tr_marked\n"


def in_function(line):
    return f"{IMPORT}def show():\n    {line}\n"


def catalog_of(*pairs):
    """A catalog with these translations, and the uses of its messages."""
    result = Catalog(locale="zh_CN")
    for text, translation in pairs:
        result.add(text, translation)
    uses = [
        Use(Message(text) if isinstance(text, str) else Message(*text), "studio/x.py")
        for text, _translation in pairs
    ]
    return result, uses


def test_all_calls_are_well_formed_and_translated():
    assert list(check(scan_all())) == []


def test_finished_folders_have_no_english():
    assert [str(one) for one in find(read_done())] == []
    lines = [line for line in DONE.read_text().splitlines() if not line.startswith("#")]
    assert lines == sorted(lines)
    assert "studio" in lines, "new folders belong to it"
    assert all((ROOT / folder).is_dir() for folder in NOT_SHOWN)


def test_a_folder_whose_texts_are_not_shown_is_left_out():
    (folder, *_others) = NOT_SHOWN
    texts = "\n".join(path.read_text() for path in (ROOT / folder).rglob("*.py"))
    assert find_in(texts.replace("from __future__ import annotations", ""), "studio/x.py")
    assert list(find([ROOT / folder])) == []


@pytest.mark.parametrize("language", CODES)
def test_the_files_depend_on_their_messages_only(language, tmp_path):
    catalog = read_catalog(language)
    write_catalog(updated(catalog, scan_all().uses), tmp_path)
    assert (tmp_path / f"{language}.po").read_bytes() == catalogs.po_path(language).read_bytes()
    assert compiled(read_catalog(language, tmp_path)) == mo_path(language).read_bytes()


def test_messages_of_calls():
    source = in_function('tr("a" "b", context="c"); tr_plural("One", "{count} of {n}", 3, n=2)')
    source += 'TITLE = mark("Title", "of a window")\n'
    found = scan_source(source, "studio/x.py")
    assert found.problems == []
    assert {use.message for use in found.uses} == {
        Message("ab", context="c"),
        Message("One", "{count} of {n}"),
        Message("Title", context="of a window"),
    }


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('tr(f"Saved {name}")', "must be a literal"),
        ("tr(name)", "must be a literal"),
        ('tr("")', "must be a literal"),
        ('tr("Saved " + name)', "must be a literal"),
        ('tr_plural("One", many, 3)', "must be a literal"),
        ('tr("Saved", context=name)', "context must be a literal"),
        ('tr("Saved {name} {size}", name=name)', "no value for size"),
        ('tr("Saved {name}", name=name, file=file)', "does not use file"),
        ('tr("Saved {name", name=name)', "expected '}'"),
        ('tr_plural("One", "{count} in {place}", 3)', "no value for place"),
    ],
)
def test_a_wrong_call_is_found(line, fault):
    problems = scan_source(in_function(line), "studio/x.py").problems
    assert problems
    assert all(fault in one for one in problems)
    assert problems[0].startswith("studio/x.py:3: ")


@pytest.mark.parametrize("line", ['TITLE = tr("Title")', 'def show(title=tr_marked("Title")): ...'])
def test_a_translation_at_import_is_found_outside_the_command_line(line):
    assert "when a module is imported" in scan_source(IMPORT + line, "studio/ui/x.py").problems[0]
    assert scan_source(IMPORT + line, "studio/cli/x.py").problems == []


@pytest.mark.parametrize(
    ("text", "translation", "fault"),
    [
        ("Save", "", "not translated"),
        (("One row", "{count} rows"), ("",), "not translated"),
        ("Saved {name}", "已保存 {nane}", "placeholders"),
        ("Saved {name}", "已保存", "placeholders"),
        (("One row", "{count} rows"), ("{n} 行",), "placeholders"),
        ("Write } or {a}", "写 {b}", "braces"),
        ("&Save", "保存", "保存(&S)"),
        ("Save…", "保存", "end alike"),
        ("Name:", "名称", "end alike"),
        ("It is saved.", "已保存", "end alike"),
        ("Saved", "已保存。", "end alike"),
        ("Save it, now", "保存,现在", "punctuation"),
        ("Save", "保存 ", "space"),
    ],
)
def test_a_wrong_translation_is_found(text, translation, fault):
    found = list(check_catalog(*catalog_of((text, translation))))
    assert found
    assert all(fault in one for one in found)


@pytest.mark.parametrize(
    ("text", "translation"),
    [
        ("Saved {name}: {size:.1f}", "已保存 {name}\uff1a{size:.2f}"),
        (("One row", "{count} rows"), ("{count} 行",)),
        (("One row", "{count} rows"), ("行",)),
        ("&Save…", "保存(&S)…"),
        ("R&&D:", "研发\uff1a"),
        ("Close?", "关闭\uff1f"),
    ],
)
def test_a_right_translation_passes(text, translation):
    assert list(check_catalog(*catalog_of((text, translation)))) == []


def test_unused_and_fuzzy_messages_are_found():
    catalog, uses = catalog_of(("Save", "保存"), ("Close", "关闭"))
    assert "not used" in next(check_catalog(catalog, uses[1:]))
    catalog.get("Close").flags.add("fuzzy")
    assert "fuzzy" in next(check_catalog(catalog, uses))


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("保存,关闭", "保存\uff0c关闭"),
        ("确定?", "确定\uff1f"),
        ("共 {total} 行(已选 {count} 行)", "共 {total} 行\uff08已选 {count} 行\uff09"),
        ("打开(&O)…", "打开(&O)…"),
        ("设置 (*.json)", "设置 (*.json)"),
        ("{kind}: {reason}", "{kind}: {reason}"),
        ("无法打开 {name}: {error}", "无法打开 {name}\uff1a{error}"),
    ],
)
def test_punctuation_of_chinese(narrow, wide):
    assert punctuate(narrow) == wide
    assert punctuate(wide) == wide


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('label("Save")', "Save"),
        ('button.setText(f"{count} rows")', "{} rows"),
        ('label("On" if on else "Off")', "On"),
        ('table.setHorizontalHeaderLabels(["Name", "Size"])', "Name"),
        ('raise StudioError("No.", cure="Try again")', "No."),
        ('return "Choose another file."', "Choose another file."),
        ('parser.Option(help="Print one")', "Print one"),
        ('return f"{path} is not a folder"', "{} is not a folder"),
        ("label(TITLE)", "TITLE"),
        ("print(MARKED)", "MARKED"),
    ],
)
def test_a_text_that_is_not_translatable_is_found(line, text):
    source = f'{IMPORT}TITLE = "Title"\nMARKED = mark("Marked")\ndef show():\n    {line}\n'
    assert text in [one.text for one in find_in(source, "studio/x.py")]


@pytest.mark.parametrize(
    "line",
    [
        'label(tr("Save"))',
        'label("PNG")',
        'label("Save")  # not translated: why',
        'logger.warning("The file is missing.")',
        'raise ValueError("The file is missing.")',
        '"""The docstring of something."""',
        "label(tr_marked(MARKED))",
        'execute("SELECT name FROM jobs WHERE id = ?")',
        'open("the/file/name.txt")',
    ],
)
def test_other_texts_are_left_alone(line):
    source = f'{IMPORT}MARKED = mark("Marked")\ndef show():\n    {line}\n'
    assert find_in(source, "studio/x.py") == []


def test_texts_of_resources_are_translated():
    messages = {use.message.text for use in scan_all().uses if use.path.endswith(".toml")}
    assert "News headline" in messages
    assert "A popular all-round style on Stable Diffusion 1.5." in messages
    assert "Heart (American English, female)" in messages
    assert "Free for every use, also commercial, if you credit the authors." in messages
    assert not messages & {"preset", "yes", "Kokoro 82M"}


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A folder of catalogs of its own, and a source that uses three messages."""
    monkeypatch.setattr(catalogs, "FOLDER", tmp_path)
    for name in ("read_catalog", "write_catalog"):
        function = getattr(catalogs, name)
        monkeypatch.setattr(program, name, lambda one, function=function: function(one, tmp_path))
    monkeypatch.setattr(program, "mo_path", lambda one: mo_path(one, tmp_path))
    source = in_function('tr("Save"); tr("Open", context="state"); tr_plural("One", "{count}", 2)')
    found = scan_source(source, "studio/x.py")
    monkeypatch.setattr(program, "scan_all", lambda: found)
    return tmp_path


def test_translations_are_delivered_as_json(checkout, capsys):
    assert program.main(["missing"]) == 0
    wanted = json.loads(capsys.readouterr().out)
    assert wanted == {"One": "", "Open": {"state": ""}, "Save": ""}
    file = checkout / "area.json"
    delivered = {"One": "{count} 个", "Open": {"state": "已打开"}, "Save": "保存", "Gone": "没了"}
    file.write_text(json.dumps(delivered))
    assert program.main(["merge", str(file)]) == 0
    assert "'Gone'" in capsys.readouterr().err
    assert program.main(["missing"]) == 0
    assert json.loads(capsys.readouterr().out) == {}
    found = {entry.id: entry.string for entry in entries(read_catalog("zh_CN", checkout))}
    assert found == {"Save": "保存", "Open": "已打开", ("One", "{count}"): ("{count} 个",)}
    assert mo_path("zh_CN", checkout).read_bytes() == compiled(read_catalog("zh_CN", checkout))
