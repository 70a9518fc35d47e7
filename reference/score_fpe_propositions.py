"""Golden numbers for laboratory/src/score_fpe: derivatives of the score of a mixture under VP with a known error, by mpmath at
thirty digits, and both sides of [Lai 2023, Prop. 1 and 3] by SciPy's quadrature.

    python reference/score_fpe_propositions.py

writes reference/golden/score_fpe_propositions.json. The density is differentiated numerically: nothing here shares a formula
with the Rust code but the definition of the density, of the error and of M.
"""

import json
from pathlib import Path

import numpy as np
from mpmath import diff, exp, log, mp, mpf, pi, sin
from scipy.integrate import quad_vec

mp.dps = 30

BETA = (mpf("0.1"), mpf(8))
WEIGHTS = [mpf("0.3"), mpf("0.7")]
MEANS = [(mpf(-1), mpf("0.5")), (mpf("0.8"), mpf("-0.4"))]
COVARIANCES = [((mpf("0.3"), mpf("0.1")), (mpf("0.1"), mpf("0.2"))), ((mpf("0.25"), mpf("-0.05")), (mpf("-0.05"), mpf("0.4")))]
ALONG, ACROSS, WAVENUMBER = mpf("0.25"), mpf("0.35"), mpf("1.5")


def rate(t):
    return BETA[0] + (BETA[1] - BETA[0]) * t


def log_density(x, y, t):
    """ln q_t: the kernel of VP is N(α x₀, 1 − α²) with α² = exp(−∫β)."""
    square = exp(-(BETA[0] * t + (BETA[1] - BETA[0]) * t * t / 2))
    total = mpf(0)
    for weight, mean, c in zip(WEIGHTS, MEANS, COVARIANCES):
        a, b, d = square * c[0][0] + 1 - square, square * c[0][1], square * c[1][1] + 1 - square
        u, v = x - mean[0] * square ** mpf("0.5"), y - mean[1] * square ** mpf("0.5")
        det = a * d - b * b
        total += weight * exp(-(d * u * u - 2 * b * u * v + a * v * v) / (2 * det)) / (2 * pi * det ** mpf("0.5"))
    return log(total)


def error(i, x, y, t):
    z = (x, y)
    return (1 - t) * (ALONG * sin(WAVENUMBER * z[i]) + ACROSS * sin(WAVENUMBER * z[1 - i]))


def partial(function, x, y, t, orders):
    return diff(function, (x, y, t), orders) if any(orders) else function(x, y, t)


def score_of(i, orders, x, y, t, disturbed=True):
    """A derivative of component i of the score, by the derivative of ln q that is one higher in that component."""
    higher = (orders[0] + (i == 0), orders[1] + (i == 1), orders[2])
    value = partial(log_density, x, y, t, higher)
    return value + partial(lambda *z: error(i, *z), x, y, t, orders) if disturbed else value


def jet(x, y, t, disturbed=True):
    def of(i, a, b, c):
        return score_of(i, (a, b, c), x, y, t, disturbed)

    s = [of(i, 0, 0, 0) for i in (0, 1)]
    jacobian = [[of(i, 1, 0, 0), of(i, 0, 1, 0)] for i in (0, 1)]
    slope = [of(0, 2, 0, 0) + of(1, 1, 1, 0), of(0, 1, 1, 0) + of(1, 0, 2, 0)]
    change = [of(i, 0, 0, 1) for i in (0, 1)]
    square, drift, z = rate(t), -rate(t) / 2, (x, y)
    gradient = [
        square / 2 * (slope[j] + 2 * sum(jacobian[i][j] * s[i] for i in (0, 1)))
        - drift * (s[j] + sum(jacobian[i][j] * z[i] for i in (0, 1)))
        for j in (0, 1)
    ]
    return {
        "score": s,
        "jacobian": [entry for row in jacobian for entry in row],
        "divergence_slope": slope,
        "rate": change,
        "gradient": gradient,
        "residual": [change[j] - gradient[j] for j in (0, 1)],
    }


def plain(values):
    return [float(value) for value in values]


def main():
    jets = []
    for place, t in ((("0.3", "-0.7"), "0.2"), (("-1.4", "0.9"), "0.05"), (("1.1", "1.6"), "0.8")):
        x, y = (mpf(v) for v in place)
        jets.append({"x": [float(x), float(y)], "t": float(mpf(t)), **{key: plain(v) for key, v in jet(x, y, mpf(t)).items()}})
    points = [(0.3, -0.7), (-1.2, 0.8), (0.9, 0.1)]
    first, third = {"left": [], "right": []}, {"left": [], "c": [], "first": [], "second": []}
    mp.dps = 20
    for x, y in points:
        place = (mpf(x), mpf(y))

        def integrand(t, place=place):
            guess, truth = jet(*place, mpf(t)), jet(*place, mpf(t), disturbed=False)
            residual, square, drift = plain(guess["residual"]), float(rate(t)), float(rate(t) / 2)
            norm = np.linalg.norm
            return np.array(
                [
                    *plain(guess["gradient"]),
                    norm(residual),
                    *residual,
                    square / 2,
                    square * norm(plain(truth["score"])) + drift * norm([x, y]),
                    square * norm(plain(truth["jacobian"])) + drift * np.sqrt(2.0),
                ]
            )

        value, _ = quad_vec(integrand, 0.05, 1.0, epsrel=1e-9, epsabs=1e-9)
        end = plain(jet(*place, mpf("0.05"))["score"])
        start = plain(jet(*place, mpf(1), disturbed=False)["score"])
        # From t_θ = 1 back to 0.05: ∇Ψ = s(1) − ∫ ∇M.
        first["left"].append(float(np.linalg.norm(np.array(end) - (np.array(start) - value[:2]))))
        first["right"].append(float(value[2]))
        third["left"].append(float(np.linalg.norm(value[3:5])))
        for key, number in zip(("c", "first", "second"), value[5:]):
            third[key].append(float(number))
    golden = {"jets": jets, "points": points, "proposition1": first, "proposition3": third}
    path = Path(__file__).parent / "golden" / "score_fpe_propositions.json"
    path.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
