"""Tiny models of diffusers with random weights, and what diffusers draws with them.

    pip install torch diffusers safetensors
    python reference/diffusers_models.py                          # the golden files, seconds
    python reference/diffusers_models.py draw FOLDER NOISE.npy OUT.npy [SCHEDULER] [STEPS] [CLASS]

The first writes reference/golden/diffusers/ with

    tiny/                  a pipeline as `save_pretrained` writes it: 6 k weights on 8×8 pixels, DDPM
    classes/               a UNet2DModel alone: three classes, weights of 16 bits in a .bin of PyTorch
    cases.json             schedulers as `save_config` writes them, each with a number of steps
    cases.safetensors      for each case: `NAME.start`, the first state, in which α² + σ² = 1 for chains; `NAME.noise`, the draws of
                           DDPM in their order; `NAME.drawn`, the pictures. `classes.*` is one call of the network with classes

The second opens an exported folder, and draws with it from the noise in a file (`[count, channels, height, width]`, standard
normal) by any of diffusers' schedulers, in the range of the network.
"""

import json
import shutil
import sys
from pathlib import Path

import diffusers
import diffusers.schedulers.scheduling_ddpm
import numpy as np
import torch
from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel
from safetensors.torch import save_file

GOLDEN = Path(__file__).parent / "golden" / "diffusers"
SHAPE = (2, 1, 8, 8)
MODEL = dict(
    sample_size=8, in_channels=1, out_channels=1, block_out_channels=(4, 8), layers_per_block=1, norm_num_groups=2,
    down_block_types=("DownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "UpBlock2D"), attention_head_dim=4,
)

# name -> (class, settings, number of steps). The numbers are such that no step falls between two of the chain: there DDIM
# (trailing) and DPM-Solver (Karras) ask the network at other times than those they walk to, and Euler interpolates its table.
CASES = {
    "ddpm": ("DDPMScheduler", dict(clip_sample=False), 12),
    "ddpm_clipped": ("DDPMScheduler", dict(variance_type="fixed_large", clip_sample_range=1.5), 8),
    "ddpm_sigmoid": ("DDPMScheduler", dict(clip_sample=False, beta_schedule="sigmoid"), 8),
    "ddpm_100": ("DDPMScheduler", dict(clip_sample=False, num_train_timesteps=100, beta_end=0.2), 10),
    "ddim": ("DDIMScheduler", dict(clip_sample=False), 12),
    "ddim_v": ("DDIMScheduler", dict(clip_sample=False, prediction_type="v_prediction", beta_schedule="scaled_linear",
                                     timestep_spacing="trailing"), 10),
    "ddim_sample": ("DDIMScheduler", dict(clip_sample=False, prediction_type="sample",
                                          beta_schedule="squaredcos_cap_v2", steps_offset=1), 9),
    "ddim_betas": ("DDIMScheduler", dict(clip_sample=False, trained_betas=[0.05 + 0.01 * k for k in range(20)],
                                         num_train_timesteps=20), 5),
    "dpm": ("DPMSolverMultistepScheduler", {}, 12),
    "dpm_heun": ("DPMSolverMultistepScheduler", dict(solver_type="heun", timestep_spacing="trailing"), 20),
    "dpm_3": ("DPMSolverMultistepScheduler", dict(solver_order=3, timestep_spacing="leading"), 18),
    "unipc": ("UniPCMultistepScheduler", {}, 10),
    "euler": ("EulerDiscreteScheduler", {}, 10),
    "euler_v": ("EulerDiscreteScheduler", dict(prediction_type="v_prediction", timestep_spacing="trailing"), 12),
    "heun": ("HeunDiscreteScheduler", {}, 10),
    "edm_euler": ("EDMEulerScheduler", dict(sigma_data=0.6, sigma_max=40.0), 12),
    "edm_dpm": ("EDMDPMSolverMultistepScheduler", {}, 12),
    "flow": ("FlowMatchEulerDiscreteScheduler", {}, 12),
}


def randomized(model, seed):
    """Every parameter redrawn, so that no weight is 1 and no bias is 0."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            width = parameter[0].numel() if parameter.dim() > 1 else 9
            draw = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(draw / width**0.5 + (1.0 if "norm" in name and name.endswith("weight") else 0.0))
    return model.eval()


class Draws:
    """Recorded normal draws, in the order they are asked for."""

    def __init__(self, seed):
        self.generator, self.used = torch.Generator().manual_seed(seed), []

    def __call__(self, shape, **_):
        self.used.append(torch.randn(shape, generator=self.generator))
        return self.used[-1]


def draw(unet, scheduler, noise, steps, draws=None, classes=None):
    """The pictures from standard normal noise, with the first state in units of unit variance where there are chains."""
    diffusers.schedulers.scheduling_ddpm.randn_tensor = draws
    scheduler.set_timesteps(steps)
    first = scheduler.init_noise_sigma if hasattr(scheduler, "init_noise_sigma") else 1.0
    x = noise * first
    start = scheduler.scale_model_input(x, scheduler.timesteps[0]) if hasattr(scheduler, "scale_model_input") else x
    start = x.clone() if type(scheduler).__name__.startswith("EDM") else start.clone()
    if hasattr(scheduler, "_step_index"):
        scheduler._step_index = None
    arguments = {} if classes is None else {"class_labels": classes}
    with torch.no_grad():
        for t in scheduler.timesteps:
            scaled = scheduler.scale_model_input(x, t) if hasattr(scheduler, "scale_model_input") else x
            x = scheduler.step(unet(scaled, t, **arguments).sample, t, x).prev_sample
    return start, x


def golden():
    shutil.rmtree(GOLDEN, ignore_errors=True)
    unet = randomized(UNet2DModel(**MODEL), 1)
    DDPMPipeline(unet=unet, scheduler=DDPMScheduler(clip_sample=False)).save_pretrained(GOLDEN / "tiny")
    print(sum(p.numel() for p in unet.parameters()), "weights")
    arrays, cases = {}, []
    for seed, (name, (kind, settings, steps)) in enumerate(CASES.items()):
        scheduler = getattr(diffusers, kind)(**settings)
        noise = torch.randn(SHAPE, generator=torch.Generator().manual_seed(100 + seed))
        draws = Draws(seed)
        start, drawn = draw(unet, scheduler, noise, steps, draws)
        assert torch.isfinite(drawn).all(), name
        arrays[f"{name}.start"], arrays[f"{name}.drawn"] = start.contiguous(), drawn.contiguous()
        if draws.used:
            arrays[f"{name}.noise"] = torch.stack(draws.used)
        text = getattr(diffusers, kind)(**settings).to_json_string()
        cases.append({"name": name, "steps": steps, "scheduler": text})
        print(f"{name}: largest {drawn.abs().max():.3f}")
    conditional = randomized(UNet2DModel(**{**MODEL, "num_class_embeds": 3}), 2).half()
    conditional.save_pretrained(GOLDEN / "classes", safe_serialization=False)
    conditional = conditional.float()
    sample = torch.randn((3, *SHAPE[1:]), generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        output = conditional(sample, 400, class_labels=torch.arange(3)).sample
    arrays["classes.start"], arrays["classes.drawn"] = sample, output
    save_file(arrays, GOLDEN / "cases.safetensors")
    (GOLDEN / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")
    for path in GOLDEN.rglob("config.json"):
        fields = json.loads(path.read_text())
        fields.pop("_name_or_path", None)
        path.write_text(json.dumps(fields, indent=2, sort_keys=True) + "\n")


def opened(folder, noise, out, kind=None, steps="50", label=None):
    pipeline = DDPMPipeline.from_pretrained(folder)
    scheduler = pipeline.scheduler if kind in (None, "-") else getattr(diffusers, kind).from_config(
        pipeline.scheduler.config)
    noise = torch.from_numpy(np.load(noise)).float()
    classes = None if label is None else torch.full((len(noise),), int(label))
    _, drawn = draw(pipeline.unet.eval(), scheduler, noise, int(steps), Draws(0), classes)
    np.save(out, drawn.numpy())
    print(type(scheduler).__name__, type(pipeline.unet).__name__, tuple(drawn.shape))


if __name__ == "__main__":
    if sys.argv[1:2] == ["draw"]:
        opened(*sys.argv[2:])
    else:
        golden()
