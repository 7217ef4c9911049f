from __future__ import annotations

from pathlib import Path

import pytest

from evenhand.errors import InputError
from evenhand.serve.form import shipped_forms
from evenhand.serve.form_file import read_forms

FORM = '[[marked]]\nname = "profile"\nstart = "<memory>"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "memory.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_forms_of_a_file_come_beside_the_shipped_ones_or_alone(tmp_path: Path) -> None:
    tool = '[[tool]]\nname = "mem0"\ntool = "search"\nlist = "results"\ntext = "memory"\n'
    forms = read_forms(written(tmp_path, FORM + 'end = "</memory>"\nroles = ["user"]\n' + tool))
    assert forms.names == ("system", "retrieved", "narrative", "profile", "tool", "mem0")
    assert (forms.marked[-1].end, forms.marked[-1].roles, forms.tools[-1].list) == ("</memory>", ("user",), "results")
    assert read_forms(written(tmp_path, "shipped = false\n" + FORM)).names == ("profile",)
    assert read_forms(written(tmp_path, "")) == shipped_forms()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[marked]\n", "is no TOML file"),
        ("shiped = true\n", "unknown key 'shiped' (did you mean 'shipped'?)"),
        ("marked = 3\n", "begin each form with a line [[marked]]"),
        ('[[marked]]\nname = "m"\nstart = "x"\nrole = ["user"]\n', "unknown key 'role' (did you mean 'roles'?)"),
        ('[[marked]]\nname = "m"\nstart = "x"\nshape = "entrys"\n', "shape is 'entrys' (did you mean 'entries'?)"),
        ('[[marked]]\nname = "m"\n', "missing required field `start`"),
        ('[[marked]]\nname = "m"\nstart = " "\n', "start is empty"),
        (FORM + 'entry = "- text"\n', "it names {text} once"),
        (FORM + 'entry = "{text}"\n', "something must come before {text}"),
        (FORM + 'entry = "-\\n{text}"\n', "it is one line"),
        (FORM + "roles = []\n", "roles is empty"),
        (FORM + FORM, "the form name 'profile' twice"),
        ('[[marked]]\nname = "tool"\nstart = "x"\n', "the form name 'tool' twice"),
        ("shipped = false\n", "names no form, so the policy would never be applied"),
        ("[[tool]]\nname = 3\n", "Expected `str`"),
    ],
)
def test_a_file_that_cannot_be_is_a_sentence(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read_forms(written(tmp_path, text))
    assert said in str(refused.value)


def test_a_file_that_is_not_there_or_too_large_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the forms"):
        read_forms(tmp_path / "none.toml")
    with pytest.raises(InputError, match="larger than"):
        read_forms(written(tmp_path, "# " + "x" * 1_000_001))


def test_the_file_of_the_documentation_is_read(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "gateway.md").read_text(encoding="utf-8")
    forms = read_forms(written(tmp_path, page.split("```toml\n")[1].split("```")[0]))
    assert forms.names == ("profile", "notes", "retrieved", "mem0")
    assert [form.shape for form in forms.marked] == ["entries", "prose", "json"]
