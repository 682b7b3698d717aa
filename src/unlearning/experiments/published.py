"""What the reference study published, as tables: Tables 3 to 8, and the counts of its data.

A Spanish bachelor's thesis (Barcelona 2024) on machine unlearning for age prediction from faces; the numbers are its own, with
its spelling of models: M_O original, M_R retrained, M_FT fine-tuned, M_RND fine-tuned with random labels.
"""

import pandas as pd

COUNTS = {"train": 6470, "validation": 1043, "test": 1043, "forget 20-28": 1735}
ALPHAS = (2, 5, 10, 15, 20, 25, 30, 35)
ORIGINAL = {"Utility": 1.28, "test_mae": 4.81, "Forgetting": 0.672, "F": 0.86}
RETRAINED = {"test_mae": 6.17}


def table_3() -> pd.DataFrame:
    """Experiment 1, group 20-28: Forgetting of M_O, M_FT and M_RND for each alpha; columns alpha, model, Forgetting."""
    values = {
        "original": (0.21, 0.38, 0.60, 0.70, 0.76, 0.80, 0.83, 0.85),
        "ft": (0.26, 0.51, 0.69, 0.78, 0.83, 0.86, 0.88, 0.89),
        "rnd": (0.14, 0.23, 0.41, 0.50, 0.57, 0.63, 0.67, 0.71),
    }
    return pd.DataFrame(
        [(alpha, model, value) for model, row in values.items() for alpha, value in zip(ALPHAS, row, strict=True)],
        columns=["alpha", "model", "Forgetting"],
    )


def tables_4_to_7() -> pd.DataFrame:
    """Experiment 2, group 20-28: columns epochs, model, Utility (Table 4), test_mae (5), Forgetting (6), F (7)."""
    rows = [
        (2, "ft", 1.25, 4.93, 0.75, 0.93),
        (2, "rnd", 0.75, 8.2, 0.65, 0.49),
        (4, "ft", 1.24, 4.96, 0.75, 0.94),
        (4, "rnd", 0.41, 15.09, 0.249, 0.10),
        (8, "ft", 1.21, 5.09, 0.78, 0.95),
        (8, "rnd", 0.43, 14.3, 0.242, 0.10),
        (16, "ft", 1.18, 5.21, 0.79, 0.94),
        (16, "rnd", 0.45, 13.59, 0.246, 0.11),
    ]
    return pd.DataFrame(rows, columns=["epochs", "model", "Utility", "test_mae", "Forgetting", "F"])


def table_8() -> pd.DataFrame:
    """Experiment 3 (FT 8 epochs, RND 2 epochs): columns forget_set, model, Utility, Forgetting, F."""
    rows = {
        "20-28": ((1.28, 0.67, 0.86), (1.21, 0.78, 0.94), (0.75, 0.65, 0.49)),
        "28-36": ((1.02, 0.79, 0.81), (1.04, 0.80, 0.83), (0.79, 0.78, 0.61)),
        "36-44": ((1.01, 0.79, 0.80), (1.03, 0.81, 0.83), (0.95, 0.76, 0.72)),
        "44-52": ((1.04, 0.73, 0.76), (1.05, 0.74, 0.77), (0.95, 0.70, 0.67)),
        "52-60": ((1.14, 0.53, 0.60), (1.13, 0.59, 0.67), (1.16, 0.54, 0.63)),
    }
    return pd.DataFrame(
        [
            (forget_set, model, *values)
            for forget_set, models in rows.items()
            for model, values in zip(("original", "ft", "rnd"), models, strict=True)
        ],
        columns=["forget_set", "model", "Utility", "Forgetting", "F"],
    )
