"""Decompositions, projections and kernels: other columns, or fewer."""

from sklearn.decomposition import PCA, IncrementalPCA, KernelPCA, TruncatedSVD
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.random_projection import GaussianRandomProjection
from sklearn.svm import SVC

from features import doubles, numbers, wide
from model import Model
from targets import amount, three

MODELS = [
    Model("pca", PCA(3), numbers),
    Model("pca_doubles", PCA(3), doubles),
    Model("pca_whitened", PCA(3, whiten=True), wide),
    Model("incremental_pca", IncrementalPCA(3), wide),
    Model("truncated_svd", TruncatedSVD(3, random_state=0), wide),
    *(
        Model(f"kernel_pca_{kernel}", KernelPCA(3, kernel=kernel), numbers)
        for kernel in ("linear", "poly", "rbf", "sigmoid", "cosine")
    ),
    Model("gaussian_random_projection", GaussianRandomProjection(3, random_state=0), wide),
    Model("pca_ridge", make_pipeline(StandardScaler(), PCA(4), Ridge()), wide, amount),
    Model("pca_logistic", make_pipeline(StandardScaler(), PCA(4), LogisticRegression()), wide, three),
    Model("pca_neighbors", make_pipeline(PCA(4), KNeighborsRegressor()), wide, amount),
    Model("pca_svc", make_pipeline(StandardScaler(), PCA(4), SVC(probability=True, random_state=0)), wide, three),
]
