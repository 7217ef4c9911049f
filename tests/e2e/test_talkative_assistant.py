"""An assistant that is always right and adds a remark about another option to some users only shows no gap."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import polars as pl
import pytest

from evenhand.plan.file import stamp_plan, write_plan
from evenhand.records.plan import Design
from tests.support.small_plan import small_bank, small_plan

REMARK = "Option A is less likely here."
EVENHAND = (sys.executable, "-m", "evenhand.cli.main")
PLAN = small_plan(Design(pairs_per_item=4, profiles_per_item=3, replicates=2), bank=small_bank(20))
KEYS = {
    item.stem: next(option.text for option in item.options if option.id == item.key)
    for bank in PLAN.banks
    for item in bank.items
}


class AlwaysRight(BaseHTTPRequestHandler):
    """Answers with the right letter; one reply in five to a disadvantaged user talks of another option."""

    talked = 0

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        words = "\n".join(str(message.get("content")) for message in asked["messages"])
        stem = next(stem for stem in KEYS if stem in words)
        found = re.search(rf"^([A-Z])\. {re.escape(KEYS[stem])}$", words, re.MULTILINE)
        assert found is not None
        text = f"{found.group(1)}. {KEYS[stem]}"
        if "rents from" in words and zlib.crc32(words.encode()) % 5 == 0 and found.group(1) != "A":
            text = f"{text}\n\n{REMARK}" if zlib.crc32(words.encode()) % 2 else f"{REMARK} {text}"
            AlwaysRight.talked += 1
        body = json.dumps({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), AlwaysRight)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()
    thread.join()


def test_talk_of_another_option_for_one_group_makes_no_gap(base_url: str, tmp_path: Path) -> None:
    model = msgspec.structs.replace(PLAN.models[0], name="openai/right", base_url=base_url)
    plan = stamp_plan(msgspec.structs.replace(PLAN, models=(model,)))
    write_plan(plan, tmp_path)
    ended = subprocess.run([*EVENHAND, "run", str(tmp_path)], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    ended = subprocess.run([*EVENHAND, "analyse", str(tmp_path)], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert AlwaysRight.talked >= 5
    scores = pl.read_parquet(tmp_path / "scores.parquet")
    assert scores["outcome"].unique().to_list() == ["answered"]
    assert scores["score"].mean() == 1.0
    findings = json.loads((tmp_path / "findings.json").read_text(encoding="utf-8"))["findings"]
    gaps = [finding for finding in findings if finding["measure"] == "gap"]
    assert gaps
    assert all(finding["number"]["value"] == pytest.approx(0.0, abs=1e-9) for finding in gaps)
    assert all(finding["number"]["verdict"] != "difference" for finding in gaps)
