"""The Python side of the serving spec: each transform against its reference library, each rule at its edges.

    .venv-models/bin/python -m unittest discover -s tests/python

`parity.py` makes the cases that compare it with the function.
"""

import json
import math
import random
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.feature_extraction import FeatureHasher
from sklearn.metrics.pairwise import haversine_distances
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

try:
    import pyarrow
except ImportError:
    pyarrow = None

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))

import stream_predictor  # noqa: E402
from stream_predictor import Rejected, Spec, SpecError, log_files  # noqa: E402

WORDS = ["AA", "", "東京", "Straße", " a b ", "🚕", "x" * 40, "130"]


def compute(body, record, **others):
    """The one feature that `body` declares, of one record."""
    return Spec(features={"f": body, **others}).row(record)["f"]


class Case(unittest.TestCase):
    def rejects(self, body, record, *words, **others):
        with self.assertRaises(Rejected) as caught:
            compute(body, record, **others)
        for word in words:
            self.assertIn(word, str(caught.exception))
        return caught.exception

    def refuses(self, *words, **spec):
        with self.assertRaises(SpecError) as caught:
            Spec(**spec)
        for word in words:
            self.assertIn(word, str(caught.exception))


class References(Case):
    """Transforms, compared with their reference library."""

    def test_ordinal_is_scikit_learns(self):
        known, values = ["UA", "AA", "B6"], ["AA", "UA", "DL", "B6", ""]
        encoder = OrdinalEncoder(categories=[known], handle_unknown="use_encoded_value", unknown_value=-1)
        expected = encoder.fit([[v] for v in known]).transform([[v] for v in values]).ravel()
        spec = Spec(features={"f": {"ordinal": "/c", "vocabulary": known, "unknown_value": -1}})
        got = spec.features(pd.DataFrame({"c": values}))["f"]
        np.testing.assert_array_equal(got, expected)
        self.assertEqual(got.dtype, "int64")
        self.rejects({"ordinal": "/c", "vocabulary": known}, {"c": "DL"}, "`f`", "'DL'")

    def test_one_hot_is_scikit_learns(self):
        known, values = ["UA", "AA", "B6"], ["AA", "UA", "DL", "B6"]
        encoder = OneHotEncoder(categories=[known], handle_unknown="ignore", sparse_output=False)
        expected = encoder.fit([[v] for v in known]).transform([[v] for v in values])
        body = {"one_hot": "/c", "vocabulary": known, "handle_unknown": "ignore"}
        frame = Spec(features={"f": body}).features(pd.DataFrame({"c": values}))
        np.testing.assert_array_equal(frame, expected)
        self.assertEqual(list(frame), ["f.UA", "f.AA", "f.B6"])
        self.rejects({"one_hot": "/c", "vocabulary": known}, {"c": "DL"}, "'DL'")

    def test_hash_is_scikit_learns(self):
        rng = random.Random(0)
        for count, alternate in ((1, True), (7, True), (1024, True), (8, False), (1 << 20, True)):
            rows = [
                {"s": rng.choice(WORDS), "n": rng.gauss(0, 9), "i": rng.randrange(-9, 9), "b": rng.random() < 0.5}
                for _ in range(2 if count > 9999 else 50)
            ]
            expected = FeatureHasher(count, alternate_sign=alternate).transform(rows).toarray()
            features = {
                "s": {"field": "s", "type": "string"},
                "n": {"field": "n"},
                "i": {"field": "i", "type": "int64"},
                "b": {"field": "b", "type": "bool"},
                "f": {"hash": ["s", "n", "i", "b"], "n_features": count, "alternate_sign": alternate},
            }
            got = [row["f"] for row in Spec(features=features).features(rows)]
            np.testing.assert_allclose(got, expected, rtol=1e-15)

    def test_murmurhash_is_scikit_learns(self):
        from sklearn.utils import murmurhash3_32

        rng = random.Random(1)
        for length in range(40):
            data = rng.randbytes(length)
            self.assertEqual(stream_predictor._murmurhash3_32(data), murmurhash3_32(data, seed=0))

    def test_great_circle_is_scikit_learns(self):
        rng = np.random.default_rng(0)
        frame = pd.DataFrame({
            "a": rng.uniform(-90, 90, 200), "b": rng.uniform(-180, 180, 200),
            "c": rng.uniform(-90, 90, 200), "d": rng.uniform(-180, 180, 200),
        })  # fmt: skip
        frame.loc[0] = [10, 20, -10, -160]  # the antipode
        frame.loc[1] = [10, 20, 10, 20]
        ends = np.radians(frame.to_numpy())
        expected = [haversine_distances([row[:2], row[2:]])[0, 1] * 6371.0088 for row in ends]
        spec = Spec(features={"f": {"great_circle": ["/a", "/b", "/c", "/d"]}})
        np.testing.assert_allclose(spec.features(frame)["f"], expected, rtol=1e-12)
        self.rejects({"great_circle": ["/a", 0, 0, 0]}, {"a": 90.01}, "latitude")
        self.rejects({"great_circle": [0, "/a", 0, 0]}, {"a": -180.01}, "longitude")
        self.assertEqual(compute({"great_circle": [0, 0, 0, 180], "radius": 1}, {}), math.pi)

    def test_slices_are_pandas(self):
        texts = pd.Series(["", "a", "東京都🚕x", "N14228", "e\u0301é"])
        places = [-9, -2, -1, 0, 1, 3, 9, None]
        for start in places:
            for stop in places:
                body = {"slice": "/s"} | {k: v for k, v in (("start", start), ("stop", stop)) if v is not None}
                got = Spec(features={"f": body}).features(pd.DataFrame({"s": texts}))["f"]
                self.assertEqual(got.tolist(), texts.str.slice(start, stop).tolist())

    def test_parts_of_dates_are_pandas(self):
        times = pd.Series(pd.date_range("1967-12-25T00:37:11", "2033-01-08", freq="9973min"))
        frame = pd.DataFrame({"d": times})
        for part in ("year", "month", "day_of_month", "hour", "minute", "day_of_week", "day_of_year"):
            got = Spec(features={"f": {"date": "/d", "part": part}}).features(frame)["f"]
            np.testing.assert_array_equal(got, getattr(times.dt, "day" if part == "day_of_month" else part))
        got = Spec(features={"f": {"date": "/d", "part": "weekend"}}).features(frame)["f"]
        np.testing.assert_array_equal(got, times.dt.day_of_week >= 5)
        got = Spec(features={"f": {"date": "/d", "part": "seconds"}}).features(frame)["f"]
        np.testing.assert_array_equal(got, (times - pd.Timestamp(0)) / pd.Timedelta(seconds=1))

    def test_zones_are_pandas(self):
        times = pd.Series(pd.date_range("2015-12-25T00:37", "2018-01-08", freq="433min", tz="UTC"))
        for zone in ("America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"):
            for part in ("hour", "minute", "day_of_year"):
                spec = Spec(features={"f": {"date": "/d", "part": part, "time_zone": zone}})
                expected = getattr(times.dt.tz_convert(zone).dt, part)
                np.testing.assert_array_equal(spec.features(pd.DataFrame({"d": times}))["f"], expected)

    def test_buckets_are_numpys(self):
        splits, x = [-1, 0.5, 7], np.array([-2, -1, -0.9, 0, 0.5, 6.999, 7, 1e300, -1e300])
        got = Spec(features={"f": {"bucketize": "/x", "splits": splits}}).features(pd.DataFrame({"x": x}))["f"]
        np.testing.assert_array_equal(got, np.digitize(x, splits))

    def test_numbers_are_numpys(self):
        x = np.array([-0.999, -0.5, 0.0, 1e-12, 0.1, 3, 1e300])
        y = np.array([0.3, -7, 2, 1, 1e-3, 3, -5])
        cases = {
            "log1p": ({"log1p": "/x"}, np.log1p(x)), "absolute": ({"absolute": "/x"}, np.abs(x)),
            "clip": ({"clip": "/x", "min": -0.5, "max": 2}, np.clip(x, -0.5, 2)),
            "min": ({"clip": "/x", "min": 0}, np.maximum(x, 0)), "max": ({"clip": "/x", "max": 0}, np.minimum(x, 0)),
            "sum": ({"sum": ["/x", "/y", 0.1]}, x + y + 0.1), "product": ({"product": ["/x", "/y", 2]}, x * y * 2),
            "difference": ({"difference": ["/x", "/y"]}, x - y), "ratio": ({"ratio": ["/x", "/y"]}, x / y),
            "sine": ({"sine": "/y", "period": 24}, np.sin(2 * np.pi * y / 24)),
            "cosine": ({"cosine": "/y", "period": 24}, np.cos(2 * np.pi * y / 24)),
            "less": ({"less": ["/x", "/y"]}, x < y), "less_equal": ({"less_equal": ["/x", "/y"]}, x <= y),
            "greater": ({"greater": ["/x", "/y"]}, x > y), "greater_equal": ({"greater_equal": ["/x", "/y"]}, x >= y),
            "equal": ({"equal": ["/x", "/y"]}, x == y), "not_equal": ({"not_equal": ["/x", 3]}, x != 3),
        }  # fmt: skip
        frame = Spec(features={k: body for k, (body, _) in cases.items()}).features(pd.DataFrame({"x": x, "y": y}))
        for name, (_, expected) in cases.items():
            np.testing.assert_allclose(frame[name], expected, rtol=1e-14, err_msg=name)
            self.assertEqual(frame[name].dtype, expected.dtype, name)


