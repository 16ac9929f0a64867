"""Waiting for a page whose content security policy lets nobody evaluate texts in it later."""

import time


def until(page, expression: str, *, seconds: float = 10.0):
    """Evaluate a JavaScript expression until it is true; its value."""
    ends = time.monotonic() + seconds
    while not (value := page.evaluate(expression)):
        assert time.monotonic() < ends, f"never true: {expression}"
        page.wait_for_timeout(20)
    return value
