"""Makes the models of the speed table: fitted on synthetic rows of 20 features, exported to ONNX, with rows to predict.

Each folder `NAME/` has `model.onnx`, and 10 000 float rows as `rows.npy` and as `rows.bin`, little endian
without a header. It also has the library's own file: `model.txt` of LightGBM, `model.json` of XGBoost,
`model.joblib` of scikit-learn. `forest_500` shows the cost of loading a large model. It takes minutes to
make, so only --large makes it.
"""

import argparse
import pathlib

import joblib
import lightgbm
import numpy
import skl2onnx
import xgboost
from onnxmltools import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common import data_types
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPRegressor

FEATURES = 20
ROWS = 10_000
CATEGORIES = 24
LARGE = ["forest_500"]


def rows(seed, count):
    return numpy.random.default_rng(seed).normal(size=(count, FEATURES)).astype(numpy.float32)


def target(x):
    noise = numpy.random.default_rng(7).normal(size=len(x))
    return x[:, 0] * x[:, 1] + numpy.sin(3 * x[:, 2]) + x[:, 3] ** 2 + x[:, 4:12].sum(axis=1) + noise


def classes(x, count):
    y = target(x)
    return numpy.digitize(y, numpy.quantile(y, numpy.linspace(0, 1, count + 1)[1:-1]))


def categorical(x):
    """The first four features become categories, coded 0, 1, 2, ..."""
    x = x.copy()
    x[:, :4] = numpy.clip(numpy.floor((x[:, :4] + 3) * CATEGORIES / 6), 0, CATEGORIES - 1)
    return x


def save_onnx(model, folder):
    options = {"zipmap": False} if hasattr(model, "classes_") else None
    initial = [("X", skl2onnx.common.data_types.FloatTensorType([None, FEATURES]))]
    onnx = skl2onnx.convert_sklearn(model, initial_types=initial, options=options)
    (folder / "model.onnx").write_bytes(onnx.SerializeToString())


def save_sklearn(model, folder):
    save_onnx(model, folder)
    if "n_jobs" in model.get_params():
        model.set_params(n_jobs=1)  # for predictions
    joblib.dump(model, folder / "model.joblib")


def save_lightgbm(model, folder):
    initial = [("X", data_types.FloatTensorType([None, FEATURES]))]
    onnx = convert_lightgbm(model, initial_types=initial, zipmap=False)
    (folder / "model.onnx").write_bytes(onnx.SerializeToString())
    model.booster_.save_model(folder / "model.txt")
    (folder / "lleaves.bin").unlink(missing_ok=True)  # compare.py compiled it from another model.txt


def save_xgboost(model, folder):
    initial = [("X", data_types.FloatTensorType([None, FEATURES]))]
    (folder / "model.onnx").write_bytes(convert_xgboost(model, initial_types=initial).SerializeToString())
    model.save_model(folder / "model.json")


LIGHTGBM = {"n_estimators": 500, "num_leaves": 31, "n_jobs": 2, "verbose": -1}
XGBOOST = {"n_estimators": 500, "max_depth": 6, "n_jobs": 2}


def models():
    """The models by name: how each is fitted and saved."""
    x = rows(1, 8_000)
    yield "linear", lambda: LinearRegression().fit(x, target(x)), save_sklearn
    network = MLPRegressor(hidden_layer_sizes=(64, 32), max_iter=20, random_state=0)
    yield "network", lambda: network.fit(x, target(x)), save_sklearn
    shallow = RandomForestClassifier(100, max_depth=12, n_jobs=2, random_state=0)
    yield "forest_classifier", lambda: shallow.fit(x, classes(x, 2)), save_sklearn
    shallow_many = RandomForestClassifier(100, max_depth=12, n_jobs=2, random_state=0)
    yield "forest_classifier_5", lambda: shallow_many.fit(x, classes(x, 5)), save_sklearn
    shallow_regressor = RandomForestRegressor(100, max_depth=12, n_jobs=2, random_state=0)
    yield "forest_regressor_12", lambda: shallow_regressor.fit(x, target(x)), save_sklearn
    deep = RandomForestRegressor(100, min_samples_leaf=3, n_jobs=2, random_state=0)
    yield "forest_regressor", lambda: deep.fit(x, target(x)), save_sklearn
    yield "lightgbm", lambda: lightgbm.LGBMRegressor(**LIGHTGBM).fit(x, target(x)), save_lightgbm
    five = lightgbm.LGBMClassifier(**LIGHTGBM | {"n_estimators": 100})
    yield "lightgbm_classifier_5", lambda: five.fit(x, classes(x, 5)), save_lightgbm
    sets = lightgbm.LGBMRegressor(**LIGHTGBM)
    c = categorical(x)
    yield "lightgbm_categorical", lambda: sets.fit(c, target(x), categorical_feature=[0, 1, 2, 3]), save_lightgbm
    yield "xgboost", lambda: xgboost.XGBRegressor(**XGBOOST).fit(x, target(x)), save_xgboost
    five_x = xgboost.XGBClassifier(**XGBOOST | {"n_estimators": 100})
    yield "xgboost_classifier_5", lambda: five_x.fit(x, classes(x, 5)), save_xgboost
    more = rows(1, 10_200)
    large = RandomForestRegressor(500, max_depth=20, min_samples_leaf=3, n_jobs=2, random_state=0)
    yield "forest_500", lambda: large.fit(more, target(more)), save_onnx


def save_rows(x, folder):
    numpy.save(folder / "rows.npy", x)
    x.astype("<f4").tofile(folder / "rows.bin")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="names of models")
    parser.add_argument("--large", action="store_true", help="make forest_500 as well")
    arguments = parser.parse_args()
    for name, fit, save in models():
        if not (name in arguments.only if arguments.only else arguments.large or name not in LARGE):
            continue
        folder = arguments.out / name
        folder.mkdir(parents=True, exist_ok=True)
        save(fit(), folder)
        test = rows(3, ROWS)
        save_rows(categorical(test) if name.endswith("categorical") else test, folder)
        print(name, f"{(folder / 'model.onnx').stat().st_size / 1e6:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
