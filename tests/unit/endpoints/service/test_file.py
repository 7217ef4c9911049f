from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from evenhand.endpoints.kinds import check_model, kind_of
from evenhand.endpoints.service.file import read_service, service_source
from evenhand.errors import EndpointError
from evenhand.records.plan import ModelSpec
from tests.support.service import service_file

REPLY = '[reply]\nurl = "http://127.0.0.1:1/chat"\nbody = { m = "{messages}" }\ntext = "$.a"\n'
FORGET = '[forget]\nurl = "http://127.0.0.1:1/{user}"\n'
REMEMBER = '[remember]\nurl = "http://127.0.0.1:1/{user}"\nbody = "{facts}"\n'
LIST = '[list]\nurl = "http://127.0.0.1:1/{user}"\ntexts = "$[*]"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "service.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    found = read_service(service_file(tmp_path, "http://127.0.0.1:8123"))
    assert found.own_memory and found.variables == ("SERVICE_KEY",)
    assert {url.host for url in found.urls} == {"127.0.0.1"} and len(found.urls) == 6
    bare = read_service(written(tmp_path, REPLY))
    assert not bare.own_memory and bare.variables == ()


def test_the_source_is_the_file_with_its_hash(tmp_path: Path) -> None:
    path = written(tmp_path, REPLY)
    source = service_source(path)
    assert (source.name, source.sha256) == (str(path), hashlib.sha256(path.read_bytes()).hexdigest())
    spec = ModelSpec(name=f"http:{path}")
    assert kind_of(spec).sources(spec) == (source,)


@pytest.mark.parametrize(
    ("url", "paid"), [("http://127.0.0.1:1/chat", False), ("https://assistant.example.com/chat", True)]
)
def test_a_service_elsewhere_may_cost_money(tmp_path: Path, url: str, paid: bool) -> None:
    spec = ModelSpec(name=f"http:{written(tmp_path, REPLY.replace('http://127.0.0.1:1/chat', url))}")
    assert kind_of(spec).paid(spec) is paid


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[reply", "is no TOML file"),
        ("", "has no \\[reply\\]"),
        (REPLY.replace("url", "ulr"), "unknown key 'ulr' \\(did you mean 'url'"),
        (REPLY.replace("[reply]", "[reply]\nmethod = 'FETCH'"), "FETCH"),
        (REPLY.replace('text = "$.a"\n', ""), "has no text"),
        (REPLY.replace("$.a", "$.a["), "is no JSONPath"),
        (REPLY.replace("{messages}", "{mesages}"), "no {mesages} here \\(did you mean 'messages'"),
        (REPLY.replace("{messages}", "{facts}"), "no {facts} here"),
        (REPLY.replace("{messages}", "all: {messages}"), "is a list"),
        (REPLY.replace("{messages}", "{user}"), "nothing is handed over"),
        (REPLY.replace("http://127.0.0.1:1/chat", "ftp://h/x"), "not an http or https address"),
        (REPLY.replace("http://127.0.0.1:1/chat", "http://me:secret@h/x"), "holds a user name or a password"),
        (REPLY.replace("chat", "chat?api_key=abcdef123456"), "holds a key"),
        (REPLY.replace("[reply]", "[reply]\nmethod = 'GET'"), "GET has no body"),
        (REPLY + "[headers]\nX-Key = 'abc'\n", "must name an environment variable"),
        (REPLY + "[headers]\nX-Key = 'sk-abcdefghijklmnop $X'\n", "must name an environment variable"),
        (REPLY + "[headers]\n'X Key' = '$X'\n", "no name of a header"),
        (REPLY.replace('{messages}"', '{messages}", k = "sk-abcdefghijklmnopqrst"'), "looks like a key"),
        (REPLY + FORGET, "has no \\[remember\\] or \\[tell\\]"),
        (REPLY + REMEMBER, "has no \\[forget\\]"),
        (REPLY + REMEMBER.replace("{facts}", "{fact}") + FORGET, "write for_each = 'fact'"),
        (REPLY + REMEMBER.replace("{user}", "x") + FORGET, "names no {user}"),
        (REPLY + REMEMBER + "for_each = 'turn'\n" + FORGET, "for_each is 'turn'; allowed is 'fact'"),
        (REPLY + REMEMBER + FORGET + LIST, "has no \\[recall\\]"),
        ("wait_s = -1\n" + REPLY, "wait_s is from 0"),
        ("concurrency = 0\n" + REPLY, "whole number from 1"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_with_the_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(EndpointError, match=said):
        read_service(written(tmp_path, text))


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(EndpointError, match="cannot be read"):
        read_service(tmp_path / "none.toml")
    with pytest.raises(EndpointError, match="is an address"):
        check_model(ModelSpec(name="http://127.0.0.1:8000/v1"))
