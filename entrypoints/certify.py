"""Entry point ``certify``."""

import click

from entrypoints.command import Entry, option
from entrypoints.options import ask_registry, name_option
from unlearning.steps.request_settings import CertifySettings


@click.command(cls=Entry)
@option("version", CertifySettings.version, "Alias, number or model URI of a version that was promoted.")
@option("out", CertifySettings.out, "File to write the certificate to, as person-17.json, with its page beside it.")
@option("sample", CertifySettings.sample, "A sample id, or the file of a picture, to prove as one of the forgotten.")
@option("proof", CertifySettings.proof, "File to write that proof to.")
@option("key", CertifySettings.key, "File of the signing key; empty for the one that UNLEARNING_SIGNING_KEY names.")
@name_option
def main(**values):
    """Certify what a promoted version has forgotten; a version that has its certificate keeps it."""
    settings = CertifySettings(**values)
    ask_registry(settings.name, settings.version)

    from unlearning.steps.certify import certify

    certify(settings)


if __name__ == "__main__":
    main()
