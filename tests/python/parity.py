#!/usr/bin/env python3
"""Makes random serving specs and records, with their features as python/stream_predictor.py computes them.

    parity.py SEED COUNT DIR

Writes lookup tables to DIR and prints COUNT lines, the same for the same seed: `{"spec": {…}, "records":
[…]}`. Each record has its JSON text, `document`, and either `features` or `rejected`:

- `features` has each feature by its name: a value, or a list of the feature's columns. NaN is the string "NaN"; no
  string feature has that value. An `int64` is a number without fraction, a `double` has a fraction or an exponent. Fields
  without a type are left out.
- `rejected` names the feature at which Python stops. Features are computed in the order of the spec, each after those
  that it reads. Another order may stop at another feature. The test only compares that some feature rejects the record.

Specs have no inputs. Without pyarrow no table is in Parquet.
"""

import csv
import json
import random
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))

from stream_predictor import Rejected, Spec  # noqa: E402

try:
    from pyarrow import Table, parquet
except ImportError:
    parquet = None

WORDS = [
    "", " ", "a", "A", "AA", "B6", "UA", "7", "007", "130", "130.0", "-1", "true", "False", " true\t", "1e3", "+5",
    "9223372036854775807", "9223372036854775808", "3.25", ".5", "5.", "1e999", "\u00a07", " 12 ", "-0.0", "ab ab",
    "Straße", "ÉCOLE", "ΟΔΥΣΣΕΥΣ", "İstanbul", "東京都", "🚕🚗", "e\u0301", "a_b", "x=y", 'quo"te', "com,ma", "new\nline",
    "nul\x00", "half\u3000", "\ufeffbom",
]  # fmt: skip
NUMBERS = [
    "0", "1", "-1", "2", "7", "42", "130", "-273", "90", "-90", "180", "90.5", "-180.25", "0.5", "-0.5", "1.0", "130.0",
    "1.50", "2.5e0", "1e3", "1E-7", "-0.0", "3.14159", "60", "1e308", "-1e308", "1e400", "1e-400", "9007199254740993",
    "9223372036854775807", "-9223372036854775808", "9223372036854775808", "123456789012345678901234567890",
    "4.35e-3", "1654161514.132", "-86400", "0.1", "0.2", "0.3",
]  # fmt: skip
DATES = [
    "2016-02-29", "2016-02-28", "2015-02-29", "2016-02-30", "1900-02-29", "2000-02-29", "2016-12-31", "2015-12-31",
    "0001-01-01", "9999-12-31", "0000-01-01", "1969-12-31T23:59:59.999999999Z", "2016-02-29T23:30:00Z",
    "2016-02-29T23:30:00-05:00", "2016-03-01T04:30Z", "2016-03-13T02:30", "2016-03-13T02:30:00", "2016-11-06T01:30",
    "2016-11-06 01:30:00.5", "2016-11-06T05:30:00Z", "2016-11-06T06:30:00Z", "2016-03-27T02:15:00", "2016-10-30T02:15:00",
    "2024-07-01T12:00:00.123456789+0530", "2024-07-01T12:00:00.1+01", "2024-07-01T00:00:00+00:00", "2024-07-01T24:00",
    "2024-07-01T12:60", "2024-07-01T12:00:60", "2024-07-01T12:00+24:00", "2024-07-01T12:00+05:60", "2024-07-01T12",
    "2024-07-01T12:00:00.", "2024-07-01T12:00:00.1234567890Z", "2024-7-1", "20240701", "2024-07-01Z", " 2024-07-01",
    "2024-07-01T12:00:00 Z", "2024-07-01t12:00:00z", "٢٠٢٤-07-01", "2018-11-04T00:30:00-03:00", "2018-11-04",
    "0001-01-01T00:30+01:00", "9999-12-31T23:30-01:00", "2024-01-01T00:00-00:00", "2011-12-30T12:00",
]  # fmt: skip
ZONES = [
    "America/New_York", "Europe/Berlin", "Asia/Kolkata", "UTC", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia",
]  # fmt: skip
OTHERS = ["null", "true", "false", "[]", "{}", "[1, 2]", '{"a": 1}', '"\\ud800"']
PARTS = [
    "year", "month", "day_of_month", "hour", "minute", "day_of_week", "day_of_year", "weekend", "seconds", "seconds",
]  # fmt: skip

