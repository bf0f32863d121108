"""The measures of the code, on small packages whose numbers are known."""

import textwrap

import pytest

from tools import code_measures
from tools.code_measures import (
    Measures,
    exceeded,
    import_cycles,
    largest_folder,
    main,
    measure,
    percentile,
    rows,
)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return what writes files of a package `sample` that can be imported, and its folder."""
    folder = tmp_path / "sample"

    def write(files):
        for name, source in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(source), encoding="utf-8")
        return folder

    monkeypatch.syspath_prepend(tmp_path)
    return write


def counted(source):
    measures = Measures()
    measures.add(textwrap.dedent(source))
    return measures


def words(measures, place):
    return {word: count for word, count in measures.words[place].items() if count}


def test_lines_of_files_and_functions(package):
    folder = package(
        {
            "__init__.py": '"""Only a docstring: not a file whose length says something."""\n',
            "one.py": """\
                def outer():
                    def inner():
                        return 1

                    return inner


                class A:
                    @property
                    async def method(self):
                        ...
                """,
            "sub/__init__.py": "X = 1\n",
        }
    )
    measures = measure(folder)
    assert sorted(measures.files) == [1, 11]
    assert sorted(measures.functions) == [2, 2, 5]
    assert measures.lines == 13


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([], 50, 0),
        ([7], 95, 7),
        ([1, 2, 3], 50, 2),
        ([4, 1, 3, 2], 50, 2),
        (range(1, 101), 95, 95),
        (range(1, 12), 95, 11),
    ],
)
def test_percentile_by_nearest_rank(values, percent, expected):
    assert percentile(list(values), percent) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("try: f()\nexcept Exception: pass", 1),
        ("try: f()\nexcept: pass", 1),
        ("try: f()\nexcept (OSError, BaseException) as e: log(e)", 1),
        ("try: f()\nexcept ValueError: pass", 0),
        ("try: f()\nexcept BaseException:\n  undo()\n  raise", 0),
        ("try: f()\nexcept Exception as error:\n  undo()\n  raise error", 0),
        ("try: f()\nexcept Exception as error:\n  raise ValueError from error", 1),
        ("try: f()\nexcept Exception:\n  if g(): raise\n  undo()", 1),
        ("with contextlib.suppress(Exception): f()", 1),
        ("with suppress(OSError): f()", 0),
    ],
)
def test_broad_excepts_outside_clean_up_and_raise(source, expected):
    assert counted(source).broad_excepts == expected


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("a: dict", (1, 0)),
        ("a: dict[str, int] | None, /, *, b: Mapping[str, int], c: None | MutableMapping", (1, 2)),
        ("*a: dict[str, int], **b: dict", (2, 0)),
        ("a: list[dict[str, int]], b: Callable[[dict], int], c=dict()", (0, 0)),
    ],
)
def test_parameters_typed_dict_and_mapping(parameters, expected):
    measures = counted(f"def f({parameters}) -> dict: ...")
    assert (measures.dict_parameters, measures.mapping_parameters) == expected


def test_getattr_with_a_default():
    assert counted("getattr(a, 'b'); getattr(a, 'b', None); a.b.getattr(1)").getattr_defaults == 1


def test_long_lines_and_format_skips():
    source = f"a = '{'x' * 94}'\nb = '{'x' * 95}'\nc = [1,2]  # fmt: skip\nd = '# fmt: skip'\n"
    measures = counted(source)
    assert [len(line) for line in source.splitlines()[:2]] == [100, 101]
    assert (measures.long_lines, measures.format_skips) == (1, 1)


def test_words_by_place():
    measures = counted('''
        """Says what a picture is; there is none where None is given."""
        import door.tape as sound


        class PictureView(sound.Base):
            """A worn thing."""

            said_words = 1
            """Attribute docstring: told."""

            def takePictures(self, given=None):  # the wishes of a Film
                return f"{given.pictures} Pictures and {self.picturesque}" "see-through"
    ''')
    assert words(measures, "identifiers") == {
        "picture": 3,
        "door": 1,
        "tape": 1,
        "sound": 2,
        "said": 1,
        "given": 2,
    }
    assert words(measures, "docstrings") == {
        "says": 1,
        "picture": 1,
        "is none": 1,
        "given": 1,
        "worn": 1,
        "told": 1,
    }
    assert words(measures, "comments") == {"wish": 1, "film": 1}
    assert words(measures, "strings") == {"picture": 1, "see-through": 1}


def test_largest_folder_counts_modules_and_subpackages(package):
    folder = package(
        {
            "__init__.py": "",
            "a.py": "",
            "sub/__init__.py": "",
            "sub/b.py": "",
            "sub/c.py": "",
            "sub/d.py": "",
        }
    )
    (folder / "data").mkdir()
    (folder / "notes.txt").write_text("not code")
    assert largest_folder(folder) == (3, "sample/sub")


def test_import_cycles_of_modules_and_of_packages(package):
    package(
        {
            "__init__.py": "",
            "one.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from sample import "
            "two\n",
            "two.py": "def late():\n    import sample.one\n",
            "left/__init__.py": "",
            "left/a.py": "import sample.right.c\n",
            "left/b.py": "",
            "right/__init__.py": "",
            "right/c.py": "",
            "right/d.py": "import sample.left.b\n",
            "three.py": "import sample.one\n",
        }
    )
    assert import_cycles("sample") == [
        ["sample.one", "sample.two"],
        ["sample.left", "sample.right"],
    ]


def test_check_fails_when_a_limit_is_exceeded(package, monkeypatch, capsys):
    folder = package({"__init__.py": "", "a.py": "def f(a: dict, picture):\n    return 1\n"})
    monkeypatch.setattr(code_measures, "LIMITS", {"parameters typed dict": 1, "words": 1})
    assert main([str(folder), "--check"]) == 0
    assert "| parameters typed dict | 1 | 1 |" in capsys.readouterr().out
    monkeypatch.setattr(code_measures, "LIMITS", {"parameters typed dict": 0, "words": 1})
    assert main([str(folder), "--check"]) == 1
    assert capsys.readouterr().err == "parameters typed dict is 1, limit 0\n"
    assert main([str(folder)]) == 0


def test_a_limit_of_an_unknown_measure_is_an_error(package):
    folder = package({"__init__.py": ""})
    with pytest.raises(KeyError):
        exceeded(rows(folder), {"no such measure": 1})


def test_each_limit_names_a_measure(package):
    folder = package({"__init__.py": ""})
    assert set(code_measures.LIMITS) <= {name for name, _value, _remark in rows(folder)}
