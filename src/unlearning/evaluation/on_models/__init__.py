"""Numbers that need the networks themselves, or many seeds of them."""
