"""PyTorch's part of `fokker bench --python PYTHON`: time and memory of a small diffusers U-Net on the CPU.

    pip install torch diffusers
    python reference/unet_bench.py --batch 64 --size 28 --width 32 --repetitions 12
    python reference/unet_bench.py --count --size 28 --width 32     # parameters, and operations of a forward pass

Eager, eager with channels last, and compiled; the best of them in each figure, as one line of JSON. Memory is the largest
of the process while it trains, the smaller of the two eager ways; the compiler's own is left out. `start_mib` is what
importing takes. A way that fails is said so on standard error and left out.
"""
import argparse
import gc
import json
import statistics
import sys
import time

import torch
from diffusers import UNet2DModel
from torch.utils.flop_counter import FlopCounterMode

parser = argparse.ArgumentParser()
for name, default in [("batch", 64), ("size", 28), ("width", 32), ("repetitions", 12), ("threads", 2)]:
    parser.add_argument(f"--{name}", type=int, default=default)
parser.add_argument("--precision", choices=["f32", "bf16", "f16"], default="f32", help="autocast to it, if not f32")
parser.add_argument("--count", action="store_true")
args = parser.parse_args()
torch.set_num_threads(args.threads)
DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}


def reduced():
    return torch.autocast("cpu", DTYPES[args.precision], enabled=args.precision != "f32")


def network():
    w = args.width
    return UNet2DModel(
        sample_size=args.size, in_channels=1, out_channels=1, block_out_channels=(w, 2 * w, 2 * w), layers_per_block=1,
        down_block_types=("DownBlock2D",) * 3, up_block_types=("UpBlock2D",) * 3, norm_num_groups=8, add_attention=False)


def resident_mib(key):
    """VmRSS or VmHWM, in MiB."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(key)) / 1024


def forget_peak():
    gc.collect()
    with open("/proc/self/clear_refs", "w") as clear:
        clear.write("5")


def median_ms(step):
    times = []
    for _ in range(max(args.repetitions, 2)):
        start = time.perf_counter()
        step()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times[len(times) // 2:])


def measure(mode):
    torch.manual_seed(0)
    forget_peak()
    model = network()
    if mode == "channels_last":
        model = model.to(memory_format=torch.channels_last)
    run = torch.compile(model) if mode == "compile" else model
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    shape = (args.batch, 1, args.size, args.size)

    def train():
        x, noise, t = torch.randn(shape), torch.randn(shape), torch.randint(0, 1000, (args.batch,))
        with reduced():
            output = run(x + noise, t).sample
        loss = (output.float() - noise).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()

    def forward():
        with torch.no_grad(), reduced():
            run(torch.randn(shape), torch.randint(0, 1000, (args.batch,))).sample.sum().item()

    step = median_ms(train)
    result = {"train_ms": step, "peak_mib": resident_mib("VmHWM"), "forward_ms": median_ms(forward)}
    print(f"{mode}: " + ", ".join(f"{key} {value:.1f}" for key, value in result.items()), file=sys.stderr, flush=True)
    return result


if args.count:
    model = network()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.randn(1, 1, args.size, args.size), torch.zeros(1))
    print(sum(p.numel() for p in model.parameters()), counter.get_total_flops())
    sys.exit()

start_mib = resident_mib("VmRSS")
results = [measure("eager"), measure("channels_last")]
peak_mib = min(result["peak_mib"] for result in results)
try:
    results.append(measure("compile"))
except Exception as error:
    print(f"compile: failed with {error}", file=sys.stderr)
print(json.dumps({
    "train_ms": min(r["train_ms"] for r in results), "forward_ms": min(r["forward_ms"] for r in results),
    "peak_mib": peak_mib, "start_mib": start_mib}))
