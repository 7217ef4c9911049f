from __future__ import annotations

import base64
import hashlib
import itertools
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from markupsafe import escape

from evenhand.records.contrast import LevelContrast
from evenhand.records.findings import Findings
from evenhand.records.identity import finding_id
from evenhand.report.html import render_html
from evenhand.report.titles import estimand_of
from tests.support.findings_fixture import bare_findings, empty_findings, full_findings, quick_findings
from tests.support.hostile_findings import hostile_findings
from tests.support.quickest import quickest
from tests.support.unfolded import unfolded

CASES: dict[str, Callable[[], Findings]] = {
    "full": full_findings,
    "quick": quick_findings,
    "bare": bare_findings,
    "empty": empty_findings,
    "hostile": hostile_findings,
}
FILES = {"findings.json", "report.md", "model-card.md", "plan.json", "scores.parquet", "trials.sqlite"}
STYLE = Path(__file__).resolve().parents[3] / "src/evenhand/report/templates/style.css"


class Reader(HTMLParser):
    """Collects every tag with its attributes, and the text of style and script."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {"style": [], "script": []}
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in self.texts:
            self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[self._inside].append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(params=CASES, scope="module")
def page(request: pytest.FixtureRequest) -> str:
    return unfolded(render_html(CASES[request.param]()))


@pytest.fixture(scope="module")
def reader(page: str) -> Reader:
    return Reader(page)


def test_ids_are_unique(reader: Reader) -> None:
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_every_link_stays_on_the_page_or_beside_it(reader: Reader) -> None:
    ids = {attributes.get("id") for _, attributes in reader.tags}
    for attributes in [*reader.all("a"), *reader.all("use")]:
        target = attributes["href"] or ""
        assert target in FILES or (target.startswith("#") and target[1:] in ids), target


def test_nothing_is_loaded_from_anywhere(reader: Reader) -> None:
    for tag, attributes in reader.tags:
        assert tag not in {"link", "img", "iframe", "object", "embed", "form", "base"}
        assert "src" not in attributes
    assert "url(" not in "".join(reader.texts["style"])
    assert "@import" not in "".join(reader.texts["style"])


def test_the_policy_forbids_all_but_the_two_texts_it_names(reader: Reader) -> None:
    policy = next(a["content"] for a in reader.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and policy.startswith("default-src 'none';")
    for kind in ("style", "script"):
        (text,) = ["".join(reader.texts[kind])]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert len(reader.all("script")) == len(reader.all("style")) == 1


def test_there_are_no_style_attributes_and_no_handlers(reader: Reader) -> None:
    for _, attributes in reader.tags:
        assert not [name for name in attributes if name == "style" or name.startswith("on")]


def test_headings_never_skip_a_level(reader: Reader) -> None:
    levels = [int(tag[1]) for tag, _ in reader.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_landmarks_captions_and_names_are_there(reader: Reader) -> None:
    names = [tag for tag, _ in reader.tags]
    assert {"header", "nav", "main", "footer"} <= set(names)
    assert names.count("table") == names.count("caption")
    for attributes in reader.all("svg"):
        described = attributes.get("aria-labelledby") and attributes.get("aria-describedby")
        assert attributes.get("aria-hidden") == "true" or "overflow" in attributes or described
    for attributes in reader.all("figure"):
        assert attributes.get("aria-label") or attributes.get("aria-labelledby")
    for attributes in reader.all("th"):
        assert attributes.get("scope")


def test_no_nan_none_or_infinity_reaches_the_page(page: str) -> None:
    body = page.split("<body>", 1)[1].split("<script>", 1)[0]
    assert not re.search(r"\b(nan|NaN|inf|Infinity|None)\b", re.sub(r"None against none", "", body))


def test_hostile_text_is_escaped_wherever_it_stands() -> None:
    page = render_html(hostile_findings())
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert 'href="javascript' not in page.lower()


def test_a_specimen_or_simulated_answers_are_said_before_anything_else() -> None:
    page = render_html(full_findings())
    body = page.split("<body>", 1)[1]
    assert body.index("Nothing on this page is about a real assistant") < body.index("<h1>")
    assert "evenhand audit openai/NAME --base-url" in body.replace("<span>", "").replace("</span>", "")
    assert "<title>[simulated answers and specimen]" in page


def test_a_real_model_has_no_such_notice() -> None:
    page = render_html(quick_findings())
    assert 'class="notice"' not in page and 'class="badge"' not in page and "<title>[" not in page


def test_every_finding_stands_on_the_page_with_estimand_and_method() -> None:
    findings = full_findings()
    page = unfolded(render_html(findings))
    for finding in findings.findings:
        anchor = finding_id(finding)
        row = page.split(f'id="{anchor}"', 1)
        assert len(row) == 2, anchor
        assert str(escape(estimand_of(finding))) in row[1].split("</details>", 1)[0]
        assert "<dt>Method</dt>" in row[1].split("</details>", 1)[0]


def test_what_was_not_asked_is_said() -> None:
    assert "Not asked in this design" in render_html(quick_findings())


def test_all_81_cells_are_in_the_matrix() -> None:
    page = render_html(full_findings(("specimen/tilted",)))
    matrix = page.split('<table class="heat">', 1)[1].split("</table>", 1)[0]
    assert matrix.count("title=") == 81


def test_the_example_prompts_are_exact() -> None:
    findings = full_findings()
    page = render_html(findings)
    for example in findings.examples:
        for _, content in example.messages:
            assert str(escape(content)) in page


def test_a_report_of_several_models_is_small_and_quick() -> None:
    findings = full_findings()
    page = render_html(findings)
    assert quickest(lambda: render_html(findings)) < 2.0
    assert len(page.encode()) < 1_500_000


def repeated(models: int) -> Findings:
    """Findings of so many models; each has as many as the next."""
    return full_findings(tuple(f"host/model-{number:02d}" for number in range(models)))


def test_a_page_grows_less_than_its_models_and_a_model_more_costs_little() -> None:
    four, eight = (len(render_html(repeated(models)).encode()) for models in (4, 8))
    more = (eight - four) / 4
    assert eight < 2 * four
    assert more < 60_000, f"{more:,.0f} bytes for one more model"


def test_what_is_folded_and_long_is_deflated_and_says_where_its_numbers_are() -> None:
    page = render_html(repeated(8))
    assert page.count('class="folded-away') > 8
    assert len(unfolded(page)) > 2 * len(page)
    assert page.count("This long part needs the script of the page.") == page.count('class="folded-away')
    assert 'class="folded-away' not in unfolded(page)


def test_the_same_findings_give_the_same_bytes() -> None:
    assert render_html(full_findings()) == render_html(full_findings())


def test_more_models_than_two_fold_the_long_figures() -> None:
    findings = full_findings()
    assert render_html(findings).count('class="figure folded"') > render_html(
        msgspec.structs.replace(
            findings, findings=tuple(f for f in findings.findings if f.model == "specimen/tilted"), cells=(), run=None
        )
    ).count('class="figure folded"')


def test_long_exploratory_figures_stay_folded_on_paper() -> None:
    findings = full_findings(("specimen/tilted",))
    (one,) = (f for f in findings.findings if f.measure == "interaction")
    many = tuple(
        msgspec.structs.replace(
            one, contrast=(LevelContrast(factor="gender", level=f"row {n}", reference="male"), one.contrast[1])
        )
        for n in range(30)
    )
    page = render_html(msgspec.structs.replace(findings, findings=(*findings.findings, *many)))
    assert '<details class="figure folded" id="interaction-forest">' in page
    assert '<details class="figure folded" data-print id="mixed-model-forest">' in page


def _palettes() -> dict[str, dict[str, str]]:
    style = STYLE.read_text(encoding="utf-8")
    light, dark, paper = (found.group(1) for found in re.finditer(r":root \{(.*?)\}", style, re.DOTALL))
    return {
        name: {
            **dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", light)),
            **dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", text)),
        }
        for name, text in (("light", light), ("dark", dark), ("print", paper))
    }


def _luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(2 * letter for letter in digits) if len(digits) == 3 else digits
    channels = [int(digits[index : index + 2], 16) / 255 for index in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, two: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(two)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
@pytest.mark.parametrize("text", ["ink", "soft", "faint", "difference", "equivalent", "inconclusive", "link"])
def test_text_has_contrast_aa_on_paper_and_panels(scheme: str, text: str) -> None:
    colours = _palettes()[scheme]
    for ground in ("paper", "panel"):
        assert _contrast(colours[text], colours[ground]) >= 4.5, (scheme, text, ground)


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
@pytest.mark.parametrize("step", ["hm4", "hm3", "hm2", "hm1", "h0", "hp1", "hp2", "hp3", "hp4"])
def test_numbers_in_the_matrix_have_contrast_aa(scheme: str, step: str) -> None:
    colours = _palettes()[scheme]
    text = "#fff" if step in ("hm4", "hp4") else colours["ink"]
    assert _contrast(text, colours[step]) >= 4.5, (scheme, step)


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
@pytest.mark.parametrize("mark", ["difference", "equivalent", "inconclusive", "descriptive", "zero"])
def test_marks_have_contrast_of_three_on_paper_and_on_the_band(scheme: str, mark: str) -> None:
    colours = _palettes()[scheme]
    for ground in ("paper", "band"):
        assert _contrast(colours[mark], colours[ground]) >= 3.0, (scheme, mark, ground)
