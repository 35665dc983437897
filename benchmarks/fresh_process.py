"""One job in a process of its own: `python fresh_process.py JOB`. It prints the most memory that it took, in MB.

first animation, course: its network, its loop, its drawing. first animation, plain: our network and drawing, and the
loop that Lab 1 writes out, which is the course's. first animation, module: our network and drawing, and the module's
`sample`. 32 sprites, 10,000 sprites: drawn by the module in 5 steps. imports: nothing more. training:
three steps of batch 100.
"""

import re
import resource
import sys
from pathlib import Path

import course

from diffusion_utilities import WEIGHTS, Animation, Unet, load_checkpoint, load_sprites, muon, sample, train

job = sys.argv[1]
if job == "first animation, course":
    course.animation(course.sample_ddpm(course.network().eval(), 32)[1])
elif job == "training":
    sprites, labels = (part[:300] for part in load_sprites("train"))
    train(Unet(), sprites, labels, epochs=1, optimizer=muon, mixed_precision="bf16")
elif job != "imports":
    network = load_checkpoint(WEIGHTS / "model_trained.safetensors")
    if job == "first animation, plain":
        Animation(course.sample_ddpm(network, 32)[1]).to_jshtml()
    elif job == "first animation, module":
        Animation(sample(network, 32, mixed_precision="bf16", progress=False)[1]).to_jshtml()
    else:
        n = int(job.split()[0].replace(",", ""))
        sample(network, n, steps=5, save_rate=None, mixed_precision="bf16", progress=False)
if sys.platform == "linux":  # where ru_maxrss begins with what the parent took
    print(int(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))[1]) // 1024)
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024**2)  # bytes on a Mac
