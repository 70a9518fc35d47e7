"""Golden numbers for the score network of [Lai 2023, Appx. C, footnote 1], stated in PyTorch's own layers.

    pip install torch safetensors
    python reference/score_net_golden.py    # both cases, a second on one core

The network is that of Yang Song's tutorial on score-based models: convolutions of 3 × 3 without padding, transposed ones
on the way back, a shift by the time vector and a group normalisation after each, swish throughout. The tutorial divides
the output by σ(t); here that is left to whoever reads the network.

Writes, for every case in CASES, the folder reference/golden/score_net/<case>/ with

    config.json        the fields of the configuration
    weights.safetensors
    case.safetensors   one evaluation and its gradients:
        sample        [N, C, H, W]   what goes in
        time          [N]            the conditioning number
        output        like sample    what comes out
        w             like output    fixed random weights of the loss  mean(output² · w)
        v             like sample    a direction
        jvp           like output    derivative of the output along v
        rate          like output    derivative of the output in the conditioning number, one for each example
        grad.sample, grad.<parameter>    gradients of that loss, of every parameter but the fixed frequencies, and but
                                     those that are zero: a normalisation over one channel undoes the shift before it

Every parameter is redrawn, so that no weight is 1 and no bias is 0. The metadata key `about` of case.safetensors is JSON:
versions, seed, and `f32_error`, the largest difference between these float32 numbers and the same computation in
float64, relative to the largest entry of each tensor.
"""

import copy
import json
import math
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

GOLDEN = Path(__file__).parent / "golden" / "score_net"

# name -> (configuration, height and width, conditioning numbers)
CASES = {
    # The sides of MNIST: 28 -> 26 -> 12 -> 5 -> 2, so one level grows from an even number and two from odd ones.
    "digits": (
        dict(in_channels=1, channels=[8, 16, 16, 24], embedding_width=32, fourier_scale=3.0,
             first_norm_num_groups=4, norm_num_groups=4),
        (28, 28), [0.05, 0.4, 0.93],
    ),
    # Neither square nor grey, three levels, normalisations over single channels, and sines and cosines of the image.
    "three_levels": (
        dict(in_channels=3, channels=[6, 6, 12], embedding_width=10, fourier_scale=1.0, input_frequencies=[0, 2],
             first_norm_num_groups=2, norm_num_groups=6),
        (13, 18), [0.3, 1.0],
    ),
}


