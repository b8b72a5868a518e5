"""Pre-processing of numbers: imputers, scalers, bins, powers."""

from sklearn.feature_selection import (
    RFE,
    GenericUnivariateSelect,
    SelectFdr,
    SelectFromModel,
    SelectKBest,
    SelectPercentile,
    VarianceThreshold,
    f_regression,
)
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from features import counts, doubles, integers, missing, missing_categories, numbers, positive, wide
from model import Model
from targets import amount, three

IMPUTERS = [
    *(
        Model(f"simple_imputer_{strategy}", SimpleImputer(strategy=strategy), missing)
        for strategy in ("mean", "median", "most_frequent")
    ),
    Model("simple_imputer_constant", SimpleImputer(strategy="constant", fill_value=-1.5), missing),
    Model(
        "simple_imputer_words",
        SimpleImputer(missing_values="", strategy="most_frequent"),
        missing_categories,
    ),
    Model(
        "simple_imputer_words_constant",
        SimpleImputer(missing_values="", strategy="constant", fill_value="none"),
        missing_categories,
    ),
    Model("knn_imputer", KNNImputer(n_neighbors=3), missing),
    Model(
        "imputer_scaler_regression",
        make_pipeline(SimpleImputer(), StandardScaler(), LinearRegression()),
        missing,
        amount,
    ),
    Model("imputer_logistic", make_pipeline(SimpleImputer(strategy="median"), LogisticRegression()), missing, three),
]

SCALERS = [
    Model("standard_scaler", StandardScaler(), numbers),
    Model("standard_scaler_doubles", StandardScaler(), doubles),
    Model("standard_scaler_integers", StandardScaler(), integers),
    Model("standard_scaler_no_mean", StandardScaler(with_mean=False), numbers),
    Model("standard_scaler_no_deviation", StandardScaler(with_std=False), numbers),
    Model("min_max_scaler", MinMaxScaler(), numbers),
    Model("min_max_scaler_clipped", MinMaxScaler((-1, 1), clip=True), numbers),
    Model("max_abs_scaler", MaxAbsScaler(), numbers),
    Model("robust_scaler", RobustScaler(), numbers),
    *(Model(f"normalizer_{norm}", Normalizer(norm), numbers) for norm in ("l1", "l2")),
    Model("normalizer_max", Normalizer("max"), positive),
    Model(
        "normalizer_max_signed",
        Normalizer("max"),
        numbers,
        differs="the operator divides by the largest number, not by the largest size",
    ),
    Model("normalizer_zeros", Normalizer(), counts),
    Model("power_transformer", PowerTransformer(), numbers),
    Model("power_transformer_box_cox", PowerTransformer("box-cox", standardize=False), positive),
    Model("quantile_transformer", QuantileTransformer(n_quantiles=50), numbers),
    Model("quantile_transformer_doubles", QuantileTransformer(n_quantiles=50), doubles),
    Model("binarizer", Binarizer(threshold=0.5), numbers),
    Model("function_transformer", FunctionTransformer(), numbers),
]

BINS = [
    Model(
        f"bins_{encode.removeprefix('onehot-')}_{strategy}",
        KBinsDiscretizer(4, encode=encode, strategy=strategy, random_state=0, quantile_method="averaged_inverted_cdf"),
        numbers,
    )
    for encode in ("onehot-dense", "ordinal")
    for strategy in ("uniform", "quantile", "kmeans")
]

POWERS = [
    Model("polynomial_features", PolynomialFeatures(2), numbers),
    Model(
        "polynomial_features_interactions", PolynomialFeatures(3, interaction_only=True, include_bias=False), numbers
    ),
    Model("polynomial_features_integers", PolynomialFeatures(2), integers),
    Model("polynomial_regression", make_pipeline(PolynomialFeatures(2), LinearRegression()), numbers, amount),
]

SELECTIONS = [
    Model("select_k_best", SelectKBest(f_regression, k=3), wide, amount),
    Model("select_percentile", SelectPercentile(percentile=20), wide, three),
    Model("select_false_discovery_rate", SelectFdr(), wide, three),
    Model("select_generic", GenericUnivariateSelect(mode="k_best", param=5), wide, three),
    Model("select_from_model", SelectFromModel(LinearRegression()), wide, amount),
    Model("recursive_elimination", RFE(LinearRegression(), n_features_to_select=4), wide, amount, ["transform"]),
    Model("variance_threshold", VarianceThreshold(0.9), wide),
    Model("select_logistic", make_pipeline(SelectKBest(k=4), LogisticRegression()), wide, three),
]

MODELS = IMPUTERS + SCALERS + BINS + POWERS + SELECTIONS
