"""Models from code: MLflow runs this file when a version is loaded, so no pickle is stored."""

import sys

# A local store hands out the version's own files, and its certificate names every one of them: Python must add none.
sys.dont_write_bytecode = True

from mlflow.models import set_model  # noqa: E402

from unlearning.serving.age_model import AgeModel  # noqa: E402

set_model(AgeModel())
