#!/usr/bin/env python3
"""Small pictures of many kinds, and what Pillow makes of them: golden/pictures.

usage: pictures.py OUT   (needs Pillow and numpy)

Each file is 12 x 8 pixels before it is turned upright. expected.json has for each: the tolerance (lossy formats are
decoded to within a few levels), the pixels as RGB on #0080ff, and as RGBA with colour 0 where alpha is 0; channels
first, two hexadecimal digits each.
"""
import json, os, sys
import numpy as np
from PIL import Image, ImageOps

OUT = sys.argv[1]
os.makedirs(OUT, exist_ok=True)
y, x = np.mgrid[:8, :12]
colours = np.stack([20 * x, 30 * y, 100 + 0 * x], -1).astype(np.uint8)
opaque = Image.fromarray(colours)
translucent = opaque.copy()
translucent.putalpha(Image.fromarray((23 * x).astype(np.uint8)))
other = Image.new("RGB", (12, 8), (1, 2, 3))
expected = {}


def keep(name, image, tolerance=1, **options):
    path = os.path.join(OUT, name)
    image.save(path, **options)
    read = ImageOps.exif_transpose(Image.open(path))
    if read.mode.startswith("I"):
        read = Image.fromarray(np.round(np.asarray(read) / 257).astype(np.uint8))
    rgba = read.convert("RGBA")
    planes = lambda image: np.asarray(image).transpose(2, 0, 1).tobytes().hex()
    on = lambda colour: planes(Image.alpha_composite(Image.new("RGBA", read.size, colour), rgba).convert("RGB"))
    kept = np.asarray(rgba).copy()
    kept[kept[..., 3] == 0] = 0
    expected[name] = {
        "size": list(read.size), "tolerance": tolerance,
        "blue": on((0, 128, 255, 255)), "rgba": planes(kept),
    }


for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x112] = orientation
    keep(f"orientation{orientation}.png", opaque, exif=exif)
for name, options in (
    ("png", {}), ("webp", {"lossless": True}), ("tif", {}), ("jpg", {"quality": 100, "subsampling": 0, "optimize": True}),
):
    keep(f"upright.{name}", opaque, tolerance=4 if name == "jpg" else 1, exif=exif, **options)
lossy = {"quality": 100, "subsampling": 0, "optimize": True, "tolerance": 4}
keep("progressive.jpg", opaque, progressive=True, **lossy)
keep("cmyk.jpg", opaque.convert("CMYK"), **lossy)
keep("grey.jpg", opaque.convert("L"), **lossy)
keep("plain.bmp", opaque)
keep("plain.gif", opaque.quantize(64))
keep("animated.gif", opaque.quantize(64), save_all=True, append_images=[other])
keep("animated.webp", translucent, save_all=True, append_images=[other.convert("RGBA")], lossless=True)
keep("animated.png", opaque, save_all=True, append_images=[other])
keep("alpha.png", translucent)
keep("alpha.webp", translucent, lossless=True, exact=True)
keep("alpha.tif", translucent)
keep("alpha.qoi", translucent)
keep("grey_alpha.png", translucent.convert("LA"))
palette = opaque.quantize(16)
keep("palette.png", palette, transparency=3)
keep("bit.png", opaque.convert("1"))
keep("deep.png", Image.fromarray((257 * (5 + 20 * x)).astype(np.uint16)))
keep("key.png", opaque, transparency=(20, 30, 100))
with open(os.path.join(OUT, "expected.json"), "w") as file:
    json.dump(expected, file, separators=(",", ":"))
    file.write("\n")
