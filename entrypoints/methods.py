import click

from entrypoints.command import Entry, option
from unlearning.methods import METHODS
from unlearning.steps.method_cards import FORMATS


@click.command(cls=Entry)
@option("method", "", f"Whose card to show: {', '.join(METHODS)}; empty for a table of all.")
@option("format", "table", "table or markdown.", click.Choice(FORMATS))
def main(**values):
    """Show the methods of unlearning: what each does, its settings and their ranges, what it costs, and when it fails."""
    from unlearning.steps.method_cards import methods

    print(methods(values["method"], values["format"]))


if __name__ == "__main__":
    main()
