"""One click file per MLproject entry point: options and one call."""
