"""Tiny random pipelines with a GLM: Kolors, whose text encoder is in diffusers, and GLM-Image."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from studio.models.card import ModelCard
from studio.models.inspect.model import inspect
from tests.checkpoints.image import parts_of_sd
from tests.checkpoints.image_parts import (
    flow,
    kl,
    language_sizes,
    save_and_inspect,
    t5,
    tokenizer_folder,
)
from tests.checkpoints.text import SENTENCES, make_tokenizer

GLM_CHAT = (
    "{% for message in messages %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<|image_token|>{% else %}{{ part['text'] }}{% endif %}{% "
    "endfor %}{% endfor %}"
)


def _sentencepiece(path: Path) -> int:
    """Write words as ChatGLM has them; return how many."""
    import sentencepiece

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(SENTENCES),
            model_writer=file,
            vocab_size=320,
            model_type="bpe",
            byte_fallback=True,
            character_coverage=1.0,
            hard_vocab_limit=False,
            minloglevel=2,
        )
    return sentencepiece.SentencePieceProcessor(model_file=str(path)).vocab_size()


def make_kolors(folder: Path) -> ModelCard:
    from diffusers import EulerDiscreteScheduler, KolorsPipeline
    from diffusers.pipelines.kolors import ChatGLMModel, ChatGLMTokenizer
    from diffusers.pipelines.kolors.text_encoder import ChatGLMConfig

    torch.manual_seed(0)
    words = tokenizer_folder(folder) / "tokenizer.model"
    size = _sentencepiece(words)
    tokenizer = ChatGLMTokenizer(str(words))
    text = ChatGLMModel(
        ChatGLMConfig(
            num_layers=2,
            padded_vocab_size=size + 64,
            hidden_size=16,
            ffn_hidden_size=16,
            kv_channels=8,
            num_attention_heads=2,
            seq_length=256,
            multi_query_attention=True,
            multi_query_group_num=1,
            rmsnorm=True,
            original_rope=True,
            apply_query_key_layer_scaling=True,
            attention_softmax_in_fp32=True,
            bias_dropout_fusion=True,
            add_qkv_bias=True,
        )
    )
    for part in text.parameters():
        torch.nn.init.normal_(part, std=0.05)  # they are made empty, to be filled from a file
    unet, vae, _text, _scheduler = parts_of_sd(
        16,
        64,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=64,
        transformer_layers_per_block=(1, 1),
        use_linear_projection=True,
    )
    pipe = KolorsPipeline(
        vae=vae,
        text_encoder=text,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=EulerDiscreteScheduler(
            beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.014
        ),
    )
    return save_and_inspect(pipe, folder)


def make_glm_image(folder: Path) -> ModelCard:
    """It generates 16 × 16 image tokens, then the image in the requested size."""
    from diffusers import GlmImagePipeline, GlmImageTransformer2DModel
    from transformers import (
        ByT5Tokenizer,
        GlmImageConfig,
        GlmImageForConditionalGeneration,
        GlmImageProcessor,
    )
    from transformers.models.glm_image import GlmImageImageProcessorPil

    torch.manual_seed(0)
    words = make_tokenizer()
    named = {name: f"<|{name}|>" for name in ("image_token", "grid_bos_token", "grid_eos_token")}
    words = type(words)(
        tokenizer_object=words.backend_tokenizer,
        eos_token="<|end|>",
        bos_token="<sop>",
        pad_token="<|pad|>",
        extra_special_tokens=named,
    )
    words.chat_template = GLM_CHAT
    codes = 64
    rope = {
        "rope_type": "default",
        "mrope_section": [2, 1, 1],
        "rope_theta": 10_000.0,
        "partial_rotary_factor": 1.0,
    }
    text = {
        **language_sizes(len(words)),
        "vision_vocab_size": codes,
        "eos_token_id": len(words) - 1,
        "rope_parameters": rope,
    }
    encoder = GlmImageForConditionalGeneration(
        GlmImageConfig(
            text_config=text,
            image_token_id=words.convert_tokens_to_ids(named["image_token"]),
            image_start_token_id=codes - 2,
            image_end_token_id=codes - 1,
            vision_config={
                "depth": 1,
                "hidden_size": 16,
                "num_heads": 2,
                "intermediate_size": 16,
                "image_size": 64,
            },
            vq_config={"embed_dim": 8, "num_embeddings": codes, "latent_channels": 16},
        )
    )
    encoder.generation_config.eos_token_id = len(words) - 1  # not an image token
    glyphs = ByT5Tokenizer()
    sight = GlmImageImageProcessorPil(patch_size=16, temporal_patch_size=1, merge_size=1)
    transformer = GlmImageTransformer2DModel(
        in_channels=4,
        out_channels=4,
        num_layers=1,
        attention_head_dim=8,
        num_attention_heads=2,
        text_embed_dim=16,
        time_embed_dim=16,
        condition_dim=8,
        prior_vq_quantizer_codebook_size=codes,
    )
    pipe = GlmImagePipeline(
        tokenizer=glyphs,
        processor=GlmImageProcessor(sight, words, chat_template=GLM_CHAT),
        text_encoder=t5(len(glyphs)),
        vision_language_encoder=encoder,
        vae=kl(blocks=4, latents_mean=[0.0] * 4, latents_std=[1.0] * 4),
        transformer=transformer,
        scheduler=flow(use_dynamic_shifting=True),
    )
    pipe.save_pretrained(folder)
    index = json.loads((folder / "model_index.json").read_text())
    for part in (
        "processor",
        "vision_language_encoder",
    ):  # as it is published; diffusers takes them for its own
        index[part] = ["transformers", index[part][1]]
    (folder / "model_index.json").write_text(json.dumps(index))
    return inspect(folder)