class Transforms(Case):
    """Rules that have no reference library."""

    def test_sums_go_from_left_to_right(self):
        self.assertEqual(compute({"sum": ["/a", "/b", "/c"]}, {"a": 0.1, "b": 0.2, "c": 0.3}), 0.1 + 0.2 + 0.3)
        self.assertEqual(compute({"sum": ["/a", "/b", "/c"]}, {"a": 1e16, "b": 1.0, "c": -1e16}), 0.0)

    def test_results_are_finite(self):
        for body in ({"sum": ["/x", "/x"]}, {"product": ["/x", 10]}, {"difference": ["/x", -1e308]},
                     {"ratio": ["/x", 0.1]}, {"ratio": [1, 0]}, {"ratio": [0, 0]}, {"log1p": -1}, {"log1p": -2},
                     {"sine": "/x", "period": 1}):  # fmt: skip
            self.rejects(body, {"x": 1e308}, "`f`")
        self.assertTrue(math.isnan(compute({"sum": ["n", "/x"]}, {"x": 1}, n={"field": "n", "missing": "nan"})))

    def test_texts(self):
        record = {"s": " ÉCOLE\u00a0\n", "t": "aaa", "n": 130}
        self.assertEqual(compute({"lower": "/s"}, record), " école\u00a0\n")
        self.assertEqual(compute({"trim": "/s"}, record), "ÉCOLE\u00a0")
        self.assertEqual(compute({"length": "/s"}, record), 8)
        self.assertEqual(compute({"length": "/t"}, {"t": "e\u0301🚕"}), 3)
        self.assertEqual(compute({"replace": "/t", "search": "aa", "with": "b"}, record), "ba")
        self.assertEqual(compute({"replace": "/t", "search": "a.", "with": ""}, record), "aaa")
        self.assertEqual(compute({"concat": ["/t", "/n", "f2"]}, record, f2={"constant": 7}), "aaa1307")
        self.assertEqual(compute({"concat": ["/t", "/t"], "separator": "→"}, record), "aaa→aaa")

    def test_numbers_are_texts_as_they_are_written(self):
        for written in ("130", "130.0", "1.50", "1e3", "1E-7", "123456789012345678901234567890"):
            self.assertEqual(compute({"concat": ["/n"]}, f'{{"n": {written}}}'), written)
        self.assertEqual(compute({"concat": ["/n"]}, {"n": 130.0}), "130.0")
        self.assertEqual(compute({"concat": ["/n"]}, {"n": np.int32(130)}), "130")
        self.assertEqual(compute({"concat": ["/n"]}, {"n": np.float64(1.5)}), "1.5")

    def test_strings_are_not_numbers_and_numbers_are_not_strings(self):
        for body in ({"absolute": "/x"}, {"field": "x", "type": "double"}, {"field": "/x", "type": "int64"}):
            self.rejects(body, {"x": "3"}, "`f`", "x`", "number" if "int64" not in body.values() else "integer", "'3'")
            self.rejects(body, {"x": True}, "true")
        self.rejects({"lower": "/x"}, {"x": True}, "a string or a number")
        self.rejects({"date": "/x", "part": "year"}, {"x": 2016}, "a date")
        self.rejects({"boolean": "/x"}, {"x": 1}, "true or false", "the number 1")

    def test_integers_are_written_as_such(self):
        body = {"field": "/x", "type": "int64"}
        self.assertEqual(compute(body, '{"x": 9007199254740993}'), 2**53 + 1)
        self.assertEqual(compute(body, '{"x": -9223372036854775808}'), -(2**63))
        for text in ("1.0", "1e3", "9223372036854775808"):
            self.rejects(body, f'{{"x": {text}}}', "integer")
        self.rejects(body, {"x": 130.0}, "Int64")

    def test_big_integers_are_compared_as_doubles(self):
        features = {"big": {"constant": 2**53 + 1}, "f": {"equal": ["big", "/x"]}}
        self.assertIs(Spec(features=features).row({"x": 2**53})["f"], True)
        text = {"s": {"cast": "/s", "to": "string"}, "f": {"equal": ["s", "big"]}, "big": features["big"]}
        self.assertIs(Spec(features=text).row({"s": "9007199254740992"})["f"], False)
        self.assertIs(Spec(features=text).row({"s": "9007199254740993"})["f"], True)

    def test_numbers_are_bounded(self):
        for text in ("1e400", "-1e400", "1" + "0" * 400):
            self.rejects({"absolute": "/x"}, f'{{"x": {text}}}', "number")
        self.assertEqual(compute({"absolute": "/x"}, '{"x": 1e-400}'), 0.0)
        self.rejects({"absolute": "/x"}, {"x": math.inf}, "a finite number")

    def test_equality_of_texts(self):
        aa = {"constant": "AA"}
        self.assertIs(compute({"equal": ["/c", "aa"]}, {"c": "AA"}, aa=aa), True)
        self.assertIs(compute({"not_equal": ["aa", "/c"]}, {"c": 7}, aa=aa), True)
        self.rejects({"equal": ["/c", "/d"]}, {"c": "AA", "d": "AA"}, "a number")
        self.refuses("features.f.equal", "7", features={"f": {"equal": ["aa", 7]}, "aa": aa})

    def test_casts_of_texts(self):
        good = {
            "double": {"12": 12.0, " -1.5e3\t": -1500.0, "+0.25": 0.25, "007": 7.0, "1e-400": 0.0},
            "int64": {"12": 12, "\n+3 ": 3, "-007": -7, "-9223372036854775808": -(2**63)},
            "bool": {"true": True, " FALSE ": False},
            "string": {" a ": " a "},
        }
        bad = {
            "double": ["", " ", ".5", "5.", "1e", "1e999", "nan", "inf", "0x1", "1_0", "1,5", "٣", "\u00a01", "--1"],
            "int64": ["", "1.0", "1e3", "9223372036854775808", "-9223372036854775809", "9" * 5000, "1_0", "٣", "+"],
            "bool": ["", "yes", "1", "\u00a0true"],
            "string": [],
        }
        for to, cases in good.items():
            for text, expected in cases.items():
                got = compute({"cast": "/x", "to": to}, {"x": text})
                self.assertEqual((got, type(got)), (expected, type(expected)), (to, text))
        for to, texts in bad.items():
            for text in texts:
                self.rejects({"cast": "/x", "to": to}, {"x": text}, "`f`")

    def test_casts_of_numbers_and_booleans(self):
        cases = [
            ("double", "3", 3.0), ("double", "true", 1.0), ("double", "9007199254740993", 2.0**53),
            ("int64", "-1.9", -1), ("int64", "1e3", 1000), ("int64", "9007199254740993", 2**53 + 1), ("int64", "false", 0),
            ("bool", "0.0", False), ("bool", "-2", True), ("bool", "true", True),
            ("string", "1.50", "1.50"), ("string", "7", "7"), ("string", "true", "true"),
        ]  # fmt: skip
        for to, text, expected in cases:
            got = compute({"cast": "/x", "to": to}, f'{{"x": {text}}}')
            self.assertEqual((got, type(got)), (expected, type(expected)), (to, text))
        for text in ("9223372036854775808", "1e19", "-1e19", "1e400", "[]", "{}"):
            self.rejects({"cast": "/x", "to": "int64"}, f'{{"x": {text}}}', "`f`")
        features = {"i": {"constant": -7}, "b": {"constant": True}, "d": {"constant": -7.9}}
        self.assertEqual(compute({"cast": "i", "to": "string"}, {}, **features), "-7")
        self.assertEqual(compute({"cast": "b", "to": "string"}, {}, **features), "true")
        self.assertEqual(compute({"cast": "d", "to": "int64"}, {}, **features), -7)
        self.refuses("features.f.cast", "int64", features={**features, "f": {"cast": "d", "to": "string"}})

    def test_constants_have_their_type(self):
        for constant, kind in ((3, "int64"), (3.0, "float64"), (True, "bool"), ("3", "object")):
            frame = Spec(features={"f": {"constant": constant}}).features(pd.DataFrame(index=["a", "b"]))
            self.assertEqual((frame["f"].tolist(), frame["f"].dtype), ([constant] * 2, kind))

    def test_half_a_surrogate_pair_is_no_text(self):
        self.rejects({"lower": "/x"}, '{"x": "\\ud800"}', "Unicode")
        self.assertEqual(compute({"lower": "/x"}, '{"x": "\\ud83d\\ude95"}'), "🚕")


