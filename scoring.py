"""Scores: how far sets of sprites are from the sprites in data/, how good and how varied, and how many are copies.

Pictures are as in diffusion_utilities.py: float32 tensors of shape (N, 3, 16, 16) with values in [-1, 1].

A distance says only what its judge sees, and whoever tunes by one judge learns what pleases it. So there are two, which
differ in build and task. Networks, samplers and settings are chosen by the first alone and reported by both: the
second, which chose none of them, shows whether what pleases the first is better, and it sees softness, which the first
hardly does. Papers:

- Fréchet distance: Heusel, Ramsauer, Unterthiner, Nessler, Hochreiter, "GANs Trained by a Two Time-Scale Update Rule
  Converge to a Local Nash Equilibrium", 2017, https://arxiv.org/abs/1706.08500
- precision and recall: Kynkäänniemi, Karras, Laine, Lehtinen, Aila, "Improved Precision and Recall Metric for
  Assessing Generative Models", 2019, https://arxiv.org/abs/1904.06991
"""

from functools import cache, partial
from itertools import pairwise, product

import torch
from torch import nn

import gate
from diffusion_utilities import CLASSES, TILE, WEIGHTS, NoiseSchedule, augment, load_sprites, transform


class Judge(nn.Module):
    """The first judge, a small classifier that names the kind of a sprite (slime, apple, bolt ...).

    n_kinds: how many kinds it tells apart. Its `features`, (N, n_features), are means over the places of the picture;
    they say how far apart two sets of sprites are. Its weights come from `weights/judges.py`.
    """

    file = "judge.safetensors"
    n_features = 64

    def __init__(self, n_kinds):
        super().__init__()
        self.features = nn.Sequential(*self.layers())
        self.features.num_features = self.n_features  # where torchmetrics looks for it
        self.kinds = nn.Linear(self.n_features, n_kinds)
        self.register_buffer("class_of_kind", torch.zeros(n_kinds, dtype=torch.long))

    def layers(self):
        """From pictures (N, 3, 16, 16) to features (N, n_features)."""
        widths = 3, 32, 32, 64, 64, 96, self.n_features
        layers = []
        for i, (before, after) in enumerate(pairwise(widths)):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
            if i in (1, 3):
                layers.append(nn.MaxPool2d(2))  # (N, 32, 8, 8), then (N, 64, 4, 4)
        return [*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()]

    def forward(self, x):
        """Logits (N, n_kinds) of pictures (N, 3, 16, 16) in [-1, 1]."""
        return self.kinds(self.features(x))

    def classes(self, x):
        """How likely each picture is of each class, (N, 5): the sum over the kinds of the class."""
        kinds = self(x).softmax(dim=1)
        return kinds.new_zeros(len(x), len(CLASSES)).index_add(1, self.class_of_kind, kinds)


class SecondJudge(Judge):
    """The second judge, which sees softness: its kinds are the five classes, and it looks at each place by itself.

    Strides in place of pooling, and a linear layer in place of the mean over places, so that nothing hides in a mean.
    """

    file = "judge2.safetensors"
    n_features = 32

    def layers(self):
        """From pictures (N, 3, 16, 16) to features (N, n_features)."""
        layers = []
        for i, (before, after) in enumerate(pairwise((3, 32, 48, 64, 64))):
            stride = 1 if i == 2 else 2  # (N, 32, 8, 8), (N, 48, 4, 4), (N, 64, 4, 4), (N, 64, 2, 2)
            layers += [nn.Conv2d(before, after, 5, stride, padding=2), nn.BatchNorm2d(after), nn.ReLU()]
        return [*layers, nn.Flatten(), nn.Linear(64 * 2 * 2, self.n_features), nn.ReLU(), nn.Dropout(0.5)]


JUDGES = {"": Judge, "2": SecondJudge}  # by what is added to the names of their figures
DISTANCES = tuple(name + number for number in JUDGES for name in ("distance", "floor", "ceiling"))


@cache
def load_judge(build=Judge):
    """The judge of this class, `Judge` or `SecondJudge`, that `weights/judges.py` trained, in eval mode, on the CPU.

    Raises FileNotFoundError if its weights are not there.
    """
    from safetensors.torch import load_file

    path = WEIGHTS / build.file
    if not path.is_file():
        raise FileNotFoundError(f"no judge at {path}; `python weights/judges.py` makes one")
    state = load_file(path)
    judge = build(len(state["class_of_kind"]))
    judge.load_state_dict(state)
    return judge.eval()


