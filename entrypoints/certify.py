from entrypoints.declared import entry
from unlearning.settings.requests import CertifySettings


@entry(CertifySettings, asks=lambda settings: [settings.version])
def main(settings):
    """Certify what a promoted version was made to forget, and the finding; a version that has its certificate keeps it."""
    from unlearning.steps.certify import certify

    certify(settings)


if __name__ == "__main__":
    main()
