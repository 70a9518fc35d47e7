"""Three steps of Muon in double precision, for the tests of training/src/optimizer/muon.rs; held to PyTorch's own, which computes in
bfloat16.

    pip install numpy torch
    python reference/muon.py        # a second
"""

import numpy as np
import torch

RATE, DECAY, BETA, AVERAGE = 1e-2, 0.1, 0.95, 0.75


def numbers(shape, phase):
    """The same numbers as in the test, between -1/2 and 1/2 and without any order."""
    return (np.sin(12.9898 * np.arange(np.prod(shape)) + 78.233 * phase) * 43758.5453 % 1.0 - 0.5).reshape(shape)


def orthogonal(matrix):
    x = matrix / np.linalg.norm(matrix)
    if tall := matrix.shape[0] > matrix.shape[1]:
        x = x.T
    for _ in range(5):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x.T if tall else x


def steps(shape):
    weight, momentum = numbers(shape, 0.0), np.zeros(shape)
    average = weight
    theirs = torch.nn.Parameter(torch.tensor(weight.reshape(shape[0], -1), dtype=torch.float32))
    optimizer = torch.optim.Muon([theirs], lr=RATE, weight_decay=DECAY, momentum=BETA, adjust_lr_fn="match_rms_adamw")
    for step in range(1, 4):
        gradient = numbers(shape, float(step))
        momentum = BETA * momentum + gradient
        ahead = (gradient + BETA * momentum).reshape(shape[0], -1)
        size = 0.2 * np.sqrt(max(ahead.shape))
        weight = (1 - RATE * DECAY) * weight - RATE * size * orthogonal(ahead).reshape(shape)
        average = AVERAGE * average + (1 - AVERAGE) * weight
        theirs.grad = torch.tensor(gradient.reshape(shape[0], -1), dtype=torch.float32)
        optimizer.step()
    difference = np.abs(theirs.detach().numpy().reshape(shape) - weight).max()
    # Three steps, and in each five iterations that round matrices with entries below 1 to 8 bits.
    assert difference < 3 * 5 * RATE * size * 2**-8, difference
    return weight.reshape(-1), momentum.reshape(-1), average.reshape(-1)


for shape in [(16, 20), (24, 2, 3, 3), (40, 16)]:
    weight, momentum, average = steps(shape)
    shown = ", ".join(f"{value:.9f}" for value in [*weight[:3], weight[-1], np.abs(weight).sum(), momentum[0], average[0]])
    print(f"{list(shape)}: {shown}")