class Fourier(nn.Module):
    def __init__(self, width, scale):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(width // 2) * scale, requires_grad=False)

    def forward(self, time):
        phase = 2 * math.pi * time[:, None] * self.weight[None, :]
        return torch.cat([phase.sin(), phase.cos()], dim=1)


class Level(nn.Module):
    def __init__(self, conv, width, channels, groups):
        super().__init__()
        self.conv = conv
        self.time = nn.Linear(width, channels)
        self.norm = nn.GroupNorm(groups, channels)

    def forward(self, x, time):
        x = self.conv(x) + self.time(time)[:, :, None, None]
        return nn.functional.silu(self.norm(x))


class ScoreNet(nn.Module):
    def __init__(self, in_channels, channels, embedding_width, fourier_scale, first_norm_num_groups, norm_num_groups, size,
                 input_frequencies=()):
        super().__init__()
        self.input_frequencies = input_frequencies
        features = in_channels * (1 + 2 * len(input_frequencies))
        width, levels = embedding_width, len(channels)
        self.fourier = Fourier(width, fourier_scale)
        self.embedding = nn.Linear(width, width)
        self.down = nn.ModuleList()
        sides = [size]
        for level, out in enumerate(channels):
            inputs, stride, groups = (features, 1, first_norm_num_groups) if level == 0 else (channels[level - 1], 2, norm_num_groups)
            self.down.append(Level(nn.Conv2d(inputs, out, 3, stride=stride, bias=False), width, out, groups))
            sides.append([(side - 3) // stride + 1 for side in sides[-1]])
        self.up = nn.ModuleList()
        for level in reversed(range(levels - 1)):
            inputs = channels[level + 1] * (1 if level == levels - 2 else 2)
            # What a convolution of stride 2 left out.
            extra = [side - (2 * (below - 1) + 3) for side, below in zip(sides[level + 1], sides[level + 2])]
            conv = nn.ConvTranspose2d(inputs, channels[level], 3, stride=2, bias=False, output_padding=extra)
            self.up.append(Level(conv, width, channels[level], norm_num_groups))
        self.output = nn.ConvTranspose2d(2 * channels[0], in_channels, 3)

    def forward(self, x, time):
        time = nn.functional.silu(self.embedding(self.fourier(time)))
        phases = [2**n * math.pi * x for n in self.input_frequencies]
        x = torch.cat([x] + [wave for phase in phases for wave in (phase.sin(), phase.cos())], dim=1)
        skips = []
        for level in self.down:
            x = level(x, time)
            skips.append(x)
        x = skips.pop()
        for level in self.up:
            x = torch.cat([level(x, time), skips.pop()], dim=1)
        return self.output(x)


def redraw(model, generator):
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if name == "fourier.weight":
            value = model.scale * noise
        elif parameter.ndim == 1:
            value = (1 if name.endswith("norm.weight") else 0) + 0.3 * noise
        else:
            # A transposed convolution of stride 2 meets about a quarter of its taps at a pixel.
            value = noise / parameter[0].numel() ** 0.5
        parameter.data.copy_(value)


def evaluate(model, sample, time, w, v):
    precision = next(model.parameters()).dtype
    sample, time, w, v = (x.to(precision) for x in (sample, time, w, v))
    sample = sample.clone().requires_grad_()
    model.zero_grad()
    output = model(sample, time)
    (output.square() * w).mean().backward()
    result = {"output": output.detach(), "grad.sample": sample.grad}
    result.update({f"grad.{name}": p.grad for name, p in model.named_parameters() if p.grad is not None})
    plain = sample.detach()
    result["jvp"] = torch.func.jvp(lambda x: model(x, time), (plain,), (v,))[1].detach()
    result["rate"] = torch.func.jvp(lambda t: model(plain, t), (time,), (torch.ones_like(time),))[1].detach()
    return {name: tensor.clone().contiguous() for name, tensor in result.items()}


def make(name, seed):
    config, size, times = CASES[name]
    generator = torch.Generator().manual_seed(seed)
    model = ScoreNet(**config, size=size)
    model.scale = config["fourier_scale"]
    redraw(model, generator)
    shape = (len(times), config["in_channels"], *size)
    sample, w, v = (torch.randn(shape, generator=generator) for _ in range(3))
    time = torch.tensor(times)
    result = evaluate(model, sample, time, w, v)
    exact = evaluate(copy.deepcopy(model).double(), sample, time, w, v)
    result = {k: value for k, value in result.items() if exact[k].abs().max() > 1e-12}
    error = {k: ((result[k] - exact[k]).abs().max() / exact[k].abs().max()).item() for k in result}
    about = dict(
        generator="reference/score_net_golden.py", seed=seed, torch=torch.__version__,
        loss="mean(output**2 * w)", f32_error={k: float(f"{v:.2g}") for k, v in sorted(error.items())},
    )
    folder = GOLDEN / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    save_file({k: p.data.contiguous() for k, p in sorted(model.named_parameters())}, folder / "weights.safetensors")
    case = dict(result, sample=sample, time=time, w=w, v=v)
    save_file(dict(sorted(case.items())), folder / "case.safetensors", metadata={"about": json.dumps(about)})
    for file in folder.iterdir():
        file.chmod(0o644)
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{name:14} {size / 1000:5.0f} kB  |output| {result['output'].abs().max():.3f}  worst f32 error "
          f"{max(error.values()):.1e} ({max(error, key=error.get)}), output {error['output']:.1e}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for seed, name in enumerate(CASES):
        make(name, 2003 + seed)
