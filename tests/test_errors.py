"""One sentence, in the words of a notebook, a run and a command."""

from __future__ import annotations

import ast
import pickle

import pytest

import ferbench
from ferbench.errors import ConfigError
from ferbench.sentences import LIBRARY_WORDS, Action, Setting, Text
from helpers.reference import CHECKOUT

SOURCES = sorted((CHECKOUT / "src" / "ferbench").rglob("*.py"))


@pytest.mark.parametrize(
    ("action", "call"),
    [
        (Action("fetch_weights"), "ferbench.fetch_weights()"),
        (Action("score", "EVENTS", "a.csv"), "ferbench.score('EVENTS', 'a.csv')"),
        (Action("compare", settings={"uri": "files"}), "ferbench.compare(uri='files')"),
        (
            Action("evaluate", settings={"dataset.videos": "DIR", "dataset.camera": "top"}),
            "ferbench.evaluate(dataset={'videos': 'DIR', 'camera': 'top'})",
        ),
        (
            Action("evaluate", each=("event.enter", "0.4", "1e-3", "null", "a")),
            "[ferbench.evaluate(event={'enter': value}) for value in (0.4, 1e-3, None, 'a')]",
        ),
        (Action("evaluate", is_manual=True), "help(ferbench.evaluate)"),
    ],
)
def test_an_action_is_a_python_expression(action, call):
    assert LIBRARY_WORDS.action(action) == call
    ast.parse(call, mode="eval")
    assert pickle.loads(pickle.dumps(action)) == action


def test_a_setting_is_a_keyword_argument():
    assert str(Text(Setting("recursive", "true"))) == "recursive=True"
    assert str(Text(Setting("annotator", "01"))) == "annotator='01'"
    assert str(Text(Setting("annotator"))) == "annotator"


def _actions() -> list[tuple[str, ast.Call]]:
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Action":
                found.append((f"{path.name}:{node.lineno}", node))
    return found


def test_no_action_carries_words_of_a_command_line():
    actions = _actions()
    assert len(actions) > 20
    for where, call in actions:
        texts = [
            node.value
            for argument in call.args
            for node in ast.walk(argument)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        assert not [text for text in texts if " " in text or "=" in text or "--" in text], where
        assert texts[0] in (*ferbench.__all__, "doctor"), f"{where}: no verb of the library"


def test_what_a_notebook_is_told_can_be_typed():
    with pytest.raises(ConfigError) as caught:
        ferbench.evaluate(settings=["event.enter=0.4,0.5"])
    call = "[ferbench.evaluate(event={'enter': value}) for value in (0.4, 0.5)]"
    assert call in str(caught.value)
    with pytest.raises(ConfigError) as caught:
        ferbench.evaluate(dataset="folder")
    assert "ferbench.evaluate(dataset={'videos': '...'})" in str(caught.value)