# The fields of a record, and the kind of value that each should hold. Some names need the escapes of RFC
# 6901.
FIELDS = {
    "/n": "number", "/m": "number", "/x/y": "number", "/i": "integer", "/x/i": "integer", "/list/0": "integer",
    "/s": "word", "/t": "word", "/x/s": "word", "/a~1b": "word", "/m~0n": "word", "/c": "category", "/x/c": "category",
    "/d": "date", "/x/d": "date", "/b": "boolean", "/x/b": "boolean", "/digits": "digits", "/lat": "latitude",
    "/lon": "longitude", "/list/1/k": "key", "/k": "key",
}  # fmt: skip
CATEGORIES = ["AA", "B6", "UA", "130", "東京", "a.b"]
KEYS = ["JFK", "LGA", "7", "007", "", "É", "-3"]
FIT = {
    "number": ("number", "integer", "latitude", "longitude"),
    "integer": ("integer",),
    "text": ("word", "category", "key", "integer", "number", "digits", "date"),
    "date": ("date",),
    "boolean": ("boolean",),
    "anything": tuple(set(FIELDS.values())),
}
TYPES_FOR = {
    "number": ("double", "int64", "bool"),
    "text": ("string", "int64"),
    "date": ("string",),
    "boolean": ("bool",),
    "anything": ("double", "int64", "bool", "string"),
}


def value(rng: random.Random, kind: str) -> str:
    """The JSON text of a value of the right kind."""
    match kind:
        case "number":
            return rng.choice(NUMBERS) if rng.random() < 0.3 else repr(round(rng.gauss(0, 50), rng.randrange(6)))
        case "integer":
            return (
                str(rng.randint(-20, 200)) if rng.random() < 0.9 else rng.choice(["9007199254740993", str(2**63 - 1)])
            )
        case "latitude" | "longitude":
            limit = 90 if kind == "latitude" else 180
            return (
                repr(round(rng.uniform(-limit, limit), 5))
                if rng.random() < 0.9
                else str(rng.choice([-limit, 0, limit]))
            )
        case "word":
            return json.dumps(rng.choice(WORDS), ensure_ascii=rng.random() < 0.5)
        case "category":
            return "130" if rng.random() < 0.1 else json.dumps(rng.choice([*CATEGORIES, "ZZ"]), ensure_ascii=False)
        case "key":
            return "7" if rng.random() < 0.1 else json.dumps(rng.choice([*KEYS, "nowhere"]), ensure_ascii=False)
        case "date":
            return json.dumps(rng.choice(DATES) if rng.random() < 0.3 else random_date(rng))
        case "boolean":
            return rng.choice(["true", "false"])
        case _:
            return json.dumps(rng.choice(["12", " -7 ", "+3", "1.5", "2e3", "true", "FALSE", "12a", "0x1", "1_0"]))


def random_date(rng: random.Random) -> str:
    """A date or date-time from 1970 to 2037, for which the rules of every zone are known."""
    text = f"{rng.randint(1970, 2037)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    if rng.random() < 0.7:
        text += f"{rng.choice('T ')}{rng.randint(0, 23):02}:{rng.randint(0, 59):02}"
        if rng.random() < 0.7:
            text += f":{rng.randint(0, 59):02}" + rng.choice(["", "", f".{rng.randint(0, 10**6):06}"])
        text += rng.choice(["", "", "Z", "+01:00", "-0330", "+14"])
    return text


def anything(rng: random.Random) -> str:
    """The JSON text of a value of any kind."""
    kind = rng.choice(["number", "word", "date", "other", "other"])
    return rng.choice(OTHERS) if kind == "other" else value(rng, kind)


