"""The library's index: search in English and Chinese, filters, notes, lineage, damage."""

import sqlite3

import msgspec
import pytest

from studio.library.index import LibraryIndex
from studio.library.items import Annotation, NewItem, Query


@pytest.fixture
def index(tmp_path):
    opened = LibraryIndex(tmp_path / "library.db")
    yield opened
    opened.close()


def new_item(number: int, **changes) -> NewItem:
    values = {
        "path": f"/out/{number}.png",
        "sha256": f"{number:064x}",
        "size": 1000 * number,
        "modified": number,
        "media": "image",
        "kind": "image",
        "created": 1_700_000_000.0 + number,
        "model": "starter-image",
        "prompt": f"prompt {number}",
        "seed": number,
        "width": 64,
        "height": 64,
        "program": "Studio",
    }
    return NewItem(**{**values, **changes})


def paths(items) -> list[str]:
    return [item.path for item in items]


def test_search_returns_newest_first_in_pages(index):
    index.add(new_item(number) for number in (3, 1, 5, 2, 4))
    first = index.search(limit=2)
    assert paths(first) == ["/out/5.png", "/out/4.png"]
    rest = index.search(before=first[-1].id, limit=10)
    assert paths(rest) == ["/out/3.png", "/out/2.png", "/out/1.png"]
    assert list(index.ids()) == [item.id for item in [*first, *rest]]


def test_items_of_the_same_moment_keep_different_ids(index):
    ids = index.add(new_item(number, created=1_700_000_000.0) for number in range(5))
    assert len(set(ids)) == 5
    assert index.count() == 5


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("lighthouse", ["en"]),
        ("LIGHTHOUSE storm", ["en"]),
        ("house", ["en"]),
        ("storm lighthouse", ["en"]),
        ('"storm lighthouse"', []),
        ("灯塔", ["zh"]),
        ("塔", ["zh"]),
        ("暴", ["zh"]),
        ("风暴", ["zh"]),
        ("风暴中的灯塔", ["zh"]),
        ("灯塔 风暴", ["zh"]),
        ("st", ["en"]),
        ("m", ["en"]),
        ("é", ["accent"]),
        ("cafe\u0301", ["accent"]),
        ("100%", ["percent"]),
        ("under_score", ["percent"]),
        ("missing", []),
        ("龙", []),
        ('he said "quo', ["quote"]),
    ],
)
def test_search_finds_words_anywhere(index, text, found):
    prompts = {
        "en": "a lighthouse in a storm",
        "zh": "风暴中的灯塔，远处有暴",
        "accent": "un café",
        "percent": "100% under_score",
        "quote": 'he said "quoted"',
    }
    index.add(
        new_item(number, prompt=prompt, path=f"/out/{name}", model="x", sha256=name)
        for number, (name, prompt) in enumerate(prompts.items())
    )
    assert sorted(item.sha256 for item in index.search(Query(text=text))) == sorted(found)


def test_search_reads_text_model_name_and_note(index):
    first, second, third, fourth = index.add(
        [
            new_item(1, media="text", kind="text", body="The quick brown fox"),
            new_item(2, model="z-image-turbo"),
            new_item(3, path="/out/holiday-in-rome.png"),
            new_item(4),
        ]
    )
    index.annotate({fourth: Annotation(note="for the poster")})
    for text, found in (
        ("brown fox", first),
        ("turbo", second),
        ("rome", third),
        ("poster", fourth),
    ):
        assert [item.id for item in index.search(Query(text=text))] == [found]
    assert index.full_text(first) == "The quick brown fox"
    assert index.search(Query(text="fox"))[0].excerpt == "The quick brown fox"


