"""Computes the features of a serving spec in Python, exactly as the function computes them.

Copy this one file beside a notebook. It needs only the standard library; frames need pandas, matrices numpy,
and lookup tables in Parquet pyarrow. docs/serving-spec.md has the rules. An example:

    spec = Spec(
        name="flight_delays",
        features={
            "dep_delay": {"field": "DepDelay", "type": "double"},
            "day_of_year": {"date": "/FlightDate", "part": "day_of_year"},
        },
        inputs={"X": ["dep_delay", "day_of_year"]},
    )
    X = spec.matrix(frame, input="X")                                    # to train with
    info = mlflow.onnx.log_model(model, name="model", metadata=spec.metadata())
    log_files(info, *spec.tables)                                        # if the spec has lookups

A record is a row of a frame, a dictionary, or the text of a JSON object. Frames and `json` forget how a
number was written, so the text of a float is its `repr`. pandas turns integers into floats where some are
missing: `130` becomes `130.0`, which is another text and not an integer. The dtype `Int64` prevents that.
"""

from __future__ import annotations

import csv
import difflib
import json
import math
import os
import re
import tomllib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

__all__ = ["Rejected", "Spec", "SpecError", "log_files"]

INT64 = range(-(2**63), 2**63)
NAN = math.nan
ASCII_SPACE = " \t\n\f\r"
TYPES = ("double", "int64", "bool", "string")


class SpecError(ValueError):
    """A mistake in a spec. The message names the feature and the key, and says what to do."""


class Rejected(ValueError):
    """A record that the function would quarantine.

    `feature` is the feature that could not be computed. `field` is the operand at fault, None for the result.
    `row` is the record's label in a frame, or its index in a list.
    """

    def __init__(self, feature: str, field: str | None, expected: str | None, found: str, row: Any = None):
        self.feature, self.field, self.expected, self.found, self.row = feature, field, expected, found, row
        super().__init__(feature, field, expected, found, row)

    def __str__(self) -> str:
        place = "" if self.row is None else f"row {self.row!r}: "
        field = "" if self.field is None else f", `{self.field}`"
        expected = "" if self.expected is None else f"expected {self.expected}, found "
        return f"{place}feature `{self.feature}`{field}: {expected}{self.found}"


class _Bad(Exception):
    """An operand or a result without a value. The policies of its feature decide what follows."""

    def __init__(self, expected: str | None, found: str, field: str | None = None):
        self.expected, self.found, self.field = expected, found, field


class _Missing(_Bad):
    """Nothing is there."""


class _Nan(_Missing):
    """The operand is a feature that is NaN."""


class _Invalid(_Bad):
    """A value is there, but it cannot be used."""


# JSON values.


class _Number(float):
    """A JSON number with a fraction or exponent, which remembers its text."""

    def __new__(cls, text: str) -> _Number:
        number = super().__new__(cls, text)
        number.text = text
        return number


def _parse_json(text: str | bytes) -> Any:
    """Parses JSON. Numbers remember their text. NaN and Infinity are refused."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    return json.loads(text, parse_float=_Number, parse_constant=refuse)


def _plain(value: Any) -> Any:
    """Turns a cell of a frame into None, bool, int, float, str, list or dict.

    Other values stay as they are.
    """
    kind = type(value)
    if value is None or kind in (bool, int, str, list, dict, _Number):
        return value
    if kind.__name__ == "NAType":
        return None
    if isinstance(value, datetime | date):
        return None if value != value else value.isoformat()
    if kind.__name__ == "datetime64":
        text = str(value)
        return None if text == "NaT" else text
    if hasattr(value, "tolist"):  # numpy scalars and arrays
        value = value.tolist()
    if isinstance(value, float) and value != value:
        return None
    return list(value) if isinstance(value, tuple) else value


def _describe(value: Any) -> str:
    """Describes a value that was found."""
    value = _plain(value)
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {_written(value)}"
    if isinstance(value, str):
        return f"the string {value[:60]!r}" + ("…" if len(value) > 60 else "")
    return {list: "an array", dict: "an object"}.get(type(value), f"a {type(value).__name__}")


def _written(number: float) -> str:
    """The text of a number, as in the document if that is known."""
    if type(number) is int:
        return str(number)
    return number.text if type(number) is _Number else repr(number)


def _bad(value: Any, expected: str) -> _Bad:
    """The reason why a value is not what was expected: missing or invalid."""
    return _Missing(None, "it is missing") if _plain(value) is None else _Invalid(expected, _describe(value))


# Conversions to what a use asks for. Each takes the value of a field, and raises `_Missing` or `_Invalid`.


def _number(value: Any) -> float:
    """A JSON number, to the nearest double."""
    kind = type(value)
    if kind is float:
        if value - value == 0.0:
            return value
    elif kind is int:
        try:
            return float(value)
        except OverflowError:
            raise _Invalid("a number in the range of doubles", "a larger one") from None
    else:
        plain = _plain(value)
        if type(plain) in (float, int) and type(plain) is not kind:
            return _number(plain)
        if type(plain) is _Number and plain - plain == 0.0:
            return float(plain)
    raise _bad(value, "a finite number" if isinstance(value, float) else "a number")


def _integer(value: Any) -> int:
    """A JSON number written without fraction and exponent, in the range of int64."""
    plain = value if type(value) is int else _plain(value)
    if type(plain) is int and plain in INT64:
        return plain
    if isinstance(plain, float) and not isinstance(plain, _Number) and plain.is_integer():
        raise _Invalid("an integer", f"the float {plain!r} (a frame keeps integers with gaps as `Int64`)")
    raise _bad(value, "an integer in the range of int64" if type(plain) is int else "an integer")


def _text(value: Any) -> str:
    """A JSON string, or a JSON number as it is written."""
    kind = type(value)
    if kind is str:
        return value if value.isascii() else _unicode(value)
    if kind is int:
        return str(value)
    plain = _plain(value)
    if type(plain) is _Number or (type(plain) is float and math.isfinite(plain)):
        return _written(plain)
    if type(plain) in (str, int) and type(plain) is not kind:
        return _text(plain)
    raise _bad(value, "a string or a number")


def _string(value: Any) -> str:
    """A JSON string."""
    plain = _plain(value)
    if type(plain) is not str:
        raise _bad(value, "a string")
    return _unicode(plain)


def _unicode(text: str) -> str:
    """Checks for half a surrogate pair, which JSON can write but which is not a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _Invalid("a string of Unicode characters", "half a surrogate pair") from None
    return text


def _boolean(value: Any) -> bool:
    """`true` or `false`."""
    plain = value if type(value) is bool else _plain(value)
    if type(plain) is bool:
        return plain
    raise _bad(value, "true or false")


def _scalar(value: Any) -> Any:
    """Any value but an array or an object."""
    plain = _plain(value)
    if type(plain) is str:
        return _unicode(plain)
    if type(plain) in (bool, int, float, _Number):
        return plain
    raise _bad(value, "a string, a number or a boolean")


class _Date(NamedTuple):
    """A time on a clock: whole seconds, nanoseconds, and the offset from UTC if the text has one."""

    clock: datetime
    nanoseconds: int
    offset: timedelta | None


_ISO_8601 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?"
    r"(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)


@lru_cache(maxsize=1 << 14)
def _parse_date(text: str) -> _Date:
    """An ISO 8601 date or date-time."""
    match = _ISO_8601.fullmatch(text)
    if not match:
        raise _Invalid("a date such as 2016-02-29 or 2016-02-29T23:30:00Z", _describe(text))
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        clock = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))
        offset = None
        if zone == "Z":
            offset = timedelta()
        elif zone:
            hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
            if hours > 23 or minutes > 59:
                raise ValueError
            offset = timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
    except ValueError:
        raise _Invalid("a date that exists", _describe(text)) from None
    return _Date(clock, int((fraction or "").ljust(9, "0")), offset)


