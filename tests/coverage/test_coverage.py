"""Each row of the table in docs/models.md is what a run of the family gives."""

from pathlib import Path

import pytest

from studio.models.catalog import catalog_entries, why_not_run
from tests.checkpoints.audio_diffusion import LIBRARY_WARNINGS
from tests.coverage.run import FamilyTest
from tests.coverage.table import FAMILIES, rows_of

pytestmark = LIBRARY_WARNINGS
ROWS = rows_of(Path(__file__).parents[2] / "docs" / "models.md")


@pytest.mark.filterwarnings("ignore:In CPU autocast")  # Mochi decodes as on a GPU
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.card)
def test_family_matches_its_row(family, tmp_path):
    test = FamilyTest(family, tmp_path)
    try:
        assert test.row() == ROWS[family.card]
    finally:
        test.close()


def test_the_table_has_no_other_rows():
    assert list(ROWS) == [family.card for family in FAMILIES]


def test_every_catalog_model_that_runs_has_a_row():
    covered = {name for family in FAMILIES for name in (family.card, *family.likewise)}
    runs = {
        entry.card.name
        for entry in catalog_entries()
        if entry.card.runner in ("transformers", "diffusers")
        and not entry.card.builtin
        and not why_not_run(entry.card)
    }
    # LoRAs on SDXL: tests/engine/image/test_adapters.py
    distilled = {"hyper-sdxl", "lcm-lora-sdxl", "sdxl-lightning"}
    transcribes = {"whisper-base"}  # from a recording: tests/engine/transcription
    assert runs - covered == distilled | transcribes
    assert covered - runs == set()
