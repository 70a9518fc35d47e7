"""Golden traces of samplers, made by diffusers' schedulers. Those of published algorithms are in published_samplers.py.

    pip install torch diffusers numpy
    python reference/sampler_traces.py        # seconds

Writes reference/golden/samplers.json: a list of cases, each with the sampler and the process as fokker's configuration
names them, the initial state, the normal draws in the order they are used, and the state after every step (the last one
is the final denoising). States are variance-preserving where the process is.

The network is replaced by the exact noise prediction of a mixture whose coordinates are independent, so nothing is
learned and nothing has to be loaded. The schedulers' tables (betas, cumulative products, sigmas at integer timesteps) are
put back to double precision after construction: single precision loses three digits of 1 - alphas_cumprod at small times.
"""

import json
from pathlib import Path

import diffusers.schedulers.scheduling_ddim
import diffusers.schedulers.scheduling_ddpm
import diffusers.schedulers.scheduling_euler_ancestral_discrete
import numpy as np
import torch
from diffusers import (
    DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler, EulerAncestralDiscreteScheduler, EulerDiscreteScheduler,
    HeunDiscreteScheduler, UniPCMultistepScheduler,
)

from published_samplers import SHAPE, case, exact_noise, start


def betas_of(schedule, steps=1000):
    if schedule == "linear":
        return np.linspace(1e-4, 0.02, steps)
    if schedule == "scaled_linear":
        return np.linspace(1e-4**0.5, 0.02**0.5, steps) ** 2
    raise ValueError(schedule)


class Draws:
    """Recorded normal draws, in the order they are asked for."""

    def __init__(self, seed):
        self.generator, self.used = np.random.default_rng(seed), []

    def __call__(self, *_, **__):
        draw = self.generator.standard_normal(SHAPE)
        self.used.append(draw)
        return torch.from_numpy(draw)


def double_tables(scheduler, schedule):
    betas = torch.from_numpy(betas_of(schedule))
    scheduler.betas, scheduler.alphas = betas, 1.0 - betas
    scheduler.alphas_cumprod = torch.cumprod(scheduler.alphas, dim=0)
    for name in ("one", "final_alpha_cumprod"):
        if hasattr(scheduler, name):
            setattr(scheduler, name, torch.tensor(1.0, dtype=torch.float64))


def trace(name, kind, sampler, steps, schedule="linear", seed=0, **config):
    """The schedulers that keep the variance: DDPM, DDIM, DPM-Solver, UniPC."""
    scheduler = kind(beta_start=1e-4, beta_end=0.02, beta_schedule=schedule, **config)
    double_tables(scheduler, schedule)
    scheduler.set_timesteps(steps)
    resampled = any(config.get(key) for key in ("use_karras_sigmas", "use_lu_lambdas", "use_exponential_sigmas"))
    if hasattr(scheduler, "sigmas"):
        if not resampled:
            products = scheduler.alphas_cumprod[scheduler.timesteps]
            last = torch.zeros(1, dtype=torch.float64)
            if config.get("final_sigmas_type") == "sigma_min":
                last = ((1 - scheduler.alphas_cumprod[:1]) / scheduler.alphas_cumprod[:1]).sqrt()
            scheduler.sigmas = torch.cat([((1 - products) / products).sqrt(), last])
            if last > 0:
                levels = [float(sigma) for sigma in scheduler.sigmas]
                sampler = {**sampler, "denoise": False, "grid": {"kind": "noise_levels", "values": levels}}
        scheduler.sigmas = scheduler.sigmas.double()
    draws = Draws(seed)
    for module in (diffusers.schedulers.scheduling_ddpm, diffusers.schedulers.scheduling_ddim):
        module.randn_tensor = draws
    x = torch.from_numpy(start(seed))
    first, states = x.numpy().copy(), []
    for index, t in enumerate(scheduler.timesteps):
        if hasattr(scheduler, "sigmas"):
            sigma = float(scheduler.sigmas[index])
            alpha = (1 + sigma**2) ** -0.5
            sigma *= alpha
        else:
            product = float(scheduler.alphas_cumprod[t])
            alpha, sigma = product**0.5, (1 - product) ** 0.5
        eps = torch.from_numpy(exact_noise(x, alpha, sigma))
        extra = {}
        if config.get("thresholding"):
            # It wants images, [N, C, H, W].
            x, eps = x.reshape(*SHAPE, 1, 1), eps.reshape(*SHAPE, 1, 1)
        if kind is DDIMScheduler:
            extra = dict(eta=sampler.get("eta", 0.0), use_clipped_model_output=config["clip_sample"])
        if config.get("algorithm_type", "").startswith("sde") and index + 1 < len(scheduler.timesteps):
            extra["variance_noise"] = draws()
        elif config.get("algorithm_type", "").startswith("sde"):
            extra["variance_noise"] = torch.zeros(SHAPE)
        x = scheduler.step(eps, t, x, **extra).prev_sample.double().reshape(SHAPE)
        states.append(x.numpy().copy())
    chain = {"kind": "ddpm_chain", "schedule": schedule}
    # DDIM draws for its last step too, and multiplies by nothing.
    assert all(np.isfinite(state).all() for state in states), name
    return case(name, sampler, chain, first, draws.used[: len(states) - 1], states)


