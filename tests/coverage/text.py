"""Text families."""

from functools import partial

from tests.checkpoints.text_families import make_text
from tests.coverage.family import Family


def _family(family: str, card: str, *likewise: str) -> Family:
    return Family(card, partial(make_text, family=family), likewise=likewise)


FAMILIES = [
    _family("gpt2", "gpt2"),
    _family(
        "llama",
        "llama-3.2-1b-instruct",
        "llama-3.2-3b-instruct",
        "smollm2-135m-instruct",
        "smollm2-360m-instruct",
    ),
    _family("smollm3", "smollm3-3b"),
    _family("qwen2", "qwen2.5-coder-1.5b-instruct", "qwen2.5-coder-0.5b-instruct"),
    _family("qwen3", "qwen3-0.6b", "qwen3-1.7b", "qwen3-4b", "qwen3-8b", "qwen3-14b"),
    _family("qwen3_moe", "qwen3-30b-a3b"),
    _family("qwen3_5", "qwen3.5-0.8b", "qwen3.5-2b", "qwen3.5-4b", "qwen3.5-9b"),
    _family("gemma3_text", "gemma-3-270m-it"),
    _family("gemma3", "gemma-3-4b-it"),
    _family("gemma4", "gemma-4-e2b-it", "gemma-4-e4b-it"),
    _family("gemma4_unified", "gemma-4-12b-it"),
    _family("phi3", "phi-4-mini-instruct"),
    _family("mistral3", "ministral-3-3b-instruct", "ministral-3-8b-instruct"),
    _family("gpt_oss", "gpt-oss-20b"),
    _family("glm4", "glm-4-9b-0414"),
    _family("olmo3", "olmo-3-7b-instruct"),
    _family("granitemoehybrid", "granite-4.0-h-1b"),
    _family("t5", "flan-t5-base", "flan-t5-small", "flan-t5-large"),
    _family("bart", "bart-large-cnn"),
    _family("pegasus", "pegasus-xsum"),
    _family("mt5", "mt5-multilingual-xlsum"),
]
