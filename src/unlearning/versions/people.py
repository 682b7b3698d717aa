"""The people whose forgetting is certified: whatever names them is sealed under the owner's key, when a purge is asked to."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from unlearning.certificates.keys import load_key
from unlearning.commands import command
from unlearning.errors import InputError
from unlearning.naming import counted
from unlearning.registry.lookup import find_or_none
from unlearning.registry.version import CHAMPION
from unlearning.tracking import runs, sealed
from unlearning.versions import forget_sets
from unlearning.versions.certificates import TAG


@dataclass(frozen=True)
class People:
    """Whose names are to be sealed: pictures that are forgotten, and test faces that the same rules of some sets describe."""

    ids: set[str]
    sets: int
    certificate: str
    private_key: Ed25519PrivateKey


def certified(model: str) -> People:
    """The people whose forgetting the champion's certificate is about; InputError where there are none, or no key."""
    champion = find_or_none(model, CHAMPION)
    forgotten = forget_sets.forgotten_by(champion) if champion else []
    if not forgotten:
        raise InputError(f"people=true: the champion of {model} was made to forget nobody, so there is nobody to be sealed")
    if not champion.tag(TAG):
        raise InputError(
            f"people=true: the forgetting of {champion.label}, the champion, is not certified; first do: "
            f"{command('certify', model, version='champion')}"
        )
    ids = {face for forget in forgotten for face in (*forget.ids, *forget.test_ids)}
    return People(ids, len(forgotten), champion.tag(TAG), load_key())


def seal(people: People) -> tuple[list[str], list[str]]:
    """Seal every file of the store's runs that names one of them and is not sealed yet, and log how many.

    Returns what there is to say, and what the store refused, in sentences; never an id.
    """
    files, refused, deleted = 0, [], 0
    for run in sealed.our_runs():
        names = sealed.naming(run, people.ids)
        if run.info.lifecycle_stage != "active":
            deleted += len(names)
            continue
        for name in names:
            why = sealed.seal(run, name, people.private_key)
            files, refused = files + (not why), refused + why
    notes = [
        f"sealed: {counted(files, 'file')} naming people of {counted(people.sets, 'forget set')}; their forgetting is "
        f"certified by the certificate with the sha256 {people.certificate}"
    ]
    if deleted:
        notes.append(
            f"not sealed: {counted(deleted, 'file')} of deleted runs naming them; erase these runs for good with: mlflow gc"
        )
    runs.log_numbers({"files_sealed": files})
    return notes, refused