def document(rng: random.Random, harm: float) -> str:
    """The JSON text of a record. Each field is missing or of any kind with probability `harm`."""
    texts: dict[str, str] = {}
    for field, kind in FIELDS.items():
        if rng.random() >= harm:
            texts[field] = value(rng, kind)
        elif rng.random() < 0.7:
            texts[field] = rng.choice(["null", anything(rng)])

    def members(prefix: str, names: list[str]) -> list[str]:
        return [f"{json.dumps(name)}: {texts[prefix + name]}" for name in names if prefix + name in texts]

    top = members("/", ["n", "m", "i", "s", "t", "c", "d", "b", "digits", "lat", "lon", "k"])
    top += [f'"{name}": {texts[field]}' for name, field in (("a/b", "/a~1b"), ("m~n", "/m~0n")) if field in texts]
    within = "{" + ", ".join(members("/x/", ["y", "i", "s", "c", "d", "b"])) + "}"
    top.append(f'"x": {within if rng.random() >= harm / 4 else anything(rng)}')
    key = '{"k": ' + texts["/list/1/k"] + "}" if "/list/1/k" in texts else "{}"
    items = f"[{texts.get('/list/0', 'null')}, {key}]"
    top.append(f'"list": {items if rng.random() >= harm / 4 else anything(rng)}')
    rng.shuffle(top)
    return "{" + ", ".join(top) + "}"


