"""The denoiser: a small conditional U-Net, trained to predict v (Salimans and Ho,
https://arxiv.org/abs/2202.00512).

The plain loss on v, with the noisy half of the steps drawn more often: they decide what is where.
Weighting by min-SNR was tried and starves just those. Pooled text goes into the time embedding too
(`addition_embed_type="text"`), which the stock pipeline does by itself.
"""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path
from typing import Any

from tools.starter_models.image.latents import PLAIN, SHARES
from tools.starter_models.image.profile import LATENT_CHANNELS, LATENT_FACTOR, SEED, Profile

_NOISY = 450
"""Steps from here to 1000 are sampled more often."""
_NO_CAPTION = 0.1
"""Share of samples without a caption, for classifier-free guidance
(https://arxiv.org/abs/2207.12598).
"""
_WARM_UP = 100
_SAVE_EVERY = 500
_SAY_EVERY = 100


def make(profile: Profile) -> Any:
    """Return the untrained U-Net."""
    from diffusers import UNet2DConditionModel

    levels = len(profile.channels)
    return UNet2DConditionModel(
        sample_size=profile.side // LATENT_FACTOR,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        block_out_channels=profile.channels,
        layers_per_block=1,
        down_block_types=("DownBlock2D", *["CrossAttnDownBlock2D"] * (levels - 1)),
        up_block_types=(*["CrossAttnUpBlock2D"] * (levels - 1), "UpBlock2D"),
        cross_attention_dim=384,
        attention_head_dim=4,
        norm_num_groups=16,
        addition_embed_type="text",
        addition_embed_type_num_heads=8,
        resnet_time_scale_shift="scale_shift",
        time_embedding_dim=256,
        use_linear_projection=True,
    )


def scheduler() -> Any:
    """Return the noise schedule for training."""
    from diffusers import DDIMScheduler

    return DDIMScheduler(
        beta_schedule="squaredcos_cap_v2", prediction_type="v_prediction", clip_sample=False
    )


def train(folder: Path, profile: Profile, until: int, start_from: Path | None = None) -> None:
    """Train from the last checkpoint to step `until` (at most `profile.steps`); write `unet`.

    Every step has its own seed, so that an interrupted run equals an uninterrupted one.
    """
    import torch

    torch.manual_seed(SEED)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    state = _State(folder, profile, device, start_from)
    data = {
        name: value.to(device)
        for name, value in torch.load(folder / "latents.pt", weights_only=True).items()
    }
    draw = _Draw(data, profile.batch)
    signal = scheduler().alphas_cumprod.to(device)
    model = torch.compile(state.model) if device == "cuda" else state.model
    began, first, total = time.monotonic(), state.step, 0.0
    while state.step < min(until, profile.steps):
        latents, states, steps, noise = draw(state.step)
        alpha, sigma = (
            part.sqrt()[:, None, None, None] for part in (signal[steps], 1 - signal[steps])
        )
        with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
            predicted = model(
                alpha * latents + sigma * noise, steps, encoder_hidden_states=states
            ).sample
        loss = (predicted.float() - (alpha * noise - sigma * latents)).square().mean()
        state.update(loss)
        total += loss.detach()
        if state.step % _SAY_EVERY == 0:
            rate = (state.step - first) * profile.batch / (time.monotonic() - began)
            say(
                f"step {state.step} of {profile.steps}, loss {float(total) / _SAY_EVERY:.4f}, "
                f"{rate:.0f} samples/s"
            )
            total = 0.0
        if state.step % _SAVE_EVERY == 0:
            state.save()
    state.save()


def say(text: str) -> None:
    """Print progress."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


class _Draw:
    """Draws the samples of a step."""

    def __init__(self, data: dict[str, Any], batch: int) -> None:
        self._data = data
        self._batch = batch
        self._of_kind = {kind: (data["kinds"] == kind).nonzero()[:, 0] for kind in (PLAIN, *SHARES)}

    def __call__(self, step: int) -> tuple[Any, Any, Any, Any]:
        """Return latents, caption states, diffusion steps and noise."""
        import torch

        chance = torch.Generator().manual_seed(SEED * 1_000_003 + step)
        size, device = self._batch, self._data["latents"].device

        def pick(high: int, low: int = 0) -> Any:
            return torch.randint(low, high, (size,), generator=chance).to(device)

        def often(share: float) -> Any:
            return (torch.rand(size, generator=chance) < share).to(device)

        chosen = self._of_kind[PLAIN][pick(len(self._of_kind[PLAIN]))]
        for kind, share in SHARES.items():
            if len(self._of_kind[kind]):
                chosen = torch.where(
                    often(share), self._of_kind[kind][pick(len(self._of_kind[kind]))], chosen
                )
        captions = self._data["captions"]
        caption = captions[chosen, pick(captions.shape[1])].masked_fill(often(_NO_CAPTION), 0)
        steps = torch.where(often(0.5), pick(1000), pick(1000, _NOISY))
        latents = self._data["latents"][chosen].float()
        noise = torch.randn(latents.shape, generator=chance).to(device)
        return latents, self._data["states"][caption].float(), steps, noise


class _State:
    """Model, optimizer and moving average, with their checkpoint."""

    def __init__(
        self, folder: Path, profile: Profile, device: str, start_from: Path | None
    ) -> None:
        import torch
        from diffusers import UNet2DConditionModel

        self._folder = folder
        self._profile = profile
        self.model = (
            UNet2DConditionModel.from_pretrained(start_from / "unet")
            if start_from
            else make(profile)
        ).float()
        self.model = self.model.to(device, memory_format=torch.channels_last).train()
        self._optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=profile.learning_rate,
            betas=(0.9, 0.99),
            weight_decay=1e-2,
            fused=True,
        )
        self._average = [part.detach().clone() for part in self.model.parameters()]
        self.step = 0
        if (folder / "checkpoint.pt").exists():
            saved = torch.load(folder / "checkpoint.pt", weights_only=True, map_location=device)
            self.model.load_state_dict(saved["model"])
            self._optimizer.load_state_dict(saved["optimizer"])
            self._average = saved["average"]
            self.step = saved["step"]

    def update(self, loss: Any) -> None:
        """One step of the optimizer and the average."""
        import torch

        share = self.step / self._profile.steps
        rate = min(1.0, (self.step + 1) / _WARM_UP) * (
            0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share))
        )
        for group in self._optimizer.param_groups:
            group["lr"] = self._profile.learning_rate * rate
        self._optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self._optimizer.step()
        self.step += 1
        keep = min(self._profile.ema, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(
            self._average, [part.detach() for part in self.model.parameters()], 1 - keep
        )

    def save(self) -> None:
        """Write the checkpoint whole, and the average as `unet`."""
        import torch

        temporary = self._folder / "checkpoint.tmp"
        saved = {
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "average": self._average,
            "step": self.step,
        }
        torch.save(saved, temporary)
        temporary.replace(self._folder / "checkpoint.pt")
        averaged = make(self._profile)
        for part, value in zip(averaged.parameters(), self._average, strict=True):
            part.data.copy_(value)
        averaged.save_pretrained(self._folder / "unet")
