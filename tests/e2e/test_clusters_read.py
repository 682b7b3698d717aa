"""The windows of a folder are read by both nodes of a Ray cluster, as one machine would read them."""

import numpy as np
import pandas as pd

from clusters import ray_alone as ray_alone
from clusters import two_nodes as two_nodes
from unlearning.data import drawn, reading
from unlearning.experiments.spread import each_on_ray
from unlearning.progress import untold


def test_nodes_of_a_cluster_read_what_one_machine_reads(two_nodes, tmp_path, monkeypatch):
    folder = drawn.draw_folder(tmp_path / "faces", 40, 0, (20, 60))
    (folder / "30_0_0_broken.jpg").write_bytes(b"no picture")
    monkeypatch.setattr(reading, "WINDOW", 8)
    made = {}
    for where in ("alone", "cluster"):
        monkeypatch.setenv("UNLEARNING_CACHE", str(tmp_path / where))
        if where == "alone":
            made[where] = reading.read(folder, 32, untold)
        else:
            with each_on_ray() as each:
                made[where] = reading.read(folder, 32, untold, each)
    pd.testing.assert_frame_equal(made["alone"].files, made["cluster"].files)
    assert np.array_equal(made["alone"].open_pixels(), made["cluster"].open_pixels())
