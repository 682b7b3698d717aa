"""Entry point ``certify``."""

import click

from entrypoints.command import Entry
from entrypoints.declared import ask_registry, declared, read
from unlearning.steps.request_settings import CertifySettings


@click.command(cls=Entry)
@declared(CertifySettings)
def main(**values):
    """Certify what a promoted version has forgotten; a version that has its certificate keeps it."""
    settings = read(CertifySettings, values)
    ask_registry(settings.name, settings.version)

    from unlearning.steps.certify import certify

    certify(settings)


if __name__ == "__main__":
    main()
