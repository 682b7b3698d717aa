from entrypoints.declared import entry
from unlearning.settings.serving import ServeSettings


@entry(ServeSettings, asks=lambda settings: [one for one in (settings.follow, settings.beside) if one])
def main(settings):
    """Answer requests with the version that an alias leads to, and follow it: a promotion, rollback or purge reaches it."""
    from unlearning.server.memory import share_one_arena

    share_one_arena()  # before PyTorch, which begins threads
    from unlearning.steps.serve import serve

    serve(settings)


if __name__ == "__main__":
    main()
