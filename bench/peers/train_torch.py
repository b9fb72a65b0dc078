"""PyTorch's side of "retort bench train": the whole pretraining step.

train_torch.py --depth 18 --width 0.25 --size 32 --pairs 64 --cores 2 --seconds 10 [--variant NAME]

Without --variant each is tried and the fastest measured. Prints one JSON object.
"""
import argparse
import json
import resource
import time

import torch

from resnet_torch import ResNet, head, nt_xent


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class Step:
    def __init__(self, a, variant):
        torch.manual_seed(1)
        net = ResNet(a.depth, a.width, a.size <= 32)
        self.model = torch.nn.Sequential(net, head(net.features, 128))
        self.format = torch.contiguous_format if variant == "contiguous" else torch.channels_last
        self.model.to(memory_format=self.format)
        self.run = torch.compile(self.model) if variant == "compile" else self.model
        self.optimizer = torch.optim.SGD(self.model.parameters(), 0.1, momentum=0.9, weight_decay=1e-4, fused=variant != "contiguous")
        self.images = torch.randint(0, 256, (2 * a.pairs, a.size, a.size, 3), dtype=torch.uint8)

    def __call__(self):
        x = self.images.permute(0, 3, 1, 2).to(torch.float32, memory_format=self.format).mul_(1 / 255)
        loss = nt_xent(self.run(x), 0.2)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return loss.item()


def rate(step, seconds):
    for _ in range(2):
        step()
    start, used, steps = time.perf_counter(), time.process_time(), 0
    while steps == 0 or time.perf_counter() - start < seconds:
        step()
        steps += 1
    return steps / (time.perf_counter() - start), steps / (time.process_time() - used)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--depth", type=int, default=18)
    p.add_argument("--width", type=float, default=0.25)
    p.add_argument("--size", type=int, default=32)
    p.add_argument("--pairs", type=int, default=64)
    p.add_argument("--cores", type=int, default=2)
    p.add_argument("--seconds", type=float, default=10)
    p.add_argument("--variant", choices=["contiguous", "channels_last", "compile"])
    a = p.parse_args()
    torch.set_num_threads(a.cores)
    torch.set_flush_denormal(True)
    before = peak()
    variant = a.variant
    if not variant:
        tried = {}
        for v in ["contiguous", "channels_last", "compile"]:
            try:
                tried[v], _ = rate(Step(a, v), a.seconds / 4)
            except Exception as e:  # torch.compile needs a C++ compiler
                print(f"{v}: {e}")
        variant = max(tried, key=tried.get)
        print(f"fastest: {variant} of {tried}")
    wall, cpu = rate(Step(a, variant), a.seconds)
    print(json.dumps({"peer": "torch", "version": torch.__version__, "variant": variant,
                      "pairs_per_s": wall * a.pairs, "pairs_per_cpu_s": cpu * a.pairs,
                      "peak_bytes": peak(), "step_bytes": peak() - before}))


main()
