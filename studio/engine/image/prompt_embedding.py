"""Embeds image prompts with weights, and long prompts in chunks; others the pipeline embeds itself.

CLIP: chunks of 75 tokens, each with its begin and end; a chunk breaks after a comma among its last
20 tokens; embeddings are multiplied by the weights, then scaled to their mean before. As in A1111,
`modules/sd_hijack_clip.py` and `modules/sd_emphasis.py`:
https://github.com/AUTOMATIC1111/stable-diffusion-webui/blob/v1.10.1/modules/sd_hijack_clip.py

T5 and BERT, whose embeddings may have a mean near zero: the distance from the embedding of an empty
prompt is multiplied by the weight, as in ComfyUI's `comfy/sd1_clip.py: ClipTokenWeightEncoder`.
https://github.com/comfyanonymous/ComfyUI/blob/master/comfy/sd1_clip.py
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio.core.errors import StudioError
from studio.core.requests import ImageRequest
from studio.core.requests.prompt_syntax.weights import Piece, PromptError, ReadPrompt
from studio.engine.image.load import ImagePipeline
from studio.models.capabilities import reads_breaks, reads_weights
from studio.models.card import ModelCard
from studio.preflight.prompt_syntax import read_for, translated

COMMA_TOKENS = 20
"""A chunk that is full may end after a comma that is at most this far from its end."""
Weighted = list[tuple[int, float]]
"""Tokens and their weights."""


@dataclass(frozen=True)
class Prompts:
    """The prompts of a request as its model reads them."""

    prompt: ReadPrompt
    negative_prompt: ReadPrompt
    translation: str = ""
    """The prompt's words where they differ from the user's, else an empty string."""

    def chunks(self, pipe: Any, card: ModelCard) -> int:
        """Return how many chunks the prompts need; 0 if the pipeline can embed them itself."""
        if not reads_weights(card):
            return 0
        if not reads_breaks(card):
            return 0 if self.prompt.is_plain and self.negative_prompt.is_plain else 1
        count = max(
            len(_chunks(pipe, tokenizer, read))
            for tokenizer in _clip_tokenizers(pipe)
            for read in (self.prompt, self.negative_prompt)
        )
        is_plain = self.prompt.is_plain and self.negative_prompt.is_plain
        return 0 if is_plain and count == 1 else count


def read_prompts(request: ImageRequest, card: ModelCard) -> Prompts:
    """Read and translate the prompts of a request. Raises StudioError if the model cannot."""
    try:
        prompt, negative_prompt = request.styled_prompts
        read, negative = read_for(prompt, card), read_for(negative_prompt, card)
    except PromptError as error:
        raise StudioError(str(error), cause="invalid") from error
    words = translated(read, card)
    is_changed = words.text != read.text or prompt != request.prompt
    translation = words.text if is_changed else ""
    return Prompts(words, translated(negative, card), translation)


def embedded(
    arguments: Mapping[str, Any],
    prompts: Sequence[Prompts],
    chunks: int,
    pipeline: ImagePipeline,
    card: ModelCard,
) -> dict[str, Any]:
    """Return the arguments of a call with embeddings in place of the prompts.

    The embeddings have `chunks` × 77 tokens each, in SD 3 followed by those of T5.
    """
    import torch

    pipe, names = pipeline.pipe, ("prompt_embeds", "pooled_prompt_embeds")
    embed = _embedder(pipe, card)
    found: dict[str, Any] = {}
    sides = [("", [one.prompt for one in prompts])]
    if "negative_prompt_embeds" in pipeline.parameters and embed is not _embed_flux:
        sides.append(("negative_", [one.negative_prompt for one in prompts]))
    for prefix, reads in sides:
        results = [embed(pipe, read, chunks) for read in reads]
        for index, name in enumerate(names):
            if results[0][index] is not None:
                found[prefix + name] = torch.cat([result[index] for result in results])
    # SDXL was trained with zeros where there is no negative prompt.
    if "negative_prompt" not in arguments and pipe.config.get("force_zeros_for_empty_prompt"):
        for name in names:
            found[f"negative_{name}"] = torch.zeros_like(found[name])
    kept = {
        name: value
        for name, value in arguments.items()
        if name not in ("prompt", "negative_prompt")
    }
    return kept | {name: value for name, value in found.items() if name in pipeline.parameters}


Embed = Callable[[Any, ReadPrompt, int], tuple[Any, Any]]
"""Pipeline, prompt and number of chunks → embeddings and pooled embedding, each of a batch of 1."""


def _embedder(pipe: Any, card: ModelCard) -> Embed:
    if not reads_breaks(card):
        return _embed_flux if "transformer" in pipe.components else _embed_sd_whole
    if "text_encoder_3" in pipe.components:
        return _embed_sd3
    return _embed_sdxl if "text_encoder_2" in pipe.components else _embed_sd


def _embed_sd(pipe: Any, read: ReadPrompt, chunks: int) -> tuple[Any, Any]:
    parts = _padded(_chunks(pipe, pipe.tokenizer, read), chunks)
    return _encode_clip(pipe, pipe.tokenizer, pipe.text_encoder, parts, penultimate=False)[0], None


def _embed_sd_whole(pipe: Any, read: ReadPrompt, _chunk_count: int) -> tuple[Any, Any]:
    """Embed the prompt of a model that was trained on one short chunk, and is no CLIP."""
    tokenizer, encoder = pipe.tokenizer, pipe.text_encoder
    tokens = [pair for chunk in read.chunks for pair in _tokens(pipe, tokenizer, chunk)]
    tokens = tokens[: tokenizer.model_max_length - 2]
    ids, mask, weights = _tensors(pipe, tokenizer, tokens)
    empty_ids, empty_mask, _ones = _tensors(pipe, tokenizer, [])
    is_masked = getattr(encoder.config, "use_attention_mask", False)
    hidden = encoder(ids, attention_mask=mask if is_masked else None)[0]
    empty = encoder(empty_ids, attention_mask=empty_mask if is_masked else None)[0]
    return _moved_from(empty, hidden, weights), None


def _embed_sdxl(pipe: Any, read: ReadPrompt, chunks: int) -> tuple[Any, Any]:
    return _embed_two_clips(pipe, read, chunks, pool_all=False)


def _embed_two_clips(
    pipe: Any, read: ReadPrompt, chunks: int, *, pool_all: bool
) -> tuple[Any, Any]:
    """Embed with two CLIPs, whose channels are joined. `pool_all`: also pool the first one."""
    import torch

    hidden, pooled = [], []
    for tokenizer, encoder in (
        (pipe.tokenizer, pipe.text_encoder),
        (pipe.tokenizer_2, pipe.text_encoder_2),
    ):
        if encoder is None:
            continue  # SDXL's refiner has the second one only
        parts = _padded(_chunks(pipe, tokenizer, read), chunks)
        embeds, pool = _encode_clip(pipe, tokenizer, encoder, parts, penultimate=True)
        hidden.append(embeds)
        pooled.append(pool)
    return torch.cat(hidden, dim=-1), torch.cat(pooled, dim=-1) if pool_all else pooled[-1]


def _embed_sd3(pipe: Any, read: ReadPrompt, chunks: int) -> tuple[Any, Any]:
    import torch

    clip, pooled = _embed_two_clips(pipe, read, chunks, pool_all=True)
    t5 = _sd3_t5(pipe, read.text)
    if pipe.text_encoder_3 is not None:
        weights = _character_weights(pipe.tokenizer_3, read, t5)
        t5 = _moved_from(_sd3_t5(pipe, ""), t5, weights) if weights is not None else t5
    clip = torch.nn.functional.pad(clip, (0, t5.shape[-1] - clip.shape[-1]))
    return torch.cat([clip, t5], dim=-2), pooled


def _sd3_t5(pipe: Any, text: str) -> Any:
    """Return T5's part of the embeddings, which follows that of the CLIPs."""
    embeds = pipe.encode_prompt(text, text, text, do_classifier_free_guidance=False)[0]
    return embeds[:, pipe.tokenizer_max_length :]


