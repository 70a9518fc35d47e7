"""The bytes of TensorBoard records, for the tests in training/src/tensorboard.rs.

    pip install tensorboard numpy
    python events.py
"""
import io
import struct

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.histogram_pb2 import HistogramProto
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import crc32c
from tensorboard.summary.writer.record_writer import RecordWriter

out = io.BytesIO()
event = Event(wall_time=1.5, step=7, summary=Summary(value=[Summary.Value(tag="loss", simple_value=0.25)]))
RecordWriter(out).write(event.SerializeToString())
print(out.getvalue().hex())
assert struct.unpack("<Q", out.getvalue()[:8])[0] == len(event.SerializeToString())

file = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">IIBBBBB", 3, 2, 8, 2, 0, 0, 0) + bytes([7] * 4)
image = Summary.Image(height=2, width=3, colorspace=3, encoded_image_string=file)
out = io.BytesIO()
RecordWriter(out).write(Event(wall_time=1.5, step=7, summary=Summary(value=[Summary.Value(tag="samples", image=image)])).SerializeToString())
print(out.getvalue().hex())

# A histogram is long: its length and its checksum.
counts, edges = np.histogram([1.0, 2.0, 2.0, 4.0], bins=30)
histo = HistogramProto(min=1, max=4, num=4, sum=9, sum_squares=25, bucket_limit=edges[1:], bucket=counts)
out = io.BytesIO()
RecordWriter(out).write(Event(wall_time=1.5, step=7, summary=Summary(value=[Summary.Value(tag="weights/a", histo=histo)])).SerializeToString())
print(len(out.getvalue()), crc32c(out.getvalue()))
