"""The page of a server: which version answers, what it was made to forget, and the age of a picture that is dropped there."""

from __future__ import annotations

from unlearning.finding import forgotten_names, in_words
from unlearning.reports.page import page
from unlearning.targets import AGE, from_text

TEMPLATE = "served_page.html.jinja"


def served_page(
    label: str, tags: dict[str, str], since: str, follows: str, trouble: str, ages: list[tuple[str, str]], refusal: str
) -> str:
    """The page as HTML text.

    Args:
        label: of the version that answers, as ``age-resnet50/4``; empty for none.
        tags: of that version.
        since: from when on it answers.
        follows: alias or number that the server follows.
        trouble: why what is served may not be what the registry wants; empty where all is well.
        ages: what is said of the picture that was dropped, in words, by the name of the version that says so.
        refusal: why that picture has no age.
    """
    forgotten = ", ".join(forgotten_names(tags))
    facts = {"Version": label or "none", "Answers since": since or "-", "Follows": follows}
    facts |= {"Made to forget": forgotten or "nothing", "Found out": in_words(tags)}
    told = f"It was made to forget {forgotten}: {in_words(tags)}." if forgotten else "It was made to forget nothing."
    headline = told if label else "Programs that ask are told so, and to ask again."
    target = from_text(tags.get("target", ""))
    asked = "The age of a face" if target == AGE else f"{target.axis} of a picture"
    shown = {"headline": headline, "facts": facts, "trouble": trouble, "ages": ages, "refusal": refusal, "asked": asked}
    return page(TEMPLATE, label=label, what=target.name, **shown)
