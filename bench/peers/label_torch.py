"""PyTorch's side of "retort bench label": inductor with frozen weights, channels
last, its fastest way; arguments of label_common.py.
"""
import os

os.environ.setdefault("TORCHINDUCTOR_FREEZING", "1")

import torch
import torch._inductor.config as inductor

from label_common import arguments, images, measure
from resnet_torch import ResNet

a = arguments()
torch.set_num_threads(a.cores)
torch.set_flush_denormal(True)
torch.manual_seed(1)
inductor.freezing = True
net = torch.nn.Sequential(ResNet(a.depth, a.width, a.size <= 32))
net.append(torch.nn.Linear(net[0].features, 1000))
net.eval().to(memory_format=torch.channels_last)
x = torch.from_numpy(images(a)).to(memory_format=torch.channels_last)
with torch.no_grad():
    run = torch.compile(net)
    measure(a, lambda: run(x), peer="torch", version=torch.__version__)
