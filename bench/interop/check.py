"""TensorFlow's and TensorBoard's side of the interoperability checks.

check.py EMIT DIR: EMIT is the built emit program, DIR an empty folder.
Prints one line a check; exits 1 at the first that fails.
"""
import base64
import glob
import hashlib
import json
import os
import random
import struct
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import tensorflow as tf  # noqa: E402

COMPRESSIONS = {"": "", ".gz": "GZIP", ".zlib": "ZLIB"}


def said(what):
    print("ok  ", what, flush=True)


def float_bits(values):
    return [f"{struct.unpack('<I', struct.pack('<f', v))[0]:08x}" for v in values]


def same_example(raw, want):
    got = tf.train.Example.FromString(raw).features.feature
    names = {**want["bytes"], **want["floats"], **want["int64s"]}
    assert set(got) == set(names), (sorted(got), sorted(names))
    for name, values in want["bytes"].items():
        assert [base64.b64encode(v).decode() for v in got[name].bytes_list.value] == values, name
        assert got[name].WhichOneof("kind") == "bytes_list", name
    for name, values in want["floats"].items():
        assert float_bits(got[name].float_list.value) == values, name
        assert got[name].WhichOneof("kind") == "float_list", name
    for name, values in want["int64s"].items():
        assert [str(v) for v in got[name].int64_list.value] == values, name
        assert got[name].WhichOneof("kind") == "int64_list", name


def parsed_by_the_kernel(raw, want):
    """tf.io.parse_single_example is another parser than protobuf's."""
    spec = {name: tf.io.VarLenFeature(t) for kind, t in
            (("bytes", tf.string), ("floats", tf.float32), ("int64s", tf.int64)) for name in want[kind]}
    got = {k: v.values.numpy().tolist() for k, v in tf.io.parse_single_example(raw, spec).items()}
    for name, values in want["bytes"].items():
        assert [base64.b64encode(v).decode() for v in got[name]] == values, name
    for name, values in want["floats"].items():
        assert float_bits(got[name]) == values, name
    for name, values in want["int64s"].items():
        assert [str(v) for v in got[name]] == values, name


def tensorflow_reads_ours(folder):
    want = [json.loads(line) for line in open(f"{folder}/expected.json", encoding="utf-8")]
    for ext, compression in COMPRESSIONS.items():
        (path,) = glob.glob(f"{folder}/views-*.tfrecord{ext}")
        n = 0
        for raw, w in zip(tf.data.TFRecordDataset(path, compression).as_numpy_iterator(), want, strict=True):
            same_example(raw, w)
            parsed_by_the_kernel(raw, w)
            n += 1
        said(f"TensorFlow reads {os.path.basename(path)}: {n} Examples, every field")


def we_read_tensorflows(emit, folder):
    rng = random.Random(3)
    for ext, compression in COMPRESSIONS.items():
        path = f"{folder}/theirs.tfrecord{ext}"
        written = []
        with tf.io.TFRecordWriter(path, compression) as w:
            for i in range(300):
                f = {
                    "id": tf.train.Feature(bytes_list=tf.train.BytesList(value=[rng.randbytes(rng.randrange(9000))])),
                    "names": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"", "größe".encode(), b"\0"])),
                    "f": tf.train.Feature(float_list=tf.train.FloatList(value=[rng.random(), -0.0, 1e-42, float("inf")])),
                    "i": tf.train.Feature(int64_list=tf.train.Int64List(value=[i, -i, 2**63 - 1, -(2**63)])),
                    "none": tf.train.Feature(), "empty": tf.train.Feature(int64_list=tf.train.Int64List()),
                    "ключ": tf.train.Feature(int64_list=tf.train.Int64List(value=range(i))),
                }
                written.append(tf.train.Example(features=tf.train.Features(feature=f)).SerializeToString())
                w.write(written[-1])
        lines = subprocess.run([emit, "dump", path], check=True, capture_output=True, text=True).stdout.splitlines()
        assert len(lines) == len(written), (len(lines), len(written))
        from google.protobuf import json_format
        for line, raw in zip(lines, written):
            got = json.loads(line)
            assert got["sha256"] == hashlib.sha256(raw).hexdigest()
            assert json_format.ParseDict(got["example"], tf.train.Example()) == tf.train.Example.FromString(raw)
        said(f"we read TensorFlow's {os.path.basename(path)}: {len(lines)} Examples, every field")


def tensorboard_loads_ours(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    events = EventAccumulator(f"{folder}/events", size_guidance={"scalars": 0, "images": 0, "histograms": 0})
    events.Reload()
    loss = events.Scalars("train/loss")
    assert [s.step for s in loss] == list(range(100))
    assert all(abs(s.value - 1 / (s.step + 1)) < 1e-6 for s in loss)
    (image,) = events.Images("views")
    assert (image.step, image.width, image.height) == (7, 8, 4)
    assert tf.io.decode_png(image.encoded_image_string, channels=3).shape == (4, 8, 3)
    (histogram,) = events.Histograms("weights")
    h = histogram.histogram_value
    assert (h.min, h.max, h.num, h.sum, h.sum_squares) == (-2, 3, 6, 2, 16), h
    assert sum(h.bucket) == 6
    said("TensorBoard loads our event file: 100 scalars, an image, a histogram")


def main():
    emit, folder = sys.argv[1:]
    print(f"TensorFlow {tf.__version__}, Python {sys.version.split()[0]}")
    subprocess.run([emit, "write", folder], check=True)
    tensorflow_reads_ours(folder)
    we_read_tensorflows(emit, folder)
    tensorboard_loads_ours(folder)


if __name__ == "__main__":
    main()
