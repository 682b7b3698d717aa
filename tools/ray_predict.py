"""The ages of a folder of millions of pictures, on a Ray cluster: python tools/ray_predict.py MODEL_URI FOLDER OUT [WORKERS].

FOLDER and OUT are places that all machines reach, MODEL_URI a version as models:/age-resnet50@champion. OUT becomes a folder of
parquet files: file, age (years), refused (why there is no age). Each worker holds a core, and reading needs one more.
"""

import sys

import mlflow
import pandas as pd
import ray.data

SHAPE = {"batch_size": 64, "batch_format": "pandas"}  # pictures at once; at most the 1,000 that a request may have
KINDS = {"file_extensions": ["jpg", "jpeg", "png"], "include_paths": True}


class Ages:
    """A version, loaded once by each worker."""

    def __init__(self, uri: str):
        self.model = mlflow.pyfunc.load_model(uri)

    def __call__(self, batch: pd.DataFrame) -> pd.DataFrame:
        told = pd.DataFrame(self._told(batch["bytes"].tolist()), columns=["age", "refused"])
        return told.assign(file=batch["path"].tolist())

    def _told(self, pictures: list[bytes]) -> list[tuple[float, str]]:
        try:
            return [(age, "") for age in self.model.predict(pd.DataFrame({"image": pd.Series(pictures, dtype=object)}))]
        except mlflow.MlflowException as error:  # one of them is no picture, and it alone goes without an age
            return [(float("nan"), error.message)] if len(pictures) == 1 else [self._told([one])[0] for one in pictures]


def main(uri: str, folder: str, out: str, workers: str = "1") -> None:
    pictures, actors = ray.data.read_binary_files(folder, **KINDS), ray.data.ActorPoolStrategy(size=int(workers))
    pictures.map_batches(Ages, fn_constructor_args=(uri,), compute=actors, **SHAPE).write_parquet(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
