"""Slant and thickness of the first test digits of MNIST, by NumPy (docs/CONDITIONS.md).

    pip install numpy
    python reference/strokes.py     # writes reference/golden/strokes.json, a second
"""

import gzip
import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
COUNT = 16


def main():
    data = gzip.open(HERE.parent / "datasets/data/mnist/t10k-images-idx3-ubyte.gz").read()
    ink = np.frombuffer(data, np.uint8, offset=16).reshape(-1, 28, 28)[:COUNT] / 255
    y, x = np.mgrid[:28, :28]
    mass = ink.sum((1, 2))
    dx = x - ((ink * x).sum((1, 2)) / mass)[:, None, None]
    dy = y - ((ink * y).sum((1, 2)) / mass)[:, None, None]
    slant = -(ink * dx * dy).sum((1, 2)) / (ink * dy**2).sum((1, 2))
    # A black border: the edge of the picture counts.
    framed = np.pad(ink, ((0, 0), (1, 1), (1, 1)))
    across = np.diff(framed, axis=2)[:, :-1]
    down = np.diff(framed, axis=1)[:, :, :-1]
    thickness = 2 * mass / np.hypot(across, down).sum((1, 2))
    golden = HERE / "golden" / "strokes.json"
    golden.write_text(json.dumps({"slant": slant.tolist(), "thickness": thickness.tolist()}, indent=1) + "\n")
    print(np.stack([slant, thickness], 1))


if __name__ == "__main__":
    main()
