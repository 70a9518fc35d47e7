"""Pictures that are moved, by NumPy (docs/DATA.md): geometric augmentation of Karras et al. 2022, appendix F.2.

    pip install numpy
    python reference/augmentation.py     # writes reference/golden/augmentation.json, a second

The composed transformation is a product of 3 x 3 matrices in pixels from the middle. The picture is mirrored at its edges as far as needed,
brought to twice its size by the symlet of six moments, read between four places, and brought back, each by sums over everything, so that
nothing is shared with the program but the formulas.
"""

import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
HEIGHT, WIDTH, CHANNELS = 7, 9, 2
SCALING, ANISOTROPY, TRANSLATION = 0.2, 0.2, 0.125
FAR = 24  # pixels of mirrored picture on each side

# a_0 .. a_7 of the table in datasets/src/augmentation/mod.rs.
CASES = [
    [1, 0, 0, 0, 0, 0, 0, 0],
    [0, 1, 0, 0, 0, 0, 0, 0],
    [0, 0, 1.3, 0, 0, 0, 0, 0],
    [0, 0, 0, 0.7, 0, 0, 0, 0],
    [0, 0, 0, 0, 2.1, -0.9, 0, 0],
    [0, 0, 0, 0, 0, 0, 0.8, -1.7],
    [1, 1, -1.1, -2.5, -0.4, 1.6, -0.6, 0.5],
]


def symlet():
    """The low-pass filter of the symlet with six vanishing moments from its definition: spectral factorisation with the roots that make the
    phase nearest to linear, which are found by trying all choices."""
    moments = 6
    # P(y) = sum_k binomial(5 + k, k) y^k, with y = (2 - z - 1/z)/4.
    from math import comb

    in_y = np.poly1d([comb(moments - 1 + k, k) for k in reversed(range(moments))])
    pairs = []
    for y in in_y.roots:
        z = np.roots([1, 4 * y - 2, 1])
        pairs.append(z[np.argsort(abs(z))])
    real = [p for p, y in zip(pairs, in_y.roots) if abs(y.imag) < 1e-9]
    complex_ = [p for p, y in zip(pairs, in_y.roots) if y.imag > 1e-9]
    best = None
    for choice in range(2 ** (len(real) + len(complex_))):
        roots = []
        for k, pair in enumerate(real + complex_):
            root = pair[choice >> k & 1]
            roots += [root] if k < len(real) else [root, np.conj(root)]
        h = np.real(np.poly(np.concatenate([roots, -np.ones(moments)])))
        h *= np.sqrt(2) / h.sum()
        w = np.linspace(0.01, np.pi * 0.6, 200)
        phase = np.unwrap(np.angle(np.exp(-1j * np.outer(w, np.arange(12))) @ h))
        line = np.polyfit(w, phase, 1)
        error = np.abs(phase - np.polyval(line, w)).max()
        if best is None or error < best[0] - 1e-9:
            best = (error, h)
    h = best[1]
    # Of the two mirror images that with its peak at the larger index.
    return h if np.argmax(h) > 5 else h[::-1]


def fold(index, size):
    index = np.abs(index) % (2 * (size - 1))
    return np.where(index >= size, 2 * (size - 1) - index, index)


def translate(x, y):
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def scale(x, y):
    return np.diag([x, y, 1.0])


def rotate(angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def inverse(a):
    """From the moved picture to the mirrored one: the inverse of what is done, one after the other."""
    forward = scale(2 ** (SCALING * a[2]), 2 ** (SCALING * a[2]))
    forward = rotate(-a[3]) @ forward
    stretch = 2 ** (ANISOTROPY * a[5])
    forward = rotate(-a[4]) @ scale(stretch, 1 / stretch) @ rotate(a[4]) @ forward
    forward = translate(TRANSLATION * WIDTH * a[6], TRANSLATION * HEIGHT * a[7]) @ forward
    return np.linalg.inv(forward)


def vector(a):
    return [a[0], a[1], a[2], np.cos(a[3]) - 1, np.sin(a[3]), a[5] * np.cos(a[4]), a[5] * np.sin(a[4]), a[6], a[7]]


def moved(picture, matrix, h):
    height, width = picture.shape
    delay = (np.arange(-6, 6) * h).sum() / h.sum()
    rows, columns = np.arange(-FAR, height + FAR), np.arange(-FAR, width + FAR)
    wide = picture[np.ix_(fold(rows, height), fold(columns, width))]
    # One matrix that spreads pixels over the doubled places -2 FAR ...
    places = np.arange(-2 * FAR + 12, 2 * (max(height, width) + FAR) - 12)

    def spread(pixels):
        lag = places[:, None] - 2 * pixels[None, :] + 6
        return np.sqrt(2) * np.where((lag >= 0) & (lag < 12), h[np.clip(lag, 0, 11)], 0)

    fine = spread(rows) @ wide @ spread(columns).T

    def seen(column, row):
        x, y = (column - delay) / 2 - (width - 1) / 2, (row - delay) / 2 - (height - 1) / 2
        x, y, _ = matrix @ [x, y, 1]
        x, y = 2 * (x + (width - 1) / 2) + delay, 2 * (y + (height - 1) / 2) + delay
        i, j = int(np.floor(y)), int(np.floor(x))
        at = lambda i, j: fine[i - places[0], j - places[0]]
        v, u = y - i, x - j
        return (1 - v) * ((1 - u) * at(i, j) + u * at(i, j + 1)) + v * ((1 - u) * at(i + 1, j) + u * at(i + 1, j + 1))

    result = np.zeros_like(picture)
    for row in range(height):
        for column in range(width):
            for m, a in zip(range(-6, 6), h):
                for n, b in zip(range(-6, 6), h):
                    result[row, column] += a * b / 2 * seen(2 * column + n, 2 * row + m)
    return result


def main():
    h = symlet()
    place = np.arange(CHANNELS * HEIGHT * WIDTH)
    picture = ((place * place * 37 + place * 11) % 256).reshape(CHANNELS, HEIGHT, WIDTH).astype(float)
    cases = []
    for a in CASES:
        matrix = inverse(a)
        mirrored = picture[:, :: 1 - 2 * a[1], :: 1 - 2 * a[0]]
        values = [round(float(v), 5) for channel in mirrored for v in moved(channel, matrix, h).ravel()]
        cases.append({"numbers": a, "vector": [float(v) for v in vector(a)], "values": values})
    golden = {"shape": [CHANNELS, HEIGHT, WIDTH], "filter": list(h), "cases": cases}
    (HERE / "golden" / "augmentation.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
