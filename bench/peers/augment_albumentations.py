"""albumentations' side of "retort bench augment": OpenCV decodes, albumentations
makes the views, one thread.

Variants: blur with a kernel as long as sigma asks for ("auto"), or always of the
reference's 23 taps ("23"); for photos far larger than the views also with
OpenCV's decoding at a quarter of the size ("reduced").
"""
import cv2

cv2.setNumThreads(0)

import albumentations as A  # noqa: E402
import numpy as np  # noqa: E402

from augment_common import arguments, clock, encoded_images, report, strength  # noqa: E402


def transform(size, blur_limit):
    s, blur = strength(size)
    ops = [
        A.RandomResizedCrop(size=(size, size), scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3), interpolation=cv2.INTER_CUBIC, p=1.0),
        A.HorizontalFlip(p=0.5),
        A.ColorJitter(brightness=0.8 * s, contrast=0.8 * s, saturation=0.8 * s, hue=0.2 * s, p=0.8),
        A.ToGray(p=0.2),
    ]
    if blur:
        ops.append(A.GaussianBlur(blur_limit=blur_limit, sigma_limit=(0.1, 2.0), p=0.5))
    return A.Compose(ops)


def main():
    a = arguments(__doc__)
    files = encoded_images(a)

    def variant(blur_limit, flags):
        t = transform(a.size, blur_limit)

        def views_of(data, passes):
            image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
            if flags != cv2.IMREAD_COLOR_RGB:
                image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
            return [t(image=image)["image"] for _ in range(2 * passes)]
        return lambda: clock(a, files, views_of)

    variants = {"auto": variant(0, cv2.IMREAD_COLOR_RGB)}
    if a.size > 32:
        variants["23"] = variant((23, 23), cv2.IMREAD_COLOR_RGB)
    height, width = cv2.imdecode(np.frombuffer(files[0], np.uint8), cv2.IMREAD_COLOR).shape[:2]
    if min(width, height) > 10 * a.size:
        variants = {"auto": variants["auto"], "reduced": variant(0, cv2.IMREAD_REDUCED_COLOR_4)}
    chosen = [a.variant] if a.variant else variants
    report(a, f"albumentations {A.__version__}, OpenCV {cv2.__version__}", {name: variants[name]() for name in chosen})


if __name__ == "__main__":
    main()
