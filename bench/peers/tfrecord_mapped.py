"""Reads a TFRecord file from a mapping, with crc32c's checksums.

tfrecord_mapped.py --record-bytes 150528 --file FILE --payload PIXELS [--seconds 2]

Writes the file where it is not there, of as many records as "retort bench
tfrecord" has, and prints one JSON object: bytes of records read per second and
per second of processor time, every checksum verified.
"""
import argparse
import json
import mmap
import os
import struct
import time

from crc32c import crc32c

TOTAL = 64 << 20


def masked(data):
    c = crc32c(data)
    return ((c >> 15 | c << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(payload, size):
    with open(payload, "rb") as f:
        data = f.read()
    for i in range(max(1, TOTAL // size)):
        at = i * size % (len(data) - size + 1)
        yield data[at : at + size]


def write(path, payload, size):
    out, length = bytearray(), struct.pack("<Q", size)
    for record in records(payload, size):
        out += length + struct.pack("<I", masked(length)) + record + struct.pack("<I", masked(record))
    with open(path + ".part", "wb") as f:
        for at in range(0, len(out), 1 << 20):  # as we write it: the pages are alike
            f.write(out[at : at + (1 << 20)])
    os.rename(path + ".part", path)


def read(path):
    header, stored = struct.Struct("<QI").unpack_from, struct.Struct("<I").unpack_from
    with open(path, "rb") as f:
        view = memoryview(mmap.mmap(f.fileno(), 0, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE, prot=mmap.PROT_READ))
    at, total, end = 0, 0, len(view)
    while at < end:
        n, crc = header(view, at)
        data = view[at + 12 : at + 12 + n]
        if masked(view[at : at + 8]) != crc or masked(data) != stored(view, at + 12 + n)[0]:
            raise ValueError(f"{path}: damaged at byte {at}")
        at, total = at + 16 + n, total + n
    return total


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--record-bytes", type=int, required=True)
    p.add_argument("--file", required=True)
    p.add_argument("--payload", required=True)
    p.add_argument("--seconds", type=float, default=2)
    a = p.parse_args()
    if not os.path.exists(a.file):
        write(a.file, a.payload, a.record_bytes)
    read(a.file)
    n, wall, cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < a.seconds:
        n += read(a.file)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(json.dumps({"peer": "mapped file, crc32c", "read_bytes_per_s": round(n / wall), "read_bytes_per_cpu_s": round(n / cpu)}))


if __name__ == "__main__":
    main()