def _embed_flux(pipe: Any, read: ReadPrompt, _chunk_count: int) -> tuple[Any, Any]:
    """Embed with T5; CLIP's pooled embedding stays that of the words alone."""
    embeds, pooled, *_ids = pipe.encode_prompt(read.text, read.text)
    weights = _character_weights(pipe.tokenizer_2, read, embeds)
    if weights is not None:
        embeds = _moved_from(pipe.encode_prompt("", "")[0], embeds, weights)
    return embeds, pooled


def _clip_tokenizers(pipe: Any) -> list[Any]:
    tokenizers = (pipe.components.get(name) for name in ("tokenizer", "tokenizer_2"))
    return [one for one in tokenizers if one is not None]


def _tokens(pipe: Any, tokenizer: Any, pieces: Sequence[Piece]) -> Weighted:
    """Return the tokens of a chunk without begin and end."""
    found: Weighted = []
    for piece in pieces:
        text = piece.text
        if hasattr(pipe, "maybe_convert_prompt"):  # words of textual inversions
            text = pipe.maybe_convert_prompt(text, tokenizer)
        ids = tokenizer(text, add_special_tokens=False, verbose=False).input_ids
        found += [(token, piece.weight) for token in ids]
    return found


def _chunks(pipe: Any, tokenizer: Any, read: ReadPrompt) -> list[Weighted]:
    """Return the tokens of each chunk, at least one chunk."""
    size = tokenizer.model_max_length - 2
    commas = tokenizer(",", add_special_tokens=False).input_ids
    comma = commas[-1] if len(commas) == 1 else None
    return [
        part
        for pieces in read.chunks
        for part in _split(_tokens(pipe, tokenizer, pieces), size, comma)
    ]


