"""What the entry points do: load, do, log."""