class Maker:
    """Makes one spec, feature by feature. Each feature may read those before it."""

    def __init__(self, rng: random.Random, directory: Path, tag: str):
        self.rng, self.directory, self.tag = rng, directory, tag
        self.features: dict[str, dict] = {}
        self.columns: dict[str, str | None] = {}  # the type of each operand, by its name

    def spec(self) -> Spec:
        """A spec of some valid features."""
        wanted = self.rng.randint(1, 8)
        while len(self.features) < wanted:
            name = self.rng.choice(["f", "g.h", "ride id", "é"]) + str(len(self.features))
            transform = self.rng.choice(TRANSFORMS)
            body = getattr(self, transform)()
            self.policies(body)
            spec = self.compiled({**self.features, name: body})
            if spec is None:
                body = {key: body[key] for key in body if key not in ("default", "missing", "invalid")}
                spec = self.compiled({**self.features, name: body})
            if spec is not None:
                self.features[name] = body
                labels = spec._labels(name)
                self.columns |= {label: c.type for label, c in zip(labels[:8], spec._columns[name][:8], strict=True)}
        names = list(self.features)
        self.rng.shuffle(names)
        return Spec(features={name: self.features[name] for name in names}, directory=self.directory)

    def compiled(self, features: dict) -> Spec | None:
        """The spec, or None if a policy does not fit its type, or an option its operand."""
        try:
            return Spec(features=features, directory=self.directory)
        except ValueError:
            return None

    def policies(self, body: dict) -> None:
        rng = self.rng
        if rng.random() < 0.3:
            body["default"] = rng.choice([0, -1, 1.5, 2**53 + 1, True, False, "unknown", "2016-02-29", "", "7"])
        elif rng.random() < 0.3:
            body["missing"] = "nan"
        if rng.random() < 0.4:
            body["invalid"] = "missing"

    def operand(self, ask: str) -> Any:
        """An operand that has the type, or may have it."""
        rng = self.rng
        if ask == "number" and rng.random() < 0.12:
            return rng.choice([0, 1, -1.5, 2, 1e3, 0.1, 60])
        fitting = [name for name, kind in self.columns.items() if kind in (None, *TYPES_FOR[ask])]
        if fitting and rng.random() < 0.5:
            return rng.choice(fitting)
        return rng.choice([field for field, kind in FIELDS.items() if kind in FIT[ask]])

    def operands(self, ask: str, least: int = 1, most: int = 4) -> list:
        return [self.operand(ask) for _ in range(self.rng.randint(least, most))]

    def options(self, **options: Any) -> dict:
        """A random selection of the options."""
        return {key: option for key, option in options.items() if self.rng.random() < 0.5}

    def field(self) -> dict:
        name = self.rng.choice([*FIELDS, "n", "a/b", "m~n", "s", "nowhere", "/list/01", "/list/-", "/x"])
        kind = self.rng.choice(["double", "int64", "bool", "string"])
        if name in FIELDS and self.rng.random() < 0.8:
            kinds = {
                "number": "double",
                "integer": "int64",
                "boolean": "bool",
                "latitude": "double",
                "longitude": "double",
            }
            kind = kinds.get(FIELDS[name], "string")
        return {"field": name} | ({"type": kind} if self.rng.random() < 0.6 else {})

    def constant(self) -> dict:
        return {"constant": self.rng.choice([3, -(2**63), 2.5, 1e300, True, False, "AA", "", "2016-02-29T10:00Z", "É"])}

    def cast(self) -> dict:
        return {"cast": self.operand("anything"), "to": self.rng.choice(["double", "int64", "bool", "string"])}

    def concat(self) -> dict:
        return {"concat": self.operands("text")} | self.options(separator=self.rng.choice(["_", "", "→", " "]))

    def sum(self) -> dict:
        return {self.rng.choice(["sum", "product"]): self.operands("number")}

    def pair(self) -> dict:
        return {self.rng.choice(["difference", "ratio"]): self.operands("number", 2, 2)}

    def function(self) -> dict:
        return {self.rng.choice(["log1p", "absolute"]): self.operand("number")}

    def clip(self) -> dict:
        low = self.rng.choice([-10, 0, 0.5])
        bounds = self.rng.choice(
            [{"min": low}, {"max": low + 20}, {"min": low, "max": low + 20}, {"min": low, "max": low}]
        )
        return {"clip": self.operand("number"), **bounds}

    def boolean(self) -> dict:
        return {"boolean": self.operand("boolean")}

    def equality(self) -> dict:
        name = self.rng.choice(["equal", "not_equal"])
        ask = self.rng.choice(["number", "text"])
        return {name: self.operands(ask, 2, 2)}

    def order(self) -> dict:
        name = self.rng.choice(["less", "less_equal", "greater", "greater_equal"])
        return {name: self.operands("number", 2, 2)}

    def date(self) -> dict:
        part = self.rng.choice(PARTS)
        body = {"date": self.operand("date"), "part": part} | self.options(time_zone=self.rng.choice(ZONES))
        return body | (self.options(since=self.operand("date")) if part == "seconds" else {})

    def wave(self) -> dict:
        return {
            self.rng.choice(["sine", "cosine"]): self.operand("number"),
            "period": self.rng.choice([24, 7, 365.25, 0.1]),
        }

    def bucketize(self) -> dict:
        splits = sorted(set(self.rng.choices([-100, -1, 0, 0.5, 1, 7, 42, 130, 1e6], k=4)))
        return {"bucketize": self.operand("number"), "splits": splits}

    def text(self) -> dict:
        return {self.rng.choice(["lower", "trim", "length"]): self.operand("text")}

    def slice(self) -> dict:
        place = [-9, -3, -1, 0, 1, 2, 5, 99]
        ends = self.options(start=self.rng.choice(place), stop=self.rng.choice(place))
        return {"slice": self.operand("text"), **ends}

    def replace(self) -> dict:
        pairs = [("a", ""), ("ab", "b"), ("aa", "a"), (".", "\\1"), ("é", "e"), ("0", "00"), (" ", "_")]
        search, new = self.rng.choice(pairs)
        return {"replace": self.operand("text"), "search": search, "with": new}

    def vocabulary(self) -> list:
        words = [*CATEGORIES, "7", "aa", ""]
        self.rng.shuffle(words)
        words = words[: self.rng.randint(1, len(words))]
        return [int(word) if word.isdecimal() and self.rng.random() < 0.5 else word for word in words]

    def ordinal(self) -> dict:
        return {"ordinal": self.operand("text"), "vocabulary": self.vocabulary()} | self.options(unknown_value=-1)

    def one_hot(self) -> dict:
        handle = self.options(handle_unknown=self.rng.choice(["ignore", "ignore", "error"]))
        return {"one_hot": self.operand("text"), "vocabulary": self.vocabulary(), **handle}

    def hash(self) -> dict:
        names = self.rng.sample(list(self.columns), min(len(self.columns), self.rng.randint(1, 4)))
        count = self.rng.choice([1, 2, 3, 8, 1000 if self.rng.random() < 0.1 else 16])
        return {"hash": names, "n_features": count} | self.options(alternate_sign=self.rng.random() < 0.5)

    def great_circle(self) -> dict:
        places = (
            ["/lat", "/lon"],
            [40.64, -73.78],
            ["/lon", "/lat"],
            ["/lat", self.operand("number")],
            [90, 180],
            [-90, -180],
        )
        body = {"great_circle": self.rng.choice(places) + self.rng.choice(places)}
        return body | self.options(radius=self.rng.choice([3958.8, 1]))

    def lookup(self) -> dict:
        """Writes a table of random cells, and looks up a row."""
        rng = self.rng
        formats = ["csv", "jsonl", "parquet"]
        suffix = rng.choice(formats)
        suffix = "csv" if suffix == "parquet" and parquet is None else suffix
        file = f"{self.tag}-{len(self.features)}-{rng.randrange(10**9)}.{suffix}"
        by = ["k1", "k é"][: rng.randint(1, 2)]
        keys = {tuple(rng.choice(KEYS) for _ in by) for _ in range(rng.randint(1, 30))}
        keys = sorted(keys)
        rng.shuffle(keys)
        table = {column: [key[place] for key in keys] for place, column in enumerate(by)}
        for column in ("v", "w,x", "y.z"):
            table[column] = self.cells(rng.choice(["int64", "double", "string"]), len(keys), suffix)
        write_table(self.directory / file, table)
        body = {"lookup": file, "by": {column: self.operand("text") for column in by}}
        for column in by:
            if rng.random() < 0.8:
                body["by"][column] = rng.choice(["/k", "/list/1/k"])
        values = rng.sample(["v", "w,x", "y.z"], rng.randint(1, 3))
        return body | ({"values": values} if rng.random() < 0.5 else {"value": values[0]})

    def cells(self, kind: str, count: int, suffix: str) -> list:
        rng = self.rng
        if kind == "string":
            choice = [*CATEGORIES, "x, y", 'q"q', "", "007", " 7", "+7", "line\nbreak", "1e5"]
            return [rng.choice(choice) for _ in range(count - 1)] + ["word"]
        cells: list = [rng.choice([0, 7, -3, 2475, 2**53 + 1]) for _ in range(count)]
        if kind == "double":
            holes = [] if rng.random() < 0.5 else [None]
            cells = [float(rng.choice([0.5, -1.25, 1e-5, 1e22, 3])) for _ in range(count)]
            cells = [rng.choice([cell, cell, cell, *holes]) for cell in cells]
        return cells


