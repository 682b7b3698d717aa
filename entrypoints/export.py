from entrypoints.declared import entry
from unlearning.settings.serving import ExportSettings


@entry(ExportSettings, asks=lambda settings: [settings.model])
def main(settings):
    """Write a version as one file that gives ages without this project: ONNX, which many languages and devices run.

    Its ages are compared with the version's own before it is put in place.
    """
    from unlearning.steps.export import export

    export(settings)


if __name__ == "__main__":
    main()
