"""What data loaders of the field read records with, out of the page cache, one thread:
webdataset from a tar, grain from TFRecord and from ArrayRecord, array_record alone.

records.py READER --record-bytes 150528 --payload FILE --dir DIR [--seconds 2]

READER is webdataset, grain or array_record. Writes the file where it is not there,
of as many records as "retort bench tfrecord" has, and prints one JSON object: bytes
of records read per second and per second of processor time, by the fastest variant.
Neither a tar nor grain's TFRecord has checksums that are verified; ArrayRecord's are.
"""
import argparse
import io
import json
import os
import tarfile
import time

from tfrecord_mapped import TOTAL, records, write


def made(path, make):
    if not os.path.exists(path):
        make(path + ".part")
        os.rename(path + ".part", path)
    return path


def tar_of(a):
    def make(path):
        with tarfile.open(path, "w") as t:
            for i, record in enumerate(records(a.payload, a.record_bytes)):
                info = tarfile.TarInfo(f"{i:08d}.bin")
                info.size = len(record)
                t.addfile(info, io.BytesIO(record))
    return made(f"{a.dir}/{a.record_bytes}.tar", make)


def tfrecord_of(a):
    path = f"{a.dir}/{a.record_bytes}.tfrecord"
    if not os.path.exists(path):
        write(path, a.payload, a.record_bytes)
    return path


def array_record_of(a):
    from array_record.python.array_record_module import ArrayRecordWriter

    def make(path):
        w = ArrayRecordWriter(path, "group_size:1,uncompressed")
        for record in records(a.payload, a.record_bytes):
            w.write(record)
        w.close()
    return made(f"{a.dir}/{a.record_bytes}.array_record", make)


def webdataset(a):
    import webdataset as wds

    path = tar_of(a)
    return {"WebDataset": lambda: (sample["bin"] for sample in wds.WebDataset(path, shardshuffle=False)),
            "tar_file_expander": lambda: (f["data"] for f in wds.tariterators.tar_file_expander([{"url": path, "stream": open(path, "rb")}]) if "data" in f)}


def grain(a):
    import grain.python as g
    from grain.experimental import TFRecordIterDataset

    frames, array = tfrecord_of(a), g.ArrayRecordDataSource(array_record_of(a))

    def array_record(threads, ahead):
        return lambda: g.MapDataset.source(array).to_iter_dataset(g.ReadOptions(num_threads=threads, prefetch_buffer_size=ahead))
    return {"tfrecord": lambda: TFRecordIterDataset(frames), "array_record": array_record(0, 0), "array_record, a thread": array_record(1, 16)}


def array_record(a):
    from array_record.python.array_record_module import ArrayRecordReader

    path, batch = array_record_of(a), max(1, (4 << 20) // a.record_bytes)

    def reader(options):
        return ArrayRecordReader(path, options, file_reader_buffer_size=1 << 20)

    def batches():
        r = reader("readahead_buffer_size:0,max_parallelism:0")
        for i in range(0, r.num_records(), batch):
            yield from r.read(list(range(i, min(r.num_records(), i + batch))))
        r.close()

    def whole():
        r = reader("readahead_buffer_size:4M,max_parallelism:1")
        yield from r.read_all()
        r.close()
    return {"batches": batches, "read_all": whole}


def rates(read, want, seconds):
    got = [len(record) for record in read()]
    assert sum(got) == want and len(set(got)) == 1, (sum(got), want)
    n, wall, cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < seconds:
        n += sum(map(len, read()))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"read_bytes_per_s": round(n / wall), "read_bytes_per_cpu_s": round(n / cpu)}


def main():
    readers = {"webdataset": webdataset, "grain": grain, "array_record": array_record}
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("reader", choices=readers)
    p.add_argument("--record-bytes", type=int, required=True)
    p.add_argument("--payload", required=True)
    p.add_argument("--dir", required=True)
    p.add_argument("--seconds", type=float, default=2)
    a = p.parse_args()
    want = max(1, TOTAL // a.record_bytes) * a.record_bytes
    variants = {name: rates(read, want, a.seconds) for name, read in readers[a.reader](a).items()}
    best = max(variants, key=lambda v: variants[v]["read_bytes_per_cpu_s"])
    print(json.dumps({"peer": a.reader, "variant": best, **variants[best], "variants": variants}))


if __name__ == "__main__":
    main()
