"""Everything there is to make."""

import importlib
from itertools import chain
from pathlib import Path
from typing import Protocol

import official


class Item(Protocol):
    """Something that fills a folder of its own."""

    @property
    def name(self) -> str:
        """The folder, below the one that everything goes to."""

    def write(self, folder: Path) -> str:
        """Fills the folder, which is empty. Returns what is to be reported, if anything is."""


def items() -> dict[str, Item]:
    """By name: the official tests, the models, the operators' cases."""
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
