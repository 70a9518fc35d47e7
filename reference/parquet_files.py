"""Small Parquet files: reference/golden/table.parquet and what is refused of them.

    pip install pyarrow
    python reference/parquet_files.py        # a second
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def main():
    folder = Path(__file__).parent / "golden"
    table = pa.table({
        "x": pa.array([0.1, -2.5, 3.0], pa.float64()),
        "half": pa.array([0.5, 1.0, -2.0], pa.float16()),
        "count": pa.array([1, -2, 2**62], pa.int64()),
        "large": pa.array([1, 2, 2**63], pa.uint64()),
        "flag": pa.array([True, False, True]),
        "label": pa.array(["cat", "dog", "cat"]).dictionary_encode(),
        "signal": pa.array([[1, 2], [3, 4], [5, 6]], pa.list_(pa.float32())),
        "price": pa.array([1, None, 3], pa.int32()),
        "ragged": pa.array([[1], [1, 2], []], pa.list_(pa.int8())),
        "picture": pa.array([b"a", b"b", b"c"], pa.binary()),
    })
    # Two groups of rows.
    pq.write_table(table, folder / "table.parquet", row_group_size=2, compression="snappy")
    for name in ["gzip", "lz4", "zstd", "brotli"]:
        pq.write_table(table.select(["x"]), folder / f"table_{name}.parquet", compression=name)
    for path in sorted(folder.glob("table*.parquet")):
        print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