def _date(value: Any) -> _Date:
    """A JSON string: an ISO 8601 date or date-time."""
    if type(value) is str:
        return _parse_date(value)
    plain = _plain(value)
    if type(plain) is str:
        return _parse_date(plain)
    raise _bad(value, "a date")


# For each kind of use: the conversion of a field, and the types of features that fit.
_ASKS: dict[str, tuple[Callable[[Any], Any], tuple[str, ...]]] = {
    "number": (_number, ("double", "int64", "bool")),
    "integer": (_integer, ("int64", "bool")),
    "text": (_text, ("string", "int64")),
    "string": (_string, ("string", "int64")),
    "date": (_date, ("string",)),
    "boolean": (_boolean, ("bool",)),
    "anything": (_scalar, TYPES),
}
_FIELD_ASKS = {"double": "number", "int64": "integer", "bool": "boolean", "string": "text"}


# Transforms. Each takes the feature under construction. It returns the feature's type, or a list of types,
# and a function from the row so far to the value or values. A row is a list: the record's fields, then the
# columns of earlier features.

_Compute = Callable[[list], Any]


class _Column(NamedTuple):
    """A column of a feature: place in the row, type (None for an untyped field), whether it can be NaN."""

    place: int
    type: str | None
    nan: bool
    feature: _Feature


class _Transform(NamedTuple):
    build: Callable[..., tuple]
    required: tuple[str, ...]
    optional: tuple[str, ...]


_TRANSFORMS: dict[str, _Transform] = {}
_POLICIES = ("default", "missing", "invalid")


