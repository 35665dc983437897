"""The exercises of Lab 8: mean and covariance, the Fréchet distance, an interval, reach, precision."""

import torch

from exercises.engine import Exercise
from exercises.trials import normal, plain


def moments(points):
    mean = points.mean(dim=0)
    c = points - mean
    return mean, c.T @ c / (len(points) - 1)


def frechet(mean1, cov1, mean2, cov2):
    root = torch.linalg.eigvals(cov1 @ cov2).real.clamp(min=0).sqrt().sum()
    return (mean1 - mean2).square().sum() + cov1.trace() + cov2.trace() - 2 * root


def interval(values):
    error = values.std() / len(values) ** 0.5
    return values.mean() - 2 * error, values.mean() + 2 * error


def reach_of(points, k):
    return torch.cdist(points, points).sort(dim=1).values[:, k]


def precision(drawn, real, reach):
    return (torch.cdist(drawn, real) <= reach).any(dim=1).float().mean().item()


# How the typical mistakes are made: the right way, with one thing changed.


def _wrong_moments(mean=lambda points: points.mean(dim=0), less=None, over=lambda n: n - 1, root=lambda c: c):
    def wrong(points):
        c = points - (mean(points) if less is None else less(points))
        return mean(points), root(c.T @ c / over(len(points)))

    return wrong


def _turned(points):
    return (points - points.mean(dim=0)) @ (points - points.mean(dim=0)).T


def _roots(table):
    return torch.linalg.eigvals(table).real.clamp(min=0).sqrt().sum()


def _own(table):
    return torch.linalg.eigvalsh(table).clamp(min=0)


def _wrong_frechet(
    means=lambda gap: gap.square().sum(), traces=lambda a, b: a.trace() + b.trace(), root=lambda a, b: 2 * _roots(a @ b)
):
    return lambda mean1, cov1, mean2, cov2: means(mean1 - mean2) + traces(cov1, cov2) - root(cov1, cov2)


def _wrong_interval(error=lambda values: values.std() / len(values) ** 0.5, times=2, middle=torch.mean):
    return lambda values: (middle(values) - times * error(values), middle(values) + times * error(values))


# What the functions are tried on. Covariances are float64, as in the lab: an eigenvalue of 0 is 0 up to rounding only,
# and its root in float32 would be seen.


def _moments_cases():
    return {
        "the points (0, 0), (2, 2), (4, 4)": (torch.tensor([[0.0, 0.0], [2.0, 2.0], [4.0, 4.0]]),),
        "20 points with 3 numbers each": (normal(20, 3) @ normal(3, 3, seed=1) + 2,),
        "2 points": (torch.tensor([[1.0, 0.0], [3.0, -1.0]]),),
    }


def _covariance(seed):
    spread = normal(5, 5, seed=seed).double()
    return spread @ spread.T / 5


def _few_points(seed):
    """Mean and covariance of too few points: most eigenvalues are 0, and rounding makes some of them negative."""
    return moments(normal(8, 30, seed=seed).double())


def _frechet_cases():
    zero, one = torch.zeros(2).double(), torch.eye(2).double()
    wide, narrow = torch.diag(torch.tensor([9.0, 1.0])).double(), torch.diag(torch.tensor([1.0, 4.0])).double()
    turned = torch.tensor([[3.0, 2.0], [2.0, 3.0]]).double()
    on_a_line = torch.ones(2, 2).double()
    return {
        "means (3, 1) and (0, 0), covariances of 1": (torch.tensor([3.0, 1.0]).double(), one, zero, one),
        "one mean, variances 9, 1 and 1, 4": (zero, wide, zero, narrow),
        "one mean, one round and one tilted cloud": (zero, one, zero, turned),
        "one mean, a wide and a tilted cloud": (zero, wide, zero, turned),
        "two clouds on lines": (zero, on_a_line, zero, 4 * on_a_line),
        "5 directions": (normal(5).double(), _covariance(1), normal(5, seed=3).double(), _covariance(2)),
        "8 points in 30 directions, as 50 sprites are in 64": (*_few_points(1), *_few_points(2)),
    }


