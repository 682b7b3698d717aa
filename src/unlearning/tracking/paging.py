"""Searches that find all there is: MLflow's client answers with one page, of 100 to 1,000 things."""

from collections.abc import Callable

import mlflow

PAGE = 1000


def every(search: Callable, *arguments, **named) -> list:
    """What a search of MLflow's client finds, on all pages."""
    found, token = [], None
    while token is None or token:
        page = search(*arguments, max_results=PAGE, page_token=token, **named)
        found, token = [*found, *page], page.token or ""
    return found


def experiment_ids() -> list[str]:
    """Every experiment that is not deleted."""
    return [one.experiment_id for one in every(mlflow.MlflowClient().search_experiments)]
