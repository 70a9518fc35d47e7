"""Golden numbers of the metrics of samples, from the definitions as their authors' programs compute them.

    pip install numpy scipy mpmath
    python reference/evaluation.py reference/golden

It writes evaluation.json, and evaluation_statistics.npz as pytorch-fid writes it: numpy.savez_compressed of mu and sigma.

The features are a function of a counter (SplitMix64), so that evaluation/tests makes the same ones. The Frechet distance is
that of pytorch-fid, clean-fid and torch-fidelity, by scipy.linalg.sqrtm, and once more in 60 digits. KID is torch-fidelity's
polynomial_mmd, precision and recall Kynkaanniemi's, density and coverage those of Naeem's package prdc.
"""
import json
import math
import sys

import mpmath
import numpy as np
from scipy import linalg, stats
from scipy.spatial.distance import cdist

MASK = (1 << 64) - 1


def splitmix(state):
    z = (state + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return (z ^ (z >> 31)) & MASK


def cloud(seed, n, d, shift, scale):
    """Nearly normal numbers; each column leans on the one before."""
    x = np.empty((n, d))
    for i in range(n):
        for j in range(d):
            base = (seed << 40) + (i * d + j) * 4
            u = sum((splitmix(base + k) >> 11) / 2.0**53 for k in range(3)) - 1.5
            x[i, j] = scale * u + shift + (0.5 * x[i, j - 1] if j else 0.0)
    return x


def frechet(one, other):
    """calculate_frechet_distance of pytorch-fid."""
    (m1, c1), (m2, c2) = [(x.mean(0), np.cov(x, rowvar=False)) for x in (one, other)]
    root = linalg.sqrtm(c1 @ c2)
    if not np.isfinite(root).all():
        offset = np.eye(len(c1)) * 1e-6
        root = linalg.sqrtm((c1 + offset) @ (c2 + offset))
    diff = m1 - m2
    return float(diff @ diff + np.trace(c1) + np.trace(c2) - 2 * np.trace(root.real))


def frechet_exactly(one, other):
    """The same in 60 digits: tr (C D)^1/2 is the sum of the singular values of X Y^T / sqrt((n - 1)(m - 1))."""
    mpmath.mp.dps = 60
    clouds = []
    for x in (one, other):
        x = mpmath.matrix(x.tolist())
        mean = [mpmath.fsum(x[i, j] for i in range(x.rows)) / x.rows for j in range(x.cols)]
        for i in range(x.rows):
            for j in range(x.cols):
                x[i, j] -= mean[j]
        clouds.append((mean, x / mpmath.sqrt(x.rows - 1)))
    (m1, x), (m2, y) = clouds
    square = lambda z: mpmath.fsum(z[i, j] ** 2 for i in range(z.rows) for j in range(z.cols))
    means = mpmath.fsum((a - b) ** 2 for a, b in zip(m1, m2))
    # The smaller Gram matrix of the two products has the same singular values.
    if x.cols <= min(x.rows, y.rows):
        c, d = x.T * x, y.T * y
        values, vectors = mpmath.eigsy(c)
        half = vectors * mpmath.diag([mpmath.sqrt(max(v, 0)) for v in values]) * vectors.T
        gram = half * d * half
    else:
        product = x * y.T
        gram = product * product.T if x.rows <= y.rows else product.T * product
    roots = mpmath.fsum(mpmath.sqrt(max(v, 0)) for v in mpmath.eigsy(gram, eigvals_only=True))
    return float(means + square(x) + square(y) - 2 * roots)


def polynomial_mmd(x, y):
    """Unbiased, degree 3, gamma 1/d, coefficient 1; all pairs or a subset of the same number of each."""
    kernel = lambda a, b: (a @ b.T / a.shape[1] + 1) ** 3
    return unbiased(kernel(x, x), kernel(y, y), kernel(x, y))


def unbiased(kxx, kyy, kxy):
    n, m = kxy.shape
    within = lambda k, n: (k.sum() - np.trace(k)) / (n * (n - 1))
    return float(within(kxx, n) + within(kyy, m) - 2 * kxy.mean())


def gaussian_mmd(x, y):
    distances = cdist(y, y)
    h = float(np.median(distances[np.triu_indices(len(y), 1)]))
    kernel = lambda a, b: np.exp(-cdist(a, b) ** 2 / (2 * h * h))
    return h, unbiased(kernel(x, x), kernel(y, y), kernel(x, y))


def radii(x, k):
    # Entry 0 of a row is the distance to itself.
    return np.sort(cdist(x, x), axis=1)[:, k]


def precision_recall(fake, real, k):
    d = cdist(real, fake)
    precision = (d <= radii(real, k)[:, None]).any(0).mean()
    recall = (d <= radii(fake, k)[None, :]).any(1).mean()
    return float(precision), float(recall)


def density_coverage(fake, real, k):
    d, r = cdist(real, fake), radii(real, k)
    density = (d < r[:, None]).sum(0).mean() / k
    coverage = (d.min(1) < r).mean()
    return float(density), float(coverage)


def wasserstein2(x, y):
    """Squared, between laws of n and m equal weights: both repeated to their common multiple."""
    common = math.lcm(len(x), len(y))
    x, y = (np.repeat(np.sort(z), common // len(z)) for z in (x, y))
    return float(((x - y) ** 2).mean())


def directions(number, d):
    w = cloud(77, number, d, 0.0, 1.0)
    return w / np.linalg.norm(w, axis=1, keepdims=True)


def golden(n, m, d, shift, scale):
    fake, real = cloud(1, n, d, shift, scale), cloud(2, m, d, 0.0, 1.0)
    other = cloud(3, m, d, 0.0, 1.0)
    # Two copies of training examples among the samples.
    train = np.concatenate([other, fake[:2]])
    nearest = lambda x: cdist(x, train).min(1)
    u = stats.mannwhitneyu(nearest(real), nearest(fake)).statistic
    size = min(n, m) // 2
    subsets = [([(7 * i + s) % n for i in range(size)], [(11 * i + s) % m for i in range(size)]) for s in range(3)]
    h, mmd = gaussian_mmd(fake, real)
    labels = [int(splitmix((9 << 40) + i) % 4) for i in range(n)]
    counts = np.bincount(labels, minlength=5)
    precision, recall = precision_recall(fake, real, 3)
    density, coverage = density_coverage(fake, real, 5)
    return {
        "samples": n, "reference": m, "dimension": d, "shift": shift, "scale": scale,
        "frechet_sqrtm": frechet(fake, real), "frechet": frechet_exactly(fake, real),
        "kid": polynomial_mmd(fake, real),
        "kid_subsets": [polynomial_mmd(fake[a], real[b]) for a, b in subsets],
        "mmd": mmd, "mmd_bandwidth": h,
        "precision": precision, "recall": recall, "density": density, "coverage": coverage,
        "sliced_wasserstein": float(np.sqrt(np.mean([wasserstein2(fake @ w, real @ w) for w in directions(10, d)]))),
        "marginal_wasserstein": [float(stats.wasserstein_distance(fake[:, j], real[:, j])) for j in range(d)],
        "marginal_ks": [float(stats.ks_2samp(fake[:, j], real[:, j]).statistic) for j in range(d)],
        "nearer": float(u / (n * m)),
        "median_distance": float(np.median(nearest(fake))),
        "entropy": float(stats.entropy(counts)), "counts": counts.tolist(),
    }


cases = [golden(300, 250, 6, 0.3, 1.2), golden(24, 20, 32, 0.1, 0.9), golden(40, 150, 48, 0.0, 1.0)]
with open(f"{sys.argv[1]}/evaluation.json", "w") as file:
    json.dump(cases, file, indent=1)
    file.write("\n")
x = cloud(1, 300, 6, 0.3, 1.2)
np.savez_compressed(f"{sys.argv[1]}/evaluation_statistics.npz", mu=x.mean(0), sigma=np.cov(x, rowvar=False))
