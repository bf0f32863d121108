"""The axes of a grid: `steps=10,20,30`, `guidance=[5..9 step 2]`, `prompt=a cat|a dog`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from studio.batch.grammar import MAX_COMBINATIONS, Choice, GrammarError, parse
from studio.core.errors import StudioError
from studio.core.kinds import kinds_with_settings_for
from studio.core.requests import fields
from studio.core.translation import mark, tr, tr_marked

MAX_AXES = 3
MAX_VALUES = 1_000
_CURE = mark("Write steps=10,20,30 or guidance=[5..9 step 2] or prompt=a cat|a dog.")


@dataclass(frozen=True)
class Axis:
    """One axis: a setting, or a variable if no kind has such a setting, and its values."""

    name: str
    values: tuple[str, ...]

    def is_setting_of(self, kind: str) -> bool:
        """True for a request field or its option's name, in a batch of this kind."""
        return any(
            self.name in (info.name, info.flag)
            for one in kinds_with_settings_for(kind)
            for info in fields(one.request_type)
        )


def read_axis(text: str) -> Axis:
    """Parse an axis. Commas separate values, or | if values contain commas. Raises StudioError."""
    name, sign, rest = text.partition("=")
    name = name.strip()
    if not sign or not name:
        raise _invalid(text, tr("it is not NAME=VALUES"))
    try:
        node = parse(rest.strip())
    except GrammarError as error:
        raise _invalid(text, tr("it {problem}", problem=error)) from error
    if isinstance(node, Choice) and node.sweep:
        values = [str(option) for option in node.options]
    else:
        values = [value.strip() for value in rest.split("|" if "|" in rest else ",")]
    if not all(values):
        raise _invalid(text, tr("a value is empty"))
    if len(set(values)) < len(values):
        raise _invalid(text, tr("it has a value twice"))
    if len(values) > MAX_VALUES:
        raise _invalid(text, tr("it has more than {maximum:,} values", maximum=MAX_VALUES))
    return Axis(name, tuple(values))


def check_axes(axes: Sequence[Axis]) -> None:
    """Raise StudioError if the axes do not form a grid."""
    if len(axes) > MAX_AXES:
        raise StudioError(
            tr("A grid has at most {maximum} axes.", maximum=MAX_AXES),
            cause="invalid",
            cure=tr("Use a sweep such as [1..5] in a cell."),
        )
    if math.prod(len(axis.values) for axis in axes) > MAX_COMBINATIONS:
        raise StudioError(
            tr("The grid has more than {maximum:,} cells.", maximum=MAX_COMBINATIONS),
            cause="invalid",
            cure=tr("Use fewer values."),
        )
    doubled = next(
        (axis.name for axis in axes if sum(axis.name == other.name for other in axes) > 1), None
    )
    if doubled:
        raise StudioError(
            tr("There are two axes {axis}.", axis=repr(doubled[:40])),
            cause="invalid",
            cure=tr("Combine their values in one axis."),
        )


def places(axes: Sequence[Axis]) -> Iterator[tuple[int, ...]]:
    """Yield the value indices of every grid cell, the last axis fastest; one () without axes."""
    return itertools.product(*(range(len(axis.values)) for axis in axes))


def _invalid(text: str, why: str) -> StudioError:
    return StudioError(
        tr("The axis {axis} is invalid: {reason}.", axis=repr(text[:60]), reason=why),
        cause="invalid",
        cure=tr_marked(_CURE),
    )
