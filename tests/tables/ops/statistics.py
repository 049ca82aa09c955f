"""Rows of the table: weighted means, variances, order statistics, covariances, counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd.testing import axes, shapes

from .base import Row, one, reduction
from .reductions import in_order, masked, ordered, skipping

METHODS = [
    "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf",
    "hazen", "weibull", "linear", "median_unbiased", "normal_unbiased",
    "lower", "higher", "midpoint", "nearest",
]  # fmt: skip


@st.composite
def weighted(draw: Any) -> Any:
    """An array, and weights of its shape or one for each place along the axes."""
    s = draw(shapes(min_side=1))
    axis = draw(axes(len(s)))
    weights = s
    if axis is not None and draw(st.booleans()):
        weights = tuple(s[i] for i in np.atleast_1d(axis))
    return (s, weights), {"axis": axis, "keepdims": draw(st.booleans())}


def variances(name: str) -> list[Row]:
    f = getattr(np, name)
    config = {"ddof": st.sampled_from([0, 0.5])}
    if name.startswith("nan"):
        return [Row(name, skipping(f), masked(**config), covers=(f,))]
    return [
        Row(name, f, reduction(min_side=1), covers=(f,)),
        Row(f"{name} where", f, masked(**config)),
        Row(
            f"{name} about a mean",
            lambda x, mean, **config: f(x, mean=mean, correction=0.5, **config),
            reduction(min_side=1).map(lambda drawn: ((*drawn[0], ()), drawn[1])),
            exact=False,
        ),
    ]


def quantiles(name: str, scale: float) -> Row:
    f = getattr(np, name)

    def config(draw: Any) -> dict[str, Any]:
        q = draw(st.sampled_from([0.0, 0.3, 0.5, 1.0, [0.1, 0.7]]))
        return {"q": np.multiply(q, scale).tolist(), "method": draw(st.sampled_from(METHODS))}

    if name.startswith("nan"):
        call, base = in_order(skipping(f)), masked()
    else:
        call, base = in_order(f), reduction(min_side=1)
    return Row(name, call, ordered(base, config), covers=(f,))


@st.composite
def observations(draw: Any, *, second: bool = False, weights: bool = False) -> Any:
    """Variables in rows, at times a second array of them, at times how often each was seen."""
    rowvar, n = draw(st.booleans()), draw(st.integers(3, 5))
    several = draw(
        st.lists(st.sampled_from([None, 1, 2, 3]), min_size=1 + second, max_size=1 + second)
    )
    shapes = [(n,) if k is None else (k, n) if rowvar else (n, k) for k in several]
    config = {"rowvar": rowvar}
    if weights:
        config |= {"fweights": np.arange(n) % 3, "aweights": np.linspace(0.5, 1, n)}
        config |= {"ddof": draw(st.sampled_from([None, 0, 1]))}
    return tuple(shapes), config


ROWS = [
    Row("average", np.average, reduction(min_side=1), covers=(np.average,)),
    Row(
        "average with weights",
        lambda x, w, **config: np.average(x, weights=w, **config),
        weighted(),
        ("real", "positive"),
    ),
    Row(
        "average, returned",
        lambda x, w, **config: np.add(*np.average(x, weights=w, returned=True, **config)),
        weighted(),
        ("real", "positive"),
    ),
    Row("ptp", in_order(np.ptp), ordered(reduction(min_side=1)), covers=(np.ptp,)),
    *variances("var"),
    *variances("std"),
    *variances("nanvar"),
    *variances("nanstd"),
    Row("median", in_order(np.median), ordered(reduction(min_side=1)), covers=(np.median,)),
    Row("nanmedian", in_order(skipping(np.nanmedian)), ordered(masked()), covers=(np.nanmedian,)),
    quantiles("quantile", 1),
    quantiles("percentile", 100),
    quantiles("nanquantile", 1),
    quantiles("nanpercentile", 100),
    Row(
        "quantile, a matrix of them",
        in_order(
            lambda x, axis, keepdims: np.quantile(x, [[0.25], [0.9]], axis, keepdims=keepdims)
        ),
        ordered(reduction(min_side=1)),
    ),
    Row(
        "quantile with weights",
        in_order(
            lambda x, axis, keepdims: np.quantile(
                x,
                [0.2, 0.6],
                axis,
                method="inverted_cdf",
                keepdims=keepdims,
                weights=1.0 + np.arange(x.size).reshape(x.shape),
            )
        ),
        ordered(reduction(min_side=1)),
    ),
    Row("cov", np.cov, observations(), covers=(np.cov,)),
    Row("cov of two", np.cov, observations(second=True)),
    Row("cov with weights", np.cov, observations(weights=True)),
    Row("corrcoef", np.corrcoef, observations(), covers=(np.corrcoef,)),
    Row("corrcoef of two", np.corrcoef, observations(second=True)),
    Row(
        "bincount",
        lambda weights, x, minlength: np.bincount(x, weights, minlength),
        one(
            lambda draw, s: {
                "x": np.array(draw(st.lists(st.integers(0, 4), min_size=s[0], max_size=s[0])), int),
                "minlength": draw(st.integers(0, 7)),
            },
            min_dims=1,
            max_dims=1,
        ),
        covers=(np.bincount,),
    ),
    Row(
        "histogram by weights",
        lambda weights, places, **config: np.histogram(places, weights=weights, **config)[0],
        one(
            lambda draw, s: {
                "places": np.resize([0.1, 0.5, 0.9, 2.0, 0.0, 1.0], s),
                "bins": draw(st.sampled_from([3, [0.0, 0.2, 0.5, 1.0]])),
                "range": (0.0, 1.0),
                "density": draw(st.booleans()),
            },
            min_side=1,
        ),
        ("positive",),
        covers=(np.histogram,),
        exact=False,
    ),
    Row(
        "histogram2d by weights",
        lambda weights, x, y, **config: np.histogram2d(x, y, weights=weights, **config)[0],
        one(
            lambda draw, s: {
                "x": np.resize([0.1, 0.5, 0.9, 2.0, 0.0, 1.0], s),
                "y": np.resize([0.3, 1.0, 0.5, 0.2], s),
                "bins": (2, 3),
                "range": [(0.0, 1.0), (0.0, 1.0)],
                "density": draw(st.booleans()),
            },
            min_dims=1,
            max_dims=1,
            min_side=1,
        ),
        ("positive",),
        covers=(np.histogram2d,),
        exact=False,
    ),
    Row(
        "histogramdd by weights",
        lambda weights, sample, **config: np.histogramdd(sample, weights=weights, **config)[0],
        one(
            lambda draw, s: {
                "sample": np.resize([0.1, 0.5, 0.9, 2.0, 0.0, 1.0, 0.3], (*s, 3)),
                "bins": (2, 3, 1),
                "range": [(0.0, 1.0)] * 3,
                "density": draw(st.booleans()),
            },
            min_dims=1,
            max_dims=1,
            min_side=1,
        ),
        ("positive",),
        covers=(np.histogramdd,),
        exact=False,
    ),
]
