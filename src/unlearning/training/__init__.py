"""The only optimisation loop, and what it takes: recipes, losses, precision, prediction."""
