from entrypoints.declared import entry
from unlearning.settings.requests import VerifySettings


@entry(VerifySettings)
def main(settings):
    """Verify a certificate: signature, files, earlier certificates, registry where it answers, a sample's proof.

    tools/verify_certificate.py does it without this project, and docs/certificates.md tells how openssl does.
    """
    from unlearning.steps.verify import verify

    verify(settings)


if __name__ == "__main__":
    main()
