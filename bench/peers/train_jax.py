"""JAX's side of "retort bench train": the whole pretraining step, jitted.

train_jax.py --width 0.25 --size 32 --pairs 64 --seconds 10

ResNet-18 with the CIFAR stem, NHWC. Prints one JSON object.
"""
import argparse
import functools
import json
import resource
import time

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def init(rng, width):
    w = int(64 * width)
    params = {}

    def conv(name, size, a, b):
        params[name] = rng.normal(0, (size * size * a) ** -0.5, (size, size, a, b)).astype(np.float32)
        norm(name, b)

    def norm(name, c):
        params[name + "/scale"], params[name + "/offset"] = np.ones(c, np.float32), np.zeros(c, np.float32)

    conv("stem", 3, 3, w)
    cin = w
    for g in range(4):
        c = w << g
        for i in range(2):
            conv(f"{g}{i}a", 3, cin, c)
            conv(f"{g}{i}b", 3, c, c)
            if cin != c:
                conv(f"{g}{i}s", 1, cin, c)
            cin = c
    for i, out in enumerate([cin, cin, 128]):
        params[f"head{i}"] = rng.normal(0, 0.01, (cin, out)).astype(np.float32)
        norm(f"head{i}", out)
    return params


def normed(p, name, x):
    axes = tuple(range(x.ndim - 1))
    mean = x.mean(axes)
    variance = jnp.square(x - mean).mean(axes)
    return (x - mean) * (p[name + "/scale"] * lax.rsqrt(variance + 1e-5)) + p[name + "/offset"]


def conv(p, name, x, stride=1):
    size = p[name].shape[0]
    pad = [((size - 1) // 2,) * 2] * 2
    x = lax.conv_general_dilated(x, p[name], (stride, stride), pad, dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return normed(p, name, x)


def loss_of(p, images, temperature=0.2):
    x = images.astype(jnp.float32) * (1 / 255)
    x = jax.nn.relu(conv(p, "stem", x))
    for g in range(4):
        for i in range(2):
            stride = 2 if g and not i else 1
            y = conv(p, f"{g}{i}b", jax.nn.relu(conv(p, f"{g}{i}a", x, stride)))
            x = jax.nn.relu(y + (conv(p, f"{g}{i}s", x, stride) if f"{g}{i}s" in p else x))
    x = x.mean((1, 2))
    for i in range(3):
        x = normed(p, f"head{i}", x @ p[f"head{i}"])
        x = jax.nn.relu(x) if i < 2 else x
    z = x / jnp.linalg.norm(x, axis=1, keepdims=True)
    logits = z @ z.T / temperature - 1e9 * jnp.eye(len(z))
    n = len(z) // 2
    pairs = jnp.roll(jnp.arange(2 * n), n)
    return -2 * jnp.take_along_axis(jax.nn.log_softmax(logits), pairs[:, None], 1).mean()


@functools.partial(jax.jit, donate_argnums=(0, 1))
def step(params, momentum, images):
    loss, grads = jax.value_and_grad(loss_of)(params, images)
    momentum = jax.tree.map(lambda m, g, w: 0.9 * m + g + 1e-4 * w, momentum, grads, params)
    return jax.tree.map(lambda w, m: w - 0.1 * m, params, momentum), momentum, loss


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--width", type=float, default=0.25)
    a.add_argument("--size", type=int, default=32)
    a.add_argument("--pairs", type=int, default=64)
    a.add_argument("--seconds", type=float, default=10)
    a = a.parse_args()
    before = peak()
    rng = np.random.default_rng(1)
    params = {k: jnp.asarray(v) for k, v in init(rng, a.width).items()}
    momentum = jax.tree.map(jnp.zeros_like, params)
    images = jnp.asarray(rng.integers(0, 256, (2 * a.pairs, a.size, a.size, 3), np.uint8))

    def once():
        nonlocal params, momentum
        params, momentum, loss = step(params, momentum, images)
        float(loss)

    for _ in range(2):
        once()
    start, used, steps = time.perf_counter(), time.process_time(), 0
    while steps == 0 or time.perf_counter() - start < a.seconds:
        once()
        steps += 1
    wall, cpu = time.perf_counter() - start, time.process_time() - used
    print(json.dumps({"peer": "jax", "version": jax.__version__, "pairs_per_s": steps * a.pairs / wall, "pairs_per_cpu_s": steps * a.pairs / cpu,
                      "peak_bytes": peak(), "step_bytes": peak() - before}))


main()
