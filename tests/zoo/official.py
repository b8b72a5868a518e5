"""The tests of the `ai.onnx.ml` operators from the onnx package."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import onnx

NODE_TESTS = Path(onnx.__file__).parent / "backend" / "test" / "data" / "node"


@dataclass(frozen=True)
class OfficialTest:
    """A folder of the onnx package."""

    source: Path

    @property
    def name(self) -> str:
        return f"official/{self.source.name}"

    def write(self, folder: Path) -> str:
        """Copies the test."""
        shutil.copytree(self.source, folder, dirs_exist_ok=True)
        return ""


TESTS = [OfficialTest(path) for path in sorted(NODE_TESTS.glob("test_ai_onnx_ml_*"))]