@torch.inference_mode()
def score(x, context=None):
    """Measure pictures against the sprites in data/: one call, all figures, each with the scale to read it by.

    x: pictures (N, 3, 16, 16) in [-1, 1], at least 200. context: what was asked for, one-hot (N, 5), if anything.
    Returns a dictionary:
    n: how many pictures.
    distance: Fréchet distance (Heusel et al. 2017, equation 6, on the judge's features) to all train sprites, moved
        and tinted as in training. It falls as N grows, so compare it at equal N only.
    floor, ceiling: the same for N test sprites, moved and tinted alike, and for N pictures of noise.
    distance2, floor2, ceiling2: the same by the second judge, on a scale of its own. Choose by `distance`, and report
        both: a judge that is chosen by is a judge no more.
    copies: share of pictures that lie nearer to a train sprite than all but 1 % of the test sprites do.
    copies_floor: the same share of the test sprites themselves.
    agreement: share of pictures in which the first judge sees the class that was asked for; only with a context.
    Raises ValueError for too few pictures, another size or another range, and for a context that is not one-hot.
    """
    gate.pictures(x=x)
    x = gate.tensor(x).float().cpu()
    if x.shape[1:] != (3, TILE, TILE):
        raise ValueError(f"pictures have shape {tuple(x.shape)}; expected (N, 3, {TILE}, {TILE})")
    if len(x) < 200:
        raise ValueError(f"{len(x)} pictures are too few for a distance; draw at least 200")
    if not x.isfinite().all() or x.abs().max() > 3 or x.min() >= 0:
        raise ValueError(f"pictures hold values from {x.min():.3g} to {x.max():.3g}; expected -1 to 1")
    if context is not None:
        asked = gate.context(context, len(x), len(CLASSES), classes=CLASSES)
        if not ((asked == 0) | (asked == 1)).all() or not (asked.sum(dim=1) == 1).all():
            raise ValueError("context is not one-hot; agreement can be counted only where one class was asked for")
    train_set, test_set, of_test = _references()
    order, state, distances = _scales()
    x = x.clamp(-1, 1)
    again = order[torch.arange(len(x)) % len(order)]  # beyond their number they come again, moved differently
    generator = torch.Generator().set_state(state)
    measured = {
        "distance": x,
        "floor": augment(test_set[again], generator),
        "ceiling": torch.randn(x.shape, generator=generator).clamp(-1, 1),
    }
    result = {"n": len(x)}
    for number, distance in distances.items():
        result |= {name + number: distance(pictures) for name, pictures in measured.items()}
    threshold = torch.quantile(of_test, 0.01)
    result["copies"] = (nearest(x, train_set)[0] < threshold).float().mean().item()
    result["copies_floor"] = (of_test < threshold).float().mean().item()
    if context is not None:
        seen = torch.cat([load_judge().classes(part) for part in x.split(500)])
        result["agreement"] = (seen.argmax(dim=1) == asked.argmax(dim=1)).float().mean().item()
    return result


@cache
def _references():
    """Train and test sprites as (N, 3, 16, 16), and how far each test sprite is from the nearest train sprite."""
    train_set, test_set = (transform(load_sprites(split)[0]) for split in ("train", "test"))
    return train_set, test_set, nearest(test_set, train_set)[0]


@cache
def _scales():
    """An order of the test sprites, by chance; the state of that chance after it; and by each judge, the distance to
    the train sprites, moved and tinted."""
    train_set, test_set, _ = _references()
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(len(test_set), generator=generator)
    references = augment(train_set, generator)
    distances = {number: distance_to(references, load_judge(build)) for number, build in JUDGES.items()}
    return order, generator.get_state(), distances


def distance_to(references, judge):
    """A function that gives the Fréchet distance, on a judge's features, of a set of pictures to the references."""
    from torchmetrics.image.fid import FrechetInceptionDistance

    metric = FrechetInceptionDistance(judge.features, reset_real_features=False)
    for part in references.split(500):
        metric.update(part, real=True)

    def distance(x):
        metric.reset()
        for part in x.split(500):
            metric.update(part, real=False)
        return metric.compute().item()

    return distance


