"""Text families: the `model_type` of a config.json that transformers loads.

`tests/models/test_families.py` compares them with the installed transformers.
"""

from __future__ import annotations

from studio.models.families.record import Family


def _family(name: str, *gguf: str) -> Family:
    return Family(name=name, kind="text", gguf=gguf)


def _seq2seq(name: str, *gguf: str, relative_positions: bool = False) -> Family:
    return Family(
        name=name,
        kind="text",
        gguf=gguf,
        encoder_decoder=True,
        relative_positions=relative_positions,
    )


def _multimodal(name: str) -> Family:
    return Family(name=name, kind="text", multimodal=True)


_CAUSAL = (
    _family("apertus"),
    _family("arcee"),
    _family("bamba"),
    _family("biogpt"),
    _family("bloom", "bloom"),
    _family("codegen"),
    _family("cohere"),
    _family("cohere2"),
    _family("cohere2_moe"),
    _family("ctrl"),
    _family("deepseek_v2"),
    _family("deepseek_v3"),
    _family("diffllama"),
    _family("doge"),
    _family("dots1"),
    _family("ernie4_5"),
    _family("ernie4_5_moe"),
    _family("exaone4"),
    _family("falcon", "falcon"),
    _family("falcon_h1"),
    _family("falcon_mamba"),
    _family("flex_olmo"),
    _family("gemma"),
    _family("gemma2", "gemma2"),
    _family("gemma3_text", "gemma3"),
    _family("gemma4_text"),
    _family("glm"),
    _family("glm4"),
    _family("glm4_moe"),
    _family("glm4_moe_lite"),
    _family("gpt-sw3"),
    _family("gpt2", "gpt2"),
    _family("gpt_bigcode"),
    _family("gpt_neo"),
    _family("gpt_neox"),
    _family("gpt_neox_japanese"),
    _family("gpt_oss"),
    _family("gptj"),
    _family("granite"),
    _family("granitemoe"),
    _family("granitemoehybrid"),
    _family("granitemoeshared"),
    _family("helium"),
    _family("hunyuan_v1_dense"),
    _family("hunyuan_v1_moe"),
    _family("internlm3"),
    _family("jamba"),
    _family("jetmoe"),
    _family("lfm2", "lfm2"),
    _family("lfm2_moe"),
    _family("llama", "llama", "deci"),
    _family("llama4_text"),
    _family("mamba", "mamba"),
    _family("mamba2"),
    _family("minimax"),
    _family("minimax_m2", "minimax-m2"),
    _family("ministral"),
    _family("ministral3"),
    _family("mistral", "mistral"),
    _family("mixtral"),
    _family("modernbert-decoder"),
    _family("mpt"),
    _family("nanochat"),
    _family("nemotron", "nemotron"),
    _family("nemotron_h"),
    _family("olmo"),
    _family("olmo2"),
    _family("olmo3"),
    _family("olmo_hybrid"),
    _family("olmoe"),
    _family("openai-gpt"),
    _family("opt"),
    _family("persimmon"),
    _family("phi"),
    _family("phi3", "phi3"),
    _family("phimoe"),
    _family("qwen2", "qwen2"),
    _family("qwen2_moe", "qwen2moe"),
    _family("qwen3", "qwen3"),
    _family("qwen3_5_moe_text"),
    _family("qwen3_5_text"),
    _family("qwen3_moe", "qwen3moe"),
    _family("qwen3_next"),
    _family("recurrent_gemma"),
    _family("rwkv"),
    _family("seed_oss"),
    _family("smollm3"),
    _family("solar_open"),
    _family("stablelm", "stablelm"),
    _family("starcoder2", "starcoder2"),
    _family("vaultgemma"),
    _family("xglm"),
    _family("xlstm"),
    _family("zamba"),
    _family("zamba2"),
)

_MULTIMODAL = (
    _multimodal("gemma3"),
    _multimodal("gemma3n"),
    _multimodal("gemma4"),
    _multimodal("gemma4_unified"),
    _multimodal("mistral3"),
    _multimodal("qwen3_5"),
    _multimodal("qwen3_5_moe"),
)

_SEQ2SEQ = (
    _seq2seq("bart"),
    _seq2seq("bigbird_pegasus"),
    _seq2seq("blenderbot"),
    _seq2seq("blenderbot-small"),
    _seq2seq("led"),
    _seq2seq("longt5", relative_positions=True),
    _seq2seq("m2m_100"),
    _seq2seq("marian"),
    _seq2seq("mbart"),
    _seq2seq("mt5", relative_positions=True),
    _seq2seq("nllb-moe"),
    _seq2seq("pegasus"),
    _seq2seq("pegasus_x"),
    _seq2seq("plbart"),
    _seq2seq("prophetnet"),
    _seq2seq("switch_transformers"),
    _seq2seq("t5", "t5", relative_positions=True),
    _seq2seq("t5gemma"),
    _seq2seq("umt5", relative_positions=True),
)

TEXT_FAMILIES = (*_CAUSAL, *_MULTIMODAL, *_SEQ2SEQ)
