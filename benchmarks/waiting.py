"""A prediction for 32 sprites, 300 times: `python waiting.py`. It prints its median and slowest tenth, in ms."""

from statistics import quantiles
from time import perf_counter

import torch

from diffusion_utilities import WEIGHTS, load_checkpoint

network = load_checkpoint(WEIGHTS / "model_trained.safetensors")
x, t = torch.randn(32, 3, 16, 16).contiguous(memory_format=torch.channels_last), torch.tensor([0.5])
times = []
with torch.inference_mode():
    for _ in range(310):
        started = perf_counter()
        network(x, t)
        times.append(1e3 * (perf_counter() - started))
tenths = quantiles(times[10:], n=10)
print(f"{tenths[4]:.1f} {tenths[8]:.1f}")