def trace_exploding(name, kind, sampler, steps, seed=0, **config):
    """The schedulers in x/alpha over sigma/alpha: Euler, Heun, ancestral Euler."""
    scheduler = kind(beta_start=1e-4, beta_end=0.02, beta_schedule="linear", **config)
    double_tables(scheduler, "linear")
    scheduler.set_timesteps(steps)
    products = scheduler.alphas_cumprod[scheduler.timesteps.long()]
    scheduler.sigmas = torch.cat([((1 - products) / products).sqrt(), torch.zeros(1, dtype=torch.float64)])
    draws = Draws(seed)
    diffusers.schedulers.scheduling_euler_ancestral_discrete.randn_tensor = draws
    alpha_of = lambda sigma: (1 + float(sigma) ** 2) ** -0.5
    first = start(seed)
    x = torch.from_numpy(first / alpha_of(scheduler.sigmas[0]))
    states, heun = [], kind is HeunDiscreteScheduler
    for index, t in enumerate(scheduler.timesteps):
        sigma = float(scheduler.sigmas[index])
        alpha = alpha_of(sigma)
        eps = torch.from_numpy(exact_noise(x * alpha, alpha, sigma * alpha))
        scheduler.is_scale_input_called = True
        x = scheduler.step(eps, t, x).prev_sample.double()
        # Heun visits each level twice; the last step, to zero noise, is Euler's.
        if not heun or scheduler.state_in_first_order or index + 1 == len(scheduler.timesteps):
            states.append(x.numpy() * alpha_of(scheduler.sigmas[index + 1]))
    return case(name, sampler, {"kind": "ddpm_chain"}, first, draws.used[: len(states) - 1], states)


