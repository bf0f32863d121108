"""Every row of the table in docs/models.md is what a run of the family gives."""

from pathlib import Path

import pytest

from tests.checkpoints_sound import THIRD_PARTIES
from tests.coverage.run import Trial
from tests.coverage.table import FAMILIES, rows_of

pytestmark = THIRD_PARTIES
ROWS = rows_of(Path(__file__).parents[2] / "docs" / "models.md")


@pytest.mark.filterwarnings("ignore:In CPU autocast")  # Mochi's own way to decode, which means a GPU
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.card)
def test_a_family_does_what_the_table_says(family, tmp_path):
    trial = Trial(family, tmp_path)
    try:
        assert trial.row() == ROWS[family.card]
    finally:
        trial.close()


def test_the_table_has_no_other_rows():
    assert list(ROWS) == [family.card for family in FAMILIES]
