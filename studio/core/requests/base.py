"""The base class of requests, and `build_request`, which builds one from loose values.

Forms, the command line and batch rows all call `build_request`, so that a value means the same
everywhere. The `msgspec.Meta` of a field has its limits; `Meta.extra` has what a form or the
command line needs:

    flag      option of the command line, without dashes; also a column name of batch files
    unit      shown after the number in a form
    lowest    shown in a form instead of the lowest number
    advanced  shown in the form's "Advanced" section
    step      step of a spin box
    slider    (low, high) of a slider next to the number, which may go beyond it
    file      the field names a file; see `input_files`
    content   the field may name a file, whose text is then its value; see `input_files`
    many      a repeated option or a list in a file is joined with commas
    internal  no field of forms, command line and batch files; set by the program
"""

from __future__ import annotations

import functools
import math
import re
import typing
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Self

import msgspec
from msgspec import Meta

from studio.core.errors import InvalidRequestError, Problem
from studio.core.requests.random_numbers import draw_number
from studio.core.requests.text_lists import split_texts
from studio.core.translation import mark, tr, tr_marked

MAX_SEED = 2**32 - 1
MAX_PROMPT_CHARACTERS = 200_000
MAX_ENTRY_CHARACTERS = 200
"""Of an entry of a list of texts."""
UNKNOWN = mark("is not a setting of this kind")
"""The problem of a name that the request does not have."""
MISSING = mark("is missing")
"""The problem of a required field without a value."""
_INVALID = re.compile("[\0\ud800-\udfff]")

Prompt = Annotated[
    str,
    Meta(
        title=mark("Prompt"), description=mark("What to generate, in your own words."), min_length=1
    ),
]
ModelName = Annotated[
    str,
    Meta(
        title=mark("Model"),
        description=mark("An installed model; empty for the default."),
        extra={"flag": "model"},
    ),
]
Seed = Annotated[
    int,
    Meta(
        title=mark("Seed"),
        description=mark(
            "Repeats a result with the same model and settings; empty for a random one."
        ),
        ge=0,
        le=MAX_SEED,
        extra={"flag": "seed"},
    ),
]


def draw_seed() -> int:
    """Return a random seed in 0..MAX_SEED."""
    return draw_number(MAX_SEED + 1)


class FieldInfo(msgspec.Struct, frozen=True):
    """A field of a request, as forms, the command line and batch files need it."""

    name: str
    type: Any
    """The bare Python type: str, int, float, bool, a Literal or tuple[str, ...]."""
    meta: Meta
    default: Any
    optional: bool
    """True if None is allowed."""
    choices: tuple[str, ...] = ()
    """The values of a Literal field, else empty."""

    @property
    def title(self) -> str:
        """Its name for the user."""
        return tr_marked(self.meta.title or "") or self.name

    @property
    def description(self) -> str:
        """What it is, for the user."""
        return tr_marked(self.meta.description or "")

    @property
    def unit(self) -> str:
        """The unit of its number, for the user."""
        return tr_marked(str((self.meta.extra or {}).get("unit", "")))

    @property
    def lowest(self) -> str:
        """What the lowest number means, for the user; empty if it has no meaning of its own."""
        return tr_marked(str((self.meta.extra or {}).get("lowest", "")))

    def choice_title(self, choice: str) -> str:
        """Return what a form shows for one of `choices`; a format or a name is its own title."""
        title = (self.meta.extra or {}).get("titles", {}).get(choice)
        return choice if title is None else tr_marked(title, "mode")

    @property
    def suggestions(self) -> dict[str, str]:
        """Values of a text that a form lists → their titles; others are possible."""
        titles = (self.meta.extra or {}).get("suggestions", {})
        return {value: tr_marked(title) for value, title in titles.items()}

    @property
    def flag(self) -> str:
        """Option of the command line, without dashes."""
        return str((self.meta.extra or {}).get("flag", self.name.replace("_", "-")))

    @property
    def is_list(self) -> bool:
        """True for a list of texts; see `text_lists`."""
        return typing.get_origin(self.type) is tuple and typing.get_args(self.type)[0] is str

    @property
    def internal(self) -> bool:
        """True if only the program sets it."""
        return bool((self.meta.extra or {}).get("internal"))

    @property
    def takes_content(self) -> bool:
        """True if its value is a text that a file may hold."""
        return bool((self.meta.extra or {}).get("content"))

    @property
    def many(self) -> bool:
        """True if several texts are joined."""
        return bool((self.meta.extra or {}).get("many"))