TRANSFORMS = [
    "field", "field", "field", "constant", "cast", "cast", "concat", "sum", "pair", "function", "clip", "boolean", "equality",
    "order", "date", "date", "wave", "bucketize", "text", "slice", "replace", "ordinal", "one_hot", "hash", "great_circle",
    "lookup",
]  # fmt: skip


def write_table(path: Path, table: dict[str, list]) -> None:
    """Writes columns in the format of the file's extension."""
    if path.suffix == ".parquet":
        parquet.write_table(Table.from_pydict(table), path)
    elif path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator=random.Random(path.name).choice(["\n", "\r\n"]))
            writer.writerow(table)
            writer.writerows(zip(*table.values(), strict=True))
    else:
        rows = (dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True))
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def plain(cell: Any) -> Any:
    """A feature's value in JSON."""
    if isinstance(cell, list):
        return [plain(inner) for inner in cell]
    return "NaN" if isinstance(cell, float) and cell != cell else cell


def answer(spec: Spec, text: str) -> dict:
    """A record, with its features or the feature that rejects it."""
    try:
        row = spec.row(text)
    except Rejected as rejected:
        return {"document": text, "rejected": rejected.feature}
    typed = {name: plain(cell) for name, cell in row.items() if spec._columns[name][0].type is not None}
    return {"document": text, "features": typed}


def main() -> None:
    """Prints the cases."""
    if len(sys.argv) != 4:
        sys.exit("usage: parity.py SEED COUNT DIR")
    seed, count, directory = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    directory.mkdir(parents=True, exist_ok=True)
    if parquet is None:
        print("pyarrow is not installed: no table in Parquet", file=sys.stderr)
    for case in range(count):
        rng = random.Random(f"{seed}/{case}")
        spec = Maker(rng, directory, f"{seed}-{case}").spec()
        harms = [0.0, 0.0, 0.0, 0.0, 0.02, 0.05, 0.1, 0.3]
        records = [answer(spec, document(rng, harm)) for harm in harms]
        print(json.dumps({"spec": json.loads(spec.metadata()["serving"]), "records": records}))


if __name__ == "__main__":
    main()
