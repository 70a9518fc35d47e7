"""Golden numbers of the extractor `inception`: InceptionV3 of the FID literature, in PyTorch, in double precision.

    pip install torch numpy pillow
    python reference/inception.py > reference/golden/inception.json

The weights are a function of their names and a counter (SplitMix64), so that the test makes the same ones. The blocks are those of
pytorch-fid (FIDInceptionA, C, E_1, E_2) and of torchvision (InceptionB, D), written out here. Pictures are resized by PyTorch, as
pytorch-fid does it, and by Pillow, as clean-fid does it.
"""
import json

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

torch.set_num_threads(2)


def splitmix(state):
    with np.errstate(over="ignore"):
        z = state + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def fnv(name):
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) % 2**64
    return np.uint64(value)


def uniform(name, count):
    with np.errstate(over="ignore"):
        return (splitmix(fnv(name) + np.arange(count, dtype=np.uint64)) >> np.uint64(11)) / 2.0**53


def tensor(name, shape):
    u = uniform(name, int(np.prod(shape)))
    kind = name.rsplit(".", 1)[1]
    if len(shape) == 4:
        values = (u - 0.5) * np.sqrt(12) * np.sqrt(2 / np.prod(shape[1:]))
    else:
        values = {"weight": 0.8 + 0.4 * u, "running_var": 0.5 + u}.get(kind, 0.2 * (u - 0.5))
    return torch.from_numpy(values.astype(np.float32).astype(np.float64).reshape(shape))


class Conv(torch.nn.Module):
    """Convolution without a bias, batch normalisation with eps 0.001, ReLU."""

    def __init__(self, name, inputs, outputs, kernel, stride=1, padding=0):
        super().__init__()
        kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
        self.weight = tensor(f"{name}.conv.weight", (outputs, inputs, *kernel))
        self.bn = [tensor(f"{name}.bn.{part}", (outputs,)) for part in ("running_mean", "running_var", "weight", "bias")]
        self.how = dict(stride=stride, padding=padding)

    def forward(self, x):
        return F.relu(F.batch_norm(F.conv2d(x, self.weight, **self.how), *self.bn, training=False, eps=0.001))


def chain(*convs):
    return torch.nn.Sequential(*convs)


def average(x):
    return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


def a(name, inputs, pool):
    n = lambda part: f"{name}.{part}"
    one = Conv(n("branch1x1"), inputs, 64, 1)
    five = chain(Conv(n("branch5x5_1"), inputs, 48, 1), Conv(n("branch5x5_2"), 48, 64, 5, padding=2))
    three = chain(Conv(n("branch3x3dbl_1"), inputs, 64, 1), Conv(n("branch3x3dbl_2"), 64, 96, 3, padding=1),
                  Conv(n("branch3x3dbl_3"), 96, 96, 3, padding=1))
    last = Conv(n("branch_pool"), inputs, pool, 1)
    return lambda x: torch.cat([one(x), five(x), three(x), last(average(x))], 1)


def b(name, inputs):
    n = lambda part: f"{name}.{part}"
    three = Conv(n("branch3x3"), inputs, 384, 3, stride=2)
    double = chain(Conv(n("branch3x3dbl_1"), inputs, 64, 1), Conv(n("branch3x3dbl_2"), 64, 96, 3, padding=1),
                   Conv(n("branch3x3dbl_3"), 96, 96, 3, stride=2))
    return lambda x: torch.cat([three(x), double(x), F.max_pool2d(x, 3, stride=2)], 1)


def c(name, inputs, width):
    n = lambda part: f"{name}.{part}"
    row, column = dict(kernel=(1, 7), padding=(0, 3)), dict(kernel=(7, 1), padding=(3, 0))
    one = Conv(n("branch1x1"), inputs, 192, 1)
    seven = chain(Conv(n("branch7x7_1"), inputs, width, 1), Conv(n("branch7x7_2"), width, width, **row),
                  Conv(n("branch7x7_3"), width, 192, **column))
    double = chain(Conv(n("branch7x7dbl_1"), inputs, width, 1), Conv(n("branch7x7dbl_2"), width, width, **column),
                   Conv(n("branch7x7dbl_3"), width, width, **row), Conv(n("branch7x7dbl_4"), width, width, **column),
                   Conv(n("branch7x7dbl_5"), width, 192, **row))
    last = Conv(n("branch_pool"), inputs, 192, 1)
    return lambda x: torch.cat([one(x), seven(x), double(x), last(average(x))], 1)


