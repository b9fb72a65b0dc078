"""Every JPEG of a tar decoded whole to RGB: jpeg_decode.py DECODER TAR SECONDS

DECODER is simplejpeg, opencv or dali (on the CPU, one worker thread). Their defaults
stand beside libjpeg-turbo's fast inverse DCT and upsampling ("fast"), where they have
those; the faster one counts. The last line is one JSON object.
"""
import json
import sys
import tarfile
import time

import numpy as np

MOST = 1000  # files, as the other side takes by default


def encoded(path):
    with tarfile.open(path) as t:
        files = (t.extractfile(m).read() for m in t if m.isfile() and m.name.lower().endswith((".jpg", ".jpeg")))
        return [data for data, _ in zip(files, range(MOST))]


def simplejpeg():
    from simplejpeg import decode_jpeg

    return {"default": lambda data: decode_jpeg(data, "RGB"), "fast": lambda data: decode_jpeg(data, "RGB", fastdct=True, fastupsample=True)}


def opencv():
    import cv2

    cv2.setNumThreads(0)
    return {"default": lambda data: cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)}


def one_by_one(decode, files):
    while True:
        for data in files:
            image = decode(data)
            yield image, image.shape[0] * image.shape[1]


def dali(files, fast):
    from nvidia.dali import fn, pipeline_def, types

    batch = 8 if len(files[0]) > 1 << 20 else 64 if len(files[0]) > 4 << 10 else 256
    data, at = [np.frombuffer(f, np.uint8) for f in files], 0

    def next_batch():
        nonlocal at
        at += batch
        return [data[i % len(data)] for i in range(at - batch, at)]

    @pipeline_def(batch_size=batch, num_threads=1, device_id=None, exec_async=False, exec_pipelined=False)
    def images():
        jpeg = fn.external_source(source=next_batch, batch=True, dtype=types.UINT8, ndim=1, no_copy=True)
        return fn.decoders.image(jpeg, device="cpu", output_type=types.RGB, use_fast_idct=fast, jpeg_fancy_upsampling=not fast)

    pipe = images()
    pipe.build()
    while True:
        (out,) = pipe.run()
        yield np.asarray(out.at(0)), sum(height * width for height, width, _ in out.shape())


def rates(decoded, seconds):
    image, _ = next(decoded)
    assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 and image.std() > 0, image.shape
    pixels, wall, cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < seconds:
        pixels += next(decoded)[1]
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"mpx_per_s": pixels / wall / 1e6, "mpx_per_cpu_s": pixels / cpu / 1e6}


def main(decoder, tar, seconds):
    files = encoded(tar)
    if decoder == "dali":
        ways = {name: dali(files, name == "fast") for name in ("default", "fast")}
    else:
        ways = {name: one_by_one(decode, files) for name, decode in {"simplejpeg": simplejpeg, "opencv": opencv}[decoder]().items()}
    variants = {name: rates(decoded, float(seconds)) for name, decoded in ways.items()}
    best = max(variants, key=lambda v: variants[v]["mpx_per_cpu_s"])
    print(json.dumps({"peer": decoder, "variant": best, **variants[best], "variants": variants}))


main(*sys.argv[1:])
