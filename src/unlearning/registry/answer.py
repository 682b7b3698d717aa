"""What the page of a registered model says first: which version is served, what was shown of it, and what the original is."""

import math
import sys

import mlflow
from mlflow.exceptions import MlflowException

from unlearning import markdown
from unlearning.errors import InputError
from unlearning.finding import forgotten_names, in_words
from unlearning.registry.lookup import all_versions, state_of
from unlearning.registry.version import CHAMPION, ORIGINAL, TARGET, Facts, State, as_number, holders
from unlearning.targets import AGE, from_text
from unlearning.tracking.answers import first_line

WHOM = ", and which faces each version was made to forget."
LEAD = f"Ages in years from pictures of faces{WHOM}"
READ_ON = """\
All versions: `age-unlearning status`. The tag `verdict` of a version says what was found out, `memory_left` how much it \
remembers in percent, `forgotten` what it was made to forget, `record` all else in one text; docs/registry.md has every word."""


def answer(state: State) -> str:
    """The description of a registered model, in Markdown, from its versions."""
    held, lead = holders(state), _lead(state)
    served, original = held.get(CHAMPION), held.get(ORIGINAL)
    if served is None:
        return f"{lead}\n\n**No version is the champion: none is served.**\n\n{READ_ON}"
    columns = {f"served: version {served}": state[served]}
    if original not in (None, served):
        columns[f"original: version {original}"] = state[original]
    told = [_told(facts) for facts in columns.values()]
    table = markdown.table(["", *columns], [[name, *(one[name] for one in told)] for name in told[0]])
    return f"{lead}\n\n{table}\n\n{READ_ON}"


def _lead(state: State) -> str:
    """What the model gives; its versions predict one thing."""
    target = next((from_text(facts.tag(TARGET)) for facts in state.values()), AGE)
    return LEAD if target == AGE else f"{target.axis} from pictures{WHOM}"


def current(model: str) -> str:
    """The answer as the registry has it now."""
    return answer(state_of(all_versions(model)))


def _told(facts: Facts) -> dict[str, str]:
    original, error = facts.tag("role") == ORIGINAL, as_number(facts.tag("test_mae"))
    target = from_text(facts.tag(TARGET))
    forgotten = ", ".join(forgotten_names(facts.tags))
    return {
        "made to forget": markdown.text(forgotten or "nothing"),
        "found out": "remembers everything" if original else markdown.text(in_words(facts.tags)),
        "state": markdown.text(facts.tag("state", "-")),
        f"test {target.error}": "-" if math.isnan(error) else f"{error:.2f} {target.unit}".rstrip(),
    }


def is_ours(description: str | None) -> bool:
    """A description that people have written stays."""
    return not description or WHOM in description.partition("\n")[0]


def due(model: str, state: State) -> str:
    """What MLflow's page of a model should say and does not; empty where it does, or where people have written it."""
    said, told = mlflow.MlflowClient().get_registered_model(model).description, answer(state)
    return told if is_ours(said) and said != told else ""


def tell(model: str, state: State) -> None:
    """Write it; a page that cannot be told is no reason to fail, for the transition has happened: the next one tells it."""
    try:
        if told := due(model, state):
            mlflow.MlflowClient().update_registered_model(model, told)
    except (MlflowException, InputError) as error:
        print(f"MLflow's page of the model {model} does not say what is served: {first_line(error)}", file=sys.stderr)