def main():
    leading = lambda offset=0: {"kind": "leading", "offset": offset}
    trailing = {"kind": "trailing"}
    linspace, open_linspace = {"kind": "linspace"}, {"kind": "linspace", "endpoint": False}
    open_leading = {"kind": "leading", "endpoint": False}
    cases = [
        trace("DDPM, small variance", DDPMScheduler, {"kind": "ancestral", "variance": "small", "steps": 10,
              "grid": leading()}, 10, seed=1, variance_type="fixed_small", clip_sample=False),
        trace("DDPM, large variance", DDPMScheduler, {"kind": "ancestral", "steps": 13, "grid": leading()}, 13, seed=2,
              variance_type="fixed_large", clip_sample=False),
        trace("DDPM, clipped, scaled linear", DDPMScheduler, {"kind": "ancestral", "variance": "small", "steps": 20,
              "grid": leading(), "threshold": {"kind": "clip", "limit": 0.8}}, 20, "scaled_linear", seed=3,
              variance_type="fixed_small", clip_sample=True, clip_sample_range=0.8),
        trace("DDIM", DDIMScheduler, {"kind": "ddim", "steps": 10, "grid": leading(1)}, 10, seed=4, clip_sample=False,
              steps_offset=1),
        trace("DDIM, eta 1, clipped, trailing", DDIMScheduler, {"kind": "ddim", "eta": 1.0, "steps": 20,
              "grid": trailing, "threshold": {"kind": "clip"}}, 20, seed=5, clip_sample=True,
              timestep_spacing="trailing"),
        trace("DDIM, eta 0.4", DDIMScheduler, {"kind": "ddim", "eta": 0.4, "steps": 25, "grid": leading()}, 25,
              "scaled_linear", seed=6, clip_sample=False),
        trace("DPM-Solver++ 2M", DPMSolverMultistepScheduler, {"kind": "dpm_solver_pp_2m", "steps": 10,
              "grid": open_linspace}, 10, seed=7),
        trace("DPM-Solver++ 2M, Heun, Karras", DPMSolverMultistepScheduler, {"kind": "dpm_solver_pp_2m", "steps": 19,
              "solver_type": "heun", "grid": {"kind": "karras"}}, 20, "scaled_linear", seed=8, solver_type="heun",
              use_karras_sigmas=True),
        trace("DPM-Solver++ 3M", DPMSolverMultistepScheduler, {"kind": "dpm_solver_pp_3m", "steps": 20,
              "solver_type": "published", "grid": open_leading}, 20, seed=9, solver_order=3,
              timestep_spacing="leading"),
        trace("DPM-Solver++ 3M, few steps", DPMSolverMultistepScheduler, {"kind": "dpm_solver_pp_3m", "steps": 8,
              "solver_type": "published", "grid": trailing}, 8, seed=10, solver_order=3, timestep_spacing="trailing"),
        trace("DPM-Solver++ 2M, log-SNR", DPMSolverMultistepScheduler, {"kind": "dpm_solver_pp_2m", "steps": 15,
              "grid": {"kind": "log_snr"}}, 16, seed=11, use_lu_lambdas=True),
        trace("DPM-Solver++ 2M, thresholded", DPMSolverMultistepScheduler, {"kind": "dpm_solver_pp_2m", "steps": 12,
              "grid": open_linspace, "threshold": {"kind": "dynamic", "quantile": 0.7, "max": 1.5}}, 12, seed=12,
              thresholding=True, dynamic_thresholding_ratio=0.7, sample_max_value=1.5),
        trace("SDE-DPM-Solver++ 2M", DPMSolverMultistepScheduler, {"kind": "sde_dpm_solver_pp_2m", "steps": 20,
              "grid": open_linspace}, 20, seed=14, algorithm_type="sde-dpmsolver++"),
        trace("SDE-DPM-Solver++ 2M, Heun, trailing", DPMSolverMultistepScheduler, {"kind": "sde_dpm_solver_pp_2m",
              "solver_type": "heun", "steps": 12, "grid": trailing}, 12, seed=15, algorithm_type="sde-dpmsolver++",
              solver_type="heun", timestep_spacing="trailing"),
        trace("UniPC", UniPCMultistepScheduler, {"kind": "unipc", "steps": 10, "grid": open_linspace}, 10, seed=16),
        # With bh1 diffusers' step to zero noise is not a number.
        trace("UniPC, order 3, bh1, to the smallest sigma", UniPCMultistepScheduler, {"kind": "unipc", "order": 3,
              "solver_type": "bh1"}, 14, seed=17, solver_order=3, solver_type="bh1", timestep_spacing="trailing",
              final_sigmas_type="sigma_min"),
        trace("DPM-Solver 2M, to the smallest sigma", DPMSolverMultistepScheduler, {"kind": "dpm_solver_2m"}, 20,
              seed=28, algorithm_type="dpmsolver", final_sigmas_type="sigma_min"),
        trace("DPM-Solver 3M, to the smallest sigma", DPMSolverMultistepScheduler, {"kind": "dpm_solver_3m",
              "solver_type": "published"}, 20, seed=29, algorithm_type="dpmsolver", solver_order=3,
              timestep_spacing="trailing", final_sigmas_type="sigma_min"),
        trace("UniPC, order 3, Karras", UniPCMultistepScheduler, {"kind": "unipc", "order": 3, "steps": 11,
              "grid": {"kind": "karras"}}, 12, seed=18, solver_order=3, use_karras_sigmas=True),
        trace_exploding("Euler", EulerDiscreteScheduler, {"kind": "euler", "steps": 10, "grid": linspace}, 10, seed=19),
        trace_exploding("Euler, trailing", EulerDiscreteScheduler, {"kind": "euler", "steps": 16, "grid": trailing},
                        16, seed=20, timestep_spacing="trailing"),
        trace_exploding("Heun", HeunDiscreteScheduler, {"kind": "heun", "steps": 10, "grid": linspace}, 10, seed=21),
        trace_exploding("Heun, trailing", HeunDiscreteScheduler, {"kind": "heun", "steps": 9, "grid": trailing}, 9,
                        seed=22, timestep_spacing="trailing"),
        trace_exploding("Euler ancestral", EulerAncestralDiscreteScheduler, {"kind": "ancestral", "variance": "small",
                        "steps": 14, "grid": leading(1)}, 14, seed=23, timestep_spacing="leading", steps_offset=1),
    ]
    path = Path(__file__).parent / "golden" / "samplers.json"
    path.write_text("[\n" + ",\n".join(json.dumps(entry) for entry in cases) + "\n]\n")
    print(f"{len(cases)} cases, {path.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
