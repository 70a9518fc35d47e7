"""Trains diffusers' U-Net on MNIST for so many seconds with the recipe of configs/mnist_vp_small.toml, and draws digits.

    pip install torch diffusers pillow
    python reference/digits.py --data FOLDER_OF_MNIST --seconds 420 --mode channels_last --out digits.png

The learning rate falls with the time rather than the steps. Digits are drawn by EDM's sampler (Karras et al. 2022) in 18 steps.
"""
import argparse, gzip, math, time, numpy as np, torch
from diffusers import UNet2DModel
from PIL import Image
p = argparse.ArgumentParser()
p.add_argument("--data"); p.add_argument("--seconds", type=float, default=420); p.add_argument("--out")
p.add_argument("--batch", type=int, default=16); p.add_argument("--count", type=int, default=1000)
p.add_argument("--mode", default="eager")
a = p.parse_args()
torch.set_num_threads(2); torch.manual_seed(0)
raw = gzip.open(a.data + "/train-images-idx3-ubyte.gz").read()
x = torch.from_numpy(np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 1, 28, 28).copy()).float() / 127.5 - 1
model = UNet2DModel(sample_size=28, in_channels=1, out_channels=1, block_out_channels=(32, 64, 64), layers_per_block=1,
    down_block_types=("DownBlock2D",) * 3, up_block_types=("UpBlock2D",) * 3, norm_num_groups=8, add_attention=False)
if a.mode == "channels_last": model = model.to(memory_format=torch.channels_last)
ema = [q.detach().clone() for q in model.parameters()]
run = torch.compile(model) if a.mode == "compile" else model
if a.mode == "compile":  # compiling does not count
    run(torch.zeros(a.batch, 1, 28, 28), torch.zeros(a.batch)).sample.sum().backward(); model.zero_grad()
opt = torch.optim.Adam(model.parameters(), 1e-3, betas=(0.9, 0.99))
sd = 0.5
def denoised_parts(x, sigma):
    r = (sigma**2 + sd**2).sqrt()
    return r, run(x / r, (sigma.log() / 4).flatten()).sample
start, step, order = time.time(), 0, torch.randperm(len(x))
while True:
    share = (time.time() - start) / a.seconds
    if share >= 1: break
    rate = 1e-3 * min(1, (step + 1) / 100) * 0.5 * (1 + math.cos(math.pi * share))
    for g in opt.param_groups: g["lr"] = rate
    at = step * a.batch % (len(x) - a.batch)
    if at < a.batch: order = torch.randperm(len(x))
    x0 = x[order[at:at + a.batch]]
    # Stratified times, as in the recipe.
    u = (torch.arange(a.batch) + torch.rand(())) / a.batch
    sigma = (0.2 + 1.2 * math.sqrt(2) * torch.erfinv(2 * u.clamp(1e-5, 1 - 1e-5) - 1)).exp().view(-1, 1, 1, 1)
    noise = torch.randn_like(x0)
    r, f = denoised_parts(x0 + sigma * noise, sigma)
    target = sigma / (sd * r) * x0 - sd / r * noise
    loss = (f - target).square().mean()
    opt.zero_grad(); loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step(); step += 1
    d = min(0.999, (1 + step) / (10 + step))
    with torch.no_grad(): torch._foreach_lerp_(ema, list(model.parameters()), 1 - d)
    if step % 200 == 0: print(step, f"{step / (time.time() - start):.2f} steps/s", loss.item(), flush=True)
print("steps", step)
with torch.no_grad():
    for q, e in zip(model.parameters(), ema): q.copy_(e)
    n, out = 18, []
    s = torch.tensor([(80 ** (1 / 7) + i / (n - 1) * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7 for i in range(n)] + [0.0])
    run = model
    def D(x, sigma):
        sig = torch.full((len(x), 1, 1, 1), float(sigma)); r, f = denoised_parts(x, sig)
        return sd**2 / r**2 * x + sig * sd / r * f
    for first in range(0, a.count, 100):
        y = torch.randn(100, 1, 28, 28) * s[0]
        for i in range(n):
            d = (y - D(y, s[i])) / s[i]; z = y + (s[i + 1] - s[i]) * d
            if s[i + 1] > 0: z = y + (s[i + 1] - s[i]) * (d + (z - D(z, s[i + 1])) / s[i + 1]) / 2
            y = z
        out.append(y)
y = ((torch.cat(out).clamp(-1, 1) + 1) * 127.5).round().byte().numpy()[:, 0]
cols = 40; rows = -(-len(y) // cols); grid = np.zeros((rows * 30 - 2, cols * 30 - 2), np.uint8)
for i, t in enumerate(y): r, c = divmod(i, cols); grid[r * 30:r * 30 + 28, c * 30:c * 30 + 28] = t
Image.fromarray(grid).save(a.out)