class Request(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="kind",
    forbid_unknown_fields=True,
    gc=False,
):
    """Everything that a job needs, fixed when it is submitted. Each subclass has its own module.

    Raises `InvalidRequestError` (a ValueError) for invalid values.
    """

    media_types: ClassVar[Mapping[str, str]] = {}
    """File format → media type of the artifacts."""

    prompt: Prompt
    model: ModelName = ""
    seed: Seed | None = None

    def __post_init__(self) -> None:
        problems: list[Problem] = []
        for info, value in zip(_all_fields(type(self)), msgspec.structs.astuple(self), strict=True):
            # Defaults are valid (a test checks it); checking them took most of the time of a batch
            # of 100 000 rows.
            if value is not info.default or (value is None and not info.optional):
                problems += _check_field(info, value)
        if not problems:
            problems = self.cross_check()
        if problems:
            raise InvalidRequestError(problems)

    @property
    def kind(self) -> str:
        """The kind's tag: text, image, speech, music …"""
        return str(type(self).__struct_config__.tag)

    @property
    def file_format(self) -> str:
        """The file name's extension, without the dot."""
        return str(getattr(self, "format", next(iter(self.media_types))))

    @property
    def result_count(self) -> int:
        """Number of artifacts."""
        return 1

    @property
    def work(self) -> float:
        """Amount of work in a unit of the kind; a model's time is about proportional to it."""
        return 1.0

    @classmethod
    def unused_with(cls, _values: Mapping[str, Any]) -> frozenset[str]:
        """Return the names of fields that have no effect with these values of other fields."""
        return frozenset()

    @property
    def likely_bytes(self) -> int:
        """Approximate size of its artifacts on disk."""
        return 4096

    @property
    def batch_key(self) -> tuple[object, ...] | None:
        """Equal for jobs that may run as one batch; None if the job runs alone."""
        return None

    def cross_check(self) -> list[Problem]:
        """Return the problems of fields that contradict each other."""
        return []

    def with_seed(self) -> Self:
        """Return the request with its own seed, or one drawn now."""
        return self if self.seed is not None else msgspec.structs.replace(self, seed=draw_seed())


def fields(request_type: type[Request]) -> tuple[FieldInfo, ...]:
    """Return the request's fields in the order of a form, without internal ones."""
    cached = _FIELDS.get(request_type)
    if cached is None:
        found = (info for info in _all_fields(request_type) if not info.internal)
        cached = _FIELDS[request_type] = tuple(found)
    return cached


_FIELDS: dict[type[Request], tuple[FieldInfo, ...]] = {}


@functools.cache
def _all_fields(request_type: type[Request]) -> tuple[FieldInfo, ...]:
    return tuple(_read_fields(request_type))


@functools.cache
def _by_name(request_type: type[Request]) -> dict[str, FieldInfo]:
    return {info.name: info for info in _all_fields(request_type)}


@functools.cache
def _defaults(request_type: type[Request]) -> dict[str, Any]:
    return {info.name: info.default for info in _all_fields(request_type)}


def _read_fields(request_type: type[Request]) -> Iterator[FieldInfo]:
    hints = typing.get_type_hints(request_type, include_extras=True)
    for field in msgspec.structs.fields(request_type):
        hint, optional = hints[field.name], False
        if type(None) in typing.get_args(hint):
            hint = next(part for part in typing.get_args(hint) if part is not type(None))
            optional = True
        meta = Meta()
        bare = hint
        if typing.get_origin(hint) is Annotated:
            bare, *annotations = typing.get_args(hint)
            meta = next((part for part in annotations if isinstance(part, Meta)), meta)
        default = None if field.default is msgspec.NODEFAULT else field.default
        choices = typing.get_args(bare) if typing.get_origin(bare) is typing.Literal else ()
        yield FieldInfo(
            name=field.name,
            type=bare,
            meta=meta,
            default=default,
            optional=optional,
            choices=choices,
        )


