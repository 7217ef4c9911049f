from __future__ import annotations

import pytest

from evenhand.serve.route import route_of
from evenhand.serve.turned_away import TurnedAway


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("POST", "/v1/chat/completions", ("chat", "/chat/completions")),
        ("POST", "/chat/completions", ("chat", "/chat/completions")),
        ("POST", "/v1/deployments/gpt/chat/completions", ("chat", "/deployments/gpt/chat/completions")),
        ("POST", "/v1/embeddings", ("other", "/embeddings")),
        ("GET", "/v1/models/org%2Fname:1", ("other", "/models/org%2Fname:1")),
        ("HEAD", "/v1/models", ("other", "/models")),
        ("GET", "/v1", ("other", "/v1")),
    ],
)
def test_what_is_passed_on(method: str, path: str, found: tuple[str, str]) -> None:
    assert route_of(method, path) == found


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/responses"),
        ("POST", "/v1/completions"),
        ("POST", "/v1/chat/completions/"),
        ("POST", "/v1/chat%2Fcompletions"),
        ("POST", "/v1/chat/completion%73"),
        ("POST", "/v1/threads/t/messages"),
        ("POST", "/v1/files"),
        ("PUT", "/v1/chat/completions"),
        ("DELETE", "/v1/models/m"),
        ("BREW", "/v1/models"),
    ],
)
def test_a_request_that_may_carry_memory_otherwise_is_not_passed_on(method: str, path: str) -> None:
    with pytest.raises(TurnedAway) as away:
        route_of(method, path)
    assert (away.value.status, away.value.code) == (404, "not_covered")


@pytest.mark.parametrize("path", ["", "/", "/v1/../admin", "/v1//models", "/v1/./models", "/v1/a b", "/v1/\\x", "x"])
def test_a_path_that_is_not_plain_is_not_passed_on(path: str) -> None:
    with pytest.raises(TurnedAway) as away:
        route_of("GET", path)
    assert away.value.status == 404
