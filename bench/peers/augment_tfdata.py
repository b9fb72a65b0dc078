"""TensorFlow's side of "retort bench augment": SimCLR's views in tf.data, one
thread.

Variants: an image is decoded once for all its views ("decode"), or each view
decodes only its crop ("decode crop").
"""
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from augment_common import Clock, arguments, encoded_images, report, strength  # noqa: E402

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)


def chance(p, then, otherwise):
    return tf.cond(tf.random.uniform([]) < p, then, lambda: otherwise)


def crop_box(shape):
    box = tf.zeros([1, 0, 4], tf.float32)
    begin, size, _ = tf.image.sample_distorted_bounding_box(
        shape, box, min_object_covered=0.1, aspect_ratio_range=(3 / 4, 4 / 3), area_range=(0.08, 1.0),
        max_attempts=100, use_image_if_no_bounding_boxes=True)
    return begin[0], begin[1], size[0], size[1]


def jitter(x, s):
    def brightness(v):
        return v * tf.random.uniform([], max(1 - 0.8 * s, 0), 1 + 0.8 * s)

    ops = [brightness,
           lambda v: tf.image.random_contrast(v, 1 - 0.8 * s, 1 + 0.8 * s),
           lambda v: tf.image.random_saturation(v, 1 - 0.8 * s, 1 + 0.8 * s),
           lambda v: tf.image.random_hue(v, 0.2 * s)]
    order = tf.random.shuffle(tf.range(4))
    for i in range(4):
        x = tf.switch_case(order[i], [lambda op=op, x=x: op(x) for op in ops])
        x = tf.clip_by_value(x, 0.0, 1.0)
    return x


def blur(x, size):
    radius = size // 10 // 2
    sigma = tf.random.uniform([], 0.1, 2.0)
    at = tf.cast(tf.range(-radius, radius + 1), tf.float32)
    taps = tf.exp(-at * at / (2 * sigma * sigma))
    taps = tf.tile((taps / tf.reduce_sum(taps))[:, None, None, None], [1, 1, 3, 1])
    x = tf.nn.depthwise_conv2d(x[None], tf.transpose(taps, [1, 0, 2, 3]), [1, 1, 1, 1], "SAME")
    return tf.nn.depthwise_conv2d(x, taps, [1, 1, 1, 1], "SAME")[0]


def view(x, size):
    s, blurs = strength(size)
    x = tf.image.resize(x[None], [size, size], tf.image.ResizeMethod.BICUBIC)[0]
    x = tf.image.random_flip_left_right(x)
    x = chance(0.8, lambda: jitter(x, s), x)
    x = chance(0.2, lambda: tf.image.grayscale_to_rgb(tf.image.rgb_to_grayscale(x)), x)
    x = tf.reshape(tf.clip_by_value(x, 0.0, 1.0), [size, size, 3])
    if blurs:
        x = chance(0.5, lambda: blur(x, size), x)
        x = tf.clip_by_value(x, 0.0, 1.0)
    return tf.cast(x * 255 + 0.5, tf.uint8)


def decode_once(data, a):
    image = tf.image.convert_image_dtype(tf.io.decode_jpeg(data, 3), tf.float32)

    def one():
        y, x, h, w = crop_box(tf.shape(image))
        return view(tf.image.crop_to_bounding_box(image, y, x, h, w), a.size)
    return tf.stack([one() for _ in range(2 * a.passes)])


def decode_crops(data, a):
    shape = tf.io.extract_jpeg_shape(data)

    def one():
        crop = tf.io.decode_and_crop_jpeg(data, tf.stack(crop_box(shape)), 3)
        return view(tf.image.convert_image_dtype(crop, tf.float32), a.size)
    return tf.stack([one() for _ in range(2 * a.passes)])


def clock(a, files, views_of):
    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    options.threading.max_intra_op_parallelism = 1
    data = tf.data.Dataset.from_tensor_slices(files).cache().repeat()
    data = data.map(lambda d: views_of(d, a)).with_options(options)
    it = iter(data)
    next(it)
    c = Clock()
    while c.elapsed() < a.seconds:
        views = next(it)
        assert views.dtype == tf.uint8
        c.n += views.shape[0]
    return c.rates()


def main():
    a = arguments(__doc__)
    files = np.array(encoded_images(a), dtype=object)
    variants = {"decode": decode_once, "decode crop": decode_crops}
    chosen = [a.variant] if a.variant else variants
    report(a, f"tf.data, TensorFlow {tf.__version__}", {name: clock(a, files, variants[name]) for name in chosen})


if __name__ == "__main__":
    main()
