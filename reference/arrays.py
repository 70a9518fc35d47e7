"""Files of numbers as NumPy and safetensors write them, for datasets/tests/sets/arrays.rs.

python3 reference/arrays.py datasets/tests/golden/arrays
"""

import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
x = np.arange(24).reshape(4, 2, 3) - 1.5
y = np.array([3, -1, 10, 3])
z = np.zeros(4)

np.save(folder / "float32.npy", x.astype(np.float32))
np.save(folder / "float64.npy", x)
np.save(folder / "fortran.npy", np.asfortranarray(x))
np.save(folder / "big_endian.npy", x.astype(">f4"))
np.savez(folder / "alone.npz", x=x)
np.savez(folder / "several.npz", x=x, y=y, z=z)
np.savez_compressed(folder / "compressed.npz", x=x, y=y.astype(np.int16), z=z)
save_file({"x": x.astype(np.float32)}, folder / "alone.safetensors")
save_file({"x": x.astype(np.float32), "y": y, "z": z}, folder / "several.safetensors")
np.save(folder / "pictures.npy", np.arange(60, dtype=np.uint8).reshape(3, 5, 2, 2))
np.save(folder / "not_finite.npy", np.where(np.arange(8).reshape(4, 2) == 5, np.inf, 1.0))
np.save(folder / "scalar.npy", np.float32(1))
np.save(folder / "empty.npy", np.zeros((0, 2)))
np.save(folder / "texts.npy", np.array(["a", "b"]))
np.save(folder / "pickled.npy", np.array([{}, 1], dtype=object), allow_pickle=True)
