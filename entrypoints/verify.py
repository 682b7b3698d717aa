"""Entry point ``verify``."""

import click

from entrypoints.command import Entry, option
from unlearning.steps.request_settings import VerifySettings


@click.command(cls=Entry)
@click.option("--certificate", required=True, help="File of the certificate, as person-17.json.")
@option(
    "key",
    VerifySettings.key,
    "Files of the public keys that may have signed, joined by commas; empty for that of UNLEARNING_SIGNING_KEY.",
)
@option("sample", VerifySettings.sample, "A sample id, or the file of a picture, that the proof is about.")
@option("proof", VerifySettings.proof, "File of the proof that the sample is one of the forgotten.")
@option("earlier", VerifySettings.earlier, "Files of earlier certificates, joined by commas, where the registry has none.")
@option("folder", VerifySettings.folder, "Folder of the version's files; empty for those that the registry has.")
@option("offline", VerifySettings.offline, "Compare with nothing but the files given.", bool)
def main(**values):
    """Verify a certificate: signature, files, earlier certificates, registry where it answers, a sample's proof.

    tools/verify_certificate.py does it without this project, and docs/certificates.md tells how openssl does.
    """
    from unlearning.steps.verify import verify

    verify(VerifySettings(**values))


if __name__ == "__main__":
    main()
