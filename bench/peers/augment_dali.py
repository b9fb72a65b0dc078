"""NVIDIA DALI's side of "retort bench augment", on the CPU alone, one worker thread.

Variants: an image decoded once and cropped twice ("once"), or decoded twice with
nothing but its crop ("crops", which pays for large photos); batches made ahead, or
while one waits for them ("… waiting").
"""
import numpy as np
from nvidia.dali import __version__, fn, pipeline_def, types

from augment_common import Clock, arguments, encoded_images, report, strength

AREA = {"random_area": (0.08, 1.0), "random_aspect_ratio": (3 / 4, 4 / 3)}
CUBIC = {"interp_type": types.INTERP_CUBIC, "antialias": False}
FAST = {"device": "cpu", "output_type": types.RGB, "jpeg_fancy_upsampling": False, "use_fast_idct": True}


def chance(p):
    """1 or 0."""
    return fn.cast(fn.random.coin_flip(probability=p), dtype=types.FLOAT)


def uniform(low, high):
    return fn.random.uniform(range=(low, high))


def changed(v, size):
    """A crop flipped, with other colours, and blurred."""
    s, blur = strength(size)
    on, low, high = chance(0.8), max(0, 1 - 0.8 * s), 1 + 0.8 * s
    v = fn.flip(v, horizontal=fn.random.coin_flip(probability=0.5))
    v = fn.color_twist(v, brightness=1 + on * (uniform(low, high) - 1), contrast=1 + on * (uniform(low, high) - 1),
                       hue=on * uniform(-72 * s, 72 * s),
                       saturation=(1 + on * (uniform(low, high) - 1)) * chance(0.8))  # 0 is gray
    if blur and fn.random.coin_flip(probability=0.5, dtype=types.BOOL):
        v = fn.gaussian_blur(v, sigma=uniform(0.1, 2))
    return v


def once(jpeg, size):
    image = fn.decoders.image(jpeg, **FAST)
    return [fn.random_resized_crop(image, size=(size, size), **AREA, **CUBIC) for _ in range(2)]


def crops(jpeg, size):
    return [fn.resize(fn.decoders.image_random_crop(jpeg, **FAST, **AREA), size=(size, size), **CUBIC) for _ in range(2)]


def rates(a, files, cropped, waiting):
    batch = 8 if files[0].size > 1 << 20 else 64 if a.size > 32 else 256
    at = 0

    def encoded():
        nonlocal at
        at += batch
        return [files[i % len(files)] for i in range(at - batch, at)]

    how = {"exec_async": False, "exec_pipelined": False} if waiting else {"prefetch_queue_depth": 2}

    @pipeline_def(batch_size=batch, num_threads=1, device_id=None, enable_conditionals=True, seed=1, **how)
    def views():
        jpeg = fn.external_source(source=encoded, batch=True, dtype=types.UINT8, ndim=1, no_copy=True)
        first, second = cropped(jpeg, a.size)
        return changed(first, a.size), changed(second, a.size)

    pipe = views()
    pipe.build()
    for _ in range(3):  # buffers grow
        for out in pipe.run():
            v = np.asarray(out.at(0))
            assert v.shape == (a.size, a.size, 3) and v.dtype == np.uint8, (v.shape, v.dtype)
    c = Clock()
    while c.elapsed() < a.seconds:
        c.n += sum(len(out) for out in pipe.run())
    return c.rates()


def main():
    a = arguments(__doc__)
    files = [np.frombuffer(data, np.uint8) for data in encoded_images(a)]
    variants = {"once": (once, False), "crops": (crops, False), "once waiting": (once, True), "crops waiting": (crops, True)}
    chosen = [a.variant] if a.variant else variants
    report(a, f"DALI {__version__}, CPU", {name: rates(a, files, *variants[name]) for name in chosen})


if __name__ == "__main__":
    main()