def test_frequent_short_word_is_found_by_a_scan(index):
    """A word of two letters with too many trigrams still finds every item."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    index.add(
        new_item(number, prompt=" ".join(f"a{x}{y}" for y in letters for x in letters[:20]))
        for number in range(2)
    )
    assert index.count(Query(text="a")) == 2


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (Query(media=("text",)), [2]),
        (Query(kinds=("image",)), [4, 3, 1]),
        (Query(models=("sd",)), [3]),
        (Query(batch="b1"), [3]),
        (Query(program="ComfyUI"), [4]),
        (Query(has_seed=True), [3, 2, 1]),
        (Query(min_side=1000), [3]),
        (Query(min_bytes=2500), [4, 3]),
        (Query(max_bytes=1500), [1]),
        (Query(made_from=f"{1:064x}"), [3]),
        (Query(job_id="job"), [2]),
        (Query(folder="/elsewhere"), [4]),
        (Query(folder="/else"), []),
        (Query(created_from=1_700_000_003.0), [4, 3]),
        (Query(created_to=1_700_000_002.0), [1]),
        (Query(min_rating=4), [3]),
        (Query(favorite=True), [1]),
        (Query(tags=("sky", "sea")), [3]),
        (Query(collection="Best"), [1]),
        (Query(missing=True), [2]),
        (Query(missing=False), [4, 3, 1]),
        (Query(text="prompt", min_rating=1, kinds=("image",)), [3, 1]),
    ],
)
def test_conditions_combine(index, query, found):
    ids = index.add(
        [
            new_item(1),
            new_item(2, media="text", kind="text", job_id="job"),
            new_item(3, model="sd", batch="b1", width=1024, parents={"image": f"{1:064x}"}),
            new_item(4, program="ComfyUI", seed=None, path="/elsewhere/4.png"),
        ]
    )
    index.annotate(
        {
            ids[0]: Annotation(rating=2, favorite=True, collections=("Best",)),
            ids[2]: Annotation(rating=5, tags=("sea", "sky")),
        }
    )
    index.mark_missing([ids[1]])
    numbers = {item_id: number for number, item_id in enumerate(ids, 1)}
    assert [numbers[item.id] for item in index.search(query)] == found
    assert index.count(query) == len(found)


def test_file_that_is_added_again_keeps_notes(index):
    (item_id,) = index.add([new_item(1)])
    notes = Annotation(
        rating=3, favorite=True, note="好", tags=("a", "b"), collections=("One", "Two")
    )
    index.annotate({item_id: notes})
    assert index.add([new_item(1, prompt="other words")]) == [item_id]
    assert index.annotation(item_id) == notes
    assert index.search(Query(text="other"))[0].rating == 3
    assert not index.search(Query(text='"prompt 1"'))
    assert index.tags() == {"a": 1, "b": 1}
    assert index.collections() == {"One": 1, "Two": 1}


def test_moved_and_removed_files_are_found_under_their_new_names_only(index):
    first, second = index.add([new_item(1), new_item(2)])
    index.mark_missing([first])
    index.move(first, "/new/sunset.png")
    found = index.search(Query(text="sunset"))
    assert [(item.id, item.missing) for item in found] == [(first, False)]
    index.remove([second])
    assert index.find("/out/2.png") is None
    assert index.count(Query(text="prompt")) == 1


def test_lineage_goes_by_content(index):
    start, child = index.add([new_item(1), new_item(2, parents={"image": f"{1:064x}"})])
    index.move(start, "/moved/elsewhere.png")
    assert index.parents(child) == {"image": f"{1:064x}"}
    assert [item.id for item in index.children(f"{1:064x}")] == [child]
    assert [item.id for item in index.find_by_hash(f"{1:064x}")] == [start]


def test_prompt_history_lists_each_prompt_once_latest_first(index):
    index.add(
        new_item(number, prompt=prompt)
        for number, prompt in enumerate(["a", "b", "a", "", "c", "b"])
    )
    index.add([new_item(9, prompt="foreign", program="ComfyUI")])
    index.add([new_item(10, prompt="text", kind="text")])
    assert index.prompts(["image"]) == ["b", "c", "a"]
    assert index.prompts(["image"], limit=1) == ["b"]


def test_saved_searches_folders_and_progress_survive_a_restart(tmp_path):
    index = LibraryIndex(tmp_path / "library.db")
    index.save_search("red", Query(text="red", min_rating=3))
    index.add_folder("/photos", 12.0)
    index.set_progress("scan", "17")
    index.close()
    index = LibraryIndex(tmp_path / "library.db")
    assert index.saved_searches() == {"red": Query(text="red", min_rating=3)}
    assert index.folders() == {"/photos": 12.0}
    assert index.progress("scan") == "17"
    index.save_search("red", None)
    assert not index.saved_searches()
    index.close()


def test_two_programs_write_the_same_index(tmp_path):
    first = LibraryIndex(tmp_path / "library.db")
    second = LibraryIndex(tmp_path / "library.db")
    first.add([new_item(1)])
    second.add([new_item(2)])
    assert first.count() == second.count() == 2
    first.close()
    second.close()


@pytest.mark.parametrize(
    "content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 9000]
)
def test_damaged_index_is_kept_and_replaced(tmp_path, content):
    path = tmp_path / "library.db"
    path.write_bytes(content)
    index = LibraryIndex(path)
    index.add([new_item(1)])
    index.close()
    (kept,) = tmp_path.glob("library.db.damaged-*")
    assert kept.read_bytes() == content


def test_index_of_another_schema_is_kept_and_replaced(tmp_path):
    path = tmp_path / "library.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE other (x)")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    index = LibraryIndex(path)
    assert index.count() == 0
    index.close()
    assert list(tmp_path.glob("library.db.damaged-*"))


def test_failed_change_leaves_the_index_as_it_was(index):
    index.add([new_item(1)])
    broken = new_item(3, seed=2**70)  # SQLite has 64 bits
    with pytest.raises(OverflowError):
        index.add([new_item(2), broken])
    assert index.count() == 1


@pytest.mark.parametrize("count", [3, 250])
def test_origin_of_few_and_of_many_items_is_found_alike(index, count):
    """Few items of a program, model or folder are found by another way than many."""
    index.add(
        new_item(number, path=f"/some/{number}.png", program="ComfyUI", model="sd")
        for number in range(count)
    )
    index.add([new_item(1_000)])
    for query in (Query(program="ComfyUI"), Query(models=("sd", "x")), Query(folder="/some")):
        for text in ("", "prompt"):
            found = index.ids(msgspec.structs.replace(query, text=text))
            assert (len(found), found[0]) == (count, max(found))
