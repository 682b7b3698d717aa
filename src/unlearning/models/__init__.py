"""Age regressors: what they are (spec), how they are built, averaged, saved and loaded."""
