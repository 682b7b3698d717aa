"""Entry point ``verify``."""

import click

from entrypoints.command import Entry
from entrypoints.declared import declared, read
from unlearning.steps.request_settings import VerifySettings


@click.command(cls=Entry)
@declared(VerifySettings)
def main(**values):
    """Verify a certificate: signature, files, earlier certificates, registry where it answers, a sample's proof.

    tools/verify_certificate.py does it without this project, and docs/certificates.md tells how openssl does.
    """
    settings = read(VerifySettings, values)

    from unlearning.steps.verify import verify

    verify(settings)


if __name__ == "__main__":
    main()
