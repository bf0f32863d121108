"""Writes the model's folder: weights in half precision, tokenizer, words, known lines, notice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from studio.text_tasks.model_prompts.quatrain import layout
from studio.text_tasks.model_prompts.quatrain.known_lines import KnownLines
from studio.text_tasks.model_prompts.quatrain.subject import WORDS_FILE
from tools.starter_models.poem.corpus import Quatrain
from tools.starter_models.poem.examples import find_words

_NOTICE = """\
Starter poem: a small GPT-2 that writes Chinese quatrains, trained for Studio from scratch.

Training data: poems of the Tang and Song dynasties, which are in the public domain, as the package chinese-poetry 2.0.1 of the
npm registry has them:

    MIT License, Copyright (c) 2016 JackeyGao
    https://github.com/chinese-poetry/chinese-poetry

Traditional characters became simplified ones with opencc-purepy 1.5.0 (MIT), whose tables are OpenCC's (Apache-2.0). Neither
package is included. known-lines.bin is a Bloom filter of the lines that the model learned from: hashes, not the lines.

License of the weights and of the other files here: Apache-2.0, as Studio's own code.
"""  # noqa: E501


def pack(model: Any, tokens: Sequence[str], quatrains: Sequence[Quatrain], target: Path) -> int:
    """Write the model to `target`; return the bytes of the weights."""
    import torch

    target.mkdir(parents=True, exist_ok=True)
    model.to(torch.float16).save_pretrained(target)
    (target / "model.safetensors").chmod(0o644)
    make_tokenizer(tokens).save_pretrained(target)
    characters = "".join(token for token in tokens if token not in layout.SPECIAL)
    words = sorted(find_words(quatrains))
    (target / WORDS_FILE).write_text("\n".join([characters, *words]), encoding="utf-8")
    KnownLines.of(line for one in quatrains for line in one.lines).write(target)
    (target / "NOTICE").write_text(_NOTICE, encoding="utf-8")
    return (target / "model.safetensors").stat().st_size


def make_tokenizer(tokens: Sequence[str]) -> Any:
    """Return a tokenizer of single characters; one that it does not know becomes `EMPTY`."""
    from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    numbers = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.WordLevel(numbers, unk_token=layout.EMPTY))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    marked = [AddedToken(token, special=True) for token in layout.SPECIAL if token[0] == "["]
    tokenizer.add_special_tokens(marked)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token=layout.EMPTY,
        bos_token=layout.END,
        eos_token=layout.END,
        pad_token=layout.END,
        model_max_length=layout.POSITIONS,
        clean_up_tokenization_spaces=False,
    )
