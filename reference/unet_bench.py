"""PyTorch's part of `fokker bench --python PYTHON`: time and memory of a small diffusers U-Net on the CPU.

    pip install torch diffusers
    python reference/unet_bench.py --batch 64 --size 28 --width 32 --repetitions 12

Eager, eager with channels last, and compiled; the best of the three in each figure, as one line of JSON. Memory is the
largest of the process after the eager runs, before the compiler's own.
"""
import argparse
import json
import resource
import statistics
import sys
import time

import torch
from diffusers import UNet2DModel

parser = argparse.ArgumentParser()
for name, default in [("batch", 64), ("size", 28), ("width", 32), ("repetitions", 12), ("threads", 2)]:
    parser.add_argument(f"--{name}", type=int, default=default)
args = parser.parse_args()
torch.set_num_threads(args.threads)


def median_ms(step):
    times = []
    for _ in range(max(args.repetitions, 2)):
        start = time.perf_counter()
        step()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times[len(times) // 2:])


def measure(mode):
    torch.manual_seed(0)
    w = args.width
    model = UNet2DModel(
        sample_size=args.size, in_channels=1, out_channels=1, block_out_channels=(w, 2 * w, 2 * w), layers_per_block=1,
        down_block_types=("DownBlock2D",) * 3, up_block_types=("UpBlock2D",) * 3, norm_num_groups=8, add_attention=False)
    if mode == "channels_last":
        model = model.to(memory_format=torch.channels_last)
    run = torch.compile(model) if mode == "compile" else model
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    shape = (args.batch, 1, args.size, args.size)

    def train():
        x, noise, t = torch.randn(shape), torch.randn(shape), torch.randint(0, 1000, (args.batch,))
        loss = (run(x + noise, t).sample - noise).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()

    def forward():
        with torch.no_grad():
            run(torch.randn(shape), torch.randint(0, 1000, (args.batch,))).sample.sum().item()

    result = median_ms(train), median_ms(forward)
    print(f"{mode}: step {result[0]:.1f} ms, forward {result[1]:.1f} ms", file=sys.stderr)
    return result


results = [measure("eager"), measure("channels_last")]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
results.append(measure("compile"))
print(json.dumps({
    "train_ms": min(r[0] for r in results), "forward_ms": min(r[1] for r in results), "peak_mib": peak}))
