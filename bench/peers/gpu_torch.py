"""PyTorch's side of "retort bench train|label" on a GPU: channels_last, AMP, compile.

gpu_torch.py --task train --depth 50 --width 1 --size 224 --batch 128 --seconds 10 --device cuda --precision bf16

The batch counts pairs for training and images for labelling. Each of the
variants is tried and the fastest measured. Prints one JSON object.
"""
import argparse
import json
import time

import torch

from resnet_torch import ResNet, head, nt_xent


def synchronize(device):
    if device == "cuda":
        torch.cuda.synchronize()


class Train:
    def __init__(self, a, mode):
        torch.manual_seed(1)
        net = ResNet(a.depth, a.width, a.size <= 32)
        self.a = a
        self.model = torch.nn.Sequential(net, head(net.features, 128)).to(a.device, memory_format=torch.channels_last)
        self.run = torch.compile(self.model, mode=mode)
        self.optimizer = torch.optim.SGD(self.model.parameters(), 0.1, momentum=0.9, weight_decay=1e-4, fused=True)
        self.images = torch.randint(0, 256, (2 * a.batch, a.size, a.size, 3), dtype=torch.uint8)
        if a.device == "cuda":
            self.images = self.images.pin_memory()

    def __call__(self):
        x = self.images.to(self.a.device, non_blocking=True)  # as ours, which gets its pixels anew each step
        x = x.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.channels_last).mul_(1 / 255)
        with torch.autocast(self.a.device, torch.bfloat16, enabled=self.a.precision == "bf16"):
            z = self.run(x)
        loss = nt_xent(z.float(), 0.2)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return loss


class Label:
    def __init__(self, a, mode):
        torch.manual_seed(1)
        net = ResNet(a.depth, a.width, a.size <= 32)
        self.a = a
        model = torch.nn.Sequential(net, torch.nn.Linear(net.features, 1000)).eval().to(a.device, memory_format=torch.channels_last)
        if a.precision == "bf16":
            model = model.to(torch.bfloat16)
        self.dtype = torch.bfloat16 if a.precision == "bf16" else torch.float32
        self.run = torch.compile(model, mode=mode)
        self.images = torch.randint(0, 256, (a.batch, a.size, a.size, 3), dtype=torch.uint8)
        if a.device == "cuda":
            self.images = self.images.pin_memory()

    @torch.inference_mode()
    def __call__(self):
        x = self.images.to(self.a.device, non_blocking=True)
        x = x.permute(0, 3, 1, 2).to(self.dtype, memory_format=torch.channels_last).mul_(1 / 255)
        return self.run(x).float().cpu()


def rate(step, a, seconds):
    for _ in range(3):
        step()
    synchronize(a.device)
    start, steps = time.perf_counter(), 0
    while steps == 0 or time.perf_counter() - start < seconds:
        for _ in range(a.between):
            step()
            steps += 1
        synchronize(a.device)
    return steps / (time.perf_counter() - start)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--task", choices=["train", "label"], default="train")
    p.add_argument("--depth", type=int, default=50)
    p.add_argument("--width", type=float, default=1)
    p.add_argument("--size", type=int, default=224)
    p.add_argument("--batch", type=int, default=128)
    p.add_argument("--seconds", type=float, default=10)
    p.add_argument("--device", default="cuda")
    p.add_argument("--precision", choices=["bf16", "f32"], default="bf16")
    p.add_argument("--between", type=int, default=5, help="steps between two waits for the device")
    a = p.parse_args()
    torch.backends.cudnn.benchmark = True
    torch.set_float32_matmul_precision("high")
    make = {"train": Train, "label": Label}[a.task]
    tried = {}
    modes = ["default", "reduce-overhead"] if a.device == "cuda" else ["default"]
    for mode in modes:
        try:
            tried[mode] = rate(make(a, mode), a, a.seconds / len(modes))
        except Exception as e:
            print(f"{mode}: {type(e).__name__}: {str(e).splitlines()[:1]}")
        torch._dynamo.reset()
    if not tried:
        raise SystemExit(1)  # what was printed says why
    mode = max(tried, key=tried.get)
    peak = torch.cuda.max_memory_allocated() if a.device == "cuda" else 0
    figure = "pairs_per_s" if a.task == "train" else "images_per_s"
    print(json.dumps({"peer": "torch", "version": torch.__version__, "variant": "channels_last, AMP, compile " + mode,
                      figure: tried[mode] * a.batch, "peak_bytes": peak}))


main()
