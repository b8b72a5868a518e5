"""XGBoost."""

from onnxmltools.convert import convert_xgboost
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost as xgboost_converter
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier, XGBRanker, XGBRegressor, XGBRFClassifier, XGBRFRegressor

from exporters import Exported, by_itself, register
from features import KNOWN, apart, counts, missing, numbers, ties
from model import Model
from targets import amount, count, positive_amount, three, two

for estimator in XGBClassifier, XGBRFClassifier, XGBRegressor, XGBRFRegressor, XGBRanker:
    register(estimator, f"XGBoost{estimator.__name__}", xgboost_converter)

SMALL = {"n_estimators": 15, "max_depth": 4, "random_state": 0, "n_jobs": 1}
GROUPS = {"group": [20] * (KNOWN // 20)}

MODELS = [
    Exported("xgboost_regressor", XGBRegressor(**SMALL), ties, amount),
    Exported("xgboost_regressor_missing", XGBRegressor(**SMALL), missing, amount),
    Exported("xgboost_regressor_counts", XGBRegressor(**SMALL), counts, amount),
    Model(
        "xgboost_regressor_by_itself",
        XGBRegressor(**SMALL),
        ties,
        amount,
        options=None,
        convert=by_itself(convert_xgboost),
    ),
    Exported("xgboost_poisson", XGBRegressor(objective="count:poisson", **SMALL), ties, count),
    Exported("xgboost_gamma", XGBRegressor(objective="reg:gamma", **SMALL), ties, positive_amount),
    Exported("xgboost_tweedie", XGBRegressor(objective="reg:tweedie", **SMALL), missing, positive_amount),
    Exported("xgboost_l1", XGBRegressor(objective="reg:absoluteerror", **SMALL), ties, amount),
    Exported("xgboost_base_score", XGBRegressor(base_score=0.25, **SMALL), ties, amount),
    Exported(
        "xgboost_lossguide",
        XGBRegressor(grow_policy="lossguide", max_leaves=9, tree_method="hist", **SMALL),
        ties,
        amount,
    ),
    Exported("xgboost_random_forest", XGBRFRegressor(**SMALL), ties, amount),
    Exported("xgboost_random_forest_two", XGBRFClassifier(**SMALL), ties, two),
    Exported("xgboost_ranker", XGBRanker(**SMALL), numbers, three, ["predict"], fit=GROUPS),
    Exported("xgboost_two", XGBClassifier(**SMALL), ties, two),
    Exported("xgboost_two_missing", XGBClassifier(**SMALL), missing, two),
    Model("xgboost_two_by_itself", XGBClassifier(**SMALL), ties, two, options=None, convert=by_itself(convert_xgboost)),
    Exported("xgboost_two_zipmap", XGBClassifier(**SMALL), ties, two, options={"zipmap": True}),
    Exported("xgboost_three", XGBClassifier(**SMALL), ties, three),
    Exported("xgboost_three_missing", XGBClassifier(**SMALL), missing, three),
    Model(
        "xgboost_three_by_itself", XGBClassifier(**SMALL), ties, three, options=None, convert=by_itself(convert_xgboost)
    ),
    Exported("xgboost_three_zipmap", XGBClassifier(**SMALL), ties, three, options={"zipmap": True}),
    Exported("xgboost_hinge", XGBClassifier(objective="binary:hinge", **SMALL), ties, two),
    Exported("xgboost_scaled", make_pipeline(StandardScaler(), XGBRegressor(**SMALL)), apart, amount),
    Exported("xgboost_scaled_three", make_pipeline(StandardScaler(), XGBClassifier(**SMALL)), apart, three),
]