class Dates(Case):
    def part(self, part, text, **options):
        return compute({"date": "/d", "part": part, **options}, {"d": text})

    def test_iso_8601(self):
        for text in ("2016-02-29", "2016-02-29T00:00", "2016-02-29 00:00:00", "2016-02-29T00:00:00.123456789Z",
                     "2016-02-29T00:00+0100", "2016-02-29T00:00:00-01", "2016-02-29T00:00-23:59"):  # fmt: skip
            self.assertEqual(self.part("day_of_year", text), 60, text)
        for text in ("2016-02-30", "2015-02-29", "1900-02-29", "2016-13-01", "2016-00-01", "0000-01-01", "2016-2-29", "",
                     "20160229", "2016-02-29T24:00", "2016-02-29T00:60", "2016-02-29T00:00:60", "2016-02-29T00", "2016-02-29Z",
                     "2016-02-29T00:00:00.", "2016-02-29T00:00:00.0123456789", "2016-02-29T00:00+24", "2016-02-29T00:00+0160",
                     "2016-02-29t00:00", "2016-02-29T00:00z", " 2016-02-29", "2016-02-29\n", "٢٠١٦-02-29"):  # fmt: skip
            self.rejects({"date": "/d", "part": "year"}, {"d": text}, "`f`", "`/d`", "a date")

    def test_parts_are_those_of_the_clock_that_wrote_the_date(self):
        self.assertEqual(self.part("hour", "2016-02-29T23:30:00-05:00"), 23)
        self.assertEqual(self.part("hour", "2016-02-29"), 0)
        self.assertEqual(self.part("day_of_week", "2016-02-29"), 0)
        self.assertEqual(self.part("weekend", "2016-02-28"), 1)

    def test_a_time_zone_moves_a_date_with_an_offset_across_midnight(self):
        zone = {"time_zone": "America/New_York"}
        self.assertEqual(self.part("day_of_month", "2016-03-01T04:59:59Z", **zone), 29)
        self.assertEqual(self.part("day_of_month", "2016-03-01T05:00Z", **zone), 1)
        self.assertEqual(self.part("day_of_month", "2016-03-01T04:59", **zone), 1)
        self.assertEqual(self.part("year", "2016-12-31T23:00-05:00", time_zone="Asia/Kolkata"), 2017)
        self.rejects({"date": "/d", "part": "year", "time_zone": "UTC"}, {"d": "0001-01-01T00:00+01:00"}, "year")
        self.rejects({"date": "/d", "part": "year", "time_zone": "Asia/Kolkata"}, {"d": "9999-12-31T23:00Z"}, "year")

    def test_times_shown_twice_and_left_out(self):
        def utc(text):
            return self.part("seconds", text) - self.part("seconds", "2016-01-01")

        def local(text):
            return self.part("seconds", text, time_zone="America/New_York") - self.part("seconds", "2016-01-01")

        self.assertEqual(local("2016-11-06T01:30"), utc("2016-11-06T05:30Z"))  # the first of two, still daylight time
        self.assertEqual(local("2016-03-13T02:30"), utc("2016-03-13T07:30Z"))  # left out: the offset before, -05:00
        self.assertEqual(local("2016-11-06T01:30-05:00"), utc("2016-11-06T06:30Z"))
        self.assertEqual(self.part("hour", "2016-03-13T02:30", time_zone="America/New_York"), 2)

    def test_seconds(self):
        self.assertEqual(self.part("seconds", "1970-01-01"), 0.0)
        self.assertEqual(self.part("seconds", "1970-01-01T00:00:01.5+00:00"), 1.5)
        self.assertEqual(self.part("seconds", "1969-12-31T23:59:59.75Z"), -0.25)
        self.assertEqual(self.part("seconds", "2022-06-02T09:18:34.132Z"), 1654161514.132)
        self.assertEqual(self.part("seconds", "0001-01-01T00:00+23:59"), -62135683140.0)
        since = {"date": "/d", "part": "seconds", "since": "/e"}
        self.assertEqual(compute(since, {"d": "2016-03-01", "e": "2016-02-28T23:59:59.999999999"}), 86400 + 1e-9)
        self.assertEqual(compute(since, {"d": "2016-02-28", "e": "2016-02-29"}), -86400.0)
        zone = {**since, "time_zone": "Europe/Berlin"}
        self.assertEqual(compute(zone, {"d": "2016-03-28", "e": "2016-03-27"}), 23 * 3600.0)
        self.assertEqual(compute(zone, {"d": "2016-03-28", "e": "2016-03-27T00:00Z"}), 22 * 3600.0)

    def test_dates_of_frames_are_their_iso_text(self):
        spec = Spec(features={"f": {"date": "/d", "part": "hour"}, "s": {"concat": ["/d"]}})
        stamps = pd.Series(pd.to_datetime(["2016-02-29T23:30:00.5", "2016-03-01T00:00:00.0"]))
        self.assertEqual(
            spec.features(pd.DataFrame({"d": stamps}))["s"].tolist(),
            ["2016-02-29T23:30:00.500000", "2016-03-01T00:00:00"],
        )
        self.assertEqual(spec.row({"d": np.datetime64("2016-02-29T23:30:00", "ns")})["f"], 23)
        self.assertEqual(spec.row({"d": stamps.dt.date[0]}), {"f": 0, "s": "2016-02-29"})
        self.rejects({"date": "/d", "part": "hour"}, {"d": pd.NaT}, "missing")


