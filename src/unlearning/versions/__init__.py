"""A registered version, opened: its model, data, forget sets, predictions and references."""
