"""The table of metrics in docs/outputs.md is that of the program.

After a change write it with

    PYTHONPATH=tests python tests/docs/test_docs_metrics.py --write
"""

from __future__ import annotations

import re
import sys

from ferbench.scoring.metrics import metrics_table
from helpers.reference import CHECKOUT

PAGE = CHECKOUT / "docs" / "outputs.md"
BEGIN = "<!-- made by: PYTHONPATH=tests python tests/docs/test_docs_metrics.py --write -->"
END = "<!-- end of the table of metrics -->"


def page_with(table: str) -> str:
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{rest.split(END)[1]}"


def test_the_table_is_the_programs():
    hint = f"write it with: {re.search('PYTHONPATH.* --write', BEGIN)[0]}"
    assert page_with(metrics_table()) == PAGE.read_text(encoding="utf-8"), hint


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    PAGE.write_text(page_with(metrics_table()), encoding="utf-8")
