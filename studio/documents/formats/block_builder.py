"""Builds blocks from the events of a reader: text in styles, and starts and ends of blocks."""

from __future__ import annotations

from studio.documents.formats.blocks import (
    Block,
    Code,
    Heading,
    Item,
    Paragraph,
    Rule,
    Run,
    Runs,
    Table,
    plain,
    tidy,
)

MAX_CELLS = 200_000
"""Of all tables."""
MAX_LEVEL = 32
"""Lists or quotes in each other; a deeper one is shown at this level."""
MAX_TABLES = 16
"""Tables in each other; the rows of a deeper one belong to the one around it."""


class BlockBuilder:
    """Collects the runs of the current block until `close` adds it to `blocks`."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.quote = 0
        self.heading = 0
        """Level of the heading that is open; 0 for none."""
        self._numbers: list[int | None] = []
        """Number of the current item of each open list; None for bullets."""
        self._open_items: list[bool] = []
        """For each open list: an item has begun and not ended."""
        self._is_item_open = False
        self._runs: list[Run] = []
        self._tables: list[list[list[list[Run]]]] = []
        """Open tables → rows → cells → runs."""
        self._joined_tables = 0
        """Open tables that are too deep."""
        self._cells = 0

    @property
    def is_in_table(self) -> bool:
        """True if text belongs to a table's cell."""
        return bool(self._tables)

    @property
    def _shown_quote(self) -> int:
        return min(self.quote, MAX_LEVEL)

    @property
    def _list_level(self) -> int:
        return min(len(self._numbers), MAX_LEVEL)

    def add(self, run: Run) -> None:
        """Add text to the current block."""
        self._runs.append(run)

    def close(self) -> None:
        """End the current block; in a table, only a line of the cell."""
        if self._tables:
            self.add(Run("\n"))
            return
        runs = tidy(self._runs)
        self._runs = []
        if not plain(runs).strip():
            return
        if self.heading:
            self.blocks.append(Heading(self.heading, runs, self._shown_quote))
        elif self._is_item_open and self._numbers:
            level = self._list_level - 1
            self.blocks.append(Item(runs, level, self._numbers[-1], self._shown_quote))
            self._is_item_open = False
        else:
            self.blocks.append(Paragraph(runs, self._shown_quote, self._list_level))

    def add_code(self, text: str, language: str = "") -> None:
        """Add lines of code."""
        self.close()
        if text.strip() and not self._tables:
            text = text.strip("\n").rstrip()
            self.blocks.append(Code(text, language, self._shown_quote, self._list_level))
        elif text.strip():
            self.add(Run(text, code=True))

    def add_rule(self) -> None:
        """Add a horizontal line."""
        self.close()
        if not self._tables:
            self.blocks.append(Rule())

    def open_list(self, first: int | None) -> None:
        """Begin a list: with bullets, or with the number of its first item."""
        self.close()
        self._numbers.append(first)
        self._open_items.append(False)

    def close_list(self) -> None:
        """End the innermost list."""
        self.close()
        self._is_item_open = False
        if self._numbers:
            self._numbers.pop()
            self._open_items.pop()

    def open_item(self, number: int | None = None) -> None:
        """Begin a list item, and end the one before; without a number it follows that one."""
        self.close()
        if not self._numbers:
            self.open_list(None)
        if self._open_items[-1]:
            self.close_item()
        self._open_items[-1] = True
        self._is_item_open = True
        if number is not None and self._numbers[-1] is not None:
            self._numbers[-1] = number

    def close_item(self) -> None:
        """End a list item."""
        self.close()
        self._is_item_open = False
        if self._numbers and self._open_items[-1]:
            self._open_items[-1] = False
            number = self._numbers[-1]
            self._numbers[-1] = number + 1 if number is not None else None

    def open_table(self) -> None:
        """Begin a table."""
        if not self._tables:
            self.close()
        if len(self._tables) < MAX_TABLES:
            self._tables.append([])
        else:
            self._joined_tables += 1

    def open_row(self) -> None:
        """Begin a table's row."""
        self._end_cell()
        if self._tables:
            self._tables[-1].append([])

    def open_cell(self) -> None:
        """Begin a table's cell."""
        self._end_cell()
        if self._tables and self._cells < MAX_CELLS:
            if not self._tables[-1]:
                self._tables[-1].append([])
            self._tables[-1][-1].append([])
            self._cells += 1

    def close_table(self) -> None:
        """End the innermost table; one inside a cell becomes text of that cell."""
        self._end_cell()
        if self._joined_tables:
            self._joined_tables -= 1
            return
        if not self._tables:
            return
        rows = tuple(
            tuple(map(tidy, row))
            for row in self._tables.pop()
            if any(plain(c).strip() for c in row)
        )
        if self._tables:
            for row in rows:
                self._runs += [Run("\n"), *_joined(row)]
        elif max(map(len, rows), default=0) > 1:
            self.blocks.append(Table(rows))
        else:  # one column: a frame around text
            for row in rows:
                self._runs = list(row[0])
                self.close()

    def finish(self) -> list[Block]:
        """Close everything that is open and return the blocks."""
        self._joined_tables = 0
        while self._tables:
            self.close_table()
        self.close()
        return self.blocks

    def _end_cell(self) -> None:
        if self._tables and self._tables[-1] and self._tables[-1][-1]:
            self._tables[-1][-1][-1] += self._runs
            self._runs = []


def _joined(cells: tuple[Runs, ...]) -> list[Run]:
    runs: list[Run] = []
    for cell in cells:
        runs += [*cell, Run(" ")]
    return runs
