"""TensorFlow's side of "retort bench tfrecord": write and read TFRecord files.

tfrecord_tf.py --record-bytes 150528 --compression none|gzip --dir DIR [--payload FILE]

Prints one JSON object: bytes of records per second and per second of processor
time (which holds on a busy machine too), written and read back with checksums,
and the ratio of compression. Run it under taskset for one core. Each figure is
the best of the rounds, over the faster of TensorFlow's own ways.
"""
import argparse
import json
import os
import time
from collections import namedtuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

TYPES = {"none": "", "gzip": "GZIP", "zlib": "ZLIB"}


Spent = namedtuple("Spent", "wall cpu")


def now():
    return Spent(time.perf_counter(), time.process_time())


def since(start):
    end = now()
    return Spent(end.wall - start.wall, end.cpu - start.cpu)


def write_loop(path, records, compression):
    start = now()
    with tf.io.TFRecordWriter(path, compression) as w:
        for r in records:
            w.write(r)
    return since(start)


def length(n, record):
    return n + tf.cast(tf.strings.length(record), tf.int64)


def read_reduce(path, compression, buffer):
    data = tf.data.TFRecordDataset(path, compression, buffer_size=buffer)
    start = now()
    total = int(data.reduce(np.int64(0), length))
    return since(start), total


def read_batches(path, compression, buffer):
    data = tf.data.TFRecordDataset(path, compression, buffer_size=buffer).batch(64)
    start = now()
    total = sum(int(tf.reduce_sum(tf.strings.length(b))) for b in data)
    return since(start), total


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--record-bytes", type=int, default=150528)
    p.add_argument("--compression", choices=TYPES, default="none")
    p.add_argument("--total-bytes", type=int, default=0)
    p.add_argument("--payload", required=True, help="file whose bytes fill the records")
    p.add_argument("--dir", required=True)
    p.add_argument("--rounds", type=int, default=3)
    a = p.parse_args()
    total = a.total_bytes or (256 << 20 if a.compression == "none" else 16 << 20)
    n, payload = max(1, total // a.record_bytes), open(a.payload, "rb").read()
    records = [payload[o:o + a.record_bytes] for o in
               (i * a.record_bytes % (len(payload) - a.record_bytes + 1) for i in range(min(n, 1024)))]
    records = [records[i % len(records)] for i in range(n)]
    size, kind = n * a.record_bytes, TYPES[a.compression]
    path = os.path.join(a.dir, "peer.tfrecord")
    writes, reads = [], []
    for _ in range(a.rounds):
        if os.path.exists(path):
            os.remove(path)
        writes.append(write_loop(path, records, kind))
    for read in (read_reduce, read_batches):
        for buffer in (1 << 20, 8 << 20):
            for _ in range(a.rounds):
                seconds, got = read(path, kind, buffer)
                assert got == size, (got, size)
                reads.append(seconds)
    ratio = size / os.path.getsize(path)
    os.remove(path)
    print(json.dumps({"peer": f"tensorflow {tf.__version__}", "record_bytes": a.record_bytes, "compression": a.compression,
                      "write_bytes_per_s": size / min(t.wall for t in writes), "read_bytes_per_s": size / min(t.wall for t in reads),
                      "write_bytes_per_cpu_s": size / min(t.cpu for t in writes), "read_bytes_per_cpu_s": size / min(t.cpu for t in reads),
                      "ratio": ratio}))


if __name__ == "__main__":
    main()
