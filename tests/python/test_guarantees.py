"""The consumer's recipe of docs/guarantees.md, as it stands there."""

import json
import random
import re
import unittest
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "guarantees.md"


def recipe():
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names = {"json": json}
    exec(code[1], names)  # noqa: S102
    return names["without_duplicates"]


class Recipe(unittest.TestCase):
    def test_what_comes_again_is_dropped_and_the_order_kept(self):
        predictions = [json.dumps({"id": f"id-{n}", "prediction": {"n": n}}) for n in range(200)]
        # As batches are delivered again: from some place before, in the same order.
        stream, position, chance = [], 0, random.Random(7)
        while position < len(predictions):
            end = position + chance.randint(1, 20)
            stream += predictions[max(0, position - chance.randint(0, 30)) : end]
            position = end
        self.assertGreater(len(stream), 300)

        seen, kept = set(), []
        for start in range(0, len(stream), 17):
            kept += recipe()(stream[start : start + 17], seen)
        self.assertEqual(kept, [json.loads(prediction) for prediction in predictions])


if __name__ == "__main__":
    unittest.main()