class Policies(Case):
    def test_missing_rejects(self):
        for record in ({}, {"x": None}, {"x": math.nan}, {"x": pd.NA}):
            for body in ({"absolute": "/x"}, {"field": "x"}, {"field": "x", "type": "string"}, {"lower": "/x"}):
                error = self.rejects(body, record, "`f`", "x`", "missing")
                self.assertEqual((error.feature, error.field.strip("/")), ("f", "x"))

    def test_defaults(self):
        for body in (
            {"field": "x", "type": "double", "default": 7}, {"field": "x", "type": "string", "default": ""},
            {"ordinal": "/x", "vocabulary": ["a"], "default": -9}, {"boolean": "/x", "default": False},
            {"date": "/x", "part": "year", "default": 1999}, {"concat": ["/x"], "default": "none"},
        ):  # fmt: skip
            got = compute(body, {})
            self.assertEqual(got, body["default"])
        self.assertIs(type(compute({"field": "x", "type": "double", "default": 7}, {})), float)
        self.assertEqual(compute({"one_hot": "/x", "vocabulary": ["a", "b"], "default": 0}, {}), [0.0, 0.0])
        self.rejects({"absolute": "/x", "default": 0}, {"x": "a"}, "'a'")

    def test_nan_makes_a_double(self):
        body = {"field": "x", "type": "int64", "missing": "nan"}
        spec = Spec(features={"f": body, "g": {"sum": ["f", 1]}, "h": {"log1p": "f", "default": -5}})
        frame = spec.features(pd.DataFrame({"x": pd.array([1, None], dtype="Int64")}))
        self.assertEqual(frame.dtypes.tolist(), ["float64"] * 3)
        np.testing.assert_array_equal(frame, [[1, 2, math.log1p(1)], [np.nan, np.nan, -5]])
        self.assertTrue(math.isnan(compute({"field": "x", "missing": "nan"}, {})))
        for column in compute({"one_hot": "/x", "vocabulary": ["a", "b"], "missing": "nan"}, {}):
            self.assertTrue(math.isnan(column))
        for column in compute({"hash": ["n"], "n_features": 2}, {}, n={"field": "n", "missing": "nan"}):
            self.assertTrue(math.isnan(column))

    def test_nan_needs_a_default_where_there_is_none(self):
        nan = {"n": {"field": "n", "type": "double", "missing": "nan"}}
        self.rejects({"bucketize": "n", "splits": [0]}, {}, "`f`", "`n`", "default", **nan)
        self.assertEqual(compute({"bucketize": "n", "splits": [0], "default": -1}, {}, **nan), -1)
        self.assertTrue(math.isnan(compute({"bucketize": "n", "splits": [0], "missing": "nan"}, {}, **nan)))
        self.assertEqual(compute({"bucketize": "n", "splits": [0], "missing": "nan"}, {"n": 1}, **nan), 1.0)
        self.rejects({"less": ["n", 1]}, {}, "NaN", **nan)

    def test_invalid_can_count_as_missing(self):
        self.assertEqual(compute({"absolute": "/x", "default": 3, "invalid": "missing"}, {"x": "a"}), 3.0)
        self.assertTrue(math.isnan(compute({"log1p": "/x", "missing": "nan", "invalid": "missing"}, {"x": -1})))
        self.rejects({"absolute": "/x", "invalid": "missing"}, {"x": "a"}, "'a'")
        body = {"date": "/d", "part": "year", "default": 0, "invalid": "missing"}
        self.assertEqual(compute(body, {"d": "2016-02-30"}), 0)

    def test_the_first_bad_operand_decides(self):
        body = {"sum": ["/x", "/y"], "default": 5}
        self.assertEqual(compute(body, {"y": "a"}), 5.0)
        self.rejects(body, {"x": "a"}, "`/x`")
        nan = {"n": {"field": "n", "missing": "nan"}}
        self.assertTrue(math.isnan(compute({"sum": ["n", "/y"]}, {}, **nan)))
        self.rejects({"sum": ["/y", "n"]}, {}, "`/y`", **nan)

    def test_a_features_own_policies_decide(self):
        error = self.rejects({"absolute": "x", "default": 0, "invalid": "missing"}, {}, x={"field": "x"})
        self.assertEqual(error.feature, "x")
        error = self.rejects(
            {"absolute": "x", "default": 0, "invalid": "missing"}, {"x": "a"}, "a number", x={"field": "x"}
        )
        self.assertEqual((error.feature, error.field), ("x", "x"))
        self.rejects({"absolute": "x"}, {"x": "a"}, "a number", x={"field": "x", "default": 4})
        lenient = {"field": "x", "default": 4, "invalid": "missing"}
        self.assertEqual(compute({"absolute": "x"}, {"x": "a"}, x=lenient), 4.0)
        self.assertEqual(compute({"concat": ["x", "x"]}, {}, x=lenient), "44")

    def test_the_row_is_named(self):
        spec = Spec(features={"f": {"absolute": "/x"}})
        with self.assertRaises(Rejected) as caught:
            spec.features(pd.DataFrame({"x": [1, "a"]}, index=["one", "two"]))
        self.assertEqual((caught.exception.row, caught.exception.found), ("two", "the string 'a'"))
        self.assertIn("row 'two': feature `f`, `/x`: expected a number, found the string 'a'", str(caught.exception))
        with self.assertRaises(Rejected) as caught:
            spec.features([{"x": 1}, {}])
        self.assertEqual(caught.exception.row, 1)


