"""Golden traces of samplers, by NumPy statements of published algorithms.

    pip install numpy
    python reference/published_samplers.py        # seconds

Writes reference/golden/published_samplers.json, of the form of reference/golden/samplers.json: a list of cases, each with the sampler
and the process as fokker's configuration names them, the initial state, the normal draws in the order they are used, and the state
after every step (the last one is the final denoising).

The network is replaced by the exact noise prediction of a mixture whose coordinates are independent.
"""

import json
from pathlib import Path

import numpy as np

COMPONENTS = [(0.3, -1.0, 0.5), (0.7, 0.9, 0.4)]
SHAPE = (4, 3)


def exact_noise(x, alpha, sigma):
    """E[eps | alpha x0 + sigma eps = x] for independent coordinates with the law of COMPONENTS."""
    x = np.asarray(x, dtype=np.float64)
    logs, scores = [], []
    for weight, mean, std in COMPONENTS:
        variance = (alpha * std) ** 2 + sigma**2
        logs.append(np.log(weight) - 0.5 * np.log(variance) - 0.5 * (x - alpha * mean) ** 2 / variance)
        scores.append((alpha * mean - x) / variance)
    logs = np.array(logs)
    weights = np.exp(logs - logs.max(axis=0))
    return -sigma * (weights * np.array(scores)).sum(axis=0) / weights.sum(axis=0)


class Draws:
    """Recorded normal draws, in the order they are asked for."""

    def __init__(self, seed):
        self.generator, self.used = np.random.default_rng(seed), []

    def __call__(self):
        draw = self.generator.standard_normal(SHAPE)
        self.used.append(draw)
        return draw


def start(seed):
    return np.random.default_rng(1000 + seed).standard_normal(SHAPE)


def case(name, sampler, process, x, draws, states):
    rounded = lambda array: [float(f"{value:.12g}") for value in np.asarray(array, dtype=np.float64).ravel()]
    return {
        "name": name, "sampler": sampler, "process": process, "start": rounded(x),
        "draws": [rounded(draw) for draw in draws], "states": [rounded(state) for state in states],
    }


def predictor_corrector_ve(seed, levels=12, snr=0.16):
    """score_sde's PC sampler for VESDE (Song et al. 2021, algorithms 2 and 4): reverse diffusion and Langevin.

    One example at a time: the authors' mean over the batch is then the example's own norm.
    """
    sigmas = np.exp(np.linspace(np.log(0.05), np.log(30.0), levels))
    draws = Draws(seed)
    x = start(seed) * sigmas[-1]
    first, states = x.copy(), []
    norm = lambda array: np.linalg.norm(array, axis=1, keepdims=True)
    for i in reversed(range(levels)):
        score = -exact_noise(x, 1.0, sigmas[i]) / sigmas[i]
        z = draws()
        step = (snr * norm(z) / norm(score)) ** 2 * 2
        x = x + step * score + np.sqrt(2 * step) * z
        before = sigmas[i - 1] if i > 0 else 0.0
        added = sigmas[i] ** 2 - before**2
        score = -exact_noise(x, 1.0, sigmas[i]) / sigmas[i]
        mean = x + added * score
        x = mean + np.sqrt(added) * draws() if i > 0 else mean
        states.append(x.copy())
    sampler = {
        "kind": "predictor_corrector", "predictor": "reverse_diffusion", "corrector": {"steps": 1, "snr": snr},
        "grid": {"kind": "linspace", "train_steps": levels}, "steps": levels,
    }
    process = {"kind": "ncsn_chain", "steps": levels, "sigma_min": 0.05, "sigma_max": 30.0}
    return case("score_sde predictor-corrector, VE", sampler, process, first, draws.used, states)


def predictor_corrector_vp(seed, steps=20, snr=0.1):
    """score_sde's PC sampler for VPSDE: ancestral sampling (algorithm 3) and two Langevin steps (algorithm 5)."""
    betas = np.linspace(1e-3, 0.4, steps)
    products = np.cumprod(1 - betas)
    draws = Draws(seed)
    x = start(seed)
    first, states = x.copy(), []
    norm = lambda array: np.linalg.norm(array, axis=1, keepdims=True)
    for i in reversed(range(steps)):
        alpha, sigma = np.sqrt(products[i]), np.sqrt(1 - products[i])
        for _ in range(2):
            score = -exact_noise(x, alpha, sigma) / sigma
            z = draws()
            step = (snr * norm(z) / norm(score)) ** 2 * 2 * (1 - betas[i])
            x = x + step * score + np.sqrt(2 * step) * z
        score = -exact_noise(x, alpha, sigma) / sigma
        mean = (x + betas[i] * score) / np.sqrt(1 - betas[i])
        x = mean + np.sqrt(betas[i]) * draws() if i > 0 else mean
        states.append(x.copy())
    sampler = {
        "kind": "predictor_corrector", "predictor": "ancestral", "corrector": {"steps": 2, "snr": snr},
        "grid": {"kind": "linspace", "train_steps": steps}, "steps": steps,
    }
    process = {"kind": "ddpm_chain", "steps": steps, "beta_start": 1e-3, "beta_end": 0.4}
    return case("score_sde predictor-corrector, VP", sampler, process, first, draws.used, states)


def edm(seed, steps, churn, s_min, s_max, s_noise):
    """Karras et al. 2022, algorithm 2, with the schedule of its equation 5."""
    k = np.arange(steps)
    sigmas = (80 ** (1 / 7) + k / (steps - 1) * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7
    sigmas = np.append(sigmas, 0.0)
    draws = Draws(seed)
    denoise = lambda x, sigma: x - sigma * exact_noise(x, 1.0, sigma)
    x = start(seed) * sigmas[0]
    first, states = x.copy(), []
    for i in range(steps):
        gamma = min(churn / steps, np.sqrt(2) - 1) if s_min <= sigmas[i] <= s_max else 0.0
        raised = sigmas[i] * (1 + gamma)
        if gamma > 0:
            x = x + s_noise * np.sqrt(raised**2 - sigmas[i] ** 2) * draws()
        slope = (x - denoise(x, raised)) / raised
        after = x + (sigmas[i + 1] - raised) * slope
        if sigmas[i + 1] > 0:
            second = (after - denoise(after, sigmas[i + 1])) / sigmas[i + 1]
            after = x + (sigmas[i + 1] - raised) * 0.5 * (slope + second)
        x = after
        states.append(x.copy())
    sampler = {
        "kind": "edm_heun", "steps": steps - 1,
        "churn": {"amount": churn, "min": s_min, "max": s_max, "noise": s_noise},
    }
    return case(f"EDM algorithm 2, churn {churn}", sampler, {"kind": "edm"}, first, draws.used, states)


def main():
    cases = [
        predictor_corrector_ve(24),
        predictor_corrector_vp(25),
        edm(26, 18, 40, 0.05, 50, 1.003),
        edm(27, 10, 0, 0, 1e9, 1),
        # Churn at every noise level but the first, above which the score is not known: at the last one too.
        edm(30, 12, 30, 0, 50, 1.003),
        edm(31, 6, 2, 0.001, 0.01, 1),
    ]
    path = Path(__file__).parent / "golden" / "published_samplers.json"
    path.write_text("[\n" + ",\n".join(json.dumps(entry) for entry in cases) + "\n]\n")
    print(f"{len(cases)} cases, {path.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
