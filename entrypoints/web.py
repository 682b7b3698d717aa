from entrypoints.declared import entry
from unlearning.settings.serving import WebSettings


@entry(WebSettings)
def main(settings):
    """Show pages for people who do not code: what is served, who asked to be forgotten, certificates, and what to decide.

    On a store with users each page asks for name and password, and everybody may there what they may on the server.
    """
    from unlearning.web.serving import web

    web(settings)


if __name__ == "__main__":
    main()
