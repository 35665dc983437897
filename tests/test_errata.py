"""What is wrong in the sources: each check passes on ours and fails on the wrong version.

Every check takes the thing to check, and says with AssertionError that it is wrong. The numbers are those under which
the errors are known in this project; a check's docstring says where each comes from.
"""

from itertools import pairwise

import nbformat
import numpy as np
import pytest
import torch
from test_diffusion import Recorder, few_sprites
from torch import nn

import diffusion_utilities
from diffusion_utilities import (
    ContextUnet,
    CustomDataset,
    NoiseSchedule,
    ResidualConvBlock,
    ddim_step,
    ddpm_step,
    load_sprites,
    norm_all,
    sample,
    tile,
    transform,
)
from exercises import EXERCISES
from recipes import RandomShortcut, WithoutTheRoot
from scoring import IdealDenoiser

T = 500
SCHEDULE = NoiseSchedule()


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# --- 1. The course's Lab 2: perturb_input


def check_noise_level(perturb):
    """DDPM, equation 4: Var(x_t) = 1 - alpha_bar_t for x0 = 0. 30,720 values: relative error of a variance 0.8 %."""
    eps = noise(40, 3, 16, 16)
    for t in (20, 100, 250):
        variance = perturb(torch.zeros_like(eps), torch.full((40,), t), eps).var().item()
        assert variance == pytest.approx((1 - SCHEDULE.alpha_bar[t]).item(), rel=5 * 0.008)


# --- 2. The course's ResidualConvBlock


def check_shortcut(block):
    """In eval mode one input has one output, and what fits the channels together is trained."""
    block, x = block.eval(), noise(2, 3, 16, 16)
    assert torch.equal(block(x), block(x))
    assert any(weights.shape[:2] == (8, 3) and weights.shape[2:] == (1, 1) for weights in block.parameters())


# --- 3. The course's Lab 4: the times of DDIM


def check_times(times_of):
    """n steps from T to 0, and no index from the end, also where n does not divide T, or T // n does not."""
    for n in (30, 240, 300, 20, 500):
        times = times_of(n)
        assert len(times) == n, f"{len(times)} steps for n = {n}"
        assert times[0][0] == T and times[-1][1] == 0
        assert all(t > t_prev >= 0 for t, t_prev in times)


def times_of_sample(n):
    """The pairs of steps that `sample` asks its rule for."""
    pairs = []

    def note(xt, t, t_prev, predict, schedule, generator):
        pairs.append((t, t_prev))
        return xt

    sample(ContextUnet(n_feat=8), 1, step=note, steps=n, progress=False)
    return pairs