def d(name, inputs):
    n = lambda part: f"{name}.{part}"
    three = chain(Conv(n("branch3x3_1"), inputs, 192, 1), Conv(n("branch3x3_2"), 192, 320, 3, stride=2))
    seven = chain(Conv(n("branch7x7x3_1"), inputs, 192, 1), Conv(n("branch7x7x3_2"), 192, 192, (1, 7), padding=(0, 3)),
                  Conv(n("branch7x7x3_3"), 192, 192, (7, 1), padding=(3, 0)), Conv(n("branch7x7x3_4"), 192, 192, 3, stride=2))
    return lambda x: torch.cat([three(x), seven(x), F.max_pool2d(x, 3, stride=2)], 1)


def e(name, inputs, pool):
    n = lambda part: f"{name}.{part}"
    row, column = dict(kernel=(1, 3), padding=(0, 1)), dict(kernel=(3, 1), padding=(1, 0))
    one = Conv(n("branch1x1"), inputs, 320, 1)
    three = Conv(n("branch3x3_1"), inputs, 384, 1)
    threes = [Conv(n("branch3x3_2a"), 384, 384, **row), Conv(n("branch3x3_2b"), 384, 384, **column)]
    double = chain(Conv(n("branch3x3dbl_1"), inputs, 448, 1), Conv(n("branch3x3dbl_2"), 448, 384, 3, padding=1))
    doubles = [Conv(n("branch3x3dbl_3a"), 384, 384, **row), Conv(n("branch3x3dbl_3b"), 384, 384, **column)]
    last = Conv(n("branch_pool"), inputs, 192, 1)

    def forward(x):
        y, z = three(x), double(x)
        return torch.cat([one(x), *(conv(y) for conv in threes), *(conv(z) for conv in doubles), last(pool(x))], 1)

    return forward


def inception():
    shrink = lambda x: F.max_pool2d(x, 3, stride=2)
    return [
        Conv("Conv2d_1a_3x3", 3, 32, 3, stride=2), Conv("Conv2d_2a_3x3", 32, 32, 3),
        Conv("Conv2d_2b_3x3", 32, 64, 3, padding=1), shrink,
        Conv("Conv2d_3b_1x1", 64, 80, 1), Conv("Conv2d_4a_3x3", 80, 192, 3), shrink,
        a("Mixed_5b", 192, 32), a("Mixed_5c", 256, 64), a("Mixed_5d", 288, 64), b("Mixed_6a", 288),
        c("Mixed_6b", 768, 128), c("Mixed_6c", 768, 160), c("Mixed_6d", 768, 160), c("Mixed_6e", 768, 192),
        d("Mixed_7a", 768), e("Mixed_7b", 1280, average),
        e("Mixed_7c", 2048, lambda x: F.max_pool2d(x, 3, stride=1, padding=1)),
    ]


def picture(number, channels, height, width):
    """Whole pixels; smooth, with a corner of noise."""
    y, x = np.mgrid[:height, :width]
    planes = [
        np.floor(127.5 + 127.5 * np.sin(0.3 * (number + 1) * x + 0.2 * (plane + 1) * y + plane)) for plane in range(channels)
    ]
    noise = np.floor(256 * uniform(f"picture{number}", channels * height * width)).reshape(channels, height, width)
    return np.where((y < height // 2) & (x < width // 2), noise, np.stack(planes))


def pytorch_fid(pixels):
    x = torch.from_numpy(pixels)[None] / 255
    return 2 * F.interpolate(x, size=(299, 299), mode="bilinear", align_corners=False) - 1


def clean_fid(pixels):
    sized = lambda plane: np.asarray(Image.fromarray(plane.astype(np.float32)).resize((299, 299), resample=Image.BICUBIC))
    planes = np.stack([sized(plane).clip(0, 255) for plane in pixels]).astype(np.float64)
    return (torch.from_numpy(planes)[None] - 128) / 128


def main():
    prepared = []
    for number, (channels, height, width) in enumerate([(3, 20, 24), (1, 28, 28), (3, 411, 350)]):
        pixels = np.repeat(picture(number, channels, height, width), 3 // channels, 0)
        for name, prepare in [("pytorch_fid", pytorch_fid), ("clean_fid", clean_fid)]:
            flat = prepare(pixels).flatten()
            prepared.append({"picture": number, "shape": [channels, height, width], "resize": name,
                             "every": 2377, "values": [round(float(x), 9) for x in flat[::2377]]})
    layers = inception()
    features = []
    for number, shape, name, prepare in [(0, (3, 20, 24), "pytorch_fid", pytorch_fid), (1, (1, 28, 28), "clean_fid", clean_fid)]:
        x = prepare(np.repeat(picture(number, *shape), 3 // shape[0], 0))
        with torch.no_grad():
            for layer in layers:
                x = layer(x)
        x = x.mean((2, 3))[0]
        features.append({"picture": number, "shape": shape, "resize": name, "every": 7, "largest": float(x.max()),
                         "mean": float(x.mean()), "values": [round(float(v), 8) for v in x[::7]]})
    print(json.dumps({"prepared": prepared, "features": features}))


if __name__ == "__main__":
    main()
