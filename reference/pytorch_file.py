"""A small file of torch.save, with what weights can be made of: reference/golden/pytorch_file.bin.

    pip install torch
    python reference/pytorch_file.py        # a second
"""

from collections import OrderedDict
from pathlib import Path

import torch


def main():
    weights = OrderedDict(
        view=torch.arange(12, dtype=torch.float32).reshape(3, 4).T[1:3],
        half=torch.tensor([0.5, -65504.0], dtype=torch.float16),
        bfloat=torch.tensor([1.0, -2.5], dtype=torch.bfloat16),
        double=torch.tensor([[0.1]], dtype=torch.float64),
        parameter=torch.nn.Parameter(torch.tensor([3.0, 4.0])),
        scalar=torch.tensor(7.0),
    )
    weights._metadata = OrderedDict({"": {"version": 1}})
    path = Path(__file__).parent / "golden" / "pytorch_file.bin"
    torch.save(weights, path)
    print(f"{path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
