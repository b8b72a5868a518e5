"""LightGBM."""

from lightgbm import LGBMClassifier, LGBMRanker, LGBMRegressor
from onnxmltools.convert import convert_lightgbm
from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm as lightgbm_converter
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from exporters import Exported, by_itself, register
from features import KNOWN, apart, codes, counts, missing, numbers, positive, ties
from model import Model
from targets import amount, count, positive_amount, three, three_codes, three_words, two, two_codes, two_words

for estimator in LGBMClassifier, LGBMRegressor, LGBMRanker:
    register(estimator, f"LightGbm{estimator.__name__}", lightgbm_converter)

SMALL = {"n_estimators": 15, "num_leaves": 15, "random_state": 0, "verbose": -1, "deterministic": True}
GROUPS = {"group": [20] * (KNOWN // 20)}

MODELS = [
    Exported("lightgbm_regressor", LGBMRegressor(**SMALL), ties, amount),
    Exported("lightgbm_regressor_missing", LGBMRegressor(**SMALL), missing, amount),
    Model("lightgbm_regressor_by_itself", LGBMRegressor(**SMALL), ties, amount, convert=by_itself(convert_lightgbm)),
    Exported("lightgbm_regressor_split", LGBMRegressor(**SMALL), ties, amount, options={"split": 4}),
    # The converter always divides by 100, for any number of trees.
    Exported(
        "lightgbm_random_forest",
        LGBMRegressor(boosting_type="rf", subsample=0.7, subsample_freq=1, **SMALL | {"n_estimators": 100}),
        ties,
        amount,
    ),
    Exported("lightgbm_dart", LGBMRegressor(boosting_type="dart", **SMALL), ties, amount),
    Exported("lightgbm_l1", LGBMRegressor(objective="mae", **SMALL), ties, amount),
    Exported("lightgbm_poisson", LGBMRegressor(objective="poisson", **SMALL), ties, count),
    Exported("lightgbm_gamma", LGBMRegressor(objective="gamma", **SMALL), ties, positive_amount),
    Exported("lightgbm_tweedie", LGBMRegressor(objective="tweedie", **SMALL), missing, positive_amount),
    Exported("lightgbm_quantile", LGBMRegressor(objective="quantile", alpha=0.8, **SMALL), ties, amount),
    Exported("lightgbm_categories", LGBMRegressor(**SMALL), codes, amount, fit={"categorical_feature": [2, 3]}),
    Exported(
        "lightgbm_zero_as_missing",
        LGBMRegressor(zero_as_missing=True, **SMALL),
        counts,
        amount,
        differs="zero_as_missing is lost in conversion",
    ),
    Exported("lightgbm_zero_as_missing_two", LGBMClassifier(zero_as_missing=True, **SMALL), positive, two),
    Exported("lightgbm_ranker", LGBMRanker(**SMALL), numbers, three, ["predict"], fit=GROUPS),
    Exported("lightgbm_two", LGBMClassifier(**SMALL), ties, two),
    Exported("lightgbm_two_missing", LGBMClassifier(**SMALL), missing, two),
    Exported("lightgbm_two_codes", LGBMClassifier(**SMALL), ties, two_codes),
    Exported("lightgbm_two_words", LGBMClassifier(**SMALL), ties, two_words),
    Model(
        "lightgbm_two_by_itself",
        LGBMClassifier(**SMALL),
        ties,
        two,
        convert=by_itself(convert_lightgbm),
        options={"zipmap": True},
    ),
    Exported("lightgbm_three", LGBMClassifier(**SMALL), ties, three),
    Exported("lightgbm_three_missing", LGBMClassifier(**SMALL), missing, three),
    Exported("lightgbm_three_codes_zipmap", LGBMClassifier(**SMALL), ties, three_codes, options={"zipmap": True}),
    Exported("lightgbm_three_words", LGBMClassifier(**SMALL), ties, three_words),
    Model("lightgbm_three_by_itself", LGBMClassifier(**SMALL), ties, three, convert=by_itself(convert_lightgbm)),
    Exported("lightgbm_categories_two", LGBMClassifier(**SMALL), codes, two, fit={"categorical_feature": [2, 3]}),
    Exported("lightgbm_scaled", make_pipeline(StandardScaler(), LGBMRegressor(**SMALL)), apart, amount),
    Exported("lightgbm_scaled_three", make_pipeline(StandardScaler(), LGBMClassifier(**SMALL)), apart, three),
]