def _split(tokens: Weighted, size: int, comma: int | None) -> Iterator[Weighted]:
    while len(tokens) > size:
        end = size
        places = [at for at in range(size - COMMA_TOKENS, size) if tokens[at][0] == comma]
        if comma is not None and places and tokens[size][0] != comma:
            end = places[-1] + 1
        yield tokens[:end]
        tokens = tokens[end:]
    yield tokens


def _padded(chunks: list[Weighted], count: int) -> list[Weighted]:
    return chunks + [[]] * (count - len(chunks))


def _encode_clip(
    pipe: Any, tokenizer: Any, encoder: Any, chunks: list[Weighted], *, penultimate: bool
) -> tuple[Any, Any]:
    """Return the embeddings of the chunks in a row (1, chunks × 77, width), and the first pooled.

    `penultimate`: of the layer before the last one, as SDXL and SD 3 use it.
    """
    import torch

    hidden, pooled = [], None
    is_masked = getattr(encoder.config, "use_attention_mask", False)
    for tokens in chunks:
        ids, mask, weights = _tensors(pipe, tokenizer, tokens)
        if penultimate:
            output = encoder(ids, output_hidden_states=True)
            embeds = output.hidden_states[-2]
        else:
            output = encoder(ids, attention_mask=mask if is_masked else None)
            embeds = output[0]
        pooled = output[0] if pooled is None else pooled
        hidden.append(_emphasized(embeds, weights))
    return torch.cat(hidden, dim=1), pooled


def _tensors(pipe: Any, tokenizer: Any, tokens: Weighted) -> tuple[Any, Any, Any]:
    """Return ids, attention mask and weights (None if all are 1), each of one padded chunk."""
    import torch

    begin, end = tokenizer("", add_special_tokens=True).input_ids[:2]
    padding = tokenizer.model_max_length - 2 - len(tokens)
    ids = [begin, *(token for token, _weight in tokens), end]
    mask = [1] * len(ids) + [0] * padding
    ids += [tokenizer.pad_token_id] * padding
    weights = [1.0, *(weight for _token, weight in tokens), *([1.0] * (padding + 1))]
    device = pipe._execution_device
    return (
        torch.tensor([ids], device=device),
        torch.tensor([mask], device=device),
        torch.tensor(weights, device=device) if any(one != 1 for one in weights) else None,
    )


def _emphasized(embeds: Any, weights: Any) -> Any:
    """Return the embeddings (1, tokens, width) times the weights, with the mean of before."""
    if weights is None:
        return embeds
    changed = embeds.float() * weights[None, :, None]
    mean = changed.mean()
    if mean != 0:
        changed = changed * (embeds.float().mean() / mean)
    return changed.to(embeds.dtype)


def _moved_from(empty: Any, embeds: Any, weights: Any) -> Any:
    """Return embeddings whose distance from those of an empty prompt is times the weights."""
    if weights is None:
        return embeds
    start = empty.float()
    return (start + (embeds.float() - start) * weights[None, :, None]).to(embeds.dtype)


def _character_weights(tokenizer: Any, read: ReadPrompt, embeds: Any) -> Any:
    """Return a weight for each token that T5 reads of the prompt's text; None if all are 1."""
    if read.is_plain:
        return None
    import torch

    of_letters: list[float] = []
    for number, chunk in enumerate(read.chunks):
        of_letters += [1.0] * (number > 0)  # the space between chunks
        of_letters += [piece.weight for piece in chunk for _letter in piece.text]
    count = embeds.shape[1]
    encoded = tokenizer(read.text, return_offsets_mapping=True, truncation=True, max_length=count)
    weights = [1.0] * count
    for place, (first, last) in enumerate(encoded.offset_mapping):
        covered = of_letters[first:last]
        # A word's token also covers the space before it.
        weights[place] = covered[-1] if covered else 1.0
    return torch.tensor(weights, device=embeds.device)
