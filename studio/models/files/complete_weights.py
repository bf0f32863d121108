"""Refuses a model whose tensors are missing: the libraries fill them with random numbers and only
log it.

transformers and diffusers compare the tensors that they find with those of the class, with whatever
they rename, tie or merge. This asks them for the result, also for each part that a pipeline of
diffusers loads by itself.
"""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from studio.core.errors import StudioError
from studio.models.files.weight_names import listed, misnamed, scales

_CURE = "Get the model again, or choose another copy of it."
_LOADERS = (("transformers", "PreTrainedModel"), ("diffusers", "ModelMixin"))
_OTHER_SHAPES = re.compile(r"ignore_mismatched_sizes|size mismatch|mismatched sizes", re.IGNORECASE)
"""In what the libraries raise where a tensor has another shape than the class wants."""
_SINGLE_FILE = "diffusers.loaders.single_file_model"


@contextmanager
def require_complete_weights(title: str, *, diffusers: bool = True) -> Iterator[None]:
    """Make every `from_pretrained` in this context raise StudioError where tensors of the model
    `title` are missing.

    The loaders are replaced for the whole process: one thread loads models, and nothing else loads
    meanwhile. Without
    `diffusers` that library is not imported, which takes seconds.
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
    """Check the parts of a checkpoint in one file before diffusers moves them: what it lacks is
    still on the meta device.
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
    """Raise StudioError where a part of a model has tensors without data."""
    empty = [name for name, tensor in model.named_parameters() if tensor.is_meta]
    if empty:
        raise missing(title, empty)


def check_loaded(model: Any, info: Mapping[str, Any], title: str) -> None:
    """Raise StudioError where `info`, what a library reports of loading `model`, names missing
    tensors or unused scales.

    Tied weights count as there, and buffers, which the class computes, are not needed.
    """
    buffers = {name for name, _tensor in model.named_buffers()}
    absent = [name for name in info.get("missing_keys", ()) if name not in buffers]
    unused = [str(name) for name in info.get("unexpected_keys", ())]
    if absent:
        raise missing(title, absent, unused)
    if unapplied := scales(unused):
        raise StudioError(
            f"{title} cannot be loaded: its weights are scaled ({listed(unapplied)}), and its "
            "model class does not apply scales.",
            cause="model",
            cure="Choose the plain model, or a GGUF.",
        )


def missing(title: str, absent: list[str], unused: list[str] | None = None) -> StudioError:
    """Return the error that names the tensors that are missing."""
    why = misnamed(unused or [])
    count = "1 tensor is" if len(absent) == 1 else f"{len(absent):,} tensors are"
    reason = f"{why}; " if why else ""
    return StudioError(
        f"{title} cannot be loaded: {reason}{count} missing ({listed(absent)}).",
        cause="model",
        cure=_CURE,
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
    detail = f" ({shape[:200]})" if shape else ""
    return StudioError(
        f"{title} cannot be loaded: its tensors have other shapes than its config.json{detail}.",
        cause="model",
        cure=_CURE,
    )
