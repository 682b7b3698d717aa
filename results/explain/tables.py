"""The numbers of the newest run of explain as tables beside this file."""

import json
from pathlib import Path

import mlflow
import pandas as pd

HERE = Path(__file__).parent
run = mlflow.search_runs(search_all_experiments=True, filter_string="tags.step = 'explain'", output_format="list")[0]
found = json.loads(Path(mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/explain.json")).read_text())
shares = pd.DataFrame(found["shares"])
shares = shares[(shares.method == "gradients") & (shares.group == "forgotten")].assign(share=lambda table: 100 * table.share)
shares.pivot_table("share", "region", "version").to_csv(HERE / "shares.csv", float_format="%.2f")
pd.DataFrame(found["checks"]).T.rename_axis("version").to_csv(HERE / "checks.csv")
judged = [{"group": group, "model": name} | row for group, rows in found["judged"].items() for name, row in rows.items()]
pd.DataFrame(judged).rename(columns={"version": "distance"}).to_csv(HERE / "distances.csv", index=False)
errors = [{"method": one.tags.get("method", one.tags["role"]), "run": one.run_id} for one in mlflow.search_model_versions()]
for one in errors:
    one["forget_mae"] = mlflow.get_run(one.pop("run")).data.metrics.get("forget_mae")
pd.DataFrame(errors).dropna().to_csv(HERE / "errors.csv", index=False)