def times_by_whole_division(n):
    return [(t, t - T // n) for t in range(T, 0, -(T // n))]


def times_that_stop_at_1(n):
    """Erratum 10: a source stops sampling before the cleanest level."""
    times = np.linspace(T, 1, n + 1).round().astype(int).tolist()
    return list(pairwise(times))


# --- 10. A source draws t from 1 ... T - 1


def check_drawn_times(draw):
    """All of 1 ... T, alike: of 4,000 draws of ten, 400 each, deviation 19."""
    counts = torch.bincount(draw(4_000, 10), minlength=11)
    assert len(counts) == 11 and counts[0] == 0 and (counts[1:] - 400).abs().max() < 5 * 19


def drawn_by_train(n, timesteps):
    recorder = Recorder()
    settings = {"batch_size": 40, "augmented": False, "schedule": NoiseSchedule.linear(timesteps)}
    diffusion_utilities.train(recorder, *few_sprites(40), epochs=n // 40, **settings)
    return (torch.cat([t for _, t, _ in recorder.seen]) * timesteps).round().long()


def drawn_without_the_last(n, timesteps):
    return torch.randint(1, timesteps, (n,), generator=torch.Generator().manual_seed(0))


# --- 4. The bottleneck


def check_heights(network_of_height):
    for height in (16, 28, 32):
        x = noise(1, 3, height, height)
        assert network_of_height(height).eval()(x, torch.ones(1)).shape == x.shape


def network_that_pools_by_four(height):
    network = ContextUnet(n_feat=8, height=height)
    network.to_vec = nn.Sequential(nn.AvgPool2d(4), nn.GELU())
    return network


# --- 5. plot_sample's scale


def check_scale(picture_of):
    """Black, grey and white stay apart, and a fainter picture stays fainter."""
    levels = torch.tensor([-1.0, 0.0, 1.0])[:, None, None, None].expand(3, 3, 16, 16)
    assert [round(picture_of(level).mean()) for level in levels] in ([0, 128, 255], [0, 127, 255])
    x = noise(3, 16, 16).clamp(-1, 1)
    assert picture_of(x).std() > 1.9 * picture_of(x / 2).std()


def picture_in_tile(x):
    return tile(x[None], columns=1)[1:-1, 1:-1].astype(float)


def picture_stretched(x):
    return norm_all(x[None, None].numpy(), 1, 1)[0, 0] * 255


# --- 6. CustomDataset


@pytest.fixture
def files(tmp_path):
    sprites = np.random.RandomState(0).randint(0, 256, (2, 16, 16, 3)).astype(np.uint8)
    np.save(tmp_path / "sprites.npy", sprites)
    np.save(tmp_path / "labels.npy", np.array([[0, 0, 0.6, 0.4, 0], [1, 0, 0, 0, 0]]))
    return str(tmp_path / "sprites.npy"), str(tmp_path / "labels.npy")


def check_dataset(dataset, files):
    """Works with no transform, and a mixture stays one."""
    picture, label = dataset(*files, None)[0]
    assert picture.shape == (16, 16, 3)
    assert label.tolist() == pytest.approx([0, 0, 0.6, 0.4, 0])


class DatasetOfTheCourse(CustomDataset):
    def __getitem__(self, index):
        if self.transform:
            picture = self.transform(self.sprites[index])
        return picture, torch.tensor(self.labels[index]).to(torch.int64)


class DatasetThatRounds(CustomDataset):
    def __getitem__(self, index):
        picture, label = super().__getitem__(index)
        return picture, label.to(torch.int64)


# --- 8. A step without its return


def step_of_lab_1(lost=None):
    """`denoise_add_noise` as Lab 1 writes it, without the word that it has lost."""
    cells = nbformat.read(diffusion_utilities.HERE / "notebooks" / "01_Sampling.ipynb", 4).cells
    (cell,) = (cell.source for cell in cells if "def denoise_add_noise(" in cell.source)
    source = cell[cell.index("def denoise_add_noise(") : cell.index("print(")]
    names = {"scales": EXERCISES["1.3"].ours, "b_t": SCHEDULE.beta, "a_t": SCHEDULE.alpha, "ab_t": SCHEDULE.alpha_bar}
    exec(source.replace(lost, "") if lost else source, names)
    return names["denoise_add_noise"]


def check_step(step):
    """Line 4 of Algorithm 2 gives the next picture."""
    x, eps, z = noise(3, 2, 3, 4, 4)
    alpha, alpha_bar = SCHEDULE.alpha[300], SCHEDULE.alpha_bar[300]
    mean = (x - (1 - alpha) / (1 - alpha_bar).sqrt() * eps) / alpha.sqrt()
    given = step(x, 300, eps, z)
    assert given is not None and torch.allclose(given, mean + (1 - alpha).sqrt() * z, atol=1e-5)


# --- 9. D's strip of the forward process


def check_strip(strip_of):
    """Each level has its own variance 1 - alpha_bar_t (x0 = 0; 7,680 values, error 1.6 %)."""
    levels = [50, 100, 200, 400]
    for t, x in zip(levels, strip_of(torch.zeros(10, 3, 16, 16), levels), strict=True):
        assert x.var().item() == pytest.approx((1 - SCHEDULE.alpha_bar[t]).item(), rel=5 * 0.016)


def strip(x0, levels):
    return [SCHEDULE.perturb(x0, t, noise(*x0.shape, seed=t)) for t in levels]


def strip_of_the_noised(x, levels):
    pictures = []
    for t in levels:
        x = SCHEDULE.perturb(x, t, noise(*x.shape, seed=t))
        pictures.append(x)
    return pictures


# --- 12. The average of weights


def check_average(average_of):
    """BatchNorm's statistics follow, the start is forgotten, counters are copied."""
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    with torch.no_grad():
        network[0].weight.fill_(100.0)
    average = average_of(network)
    with torch.no_grad():
        network[0].weight.fill_(1.0)
        network[1].running_mean.fill_(7.0)
    network[1].num_batches_tracked.fill_(30)
    for _ in range(30):
        average.update_parameters(network)
    assert average.module[1].running_mean[0].item() == pytest.approx(7.0, rel=0.01)
    assert average.module[0].weight.mean().item() == pytest.approx(1.0, rel=0.1)
    assert average.module[1].num_batches_tracked == 30


def average_of_ours(network):
    rule = diffusion_utilities._ema(0.999)
    return torch.optim.swa_utils.AveragedModel(network, avg_fn=rule, use_buffers=True)


class AverageOfParameters:
    """Leaves the buffers at their start; with a warm-up."""

    warm_up = True

    def __init__(self, network):
        import copy

        self.module, self.count = copy.deepcopy(network), 0

    def update_parameters(self, network):
        self.count += 1
        decay = min(0.999, self.count / (10 + self.count)) if self.warm_up else 0.999
        with torch.no_grad():
            for old, new in zip(self.module.parameters(), network.parameters(), strict=True):
                old.lerp_(new, 1 - decay)


class AverageWithoutWarmUp(AverageOfParameters):
    warm_up = False

    def update_parameters(self, network):
        super().update_parameters(network)
        for old, new in zip(self.module.buffers(), network.buffers(), strict=True):
            old.copy_(new)


# --- 14. alpha_bar


def check_alpha_bar(alpha_bar):
    """DDPM, below equation 4: the product of alpha_1 ... alpha_t, nothing else."""
    alpha = 1 - torch.linspace(1e-4, 0.02, T + 1, dtype=torch.float64)
    product = 1.0
    for t in range(T + 1):
        product *= alpha[t].item() if t else 1.0
        assert alpha_bar[t].item() == pytest.approx(product, rel=1e-6), t


def alpha_bar_of_the_course():
    alpha_bar = (1 - torch.linspace(1e-4, 0.02, T + 1, dtype=torch.float64)).cumprod(dim=0)
    alpha_bar[0] = 1
    return alpha_bar


# --- 15. Why noise is added


@pytest.fixture(scope="module")
def oracle():
    x0 = transform(load_sprites("train")[0][::26])
    return IdealDenoiser(x0), x0


def check_variance_at_300(step, oracle):
    """x_300 must hold the variance that the forward process has there."""
    denoiser, x0 = oracle
    start = SCHEDULE.perturb(x0[:200], T, noise(200, 3, 16, 16))
    times = [*range(T, 299, -1), 0]
    _, frames = sample(denoiser, 200, start=start, step=step, times=times, seed=0, save_rate=1, progress=False)
    at_300 = frames[-2]  # the last step leads from there to 0
    expected = SCHEDULE.perturb(x0[:200], 300, noise(200, 3, 16, 16)).var().item()
    assert at_300.var().item() == pytest.approx(expected, rel=0.05)


def step_without_noise(xt, t, t_prev, predict, schedule, generator):
    alpha, alpha_bar = schedule.alpha[t], schedule.alpha_bar[t]
    return (xt - (1 - alpha) / (1 - alpha_bar).sqrt() * predict(xt, t)[1]) / alpha.sqrt()


def half_step(xt, t, t_prev, predict, schedule, generator):
    return step_without_noise(xt, t, t_prev, lambda xt, t: (None, predict(xt, t)[1] / 2), schedule, generator)


# --- all of them

RIGHT = {
    "1": (check_noise_level, SCHEDULE.perturb),
    "2": (check_shortcut, ResidualConvBlock(3, 8, is_res=True)),
    "3": (check_times, times_of_sample),
    "4": (check_heights, lambda height: ContextUnet(n_feat=8, height=height)),
    "5": (check_scale, picture_in_tile),
    "8": (check_step, step_of_lab_1()),
    "9": (check_strip, strip),
    "10": (check_drawn_times, drawn_by_train),
    "12": (check_average, average_of_ours),
    "14": (check_alpha_bar, SCHEDULE.alpha_bar),
}
WRONG = {
    "1": (check_noise_level, WithoutTheRoot().perturb),
    "2": (check_shortcut, RandomShortcut(3, 8, is_res=True)),
    "3": (check_times, times_by_whole_division),
    "4": (check_heights, network_that_pools_by_four),
    "5": (check_scale, picture_stretched),
    "8": (check_step, step_of_lab_1(lost="return ")),
    "9": (check_strip, strip_of_the_noised),
    "10, drawn": (check_drawn_times, drawn_without_the_last),
    "10, sampled": (check_times, times_that_stop_at_1),
    "12, buffers": (check_average, AverageOfParameters),
    "12, warm-up": (check_average, AverageWithoutWarmUp),
    "14": (check_alpha_bar, alpha_bar_of_the_course()),
}


@pytest.mark.parametrize("erratum", RIGHT)
def test_ours_is_right(erratum):
    check, ours = RIGHT[erratum]
    check(ours)


@pytest.mark.parametrize("erratum", WRONG)
def test_the_wrong_version_is_caught(erratum):
    check, theirs = WRONG[erratum]
    with pytest.raises((AssertionError, RuntimeError)):
        check(theirs)


def test_our_wrong_versions_are_the_courses():
    """In its Lab 2 the noise is multiplied by 1 - alpha_bar_t; its block fits the input by a convolution made anew."""
    x, eps, t = noise(3, 3, 4, 4), noise(3, 3, 4, 4, seed=1), [1, 200, 500]
    for one, at in enumerate(t):
        alpha_bar = SCHEDULE.alpha_bar[at].item()
        expected = alpha_bar**0.5 * x[one] + (1 - alpha_bar) * eps[one]
        assert torch.allclose(WithoutTheRoot().perturb(x, torch.tensor(t), eps)[one], expected, atol=1e-6)
    block = RandomShortcut(3, 8, is_res=True).eval()
    torch.manual_seed(0)
    expected = (nn.Conv2d(3, 8, 1)(x) + block.conv2(block.conv1(x))) / 1.414
    torch.manual_seed(0)
    assert torch.equal(block(x), expected) and not torch.equal(block(x), expected)


def test_6_mixtures_and_no_transform(files):
    check_dataset(CustomDataset, files)
    with pytest.raises(UnboundLocalError):
        check_dataset(DatasetOfTheCourse, files)
    with pytest.raises(AssertionError):
        check_dataset(DatasetThatRounds, files)


@pytest.mark.parametrize("n", [30, 240, 300])
def test_3_what_whole_division_does(n):
    times = times_by_whole_division(n)
    assert len(times) == {30: 32, 240: 250, 300: 500}[n]
    assert times[-1][1] == {30: -12, 240: 0, 300: 0}[n]


def test_13_what_is_left_at_the_end():
    left = {timesteps: NoiseSchedule.linear(timesteps).alpha_bar[-1].sqrt().item() for timesteps in (300, 500, 1000)}
    assert left == pytest.approx({300: 0.22, 500: 0.08, 1000: 0.006}, abs=0.005)


@pytest.mark.parametrize("step", [ddpm_step, ddim_step, half_step])
def test_15_steps_that_keep_the_noise_level(step, oracle):
    check_variance_at_300(step, oracle)


def test_15_ddpm_without_its_noise_does_not(oracle):
    with pytest.raises(AssertionError):
        check_variance_at_300(step_without_noise, oracle)
