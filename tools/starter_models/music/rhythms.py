"""Named rhythms of harmony, bass and drums in sixteenths; a three-beat bar ends after twelve."""

from __future__ import annotations

TEXTURES: dict[str, tuple[tuple[int, int, str], ...]] = {
    "block": ((0, 16, "all"),),
    "half": ((0, 8, "all"), (8, 8, "all")),
    "eighths": tuple((step, 2, "all") for step in range(0, 16, 2)),
    "push": ((0, 6, "all"), (6, 6, "all"), (12, 4, "all")),
    "offbeat": tuple((step, 2, "all") for step in (2, 6, 10, 14)),
    "comp": ((0, 6, "all"), (6, 4, "all"), (14, 2, "all")),
    "bossa": ((0, 3, "all"), (3, 3, "all"), (6, 4, "all"), (10, 3, "all"), (13, 3, "all")),
    "strum": ((0, 4, "all"), (4, 2, "all"), (6, 4, "all"), (10, 2, "all"), (12, 4, "all")),
    "waltz": ((4, 4, "all"), (8, 4, "all")),
    "open": ((0, 8, "02"), (8, 8, "02")),
    "alberti": tuple((step, 2, str((0, 2, 1, 2)[step // 2 % 4])) for step in range(0, 16, 2)),
    "arpeggio": tuple(
        (step, 2, str((0, 1, 2, 3, 2, 1, 2, 1)[step // 2])) for step in range(0, 16, 2)
    ),
    "wide": tuple((step, 4, str((0, 2, 3, 1)[step // 4])) for step in range(0, 16, 4)),
    "pick": tuple((step, 2, str((0, 2, 1, 3, 0, 2, 1, 2)[step // 2])) for step in range(0, 16, 2)),
    "sixteenths": tuple((step, 1, str((0, 1, 2, 3)[step % 4])) for step in range(16)),
}
"""Name → (step, length, which notes of the voicing from below; 3 is the lowest an octave up)."""

BASSES: dict[str, tuple[tuple[int, int, str], ...]] = {
    "whole": ((0, 16, "1"),),
    "half": ((0, 8, "1"), (8, 8, "5")),
    "pop": ((0, 6, "1"), (6, 2, "1"), (8, 4, "1"), (12, 4, "5")),
    "eighths": tuple((step, 2, "1") for step in range(0, 16, 2)),
    "sixteenths": tuple(
        (step, 2 if step % 4 else 1, "8" if step % 4 else "1")
        for step in (0, 2, 4, 6, 8, 10, 12, 14)
    ),
    "offbeat": tuple((step, 2, "1") for step in (2, 6, 10, 14)),
    "octaves": tuple((step, 2, "18"[step // 2 % 2]) for step in range(0, 16, 2)),
    "walking": ((0, 4, "1"), (4, 4, "3"), (8, 4, "5"), (12, 4, "a")),
    "lofi": ((0, 6, "1"), (6, 4, "1"), (12, 4, "5")),
    "bossa": ((0, 6, "1"), (6, 2, "5"), (8, 6, "5"), (14, 2, "1")),
    "tresillo": ((0, 6, "1"), (6, 6, "5"), (12, 4, "1")),
}
"""Name → (step, length, note: root, third, fifth, octave, or `a`, the way to the next root)."""

GROOVES: dict[str, tuple[str, ...]] = {
    # K kick, S snare, P clap, X rim, T tom, H closed, O open hi-hat, R ride, A shaker
    "ballad": ("K H", "", "", "", "S H", "", "", "", "K H", "", "K", "", "S H", "", "H", ""),
    "pop": ("K H", "", "H", "", "S H", "", "H", "", "K H", "", "K H", "", "S H", "", "H", ""),
    "pop2": ("K H", "", "H", "K", "S H", "", "H", "", "H", "", "K H", "", "S H", "", "O", ""),
    "rock": ("K H", "", "H", "", "S H", "", "H", "", "K H", "", "K H", "", "S H", "", "H", ""),
    "rock2": ("K O", "", "O", "", "S O", "", "K O", "", "O", "", "K O", "", "S O", "", "O", ""),
    "swing": ("R", "", "", "", "R H", "", "R", "", "R", "", "", "", "R H", "", "R", ""),
    "four": ("K", "", "O", "", "K P", "", "O", "", "K", "", "O", "", "K P", "", "O", ""),
    "four2": (
        "K H",
        "H",
        "O",
        "H",
        "K P H",
        "H",
        "O",
        "H",
        "K H",
        "H",
        "O",
        "H",
        "K P H",
        "H",
        "O",
        "H",
    ),
    "lofi": ("K H", "", "H", "", "X H", "", "H", "K", "H", "", "K H", "", "X H", "", "H", ""),
    "lofi2": ("K H", "", "H", "", "S H", "", "H", "", "H", "K", "K H", "", "S H", "", "H", ""),
    "waltz": ("K", "", "", "", "H", "", "", "", "H", "", "", "", "", "", "", ""),
    "folk": ("K A", "", "A", "", "A", "", "A", "", "K A", "", "A", "", "A", "", "A", ""),
    "chip": ("K", "", "H", "", "S", "", "H", "", "K", "K", "H", "", "S", "", "H", "H"),
    "epic": ("K T", "", "", "", "T", "", "T", "", "K T", "", "", "", "T", "", "T", "T"),
    "bossa": (
        "K X A",
        "",
        "A",
        "A",
        "A",
        "",
        "K X A",
        "",
        "K A",
        "",
        "X A",
        "",
        "A",
        "X",
        "K A",
        "",
    ),
}
"""Name → what sounds on each sixteenth."""

FILLS = (
    ("S", "", "S", "", "T", "", "T", ""),
    ("S", "S", "", "S", "T", "T", "T", "T"),
    ("T", "", "T", "", "S", "", "S", "S"),
)
"""The second half of a bar before a new phrase."""
