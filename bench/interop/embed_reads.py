"""What retort embed writes, by those who read it: NumPy, pyarrow, TensorFlow and
TensorBoard's projector; the features beside onnxruntime's of the exported network.

embed_reads.py RETORT CHECKPOINT DIR: CHECKPOINT is a pretraining's folder whose images
have 32 pixels at most (no crop is taken of them then), DIR an empty folder.
"""
import csv
import json
import os
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
import pyarrow.parquet  # noqa: E402
import tensorflow as tf  # noqa: E402

retort, checkpoint, folder = sys.argv[1:]
SIDE, N = 16, 70  # more than a batch


def embed(*args):
    return subprocess.run([retort, "embed", "--checkpoint", checkpoint, *args, f"{folder}/images"],
                          check=True, capture_output=True, text=True).stdout


pixels = np.random.default_rng(7).integers(0, 256, (N, SIDE, SIDE, 3), np.uint8)
for i, p in enumerate(pixels):
    os.makedirs(f"{folder}/images/{'ab'[i % 2]}", exist_ok=True)
    tf.io.write_file(f"{folder}/images/{'ab'[i % 2]}/{i:03}.png", tf.io.encode_png(p))
order = list(range(0, N, 2)) + list(range(1, N, 2))

lines = [json.loads(x) for x in embed().splitlines()]
want = np.array([x["feature"] for x in lines], np.float32)
paths = [x["path"] for x in lines]
assert [int(p[-7:-4]) for p in paths] == order, paths

embed("--out", f"{folder}/f.npy", "--projector", f"{folder}/look")
got = np.load(f"{folder}/f.npy")
assert got.dtype == np.float32 and got.shape == want.shape and (got == want).all()
rows = list(csv.DictReader(open(f"{folder}/f.npy.csv", encoding="utf-8")))
assert [r["path"] for r in rows] == paths and [r["class"] for r in rows] == [x["class"] for x in lines]
mapped = np.load(f"{folder}/f.npy", mmap_mode="r")
assert (mapped[-1] == want[-1]).all()
embed("--out", f"{folder}/half.npy", "--dtype", "float16")
half = np.load(f"{folder}/half.npy")
assert half.dtype == np.float16 and (half == want.astype(np.float16)).all()
print("ok   NumPy", np.__version__, "loads features, whole and mapped, float32 and float16")

embed("--out", f"{folder}/f.parquet")
table = pyarrow.parquet.read_table(f"{folder}/f.parquet")
assert (np.stack(table["feature"].to_numpy()) == want).all()
assert table["path"].to_pylist() == paths and table["id"].to_pylist() == [x["id"] for x in lines]
assert table["class"].to_pylist() == [x["class"] for x in lines]
print("ok   pyarrow", pyarrow.__version__, "reads them from Parquet")

embed("--out", f"{folder}/f.tfrecord")
spec = {"feature": tf.io.FixedLenFeature([want.shape[1]], tf.float32), "image/path": tf.io.FixedLenFeature([], tf.string),
        "image/id": tf.io.FixedLenFeature([], tf.string)}
read = [tf.io.parse_single_example(r, spec) for r in tf.data.TFRecordDataset(f"{folder}/f.tfrecord")]
assert (np.stack([r["feature"].numpy() for r in read]) == want).all()
assert [r["image/path"].numpy().decode() for r in read] == paths
assert [r["image/id"].numpy().hex() for r in read] == [x["id"] for x in lines]
print("ok   TensorFlow", tf.__version__, "reads them from TFRecord")

from google.protobuf import text_format  # noqa: E402
from tensorboard.plugins.projector import projector_config_pb2  # noqa: E402

config = text_format.Parse(open(f"{folder}/look/projector_config.pbtxt").read(), projector_config_pb2.ProjectorConfig()).embeddings[0]
tensors = np.loadtxt(f"{folder}/look/{config.tensor_path}", np.float32, delimiter="\t", ndmin=2)
assert list(config.tensor_shape) == list(want.shape) and (tensors == want).all()
assert len(open(f"{folder}/look/{config.metadata_path}").read().splitlines()) == N + 1
sprite = tf.io.decode_png(tf.io.read_file(f"{folder}/look/{config.sprite.image_path}")).numpy()[..., :3]
side, across = config.sprite.single_image_dim[0], sprite.shape[1] // config.sprite.single_image_dim[0]
for row, i in enumerate(order):
    y, x = row // across * side, row % across * side
    assert (sprite[y:y + side, x:x + side] == pixels[i]).all(), row
print("ok   TensorBoard's projector finds tensors, names and pictures")

subprocess.run([retort, "checkpoint", "export", checkpoint, f"{folder}/encoder.onnx"], check=True, capture_output=True)
session = onnxruntime.InferenceSession(f"{folder}/encoder.onnx")
feed = session.get_inputs()[0]
images = pixels[order]
if "uint8" not in feed.type:
    images = (images.astype(np.float32) / 255).transpose(0, 3, 1, 2)
theirs = session.run(None, {feed.name: images})[0]
apart = float(np.abs(theirs - want).max() / np.abs(want).max())
assert theirs.shape == want.shape and apart <= 1e-4, (theirs.shape, apart)
print(f"ok   onnxruntime {onnxruntime.__version__} computes the same features, {apart:.1g} apart")
