"""Clusters, mixtures, and Gaussian processes."""

from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import (
    RBF,
    ConstantKernel,
    DotProduct,
    ExpSineSquared,
    RationalQuadratic,
    WhiteKernel,
)
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture

from features import doubles, numbers, single
from model import Model
from targets import amount

COVARIANCES = ["full", "tied", "diag", "spherical"]
MIXTURE = ["predict", "predict_proba"]
FIXED = {"optimizer": None, "alpha": 0.1}

MODELS = [
    Model("k_means", KMeans(4, n_init=1, random_state=0), numbers),
    Model("k_means_doubles", KMeans(4, n_init=1, random_state=0), doubles),
    Model("mini_batch_k_means", MiniBatchKMeans(5, n_init=1, random_state=0), numbers),
    *(
        Model(
            f"gaussian_mixture_{kind}",
            GaussianMixture(3, covariance_type=kind, random_state=0),
            numbers,
            answers=MIXTURE,
        )
        for kind in COVARIANCES
    ),
    Model(
        "bayesian_gaussian_mixture", BayesianGaussianMixture(n_components=3, random_state=0), numbers, answers=MIXTURE
    ),
    Model(
        "gaussian_mixture_scores",
        GaussianMixture(3, random_state=0),
        numbers,
        answers=[*MIXTURE, "score_samples"],
        options={"score_samples": True},
    ),
    Model("gaussian_process", GaussianProcessRegressor(RBF(2.0), **FIXED), doubles, amount),
    Model("gaussian_process_sum", GaussianProcessRegressor(DotProduct() + WhiteKernel(), **FIXED), doubles, amount),
    Model(
        "gaussian_process_product",
        GaussianProcessRegressor(ConstantKernel(2.0) * RationalQuadratic(), **FIXED),
        doubles,
        amount,
    ),
    Model("gaussian_process_periodic", GaussianProcessRegressor(ExpSineSquared(), **FIXED), single, amount),
]
