from __future__ import annotations

import json

from evenhand.serve.turned_away import TurnedAway, error_body


def test_an_error_has_the_form_of_openais() -> None:
    away = TurnedAway('No "é".', status=502, kind="server_error", code="down", end="upstream_down")
    assert json.loads(error_body(away)) == {
        "error": {"message": 'No "é".', "type": "server_error", "param": None, "code": "down"}
    }
    assert (away.status, away.end) == (502, "upstream_down")
