"""MLflow's pages answer only who has the key."""

from __future__ import annotations

import pytest

from ferbench.tracking.page_key import Locked


def asked(**request):
    """Status, headers and body of an answer."""
    told = {}

    def start(status, headers):
        told.update(status=status, headers=dict(headers))

    def application(request, start):
        start("200 OK", [])
        return [b"the runs"]

    locked = Locked(application=application, key="the-key")
    request = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_PORT": "5000", **request}
    body = b"".join(locked(request, start))
    return told["status"][:3], told["headers"], body


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"QUERY_STRING": "key=wrong"},
        {"QUERY_STRING": "key="},
        {"HTTP_COOKIE": "ferbench-ui-5000=wrong"},
        {"HTTP_COOKIE": "ferbench-ui-5001=the-key"},
        {"HTTP_COOKIE": "ferbench-ui-5000="},
        {"HTTP_COOKIE": 'a="\x00; =;;'},
        {"HTTP_AUTHORIZATION": "Bearer "},
        {"HTTP_AUTHORIZATION": "Bearer schlüssel"},
        {"REQUEST_METHOD": "POST", "QUERY_STRING": "key=the-key"},
        {"PATH_INFO": "/healthy"},
        {"PATH_INFO": "/api/2.0/mlflow/runs/search"},
    ],
)
def test_without_the_key_nothing_is_told(request_):
    status, headers, body = asked(**request_)
    assert status == "403"
    assert "Set-Cookie" not in headers
    assert b"the runs" not in body


def test_the_key_in_the_address_becomes_a_cookie_and_the_cookie_opens():
    status, headers, body = asked(QUERY_STRING="key=the-key")
    assert (status, body) == ("303", b"")
    assert headers["Location"] == "/", "the key leaves the address"
    cookie, *rest = headers["Set-Cookie"].split("; ")
    assert set(rest) == {"Path=/", "HttpOnly", "SameSite=Lax"}
    status, _, body = asked(HTTP_COOKIE=f"_xsrf=1; {cookie}", REQUEST_METHOD="POST")
    assert (status, body) == ("200", b"the runs")


def test_clients_of_mlflow_send_it_in_a_header():
    assert asked(HTTP_AUTHORIZATION="Bearer the-key")[2] == b"the runs"


def test_that_the_server_is_there_is_no_secret():
    assert asked(PATH_INFO="/health")[0] == "200"
