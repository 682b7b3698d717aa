"""Entry point ``request``."""

import click

from entrypoints.command import Entry
from entrypoints.declared import declared, read
from unlearning.steps.request_settings import RequestSettings


@click.command(cls=Entry)
@declared(RequestSettings)
def main(**values):
    """Receive a request to be forgotten; the same twice is one, and what is forgotten already is recognised.

    Requests are runs in the experiment 'age-unlearning requests'; process serves them.
    """
    settings = read(RequestSettings, values)

    from unlearning.steps.request import list_requests, request

    if settings.forget_set:
        request(settings)
    else:
        print(list_requests(settings.name))


if __name__ == "__main__":
    main()
