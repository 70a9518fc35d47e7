"""Judges pictures of drawn digits by a classifier of its own, trained on MNIST in a few minutes.

    pip install torch pillow
    python reference/judge_digits.py --data FOLDER_OF_MNIST ours.png theirs.png

A picture is a grid of 28 x 28 digits with two pixels between them, as `fokker sample` and reference/digits.py write it. For
each: the mean probability of the likeliest class, the entropy of the classes' mean (at most ln 10 = 2.303), and the Frechet
distance between the features before the last layer of its digits and of all test digits.
"""
import argparse
import gzip

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True)
parser.add_argument("--epochs", type=int, default=4)
parser.add_argument("--count", type=int, default=1000, help="digits of a picture that are judged, the first")
parser.add_argument("pictures", nargs="+")
args = parser.parse_args()
torch.manual_seed(0)
torch.set_num_threads(2)


def read(name, offset):
    return torch.from_numpy(np.frombuffer(gzip.open(f"{args.data}/{name}.gz").read(), np.uint8, offset=offset).copy())


def images(kind):
    return read(f"{kind}-images-idx3-ubyte", 16).view(-1, 1, 28, 28).float() / 255


train, test = images("train"), images("t10k")
train_labels, test_labels = (read(f"{kind}-labels-idx1-ubyte", 8).long() for kind in ("train", "t10k"))
features = nn.Sequential(
    nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(64 * 49, 128), nn.ReLU())
last = nn.Linear(128, 10)
parameters = [*features.parameters(), *last.parameters()]
optimizer = torch.optim.Adam(parameters, 2e-3)
steps = args.epochs * (len(train) // 128)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
for _ in range(args.epochs):
    for chosen in torch.randperm(len(train))[:len(train) // 128 * 128].view(-1, 128):
        # Shifts by up to two pixels.
        dy, dx = torch.randint(-2, 3, (2,)).tolist()
        x = torch.roll(train[chosen], (dy, dx), (2, 3))
        loss = F.cross_entropy(last(F.dropout(features(x), 0.3)), train_labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


@torch.no_grad()
def look(x):
    parts = [features(part) for part in x.split(500)]
    return torch.cat(parts), F.softmax(last(torch.cat(parts)).double(), 1)


def frechet(one, other):
    """|m - n|^2 + tr(C + D - 2 (C D)^(1/2)) of two clouds' means and covariances."""
    moments = [(z.double().mean(0), torch.cov(z.double().T)) for z in (one, other)]
    (m, c), (n, d) = moments
    roots = torch.linalg.eigvals(c @ d).real.clamp(min=0).sqrt().sum()
    return float((m - n).square().sum() + c.trace() + d.trace() - 2 * roots)


test_features, test_classes = look(test)
print(f"right on {(test_classes.argmax(1) == test_labels).double().mean():.2%} of the test digits")


def judge(name, x):
    of, classes = look(x)
    mean = classes.mean(0)
    entropy = -(mean * mean.log()).sum()
    print(f"{name}: {len(x)} digits, confidence {classes.max(1).values.mean():.3f}, entropy {entropy:.3f}, "
          f"Frechet distance {frechet(of, test_features):.2f}")


for path in args.pictures:
    grid = torch.from_numpy(np.array(Image.open(path).convert("L"))).float() / 255
    rows, columns = ((length + 2) // 30 for length in grid.shape)
    digits = F.pad(grid, (0, 2, 0, 2)).reshape(rows, 30, columns, 30)[:, :28, :, :28]
    judge(path, digits.permute(0, 2, 1, 3).reshape(-1, 1, 28, 28)[:args.count])
judge("digits of the training set", train[:args.count])