def _transform(*names: str, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> Callable:
    """Registers a transform under its keys."""

    def register(build: Callable[..., tuple]) -> Callable[..., tuple]:
        for name in names:
            _TRANSFORMS[name] = _Transform(build, required, optional)
        return build

    return register


def _finite(value: float, what: str) -> float:
    """Returns a result if it is finite."""
    if value - value == 0.0:
        return value
    raise _Invalid("a finite result", f"{what} beyond the range of doubles")


@_transform("field", optional=("type",))
def _field(f: _Feature) -> tuple:
    name = f.string("field", "a name or a JSON pointer")
    kind = f.choice("type", TYPES, None)
    if kind is None and f.nan:
        kind = "double"
    f.field = name
    return kind, f.read_field(name, _FIELD_ASKS.get(kind))


@_transform("constant")
def _constant(f: _Feature) -> tuple:
    value = f.body["constant"]
    kind = f.type_of(value, "constant")
    return kind, lambda row: value


@_transform("cast", required=("to",))
def _cast(f: _Feature) -> tuple:
    to = f.choice("to", TYPES)
    operand = f.body["cast"]
    if to == "string" and f.operand_type(operand, "cast") == "double":
        raise f.error("cast", "a double has more than one text; cast it to `int64` first")
    read, convert = f.operand("cast", operand, "anything"), _CASTS[to]
    return to, lambda row: convert(read(row))


_DOUBLE_TEXT = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_INT64_TEXT = re.compile(r"[+-]?[0-9]+")


def _cast_double(value: Any) -> float:
    if type(value) is bool:
        return float(value)
    if type(value) is not str:
        return _number(value)
    text = value.strip(ASCII_SPACE)
    if not _DOUBLE_TEXT.fullmatch(text):
        raise _Invalid("a text that is a number", _describe(value))
    return _finite(float(text), "a number")


def _cast_int64(value: Any) -> int:
    if type(value) is str:
        text = value.strip(ASCII_SPACE)
        if not _INT64_TEXT.fullmatch(text):
            raise _Invalid("a text that is an integer", _describe(value))
        digits = text.lstrip("+-").lstrip("0") or "0"
        number = (-1 if text[0] == "-" else 1) * int(digits) if len(digits) < 20 else 2**63
    else:
        number = math.trunc(_number(value)) if isinstance(value, float) else int(value)
    if number not in INT64:
        raise _Invalid("an integer in the range of int64", _describe(value))
    return number


def _cast_bool(value: Any) -> bool:
    if type(value) is not str:
        return value if type(value) is bool else _number(value) != 0.0
    word = value.strip(ASCII_SPACE).lower()
    if word not in ("true", "false"):
        raise _Invalid("a text that is `true` or `false`", _describe(value))
    return word == "true"


def _cast_string(value: Any) -> str:
    return ("true" if value else "false") if type(value) is bool else _text(value)


_CASTS = {"double": _cast_double, "int64": _cast_int64, "bool": _cast_bool, "string": _cast_string}


@_transform("concat", optional=("separator",))
def _concat(f: _Feature) -> tuple:
    reads = f.operands("concat", "text")
    join = f.string("separator", "a string", "", empty=True).join
    return "string", lambda row: join([read(row) for read in reads])


@_transform("sum", "product")
def _fold(f: _Feature) -> tuple:
    name = f.transform
    first, *rest = f.operands(name, "number")

    def add(row: list) -> float:
        total = first(row)
        for read in rest:
            total += read(row)
        return _finite(total, "a sum")

    def multiply(row: list) -> float:
        total = first(row)
        for read in rest:
            total *= read(row)
        return _finite(total, "a product")

    return "double", add if name == "sum" else multiply


@_transform("difference", "ratio")
def _pair(f: _Feature) -> tuple:
    x, y = f.operands(f.transform, "number", 2)

    def ratio(row: list) -> float:
        above, below = x(row), y(row)
        if below == 0.0:
            raise _Invalid("a ratio", "a division by zero")
        return _finite(above / below, "a ratio")

    return "double", ratio if f.transform == "ratio" else lambda row: _finite(x(row) - y(row), "a difference")


@_transform("log1p")
def _log1p(f: _Feature) -> tuple:
    read = f.operand("log1p", f.body["log1p"], "number")

    def log1p(row: list) -> float:
        x = read(row)
        if x <= -1.0:
            raise _Invalid("a number greater than -1", _describe(x))
        return math.log1p(x)

    return "double", log1p


@_transform("absolute")
def _absolute(f: _Feature) -> tuple:
    read = f.operand("absolute", f.body["absolute"], "number")
    return "double", lambda row: abs(read(row))


@_transform("clip", optional=("min", "max"))
def _clip(f: _Feature) -> tuple:
    read = f.operand("clip", f.body["clip"], "number")
    if "min" not in f.body and "max" not in f.body:
        raise f.error("clip", "expected `min`, `max` or both")
    low, high = f.number("min", -math.inf), f.number("max", math.inf)
    if low > high:
        raise f.error("min", f"{low!r} is above `max`, which is {high!r}")

    def clip(row: list) -> float:
        x = read(row)
        return low if x < low else high if x > high else x

    return "double", clip


@_transform("boolean")
def _to_boolean(f: _Feature) -> tuple:
    return "bool", f.operand("boolean", f.body["boolean"], "boolean")


@_transform("equal", "not_equal")
def _equality(f: _Feature) -> tuple:
    operands = f.list(f.transform, 2)
    text = any(f.operand_type(operand, f.transform) == "string" for operand in operands)
    x, y = f.operands(f.transform, "text" if text else "number", 2)
    if f.transform == "equal":
        return "bool", lambda row: x(row) == y(row)
    return "bool", lambda row: x(row) != y(row)


@_transform("less", "less_equal", "greater", "greater_equal")
def _order(f: _Feature) -> tuple:
    x, y = f.operands(f.transform, "number", 2)
    return "bool", {
        "less": lambda row: x(row) < y(row),
        "less_equal": lambda row: x(row) <= y(row),
        "greater": lambda row: x(row) > y(row),
        "greater_equal": lambda row: x(row) >= y(row),
    }[f.transform]


_PARTS: dict[str, Callable[[datetime], int]] = {
    "year": lambda clock: clock.year,
    "month": lambda clock: clock.month,
    "day_of_month": lambda clock: clock.day,
    "hour": lambda clock: clock.hour,
    "minute": lambda clock: clock.minute,
    "day_of_week": lambda clock: clock.weekday(),
    "day_of_year": lambda clock: clock.toordinal() - date(clock.year, 1, 1).toordinal() + 1,
    "weekend": lambda clock: int(clock.weekday() >= 5),
}
_EPOCH = datetime(1970, 1, 1)


@_transform("date", required=("part",), optional=("time_zone", "since"))
def _date_part(f: _Feature) -> tuple:
    read = f.operand("date", f.body["date"], "date")
    part = f.choice("part", (*_PARTS, "seconds"))
    zone = None
    if "time_zone" in f.body:
        name = f.string("time_zone", "a name such as America/New_York")
        try:
            zone = ZoneInfo(name)
        except (ValueError, OSError, KeyError):  # an unknown name, a directory, or ZoneInfoNotFoundError
            raise f.error("time_zone", f"unknown time zone {name!r}; expected a name such as America/New_York") from None
    if part == "seconds":
        if "since" not in f.body:
            return "double", lambda row: _seconds(_moment(read(row), zone), (0, 0))
        since = f.operand("since", f.body["since"], "date")
        return "double", lambda row: _seconds(_moment(read(row), zone), _moment(since(row), zone))
    if "since" in f.body:
        raise f.error("since", f'expected part = "seconds" with it, found "{part}"')
    get = _PARTS[part]
    if zone is None:
        return "int64", lambda row: get(read(row).clock)
    return "int64", lambda row: get(_wall(read(row), zone))


@lru_cache(maxsize=1 << 14)
def _wall(moment: _Date, zone: ZoneInfo) -> datetime:
    """The time that a clock of the zone shows."""
    if moment.offset is None:
        return moment.clock
    try:
        utc = (moment.clock - moment.offset).replace(tzinfo=UTC)
        return utc.astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        raise _Invalid("a year from 1 to 9999 in UTC and in the time zone", "another") from None


@lru_cache(maxsize=1 << 14)
def _moment(moment: _Date, zone: ZoneInfo | None) -> tuple[int, int]:
    """Whole seconds since the epoch, and nanoseconds."""
    offset = moment.offset
    if offset is None:
        offset = moment.clock.replace(tzinfo=zone).utcoffset() if zone else timedelta()
    since = moment.clock - _EPOCH
    return since.days * 86400 + since.seconds - (offset.days * 86400 + offset.seconds), moment.nanoseconds


def _seconds(until: tuple[int, int], since: tuple[int, int]) -> float:
    """Whole seconds, plus nanoseconds / 10^9."""
    return float(until[0] - since[0]) + (until[1] - since[1]) / 1e9


@_transform("sine", "cosine", required=("period",))
def _wave(f: _Feature) -> tuple:
    read = f.operand(f.transform, f.body[f.transform], "number")
    period = f.number("period")
    if period <= 0.0:
        raise f.error("period", "expected a number greater than 0")
    wave = math.sin if f.transform == "sine" else math.cos
    turn = 2.0 * math.pi
    return "double", lambda row: wave(_finite(turn * read(row) / period, "an angle"))


@_transform("bucketize", required=("splits",))
def _bucketize(f: _Feature) -> tuple:
    read = f.operand("bucketize", f.body["bucketize"], "number")
    splits = [f.checked_number("splits", split) for split in f.list("splits")]
    if any(b <= a for a, b in pairwise(splits)):
        raise f.error("splits", "expected numbers that ascend")
    return "int64", lambda row: bisect_right(splits, read(row))


@_transform("lower")
def _lower(f: _Feature) -> tuple:
    read = f.operand("lower", f.body["lower"], "text")
    return "string", lambda row: read(row).lower()


@_transform("trim")
def _trim(f: _Feature) -> tuple:
    read = f.operand("trim", f.body["trim"], "text")
    return "string", lambda row: read(row).strip(ASCII_SPACE)


@_transform("slice", optional=("start", "stop"))
def _slice(f: _Feature) -> tuple:
    read = f.operand("slice", f.body["slice"], "text")
    part = slice(f.integer("start", 0), f.integer("stop", None))
    return "string", lambda row: read(row)[part]


@_transform("replace", required=("search", "with"))
def _replace(f: _Feature) -> tuple:
    read = f.operand("replace", f.body["replace"], "text")
    search, new = f.string("search", "a string"), f.string("with", "a string", empty=True)
    return "string", lambda row: read(row).replace(search, new)


@_transform("length")
def _length(f: _Feature) -> tuple:
    read = f.operand("length", f.body["length"], "text")
    return "int64", lambda row: len(read(row))


@_transform("ordinal", required=("vocabulary",), optional=("unknown_value",))
def _ordinal(f: _Feature) -> tuple:
    read = f.operand("ordinal", f.body["ordinal"], "text")
    places = {category: place for place, category in enumerate(f.vocabulary())}
    unknown = f.integer("unknown_value", None)
    if unknown is not None and 0 <= unknown < len(places):
        raise f.error("unknown_value", f"{unknown} is the position of a category; take another number, such as -1")
    if unknown is not None:
        return "int64", lambda row: places.get(read(row), unknown)

    def ordinal(row: list) -> int:
        category = read(row)
        if category in places:
            return places[category]
        raise _Invalid("a category of the vocabulary", _describe(category))

    return "int64", ordinal


@_transform("one_hot", required=("vocabulary",), optional=("handle_unknown",))
def _one_hot(f: _Feature) -> tuple:
    read = f.operand("one_hot", f.body["one_hot"], "text")
    categories = f.vocabulary()
    count = len(categories)
    rows = {c: tuple(float(place == other) for other in range(count)) for place, c in enumerate(categories)}
    f.columns = categories
    if f.choice("handle_unknown", ("error", "ignore"), "error") == "ignore":
        zeros = (0.0,) * count
        return ["double"] * count, lambda row: rows.get(read(row), zeros)

    def one_hot(row: list) -> tuple:
        category = read(row)
        if category in rows:
            return rows[category]
        raise _Invalid("a category of the vocabulary", _describe(category))

    return ["double"] * count, one_hot


def _murmurhash3_32(data: bytes) -> int:
    """MurmurHash3_x86_32 with seed 0, as a signed number (Austin Appleby, public domain)."""
    mask, h = 0xFFFFFFFF, 0
    whole = len(data) & ~3
    for start in range(0, len(data), 4):
        k = int.from_bytes(data[start : start + 4], "little") * 0xCC9E2D51 & mask
        k = ((k << 15 | k >> 17) & mask) * 0x1B873593 & mask
        h ^= k
        if start < whole:
            h = ((h << 13 | h >> 19) & mask) * 5 + 0xE6546B64 & mask
    h ^= len(data)
    h = (h ^ h >> 16) * 0x85EBCA6B & mask
    h = (h ^ h >> 13) * 0xC2B2AE35 & mask
    h ^= h >> 16
    return h - (1 << 32) if h >> 31 else h


@_transform("hash", required=("n_features",), optional=("alternate_sign",))
def _hash(f: _Feature) -> tuple:
    names = f.list("hash")
    count, alternate = f.integer("n_features"), f.boolean("alternate_sign", True)
    if not 1 <= count < 2**31:
        raise f.error("n_features", f"expected a number from 1 to 2147483647, found {count}")

    @lru_cache(maxsize=1 << 16)
    def slot(key: str) -> tuple[int, float]:
        h = _murmurhash3_32(key.encode())
        return abs(h) % count, -1.0 if alternate and h < 0 else 1.0

    parts = []
    for name in names:
        if not isinstance(name, str) or name.startswith("/"):
            raise f.error("hash", f"expected names of features, found {name!r}; declare a feature for the field first")
        text = f.operand_type(name, "hash") == "string"
        parts.append((name, text, f.operand("hash", name, "text" if text else "number")))
    if len(set(names)) < len(names):
        raise f.error("hash", "lists a feature twice")
    f.columns = [str(column) for column in range(count)]

    def hashed(row: list) -> list[float]:
        columns = [0.0] * count
        for name, text, read in parts:
            value = read(row)
            column, sign = slot(f"{name}={value}" if text else name)
            columns[column] += sign if text else sign * value
        for value in columns:
            _finite(value, "a sum")
        return columns

    return ["double"] * count, hashed


@_transform("great_circle", optional=("radius",))
def _great_circle(f: _Feature) -> tuple:
    reads = f.operands("great_circle", "number", 4)
    radius = f.number("radius", 6371.0088)
    if radius <= 0.0:
        raise f.error("radius", "expected a number greater than 0")

    def great_circle(row: list) -> float:
        degrees = [read(row) for read in reads]
        for place, (value, limit) in enumerate(zip(degrees, (90.0, 180.0, 90.0, 180.0))):
            if abs(value) > limit:
                what = "longitude" if place % 2 else "latitude"
                raise _Invalid(f"a {what} within ±{limit:g}", _describe(value))
        lat1, lon1, lat2, lon2 = map(math.radians, degrees)
        a = math.sin((lat2 - lat1) / 2) ** 2
        a += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
        return _finite(2.0 * radius * math.asin(math.sqrt(min(1.0, a))), "a distance")

    return "double", great_circle


@_transform("lookup", required=("by",), optional=("value", "values"))
def _lookup(f: _Feature) -> tuple:
    file = f.string("lookup", "the name of a table")
    by = f.body["by"]
    if not isinstance(by, dict) or not by:
        raise f.error("by", f"expected the key columns, {{ column = operand }}, found {by!r}")
    if ("value" in f.body) == ("values" in f.body):
        raise f.error("lookup", "expected one of `value` and `values`")
    wide = "values" in f.body
    wanted = f.list("values") if wide else [f.string("value", "the name of a column")]
    if not all(isinstance(column, str) for column in wanted) or len(set(wanted)) < len(wanted):
        raise f.error("values", "expected names of columns, each once")
    reads = [f.operand(f"by.{column}", operand, "text") for column, operand in by.items()]
    try:
        keys, columns = _read_table(f.spec.directory, file, list(by), wanted)
    except SpecError as error:
        raise f.error("lookup", str(error)) from None
    f.columns = wanted if wide else None
    types = [kind for kind, _ in columns]
    # The policies fill an empty cell, or it counts as missing.
    fill = f.fills(types)
    filled = ([fill[i] if v is None else v for v in values] for i, (_, values) in enumerate(columns))
    rows = dict(zip(keys, zip(*filled)))

    def find(row: list) -> tuple:
        key = tuple([read(row) for read in reads])
        values = rows.get(key)
        if values is None:
            raise _Missing(None, f"{file} has no row for {dict(zip(by, key))}")
        if None in values:
            raise _Missing(None, f"{file} has an empty cell for {dict(zip(by, key))}")
        return values

    return (types, find) if wide else (types[0], lambda row: find(row)[0])


# Tables.

_JSON_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def _read_table(directory: Path, file: str, by: list[str], wanted: list[str]) -> tuple[list[tuple], list[tuple]]:
    """The keys of a table, and the type and values of each wanted column. Empty cells are None."""
    if "/" in file or "\\" in file or file in (".", ".."):
        raise SpecError(f"{file!r} is not a plain name; tables are in the model's directory")
    readers = {".csv": _read_csv, ".jsonl": _read_jsonl, ".parquet": _read_parquet}
    reader = readers.get(Path(file).suffix)
    if reader is None:
        raise SpecError(f"{file!r}: expected a .csv, .jsonl or .parquet file")
    needed = list(dict.fromkeys(by + wanted))
    try:
        cells, places = reader(directory / file, needed)
    except OSError as error:
        raise SpecError(f"{file}: {error.strerror or error}; tables are read from `directory`") from None
    keys: dict[tuple, Any] = {}
    for place, key in zip(places, zip(*(cells[column] for column in by))):
        if None in key:
            raise SpecError(f"{file}, {place}: the key is empty")
        if any(type(cell) is float for cell in key):
            raise SpecError(f"{file}: expected integers or strings in the key, found floats, which have more than one text")
        texts = tuple(map(_cell_text, key))
        if texts in keys:
            raise SpecError(f"{file}: {keys[texts]} and {place} have the same key {dict(zip(by, texts))}")
        keys[texts] = place
    return list(keys), [_type_column(cells[column], file, column) for column in wanted]


class _CsvCell(str):
    """A cell of CSV, whose type is not known."""


def _cell_text(cell: Any) -> str:
    return str(cell) if isinstance(cell, str) else _written(cell)


def _type_column(cells: list, file: str, column: str) -> tuple[str, list]:
    """Types a column: `int64` for integers, `double` for numbers and empty cells, else `string`."""

    def number(cell: Any) -> Any:
        if not isinstance(cell, _CsvCell):
            return cell
        if _JSON_INTEGER.fullmatch(cell):
            return int(cell) if len(cell) < 21 else _Number(cell)
        return None if cell == "" else _Number(cell) if _JSON_NUMBER.fullmatch(cell) else cell

    numbers = [number(cell) for cell in cells]
    if all(type(n) is int and n in INT64 for n in numbers):
        return "int64", numbers
    if all(n is None or isinstance(n, int | float) for n in numbers):
        try:
            return "double", [None if n is None else _number(n) for n in numbers]
        except _Invalid:
            raise SpecError(f"{file}: column {column!r} has a number beyond the range of doubles") from None
    return "string", [None if cell is None else _cell_text(cell) for cell in cells]


def _missing_column(path: Path, column: str, there: Iterable[str]) -> SpecError:
    return SpecError(f"{path.name} has no column {column!r}{_suggest(column, there)}")


def _read_csv(path: Path, needed: list[str]) -> tuple[dict[str, list], list[str]]:
    """Reads CSV in UTF-8 with a header (RFC 4180)."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        lines = csv.reader(file, strict=True)
        try:
            header = next(lines, [])
            for column in needed:
                if column not in header:
                    raise _missing_column(path, column, header)
                if header.count(column) > 1:
                    raise SpecError(f"{path.name} has two columns {column!r}")
            rows, places = [], []
            for row in lines:
                if not row:
                    continue
                if len(row) != len(header):
                    raise SpecError(f"{path.name}, line {lines.line_num}: expected {len(header)} cells, found {len(row)}")
                rows.append(row)
                places.append(f"line {lines.line_num}")
        except (csv.Error, UnicodeDecodeError) as error:
            raise SpecError(f"{path.name}, line {lines.line_num}: {error}") from None
    return {c: [_CsvCell(row[header.index(c)]) for row in rows] for c in needed}, places


def _read_jsonl(path: Path, needed: list[str]) -> tuple[dict[str, list], list[str]]:
    """Reads one JSON object per line. An absent member is an empty cell."""
    rows, places = [], []
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            row = _parse_json(line.decode())
        except ValueError as error:
            raise SpecError(f"{path.name}, line {number}: {error}") from None
        if not isinstance(row, dict):
            raise SpecError(f"{path.name}, line {number}: expected a JSON object, found {_describe(row)}")
        rows.append(row)
        places.append(f"line {number}")
    cells: dict[str, list] = {}
    for column in needed:
        if not any(column in row for row in rows):
            raise _missing_column(path, column, {name for row in rows for name in row})
        cells[column] = [row.get(column) for row in rows]
        for place, cell in zip(places, cells[column]):
            if isinstance(cell, list | dict):
                raise SpecError(f"{path.name}, {place}: {column!r} is {_describe(cell)}")
        cells[column] = [_cast_string(cell) if isinstance(cell, bool) else cell for cell in cells[column]]
    return cells, places


def _read_parquet(path: Path, needed: list[str]) -> tuple[dict[str, list], list[str]]:
    """Reads Parquet columns of integers, floats, strings and booleans. Null and NaN are empty cells."""
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise SpecError(f"{path.name}: pyarrow is not installed; it reads Parquet") from None
    try:
        table = parquet.ParquetFile(path)
        for column in needed:
            if column not in table.schema_arrow.names:
                raise _missing_column(path, column, table.schema_arrow.names)
        table = table.read(columns=needed)
    except ArrowException as error:
        raise SpecError(f"{path.name}: {error}") from None
    cells = {}
    for column in needed:
        values = table.column(column).to_pylist()
        kind = next((type(value) for value in values if value is not None), int)
        if kind not in (int, float, str, bool):
            arrow = table.schema.field(column).type
            raise SpecError(f"{path.name}: column {column!r}: expected numbers, strings or booleans, found {arrow}")
        if kind is bool:
            values = [None if value is None else _cast_string(value) for value in values]
        if kind is float:
            values = [None if value is None or value != value else value for value in values]
        cells[column] = values
    return cells, [f"row {number}" for number in range(table.num_rows)]


# Features.


def _suggest(name: Any, known: Iterable[str]) -> str:
    """A hint at the known name that is closest, if one is close."""
    close = difflib.get_close_matches(str(name), list(known), n=1)
    return f"; did you mean `{close[0]}`?" if close else ""


def _check_keys(path: str, keys: Iterable[str], known: Iterable[str], what: str = "key") -> None:
    known = list(known)
    for key in keys:
        if key not in known:
            hint = _suggest(key, known) or f"; expected one of {', '.join(f'`{k}`' for k in known)}"
            raise SpecError(f"{path}unknown {what} `{key}`{hint}")


def _is_number(value: Any) -> bool:
    if type(value) is int:
        return value in INT64
    return type(value) is float and math.isfinite(value)


def _pointer(path: str, field: str) -> list[str]:
    """The reference tokens of a field's name or JSON pointer (RFC 6901)."""
    if not field.startswith("/"):
        return [field]
    if re.search("~(?![01])", field):
        raise SpecError(f"{path}: `{field}` is not a JSON pointer; write `~0` for `~`, and `~1` for `/` in a name")
    return [token.replace("~1", "/").replace("~0", "~") for token in field[1:].split("/")]


_INDEX = re.compile("0|[1-9][0-9]*")


def _descend(value: Any, tokens: list[str]) -> Any:
    """The value that the tokens lead to, or None."""
    for token in tokens:
        if not isinstance(value, dict):
            value = _plain(value)
        if isinstance(value, dict):
            value = value.get(token)
        elif isinstance(value, list) and _INDEX.fullmatch(token) and int(token) < len(value):
            value = value[int(token)]
        else:
            return None
    return value


class _Feature:
    """A feature under construction."""

    def __init__(self, spec: Spec, name: str, body: Any):
        self.spec, self.name, self.path = spec, name, f"features.{name}"
        if not isinstance(body, dict):
            raise SpecError(f'{self.path}: expected a table such as {{ field = "/name" }}, found {_describe(body)}')
        self.body: dict[str, Any] = body
        transforms = [key for key in body if key in _TRANSFORMS]
        if len(transforms) != 1:
            if transforms:
                raise SpecError(f"{self.path}: expected one transform, found {_words(transforms)}")
            _check_keys(f"{self.path}: ", body, (*_TRANSFORMS, *_POLICIES), "transform")
            raise SpecError(f"{self.path}: found no transform; expected one of {_words(_TRANSFORMS)}")
        self.transform = transforms[0]
        kind = _TRANSFORMS[self.transform]
        _check_keys(f"{self.path}: ", body, (self.transform, *kind.required, *kind.optional, *_POLICIES))
        for key in kind.required:
            if key not in body:
                raise SpecError(f"{self.path}: `{self.transform}` needs `{key}`")
        self.nan = self.choice("missing", ("nan",), None) is not None
        self.invalid_is_missing = self.choice("invalid", ("missing",), None) is not None
        self.has_default = "default" in body
        if self.nan and self.has_default:
            raise self.error("missing", "`default` already replaces missing values; keep one of the two")
        self.default = body.get("default")
        if self.has_default:
            self.type_of(self.default, "default")
        self.field: str | None = None
        self.columns: list[str] | None = None
        self.reads_nan = False
        self.wide = False
        self.uses: list[str] = []

    def error(self, key: str, message: str) -> SpecError:
        return SpecError(f"{self.path}.{key}: {message}")

    # Options.

    def choice(self, key: str, allowed: tuple[str, ...], *default: str | None) -> str | None:
        if default and key not in self.body:
            return default[0]
        value = self.body[key]
        if not isinstance(value, str) or value not in allowed:
            hint = _suggest(value, allowed) if isinstance(value, str) else ""
            raise self.error(key, f"expected one of {_words(allowed)}, found {value!r}{hint}")
        return value

    def string(self, key: str, expected: str, *default: str, empty: bool = False) -> str:
        if default and key not in self.body:
            return default[0]
        value = self.body[key]
        if not isinstance(value, str) or not (value or empty):
            raise self.error(key, f"expected {expected}, found {value!r}")
        return value

    def boolean(self, key: str, default: bool) -> bool:
        value = self.body.get(key, default)
        if type(value) is not bool:
            raise self.error(key, f"expected true or false, found {value!r}")
        return value

    def integer(self, key: str, *default: int | None) -> int | None:
        if default and key not in self.body:
            return default[0]
        value = self.body[key]
        if type(value) is not int or value not in INT64:
            raise self.error(key, f"expected an integer, found {value!r}")
        return value

    def number(self, key: str, *default: float) -> float:
        if default and key not in self.body:
            return default[0]
        return self.checked_number(key, self.body[key])

    def checked_number(self, key: str, value: Any) -> float:
        if not _is_number(value):
            raise self.error(key, f"expected a finite number, found {value!r}")
        return float(value)

    def list(self, key: str, length: int | None = None) -> list:
        value = self.body[key]
        if not isinstance(value, list) or not value:
            raise self.error(key, f"expected a list, found {value!r}")
        if length is not None and len(value) != length:
            raise self.error(key, f"expected {length} operands, found {len(value)}")
        return value

    def vocabulary(self) -> list[str]:
        words = self.list("vocabulary")
        for word in words:
            if not (isinstance(word, str) or (type(word) is int and word in INT64)):
                raise self.error("vocabulary", f"expected strings or integers, found {word!r}")
        texts = [str(word) for word in words]
        if len(set(texts)) < len(texts):
            twice = next(text for place, text in enumerate(texts) if text in texts[:place])
            raise self.error("vocabulary", f"{twice!r} is listed twice")
        return texts

    def type_of(self, value: Any, key: str) -> str:
        kind = {bool: "bool", int: "int64", float: "double", str: "string"}.get(type(value))
        if kind is None or (kind in ("int64", "double") and not _is_number(value)):
            raise self.error(key, f"expected a finite number, a boolean or a string, found {value!r}")
        return kind

    # Operands.

    def operands(self, key: str, ask: str, count: int | None = None) -> list[_Compute]:
        return [self.operand(key, operand, ask) for operand in self.list(key, count)]

    def operand_type(self, operand: Any, key: str) -> str | None:
        """The type of an operand that is a feature; None for fields; `double` for numbers."""
        if not isinstance(operand, str):
            return "double"
        return None if operand.startswith("/") else self.spec._column(operand, f"{self.path}.{key}").type

    def operand(self, key: str, operand: Any, ask: str) -> _Compute:
        """A function from the row so far to the operand's value."""
        if not isinstance(operand, str) or not operand:
            if ask != "number":
                raise self.error(key, f"expected a feature's name or a JSON pointer, found {operand!r}")
            if not _is_number(operand):
                raise self.error(key, f"expected a feature's name, a JSON pointer or a number, found {operand!r}")
            number = float(operand)
            return lambda row: number
        if operand.startswith("/"):
            return self.read_field(operand, ask)
        column = self.spec._column(operand, f"{self.path}.{key}")
        self.uses.append(column.feature.name)
        self.reads_nan |= column.nan
        return self.spec._read_column(column, ask, f"{self.path}.{key}", operand)

    def read_field(self, field: str, ask: str | None) -> _Compute:
        """A function from the row so far to a field of the record, converted unless `ask` is None."""
        first, *rest = _pointer(self.path, field)
        place = self.spec._fields.setdefault(first, len(self.spec._fields))
        convert = _ASKS[ask][0] if ask else _present

        def read(row: list) -> Any:
            try:
                return convert(row[0][place])
            except _Bad as bad:
                bad.field = field
                raise

        def read_within(row: list) -> Any:
            try:
                return convert(_descend(row[0][place], rest))
            except _Bad as bad:
                bad.field = field
                raise

        return read_within if rest else read

    # Policies.

    def fills(self, types: list[str | None]) -> list:
        """Checks the policies.

        Returns the value that replaces a missing one in each column; None rejects the record.
        """
        if self.nan:
            if "string" in types:
                raise self.error("missing", "strings have no NaN; set a `default`")
            return [NAN] * len(types)
        if not self.has_default:
            return [None] * len(types)
        kind = self.type_of(self.default, "default")
        for expected in types:
            if expected not in (None, kind) and (expected, kind) != ("double", "int64"):
                raise self.error("default", f"expected a `{expected}`, as the feature is, found {self.default!r}")
        return [float(self.default) if expected == "double" else self.default for expected in types]

    def compile(self) -> tuple[_Compute, list[str | None], bool]:
        """The computation under the policies, the types of the columns, and whether they can be NaN."""
        given, compute = _TRANSFORMS[self.transform].build(self)
        self.wide = isinstance(given, list)
        types = given if self.wide else [given]
        fills = self.fills(types)
        to_double = self.nan and any(kind != "double" for kind in types)
        if self.nan:
            types = ["double"] * len(types)
        filled = fills[0] is not None
        nan = self.nan or (self.reads_nan and not filled and types[0] == "double")
        if not filled and not nan:
            return compute, types, False
        fill = tuple(fills) if self.wide else fills[0]
        of_nan = fill if filled else (NAN,) * len(types) if self.wide else NAN

        def guarded(row: list) -> Any:
            try:
                return compute(row)
            except _Nan:
                return of_nan
            except _Missing:
                if filled:
                    return fill
                raise
            except _Invalid:
                if filled and self.invalid_is_missing:
                    return fill
                raise

        if not to_double:
            return guarded, types, nan
        if self.wide:
            return lambda row: [float(value) for value in guarded(row)], types, nan
        return lambda row: float(guarded(row)), types, nan


def _present(value: Any) -> Any:
    """Any value but a missing one."""
    plain = _plain(value)
    if plain is None:
        raise _Missing(None, "it is missing")
    return plain


def _words(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


# The spec.

_KEYS = ("name", "features", "inputs", "event_time", "result")
_RESULT_KEYS = ("output", "field", "classes", "class", "round", "threshold", "decision")


class Spec:
    """A serving spec. The constructor checks it; the methods compute features of records.

    Give the keys of docs/serving-spec.md as keyword arguments or as one dictionary. Tuples, and numpy arrays
    and scalars, count as lists and plain values. The constructor reads lookup tables from `directory`. If
    `inputs` is given, every feature must be used. `check_use=False` allows others, for inputs of the model
    that have their name.

    Raises SpecError.
    """

    def __init__(
        self,
        spec: Mapping[str, Any] | None = None,
        *,
        directory: str | os.PathLike = ".",
        check_use: bool = True,
        **keys: Any,
    ):
        self._spec = _plain_spec({**(spec or {}), **keys}, "the spec")
        self.directory = Path(directory)
        _check_keys("", self._spec, _KEYS)
        if not isinstance(self._spec.get("name", "-"), str) or not self._spec.get("name", "-"):
            raise SpecError(f"name: expected a string, found {self._spec['name']!r}")
        bodies, inputs, result = (self._table(key) for key in ("features", "inputs", "result"))
        for name, columns in inputs.items():
            if not isinstance(columns, list) or not columns or not all(isinstance(c, str) for c in columns):
                raise SpecError(f"inputs.{name}: expected a list of features, found {columns!r}")
        if not bodies:
            bodies = {column: {"field": column} for columns in inputs.values() for column in columns}
        self._bodies = bodies
        self._fields: dict[str, int] = {}
        self._features: dict[str, _Feature] = {}
        self._columns: dict[str, list[_Column]] = {}
        self._under_way: list[str] = []
        self._steps: list[tuple[_Compute, bool]] = []
        self._starts: dict[int, str] = {}
        self._width = 1  # of a row, whose first element holds the record's fields
        for name in bodies:
            self._compile(name, "features")
        self._inputs = {name: self._input_columns(name, columns) for name, columns in inputs.items()}
        self._check_event_time()
        for name, member in result.items():
            _check_member(f"result.{name}", member)
        if check_use and inputs:
            self._check_use()

    @classmethod
    def load(cls, path: str | os.PathLike, *, check_use: bool = True) -> Spec:
        """Reads a spec in TOML, or in JSON if the name ends with .json. Its tables are in the same folder.

        Raises OSError, and SpecError with the place of a syntax error.
        """
        path = Path(path)
        text = path.read_text(encoding="utf-8")
        try:
            spec = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        except ValueError as error:
            raise SpecError(f"{path.name}: {error}") from None
        if not isinstance(spec, dict):
            raise SpecError(f"{path.name}: expected a JSON object, found {_describe(spec)}")
        return cls(spec, directory=path.parent, check_use=check_use)

    def save(self, path: str | os.PathLike) -> None:
        """Writes the spec as TOML. Raises OSError."""
        Path(path).write_text(_to_toml(self._spec), encoding="utf-8")

    def metadata(self) -> dict[str, str]:
        """The `metadata` for `mlflow.onnx.log_model`, which logs the spec with the model.

        The spec is JSON text, because MLflow sorts the keys of dictionaries, and its YAML writes strings such
        as `1e3` in a way that reads as numbers.
        """
        return {"serving": json.dumps(self._spec, ensure_ascii=False)}

    @property
    def tables(self) -> list[Path]:
        """The paths of the lookup tables. Log them beside the model with `log_files`."""
        files = (body["lookup"] for body in self._bodies.values() if "lookup" in body)
        return [self.directory / file for file in dict.fromkeys(files)]

    # Features of records.

    def row(self, record: Mapping[str, Any] | str | bytes) -> dict[str, Any]:
        """The features of one record. A feature with several columns is a list.

        A field without a type has the value of the record. Raises Rejected, and ValueError if a text is not a
        JSON object.
        """
        return self._by_feature(self._evaluate(self._pick(record)))

    def features(self, records: Any) -> Any:
        """The features of many records, in the order of the spec.

        For a frame, returns a frame with the same index. A feature has one column, or `feature.column` for
        each of several: `double` as float64, `int64` as int64, `bool` as bool, `string` as object. The
        columns of the given frame are the fields. A cell may hold a dictionary or a list. None, NaN, NaT and
        NA are missing. A date is its ISO 8601 text. For an iterable of records, returns a list of the
        dictionaries that `row` returns. Raises Rejected, which names the row.
        """
        if not _is_frame(records):
            return [self._by_feature(row) for row in self._rows(records)]
        import pandas

        values = list(zip(*self._rows(records))) or [()] * self._width
        columns = {}
        for feature in self._bodies:
            for label, column in zip(self._labels(feature), self._columns[feature]):
                dtype = _DTYPES.get(column.type) or _held_dtype(values[column.place])
                columns[label] = pandas.Series(values[column.place], index=records.index, dtype=dtype)
        return pandas.DataFrame(columns, index=records.index)

    def matrix(self, records: Any, input: str, dtype: Any = None) -> Any:
        """The numpy array of shape (records, columns) that an input of the model gets.

        `dtype` is the input's: float32, float64, int32, int64, bool, or object for strings. The default is
        bool or int64 if all columns are, object if there are strings, and float64 otherwise. Raises Rejected,
        which names the row, and SpecError if the input does not fit.
        """
        import numpy

        if input not in self._inputs:
            raise SpecError(f"inputs: unknown input `{input}`{_suggest(input, self._inputs)}")
        columns, path = self._inputs[input], f"inputs.{input}"
        if dtype is None:
            types = {column.type for column, _ in columns}
            dtype = "object" if "string" in types else "float64"
            if types in ({"bool"}, {"int64"}):
                (dtype,) = types
        dtype = numpy.dtype(dtype)
        ask = {"f": "number", "i": "integer", "b": "boolean", "O": "string"}.get(dtype.kind)
        if ask is None:
            raise SpecError(f"{path}: expected a number, a boolean or object as dtype, found {dtype}")
        reads = [self._read_column(column, ask, path, label, nan=True) for column, label in columns]
        values = [[read(row) for read in reads] for row in self._rows(records)]
        widest = {"f": "float64", "i": "int64"}.get(dtype.kind, dtype)
        wide = numpy.array(values, dtype=widest).reshape(len(values), len(reads))
        with numpy.errstate(over="ignore"):
            narrow = wide.astype(dtype)
        lost = numpy.isinf(narrow) if dtype.kind == "f" else narrow != wide
        if lost.any():
            row, column = map(int, numpy.argwhere(lost)[0])
            label = records.index[row] if _is_frame(records) else row
            found = _describe(values[row][column])
            raise Rejected(columns[column][1], None, f"a number in the range of {dtype}", found, label)
        return narrow

    def _rows(self, records: Any) -> Iterator[list]:
        """The rows of many records. Raises Rejected with the record's place."""
        if isinstance(records, Mapping | str | bytes):
            raise TypeError("expected a frame or an iterable of records; for a single record, use `row`")
        if not _is_frame(records):
            labelled: Iterable = ((place, self._pick(record)) for place, record in enumerate(records))
        elif self._fields:
            labelled = zip(records.index, zip(*(self._cells(records, field) for field in self._fields)))
        else:
            labelled = ((label, ()) for label in records.index)
        evaluate = self._evaluate
        for label, fields in labelled:
            try:
                row = evaluate(fields)
                yield row
            except Rejected as rejected:
                rejected.row = label
                raise

    @staticmethod
    def _cells(frame: Any, field: str) -> list:
        """The cells of a column. If the frame has no such column, all are None."""
        if field not in frame.columns:
            return [None] * len(frame)
        column = frame[field]
        if column.ndim > 1:
            raise ValueError(f"the frame has two columns {field!r}")
        return column.tolist()

    def _pick(self, record: Any) -> tuple:
        """The fields of a record that features need."""
        if isinstance(record, str | bytes):
            record = _parse_json(record)
            if not isinstance(record, dict):
                raise ValueError(f"expected a JSON object as a record, found {_describe(record)}")
        return tuple([record.get(field) for field in self._fields])

    def _evaluate(self, fields: tuple) -> list:
        """The row of a record: its fields, then all columns of all features."""
        row: list = [fields]
        try:
            for compute, wide in self._steps:
                if wide:
                    row.extend(compute(row))
                else:
                    row.append(compute(row))
        except _Bad as bad:
            feature = self._features[self._starts[len(row)]]
            found = "NaN; set a `default` for that" if isinstance(bad, _Nan) else bad.found
            raise Rejected(feature.name, bad.field, bad.expected, found) from None
        return row

    def _by_feature(self, row: list) -> dict[str, Any]:
        features = {}
        for name in self._bodies:
            values = [row[column.place] for column in self._columns[name]]
            features[name] = values if self._features[name].wide else values[0]
        return features

    def _labels(self, name: str) -> list[str]:
        feature = self._features[name]
        return [f"{name}.{column}" for column in feature.columns] if feature.columns is not None else [name]

    # Compiling.

    def _table(self, key: str) -> dict[str, Any]:
        table = self._spec.get(key, {})
        if not isinstance(table, dict):
            raise SpecError(f"{key}: expected a table, found {_describe(table)}")
        for name in table:
            if not name:
                raise SpecError(f"{key}: expected a name, found an empty one")
        return table

    def _compile(self, name: str, path: str) -> None:
        """Compiles a feature, after the features that it reads."""
        if name in self._columns:
            return
        if name in self._under_way:
            circle = [*self._under_way[self._under_way.index(name) :], name]
            raise SpecError(f"{path}: features depend on themselves: {' → '.join(f'`{n}`' for n in circle)}")
        if name.startswith("/"):
            raise SpecError(f"features.{name}: expected a name without `/` at its start, which is for JSON pointers")
        self._under_way.append(name)
        feature = _Feature(self, name, self._bodies[name])
        compute, types, nan = feature.compile()
        self._under_way.pop()
        self._features[name] = feature
        self._columns[name] = [_Column(self._width + i, kind, nan, feature) for i, kind in enumerate(types)]
        self._starts[self._width] = name
        self._width += len(types)
        self._steps.append((compute, feature.wide))

    def _find(self, name: str, path: str) -> tuple[str, str | None]:
        """Splits `feature` or `feature.column` into the feature and the column."""
        if name in self._bodies:
            return name, None
        for dot in re.finditer(re.escape("."), name):
            feature, column = name[: dot.start()], name[dot.end() :]
            if feature in self._bodies:
                return feature, column
        hint = _suggest(name, self._bodies)
        pointer = "/" + name.replace("~", "~0").replace("/", "~1")
        way_out = f"write a field of the record as a JSON pointer, `{pointer}`{hint}"
        raise SpecError(f"{path}: unknown feature `{name}`; {way_out}")

    def _column(self, name: str, path: str) -> _Column:
        """The column that an operand names."""
        feature, column = self._find(name, path)
        self._compile(feature, path)
        columns, names = self._columns[feature], self._features[feature].columns
        if column is None and names is None:
            return columns[0]
        if column is None:
            raise SpecError(f"{path}: `{feature}` has several columns; name one, such as `{feature}.{names[0]}`")
        if column not in (names or ()):
            raise SpecError(f"{path}: `{feature}` has no column `{column}`{_suggest(column, names or ())}")
        return columns[names.index(column)]

    def _input_columns(self, input: str, names: list[str]) -> list[tuple[_Column, str]]:
        """The columns of an input, each with its label."""
        path = f"inputs.{input}"
        columns = []
        for name in names:
            feature, column = self._find(name, path)
            if column is None:
                columns += zip(self._columns[feature], self._labels(feature))
            else:
                columns.append((self._column(name, path), name))
        return columns

    def _read_column(self, column: _Column, ask: str, path: str, name: str, *, nan: bool = False) -> _Compute:
        """A function from the row so far to a column's value. It raises `_Nan` unless `nan` allows it."""
        place = column.place
        convert, takes = _ASKS[ask]
        if column.type is None:
            return _read_untyped(column, convert, ask, path, name)
        if column.type not in takes:
            way_out = _WAY_OUT.get(ask, "")
            raise SpecError(f"{path}: `{name}` is a `{column.type}`; expected {_ASKED[ask]}{way_out}")
        if column.nan and not nan:

            def read(row: list) -> float:
                value = row[place]
                if value != value:
                    raise _Nan(None, "NaN", name)
                return value

            return read
        if ask == "date":

            def read_date(row: list) -> _Date:
                try:
                    return _parse_date(row[place])
                except _Bad as bad:
                    bad.field = name
                    raise

            return read_date
        as_asked = {"number": float, "integer": int, "text": str, "string": str}.get(ask)
        if as_asked is None or _TYPE_NAMES[column.type] == as_asked.__name__:
            return lambda row: row[place]
        return lambda row: as_asked(row[place])

    def _check_event_time(self) -> None:
        if "event_time" not in self._spec:
            return
        operand = self._spec["event_time"]
        if not isinstance(operand, str) or not operand:
            raise SpecError(f"event_time: expected a feature's name or a JSON pointer, found {operand!r}")
        if operand.startswith("/"):
            _pointer("event_time", operand)
        elif self._column(operand, "event_time").type == "bool":
            raise SpecError(f"event_time: `{operand}` is a `bool`; expected a date or a number of seconds")

    def _check_use(self) -> None:
        used = {use for feature in self._features.values() for use in feature.uses}
        used |= {column.feature.name for columns in self._inputs.values() for column, _ in columns}
        event_time = self._spec.get("event_time", "/")
        if not event_time.startswith("/"):
            used.add(self._find(event_time, "event_time")[0])
        unused = [name for name in self._bodies if name not in used]
        if unused:
            raise SpecError(
                f"features.{unused[0]}: nothing uses it; list it under an input, or remove it. If an input of the same"
                " name takes it, set check_use=False"
            )


_TYPE_NAMES = {"double": "float", "int64": "int", "bool": "bool", "string": "str"}
_DTYPES = {"double": "float64", "int64": "int64", "bool": "bool", "string": "object"}
_ASKED = {
    "number": "a number",
    "integer": "an integer",
    "text": "a text",
    "string": "a string",
    "date": "a date",
    "boolean": "a boolean",
}
_WAY_OUT = {
    "number": "; to read a number from a text, `cast` it",
    "integer": "; to round toward zero, `cast` it to `int64`",
    "text": "; to make one, `cast` it, a double first to `int64`",
    "string": "; to make one, `cast` it, a double first to `int64`",
    "boolean": "; to make one, compare it, or `cast` it to `bool`",
}


def _read_untyped(column: _Column, convert: Callable[[Any], Any], ask: str, path: str, name: str) -> _Compute:
    """A function from the row so far to the converted value of a field without a type.

    The field is to blame for its value, so its policies decide.
    """
    place, feature = column.place, column.feature
    fill = None
    if feature.has_default:
        if ask in ("text", "string") and type(feature.default) is float:
            raise SpecError(f"{path}: `{name}` has the default {feature.default!r}, and a double has more than one text")
        try:
            fill = convert(feature.default)
        except _Bad as bad:
            raise SpecError(f"{path}: `{name}` has the default {feature.default!r}; expected {bad.expected}") from None

    def read(row: list) -> Any:
        try:
            return convert(row[place])
        except _Bad as bad:
            if feature.invalid_is_missing and feature.has_default:
                return fill
            raise Rejected(feature.name, feature.field, bad.expected, bad.found) from None

    return read


def _check_member(path: str, member: Any) -> None:
    """Checks a member of the result, as far as possible without the model."""
    if not isinstance(member, dict):
        raise SpecError(f'{path}: expected a table such as {{ output = "label" }}, found {_describe(member)}')
    _check_keys(f"{path}: ", member, _RESULT_KEYS)
    if ("output" in member) == ("field" in member):
        raise SpecError(f"{path}: expected one of `output` and `field`")
    for key in ("output", "field", "class"):
        if key in member and (not isinstance(member[key], str) or not member[key]):
            raise SpecError(f"{path}.{key}: expected a string, found {member[key]!r}")
    if "field" in member:
        _pointer(f"{path}.field", member["field"])
        others = [key for key in member if key != "field"]
        if others:
            raise SpecError(f"{path}: `{others[0]}` needs `output`; a field is echoed as it came")
    for key, length in (("classes", None), ("decision", 2)):
        words = member.get(key, ["-", "-"])
        if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
            raise SpecError(f"{path}.{key}: expected a list of strings, found {words!r}")
        if length is not None and len(words) != length:
            raise SpecError(f"{path}.{key}: expected two words, for below the threshold and from there on")
    digits = member.get("round", 0)
    if type(digits) is not int or not 0 <= digits <= 15:
        raise SpecError(f"{path}.round: expected an integer from 0 to 15, found {digits!r}")
    if not _is_number(member.get("threshold", 0)):
        raise SpecError(f"{path}.threshold: expected a finite number, found {member['threshold']!r}")
    if "decision" in member and "threshold" not in member:
        raise SpecError(f"{path}: `decision` needs a `threshold`")
    if "round" in member and "threshold" in member:
        raise SpecError(f"{path}: `threshold` leaves nothing to `round`; keep one of the two")
    classes, of_class = member.get("classes"), member.get("class")
    if classes and of_class is not None and of_class not in classes:
        raise SpecError(f"{path}.class: {of_class!r} is not in `classes`{_suggest(of_class, classes)}")


def _is_frame(records: Any) -> bool:
    return hasattr(records, "columns") and hasattr(records, "iloc")


def _held_dtype(values: tuple) -> str:
    """The dtype for the values of a field without a type."""
    types = {type(value) for value in values}
    if types in ({bool}, {int}):
        return types.pop().__name__ if types == {bool} or all(v in INT64 for v in values) else "object"
    return "float64" if types and types <= {int, float, _Number} else "object"


def _plain_spec(value: Any, path: str) -> Any:
    """Turns mappings, sequences and numpy values into dictionaries, lists and scalars."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise SpecError(f"{path}: expected a name, found {key!r}")
        return {str(key): _plain_spec(inner, f"{path}.{key}") for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_spec(inner, path) for inner in value]
    if type(value) not in (bool, int, float, str):
        raise SpecError(f"{path}: expected a table, a list, a string, a number or a boolean, found {value!r}")
    return value


# Writing.


def _to_toml(spec: dict[str, Any]) -> str:
    """A spec as TOML 1.0: plain values first, then one section per table, one line per member."""
    lines = [f"{key} = {_toml_value(value)}" for key, value in spec.items() if not isinstance(value, dict)]
    for key, table in spec.items():
        if isinstance(table, dict):
            lines += ["", f"[{key}]"] if lines else [f"[{key}]"]
            lines += [f"{_toml_key(name)} = {_toml_value(value)}" for name, value in table.items()]
    return "\n".join(lines) + "\n"


def _toml_key(key: str) -> str:
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else _toml_value(key)


def _toml_value(value: Any) -> str:
    if isinstance(value, dict):
        members = ", ".join(f"{_toml_key(key)} = {_toml_value(inner)}" for key, inner in value.items())
        return f"{{ {members} }}" if members else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml_value, value))}]"
    if isinstance(value, str):  # TOML has JSON's escapes, and one more
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)


def log_files(model: Any, *paths: str | os.PathLike) -> None:
    """Logs files, such as serving.toml and lookup tables, beside a model that MLflow 2 or 3 logged.

    `model` is the ModelInfo that `mlflow.onnx.log_model` returned. Raises the errors of MLflow.
    """
    from mlflow import MlflowClient

    client = MlflowClient()
    for path in paths:
        if getattr(model, "model_id", None):
            client.log_model_artifact(model.model_id, str(path))
        else:
            client.log_artifact(model.run_id, str(path), artifact_path=model.artifact_path)
