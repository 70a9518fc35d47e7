"""Densities without a closed form, by SciPy: golden numbers for the grids of the laboratory.

A spectral method that shares nothing with finite volumes: the density is sampled on a fine periodic grid that holds all
of it, derivatives are Fourier, time is integrated by scipy's DOP853 to 1e-12. Run as

    python reference/fokker_planck_scipy.py
"""

import json
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp

out = Path(__file__).parent / "golden" / "fokker_planck.json"


def solve(drift, diffusion, start, lower, upper, end, points):
    x = lower + (upper - lower) * np.arange(points) / points
    k = 2j * np.pi * np.fft.fftfreq(points, (upper - lower) / points)
    k[points // 2] = 0.0

    def derivative(values):
        return np.fft.ifft(k * np.fft.fft(values)).real

    def change(t, p):
        return derivative(-drift(x, t) * p + derivative(diffusion(x, t) * p))

    solution = solve_ivp(change, (0.0, end), start(x), method="DOP853", rtol=1e-11, atol=1e-13)
    assert solution.success
    return x, solution.y[:, -1]


def normal(x, mean, std):
    return np.exp(-0.5 * ((x - mean) / std) ** 2) / (std * np.sqrt(2 * np.pi))


cases = {
    # A double well with noise that depends on the place.
    "double_well": dict(
        drift=lambda x, t: x - x**3,
        diffusion=lambda x, t: 0.3 + 0.1 * np.cos(x),
        start=lambda x: normal(x, 0.8, 0.3),
        lower=-4.0, upper=4.0, end=1.5,
    ),
    # A drift and noise that change with time.
    "changing": dict(
        drift=lambda x, t: np.sin(2 * t) - np.sin(x),
        diffusion=lambda x, t: 0.5 * (1 + 0.5 * np.sin(3 * t)),
        start=lambda x: 0.5 * normal(x, -1.0, 0.4) + 0.5 * normal(x, 1.0, 0.5),
        lower=-9.0, upper=9.0, end=1.0,
    ),
}

golden = {}
for name, case in cases.items():
    rows = {}
    for points in (192, 256):
        x, p = solve(**case, points=points)
        nodes = np.linspace(-3.0, 3.0, 25)
        n = len(x)
        length = case["upper"] - case["lower"]
        coefficients = np.fft.fft(p) / n
        k = 2j * np.pi * np.fft.fftfreq(n, length / n)
        rows[points] = [float(np.sum(coefficients * np.exp(k * (node - case["lower"]))).real) for node in nodes]
        print(name, points, "mass", p.sum() * length / n)
    difference = max(abs(a - b) for a, b in zip(rows[192], rows[256]))
    print(name, "two resolutions differ by", difference)
    assert difference < 1e-9
    golden[name] = {"x": list(np.linspace(-3.0, 3.0, 25)), "density": rows[256]}
out.write_text(json.dumps(golden, indent=1) + "\n")