@torch.inference_mode()
def precision_recall(x, references, k=3, build=Judge):
    """How good drawn pictures are, and how varied (Kynkäänniemi et al. 2019, equations 1 and 2, on a judge's features).

    x, references: drawn and real pictures, (N, 3, 16, 16) and (M, 3, 16, 16) in [-1, 1]; equally many, some thousands
    at most, to be compared with another pair. k: a picture reaches as far as its k-th nearest neighbour in its own set.
    Returns precision, the share of drawn pictures within reach of a real one, and recall, the share of real pictures
    within reach of a drawn one. ValueError for pictures that are none, or if a set has not more than k.
    """
    gate.counts(k=k)
    features = []
    for name, pictures in (("x", x), ("references", references)):
        gate.pictures(**{name: pictures})
        pictures = gate.tensor(pictures).float().cpu()
        if pictures.shape[1:] != (3, TILE, TILE) or not pictures.isfinite().all():
            raise ValueError(f"{name} is {tuple(pictures.shape)}; expected finite numbers (N, 3, {TILE}, {TILE})")
        if len(pictures) <= k:
            raise ValueError(f"{name} holds {len(pictures)} pictures; for k = {k} neighbours each, give more than {k}")
        features.append(torch.cat([load_judge(build).features(part) for part in pictures.clamp(-1, 1).split(500)]))
    drawn, real = features
    return _within_reach(drawn, real, k), _within_reach(real, drawn, k)


def _within_reach(features, centres, k):
    """The share of features, (N, F), that a centre, (M, F), reaches: it reaches to its k-th nearest among them."""
    distances = partial(torch.cdist, compute_mode="donot_use_mm_for_euclid_dist")  # exact: 0 to itself
    reach = distances(centres, centres).kthvalue(k + 1, dim=0).values  # the first is itself
    return (distances(features, centres) <= reach).any(dim=1).float().mean().item()


def nearest(x, references):
    """Distance of each picture to the nearest reference, on foreground pixels, over all moves by up to a pixel.

    x: (N, 3, H, W), references: (M, 3, H, W), in [-1, 1], each on a ground of one colour, which is taken for white.
    Returns root mean squares (N,), over the pixels where either is not ground, and which reference it is, (N,).
    """
    references, shown = (part.flatten(1) for part in _on_white(references))
    x, mask = _on_white(x)
    best, which = torch.full((len(x),), torch.inf), torch.zeros(len(x), dtype=torch.long)
    for move in product((-1, 0, 1), repeat=2):
        moved, moved_mask = (torch.roll(part, move, dims=(2, 3)).flatten(1) for part in (x, mask))
        for part in torch.arange(len(x)).split(500):
            a, m = moved[part], moved_mask[part]
            squares = a.square().sum(1, keepdim=True) + references.square().sum(1) - 2 * a @ references.T
            either = m.sum(1, keepdim=True) + shown.sum(1) - m @ shown.T
            found, place = (squares / (3 * either.clamp(min=1))).min(dim=1)
            which[part] = torch.where(found < best[part], place, which[part])
            best[part] = torch.minimum(best[part], found)
    return best.clamp(min=0).sqrt(), which


def _on_white(x):
    """Pictures less white, (N, 3, H, W), 0 where there is ground, and where there is none: 0 or 1, (N, 1, H, W)."""
    rim = torch.cat([x[..., 0, :], x[..., -1, :], x[..., 0], x[..., -1]], dim=-1)
    ground = rim.median(dim=-1).values[..., None, None]
    shown = ((x - ground).abs() > 0.15).any(dim=1, keepdim=True)
    return torch.where(shown, x - 1, 0), shown.float()


class IdealDenoiser(nn.Module):
    """The best possible noise prediction for a finite set of pictures, in closed form: it knows them all by heart.

    How likely each picture x0 is behind x_t goes with exp(-|x_t - sqrt(alpha_bar_t) x0|^2 / (2 (1 - alpha_bar_t)))
    (Bayes' rule with DDPM's equation 4). The mean of the pictures, so weighted, is the guess of x0 with the least
    squared error. Equation 4, solved for the noise, gives the prediction. Sampling with it gives the set back.

    x0: the pictures, (M, 3, H, W). It takes the place of a `Unet` wherever one samples; contexts are ignored.
    """

    n_cfeat = len(CLASSES)

    def __init__(self, x0, schedule=None):
        super().__init__()
        self.schedule = schedule or NoiseSchedule()
        self.in_channels, self.h = x0.shape[1:3]
        self.x0 = nn.Parameter(x0.flatten(1), requires_grad=False)
        self.half_squares = nn.Parameter(self.x0.square().sum(dim=1) / 2, requires_grad=False)

    def forward(self, x, t, c=None):
        """Predict the noise in x, (N, 3, H, W), at t/T, one number or N. Returns the shape of x."""
        step = (t * self.schedule.timesteps).round().long()
        alpha_bar = self.schedule.alpha_bar[step].reshape(-1, 1)
        xt = x.flatten(1)
        logits = (alpha_bar.sqrt() * (xt @ self.x0.T) - alpha_bar * self.half_squares) / (1 - alpha_bar)
        guess = logits.softmax(dim=1) @ self.x0
        return ((xt - alpha_bar.sqrt() * guess) / (1 - alpha_bar).sqrt()).reshape(x.shape)
