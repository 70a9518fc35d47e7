"""The bytes of a TensorBoard record, for the test in training/src/tensorboard.rs.

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
