"""Where weights are: a folder with a chat template, or a specimen written out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evenhand.endpoints.specimen.chat import CHAT_TEMPLATE
from evenhand.endpoints.specimen.names import specimen_folder
from evenhand.errors import EndpointError, InputError
from evenhand.train.checkpoint import checkpoint_of


def test_a_specimen_is_written_out_as_a_checkpoint(tmp_path: Path) -> None:
    found = checkpoint_of("specimen/tilted", folder=tmp_path)
    shipped = specimen_folder() / "tilted" / "model.safetensors"
    assert (found / "model.safetensors").read_bytes() == shipped.read_bytes()
    assert json.loads((found / "tokenizer_config.json").read_text())["chat_template"] == CHAT_TEMPLATE
    assert checkpoint_of(f"hf/{found}", folder=tmp_path) == found


def test_an_unknown_specimen_and_an_empty_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(EndpointError, match=r"no specimen 'tiltet' .*did you mean 'tilted'"):
        checkpoint_of("specimen/tiltet", folder=tmp_path)
    with pytest.raises(InputError, match=r"no checkpoint at .*no config\.json"):
        checkpoint_of(str(tmp_path), folder=tmp_path)


@pytest.mark.parametrize("settings", [None, {}, {"chat_template": None}])
def test_a_model_without_a_chat_template_is_refused(settings: object, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    if settings is not None:
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    with pytest.raises(InputError, match="has no chat template; train one that was tuned for chat"):
        checkpoint_of(str(tmp_path), folder=tmp_path)
    (tmp_path / "chat_template.jinja").write_text("{{ messages }}")
    assert checkpoint_of(str(tmp_path), folder=tmp_path) == tmp_path
