"""How far the two ensembles of [SDE tutorial, Examples 6 and 7] have come to the mixture: golden numbers for the captions.

Example 6, Langevin dynamics dx = ∇ln p dt + √2 dB: the operator is symmetric in L²(1/p), so its spectrum is that of a
symmetric matrix (second differences on a grid). The slowest time is 1/gap, and a start is carried to time t by the
eigenvectors. Example 7, the reverse of the variance-exploding chain from N(0, σ_K² − σ_0²): in the variance v as its
time, ∂q/∂τ = −∂(s q) + ½ ∂²q from v = σ_K² − σ_0² down to 0, by Fourier derivatives and SciPy's BDF. Neither shares a line
with the laboratory. Run as

    python reference/langevin_mixing.py
"""

import json
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp
from scipy.linalg import eigh_tridiagonal
from scipy.special import erfc

out = Path(__file__).parent / "golden" / "langevin_mixing.json"

weights, means, stds = np.array([0.3, 0.7]), np.array([-5.0, 5.0]), np.array([2.0, 2.0])


def density(x, variance=0.0):
    v = stds**2 + variance
    return (weights / np.sqrt(2 * np.pi * v) * np.exp(-0.5 * (x[:, None] - means) ** 2 / v)).sum(1)


law = float((weights * 0.5 * erfc(-means / (stds * np.sqrt(2)))).sum())
result = {"law": law}

# Langevin: jumps between neighbours with rates √(p_j/p_i)/h², a chain in balance with p.
points = 6001
x = np.linspace(-30.0, 30.0, points)
h = x[1] - x[0]
p = density(x)
ratio = np.sqrt(p[1:] / p[:-1])
diagonal = np.zeros(points)
diagonal[:-1] += ratio / h**2
diagonal[1:] += 1 / ratio / h**2
values, vectors = eigh_tridiagonal(diagonal, -np.ones(points - 1) / h**2, select="i", select_range=(0, 60))
result["slowest_time"] = float(1 / values[1])
right = np.where(x > 0, 1.0, 0.0) + np.where(np.abs(x) < 1e-12, 0.5, 0.0)
starts = {
    "normal": np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi),
    "uniform": np.where(np.abs(x) <= 20.0, 1 / 40.0, 0.0),
}
for name, start in starts.items():
    parts = vectors.T @ (start / np.sqrt(p)) * h
    for time in (150.0, 600.0):
        carried = np.sqrt(p) * (vectors @ (np.exp(-values * time) * parts))
        result[f"{name}_{time:.0f}"] = float((right * carried).sum() / carried.sum())

# The reverse chain, in the limit of many steps.
points, reach = 2048, 120.0
x = -reach + 2 * reach * np.arange(points) / points
k = 2j * np.pi * np.fft.fftfreq(points, 2 * reach / points)
k[points // 2] = 0.0
most = 10.0**2 - 0.001**2


def score(x, variance):
    v = stds**2 + variance
    logs = np.log(weights / np.sqrt(v)) - 0.5 * (x[:, None] - means) ** 2 / v
    parts = np.exp(logs - logs.max(1, keepdims=True))
    return (parts * (means - x[:, None]) / v).sum(1) / parts.sum(1)


def derivative(values):
    return np.fft.ifft(k * np.fft.fft(values)).real


def change(tau, q):
    return -derivative(score(x, most - tau) * q) + 0.5 * derivative(derivative(q))


start = np.exp(-0.5 * x**2 / most) / np.sqrt(2 * np.pi * most)
solution = solve_ivp(change, (0.0, most), start, method="DOP853", rtol=1e-9, atol=1e-12)
assert solution.success
q = solution.y[:, -1] / solution.y[:, -1].sum()
right = np.where(x > 0, 1.0, 0.0) + np.where(np.abs(x) < 1e-12, 0.5, 0.0)
result["exploding"] = float((right * q).sum())
result["exploding_mean"] = float((x * q).sum())

out.write_text(json.dumps(result, indent=1) + "\n")
print(json.dumps(result, indent=1))
