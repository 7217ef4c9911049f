from __future__ import annotations

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from evenhand.endpoints.redact import forget
from evenhand.errors import EndpointError
from evenhand.serve.upstream import Upstream, end_to_end, read_upstream


def test_the_key_comes_from_the_environment_and_is_not_shown() -> None:
    try:
        spec = read_upstream(
            "http://127.0.0.1:1/v1/", key_env="K", patience_s=1.0, environment={"K": "sk-0123456789abcdef"}
        )
    finally:
        forget()
    assert spec.key == "sk-0123456789abcdef"
    assert "0123456789" not in repr(spec)
    assert str(spec.base_url) == "http://127.0.0.1:1/v1"


@pytest.mark.parametrize(
    ("url", "environment", "said"),
    [
        ("127.0.0.1:1", {"K": "sk-0123456789abcdef"}, "base URL"),
        ("ftp://x/v1", {"K": "sk-0123456789abcdef"}, "not an http or https address"),
        ("http://u:p@x/v1", {"K": "sk-0123456789abcdef"}, "a user name or a password"),
        ("http://127.0.0.1:1/v1", {}, "holds no key"),
        ("http://127.0.0.1:1/v1", {"K": "é"}, "holds no key"),
    ],
)
def test_what_cannot_be_asked_is_a_sentence(url: str, environment: dict[str, str], said: str) -> None:
    with pytest.raises(EndpointError) as refused:
        read_upstream(url, key_env="K", patience_s=1.0, environment=environment)
    assert said in str(refused.value)


async def test_addresses_keep_the_path_and_both_queries() -> None:
    upstream = Upstream(read_upstream("http://h:1/base/v1?api-version=2", key_env=None, patience_s=1.0))
    assert str(upstream.url("/models/a%2Fb?limit=2")) == "http://h:1/base/v1/models/a%2Fb?api-version=2&limit=2"
    assert str(upstream.url("/models")) == "http://h:1/base/v1/models?api-version=2"
    assert upstream.host == "h:1"
    await upstream.aclose()


def test_headers_of_a_connection_stay_behind() -> None:
    named = {"Connection": "close, X-Own", "X-Own": "1", "TE": "x", "Host": "h"}
    given = CIMultiDictProxy(CIMultiDict(named | {"X-Kept": "1", "X-Not": "1"}))
    assert dict(end_to_end(given, without=("x-not",))) == {"X-Kept": "1"}
