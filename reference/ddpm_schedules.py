"""Products of 1 − β_k of DDPM's schedules of 1000 steps, with 50 decimal digits: the golden numbers of process/tests.

    pip install mpmath
    python reference/ddpm_schedules.py
"""

from mpmath import cos, mp, mpf, pi, sqrt

mp.dps = 50
N = 1000


def linear(start, end):
    return [mpf(start) + (mpf(end) - mpf(start)) * k / (N - 1) for k in range(N)]


def scaled_linear(start, end):
    return [b * b for b in linear(sqrt(mpf(start)), sqrt(mpf(end)))]


def squaredcos_cap_v2():
    bar = lambda t: cos((t + mpf("0.008")) / mpf("1.008") * pi / 2) ** 2
    return [min(1 - bar(mpf(k + 1) / N) / bar(mpf(k) / N), mpf("0.999")) for k in range(N)]


for name, betas in [
    ("linear", linear("1e-4", "0.02")),
    ("scaled_linear", scaled_linear("0.00085", "0.012")),
    ("squaredcos_cap_v2", squaredcos_cap_v2()),
]:
    product, values = mpf(1), {}
    for k, beta in enumerate(betas):
        product *= 1 - beta
        if k in (0, 1, 499, 998, 999):
            values[k] = float(product)
    print(name, values)
