"""The compose file of the tracking server: private, and of the versions that are tested here."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from ferbench.telemetry import OFF

ROOT = Path(__file__).resolve().parents[2]


def test_the_compose_file_is_private_and_of_our_versions():
    compose = yaml.safe_load((ROOT / "docs" / "tracking-server.compose.yaml").read_text())
    database, mlflow = compose["services"]["database"], compose["services"]["mlflow"]
    assert "ports" not in database
    assert all(port.startswith("127.0.0.1:") for port in mlflow["ports"])
    assert database["environment"]["POSTGRES_PASSWORD_FILE"] == "/run/secrets/password"
    assert mlflow["environment"].items() >= {
        (name, value) for name, value in OFF.items() if name in ("MLFLOW_DISABLE_TELEMETRY",)
    }
    assert mlflow["environment"]["DO_NOT_TRACK"] == OFF["DO_NOT_TRACK"]
    assert set(compose["volumes"]) == {"database", "artifacts"}
    assert versions((ROOT / "docs" / "tracking-server.md").read_text()) == versions(
        mlflow["build"]["dockerfile_inline"]
    )


def versions(text: str) -> dict[str, str]:
    """Pinned versions in a text, which must be those of requirements.txt."""
    found = dict(re.findall(r"(mlflow|psycopg2-binary)==([\d.]*\d)", text))
    pinned = dict(
        re.findall(r"^([\w-]+)==([\d.]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    )
    assert set(found) == {"mlflow", "psycopg2-binary"}
    assert found == {name: pinned[name] for name in found}
    return found
