"""Certificates: statements, signatures and proofs, without MLflow."""
