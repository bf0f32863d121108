"""Constraints for `generate` of transformers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from studio.engine.text.constraints.row_constraint import RowConstraint


class ConstrainedRow(Protocol):
    """A row of a batch."""

    constraint: RowConstraint | None
    over: bool


def constrained_choice(rows: Sequence[ConstrainedRow]) -> Any:
    """Return what sets the logits of tokens that a row may not add to −∞, for `generate`."""
    import torch
    from transformers import generation

    class _ConstrainedChoice(generation.LogitsProcessor):  # type: ignore[misc]  # untyped
        def __call__(self, input_ids: Any, scores: Any) -> Any:
            scores = scores.clone()
            for number, row in enumerate(rows):
                if row.constraint is None or row.over:
                    continue
                allowed = row.constraint.allowed()
                if allowed is None:
                    continue
                mask = torch.zeros(scores.shape[-1], dtype=torch.bool)
                mask[: len(allowed)] = torch.from_numpy(allowed)[: len(mask)]
                mask = mask.to(scores.device)
                if not bool((scores[number] > -torch.inf)[mask].any()):
                    scores[number] = 0.0  # each of them would repeat an n-gram
                scores[number].masked_fill_(~mask, -torch.inf)
            return scores

    return _ConstrainedChoice()
