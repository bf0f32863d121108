"""Refuses a model with missing tensors, which the libraries only log and fill with random numbers.

transformers and diffusers compare the tensors of a file with those of the model's class, after they
renamed, tied and merged some. This module reads their result, for each component of a pipeline too.
"""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from studio.core.errors import StudioError
from studio.core.translation import mark, tr, tr_marked, tr_plural
from studio.models.files.weight_names import listed, misnamed, scales

_CURE = mark("Get the model again, or choose another copy of it.")
_LOADERS = (("transformers", "PreTrainedModel"), ("diffusers", "ModelMixin"))
_OTHER_SHAPES = re.compile(r"ignore_mismatched_sizes|size mismatch|mismatched sizes", re.IGNORECASE)
"""In the libraries' errors about a tensor whose shape differs from that of the class."""
_SINGLE_FILE = "diffusers.loaders.single_file_model"


@contextmanager
def require_complete_weights(title: str, *, diffusers: bool = True) -> Iterator[None]:
    """Make `from_pretrained` raise StudioError in this context if tensors are missing.

    `title` is the model's name in the error. This replaces the loaders for the whole process, which
    is safe because one thread loads all models. `diffusers` False saves the seconds of its import.
    """
    with ExitStack() as stack:
        for library, name in _LOADERS if diffusers else _LOADERS[:1]:
            stack.enter_context(
                _checked_loader(getattr(importlib.import_module(library), name), title)
            )
        if diffusers:
            stack.enter_context(_checked_single_file(title))
        yield


@contextmanager
def _checked_loader(owner: Any, title: str) -> Iterator[None]:
    original = owner.__dict__["from_pretrained"]

    def from_pretrained(
        cls: Any, /, *args: Any, output_loading_info: bool = False, **options: Any
    ) -> Any:
        try:
            loaded = original.__func__(cls, *args, output_loading_info=True, **options)
        except RuntimeError as error:
            if not _OTHER_SHAPES.search(str(error)):
                raise
            raise _other_shapes(title, str(error)) from error
        model, info = loaded if isinstance(loaded, tuple) else (loaded, {})
        check_loaded(model, info, title)
        return (model, info) if output_loading_info else model

    functools.update_wrapper(from_pretrained, original.__func__)
    owner.from_pretrained = classmethod(from_pretrained)
    try:
        yield
    finally:
        owner.from_pretrained = original


@contextmanager
def _checked_single_file(title: str) -> Iterator[None]:
    """Check the components of a single-file checkpoint before diffusers moves them to a device.

    Until then, missing tensors are on the meta device.
    """
    module: Any = importlib.import_module(_SINGLE_FILE)
    original = module.dispatch_model

    def dispatch(model: Any, *args: Any, **options: Any) -> Any:
        require_data(model, title)
        return original(model, *args, **options)

    module.dispatch_model = dispatch
    try:
        yield
    finally:
        module.dispatch_model = original


def require_data(model: Any, title: str) -> None:
    """Raise StudioError if a component has tensors without data."""
    empty = [name for name, tensor in model.named_parameters() if tensor.is_meta]
    if empty:
        raise missing(title, empty)


def check_loaded(model: Any, info: Mapping[str, Any], title: str) -> None:
    """Raise StudioError if the library's report `info` names missing tensors or unused scales.

    Tied weights are not missing, and neither are buffers, which the class computes.
    """
    buffers = {name for name, _tensor in model.named_buffers()}
    absent = [name for name in info.get("missing_keys", ()) if name not in buffers]
    unused = [str(name) for name in info.get("unexpected_keys", ())]
    if absent:
        raise missing(title, absent, unused)
    if unapplied := scales(unused):
        raise StudioError(
            tr(
                "{title} cannot be loaded: its weights are scaled ({tensors}), and its model "
                "class does not apply scales.",
                title=title,
                tensors=listed(unapplied),
            ),
            cause="model",
            cure=tr("Choose the plain model, or a GGUF."),
        )


def missing(title: str, absent: list[str], unused: list[str] | None = None) -> StudioError:
    """Return the error that names the missing tensors."""
    reason = tr_plural(
        "1 tensor is missing ({tensors})",
        "{count:,} tensors are missing ({tensors})",
        len(absent),
        tensors=listed(absent),
    )
    if why := misnamed(unused or []):
        reason = tr("{why}; {reason}", why=why, reason=reason)
    return StudioError(
        tr("{title} cannot be loaded: {reason}.", title=title, reason=reason),
        cause="model",
        cure=tr_marked(_CURE),
    )


def _other_shapes(title: str, text: str) -> StudioError:
    shape = next(
        (
            line.strip()
            for line in text.splitlines()
            if "shape" in line.lower() or "torch.Size" in line
        ),
        "",
    )
    reason = tr("its tensors have other shapes than its config.json")
    if shape:
        reason += f" ({shape[:200]})"
    return StudioError(
        tr("{title} cannot be loaded: {reason}.", title=title, reason=reason),
        cause="model",
        cure=tr_marked(_CURE),
    )
