"""Entry point ``request``."""

import click

from entrypoints.command import Entry, Words, option
from entrypoints.options import name_option
from unlearning.steps.request_settings import RequestSettings


@click.command(cls=Entry)
@option(
    "forget_set",
    RequestSettings.forget_set,
    "Who is to be forgotten: file:person-17.csv (a list of sample ids or file names), subject:ID, or any other forget rule; "
    "it is read now, once. Empty lists all requests.",
)
@option("reason", RequestSettings.reason, "Why, as 'Art. 17, ticket 4711'; it stays in the tracking store.", Words())
@option("deadline", RequestSettings.deadline, "The last day for it, as 2026-12-31; empty for none.")
@option(
    "idempotency_key",
    RequestSettings.idempotency_key,
    "Two requests with one key are one; empty for the hash of the forget manifest.",
    Words(),
)
@name_option
def main(**values):
    """Receive a request to be forgotten; the same twice is one, and what is forgotten already is recognised.

    Requests are runs in the experiment 'age-unlearning requests'; process serves them.
    """
    settings = RequestSettings(**values)

    from unlearning.steps.request import list_requests, request

    if settings.forget_set:
        request(settings)
    else:
        print(list_requests(settings.name))


if __name__ == "__main__":
    main()