class Records(Case):
    def test_pointers(self):
        record = {"a/b": {"m~n": [10, {"": 11}]}, "a": 12, "/c": 13}
        for pointer, expected in (("/a~1b/m~0n/0", 10), ("/a~1b/m~0n/1/", 11), ("/a", 12), ("/~1c", 13)):
            self.assertEqual(compute({"absolute": pointer}, record), expected)
        for pointer in ("/a~1b/m~0n/00", "/a~1b/m~0n/-", "/a~1b/m~0n/2", "/a/b", "/a~1b/0", "/"):
            self.rejects({"absolute": pointer}, record, "missing")
        self.refuses("~0", features={"f": {"absolute": "/a~2"}})
        self.assertEqual(compute({"field": "a/b~", "type": "double"}, {"a/b~": 1}), 1.0)

    def test_cells_of_a_frame_may_be_nested(self):
        frame = pd.DataFrame({"ride": [{"zone": "7", "legs": np.array([1.5, 2])}, {"zone": 8, "legs": (3,)}]})
        features = {"z": {"lower": "/ride/zone"}, "l": {"absolute": "/ride/legs/0"}}
        got = Spec(features=features).features(frame)
        self.assertEqual(got.values.tolist(), [["7", 1.5], ["8", 3.0]])

    def test_frames_and_records_agree(self):
        frame = pd.DataFrame({
            "x": [1.5, np.nan, -3], "i": pd.array([1, None, 3], dtype="Int64"), "b": [True, False, True],
            "c": pd.Categorical(["AA", None, "B6"]), "f32": np.array([0.5, 1, 2], dtype="float32"),
            "d": pd.to_datetime(["2016-02-29", None, "2016-03-01"]),
        })  # fmt: skip
        features = {
            "x": {"field": "x", "missing": "nan"}, "i": {"field": "i", "type": "int64", "default": 0},
            "b": {"field": "b", "type": "bool"}, "c": {"ordinal": "/c", "vocabulary": ["AA", "B6"], "default": -1},
            "h": {"one_hot": "/c", "vocabulary": ["AA", "B6"], "default": 0}, "f": {"field": "f32", "type": "double"},
            "d": {"date": "/d", "part": "day_of_year", "default": 0}, "raw": {"field": "b"},
        }  # fmt: skip
        spec = Spec(features=features)
        wide = spec.features(frame)
        self.assertEqual(
            [str(kind) for kind in wide.dtypes],
            ["float64", "int64", "bool", "int64"] + ["float64"] * 3 + ["int64", "bool"],
        )
        rows = spec.features(frame.to_dict("records"))
        flat = [[*(v for cell in row.values() for v in (cell if isinstance(cell, list) else [cell]))] for row in rows]
        np.testing.assert_array_equal(wide.to_numpy(dtype="float64"), np.array(flat, dtype="float64"))

    def test_an_empty_frame_has_all_columns(self):
        spec = Spec(features={"f": {"absolute": "/x"}, "s": {"lower": "/x"}})
        frame = spec.features(pd.DataFrame({"x": []}))
        self.assertEqual(
            (list(frame), len(frame), [str(kind) for kind in frame.dtypes]), (["f", "s"], 0, ["float64", "object"])
        )

    def test_one_record_is_no_list(self):
        with self.assertRaises(TypeError):
            Spec(features={"f": {"constant": 1}}).features({"x": 1})
        with self.assertRaises(ValueError):
            Spec(features={"f": {"constant": 1}}).row("[]")
        with self.assertRaises(ValueError):
            Spec(features={"f": {"constant": 1}}).row('{"x": NaN}')


class Matrices(Case):
    FEATURES = {
        "x": {"field": "x"}, "n": {"field": "n", "type": "int64"}, "b": {"greater": ["x", 0]},
        "h": {"one_hot": "/s", "vocabulary": ["a", "b"]}, "s": {"field": "s", "type": "string"},
    }  # fmt: skip
    RECORDS = [{"x": 1.5, "n": 7, "s": "a"}, {"x": -1, "n": 8, "s": "b"}]

    def matrix(self, columns, dtype=None):
        spec = Spec(features=self.FEATURES, inputs={"X": columns}, check_use=False)
        return spec.matrix(self.RECORDS, "X", dtype)

    def test_columns_are_in_the_order_of_the_input(self):
        got = self.matrix(["h", "x", "b", "n", "h.b"])
        np.testing.assert_array_equal(got, [[1, 0, 1.5, 1, 7, 0], [0, 1, -1, 0, 8, 1]])
        self.assertEqual(got.dtype, "float64")
        self.assertEqual(self.matrix(["h", "x"], "float32").dtype, "float32")

    def test_types_are_those_of_the_input(self):
        self.assertEqual(self.matrix(["n"]).dtype, "int64")
        self.assertEqual(self.matrix(["b"]).dtype, "bool")
        self.assertEqual(self.matrix(["n", "s"]).tolist(), [["7", "a"], ["8", "b"]])
        self.assertEqual(self.matrix(["n", "b"], "int32").tolist(), [[7, 1], [8, 0]])
        for columns, dtype in (
            (["x", "s"], None),
            (["h"], "int64"),
            (["s"], "float32"),
            (["n"], "bool"),
            (["h"], object),
        ):
            with self.assertRaises((SpecError, Rejected)):
                self.matrix(columns, dtype)

    def test_what_the_type_can_not_hold_is_rejected(self):
        for value, dtype in ((1e39, "float32"), (2**31, "int32")):
            spec = Spec(features={"f": {"field": "x"}}, inputs={"X": ["f"]})
            with self.assertRaises(Rejected) as caught:
                spec.matrix([{"x": 1}, {"x": value}], "X", dtype)
            self.assertEqual((caught.exception.row, caught.exception.feature), (1, "f"))

    def test_without_features_inputs_list_fields(self):
        spec = Spec(inputs={"X": ["b", "a"]})
        np.testing.assert_array_equal(spec.matrix(pd.DataFrame({"a": [1, 2], "b": [3, 4]}), "X"), [[3, 1], [4, 2]])


