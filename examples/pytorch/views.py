"""Reads Retort's views shards (docs/formats.md) with PyTorch alone."""
import gzip
import struct
import zlib

import torch


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at, value, shift = at + 1, value | (byte & 127) << shift, shift + 7
        if byte < 128:
            return value, at


def fields(data):
    """The fields of a protobuf message, all of them bytes here: number, value."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        n, at = varint(data, at)
        yield tag >> 3, data[at:at + n]
        at += n


def features(record):
    """The lists of a tf.train.Example by name; of integers, the first."""
    (_, entries), = fields(memoryview(record))
    found = {}
    for _, entry in fields(entries):
        (_, name), (_, feature) = fields(entry)
        (kind, values), = fields(feature)
        values = [v for _, v in fields(values)]
        found[bytes(name).decode()] = [varint(values[0], 0)[0]] if kind == 3 else values
    return found


class Views(torch.utils.data.IterableDataset):
    """Pairs of views as floats [3, size, size] in 0..1, and the label (-1: unknown)."""

    def __init__(self, paths):
        self.paths = paths

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        for path in self.paths[worker.id::worker.num_workers] if worker else self.paths:
            with open(path, "rb") as f:
                data = f.read()
            data = {".gz": gzip.decompress, "lib": zlib.decompress}.get(path[-3:], bytes)(data)
            at = 0
            while at < len(data):
                (n,) = struct.unpack_from("<Q", data, at)
                yield self.pair(features(data[at + 12:at + 12 + n]))
                at += n + 16

    @staticmethod
    def pair(example):
        a, b = (torch.frombuffer(bytearray(example[key][0]), dtype=torch.uint8) for key in ("view/a", "view/b"))
        size = round((len(a) / 3) ** 0.5)
        a, b = (v.reshape(size, size, 3).permute(2, 0, 1) / 255 for v in (a, b))
        return a, b, example.get("image/label", [-1])[0]
