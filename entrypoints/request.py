from entrypoints.declared import entry
from unlearning.settings.requests import RequestSettings


@entry(RequestSettings)
def main(settings):
    """Receive a request to be forgotten; the same twice is one, and what is forgotten already is recognised.

    Requests are runs in the experiment 'age-unlearning requests'; process serves them.
    """
    from unlearning.steps.request import list_requests, request

    if settings.forget_set:
        request(settings)
    else:
        print(list_requests(settings.name))


if __name__ == "__main__":
    main()
