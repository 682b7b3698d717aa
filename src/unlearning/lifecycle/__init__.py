"""Rules and documents of a version's life: pure, without MLflow."""
