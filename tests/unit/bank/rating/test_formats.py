"""Every format writes what its reader expects; a slip in a name is answered with the near miss."""

from __future__ import annotations

from typing import get_args

import pytest

from evenhand.bank.load import load_bank
from evenhand.bank.rating.formats import FormFormat, form_files, form_format
from evenhand.bank.rating.forms import deal_forms
from evenhand.errors import UsageError
from evenhand.seeds import stream


@pytest.mark.parametrize("name", get_args(FormFormat))
def test_every_format_holds_every_item(name: FormFormat) -> None:
    form = deal_forms(load_bank("leakage"), asked=("answer",), raters=1, rng=stream(1, "t"))[0]
    files = form_files(form, form_format(name))
    together = "\n".join(files.values())
    assert all(item.id in together and item.wording in together for item in form.items)
    assert all(path.startswith(form.name) for path in files)


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(
        UsageError, match=r"no format 'label_studio' \(did you mean 'label-studio'\?\); use one of html"
    ):
        form_format("label_studio")
