"""What a page carries on which events are graded."""

from __future__ import annotations

from typing import Final

GRADING_SCRIPTS: Final = ("grading_text.js", "grading_store.js", "grading_view.js", "grading.js")
"""Before the script that makes the page's ``session``."""
GRADING_STYLES: Final = ("grading.css",)