def _interval_cases():
    given = [1.0, 2.0, 3.0, 6.0], [4.0, 4.5], [0.5, 0.5, 0.5], [-3.0, 1.0, 0.0, 7.0, 2.0, 2.0, 9.0, 1.0, 0.0]
    return {f"values = {values}": (torch.tensor(values),) for values in given}


def _reach_cases():
    line, uneven = torch.tensor([[0.0], [1.0], [3.0], [7.0]]), torch.tensor([[5.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    return {
        "the points 0, 1, 3, 7 and k = 1": (line, 1),
        "the points 0, 1, 3, 7 and k = 2": (line, 2),
        "(5, 0) and twice (0, 0), k = 1": (uneven, 1),
        "12 points with 3 numbers each, k = 3": (normal(12, 3), 3),
    }


def _precision_cases():
    real, drawn = torch.tensor([[0.0], [4.0], [5.0]]), torch.tensor([[0.5], [3.5], [7.0], [9.0], [1.9]])
    three = torch.tensor([3.0, 1.0, 1.0])
    return {
        "drawn 0.5, 3.5, 7, 9, 1.9, real 0, 4, 5, reach 3, 1, 1": (drawn, real, three),
        "drawn 2.5, -2, real 0, 4, 5, reach 3, 0.5, 0.5": (
            torch.tensor([[2.5], [-2.0]]),
            real,
            torch.tensor([3.0, 0.5, 0.5]),
        ),
        "drawn 20, 6, real 0, 4, 5, reach 3, 1, 1": (torch.tensor([[20.0], [6.0]]), real, three),
        "drawn 2, 0, 2.5, real 0, 4, 5, reach 2.6, 2, 3": (
            torch.tensor([[2.0], [0.0], [2.5]]),
            real,
            torch.tensor([2.6, 2.0, 3.0]),
        ),
        "9 drawn and 7 real points in the plane": (normal(9, 2), normal(7, 2, seed=1), normal(7, seed=2).abs() / 2),
    }


EXERCISES = (
    Exercise(
        "8.1",
        "my_moments(points)",
        moments,
        lambda points: (points[0], torch.eye(points.shape[1])),
        plain(_moments_cases, ("mean", "covariance")),
        "Start with the mean over the points: `points.mean(dim=0)`, one number for each direction.",
        "Two short tables: that is all that the distance will ever know of a cloud.",
        (
            "First the mean over the rows, then what is left of each row without it, `c = points - mean`.",
            "`c.T @ c` multiplies and adds over all points. Divide it by N - 1, and return both: `return mean, ...`.",
        ),
        {
            _wrong_moments(over=lambda n: n): "Divide by N - 1, not by N: one point is used up for the mean.",
            _wrong_moments(over=lambda n: 1): "That is the sum over all points. Divide it by N - 1.",
            _wrong_moments(less=lambda points: 0): "The mean was not subtracted from the points.",
            _wrong_moments(
                lambda points: points.mean()
            ): "That is one mean of all numbers. `dim=0` gives one a column.",
            _wrong_moments(lambda points: points.mean(dim=1, keepdim=True)): (
                "That is a mean for each point. Take the mean over the points: `dim=0`."
            ),
            _wrong_moments(lambda points: points.median(dim=0).values): "That is the median. Take the mean.",
            _wrong_moments(lambda points: points.sum(dim=0), less=lambda points: points.mean(dim=0)): (
                "The mean is a sum still: divide it by how many points there are."
            ),
            _wrong_moments(root=lambda c: c.diag()): (
                "Those are the variances alone. How two numbers vary together is missing: `c.T @ c`."
            ),
            _wrong_moments(root=lambda c: c.diag().diag()): (
                "Beside the diagonal all is 0. There stands how two numbers vary together: `c.T @ c`."
            ),
            _wrong_moments(root=lambda c: c / c.diag().sqrt() / c.diag().sqrt()[:, None]): (
                "That is the correlation, with 1 on the diagonal. Do not divide by the strengths."
            ),
            lambda points: (points.mean(dim=0), torch.cov(points)): (
                "`torch.cov` takes each row as a direction. Turn the points round: `points.T`."
            ),
            lambda points: (points.mean(dim=0), _turned(points)): (
                "That has a row for each point. Turn the product round, `c.T @ c`, and divide it by N - 1."
            ),
            lambda points: (points.mean(dim=0), _turned(points) / (len(points) - 1)): (
                "That has a row for each point. Turn the product round: `c.T @ c`."
            ),
            lambda points: (points.mean(dim=0), points - points.mean(dim=1)): (
                "That is a mean for each point, which does not fit. Take it over the points: `mean(dim=0)`."
            ),
            lambda points: (points.mean(dim=0, keepdim=True), moments(points)[1]): (
                "The mean has one dimension too many: leave out `keepdim=True`."
            ),
            lambda points: moments(points)[::-1]: "The two are exchanged: first the mean, then the covariance.",
        },
    ),
    Exercise(
        "8.2",
        "my_frechet(mean1, cov1, mean2, cov2)",
        frechet,
        lambda mean1, cov1, mean2, cov2: torch.zeros(()),
        plain(_frechet_cases),
        "Start with the first part: `(mean1 - mean2).square().sum()`.",
        "That is the number behind nearly every claim that one model draws better than another.",
        (
            "Three parts: the squared distance of the means; the two traces; less twice the trace of the root, which "
            "is the sum of the roots of the eigenvalues of `cov1 @ cov2`.",
            "`torch.linalg.eigvals(cov1 @ cov2).real.clamp(min=0).sqrt().sum()` is that trace. `cov.trace()` is a sum "
            "of a diagonal.",
        ),
        {
            _wrong_frechet(lambda gap: gap.norm()): "The distance of the means is not squared.",
            _wrong_frechet(lambda gap: gap.square().mean()): "Add the squares of the means' difference, no mean.",
            _wrong_frechet(lambda gap: gap.sum().square()): "Square each number of the difference first, then add.",
            _wrong_frechet(lambda gap: gap.abs().sum()): "The numbers of the means' difference are to be squared.",
            _wrong_frechet(lambda gap: 0): "How far the means are apart is missing.",
            _wrong_frechet(root=lambda a, b: _roots(a @ b)): "Twice the root is to be taken away.",
            _wrong_frechet(root=lambda a, b: -2 * _roots(a @ b)): "The root is added. Take it away.",
            _wrong_frechet(root=lambda a, b: 2 * (a @ b).trace()): "A root is missing: of each eigenvalue.",
            _wrong_frechet(root=lambda a, b: 2 * (a @ b).trace().sqrt()): (
                "That is the root of the sum. Take the root of each eigenvalue first, then add."
            ),
            _wrong_frechet(root=lambda a, b: 2 * (a @ b).clamp(min=0).sqrt().trace()): (
                "That is the root of each entry. The root of a table is another thing: use its eigenvalues."
            ),
            _wrong_frechet(root=lambda a, b: 2 * (a.diag() * b.diag()).sqrt().sum()): (
                "All beside the diagonals is ignored: take the roots of the eigenvalues of `cov1 @ cov2`."
            ),
            _wrong_frechet(root=lambda a, b: 2 * (_own(a) * _own(b)).sqrt().sum()): (
                "Those are the eigenvalues of each covariance, multiplied. Multiply the tables first: `cov1 @ cov2`."
            ),
            _wrong_frechet(root=lambda a, b: 2 * _roots(a) * _roots(b)): (
                "Each covariance has roots of its own here. Take those of the product of the tables: `cov1 @ cov2`."
            ),
            _wrong_frechet(root=lambda a, b: 2 * torch.linalg.eigvals(a @ b).real.sqrt().sum()): (
                "Rounding makes some eigenvalues slightly negative: `.clamp(min=0)` before the root. (If it is the "
                "root of each entry: take that of the eigenvalues.)"
            ),
            _wrong_frechet(root=lambda a, b: 2 * _roots(a * b)): "`*` multiplies entry by entry. Write `cov1 @ cov2`.",
            _wrong_frechet(root=lambda a, b: 2 * torch.linalg.svdvals(a @ b).sqrt().sum()): (
                "Those are singular values. For a product of two tables they differ: take `torch.linalg.eigvals`."
            ),
            _wrong_frechet(root=lambda a, b: 2 * torch.linalg.eigvalsh(a @ b).clamp(min=0).sqrt().sum()): (
                "`eigvalsh` looks at half of the table, as if it were symmetric. This product is not: `eigvals`."
            ),
            _wrong_frechet(
                traces=lambda a, b: a.sum() + b.sum()
            ): "That adds all entries. `.trace()` adds the diagonal.",
            _wrong_frechet(traces=lambda a, b: 0): "The traces of both covariances are missing.",
            lambda *given: frechet(*given).clamp(min=0).sqrt(): "That is the root of it. The formula gives a square.",
            lambda mean1, cov1, mean2, cov2: (
                (mean1 - mean2).square().sum()
                + cov1.trace()
                + cov2.trace()
                - 2 * torch.linalg.eigvals(cov1 @ cov2).sqrt().sum()
            ): "`eigvals` gives complex numbers: take `.real` of them, before the root.",
        },
    ),
    Exercise(
        "8.3",
        "my_interval(values)",
        interval,
        lambda values: (values.min(), values.max()),
        plain(_interval_cases, ("low", "high")),
        "Start with the standard error: `values.std() / len(values) ** 0.5`.",
        "With this you can say which differences are worth a word.",
        (
            "The standard error is the standard deviation, divided by the root of how many values there are.",
            "low is `values.mean() - 2 * error`, high is `values.mean() + 2 * error`.",
        ),
        {
            _wrong_interval(lambda values: values.std()): (
                "That is how far single values spread. The mean of k is surer: divide by the root of k."
            ),
            _wrong_interval(lambda values: values.std() / len(values)): "Divide by the root of how many there are.",
            _wrong_interval(lambda values: values.std() / (len(values) - 1) ** 0.5): (
                "Divide by the root of k. The k - 1 is in `.std()` already."
            ),
            _wrong_interval(lambda values: values.std() / 8**0.5): (
                "That divides by the root of 8. Of other lists it is `len(values)`."
            ),
            _wrong_interval(lambda values: values.std() / (2 * len(values)) ** 0.5): (
                "Divide by the root of k, not of 2 k. The two stands before the standard error."
            ),
            _wrong_interval(lambda values: values.std(correction=0) / len(values) ** 0.5): (
                "This standard deviation divides by k. Leave out `correction=0`: it should divide by k - 1."
            ),
            _wrong_interval(lambda values: values.var() / len(values) ** 0.5): (
                "That is the variance. Take its root, the standard deviation: `.std()`."
            ),
            _wrong_interval(lambda values: values.var() / len(values)): "A root is missing, over the whole.",
            _wrong_interval(times=1): "That is one standard error to each side. Take two.",
            _wrong_interval(times=4): "That is four standard errors to each side. Take two.",
            _wrong_interval(times=1.96): "1.96 is finer than this rule; take 2.",
            _wrong_interval(times=-2): "The two are exchanged: first low, then high.",
            _wrong_interval(middle=torch.median): "The middle is the mean, not the median.",
            _wrong_interval(middle=lambda values: 0): "That is only how far it goes to each side. Add it to the mean.",
            _wrong_interval(times=0): "Both are the mean. Go two standard errors to each side.",
            lambda values: (values.mean(), 2 * values.std() / len(values) ** 0.5): (
                "That is the mean and how far it goes to each side. Return the two ends."
            ),
        },
    ),
    Exercise(
        "8.4",
        "my_reach(points, k)",
        reach_of,
        lambda points, k: torch.ones(len(points)),
        plain(_reach_cases),
        "Start with all distances, `torch.cdist(points, points)`: a row for each point.",
        "So the set itself says how near is near: far where points are rare.",
        (
            "Sort each row of the distances. At the first place stands the point itself, with 0.",
            "`torch.cdist(points, points).sort(dim=1).values` has in column k what is asked for.",
        ),
        {
            lambda points, k: torch.cdist(points, points).sort(dim=1).values[:, k - 1]: (
                "The point itself is counted: it stands first, at distance 0. So the k-th other one is at place k."
            ),
            lambda points, k: torch.cdist(points, points).sort(dim=1).values[:, (k + 1) % len(points)]: (
                "That is one too far: places are counted from 0."
            ),
            lambda points, k: torch.cdist(points, points)[:, k]: "The distances are not sorted.",
            lambda points, k: torch.cdist(points, points).sort(dim=0).values[:, k]: (
                "Those are all distances of one point, sorted. Sort each row, `dim=1`, and take column k: `[:, k]`."
            ),
            lambda points, k: torch.cdist(points, points).sort(dim=1, descending=True).values[:, k]: (
                "The farthest come first. Sort from near to far."
            ),
            lambda points, k: torch.cdist(points, points).topk(k, dim=1).values[:, -1]: (
                "`topk` takes the largest, if not told `largest=False`."
            ),
            lambda points, k: torch.cdist(points, points).sort(dim=1).values[:, 1 : k + 1].mean(dim=1): (
                "That is the mean of the k nearest. Take the k-th of them alone."
            ),
            lambda points, k: torch.stack([row[row > 0].sort().values[k - 1] for row in torch.cdist(points, points)]): (
                "All at distance 0 are left out. Another point may lie there, too: leave out only the point itself."
            ),
            lambda points, k: torch.cdist(points, points).sort(dim=1).values[:, 3]: (
                "That is the third one, whatever k is: `[:, k]`."
            ),
            lambda points, k: torch.cdist(points, points).sort(dim=1).values[:, : k + 1]: (
                "Those are all up to the k-th. Take column k alone: `[:, k]`."
            ),
            lambda points, k: torch.cdist(points, points).kthvalue(k + 1, dim=1, keepdim=True).values: (
                "That is a table with one column. Leave out `keepdim=True`, or write `[:, k]`."
            ),
            lambda points, k: torch.cdist(points, points).sort(dim=1).values[:, 1]: (
                "That is the nearest one, whatever k is."
            ),
            lambda points, k: reach_of(points, k) ** 2: "The distances are squared.",
            lambda points, k: torch.cdist(points, points, p=1).sort(dim=1).values[:, k]: (
                "That adds the differences, without squares. `torch.cdist(points, points)` is the usual distance."
            ),
            lambda points, k: torch.cdist(points, points).sort(dim=1).indices[:, k].float(): (
                "That says which one it is. Take `.values`, how far it is."
            ),
            lambda points, k: reach_of(points, k).mean(): "That is one number for all. Each point has its own reach.",
            lambda points, k: torch.cdist(points, points).sort(dim=1)[:, k]: (
                "`sort` gives two things, values and indices. Take `.values` before `[:, k]`."
            ),
        },
    ),
    Exercise(
        "8.5",
        "my_precision(drawn, real, reach)",
        precision,
        lambda drawn, real, reach: 0.0,
        plain(_precision_cases),
        "Start with `torch.cdist(drawn, real)`: a row for each drawn point, a column for each real one.",
        "With the sets swapped it is recall: one function for two questions.",
        (
            "Compare the distances with reach, column by column; then ask of each row whether any is True.",
            "`(torch.cdist(drawn, real) <= reach).any(dim=1)` says it for each drawn point; its `.float().mean()` is "
            "the share.",
        ),
        {
            lambda drawn, real, reach: (torch.cdist(drawn, real) < reach).any(dim=1).float().mean(): (
                "The edge counts as within: `<=`."
            ),
            lambda drawn, real, reach: (torch.cdist(drawn, real) >= reach).any(dim=1).float().mean(): (
                "That asks who is out of reach. Within means that the distance is smaller, or the same: `<=`."
            ),
            lambda drawn, real, reach: (torch.cdist(real, drawn) <= reach).any(dim=1).float().mean(): (
                "That has a row for each real point, to which reach does not fit. Turn it: `torch.cdist(drawn, real)`."
            ),
            lambda drawn, real, reach: sum(
                bool((torch.cdist(drawn, real)[i] <= reach[i]).any()) for i in range(len(drawn))
            ): "reach has a number for each real point, not for each drawn one: compare a whole row with `reach`.",
            lambda drawn, real, reach: (torch.cdist(drawn, real) <= reach).any(dim=1).float(): (
                "That says it of each drawn point. The share is the mean of these: `.float().mean()`."
            ),
            lambda drawn, real, reach: (torch.cdist(drawn, real) <= reach).any(dim=0).float().mean(): (
                "That is the share of real points that reach something. Ask of each row: `dim=1`."
            ),
            lambda drawn, real, reach: (torch.cdist(drawn, real) <= reach).all(dim=1).float().mean(): (
                "A point counts if it is within reach of one of them, not of all: `.any`."
            ),
            lambda drawn, real, reach: (torch.cdist(drawn, real) <= reach).float().mean(): (
                "That is the share of pairs. Ask first of each row whether any is True: `.any(dim=1)`."
            ),
            lambda drawn, real, reach: (torch.cdist(drawn, real) <= reach).any(): (
                "That says whether any point at all is within reach. Ask of each row: `dim=1`."
            ),
            lambda drawn, real, reach: (torch.cdist(drawn, real) <= reach).any(dim=1).float().sum(): (
                "That is a count. Divide it by how many are drawn: `.mean()`."
            ),
            lambda drawn, real, reach: 100 * precision(drawn, real, reach): (
                "That is per cent. A share lies between 0 and 1."
            ),
            lambda drawn, real, reach: 1 - precision(drawn, real, reach): "That is the share out of reach.",
            lambda drawn, real, reach: (torch.cdist(drawn, real).min(dim=1).values <= reach.max()).float().mean(): (
                "Each real point has a reach of its own; that is the largest for all."
            ),
            lambda drawn, real, reach: (torch.cdist(drawn, real).min(dim=1).values <= reach.mean()).float().mean(): (
                "Each real point has a reach of its own; that is the mean of all."
            ),
            lambda drawn, real, reach: (
                (torch.cdist(drawn, real).min(dim=1).values <= reach[torch.cdist(drawn, real).argmin(dim=1)])
                .float()
                .mean()
            ): "Only the nearest real point is asked. One farther away may reach farther: ask all.",
            lambda drawn, real, reach: (torch.cdist(drawn, real) <= reach[:, None]).any(dim=1).float().mean(): (
                "reach belongs to the columns, the real points: compare with `reach` as it is, without `[:, None]`."
            ),
            lambda drawn, real, reach: (torch.cdist(drawn, real) ** 2 <= reach).any(dim=1).float().mean(): (
                "The distances are squared, and reach is not."
            ),
            lambda drawn, real, reach: (torch.cdist(drawn, real) <= reach).any(dim=1).mean(): (
                "True and False have no mean. `.float()` makes ones and zeros of them."
            ),
        },
    ),
)
