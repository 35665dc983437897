"""Draw the animation at the top of the README: the trained network turns noise into ten sprites, `samples.webp`."""

from diffusion_utilities import WEIGHTS, Animation, load_checkpoint, pick_device, sample

SEED = 3  # that of the labs

if __name__ == "__main__":
    network = load_checkpoint(WEIGHTS / "model_trained.safetensors", device=pick_device())
    _, frames = sample(network, 10, seed=SEED)
    Animation(frames, columns=10, fps=12, scale=5).save(WEIGHTS / "samples.webp")
