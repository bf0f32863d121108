"""Tiny random adapters for the tiny checkpoints, made with the real classes."""

from __future__ import annotations

from pathlib import Path

from studio.models.card import ModelCard

LAYERS = ["to_q", "to_k", "to_v"]
"""Attention in the denoisers of every family."""


def make_lora(
    card: ModelCard, path: Path, *, rank: int = 4, alpha: int = 8, seed: int = 1, metadata=None
) -> Path:
    """Write a random LoRA for an installed model as diffusers' own training scripts do."""
    import torch
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict
    from safetensors.torch import load_file, save_file

    from studio.engine.image.load import load

    pipe = load(card).pipe
    part = "unet" if hasattr(pipe, "unet") else "transformer"
    denoiser = getattr(pipe, part)
    torch.manual_seed(seed)
    denoiser.add_adapter(
        LoraConfig(r=rank, lora_alpha=alpha, target_modules=LAYERS, init_lora_weights=False)
    )
    state = get_peft_model_state_dict(denoiser)
    pipe.save_lora_weights(path.parent, **{f"{part}_lora_layers": state}, weight_name=path.name)
    if metadata:
        save_file(load_file(path), path, metadata)
    return path


def make_peft_folder(
    card: ModelCard, folder: Path, *, rank: int = 4, alpha: int = 8, seed: int = 1
) -> Path:
    """Write the same as a folder of peft's own."""
    import torch
    from peft import LoraConfig, get_peft_model

    from studio.engine.image.load import load

    pipe = load(card).pipe
    torch.manual_seed(seed)
    config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=LAYERS, init_lora_weights=False)
    get_peft_model(
        pipe.unet if hasattr(pipe, "unet") else pipe.transformer, config
    ).save_pretrained(folder)
    return folder


def as_kohya(path: Path, target: Path, alpha: float = 8, metadata=None) -> Path:
    """Write diffusers' LoRA of a U-Net under kohya's names, with an alpha for each layer."""
    import torch
    from safetensors.torch import load_file, save_file

    converted, names = {}, {"lora_A": "lora_down", "lora_B": "lora_up"}
    for name, tensor in load_file(path).items():
        layer, half = name.removeprefix("unet.").removesuffix(".weight").rsplit(".", 1)
        layer = "lora_unet_" + layer.replace(".", "_")
        converted[f"{layer}.{names[half]}.weight"] = tensor.contiguous()
        converted[f"{layer}.alpha"] = torch.tensor(float(alpha))
    save_file(converted, target, metadata)
    return target


def make_embedding(
    path: Path, vectors: int = 2, width: int = 32, seed: int = 1, names=("emb_params",)
) -> Path:
    """Write a textual inversion as A1111 does, or with the names of both encoders of SDXL."""
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(seed)
    save_file({name: torch.randn(vectors, width) for name in names}, path)
    return path


def make_vae(card: ModelCard, folder: Path, seed: int = 1) -> Path:
    """Write another VAE of the model's own shape, in one file."""
    import torch

    from studio.engine.image.load import load

    vae = load(card).pipe.vae
    torch.manual_seed(seed)
    for tensor in vae.parameters():
        tensor.data = torch.randn_like(tensor) * 0.1
    vae.save_pretrained(folder)
    return folder / "diffusion_pytorch_model.safetensors"


def make_controlnet(card: ModelCard, folder: Path, seed: int = 1) -> Path:
    """Write a random ControlNet of the model's own shape, as diffusers does."""
    import torch
    from diffusers import ControlNetModel

    from studio.engine.image.load import load

    torch.manual_seed(seed)
    # Latents of the tiny checkpoints are half as wide as their images.
    net = ControlNetModel.from_unet(
        load(card).pipe.unet, conditioning_embedding_out_channels=(16, 32)
    )
    for tensor in net.parameters():
        tensor.data = torch.randn_like(tensor) * 0.1
    net.save_pretrained(folder)
    return folder


def make_ip_adapter(card: ModelCard, folder: Path, seed: int = 1) -> Path:
    """Write a random IP-Adapter for the model's U-Net, and its image encoder next to it."""
    import torch
    from safetensors.torch import save_file
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    from studio.engine.image.load import load

    unet = load(card).pipe.unet
    torch.manual_seed(seed)
    config = CLIPVisionConfig(
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=32,
        patch_size=16,
        projection_dim=24,
    )
    CLIPVisionModelWithProjection(config).save_pretrained(folder / "image_encoder")
    context = unet.config.cross_attention_dim
    state = {
        "image_proj.proj.weight": torch.randn(4 * context, 24),
        "image_proj.proj.bias": torch.randn(4 * context),
        "image_proj.norm.weight": torch.ones(context),
        "image_proj.norm.bias": torch.zeros(context),
    }
    layers = [name for name in unet.attn_processors if "attn2" in name]
    for number, name in enumerate(layers):
        width = unet.get_submodule(name.removesuffix(".processor")).to_k.weight.shape[0]
        for half in ("k", "v"):
            state[f"ip_adapter.{2 * number + 1}.to_{half}_ip.weight"] = torch.randn(width, context)
    save_file(state, folder / "ip-adapter.safetensors")
    return folder / "ip-adapter.safetensors"
