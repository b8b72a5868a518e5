"""All items of the zoo."""

import importlib
from itertools import chain
from pathlib import Path
from typing import Protocol

import official


class Item(Protocol):
    """Fills one folder."""

    @property
    def name(self) -> str:
        """The folder, relative to the zoo's."""

    def write(self, folder: Path) -> str:
        """Fills the empty folder. Returns a remark, or an empty string."""


def items() -> dict[str, Item]:
    """The official tests, the models and the operators' cases, by name."""
    here = Path(__file__).parent
    models = (importlib.import_module(f"models.{path.stem}").MODELS for path in sorted(here.glob("models/[a-z]*.py")))
    cases = (
        importlib.import_module(f"operators.{path.stem}").CASES for path in sorted(here.glob("operators/[a-z]*.py"))
    )
    found: dict[str, Item] = {}
    for item in chain(official.TESTS, *models, *cases):
        if item.name in found:
            raise ValueError(f"two items have the name {item.name}")
        found[item.name] = item
    return found
