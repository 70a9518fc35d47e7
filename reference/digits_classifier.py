"""Golden numbers of the classifier of digits: its shipped weights, in NumPy, in double precision.

    pip install numpy
    python reference/digits_classifier.py > reference/golden/digits_classifier.json

The images are a function of a counter (SplitMix64), so that evaluation/tests makes the same ones. Convolutions are sums over
shifted images, without the matrix of windows that the program makes.
"""
import json
import pathlib

import numpy as np

MASK = (1 << 64) - 1


def splitmix(state):
    z = (state + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return (z ^ (z >> 31)) & MASK


def weights():
    file = pathlib.Path(__file__).parent.parent / "evaluation/weights/digits.safetensors"
    data = file.read_bytes()
    length = int.from_bytes(data[:8], "little")
    tensors, data = json.loads(data[8:8 + length]), data[8 + length:]
    read = lambda t: np.frombuffer(data[slice(*t["data_offsets"])], "<f4").astype(float).reshape(t["shape"])
    return {name: read(tensor) for name, tensor in tensors.items() if name != "__metadata__"}


def convolved(x, weight, bias):
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    height, width = x.shape[1:]
    out = bias[:, None, None] + np.zeros((len(weight), height, width))
    for dy in range(3):
        for dx in range(3):
            out += np.einsum("oc,chw->ohw", weight[:, :, dy, dx], padded[:, dy:dy + height, dx:dx + width])
    return out


def pooled(x):
    c, h, w = x.shape
    return x.reshape(c, h // 2, 2, w // 2, 2).max((2, 4))


def image(number):
    """Grey levels: a bright block at a place of its own on noise."""
    levels = np.array([splitmix((number << 40) + k) % 64 for k in range(784)]).reshape(28, 28)
    levels[5 + number:20, 8:11 + 3 * number] = 255
    return levels


w = weights()
cases = []
for number in range(1, 4):
    x = image(number)[None] / 255
    for layer, pool in enumerate([True, False, True, False]):
        x = np.maximum(convolved(x, w[f"convolution{layer}.weight"], w[f"convolution{layer}.bias"]), 0)
        x = pooled(x) if pool else x
    features = x.mean((1, 2))
    logits = w["last.weight"] @ features + w["last.bias"]
    p = np.exp(logits - logits.max())
    cases.append({"features": features.tolist(), "probabilities": (p / p.sum()).tolist()})
print(json.dumps(cases))
