"""Every row of the table in docs/models.md is what a run of the family gives."""

from pathlib import Path

import pytest

from studio.models.catalog import catalogue, why_not_run
from tests.checkpoints.sound import THIRD_PARTIES
from tests.coverage.run import Trial
from tests.coverage.table import FAMILIES, rows_of

pytestmark = THIRD_PARTIES
ROWS = rows_of(Path(__file__).parents[2] / "docs" / "models.md")


@pytest.mark.filterwarnings(
    "ignore:In CPU autocast"
)  # Mochi's own way to decode, which means a GPU
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.card)
def test_a_family_does_what_the_table_says(family, tmp_path):
    trial = Trial(family, tmp_path)
    try:
        assert trial.row() == ROWS[family.card]
    finally:
        trial.close()


def test_the_table_has_no_other_rows():
    assert list(ROWS) == [family.card for family in FAMILIES]


def test_every_model_of_the_catalogue_that_runs_is_covered_by_a_row():
    covered = {name for family in FAMILIES for name in (family.card, *family.likewise)}
    runs = {
        entry.card.name
        for entry in catalogue()
        if entry.card.runner in ("transformers", "diffusers")
        and not entry.card.builtin
        and not why_not_run(entry.card)
    }
    distilled = {
        "hyper-sdxl",
        "lcm-lora-sdxl",
        "sdxl-lightning",
    }  # LoRAs on SDXL: tests/engine/image/test_adapters.py
    assert runs - covered == distilled
    assert covered - runs == set()
