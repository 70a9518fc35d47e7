"""The bytes of TensorBoard records, for the tests in training/src/tensorboard.rs.

    pip install tensorboard
    python events.py
"""
import io
import struct

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
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
