"""Golden numbers for processes with matrix coefficients: reference/golden/matrix_processes.json.

Independent of the Rust code, which takes exponentials of Van Loan's block matrix: here transition matrices come from mpmath's
matrix exponential or its Taylor-series solver of ordinary differential equations, covariances from quadrature of
e^{Fs} L Lᵀ e^{Fᵀs} or from their own differential equation, all with 30 digits. Run: python3 reference/matrix_processes.py
(mpmath 1.3, about half a minute).
"""

import json
from pathlib import Path

from mpmath import cos, det, exp, expm, inverse, linspace, log, matrix, mp, mpf, odefun, pi, quad, sin, sqrt

mp.dps = 30


def plain(value):
    if isinstance(value, matrix):
        return [[float(value[i, j]) for j in range(value.cols)] for i in range(value.rows)]
    return float(value)


def invariant(drift, noise, span):
    """Ψ by the exponential, Q entry by entry by quadrature."""
    tensor = noise * noise.T
    n = drift.rows

    def rate(s, i, j):
        psi = expm(drift * s)
        return (psi * tensor * psi.T)[i, j]

    q = matrix(n, n)
    for i in range(n):
        for j in range(i + 1):
            q[i, j] = q[j, i] = quad(lambda s: rate(s, i, j), linspace(0, span, 5))
    return expm(drift * span), q


def varying(drift, noise, start, end, n):
    """Ψ and Q from Ψ' = F Ψ and Q' = F Q + Q Fᵀ + L Lᵀ."""

    def unpack(y):
        return matrix([[y[i * n + j] for j in range(n)] for i in range(n)])

    def rates(t, y):
        psi, q = unpack(y[: n * n]), unpack(y[n * n :])
        f, l = drift(t), noise(t)
        a, b = f * psi, f * q + q * f.T + l * l.T
        return [a[i, j] for i in range(n) for j in range(n)] + [b[i, j] for i in range(n) for j in range(n)]

    identity = [mpf(i == j) for i in range(n) for j in range(n)]
    solution = odefun(rates, start, identity + [mpf(0)] * (n * n), tol=mpf(10) ** -22)(end)
    return unpack(solution[: n * n]), unpack(solution[n * n :])


def gaussian(x, mean, covariance):
    away = x - mean
    solved = inverse(covariance) * away
    value = exp(-(away.T * solved)[0] / 2) / sqrt((2 * pi) ** x.rows * det(covariance))
    return value, -solved


def main():
    golden = {}
    drift = matrix([["-0.7", "1.3", "0.2"], ["-0.4", "0.1", "0.9"], ["0.3", "-1.1", "-0.5"]])
    noise = matrix([["0.6", "0.1"], ["0", "0.8"], ["0.5", "-0.3"]])
    for name, span in [("invariant", mpf("1.7")), ("invariant_short", mpf("0.01")), ("invariant_long", mpf(20))]:
        psi, q = invariant(drift, noise, span)
        golden[name] = {"span": plain(span), "drift": plain(drift), "noise": plain(noise), "psi": plain(psi), "q": plain(q)}

    def f(t):
        return matrix([[-1 + sin(2 * t) / 2, mpf("0.8")], [cos(t) - 1, mpf("-0.3") * t]])

    def l(t):
        return matrix([[mpf("0.5"), t / 4], [mpf(0), 1 + sin(t) / 2]])

    psi, q = varying(f, l, mpf("0.2"), mpf("1.9"), 2)
    golden["varying"] = {"from": 0.2, "to": 1.9, "psi": plain(psi), "q": plain(q)}

    beta, mass = mpf(4), mpf("0.25")
    friction = 2 * sqrt(mass)
    pair = matrix([[0, 1 / mass], [-1, -friction / mass]]) * beta
    kick = matrix([[0], [sqrt(2 * friction * beta)]])
    cases = []
    for span in [mpf("0.00001"), mpf("0.01"), mpf("0.2"), mpf(1)]:
        psi, q = invariant(pair, kick, span)
        cases.append({"span": plain(span), "psi": plain(psi), "q": plain(q)})
    golden["critically_damped"] = cases

    # A mixture of two Gaussians with full covariances under the time-varying process.
    psi, q = varying(f, l, mpf("0.2"), mpf("1.9"), 2)
    weights = [mpf("0.4"), mpf("0.6")]
    means = [matrix(["-1", "0.5"]), matrix(["0.8", "-0.2"])]
    covariances = [matrix([["0.5", "0.2"], ["0.2", "0.3"]]), matrix([["0.1", "-0.05"], ["-0.05", "0.4"]])]
    points = []
    for place in (["0.1", "-0.4"], ["1.5", "2.0"], ["-6", "5"]):
        x = matrix(place)
        parts = [gaussian(x, psi * m, psi * c * psi.T + q) for m, c in zip(means, covariances)]
        total = sum(w * value for w, (value, _) in zip(weights, parts))
        score = sum((w * value / total * s for w, (value, s) in zip(weights, parts)), matrix(2, 1))
        points.append({"x": [float(v) for v in x], "log_density": plain(log(total)), "score": [float(v) for v in score]})
    golden["mixture"] = points
    path = Path(__file__).parent / "golden" / "matrix_processes.json"
    path.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
