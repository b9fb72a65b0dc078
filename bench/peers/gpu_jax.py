"""JAX's side of "retort bench train|label" on a GPU: the whole step, jitted.

gpu_jax.py --task train --depth 50 --width 1 --size 224 --batch 128 --seconds 10 --precision bf16 --device cuda

ResNet of basic or bottleneck blocks, NHWC, convolutions in bfloat16, the rest in
float32, as ours. Prints one JSON object.
"""
import argparse
import functools
import json
import time

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

DEPTHS = {18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3]}


def blocks(depth, width):
    """name, channels in, width of the block, channels out, stride."""
    cin = int(64 * width)
    expand = 1 if depth < 50 else 4
    for group, n in enumerate(DEPTHS[depth]):
        for i in range(n):
            w = int(64 * width) << group
            yield f"{group}.{i}", cin, w, expand * w, 2 if group and not i else 1
            cin = expand * w


def init(rng, a):
    params = {}

    def norm(name, c):
        params[name + "/scale"], params[name + "/offset"] = np.ones(c, np.float32), np.zeros(c, np.float32)

    def conv(name, size, cin, cout):
        params[name] = rng.normal(0, (size * size * cin) ** -0.5, (size, size, cin, cout)).astype(np.float32)
        norm(name, cout)

    conv("stem", 3 if a.size <= 32 else 7, 3, int(64 * a.width))
    for name, cin, w, out, stride in blocks(a.depth, a.width):
        sizes = [(3, cin, w), (3, w, w)] if a.depth < 50 else [(1, cin, w), (3, w, w), (1, w, out)]
        for k, s in enumerate(sizes):
            conv(f"{name}.{k}", *s)
        if stride > 1 or cin != out:
            conv(f"{name}.s", 1, cin, out)
        features = out
    ends = [features, features, 128] if a.task == "train" else [1000]
    for i, out in enumerate(ends):
        params[f"head{i}"] = rng.normal(0, 0.01, (features, out)).astype(np.float32)
        norm(f"head{i}", out)
    return params


def normed(p, name, x, task):
    axes = tuple(range(x.ndim - 1))
    y = x.astype(jnp.float32)
    if task == "label":  # as with moving statistics: a scale and an offset
        return (y * p[name + "/scale"] + p[name + "/offset"]).astype(x.dtype)
    mean = y.mean(axes)
    variance = jnp.square(y - mean).mean(axes)
    return ((y - mean) * (p[name + "/scale"] * lax.rsqrt(variance + 1e-5)) + p[name + "/offset"]).astype(x.dtype)


def features(p, images, a, dtype):
    def conv(name, x, stride=1):
        pad = [((p[name].shape[0] - 1) // 2,) * 2] * 2
        y = lax.conv_general_dilated(x, p[name].astype(dtype), (stride, stride), pad, dimension_numbers=("NHWC", "HWIO", "NHWC"))
        return normed(p, name, y, a.task)

    x = (images.astype(jnp.float32) * (1 / 255)).astype(dtype)
    x = jax.nn.relu(conv("stem", x, 1 if a.size <= 32 else 2))
    if a.size > 32:
        x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 2, 2, 1), "SAME")
    for name, cin, w, out, stride in blocks(a.depth, a.width):
        last = 1 if a.depth < 50 else 2
        y = x
        for k in range(last + 1):
            y = conv(f"{name}.{k}", y, stride if k == (0 if a.depth < 50 else 1) else 1)
            y = jax.nn.relu(y) if k < last else y
        x = jax.nn.relu(y + (conv(f"{name}.s", x, stride) if f"{name}.s" in p else x))
    return x.astype(jnp.float32).mean((1, 2))


def loss_of(p, images, a, dtype, temperature=0.2):
    x = features(p, images, a, dtype)
    for i in range(3):
        x = normed(p, f"head{i}", x @ p[f"head{i}"], a.task)
        x = jax.nn.relu(x) if i < 2 else x
    z = x / jnp.linalg.norm(x, axis=1, keepdims=True)
    logits = z @ z.T / temperature - 1e9 * jnp.eye(len(z))
    n = len(z) // 2
    pairs = jnp.roll(jnp.arange(2 * n), n)
    return -2 * jnp.take_along_axis(jax.nn.log_softmax(logits), pairs[:, None], 1).mean()


def main():
    q = argparse.ArgumentParser()
    q.add_argument("--task", choices=["train", "label"], default="train")
    q.add_argument("--depth", type=int, default=50)
    q.add_argument("--width", type=float, default=1)
    q.add_argument("--size", type=int, default=224)
    q.add_argument("--batch", type=int, default=128)
    q.add_argument("--seconds", type=float, default=10)
    q.add_argument("--precision", choices=["bf16", "f32"], default="bf16")
    q.add_argument("--device", choices=["cuda", "cpu"], help="JAX falls back to the CPU in silence: fail where it does")
    a = q.parse_args()
    platform = jax.devices()[0].platform
    if a.device and platform != {"cuda": "gpu"}.get(a.device, a.device):
        raise SystemExit(f"JAX computes on {platform}, not on {a.device}")
    dtype = jnp.bfloat16 if a.precision == "bf16" else jnp.float32
    rng = np.random.default_rng(1)
    params = {k: jnp.asarray(v) for k, v in init(rng, a).items()}
    momentum = jax.tree.map(jnp.zeros_like, params)
    images = rng.integers(0, 256, ((2 if a.task == "train" else 1) * a.batch, a.size, a.size, 3), np.uint8)

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def step(params, momentum, images):
        loss, grads = jax.value_and_grad(loss_of)(params, images, a, dtype)
        momentum = jax.tree.map(lambda m, g, w: 0.9 * m + g + 1e-4 * w, momentum, grads, params)
        return jax.tree.map(lambda w, m: w - 0.1 * m, params, momentum), momentum, loss

    @jax.jit
    def label(params, images):
        return features(params, images, a, dtype) @ params["head0"]

    def once():
        nonlocal params, momentum
        if a.task == "label":
            return np.asarray(label(params, jnp.asarray(images)))
        params, momentum, loss = step(params, momentum, jnp.asarray(images))
        return loss

    for _ in range(3):
        jax.block_until_ready(once())
    start, steps = time.perf_counter(), 0
    while steps == 0 or time.perf_counter() - start < a.seconds:
        for _ in range(5):
            last = once()
            steps += 1
        jax.block_until_ready(last)
    figure = "pairs_per_s" if a.task == "train" else "images_per_s"
    print(json.dumps({"peer": "jax", "version": jax.__version__, "variant": "jit",
                      figure: steps * a.batch / (time.perf_counter() - start), "device": str(jax.devices()[0])}))


main()
