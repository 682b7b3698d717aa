"""Is the registry whole, with all that stands around it? And if not: making it so."""
