"""The only optimisation loop, and what it is told: recipes, losses, precision, prediction."""
