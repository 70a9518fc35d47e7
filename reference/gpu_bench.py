"""PyTorch's part of `fokker bench --parts gpu --python PYTHON`: diffusers' network of google/ddpm-cifar10-32.

    pip install torch diffusers
    python reference/gpu_bench.py --precision bf16 --batch 128

Eager and compiled, each with channels last; one line of JSON for each: its name, and images a second in training and drawing, MiB
held between forward and backward pass, MiB reserved, and kernels of a training step. bf16 and f16 are autocast; f32 is what PyTorch takes by
default (TF32 in convolutions, not in products of matrices). On a machine without CUDA it runs on the processor, which
only shows that it works.
"""
import argparse
import json
import sys
import time

import torch
from diffusers import UNet2DModel

parser = argparse.ArgumentParser()
for name, default in [("batch", 128), ("size", 32), ("width", 128), ("steps", 30), ("sampler-steps", 50)]:
    parser.add_argument(f"--{name}", type=int, default=default)
parser.add_argument("--precision", choices=["f32", "bf16", "f16"], default="f32")
args = parser.parse_args()
device = "cuda" if torch.cuda.is_available() else "cpu"
dtype = {"f32": None, "bf16": torch.bfloat16, "f16": torch.float16}[args.precision]
MIB = 2**20


def network():
    w = args.width
    return UNet2DModel(
        sample_size=args.size, in_channels=3, out_channels=3, block_out_channels=(w, 2 * w, 2 * w, 2 * w),
        layers_per_block=2, downsample_padding=0, flip_sin_to_cos=False, freq_shift=1, attention_head_dim=None,
        down_block_types=("DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"), norm_num_groups=32, norm_eps=1e-6)


def seconds(run, repetitions):
    """Of that many runs, after a third as many that do not count; the last result is waited for."""
    for _ in range(max(repetitions // 3, 2)):
        run()
    if device == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(repetitions):
        result = run()
    result.item()
    return time.perf_counter() - start


def measure(name):
    torch.manual_seed(0)
    model = network().to(device, memory_format=torch.channels_last)
    average = [p.detach().clone() for p in model.parameters()]
    run = torch.compile(model) if name == "compiled" else model
    optimizer = torch.optim.Adam(model.parameters(), 1e-4, fused=device == "cuda")
    scaler = torch.amp.GradScaler(device, enabled=args.precision == "f16")
    shape = (args.batch, 3, args.size, args.size)
    x, noise = torch.randn(shape, device=device), torch.randn(shape, device=device)
    t = torch.arange(args.batch, device=device) * 37 % 1000
    autocast = lambda: torch.autocast(device, dtype, enabled=dtype is not None)
    held = 0

    def train():
        nonlocal held
        with autocast():
            output = run(x, t).sample
        loss = (output.float() - noise).square().mean()
        held = torch.cuda.memory_allocated() if device == "cuda" else 0
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
        torch._foreach_lerp_(average, [p.detach() for p in model.parameters()], 1e-4)
        return loss

    def draw():
        y = torch.randn(shape, device=device)
        # As many calls and as much arithmetic as DDIM with its last step to the data.
        for _ in range(args.sampler_steps + 1):
            with autocast():
                eps = run(y, t).sample
            y = y * 0.99 - eps.float() * 0.01
        return y.sum()

    def kernels():
        """Those of a step that the device ran, by its own trace."""
        if device != "cuda":
            return 0
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as trace:
            train()
            torch.cuda.synchronize()
        on_device = torch.autograd.DeviceType.CUDA
        return sum(e.device_type == on_device and not e.name.startswith("Mem") for e in trace.events())

    trained = args.steps * args.batch / seconds(train, args.steps)
    with torch.no_grad():
        drawn = 2 * args.batch / seconds(draw, 2)
    reserved = torch.cuda.max_memory_reserved() if device == "cuda" else 0
    parameters = sum(p.numel() for p in model.parameters())
    return {"parameters": parameters, "trained": trained, "drawn": drawn, "held_mib": held / MIB,
            "reserved_mib": reserved / MIB, "kernels": kernels()}


for name in ["eager", "compiled"]:
    try:
        if device == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        print(json.dumps([f"PyTorch {name}", measure(name)]), flush=True)
    except Exception as error:
        print(f"{name}: failed with {error}", file=sys.stderr)
