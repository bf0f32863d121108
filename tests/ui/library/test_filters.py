"""Each filter of the library, chosen in its menu, finds one of four files; its chip ends it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from studio.library.items import Annotation
from tests.ui.conftest import PATIENCE
from tests.ui.library.conftest import choose, found, make_item

FILTERS = {
    ("Medium", "Text"): "Text",
    ("Kind", "Text"): "Kind: Text",
    ("Model", "painter"): "Model: painter",
    ("Program", "ComfyUI"): "Program: ComfyUI",
    ("Batch", "night run"): "Batch: night run",
    ("Tag", "sea"): "Tag: sea",
    ("Collection", "Boats"): "Collection: Boats",
    ("Date", "Yesterday"): "",
    ("Rating", "★★★★ or more"): "★★★★ or more",
    ("Size", "At least 1024 px"): "At least 1024 px",
    ("Size", "At least 1 MB"): "At least 1 MB",
    ("Favorites",): "Favorites",
    ("With a seed",): "With a seed",
    ("Missing files",): "Missing files",
}
"""Titles in the menu → the chip; a date has its day."""


@pytest.mark.parametrize("titles", FILTERS, ids="/".join)
def test_a_filter_finds_what_has_it_until_its_chip_is_clicked(
    open_library, fill_library, folder, qtbot, titles
):
    special = {
        "Medium": {"media": "text"},
        "Kind": {"media": "text"},
        "Model": {"model": "painter"},
        "Program": {"program": "ComfyUI"},
        "Batch": {"batch": "night run"},
        "Date": {},
        "At least 1024 px": {"width": 2000, "height": 1024},
        "At least 1 MB": {"size": 1_500_000},
        "With a seed": {"seed": 7},
    }
    values = special.get(titles[-1], special.get(titles[0], {}))
    ids = fill_library(
        *(make_item(folder, 2 * number, seed=None) for number in range(2)),
        make_item(folder, 1, **{"seed": None, **values}),
        make_item(folder, 6, seed=None),
    )
    wanted = ids[2]
    studio, page = open_library()
    index = studio.shared.library.index
    annotation = {
        "Tag": Annotation(tags=("sea",)),
        "Collection": Annotation(collections=("Boats",)),
        "Rating": Annotation(rating=4),
        "Favorites": Annotation(favorite=True),
    }.get(titles[0], Annotation())
    index.annotate({wanted: annotation})
    if titles == ("Missing files",):
        index.mark_missing([wanted])
    QTest.mouseClick(page.bar.filter_button, Qt.MouseButton.LeftButton)
    choose(qtbot, *titles)
    qtbot.waitUntil(lambda: found(page) == [wanted], timeout=PATIENCE)
    chip = page.bar._chips.layout().itemAt(0).widget()
    assert chip.text().startswith(FILTERS[titles])
    QTest.mouseClick(chip, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: found(page) == sorted(ids, reverse=True), timeout=PATIENCE)
