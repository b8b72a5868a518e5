#!/usr/bin/env python3
"""Your own model in five minutes: train, export to ONNX, log with MLflow, and print the function's environment.

The model predicts the minutes of a taxi ride from its two zones and its distance. The rides are synthetic and
seeded, unless --rides names a file. Standard output holds only shell lines:

    eval "$(python examples/ride_duration.py --artifact-root s3://my-models)"

MLflow and AWS read their usual variables: MLFLOW_TRACKING_URI, MLFLOW_S3_ENDPOINT_URL, AWS_*. The script runs
under MLflow 2 and 3.
"""

import argparse
import json
import logging
import shlex
import sys
from functools import partial
from pathlib import Path
from urllib.parse import urlparse

import mlflow
import numpy as np
from mlflow.models.model import ModelInfo
from mlflow.store.tracking.file_store import FileStore
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from onnx import ModelProto
from skl2onnx import to_onnx
from skl2onnx.common.data_types import DictionaryType, FloatTensorType, StringTensorType
from sklearn.ensemble import RandomForestRegressor
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LinearRegression
from sklearn.metrics import root_mean_squared_error
from sklearn.pipeline import Pipeline, make_pipeline

ZONES = 265

ESTIMATORS = {
    "linear": LinearRegression,
    "forest": partial(
        RandomForestRegressor,
        n_estimators=100,
        max_depth=20,
        min_samples_leaf=10,
        max_samples=0.5,
        random_state=0,
        n_jobs=-1,
    ),
}

# The serving spec: which fields of a record become which features, and what the result holds. MLflow logs it
# with the model, so both get one version.
SERVING = {
    "name": "ride_duration_prediction_model",
    "features": {
        "PU_DO": {"concat": ["/ride/PULocationID", "/ride/DOLocationID"], "separator": "_"},
        "trip_distance": {"field": "/ride/trip_distance"},
    },
    "result": {
        "ride_duration": {"output": "variable"},
        "ride_id": {"field": "/ride_id"},
    },
}


def simulate_rides(count: int = 66_000, seed: int = 0) -> list[dict]:
    """Rides in an imaginary city: the function's records, plus `ride_duration` in minutes.

    Most rides use a few zones, and rides between near zones are more likely. So most pairs of zones are rare.
    Distances are in miles.
    """
    rng = np.random.default_rng(seed)
    places = rng.uniform((0, 0), (8, 14), size=(ZONES, 2))
    straight = np.linalg.norm(places[:, None] - places, axis=2).clip(min=0.5)
    popularity = rng.permutation(1 / np.arange(1, ZONES + 1))
    weight = np.outer(popularity, popularity) * np.exp(-straight / 3)
    pace = rng.normal(4.5, 0.8, size=(ZONES, ZONES))  # minutes per mile, for each pair of zones

    pairs = rng.choice(ZONES * ZONES, size=count, p=weight.ravel() / weight.sum())
    pickup, dropoff = np.divmod(pairs, ZONES)
    detour = 1.3 * rng.lognormal(0, 0.15, size=count)
    distance = (straight[pickup, dropoff] * detour).round(2)
    duration = (2 + distance * pace[pickup, dropoff] + rng.normal(0, 2, size=count)).clip(1, 60).round(2)
    columns = (pickup + 1, dropoff + 1, distance, duration)
    return [
        {
            "ride": {"PULocationID": pu, "DOLocationID": do, "trip_distance": miles},
            "ride_id": ride_id,
            "ride_duration": minutes,
        }
        for ride_id, (pu, do, miles, minutes) in enumerate(zip(*(c.tolist() for c in columns)), start=1)
    ]


def load_rides(path: Path) -> list[dict]:
    """Reads records with a `ride_duration` in minutes, one JSON document per line."""
    with path.open() as lines:
        return [json.loads(line) for line in lines]


def split(records: list[dict]) -> tuple[list[dict], list[dict]]:
    """Splits into nine tenths for training and the last tenth for testing."""
    end = len(records) * 9 // 10
    return records[:end], records[end:]


def features(record: dict) -> dict[str, str | float]:
    """The features of a record. `SERVING` tells the function to compute the same."""
    ride = record["ride"]
    return {
        "PU_DO": f"{ride['PULocationID']}_{ride['DOLocationID']}",
        "trip_distance": ride["trip_distance"],
    }