class Lookups(Case):
    ROWS = [
        {"origin": "JFK", "dest": "LAX", "miles": 2475, "hours": 6.5, "name": "x, y"},
        {"origin": "7", "dest": "é", "miles": 762, "hours": None, "name": ""},
        {"origin": "007", "dest": "é", "miles": -1, "hours": 2, "name": 'q"\nq'},
    ]
    BODY = {"by": {"origin": "/o", "dest": "/d"}}

    def setUp(self):
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def write(self, file, text):
        (self.directory / file).write_bytes(text if isinstance(text, bytes) else text.encode())

    def tables(self):
        """The same table in each format that can be written here."""
        frame = pd.DataFrame(self.ROWS)
        frame.to_csv(self.directory / "t.csv", index=False)
        frame.to_csv(self.directory / "bom.csv", index=False, encoding="utf-8-sig", lineterminator="\r\n")
        self.write("t.jsonl", "".join(json.dumps(row) + "\n\n" for row in self.ROWS))
        files = ["t.csv", "bom.csv", "t.jsonl"]
        if pyarrow:
            frame.to_parquet(self.directory / "t.parquet")
            files.append("t.parquet")
        return files

    def look(self, body, record):
        return Spec(features={"f": body}, directory=self.directory).row(record)["f"]

    def test_formats_agree(self):
        for file in self.tables():
            body = {"lookup": file, **self.BODY}
            self.assertEqual(self.look({**body, "value": "miles"}, {"o": "JFK", "d": "LAX"}), 2475, file)
            self.assertEqual(self.look({**body, "value": "miles"}, {"o": 7, "d": "é"}), 762, file)
            self.assertEqual(self.look({**body, "value": "miles"}, {"o": "007", "d": "é"}), -1, file)
            both = {**body, "values": ["name", "hours"], "missing": "nan"}
            with self.assertRaisesRegex(SpecError, "NaN"):
                self.look(both, {})
            got = self.look({**body, "values": ["hours", "miles"], "missing": "nan"}, {"o": "7", "d": "é"})
            self.assertTrue(math.isnan(got[0]) and got[1] == 762.0 and type(got[1]) is float, file)
            self.assertEqual(self.look({**body, "value": "name"}, {"o": "007", "d": "é"}), 'q"\nq', file)
            self.assertEqual(self.look({**body, "value": "name"}, {"o": "7", "d": "é"}), "", file)

    def test_missing_rows_and_cells(self):
        for file in self.tables():
            body = {"lookup": file, **self.BODY, "value": "hours"}
            for record in ({"o": "JFK", "d": "SFO"}, {"o": "7", "d": "é"}):
                with self.assertRaisesRegex(Rejected, f"`f`: {file} has"):
                    self.look(body, record)
                self.assertEqual(self.look({**body, "default": 1}, record), 1.0)
            with self.assertRaisesRegex(Rejected, "`/d`"):
                self.look(body, {"o": "JFK"})

    def test_types_of_columns(self):
        self.write("t.csv", "k,i,d,s,e,z,big\n1,0,0.5,007,,+1,9223372036854775808\n2,-7,,x,,2,1\n3,12,1e3,,, 3,2\n")
        body = {"lookup": "t.csv", "by": {"k": "/k"}}
        features = {
            c: {**body, "value": c, "default": "" if c in "sz" else 0} for c in ("i", "d", "s", "e", "z", "big")
        }
        frame = Spec(features=features, directory=self.directory).features(pd.DataFrame({"k": [1, 2, 3, 4]}))
        self.assertEqual(
            [str(kind) for kind in frame.dtypes], ["int64", "float64", "object", "float64", "object", "float64"]
        )
        self.assertEqual(frame["s"].tolist(), ["007", "x", "", ""])
        self.write("zip.csv", "k,zip\n1,02134\n2,10001\n")
        self.assertEqual(self.look({"lookup": "zip.csv", "by": {"k": "/k"}, "value": "zip"}, {"k": 1}), "02134")
        self.assertEqual(frame["d"].tolist(), [0.5, 0, 1000, 0])
        self.write("t.jsonl", '{"k": 1, "v": 1.50, "t": true}\n{"k": "2", "v": "a", "t": "x"}\n{"k": 3.0}\n')
        body = {"lookup": "t.jsonl", "by": {"k": "/k"}, "values": ["v", "t"], "default": "-"}
        self.assertEqual([self.look(body, {"k": key}) for key in (1, 2, "3.0", 3)],
                         [["1.50", "true"], ["a", "x"], ["-", "-"], ["-", "-"]])  # fmt: skip

    @unittest.skipUnless(pyarrow, "pyarrow is not installed")
    def test_parquet_types(self):
        frame = pd.DataFrame({
            "k": [1, 2], "b": [True, None], "f": np.array([1, 2], dtype="float32"), "c": pd.Categorical(["x", "y"]),
            "d": pd.to_datetime(["2016-02-29", "2016-02-29"]),
        })  # fmt: skip
        frame.to_parquet(self.directory / "t.parquet")
        body = {"lookup": "t.parquet", "by": {"k": "/k"}}
        self.assertEqual(self.look({**body, "values": ["c", "b"]}, {"k": 1}), ["x", "true"])
        self.assertEqual(self.look({**body, "value": "f"}, {"k": "2"}), 2.0)
        for other, message in (({"value": "d"}, "timestamp"), ({"by": {"f": "/k"}, "value": "k"}, "floats")):
            with self.assertRaisesRegex(SpecError, message):
                self.look({**body, **other}, {"k": 1})

    def test_bad_tables(self):
        good = {"by": {"k": "/k"}, "value": "v"}
        cases = {
            "k,v\n1,2\n1,3\n": "line 2 and line 3 have the same key",
            "k,w\n1,2\n": "no column 'v'",
            "k,v,v\n1,2,3\n": "two columns 'v'",
            "k,v\n1\n": "line 2: expected 2 cells, found 1",
            "": "no column 'k'",
            'k,v\n"1,2\n': "line",
            "k,v\n1,1e999\n": "range of doubles",
        }
        for text, message in cases.items():
            self.write("t.csv", text)
            self.refuses(
                "features.f.lookup: t.csv",
                message,
                features={"f": {"lookup": "t.csv", **good}},
                directory=self.directory,
            )
        for text, message in {
            '{"k": 1, "v": 2}\n{"k": "1"}\n': "line 1 and line 2 have the same key",
            '{"k": 1, "v": 2}\n{"v": 2}\n': "line 2: the key is empty",
            '{"k": 1}\n': "no column 'v'",
            '{"k": 1, "v": []}\n': "line 1: 'v' is an array",
            "[]\n": "line 1",
            '{"k": 1, "v": NaN}\n': "line 1",
        }.items():
            self.write("t.jsonl", text)
            self.refuses(
                "features.f.lookup", message, features={"f": {"lookup": "t.jsonl", **good}}, directory=self.directory
            )
        self.write("t.csv", b"k,v\n\xff,1\n")
        self.refuses("t.csv", features={"f": {"lookup": "t.csv", **good}}, directory=self.directory)
        for file, message in (
            ("no.csv", "no.csv"),
            ("../t.csv", "plain name"),
            ("t.txt", ".parquet"),
            ("/t.csv", "plain"),
        ):
            self.refuses(
                "features.f.lookup", message, features={"f": {"lookup": file, **good}}, directory=self.directory
            )

    def test_columns_are_operands(self):
        self.write("a.csv", "iata,lat,lon\nJFK,40.64,-73.78\nLAX,33.94,-118.4\n")
        airport = {"lookup": "a.csv", "values": ["lat", "lon"]}
        features = {
            "o": {**airport, "by": {"iata": "/o"}}, "d": {**airport, "by": {"iata": "/d"}},
            "f": {"great_circle": ["o.lat", "o.lon", "d.lat", "d.lon"]},
        }  # fmt: skip
        spec = Spec(features=features, directory=self.directory)
        self.assertAlmostEqual(spec.row({"o": "JFK", "d": "LAX"})["f"], 3974, delta=5)
        self.assertEqual(spec.tables, [self.directory / "a.csv"])
        self.refuses("several columns", "o.lat", features={**features, "f": {"log1p": "o"}}, directory=self.directory)
        self.refuses("no column `lt`", "`lat`", features={**features, "f": {"log1p": "o.lt"}}, directory=self.directory)


