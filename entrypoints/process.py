from entrypoints.command import on_devices
from entrypoints.declared import entry
from unlearning.settings.requests import ProcessSettings


@entry(ProcessSettings, trains=on_devices)
def main(settings):
    """Serve the open requests: unlearn from the champion, evaluate, decide the gates, promote, certify.

    A request that was left running by a process that has ended is picked up again, and nothing is done twice.
    """
    from unlearning.steps.process import process

    process(settings)


if __name__ == "__main__":
    main()