def _check_field(info: FieldInfo, value: Any) -> Iterator[Problem]:  # noqa: C901  one line a rule
    meta = info.meta
    if value is None:
        if not info.optional:
            yield Problem(info.name, tr_marked(MISSING))
        return
    if info.choices and value not in info.choices:
        yield Problem(info.name, tr("must be one of {choices}", choices=", ".join(info.choices)))
        return
    if info.type in (int, float):
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float))
            or not math.isfinite(value)
        ):
            yield Problem(info.name, tr("must be a finite number"))
        elif meta.ge is not None and value < meta.ge:
            yield Problem(info.name, tr("must be at least {limit}", limit=meta.ge))
        elif meta.gt is not None and value <= meta.gt:
            yield Problem(info.name, tr("must be above {limit}", limit=meta.gt))
        elif meta.le is not None and value > meta.le:
            yield Problem(info.name, tr("must be at most {limit}", limit=meta.le))
        elif meta.multiple_of is not None and value % meta.multiple_of:
            yield Problem(info.name, tr("must be a multiple of {number}", number=meta.multiple_of))
    elif info.type is str:
        if not isinstance(value, str):
            yield Problem(info.name, tr("must be text"))
        elif meta.min_length and not value.strip():
            yield Problem(info.name, tr("is empty"))
        elif len(value) > MAX_PROMPT_CHARACTERS:
            yield Problem(
                info.name,
                tr(
                    "is longer than {limit:,} characters",
                    limit=MAX_PROMPT_CHARACTERS,
                ),
            )
        elif not is_valid_text(value):
            yield Problem(info.name, tr("contains characters that are not valid text"))
    elif info.is_list:
        yield from _check_list(info, value)


def _check_list(info: FieldInfo, value: Any) -> Iterator[Problem]:
    most = info.meta.max_length
    if not isinstance(value, tuple) or not all(isinstance(entry, str) for entry in value):
        yield Problem(info.name, tr("must be a list of texts"))
    elif most is not None and len(value) > most:
        yield Problem(info.name, tr("has more than {limit} entries", limit=most))
    elif not all(value):
        yield Problem(info.name, tr("has an empty entry"))
    elif any(len(entry) > MAX_ENTRY_CHARACTERS for entry in value):
        yield Problem(
            info.name,
            tr("has an entry of more than {limit} characters", limit=MAX_ENTRY_CHARACTERS),
        )
    elif not all(map(is_valid_text, value)):
        yield Problem(info.name, tr("contains characters that are not valid text"))


def is_valid_text(value: str) -> bool:
    """Return whether a text has neither lone surrogates nor NUL characters."""
    # str accepts a lone surrogate, which fails only when the file is written; a NUL ends a string
    # in C libraries.
    return not _INVALID.search(value)


def build_request(request_type: type[Request], values: Mapping[str, Any]) -> Request:
    """Build a request from loose values (numbers may be text, as from a form or a CSV cell).

    Raises one `InvalidRequestError` with all unknown names and invalid values.
    """
    known = _by_name(request_type)
    unknown = [Problem(name, tr_marked(UNKNOWN)) for name in values if name not in known]
    wrong: dict[str, Problem] = {}
    converted = _defaults(request_type).copy()
    for name, value in values.items():
        if (info := known.get(name)) is None:
            continue
        if isinstance(value, str):
            if info.type is str or info.is_list:
                converted[name] = split_texts(value) if info.is_list else value
                continue
            if not value.strip():
                value = info.default
        elif isinstance(value, (list, tuple)) and info.many:
            value = ", ".join(map(str, value))
        try:
            converted[name] = (
                value if value is None else msgspec.convert(value, info.type, strict=False)
            )
        except (msgspec.ValidationError, UnicodeEncodeError):  # also a surrogate in a number
            wrong[name] = Problem(
                name,
                tr("{value} is not {type}", value=_shorten(value), type=_describe(info)),
            )
    if not unknown and not wrong:
        return request_type(**converted)
    problems = unknown + [wrong[name] for name in known if name in wrong]
    for name, info in known.items():
        if name not in wrong:
            problems.extend(_check_field(info, converted[name]))
    raise InvalidRequestError(problems)


def _describe(info: FieldInfo) -> str:
    if info.choices:
        return tr("one of {choices}", choices=", ".join(info.choices))
    if info.is_list:
        return tr("a list of texts")
    names = {int: tr("a whole number"), float: tr("a number"), bool: tr("true or false")}
    return names.get(info.type, tr("text"))


def _shorten(value: Any) -> str:
    text = str(value)
    return repr(text if len(text) <= 40 else text[:37] + "…")