class BadSpecs(Case):
    def bad(self, body, *words, **others):
        self.refuses("features.f", *words, features={"f": body, **others})

    def test_keys(self):
        self.refuses("`feature`", "did you mean `features`", feature={})
        self.bad({"feild": "x"}, "`feild`", "did you mean `field`")
        self.bad({"field": "x", "typ": "double"}, "`typ`", "`type`")
        self.bad({"log1p": "/x", "separator": "_"}, "unknown key `separator`")
        self.bad({"log1p": "/x", "absolute": "/x"}, "one transform", "`log1p`", "`absolute`")
        self.bad({"default": 1}, "no transform")
        self.bad({}, "no transform")
        self.bad("x", "field")
        self.bad({"cast": "/x"}, "needs `to`")
        self.bad({"slice": "/x", "stop": "1"}, "stop", "an integer")
        self.refuses("name", "3", name=3)
        self.refuses("features", "a table", features=[])
        self.refuses("features", "empty", features={"": {"constant": 1}})
        self.refuses("/x", "pointers", features={"/x": {"constant": 1}})

    def test_names(self):
        self.refuses(
            "features.hour", "unknown feature `dep`", "JSON pointer, `/dep`", features={"hour": {"absolute": "dep"}}
        )
        self.bad({"absolute": "dep_dely"}, "did you mean `dep_delay`", dep_delay={"field": "x"})
        self.refuses("inputs.X", "`a`", features={"b": {"field": "x"}}, inputs={"X": ["a"]})
        self.refuses("event_time", "`a`", features={"b": {"field": "x"}}, event_time="a")
        self.bad({"hash": ["/x"], "n_features": 2}, "names of features")

    def test_circles(self):
        self.bad({"absolute": "f"}, "`f` → `f`")
        features = {"f": {"absolute": "g"}, "g": {"absolute": "h"}, "h": {"log1p": "f"}}
        self.refuses("features.h.log1p", "`f` → `g` → `h` → `f`", features=features)

    def test_use(self):
        features = {"a": {"field": "x"}, "b": {"absolute": "a"}, "c": {"field": "y"}}
        self.refuses("features.c", "nothing uses it", features=features, inputs={"X": ["b"]})
        Spec(features=features, inputs={"X": ["b", "c"]})
        Spec(features=features, inputs={"X": ["b"]}, event_time="c")
        Spec(features=features, inputs={"X": ["b"]}, check_use=False)
        Spec(features=features)

    def test_types(self):
        texts = {"s": {"constant": "a"}, "d": {"constant": 0.5}, "b": {"constant": True}}
        self.bad({"absolute": "s"}, "`s` is a `string`", "a number", "cast", **texts)
        self.bad({"lower": "d"}, "`d` is a `double`", "a text", "int64", **texts)
        self.bad({"lower": "b"}, "`b` is a `bool`", **texts)
        self.bad({"date": "d", "part": "year"}, "a date", **texts)
        self.bad({"boolean": "d"}, "a boolean", **texts)
        self.bad({"equal": ["s", "d"]}, "a text", **texts)
        self.bad({"lower": 3}, "3")
        self.bad({"absolute": math.nan}, "nan")
        self.bad({"absolute": True}, "True")
        self.bad({"sum": []}, "a list")
        self.bad({"sum": "x"}, "a list")
        self.bad({"ratio": ["/x"]}, "2 operands", "1")
        self.bad({"constant": []}, "constant")
        self.bad({"field": "x", "type": "float"}, "type", "'float'", "`double`")
        self.refuses("event_time", "`b`", features=texts, event_time="b")

    def test_policies(self):
        self.bad({"log1p": "/x", "default": 0, "missing": "nan"}, "missing", "default")
        self.bad({"log1p": "/x", "missing": "drop"}, "missing", "'drop'", "`nan`")
        self.bad({"log1p": "/x", "invalid": "nan"}, "invalid", "`missing`")
        self.bad({"lower": "/x", "missing": "nan"}, "strings have no NaN")
        self.bad({"log1p": "/x", "default": "0"}, "default", "`double`", "'0'")
        self.bad({"length": "/x", "default": 0.0}, "default", "`int64`")
        self.bad({"boolean": "/x", "default": 0}, "default", "`bool`")
        self.bad({"log1p": "/x", "default": math.inf}, "default", "inf")
        self.bad({"log1p": "x"}, "`x`", "'a'", "a number", x={"field": "x", "default": "a"})
        self.bad({"lower": "x"}, "`x`", "0.5", "more than one text", x={"field": "x", "default": 0.5})
        self.bad({"lower": "x"}, "`double`", x={"field": "x", "missing": "nan"})

    def test_options(self):
        for body, *words in (
            ({"clip": "/x"}, "`min`"), ({"clip": "/x", "min": 2, "max": 1}, "above `max`"),
            ({"sine": "/x", "period": 0}, "greater than 0"), ({"sine": "/x", "period": "24"}, "a finite number"),
            ({"bucketize": "/x", "splits": [1, 1]}, "ascend"), ({"bucketize": "/x", "splits": []}, "a list"),
            ({"replace": "/x", "search": "", "with": "a"}, "search"),
            ({"ordinal": "/x", "vocabulary": ["7", 7]}, "'7'", "twice"), ({"ordinal": "/x", "vocabulary": [1.5]}, "1.5"),
            ({"ordinal": "/x", "vocabulary": ["a", "b"], "unknown_value": 1}, "unknown_value"),
            ({"one_hot": "/x", "vocabulary": ["a"], "handle_unknown": "ignored"}, "did you mean `ignore`"),
            ({"date": "/x", "part": "weekday"}, "'weekday'"), ({"date": "/x", "part": "year", "since": "/y"}, "since"),
            ({"date": "/x", "part": "year", "time_zone": "New York"}, "time_zone", "America/New_York"),
            ({"date": "/x", "part": "year", "time_zone": "../UTC"}, "time_zone"),
            ({"great_circle": ["/a", "/b", "/c"]}, "4 operands"), ({"great_circle": [0, 0, 0, 0], "radius": -1}, "radius"),
            ({"lookup": "t.csv", "by": {}, "value": "v"}, "by"), ({"lookup": "t.csv", "by": {"k": "/k"}}, "`value`"),
            ({"concat": ["/x"], "separator": 1}, "separator"), ({"field": ""}, "field"),
        ):  # fmt: skip
            with self.subTest(body=body):
                self.bad(body, *words)
        self.bad({"hash": ["g"], "n_features": 0}, "n_features", g={"field": "x"})
        self.bad({"hash": ["g", "g"], "n_features": 2}, "twice", g={"field": "x"})

    def test_results(self):
        for member, *words in (
            ({}, "`output`"), ({"output": "y", "field": "x"}, "one of"), ({"outptu": "y"}, "did you mean `output`"),
            ({"field": "x", "round": 2}, "`round`"), ({"output": "y", "round": 16}, "0 to 15"), ({"output": "y", "round": 1.0}, "1.0"),
            ({"output": "y", "decision": ["a", "b"]}, "`threshold`"), ({"output": "y", "threshold": "0.5"}, "'0.5'"),
            ({"output": "y", "threshold": 0.5, "decision": ["a"]}, "two words"), ({"output": "y", "classes": []}, "classes"),
            ({"output": "y", "classes": ["yes"], "class": "yse"}, "did you mean `yes`"), ("y", "output"),
            ({"output": "y", "threshold": 0.5, "round": 1}, "round"), ({"field": "/a~"}, "~0"),
        ):  # fmt: skip
            with self.subTest(member=member):
                self.refuses("result.r", *words, result={"r": member})
        Spec(
            result={
                "r": {"output": "y", "classes": ["a", "b"], "class": "a", "threshold": 0.5, "decision": ["no", "yes"]}
            }
        )


