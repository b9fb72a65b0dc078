"""torchvision's side of "retort bench augment", one thread.

Variants: PIL images throughout; uint8 tensors throughout, resized with and
without antialiasing.
"""
import io

import numpy as np
import torch
import torchvision
from PIL import Image
from torchvision.io import ImageReadMode, decode_jpeg
from torchvision.transforms import v2

from augment_common import arguments, clock, encoded_images, report, strength

torch.set_num_threads(1)


def transform(size, antialias):
    s, blur = strength(size)
    ops = [
        v2.RandomResizedCrop(size, scale=(0.08, 1.0), interpolation=v2.InterpolationMode.BICUBIC, antialias=antialias),
        v2.RandomHorizontalFlip(0.5),
        v2.RandomApply([v2.ColorJitter(0.8 * s, 0.8 * s, 0.8 * s, 0.2 * s)], p=0.8),
        v2.RandomGrayscale(0.2),
    ]
    if blur:
        ops.append(v2.RandomApply([v2.GaussianBlur(23, (0.1, 2.0))], p=0.5))
    return v2.Compose(ops)


def main():
    a = arguments(__doc__)
    files = encoded_images(a)

    def pil(data, passes):
        image = Image.open(io.BytesIO(data)).convert("RGB")
        return [np.asarray(through(image)) for _ in range(2 * passes)]

    def tensor(data, passes):
        image = decode_jpeg(torch.frombuffer(bytearray(data), dtype=torch.uint8), mode=ImageReadMode.RGB)
        return [through(image) for _ in range(2 * passes)]

    variants = {"pil": (pil, True), "tensor": (tensor, True), "tensor, no antialias": (tensor, False)}
    measured = {}
    for name in [a.variant] if a.variant else variants:
        views_of, antialias = variants[name]
        through = transform(a.size, antialias)
        with torch.inference_mode():
            measured[name] = clock(a, files, views_of)
    report(a, f"torchvision {torchvision.__version__}", measured)


if __name__ == "__main__":
    main()
