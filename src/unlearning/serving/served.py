"""Models from code: MLflow runs this file when a version is loaded, so no pickle is stored."""

from mlflow.models import set_model

from unlearning.serving.age_model import AgeModel

set_model(AgeModel())
