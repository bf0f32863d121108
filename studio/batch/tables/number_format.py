"""Format a spreadsheet's numbers as displayed: dates, times, percentages, decimals.

Format codes: ECMA-376, part 1, 18.8.30 and 18.8.31.
"""

from __future__ import annotations

import datetime
import functools
import re
from typing import Literal

BUILT_IN = {
    1: "0",
    2: "0.00",
    9: "0%",
    10: "0.00%",
    14: "yyyy-mm-dd",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm",
    19: "h:mm:ss",
    20: "h:mm",
    21: "h:mm:ss",
    22: "yyyy-mm-dd h:mm",
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss",
}
BUILT_IN |= dict.fromkeys(
    (*range(27, 32), *range(36, 37), *range(50, 55), *range(57, 59)), "yyyy-mm-dd"
)
BUILT_IN |= dict.fromkeys((32, 33, 55, 56), "h:mm:ss")
"""Formats that have only a number, including those of East Asian versions."""
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]{1,255}\])[^\]]{0,255}\]', re.IGNORECASE)
_FIXED = re.compile(r"(0+|#|#,##0)(?:\.(0+))?(%?)")
_LAST_DAY = 2_958_465
"""In the year 9999."""
Shape = Literal["general", "date", "time", "date-time", "elapsed"]


@functools.lru_cache(maxsize=1024)
def _shape(code: str) -> tuple[Shape, bool]:
    """Return the type of a format, and whether it includes seconds."""
    plain = _LITERAL.sub("", code.partition(";")[0]).casefold()
    if "[h" in plain or "[m" in plain or "[s" in plain:
        return "elapsed", "s" in plain
    if "general" in plain:
        return "general", False
    time = "h" in plain or "s" in plain
    date = "y" in plain or "d" in plain or ("m" in plain and not time)
    shape: Shape = (
        "date-time" if date and time else "date" if date else "time" if time else "general"
    )
    return shape, "s" in plain


def show(value: float, code: str, *, since_1904: bool = False) -> str:
    """Return the number as displayed in this format: dates as 2026-05-01, times as 07:30.

    Raises ValueError.
    """
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError("not a number")
    shape, seconds = _shape(code) if code else ("general", False)
    if shape != "general" and 0 <= value <= _LAST_DAY:
        return _show_time(value, shape, seconds, since_1904)
    fixed = _FIXED.fullmatch(_LITERAL.sub("", code.partition(";")[0]).strip()) if code else None
    return _show_fixed(value, fixed) if fixed else plain(value)


def plain(value: float) -> str:
    """Return the number with the 15 digits that spreadsheets keep."""
    if value.is_integer() and abs(value) < 1e15:
        return f"{value:.0f}".replace("-0", "0") if value == 0 else f"{value:.0f}"
    return f"{value:.15g}"


def _show_fixed(value: float, found: re.Match[str]) -> str:
    whole, places, percent = found[1], found[2] or "", found[3]
    text = f"{value * 100 if percent else value:.{min(len(places), 15)}f}"
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    if set(whole) == {"0"} and len(whole) > 1:
        digits = digits.rjust(min(len(whole), 30) + (len(places) + 1 if places else 0), "0")
    return f"{sign}{digits}{percent}"


def _show_time(value: float, shape: Shape, seconds: bool, since_1904: bool) -> str:
    total = round(value * 86_400)
    if shape == "elapsed":
        return f"{total // 3600}:{total // 60 % 60:02}" + (f":{total % 60:02}" if seconds else "")
    # Day 60 is 29 February 1900, which never was; before it days count from the last day of 1899.
    epoch = (
        datetime.datetime(1904, 1, 1)
        if since_1904
        else datetime.datetime(1899, 12, 31 if value < 60 else 30)
    )
    moment = epoch + datetime.timedelta(seconds=total)
    time = moment.strftime("%H:%M:%S" if seconds else "%H:%M")
    if shape == "time":
        return time
    date = moment.date().isoformat()
    return date if shape == "date" or total % 86_400 == 0 else f"{date} {time}"
