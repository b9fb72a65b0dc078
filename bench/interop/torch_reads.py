"""PyTorch's side of the interoperability checks: our shards through a
torch.utils.data.DataLoader, with nothing of TensorFlow's but the Example message.

torch_reads.py DIR: DIR as bench/interop/check.py left it.
"""
import base64
import glob
import gzip
import json
import struct
import sys
import zlib

import torch
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory


def example_class():
    """tf.train.Example from its schema alone."""
    file = descriptor_pb2.FileDescriptorProto(name="feature.proto", package="tensorflow", syntax="proto3")
    f = descriptor_pb2.FieldDescriptorProto

    def message(name, *fields):
        m = file.message_type.add(name=name)
        for number, (field, kind, repeated) in enumerate(fields, 1):
            known = isinstance(kind, int)
            m.field.add(name=field, number=number, label=f.LABEL_REPEATED if repeated else f.LABEL_OPTIONAL,
                        type=kind if known else f.TYPE_MESSAGE, type_name=None if known else kind)
        return m

    message("BytesList", ("value", f.TYPE_BYTES, True))
    message("FloatList", ("value", f.TYPE_FLOAT, True))
    message("Int64List", ("value", f.TYPE_INT64, True))
    message("Feature", ("bytes_list", ".tensorflow.BytesList", False), ("float_list", ".tensorflow.FloatList", False),
            ("int64_list", ".tensorflow.Int64List", False))
    features = message("Features", ("feature", ".tensorflow.Features.FeatureEntry", True))
    entry = features.nested_type.add(name="FeatureEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, label=f.LABEL_OPTIONAL, type=f.TYPE_STRING)
    entry.field.add(name="value", number=2, label=f.LABEL_OPTIONAL, type=f.TYPE_MESSAGE, type_name=".tensorflow.Feature")
    message("Example", ("features", ".tensorflow.Features", False))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tensorflow.Example"))


class Views(torch.utils.data.IterableDataset):
    def __init__(self, path):
        self.path, self.example = path, example_class()

    def __iter__(self):
        data = open(self.path, "rb").read()
        data = {".gz": gzip.decompress, "lib": zlib.decompress}.get(self.path[-3:], bytes)(data)
        at = 0
        while at < len(data):
            (n,) = struct.unpack_from("<Q", data, at)
            feature = self.example.FromString(data[at + 12:at + 12 + n]).features.feature
            yield torch.frombuffer(bytearray(feature["view/a"].bytes_list.value[0]), dtype=torch.uint8).reshape(32, 32, 3)
            at += n + 16


def main():
    print(f"PyTorch {torch.__version__}")
    folder = sys.argv[1]
    want = [json.loads(line)["bytes"]["view/a"][0] for line in open(f"{folder}/expected.json", encoding="utf-8")]
    want = torch.stack([torch.frombuffer(bytearray(base64.b64decode(w)), dtype=torch.uint8).reshape(32, 32, 3) for w in want])
    for ext in ("", ".gz", ".zlib"):
        (path,) = glob.glob(f"{folder}/views-*.tfrecord{ext}")
        got = torch.cat(list(torch.utils.data.DataLoader(Views(path), batch_size=64)))
        assert torch.equal(got, want), path
        print(f"ok   PyTorch reads views-*.tfrecord{ext}: {len(got)} views, every pixel")


if __name__ == "__main__":
    main()
