"""The wheel, installed by itself: what docs/install.md and the Dockerfile say, without Docker."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from msgspec import Struct

from evenhand.report.findings_file import read_findings

pytestmark = [pytest.mark.extras, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
UV = Path(sys.executable).with_name("uv")


class Built(Struct, frozen=True):
    """What the first stage of the Dockerfile has made."""

    opt: Path
    """Stands for /opt of the image."""

    def evenhand(self, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
        return ended([str(self.opt / "evenhand" / "bin" / "evenhand"), *arguments], folder)


def ended(command: list[str] | str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command, or a line of a shell, that sees nothing of this checkout nor of its environment."""
    ours = ("PYTHONPATH", "VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    environment["PATH"] = f"{UV.parent}{os.pathsep}{environment['PATH']}" if isinstance(command, str) else os.defpath
    return subprocess.run(
        command,
        shell=isinstance(command, str),
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def steps() -> list[tuple[str, str]]:
    """Instruction and words of the first stage."""
    first = DOCKERFILE.split("\nFROM ")[1]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in first.splitlines()[1:]) if rest]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The first stage of the Dockerfile, done in a folder of its own."""
    source, opt = tmp_path_factory.mktemp("src"), tmp_path_factory.mktemp("opt")
    for word, rest in steps():
        if word == "COPY":
            *names, to = rest.split()
            for name in names:
                target = source / to / Path(name).name if to.endswith("/") else source / to
                target.parent.mkdir(parents=True, exist_ok=True)
                copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
                copy(ROOT / name, target)
        elif word == "RUN":
            line = rest.replace("/opt/", f"{opt}/")
            line = re.sub(r"^python ", f"{sys.executable} ", line)
            done = ended(line, source)
            assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        else:
            assert word == "WORKDIR", f"{word} is not followed by this test"
    return Built(opt)


def test_the_image_is_small_and_its_user_has_no_rights() -> None:
    last = DOCKERFILE.split("\nFROM ")[2]
    assert "USER evenhand" in last
    assert last.index("USER evenhand") < last.index("ENTRYPOINT")
    assert "COPY --from=build /opt/evenhand /opt/evenhand" in last, (
        "the installer, the sources and the wheel stay behind"
    )
    assert "--extra" not in DOCKERFILE


def test_the_installed_wheel_audits_by_itself(built: Built, tmp_path: Path) -> None:
    said = built.evenhand("--version", folder=tmp_path)
    assert said.stdout == f"evenhand {version('evenhand')}\n", said.stderr
    started = built.evenhand("init", "--yes", folder=tmp_path)
    assert started.returncode == 0, started.stderr
    done = built.evenhand("audit", "--yes", "--items", "20", "--out", "run", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Settings of evenhand.toml: models, preset" in done.stderr
    assert (tmp_path / "run" / "report.html").stat().st_size > 50_000
    where = ended([str(built.opt / "evenhand/bin/python"), "-c", "import evenhand; print(evenhand.__file__)"], tmp_path)
    assert where.stdout.startswith(str(built.opt / "evenhand")), "nothing of the checkout is seen"


def test_nothing_but_what_is_needed_is_installed(built: Built) -> None:
    installed = {path.name.partition("-")[0].lower() for path in (built.opt / "evenhand").rglob("*.dist-info")}
    assert "evenhand" in installed
    assert not installed & {"pip", "torch", "transformers", "pytest", "mypy", "inspect_ai", "mkdocs"}


@pytest.mark.slow
def test_every_way_of_the_page_to_use_the_wheel_works(built: Built, tmp_path: Path) -> None:
    """The commands under "From a wheel", as they are, in a folder with the wheel in `dist/`."""
    shutil.copytree(built.opt / "dist", tmp_path / "dist")
    part = PAGE.split("## From a wheel")[1].split("\n## ")[0]
    lines = [
        line.removeprefix("$ ")
        for block in re.findall(r"```console\n(.*?)```", part, re.DOTALL)
        for line in block.splitlines()
    ]
    assert [line.split()[0] for line in lines] == ["pip", "evenhand", "uvx"]
    made = ended(f"{sys.executable} -m venv mine", tmp_path)
    assert made.returncode == 0, made.stderr
    for line in lines:
        done = ended(f". mine/bin/activate && {line}", tmp_path)
        assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    (run,) = (tmp_path / "runs").iterdir()
    head = read_findings(run).run
    assert head is not None
    assert head.specimen
    assert not head.interim