def train(records: list[dict], estimator: str) -> Pipeline:
    """Fits one of `ESTIMATORS` to records with a `ride_duration`."""
    pipeline = make_pipeline(DictVectorizer(), ESTIMATORS[estimator]())
    return pipeline.fit([features(r) for r in records], [r["ride_duration"] for r in records])


def predict(pipeline: Pipeline, records: list[dict]) -> np.ndarray:
    """Predicts the minutes of each record."""
    return pipeline.predict([features(r) for r in records])


def export(pipeline: Pipeline) -> ModelProto:
    """Exports the pipeline to ONNX.

    The input `X` is a map of features; the output `variable` has shape `[1, 1]`.
    """
    return to_onnx(pipeline, initial_types=[("X", DictionaryType(StringTensorType(), FloatTensorType()))])


def find_experiment(name: str, artifact_root: str | None = None) -> str:
    """The id of an experiment. A new one gets its artifacts in `<artifact_root>/<id>`."""
    if mlflow.get_experiment_by_name(name) or not artifact_root:
        return mlflow.set_experiment(name).experiment_id
    # A tracking server has one root for the artifacts of all experiments. A local store takes a root only in
    # its constructor: `mlflow.create_experiment` asks for the location before the id is known.
    uri = mlflow.get_tracking_uri()
    scheme = urlparse(uri).scheme
    if scheme in ("http", "https", "databricks"):
        sys.exit(f"--artifact-root: expected a local tracking store, found {uri}, which has its own root")
    store = FileStore if scheme in ("", "file") else SqlAlchemyStore
    return store(uri, artifact_root).create_experiment(name)


def log_model(model: ModelProto, **arguments) -> ModelInfo:
    """Logs a model to the active run as `model`, with the arguments of `mlflow.onnx.log_model`."""
    name = "artifact_path" if mlflow.__version__.startswith("2.") else "name"
    return mlflow.onnx.log_model(model, **{name: "model"}, **arguments)


def log_ride_model(model: ModelProto) -> ModelInfo:
    """Logs a ride model with its serving spec, and an example that the function runs at cold start."""
    example = {"X": {"PU_DO=130_205": 1.0, "trip_distance": 3.66}}
    return log_model(model, metadata={"serving": SERVING}, input_example=example)


def environment(experiment_id: str, model: ModelInfo) -> dict[str, str]:
    """The variables by which the function finds a model."""
    location = urlparse(mlflow.get_experiment(experiment_id).artifact_location)
    if location.scheme == "s3" and location.path == f"/{experiment_id}":
        return {"RUN_ID": model.run_id, "MODEL_BUCKET": location.netloc, "MLFLOW_EXPERIMENT_ID": experiment_id}
    # The function does not look there by itself. Give it a folder: the model's, or a copy of a remote one.
    return {"MODEL_LOCATION": mlflow.artifacts.download_artifacts(model.model_uri)}


def main() -> None:
    """Trains and logs the model, and prints the environment."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--estimator", choices=ESTIMATORS, default="linear", help="default: %(default)s")
    parser.add_argument(
        "--rides",
        type=Path,
        metavar="FILE.jsonl",
        help='your rides, one per line: {"ride": {"PULocationID": 130, "DOLocationID": 205, "trip_distance": 3.66}, '
        '"ride_duration": 17.5} (miles, minutes)',
    )
    parser.add_argument("--experiment", default="ride-duration", metavar="NAME", help="default: %(default)s")
    parser.add_argument(
        "--artifact-root",
        metavar="s3://BUCKET",
        help="where a new experiment stores its models, without a tracking server",
    )
    arguments = parser.parse_args()
    # MLflow warns that its own server cannot feed a map to the model. The function can.
    logging.getLogger("mlflow").setLevel(logging.ERROR)

    records = load_rides(arguments.rides) if arguments.rides else simulate_rides()
    known, held_out = split(records)
    pipeline = train(known, arguments.estimator)
    error = root_mean_squared_error([r["ride_duration"] for r in held_out], predict(pipeline, held_out))
    print(f"{len(known)} rides, {len(pipeline[0].feature_names_)} columns", file=sys.stderr)
    print(f"off by {error:.2f} minutes (RMSE) on {len(held_out)} other rides", file=sys.stderr)

    experiment_id = find_experiment(arguments.experiment, arguments.artifact_root)
    with mlflow.start_run(experiment_id=experiment_id) as run:
        mlflow.log_metric("rmse", error)
        model = log_ride_model(export(pipeline))
    print(f"run {run.info.run_id} of experiment {experiment_id}", file=sys.stderr)
    for name, value in environment(experiment_id, model).items():
        print(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    main()
