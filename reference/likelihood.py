"""Log-likelihoods by the probability flow, in double precision: golden numbers for `fokker_sampling::likelihood`.

Written in x over t, as the equation stands in Song et al. 2021, eq. 37-39, with every coefficient from the process's
definition; solved by SciPy's DOP853 to 1e-11. Nothing is shared with the solver under test, which works in x/alpha over
sigma/alpha. The score is a mixture's, times a factor: with a factor other than 1 no closed form knows the density. Run as

    python reference/likelihood.py
"""

import json
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp

out = Path(__file__).parent / "golden" / "likelihood.json"


def linear_beta(beta_min, beta_max):
    rate = lambda t: beta_min + (beta_max - beta_min) * t
    integral = lambda t: beta_min * t + 0.5 * (beta_max - beta_min) * t**2
    return rate, integral


class Vp:
    config = {"kind": "vp", "beta_min": 0.1, "beta_max": 20.0, "min_time": 1e-3}
    prior_std = 1.0
    rate, integral = map(staticmethod, linear_beta(0.1, 20.0))

    def drift(self, t): return -0.5 * self.rate(t)
    def diffusion_squared(self, t): return self.rate(t)
    def alpha(self, t): return np.exp(-0.5 * self.integral(t))
    def variance(self, t): return -np.expm1(-self.integral(t))


class SubVp(Vp):
    config = {"kind": "sub_vp", "beta_min": 0.1, "beta_max": 20.0, "min_time": 1e-2}

    def diffusion_squared(self, t): return self.rate(t) * -np.expm1(-2 * self.integral(t))
    def variance(self, t): return np.expm1(-self.integral(t)) ** 2


class Ve:
    config = {"kind": "ve", "sigma_min": 0.01, "sigma_max": 30.0, "min_time": 0.05}
    log = 2 * np.log(30.0 / 0.01)
    prior_std = 0.01 * np.sqrt(np.expm1(log))

    def drift(self, t): return 0.0
    def diffusion_squared(self, t): return 0.01**2 * self.log * np.exp(self.log * t)
    def alpha(self, t): return 1.0
    def variance(self, t): return 0.01**2 * np.expm1(self.log * t)


class Rve:
    config = {"kind": "rve", "sigma_min": 0.02, "sigma_max": 40.0, "epsilon": 0.01, "min_time": 0.011}
    decay = 0.01 * np.log(40.0 / 0.02)
    prior_std = 40.0 * np.exp(-decay)

    def drift(self, t): return 0.0
    def diffusion_squared(self, t): return 2 * self.decay * self.variance(t) / t**2
    def alpha(self, t): return 1.0
    def variance(self, t): return 40.0**2 * np.exp(-2 * self.decay / t)


def score(mixture, process, t, x):
    """The score of the diffused mixture, and its divergence."""
    weights, means, variances = (np.array(mixture[key]) for key in ("weights", "means", "variances"))
    alpha = process.alpha(t)
    covariance = alpha**2 * variances + process.variance(t)
    pull = -(x - alpha * means) / covariance
    log = np.log(weights) + 0.5 * np.sum(pull * (x - alpha * means) - np.log(covariance), axis=1)
    share = np.exp(log - log.max())
    share /= share.sum()
    mean = share @ pull
    divergence = share @ (np.sum((pull - mean) ** 2, axis=1) - np.sum(1 / covariance, axis=1))
    return mean, divergence


def log_density(mixture, factor, process, x):
    first, last = process.config["min_time"], 1.0

    def change(t, state):
        value, divergence = score(mixture, process, t, state[:-1])
        half = 0.5 * process.diffusion_squared(t)
        drift = process.drift(t)
        return np.append(drift * state[:-1] - half * factor * value, drift * len(x) - half * factor * divergence)

    solution = solve_ivp(change, (first, last), np.append(x, 0.0), method="DOP853", rtol=1e-11, atol=1e-12)
    assert solution.success
    end, integral = solution.y[:-1, -1], solution.y[-1, -1]
    std = process.prior_std
    return integral - 0.5 * np.sum((end / std) ** 2) - len(x) * np.log(std * np.sqrt(2 * np.pi))


mixtures = {
    "bumps": dict(weights=[0.3, 0.7], means=[[-1.0], [1.0]], variances=[[0.09], [0.16]]),
    "plane": dict(weights=[0.2, 0.5, 0.3], means=[[0.0, 0.5], [1.5, -1.0], [-1.2, -0.8]],
                  variances=[[0.16, 0.04], [0.09, 0.25], [0.04, 0.09]]),
}
points = {"bumps": [[-1.4], [-0.1], [0.9], [2.5]], "plane": [[0.1, 0.4], [1.0, -1.3], [-1.2, -0.2], [3.0, 2.0]]}

golden = []
for name, mixture in mixtures.items():
    for process in (Vp(), SubVp(), Ve(), Rve()):
        for factor in (1.0, 0.9):
            values = [log_density(mixture, factor, process, np.array(x)) for x in points[name]]
            golden.append(dict(mixture=mixture, process=process.config, factor=factor, points=points[name],
                               log_density=values))
            print(name, process.config["kind"], factor, values)
out.write_text(json.dumps(golden, indent=1) + "\n")