class Files(Case):
    KEYS = {
        "name": "n \"quoted\" \\ \x7f \x01 é\n",
        "event_time": "/t",
        "features": {
            "a b": {"field": "x.y", "type": "double", "default": 1e-05},
            "c": {"ordinal": "/c", "vocabulary": ["", 7, "ü"], "unknown_value": -1},
            "d": {"sum": ["a b", 1, -2.5, 1e22]},
            "e": {"concat": ["/s"], "default": "", "invalid": "missing"},
            "b": {"constant": True},
        },
        "inputs": {"X": ["c", "d", "b"], "in put": ["e"]},
        "result": {"p": {"output": "prob", "classes": ["a", "b"], "round": 4}, "id": {"field": "id"}},
    }  # fmt: skip

    def setUp(self):
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def test_a_saved_spec_is_the_same(self):
        path = self.directory / "serving.toml"
        Spec(self.KEYS).save(path)
        self.assertEqual(json.loads(Spec.load(path).metadata()["serving"]), self.KEYS)
        (self.directory / "serving.json").write_text(json.dumps(self.KEYS))
        self.assertEqual(json.loads(Spec.load(self.directory / "serving.json").metadata()["serving"]), self.KEYS)

    def test_metadata_is_json_text_of_plain_values(self):
        vocabulary = ["1E5", "0o7", "é"]
        feature = {"ordinal": "/c", "vocabulary": np.array(vocabulary), "unknown_value": np.int64(-1)}
        serving = json.loads(Spec(features={"f": feature}).metadata()["serving"])
        self.assertEqual(serving["features"]["f"], {"ordinal": "/c", "vocabulary": vocabulary, "unknown_value": -1})

    def test_the_documents_example(self):
        text = (Path(__file__).parents[2] / "docs" / "serving-spec.md").read_text()
        (self.directory / "serving.toml").write_text(text.split("```toml\n")[1].split("```")[0])
        (self.directory / "distances.csv").write_text("origin,dest,distance\nJFK,LAX,2475\n")
        spec = Spec.load(self.directory / "serving.toml")
        record = {"DepDelay": 5, "Carrier": "UA", "FlightDate": "2016-12-31", "Origin": "JFK", "Dest": "LAX"}
        np.testing.assert_array_equal(spec.matrix([record], "X"), [[5, 2, 366, math.log1p(2475)]])

    def test_bad_files(self):
        path = self.directory / "serving.toml"
        for text in ("[features\n", "features = 3\n"):
            path.write_text(text)
            with self.assertRaises(SpecError):
                Spec.load(path)
        with self.assertRaises(FileNotFoundError):
            Spec.load(self.directory / "none.toml")

    def test_files_go_beside_a_logged_model(self):
        """Under MLflow 2 and 3, whichever is installed."""
        import logging

        import mlflow
        import onnx

        logging.getLogger("mlflow").setLevel(logging.ERROR)
        self.addCleanup(mlflow.set_tracking_uri, mlflow.get_tracking_uri())
        mlflow.set_tracking_uri(f"sqlite:///{self.directory}/mlflow.db")
        (self.directory / "t.csv").write_text("k,v\n1,2\n")
        spec = Spec(features={"f": {"lookup": "t.csv", "by": {"k": "/k"}, "value": "v"}}, directory=self.directory)
        spec.save(self.directory / "serving.toml")
        port = onnx.helper.make_tensor_value_info
        graph = onnx.helper.make_graph(
            [onnx.helper.make_node("Identity", ["X"], ["Y"])], "g", [port("X", 1, [None, 1])], [port("Y", 1, [None, 1])]
        )
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
        experiment = mlflow.create_experiment("files", (self.directory / "artifacts").as_uri())
        name = "artifact_path" if mlflow.__version__.startswith("2.") else "name"
        with mlflow.start_run(experiment_id=experiment):
            info = mlflow.onnx.log_model(model, **{name: "model"}, metadata=spec.metadata())
        log_files(info, self.directory / "serving.toml", *spec.tables)
        (logged,) = (self.directory / "artifacts").rglob("MLmodel")
        self.assertEqual((logged.parent / "t.csv").read_text(), "k,v\n1,2\n")
        self.assertEqual(Spec.load(logged.parent / "serving.toml").row({"k": 1}), {"f": 2})
        self.assertIn('"lookup": "t.csv"', logged.read_text())


if __name__ == "__main__":
    unittest.main()
