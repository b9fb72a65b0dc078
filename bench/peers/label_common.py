"""What the peers of "retort bench label" share: a ResNet as ONNX, and the turn.

Weights are random; the input is float32 NCHW already.
"""
import argparse
import json
import resource
import time

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

DEPTHS = {18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3]}


class Net:
    def __init__(self):
        self.nodes, self.weights, self.rng = [], [], np.random.default_rng(1)

    def weight(self, values):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values.astype(np.float32), name))
        return name

    def add(self, op, inputs, **attributes):
        out = f"{op}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [out], **attributes))
        return out

    def conv(self, x, cin, cout, size, stride=1, relu=True):
        w = self.weight(self.rng.normal(0, (size * size * cin) ** -0.5, (cout, cin, size, size)))
        pad = (size - 1) // 2
        y = self.add("Conv", [x, w], kernel_shape=[size, size], strides=[stride] * 2, pads=[pad] * 4)
        norm = [self.weight(v) for v in (np.ones(cout), np.zeros(cout), np.zeros(cout), np.ones(cout))]
        y = self.add("BatchNormalization", [y, *norm], epsilon=1e-5)
        return self.add("Relu", [y]) if relu else y

    def block(self, x, cin, width, out, stride):
        if out == width:
            y = self.conv(self.conv(x, cin, width, 3, stride), width, out, 3, relu=False)
        else:
            y = self.conv(self.conv(self.conv(x, cin, width, 1), width, width, 3, stride), width, out, 1, relu=False)
        if stride > 1 or cin != out:
            x = self.conv(x, cin, out, 1, stride, relu=False)
        return self.add("Relu", [self.add("Add", [y, x])])


def model(a):
    n, channels = Net(), int(64 * a.width)
    small = a.size <= 32
    x = n.conv("x", 3, channels, 3 if small else 7, 1 if small else 2)
    if not small:
        x = n.add("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    cin, expand = channels, 1 if a.depth < 50 else 4
    for group, blocks in enumerate(DEPTHS[a.depth]):
        for i in range(blocks):
            w = channels << group
            x = n.block(x, cin, w, expand * w, 2 if group and not i else 1)
            cin = expand * w
    x = n.add("Flatten", [n.add("GlobalAveragePool", [x])])
    y = n.add("Gemm", [x, n.weight(n.rng.normal(0, 0.01, (cin, 1000))), n.weight(np.zeros(1000))])
    shape = [a.batch, 3, a.size, a.size]
    graph = helper.make_graph(n.nodes, "resnet", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                              [helper.make_tensor_value_info(y, TensorProto.FLOAT, [a.batch, 1000]),
                               helper.make_tensor_value_info(x, TensorProto.FLOAT, [a.batch, cin])], n.weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10).SerializeToString()


def arguments():
    """--depth 50 --width 1 --size 224 --batch 32 --cores 2 --seconds 10"""
    p = argparse.ArgumentParser()
    p.add_argument("--depth", type=int, default=50)
    p.add_argument("--width", type=float, default=1)
    p.add_argument("--size", type=int, default=224)
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--cores", type=int, default=2)
    p.add_argument("--seconds", type=float, default=10)
    return p.parse_args()


def images(a):
    return np.random.default_rng(1).random((a.batch, 3, a.size, a.size), np.float32)


def measure(a, run, **about):
    """Prints one JSON object. The first two batches are not counted."""
    for _ in range(2):
        run()
    start, used, steps = time.perf_counter(), time.process_time(), 0
    while steps == 0 or time.perf_counter() - start < a.seconds:
        run()
        steps += 1
    wall, cpu, n = time.perf_counter() - start, time.process_time() - used, steps * a.batch
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({**about, "images_per_s": n / wall, "images_per_cpu_s": n / cpu, "peak_bytes": peak}))
